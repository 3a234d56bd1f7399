/* SPDX-License-Identifier: Apache-2.0 */
/* Owns copies, in one arena, of what points and metrics are made of. */
#ifndef TACHOI_MEMORY_COPIER_H
#define TACHOI_MEMORY_COPIER_H

#include <stdbool.h>

#include "base/arena.h"
#include "tacho/attributes.h"

/** Where a copy goes. Once memory was short, `failed` stays set and the copy is thrown away: copy
 * at will and look once. */
struct tachoi_copier {
    struct tachoi_arena *arena;
    bool failed;
};

/** Uninitialised memory; NULL for no elements, and on failure. */
void *tachoi_copier_reserve(struct tachoi_copier *copier, size_t count, size_t size);
void *tachoi_copier_array(struct tachoi_copier *copier, const void *items, size_t count,
                          size_t size);
/** With a NUL behind it, for the convenience of tests. */
tacho_string tachoi_copier_string(struct tachoi_copier *copier, tacho_string string);
tacho_attributes tachoi_copier_attributes(struct tachoi_copier *copier, tacho_attributes source);

#endif
