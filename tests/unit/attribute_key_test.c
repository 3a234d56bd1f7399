/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which lists of attributes are one set. The same properties over random lists:
 * tests/fuzz/attribute_key_fuzz.c. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "tacho/status.h"

/* What order is expected changes nothing. */
static void check_expecting(tacho_attributes list, uint64_t order) {
    static struct tachoi_attribute_key plain;
    static struct tachoi_attribute_key expecting;
    tachoi_attribute_key_init(&plain, list);
    tachoi_attribute_key_init_expecting(&expecting, list, order);
    cr_assert(eq(u64, expecting.hash, plain.hash));
    cr_assert(eq(sz, expecting.size, plain.size));
    cr_assert(eq(int, expecting.is_packed, plain.is_packed));
    if (plain.is_packed) {
        cr_assert(eq(int, memcmp(expecting.scratch, plain.scratch, plain.size), 0));
    }
}

static bool are_same(tacho_attributes a, tacho_attributes b) {
    struct tachoi_attribute_key key_a;
    struct tachoi_attribute_key key_b;
    tachoi_attribute_key_init(&key_a, a);
    tachoi_attribute_key_init(&key_b, b);
    check_expecting(a, tachoi_attribute_order(a));
    check_expecting(b, tachoi_attribute_order(a));
    struct tachoi_attribute_set *set = tachoi_attribute_set_create(&key_a);
    cr_assert(ne(ptr, set, NULL));
    cr_assert(tachoi_attribute_key_matches(&key_a, set));
    bool is_same = tachoi_attribute_key_matches(&key_b, set);
    cr_assert(eq(int, tachoi_attribute_key_equals(&key_b, set->bytes, set->size), is_same));
    cr_assert(eq(int, key_a.hash == key_b.hash, is_same));
    tachoi_free(set);
    return is_same;
}

#define SAME(a, b) cr_assert(are_same(a, b), "%s and %s differ", #a, #b)
#define DIFFERENT(a, b) cr_assert(not(are_same(a, b)), "%s and %s are one", #a, #b)

/* ATTR-05 */
Test(attribute_key, order_does_not_matter) {
    SAME(TACHO_ATTRS(TACHO_STR("method", "GET"), TACHO_I64("status", 200)),
         TACHO_ATTRS(TACHO_I64("status", 200), TACHO_STR("method", "GET")));
    SAME(TACHO_ATTRS(TACHO_I64("http.request.b", 1), TACHO_I64("http.request.a", 2),
                     TACHO_I64("http.req", 3), TACHO_I64("http.re", 4)),
         TACHO_ATTRS(TACHO_I64("http.re", 4), TACHO_I64("http.req", 3),
                     TACHO_I64("http.request.a", 2), TACHO_I64("http.request.b", 1)));
}

/* Keys that differ in the first byte, in the first 8, behind them, and not at all. */
Test(attribute_key, any_order_may_be_expected) {
    tacho_attribute items[] = {TACHO_I64("server.port", 1), TACHO_STR("http.request.method", "GET"),
                               TACHO_I64("http.request.body", 3), TACHO_BOOL("url", true)};
    const size_t count = sizeof items / sizeof items[0];
    for (uint64_t order = 0; order < UINT64_C(1) << (4 * count); order += order % 7 + 1) {
        check_expecting(tacho_attributes_from(items, count), order);
    }
    cr_assert(eq(u64, tachoi_attribute_order(tacho_attributes_from(items, count)), 0x3012));
    items[3].key = items[0].key;
    check_expecting(tacho_attributes_from(items, count), 0x3012);
    cr_assert(eq(u64, tachoi_attribute_order(tacho_attributes_from(items, count)),
                 TACHOI_ORDER_AS_GIVEN));
}

