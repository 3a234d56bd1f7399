/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of one observable stream for one reader: what was observed in this collection.
 * One thread. It shares nothing with the synchronous map on purpose: here sets are forgotten when
 * they are no longer observed, and nobody else reads.
 *
 * Sets beyond the limit have no memory of their own. So in the overflow series each observation of
 * a sum adds up, also a second one of the same set: telling them apart would need what the limit
 * forbids. */
#include <string.h>

#include "aggregation/sum.h"
#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/fork.h"
#include "storage/cell.h"
#include "storage/series.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"

enum { FIRST_CAPACITY = 8 };

struct entry {
    struct entry *next; /* in the order of making */
    uint64_t hash;
    uint64_t id;
    uint64_t start_time_unix_nano;
    uint64_t collection; /* the last one that observed it */
    uint64_t bits;       /* the value, int64_t or double */
    size_t size;
    unsigned char bytes[]; /* packed attributes */
};

struct slot {
    struct entry *entry;
};

struct tachoi_async_storage {
    /* immutable after create */
    struct tachoi_aggregation aggregation;
    uint32_t limit;
    uint32_t generation;
    struct entry *overflow; /* in the table too, but never forgotten */
    /* collecting thread only */
    struct entry *first; /* the sets with a series of their own */
    struct entry **last_link;
    struct slot *slots; /* open addressing, at most half full */
    size_t capacity;
    size_t entry_count; /* at most the limit's worth of the last collection, and of this one */
    size_t own_count;   /* sets with a series of their own in this collection */
    uint64_t collection;
    uint64_t time_unix_nano;
    uint64_t new_start_time_unix_nano;
    uint64_t creation_unix_nano;
    uint64_t no_memory;
};

static struct entry *create_entry(const struct tachoi_attribute_key *key) {
    const size_t attributes_size = tachoi_attribute_key_size(key);
    size_t size = 0;
    struct entry *entry = tachoi_size_add(sizeof(struct entry), attributes_size, &size)
                              ? tachoi_calloc(1, size)
                              : NULL;
    if (entry != NULL) {
        entry->hash = key->hash;
        entry->id = tachoi_series_next_id();
        entry->size = attributes_size;
        tachoi_attribute_key_write(key, entry->bytes);
    }
    return entry;
}

static void insert(struct tachoi_async_storage *storage, struct entry *entry) {
    size_t index = entry->hash & (storage->capacity - 1);
    while (storage->slots[index].entry != NULL) {
        index = (index + 1) & (storage->capacity - 1);
    }
    storage->slots[index].entry = entry;
}

static void insert_all(struct tachoi_async_storage *storage) {
    insert(storage, storage->overflow);
    for (struct entry *entry = storage->first; entry != NULL; entry = entry->next) {
        insert(storage, entry);
    }
}

static struct entry *find(const struct tachoi_async_storage *storage,
                          const struct tachoi_attribute_key *key) {
    for (size_t index = key->hash & (storage->capacity - 1);;
         index = (index + 1) & (storage->capacity - 1)) {
        struct entry *entry = storage->slots[index].entry;
        if (entry == NULL || (entry->hash == key->hash &&
                              tachoi_attribute_key_equals(key, entry->bytes, entry->size))) {
            return entry;
        }
    }
}

