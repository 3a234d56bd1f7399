/* SPDX-License-Identifier: Apache-2.0 */
/* Owns cutting a batch into parts of limited size, in order, each as full as can be; one metric may
 * come in several parts. Copies no points. Pure but for the arena. (RDR-19, RDR-20) */
#ifndef TACHOI_READER_BATCH_SPLIT_H
#define TACHOI_READER_BATCH_SPLIT_H

#include "base/arena.h"
#include "tacho/sdk/metric_data.h"

/** Where the next part begins, and the memory that all parts use one after the other. */
struct tachoi_batch_split {
    const tacho_metric_batch *whole;
    size_t max_points;
    size_t points_left;
    size_t scope_index;
    size_t metric_index;
    size_t point_index;
    tacho_scope_metrics *scopes; /* room for all scopes of the batch */
    tacho_metric *metrics;       /* and for all its metrics */
};

/** Before the first part; takes all memory that the parts need. `max_points` is not 0. False when
 * memory is short. */
bool tachoi_batch_split_init(struct tachoi_batch_split *split, const tacho_metric_batch *whole,
                             size_t max_points, struct tachoi_arena *arena);

/** The next part, valid until the next call; false if there is none. A batch without points is one
 * part. */
bool tachoi_batch_split_next(struct tachoi_batch_split *split, tacho_metric_batch *part);

#endif
