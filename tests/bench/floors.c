/* SPDX-License-Identifier: Apache-2.0 */
/* The floors of recording. See floors.h. */
#include "bench/floors.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* --- what is recorded --- */

double bench_values[VALUES];
const double bench_bounds[BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
                                     0.75,  1,    2.5,   5,    7.5,   10,  25};

void bench_values_init(void) {
    uint64_t random = 42;
    for (size_t i = 0; i < VALUES; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double octave = (double)(random >> 60U) - 11; /* 2^-11 .. 2^4 */
        const double part = 1 + (double)((random >> 20U) & 0xfffffU) / 1048576;
        bench_values[i] = part;
        for (double step = octave; step != 0; step += step < 0 ? 1 : -1) {
            bench_values[i] *= step < 0 ? 0.5 : 2;
        }
    }
}

void bench_sets_init(struct bench_sets *sets, size_t attribute_count) {
    static const char *const methods[4] = {"GET", "PUT", "POST", "HEAD"};
    static const char *const codes[4] = {"200", "304", "404", "503"};
    static const char *const routes[4] = {"/api/v1/customers", "/api/v1/customers/:id",
                                          "/api/v1/orders/search", "/api/v1/orders/:id"};
    sets->attribute_count = attribute_count;
    for (size_t i = 0; i < SETS; i++) {
        tacho_attribute *items = sets->items[i];
        items[0] = TACHO_STR("method", methods[i % 4]);
        items[1] = TACHO_STR("status_code", codes[i / 4 % 4]);
        items[2] = TACHO_STR("route", routes[i / 16]);
        items[3] = TACHO_STR("server.address", "shop.example.org");
        items[4] = TACHO_STR("network.protocol", "1.1");
        items[5] = TACHO_STR("url.scheme", "https");
        items[6] = TACHO_STR("error.type", "none");
        items[7] = TACHO_STR("customer.class", "standard");
    }
}

/* --- additions and calls --- */

static _Atomic(int64_t) shared_counter;
static _Thread_local uint64_t own_counter;

static void run_xadd(void *state, unsigned thread, uint64_t iterations) {
    (void)state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        atomic_fetch_add_explicit(&shared_counter, 1, memory_order_relaxed);
    }
}

static void run_tls(void *state, unsigned thread, uint64_t iterations) {
    (void)state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        own_counter++;
        BENCH_TOUCH(&own_counter);
    }
}

static void run_xadd_call(void *state, unsigned thread, uint64_t iterations) {
    (void)state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        floor_xadd(&shared_counter, 1);
    }
}

static void run_empty_call(void *state, unsigned thread, uint64_t iterations) {
    const struct bench_sets *sets = state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        floor_nothing(&shared_counter, 1, bench_set(sets, i));
    }
}

/* --- a look-up: the bytes of the list as it is, hashed, probed for, compared --- */

enum { PACKED_MAX = 256, SLOTS = 4 * SETS };

struct floor_series {
    uint64_t hash;
    size_t size;
    _Alignas(64) _Atomic(uint64_t) counter;
    unsigned char packed[PACKED_MAX];
};

struct floor_table {
    struct bench_sets sets;
    struct floor_series series[SETS];
    struct floor_series *slots[SLOTS];
};

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/** Two moves of one size, which may overlap: a call of memcpy for each of these few bytes makes the
 * whole look-up 4 ns slower with 3 attributes, 25 with 8. */
ALWAYS_INLINE unsigned char *put_text(unsigned char *to, tacho_string text) {
    const char *from = text.data;
    const size_t length = text.length;
    *to++ = (unsigned char)length;
    if (length > 16) {
        memcpy(to, from, 16);
        if (length > 32) {
            memcpy(to + 16, from + 16, length - 32);
        }
        memcpy(to + length - 16, from + length - 16, 16);
    } else if (length >= 8) {
        memcpy(to, from, 8);
        memcpy(to + length - 8, from + length - 8, 8);
    } else if (length >= 4) {
        memcpy(to, from, 4);
        memcpy(to + length - 4, from + length - 4, 4);
    } else if (length > 0) {
        to[0] = (unsigned char)from[0];
        to[length / 2] = (unsigned char)from[length / 2];
        to[length - 1] = (unsigned char)from[length - 1];
    }
    return to + length;
}

ALWAYS_INLINE size_t pack(unsigned char *out, tacho_attributes attributes) {
    unsigned char *at = out;
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *item = &attributes.items[i];
        const unsigned char type = (unsigned char)item->value.type;
        const tacho_string value = item->value.as.string;
        at = put_text(at, item->key);
        *at++ = type;
        at = put_text(at, value);
    }
    return (size_t)(at - out);
}

static struct floor_series **probe(struct floor_table *table, uint64_t hash,
                                   const unsigned char *packed, size_t size) {
    for (size_t i = hash % SLOTS;; i = (i + 1) % SLOTS) {
        const struct floor_series *series = table->slots[i];
        if (series == NULL || (series->hash == hash && series->size == size &&
                               memcmp(series->packed, packed, size) == 0)) {
            return &table->slots[i];
        }
    }
}

