/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the tests of relabelling: a table of what Prometheus makes of labels, what it refuses, the
 * bounds of expressions, and lack of memory. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "prometheus/relabel.h"
#include "tacho/status.h"

#pragma GCC diagnostic ignored "-Wconversion"                 /* in Criterion's own macros */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* of rows in tables */

#define R TACHOI_RELABEL_REPLACE
#define SOURCES(...)                                                                               \
    .source_labels = (const char *const[]){__VA_ARGS__},                                           \
    .source_label_count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

/* --- labels as text: "a=1 b=2*", '*' for labels of the point --- */

#define LABELS_MAX 16

static struct tachoi_relabel_label items[LABELS_MAX];

static struct tachoi_relabel_labels labels_of(const char *text) {
    struct tachoi_relabel_labels labels = {.items = items};
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        const size_t name = strcspn(text, "=");
        const bool is_points = text[length - 1] == '*';
        cr_assert(lt(sz, labels.count, LABELS_MAX));
        items[labels.count++] = (struct tachoi_relabel_label){
            .name = {text, name},
            .value = {text + name + 1, length - name - 1 - (is_points ? 1 : 0)},
            .is_points = is_points,
        };
        text += length + (text[length] == ' ' ? 1 : 0);
    }
    return labels;
}

static const char *text_of(const struct tachoi_relabel_labels *labels) {
    static char text[512];
    int length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_relabel_label *label = &labels->items[i];
        length +=
            snprintf(text + length, sizeof(text) - (size_t)length, "%s%.*s=%.*s%s",
                     i > 0 ? " " : "", (int)label->name.length, label->name.data,
                     (int)label->value.length, label->value.data, label->is_points ? "*" : "");
    }
    return text;
}

/* --- what rules make of labels (CONV-24) --- */

static struct tachoi_relabel *compile(const struct tachoi_relabel_rule *rules, size_t count,
                                      bool is_utf8) {
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(rules, count, is_utf8, &relabel, &problem), TACHO_OK),
              "%s %s", problem.member, problem.reason);
    return relabel;
}

struct row {
    const char *what;
    const char *labels;
    struct tachoi_relabel_rule rules[5];
    const char *expected; /* NULL = dropped */
    bool is_utf8;
};

static size_t rule_count(const struct row *row) {
    static const struct tachoi_relabel_rule none;
    size_t count = 1;
    while (count < 5 && memcmp(&row->rules[count], &none, sizeof(none)) != 0) {
        count++;
    }
    return count;
}

static void check_row(const struct row *row) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    struct tachoi_relabel *relabel = compile(row->rules, rule_count(row), row->is_utf8);
    struct tachoi_relabel_labels labels = labels_of(row->labels);
    const enum tachoi_relabel_result result = tachoi_relabel_apply(relabel, &labels, &arena);
    cr_expect(
        eq(int, (int)result, row->expected != NULL ? TACHOI_RELABEL_OK : TACHOI_RELABEL_DROPPED),
        "%s", row->what);
    cr_expect(eq(str, (char *)text_of(&labels),
                 (char *)(row->expected != NULL ? row->expected : row->labels)),
              "%s", row->what);
    cr_expect(eq(u64, tachoi_relabel_gave_up(relabel), 0), "%s", row->what);
    tachoi_relabel_destroy(relabel);
    tachoi_arena_fini(&arena);
}

static void check_rows(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
    }
}

#define check_all(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

