/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that attributes are copied and compared as they mean, and that the table keeps
 * what it is given. */
#include <math.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "attributes_copy.h"
#include "table.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static void *lay_out(struct tachoi_block *block, const void *source) {
    const tacho_attributes *attributes = source;
    tacho_attributes *copy = tachoi_block_take(block, 1, sizeof(*copy), _Alignof(tacho_attributes));
    tacho_attributes filled = tachoi_api_attributes_copy(block, *attributes);
    if (copy != NULL) {
        *copy = filled;
    }
    return copy;
}

static tacho_attributes *copy_of(tacho_attributes attributes) {
    return tachoi_block_create(lay_out, &attributes);
}

/* A copy of `a` is equal to `b`, or not. */
static void check(tacho_attributes a, tacho_attributes b, bool expected) {
    tacho_attributes *copy = copy_of(a);
    cr_assert(ne(ptr, copy, NULL));
    cr_assert(eq(int, tachoi_api_attributes_equal(*copy, b), expected));
    tachoi_api_free(copy);
}

static const bool flags[] = {true, false};
static const int64_t whole[] = {INT64_MIN, INT64_MAX};
static const double real[] = {-0.0, NAN, INFINITY};
static const tacho_string texts[] = {{"a", 1}, {NULL, 0}, {"b\0c", 3}};

/* All value types, below and in a map and an array; `mark` makes two of them differ. */
static size_t fill(tacho_attribute *out, tacho_value *array, int64_t mark) {
    tacho_value value = {.type = TACHO_VALUE_EMPTY};
    size_t count = 0;
    out[count++] = TACHO_VALUE("empty", value);
    out[count++] = TACHO_STR("text", "words");
    out[count++] = TACHO_BYTES("bytes", "\0\1\2", 3);
    out[count++] = TACHO_BOOL("bool", true);
    out[count++] = TACHO_I64("i64", INT64_MIN);
    out[count++] = TACHO_F64("f64", NAN);
    value.type = TACHO_VALUE_STRING_ARRAY;
    value.as.strings.items = texts;
    value.as.strings.count = 3;
    out[count++] = TACHO_VALUE("texts", value);
    value.type = TACHO_VALUE_BOOL_ARRAY;
    value.as.booleans.items = flags;
    value.as.booleans.count = 2;
    out[count++] = TACHO_VALUE("flags", value);
    value.type = TACHO_VALUE_I64_ARRAY;
    value.as.i64s.items = whole;
    value.as.i64s.count = 2;
    out[count++] = TACHO_VALUE("whole", value);
    value.type = TACHO_VALUE_F64_ARRAY;
    value.as.f64s.items = real;
    value.as.f64s.count = 3;
    out[count++] = TACHO_VALUE("real", value);
    array[0] = value;
    array[1] = (tacho_value){.type = TACHO_VALUE_I64, .as.i64 = mark};
    value.type = TACHO_VALUE_ARRAY;
    value.as.values.items = array;
    value.as.values.count = 2;
    out[count++] = TACHO_VALUE("array", value);
    value.type = TACHO_VALUE_MAP;
    value.as.map.items = out;
    value.as.map.count = count;
    out[count] = TACHO_VALUE("map", value);
    return count + 1;
}

/* ATTR-02, ATTR-03, ATTR-05 */
Test(attributes, a_copy_of_every_type_is_equal) {
    tacho_attribute items[16];
    tacho_value array[2];
    size_t count = fill(items, array, 1);
    check(tacho_attributes_from(items, count), tacho_attributes_from(items, count), true);
    tacho_attribute other[16];
    tacho_value other_array[2];
    fill(other, other_array, 2);
    check(tacho_attributes_from(items, count), tacho_attributes_from(other, count), false);
    for (size_t i = 0; i < count; i++) {
        check(tacho_attributes_from(&items[i], 1), tacho_attributes_from(&items[i], 1), true);
        for (size_t j = 0; j < count; j++) {
            tacho_attribute renamed = items[j];
            renamed.key = items[i].key;
            check(tacho_attributes_from(&items[i], 1), tacho_attributes_from(&renamed, 1), i == j);
        }
    }
}

Test(attributes, order_does_not_matter_and_the_last_of_a_key_counts) {
    check(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)),
          TACHO_ATTRS(TACHO_I64("b", 2), TACHO_I64("a", 1)), true);
    check(TACHO_ATTRS(TACHO_I64("a", 9), TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_I64("a", 1)), true);
    check(TACHO_ATTRS(TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_I64("a", 9), TACHO_I64("a", 1)), true);
    check(TACHO_ATTRS(TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("a", 9)), false);
    check(TACHO_ATTRS(TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)), false);
    check(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)), TACHO_ATTRS(TACHO_I64("a", 1)), false);
    check(TACHO_ATTRS(TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_F64("a", 1)), false);
    check(TACHO_NO_ATTRS, TACHO_NO_ATTRS, true);
    check(TACHO_NO_ATTRS, TACHO_ATTRS(TACHO_I64("a", 1)), false);
}

