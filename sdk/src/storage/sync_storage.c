/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the life of a synchronous storage, and recording into it: from attributes to a series. What
 * happens in the series is series_record.c's, collecting is sync_collect.c's. */
#include "storage/sync_storage.h"

#include "base/alloc.h"
#include "tacho/status.h"

/** Fills what the series share; false when memory is short. */
static bool init_family(struct tachoi_sync_storage *storage,
                        const struct tachoi_aggregation *aggregation) {
    struct tachoi_series_family *family = &storage->family;
    family->aggregation = *aggregation;
    family->cell_size = tachoi_cell_size(aggregation);
    if (aggregation->kind != TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM) {
        return true;
    }
    storage->bounds = tachoi_memdup(aggregation->bounds, aggregation->bound_count * sizeof(double));
    family->aggregation.bounds = storage->bounds;
    family->ring = tachoi_calloc(1, sizeof(struct tachoi_overflow_ring));
    return storage->bounds != NULL && family->ring != NULL &&
           tachoi_reserve_refill(&family->reserve, aggregation);
}

int tachoi_sync_storage_create(const struct tachoi_storage_config *config,
                               struct tachoi_sync_storage **out) {
    struct tachoi_sync_storage *storage = tachoi_calloc(1, sizeof *storage);
    if (storage == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    if (!init_family(storage, config->aggregation) ||
        tachoi_series_map_init(&storage->map, &storage->family, config->limit,
                               config->clock) != TACHO_OK) {
        tachoi_sync_storage_destroy(storage);
        return TACHO_E_NO_MEMORY;
    }
    storage->last_collect_unix_nano = config->clock->unix_ns(config->clock->user);
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

/** The series that takes the measurement, NULL when it had to be dropped, which is counted. */
static struct tachoi_series *series_for(struct tachoi_sync_storage *storage,
                                        tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    struct tachoi_series *series = NULL;
    switch (tachoi_series_map_find_or_create(&storage->map, &key, &series)) {
    case TACHOI_SERIES_FOUND:
        break;
    case TACHOI_SERIES_NO_MEMORY:
        atomic_fetch_add_explicit(&storage->no_memory, 1, memory_order_relaxed);
        break;
    case TACHOI_SERIES_FORKED:
        atomic_fetch_add_explicit(&storage->forked, 1, memory_order_relaxed);
        break;
    }
    return series;
}

void tachoi_sync_storage_record_i64(struct tachoi_sync_storage *storage, int64_t value,
                                    tacho_attributes attributes) {
    struct tachoi_series *series = series_for(storage, attributes);
    if (series != NULL) {
        tachoi_series_record_i64(series, value);
    }
}

void tachoi_sync_storage_record_f64(struct tachoi_sync_storage *storage, double value,
                                    tacho_attributes attributes) {
    struct tachoi_series *series = series_for(storage, attributes);
    if (series != NULL) {
        tachoi_series_record_f64(series, value);
    }
}

/* The handle of a binding is the series itself, under a name that recorders by attributes cannot
 * confuse with it. */
static struct tachoi_series *unwrap(struct tachoi_bound_series *series) {
    return (struct tachoi_series *)(void *)series;
}

struct tachoi_bound_series *tachoi_sync_storage_bind(struct tachoi_sync_storage *storage,
                                                     tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    struct tachoi_series *series = NULL;
    if (tachoi_series_map_find_or_create(&storage->map, &key, &series) != TACHOI_SERIES_FOUND ||
        !tachoi_series_promote(series)) {
        return NULL;
    }
    atomic_fetch_add_explicit(&series->use, TACHOI_SERIES_PIN, memory_order_relaxed);
    return (struct tachoi_bound_series *)(void *)series;
}

void tachoi_bound_series_release(struct tachoi_bound_series *series) {
    if (series != NULL) {
        atomic_fetch_sub_explicit(&unwrap(series)->use, TACHOI_SERIES_PIN, memory_order_relaxed);
    }
}

void tachoi_bound_series_record_i64(struct tachoi_bound_series *series, int64_t value,
                                    const tacho_attributes *attributes) {
    (void)attributes;
    tachoi_series_record_i64(unwrap(series), value);
}

void tachoi_bound_series_record_f64(struct tachoi_bound_series *series, double value,
                                    const tacho_attributes *attributes) {
    (void)attributes;
    tachoi_series_record_f64(unwrap(series), value);
}

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

int tachoi_sync_storage_remove(struct tachoi_sync_storage *storage, tacho_attributes attributes) {
    (void)storage;
    (void)attributes;
    return TACHO_E_NOT_FOUND;
}

bool tachoi_sync_storage_is_bound(struct tachoi_sync_storage *storage,
                                  tacho_attributes attributes) {
    (void)storage;
    (void)attributes;
    return false;
}
