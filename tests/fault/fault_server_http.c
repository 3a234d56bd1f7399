/* SPDX-License-Identifier: Apache-2.0 */
/* See fault_server_http.h. */
#include "fault/fault_server_http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t fault_http_head_length(const char *data, size_t length) {
    for (size_t i = 3; i < length; i++) {
        if (memcmp(data + i - 3, "\r\n\r\n", 4) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/** The length of the line that begins at `line`, with its CR LF. */
static size_t line_length(const char *line, size_t length) {
    const char *end = memchr(line, '\n', length);
    return end != NULL ? (size_t)(end - line) + 1 : length;
}

static bool is_header(const char *line, size_t length, const char *name) {
    const size_t name_length = strlen(name);
    return length > name_length && line[name_length] == ':' &&
           strncasecmp(line, name, name_length) == 0;
}

bool fault_http_header(const char *head, size_t head_length, const char *name, char *out,
                       size_t size) {
    out[0] = '\0';
    for (size_t at = line_length(head, head_length); at < head_length;) {
        const size_t length = line_length(head + at, head_length - at);
        if (is_header(head + at, length, name)) {
            const char *value = head + at + strlen(name) + 1;
            const char *end = head + at + length;
            while (value < end && (*value == ' ' || *value == '\t')) {
                value++;
            }
            while (end > value && isspace((unsigned char)end[-1]) != 0) {
                end--;
            }
            (void)snprintf(out, size, "%.*s", (int)(end - value), value);
            return true;
        }
        at += length;
    }
    return false;
}

uint64_t fault_http_content_length(const char *head, size_t head_length) {
    char text[32];
    return fault_http_header(head, head_length, "Content-Length", text, sizeof text)
               ? strtoull(text, NULL, 10)
               : 0;
}

size_t fault_http_set_connection(const char *head, size_t head_length, const char *connection,
                                 char *out) {
    size_t to = 0;
    for (size_t at = 0; at < head_length;) {
        const size_t length = line_length(head + at, head_length - at);
        if (length == 2 && connection[0] != '\0') { /* the empty line */
            to += (size_t)snprintf(out + to, 32, "Connection: %s\r\n", connection);
        }
        if (!is_header(head + at, length, "Connection")) {
            memcpy(out + to, head + at, length);
            to += length;
        }
        at += length;
    }
    return to;
}

int fault_http_status(const char *head, size_t head_length) {
    if (head_length < 12 || memcmp(head, "HTTP/1.", 7) != 0) {
        return 0;
    }
    /* The head ends in no NUL: a version's digit, a space, three digits, as in "1 204". */
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (isdigit((unsigned char)head[i]) == 0) {
            return 0;
        }
        status = 10 * status + (head[i] - '0');
    }
    return status >= 100 ? status : 0;
}

bool fault_http_answer_has_end(const char *head, size_t head_length) {
    char text[32];
    const int status = fault_http_status(head, head_length);
    return status == 204 || status == 304 ||
           fault_http_header(head, head_length, "Content-Length", text, sizeof text) ||
           fault_http_header(head, head_length, "Transfer-Encoding", text, sizeof text);
}

void fault_json_text(const char *text, size_t length, char *out, size_t size) {
    size_t to = 0;
    out[to++] = '"';
    for (size_t i = 0; i < length && to + 4 < size; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            out[to++] = '\\';
        }
        out[to++] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    }
    out[to++] = '"';
    out[to] = '\0';
}
