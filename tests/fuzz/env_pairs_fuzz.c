/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the small languages of environment variables: lists of pairs and whole numbers. What was
 * read is written again, every byte escaped, and must read the same. */
#include <errno.h>
#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "fuzz/fuzz.h"
#include "tacho/status.h"

const char fuzz_alphabet[] = {'a', 'b', '=', ',', '%', ' ', '\t', '2', '0', 'C', 'f'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

struct notes {
    struct tachoi_text escaped;
    size_t count;
    size_t left; /* pairs until the reading is stopped */
};

static void append_escaped(struct tachoi_text *text, const char *data, size_t length) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        tachoi_text_append_char(text, '%');
        tachoi_text_append_char(text, digits[byte >> 4U]);
        tachoi_text_append_char(text, digits[byte & 15U]);
    }
}

static bool note(const char *key, size_t key_length, const char *value, size_t value_length,
                 void *user) {
    struct notes *notes = user;
    fuzz_check(key_length > 0);
    if (notes->count++ > 0) {
        tachoi_text_append_char(&notes->escaped, ',');
    }
    append_escaped(&notes->escaped, key, key_length);
    tachoi_text_append_char(&notes->escaped, '=');
    append_escaped(&notes->escaped, value, value_length);
    return --notes->left > 0;
}

static bool read_pairs(const char *text, struct notes *notes, size_t limit) {
    notes->count = 0;
    notes->left = limit;
    tachoi_text_init(&notes->escaped, 0);
    bool is_good = tachoi_parse_pairs(text, note, notes) == TACHO_OK;
    fuzz_check(!notes->escaped.failed);
    return is_good;
}

static void check_pairs(const char *text) {
    struct notes first;
    struct notes second;
    bool is_good = read_pairs(text, &first, SIZE_MAX);
    fuzz_check(!is_good || first.count > 0);
    if (first.count > 0) { /* what was read before a mistake is good in itself */
        fuzz_check(read_pairs(first.escaped.data, &second, SIZE_MAX));
        fuzz_check(strcmp(first.escaped.data, second.escaped.data) == 0);
        tachoi_text_fini(&second.escaped);
        fuzz_check(!read_pairs(text, &second, 1));
        fuzz_check(second.count == 1);
        tachoi_text_fini(&second.escaped);
    }
    tachoi_text_fini(&first.escaped);
}

/* Against the C library, where the input is digits alone. */
static void check_number(const char *text, size_t length) {
    uint64_t value = 0;
    bool is_good = tachoi_parse_u64(text, length, UINT64_MAX, &value);
    bool is_digits = length > 0 && strspn(text, "0123456789") == length;
    errno = 0;
    unsigned long long expected = is_digits ? strtoull(text, NULL, 10) : 0;
    fuzz_check(is_good == (is_digits && errno == 0));
    fuzz_check(!is_good || value == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    fuzz_check(text != NULL);
    if (size != 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check_pairs(text);
    check_number(text, size);
    free(text);
    return 0;
}
