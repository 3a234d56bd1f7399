/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the in-memory exporter: keeps copies of the batches it gets, for tests of instrumentation.
 * Where a reader limits the size of batches, a collection makes several: all but its last have
 * has_more set.
 * Source: OpenTelemetry specification, metrics/sdk_exporters/in-memory.md (MEM-01..03). */
#ifndef TACHO_EXPORTERS_MEMORY_H
#define TACHO_EXPORTERS_MEMORY_H

#include "tacho/sdk/metric_exporter.h"

TACHO_BEGIN_DECLS

typedef struct tacho_memory_options {
    size_t struct_size; /**< Required. sizeof(tacho_memory_options). */
    /** Optional (0 = 1024). Batches kept; the oldest goes when there are more. */
    uint32_t max_batches;
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
    /** Optional (0 = cumulative for all kinds). What the reader uses unless its own options say. */
    tacho_temporality_preference temporality_preference;
    /** Optional (0 = by temporality_preference). For each kind, by its number. */
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = default). For each kind, by its number; what the reader uses unless a view
     * or its own options say. Copied; the reader checks the parameters. */
    const tacho_aggregation *default_aggregations[TACHO_INSTRUMENT_KINDS];
} tacho_memory_options;

/**
 * Makes an in-memory exporter; `options` may be NULL. `*out` is the caller's until a reader takes
 * it, and may be passed to the functions below until the reader's provider is destroyed.
 * Returns TACHO_OK, TACHO_E_UNSUPPORTED, TACHO_E_INVALID, TACHO_E_NO_MEMORY.
 */
TACHO_API int tacho_memory_exporter_create(const tacho_memory_options *options,
                                           tacho_metric_exporter **out);

/** Number of batches kept. 0 for an exporter of another type. Any thread. */
TACHO_API size_t tacho_memory_exporter_batch_count(const tacho_metric_exporter *exporter);

/**
 * Batch `index`, 0 the oldest, as a deep copy that is the caller's: free it with
 * tacho_memory_batch_destroy. NULL if there is none or memory is short. Any thread.
 */
TACHO_API tacho_metric_batch *tacho_memory_exporter_batch(const tacho_metric_exporter *exporter,
                                                          size_t index);

/**
 * Waits until at least `count` batches have been exported since the exporter was created.
 * Returns TACHO_OK, TACHO_E_TIMEOUT, TACHO_E_INVALID. `timeout_ms`: 0 = 5000. Any thread.
 */
TACHO_API int tacho_memory_exporter_wait(const tacho_metric_exporter *exporter, size_t count,
                                         uint32_t timeout_ms);

/** Forgets all batches. Any thread. */
TACHO_API void tacho_memory_exporter_reset(tacho_metric_exporter *exporter);

/** The first metric called `name` in a batch, NULL if there is none. Valid as long as the batch. */
TACHO_API const tacho_metric *tacho_memory_batch_find(const tacho_metric_batch *batch,
                                                      const char *name);

/** Frees a copy. NULL is allowed. */
TACHO_API void tacho_memory_batch_destroy(tacho_metric_batch *batch);

TACHO_END_DECLS

#endif