/* Keys with the same first 8 bytes are sorted among others, and may be repeated. */
Test(attribute_key, keys_that_begin_alike_are_sorted) {
    static const char *const names[] = {"network.p", "network.pa", "network.", "network.b",
                                        "z",         "network.p",  "a",        "network.pa"};
    enum { COUNT = sizeof names / sizeof names[0] };
    const tacho_attributes sorted =
        TACHO_ATTRS(TACHO_I64("a", 6), TACHO_I64("network.", 2), TACHO_I64("network.b", 3),
                    TACHO_I64("network.p", 5), TACHO_I64("network.pa", 7), TACHO_I64("z", 4));
    tacho_attribute items[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        items[i] = TACHO_I64(names[i], (int64_t)i);
    }
    SAME(tacho_attributes_from(items, COUNT), sorted);
}

/* ATTR-04 */
Test(attribute_key, the_last_of_equal_keys_wins) {
    SAME(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2), TACHO_STR("a", "x")),
         TACHO_ATTRS(TACHO_STR("a", "x"), TACHO_I64("b", 2)));
    DIFFERENT(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("a", 2)), TACHO_ATTRS(TACHO_I64("a", 1)));
    SAME(TACHO_ATTRS(TACHO_I64("a.long.key", 1), TACHO_I64("a.long.kex", 3),
                     TACHO_I64("a.long.key", 2)),
         TACHO_ATTRS(TACHO_I64("a.long.kex", 3), TACHO_I64("a.long.key", 2)));
}

/* ATTR-01 */
Test(attribute_key, keys_are_case_sensitive_and_not_empty) {
    DIFFERENT(TACHO_ATTRS(TACHO_I64("a", 1)), TACHO_ATTRS(TACHO_I64("A", 1)));
    SAME(TACHO_ATTRS(TACHO_I64("", 1), TACHO_I64("a", 1), TACHO_I64(NULL, 1)),
         TACHO_ATTRS(TACHO_I64("a", 1)));
    SAME(TACHO_ATTRS(TACHO_I64("", 1)), TACHO_NO_ATTRS);
}

/* ATTR-05 */
Test(attribute_key, types_matter) {
    const tacho_attribute values[] = {
        TACHO_I64("k", 1),      TACHO_F64("k", 1.0),         TACHO_STR("k", "1"),
        TACHO_BOOL("k", true),  TACHO_BYTES("k", "1", 1),    TACHO_VALUE("k", (tacho_value){0}),
        TACHO_I64("k", 0),      TACHO_F64("k", 0.0),         TACHO_F64("k", -0.0),
        TACHO_BOOL("k", false), TACHO_F64("k", (double)NAN), TACHO_STR("k", ""),
    };
    size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            bool is_same = are_same(tacho_attributes_from(&values[i], 1),
                                    tacho_attributes_from(&values[j], 1));
            cr_assert(eq(int, is_same, i == j), "%zu and %zu", i, j);
        }
    }
}

/* ATTR-03 */
Test(attribute_key, empty_values_are_kept) {
    DIFFERENT(TACHO_ATTRS(TACHO_STR("a", "")), TACHO_NO_ATTRS);
    DIFFERENT(TACHO_ATTRS(TACHO_VALUE("a", (tacho_value){0})), TACHO_NO_ATTRS);
    SAME(TACHO_ATTRS(TACHO_STR("a", NULL)), TACHO_ATTRS(TACHO_STR("a", "")));
    SAME(TACHO_ATTRS(TACHO_STRN("a", NULL, 5)), TACHO_ATTRS(TACHO_STR("a", "")));
}

Test(attribute_key, all_nans_are_one_value) {
    uint64_t bits = UINT64_C(0xfff8000000000123);
    double other;
    memcpy(&other, &bits, sizeof other);
    SAME(TACHO_ATTRS(TACHO_F64("a", (double)NAN)), TACHO_ATTRS(TACHO_F64("a", other)));
}

