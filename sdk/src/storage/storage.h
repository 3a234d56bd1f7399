/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of one stream: from attributes to a cell, the cardinality limit, and reading all
 * cells at a collection. Knows nothing of instruments, names, readers or exporters.
 *
 * Which calls may run together on one storage:
 *
 *                 record   bind/release   bound record   remove   collect   destroy
 *   record          yes        yes            yes          yes      yes       no
 *   bind/release    yes        yes            yes          yes      yes       no
 *   bound record    yes        yes            yes          yes      yes       no
 *   remove          yes        yes            yes          yes      yes       no
 *   collect         yes        yes            yes          yes      no*       no
 *
 * (*) the pipeline serialises collections. Progress: recording a known series is wait-free for last
 * values and integer sums; a double sum retries only where another recorder has got through; a
 * histogram tries a bounded number of times. A new series takes the map's lock for its insertion,
 * and in a delta stream the first measurement of a series in each interval takes it for its place.
 * In a forked child recording a known series goes on (sets beyond a full limit go to the overflow
 * series, as ever), a new one is dropped without touching the lock. */
#ifndef TACHOI_STORAGE_STORAGE_H
#define TACHOI_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregation/aggregation.h"
#include "attributes/attribute_filter.h"
#include "base/arena.h"
#include "storage/exemplars.h"
#include "tacho/attributes.h"
#include "tacho/sdk/clock.h"

/** Points of one stream as a collection found them: an array of tacho_number_point,
 * tacho_histogram_point or tacho_exponential_histogram_point, as the aggregation tells. */
struct tachoi_points {
    void *items;
    size_t count;
    size_t size; /* of one element */
};

/** Size of a point of this aggregation. */
size_t tachoi_point_size(const struct tachoi_aggregation *aggregation);

/** How far a reading came. */
enum tachoi_read {
    TACHOI_READ_ALL,      /* nothing is left */
    TACHOI_READ_LIMIT,    /* the limit is reached; whether more follows is not known */
    TACHOI_READ_NO_MEMORY /* memory is short: what is left comes with a later collection */
};

/** Measurements that could not be kept, by reason. */
struct tachoi_storage_drops {
    uint64_t contended; /* no cell and no ring slot was free */
    uint64_t no_memory; /* a new series could not be made */
    uint64_t forked;    /* a new series in a forked child */
};

/** What a storage is made for. Everything pointed to is borrowed and must outlive the storage, but
 * the aggregation and the policy, which are copied (the aggregation with its bounds). */
struct tachoi_storage_config {
    const struct tachoi_aggregation *aggregation;
    uint32_t limit; /* series beside the overflow series; TACHO_NO_LIMIT */
    bool is_delta;
    uint64_t idle_ns; /* synchronous: how long an unused series stays; 0 = for ever */
    const struct tachoi_attribute_filter *filter;   /* NULL = all attributes */
    const struct tachoi_exemplar_policy *exemplars; /* NULL = none; its aggregation is set by the
                                                       storage */
    const tacho_clock *clock;
    uint64_t creation_unix_nano; /* of the instrument */
};

/** When a collection is. */
struct tachoi_moment {
    uint64_t unix_nano;
    uint64_t monotonic_ns;
};

/* --- streams of synchronous instruments: each belongs to one reader --- */

struct tachoi_sync_storage;
struct tachoi_bound_series;

/** TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_sync_storage_create(const struct tachoi_storage_config *config,
                               struct tachoi_sync_storage **out);
void tachoi_sync_storage_destroy(struct tachoi_sync_storage *storage);

/** Records; the caller has judged the value. Of sums and last values only the function for the
 * aggregation's number type may be called; histograms take both. */
void tachoi_sync_storage_record_i64(struct tachoi_sync_storage *storage, int64_t value,
                                    tacho_attributes attributes);
void tachoi_sync_storage_record_f64(struct tachoi_sync_storage *storage, double value,
                                    tacho_attributes attributes);

/** Finds or makes the series, gives it stripes and pins it: it keeps its place under the limit, in
 * every interval of a delta stream too. NULL when memory is short (or in a forked child for an
 * unknown set). Each bind must be released. */
struct tachoi_bound_series *tachoi_sync_storage_bind(struct tachoi_sync_storage *storage,
                                                     tacho_attributes attributes);
void tachoi_bound_series_release(struct tachoi_bound_series *bound);

/** Async-signal-safe where exemplars are not on. `attributes`: all that were bound, for exemplars.
 */
void tachoi_bound_series_record_i64(struct tachoi_bound_series *bound, int64_t value,
                                    const tacho_attributes *attributes);
void tachoi_bound_series_record_f64(struct tachoi_bound_series *bound, double value,
                                    const tacho_attributes *attributes);

