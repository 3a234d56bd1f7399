/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the hash table of the proxies: chains, a power of two of buckets, doubled when there are as
 * many nodes as buckets. */
#include "table.h"

#include "memory.h"

uint64_t tachoi_table_hash_number(uint64_t hash, uint64_t number) {
    hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 32);
}

uint64_t tachoi_table_hash_address(const void *address) {
    return tachoi_table_hash_number(0, (uint64_t)(uintptr_t)address);
}

uint64_t tachoi_table_hash_text(uint64_t hash, const char *text) {
    if (text == NULL) {
        return tachoi_table_hash_number(hash, 256);
    }
    for (; *text != '\0'; text++) {
        hash = tachoi_table_hash_number(hash, (unsigned char)*text);
    }
    return tachoi_table_hash_number(hash, 0);
}

static struct tachoi_table_node **bucket_of(struct tachoi_table *table, uint64_t hash) {
    if (table->buckets == NULL) {
        return &table->first_buckets[hash & (TACHOI_TABLE_FIRST_BUCKETS - 1)];
    }
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void grow(struct tachoi_table *table) {
    size_t old_count = table->buckets != NULL ? table->bucket_count : TACHOI_TABLE_FIRST_BUCKETS;
    struct tachoi_table_node **old = table->buckets != NULL ? table->buckets : table->first_buckets;
    size_t count = old_count * 2;
    struct tachoi_table_node **buckets =
        tachoi_api_malloc(count * sizeof(struct tachoi_table_node *));
    if (buckets == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buckets[i] = NULL;
    }
    for (size_t i = 0; i < old_count; i++) {
        struct tachoi_table_node *node = old[i];
        while (node != NULL) {
            struct tachoi_table_node *next = node->next;
            node->next = buckets[node->hash & (count - 1)];
            buckets[node->hash & (count - 1)] = node;
            node = next;
        }
    }
    tachoi_api_free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
}

void tachoi_table_insert(struct tachoi_table *table, struct tachoi_table_node *node, uint64_t hash,
                         void *owner) {
    size_t bucket_count = table->buckets != NULL ? table->bucket_count : TACHOI_TABLE_FIRST_BUCKETS;
    if (table->count >= bucket_count) {
        grow(table);
    }
    struct tachoi_table_node **bucket = bucket_of(table, hash);
    node->hash = hash;
    node->owner = owner;
    node->next = *bucket;
    *bucket = node;
    table->count++;
}

void tachoi_table_remove(struct tachoi_table *table, struct tachoi_table_node *node) {
    struct tachoi_table_node **link = bucket_of(table, node->hash);
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    table->count--;
}

static struct tachoi_table_node *skip_to(struct tachoi_table_node *node, uint64_t hash) {
    while (node != NULL && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct tachoi_table_node *tachoi_table_find(struct tachoi_table *table, uint64_t hash) {
    return skip_to(*bucket_of(table, hash), hash);
}

struct tachoi_table_node *tachoi_table_find_next(const struct tachoi_table_node *node) {
    return skip_to(node->next, node->hash);
}
