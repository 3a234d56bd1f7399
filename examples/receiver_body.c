/* SPDX-License-Identifier: Apache-2.0 */
/* The limit is for both: the body as it comes and the message that it says it holds. */
#include "receiver_body.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>

#include "receiver_rules.h"

enum { MAX_BODY_BYTES = 32 << 20 };

void receiver_body_append(struct receiver_body *body, const char *data, size_t length) {
    char *grown =
        length <= MAX_BODY_BYTES - body->length ? realloc(body->data, body->length + length) : NULL;
    body->is_too_long = body->is_too_long || grown == NULL;
    if (grown != NULL) {
        memcpy(grown + body->length, data, length);
        body->data = grown;
        body->length += length;
    }
}

uint8_t *receiver_body_uncompress(const struct receiver_body *body, size_t *length,
                                  struct refusal *refusal) {
    char *data = NULL;
    if (body->length == 0 ||
        snappy_uncompressed_length(body->data, body->length, length) != SNAPPY_OK ||
        *length > MAX_BODY_BYTES || (data = malloc(*length + 1)) == NULL ||
        snappy_uncompress(body->data, body->length, data, length) != SNAPPY_OK) {
        receiver_refuse(refusal, "the body is not compressed with snappy's block format");
        free(data);
        return NULL;
    }
    return (uint8_t *)data;
}

void receiver_body_destroy(struct receiver_body *body) {
    if (body != NULL) {
        free(body->data);
    }
    free(body);
}
