/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of an observable stream: open addressing for finding, a list for the order. */
#include "storage/async_table.h"

#include <string.h>

#include "base/alloc.h"
#include "storage/series.h"

enum { FIRST_CAPACITY = 8 };

static struct tachoi_async_entry *create_entry(const struct tachoi_attribute_key *key) {
    const size_t attributes_size = tachoi_attribute_key_size(key);
    size_t size = 0;
    struct tachoi_async_entry *entry =
        tachoi_size_add(sizeof(struct tachoi_async_entry), attributes_size, &size)
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

static void destroy_entry(const struct tachoi_async_table *table,
                          struct tachoi_async_entry *entry) {
    if (entry != NULL && table->exemplars != NULL) {
        tachoi_exemplars_fini(table->exemplars, &entry->exemplars);
    }
    tachoi_free(entry);
}

static void insert(struct tachoi_async_table *table, struct tachoi_async_entry *entry) {
    size_t index = entry->hash & (table->capacity - 1);
    while (table->slots[index] != NULL) {
        index = (index + 1) & (table->capacity - 1);
    }
    table->slots[index] = entry;
}

static void insert_all(struct tachoi_async_table *table) {
    insert(table, table->overflow);
    for (struct tachoi_async_entry *entry = table->first; entry != NULL; entry = entry->next) {
        insert(table, entry);
    }
}

size_t tachoi_async_table_count(const struct tachoi_async_table *table) {
    /* relaxed: a number that nothing else is derived from */
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}

static void set_count(struct tachoi_async_table *table, size_t count) {
    atomic_store_explicit(&table->count, count, memory_order_relaxed); /* as above */
}

/* Makes room for one more; false when memory is short. */
static bool grow(struct tachoi_async_table *table) {
    if (tachoi_async_table_count(table) + 1 < table->capacity / 2) { /* + 1: the overflow series */
        return true;
    }
    size_t capacity = FIRST_CAPACITY;
    if (table->capacity != 0 && !tachoi_size_mul(table->capacity, 2, &capacity)) {
        return false;
    }
    struct tachoi_async_entry **slots =
        tachoi_calloc(capacity, sizeof(struct tachoi_async_entry *));
    if (slots == NULL) {
        return false;
    }
    tachoi_free((void *)table->slots);
    table->slots = slots;
    table->capacity = capacity;
    insert_all(table);
    return true;
}

bool tachoi_async_table_init(struct tachoi_async_table *table,
                             const struct tachoi_exemplar_policy *exemplars) {
    *table = (struct tachoi_async_table){.exemplars = exemplars};
    table->last_link = &table->first;
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    table->overflow = create_entry(&key);
    return table->overflow != NULL && grow(table); /* which inserts it */
}

void tachoi_async_table_fini(struct tachoi_async_table *table) {
    for (struct tachoi_async_entry *entry = table->first; entry != NULL;) {
        struct tachoi_async_entry *next = entry->next;
        destroy_entry(table, entry);
        entry = next;
    }
    destroy_entry(table, table->overflow);
    tachoi_free((void *)table->slots);
}

struct tachoi_async_entry *tachoi_async_table_find(const struct tachoi_async_table *table,
                                                   const struct tachoi_attribute_key *key) {
    for (size_t index = key->hash & (table->capacity - 1);;
         index = (index + 1) & (table->capacity - 1)) {
        struct tachoi_async_entry *entry = table->slots[index];
        if (entry == NULL || (entry->hash == key->hash &&
                              tachoi_attribute_key_equals(key, entry->bytes, entry->size))) {
            return entry;
        }
    }
}

struct tachoi_async_entry *tachoi_async_table_add(struct tachoi_async_table *table,
                                                  const struct tachoi_attribute_key *key) {
    struct tachoi_async_entry *entry = grow(table) ? create_entry(key) : NULL;
    if (entry != NULL) {
        insert(table, entry);
        *table->last_link = entry;
        table->last_link = &entry->next;
        set_count(table, tachoi_async_table_count(table) + 1);
    }
    return entry;
}

void tachoi_async_table_forget(struct tachoi_async_table *table, uint64_t collection) {
    size_t forgotten = 0;
    struct tachoi_async_entry **link = &table->first;
    while (*link != NULL) {
        struct tachoi_async_entry *entry = *link;
        if (entry->collection == collection) {
            link = &entry->next;
        } else {
            *link = entry->next;
            destroy_entry(table, entry);
            forgotten++;
        }
    }
    table->last_link = link;
    if (forgotten != 0) {
        set_count(table, tachoi_async_table_count(table) - forgotten);
        memset((void *)table->slots, 0, table->capacity * sizeof(struct tachoi_async_entry *));
        insert_all(table);
    }
}
