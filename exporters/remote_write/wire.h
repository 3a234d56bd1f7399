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

/** Bytes behind the room that was made that may be written too, though they count for nothing:
 * texts are copied in steps. */
#define TACHOI_WIRE_SLACK ((size_t)64)

/** Makes room for `size` more bytes; false when that is too long or memory is short. */
bool tachoi_wire_grow(struct tachoi_wire *wire, size_t size);

static inline bool tachoi_wire_reserve(struct tachoi_wire *wire, size_t size) {
    return (size <= wire->capacity - wire->length &&
            (wire->max_length == 0 || wire->length + size <= wire->max_length)) ||
           tachoi_wire_grow(wire, size);
}

/** Bytes that a varint takes. */
static inline size_t tachoi_varint_size(uint64_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

/** Writes a varint; returns its end. */
static inline unsigned char *tachoi_put_varint(unsigned char *out, uint64_t value) {
    while (value >= 0x80) {
        *out++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *out++ = (unsigned char)value;
    return out;
}

/** Of a field whose number is below 16. */
static inline unsigned char *tachoi_put_tag(unsigned char *out, unsigned field,
                                            enum tachoi_wire_type type) {
    *out++ = (unsigned char)(field << 3 | (unsigned)type);
    return out;
}

/** Little-endian, as on the wire. */
static inline unsigned char *tachoi_put_fixed64(unsigned char *out, uint64_t value) {
    out[0] = (unsigned char)value; /* written out: compilers make one store of it */
    out[1] = (unsigned char)(value >> 8);
    out[2] = (unsigned char)(value >> 16);
    out[3] = (unsigned char)(value >> 24);
    out[4] = (unsigned char)(value >> 32);
    out[5] = (unsigned char)(value >> 40);
    out[6] = (unsigned char)(value >> 48);
    out[7] = (unsigned char)(value >> 56);
    return out + 8;
}

/** Reads a varint at *at, advancing it; false if it is cut off at `end` or longer than 64 bits. */
bool tachoi_wire_read_varint(const unsigned char **at, const unsigned char *end, uint64_t *out);

#endif
