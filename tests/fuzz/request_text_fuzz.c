/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds broken requests to the text of refused ones: any bytes as a compressed body, and any bytes
 * as the message in one. Nothing may be read out of bounds, and the text keeps its limit. */
#include <snappy-c.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "remote_write/request_text.h"

#define TEXT_MAX ((size_t)2048)

/* Keys of fields, lengths, and texts that begin symbols. */
const char fuzz_alphabet[] = {'\x0a', '\x12', '\x1a', '\x22', '\x2a', '\x08', '\x10', '\x18',
                              '\x20', '\x01', '\x02', '\x04', '\x06', '\x00', '\x09', '\x11',
                              '\x72', '\x78', 'a',    '"',    '\xff', '\x80', '\x32', '\x3a'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

static void check(int version, const void *body, size_t length) {
    struct tachoi_text text;
    tachoi_text_init(&text, TEXT_MAX);
    (void)tachoi_request_text_append(&text, version, body, length);
    fuzz_check(text.length <= TEXT_MAX);
    fuzz_check(text.length == 0 || strlen(text.data) == text.length);
    tachoi_text_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t length = snappy_max_compressed_length(size);
    char *body = malloc(length);
    fuzz_check(body != NULL);
    fuzz_check(snappy_compress((const char *)data, size, body, &length) == SNAPPY_OK);
    for (int version = 1; version <= 2; version++) {
        check(version, body, length);
        check(version, data, size);
    }
    free(body);
    return 0;
}
