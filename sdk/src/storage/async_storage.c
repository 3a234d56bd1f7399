/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of one observable stream for one reader: what was observed in this collection,
 * and for deltas what earlier ones reported. One thread, but for the count.
 *
 * Where several sets become one, each observation of a sum adds up, also a second one of the same
 * set: telling them apart would need a memory of every set, which the limit, and a filter that is
 * there to save memory, forbid.
 *
 * Deltas. What a series reported last is remembered with it, and only a point that was read moves
 * it on. The first observed sets of each collection have series of their own, so a set may go over
 * into the overflow series: then what it had reported goes along. So the points of all series
 * together say by how much the total grew, whichever sets are first. (ASYNC-06, CARD-08, CARD-09)
 */
#include "aggregation/sum.h"
#include "base/alloc.h"
#include "base/fork.h"
#include "storage/async_table.h"
#include "storage/cell.h"
#include "storage/start_time.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"

struct tachoi_async_storage {
    /* immutable after create */
    struct tachoi_aggregation aggregation;
    struct tachoi_exemplar_policy exemplars; /* the table points to it, if there is one */
    const struct tachoi_attribute_filter *filter;
    uint32_t limit;
    uint32_t generation;
    bool is_delta;
    uint64_t creation_unix_nano;
    /* collecting thread only; its count is atomic */
    struct tachoi_async_table table; /* at most the limit's worth of the last collection, and of
                                        this one */
    size_t own_count;                /* sets with a series of their own in this collection */
    uint64_t collection;
    uint64_t time_unix_nano;
    uint64_t new_start_time_unix_nano; /* the time of the collection before, else the creation */
    uint64_t no_memory;
    const struct tachoi_async_entry *last_read; /* in this collection; NULL = none */
    size_t read_count;                          /* observed ones that it has yielded */
};

