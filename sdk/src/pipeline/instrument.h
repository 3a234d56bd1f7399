/* SPDX-License-Identifier: Apache-2.0 */
/* Owns an instrument: what it is, its ways into streams, and the entry of measurements. A record
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
#include <stddef.h>

#include "pipeline/instrument_about.h"
#include "pipeline/pipeline.h"
#include "pipeline/stream.h"
#include "storage/storage.h"

struct tachoi_bound;
struct tachoi_scope;

/** An instrument's way into one of its streams; what recording needs of it comes first. */
struct tachoi_outlet {
    struct tachoi_sync_storage *sync; /* the stream's; NULL for observable instruments */
    struct tachoi_stream *stream;
};

/** Reasons that recording itself finds; the others come from the storages. */
#define TACHOI_DROPS_WHEN_RECORDING (TACHOI_DROP_LATE + 1)

enum tachoi_instrument_state {
    TACHOI_INSTRUMENT_RECORDING,
    TACHOI_INSTRUMENT_IDLE,   /* nobody reads it, or its meter is disabled: nothing happens */
    TACHOI_INSTRUMENT_STOPPED /* after shutdown: what comes is counted as late */
};

struct tachoi_instrument {
    tacho_spi_instrument handle; /* first: what the API calls an instrument */

    /* atomic; written under the pipeline's lock; relaxed: only a hint which measurements are late
     */
    _Atomic(enum tachoi_instrument_state) state;

    /* immutable once linked; what recording reads of an instrument with one stream lies in the
     * first cache line */
    bool is_counter; /* takes no negative values */
    bool is_gauge;   /* takes NaN and infinities */
    size_t outlet_count;
    struct tachoi_outlet *outlets; /* &only_outlet, or behind this struct */
    struct tachoi_outlet only_outlet;

    /* immutable after creation */
    struct tachoi_scope *scope;
    struct tachoi_instrument_about about;
    uint64_t name_hash;

    /* guarded by the pipeline's lock */
    struct tachoi_instrument *next;           /* of the scope, in order of creation */
    struct tachoi_instrument *next_in_bucket; /* newest first */
    struct tachoi_bound *first_bound;

    /* atomic; on a line of its own, away from what recording reads */
    alignas(64) _Atomic(uint64_t) dropped[TACHOI_DROPS_WHEN_RECORDING];
};

_Static_assert(offsetof(struct tachoi_instrument, only_outlet) + sizeof(struct tachoi_outlet) <= 64,
               "recording through one stream reads one cache line of an instrument");

/** A new instrument with streams as the views and readers want them, in no list yet. `about` is
 * copied shallowly: its texts, bounds and keys must live as long as the pipeline. May tell of views
 * that do not apply: no lock held. NULL when memory is short. */
struct tachoi_instrument *tachoi_instrument_create(struct tachoi_scope *scope,
                                                   const struct tachoi_instrument_about *about,
                                                   uint64_t creation_unix_nano);
/** Frees an instrument and its bound handles; the streams belong to the scope. */
void tachoi_instrument_destroy(struct tachoi_instrument *instrument);
/** The same of one that was never linked: its streams go as well. NULL is allowed. */
void tachoi_instrument_discard(struct tachoi_instrument *instrument);

/** Lets the instrument follow what its scope and pipeline now want. */
void tachoi_instrument_update_state_locked(struct tachoi_instrument *instrument);

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

/** Whether a synchronous instrument records now; if it is too late, the measurement is counted. */
static inline bool tachoi_instrument_is_live(struct tachoi_instrument *instrument) {
    const enum tachoi_instrument_state state =
        atomic_load_explicit(&instrument->state, memory_order_relaxed);
    if (state == TACHOI_INSTRUMENT_RECORDING) {
        return true;
    }
    if (state == TACHOI_INSTRUMENT_STOPPED) {
        tachoi_instrument_drop(instrument, TACHOI_DROP_LATE);
    }
    return false;
}

/** Which streams a value may enter. */
enum tachoi_audience {
    TACHOI_AUDIENCE_NONE,
    TACHOI_AUDIENCE_LAST_VALUES,   /* NaN and the infinities of a gauge */
    TACHOI_AUDIENCE_NOT_MONOTONIC, /* negative doubles: a view may make a histogram a sum (DM-05) */
    TACHOI_AUDIENCE_ALL
};

/** Judges a value by the kind of the instrument; what nobody may have is counted. A counter takes
 * nothing negative, nothing but a gauge NaN and the infinities (AGG-12, SDK-19). */
static inline enum tachoi_audience tachoi_instrument_judge_i64(struct tachoi_instrument *instrument,
                                                               int64_t value) {
    if (value < 0 && instrument->is_counter) {
        tachoi_instrument_drop(instrument, TACHOI_DROP_NEGATIVE);
        return TACHOI_AUDIENCE_NONE;
    }
    return TACHOI_AUDIENCE_ALL;
}

static inline enum tachoi_audience tachoi_instrument_judge_f64(struct tachoi_instrument *instrument,
                                                               double value) {
    if (!isfinite(value)) {
        if (instrument->is_gauge) {
            return TACHOI_AUDIENCE_LAST_VALUES;
        }
        tachoi_instrument_drop(instrument, TACHOI_DROP_NOT_FINITE);
        return TACHOI_AUDIENCE_NONE;
    }
    if (value < 0) {
        if (!instrument->is_counter) {
            return TACHOI_AUDIENCE_NOT_MONOTONIC;
        }
        tachoi_instrument_drop(instrument, TACHOI_DROP_NEGATIVE);
        return TACHOI_AUDIENCE_NONE;
    }
    return TACHOI_AUDIENCE_ALL;
}

/** Whether a value with this audience may enter the stream behind the outlet. */
static inline bool tachoi_outlet_takes(const struct tachoi_outlet *outlet,
                                       enum tachoi_audience audience) {
    if (audience == TACHOI_AUDIENCE_ALL) {
        return true;
    }
    const struct tachoi_aggregation *aggregation = &outlet->stream->plan.aggregation;
    return audience == TACHOI_AUDIENCE_NOT_MONOTONIC
               ? !aggregation->is_monotonic
               : aggregation->kind == TACHOI_AGGREGATION_LAST_VALUE;
}

/** Counts a value that some stream did not take. */
static inline void tachoi_instrument_refuse(struct tachoi_instrument *instrument,
                                            enum tachoi_audience audience) {
    tachoi_instrument_drop(instrument, audience == TACHOI_AUDIENCE_NOT_MONOTONIC
                                           ? TACHOI_DROP_NEGATIVE
                                           : TACHOI_DROP_NOT_FINITE);
}

/** Joins the instrument to attributes in each of its streams (bound.c). NULL when memory is short,
 * when nobody reads the instrument, and in a forked child. */
tacho_spi_bound *tachoi_instrument_bind(void *self, tacho_attributes attributes);

/** Gives back all bound handles that are left; for destroy. */
void tachoi_instrument_release_all(struct tachoi_instrument *instrument);

#endif
