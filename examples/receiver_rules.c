/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what remote write 1.0 allows. Source: the Prometheus remote-write specification 1.0. */
#include "receiver_rules.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool receiver_refuse(struct refusal *refusal, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(refusal->reason, sizeof refusal->reason, format, arguments);
    va_end(arguments);
    return false;
}

unsigned int receiver_check_headers(const struct request_headers *headers,
                                    struct refusal *refusal) {
    enum { bad_request = 400, unsupported_media_type = 415 };
    static const char wanted_type[] = "application/x-protobuf";
    static const char wanted_type_with_message[] =
        "application/x-protobuf;proto=prometheus.WriteRequest";
    if (strcasecmp(headers->content_encoding, "snappy") != 0) {
        receiver_refuse(refusal, "Content-Encoding is \"%.100s\", not snappy",
                        headers->content_encoding);
        return unsupported_media_type;
    }
    if (strcmp(headers->content_type, wanted_type) != 0 &&
        strcmp(headers->content_type, wanted_type_with_message) != 0) {
        receiver_refuse(refusal, "Content-Type is \"%.100s\", not %s", headers->content_type,
                        wanted_type);
        return unsupported_media_type;
    }
    if (strncmp(headers->version, "0.1.", 4) != 0) {
        receiver_refuse(refusal, "X-Prometheus-Remote-Write-Version is \"%.100s\", not 0.1.0",
                        headers->version);
        return bad_request;
    }
    if (headers->user_agent[0] == '\0') {
        receiver_refuse(refusal, "there is no User-Agent");
        return bad_request;
    }
    return 0;
}

static bool is_name(const char *text, bool with_colons) {
    if (isdigit((unsigned char)text[0])) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_' && !(with_colons && *c == ':')) {
            return false;
        }
    }
    return text[0] != '\0';
}

bool receiver_check_labels(const Prometheus__TimeSeries *series, struct refusal *refusal) {
    bool has_name = false;
    const char *previous = "";
    for (size_t i = 0; i < series->n_labels; i++) {
        const char *name = series->labels[i]->name;
        const char *value = series->labels[i]->value;
        int order = strcmp(previous, name);
        if (!is_name(name, false)) {
            return receiver_refuse(refusal, "\"%.100s\" cannot be the name of a label", name);
        }
        if (order == 0) {
            return receiver_refuse(refusal, "the label %.100s appears twice", name);
        }
        if (order > 0) {
            return receiver_refuse(refusal, "labels are not sorted: %.100s after %.100s", name,
                                   previous);
        }
        if (value[0] == '\0') {
            return receiver_refuse(refusal, "the label %.100s has no value", name);
        }
        if (mbstowcs(NULL, value, 0) == (size_t)-1) {
            return receiver_refuse(refusal, "the value of the label %.100s is not UTF-8", name);
        }
        if (strcmp(name, "__name__") == 0) {
            has_name = true;
            if (!is_name(value, true)) {
                return receiver_refuse(refusal, "\"%.100s\" cannot be the name of a metric", value);
            }
        }
        previous = name;
    }
    return has_name || receiver_refuse(refusal, "a series has no label __name__");
}