int tachoi_async_storage_create(const struct tachoi_storage_config *config,
                                struct tachoi_async_storage **out) {
    struct tachoi_async_storage *storage = tachoi_calloc(1, sizeof *storage);
    if (storage == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    (void)tachoi_fork_watch();
    storage->aggregation = *config->aggregation;
    storage->filter = config->filter;
    storage->limit = config->limit;
    storage->is_delta = config->is_delta;
    storage->new_start_time_unix_nano = config->creation_unix_nano;
    storage->creation_unix_nano = config->creation_unix_nano;
    storage->generation = tachoi_fork_generation();
    storage->collection = 1; /* no entry is observed yet */
    if (config->exemplars != NULL) {
        storage->exemplars = *config->exemplars;
        storage->exemplars.aggregation = &storage->aggregation;
    }
    if (!tachoi_async_table_init(&storage->table,
                                 config->exemplars != NULL ? &storage->exemplars : NULL)) {
        tachoi_async_storage_destroy(storage);
        return TACHO_E_NO_MEMORY;
    }
    *out = storage;
    return TACHO_OK;
}

void tachoi_async_storage_destroy(struct tachoi_async_storage *storage) {
    if (storage != NULL) {
        tachoi_async_table_fini(&storage->table);
        tachoi_free(storage);
    }
}

static bool is_observed(const struct tachoi_async_storage *storage,
                        const struct tachoi_async_entry *entry) {
    return entry->collection == storage->collection;
}

static bool is_sum(const struct tachoi_async_storage *storage) {
    return storage->aggregation.kind == TACHOI_AGGREGATION_SUM;
}

static void rewind_reading(struct tachoi_async_storage *storage) {
    storage->last_read = NULL;
    storage->read_count = 0;
}

void tachoi_async_storage_begin(struct tachoi_async_storage *storage, struct tachoi_moment now,
                                bool was_complete) {
    const uint64_t previous_unix_nano = storage->time_unix_nano;
    struct tachoi_async_entry *overflow = storage->table.overflow;
    /* More than the limit are there only if incomplete collections have left some behind. They go
     * too, else a callback that never comes to its end would make the table grow for ever. */
    if (was_complete || tachoi_async_table_count(&storage->table) > storage->limit) {
        tachoi_async_table_forget(&storage->table, storage->collection);
    }
    storage->time_unix_nano = now.unix_nano;
    storage->new_start_time_unix_nano =
        previous_unix_nano != 0 ? previous_unix_nano : storage->creation_unix_nano;
    if (was_complete && !is_observed(storage, overflow)) {
        overflow->start_time_unix_nano = storage->new_start_time_unix_nano;
        overflow->reported_bits = 0;
    }
    storage->collection++;
    storage->own_count = 0;
    rewind_reading(storage);
}

/* --- observing --- */

static uint64_t add_bits(const struct tachoi_async_storage *storage, uint64_t a, uint64_t b) {
    if (storage->aggregation.number_type == TACHO_NUMBER_I64) {
        return (uint64_t)tachoi_sum_add_i64((int64_t)a, (int64_t)b);
    }
    return tachoi_bits_of_f64(tachoi_f64_of_bits(a) + tachoi_f64_of_bits(b));
}

static void keep(struct tachoi_async_storage *storage, struct tachoi_async_entry *entry,
                 uint64_t bits) {
    const bool is_merged = storage->filter != NULL || entry == storage->table.overflow;
    const bool adds = is_sum(storage) && is_merged && is_observed(storage, entry);
    entry->bits = adds ? add_bits(storage, entry->bits, bits) : bits;
    entry->collection = storage->collection;
}

/* A set that had a series of its own before, `former`, takes along what that has reported. */
static struct tachoi_async_entry *into_overflow(struct tachoi_async_storage *storage,
                                                struct tachoi_async_entry *former) {
    struct tachoi_async_entry *overflow = storage->table.overflow;
    if (former != NULL && former != overflow) {
        overflow->reported_bits = add_bits(storage, overflow->reported_bits, former->reported_bits);
        former->reported_bits = 0;
    }
    return overflow;
}

/* The entry that takes an observation of this set; NULL when memory is short. */
static struct tachoi_async_entry *entry_for(struct tachoi_async_storage *storage,
                                            const struct tachoi_attribute_key *key) {
    struct tachoi_async_entry *entry = tachoi_async_table_find(&storage->table, key);
    if (entry != NULL && (entry == storage->table.overflow || is_observed(storage, entry))) {
        return entry;
    }
    if (storage->own_count >= storage->limit) {
        return into_overflow(storage, entry);
    }
    if (entry == NULL) {
        entry = tachoi_async_table_add(&storage->table, key);
        if (entry == NULL) {
            return NULL;
        }
        entry->start_time_unix_nano = storage->new_start_time_unix_nano;
    }
    storage->own_count++;
    return entry;
}

static void consider(struct tachoi_async_storage *storage, struct tachoi_async_entry *entry,
                     uint64_t bits, tacho_attributes attributes) {
    const struct tachoi_exemplar_target target = {.exemplars = &entry->exemplars,
                                                  .attributes = entry->bytes,
                                                  .attributes_size = entry->size,
                                                  .is_overflow = entry == storage->table.overflow};
    union tachoi_measured value;
    if (storage->aggregation.number_type == TACHO_NUMBER_I64) {
        value.i64 = (int64_t)bits;
    } else {
        value.f64 = tachoi_f64_of_bits(bits);
    }
    tachoi_exemplars_consider(storage->table.exemplars, &target, value, attributes, false);
}

static void observe(struct tachoi_async_storage *storage, uint64_t bits,
                    tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init_filtered(&key, attributes, storage->filter);
    struct tachoi_async_entry *entry = entry_for(storage, &key);
    if (entry == NULL) {
        storage->no_memory++;
        return;
    }
    keep(storage, entry, bits);
    if (tachoi_exemplars_are_on(storage->table.exemplars)) {
        consider(storage, entry, bits, attributes);
    }
}

void tachoi_async_storage_observe_i64(struct tachoi_async_storage *storage, int64_t value,
                                      tacho_attributes attributes) {
    observe(storage, (uint64_t)value, attributes);
}

void tachoi_async_storage_observe_f64(struct tachoi_async_storage *storage, double value,
                                      tacho_attributes attributes) {
    observe(storage, tachoi_bits_of_f64(value), attributes);
}

/* --- collecting --- */

static void read_value(const struct tachoi_async_storage *storage,
                       const struct tachoi_async_entry *entry, tacho_number_point *point) {
    const bool is_difference = storage->is_delta && is_sum(storage);
    if (storage->aggregation.number_type == TACHO_NUMBER_I64) {
        point->value.i64 = (int64_t)(entry->bits - (is_difference ? entry->reported_bits : 0));
    } else {
        const double value = tachoi_f64_of_bits(entry->bits);
        point->value.f64 = is_difference ? value - tachoi_f64_of_bits(entry->reported_bits) : value;
    }
}

static uint64_t start_time(const struct tachoi_async_storage *storage,
                           struct tachoi_async_entry *entry) {
    const uint64_t now = storage->time_unix_nano;
    if (storage->is_delta) {
        return tachoi_start_before(storage->new_start_time_unix_nano, now);
    }
    entry->start_time_unix_nano = tachoi_start_before(entry->start_time_unix_nano, now);
    return entry->start_time_unix_nano;
}

/* Exemplars are taken out of the reservoir, so all that can fail comes before them. */
static bool read_point(const struct tachoi_async_storage *storage, struct tachoi_async_entry *entry,
                       struct tachoi_arena *arena, tacho_number_point *point) {
    *point = (tacho_number_point){.series = {.id = entry->id, .generation = storage->generation},
                                  .start_time_unix_nano = start_time(storage, entry),
                                  .time_unix_nano = storage->time_unix_nano};
    read_value(storage, entry, point);
    if (!tachoi_attributes_unpack(entry->bytes, entry->size, arena, &point->attributes)) {
        return false;
    }
    if (storage->table.exemplars != NULL) {
        tachoi_exemplars_collect(storage->table.exemplars, &entry->exemplars, arena,
                                 &point->exemplars);
    }
    return true;
}

/* The overflow series is the first. */
static struct tachoi_async_entry *unread_entry(const struct tachoi_async_storage *storage) {
    const struct tachoi_async_entry *last = storage->last_read;
    if (last == NULL) {
        return storage->table.overflow;
    }
    return last == storage->table.overflow ? storage->table.first : last->next;
}

size_t tachoi_async_storage_unread(const struct tachoi_async_storage *storage) {
    return storage->own_count + 1 - storage->read_count;
}

enum tachoi_read tachoi_async_storage_read(struct tachoi_async_storage *storage,
                                           struct tachoi_arena *arena, size_t limit,
                                           struct tachoi_points *points) {
    tacho_number_point *items = points->items;
    struct tachoi_async_entry *entry = unread_entry(storage);
    for (; entry != NULL; entry = unread_entry(storage)) {
        if (points->count == limit) {
            return TACHOI_READ_LIMIT;
        }
        if (is_observed(storage, entry)) {
            if (!read_point(storage, entry, arena, &items[points->count])) {
                return TACHOI_READ_NO_MEMORY;
            }
            entry->reported_bits = entry->bits;
            points->count++;
            storage->read_count++;
        }
        storage->last_read = entry;
    }
    return TACHOI_READ_ALL;
}

bool tachoi_async_storage_collect(struct tachoi_async_storage *storage, struct tachoi_arena *arena,
                                  struct tachoi_points *out) {
    rewind_reading(storage);
    *out = (struct tachoi_points){.size = sizeof(tacho_number_point)};
    out->items = tachoi_arena_alloc(arena, tachoi_async_storage_unread(storage), out->size);
    return out->items != NULL &&
           tachoi_async_storage_read(storage, arena, SIZE_MAX, out) == TACHOI_READ_ALL;
}

void tachoi_async_storage_take_drops(struct tachoi_async_storage *storage,
                                     struct tachoi_storage_drops *into) {
    into->no_memory += storage->no_memory;
    storage->no_memory = 0;
}

size_t tachoi_async_storage_series_count(const struct tachoi_async_storage *storage) {
    return tachoi_async_table_count(&storage->table) + 1;
}
