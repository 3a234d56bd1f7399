/* SPDX-License-Identifier: Apache-2.0 */
/* Checks UTF-8 against a second opinion: decoding each character by its definition. */
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"

const char fuzz_alphabet[] = {'a',    '\x00', '\x80', '\x8f', '\x90', '\x9f',
                              '\xa0', '\xbf', '\xc1', '\xc2', '\xdf', '\xe0',
                              '\xe2', '\xed', '\xef', '\xf0', '\xf4', '\xf5'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

/* The number of bytes that a code point takes, 0 if it has no form. */
static size_t size_of(uint32_t point) {
    if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) {
        return 0;
    }
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/* The size of the character at data[0], 0 if there is none. */
static size_t decode(const uint8_t *data, size_t size) {
    size_t length = data[0] < 0x80    ? 1
                    : data[0] >= 0xf8 ? 0
                    : data[0] >= 0xf0 ? 4
                    : data[0] >= 0xe0 ? 3
                    : data[0] >= 0xc0 ? 2
                                      : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    uint32_t point = length == 1 ? data[0] : data[0] & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((data[i] & 0xc0U) != 0x80) {
            return 0;
        }
        point = (point << 6U) | (data[i] & 0x3fU);
    }
    return size_of(point) == length ? length : 0;
}

static bool is_valid(const uint8_t *data, size_t size) {
    while (size > 0) {
        size_t length = decode(data, size);
        if (length == 0) {
            return false;
        }
        data += length;
        size -= length;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    bool expected = is_valid(data, size);
    fuzz_check(tachoi_utf8_is_valid(text, size) == expected);
    struct tachoi_text repaired;
    tachoi_text_init(&repaired, 0);
    tachoi_utf8_append_repaired(&repaired, text, size);
    fuzz_check(!repaired.failed);
    fuzz_check(is_valid((const uint8_t *)repaired.data, repaired.length));
    fuzz_check(!expected || repaired.length == size);
    fuzz_check(!expected || size == 0 || memcmp(repaired.data, data, size) == 0);
    tachoi_text_fini(&repaired);
    return 0;
}
