/* SPDX-License-Identifier: Apache-2.0 */
/* Owns memory: every allocation of tacho goes through here, so that tests can make the k-th one
 * fail. Knows nothing of metrics. All functions are safe from any thread. */
#ifndef TACHOI_BASE_ALLOC_H
#define TACHOI_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As malloc, calloc, realloc and free; size 0 gives a pointer that may be freed. NULL on failure
 * and where count * size overflows. */
void *tachoi_malloc(size_t size);
void *tachoi_calloc(size_t count, size_t size);
void *tachoi_realloc_array(void *pointer, size_t count, size_t size);
void tachoi_free(void *pointer);

/** Zeroed memory on a cache-line boundary (64 bytes); freed with tachoi_free. */
void *tachoi_calloc_aligned(size_t count, size_t size);

/** Zeroed memory in pages of its own, for what is large. NULL on failure. */
void *tachoi_pages_alloc(size_t size);
/** Gives back all pages that begin at `offset` or behind it, which read as zero from then on, also
 * for who reads them meanwhile. Without effect where the system cannot do that. `size` as given to
 * tachoi_pages_alloc. */
void tachoi_pages_forget(void *pages, size_t size, size_t offset);
void tachoi_pages_free(void *pages, size_t size);

/** Copies; NULL on failure. tachoi_strdup(NULL) is a copy of "". */
void *tachoi_memdup(const void *data, size_t size);
char *tachoi_strdup(const char *text);
char *tachoi_strndup(const char *data, size_t length);

/** Checked sizes: false, `*out` untouched, on overflow. */
bool tachoi_size_add(size_t a, size_t b, size_t *out);
bool tachoi_size_mul(size_t a, size_t b, size_t *out);

/** For tests: the allocation number `countdown` from now (1 = the next) fails, once; 0 switches
 * off. tachoi_alloc_fail_pending tells whether it has yet to happen. */
void tachoi_alloc_fail_at(uint64_t countdown);
bool tachoi_alloc_fail_pending(void);

#endif
