/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/about.h"

#include <string.h>

#include "pipeline/names.h"

/* --- comparing --- */

bool tachoi_about_is_identical(const struct tachoi_instrument_about *a,
                               const struct tachoi_instrument_about *b) {
    return a->kind == b->kind && a->number_type == b->number_type &&
           tachoi_string_equals(a->unit, b->unit) &&
           tachoi_string_equals(a->description, b->description);
}

static bool has_same_bounds(const struct tachoi_instrument_about *a,
                            const struct tachoi_instrument_about *b) {
    if (a->bounds == NULL || b->bounds == NULL) {
        return a->bounds == b->bounds;
    }
    return a->bound_count == b->bound_count &&
           (a->bound_count == 0 ||
            memcmp(a->bounds, b->bounds, a->bound_count * sizeof a->bounds[0]) == 0);
}

static bool has_keys_of(const struct tachoi_instrument_about *a,
                        const struct tachoi_instrument_about *b) {
    for (size_t i = 0; i < b->attribute_key_count; i++) {
        size_t j = 0;
        while (j < a->attribute_key_count &&
               !tachoi_string_equals(a->attribute_keys[j], b->attribute_keys[i])) {
            j++;
        }
        if (j == a->attribute_key_count) {
            return false;
        }
    }
    return true;
}

static bool has_same_keys(const struct tachoi_instrument_about *a,
                          const struct tachoi_instrument_about *b) {
    if (a->attribute_keys == NULL || b->attribute_keys == NULL) {
        return a->attribute_keys == b->attribute_keys;
    }
    return has_keys_of(a, b) && has_keys_of(b, a);
}

bool tachoi_about_has_same_advice(const struct tachoi_instrument_about *a,
                                  const struct tachoi_instrument_about *b) {
    return has_same_bounds(a, b) && has_same_keys(a, b);
}

/* --- copying --- */

bool tachoi_string_copy(struct tachoi_arena *arena, tacho_string *string) {
    char *copy =
        tachoi_arena_strndup(arena, string->length > 0 ? string->data : "", string->length);
    string->data = copy;
    return copy != NULL;
}

static bool copy_bounds(struct tachoi_arena *arena, struct tachoi_instrument_about *about) {
    if (about->bounds == NULL) {
        return true;
    }
    size_t room = about->bound_count > 0 ? about->bound_count : 1; /* none is not NULL */
    double *bounds = tachoi_arena_alloc(arena, room, sizeof bounds[0]);
    if (bounds != NULL && about->bound_count > 0) {
        memcpy(bounds, about->bounds, about->bound_count * sizeof bounds[0]);
    }
    about->bounds = bounds;
    return bounds != NULL;
}

static bool copy_keys(struct tachoi_arena *arena, struct tachoi_instrument_about *about) {
    if (about->attribute_keys == NULL) {
        return true;
    }
    size_t room = about->attribute_key_count > 0 ? about->attribute_key_count : 1; /* as above */
    tacho_string *keys = tachoi_arena_alloc(arena, room, sizeof keys[0]);
    for (size_t i = 0; keys != NULL && i < about->attribute_key_count; i++) {
        keys[i] = about->attribute_keys[i];
        if (!tachoi_string_copy(arena, &keys[i])) {
            return false;
        }
    }
    about->attribute_keys = keys;
    return keys != NULL;
}

bool tachoi_about_copy(struct tachoi_arena *arena, struct tachoi_instrument_about *about) {
    return tachoi_string_copy(arena, &about->unit) &&
           tachoi_string_copy(arena, &about->description) && copy_bounds(arena, about) &&
           copy_keys(arena, about);
}
