/* SPDX-License-Identifier: Apache-2.0 */
/* Tests memory: failure injection, checked sizes, alignment, arenas. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"

/* --- alloc --- */

Test(alloc, the_chosen_allocation_fails_once) {
    tachoi_alloc_fail_at(3);
    void *first = tachoi_malloc(8);
    void *second = tachoi_calloc(2, 8);
    cr_assert(tachoi_alloc_fail_pending());
    void *third = tachoi_malloc(8);
    cr_assert(not(tachoi_alloc_fail_pending()));
    void *fourth = tachoi_malloc(8);
    cr_assert(ne(ptr, first, NULL));
    cr_assert(ne(ptr, second, NULL));
    cr_assert(eq(ptr, third, NULL));
    cr_assert(ne(ptr, fourth, NULL));
    tachoi_free(first);
    tachoi_free(second);
    tachoi_free(fourth);
}

Test(alloc, injection_can_be_switched_off) {
    tachoi_alloc_fail_at(1);
    tachoi_alloc_fail_at(0);
    void *memory = tachoi_malloc(8);
    cr_assert(ne(ptr, memory, NULL));
    tachoi_free(memory);
}

Test(alloc, pages_are_forgotten_to_the_end_of_the_last_one) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t size = 3 * page + 48; /* as a table's: slots are a power of two, then the head */
    unsigned char *pages = tachoi_pages_alloc(size);
    cr_assert(ne(ptr, pages, NULL));
    memset(pages, 1, size);
    tachoi_pages_forget(pages, size, 48);
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        kept += pages[i];
        cr_assert(i >= page || pages[i] == 1, "byte %zu", i);
    }
    cr_assert(eq(sz, kept, page));
    tachoi_pages_free(pages, size);
}

static void *by_malloc(void) {
    return tachoi_malloc(16);
}
static void *by_calloc(void) {
    return tachoi_calloc(4, 4);
}
static void *by_realloc(void) {
    return tachoi_realloc_array(NULL, 4, 4);
}
static void *by_aligned(void) {
    return tachoi_calloc_aligned(4, 4);
}
static void *by_memdup(void) {
    return tachoi_memdup("abc", 3);
}
static void *by_strdup(void) {
    return tachoi_strdup("abc");
}
static void *by_strndup(void) {
    return tachoi_strndup("abc", 2);
}

Test(alloc, every_door_can_fail) {
    static void *(*const doors[])(void) = {by_malloc, by_calloc, by_realloc, by_aligned,
                                           by_memdup, by_strdup, by_strndup};
    for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
        tachoi_alloc_fail_at(1);
        void *failed = doors[i]();
        void *passed = doors[i]();
        cr_assert(eq(ptr, failed, NULL), "door %zu", i);
        cr_assert(ne(ptr, passed, NULL), "door %zu", i);
        tachoi_free(passed);
    }
}

Test(alloc, a_failed_realloc_leaves_the_memory_alone) {
    char *text = tachoi_strdup("kept");
    tachoi_alloc_fail_at(1);
    void *grown = tachoi_realloc_array(text, 100, 1);
    cr_assert(eq(ptr, grown, NULL));
    cr_assert(eq(str, text, "kept"));
    tachoi_free(text);
}

Test(alloc, products_that_overflow_are_refused) {
    cr_assert(eq(ptr, tachoi_calloc(SIZE_MAX / 2 + 1, 2), NULL));
    cr_assert(eq(ptr, tachoi_realloc_array(NULL, SIZE_MAX / 2 + 1, 2), NULL));
    cr_assert(eq(ptr, tachoi_calloc_aligned(SIZE_MAX / 2 + 1, 2), NULL));
    cr_assert(eq(ptr, tachoi_calloc_aligned(SIZE_MAX, 1), NULL));
}

Test(alloc, sizes_are_checked) {
    size_t out = 7;
    cr_assert(not(tachoi_size_add(SIZE_MAX, 1, &out)));
    cr_assert(not(tachoi_size_mul(SIZE_MAX, 2, &out)));
    cr_assert(eq(sz, out, 7));
    cr_assert(tachoi_size_add(SIZE_MAX - 1, 1, &out));
    cr_assert(eq(sz, out, SIZE_MAX));
    cr_assert(tachoi_size_mul(SIZE_MAX, 1, &out));
    cr_assert(eq(sz, out, SIZE_MAX));
    cr_assert(tachoi_size_mul(5, 0, &out));
    cr_assert(eq(sz, out, 0));
}

