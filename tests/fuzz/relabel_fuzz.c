/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds any text to the parser of relabelling rules, what it takes to the compiler, and what that
 * takes to labels. Nothing may be read out of bounds, loop or be left behind; what comes out is
 * sorted, unique and not empty. */
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "prometheus/relabel_text.h"
#include "tacho/status.h"

const char fuzz_alphabet[] = {'a', 'b', '_', '$',  '{', '}', '1', '(', ')', '|', '.', '*',
                              '+', '[', ']', '\\', '?', '=', ',', ';', '%', '2', '^', ' '};
const size_t fuzz_alphabet_size = sizeof fuzz_alphabet;

static int compare(tacho_string a, tacho_string b) {
    const int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static void check_labels(const struct tachoi_relabel_labels *labels) {
    fuzz_check(labels->count > 0);
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_relabel_label *label = &labels->items[i];
        fuzz_check(label->name.length > 0 && label->value.length > 0);
        fuzz_check(tachoi_utf8_is_valid(label->name.data, label->name.length));
        fuzz_check(tachoi_utf8_is_valid(label->value.data, label->value.length));
        fuzz_check(i == 0 || compare(labels->items[i - 1].name, label->name) < 0);
    }
}

static void check_problem(const struct tachoi_relabel_problem *problem, size_t count) {
    fuzz_check(problem->rule < count && problem->member != NULL);
    fuzz_check(strlen(problem->reason) > 0);
}

static void apply(const struct tachoi_relabel *relabel) {
    struct tachoi_relabel_label items[] = {
        {{"__name__", 8}, {"up", 2}, false},
        {{"a", 1}, {"abba1", 5}, true},
        {{"a_1", 3}, {"", 0}, true},
        {{"b", 1}, {"b\xc3\xa4\na", 5}, false},
    };
    struct tachoi_relabel_labels labels = {items, sizeof items / sizeof items[0]};
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, (size_t)1 << 22U);
    const enum tachoi_relabel_result result = tachoi_relabel_apply(relabel, &labels, &arena);
    if (result == TACHOI_RELABEL_OK) {
        check_labels(&labels);
    } else {
        fuzz_check(labels.items == items && labels.count == 4);
    }
    tachoi_arena_fini(&arena);
}

static void compile(const struct tachoi_relabel_rule *rules, size_t count, bool is_utf8) {
    struct tachoi_relabel_problem problem;
    struct tachoi_relabel *relabel = NULL;
    const int rc = tachoi_relabel_compile(rules, count, is_utf8, &relabel, &problem);
    if (rc == TACHO_OK) {
        apply(relabel);
    } else {
        fuzz_check(rc == TACHO_E_INVALID && relabel == NULL);
        check_problem(&problem, count);
    }
    tachoi_relabel_destroy(relabel);
}

/* The input, cut in four, as the texts of one rule of each action. */
static void check_members(const uint8_t *data, size_t size, struct tachoi_arena *arena) {
    const char *parts[4];
    for (size_t i = 0; i < 4; i++) {
        parts[i] = tachoi_arena_strndup(arena, (const char *)data + size / 4 * i, size / 4);
        fuzz_check(parts[i] != NULL);
    }
    const char *const sources[] = {"a", "b", "__name__"};
    for (int action = TACHOI_RELABEL_REPLACE; action <= TACHOI_RELABEL_DROP_EQUAL; action++) {
        const bool is_by_name =
            action == TACHOI_RELABEL_LABEL_DROP || action == TACHOI_RELABEL_LABEL_KEEP;
        const struct tachoi_relabel_rule rule = {
            .action = (enum tachoi_relabel_action)action,
            .source_labels = sources,
            .source_label_count = is_by_name ? 0 : size % 4,
            .regex = action < TACHOI_RELABEL_KEEP_EQUAL ? parts[0] : NULL,
            .target_label = is_by_name ? NULL : parts[1],
            .replacement = is_by_name || action >= TACHOI_RELABEL_LOWERCASE ? NULL : parts[2],
            .separator = is_by_name || action >= TACHOI_RELABEL_KEEP_EQUAL ? NULL : parts[3],
        };
        compile(&rule, 1, (size & 1U) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tachoi_arena arena;
    struct tachoi_relabel_rules rules = {NULL, 0};
    struct tachoi_relabel_problem problem;
    tachoi_arena_init(&arena, 0);
    const int rc = tachoi_relabel_rules_parse((const char *)data, size, &arena, &rules, &problem);
    if (rc == TACHO_OK) {
        compile(rules.items, rules.count, true);
        compile(rules.items, rules.count, false);
    } else {
        fuzz_check(rc == TACHO_E_INVALID);
        check_problem(&problem, size + 1);
    }
    check_members(data, size, &arena);
    tachoi_arena_fini(&arena);
    return 0;
}
