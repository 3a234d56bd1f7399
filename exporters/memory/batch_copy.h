/* SPDX-License-Identifier: Apache-2.0 */
/* Owns copies of batches that outlive the collection they came from: everything that a copy points
 * to is its own. Knows nothing of exporters. Immutable once made, but for `next`. */
#ifndef TACHOI_MEMORY_BATCH_COPY_H
#define TACHOI_MEMORY_BATCH_COPY_H

#include "base/arena.h"
#include "tacho/sdk/metric_data.h"

struct tachoi_memory_batch {
    tacho_metric_batch batch;         /* first: callers hold a pointer to this member */
    struct tachoi_memory_batch *next; /* for the list that owns the copy */
    tacho_resource *resource;
    struct tachoi_arena arena; /* all the rest */
};

/** A deep copy; NULL when memory is short. Freed by tacho_memory_batch_destroy. */
struct tachoi_memory_batch *tachoi_memory_batch_copy(const tacho_metric_batch *source);

#endif
