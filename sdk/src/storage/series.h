/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a series: its identity, its packed attributes and the way of a measurement into one of its
 * cells. Knows nothing of how a series is found, or of limits.
 *
 * A series starts with one cell, inline. When it is bound, when the collector finds it contended,
 * or when a recorder finds its cell held by a thread that does not run, it gets stripes for good:
 * from then on recorders use the stripes, and the inline cell stays as the first term of every sum.
 * Cells are never emptied into one another, and sums of doubles add them in one order, so a
 * cumulative sum of non-negative values never steps back. In a family that is_delta reading empties
 * each cell in one step (an exchange; for histograms under the lock), so that each measurement is
 * in one reading.
 *
 *                 record   promote   collector's calls
 *     record        yes      yes        yes
 *     promote       yes      yes        yes
 *     collector's   yes      yes        no
 *
 * Recording is async-signal-safe and allocates nothing. Progress: last values and integer sums are
 * wait-free; a double sum retries only when another recorder has got through; a histogram tries its
 * cells a bounded number of times, then the ring, then counts the measurement as contended. */
#ifndef TACHOI_STORAGE_SERIES_H
#define TACHOI_STORAGE_SERIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aggregation/aggregation.h"
#include "aggregation/exponential_histogram.h"
#include "attributes/attribute_set.h"
#include "storage/cell.h"
#include "storage/exemplars.h"
#include "storage/overflow_ring.h"
#include "storage/reserve.h"
#include "storage/stripes.h"

/** What all series of a storage share. */
struct tachoi_series_family {
    /* immutable while there are series */
    struct tachoi_aggregation aggregation;
    size_t cell_size;
    struct tachoi_overflow_ring *ring;              /* histograms only */
    const struct tachoi_exemplar_policy *exemplars; /* NULL: none, ever */
    bool is_delta;                                  /* cells are emptied at each collection */
    bool is_watched;                                /* series remember when they were in use */
    /* atomic; histograms only */
    struct tachoi_reserve reserve;
    /* atomic */
    _Atomic(uint64_t) contended; /* measurements dropped because the ring was full too */
    _Atomic(bool) takes_touches; /* the collector clears TACHOI_SERIES_TOUCHED: see below */
};

/* What recording reads stands together, right before the cell. */
struct tachoi_series {
    /* immutable after create */
    uint64_t id;
    /* collector only, once the series is findable */
    uint64_t start_time_unix_nano; /* in limbo: the epoch in which it was unlinked */
    /* atomic */
    struct tachoi_series_exemplars exemplars;
    _Atomic(struct tachoi_series *) next; /* the series made after this one */
    /* immutable after create */
    uint64_t hash;
    struct tachoi_series_family *family;
    uint32_t attributes_size;
    /* atomic; written under the map's lock: see series_map.h */
    _Atomic(uint32_t) earlier;
    _Atomic(uint32_t) place;
    /* atomic */
    _Atomic(uint32_t) use; /* TACHOI_SERIES_*, TACHOI_SERIES_PIN for each bound handle */
    _Atomic(struct tachoi_stripes *) stripes; /* NULL, then set once */
    /* the inline cell (family->cell_size bytes); the packed attributes: immutable; where the family
     * is watched, the time of tachoi_series_seen_ns */
    uint64_t storage[];
};

/* The bits of `use`.
 *
 * A recorder that finds a series by its attributes may record into it as long as it has a place
 * under the limit; else it must get it one first (series_map). After each measurement it sets
 * RECORDED and TOUCHED unless they are set. The collector clears TOUCHED, then reads or takes the
 * cells: so a measurement that it misses finds TOUCHED clear and sets it anew. For that the adding
 * and the looking at `use` that follows it must not change places: the additions are sequentially
 * consistent, as are the clearing and the reading, and the giving of stripes and looking for them;
 * histograms set the bits while they hold the cell; and last values are stored by an exchange, but
 * only where is_delta or takes_touches says that somebody clears the bit. A recorder that read
 * takes_touches as false just before the first removal of all may set no bit: its value is in the
 * next point of the series, but only a series that has not ended has a next one.
 *
 * TOUCHED is set together with RECORDED, which stays, so that recorders look at TOUCHED alone. It
 * may also be found where the cells hold nothing new: the recorder was between its addition and its
 * look at `use` when the collector did both of its steps. A measurement in the ring has set no bit:
 * it does when it is drained. */
