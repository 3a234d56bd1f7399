/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds messages of either version, and bodies, to the judge of requests: nothing may be read out
 * of bounds, and what it says is fit to print. Most inputs are no message at all, so that they also
 * say where sound ones are spoilt: a counter with an exemplar, histograms. */
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "remote_write/validate.h"

/* Tags of both versions, lengths that fit, and what makes a label. */
const char fuzz_alphabet[] = {'\x22', '\x2a', '\x0a', '\x12', '\x1a', '\x09', '\x10', '\x18',
                              '\x20', '\x08', '\x29', '\x30', '\x3a', '\x42', '\x4a', '\x5a',
                              '\x62', '\x78', '\x00', '\x01', '\x02', '\x03', '\x04', '\x05',
                              '\x06', '\x07', '_',    'a',    '\x69', '\x7f'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

static const uint8_t sound_v1[] = {
    10,  66,  10,  13,  10,  8,   95,  95,  110, 97,  109, 101, 95,  95,  18,  1,   99,  10,  6,
    10,  1,   109, 18,  1,   120, 18,  13,  9,   0,   0,   0,   0,   0,   0,   240, 63,  16,  192,
    132, 61,  26,  26,  10,  13,  10,  8,   116, 114, 97,  99,  101, 95,  105, 100, 18,  1,   116,
    17,  0,   0,   0,   0,   0,   0,   240, 63,  24,  9,   10,  72,  10,  13,  10,  8,   95,  95,
    110, 97,  109, 101, 95,  95,  18,  1,   101, 34,  55,  8,   17,  25,  0,   0,   0,   0,   0,
    0,   30,  64,  32,  3,   41,  157, 151, 140, 207, 8,   186, 91,  37,  48,  2,   66,  4,   8,
    2,   16,  1,   74,  1,   12,  90,  4,   8,   5,   16,  3,   90,  4,   8,   4,   16,  1,   98,
    4,   6,   5,   10,  7,   120, 192, 132, 61,  10,  48,  10,  20,  10,  8,   95,  95,  110, 97,
    109, 101, 95,  95,  18,  8,   102, 95,  98,  117, 99,  107, 101, 116, 10,  9,   10,  2,   108,
    101, 18,  3,   48,  46,  53,  18,  13,  9,   0,   0,   0,   0,   0,   0,   240, 63,  16,  192,
    132, 61,  10,  46,  10,  20,  10,  8,   95,  95,  110, 97,  109, 101, 95,  95,  18,  8,   102,
    95,  98,  117, 99,  107, 101, 116, 10,  7,   10,  2,   108, 101, 18,  1,   50,  18,  13,  9,
    0,   0,   0,   0,   0,   0,   240, 63,  16,  192, 132, 61,  10,  49,  10,  20,  10,  8,   95,
    95,  110, 97,  109, 101, 95,  95,  18,  8,   102, 95,  98,  117, 99,  107, 101, 116, 10,  10,
    10,  2,   108, 101, 18,  4,   43,  73,  110, 102, 18,  13,  9,   0,   0,   0,   0,   0,   0,
    20,  64,  16,  192, 132, 61,  10,  36,  10,  19,  10,  8,   95,  95,  110, 97,  109, 101, 95,
    95,  18,  7,   102, 95,  99,  111, 117, 110, 116, 18,  13,  9,   0,   0,   0,   0,   0,   0,
    20,  64,  16,  192, 132, 61,  10,  34,  10,  17,  10,  8,   95,  95,  110, 97,  109, 101, 95,
    95,  18,  5,   102, 95,  115, 117, 109, 18,  13,  9,   0,   0,   0,   0,   0,   0,   4,   64,
    16,  192, 132, 61};
static const uint8_t sound_v2[] = {
    34, 0,   34,  1,  72,  34,  1,   115, 34,  1,   109, 34,  1,   120, 34,  8,  95,  95,  110,
    97, 109, 101, 95, 95,  34,  1,   99,  34,  8,   116, 114, 97,  99,  101, 95, 105, 100, 34,
    1,  116, 34,  1,  101, 34,  1,   102, 42,  49,  10,  4,   5,   6,   3,   4,  18,  16,  9,
    0,  0,   0,   0,  0,   0,   240, 63,  16,  192, 132, 61,  24,  136, 39,  34, 15,  10,  2,
    7,  8,   17,  0,  0,   0,   0,   0,   0,   240, 63,  24,  9,   42,  6,   8,  1,   24,  1,
    32, 2,   42,  66, 10,  2,   5,   9,   26,  60,  8,   17,  25,  0,   0,   0,  0,   0,   0,
    30, 64,  32,  3,  41,  157, 151, 140, 207, 8,   186, 91,  37,  48,  2,   66, 4,   8,   2,
    16, 1,   74,  1,  12,  90,  4,   8,   5,   16,  3,   90,  4,   8,   4,   16, 1,   98,  4,
    6,  5,   10,  7,  120, 192, 132, 61,  136, 1,   204, 128, 61,  42,  56,  10, 2,   5,   10,
    26, 50,  8,   5,  25,  0,   0,   0,   0,   0,   0,   4,   64,  32,  105, 90, 2,   16,  3,
    98, 3,   2,   1,  8,   120, 192, 132, 61,  130, 1,   16,  0,   0,   0,   0,  0,   0,   224,
    63, 0,   0,   0,  0,   0,   0,   0,   64,  136, 1,   204, 128, 61};

static void check(enum tachoi_validate_result result, const char *problem) {
    fuzz_check(result != TACHOI_VALIDATE_NO_MEMORY);
    fuzz_check((problem[0] == '\0') == (result == TACHOI_VALIDATE_OK));
    fuzz_check(memchr(problem, '\0', TACHOI_VALIDATE_TEXT_MAX) != NULL);
    fuzz_check(tachoi_utf8_is_valid(problem, strlen(problem)));
}

/* Pairs of a place and a byte; few of them, so that much stays sound. */
static void check_spoilt(int version, const uint8_t *sound, size_t length, const uint8_t *data,
                         size_t size) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    uint8_t *message = malloc(length);
    fuzz_check(message != NULL);
    memcpy(message, sound, length);
    for (size_t i = 0; i + 1 < size && i < 6; i += 2) {
        message[data[i] * (size_t)7 % length] = data[i + 1];
    }
    check(tachoi_validate_message(version, message, length, problem), problem);
    fuzz_check(size >= 2 || problem[0] == '\0');
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    for (int version = 1; version <= 2; version++) {
        check(tachoi_validate_message(version, data, size, problem), problem);
        check(tachoi_validate_body(version, data, size, problem), problem);
    }
    check_spoilt(1, sound_v1, sizeof sound_v1, data, size);
    check_spoilt(2, sound_v2, sizeof sound_v2, data, size);
    return 0;
}
