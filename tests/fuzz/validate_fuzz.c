/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds messages of either version, and bodies, to the judge of requests: nothing may be read out
 * of bounds, and what it says is fit to print. */
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

static void check(enum tachoi_validate_result result, const char *problem) {
    fuzz_check(result != TACHOI_VALIDATE_NO_MEMORY);
    fuzz_check((problem[0] == '\0') == (result == TACHOI_VALIDATE_OK));
    fuzz_check(memchr(problem, '\0', TACHOI_VALIDATE_TEXT_MAX) != NULL);
    fuzz_check(tachoi_utf8_is_valid(problem, strlen(problem)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    for (int version = 1; version <= 2; version++) {
        check(tachoi_validate_message(version, data, size, problem), problem);
        check(tachoi_validate_body(version, data, size, problem), problem);
    }
    return 0;
}
