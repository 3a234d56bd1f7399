/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how many samples a shard puts into a request: what the options say, and less where receivers
 * found requests too large. Pure. */
#ifndef TACHOI_REMOTE_WRITE_SEND_LIMIT_H
#define TACHOI_REMOTE_WRITE_SEND_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tachoi_send_limit {
    size_t samples;
    size_t most;        /* immutable after init */
    uint32_t successes; /* since it was last changed */
};

void tachoi_send_limit_init(struct tachoi_send_limit *limit, size_t most);

/** A request of so many samples was too large. False if it was a single one: then not their number
 * is the cause, and the limit is the largest again. */
bool tachoi_send_limit_halve(struct tachoi_send_limit *limit, size_t samples);

/** A request was accepted. */
void tachoi_send_limit_grow(struct tachoi_send_limit *limit);

#endif