Test(relabel, replace_sets_the_target_to_the_expanded_replacement) {
    const struct row rows[] = {
        {"defaults copy the source",
         "zone=eu1",
         {{R, SOURCES("zone"), .target_label = "dc"}},
         "dc=eu1 zone=eu1"},
        {"an existing target is replaced",
         "dc=old zone=eu1",
         {{R, SOURCES("zone"), .target_label = "dc"}},
         "dc=eu1 zone=eu1"},
        {"without sources, a constant",
         "a=1",
         {{R, .target_label = "team", .replacement = "core"}},
         "a=1 team=core"},
        {"groups",
         "host=db7.example.org",
         {{R, SOURCES("host"), .regex = "([a-z]+)(\\d+)\\..*", .target_label = "node",
           .replacement = "${2}-$1"}},
         "host=db7.example.org node=7-db"},
        {"named groups of both spellings",
         "v=10.4",
         {{R, SOURCES("v"), .regex = "(?P<major>\\d+)[.](?<minor>\\d+)", .target_label = "v",
           .replacement = "$minor/${major}"}},
         "v=4/10"},
        {"the whole match",
         "v=x",
         {{R, SOURCES("v"), .target_label = "w", .replacement = "<$0>"}},
         "v=x w=<x>"},
        {"a part is no match",
         "v=abc",
         {{R, SOURCES("v"), .regex = "b", .target_label = "w", .replacement = "x"}},
         "v=abc"},
        {"anchors cover all alternatives",
         "v=ab",
         {{R, SOURCES("v"), .regex = "a|b", .target_label = "w", .replacement = "x"}},
         "v=ab"},
        {"a later alternative may be the whole",
         "v=ab",
         {{R, SOURCES("v"), .regex = "a|(ab)", .target_label = "w"}},
         "v=ab w=ab"},
        {"case counts",
         "v=AB",
         {{R, SOURCES("v"), .regex = "ab", .target_label = "w", .replacement = "x"}},
         "v=AB"},
        {"unless told",
         "v=ÄB",
         {{R, SOURCES("v"), .regex = "(?i)äb", .target_label = "w", .replacement = "x"}},
         "v=ÄB w=x"},
        {"an empty result deletes the target",
         "a=1 b=2",
         {{R, SOURCES("a"), .target_label = "b", .replacement = ""}},
         "a=1"},
        {"an unset group is empty",
         "a=1 b=2",
         {{R, SOURCES("a"), .regex = "(x)?1", .target_label = "b"}},
         "a=1"},
        {"a missing group is empty",
         "a=1 b=2",
         {{R, SOURCES("a"), .target_label = "b", .replacement = "$7$nobody"}},
         "a=1"},
        {"a missing label is an empty text",
         "a=1",
         {{R, SOURCES("nobody"), .regex = "", .target_label = "b", .replacement = "x"}},
         "a=1 b=x"},
        {"so it deletes the target by default",
         "a=1 b=2",
         {{R, SOURCES("nobody"), .target_label = "b"}},
         "a=1"},
        {"the metric's name is a label",
         "__name__=up a=1",
         {{R, SOURCES("__name__"), .target_label = "__name__", .replacement = "my_$1"}},
         "__name__=my_up a=1"},
        {"labels with two underscores stay",
         "a=1",
         {{R, SOURCES("a"), .target_label = "__tmp"}},
         "__tmp=1 a=1"},
        {"the result of one rule is the next one's source",
         "a=1",
         {{R, SOURCES("a"), .target_label = "b", .replacement = "x$1"},
          {R, SOURCES("b"), .target_label = "c", .replacement = "y$1"},
          {R, .target_label = "b", .replacement = ""}},
         "a=1 c=yx1"},
    };
    check_all(rows);
}

Test(relabel, sources_are_joined) {
    const struct row rows[] = {
        {"by a semicolon",
         "a=1 b=2",
         {{R, SOURCES("a", "b"), .target_label = "c"}},
         "a=1 b=2 c=1;2"},
        {"in the order of the rule",
         "a=1 b=2",
         {{R, SOURCES("b", "a"), .separator = "<>", .target_label = "c"}},
         "a=1 b=2 c=2<>1"},
        {"by nothing",
         "a=1 b=2",
         {{R, SOURCES("a", "b"), .separator = "", .target_label = "c"}},
         "a=1 b=2 c=12"},
        {"missing ones too",
         "a=1",
         {{R, SOURCES("x", "a", "y"), .target_label = "c"}},
         "a=1 c=;1;"},
        {"one of them more than once",
         "a=1",
         {{R, SOURCES("a", "a"), .target_label = "c"}},
         "a=1 c=1;1"},
    };
    check_all(rows);
}

