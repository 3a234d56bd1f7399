/* SPDX-License-Identifier: Apache-2.0 */
/* Owns memory that is forgotten at once: a chain of blocks. Those before and including `current`
 * are in use, those behind it wait to be used again. Knows nothing of what is kept in it. */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"

#define FIRST_BLOCK_BYTES ((size_t)4096)
#define LARGEST_BLOCK_BYTES ((size_t)1024 * 1024)
#define ALIGNMENT alignof(max_align_t)

void tachoi_arena_init(struct tachoi_arena *arena, size_t max_bytes) {
    *arena = (struct tachoi_arena){.max_bytes = max_bytes};
}

void tachoi_arena_fini(struct tachoi_arena *arena) {
    if (arena == NULL) {
        return;
    }
    struct tachoi_arena_block *block = arena->first;
    while (block != NULL) {
        struct tachoi_arena_block *next = block->next;
        tachoi_free(block);
        block = next;
    }
    *arena = (struct tachoi_arena){.max_bytes = arena->max_bytes};
}

void tachoi_arena_reset(struct tachoi_arena *arena) {
    arena->current = arena->first;
    if (arena->current != NULL) {
        arena->current->used = 0;
    }
}

struct tachoi_arena_mark tachoi_arena_mark(const struct tachoi_arena *arena) {
    return (struct tachoi_arena_mark){.block = arena->current,
                                      .used = arena->current != NULL ? arena->current->used : 0};
}

void tachoi_arena_rewind(struct tachoi_arena *arena, struct tachoi_arena_mark mark) {
    if (mark.block == NULL) {
        tachoi_arena_reset(arena);
        return;
    }
    arena->current = mark.block;
    arena->current->used = mark.used;
}

static size_t room_in(const struct tachoi_arena_block *block) {
    return block->capacity - block->used;
}

/* A block of at least `size` bytes, twice the current one where the limits allow. */
static struct tachoi_arena_block *create_block(struct tachoi_arena *arena, size_t size) {
    size_t left = arena->max_bytes == 0 ? SIZE_MAX : arena->max_bytes - arena->total_bytes;
    size_t capacity = arena->current == NULL ? FIRST_BLOCK_BYTES : 2 * arena->current->capacity;
    if (capacity > LARGEST_BLOCK_BYTES) {
        capacity = LARGEST_BLOCK_BYTES;
    }
    if (capacity > left) {
        capacity = left;
    }
    if (capacity < size) {
        capacity = size;
    }
    size_t total;
    if (capacity > left || !tachoi_size_add(sizeof(struct tachoi_arena_block), capacity, &total)) {
        return NULL;
    }
    struct tachoi_arena_block *block = tachoi_malloc(total);
    if (block != NULL) {
        block->next = NULL;
        block->capacity = capacity;
        arena->total_bytes += capacity;
    }
    return block;
}

/* Takes the first waiting block that is large enough out of the chain; NULL if there is none. */
static struct tachoi_arena_block *take_waiting_block(struct tachoi_arena *arena, size_t size) {
    if (arena->current == NULL) {
        return NULL;
    }
    struct tachoi_arena_block **link = &arena->current->next;
    while (*link != NULL && (*link)->capacity < size) {
        link = &(*link)->next;
    }
    struct tachoi_arena_block *block = *link;
    if (block != NULL) {
        *link = block->next;
    }
    return block;
}

/* Makes a block with room for `size` bytes the current one. */
static bool advance(struct tachoi_arena *arena, size_t size) {
    struct tachoi_arena_block *block = take_waiting_block(arena, size);
    if (block == NULL) {
        block = create_block(arena, size);
    }
    if (block == NULL) {
        return false;
    }
    struct tachoi_arena_block **link =
        arena->current != NULL ? &arena->current->next : &arena->first;
    block->used = 0;
    block->next = *link;
    *link = block;
    arena->current = block;
    return true;
}

void *tachoi_arena_alloc_block(struct tachoi_arena *arena, size_t count, size_t size) {
    size_t total;
    if (!tachoi_size_mul(count, size, &total) ||
        !tachoi_size_add(total != 0 ? total : 1, ALIGNMENT - 1, &total)) {
        return NULL;
    }
    total -= total % ALIGNMENT;
    if ((arena->current == NULL || room_in(arena->current) < total) && !advance(arena, total)) {
        return NULL;
    }
    void *memory = arena->current->data + arena->current->used;
    arena->current->used += total;
    return memory;
}

char *tachoi_arena_strndup(struct tachoi_arena *arena, const char *data, size_t length) {
    size_t size;
    char *copy = tachoi_size_add(length, 1, &size) ? tachoi_arena_alloc(arena, size, 1) : NULL;
    if (copy == NULL) {
        return NULL;
    }
    if (length != 0) {
        memcpy(copy, data, length);
    }
    copy[length] = '\0';
    return copy;
}
