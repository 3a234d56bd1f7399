/* SPDX-License-Identifier: Apache-2.0 */
/* Tests randomness and hashing. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "base/random.h"

Test(random, bytes_differ_between_draws) {
    unsigned char a[600] = {0};
    unsigned char b[600] = {0};
    cr_assert(tachoi_random_bytes(a, sizeof a));
    cr_assert(tachoi_random_bytes(b, sizeof b));
    cr_assert(ne(int, memcmp(a, b, sizeof a), 0));
    /* All parts are written, beyond the 256 bytes that one call surely gives. */
    cr_assert(ne(int, memcmp(a + 500, (unsigned char[100]){0}, 100), 0));
}

Test(random, no_bytes_are_easy) {
    cr_assert(tachoi_random_bytes(NULL, 0));
}

/* RES-15 */
Test(uuid, has_the_form_of_version_4) {
    char uuid[37];
    char other[37];
    cr_assert(tachoi_uuid_v4(uuid));
    cr_assert(tachoi_uuid_v4(other));
    cr_assert(ne(str, uuid, other));
    cr_assert(eq(sz, strlen(uuid), 36));
    for (size_t i = 0; i < 36; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char *allowed = is_dash ? "-" : i == 14 ? "4" : i == 19 ? "89ab" : "0123456789abcdef";
        cr_assert(ne(ptr, strchr(allowed, uuid[i]), NULL), "%s at %zu", uuid, i);
    }
}

Test(rng, the_same_seed_gives_the_same_numbers) {
    struct tachoi_rng a;
    struct tachoi_rng b;
    tachoi_rng_seed(&a, 42);
    tachoi_rng_seed(&b, 42);
    for (int i = 0; i < 100; i++) {
        cr_assert(eq(u64, tachoi_rng_next(&a), tachoi_rng_next(&b)));
    }
    tachoi_rng_seed(&b, 43);
    cr_assert(ne(u64, tachoi_rng_next(&a), tachoi_rng_next(&b)));
}

/* The published first outputs of splitmix64 for seed 1234567. */
Test(rng, is_splitmix64) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 1234567);
    cr_assert(eq(u64, tachoi_rng_next(&rng), UINT64_C(6457827717110365317)));
    cr_assert(eq(u64, tachoi_rng_next(&rng), UINT64_C(3203168211198807973)));
    cr_assert(eq(u64, tachoi_rng_next(&rng), UINT64_C(9817491932198370423)));
}

Test(rng, upto_reaches_both_ends_and_no_further) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 7);
    unsigned seen[4] = {0};
    for (int i = 0; i < 4000; i++) {
        uint64_t drawn = tachoi_rng_upto(&rng, 3);
        cr_assert(le(u64, drawn, 3));
        seen[drawn]++;
    }
    for (int i = 0; i < 4; i++) {
        cr_assert(gt(uint, seen[i], 800));
    }
    cr_assert(eq(u64, tachoi_rng_upto(&rng, 0), 0));
    bool has_high_bit = false;
    for (int i = 0; i < 100; i++) {
        has_high_bit = has_high_bit || tachoi_rng_upto(&rng, UINT64_MAX) > UINT64_MAX / 2;
    }
    cr_assert(has_high_bit);
}

static void *draw(void *argument) {
    *(uint64_t *)argument = tachoi_hash_seed();
    return NULL;
}

Test(hash, all_threads_see_one_seed) {
    pthread_t threads[8];
    uint64_t seeds[8];
    for (size_t i = 0; i < 8; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, draw, &seeds[i]), 0));
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < 8; i++) {
        cr_assert(eq(u64, seeds[i], seeds[0]));
        cr_assert(ne(u64, seeds[i], 0));
    }
}

Test(hash, depends_on_bytes_and_seed) {
    cr_assert(eq(u64, tachoi_hash_bytes("abc", 3, 1), tachoi_hash_bytes("abc", 3, 1)));
    cr_assert(ne(u64, tachoi_hash_bytes("abc", 3, 1), tachoi_hash_bytes("abc", 3, 2)));
    cr_assert(ne(u64, tachoi_hash_bytes("abc", 3, 1), tachoi_hash_bytes("abd", 3, 1)));
    cr_assert(eq(u64, tachoi_hash_bytes(NULL, 0, 1), tachoi_hash_bytes("", 0, 1)));
}
