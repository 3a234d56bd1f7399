/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a packed set gives back what went in. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"

/* A set at an odd address, to find reads that need alignment. */
struct packed {
    unsigned char *memory;
    unsigned char *bytes;
    size_t size;
};

static struct packed pack(tacho_attributes list) {
    struct tachoi_attribute_key key;
    struct packed packed;
    tachoi_attribute_key_init(&key, list);
    packed.size = tachoi_attribute_key_size(&key);
    packed.memory = tachoi_malloc(packed.size + 1);
    cr_assert(ne(ptr, packed.memory, NULL));
    packed.bytes = packed.memory + 1;
    tachoi_attribute_key_write(&key, packed.bytes);
    return packed;
}

static void expect_string(tacho_string got, const char *wanted) {
    cr_assert(eq(sz, got.length, strlen(wanted)));
    cr_assert(eq(int, memcmp(got.data, wanted, got.length), 0), "%.*s, not %s", (int)got.length,
              got.data, wanted);
}

/* ATTR-02 */
Test(unpack, gives_back_plain_values_sorted_by_key) {
    struct packed packed = pack(TACHO_ATTRS(TACHO_STR("text", "GET"), TACHO_BOOL("flag", true),
                                            TACHO_I64("whole", INT64_MIN), TACHO_F64("real", -0.5),
                                            TACHO_BYTES("bytes", "\0\xff", 2),
                                            TACHO_VALUE("nothing", (tacho_value){0})));
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tacho_attributes list;
    cr_assert(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list));
    cr_assert(eq(sz, list.count, 6));
    static const char *const keys[] = {"bytes", "flag", "nothing", "real", "text", "whole"};
    static const tacho_value_type types[] = {TACHO_VALUE_BYTES,  TACHO_VALUE_BOOL,
                                             TACHO_VALUE_EMPTY,  TACHO_VALUE_F64,
                                             TACHO_VALUE_STRING, TACHO_VALUE_I64};
    for (size_t i = 0; i < 6; i++) {
        expect_string(list.items[i].key, keys[i]);
        cr_assert(eq(int, (int)list.items[i].value.type, (int)types[i]));
    }
    cr_assert(eq(sz, list.items[0].value.as.string.length, 2));
    cr_assert(eq(int, memcmp(list.items[0].value.as.string.data, "\0\xff", 2), 0));
    cr_assert(list.items[1].value.as.boolean);
    cr_assert(eq(dbl, list.items[3].value.as.f64, -0.5));
    expect_string(list.items[4].value.as.string, "GET");
    cr_assert(eq(i64, list.items[5].value.as.i64, INT64_MIN));
    tachoi_arena_fini(&arena);
    tachoi_free(packed.memory);
}

Test(unpack, gives_back_nothing_for_nothing) {
    struct packed packed = pack(TACHO_NO_ATTRS);
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tacho_attributes list = {NULL, 7};
    cr_assert(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list));
    cr_assert(eq(sz, list.count, 0));
    tachoi_arena_fini(&arena);
    tachoi_free(packed.memory);
}

Test(unpack, strings_point_into_the_bytes) {
    struct packed packed = pack(TACHO_ATTRS(TACHO_STR("key", "value")));
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tacho_attributes list;
    cr_assert(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list));
    const char *begin = (const char *)packed.bytes;
    const char *end = begin + packed.size;
    const tacho_attribute *attr = &list.items[0];
    cr_assert(ge(ptr, (void *)attr->key.data, (void *)begin));
    cr_assert(ge(ptr, (void *)attr->value.as.string.data, (void *)begin));
    cr_assert(le(ptr, (void *)(attr->value.as.string.data + 5), (void *)end));
    tachoi_arena_fini(&arena);
    tachoi_free(packed.memory);
}

static const tacho_string string_items[] = {{"x", 1}, {NULL, 0}, {"yz", 2}};
static const bool bool_items[] = {true, false, true};
static const int64_t i64_items[] = {INT64_MAX, 0, -7};
static const double f64_items[] = {0.1, -1e300};
static const tacho_attribute inner_items[] = {
    {.key = {"n", 1}, .value = {.type = TACHO_VALUE_I64, .as.i64 = 3}},
    {.key = {"m", 1}, .value = {.type = TACHO_VALUE_STRING, .as.string = {"s", 1}}}};