Test(alloc, nothing_is_still_a_pointer) {
    void *nothing[] = {tachoi_malloc(0), tachoi_calloc(0, 8), tachoi_realloc_array(NULL, 0, 8),
                       tachoi_calloc_aligned(0, 8), tachoi_memdup(NULL, 0)};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        cr_assert(ne(ptr, nothing[i], NULL), "case %zu", i);
        tachoi_free(nothing[i]);
    }
}

Test(alloc, aligned_memory_is_zeroed_and_on_a_line) {
    for (size_t size = 1; size < 300; size += 37) {
        unsigned char *memory = tachoi_calloc_aligned(size, 1);
        cr_assert(eq(sz, (uintptr_t)memory % 64, 0));
        for (size_t i = 0; i < size; i++) {
            cr_assert(eq(int, memory[i], 0));
        }
        tachoi_free(memory);
    }
}

Test(alloc, strings_are_copied_with_their_end) {
    char *part = tachoi_strndup("abcdef", 3);
    char *none = tachoi_strdup(NULL);
    char *empty = tachoi_strndup(NULL, 0);
    cr_assert(eq(str, part, "abc"));
    cr_assert(eq(str, none, ""));
    cr_assert(eq(str, empty, ""));
    tachoi_free(part);
    tachoi_free(none);
    tachoi_free(empty);
}

/* --- arena --- */

Test(arena, memory_is_aligned_and_does_not_overlap) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        size_t size = i * 13 % 500;
        pieces[i] = tachoi_arena_alloc(&arena, size, 1);
        cr_assert(ne(ptr, pieces[i], NULL));
        cr_assert(eq(sz, (uintptr_t)pieces[i] % _Alignof(max_align_t), 0));
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i * 13 % 500; j++) {
            cr_assert(eq(int, pieces[i][j], (int)i));
        }
    }
    tachoi_arena_fini(&arena);
}

static void fill(struct tachoi_arena *arena, size_t count) {
    for (size_t i = 0; i < count; i++) {
        cr_assert(ne(ptr, tachoi_arena_alloc(arena, i % 7 == 0 ? 5000 : 100, 1), NULL));
    }
}

Test(arena, reset_reuses_the_blocks) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    fill(&arena, 500);
    size_t once = arena.total_bytes;
    for (size_t round = 0; round < 20; round++) {
        tachoi_arena_reset(&arena);
        fill(&arena, 500);
    }
    cr_assert(eq(sz, arena.total_bytes, once));
    tachoi_arena_fini(&arena);
}

Test(arena, changing_sizes_do_not_grow_it_for_ever) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    size_t largest_round = 0;
    for (size_t round = 0; round < 100; round++) {
        tachoi_arena_reset(&arena);
        size_t size = 1000 + round * 7919 % 50000;
        for (size_t i = 0; i < 10; i++) {
            cr_assert(ne(ptr, tachoi_arena_alloc(&arena, size, 1), NULL));
        }
        largest_round = size * 10 > largest_round ? size * 10 : largest_round;
    }
    cr_assert(le(sz, arena.total_bytes, 8 * largest_round));
    tachoi_arena_fini(&arena);
}

Test(arena, the_maximum_holds) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 10000);
    size_t got = 0;
    while (tachoi_arena_alloc(&arena, 1, 160) != NULL) {
        got += 160;
    }
    cr_assert(le(sz, arena.total_bytes, 10000));
    cr_assert(ge(sz, got, 9000));
    cr_assert(eq(ptr, tachoi_arena_alloc(&arena, SIZE_MAX / 2, 4), NULL));
    cr_assert(eq(ptr, tachoi_arena_alloc(&arena, SIZE_MAX, 1), NULL));
    tachoi_arena_reset(&arena);
    cr_assert(ne(ptr, tachoi_arena_alloc(&arena, 1, 160), NULL));
    tachoi_arena_fini(&arena);
}

Test(arena, it_survives_short_memory) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    for (uint64_t k = 1;; k++) {
        tachoi_alloc_fail_at(k);
        bool is_complete = true;
        for (size_t i = 0; i < 8 && is_complete; i++) {
            char *copy = tachoi_arena_strndup(&arena, "some text", 4);
            void *large = tachoi_arena_alloc(&arena, 40000, 1);
            is_complete = copy != NULL && large != NULL && strcmp(copy, "some") == 0;
        }
        bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, is_complete, !has_failed));
        tachoi_arena_fini(&arena);
        if (!has_failed) {
            cr_assert(gt(u64, k, 1));
            break;
        }
    }
}

Test(arena, fini_tolerates_nothing_and_twice) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    tachoi_arena_reset(&arena);
    tachoi_arena_fini(&arena);
    tachoi_arena_fini(&arena);
    tachoi_arena_fini(NULL);
    cr_assert(eq(sz, arena.total_bytes, 0));
}