/**
 * Ends the series of exactly these attributes: the next collection yields its point once more if it
 * has measurements that none has yielded, then it is gone. If the set is recorded before that, the
 * series goes on. TACHO_OK; TACHO_E_NOT_FOUND (no such series, the overflow series, or the filter
 * leaves one of the attributes out); TACHO_E_BUSY (it is bound); TACHO_E_FORKED.
 * tachoi_sync_storage_is_bound tells beforehand whether it would be busy.
 */
int tachoi_sync_storage_remove(struct tachoi_sync_storage *storage, tacho_attributes attributes);
bool tachoi_sync_storage_is_bound(struct tachoi_sync_storage *storage, tacho_attributes attributes);

/**
 * Begins a collection: the interval of a delta stream ends here. The series that there are now are
 * read by the calls that follow, part by part; recording, binding and removal may go on between
 * them. A reading that is not finished is given up: what is left comes with this one.
 */
void tachoi_sync_storage_begin(struct tachoi_sync_storage *storage, struct tachoi_moment now);

/** How many points what has not been read can have at most. */
size_t tachoi_sync_storage_unread(const struct tachoi_sync_storage *storage);

/**
 * Reads on, in the order of the series, until there are `limit` points. Cumulative: all series that
 * have measurements; delta: those that were recorded since the last collection, which begin anew
 * from zero. Each point is consistent in itself. Points carry the exemplars, and start times by
 * TIME-04..08. They go behind those that `points` has, which has room for the limit and the
 * aggregation's size; what they point to lies in the arena and, texts of attributes, in the series:
 * valid until the next collection begins. Where memory is short the reading ends; nothing is lost.
 */
enum tachoi_read tachoi_sync_storage_read(struct tachoi_sync_storage *storage,
                                          struct tachoi_arena *arena, size_t limit,
                                          struct tachoi_points *points);

/** A whole collection: begins, and reads all, into the arena. False when memory is short: `out`
 * then holds the series that could be read. */
bool tachoi_sync_storage_collect(struct tachoi_sync_storage *storage, struct tachoi_moment now,
                                 struct tachoi_arena *arena, struct tachoi_points *out);

/** Number of series held, the overflow series included. Any thread. */
size_t tachoi_sync_storage_series_count(const struct tachoi_sync_storage *storage);

/** Adds what was dropped since the last call to `*into`. */
void tachoi_sync_storage_take_drops(struct tachoi_sync_storage *storage,
                                    struct tachoi_storage_drops *into);

/* --- streams of observable instruments: one per reader, used by its collecting thread only --- */

struct tachoi_async_storage;

/** Sums and last values only; idle_ns does not apply. TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_async_storage_create(const struct tachoi_storage_config *config,
                                struct tachoi_async_storage **out);
void tachoi_async_storage_destroy(struct tachoi_async_storage *storage);

/** Starts a collection: nothing is observed yet. `was_complete`: in the last collection all
 * callbacks ran, so that sets it did not observe are gone; else their absence says nothing and they
 * keep identity, start time and, for deltas, the value last reported. */
void tachoi_async_storage_begin(struct tachoi_async_storage *storage, struct tachoi_moment now,
                                bool was_complete);

/** Keeps the value. For one set the last one counts; but where the filter leaves attributes out,
 * sums add up, as do those beyond the limit in the overflow series, since several sets become one;
 * last values overwrite each other. The first observed sets have series of their own (ASYNC-07,
 * AGG-11). */
void tachoi_async_storage_observe_i64(struct tachoi_async_storage *storage, int64_t value,
                                      tacho_attributes attributes);
void tachoi_async_storage_observe_f64(struct tachoi_async_storage *storage, double value,
                                      tacho_attributes attributes);

/** How many points what has not been read since begin can have at most. */
size_t tachoi_async_storage_unread(const struct tachoi_async_storage *storage);

/** Reads on, as above: the sets observed since begin; of delta sums what they have grown by since
 * the collection that last yielded them (a set that was gone begins from zero). A set that is no
 * longer observed yields no point, and is forgotten after its absence. Start times by TIME-04..09.
 * What points point to is valid until the next begin. */
enum tachoi_read tachoi_async_storage_read(struct tachoi_async_storage *storage,
                                           struct tachoi_arena *arena, size_t limit,
                                           struct tachoi_points *points);

/** All sets observed since begin, into the arena. False when memory is short, as above. */
bool tachoi_async_storage_collect(struct tachoi_async_storage *storage, struct tachoi_arena *arena,
                                  struct tachoi_points *out);
void tachoi_async_storage_take_drops(struct tachoi_async_storage *storage,
                                     struct tachoi_storage_drops *into);
/** Number of series held, the overflow series included. Any thread. */
size_t tachoi_async_storage_series_count(const struct tachoi_async_storage *storage);

#endif
