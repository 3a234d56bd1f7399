/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the floors: the least that a machine needs for the same task, written without any of what a
 * metrics library must add. Cases of recording are compared with them. */
#ifndef TACHO_BENCH_FLOORS_H
#define TACHO_BENCH_FLOORS_H

#include "bench/bench.h"
#include "tacho/attributes.h"

enum { SETS = 64, SET_ATTRIBUTES_MAX = 8, VALUES = 1024, BOUNDS = 15 };

/** The same sets, values and bounds for floors and library. */
struct bench_sets {
    tacho_attribute items[SETS][SET_ATTRIBUTES_MAX];
    size_t attribute_count;
};

/** 64 different sets of 3 or 8 text attributes, keys not in order; 3 have about 60 bytes. */
void bench_sets_init(struct bench_sets *sets, size_t attribute_count);

static inline tacho_attributes bench_set(const struct bench_sets *sets, uint64_t number) {
    return tacho_attributes_from(sets->items[number % SETS], sets->attribute_count);
}

/** Latencies in seconds, most of them between the first and the last bound. */
extern double bench_values[VALUES];
extern const double bench_bounds[BOUNDS];
void bench_values_init(void);

/** Adds the floors, called floor.<what>: xadd, xadd.2t, tls, xadd_call, empty_call, lookup3,
 * lookup8, observe, observe_locked, observe_call, observe_marked_call, observe_locked_call. */
void bench_add_floors(void);

/* --- in a shared library of their own --- */

struct floor_histogram {
    _Atomic(uint32_t) lock;
    double sum;
    double min;
    double max;
    uint64_t count;
    uint64_t buckets[BOUNDS + 1];
};

/** What a library knows of an observation: where its cell is, and the bounds. */
struct floor_handle {
    struct floor_histogram *cell;
    _Alignas(16) double bounds[BOUNDS + 1]; /* the last is infinite */
};

#define FLOOR_API __attribute__((visibility("default")))

/** One atomic addition behind one call through a shared library. */
FLOOR_API void floor_xadd(_Atomic(int64_t) *counter, int64_t value);
/* An observation behind one, of what a handle tells: into cells of one thread; into such a cell
 * with minimum and maximum, between two plain stores that say so (what is left where the collector
 * can make the processors wait, and every thread has cells of its own); and behind an exchange.
 * Pairs of bounds are compared at once, as the library does. */
FLOOR_API void floor_observe(struct floor_handle *handle, double value);
FLOOR_API void floor_observe_marked(struct floor_handle *handle, double value);
FLOOR_API void floor_observe_locked(struct floor_handle *handle, double value);
/** Nothing behind one. */
FLOOR_API void floor_nothing(void *handle, int64_t value, tacho_attributes attributes);

#endif
