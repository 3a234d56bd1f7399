/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sampling and its lock: a word that is 0 when free, else the fork generation of the
 * holder. */
#include "aggregation/exemplar_reservoir.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "aggregation/exemplar_slot.h"
#include "aggregation/explicit_histogram.h"
#include "base/alloc.h"
#include "base/fork.h"
#include "base/hash.h"
#include "base/random.h"

enum { POLLS = 200, YIELDS = 1000, NAP_NS = 100000 };
enum { EXPONENTIAL_PLACES = 20 };

struct tachoi_exemplar_reservoir {
    /* immutable after create */
    size_t stratum_count;
    size_t places;        /* of each stratum */
    const double *bounds; /* borrowed; stratum_count - 1 of them */
    bool forgets;         /* delta */
    /* atomic */
    _Atomic(uint32_t) lock;
    /* guarded by lock */
    struct tachoi_rng rng;
    uint64_t *seen; /* of each stratum in this round */
    struct tachoi_exemplar_slot slots[];
};

static size_t slot_count(const struct tachoi_exemplar_reservoir *reservoir) {
    return reservoir->stratum_count * reservoir->places;
}

/* --- the lock -------------------------------------------------------------------------------- */

/* Called with the lock of a thread that fork left behind: what it was writing may be half of two
 * measurements, and memory may be half handed over. So all is forgotten, and the memory is lost. */
static void abandon_locked(struct tachoi_exemplar_reservoir *reservoir) {
    memset(reservoir->slots, 0, slot_count(reservoir) * sizeof reservoir->slots[0]);
    memset(reservoir->seen, 0, reservoir->stratum_count * sizeof reservoir->seen[0]);
}

static bool try_lock(struct tachoi_exemplar_reservoir *reservoir) {
    const uint32_t mine = tachoi_fork_generation();
    uint32_t seen = atomic_load_explicit(&reservoir->lock, memory_order_relaxed);
    /* acquire; pairs with the release in unlock: what the last holder wrote is visible */
    if (seen == mine ||
        !atomic_compare_exchange_strong_explicit(&reservoir->lock, &seen, mine,
                                                 memory_order_acquire, memory_order_relaxed)) {
        return false;
    }
    if (seen != 0) {
        abandon_locked(reservoir);
    }
    return true;
}

static void unlock(struct tachoi_exemplar_reservoir *reservoir) {
    atomic_store_explicit(&reservoir->lock, 0, memory_order_release); /* pairs with try_lock */
}

/* The holder stores one measurement, but may have been preempted, even for long where it has a
 * lower priority: then it needs the processor. */
static void lock_wait(struct tachoi_exemplar_reservoir *reservoir) {
    const struct timespec nap = {.tv_sec = 0, .tv_nsec = NAP_NS};
    for (unsigned attempts = 0; !try_lock(reservoir);) {
        attempts += attempts < POLLS + YIELDS;
        if (attempts >= POLLS + YIELDS) {
            (void)nanosleep(&nap, NULL);
        } else if (attempts >= POLLS) {
            (void)sched_yield();
        }
    }
}

/* --- making ---------------------------------------------------------------------------------- */

/* Different for each reservoir and process, without a system call. */
static uint64_t draw_seed(void) {
    static _Atomic(uint64_t) made;
    /* relaxed: only that the numbers differ matters */
    const uint64_t number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed);
    return tachoi_hash_bytes(&number, sizeof number, tachoi_hash_seed());
}

size_t tachoi_exemplar_places(const tacho_exemplar_reservoir_config *config, void *user) {
    if (user != NULL) {
        return (size_t)(uintptr_t)user;
    }
    if (config->max_size != 0) {
        return config->max_size < EXPONENTIAL_PLACES ? config->max_size : EXPONENTIAL_PLACES;
    }
    return 1;
}

/* Bytes for the reservoir, its slots, and behind them the counters; false on overflow. */
static bool measure(size_t stratum_count, size_t places, size_t *out) {
    size_t slots;
    size_t counters;
    size_t size;
    return tachoi_size_mul(stratum_count, places, &slots) &&
           tachoi_size_mul(slots, sizeof(struct tachoi_exemplar_slot), &size) &&
           tachoi_size_mul(stratum_count, sizeof(uint64_t), &counters) &&
           tachoi_size_add(size, counters, &size) &&
           tachoi_size_add(size, sizeof(struct tachoi_exemplar_reservoir), out);
}

