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
 * lookup8, observe, observe_locked. */
void bench_add_floors(void);

/* --- in a shared library of their own --- */

#define FLOOR_API __attribute__((visibility("default")))

/** One atomic addition behind one call through a shared library. */
FLOOR_API void floor_xadd(_Atomic(int64_t) *counter, int64_t value);
/** Nothing behind one. */
FLOOR_API void floor_nothing(void *handle, int64_t value, tacho_attributes attributes);

#endif
