/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the life of a synchronous storage, and recording into it: from attributes to a series. What
 * happens in the series is series_record.c's, collecting is sync_collect.c's. */
#include "storage/sync_storage.h"
#include "storage/series_record.h"

#include "attributes/attribute_expected.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "tacho/status.h"

/* Apart, so that what is more often run saves no registers for what is not. */
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))

/** Fills what the series share; false when memory is short. */
static bool init_family(struct tachoi_sync_storage *storage,
                        const struct tachoi_aggregation *aggregation) {
    struct tachoi_series_family *family = &storage->family;
    family->aggregation = *aggregation;
    family->cell_size = tachoi_cell_size(aggregation);
    if (aggregation->bound_count != 0) {
        storage->bounds =
            tachoi_memdup(aggregation->bounds, aggregation->bound_count * sizeof(double));
        family->aggregation.bounds = storage->bounds;
        if (storage->bounds == NULL) {
            return false;
        }
    }
    if (!tachoi_aggregation_is_histogram(aggregation)) {
        return true;
    }
    family->ring = tachoi_calloc(1, sizeof(struct tachoi_overflow_ring));
    return family->ring != NULL && tachoi_reserve_refill(&family->reserve, &family->aggregation);
}

static bool init(struct tachoi_sync_storage *storage, const struct tachoi_storage_config *config) {
    /* Series come and go all the time there, so visits are counted from the beginning. */
    const bool ends_series = config->is_delta || config->idle_ns != 0;
    storage->filter = config->filter;
    for (size_t i = 0; i < TACHOI_LIST_LENGTHS; i++) {
        atomic_store_explicit(&storage->orders[i], TACHOI_ORDER_AS_GIVEN, memory_order_relaxed);
    }
    storage->idle_ns = config->idle_ns;
    storage->hash_seed = tachoi_hash_seed();
    storage->family.is_watched = config->idle_ns != 0;
    storage->interval_start_unix_nano = config->creation_unix_nano;
    storage->last_collect_ns = config->clock->monotonic_ns(config->clock->user);
    storage->family.is_delta = config->is_delta;
    atomic_init(&storage->family.takes_touches, ends_series);
    if (!init_family(storage, config->aggregation)) {
        return false;
    }
    if (config->exemplars != NULL) {
        storage->exemplars = *config->exemplars;
        storage->exemplars.aggregation = &storage->family.aggregation;
        storage->family.exemplars = &storage->exemplars;
    }
    return tachoi_series_map_init(&storage->map, &storage->family, config->limit, config->clock,
                                  ends_series) == TACHO_OK;
}

int tachoi_sync_storage_create(const struct tachoi_storage_config *config,
                               struct tachoi_sync_storage **out) {
    struct tachoi_sync_storage *storage = tachoi_calloc(1, sizeof *storage);
    if (storage == NULL || !init(storage, config)) {
        tachoi_sync_storage_destroy(storage);
        return TACHO_E_NO_MEMORY;
    }
    *out = storage;
    return TACHO_OK;
}

void tachoi_sync_storage_destroy(struct tachoi_sync_storage *storage) {
    if (storage == NULL) {
        return;
    }
    tachoi_series_map_fini(&storage->map);
    tachoi_reserve_fini(&storage->family.reserve);
    tachoi_free(storage->family.ring);
    tachoi_free(storage->bounds);
    tachoi_free(storage);
}

/* --- recording --- */

static inline _Atomic(uint64_t) *expected_order(struct tachoi_sync_storage *storage,
                                                tacho_attributes attributes) {
    return &storage->orders[attributes.count % TACHOI_LIST_LENGTHS];
}

/** Expects the next lists of this length in the order of this one. Sets beyond the limit come here
 * each time, and so do lists that are too long to be packed in any order, so they teach nothing:
 * what all recorders read is not to be written all the time. */
static void learn_order(struct tachoi_sync_storage *storage, const struct tachoi_attribute_key *key,
                        const struct tachoi_series *series) {
    if (storage->filter == NULL && key->is_packed && series != storage->map.overflow) {
        const uint64_t order = tachoi_attribute_order(key->source);
        _Atomic(uint64_t) *expected = expected_order(storage, key->source);
        if (order != atomic_load_explicit(expected, memory_order_relaxed)) {
            atomic_store_explicit(expected, order, memory_order_relaxed);
        }
    }
}

