/* SPDX-License-Identifier: Apache-2.0 */
/* Owns memory that is built up during one collection or one request and forgotten at once. Blocks
 * are kept for reuse by reset. One thread at a time. */
#ifndef TACHOI_BASE_ARENA_H
#define TACHOI_BASE_ARENA_H

#include <stddef.h>

struct tachoi_arena_block;

struct tachoi_arena {
    struct tachoi_arena_block *first;
    struct tachoi_arena_block *current;
    size_t max_bytes; /* 0 = unlimited */
    size_t total_bytes;
};

void tachoi_arena_init(struct tachoi_arena *arena, size_t max_bytes);
void tachoi_arena_fini(struct tachoi_arena *arena);

/** Forgets everything, keeps the blocks. */
void tachoi_arena_reset(struct tachoi_arena *arena);

/** Uninitialised memory for count * size bytes aligned for any type; NULL on overflow, at the
 * maximum and when memory is short. */
void *tachoi_arena_alloc(struct tachoi_arena *arena, size_t count, size_t size);

/** A copy with a NUL behind it; NULL on failure. */
char *tachoi_arena_strndup(struct tachoi_arena *arena, const char *data, size_t length);

#endif