/* Go's Regexp.Expand. */
Test(relabel, templates_follow_the_rules_of_go) {
    static const struct {
        const char *replacement;
        const char *expected; /* of the value "xy" and (x)(?P<n_1>y) */
    } rows[] = {
        {"$1", "x"},         {"$2$1", "yx"},
        {"${1}0", "x0"},     {"$10", ""},
        {"$1a", ""},         {"$1_", ""},
        {"$1-", "x-"},       {"$n_1", "y"},
        {"$n_1.", "y."},     {"${n_1}1", "y1"},
        {"$n_11", ""},       {"$$1", "$1"},
        {"$$$1", "$x"},      {"$", "$"},
        {"a$", "a$"},        {"$-1", "$-1"},
        {"${", "${"},        {"${}", "${}"},
        {"${1", "${1"},      {"${n-1}", "${n-1}"},
        {"${$1}", "${x}"},   {"$ 1", "$ 1"},
        {"${ 1}", "${ 1}"},  {"$01", ""},
        {"$00", ""},         {"$0", "xy"},
        {"$4294967297", ""}, {"$99999999999999999999", ""},
        {"$\xc3\xa4", ""},   {"\xc3\xa4$1", "\xc3\xa4x"},
        {"$1\xc3\xa4", ""},  {"$1\xe2\x82\xac", "x\xe2\x82\xac"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[64];
        (void)snprintf(expected, sizeof(expected), "a=xy%s%s",
                       rows[i].expected[0] != '\0' ? " b=" : "", rows[i].expected);
        const struct row row = {rows[i].replacement,
                                "a=xy b=old",
                                {{R, SOURCES("a"), .regex = "(x)(?P<n_1>y)", .target_label = "b",
                                  .replacement = rows[i].replacement}},
                                expected,
                                false};
        /* "$ 1" has a blank, which only the text form of the tests cannot read back */
        check_row(&row);
    }
}

Test(relabel, the_target_may_be_a_template) {
    const struct row rows[] = {
        {"a group names it",
         "kv=color-blue",
         {{R, SOURCES("kv"), .regex = "(.+)-(.+)", .target_label = "${1}", .replacement = "$2"}},
         "color=blue kv=color-blue"},
        {"a group and text",
         "kv=color-blue",
         {{R, SOURCES("kv"), .regex = "(.+)-(.+)", .target_label = "x_${1}_y",
           .replacement = "$2"}},
         "kv=color-blue x_color_y=blue"},
        {"what is no name leaves all as it is",
         "kv=2x-blue",
         {{R, SOURCES("kv"), .regex = "(.+)-(.+)", .target_label = "$1", .replacement = "$2"}},
         "kv=2x-blue"},
        {"so does no name at all",
         "kv=-blue",
         {{R, SOURCES("kv"), .regex = "(.*)-(.+)", .target_label = "$1", .replacement = "$2"}},
         "kv=-blue"},
        {"with UTF-8 it is a name",
         "kv=2.x-blue",
         {{R, SOURCES("kv"), .regex = "(.+)-(.+)", .target_label = "$1", .replacement = "$2"}},
         "2.x=blue kv=2.x-blue",
         true},
        {"an empty name never is",
         "kv=-blue",
         {{R, SOURCES("kv"), .regex = "(.*)-(.+)", .target_label = "$1", .replacement = "$2"}},
         "kv=-blue",
         true},
        {"it may delete what the value names",
         "gone=1 which=gone",
         {{R, SOURCES("which"), .target_label = "$1", .replacement = ""}},
         "which=gone"},
    };
    check_all(rows);
}

Test(relabel, keep_and_drop_decide_on_the_series) {
    const struct row rows[] = {
        {"kept", "a=foo", {{TACHOI_RELABEL_KEEP, SOURCES("a"), .regex = "fo+"}}, "a=foo"},
        {"not kept", "a=foobar", {{TACHOI_RELABEL_KEEP, SOURCES("a"), .regex = "fo+"}}, NULL},
        {"dropped", "a=foo", {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "fo+"}}, NULL},
        {"not dropped",
         "a=foobar",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "fo+"}},
         "a=foobar"},
        {"by default keep keeps all", "a=1", {{TACHOI_RELABEL_KEEP}}, "a=1"},
        {"by default drop drops all", "a=1", {{TACHOI_RELABEL_DROP}}, NULL},
        {"by several labels",
         "a=1 b=2",
         {{TACHOI_RELABEL_DROP, SOURCES("a", "b"), .regex = "1;[23]"}},
         NULL},
        {"the first that drops ends it",
         "a=1",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "1"},
          {R, .target_label = "a", .replacement = "2"}},
         NULL},
        {"rules before it count",
         "a=1",
         {{R, .target_label = "a", .replacement = "2"},
          {TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "1"}},
         "a=2"},
        {"equal is kept",
         "a=1 b=1",
         {{TACHOI_RELABEL_KEEP_EQUAL, SOURCES("a"), .target_label = "b"}},
         "a=1 b=1"},
        {"unequal is not",
         "a=1 b=11",
         {{TACHOI_RELABEL_KEEP_EQUAL, SOURCES("a"), .target_label = "b"}},
         NULL},
        {"equal is dropped",
         "a=1 b=2 c=1;2",
         {{TACHOI_RELABEL_DROP_EQUAL, SOURCES("a", "b"), .target_label = "c"}},
         NULL},
        {"unequal is not dropped",
         "a=1 b=2",
         {{TACHOI_RELABEL_DROP_EQUAL, SOURCES("a"), .target_label = "b"}},
         "a=1 b=2"},
        {"two that are missing are equal",
         "a=1",
         {{TACHOI_RELABEL_DROP_EQUAL, SOURCES("x"), .target_label = "y"}},
         NULL},
    };
    check_all(rows);
}

