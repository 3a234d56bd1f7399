/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the counting of allocations of the whole process, whoever asks for them: the functions of
 * libc that give memory are defined anew, count, and call the next ones of the same name. Works
 * where a program may do so (glibc, musl, the BSDs), dynamically linked and without a sanitizer. */
#ifndef TACHO_BENCH_ALLOCATIONS_H
#define TACHO_BENCH_ALLOCATIONS_H

#include <stdint.h>

/** Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc, memalign and mmap so far; of
 * mmap not those that the allocator makes for itself. Any thread. */
uint64_t bench_allocations(void);

/** Ends the program if one of them is not counted here: then the figures would say nothing. */
void bench_allocations_check(void);

#endif
