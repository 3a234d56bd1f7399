/* SPDX-License-Identifier: Apache-2.0 */
/* See allocations.h. Looking the next function up may allocate, before there is one: that much
 * comes from a buffer and is never given back. */
#include "bench/allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"

static _Atomic(uint64_t) allocations;

uint64_t bench_allocations(void) {
    return atomic_load_explicit(&allocations, memory_order_relaxed);
}

static void count_one(void) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

/* --- the next functions --- */

struct next {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void (*free)(void *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
};

static struct next next;
static bool is_looking;

/** A function's address as an object's, which is what POSIX promises of dlsym. */
static void look(const char *name, void *out) {
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(out, &found, sizeof found);
}

/* The first call comes from the one thread that there is at the start of a program. */
static const struct next *the_next(void) {
    if (next.mmap == NULL && !is_looking) {
        is_looking = true;
        struct next found = {0};
        look("malloc", &found.malloc);
        look("calloc", &found.calloc);
        look("realloc", &found.realloc);
        look("aligned_alloc", &found.aligned_alloc);
        look("memalign", &found.memalign);
        look("posix_memalign", &found.posix_memalign);
        look("free", &found.free);
        look("mmap", &found.mmap);
        next = found;
        is_looking = false;
    }
    return &next;
}

/* --- while they are looked up --- */

static _Alignas(max_align_t) unsigned char early[4096];
static size_t early_used;

static void *allocate_early(size_t size) {
    const size_t rounded =
        (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (rounded > sizeof early - early_used) {
        static const char message[] = "bench: no memory to begin with\n";
        (void)!write(STDERR_FILENO, message, sizeof message - 1);
        _exit(2);
    }
    void *memory = early + early_used;
    early_used += rounded;
    return memory; /* zeroed: it is static */
}

static bool is_early(const void *memory) {
    const uintptr_t address = (uintptr_t)memory;
    return address >= (uintptr_t)early && address < (uintptr_t)early + sizeof early;
}

/* --- what libc has, and what everybody calls --- */

void *memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    count_one();
    return the_next()->malloc != NULL ? next.malloc(size) : allocate_early(size);
}

void *calloc(size_t count, size_t size) {
    count_one();
    return the_next()->calloc != NULL ? next.calloc(count, size) : allocate_early(count * size);
}

void *realloc(void *memory, size_t size) {
    count_one();
    if (the_next()->realloc != NULL && !is_early(memory)) {
        return next.realloc(memory, size);
    }
    void *copy = the_next()->malloc != NULL ? next.malloc(size) : allocate_early(size);
    if (copy != NULL && memory != NULL) {
        const size_t rest = (size_t)(early + sizeof early - (unsigned char *)memory);
        memcpy(copy, memory, size < rest ? size : rest);
    }
    return copy;
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_one();
    return the_next()->aligned_alloc != NULL ? next.aligned_alloc(alignment, size) : NULL;
}

void *memalign(size_t alignment, size_t size) {
    count_one();
    return the_next()->memalign != NULL ? next.memalign(alignment, size) : NULL;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    count_one();
    return the_next()->posix_memalign != NULL ? next.posix_memalign(out, alignment, size) : ENOMEM;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    count_one();
    return the_next()->mmap != NULL ? next.mmap(address, size, protection, flags, file, offset)
                                    : MAP_FAILED;
}

void free(void *memory) {
    if (!is_early(memory) && the_next()->free != NULL) {
        next.free(memory);
    }
}

/* --- the check --- */

/** The compiler is not to leave a call out whose memory is given back at once. */
static void expect(const char *name, uint64_t before, void *memory) {
    BENCH_TOUCH(memory);
    if (memory == NULL || bench_allocations() == before) {
        bench_die(name);
    }
}

void bench_allocations_check(void) {
    static const size_t bytes = 128;
    uint64_t before = bench_allocations();
    void *memory = malloc(bytes);
    expect("malloc is not counted", before, memory);
    before = bench_allocations();
    memory = realloc(memory, 2 * bytes);
    expect("realloc is not counted", before, memory);
    free(memory);
    before = bench_allocations();
    memory = calloc(2, bytes);
    expect("calloc is not counted", before, memory);
    free(memory);
    before = bench_allocations();
    memory = aligned_alloc(64, bytes);
    expect("aligned_alloc is not counted", before, memory);
    free(memory);
    before = bench_allocations();
    memory = NULL;
    if (posix_memalign(&memory, 64, bytes) != 0) {
        bench_die("no memory");
    }
    expect("posix_memalign is not counted", before, memory);
    free(memory);
    before = bench_allocations();
    memory = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect("mmap is not counted", before, memory != MAP_FAILED ? memory : NULL);
    (void)munmap(memory, bytes);
}