Test(attribute_key, lengths_keep_parts_apart) {
    DIFFERENT(TACHO_ATTRS(TACHO_STR("ab", "c")), TACHO_ATTRS(TACHO_STR("a", "bc")));
    DIFFERENT(TACHO_ATTRS(TACHO_STRN("a", "x\0y", 3)), TACHO_ATTRS(TACHO_STRN("a", "x\0z", 3)));
    DIFFERENT(TACHO_ATTRS(TACHO_STRN("a", "x\0", 2)), TACHO_ATTRS(TACHO_STR("a", "x")));
    DIFFERENT(TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2")),
              TACHO_ATTRS(TACHO_STR("a", "2"), TACHO_STR("b", "1")));
}

/* --- arrays and maps --- */

static tacho_attribute strings(const tacho_string *items, size_t count) {
    return TACHO_VALUE("k", ((tacho_value){.type = TACHO_VALUE_STRING_ARRAY,
                                           .as.strings = {.items = items, .count = count}}));
}

static tacho_attribute values(const tacho_value *items, size_t count) {
    return TACHO_VALUE("k", ((tacho_value){.type = TACHO_VALUE_ARRAY,
                                           .as.values = {.items = items, .count = count}}));
}

static tacho_attribute map(tacho_attributes inner) {
    return TACHO_VALUE("k",
                       ((tacho_value){.type = TACHO_VALUE_MAP,
                                      .as.map = {.items = inner.items, .count = inner.count}}));
}

/* ATTR-02 */
Test(attribute_key, arrays_are_equal_item_by_item) {
    const tacho_string xy[] = {{"x", 1}, {"y", 1}};
    const tacho_string yx[] = {{"y", 1}, {"x", 1}};
    const tacho_string joined[] = {{"xy", 2}};
    SAME(TACHO_ATTRS(strings(xy, 2)), TACHO_ATTRS(strings(xy, 2)));
    DIFFERENT(TACHO_ATTRS(strings(xy, 2)), TACHO_ATTRS(strings(yx, 2)));
    DIFFERENT(TACHO_ATTRS(strings(xy, 2)), TACHO_ATTRS(strings(xy, 1)));
    DIFFERENT(TACHO_ATTRS(strings(xy, 2)), TACHO_ATTRS(strings(joined, 1)));
    SAME(TACHO_ATTRS(strings(NULL, 7)), TACHO_ATTRS(strings(xy, 0)));
}

/* An array of strings and an array of values that are strings are two types, as the specification
 * lists them. */
Test(attribute_key, a_typed_array_is_not_an_array_of_values) {
    const tacho_string text[] = {{"x", 1}};
    const tacho_value same_text[] = {{.type = TACHO_VALUE_STRING, .as.string = {"x", 1}}};
    DIFFERENT(TACHO_ATTRS(strings(text, 1)), TACHO_ATTRS(values(same_text, 1)));
    DIFFERENT(TACHO_ATTRS(strings(NULL, 0)), TACHO_ATTRS(values(NULL, 0)));
}

/* ATTR-08 */
Test(attribute_key, maps_have_unique_keys_in_any_order) {
    SAME(TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)))),
         TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("b", 2), TACHO_I64("a", 1)))));
    SAME(TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("", 3), TACHO_I64("a", 2)))),
         TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("a", 2)))));
    DIFFERENT(TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("a", 1)))),
              TACHO_ATTRS(map(TACHO_ATTRS(TACHO_I64("a", 2)))));
    SAME(TACHO_ATTRS(map(tacho_attributes_from(NULL, 3))), TACHO_ATTRS(map(TACHO_NO_ATTRS)));
    DIFFERENT(TACHO_ATTRS(map(TACHO_NO_ATTRS)), TACHO_ATTRS(values(NULL, 0)));
}

/* `levels` arrays inside each other around the number. */
static tacho_attribute nest(tacho_value *chain, size_t levels, int64_t number) {
    chain[0] = (tacho_value){.type = TACHO_VALUE_I64, .as.i64 = number};
    for (size_t i = 1; i <= levels; i++) {
        chain[i] = (tacho_value){.type = TACHO_VALUE_ARRAY,
                                 .as.values = {.items = &chain[i - 1], .count = 1}};
    }
    return TACHO_VALUE("k", chain[levels]);
}

