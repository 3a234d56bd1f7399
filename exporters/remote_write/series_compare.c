/* SPDX-License-Identifier: Apache-2.0 */
/* Owns comparing series by the labels of their time series, and the hashes by which equal ones are
 * found. See encoded_series.h. */
#include <string.h>

#include "base/hash.h"
#include "remote_write/encoded_series.h"

static bool is_same_text(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Of one shape, which is not a private one: all components are equal, or none. */
static bool has_equal_own_texts(const struct tachoi_encoded_series *a,
                                const struct tachoi_encoded_series *b) {
    const size_t length = tachoi_encoded_series_own_length(a);
    return length == tachoi_encoded_series_own_length(b) &&
           memcmp(tachoi_encoded_series_own(a), tachoi_encoded_series_own(b), length) == 0;
}

bool tachoi_encoded_series_is_equal_block(const struct tachoi_encoded_series *a, size_t i,
                                          const struct tachoi_encoded_series *b, size_t j) {
    struct tachoi_label_reader left;
    struct tachoi_label_reader right;
    if (tachoi_label_block_length(a, i) != tachoi_label_block_length(b, j)) {
        return false;
    }
    tachoi_label_reader_init(&left, a, i);
    tachoi_label_reader_init(&right, b, j);
    tacho_string name;
    tacho_string value;
    tacho_string other_name;
    tacho_string other_value;
    while (tachoi_label_reader_next(&left, &name, &value)) {
        if (!tachoi_label_reader_next(&right, &other_name, &other_value) ||
            !is_same_text(name, other_name) || !is_same_text(value, other_value)) {
            return false;
        }
    }
    return true; /* of equal length */
}

bool tachoi_encoded_series_has_equal_labels(const struct tachoi_encoded_series *a,
                                            const struct tachoi_encoded_series *b) {
    if (a->shape == b->shape) {
        return has_equal_own_texts(a, b);
    }
    if (a->shape->component_count != b->shape->component_count) {
        return false;
    }
    for (size_t i = 0; i < a->shape->component_count; i++) {
        if (!tachoi_encoded_series_is_equal_block(a, i, b, i)) {
            return false;
        }
    }
    return true;
}

bool tachoi_encoded_series_overlaps(const struct tachoi_encoded_series *a,
                                    const struct tachoi_encoded_series *b) {
    if (a->shape == b->shape) {
        return has_equal_own_texts(a, b);
    }
    for (size_t i = 0; i < a->shape->component_count; i++) {
        for (size_t j = 0; j < b->shape->component_count; j++) {
            if (tachoi_encoded_series_is_equal_block(a, i, b, j)) {
                return true;
            }
        }
    }
    return false;
}

uint64_t tachoi_encoded_series_block_hash(const struct tachoi_encoded_series *series,
                                          size_t component) {
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    uint64_t hash = tachoi_hash_seed();
    tachoi_label_reader_init(&reader, series, component);
    while (tachoi_label_reader_next(&reader, &name, &value)) {
        hash = tachoi_hash_bytes(name.data, name.length, hash);
        hash = tachoi_hash_bytes(value.data, value.length, hash);
    }
    return hash;
}
