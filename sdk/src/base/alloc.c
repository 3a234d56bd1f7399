/* SPDX-License-Identifier: Apache-2.0 */
/* Owns memory: the system's allocator behind one door that tests can close. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CACHE_LINE_BYTES ((size_t)64)

/* atomic: allocations until the one that fails, 0 = off */
static _Atomic(uint64_t) fail_countdown;

void tachoi_alloc_fail_at(uint64_t countdown) {
    atomic_store_explicit(&fail_countdown, countdown, memory_order_relaxed);
}

bool tachoi_alloc_fail_pending(void) {
    return atomic_load_explicit(&fail_countdown, memory_order_relaxed) != 0;
}

/* Relaxed: the counter orders nothing. An exchange, not a subtraction, so that it never passes 0
 * when threads allocate together. */
static bool must_fail(void) {
    uint64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (left != 0) {
        if (atomic_compare_exchange_weak_explicit(&fail_countdown, &left, left - 1,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return left == 1;
        }
    }
    return false;
}

bool tachoi_size_add(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

bool tachoi_size_mul(size_t a, size_t b, size_t *out) {
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

/* The standard leaves open whether size 0 gives NULL; here NULL always means failure. */
static size_t at_least_one(size_t size) {
    return size != 0 ? size : 1;
}

void *tachoi_malloc(size_t size) {
    return must_fail() ? NULL : malloc(at_least_one(size));
}

void *tachoi_calloc(size_t count, size_t size) {
    size_t total;
    if (!tachoi_size_mul(count, size, &total) || must_fail()) {
        return NULL;
    }
    return calloc(1, at_least_one(total));
}

void *tachoi_realloc_array(void *pointer, size_t count, size_t size) {
    size_t total;
    if (!tachoi_size_mul(count, size, &total) || must_fail()) {
        return NULL;
    }
    return realloc(pointer, at_least_one(total));
}

void tachoi_free(void *pointer) {
    free(pointer);
}

/* Whole lines, so that no foreign object shares the last one. */
void *tachoi_calloc_aligned(size_t count, size_t size) {
    size_t total;
    if (!tachoi_size_mul(count, size, &total) ||
        !tachoi_size_add(at_least_one(total), CACHE_LINE_BYTES - 1, &total) || must_fail()) {
        return NULL;
    }
    total -= total % CACHE_LINE_BYTES;
    void *memory = NULL;
    if (posix_memalign(&memory, CACHE_LINE_BYTES, total) != 0) {
        return NULL;
    }
    memset(memory, 0, total);
    return memory;
}

void *tachoi_pages_alloc(size_t size) {
    if (must_fail()) {
        return NULL;
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages != MAP_FAILED ? pages : NULL;
}

void tachoi_pages_forget(void *pages, size_t size, size_t offset) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t begin = (offset + page - 1) / page * page;
    const size_t end = (size + page - 1) / page * page; /* all of the last one is the mapping's */
    if (begin < end) { /* of a private anonymous mapping, Linux gives zeroed pages again */
        (void)madvise((unsigned char *)pages + begin, end - begin, MADV_DONTNEED);
    }
}

void tachoi_pages_free(void *pages, size_t size) {
    if (pages != NULL) {
        (void)munmap(pages, size);
    }
}

void *tachoi_memdup(const void *data, size_t size) {
    void *copy = tachoi_malloc(size);
    if (copy != NULL && size != 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *tachoi_strdup(const char *text) {
    return tachoi_strndup(text, text != NULL ? strlen(text) : 0);
}

char *tachoi_strndup(const char *data, size_t length) {
    size_t size;
    char *copy = tachoi_size_add(length, 1, &size) ? tachoi_malloc(size) : NULL;
    if (copy == NULL) {
        return NULL;
    }
    if (length != 0) {
        memcpy(copy, data, length);
    }
    copy[length] = '\0';
    return copy;
}