Test(attributes, lists_without_memory_are_empty) {
    tacho_value value = {.type = TACHO_VALUE_MAP};
    value.as.map.count = 3;
    tacho_value array = {.type = TACHO_VALUE_ARRAY};
    array.as.values.count = 3;
    tacho_value texts_of_nothing = {.type = TACHO_VALUE_STRING_ARRAY};
    texts_of_nothing.as.strings.count = 3;
    tacho_value f64s = {.type = TACHO_VALUE_F64_ARRAY};
    f64s.as.f64s.count = 3;
    tacho_attributes attributes =
        TACHO_ATTRS(TACHO_VALUE("map", value), TACHO_VALUE("array", array),
                    TACHO_VALUE("texts", texts_of_nothing), TACHO_VALUE("f64s", f64s),
                    TACHO_STRN("text", NULL, 3), TACHO_STRN(NULL, "x", 1));
    tacho_attributes *copy = copy_of(attributes);
    cr_assert(eq(sz, copy->count, 6));
    cr_assert(eq(sz, copy->items[0].value.as.map.count, 0));
    cr_assert(eq(sz, copy->items[1].value.as.values.count, 0));
    cr_assert(eq(sz, copy->items[2].value.as.strings.count, 0));
    cr_assert(eq(sz, copy->items[3].value.as.f64s.count, 0));
    cr_assert(eq(sz, copy->items[4].value.as.string.length, 0));
    cr_assert(eq(int, tachoi_api_attributes_equal(*copy, attributes), true));
    tachoi_api_free(copy);
    check(tacho_attributes_from(NULL, 3), TACHO_NO_ATTRS, true);
}

Test(attributes, sizes_that_overflow_fail) {
    struct tachoi_block block = {0};
    cr_assert(eq(ptr, tachoi_block_take(&block, SIZE_MAX, 2, 1), NULL));
    cr_assert(eq(int, block.failed, true));
    block = (struct tachoi_block){.used = 8};
    cr_assert(eq(ptr, tachoi_block_take(&block, SIZE_MAX - 4, 1, 1), NULL));
    cr_assert(eq(int, block.failed, true));
    block = (struct tachoi_block){.used = SIZE_MAX - 1};
    cr_assert(eq(ptr, tachoi_block_take(&block, 1, 1, 64), NULL));
    cr_assert(eq(int, block.failed, true));
    tacho_attribute item = TACHO_STRN("k", "x", SIZE_MAX);
    cr_assert(eq(ptr, copy_of(tacho_attributes_from(&item, 1)), NULL));
}

Test(attributes, a_copy_without_memory_is_null) {
    tachoi_api_fail_allocation(1);
    cr_assert(eq(ptr, copy_of(TACHO_ATTRS(TACHO_I64("a", 1))), NULL));
}

struct entry {
    struct tachoi_table_node node;
};

static bool table_has(struct tachoi_table *table, const struct entry *entry) {
    struct tachoi_table_node *node = tachoi_table_find(table, tachoi_table_hash_address(entry));
    while (node != NULL && node->owner != entry) {
        node = tachoi_table_find_next(node);
    }
    return node != NULL;
}

static void fill_and_empty(struct tachoi_table *table, struct entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        tachoi_table_insert(table, &entries[i].node, tachoi_table_hash_address(&entries[i]),
                            &entries[i]);
    }
    cr_assert(eq(sz, table->count, count));
    for (size_t i = 0; i < count; i += 2) {
        tachoi_table_remove(table, &entries[i].node);
    }
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int, table_has(table, &entries[i]), i % 2 == 1));
    }
    for (size_t i = 1; i < count; i += 2) {
        tachoi_table_remove(table, &entries[i].node);
    }
    cr_assert(eq(sz, table->count, 0));
}

Test(table, keeps_what_it_is_given_while_it_grows) {
    static struct tachoi_table table;
    static struct entry entries[5000];
    fill_and_empty(&table, entries, 5000);
    cr_assert(ge(sz, table.bucket_count, 4096));
    tachoi_api_free(table.buckets);
}

Test(table, works_without_memory_to_grow) {
    static struct tachoi_table table;
    static struct entry entries[200];
    for (uint64_t k = 1; k <= 2; k++) {
        tachoi_api_fail_allocation(k);
        fill_and_empty(&table, entries, 200);
    }
    tachoi_api_free(table.buckets);
}

Test(table, equal_hashes_are_told_apart_by_their_owners) {
    static struct tachoi_table table;
    static struct entry entries[3];
    for (size_t i = 0; i < 3; i++) {
        tachoi_table_insert(&table, &entries[i].node, 7, &entries[i]);
    }
    size_t seen = 0;
    for (struct tachoi_table_node *node = tachoi_table_find(&table, 7); node != NULL;
         node = tachoi_table_find_next(node)) {
        seen++;
    }
    cr_assert(eq(sz, seen, 3));
    cr_assert(eq(ptr, (void *)tachoi_table_find(&table, 8), NULL));
    cr_assert(ne(u64, tachoi_table_hash_text(0, NULL), tachoi_table_hash_text(0, "")));
    cr_assert(ne(u64, tachoi_table_hash_text(0, "ab"), tachoi_table_hash_text(0, "ba")));
}
