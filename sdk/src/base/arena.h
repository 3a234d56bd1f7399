/* SPDX-License-Identifier: Apache-2.0 */
/* Owns memory that is built up during one collection or one request and forgotten at once. Blocks
 * are kept for reuse by reset. One thread at a time. */
#ifndef TACHOI_BASE_ARENA_H
#define TACHOI_BASE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

struct tachoi_arena_block {
    struct tachoi_arena_block *next;
    size_t capacity;
    size_t used; /* a multiple of the alignment */
    alignas(max_align_t) unsigned char data[];
};

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

/** A place in the arena: what was allocated before it. */
struct tachoi_arena_mark {
    struct tachoi_arena_block *block;
    size_t used;
};
struct tachoi_arena_mark tachoi_arena_mark(const struct tachoi_arena *arena);

/** Forgets what was allocated since the mark was taken, which was after the last reset. */
void tachoi_arena_rewind(struct tachoi_arena *arena, struct tachoi_arena_mark mark);

/** As tachoi_arena_alloc; where the current block may be too small. */
void *tachoi_arena_alloc_block(struct tachoi_arena *arena, size_t count, size_t size);

/** Uninitialised memory for count * size bytes aligned for any type; NULL on overflow, at the
 * maximum and when memory is short. */
static inline void *tachoi_arena_alloc(struct tachoi_arena *arena, size_t count, size_t size) {
    struct tachoi_arena_block *block = arena->current;
    const size_t alignment = alignof(max_align_t);
    const size_t room = block != NULL ? block->capacity - block->used : 0;
    size_t total = 0;
    if (!__builtin_mul_overflow(count, size, &total) && total != 0 && total <= room) {
        total = (total + alignment - 1) / alignment * alignment;
        if (total <= room) {
            void *memory = block->data + block->used;
            block->used += total;
            return memory;
        }
    }
    return tachoi_arena_alloc_block(arena, count, size);
}

/** A copy with a NUL behind it; NULL on failure. */
char *tachoi_arena_strndup(struct tachoi_arena *arena, const char *data, size_t length);

#endif
