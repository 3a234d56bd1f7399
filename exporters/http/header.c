/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rules for header fields that users add. See header.h. */
#include "http/header.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
/* Set by the exporter, by libcurl, or by a signer: a second one would contradict. */
static const char *const reserved[] = {"host",
                                       "content-encoding",
                                       "content-length",
                                       "content-type",
                                       "transfer-encoding",
                                       "expect",
                                       "user-agent",
                                       "connection",
                                       "keep-alive",
                                       "proxy-authenticate",
                                       "proxy-authorization",
                                       "www-authenticate",
                                       "accept-encoding",
                                       "retry-attempt",
                                       "x-prometheus-remote-write-version",
                                       "x-prometheus-remote-read-version",
                                       "x-amz-date",
                                       "x-amz-security-token",
                                       "x-amz-content-sha256"};

/* RFC 9110 "token": what a field name is made of. */
static bool is_token(const char *text) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return strspn(text, allowed) == strlen(text);
}

static bool is_reserved(const char *name) {
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (tachoi_ascii_equal_ignoring_case(name, reserved[i])) {
            return true;
        }
    }
    return false;
}

static bool has_control_character(const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

const char *tachoi_http_header_problem(const char *name, const char *value) {
    if (name == NULL || name[0] == '\0') {
        return "has no name";
    }
    if (value == NULL) {
        return "has no value";
    }
    if (strpbrk(name, "\r\n") != NULL || strpbrk(value, "\r\n") != NULL) {
        return "holds a line break";
    }
    if (!is_token(name)) {
        return "has a name with characters that are not allowed";
    }
    if (has_control_character(value)) {
        return "has a value with a control character";
    }
    if (is_reserved(name)) {
        return "is set by tacho and cannot be replaced";
    }
    return NULL;
}
