/* SPDX-License-Identifier: Apache-2.0 */
/* Owns appending protobuf's wire format to a growing buffer. See wire.h. */
#include "remote_write/wire.h"

#include "base/alloc.h"

void tachoi_wire_fini(struct tachoi_wire *wire) {
    tachoi_free(wire->data);
    *wire = (struct tachoi_wire){.max_length = wire->max_length};
}

bool tachoi_wire_grow(struct tachoi_wire *wire, size_t size) {
    size_t needed = 0;
    if (!tachoi_size_add(wire->length, size, &needed) ||
        (wire->max_length != 0 && needed > wire->max_length)) {
        wire->is_too_long = true;
        return false;
    }
    if (needed <= wire->capacity) {
        return true;
    }
    size_t capacity = wire->capacity < 1024 ? 1024 : wire->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    size_t with_slack = 0;
    unsigned char *data = tachoi_size_add(capacity, TACHOI_WIRE_SLACK, &with_slack)
                              ? tachoi_realloc_array(wire->data, with_slack, 1)
                              : NULL;
    if (data == NULL) {
        return false;
    }
    wire->data = data;
    wire->capacity = capacity;
    return true;
}

bool tachoi_wire_read_varint(const unsigned char **at, const unsigned char *end, uint64_t *out) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}
