/* SPDX-License-Identifier: Apache-2.0 */
/* Owns exemplars: which measurements may become one (the filter), and the reservoirs that choose
 * among them. Two reservoirs are built in; others join through a table.
 * Source: OpenTelemetry specification, metrics/sdk.md "Exemplar" (EXM-01..25). */
#ifndef TACHO_SDK_EXEMPLAR_H
#define TACHO_SDK_EXEMPLAR_H

#include "tacho/context.h"
#include "tacho/sdk/metric_data.h"

TACHO_BEGIN_DECLS

/** Which measurements a reservoir is offered at all. */
typedef enum tacho_exemplar_filter {
    /** OTEL_METRICS_EXEMPLAR_FILTER (trace_based, always_on, always_off), else trace based. */
    TACHO_EXEMPLAR_FILTER_DEFAULT = 0,
    /** Those made inside a sampled span, as the hook of tacho/context.h tells. None without one. */
    TACHO_EXEMPLAR_FILTER_TRACE_BASED = 1,
    TACHO_EXEMPLAR_FILTER_ALWAYS_ON = 2,
    TACHO_EXEMPLAR_FILTER_ALWAYS_OFF = 3 /**< none; exemplars then cost nothing */
} tacho_exemplar_filter;

/** What a reservoir learns of its series when it is made. Borrowed until create returns, but
 * `boundaries`, which outlives the reservoir. */
typedef struct tacho_exemplar_reservoir_config {
    size_t struct_size;
    tacho_instrument_kind kind;
    tacho_number_type number_type; /**< of the instrument's measurements */
    tacho_temporality temporality; /**< delta: collect must forget what it hands out */
    tacho_attributes attributes;   /**< of the series' points */
    const double *boundaries;      /**< explicit histograms, else NULL */
    size_t boundary_count;
    uint32_t max_size; /**< exponential histograms, else 0 */
} tacho_exemplar_reservoir_config;

/** A measurement that passed the filter. Valid during offer only. */
typedef struct tacho_exemplar_measurement {
    size_t struct_size;
    tacho_number_type number_type;
    union {
        int64_t i64;
        double f64;
    } value;
    uint64_t time_unix_nano;
    tacho_attributes attributes;          /**< all, as recorded */
    tacho_attributes filtered_attributes; /**< those that the series' points do not carry */
    const tacho_context *context;         /**< NULL where nothing is active */
} tacho_exemplar_measurement;

/** Takes one exemplar from a reservoir that is collected; copies it. */
typedef void (*tacho_exemplar_sink_fn)(void *sink, const tacho_exemplar *exemplar);

/**
 * A kind of reservoir; one object of it is made for each series, at its first measurement that
 * passes the filter. All functions may be called from any thread, offer and collect at the same
 * time; collect and destroy are not called together with their own kind. offer runs inside record
 * calls: it should not block or allocate, and must not record. (EXM-08..17, EXM-23, EXM-24)
 */
typedef struct tacho_exemplar_reservoir_ops {
    size_t struct_size; /**< Required. sizeof(tacho_exemplar_reservoir_ops). */
    /** Required. A new reservoir; NULL (no memory): the series has no exemplars for now. */
    void *(*create)(void *user, const tacho_exemplar_reservoir_config *config);
    void (*offer)(void *self, const tacho_exemplar_measurement *measurement); /**< Required. */
    /**
     * Required. Hands what was sampled to `sink`, in any order, and begins a new round of sampling.
     * For delta points it must forget what it handed out; for cumulative ones it may keep it until
     * it is replaced. The exemplar's filtered_attributes are those that the measurement had.
     */
    void (*collect)(void *self, tacho_exemplar_sink_fn sink, void *sink_self);
    void (*destroy)(void *self); /**< Optional (NULL = nothing to free). */
} tacho_exemplar_reservoir_ops;

/* The two that are built in. Both keep all attributes that the points do not carry, and allocate
 * while they sample only where one place meets attributes of more bytes (above 64) than it ever
 * held; without memory the measurement is not sampled. An offer that meets another one in the same
 * reservoir, or a collection, gives up instead of waiting: it is as if it had not been drawn. */

/** Uniformly weighted sampling over all measurements of a round, in a fixed number of places:
 * `user` is TACHO_RESERVOIR_SIZE(n), or NULL for 1, for exponential histograms min(20, max_size).
 * The default of all aggregations but explicit histograms. (EXM-16, EXM-18) */
TACHO_API const tacho_exemplar_reservoir_ops *tacho_simple_fixed_size_reservoir(void);
#define TACHO_RESERVOIR_SIZE(count) ((void *)(uintptr_t)(count))

/** At most one exemplar of each bucket of an explicit histogram, sampled uniformly among the
 * bucket's measurements. The default of explicit histograms with more than one bucket; for all
 * others it does as the simple one. `user` is ignored. (EXM-19) */
TACHO_API const tacho_exemplar_reservoir_ops *tacho_aligned_histogram_bucket_reservoir(void);

TACHO_END_DECLS

#endif