static const tacho_value value_items[] = {
    {.type = TACHO_VALUE_EMPTY},
    {.type = TACHO_VALUE_MAP, .as.map = {.items = inner_items, .count = 2}},
    {.type = TACHO_VALUE_I64_ARRAY, .as.i64s = {.items = i64_items, .count = 3}}};

static const tacho_attribute nested[] = {
    {.key = {"1", 1}, .value = {.type = TACHO_VALUE_STRING_ARRAY, .as.strings = {string_items, 3}}},
    {.key = {"2", 1}, .value = {.type = TACHO_VALUE_BOOL_ARRAY, .as.booleans = {bool_items, 3}}},
    {.key = {"3", 1}, .value = {.type = TACHO_VALUE_F64_ARRAY, .as.f64s = {f64_items, 2}}},
    {.key = {"4", 1}, .value = {.type = TACHO_VALUE_ARRAY, .as.values = {value_items, 3}}},
};

/* ATTR-02, ATTR-03 */
Test(unpack, gives_back_arrays_and_maps) {
    struct packed packed = pack(tacho_attributes_from(nested, 4));
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tacho_attributes list;
    cr_assert(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list));
    cr_assert(eq(sz, list.count, 4));
    const tacho_value *strings = &list.items[0].value;
    cr_assert(eq(sz, strings->as.strings.count, 3));
    expect_string(strings->as.strings.items[0], "x");
    expect_string(strings->as.strings.items[1], "");
    expect_string(strings->as.strings.items[2], "yz");
    const tacho_value *booleans = &list.items[1].value;
    cr_assert(eq(sz, booleans->as.booleans.count, 3));
    for (size_t i = 0; i < 3; i++) {
        cr_assert(eq(int, booleans->as.booleans.items[i], bool_items[i]));
    }
    const tacho_value *reals = &list.items[2].value;
    cr_assert(eq(sz, reals->as.f64s.count, 2));
    cr_assert(eq(dbl, reals->as.f64s.items[0], 0.1));
    cr_assert(eq(dbl, reals->as.f64s.items[1], -1e300));
    const tacho_value *values = &list.items[3].value;
    cr_assert(eq(sz, values->as.values.count, 3));
    cr_assert(eq(int, (int)values->as.values.items[0].type, TACHO_VALUE_EMPTY));
    const tacho_value *map = &values->as.values.items[1];
    cr_assert(eq(int, (int)map->type, TACHO_VALUE_MAP));
    cr_assert(eq(sz, map->as.map.count, 2));
    expect_string(map->as.map.items[0].key, "m");
    expect_string(map->as.map.items[1].key, "n");
    cr_assert(eq(i64, map->as.map.items[1].value.as.i64, 3));
    const tacho_value *wholes = &values->as.values.items[2];
    cr_assert(eq(sz, wholes->as.i64s.count, 3));
    cr_assert(eq(i64, wholes->as.i64s.items[0], INT64_MAX));
    cr_assert(eq(i64, wholes->as.i64s.items[2], -7));
    tachoi_arena_fini(&arena);
    tachoi_free(packed.memory);
}

/* With an arena that has no room for more than k pieces: first by its maximum, then by memory. */
Test(unpack, says_so_when_memory_is_short) {
    struct packed packed = pack(tacho_attributes_from(nested, 4));
    size_t failures = 0;
    for (size_t max = 16;; max += 16) {
        struct tachoi_arena arena;
        tachoi_arena_init(&arena, max);
        tacho_attributes list = {NULL, 99};
        bool is_done = tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list);
        cr_assert(eq(sz, list.count, is_done ? 4 : 99));
        tachoi_arena_fini(&arena);
        if (is_done) {
            break;
        }
        failures++;
    }
    cr_assert(gt(sz, failures, 10));
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tacho_attributes list;
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list)));
    cr_assert(not(tachoi_alloc_fail_pending()));
    cr_assert(tachoi_attributes_unpack(packed.bytes, packed.size, &arena, &list));
    tachoi_arena_fini(&arena);
    tachoi_free(packed.memory);
}