/** Out of line: it happens once for a series, or once in an interval. */
static NOINLINE struct tachoi_series_visit visit_unknown(struct tachoi_sync_storage *storage,
                                                         const struct tachoi_attribute_key *key) {
    struct tachoi_series_visit visit;
    switch (tachoi_series_map_visit(&storage->map, key, &visit)) {
    case TACHOI_SERIES_FOUND:
        learn_order(storage, key, visit.series);
        break;
    case TACHOI_SERIES_NO_MEMORY:
        atomic_fetch_add_explicit(&storage->no_memory, 1, memory_order_relaxed);
        break;
    case TACHOI_SERIES_FORKED:
        atomic_fetch_add_explicit(&storage->forked, 1, memory_order_relaxed);
        break;
    }
    return visit;
}

/** Out of line: behind a filter, a long list, or one in another order than the expected one. */
static NOINLINE struct tachoi_series_visit visit_any(struct tachoi_sync_storage *storage,
                                                     tacho_attributes attributes,
                                                     struct tachoi_attribute_key *key) {
    if (storage->filter == NULL) {
        tachoi_attribute_key_init_unexpected(key, attributes);
    } else {
        tachoi_attribute_key_init_filtered(key, attributes, storage->filter);
    }
    if (key->is_packed) {
        const struct tachoi_series_visit known =
            tachoi_series_map_visit_known(&storage->map, key->hash, key->scratch, key->size);
        if (known.series != NULL) {
            return known;
        }
    }
    return visit_unknown(storage, key);
}

/** Finds the series that takes the measurement; none when it had to be dropped, which is counted.
 * To be left in any case. */
static ALWAYS_INLINE struct tachoi_series_visit visit(struct tachoi_sync_storage *storage,
                                                      tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    const uint64_t order =
        atomic_load_explicit(expected_order(storage, attributes), memory_order_relaxed);
    const size_t size =
        storage->filter == NULL ? tachoi_attribute_key_pack_expected(&key, attributes, order) : 0;
    if (__builtin_expect(size == 0, 0)) {
        return visit_any(storage, attributes, &key);
    }
    const uint64_t hash = tachoi_hash_bytes(key.scratch, size, storage->hash_seed);
    const struct tachoi_series_visit known =
        tachoi_series_map_visit_known(&storage->map, hash, key.scratch, size);
    if (__builtin_expect(known.series != NULL, 1)) {
        return known;
    }
    tachoi_attribute_key_complete(&key, attributes, size, hash);
    return visit_unknown(storage, &key);
}

static struct tachoi_sync_storage *storage_of(const struct tachoi_series *series) {
    return (struct tachoi_sync_storage *)(void *)((unsigned char *)series->family -
                                                  offsetof(struct tachoi_sync_storage, family));
}

static NOINLINE void consider(struct tachoi_series *series, union tachoi_measured value,
                              tacho_attributes attributes) {
    const struct tachoi_exemplar_target target = {.exemplars = &series->exemplars,
                                                  .attributes = tachoi_series_attributes(series),
                                                  .attributes_size = series->attributes_size,
                                                  .is_overflow =
                                                      series == storage_of(series)->map.overflow};
    tachoi_exemplars_consider(series->family->exemplars, &target, value, attributes, true);
}

static void add_i64(struct tachoi_series *series, int64_t value) {
    if (tachoi_aggregation_is_histogram(&series->family->aggregation)) {
        tachoi_series_record_f64(series, (double)value);
    } else {
        tachoi_series_record_i64(series, value);
    }
}

/** As add_i64; without a call for a sum, unless the thread has no stripe of it yet. */
static ALWAYS_INLINE void add_found_i64(struct tachoi_sync_storage *storage,
                                        struct tachoi_series *series, int64_t value) {
    if (storage->family.aggregation.kind != TACHOI_AGGREGATION_SUM) {
        add_i64(series, value);
        return;
    }
    struct tachoi_stripes *stripes = tachoi_series_stripes(series);
    if (stripes == NULL) {
        tachoi_series_add_i64_alone(series, value);
        return;
    }
    const size_t index = tachoi_stripes_find(stripes, tachoi_thread_hint());
    if (index != TACHOI_NO_STRIPE) {
        tachoi_series_add_i64_to_cell(series, tachoi_stripes_cells(stripes), index, value);
    } else {
        add_i64(series, value);
    }
}

