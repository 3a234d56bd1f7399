/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one place of a reservoir: a measurement with what its point does not carry. The attributes
 * are packed; few bytes lie in the slot itself, more in memory that the slot keeps for the next
 * ones, so that sampling allocates only when it meets the largest attributes so far. Knows nothing
 * of sampling or threads. (EXM-03, EXM-13, EXM-14) */
#ifndef TACHOI_AGGREGATION_EXEMPLAR_SLOT_H
#define TACHOI_AGGREGATION_EXEMPLAR_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "tacho/sdk/exemplar.h"

#define TACHOI_EXEMPLAR_INLINE_BYTES 64

/** Zeroed = empty. */
struct tachoi_exemplar_slot {
    uint64_t time_unix_nano;
    union {
        int64_t i64;
        double f64;
    } value;
    tacho_number_type number_type;
    bool is_set;
    bool has_span;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    size_t attributes_size; /* 0 = none; where they do not fit in here, they are in `large` */
    unsigned char *large;   /* owned */
    size_t large_capacity;
    unsigned char small[TACHOI_EXEMPLAR_INLINE_BYTES];
};

void tachoi_exemplar_slot_fini(struct tachoi_exemplar_slot *slot);

/** Replaces what is there; false, with nothing changed, when memory is short. */
bool tachoi_exemplar_slot_store(struct tachoi_exemplar_slot *slot,
                                const tacho_exemplar_measurement *measurement);

/** A copy whose attributes are in the arena; it is not to be finished. False when memory is short.
 */
bool tachoi_exemplar_slot_copy(const struct tachoi_exemplar_slot *slot, struct tachoi_arena *arena,
                               struct tachoi_exemplar_slot *out);

/** What the slot holds, in the arena and in the slot; false when memory is short. */
bool tachoi_exemplar_slot_read(const struct tachoi_exemplar_slot *slot, struct tachoi_arena *arena,
                               tacho_exemplar *out);

#endif
