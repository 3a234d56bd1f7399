/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the reading of relabelling rules from the environment's text. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "prometheus/relabel_text.h"
#include "tacho/status.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static struct tachoi_arena arena;
static struct tachoi_relabel_problem problem;

static void begin(void) {
    tachoi_arena_init(&arena, 0);
}

static void end(void) {
    tachoi_arena_fini(&arena);
}

TestSuite(relabel_text, .init = begin, .fini = end);

static struct tachoi_relabel_rules parse(const char *text) {
    struct tachoi_relabel_rules rules = {NULL, 99};
    cr_assert(
        eq(int, tachoi_relabel_rules_parse(text, strlen(text), &arena, &rules, &problem), TACHO_OK),
        "%s: %s %s", text, problem.member, problem.reason);
    return rules;
}

#define expect_text(text, expected) cr_expect(eq(str, (char *)(text), (char *)(expected)))

Test(relabel_text, reads_all_members) {
    const struct tachoi_relabel_rules rules =
        parse("action=uppercase,source_labels=a|b_c|d,separator=-,regex=(.*)x,target_label=y,"
              "replacement=$1");
    cr_assert(eq(sz, rules.count, 1));
    const struct tachoi_relabel_rule *rule = &rules.items[0];
    cr_expect(eq(int, (int)rule->action, TACHOI_RELABEL_UPPERCASE));
    cr_assert(eq(sz, rule->source_label_count, 3));
    expect_text(rule->source_labels[0], "a");
    expect_text(rule->source_labels[1], "b_c");
    expect_text(rule->source_labels[2], "d");
    expect_text(rule->separator, "-");
    expect_text(rule->regex, "(.*)x");
    expect_text(rule->target_label, "y");
    expect_text(rule->replacement, "$1");
}

Test(relabel_text, members_left_out_are_unset) {
    const struct tachoi_relabel_rules rules = parse("target_label=a");
    cr_assert(eq(sz, rules.count, 1));
    const struct tachoi_relabel_rule *rule = &rules.items[0];
    cr_expect(eq(int, (int)rule->action, TACHOI_RELABEL_REPLACE));
    cr_expect(eq(sz, rule->source_label_count, 0));
    cr_expect(rule->separator == NULL && rule->regex == NULL && rule->replacement == NULL);
}

Test(relabel_text, empty_members_are_set) {
    const struct tachoi_relabel_rules rules =
        parse("source_labels=,separator=,regex=,target_label=a,replacement=");
    const struct tachoi_relabel_rule *rule = &rules.items[0];
    cr_expect(eq(sz, rule->source_label_count, 0));
    expect_text(rule->separator, "");
    expect_text(rule->regex, "");
    expect_text(rule->replacement, "");
}

Test(relabel_text, rules_are_separated_by_semicolons) {
    const struct tachoi_relabel_rules rules =
        parse(" action = Drop , regex = debug_.%2A ; action=labelkeep,regex=a%3Bb%2Cc ;regex=x=y");
    cr_assert(eq(sz, rules.count, 3));
    cr_expect(eq(int, (int)rules.items[0].action, TACHOI_RELABEL_DROP));
    expect_text(rules.items[0].regex, "debug_.*");
    cr_expect(eq(int, (int)rules.items[1].action, TACHOI_RELABEL_LABEL_KEEP));
    expect_text(rules.items[1].regex, "a;b,c");
    expect_text(rules.items[2].regex, "x=y");
}

Test(relabel_text, blank_text_has_no_rules) {
    cr_expect(eq(sz, parse("").count, 0));
    cr_expect(eq(sz, parse(" \t").count, 0));
    struct tachoi_relabel_rules rules = {NULL, 99};
    cr_expect(eq(int, tachoi_relabel_rules_parse(NULL, 0, &arena, &rules, &problem), TACHO_OK));
    cr_expect(eq(sz, rules.count, 0));
}

Test(relabel_text, every_action_has_its_name) {
    static const char *const names[] = {"replace",   "keep",     "drop",      "labeldrop",
                                        "labelkeep", "labelmap", "lowercase", "uppercase",
                                        "keepequal", "dropequal"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "action=%s", names[i]);
        cr_expect(eq(int, (int)parse(text).items[0].action, (int)i), "%s", text);
    }
}

Test(relabel_text, mistakes_are_named) {
    static const struct {
        const char *text;
        size_t rule;
        const char *member;
        const char *reason;
    } rows[] = {
        {"action=hashmod", 0, "action", "is not known: \"hashmod\""},
        {"regex=a;action=", 1, "action", "is not known: \"\""},
        {"regexp=a", 0, "", "has an unknown key: \"regexp\""},
        {"regex=a;target=b", 1, "", "has an unknown key: \"target\""},
        {"Regex=a", 0, "", "has an unknown key: \"Regex\""},
        {"regex=a,action=keep,regex=b", 0, "regex", "is set twice"},
        {"regex=a;", 1, "", "is not a list of key=value: \"\""},
        {";regex=a", 0, "", "is not a list of key=value: \"\""},
        {"regex=a;;regex=b", 1, "", "is not a list of key=value: \"\""},
        {"drop", 0, "", "is not a list of key=value: \"drop\""},
        {"regex=a,", 0, "", "is not a list of key=value: \"regex=a,\""},
        {"regex=%4", 0, "", "is not a list of key=value: \"regex=%4\""},
        {"regex=a%00b", 0, "regex", "holds a NUL"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tachoi_relabel_rules rules = {NULL, 99};
        cr_expect(eq(int,
                     tachoi_relabel_rules_parse(rows[i].text, strlen(rows[i].text), &arena, &rules,
                                                &problem),
                     TACHO_E_INVALID),
                  "%s", rows[i].text);
        cr_expect(eq(sz, problem.rule, rows[i].rule), "%s", rows[i].text);
        expect_text(problem.member, rows[i].member);
        expect_text(problem.reason, rows[i].reason);
        cr_expect(eq(sz, rules.count, 99));
    }
}

Test(relabel_text, text_ends_where_its_length_says) {
    struct tachoi_relabel_rules rules = {NULL, 99};
    cr_expect(
        eq(int, tachoi_relabel_rules_parse("regex=abc", 7, &arena, &rules, &problem), TACHO_OK));
    cr_assert(eq(sz, rules.count, 1));
    expect_text(rules.items[0].regex, "a");
    cr_expect(eq(int, tachoi_relabel_rules_parse("regex=a\0b", 9, &arena, &rules, &problem),
                 TACHO_E_INVALID));
    expect_text(problem.reason, "holds a NUL");
}

Test(relabel_text, reports_every_lack_of_memory) {
    static const char text[] = "action=keep,source_labels=a|b,regex=x;target_label=y";
    int rc = TACHO_E_NO_MEMORY;
    uint64_t k = 0;
    while (rc != TACHO_OK) {
        struct tachoi_relabel_rules rules = {NULL, 99};
        struct tachoi_arena own;
        tachoi_arena_init(&own, 0);
        tachoi_alloc_fail_at(++k);
        rc = tachoi_relabel_rules_parse(text, strlen(text), &own, &rules, &problem);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, rc, has_failed ? TACHO_E_NO_MEMORY : TACHO_OK), "allocation %d", (int)k);
        cr_assert(eq(sz, rules.count, has_failed ? 99 : 2));
        tachoi_arena_fini(&own);
    }
    cr_expect(gt(u64, k, 2));
}