Test(relabel, labels_are_dropped_and_kept_by_their_names) {
    const struct row rows[] = {
        {"dropped",
         "env=1 tmp_a=2 tmp_b=3",
         {{TACHOI_RELABEL_LABEL_DROP, .regex = "tmp_.+"}},
         "env=1"},
        {"whole names", "env=1 xenv=2", {{TACHOI_RELABEL_LABEL_DROP, .regex = "env"}}, "xenv=2"},
        {"kept",
         "__name__=up env=1 tmp_a=2",
         {{TACHOI_RELABEL_LABEL_KEEP, .regex = "__name__|env"}},
         "__name__=up env=1"},
        {"nothing left is no series", "env=1", {{TACHOI_RELABEL_LABEL_DROP, .regex = ".*"}}, NULL},
        {"all dropped, then one set",
         "env=1",
         {{TACHOI_RELABEL_LABEL_DROP, .regex = ".*"}, {R, .target_label = "a", .replacement = "b"}},
         "a=b"},
        {"what was dropped is missing",
         "a=1 b=2",
         {{TACHOI_RELABEL_LABEL_DROP, .regex = "a"},
          {R, SOURCES("a"), .target_label = "b"},
          {R, .target_label = "a", .replacement = "3"}},
         "a=3"},
    };
    check_all(rows);
}

/* The order in which Prometheus goes through labels: first those that came in. */
Test(relabel, labelmap_copies_to_new_names) {
    const struct row rows[] = {
        {"a group of the name",
         "k8s_app=a k8s_pod=b x=c",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "k8s_(.+)"}},
         "app=a k8s_app=a k8s_pod=b pod=b x=c"},
        {"a template",
         "app=a",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "(a)(.*)", .replacement = "${2}_$1"}},
         "app=a pp_a=a"},
        {"the later one wins",
         "a_x=1 b_x=2",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(x)"}},
         "a_x=1 b_x=2 x=2"},
        {"over one that was there",
         "a_x=1 x=0",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "a_(x)"}},
         "a_x=1 x=1"},
        {"one that a rule has set comes last",
         "a_x=1 b_x=2",
         {{R, SOURCES("a_x"), .target_label = "a_x", .replacement = "9"},
          {TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(x)"}},
         "a_x=9 b_x=2 x=9"},
        {"in the order of setting",
         "m=0",
         {{R, .target_label = "b_x", .replacement = "1"},
          {R, .target_label = "a_x", .replacement = "2"},
          {TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(x)"}},
         "a_x=2 b_x=1 m=0 x=2"},
        {"setting again leaves the place",
         "a=1 m=0",
         {{TACHOI_RELABEL_LABEL_DROP, .regex = "a"},
          {R, .target_label = "b_x", .replacement = "1"},
          {R, .target_label = "a_x", .replacement = "2"},
          {R, .target_label = "b_x", .replacement = "3"},
          {TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(x)"}},
         "a_x=2 b_x=3 m=0 x=2"},
        {"values are those before the rule",
         "a=1 ba=2 cba=3",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "[a-z](.+)"}},
         "a=2 ba=3 cba=3"},
        {"names that no label may have are passed over",
         "a1=x ab=y",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "a(.+)"}},
         "a1=x ab=y b=y"},
        {"but with UTF-8",
         "a1=x",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "a(.+)"}},
         "1=x a1=x",
         true},
        {"empty names never", "a=x", {{TACHOI_RELABEL_LABEL_MAP, .regex = "a(.*)"}}, "a=x", true},
        {"many",
         "a=1 b=2 c=3 d=4 e=5 f=6 g=7",
         {{TACHOI_RELABEL_LABEL_MAP, .replacement = "x_$1"}},
         "a=1 b=2 c=3 d=4 e=5 f=6 g=7 x_a=1 x_b=2 x_c=3 x_d=4 x_e=5 x_f=6 x_g=7"},
    };
    check_all(rows);
}

Test(relabel, case_changes_by_unicode) {
    const struct row rows[] = {
        {"lower",
         "a=FooBAR1",
         {{TACHOI_RELABEL_LOWERCASE, SOURCES("a"), .target_label = "b"}},
         "a=FooBAR1 b=foobar1"},
        {"upper",
         "a=FooBar1",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "a"}},
         "a=FOOBAR1"},
        {"joined",
         "a=x b=y",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a", "b"), .target_label = "c"}},
         "a=x b=y c=X;Y"},
        {"other alphabets",
         "a=äžж",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "a"}},
         "a=ÄŽЖ"},
        {"and back",
         "a=ÄŽЖΣ",
         {{TACHOI_RELABEL_LOWERCASE, SOURCES("a"), .target_label = "a"}},
         "a=äžжσ"},
        {"letters with several partners",
         "a=µsΜμιςßıſx",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "a"}},
         "a=ΜSΜΜΙΣßISX"},
        {"a letter that grows",
         "a=ɐɐɐ",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "a"}},
         "a=ⱯⱯⱯ"},
        {"dollars and backslashes",
         "a=$1\\ux",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "a"}},
         "a=$1\\UX"},
        {"nothing deletes",
         "a=1 b=2",
         {{TACHOI_RELABEL_LOWERCASE, SOURCES("x"), .target_label = "b"}},
         "a=1"},
    };
    check_all(rows);
}

