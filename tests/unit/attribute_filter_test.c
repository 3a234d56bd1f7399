/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which keys a filter keeps. What becomes of series: attribute_key_test.c. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "attributes/attribute_filter.h"
#include "base/alloc.h"
#include "tacho/status.h"

#define KEYS(...)                                                                                  \
    ((struct tachoi_key_list){(const tacho_string[]){__VA_ARGS__},                                 \
                              sizeof((const tacho_string[]){__VA_ARGS__}) / sizeof(tacho_string)})
#define KEY(text)                                                                                  \
    { (text), sizeof(text) - 1 }

static const tacho_string nothing[1];
static const struct tachoi_key_list absent = {NULL, 0};
static const struct tachoi_key_list empty = {nothing, 0};

static struct tachoi_attribute_filter *create(struct tachoi_key_list included,
                                              struct tachoi_key_list excluded) {
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int, tachoi_attribute_filter_create(included, excluded, &filter), TACHO_OK));
    return filter;
}

static bool keeps(const struct tachoi_attribute_filter *filter, const char *key) {
    return tachoi_attribute_filter_keeps(filter, tacho_string_from(key));
}

/* VIEW-12 */
Test(attribute_filter, a_list_of_kept_keys_drops_all_others) {
    struct tachoi_attribute_filter *filter =
        create(KEYS(KEY("method"), KEY("route"), KEY("a")), absent);
    cr_assert(keeps(filter, "method"));
    cr_assert(keeps(filter, "route"));
    cr_assert(keeps(filter, "a"));
    cr_assert(not(keeps(filter, "Method")));
    cr_assert(not(keeps(filter, "metho")));
    cr_assert(not(keeps(filter, "methods")));
    cr_assert(not(keeps(filter, "")));
    tachoi_attribute_filter_destroy(filter);
}

/* VIEW-12 */
Test(attribute_filter, an_empty_list_of_kept_keys_is_not_an_absent_one) {
    struct tachoi_attribute_filter *filter = create(empty, absent);
    cr_assert(ne(ptr, filter, NULL));
    cr_assert(not(keeps(filter, "method")));
    tachoi_attribute_filter_destroy(filter);
}

/* VIEW-13 */
Test(attribute_filter, a_list_of_excluded_keys_keeps_all_others) {
    struct tachoi_attribute_filter *filter = create(absent, KEYS(KEY("user.id"), KEY("b")));
    cr_assert(not(keeps(filter, "user.id")));
    cr_assert(not(keeps(filter, "b")));
    cr_assert(keeps(filter, "user.ID"));
    cr_assert(keeps(filter, "a"));
    tachoi_attribute_filter_destroy(filter);
}

/* VIEW-13 */
Test(attribute_filter, what_is_excluded_too_is_not_kept) {
    struct tachoi_attribute_filter *filter =
        create(KEYS(KEY("a"), KEY("b"), KEY("c")), KEYS(KEY("b"), KEY("z")));
    cr_assert(keeps(filter, "a"));
    cr_assert(not(keeps(filter, "b")));
    cr_assert(keeps(filter, "c"));
    cr_assert(not(keeps(filter, "y")));
    tachoi_attribute_filter_destroy(filter);
}

/* VIEW-14 */
Test(attribute_filter, without_lists_there_is_no_filter_and_all_is_kept) {
    cr_assert(eq(ptr, create(absent, absent), NULL));
    cr_assert(eq(ptr, create(absent, empty), NULL));
    cr_assert(keeps(NULL, "a"));
    cr_assert(tachoi_attribute_filter_keeps_all(NULL, TACHO_ATTRS(TACHO_I64("a", 1))));
    tachoi_attribute_filter_destroy(NULL);
}

/* Numbers of keys around the steps of the search; every key and its neighbours are asked for. */
Test(attribute_filter, lists_of_any_length) {
    static char texts[70][24];
    static tacho_string keys[70];
    for (size_t count = 1; count <= 70; count++) {
        for (size_t i = 0; i < count; i++) {
            size_t at = (i * 37) % count; /* in no order, with repetitions */
            snprintf(texts[i], sizeof texts[i], "%zu", 2 * at);
            keys[i] = tacho_string_from(texts[i]);
        }
        struct tachoi_attribute_filter *filter =
            create((struct tachoi_key_list){keys, count}, absent);
        memset(texts, 'x', sizeof texts); /* keys are copied */
        for (size_t i = 0; i < 2 * count; i++) {
            bool is_listed = false;
            for (size_t j = 0; j < count; j++) {
                is_listed = is_listed || 2 * ((j * 37) % count) == i;
            }
            char text[24];
            snprintf(text, sizeof text, "%zu", i);
            cr_assert(eq(int, keeps(filter, text), is_listed), "%s of %zu", text, count);
        }
        tachoi_attribute_filter_destroy(filter);
    }
}

