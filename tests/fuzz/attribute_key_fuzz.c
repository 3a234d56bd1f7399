/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that attribute keys are equal exactly when their sets are, however a set is written and
 * however much room there is to pack it, that a filter has the effect of a shorter list, and that
 * unpacking gives the set back. */
#include <stdio.h>

#include "attributes/attribute_pack.h"
#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "fuzz/attribute_generator.h"
#include "fuzz/fuzz.h"

#define MAX_PACKED ((size_t)1 << 20U)

const char fuzz_alphabet[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

/* A window of a few bytes that is emptied into one large buffer. */
struct small_window {
    struct tachoi_pack_window window; /* first */
    unsigned char *out;
    size_t size;
};

static void move_out(struct small_window *small, size_t size) {
    fuzz_check(small->size + size <= MAX_PACKED);
    memcpy(small->out + small->size, small->window.begin, size);
    small->size += size;
}

static unsigned char *move_out_full(struct tachoi_pack_window *window) {
    move_out((struct small_window *)window, (size_t)(window->end - window->begin));
    return window->begin;
}

/* Packs through windows of all small sizes, and stops in a window that is one byte too small. */
static void check_windows(tacho_attributes list, const struct tachoi_attribute_set *set) {
    static unsigned char out[MAX_PACKED];
    unsigned char buffer[300];
    for (size_t room = 1; room < sizeof buffer; room = room * 2 + 1) {
        struct small_window small = {
            .window = {.begin = buffer, .end = buffer + room, .make_room = move_out_full},
            .out = out};
        const unsigned char *end = tachoi_attributes_pack(&small.window, list);
        fuzz_check(end != NULL);
        move_out(&small, (size_t)(end - buffer));
        fuzz_check(small.size == set->size);
        fuzz_check(memcmp(out, set->bytes, set->size) == 0);
    }
    struct tachoi_pack_window tight = {
        .begin = out, .end = out + set->size - 1, .make_room = tachoi_pack_stop};
    fuzz_check(tachoi_attributes_pack(&tight, list) == NULL);
}

static void check_sorted(tacho_attributes list) {
    for (size_t i = 0; i < list.count; i++) {
        fuzz_check(list.items[i].key.length != 0);
        if (i > 0) {
            tacho_string a = list.items[i - 1].key;
            tacho_string b = list.items[i].key;
            int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
            fuzz_check(order < 0 || (order == 0 && a.length < b.length));
        }
    }
}

static void check_unpacking(tacho_attributes list, const struct tachoi_attribute_set *set,
                            struct tachoi_arena *arena) {
    tacho_attributes unpacked;
    struct tachoi_attribute_key key;
    fuzz_check(tachoi_attributes_unpack(set->bytes, set->size, arena, &unpacked));
    check_sorted(unpacked);
    fuzz_check(same_list(list, unpacked));
    tachoi_attribute_key_init(&key, unpacked);
    fuzz_check(tachoi_attribute_key_matches(&key, set));
}

static void check_pair(tacho_attributes a, tacho_attributes b, bool is_same) {
    struct tachoi_attribute_key key_a;
    struct tachoi_attribute_key key_b;
    tachoi_attribute_key_init(&key_a, a);
    tachoi_attribute_key_init(&key_b, b);
    struct tachoi_attribute_set *set = tachoi_attribute_set_create(&key_a);
    fuzz_check(set != NULL);
    fuzz_check(set->size == tachoi_attribute_key_size(&key_a));
    fuzz_check(tachoi_attribute_key_matches(&key_a, set));
    fuzz_check(tachoi_attribute_key_matches(&key_b, set) == is_same);
    fuzz_check(tachoi_attribute_key_equals(&key_b, set->bytes, set->size) == is_same);
    fuzz_check(!is_same || key_a.hash == key_b.hash);
    tachoi_attribute_key_init_expecting(&key_b, b, tachoi_attribute_order(a));
    fuzz_check(tachoi_attribute_key_matches(&key_b, set) == is_same);
    tachoi_free(set);
}

/* A filter of some of the list's keys gives the key of the list without the others, or of nothing
 * else but them. */
static void check_filter(tacho_attributes list, struct tachoi_rng *rng,
                         struct tachoi_arena *arena) {
    tacho_string *keys = tachoi_arena_alloc(arena, list.count, sizeof *keys);
    tacho_attribute *left = tachoi_arena_alloc(arena, list.count, sizeof *left);
    tacho_attribute *kept = tachoi_arena_alloc(arena, list.count, sizeof *kept);
    fuzz_check(keys != NULL && left != NULL && kept != NULL);
    struct tachoi_key_list named = {keys, 0};
    const struct tachoi_key_list absent = {NULL, 0};
    for (size_t i = 0; list.items != NULL && i < list.count; i++) {
        if (tachoi_rng_upto(rng, 1) == 0) {
            keys[named.count++] = list.items[i].key;
        }
    }
    const bool is_of_kept = tachoi_rng_upto(rng, 1) == 0;
    struct tachoi_attribute_filter *filter = NULL;
    fuzz_check(tachoi_attribute_filter_create(is_of_kept ? named : absent,
                                              is_of_kept ? absent : named, &filter) == 0);
    size_t kept_count = 0;
    for (size_t i = 0; list.items != NULL && i < list.count; i++) {
        if (tachoi_attribute_filter_keeps(filter, list.items[i].key)) {
            kept[kept_count++] = list.items[i];
        }
    }
    const size_t left_count = tachoi_attribute_filter_left_out(filter, list, left, list.count);
    fuzz_check(kept_count + left_count <= list.count);
    fuzz_check((left_count == 0) == tachoi_attribute_filter_keeps_all(filter, list));

    struct tachoi_attribute_key filtered;
    struct tachoi_attribute_key expected;
    tachoi_attribute_key_init_filtered(&filtered, list, filter);
    tachoi_attribute_key_init(&expected, tacho_attributes_from(kept, kept_count));
    struct tachoi_attribute_set *set = tachoi_attribute_set_create(&filtered);
    fuzz_check(set != NULL);
    fuzz_check(tachoi_attribute_key_matches(&filtered, set));
    fuzz_check(tachoi_attribute_key_matches(&expected, set));
    tachoi_free(set);
    tachoi_attribute_filter_destroy(filter);
}

/* The list that the bytes give when one of them differs: often the same one, often nearly. */
static void check_neighbour(tacho_attributes list, const uint8_t *data, size_t size,
                            struct tachoi_rng *rng, struct tachoi_arena *arena) {
    uint8_t *changed = tachoi_arena_alloc(arena, size, 1);
    fuzz_check(changed != NULL);
    for (size_t round = 0; round < 4 && size > 0; round++) {
        memcpy(changed, data, size);
        changed[tachoi_rng_upto(rng, size - 1)]++;
        struct byte_source source = {.data = changed, .size = size, .arena = arena};
        tacho_attributes neighbour = generate_list(&source, 0);
        check_pair(list, neighbour, same_list(list, neighbour));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    struct byte_source source = {.data = data, .size = size / 2, .arena = &arena};
    tacho_attributes a = generate_list(&source, 0);
    source = (struct byte_source){data + size / 2, size - size / 2, &arena};
    tacho_attributes b = generate_list(&source, 0);
    check_pair(a, b, same_list(a, b));

    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, size);
    check_pair(a, scramble_list(&source, &rng, a), true);
    check_neighbour(a, data, size / 2, &rng, &arena);
    check_filter(a, &rng, &arena);
    check_filter(b, &rng, &arena);

    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, a);
    struct tachoi_attribute_set *set = tachoi_attribute_set_create(&key);
    fuzz_check(set != NULL);
    check_windows(a, set);
    check_unpacking(a, set, &arena);
    tachoi_free(set);
    tachoi_arena_fini(&arena);
    return 0;
}