Test(relabel, lines_and_characters_are_those_of_prometheus) {
    const struct row rows[] = {
        {"a dot matches a newline",
         "a=x\ny",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "x.y"}},
         NULL},
        {"the end is the end",
         "a=x\n",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "x$"}},
         "a=x\n"},
        {"also where more follows",
         "a=x\n",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "x$."}},
         "a=x\n"},
        {"and the beginning",
         "a=x\ny",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "x.^y"}},
         "a=x\ny"},
        {"unless there are lines",
         "a=x\ny",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "(?m)x$.^y"}},
         NULL},
        {"own anchors do no harm",
         "a=x",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "^x$"}},
         NULL},
        {"a dot is a character", "a=€", {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "."}}, NULL},
        {"classes know Unicode",
         "a=ж9",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "\\p{Cyrillic}\\d"}},
         NULL},
        {"digits are those of ASCII",
         "a=٣",
         {{TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "\\d"}},
         "a=٣"},
    };
    check_all(rows);
}

Test(relabel, what_is_made_of_the_points_labels_is_the_points) {
    const struct row rows[] = {
        {"replace",
         "job=j path=p*",
         {{R, SOURCES("job", "path"), .target_label = "x"}},
         "job=j path=p* x=j;p*"},
        {"in any order",
         "job=j path=p*",
         {{R, SOURCES("path", "job"), .target_label = "x"}},
         "job=j path=p* x=p;j*"},
        {"not from others",
         "job=j path=p*",
         {{R, SOURCES("job"), .target_label = "path"}},
         "job=j path=j"},
        {"over others",
         "job=j path=p*",
         {{R, SOURCES("path"), .target_label = "job"}},
         "job=p* path=p*"},
        {"a constant where it matches",
         "job=j path=p*",
         {{R, SOURCES("path"), .target_label = "x", .replacement = "c"}},
         "job=j path=p* x=c*"},
        {"case",
         "path=p*",
         {{TACHOI_RELABEL_UPPERCASE, SOURCES("path"), .target_label = "x"}},
         "path=p* x=P*"},
        {"labelmap",
         "a_x=1 b_y=2*",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(.)"}},
         "a_x=1 b_y=2* x=1 y=2*"},
        {"labelmap of several",
         "a_x=1* b_x=2",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "[ab]_(.)"}},
         "a_x=1* b_x=2 x=2*"},
    };
    check_all(rows);
}

Test(relabel, empty_labels_are_left_out) {
    const struct row rows[] = {
        {"those that came in", "a= b=1", {{TACHOI_RELABEL_KEEP}}, "b=1"},
        {"also for their names",
         "a= b=1",
         {{TACHOI_RELABEL_LABEL_MAP, .regex = "(.)", .replacement = "x_$1"}},
         "b=1 x_b=1"},
    };
    check_all(rows);
}

/* --- what is refused --- */

struct refusal {
    struct tachoi_relabel_rule rule;
    const char *member;
    const char *reason;
    bool is_utf8;
};

static void check_refusals(const struct refusal *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct tachoi_relabel *relabel = NULL;
        struct tachoi_relabel_problem problem = {.rule = 99};
        const struct tachoi_relabel_rule rules[] = {{TACHOI_RELABEL_KEEP}, rows[i].rule};
        cr_expect(eq(int, tachoi_relabel_compile(rules, 2, rows[i].is_utf8, &relabel, &problem),
                     TACHO_E_INVALID),
                  "%s", rows[i].reason);
        cr_expect(eq(ptr, (void *)relabel, NULL));
        cr_expect(eq(sz, problem.rule, 1));
        cr_expect(eq(str, (char *)problem.member, (char *)rows[i].member));
        cr_expect(eq(str, problem.reason, (char *)rows[i].reason));
    }
}

