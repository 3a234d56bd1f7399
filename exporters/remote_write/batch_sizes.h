/* SPDX-License-Identifier: Apache-2.0 */
/* Owns counting what a batch would become, without converting it. Pure. */
#ifndef TACHOI_REMOTE_WRITE_BATCH_SIZES_H
#define TACHOI_REMOTE_WRITE_BATCH_SIZES_H

#include <stddef.h>

#include "remote_write/converter.h"
#include "tacho/sdk/metric_data.h"

struct tachoi_batch_sizes {
    size_t samples;     /* of the points that can be sent; merged ones counted apart */
    size_t unsupported; /* points that cannot be sent */
    size_t exemplars;   /* of all points */
};

/** Without target_info, and without what tells the end of series. */
struct tachoi_batch_sizes tachoi_batch_sizes_of(const tacho_metric_batch *batch,
                                                const struct tachoi_converter_options *options);

/** Exemplars of all points of a metric. */
size_t tachoi_metric_exemplars(const tacho_metric *metric);

#endif
