/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making batches for exporters under test without an SDK around them. One scope, named
 * "test"; points are added metric by metric. Memory is the builder's until fini. */
#ifndef TACHO_TESTS_SUPPORT_BATCH_H
#define TACHO_TESTS_SUPPORT_BATCH_H

#include "tacho/sdk/metric_data.h"

/** A time for batches: after any release of tacho, the same in every run. */
#define BATCH_UNIX_NS (UINT64_C(1900000000) * 1000000000)
#define BATCH_UNIX_MS INT64_C(1900000000000)

struct batch {
    tacho_metric_batch batch;
    tacho_scope scope;
    tacho_scope_metrics scope_metrics;
    tacho_metric *metrics;
};

/** An empty batch taken `offset_ms` after BATCH_UNIX_NS; `resource` is borrowed. */
void batch_init(struct batch *batch, const tacho_resource *resource, uint64_t offset_ms);
void batch_fini(struct batch *batch);

/** Adds a metric of one point. Names and attributes are borrowed. */
void batch_add_counter(struct batch *batch, const char *name, uint64_t id, int64_t value,
                       tacho_attributes attributes);
void batch_add_up_down_counter(struct batch *batch, const char *name, uint64_t id, int64_t value,
                               tacho_attributes attributes);
void batch_add_gauge(struct batch *batch, const char *name, uint64_t id, double value,
                     tacho_attributes attributes);
/** `bounds` and `counts` (one more) are borrowed. */
void batch_add_histogram(struct batch *batch, const char *name, uint64_t id, const double *bounds,
                         const uint64_t *counts, size_t bound_count, double sum,
                         tacho_attributes attributes);

/** Of one value, 1. */
void batch_add_exponential_histogram(struct batch *batch, const char *name, uint64_t id,
                                     tacho_attributes attributes);
void batch_add_summary(struct batch *batch, const char *name, uint64_t id,
                       tacho_attributes attributes);

/** Adds one gauge of `count` points, {index="0"} and so on, ids from `first_id` on; the value of a
 * point is its index. */
void batch_add_gauges(struct batch *batch, const char *name, uint64_t first_id, size_t count);

/** A resource with service.name="svc", service.instance.id="one": job and instance. */
tacho_resource *batch_resource(void);

#endif
