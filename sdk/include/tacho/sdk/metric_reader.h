/* SPDX-License-Identifier: Apache-2.0 */
/* Owns readers: what decides when a provider is collected. The periodic reader collects on a thread
 * of its own; the manual one when the application says so, on the caller's thread.
 * Source: OpenTelemetry specification, metrics/sdk.md "MetricReader" (RDR-01..21, CARD-02, ENV-18).
 */
#ifndef TACHO_SDK_METRIC_READER_H
#define TACHO_SDK_METRIC_READER_H

#include "tacho/sdk/metric_exporter.h"
#include "tacho/sdk/metric_filter.h"
#include "tacho/sdk/metric_producer.h"

TACHO_BEGIN_DECLS

/** A reader. Give it to a provider, which then owns it; it stays usable until that is destroyed. */
typedef struct tacho_metric_reader tacho_metric_reader;

/** When a periodic reader collects for the first time; after that, an interval apart. */
typedef enum tacho_first_collection {
    TACHO_FIRST_COLLECTION_DEFAULT = 0,        /**< as the exporter prefers, else the next one */
    TACHO_FIRST_COLLECTION_AFTER_INTERVAL = 1, /**< one interval after the start */
    /** At a random time within the first interval, so that many programs that are started together
     * do not send together for ever. */
    TACHO_FIRST_COLLECTION_SPREAD = 2
} tacho_first_collection;

typedef struct tacho_periodic_reader_options {
    size_t struct_size; /**< Required. sizeof(tacho_periodic_reader_options). */
    /**
     * Optional (0 = OTEL_METRIC_EXPORT_INTERVAL, else 60000). Milliseconds from the start of one
     * collection to the start of the next, on the monotonic clock.
     */
    uint32_t interval_ms;
    /**
     * Optional (0 = OTEL_METRIC_EXPORT_TIMEOUT, else 30000; TACHO_NO_TIMEOUT = none). How long one
     * collection and export may take.
     */
    uint32_t timeout_ms;
    /**
     * Optional (0 = 2000, TACHO_NO_LIMIT = none). Series per instrument; what exceeds them is
     * summed up in the series {otel.metric.overflow=true}.
     */
    uint32_t cardinality_limit;
    size_t thread_stack_size; /**< Optional (0 = 512 KiB). Bytes; callbacks run on this thread. */
    tacho_error *error;       /**< Optional (NULL = not wanted). Says what was wrong. */
    /** Optional (0 = cardinality_limit). The same for each kind, by its number: CARD-02, CARD-10.
     */
    uint32_t cardinality_limits[TACHO_INSTRUMENT_KINDS];
    /** Optional (0 = what the exporter prefers, else cumulative). */
    tacho_temporality_preference temporality_preference;
    /** Optional (0 = by temporality_preference). For each kind, by its number. */
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = the exporter's, else default). For each kind, by its number. Copied. */
    const tacho_aggregation *default_aggregations[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = none). Taken over, on success and on failure; the array is copied. */
    tacho_metric_producer *const *producers;
    size_t producer_count; /**< Number of producers. */
#ifdef TACHO_ENABLE_EXPERIMENTAL
    /** Optional (NULL = all). Which metrics and points each collection yields. Copied. */
    const tacho_metric_filter *metric_filter;
    /** Optional (0 = no limit). Points that one export gets at most; what a collection yields is
     * exported in as few batches as possible, one after the other. (RDR-19, RDR-20) */
    size_t max_export_batch_size;
#else
    const struct tacho_metric_filter *experimental_1; /**< Leave zero. */
    size_t experimental_2;                            /**< Leave zero. */
#endif
    tacho_first_collection first_collection; /**< Optional (0 = as the exporter prefers). */
} tacho_periodic_reader_options;

/**
 * A reader that collects at fixed intervals and hands the batch to `exporter`, one export at a
 * time. Its thread starts when a provider takes it, blocks all signals and is called
 * "tacho-reader". `exporter` is consumed, on success and on failure. `options` may be NULL. Returns
 * TACHO_OK, TACHO_E_INVALID (no exporter, or one that has a reader; an option out of its range),
 * TACHO_E_BUSY (a producer that has a reader), TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY,
 * TACHO_E_FORKED (exporter or producer of the parent process); a failure names the field. Any
 * thread.
 */
TACHO_API int tacho_periodic_reader_create(tacho_metric_exporter *exporter,
                                           const tacho_periodic_reader_options *options,
                                           tacho_metric_reader **out);

