/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds what a receiver may send to the functions that read it: Retry-After values, bodies for
 * messages, label blocks, headers and URLs. Nothing may be read out of bounds; what comes out is
 * fit to print. */
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "http/header.h"
#include "http/response.h"
#include "http/retry.h"
#include "http/url.h"
#include "remote_write/encoded_series.h"

const char fuzz_alphabet[] = {'0',    '9', ' ', ',', ':',    'S',    'u',    'n',    'G',
                              'M',    'T', '/', '@', '\x0a', '\x12', '\x01', '\x02', '\xc2',
                              '\x9b', 'h', 't', 'p', '?',    '\xe2', '\xff', '\x1b'};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

static void check_clean(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    fuzz_check(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    size_t length = tachoi_http_clean_text(text, size);
    fuzz_check(length <= size && size - length <= 3);
    fuzz_check(tachoi_utf8_is_valid(text, length));
    for (size_t i = 0; i < length; i++) {
        fuzz_check((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    }
    free(text);
}

static void check_labels(const uint8_t *data, size_t size) {
    const unsigned char *at = data;
    tacho_string name;
    tacho_string value;
    while (tachoi_label_next(&at, data + size, &name, &value)) {
        fuzz_check(at > data && at <= data + size);
        fuzz_check((const uint8_t *)name.data + name.length <= at);
        fuzz_check((const uint8_t *)value.data + value.length <= at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    char redacted[64];
    fuzz_check(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check_clean(data, size);
    check_labels(data, size);
    fuzz_check(tachoi_http_retry_after_ms(text, 1900000000, 5000) <= 5000);
    fuzz_check(tachoi_http_header_problem("X", text) != NULL || strpbrk(text, "\r\n") == NULL);
    (void)tachoi_http_url_problem(text, TACHOI_HTTP_URL_ENDPOINT);
    (void)tachoi_http_url_problem(text, TACHOI_HTTP_URL_PROXY);
    tachoi_http_url_redact(text, redacted, sizeof redacted);
    fuzz_check(memchr(redacted, '\0', sizeof redacted) != NULL);
    fuzz_check(strchr(redacted, '@') == NULL || strstr(redacted, "://") == NULL ||
               strchr(strstr(redacted, "://") + 3, '/') != NULL);
    free(text);
    return 0;
}
