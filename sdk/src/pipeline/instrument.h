/* SPDX-License-Identifier: Apache-2.0 */
/* Owns an instrument: what it is, the streams behind it, and the entry of measurements. A record
 * call comes here straight from the API's table, is judged, and goes to the storage of each stream;
 * no lock, no allocation, no clock on that way.
 *
 * Recording may run together with everything but destroy, in a signal handler through a bound
 * handle, and in a forked child. */
#ifndef TACHOI_PIPELINE_INSTRUMENT_H
#define TACHOI_PIPELINE_INSTRUMENT_H

#include <math.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "pipeline/instrument_about.h"
#include "pipeline/pipeline.h"
#include "storage/storage.h"

struct tachoi_bound;
struct tachoi_scope;

/** Synchronous instruments: one per stream configuration. Observable ones: one per collector. */
union tachoi_stream {
    struct tachoi_sync_storage *sync;
    struct tachoi_async_storage *async;
};

/** Reasons that recording itself finds; the others come from the storages. */
#define TACHOI_DROPS_WHEN_RECORDING (TACHOI_DROP_LATE + 1)

struct tachoi_instrument {
    tacho_spi_instrument handle; /* first: what the API calls an instrument */

    /* atomic; relaxed: only a hint which measurements are late */
    _Atomic(bool) is_live;

    /* immutable after creation; what recording reads shares the first cache line */
    size_t stream_count; /* of observable ones 0 once retired; recording never looks there */
    struct tachoi_aggregation aggregation;
    struct tachoi_scope *scope;
    struct tachoi_instrument_about about;
    uint64_t creation_unix_nano;
    uint64_t name_hash; /* of the folded name */

    /* guarded by the pipeline's lock */
    struct tachoi_instrument *next;           /* of the scope, in order of creation */
    struct tachoi_instrument *next_in_bucket; /* newest first */
    struct tachoi_bound *first_bound;

    /* atomic; on a line of its own, away from what recording reads */
    alignas(64) _Atomic(uint64_t) dropped[TACHOI_DROPS_WHEN_RECORDING];

    union tachoi_stream streams[]; /* immutable after creation */
};

/** A new instrument with its streams, in no list yet. `about` is copied shallowly: its texts and
 * bounds must live as long as the pipeline. NULL when memory is short. */
struct tachoi_instrument *tachoi_instrument_create(struct tachoi_scope *scope,
                                                   const struct tachoi_instrument_about *about,
                                                   uint64_t creation_unix_nano);
void tachoi_instrument_destroy(struct tachoi_instrument *instrument);
/** Frees what only collections touch. */
void tachoi_instrument_retire(struct tachoi_instrument *instrument);

/** The table that an instrument's handle carries. */
const tacho_spi_instrument_ops *tachoi_instrument_ops(tacho_instrument_kind kind,
                                                      tacho_number_type number_type);

/** The observable instrument behind a handle, which may be one of the API's own; NULL if it is not
 * this SDK's. */
struct tachoi_instrument *tachoi_observable_from_handle(const tacho_spi_instrument *handle);

/** Counts one measurement as dropped. Async-signal-safe. */
static inline void tachoi_instrument_drop(struct tachoi_instrument *instrument,
                                          enum tachoi_drop reason) {
    atomic_fetch_add_explicit(&instrument->dropped[reason], 1, memory_order_relaxed);
}

/** Whether a synchronous instrument still records; if not, the measurement is counted as late. */
static inline bool tachoi_instrument_is_live(struct tachoi_instrument *instrument) {
    if (atomic_load_explicit(&instrument->is_live, memory_order_relaxed)) {
        return true;
    }
    if (instrument->stream_count > 0) { /* else nobody reads it, and nothing is lost */
        tachoi_instrument_drop(instrument, TACHOI_DROP_LATE);
    }
    return false;
}

/** Whether the value may enter the instrument; if not, it is counted. A negative value may not
 * enter a counter, NaN and the infinities nothing but a gauge (AGG-12, SDK-19). */
static inline bool tachoi_instrument_accepts_i64(struct tachoi_instrument *instrument,
                                                 int64_t value) {
    if (value < 0 && instrument->aggregation.is_monotonic) {
        tachoi_instrument_drop(instrument, TACHOI_DROP_NEGATIVE);
        return false;
    }
    return true;
}

static inline bool tachoi_instrument_accepts_f64(struct tachoi_instrument *instrument,
                                                 double value) {
    if (!isfinite(value) && instrument->aggregation.kind != TACHOI_AGGREGATION_LAST_VALUE) {
        tachoi_instrument_drop(instrument, TACHOI_DROP_NOT_FINITE);
        return false;
    }
    if (value < 0 && instrument->aggregation.is_monotonic) {
        tachoi_instrument_drop(instrument, TACHOI_DROP_NEGATIVE);
        return false;
    }
    return true;
}

/** Joins the instrument to attributes (bound.c). NULL when memory is short, when nobody reads the
 * instrument, and in a forked child. */
tacho_spi_bound *tachoi_instrument_bind(void *self, tacho_attributes attributes);

/** Gives back all bound handles that are left; for destroy. */
void tachoi_instrument_release_all(struct tachoi_instrument *instrument);

#endif
