/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the symbols of one 2.0 request (RW2-03): each text once, in the order of first use, written
 * as the field `symbols` while they come, and found again by hash. Number 0 is the empty text.
 * Knows no label. One thread at a time.
 *
 * The table is not cleared between requests: symbols are numbered on from request to request, and a
 * slot whose number is none of this request's is free. */
#ifndef TACHOI_REMOTE_WRITE_SYMBOLS_H
#define TACHOI_REMOTE_WRITE_SYMBOLS_H

#include "remote_write/wire.h"

struct tachoi_symbol_slot {
    uint32_t hash;
    uint32_t serial; /* number in this request + first_serial */
};

/** Where a text lies in the message. */
struct tachoi_symbol {
    uint32_t offset;
    uint32_t length;
};

/** Zero-initialised before use. */
struct tachoi_symbols {
    struct tachoi_wire *out; /* borrowed from begin on */
    struct tachoi_symbol *items;
    size_t item_capacity;
    struct tachoi_symbol_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    uint32_t first_serial;
    uint32_t count;
};

/** What is no reference: there was no room. */
#define TACHOI_NO_SYMBOL UINT32_MAX

/** Most symbols of a request: the longest message has no room for more. A reference takes at most 4
 * bytes. */
#define TACHOI_SYMBOLS_MAX (UINT32_C(1) << 22)

void tachoi_symbols_fini(struct tachoi_symbols *symbols);

/** Begins a request's symbols: appends the empty text to `out`, and the others as they come. False
 * when there is no room for it. */
bool tachoi_symbols_begin(struct tachoi_symbols *symbols, struct tachoi_wire *out);

/** The reference of a text without NUL; TACHOI_NO_SYMBOL when the message is too long, as `out`
 * tells, or memory is short. */
uint32_t tachoi_symbols_ref(struct tachoi_symbols *symbols, const void *text, size_t length);

#endif
