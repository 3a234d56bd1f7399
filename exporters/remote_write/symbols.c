/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the symbols of one 2.0 request. See symbols.h. */
#include "remote_write/symbols.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { REQUEST_SYMBOLS = 4 };

#define FIRST_SLOTS ((size_t)1024)

void tachoi_symbols_fini(struct tachoi_symbols *symbols) {
    tachoi_free(symbols->items);
    tachoi_free(symbols->slots);
    *symbols = (struct tachoi_symbols){0};
}

/* --- the table: open addressing, at most half full --- */

static bool is_taken(const struct tachoi_symbols *symbols, const struct tachoi_symbol_slot *slot) {
    return slot->serial - symbols->first_serial < symbols->count;
}

static struct tachoi_symbol_slot *free_slot(const struct tachoi_symbols *symbols, uint32_t hash) {
    const size_t mask = symbols->slot_count - 1;
    size_t at = hash & mask;
    while (is_taken(symbols, &symbols->slots[at])) {
        at = (at + 1) & mask;
    }
    return &symbols->slots[at];
}

static bool resize(struct tachoi_symbols *symbols, size_t slot_count) {
    struct tachoi_symbols bigger = *symbols;
    bigger.slots = tachoi_calloc(slot_count, sizeof *bigger.slots);
    bigger.slot_count = slot_count;
    if (bigger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < symbols->slot_count; i++) {
        if (is_taken(symbols, &symbols->slots[i])) {
            *free_slot(&bigger, symbols->slots[i].hash) = symbols->slots[i];
        }
    }
    tachoi_free(symbols->slots);
    *symbols = bigger;
    return true;
}

static bool reserve_item(struct tachoi_symbols *symbols) {
    if (symbols->count < symbols->item_capacity) {
        return true;
    }
    const size_t capacity = symbols->item_capacity == 0 ? FIRST_SLOTS : symbols->item_capacity * 2;
    struct tachoi_symbol *items =
        tachoi_realloc_array(symbols->items, capacity, sizeof *symbols->items);
    if (items == NULL) {
        return false;
    }
    symbols->items = items;
    symbols->item_capacity = capacity;
    return true;
}

/* --- texts --- */

/* Writes the next symbol; it is not in the table yet. */
static bool append(struct tachoi_symbols *symbols, const void *text, size_t length) {
    struct tachoi_wire *out = symbols->out;
    const size_t head = 1 + tachoi_varint_size(length);
    if (!reserve_item(symbols) || !tachoi_wire_reserve(out, head + length)) {
        return false;
    }
    unsigned char *at = out->data + out->length;
    at = tachoi_put_tag(at, REQUEST_SYMBOLS, TACHOI_WIRE_BYTES);
    at = tachoi_put_varint(at, length);
    if (length > 0) {
        memcpy(at, text, length);
    }
    symbols->items[symbols->count++] =
        (struct tachoi_symbol){(uint32_t)(out->length + head), (uint32_t)length};
    out->length += head + length;
    return true;
}

bool tachoi_symbols_begin(struct tachoi_symbols *symbols, struct tachoi_wire *out) {
    symbols->out = out;
    if (symbols->slot_count == 0 && !resize(symbols, FIRST_SLOTS)) {
        return false;
    }
    symbols->first_serial += symbols->count;
    symbols->count = 0;
    if (symbols->first_serial == 0 || symbols->first_serial > UINT32_MAX - TACHOI_SYMBOLS_MAX) {
        memset(symbols->slots, 0, symbols->slot_count * sizeof *symbols->slots);
        symbols->first_serial = 1; /* not that of a slot never used */
    }
    return append(symbols, "", 0);
}

static bool is_text(const struct tachoi_symbols *symbols, uint32_t ref, const void *text,
                    size_t length) {
    const struct tachoi_symbol *item = &symbols->items[ref];
    return item->length == length && memcmp(symbols->out->data + item->offset, text, length) == 0;
}

static uint32_t add(struct tachoi_symbols *symbols, uint32_t hash, const void *text,
                    size_t length) {
    if (symbols->count == TACHOI_SYMBOLS_MAX || length > UINT32_MAX - symbols->out->length) {
        symbols->out->is_too_long = true;
        return TACHOI_NO_SYMBOL;
    }
    if ((symbols->count >= symbols->slot_count / 2 && !resize(symbols, symbols->slot_count * 2)) ||
        !append(symbols, text, length)) {
        return TACHOI_NO_SYMBOL;
    }
    const uint32_t ref = symbols->count - 1;
    *free_slot(symbols, hash) = (struct tachoi_symbol_slot){hash, symbols->first_serial + ref};
    return ref;
}

uint32_t tachoi_symbols_ref(struct tachoi_symbols *symbols, const void *text, size_t length) {
    if (length == 0) {
        return 0;
    }
    const size_t mask = symbols->slot_count - 1;
    const uint32_t hash = (uint32_t)tachoi_hash_bytes(text, length, tachoi_hash_seed());
    size_t at = hash & mask;
    while (is_taken(symbols, &symbols->slots[at])) {
        const struct tachoi_symbol_slot *slot = &symbols->slots[at];
        const uint32_t ref = slot->serial - symbols->first_serial;
        if (slot->hash == hash && is_text(symbols, ref, text, length)) {
            return ref;
        }
        at = (at + 1) & mask;
    }
    return add(symbols, hash, text, length);
}