Test(attribute_key, what_lies_too_deep_is_empty) {
    static tacho_value one[10002];
    static tacho_value other[10002];
    size_t deepest = TACHOI_ATTRIBUTE_DEPTH;
    DIFFERENT(TACHO_ATTRS(nest(one, deepest, 1)), TACHO_ATTRS(nest(other, deepest, 2)));
    SAME(TACHO_ATTRS(nest(one, deepest + 1, 1)), TACHO_ATTRS(nest(other, deepest + 1, 2)));
    SAME(TACHO_ATTRS(nest(one, deepest + 1, 1)), TACHO_ATTRS(nest(other, 10000, 1)));
    DIFFERENT(TACHO_ATTRS(nest(one, deepest, 1)), TACHO_ATTRS(nest(other, deepest + 1, 1)));
}

/* ATTR-02: what a later version may add is kept as the empty value. */
Test(attribute_key, an_unknown_type_is_empty) {
    tacho_value unknown = {.type = (tacho_value_type)12};
    SAME(TACHO_ATTRS(TACHO_VALUE("a", unknown)), TACHO_ATTRS(TACHO_VALUE("a", (tacho_value){0})));
}

/* --- sizes --- */

Test(attribute_key, nothing_is_a_set_too) {
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, TACHO_NO_ATTRS);
    cr_assert(le(sz, tachoi_attribute_key_size(&key), 1));
    SAME(TACHO_NO_ATTRS, tacho_attributes_from(NULL, 5));
}

/* Counts around the number that is sorted by an index, in and against the order of the keys. */
Test(attribute_key, any_number_of_attributes) {
    static tacho_attribute rising[300];
    static tacho_attribute falling[300];
    static char names[300][16];
    for (size_t count = 1; count <= 300; count += count < 40 ? 1 : 65) {
        for (size_t i = 0; i < count; i++) {
            snprintf(names[i], sizeof names[i], "attribute%03zu", i);
            rising[i] = TACHO_I64(names[i], (int64_t)i);
            falling[count - 1 - i] = rising[i];
        }
        SAME(tacho_attributes_from(rising, count), tacho_attributes_from(falling, count));
        falling[count / 2].value.as.i64 = -1;
        DIFFERENT(tacho_attributes_from(rising, count), tacho_attributes_from(falling, count));
    }
}

Test(attribute_key, the_last_of_many_equal_keys_wins) {
    tacho_attribute many[100];
    for (size_t i = 0; i < 100; i++) {
        many[i] = TACHO_I64(i % 2 == 0 ? "even" : "odd", (int64_t)i);
    }
    SAME(tacho_attributes_from(many, 100),
         TACHO_ATTRS(TACHO_I64("odd", 99), TACHO_I64("even", 98)));
}

/* Lengths around one byte of length, the scratch, and the buffer that large sets are compared in.
 */
Test(attribute_key, any_size) {
    static const size_t sizes[] = {126, 127, 128, 511, 512, 980, 990, 1000, 1010, 5000, 1 << 20};
    char *text = tachoi_calloc(1, (1 << 20) + 1);
    cr_assert(ne(ptr, text, NULL));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i];
        memset(text, 'x', size);
        tacho_attributes list = TACHO_ATTRS(TACHO_STRN("b", text, size), TACHO_I64("a", 1));
        struct tachoi_attribute_key key;
        tachoi_attribute_key_init(&key, list);
        struct tachoi_attribute_set *set = tachoi_attribute_set_create(&key);
        cr_assert(ne(ptr, set, NULL));
        cr_assert(gt(sz, set->size, size));
        cr_assert(tachoi_attribute_key_matches(&key, set));
        text[size - 1] = 'y';
        tachoi_attribute_key_init(&key, list);
        cr_assert(not(tachoi_attribute_key_equals(&key, set->bytes, set->size)));
        tachoi_free(set);
    }
    tachoi_free(text);
}

