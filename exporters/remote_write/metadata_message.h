/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the requests in which 1.0 tells what metric families are (RW1-13): a WriteRequest of
 * metadata alone, packed by protobuf-c, compressed. 2.0 has metadata with each series instead. Pure
 * but for its buffer. One thread at a time. */
#ifndef TACHOI_REMOTE_WRITE_METADATA_MESSAGE_H
#define TACHOI_REMOTE_WRITE_METADATA_MESSAGE_H

#include "remote_write/encoder.h"
#include "remote_write/metric_family.h"

/** Zero-initialised before use. */
struct tachoi_metadata_message {
    unsigned char *body;
    size_t body_length;
    size_t body_capacity;
    size_t family_count; /* in the body: those whose names 1.0 cannot say are left out */
};

void tachoi_metadata_message_fini(struct tachoi_metadata_message *message);

/**
 * Makes the body for the first of `count` families: at most `max_count` (at least 1), and as many
 * fewer as the length of a message asks for. `*taken` becomes how many of them are done with. Names
 * that are not legacy ones are escaped with underscores, as series' are.
 * Returns OK, TOO_LARGE if the first family alone is too long for a message, then `*taken` is 1; or
 * NO_MEMORY.
 */
enum tachoi_encode_result
tachoi_metadata_message_make(struct tachoi_metadata_message *message,
                             const struct tachoi_prometheus_family *const *families, size_t count,
                             size_t max_count, size_t *taken);

#endif
