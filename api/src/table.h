/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a hash table of nodes that lie in their objects: inserting cannot fail. It knows hashes
 * only; who looks up compares what it finds. The caller locks. */
#ifndef TACHOI_TABLE_H
#define TACHOI_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct tachoi_table_node {
    struct tachoi_table_node *next;
    uint64_t hash;
    void *owner;
};

#define TACHOI_TABLE_FIRST_BUCKETS ((size_t)64)

/** Zero-initialised before use; never freed. */
struct tachoi_table {
    struct tachoi_table_node *first_buckets[TACHOI_TABLE_FIRST_BUCKETS];
    struct tachoi_table_node **buckets; /* NULL = first_buckets */
    size_t bucket_count;
    size_t count;
};

/** Adds; `node` stays the owner's memory. Where memory is too short to grow, look-ups get slower.
 */
void tachoi_table_insert(struct tachoi_table *table, struct tachoi_table_node *node, uint64_t hash,
                         void *owner);
void tachoi_table_remove(struct tachoi_table *table, struct tachoi_table_node *node);

/** The nodes of one hash, one after the other; NULL at the end. */
struct tachoi_table_node *tachoi_table_find(struct tachoi_table *table, uint64_t hash);
struct tachoi_table_node *tachoi_table_find_next(const struct tachoi_table_node *node);

/** Hashes to build on: start with 0. Names and addresses are the program's own, not its users'. */
uint64_t tachoi_table_hash_number(uint64_t hash, uint64_t number);
uint64_t tachoi_table_hash_address(const void *address);
/** NULL and "" differ. */
uint64_t tachoi_table_hash_text(uint64_t hash, const char *text);

#endif
