/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the door for metrics of other sources: a bridge from another metrics library hands its
 * points to a reader, which puts them beside the SDK's own.
 * Source: OpenTelemetry specification, metrics/sdk.md "MetricProducer" (PRD-01..07, RDR-09). */
#ifndef TACHO_SDK_METRIC_PRODUCER_H
#define TACHO_SDK_METRIC_PRODUCER_H

#include "tacho/sdk/aggregation.h"
#include "tacho/sdk/clock.h"
#include "tacho/sdk/metric_data.h"
#include "tacho/sdk/metric_filter.h"

TACHO_BEGIN_DECLS

/** A producer behind its door. Give it to a reader, which then owns it. */
typedef struct tacho_metric_producer tacho_metric_producer;

/** What a reader wants. Valid during the call. */
typedef struct tacho_produce_request {
    size_t struct_size;
    uint64_t time_unix_nano;                /**< of this collection; for the points' time */
    uint64_t deadline_ns;                   /**< see tacho/sdk/clock.h */
    const tacho_resource *resource;         /**< the provider's; the batch carries it */
    const tacho_temporality *temporalities; /**< what the reader prefers, by kind (PRD-02) */
    /** NULL = all. Applied by the reader to what is produced; a producer that applies it earlier
     * saves work (PRD-06). */
    const struct tacho_metric_filter *filter;
} tacho_produce_request;

/** What was produced: scopes with their metrics, in the producer's memory, valid until its next
 * produce or destroy. Set point_size, metric_size and scope_size to the sizes of the structs used.
 */
typedef struct tacho_produced {
    size_t struct_size;
    const tacho_scope_metrics *scopes;
    size_t scope_count;
    size_t scope_size;
} tacho_produced;

/** What a producer does; called by one collection at a time. */
typedef struct tacho_metric_producer_ops {
    size_t struct_size; /**< Required. sizeof(tacho_metric_producer_ops). */
    const char *name;   /**< Required. Shown in diagnostics. Lives as long as the table. */
    /**
     * Required. Fills `out`, zero but for struct_size, with at least one scope that names the
     * producer. TACHO_OK; TACHO_E_TIMEOUT or TACHO_E_FAILED: what `out` holds is exported all the
     * same, and the collection reports the failure. Metrics that break the data model (attributes
     * not sorted by key, quantiles not increasing, a pointer missing, a scale not within -10 to 20)
     * are left out, which is told.
     */
    int (*produce)(void *self, const tacho_produce_request *request, tacho_produced *out);
    void (*destroy)(void *self); /**< Optional (NULL = nothing to free). Called once, last. */
} tacho_metric_producer_ops;

/**
 * Makes a producer of a table and an object. The table must live as long as the producer; `self` is
 * this producer's from now on, on failure too, as with tacho_metric_exporter_create.
 * Returns TACHO_OK, TACHO_E_INVALID (`ops`, a required member or `out` missing),
 * TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY. Any thread.
 */
TACHO_API int tacho_metric_producer_create(const tacho_metric_producer_ops *ops, void *self,
                                           tacho_metric_producer **out);

/** Frees a producer that no reader has taken. NULL is allowed. */
TACHO_API void tacho_metric_producer_destroy(tacho_metric_producer *producer);

/** A number that no series of this process has, for tacho_series_ref.id: a producer keeps one for
 * each of its series. Any thread. */
TACHO_API uint64_t tacho_series_id_next(void);

TACHO_END_DECLS

#endif
