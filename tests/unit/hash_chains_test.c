/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the hash table of the exporter: many items, equal hashes, growth without memory. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "remote_write/hash_chains.h"

enum { ITEMS = 1000, SAME = 3 };

static struct tachoi_hash_chains chains;

static void end(void) {
    tachoi_hash_chains_fini(&chains);
    cr_expect(eq(sz, chains.count, 0));
}

TestSuite(hash_chains, .fini = end);

/* SAME items of each hash; hashes that differ in their high bits alone share a slot. */
static uint64_t hash_of(size_t index) {
    return (uint64_t)(index / SAME) << 20 | (index / SAME & 7);
}

static size_t count_of(uint64_t hash) {
    size_t count = 0;
    for (const struct tachoi_chained *it = tachoi_hash_chains_first(&chains, hash); it != NULL;
         it = tachoi_hash_chains_next(it)) {
        cr_assert(eq(u64, it->hash, hash));
        count++;
    }
    return count;
}

Test(hash_chains, an_empty_one_has_nothing) {
    cr_assert(zero(ptr, tachoi_hash_chains_first(&chains, 0)));
}

Test(hash_chains, items_are_found_until_they_are_removed) {
    struct tachoi_chained *items[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = tachoi_malloc(sizeof *items[i]);
        cr_assert(tachoi_hash_chains_add(&chains, items[i], hash_of(i)));
        cr_assert(eq(sz, chains.count, i + 1));
    }
    for (size_t i = 0; i < ITEMS; i += SAME) {
        cr_assert(eq(sz, count_of(hash_of(i)), i + SAME <= ITEMS ? SAME : ITEMS % SAME));
    }
    for (size_t i = 0; i < ITEMS; i += 2) {
        const size_t before = count_of(hash_of(i));
        tachoi_hash_chains_remove(&chains, items[i]);
        tachoi_free(items[i]);
        cr_assert(eq(sz, count_of(hash_of(i)), before - 1));
    }
    cr_assert(eq(sz, chains.count, ITEMS / 2));
}

Test(hash_chains, without_memory_nothing_is_taken_in_or_the_chains_are_longer) {
    struct tachoi_chained *first = tachoi_malloc(sizeof *first);
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_hash_chains_add(&chains, first, 1)));
    cr_assert(eq(sz, chains.count, 0));
    cr_assert(tachoi_hash_chains_add(&chains, first, 1));
    for (size_t i = 1; i < ITEMS; i++) {
        struct tachoi_chained *item = tachoi_malloc(sizeof *item);
        tachoi_alloc_fail_at(1);
        cr_assert(tachoi_hash_chains_add(&chains, item, i * 2));
        tachoi_alloc_fail_at(0);
    }
    cr_assert(eq(sz, chains.count, ITEMS));
    cr_assert(eq(sz, count_of(2 * (ITEMS - 1)), 1));
}