/* Leaves words on the stack where the next call has its own: the seed with zeros between. */
static __attribute__((noinline)) void soil_stack(size_t shift) {
    volatile uint64_t words[2000];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        words[i] = i % 3 == shift ? tachoi_hash_seed() : 0;
    }
}

/* xxHash takes a state for a used one, and its secret for good, if it seems to hold the seed. */
Test(attribute_key, the_hash_of_a_large_set_does_not_depend_on_old_memory) {
    static char large[3000];
    memset(large, 'x', sizeof large);
    tacho_attributes list = TACHO_ATTRS(TACHO_STRN("a", large, sizeof large));
    static struct tachoi_attribute_key keys[3];
    for (size_t i = 0; i < 3; i++) {
        soil_stack(i);
        tachoi_attribute_key_init(&keys[i], list);
        cr_assert(not(keys[i].is_packed));
        cr_assert(eq(u64, keys[i].hash, keys[0].hash));
    }
    unsigned char *bytes = tachoi_malloc(keys[0].size);
    tachoi_attribute_key_write(&keys[0], bytes);
    cr_assert(eq(u64, keys[0].hash, tachoi_hash_bytes(bytes, keys[0].size, tachoi_hash_seed())));
    tachoi_free(bytes);
}

Test(attribute_key, a_set_needs_memory_and_nothing_else_does) {
    struct tachoi_attribute_key key;
    tachoi_alloc_fail_at(1);
    tachoi_attribute_key_init(&key, TACHO_ATTRS(TACHO_STR("a", "b")));
    cr_assert(tachoi_alloc_fail_pending());
    cr_assert(eq(ptr, tachoi_attribute_set_create(&key), NULL));
    struct tachoi_attribute_set *set = tachoi_attribute_set_create(&key);
    cr_assert(ne(ptr, set, NULL));
    tachoi_alloc_fail_at(1);
    cr_assert(tachoi_attribute_key_matches(&key, set));
    cr_assert(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    tachoi_free(set);
}

/* --- filters --- */

static struct tachoi_attribute_filter *keep(const tacho_string *keys, size_t count) {
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int,
                 tachoi_attribute_filter_create((struct tachoi_key_list){keys, count},
                                                (struct tachoi_key_list){NULL, 0}, &filter),
                 TACHO_OK));
    return filter;
}

/* The key of `all` through the filter is in every respect that of `kept`. */
static void check_filtered(const struct tachoi_attribute_filter *filter, tacho_attributes all,
                           tacho_attributes kept) {
    static struct tachoi_attribute_key filtered;
    static struct tachoi_attribute_key expected;
    tachoi_alloc_fail_at(1);
    tachoi_attribute_key_init_filtered(&filtered, all, filter);
    cr_assert(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    tachoi_attribute_key_init(&expected, kept);
    cr_assert(eq(u64, filtered.hash, expected.hash));
    size_t size = tachoi_attribute_key_size(&expected);
    cr_assert(eq(sz, tachoi_attribute_key_size(&filtered), size));
    unsigned char *bytes = tachoi_malloc(size);
    tachoi_attribute_key_write(&expected, bytes);
    cr_assert(tachoi_attribute_key_equals(&filtered, bytes, size));
    memset(bytes, 0, size);
    tachoi_attribute_key_write(&filtered, bytes);
    cr_assert(tachoi_attribute_key_equals(&expected, bytes, size));
    tachoi_free(bytes);
}

/* VIEW-12 */
Test(attribute_key, what_a_filter_leaves_out_does_not_count) {
    const tacho_string keys[] = {tacho_string_from("a"), tacho_string_from("b")};
    struct tachoi_attribute_filter *filter = keep(keys, 2);
    check_filtered(filter, TACHO_ATTRS(TACHO_I64("c", 3), TACHO_I64("b", 2), TACHO_I64("", 0)),
                   TACHO_ATTRS(TACHO_I64("b", 2)));
    check_filtered(filter, TACHO_ATTRS(TACHO_I64("c", 3)), TACHO_NO_ATTRS);
    check_filtered(filter, TACHO_NO_ATTRS, TACHO_NO_ATTRS);
    check_filtered(filter, tacho_attributes_from(NULL, 4), TACHO_NO_ATTRS);
    check_filtered(NULL, TACHO_ATTRS(TACHO_I64("c", 3)), TACHO_ATTRS(TACHO_I64("c", 3)));
    check_filtered(filter,
                   TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("c", 1), TACHO_I64("a", 2),
                               TACHO_I64("c", 2), TACHO_I64("b", 2)),
                   TACHO_ATTRS(TACHO_I64("a", 2), TACHO_I64("b", 2)));
    tachoi_attribute_filter_destroy(filter);
}

