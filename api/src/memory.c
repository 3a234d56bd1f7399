/* SPDX-License-Identifier: Apache-2.0 */
/* Owns allocation for the API's proxies: everything belonging to one lies in one block. */
#include "memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* atomic: 0 in production; relaxed, it orders nothing */
static _Atomic(uint64_t) failure_countdown;

uint64_t tachoi_api_fail_allocation(uint64_t countdown) {
    return atomic_exchange_explicit(&failure_countdown, countdown, memory_order_relaxed);
}

void *tachoi_api_malloc(size_t size) {
    if (atomic_load_explicit(&failure_countdown, memory_order_relaxed) != 0 &&
        atomic_fetch_sub_explicit(&failure_countdown, 1, memory_order_relaxed) == 1) {
        return NULL;
    }
    return malloc(size);
}

void tachoi_api_free(void *pointer) {
    free(pointer);
}

void *tachoi_block_take(struct tachoi_block *block, size_t count, size_t size, size_t alignment) {
    if (count == 0 || block->failed) {
        return NULL;
    }
    size_t padding = (alignment - block->used % alignment) % alignment;
    size_t bytes = count * size;
    if (count > SIZE_MAX / size || padding > SIZE_MAX - block->used ||
        bytes > SIZE_MAX - block->used - padding) {
        block->failed = true;
        return NULL;
    }
    size_t offset = block->used + padding;
    block->used = offset + bytes;
    return block->base != NULL ? block->base + offset : NULL;
}

char *tachoi_block_copy(struct tachoi_block *block, const void *data, size_t size,
                        size_t alignment) {
    char *copy = tachoi_block_take(block, size, 1, alignment);
    if (copy != NULL) {
        memcpy(copy, data, size);
    }
    return copy;
}

const char *tachoi_block_text(struct tachoi_block *block, const char *text) {
    return text != NULL ? tachoi_block_copy(block, text, strlen(text) + 1, 1) : NULL;
}

void *tachoi_block_create(tachoi_layout_fn lay_out, const void *source) {
    struct tachoi_block block = {0};
    lay_out(&block, source);
    if (block.failed) {
        return NULL;
    }
    block.base = tachoi_api_malloc(block.used);
    if (block.base == NULL) {
        return NULL;
    }
    block.used = 0;
    return lay_out(&block, source);
}
