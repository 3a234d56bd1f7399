/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of shapes. See series_shape.h. */
#include "remote_write/series_shape.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "remote_write/record.h"

void tachoi_series_shapes_fini(struct tachoi_series_shapes *shapes) {
    tachoi_hash_chains_fini(&shapes->chains);
    tachoi_metric_families_fini(&shapes->families);
}

/* --- finding --- */

static size_t sum_of(const uint32_t *lengths, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += lengths[i];
    }
    return sum;
}

static uint64_t hash_of(const struct tachoi_series_shape_source *source) {
    const size_t length = sum_of(source->lengths, source->own_count + 1);
    const uint64_t seed = tachoi_hash_seed() + source->bound_count * 8 + (uint64_t)source->kind;
    return tachoi_hash_bytes(source->bytes, length, seed);
}

static bool is_same(const struct tachoi_series_shape *shape,
                    const struct tachoi_series_shape_source *source) {
    if (shape->is_private || shape->kind != source->kind || shape->family != source->family ||
        shape->own_count != source->own_count || shape->component_count < source->component_count) {
        return false;
    }
    const struct tachoi_shape_component *first = &shape->components[0];
    const size_t pieces = source->component_count * (source->own_count + 1);
    const size_t length = sum_of(source->lengths, pieces);
    for (size_t i = 0; i < source->component_count; i++) {
        if (shape->components[i].part != source->parts[i]) {
            return false;
        }
    }
    return memcmp(first->lengths, source->lengths, pieces * sizeof source->lengths[0]) == 0 &&
           memcmp(first->bytes, source->bytes, length) == 0 &&
           tachoi_series_shape_has_bounds(shape, source->bounds, source->bound_count);
}

struct tachoi_series_shape *
tachoi_series_shapes_find(const struct tachoi_series_shapes *shapes,
                          const struct tachoi_series_shape_source *source) {
    struct tachoi_chained *it = tachoi_hash_chains_first(&shapes->chains, hash_of(source));
    while (it != NULL && !is_same((struct tachoi_series_shape *)it, source)) {
        it = tachoi_hash_chains_next(it);
    }
    return (struct tachoi_series_shape *)it;
}

/* --- making --- */

/* The struct, bounds, lengths and bytes in one allocation. The numbers are a metric's: only their
 * sum could be too large. */
static struct tachoi_series_shape *allocate(const struct tachoi_series_shape_source *source,
                                            size_t byte_count) {
    const size_t pieces = source->component_count * (source->own_count + 1);
    const size_t header = sizeof(struct tachoi_series_shape) +
                          source->component_count * sizeof(struct tachoi_shape_component);
    const size_t bounds = source->bound_count * sizeof source->bounds[0];
    const size_t lengths = pieces * sizeof source->lengths[0];
    size_t size = header + bounds + lengths + TACHOI_PIECE_STEP;
    if (!tachoi_size_add(size, byte_count, &size)) {
        return NULL;
    }
    struct tachoi_series_shape *shape = tachoi_calloc(1, size);
    if (shape == NULL) {
        return NULL;
    }
    unsigned char *at = (unsigned char *)shape + header;
    if (bounds > 0) {
        shape->bounds = memcpy(at, source->bounds, bounds);
    }
    const uint32_t *piece_lengths = memcpy(at + bounds, source->lengths, lengths);
    const unsigned char *bytes = memcpy(at + bounds + lengths, source->bytes, byte_count);
    shape->size_bytes = size;
    for (size_t i = 0; i < source->component_count; i++) {
        struct tachoi_shape_component *component = &shape->components[i];
        component->bytes = bytes;
        component->lengths = piece_lengths;
        component->length = (uint32_t)sum_of(piece_lengths, source->own_count + 1);
        component->part = source->parts[i];
        bytes += component->length;
        piece_lengths += source->own_count + 1;
    }
    return shape;
}

static size_t record_words_of(const struct tachoi_series_shape_source *source) {
    size_t words = 0;
    switch (source->kind) {
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
    case TACHOI_ENCODED_GAUGE:
        words = 1;
        break;
    case TACHOI_ENCODED_HISTOGRAM:
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        words = TACHOI_HISTOGRAM_BUCKETS + source->bound_count + 1;
        break;
    case TACHOI_ENCODED_EXPONENTIAL:
        words = TACHOI_EXPONENTIAL_WORDS;
        break;
    case TACHOI_ENCODED_SUMMARY:
        words = TACHOI_SUMMARY_VALUES + source->bound_count;
        break;
    }
    return TACHOI_RECORD_HEAD_WORDS + words;
}

static bool ends_with_sum(const struct tachoi_series_shape_source *source) {
    const size_t native = source->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM ? 1 : 0;
    return source->parts[source->component_count - 1] == native + source->bound_count + 2;
}

struct tachoi_series_shape *
tachoi_series_shapes_add(struct tachoi_series_shapes *shapes,
                         const struct tachoi_series_shape_source *source) {
    const size_t pieces = source->component_count * (source->own_count + 1);
    struct tachoi_series_shape *shape = allocate(source, sum_of(source->lengths, pieces));
    if (shape == NULL || !tachoi_hash_chains_add(&shapes->chains, &shape->link, hash_of(source))) {
        tachoi_free(shape);
        return NULL;
    }
    shape->kind = source->kind;
    shape->bound_count = (uint32_t)source->bound_count;
    shape->component_count = (uint32_t)source->component_count;
    shape->own_count = (uint32_t)source->own_count;
    shape->record_words = (uint32_t)record_words_of(source);
    shape->ends_with_sum = ends_with_sum(source);
    shape->is_private = source->is_private;
    shape->is_utf8 = source->is_utf8;
    shape->family = source->family;
    if (shape->family != NULL) {
        shape->family->users++;
    }
    return shape;
}

void tachoi_series_shapes_tidy(struct tachoi_series_shapes *shapes,
                               struct tachoi_series_shape *shape) {
    if (shape->users > 0) {
        return;
    }
    tachoi_hash_chains_remove(&shapes->chains, &shape->link);
    if (shape->family != NULL) {
        shape->family->users--;
        tachoi_metric_families_tidy(&shapes->families, shape->family);
    }
    tachoi_free(shape);
}

bool tachoi_series_shape_is_equal(const struct tachoi_series_shape *shape, size_t i, size_t j) {
    const struct tachoi_shape_component *a = &shape->components[i];
    const struct tachoi_shape_component *b = &shape->components[j];
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0 &&
           memcmp(a->lengths, b->lengths, (shape->own_count + 1) * sizeof a->lengths[0]) == 0;
}

bool tachoi_series_shape_has_bounds(const struct tachoi_series_shape *shape, const double *bounds,
                                    size_t count) {
    return shape->bound_count == count &&
           (count == 0 || memcmp(shape->bounds, bounds, count * sizeof bounds[0]) == 0);
}