Test(relabel, mistakes_name_the_member) {
    static const char *const bad_source[] = {"a", "b-c"};
    const struct refusal rows[] = {
        {{R}, "target_label", "is required by the action \"replace\"", false},
        {{R, .target_label = ""}, "target_label", "is required by the action \"replace\"", false},
        {{TACHOI_RELABEL_UPPERCASE},
         "target_label",
         "is required by the action \"uppercase\"",
         true},
        {{TACHOI_RELABEL_KEEP_EQUAL},
         "target_label",
         "is required by the action \"keepequal\"",
         false},
        {{R, .target_label = "a-b"}, "target_label", "cannot be a label name: \"a-b\"", false},
        {{R, .target_label = "1$1"}, "target_label", "cannot be a label name: \"1$1\"", false},
        {{R, .target_label = "a${"}, "target_label", "cannot be a label name: \"a${\"", false},
        {{R, .target_label = "a$1-"}, "target_label", "cannot be a label name: \"a$1-\"", false},
        {{TACHOI_RELABEL_LOWERCASE, .target_label = "$1"},
         "target_label",
         "cannot be a label name: \"$1\"",
         false},
        {{TACHOI_RELABEL_LABEL_MAP, .replacement = "a-$1"},
         "replacement",
         "cannot be a label name: \"a-$1\"",
         false},
        {{TACHOI_RELABEL_LABEL_MAP, .replacement = ""},
         "replacement",
         "cannot be a label name: \"\"",
         true},
        {{R, .source_labels = bad_source, .source_label_count = 2, .target_label = "x"},
         "source_labels",
         "has \"b-c\", which is no label name",
         false},
        {{R, SOURCES(NULL), .target_label = "x"},
         "source_labels",
         "has \"\", which is no label name",
         true},
        {{R, SOURCES("\xff"), .target_label = "x"},
         "source_labels",
         "has \"?\", which is no label name",
         true},
        {{R, .target_label = "\xff"}, "target_label", "is not UTF-8", true},
        {{R, .target_label = "a", .replacement = "\xc3"}, "replacement", "is not UTF-8", false},
        {{R, .target_label = "a", .separator = "\xc3"}, "separator", "is not UTF-8", false},
        {{R, .target_label = "a", .regex = "a(b"},
         "regex",
         "is not valid: missing closing parenthesis at offset 3",
         false},
        {{R, .target_label = "a", .regex = "a)|(b"},
         "regex",
         "is not valid: unmatched closing parenthesis at offset 1",
         false},
        {{R, .target_label = "a", .regex = "*"},
         "regex",
         "is not valid: quantifier does not follow a repeatable item at offset 0",
         false},
        {{TACHOI_RELABEL_LOWERCASE, .target_label = "a", .regex = "[z-a]"},
         "regex",
         "is not valid: range out of order in character class at offset 3",
         false},
        {{TACHOI_RELABEL_LABEL_DROP, SOURCES("a"), .regex = "b"},
         "source_labels",
         "cannot be set for the action \"labeldrop\"",
         false},
        {{TACHOI_RELABEL_LABEL_KEEP, .target_label = "a"},
         "target_label",
         "cannot be set for the action \"labelkeep\"",
         false},
        {{TACHOI_RELABEL_LABEL_DROP, .separator = ","},
         "separator",
         "cannot be set for the action \"labeldrop\"",
         false},
        {{TACHOI_RELABEL_LABEL_DROP, .replacement = "x"},
         "replacement",
         "cannot be set for the action \"labeldrop\"",
         false},
        {{TACHOI_RELABEL_DROP_EQUAL, .target_label = "a", .regex = "x"},
         "regex",
         "cannot be set for the action \"dropequal\"",
         false},
        {{TACHOI_RELABEL_DROP_EQUAL, .target_label = "a", .separator = "x"},
         "separator",
         "cannot be set for the action \"dropequal\"",
         false},
        {{TACHOI_RELABEL_KEEP_EQUAL, .target_label = "a", .replacement = "x"},
         "replacement",
         "cannot be set for the action \"keepequal\"",
         false},
        {{TACHOI_RELABEL_UPPERCASE, .target_label = "a", .replacement = "x"},
         "replacement",
         "cannot be set for the action \"uppercase\"",
         false},
        {{(enum tachoi_relabel_action)77}, "action", "is not known", false},
        {{R, .target_label = "1234567890123456789012345678901234567890123456789012345678901"},
         "target_label",
         "cannot be a label name: "
         "\"123456789012345678901234567890123456789012345678901234567890...\"",
         false},
    };
    check_refusals(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(relabel, what_prometheus_takes_is_taken) {
    const struct tachoi_relabel_rule rules[] = {
        {R, .target_label = "$1"},
        {R, .target_label = "a${1}b$name"},
        {R, .target_label = "_$1", .replacement = "$nobody"},
        {TACHOI_RELABEL_KEEP, .target_label = "a", .replacement = "x"},
        {TACHOI_RELABEL_LABEL_DROP, .separator = ";", .replacement = "$1", .target_label = ""},
        {TACHOI_RELABEL_DROP_EQUAL, .target_label = "a", .separator = ";", .regex = "(.*)",
         .replacement = "$1"},
        {TACHOI_RELABEL_LOWERCASE, .target_label = "a", .separator = "x", .regex = "y"},
        {TACHOI_RELABEL_LABEL_MAP, SOURCES("a"), .target_label = "b"},
    };
    tachoi_relabel_destroy(compile(rules, sizeof(rules) / sizeof(rules[0]), false));
    const struct tachoi_relabel_rule names[] = {
        {R, SOURCES("a.b"), .target_label = "c.d"},
        {R, .target_label = "1-${1}"},
        {TACHOI_RELABEL_LABEL_MAP, .replacement = "$1.x"},
    };
    tachoi_relabel_destroy(compile(names, 3, true));
    tachoi_relabel_destroy(compile(NULL, 0, false));
    tachoi_relabel_destroy(NULL);
}

Test(relabel, actions_have_names_in_any_case) {
    enum tachoi_relabel_action action = R;
    cr_expect(tachoi_relabel_action_of("LabelDrop", &action));
    cr_expect(eq(int, (int)action, TACHOI_RELABEL_LABEL_DROP));
    cr_expect(tachoi_relabel_action_of("dropequal", &action));
    cr_expect(eq(int, (int)action, TACHOI_RELABEL_DROP_EQUAL));
    cr_expect(not(tachoi_relabel_action_of("hashmod", &action)));
    cr_expect(not(tachoi_relabel_action_of("", &action)));
    cr_expect(eq(int, (int)action, TACHOI_RELABEL_DROP_EQUAL));
}

/* --- bounds --- */

static struct tachoi_relabel_labels label_of(const char *value, size_t length) {
    items[0] = (struct tachoi_relabel_label){.name = {"a", 1}, .value = {value, length}};
    return (struct tachoi_relabel_labels){items, 1};
}

/* An expression that would take for ever, and one that would take all memory. */
Test(relabel, catastrophic_expressions_end_as_no_match) {
    static char value[100000];
    memset(value, 'a', sizeof(value));
    const struct {
        const char *regex;
        size_t length;
    } rows[] = {{"(a+)+[bc]", 40}, {"(a|aa)+[bc]", 60}, {"(?:(a)|b)*", sizeof(value)}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tachoi_relabel_rule rules[] = {
            {TACHOI_RELABEL_DROP, SOURCES("a"), .regex = rows[i].regex},
            {TACHOI_RELABEL_KEEP, SOURCES("a"), .regex = "a+"},
        };
        struct tachoi_arena arena;
        tachoi_arena_init(&arena, 0);
        struct tachoi_relabel *relabel = compile(rules, 2, false);
        for (uint64_t round = 1; round <= 2; round++) {
            struct tachoi_relabel_labels labels = label_of(value, rows[i].length);
            cr_expect(
                eq(int, (int)tachoi_relabel_apply(relabel, &labels, &arena), TACHOI_RELABEL_OK),
                "%s", rows[i].regex);
            cr_expect(eq(u64, tachoi_relabel_gave_up(relabel), round), "%s", rows[i].regex);
        }
        tachoi_relabel_destroy(relabel);
        tachoi_arena_fini(&arena);
    }
}

Test(relabel, large_values_and_small_ones_share_the_scratch_memory) {
    static char value[20000];
    memset(value, 'a', sizeof(value));
    const struct tachoi_relabel_rule rules[] = {
        {R, SOURCES("a"), .regex = "(?:(a)|b)*(a)(a)", .target_label = "b", .replacement = "$3"}};
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    struct tachoi_relabel *relabel = compile(rules, 1, false);
    const size_t lengths[] = {2, 5000, 1, 2, 0};
    const size_t counts[] = {2, 2, 1, 2, 0};
    for (size_t i = 0; i < 5; i++) {
        struct tachoi_relabel_labels labels = label_of(value, lengths[i]);
        const enum tachoi_relabel_result result = tachoi_relabel_apply(relabel, &labels, &arena);
        cr_expect(eq(int, (int)result, counts[i] > 0 ? TACHOI_RELABEL_OK : TACHOI_RELABEL_DROPPED));
        cr_expect(counts[i] == 0 || labels.count == counts[i], "%zu", i);
    }
    cr_expect(eq(u64, tachoi_relabel_gave_up(relabel), 0));
    tachoi_relabel_destroy(relabel);
    tachoi_arena_fini(&arena);
}

Test(relabel, large_expressions_are_refused) {
    static char regex[20000];
    memset(regex, 'a', sizeof(regex) - 1);
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    const char *const rows[] = {regex, "(?:(?:a{1000}){1000}){1000}"};
    for (size_t i = 0; i < 2; i++) {
        const struct tachoi_relabel_rule rule = {TACHOI_RELABEL_KEEP, .regex = rows[i]};
        cr_expect(
            eq(int, tachoi_relabel_compile(&rule, 1, false, &relabel, &problem), TACHO_E_INVALID));
        cr_expect(eq(str, (char *)problem.member, "regex"));
    }
}

/* What is not UTF-8 matches nothing, and nothing is read beyond it. */
Test(relabel, ill_formed_values_match_nothing) {
    const struct tachoi_relabel_rule rules[] = {
        {TACHOI_RELABEL_DROP, SOURCES("a")},
        {TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "b"},
    };
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    struct tachoi_relabel *relabel = compile(rules, 2, false);
    struct tachoi_relabel_labels labels = label_of("x\xe2\x82", 3);
    cr_expect(eq(int, (int)tachoi_relabel_apply(relabel, &labels, &arena), TACHOI_RELABEL_OK));
    cr_assert(eq(sz, labels.count, 2));
    cr_expect(eq(int, memcmp(labels.items[1].value.data, "x\xe2\x82", 3), 0));
    tachoi_relabel_destroy(relabel);
    tachoi_arena_fini(&arena);
}

/* --- memory --- */

static const struct tachoi_relabel_rule all_actions[] = {
    {R, SOURCES("a", "b"), .regex = "(1)(?:x|(;))*(2)", .target_label = "x_$1",
     .replacement = "$2-$3"},
    {TACHOI_RELABEL_KEEP, SOURCES("a")},
    {TACHOI_RELABEL_DROP, SOURCES("a"), .regex = "2"},
    {TACHOI_RELABEL_LABEL_MAP, .regex = "(.+)", .replacement = "y_${1}_$1"},
    {TACHOI_RELABEL_LABEL_DROP, .regex = "zz"},
    {TACHOI_RELABEL_LABEL_KEEP},
    {TACHOI_RELABEL_LOWERCASE, SOURCES("a", "b"), .target_label = "low"},
    {TACHOI_RELABEL_UPPERCASE, SOURCES("a"), .target_label = "up"},
    {TACHOI_RELABEL_KEEP_EQUAL, SOURCES("a"), .target_label = "a"},
    {TACHOI_RELABEL_DROP_EQUAL, SOURCES("a"), .target_label = "b"},
};
#define ALL_COUNT (sizeof(all_actions) / sizeof(all_actions[0]))

Test(relabel, compiling_reports_every_lack_of_memory) {
    int rc = TACHO_E_NO_MEMORY;
    uint64_t k = 0;
    while (rc != TACHO_OK) {
        struct tachoi_relabel *relabel = NULL;
        struct tachoi_relabel_problem problem;
        tachoi_alloc_fail_at(++k);
        rc = tachoi_relabel_compile(all_actions, ALL_COUNT, false, &relabel, &problem);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, rc, has_failed ? TACHO_E_NO_MEMORY : TACHO_OK), "allocation %d", (int)k);
        cr_assert(eq(int, relabel != NULL, !has_failed));
        tachoi_relabel_destroy(relabel);
    }
    cr_expect(gt(u64, k, 20), "PCRE2 allocates, too");
}