/** Makes room for one more; false when memory is short. */
static bool grow(struct tachoi_async_storage *storage) {
    if (storage->entry_count + 1 < storage->capacity / 2) { /* + 1: the overflow series */
        return true;
    }
    size_t capacity = FIRST_CAPACITY;
    if (storage->capacity != 0 && !tachoi_size_mul(storage->capacity, 2, &capacity)) {
        return false;
    }
    struct slot *slots = tachoi_calloc(capacity, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    tachoi_free(storage->slots);
    storage->slots = slots;
    storage->capacity = capacity;
    insert_all(storage);
    return true;
}

/** A new entry for a set that is not there; NULL when memory is short. */
static struct entry *add(struct tachoi_async_storage *storage,
                         const struct tachoi_attribute_key *key) {
    struct entry *entry = grow(storage) ? create_entry(key) : NULL;
    if (entry != NULL) {
        entry->start_time_unix_nano = storage->new_start_time_unix_nano;
        insert(storage, entry);
        *storage->last_link = entry;
        storage->last_link = &entry->next;
        storage->entry_count++;
    }
    return entry;
}

int tachoi_async_storage_create(const struct tachoi_storage_config *config,
                                struct tachoi_async_storage **out) {
    struct tachoi_async_storage *storage = tachoi_calloc(1, sizeof *storage);
    if (storage == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    (void)tachoi_fork_watch();
    storage->aggregation = *config->aggregation;
    storage->limit = config->limit;
    storage->new_start_time_unix_nano = config->creation_unix_nano;
    storage->creation_unix_nano = config->creation_unix_nano;
    storage->generation = tachoi_fork_generation();
    storage->last_link = &storage->first;
    storage->collection = 1; /* no entry is observed yet */
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    storage->overflow = create_entry(&key);
    if (storage->overflow == NULL || !grow(storage)) { /* which inserts it */
        tachoi_async_storage_destroy(storage);
        return TACHO_E_NO_MEMORY;
    }
    *out = storage;
    return TACHO_OK;
}

void tachoi_async_storage_destroy(struct tachoi_async_storage *storage) {
    if (storage == NULL) {
        return;
    }
    for (struct entry *entry = storage->first; entry != NULL;) {
        struct entry *next = entry->next;
        tachoi_free(entry);
        entry = next;
    }
    tachoi_free(storage->overflow);
    tachoi_free(storage->slots);
    tachoi_free(storage);
}

static bool is_observed(const struct tachoi_async_storage *storage, const struct entry *entry) {
    return entry->collection == storage->collection;
}

/** Forgets the sets that the collection which ends here did not observe. */
static void forget_absent(struct tachoi_async_storage *storage) {
    const size_t before = storage->entry_count;
    struct entry **link = &storage->first;
    while (*link != NULL) {
        struct entry *entry = *link;
        if (is_observed(storage, entry)) {
            link = &entry->next;
        } else {
            *link = entry->next;
            tachoi_free(entry);
            storage->entry_count--;
        }
    }
    storage->last_link = link;
    if (storage->entry_count != before) {
        memset(storage->slots, 0, storage->capacity * sizeof(struct slot));
        insert_all(storage);
    }
}

void tachoi_async_storage_begin(struct tachoi_async_storage *storage, struct tachoi_moment now,
                                bool was_complete) {
    const uint64_t previous_unix_nano = storage->time_unix_nano;
    if (was_complete) {
        forget_absent(storage);
    }
    storage->time_unix_nano = now.unix_nano;
    storage->new_start_time_unix_nano =
        previous_unix_nano != 0 ? previous_unix_nano : storage->creation_unix_nano;
    if (was_complete && !is_observed(storage, storage->overflow)) {
        storage->overflow->start_time_unix_nano = storage->new_start_time_unix_nano;
    }
    storage->collection++;
    storage->own_count = 0;
}

static uint64_t add_bits(const struct tachoi_aggregation *aggregation, uint64_t a, uint64_t b) {
    if (aggregation->number_type == TACHO_NUMBER_I64) {
        return (uint64_t)tachoi_sum_add_i64((int64_t)a, (int64_t)b);
    }
    return tachoi_bits_of_f64(tachoi_f64_of_bits(a) + tachoi_f64_of_bits(b));
}

static void observe_overflow(struct tachoi_async_storage *storage, uint64_t bits) {
    struct entry *overflow = storage->overflow;
    const bool adds =
        storage->aggregation.kind == TACHOI_AGGREGATION_SUM && is_observed(storage, overflow);
    overflow->bits = adds ? add_bits(&storage->aggregation, overflow->bits, bits) : bits;
    overflow->collection = storage->collection;
}

static void observe(struct tachoi_async_storage *storage, uint64_t bits,
                    tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    struct entry *entry = find(storage, &key);
    const bool is_known = entry != NULL && is_observed(storage, entry);
    const bool is_overflow = entry != NULL && entry == storage->overflow;
    if (is_overflow || (!is_known && storage->own_count >= storage->limit)) {
        observe_overflow(storage, bits);
        return;
    }
    if (entry == NULL) {
        entry = add(storage, &key);
    }
    if (entry == NULL) {
        storage->no_memory++;
        return;
    }
    storage->own_count += !is_known;
    entry->bits = bits;
    entry->collection = storage->collection;
}

void tachoi_async_storage_observe_i64(struct tachoi_async_storage *storage, int64_t value,
                                      tacho_attributes attributes) {
    observe(storage, (uint64_t)value, attributes);
}

void tachoi_async_storage_observe_f64(struct tachoi_async_storage *storage, double value,
                                      tacho_attributes attributes) {
    observe(storage, tachoi_bits_of_f64(value), attributes);
}

static bool read_point(const struct tachoi_async_storage *storage, const struct entry *entry,
                       struct tachoi_arena *arena, tacho_number_point *point) {
    const bool is_sum = storage->aggregation.kind == TACHOI_AGGREGATION_SUM;
    *point = (tacho_number_point){.series = {.id = entry->id, .generation = storage->generation},
                                  .start_time_unix_nano = is_sum ? entry->start_time_unix_nano : 0,
                                  .time_unix_nano = storage->time_unix_nano};
    if (storage->aggregation.number_type == TACHO_NUMBER_I64) {
        point->value.i64 = (int64_t)entry->bits;
    } else {
        point->value.f64 = tachoi_f64_of_bits(entry->bits);
    }
    return tachoi_attributes_unpack(entry->bytes, entry->size, arena, &point->attributes);
}

bool tachoi_async_storage_collect(struct tachoi_async_storage *storage, struct tachoi_arena *arena,
                                  struct tachoi_points *out) {
    tacho_number_point *points = tachoi_arena_alloc(arena, storage->own_count + 1, sizeof *points);
    if (points == NULL) {
        return false;
    }
    size_t count = 0;
    if (is_observed(storage, storage->overflow) &&
        !read_point(storage, storage->overflow, arena, &points[count++])) {
        return false;
    }
    for (const struct entry *entry = storage->first; entry != NULL; entry = entry->next) {
        if (is_observed(storage, entry) && !read_point(storage, entry, arena, &points[count++])) {
            return false;
        }
    }
    *out = (struct tachoi_points){.items = points, .count = count, .size = sizeof *points};
    return true;
}

void tachoi_async_storage_take_drops(struct tachoi_async_storage *storage,
                                     struct tachoi_storage_drops *into) {
    into->no_memory += storage->no_memory;
    storage->no_memory = 0;
}

size_t tachoi_async_storage_series_count(const struct tachoi_async_storage *storage) {
    return storage->entry_count + 1;
}