static void floor_table_init(struct floor_table *table, size_t attribute_count) {
    bench_sets_init(&table->sets, attribute_count);
    for (size_t i = 0; i < SETS; i++) {
        struct floor_series *series = &table->series[i];
        series->size = pack(series->packed, bench_set(&table->sets, i));
        series->hash = XXH3_64bits(series->packed, series->size);
        *probe(table, series->hash, series->packed, series->size) = series;
    }
}

ALWAYS_INLINE struct floor_series *look_up(struct floor_table *table, uint64_t number) {
    unsigned char packed[PACKED_MAX];
    const size_t size = pack(packed, bench_set(&table->sets, number));
    return *probe(table, XXH3_64bits(packed, size), packed, size);
}

/** With a cell of this thread. */
static void run_lookup(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        struct floor_series *series = look_up(state, i);
        const uint64_t old = atomic_load_explicit(&series->counter, memory_order_relaxed);
        atomic_store_explicit(&series->counter, old + 1, memory_order_relaxed);
    }
}

/** With a cell that others may add to as well. */
static void run_lookup_xadd(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        atomic_fetch_add_explicit(&look_up(state, i)->counter, 1, memory_order_relaxed);
    }
}

/* --- an observation: the bucket found, bucket, sum and count of one thread --- */

static inline size_t find_bucket(double value) {
    size_t low = 0;
    for (size_t length = BOUNDS; length > 0;) {
        const size_t half = length / 2;
        const bool is_above = value > bench_bounds[low + half];
        low = is_above ? low + half + 1 : low;
        length = is_above ? length - half - 1 : half;
    }
    return low;
}

static void run_observe(void *state, unsigned thread, uint64_t iterations) {
    static struct floor_histogram cell;
    (void)state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        const double value = bench_values[i % VALUES];
        cell.buckets[find_bucket(value)]++;
        cell.sum += value;
        cell.count++;
        BENCH_TOUCH(&cell);
    }
}

/** What a snapshot that is consistent in itself needs at least, if nobody is ever there: an
 * exchange to take the cell, a store to give it back. With minimum and maximum; the buckets are the
 * count. */
static void run_observe_locked(void *state, unsigned thread, uint64_t iterations) {
    static struct floor_histogram cell = {.min = 1e300, .max = -1e300};
    (void)state;
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        const double value = bench_values[i % VALUES];
        const size_t bucket = find_bucket(value);
        if (atomic_exchange_explicit(&cell.lock, 1, memory_order_acquire) == 0) {
            cell.buckets[bucket]++;
            cell.sum += value;
            if (value < cell.min) {
                cell.min = value;
            }
            if (value > cell.max) {
                cell.max = value;
            }
            atomic_store_explicit(&cell.lock, 0, memory_order_release);
        }
        BENCH_TOUCH(&cell);
    }
}

#define OBSERVE_CALL_RUN(name, call)                                                               \
    static void name(void *state, unsigned thread, uint64_t iterations) {                          \
        (void)thread;                                                                              \
        for (uint64_t i = 0; i < iterations; i++) {                                                \
            call(state, bench_values[i % VALUES]);                                                 \
        }                                                                                          \
    }

OBSERVE_CALL_RUN(run_observe_call, floor_observe)
OBSERVE_CALL_RUN(run_observe_marked_call, floor_observe_marked)
OBSERVE_CALL_RUN(run_observe_locked_call, floor_observe_locked)

static struct floor_handle *make_handle(void) {
    static struct floor_histogram cell = {.min = 1e300, .max = -1e300};
    static struct floor_handle handle = {.cell = &cell};
    memcpy(handle.bounds, bench_bounds, sizeof bench_bounds);
    handle.bounds[BOUNDS] = INFINITY;
    return &handle;
}

void bench_add_floors(void) {
    struct floor_handle *handle = make_handle();
    static struct floor_table tables[2];
    floor_table_init(&tables[0], 3);
    floor_table_init(&tables[1], 8);
    const struct bench_case floors[] = {
        {.name = "floor.xadd", .run = run_xadd},
        {.name = "floor.xadd.2t", .run = run_xadd, .threads = 2},
        {.name = "floor.tls", .run = run_tls},
        {.name = "floor.xadd_call", .run = run_xadd_call},
        {.name = "floor.empty_call", .run = run_empty_call, .state = &tables[0].sets},
        {.name = "floor.lookup3", .run = run_lookup, .state = &tables[0]},
        {.name = "floor.lookup8", .run = run_lookup, .state = &tables[1]},
        {.name = "floor.lookup3_xadd", .run = run_lookup_xadd, .state = &tables[0]},
        {.name = "floor.lookup8_xadd", .run = run_lookup_xadd, .state = &tables[1]},
        {.name = "floor.observe", .run = run_observe},
        {.name = "floor.observe_locked", .run = run_observe_locked},
        {.name = "floor.observe_call", .run = run_observe_call, .state = handle},
        {.name = "floor.observe_marked_call", .run = run_observe_marked_call, .state = handle},
        {.name = "floor.observe_locked_call", .run = run_observe_locked_call, .state = handle},
    };
    for (size_t i = 0; i < sizeof floors / sizeof *floors; i++) {
        bench_add(&floors[i]);
    }
}