/* One application with the k-th allocation failing, in a fresh arena and with fresh scratch memory,
 * so that all is allocated anew. Tells whether it failed. */
static bool apply_failing(const struct tachoi_relabel_rule *rules, size_t count, uint64_t k) {
    static char value[4000];
    memset(value, 'x', sizeof(value));
    value[0] = '1';
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    struct tachoi_relabel *relabel = compile(rules, count, false);
    struct tachoi_relabel_labels labels = labels_of("a=1 b=2");
    items[0].value = (tacho_string){value, sizeof(value)};
    tachoi_alloc_fail_at(k);
    const enum tachoi_relabel_result result = tachoi_relabel_apply(relabel, &labels, &arena);
    const bool has_failed = !tachoi_alloc_fail_pending();
    tachoi_alloc_fail_at(0);
    cr_assert(eq(int, (int)result, has_failed ? TACHOI_RELABEL_NO_MEMORY : TACHOI_RELABEL_OK),
              "action %d, allocation %d", (int)rules[0].action, (int)k);
    cr_assert(eq(int, labels.items == items, has_failed), "allocation %d", (int)k);
    tachoi_relabel_destroy(relabel);
    tachoi_arena_fini(&arena);
    return has_failed;
}

Test(relabel, applying_reports_every_lack_of_memory) {
    uint64_t k = 1;
    while (apply_failing(all_actions, ALL_COUNT, k)) {
        k++;
    }
    cr_expect(gt(u64, k, 4));
    for (size_t i = 0; i < ALL_COUNT; i++) { /* each as the first that needs scratch memory */
        k = 1;
        while (apply_failing(&all_actions[i], 1, k)) {
            k++;
        }
        cr_expect(gt(u64, k, 1), "action %d", (int)all_actions[i].action);
    }
}

/* The same where the arena, not the heap, is full: each of its allocations fails in turn. */
Test(relabel, a_full_arena_leaves_the_labels_as_they_were) {
    struct tachoi_relabel *relabel = compile(all_actions, ALL_COUNT, false);
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 1);
    struct tachoi_relabel_labels labels = labels_of("a=1 b=2");
    cr_expect(
        eq(int, (int)tachoi_relabel_apply(relabel, &labels, &arena), TACHOI_RELABEL_NO_MEMORY));
    cr_expect(eq(str, (char *)text_of(&labels), "a=1 b=2"));
    tachoi_arena_fini(&arena);
    tachoi_relabel_destroy(relabel);
}
