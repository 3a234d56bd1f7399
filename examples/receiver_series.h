/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the example receiver remembers: the last sample of every series. Knows nothing of HTTP.
 * Not for use by two threads at once. */
#ifndef EXAMPLES_RECEIVER_SERIES_H
#define EXAMPLES_RECEIVER_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** The last samples. Zero it before the first use. */
struct series_store {
    void *tree;
};

struct refusal; /* receiver_rules.h */

/**
 * Takes a WriteRequest, not compressed, and prints its samples as lines "name{labels} value
 * timestamp" to `log`. Returns false, with the reason, if the specification forbids it. Labels are
 * checked before anything is taken, and that each series has samples; what stands before a sample
 * out of order is kept. A series may be in a request more than once, in order.
 */
bool series_store_take(struct series_store *store, const uint8_t *data, size_t length, FILE *log,
                       struct refusal *refusal);

/** Prints the last sample of each series, sorted, in the same form. */
void series_store_print(const struct series_store *store, FILE *out);

/** Frees everything. */
void series_store_fini(struct series_store *store);

#endif
