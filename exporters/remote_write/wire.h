/* SPDX-License-Identifier: Apache-2.0 */
/* Owns appending protobuf's wire format to a growing buffer: just what the hot path of the encoders
 * needs. Messages that are not hot are packed by protobuf-c, which is also the oracle of its tests.
 * Knows no message. */
#ifndef TACHOI_REMOTE_WRITE_WIRE_H
#define TACHOI_REMOTE_WRITE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialised before use, but for max_length. */
struct tachoi_wire {
    unsigned char *data;
    size_t length;
    size_t capacity;
    size_t max_length; /* 0 = unlimited */
    bool is_too_long;  /* a reserve failed because of it */
};

enum tachoi_wire_type { TACHOI_WIRE_VARINT = 0, TACHOI_WIRE_FIXED64 = 1, TACHOI_WIRE_BYTES = 2 };

void tachoi_wire_fini(struct tachoi_wire *wire);

/** Makes room for `size` more bytes; false when that is too long or memory is short. */
bool tachoi_wire_reserve(struct tachoi_wire *wire, size_t size);

/** Bytes that a varint takes. */
static inline size_t tachoi_varint_size(uint64_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/* The room for what these append must have been reserved. */

static inline void tachoi_wire_varint(struct tachoi_wire *wire, uint64_t value) {
    while (value >= 0x80) {
        wire->data[wire->length++] = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    wire->data[wire->length++] = (unsigned char)value;
}

/** Of a field whose number is below 16. */
static inline void tachoi_wire_tag(struct tachoi_wire *wire, unsigned field,
                                   enum tachoi_wire_type type) {
    wire->data[wire->length++] = (unsigned char)(field << 3 | (unsigned)type);
}

void tachoi_wire_fixed64(struct tachoi_wire *wire, uint64_t value);
void tachoi_wire_raw(struct tachoi_wire *wire, const void *data, size_t length);

/** Reads a varint at *at, advancing it; false if it is cut off at `end` or longer than 64 bits. */
bool tachoi_wire_read_varint(const unsigned char **at, const unsigned char *end, uint64_t *out);

#endif
