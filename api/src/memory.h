/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the API's memory: malloc with a hook that lets tests make an allocation fail, and blocks,
 * which hold an object and all that belongs to it in one allocation. */
#ifndef TACHOI_MEMORY_H
#define TACHOI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As malloc and free. */
void *tachoi_api_malloc(size_t size);
void tachoi_api_free(void *pointer);

/** For tests: the allocation number `countdown` from now (1 = the next) fails, once; 0 switches
 * off. Returns what was left of the former countdown. */
uint64_t tachoi_api_fail_allocation(uint64_t countdown);

/**
 * A block is laid out by one function that runs twice: first with `base` NULL to measure, when all
 * pointers it gets are NULL and it must write nothing through them, then with memory of that size.
 */
struct tachoi_block {
    char *base;
    size_t used;
    bool failed; /* the sizes overflow, or what is to be stored nests too deep */
};

/** Room for `count` objects; NULL while measuring, on overflow and for a count of 0. */
void *tachoi_block_take(struct tachoi_block *block, size_t count, size_t size, size_t alignment);

/** A copy of bytes, and of a C string with its NUL (NULL gives NULL). */
char *tachoi_block_copy(struct tachoi_block *block, const void *data, size_t size,
                        size_t alignment);
const char *tachoi_block_text(struct tachoi_block *block, const char *text);

/** Lays out an object from `source` and returns it, at the beginning of its block. */
typedef void *(*tachoi_layout_fn)(struct tachoi_block *block, const void *source);

/** Measures, allocates and lays out; NULL when that fails. Freed with tachoi_api_free. */
void *tachoi_block_create(tachoi_layout_fn lay_out, const void *source);

#endif