#define TACHOI_SERIES_RECORDED UINT32_C(2) /* has a measurement, ever */
#define TACHOI_SERIES_TOUCHED UINT32_C(4)  /* has one since the collector looked */
#define TACHOI_SERIES_PIN UINT32_C(16)     /* one for each bound handle; under the map's lock */

static inline bool tachoi_series_is(const struct tachoi_series *series, uint32_t bits) {
    /* acquire; pairs with the release in mark_used: the first measurement is visible */
    return (atomic_load_explicit(&series->use, memory_order_acquire) & bits) == bits;
}

static inline bool tachoi_series_is_bound(const struct tachoi_series *series) {
    return atomic_load_explicit(&series->use, memory_order_acquire) >= TACHOI_SERIES_PIN;
}

/** A number that no series of this process has had. Any thread. */
uint64_t tachoi_series_next_id(void);

/** NULL when memory is short. */
struct tachoi_series *tachoi_series_create(struct tachoi_series_family *family,
                                           const struct tachoi_attribute_key *key,
                                           uint64_t start_time_unix_nano);

/** Nobody may hold the series any more, and no slot of the ring: drain it before. */
void tachoi_series_destroy(struct tachoi_series *series);

static inline struct tachoi_cell_head *tachoi_series_cell(struct tachoi_series *series) {
    return (struct tachoi_cell_head *)(void *)series->storage;
}

static inline struct tachoi_stripes *tachoi_series_stripes(struct tachoi_series *series) {
    /* acquire; pairs with the release in tachoi_series_promote: the cells are initialised */
    return atomic_load_explicit(&series->stripes, memory_order_acquire);
}

static inline const unsigned char *tachoi_series_attributes(const struct tachoi_series *series) {
    return (const unsigned char *)series->storage + series->family->cell_size;
}

/** Bytes of the cell, and of the attributes with what fills their last word up. */
static inline size_t tachoi_series_storage_size(const struct tachoi_series_family *family,
                                                uint32_t attributes_size) {
    return family->cell_size + ((size_t)attributes_size + 7) / 8 * 8;
}

/** The monotonic time at which a series of a watched family was last found in use, 0 at first.
 * Collector only. */
static inline uint64_t *tachoi_series_seen_ns(struct tachoi_series *series) {
    return series->storage +
           tachoi_series_storage_size(series->family, series->attributes_size) / sizeof(uint64_t);
}

/** Records; i64 for sums and last values of integers, f64 for all others. */
void tachoi_series_record_i64(struct tachoi_series *series, int64_t value);
void tachoi_series_record_f64(struct tachoi_series *series, double value);

/** Gives the series stripes if it has none and can use them (last values cannot). False when
 * memory is short. Any thread, no lock. */
bool tachoi_series_promote(struct tachoi_series *series);

/* --- the collector's calls --- */

/** Adds a measurement out of the ring. */
void tachoi_series_drain(struct tachoi_series *series, double value);

/** Promotes the series if it is contended: at least 64 signs since the last look, and one per
 * elapsed millisecond (less is not worth the memory). */
void tachoi_series_tend(struct tachoi_series *series, uint64_t elapsed_ms);

/** Clears TOUCHED; whether it was set. Before reading. */
bool tachoi_series_take_touch(struct tachoi_series *series);

/* Reading sums all cells up, or gives the last value. In a family that is_delta it empties the
 * cells as it reads, each measurement being in this reading or the next; a last value stays. */
int64_t tachoi_series_read_i64(struct tachoi_series *series);
double tachoi_series_read_f64(struct tachoi_series *series);

/** Adds all cells to `totals` and `buckets` (bound_count + 1 of them), which the caller has made
 * empty. Explicit histograms. */
void tachoi_series_read_histogram(struct tachoi_series *series,
                                  struct tachoi_histogram_totals *totals, uint64_t *buckets);

/** Merges all cells into `into`, an empty histogram of the family's max_size and max_scale. */
void tachoi_series_read_exponential(struct tachoi_series *series, struct tachoi_exponential *into);

#endif
