/* SPDX-License-Identifier: Apache-2.0 */
/* Owns copies of strings, values and attributes. See copier.h. */
#include "memory/copier.h"

#include <string.h>

/* NULL for no elements, and on failure. */
void *tachoi_copier_reserve(struct tachoi_copier *copier, size_t count, size_t size) {
    if (count == 0) {
        return NULL;
    }
    void *memory = tachoi_arena_alloc(copier->arena, count, size);
    copier->failed = copier->failed || memory == NULL;
    return memory;
}

void *tachoi_copier_array(struct tachoi_copier *copier, const void *items, size_t count,
                          size_t size) {
    void *memory = tachoi_copier_reserve(copier, count, size);
    if (memory != NULL) {
        memcpy(memory, items, count * size);
    }
    return memory;
}

/* With a NUL behind it, for the convenience of tests. */
tacho_string tachoi_copier_string(struct tachoi_copier *copier, tacho_string string) {
    const char *data = string.length > 0 ? string.data : "";
    tacho_string copy = {tachoi_arena_strndup(copier->arena, data, string.length), string.length};
    if (copy.data == NULL) {
        copier->failed = true;
        copy.length = 0;
    }
    return copy;
}

static const tacho_string *copy_strings(struct tachoi_copier *copier, const tacho_string *strings,
                                        size_t count) {
    tacho_string *copies = tachoi_copier_reserve(copier, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = tachoi_copier_string(copier, strings[i]);
    }
    return copies;
}

static tacho_value copy_value(struct tachoi_copier *copier, const tacho_value *source);

static const tacho_value *copy_values(struct tachoi_copier *copier, const tacho_value *values,
                                      size_t count) {
    tacho_value *copies = tachoi_copier_reserve(copier, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = copy_value(copier, &values[i]);
    }
    return copies;
}

tacho_attributes tachoi_copier_attributes(struct tachoi_copier *copier, tacho_attributes source) {
    tacho_attribute *copies = tachoi_copier_reserve(copier, source.count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < source.count; i++) {
        copies[i].key = tachoi_copier_string(copier, source.items[i].key);
        copies[i].value = copy_value(copier, &source.items[i].value);
    }
    return tacho_attributes_from(copies, copies != NULL ? source.count : 0);
}

static tacho_value copy_value(struct tachoi_copier *copier, const tacho_value *source) {
    tacho_value copy = *source;
    switch (source->type) {
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        copy.as.string = tachoi_copier_string(copier, source->as.string);
        break;
    case TACHO_VALUE_STRING_ARRAY:
        copy.as.strings.items =
            copy_strings(copier, source->as.strings.items, source->as.strings.count);
        break;
    case TACHO_VALUE_BOOL_ARRAY:
        copy.as.booleans.items = tachoi_copier_array(copier, source->as.booleans.items,
                                                     source->as.booleans.count, sizeof(bool));
        break;
    case TACHO_VALUE_I64_ARRAY:
        copy.as.i64s.items = tachoi_copier_array(copier, source->as.i64s.items,
                                                 source->as.i64s.count, sizeof(int64_t));
        break;
    case TACHO_VALUE_F64_ARRAY:
        copy.as.f64s.items = tachoi_copier_array(copier, source->as.f64s.items,
                                                 source->as.f64s.count, sizeof(double));
        break;
    case TACHO_VALUE_ARRAY:
        copy.as.values.items =
            copy_values(copier, source->as.values.items, source->as.values.count);
        break;
    case TACHO_VALUE_MAP:
        copy.as.map.items =
            tachoi_copier_attributes(
                copier, tacho_attributes_from(source->as.map.items, source->as.map.count))
                .items;
        break;
    case TACHO_VALUE_EMPTY:
    case TACHO_VALUE_BOOL:
    case TACHO_VALUE_I64:
    case TACHO_VALUE_F64:
    default:
        break;
    }
    return copy;
}
