/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the door that every exporter goes through, tacho's own and third parties': a table of
 * functions and an object. examples/custom_exporter.c is a whole exporter in one file.
 * Source: OpenTelemetry specification, metrics/sdk.md "Push Metric Exporter" (EXP-01..13). */
#ifndef TACHO_SDK_METRIC_EXPORTER_H
#define TACHO_SDK_METRIC_EXPORTER_H

#include "tacho/meter.h"
#include "tacho/sdk/aggregation.h"
#include "tacho/sdk/clock.h"
#include "tacho/sdk/metric_data.h"

TACHO_BEGIN_DECLS

/** An exporter behind its door. Give it to a reader, which then owns it. */
typedef struct tacho_metric_exporter tacho_metric_exporter;

/**
 * What became of the samples that an exporter has accepted since it was created. At every quiet
 * moment accepted = acknowledged + failed + dropped + pending. A sample is what goes over the wire:
 * a histogram point may make many.
 */
typedef struct tacho_delivery {
    size_t struct_size;
    uint64_t accepted;
    uint64_t acknowledged; /**< the receiver confirmed them */
    uint64_t failed;       /**< the receiver refused them for good */
    uint64_t dropped;      /**< given up here: queue full, too old, shutdown */
    uint64_t pending;      /**< still on their way */
} tacho_delivery;

/**
 * What an exporter does. The reader never calls export_batch, force_flush and destroy concurrently
 * with each other's own kind; force_flush, shutdown and delivery may come from any thread, also
 * while export_batch runs. `deadline_ns`: see tacho/sdk/clock.h; TACHO_NO_DEADLINE is possible.
 * Statuses are those of tacho/status.h.
 */
typedef struct tacho_metric_exporter_ops {
    size_t struct_size; /**< Required. sizeof(tacho_metric_exporter_ops). */
    const char *name; /**< Required. Shown in diagnostics: "console". Lives as long as the table. */
    /**
     * Required. Takes over or delivers the batch; must come back by the deadline. TACHO_OK: it is
     * this exporter's now. Anything else: the batch is lost, the reader reports it and does not try
     * again (retrying is the exporter's own business).
     */
    int (*export_batch)(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns);
    /**
     * Optional (NULL = nothing is ever pending). Waits until everything taken so far has been
     * delivered or given up. TACHO_OK if all was delivered, TACHO_E_TIMEOUT, TACHO_E_FAILED.
     */
    int (*force_flush)(void *self, uint64_t deadline_ns);
    /**
     * Optional (NULL = nothing to stop). Flushes and stops, once; later exports fail with
     * TACHO_E_SHUTDOWN. Frees nothing. Returns as force_flush does.
     */
    int (*shutdown)(void *self, uint64_t deadline_ns);
    /** Optional (NULL = nothing to free). Called once, last, after shutdown. */
    void (*destroy)(void *self);
    /** Optional (NULL = no account is kept). Fills the account; struct_size is set by the caller.
     */
    void (*delivery)(void *self, tacho_delivery *out);
    /**
     * Optional (NULL = cumulative). The temporality that instruments of a kind should have, where
     * the reader's options do not say. Asked once, when the reader is made. A batch may hold
     * other temporalities and types all the same (of metric producers): export_batch reports what
     * it cannot take. (RDR-01, EXP-01)
     */
    tacho_temporality (*temporality)(void *self, tacho_instrument_kind kind);
    /**
     * Optional (NULL = default). The aggregation that instruments of a kind should have, where
     * neither a view nor the reader's options say. `out` is zero but for struct_size; what it
     * points to is copied. Asked once, when the reader is made.
     */
    void (*default_aggregation)(void *self, tacho_instrument_kind kind, tacho_aggregation *out);
    /**
     * Optional (0 = each collection in one batch). How many points the exporter wants in one batch
     * at most: a collection then comes in several, one export_batch after the other, all but the
     * last full and with has_more set, and all with the collection's time. Each is read when the
     * one before has been exported, so a collection takes the memory of a few hundred points
     * instead of all. For exporters that take a batch over quickly: values of the last batches are
     * as old as the exports before them took. The reader's max_export_batch_size may make batches
     * smaller still.
     */
    size_t batch_points;
    /**
     * Optional (NULL = it has nothing to measure of itself). Told once where to measure itself,
     * before the first export, if the provider of its reader has self-observation on: it gets a
     * meter of `provider`, in its own name and version, and makes instruments. `provider` may be
     * another one than the reader's and outlives the exporter. destroy must unregister callbacks
     * and release bound instruments; until then, also after shutdown, callbacks may run on any
     * thread. What the SDK measures of exporters (otel.sdk.exporter.*) is measured all the same.
     */
    void (*observe)(void *self, tacho_meter_provider *provider);
    /**
     * Optional (false). A periodic reader, unless its options say otherwise, collects for the first
     * time at a random time within its first interval: TACHO_FIRST_COLLECTION_SPREAD. For exporters
     * whose receiver many programs share.
     */
    bool spreads_collections;
} tacho_metric_exporter_ops;

/**
 * Makes an exporter of a table and an object. The table must live as long as the exporter; `self`
 * is handed to every function and is this exporter's from now on, on failure too: destroy has been
 * called when it fails, if `ops` has one that can be called.
 * Returns TACHO_OK, TACHO_E_INVALID (`ops`, a required member or `out` missing),
 * TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY. Any thread.
 */
TACHO_API int tacho_metric_exporter_create(const tacho_metric_exporter_ops *ops, void *self,
                                           tacho_metric_exporter **out);

/** Shuts down and frees an exporter that no reader has taken. NULL is allowed. */
TACHO_API void tacho_metric_exporter_destroy(tacho_metric_exporter *exporter);

/** The object behind the door if `ops` is its table, else NULL. For exporters' own functions. */
TACHO_API void *tacho_metric_exporter_self(const tacho_metric_exporter *exporter,
                                           const tacho_metric_exporter_ops *ops);

/** The account of an exporter; zeros where it keeps none. Any thread. */
TACHO_API void tacho_metric_exporter_delivery(const tacho_metric_exporter *exporter,
                                              tacho_delivery *out);

TACHO_END_DECLS

#endif
