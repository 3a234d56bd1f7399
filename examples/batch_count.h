/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the counting of batch_job: what wc(1) counts, by its definitions and by the locale. Knows
 * nothing of metrics. */
#ifndef EXAMPLES_BATCH_COUNT_H
#define EXAMPLES_BATCH_COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct batch_counts {
    int64_t lines;
    int64_t words;
    int64_t bytes;
};

/** Counts a whole file. Returns false, with errno, if it cannot be read to its end. */
bool batch_count_file(const char *path, struct batch_counts *counts);

#endif
