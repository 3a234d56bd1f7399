/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the body of a request to the example receiver: gathered piece by piece, then uncompressed.
 * Knows neither HTTP nor what the message says. */
#ifndef EXAMPLES_RECEIVER_BODY_H
#define EXAMPLES_RECEIVER_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct refusal; /* receiver_rules.h */

/** A body. It lies on the heap; zero it before the first use. */
struct receiver_body {
    char *data;
    size_t length;
    bool is_too_long; /**< more than 32 MiB, or than there was memory for */
};

/** Adds a piece, or sets is_too_long. */
void receiver_body_append(struct receiver_body *body, const char *data, size_t length);

/** The message, to be freed; NULL, with the reason, if it is not in snappy's block format. */
uint8_t *receiver_body_uncompress(const struct receiver_body *body, size_t *length,
                                  struct refusal *refusal);

/** Frees the body and what it points to; NULL is fine. */
void receiver_body_destroy(struct receiver_body *body);

#endif