Test(attribute_filter, filters_with_the_same_lists_are_equal) {
    struct tachoi_attribute_filter *filters[] = {
        NULL,
        create(empty, absent),
        create(KEYS(KEY("a"), KEY("b")), absent),
        create(KEYS(KEY("a")), absent),
        create(KEYS(KEY("a"), KEY("c")), absent),
        create(absent, KEYS(KEY("a"), KEY("b"))),
        create(absent, KEYS(KEY("b"))),
    };
    size_t count = sizeof filters / sizeof filters[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            cr_assert(eq(int, tachoi_attribute_filter_equals(filters[i], filters[j]), i == j),
                      "%zu and %zu", i, j);
        }
    }
    struct tachoi_attribute_filter *same = create(KEYS(KEY("b"), KEY("a"), KEY("b")), empty);
    cr_assert(tachoi_attribute_filter_equals(same, filters[2]));
    tachoi_attribute_filter_destroy(same);
    for (size_t i = 0; i < count; i++) {
        tachoi_attribute_filter_destroy(filters[i]);
    }
}

/* EXM-13 */
Test(attribute_filter, what_is_left_out_is_given_as_it_was_recorded) {
    struct tachoi_attribute_filter *filter = create(KEYS(KEY("route")), absent);
    tacho_attributes list =
        TACHO_ATTRS(TACHO_I64("user", 1), TACHO_STR("route", "/"), TACHO_I64("", 5),
                    TACHO_I64(NULL, 6), TACHO_STR("host", "h"), TACHO_I64("user", 2));
    tacho_attribute out[4];
    memset(out, 0, sizeof out);
    cr_assert(eq(sz, tachoi_attribute_filter_left_out(filter, list, out, 4), 3));
    cr_assert(eq(i64, out[0].value.as.i64, 1));
    cr_assert(eq(ptr, (void *)out[1].key.data, (void *)list.items[4].key.data));
    cr_assert(eq(i64, out[2].value.as.i64, 2));
    cr_assert(eq(sz, out[3].key.length, 0));

    memset(out, 0, sizeof out);
    cr_assert(eq(sz, tachoi_attribute_filter_left_out(filter, list, out, 1), 3));
    cr_assert(eq(ptr, (void *)out[1].key.data, NULL));
    cr_assert(eq(sz, tachoi_attribute_filter_left_out(NULL, list, out, 4), 0));
    cr_assert(eq(sz, tachoi_attribute_filter_left_out(filter, TACHO_NO_ATTRS, out, 4), 0));
    cr_assert(eq(
        sz, tachoi_attribute_filter_left_out(filter, tacho_attributes_from(NULL, 3), out, 4), 0));
    tachoi_attribute_filter_destroy(filter);
}

Test(attribute_filter, keeps_all_does_not_count_pairs_without_a_key) {
    struct tachoi_attribute_filter *filter = create(KEYS(KEY("a"), KEY("b")), absent);
    cr_assert(tachoi_attribute_filter_keeps_all(
        filter, TACHO_ATTRS(TACHO_I64("b", 1), TACHO_I64("", 1), TACHO_I64("b", 2))));
    cr_assert(not(tachoi_attribute_filter_keeps_all(
        filter, TACHO_ATTRS(TACHO_I64("b", 1), TACHO_I64("c", 1)))));
    tachoi_attribute_filter_destroy(filter);
}

Test(attribute_filter, a_key_without_text_is_an_empty_one) {
    struct tachoi_attribute_filter *filter = create(KEYS({NULL, 7}, KEY("a")), absent);
    cr_assert(keeps(filter, "a"));
    cr_assert(keeps(filter, ""));
    cr_assert(tachoi_attribute_filter_keeps(filter, (tacho_string){NULL, 3}));
    tachoi_attribute_filter_destroy(filter);
}

Test(attribute_filter, making_needs_memory_and_asking_does_not) {
    struct tachoi_attribute_filter *filter = (void *)&filter;
    tachoi_alloc_fail_at(1);
    cr_assert(eq(int, tachoi_attribute_filter_create(KEYS(KEY("a")), absent, &filter),
                 TACHO_E_NO_MEMORY));
    cr_assert(eq(ptr, filter, (void *)&filter));
    filter = create(KEYS(KEY("a")), KEYS(KEY("b")));
    tachoi_alloc_fail_at(1);
    cr_assert(not(tachoi_attribute_filter_keeps_all(filter, TACHO_ATTRS(TACHO_I64("b", 1)))));
    cr_assert(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    tachoi_attribute_filter_destroy(filter);
}