typedef struct tacho_manual_reader_options {
    size_t struct_size;         /**< Required. sizeof(tacho_manual_reader_options). */
    uint32_t cardinality_limit; /**< Optional (0 = 2000, TACHO_NO_LIMIT = none). As above. */
    tacho_error *error;         /**< Optional (NULL = not wanted). Says what was wrong. */
    /** Optional (0 = cardinality_limit). The same for each kind, by its number: CARD-02, CARD-10.
     */
    uint32_t cardinality_limits[TACHO_INSTRUMENT_KINDS];
    /** Optional (0 = what the exporter prefers, else cumulative). */
    tacho_temporality_preference temporality_preference;
    /** Optional (0 = by temporality_preference). For each kind, by its number. */
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = the exporter's, else default). For each kind, by its number. Copied. */
    const tacho_aggregation *default_aggregations[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = none). Taken over, on success and on failure; the array is copied. */
    tacho_metric_producer *const *producers;
    size_t producer_count; /**< Number of producers. */
#ifdef TACHO_ENABLE_EXPERIMENTAL
    /** Optional (NULL = all). Which metrics and points each collection yields. Copied. */
    const tacho_metric_filter *metric_filter;
    /** Optional (0 = no limit). Points that one export gets at most; what a collection yields is
     * exported in as few batches as possible, one after the other. (RDR-19, RDR-20) */
    size_t max_export_batch_size;
#else
    const struct tacho_metric_filter *experimental_1; /**< Leave zero. */
    size_t experimental_2;                            /**< Leave zero. */
#endif
} tacho_manual_reader_options;

/**
 * A reader without a thread: it collects when tacho_metric_reader_collect is called, and at
 * shutdown of its provider once more. `exporter` may be NULL, then only
 * tacho_metric_reader_collect_with yields data. Consumes `exporter`; returns as the periodic one.
 */
TACHO_API int tacho_manual_reader_create(tacho_metric_exporter *exporter,
                                         const tacho_manual_reader_options *options,
                                         tacho_metric_reader **out);

/** Shuts down and frees a reader, and its exporter, that no provider has taken. NULL is allowed. */
TACHO_API void tacho_metric_reader_destroy(tacho_metric_reader *reader);

/**
 * Collects now and hands the batch to the reader's exporter, on the calling thread. Waits for a
 * collection that is under way. Works for periodic readers too. `timeout_ms`: 0 = 30000.
 * Returns TACHO_OK; TACHO_E_TIMEOUT; TACHO_E_FAILED (a producer did) or what export_batch returned;
 * TACHO_E_NO_MEMORY (the SDK's series that are missing come with a later collection, metrics of
 * producers and what could not be split are lost); TACHO_E_SHUTDOWN; TACHO_E_INVALID (no reader, no
 * provider or no exporter); TACHO_E_FORKED; TACHO_E_BUSY (called from inside a collection of the
 * same reader).
 */
TACHO_API int tacho_metric_reader_collect(tacho_metric_reader *reader, uint32_t timeout_ms);

/** Sees one batch; returns a status that the collect call hands on. */
typedef int (*tacho_collect_fn)(const tacho_metric_batch *batch, void *user);

/** As tacho_metric_reader_collect, but hands the batch to `consume` instead of the exporter: whole,
 * whatever max_export_batch_size says. */
TACHO_API int tacho_metric_reader_collect_with(tacho_metric_reader *reader, uint32_t timeout_ms,
                                               tacho_collect_fn consume, void *user);

/** Makes the reader that a name in OTEL_METRICS_EXPORTER stands for, with its exporter. Exporters
 * provide them: tacho_console_reader_create is one. */
typedef struct tacho_reader_factory {
    size_t struct_size; /**< Required. sizeof(tacho_reader_factory). */
    const char *name;   /**< Required. As in the variable: "console". Any case matches. */
    /** Required. As the create functions of readers: `*out` is the caller's on success. */
    int (*create)(tacho_metric_reader **out);
} tacho_reader_factory;

/**
 * Makes the readers that OTEL_METRICS_EXPORTER asks for: names with commas between, blanks around
 * them and their case do not count. "none" asks for none; a name that occurs twice makes one
 * reader. A name without a factory is told with a warning and ignored. If the variable is unset or
 * empty, or names nothing that is known, it is that of the first factory, which is the
 * application's default. Writes the readers, which are the caller's (give them to a provider), and
 * their number, 0 to factory_count.
 *
 * Returns TACHO_OK; TACHO_E_INVALID (a NULL argument, a factory without a name or a function, or
 * less room than there are factories; nothing was made), TACHO_E_UNSUPPORTED; else what the first
 * factory that failed returned: the others' readers are there all the same. Failures are told to
 * the diagnostics handler, too. (ENV-08, ENV-18, STD-04)
 */
TACHO_API int tacho_metric_readers_from_environment(const tacho_reader_factory *const *factories,
                                                    size_t factory_count,
                                                    tacho_metric_reader **readers,
                                                    size_t reader_room, size_t *reader_count);

TACHO_END_DECLS

#endif