struct tachoi_exemplar_reservoir *
tachoi_exemplar_reservoir_create(const tacho_exemplar_reservoir_config *config,
                                 size_t stratum_count, size_t places) {
    size_t size;
    if (!measure(stratum_count, places, &size) || !tachoi_fork_watch()) {
        return NULL;
    }
    struct tachoi_exemplar_reservoir *reservoir = tachoi_calloc(1, size);
    if (reservoir == NULL) {
        return NULL;
    }
    reservoir->stratum_count = stratum_count;
    reservoir->places = places;
    reservoir->bounds = config->boundaries;
    reservoir->forgets = config->temporality == TACHO_TEMPORALITY_DELTA;
    reservoir->seen = (uint64_t *)(void *)&reservoir->slots[slot_count(reservoir)];
    tachoi_rng_seed(&reservoir->rng, draw_seed());
    return reservoir;
}

void tachoi_exemplar_reservoir_destroy(void *self) {
    struct tachoi_exemplar_reservoir *reservoir = self;
    if (reservoir == NULL) {
        return;
    }
    for (size_t i = 0; i < slot_count(reservoir); i++) {
        tachoi_exemplar_slot_fini(&reservoir->slots[i]);
    }
    tachoi_free(reservoir);
}

void tachoi_exemplar_reservoir_seed(struct tachoi_exemplar_reservoir *reservoir, uint64_t seed) {
    tachoi_rng_seed(&reservoir->rng, seed);
}

/* --- sampling -------------------------------------------------------------------------------- */

static size_t stratum_of(const struct tachoi_exemplar_reservoir *reservoir,
                         const tacho_exemplar_measurement *measurement) {
    if (reservoir->stratum_count == 1) {
        return 0;
    }
    const double value = measurement->number_type == TACHO_NUMBER_I64
                             ? (double)measurement->value.i64
                             : measurement->value.f64;
    return tachoi_histogram_bucket(reservoir->bounds, reservoir->stratum_count - 1, value);
}

void tachoi_exemplar_reservoir_offer(void *self, const tacho_exemplar_measurement *measurement) {
    struct tachoi_exemplar_reservoir *reservoir = self;
    const size_t stratum = stratum_of(reservoir, measurement);
    if (!try_lock(reservoir)) {
        return;
    }
    const uint64_t seen = reservoir->seen[stratum]++;
    const uint64_t place = seen < reservoir->places ? seen : tachoi_rng_upto(&reservoir->rng, seen);
    if (place < reservoir->places) {
        /* without memory the measurement is as if it had not been drawn */
        (void)tachoi_exemplar_slot_store(
            &reservoir->slots[stratum * reservoir->places + (size_t)place], measurement);
    }
    unlock(reservoir);
}

static size_t count_set_locked(const struct tachoi_exemplar_reservoir *reservoir) {
    size_t count = 0;
    for (size_t i = 0; i < slot_count(reservoir); i++) {
        count += reservoir->slots[i].is_set ? 1 : 0;
    }
    return count;
}

/* Copies what is set into the arena and begins a new round; what memory is short for is left out.
 * The arena allocates under the lock: offers that come meanwhile give up, nobody waits. */
static struct tachoi_exemplar_slot *take_locked(struct tachoi_exemplar_reservoir *reservoir,
                                                struct tachoi_arena *arena, size_t *count) {
    const size_t set = count_set_locked(reservoir);
    struct tachoi_exemplar_slot *taken =
        set != 0 ? tachoi_arena_alloc(arena, set, sizeof *taken) : NULL;
    *count = 0;
    for (size_t i = 0; set != 0 && i < slot_count(reservoir); i++) {
        struct tachoi_exemplar_slot *slot = &reservoir->slots[i];
        if (slot->is_set && taken != NULL) {
            *count += tachoi_exemplar_slot_copy(slot, arena, &taken[*count]) ? 1 : 0;
        }
        slot->is_set = slot->is_set && !reservoir->forgets;
    }
    memset(reservoir->seen, 0, reservoir->stratum_count * sizeof reservoir->seen[0]);
    return taken;
}

void tachoi_exemplar_reservoir_collect(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    struct tachoi_exemplar_reservoir *reservoir = self;
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    size_t count;
    lock_wait(reservoir);
    const struct tachoi_exemplar_slot *taken = take_locked(reservoir, &arena, &count);
    unlock(reservoir);
    for (size_t i = 0; i < count; i++) {
        tacho_exemplar exemplar;
        if (tachoi_exemplar_slot_read(&taken[i], &arena, &exemplar)) {
            sink(sink_self, &exemplar);
        }
    }
    tachoi_arena_fini(&arena);
}
