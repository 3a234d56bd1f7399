/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of one stream: from attributes to a cell, the cardinality limit, and reading all
 * cells at a collection. Knows nothing of instruments, names, readers or exporters.
 *
 * Which calls may run together on one storage:
 *
 *                 record   bind/release   bound record   collect   destroy
 *   record          yes        yes            yes          yes       no
 *   bind/release    yes        yes            yes          yes       no
 *   bound record    yes        yes            yes          yes       no
 *   collect         yes        yes            yes          no*       no
 *
 * (*) the pipeline serialises collections. Progress: recording a known series is wait-free for last
 * values and integer sums; a double sum retries only where another recorder has got through; a
 * histogram tries a bounded number of times. A new series takes the map's lock for its insertion.
 * In a forked child recording a known series goes on (sets beyond a full limit go to the overflow
 * series, as ever), a new one is dropped without touching the lock. */
#ifndef TACHOI_STORAGE_STORAGE_H
#define TACHOI_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregation/aggregation.h"
#include "base/arena.h"
#include "tacho/attributes.h"
#include "tacho/sdk/clock.h"

/** Points of one stream as a collection found them, in the arena: an array of tacho_number_point
 * or tacho_histogram_point, as the aggregation tells. */
struct tachoi_points {
    void *items;
    size_t count;
    size_t size; /* of one element */
};

/** Measurements that could not be kept, by reason. */
struct tachoi_storage_drops {
    uint64_t contended; /* no cell and no ring slot was free */
    uint64_t no_memory; /* a new series could not be made */
    uint64_t forked;    /* a new series in a forked child */
};

/* --- streams of synchronous instruments: cumulative, shared by readers of equal configuration ---
 */

struct tachoi_sync_storage;
struct tachoi_bound_series;

/** `aggregation` and its bounds are copied; `clock` is borrowed and must outlive the storage.
 * limit: series beside the overflow series. TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_sync_storage_create(const struct tachoi_aggregation *aggregation, uint32_t limit,
                               const tacho_clock *clock, struct tachoi_sync_storage **out);
void tachoi_sync_storage_destroy(struct tachoi_sync_storage *storage);

/** Records; the caller has judged the value. Of the two only the one for the aggregation's number
 * type may be called (f64 for histograms). */
void tachoi_sync_storage_record_i64(struct tachoi_sync_storage *storage, int64_t value,
                                    tacho_attributes attributes);
void tachoi_sync_storage_record_f64(struct tachoi_sync_storage *storage, double value,
                                    tacho_attributes attributes);

/** Finds or makes the series, gives it stripes and pins it; NULL when memory is short (or in a
 * forked child for an unknown set). Each bind must be released. */
struct tachoi_bound_series *tachoi_sync_storage_bind(struct tachoi_sync_storage *storage,
                                                     tacho_attributes attributes);
void tachoi_bound_series_release(struct tachoi_bound_series *series);

/** Async-signal-safe. */
void tachoi_bound_series_record_i64(struct tachoi_bound_series *series, int64_t value);
void tachoi_bound_series_record_f64(struct tachoi_bound_series *series, double value);

/** All series that have measurements, each consistent in itself. `time_unix_nano` is the time of
 * the points. False when memory is short (nothing is lost; the next collection has it). */
bool tachoi_sync_storage_collect(struct tachoi_sync_storage *storage, uint64_t time_unix_nano,
                                 struct tachoi_arena *arena, struct tachoi_points *out);

/** Number of series, the overflow series included. */
size_t tachoi_sync_storage_series_count(const struct tachoi_sync_storage *storage);

/** Adds what was dropped since the last call to `*into`. */
void tachoi_sync_storage_take_drops(struct tachoi_sync_storage *storage,
                                    struct tachoi_storage_drops *into);

/* --- streams of observable instruments: one per reader, used by its collecting thread only --- */

struct tachoi_async_storage;

int tachoi_async_storage_create(const struct tachoi_aggregation *aggregation, uint32_t limit,
                                struct tachoi_async_storage **out);
void tachoi_async_storage_destroy(struct tachoi_async_storage *storage);

/** Starts a collection: nothing is observed yet. `creation_unix_nano` of the instrument and
 * `previous_unix_nano` of the last collection (0 at the first) give start times (TIME-09).
 * `was_complete`: in the last collection all callbacks ran, so that sets it did not observe are
 * gone; else their absence says nothing and they keep identity and start time. */
void tachoi_async_storage_begin(struct tachoi_async_storage *storage, uint64_t time_unix_nano,
                                uint64_t previous_unix_nano, uint64_t creation_unix_nano,
                                bool was_complete);

/** Keeps the value; for one set the last one counts. Beyond the limit sums add up in the overflow
 * series and last values overwrite each other there (ASYNC-07: the first observed sets have their
 * own). */
void tachoi_async_storage_observe_i64(struct tachoi_async_storage *storage, int64_t value,
                                      tacho_attributes attributes);
void tachoi_async_storage_observe_f64(struct tachoi_async_storage *storage, double value,
                                      tacho_attributes attributes);

/** The sets observed since begin. A set that is no longer observed yields no point, and is
 * forgotten after its absence. */
bool tachoi_async_storage_collect(struct tachoi_async_storage *storage, struct tachoi_arena *arena,
                                  struct tachoi_points *out);
void tachoi_async_storage_take_drops(struct tachoi_async_storage *storage,
                                     struct tachoi_storage_drops *into);

#endif
