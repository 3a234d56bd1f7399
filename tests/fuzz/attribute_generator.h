/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the making of attribute lists from arbitrary bytes, and a second opinion on their equality
 * that shares nothing with the packed form. Knows only the public types and the arena. */
#ifndef TACHO_TESTS_FUZZ_ATTRIBUTE_GENERATOR_H
#define TACHO_TESTS_FUZZ_ATTRIBUTE_GENERATOR_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "tacho/attributes.h"

/* Bytes that decide; when they are used up all decisions are 0, which ends every list. */
struct byte_source {
    const uint8_t *data;
    size_t size;
    struct tachoi_arena *arena;
};

static inline size_t pick(struct byte_source *source, size_t choices) {
    if (source->size == 0) {
        return 0;
    }
    source->size--;
    return *source->data++ % choices;
}

static inline void *take(struct byte_source *source, size_t count, size_t size) {
    void *memory = tachoi_arena_alloc(source->arena, count, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* Few different texts, so that equal ones are frequent: short, with a common beginning, with NUL
 * and bytes above 127, and of lengths around the limits of one length byte and of the scratch. */
static inline tacho_string generate_string(struct byte_source *source) {
    static const char letters[] = {'a', 'b', '\0', '\xff'};
    static const size_t long_sizes[] = {16, 17, 126, 127, 128, 129, 500, 1500};
    tacho_string string = {NULL, 0};
    size_t kind = pick(source, 16);
    if (kind == 0) {
        return string;
    }
    size_t fixed = kind == 1 ? long_sizes[pick(source, 8)] : kind < 5 ? 8 : 0;
    size_t length = fixed + pick(source, kind < 12 ? 4 : 12);
    char *data = take(source, length + 1, 1);
    memset(data, 'k', length);
    for (size_t i = fixed; i < length; i++) {
        data[i] = letters[pick(source, 4)];
    }
    string.data = data;
    string.length = length;
    return string;
}

static inline double generate_f64(struct byte_source *source) {
    static const uint64_t other_nan = UINT64_C(0xfff8000000000123);
    double nan;
    memcpy(&nan, &other_nan, sizeof nan);
    const double values[] = {0.0, -0.0, 1.0, 2.0, (double)NAN, nan, (double)INFINITY};
    return values[pick(source, 7)];
}

static inline int64_t generate_i64(struct byte_source *source) {
    static const int64_t values[] = {0, 1, 2, -1, INT64_MAX, INT64_MIN};
    return values[pick(source, 6)];
}

static inline tacho_attributes generate_list(struct byte_source *source, size_t depth);

static inline tacho_value generate_value(struct byte_source *source, size_t depth) {
    tacho_value value = {.type = (tacho_value_type)pick(source, depth < 5 ? 12 : 10)};
    size_t count = value.type >= TACHO_VALUE_STRING_ARRAY ? pick(source, 4) : 0;
    switch (value.type) {
    case TACHO_VALUE_EMPTY:
        break;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        value.as.string = generate_string(source);
        break;
    case TACHO_VALUE_BOOL:
        value.as.boolean = pick(source, 2) == 1;
        break;
    case TACHO_VALUE_I64:
        value.as.i64 = generate_i64(source);
        break;
    case TACHO_VALUE_F64:
        value.as.f64 = generate_f64(source);
        break;
    case TACHO_VALUE_STRING_ARRAY: {
        tacho_string *items = take(source, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = generate_string(source);
        }
        value.as.strings.items = items;
        value.as.strings.count = count;
        break;
    }
    case TACHO_VALUE_BOOL_ARRAY: {
        bool *items = take(source, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = pick(source, 2) == 1;
        }
        value.as.booleans.items = items;
        value.as.booleans.count = count;
        break;
    }
    case TACHO_VALUE_I64_ARRAY: {
        int64_t *items = take(source, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = generate_i64(source);
        }
        value.as.i64s.items = items;
        value.as.i64s.count = count;
        break;
    }
    case TACHO_VALUE_F64_ARRAY: {
        double *items = take(source, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = generate_f64(source);
        }
        value.as.f64s.items = items;
        value.as.f64s.count = count;
        break;
    }
    case TACHO_VALUE_ARRAY: {
        tacho_value *items = take(source, count, sizeof *items);
        for (size_t i = 0; i < count; i++) {
            items[i] = generate_value(source, depth + 1);
        }
        value.as.values.items = items;
        value.as.values.count = count;
        break;
    }
    case TACHO_VALUE_MAP: {
        tacho_attributes map = generate_list(source, depth + 1);
        value.as.map.items = map.items;
        value.as.map.count = map.count;
        break;
    }
    }
    return value;
}

/* Mostly short; sometimes longer than what is sorted by an index. */
static inline tacho_attributes generate_list(struct byte_source *source, size_t depth) {
    size_t count = pick(source, 16) == 15 ? 30 + pick(source, 12) : pick(source, 6);
    tacho_attribute *items = take(source, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i].key = generate_string(source);
        items[i].value = generate_value(source, depth);
    }
    return tacho_attributes_from(items, count);
}

/* --- equality by the words of the specification (ATTR-04, ATTR-05, ATTR-08) --- */

static inline bool same_string(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool same_f64(double a, double b) {
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

/* The value that counts for a key, NULL if there is none. */
static inline const tacho_value *value_of(tacho_attributes list, tacho_string key) {
    for (size_t i = list.count; i-- > 0;) {
        if (key.length != 0 && same_string(list.items[i].key, key)) {
            return &list.items[i].value;
        }
    }
    return NULL;
}

static inline bool same_list(tacho_attributes a, tacho_attributes b);

static inline tacho_attributes map_of(const tacho_value *value) {
    return tacho_attributes_from(value->as.map.items, value->as.map.count);
}

static inline bool same_value(const tacho_value *a, const tacho_value *b) {
    if (a->type != b->type) {
        return false;
    }
    bool is_same = true;
    switch (a->type) {
    case TACHO_VALUE_EMPTY:
        return true;
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        return same_string(a->as.string, b->as.string);
    case TACHO_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case TACHO_VALUE_I64:
        return a->as.i64 == b->as.i64;
    case TACHO_VALUE_F64:
        return same_f64(a->as.f64, b->as.f64);
    case TACHO_VALUE_STRING_ARRAY:
        is_same = a->as.strings.count == b->as.strings.count;
        for (size_t i = 0; is_same && i < a->as.strings.count; i++) {
            is_same = same_string(a->as.strings.items[i], b->as.strings.items[i]);
        }
        return is_same;
    case TACHO_VALUE_BOOL_ARRAY:
        is_same = a->as.booleans.count == b->as.booleans.count;
        for (size_t i = 0; is_same && i < a->as.booleans.count; i++) {
            is_same = a->as.booleans.items[i] == b->as.booleans.items[i];
        }
        return is_same;
    case TACHO_VALUE_I64_ARRAY:
        is_same = a->as.i64s.count == b->as.i64s.count;
        for (size_t i = 0; is_same && i < a->as.i64s.count; i++) {
            is_same = a->as.i64s.items[i] == b->as.i64s.items[i];
        }
        return is_same;
    case TACHO_VALUE_F64_ARRAY:
        is_same = a->as.f64s.count == b->as.f64s.count;
        for (size_t i = 0; is_same && i < a->as.f64s.count; i++) {
            is_same = same_f64(a->as.f64s.items[i], b->as.f64s.items[i]);
        }
        return is_same;
    case TACHO_VALUE_ARRAY:
        is_same = a->as.values.count == b->as.values.count;
        for (size_t i = 0; is_same && i < a->as.values.count; i++) {
            is_same = same_value(&a->as.values.items[i], &b->as.values.items[i]);
        }
        return is_same;
    case TACHO_VALUE_MAP:
        return same_list(map_of(a), map_of(b));
    }
    return false;
}

/* Every key of `a` counts the same in `b`. */
static inline bool is_within(tacho_attributes a, tacho_attributes b) {
    for (size_t i = 0; i < a.count; i++) {
        const tacho_value *mine = value_of(a, a.items[i].key);
        const tacho_value *other = value_of(b, a.items[i].key);
        if (mine != NULL && (other == NULL || !same_value(mine, other))) {
            return false;
        }
    }
    return true;
}

static inline bool same_list(tacho_attributes a, tacho_attributes b) {
    return is_within(a, b) && is_within(b, a);
}

/* --- the same set, written otherwise --- */

static inline tacho_attributes scramble_list(struct byte_source *source, struct tachoi_rng *rng,
                                             tacho_attributes list);

static inline tacho_value scramble_value(struct byte_source *source, struct tachoi_rng *rng,
                                         const tacho_value *value) {
    tacho_value copy = *value;
    if (value->type == TACHO_VALUE_MAP) {
        tacho_attributes map = scramble_list(source, rng, map_of(value));
        copy.as.map.items = map.items;
        copy.as.map.count = map.count;
    } else if (value->type == TACHO_VALUE_ARRAY) {
        tacho_value *items = take(source, value->as.values.count, sizeof *items);
        for (size_t i = 0; i < value->as.values.count; i++) {
            items[i] = scramble_value(source, rng, &value->as.values.items[i]);
        }
        copy.as.values.items = items;
    }
    return copy;
}

/* The pairs that count in any order, before them some that do not: a value that a later pair
 * replaces, an empty key. */
static inline tacho_attributes scramble_list(struct byte_source *source, struct tachoi_rng *rng,
                                             tacho_attributes list) {
    tacho_attribute *items = take(source, 2 * list.count + 1, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (tachoi_rng_upto(rng, 3) == 0) {
            items[count++] = tacho_attribute_i64("", (int64_t)i);
            items[count - 1].key = list.items[i].key;
        }
    }
    size_t first = count;
    for (size_t i = 0; i < list.count; i++) {
        const tacho_attribute *attr = &list.items[i];
        if (value_of(list, attr->key) != &attr->value) {
            continue;
        }
        size_t place = first + (size_t)tachoi_rng_upto(rng, count - first);
        items[count++] = items[place];
        items[place].key = attr->key;
        items[place].value = scramble_value(source, rng, &attr->value);
    }
    return tacho_attributes_from(items, count);
}

#endif
