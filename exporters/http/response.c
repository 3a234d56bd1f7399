/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is kept of an answer. See response.h. */
#include "http/response.h"

#include <string.h>

#include "base/text.h"

void tachoi_http_response_clear(struct tachoi_http_response *response) {
    memset(response, 0, sizeof *response);
}

void tachoi_http_response_head_line(struct tachoi_http_response *response, const char *line,
                                    size_t length) {
    response->has_head = length > 0 && (line[0] == '\r' || line[0] == '\n');
}

bool tachoi_http_response_body(struct tachoi_http_response *response, const char *data,
                               size_t length) {
    size_t room = TACHOI_HTTP_EXCERPT_MAX - response->excerpt_length;
    size_t kept = length < room ? length : room;
    if (kept > 0) {
        memcpy(response->excerpt + response->excerpt_length, data, kept);
        response->excerpt_length += kept;
    }
    response->body_length += length;
    return response->body_length <= TACHOI_HTTP_BODY_MAX;
}

/* Where the text ends in the first bytes of a longer character, the length before it. */
static size_t without_cut_character(const char *text, size_t length) {
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char c = (unsigned char)text[length - back];
        if (c >= 0xc0) {
            size_t needed = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
            return needed > back ? length - back : length;
        }
        if (c < 0x80) {
            break;
        }
    }
    return length;
}

size_t tachoi_http_clean_text(char *text, size_t length) {
    length = without_cut_character(text, length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f) {
            text[i] = ' ';
        }
    }
    bool is_utf8 = tachoi_utf8_is_valid(text, length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!is_utf8 && c >= 0x80) {
            text[i] = '?';
        } else if (c == 0xc2 && i + 1 < length && (unsigned char)text[i + 1] < 0xa0) {
            text[i] = ' '; /* U+0080 to U+009F are control characters too */
            text[++i] = ' ';
        }
    }
    return length;
}
