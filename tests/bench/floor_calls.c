/* SPDX-License-Identifier: Apache-2.0 */
/* The shared library of the floors that are calls. */
#include <stdatomic.h>

#include "bench/floors.h"

_Static_assert(BOUNDS + 1 == 16, "compared in 8 pairs");

void floor_xadd(_Atomic(int64_t) *counter, int64_t value) {
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

typedef double floor_pair __attribute__((vector_size(16)));
typedef int64_t floor_counts __attribute__((vector_size(16)));

/** 15 bounds, and one that no value exceeds. */
static inline size_t find(const struct floor_handle *handle, double value) {
    const floor_pair *bounds = (const floor_pair *)(const void *)handle->bounds;
    const floor_pair values = {value, value};
    /* true is -1 */
    const floor_counts low =
        ((floor_counts)(bounds[0] >= values) + (floor_counts)(bounds[1] >= values)) +
        ((floor_counts)(bounds[2] >= values) + (floor_counts)(bounds[3] >= values));
    const floor_counts high =
        ((floor_counts)(bounds[4] >= values) + (floor_counts)(bounds[5] >= values)) +
        ((floor_counts)(bounds[6] >= values) + (floor_counts)(bounds[7] >= values));
    const floor_counts all = low + high;
    return BOUNDS + 1 + (size_t)(all[0] + all[1]);
}

static inline void observe(struct floor_histogram *cell, size_t bucket, double value) {
    cell->buckets[bucket]++;
    cell->sum += value;
    if (value < cell->min) {
        cell->min = value;
    }
    if (value > cell->max) {
        cell->max = value;
    }
}

void floor_observe(struct floor_handle *handle, double value) {
    struct floor_histogram *cell = handle->cell;
    cell->buckets[find(handle, value)]++;
    cell->sum += value;
    cell->count++;
}

void floor_observe_marked(struct floor_handle *handle, double value) {
    struct floor_histogram *cell = handle->cell;
    const size_t bucket = find(handle, value);
    if (atomic_load_explicit(&cell->lock, memory_order_relaxed) == 0) {
        atomic_store_explicit(&cell->lock, 1, memory_order_relaxed);
        atomic_signal_fence(memory_order_seq_cst);
        observe(cell, bucket, value);
        atomic_store_explicit(&cell->lock, 0, memory_order_release);
    }
}

void floor_observe_locked(struct floor_handle *handle, double value) {
    struct floor_histogram *cell = handle->cell;
    const size_t bucket = find(handle, value);
    if (atomic_exchange_explicit(&cell->lock, 1, memory_order_acquire) == 0) {
        observe(cell, bucket, value);
        atomic_store_explicit(&cell->lock, 0, memory_order_release);
    }
}

void floor_nothing(void *handle, int64_t value, tacho_attributes attributes) {
    (void)handle;
    (void)value;
    (void)attributes;
}
