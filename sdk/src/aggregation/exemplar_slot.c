/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the writing and reading of slots. */
#include "aggregation/exemplar_slot.h"

#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"

void tachoi_exemplar_slot_fini(struct tachoi_exemplar_slot *slot) {
    tachoi_free(slot->large);
    slot->large = NULL;
    slot->large_capacity = 0;
}

static bool is_large(const struct tachoi_exemplar_slot *slot) {
    return slot->attributes_size > sizeof slot->small;
}

/* Room for `size` bytes, which the caller writes at once; false, with nothing changed, when memory
 * is short. */
static bool make_room(struct tachoi_exemplar_slot *slot, size_t size) {
    if (size <= sizeof slot->small || size <= slot->large_capacity) {
        return true;
    }
    unsigned char *memory = tachoi_malloc(size);
    if (memory == NULL) {
        return false;
    }
    tachoi_free(slot->large);
    slot->large = memory;
    slot->large_capacity = size;
    return true;
}

static bool store_attributes(struct tachoi_exemplar_slot *slot, tacho_attributes attributes) {
    if (attributes.items == NULL || attributes.count == 0) {
        slot->attributes_size = 0;
        return true;
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    if (!make_room(slot, tachoi_attribute_key_size(&key))) {
        return false;
    }
    slot->attributes_size = tachoi_attribute_key_size(&key);
    tachoi_attribute_key_write(&key, is_large(slot) ? slot->large : slot->small);
    return true;
}

/* The identifiers of a span are valid if they are not all zero (W3C Trace Context). */
static bool has_span(const tacho_context *context) {
    static const tacho_context none;
    return context != NULL && memcmp(context->trace_id, none.trace_id, sizeof none.trace_id) != 0 &&
           memcmp(context->span_id, none.span_id, sizeof none.span_id) != 0;
}

bool tachoi_exemplar_slot_store(struct tachoi_exemplar_slot *slot,
                                const tacho_exemplar_measurement *measurement) {
    if (!store_attributes(slot, measurement->filtered_attributes)) {
        return false;
    }
    slot->number_type = measurement->number_type;
    if (measurement->number_type == TACHO_NUMBER_I64) {
        slot->value.i64 = measurement->value.i64;
    } else {
        slot->value.f64 = measurement->value.f64;
    }
    slot->time_unix_nano = measurement->time_unix_nano;
    slot->has_span = has_span(measurement->context);
    if (slot->has_span) {
        memcpy(slot->trace_id, measurement->context->trace_id, sizeof slot->trace_id);
        memcpy(slot->span_id, measurement->context->span_id, sizeof slot->span_id);
    }
    slot->is_set = true;
    return true;
}

bool tachoi_exemplar_slot_copy(const struct tachoi_exemplar_slot *slot, struct tachoi_arena *arena,
                               struct tachoi_exemplar_slot *out) {
    unsigned char *large = NULL;
    if (is_large(slot)) {
        large = tachoi_arena_alloc(arena, slot->attributes_size, 1);
        if (large == NULL) {
            return false;
        }
        memcpy(large, slot->large, slot->attributes_size);
    }
    *out = *slot;
    out->large = large;
    return true;
}

bool tachoi_exemplar_slot_read(const struct tachoi_exemplar_slot *slot, struct tachoi_arena *arena,
                               tacho_exemplar *out) {
    memset(out, 0, sizeof *out);
    const unsigned char *bytes = is_large(slot) ? slot->large : slot->small;
    if (slot->attributes_size != 0 &&
        !tachoi_attributes_unpack(bytes, slot->attributes_size, arena, &out->filtered_attributes)) {
        return false;
    }
    out->number_type = slot->number_type;
    if (slot->number_type == TACHO_NUMBER_I64) {
        out->value.i64 = slot->value.i64;
    } else {
        out->value.f64 = slot->value.f64;
    }
    out->time_unix_nano = slot->time_unix_nano;
    out->has_span = slot->has_span;
    if (slot->has_span) {
        memcpy(out->trace_id, slot->trace_id, sizeof out->trace_id);
        memcpy(out->span_id, slot->span_id, sizeof out->span_id);
    }
    return true;
}