void tachoi_sync_storage_record_i64(struct tachoi_sync_storage *storage, int64_t value,
                                    tacho_attributes attributes) {
    const struct tachoi_series_visit found = visit(storage, attributes);
    struct tachoi_series *series = found.series;
    if (series != NULL) {
        add_found_i64(storage, series, value);
        if (tachoi_exemplars_are_on(storage->family.exemplars)) {
            consider(series, (union tachoi_measured){.i64 = value}, attributes);
        }
    }
    tachoi_series_map_leave(&found);
}

void tachoi_sync_storage_record_f64(struct tachoi_sync_storage *storage, double value,
                                    tacho_attributes attributes) {
    const struct tachoi_series_visit found = visit(storage, attributes);
    struct tachoi_series *series = found.series;
    if (series != NULL) {
        tachoi_series_record_f64(series, value);
        if (tachoi_exemplars_are_on(storage->family.exemplars)) {
            consider(series, (union tachoi_measured){.f64 = value}, attributes);
        }
    }
    tachoi_series_map_leave(&found);
}

/* --- bound series --- */

struct tachoi_bound_series *tachoi_sync_storage_bind(struct tachoi_sync_storage *storage,
                                                     tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init_filtered(&key, attributes, storage->filter);
    struct tachoi_series *series = NULL;
    if (tachoi_series_map_bind(&storage->map, &key, &series) != TACHOI_SERIES_FOUND) {
        return NULL;
    }
    if (!tachoi_series_promote(series)) {
        tachoi_series_map_release(&storage->map, series);
        return NULL;
    }
    return (struct tachoi_bound_series *)(void *)series;
}

void tachoi_bound_series_release(struct tachoi_bound_series *bound) {
    if (bound != NULL) {
        tachoi_series_map_release(&storage_of(tachoi_bound_series_unwrap(bound))->map,
                                  tachoi_bound_series_unwrap(bound));
    }
}

/* Neither looks anything up, nor visits: the pin holds the series. (INST-23) */

void tachoi_bound_series_record_i64(struct tachoi_bound_series *bound, int64_t value,
                                    const tacho_attributes *attributes) {
    struct tachoi_series *series = tachoi_bound_series_unwrap(bound);
    add_i64(series, value);
    if (tachoi_exemplars_are_on(series->family->exemplars)) {
        consider(series, (union tachoi_measured){.i64 = value},
                 attributes != NULL ? *attributes : TACHO_NO_ATTRS);
    }
}

void tachoi_bound_series_record_f64(struct tachoi_bound_series *bound, double value,
                                    const tacho_attributes *attributes) {
    struct tachoi_series *series = tachoi_bound_series_unwrap(bound);
    tachoi_series_record_f64(series, value);
    if (tachoi_exemplars_are_on(series->family->exemplars)) {
        consider(series, (union tachoi_measured){.f64 = value},
                 attributes != NULL ? *attributes : TACHO_NO_ATTRS);
    }
}

/* --- the end of series --- */

int tachoi_sync_storage_remove(struct tachoi_sync_storage *storage, tacho_attributes attributes) {
    if (!tachoi_attribute_filter_keeps_all(storage->filter, attributes)) {
        return TACHO_E_NOT_FOUND; /* the series is not of this set alone */
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    return tachoi_series_map_remove(&storage->map, &key);
}

bool tachoi_sync_storage_is_bound(struct tachoi_sync_storage *storage,
                                  tacho_attributes attributes) {
    if (!tachoi_attribute_filter_keeps_all(storage->filter, attributes)) {
        return false;
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    return tachoi_series_map_is_bound(&storage->map, &key);
}

/* --- what can be asked --- */

size_t tachoi_sync_storage_series_count(const struct tachoi_sync_storage *storage) {
    return tachoi_series_map_count(&storage->map);
}

static uint64_t take(_Atomic(uint64_t) *counter) {
    return atomic_exchange_explicit(counter, 0, memory_order_relaxed);
}

void tachoi_sync_storage_take_drops(struct tachoi_sync_storage *storage,
                                    struct tachoi_storage_drops *into) {
    into->contended += take(&storage->family.contended);
    into->no_memory += take(&storage->no_memory);
    into->forked += take(&storage->forked);
}