/* A filter asks for the keys of the list alone, not for those inside its maps. */
Test(attribute_key, a_filter_does_not_look_into_maps) {
    const tacho_string keys[] = {tacho_string_from("k")};
    struct tachoi_attribute_filter *filter = keep(keys, 1);
    tacho_attribute inner = map(TACHO_ATTRS(TACHO_I64("other", 1)));
    check_filtered(filter, TACHO_ATTRS(TACHO_I64("other", 2), inner), TACHO_ATTRS(inner));
    tachoi_attribute_filter_destroy(filter);
}

/* Counts around the number that is sorted at once, in the key and in the filter, with every key
 * twice; and values that do not fit into the scratch, which are packed again for each purpose. */
Test(attribute_key, a_filter_on_any_number_of_attributes) {
    static tacho_attribute all[600];
    static tacho_attribute kept[300];
    static tacho_string keys[300];
    static char names[300][16];
    static char large[3000];
    memset(large, 'x', sizeof large);
    for (size_t count = 1; count <= 300; count += count < 80 ? 1 : 65) {
        size_t kept_count = 0;
        for (size_t i = 0; i < count; i++) {
            snprintf(names[i], sizeof names[i], "attribute%03zu", i);
            tacho_attribute *last = &all[2 * count - 1 - i];
            all[i] = TACHO_STR(names[i], "first");
            *last = TACHO_STRN(names[i], large, i % 16 == 0 ? sizeof large : i);
            if (i % 3 == 0 || count % 5 == 0) {
                keys[kept_count] = last->key;
                kept[kept_count++] = *last;
            }
        }
        struct tachoi_attribute_filter *filter = keep(keys, kept_count);
        check_filtered(filter, tacho_attributes_from(all, 2 * count),
                       tacho_attributes_from(kept, kept_count));
        tachoi_attribute_filter_destroy(filter);
    }
}

/* The bytes may lie at any address, for instance inside a series. */
Test(attribute_key, bytes_are_written_where_wanted) {
    static char large[3000];
    memset(large, 'x', sizeof large);
    tacho_attributes lists[] = {TACHO_ATTRS(TACHO_STR("a", "b"), TACHO_I64("c", 1)),
                                TACHO_ATTRS(TACHO_STRN("a", large, sizeof large))};
    for (size_t i = 0; i < 2; i++) {
        struct tachoi_attribute_key key;
        tachoi_attribute_key_init(&key, lists[i]);
        size_t size = tachoi_attribute_key_size(&key);
        unsigned char *memory = tachoi_malloc(size + 1);
        tachoi_attribute_key_write(&key, memory + 1);
        cr_assert(tachoi_attribute_key_equals(&key, memory + 1, size));
        cr_assert(not(tachoi_attribute_key_equals(&key, memory + 1, size - 1)));
        memory[size] ^= 1U;
        cr_assert(not(tachoi_attribute_key_equals(&key, memory + 1, size)));
        tachoi_free(memory);
    }
}
