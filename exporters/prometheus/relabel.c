/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the check of relabelling rules, by what Prometheus' own configuration refuses, and their
 * compiled form. See relabel.h. */
#include "prometheus/relabel.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "prometheus/names.h"
#include "prometheus/relabel_rules.h"
#include "tacho/status.h"

static const char default_separator[] = ";";
static const char default_regex[] = "(.*)";
static const char default_replacement[] = "$1";

static const char *const action_names[] = {
    [TACHOI_RELABEL_REPLACE] = "replace",
    [TACHOI_RELABEL_KEEP] = "keep",
    [TACHOI_RELABEL_DROP] = "drop",
    [TACHOI_RELABEL_LABEL_DROP] = "labeldrop",
    [TACHOI_RELABEL_LABEL_KEEP] = "labelkeep",
    [TACHOI_RELABEL_LABEL_MAP] = "labelmap",
    [TACHOI_RELABEL_LOWERCASE] = "lowercase",
    [TACHOI_RELABEL_UPPERCASE] = "uppercase",
    [TACHOI_RELABEL_KEEP_EQUAL] = "keepequal",
    [TACHOI_RELABEL_DROP_EQUAL] = "dropequal",
};
enum { ACTION_COUNT = sizeof(action_names) / sizeof(action_names[0]) };

bool tachoi_relabel_action_of(const char *name, enum tachoi_relabel_action *out) {
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (tachoi_ascii_equal_ignoring_case(name, action_names[i])) {
            *out = (enum tachoi_relabel_action)i;
            return true;
        }
    }
    return false;
}

/* --- checks --- */

bool tachoi_relabel_is_label_name(bool is_utf8, tacho_string name) {
    return is_utf8 ? name.length > 0 && tachoi_utf8_is_valid(name.data, name.length)
                   : tachoi_prometheus_is_legacy_label_name(name);
}

enum { QUOTED_MAX = 60 };

/* The text in quotation marks, cut and fit to print. `out` has room for it. */
static void quote(const char *text, char *out) {
    *out++ = '"';
    for (size_t i = 0; text[i] != '\0' && i < QUOTED_MAX; i++) {
        *out++ = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
    }
    memcpy(out, strlen(text) > QUOTED_MAX ? "...\"" : "\"", strlen(text) > QUOTED_MAX ? 5 : 2);
}

int tachoi_relabel_refuse(struct tachoi_relabel_problem *problem, const char *member,
                          const char *before, const char *text, const char *after) {
    char quoted[QUOTED_MAX + sizeof("\"...\"")] = "";
    if (text != NULL) {
        quote(text, quoted);
    }
    problem->member = member;
    (void)snprintf(problem->reason, sizeof(problem->reason), "%s%s%s", before, quoted, after);
    return TACHO_E_INVALID;
}

static bool is_default(const char *text, const char *usual) {
    return text == NULL || strcmp(text, usual) == 0;
}

static bool is_name(bool is_utf8, const char *name) {
    return tachoi_relabel_is_label_name(is_utf8, (tacho_string){name, strlen(name)});
}

/* A name, or a template that may become one: where all UTF-8 may be, every template may. */
static bool is_name_template(struct tachoi_relabel *relabel, const pcre2_code *names,
                             const char *text, int *rc) {
    if (relabel->is_utf8) {
        return is_name(true, text);
    }
    const enum tachoi_regex_result result =
        tachoi_regexes_match(relabel->regexes, names, (tacho_string){text, strlen(text)});
    *rc = result == TACHOI_REGEX_NO_MEMORY ? TACHO_E_NO_MEMORY : *rc;
    return result != TACHOI_REGEX_NO_MATCH;
}

static bool has_target(enum tachoi_relabel_action action) {
    return action == TACHOI_RELABEL_REPLACE || action >= TACHOI_RELABEL_LOWERCASE;
}

static bool is_equality(enum tachoi_relabel_action action) {
    return action == TACHOI_RELABEL_KEEP_EQUAL || action == TACHOI_RELABEL_DROP_EQUAL;
}

/* Members that would have no effect, as Prometheus sees it. */
static int check_unused(const struct tachoi_relabel_rule *rule,
                        struct tachoi_relabel_problem *problem) {
    const bool is_by_name =
        rule->action == TACHOI_RELABEL_LABEL_DROP || rule->action == TACHOI_RELABEL_LABEL_KEEP;
    const char *member = NULL;
    if (is_by_name && rule->source_label_count > 0) {
        member = "source_labels";
    } else if (is_by_name && rule->target_label != NULL && rule->target_label[0] != '\0') {
        member = "target_label";
    } else if ((is_by_name || is_equality(rule->action)) &&
               !is_default(rule->separator, default_separator)) {
        member = "separator";
    } else if (is_equality(rule->action) && !is_default(rule->regex, default_regex)) {
        member = "regex";
    } else if ((is_by_name || rule->action >= TACHOI_RELABEL_LOWERCASE) &&
               !is_default(rule->replacement, default_replacement)) {
        member = "replacement";
    }
    return member == NULL ? TACHO_OK
                          : tachoi_relabel_refuse(problem, member, "cannot be set for the action ",
                                                  action_names[rule->action], "");
}

static int check_sources(const struct tachoi_relabel_rule *rule, bool is_utf8,
                         struct tachoi_relabel_problem *problem) {
    for (size_t i = 0; i < rule->source_label_count; i++) {
        const char *name = rule->source_labels[i];
        if (name == NULL || !is_name(is_utf8, name)) {
            return tachoi_relabel_refuse(problem, "source_labels", "has ", name != NULL ? name : "",
                                         ", which is no label name");
        }
    }
    return TACHO_OK;
}

/* What the parsers of files make sure of before Prometheus looks. */
static int check_texts(const struct tachoi_relabel_rule *rule,
                       struct tachoi_relabel_problem *problem) {
    const struct {
        const char *member;
        const char *text;
    } texts[] = {{"separator", rule->separator},
                 {"target_label", rule->target_label},
                 {"replacement", rule->replacement}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].text != NULL && !tachoi_utf8_is_valid(texts[i].text, strlen(texts[i].text))) {
            return tachoi_relabel_refuse(problem, texts[i].member, "is not UTF-8", NULL, "");
        }
    }
    return TACHO_OK;
}

static int check_names(struct tachoi_relabel *relabel, const pcre2_code *names,
                       const struct tachoi_relabel_rule *rule,
                       struct tachoi_relabel_problem *problem) {
    const char *target = rule->target_label != NULL ? rule->target_label : "";
    int rc = TACHO_OK;
    if (has_target(rule->action) && target[0] == '\0') {
        return tachoi_relabel_refuse(problem, "target_label", "is required by the action ",
                                     action_names[rule->action], "");
    }
    const bool is_template = rule->action == TACHOI_RELABEL_REPLACE && strchr(target, '$') != NULL;
    if (has_target(rule->action) && !(is_template ? is_name_template(relabel, names, target, &rc)
                                                  : is_name(relabel->is_utf8, target))) {
        return tachoi_relabel_refuse(problem, "target_label", "cannot be a label name: ", target,
                                     "");
    }
    if (rule->action == TACHOI_RELABEL_LABEL_MAP && rule->replacement != NULL &&
        !is_name_template(relabel, names, rule->replacement, &rc)) {
        return tachoi_relabel_refuse(problem, "replacement",
                                     "cannot be a label name: ", rule->replacement, "");
    }
    return rc;
}

static int check(struct tachoi_relabel *relabel, const pcre2_code *names,
                 const struct tachoi_relabel_rule *rule, struct tachoi_relabel_problem *problem) {
    if ((unsigned)rule->action >= ACTION_COUNT) {
        return tachoi_relabel_refuse(problem, "action", "is not known", NULL, "");
    }
    int rc = check_texts(rule, problem);
    rc = rc == TACHO_OK ? check_sources(rule, relabel->is_utf8, problem) : rc;
    rc = rc == TACHO_OK ? check_names(relabel, names, rule, problem) : rc;
    return rc == TACHO_OK ? check_unused(rule, problem) : rc;
}

/* --- the compiled form --- */

/* A copy that lives as long as the rules; its data is NULL when memory is short. */
static tacho_string keep_text(struct tachoi_relabel *relabel, const char *text) {
    const size_t length = strlen(text);
    return (tacho_string){tachoi_arena_strndup(&relabel->arena, text, length), length};
}

static int copy_texts(struct tachoi_relabel *relabel, const struct tachoi_relabel_rule *rule,
                      struct tachoi_relabel_compiled *out) {
    out->separator =
        keep_text(relabel, rule->separator != NULL ? rule->separator : default_separator);
    out->target_label = keep_text(relabel, rule->target_label != NULL ? rule->target_label : "");
    out->sources =
        tachoi_arena_alloc(&relabel->arena, rule->source_label_count + 1, sizeof(*out->sources));
    bool is_good =
        out->separator.data != NULL && out->target_label.data != NULL && out->sources != NULL;
    for (size_t i = 0; is_good && i < rule->source_label_count; i++) {
        out->sources[i] = keep_text(relabel, rule->source_labels[i]);
        is_good = out->sources[i].data != NULL;
    }
    out->source_count = rule->source_label_count;
    return is_good ? TACHO_OK : TACHO_E_NO_MEMORY;
}

static int compile_regex(struct tachoi_relabel *relabel, const struct tachoi_relabel_rule *rule,
                         struct tachoi_relabel_compiled *out,
                         struct tachoi_relabel_problem *problem) {
    if (is_equality(rule->action)) {
        return TACHO_OK;
    }
    /* Lowercase and uppercase have no use for the expression, but Prometheus would not take it. */
    problem->member = "regex";
    const int rc = tachoi_regexes_compile(
        relabel->regexes, rule->regex != NULL ? rule->regex : default_regex,
        PCRE2_ANCHORED | PCRE2_ENDANCHORED, &out->regex, problem->reason, sizeof(problem->reason));
    if (rc != TACHO_OK || rule->action < TACHOI_RELABEL_LOWERCASE) {
        return rc;
    }
    pcre2_code_free(out->regex);
    out->regex = NULL;
    return tachoi_regexes_compile_case(relabel->regexes, rule->action == TACHOI_RELABEL_UPPERCASE,
                                       &out->regex);
}

static int parse_templates(struct tachoi_relabel *relabel, const pcre2_code *tokens,
                           const struct tachoi_relabel_rule *rule,
                           struct tachoi_relabel_compiled *out) {
    if (rule->action != TACHOI_RELABEL_REPLACE && rule->action != TACHOI_RELABEL_LABEL_MAP) {
        return TACHO_OK;
    }
    const tacho_string replacement =
        keep_text(relabel, rule->replacement != NULL ? rule->replacement : default_replacement);
    if (replacement.data == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    const int rc = tachoi_template_parse(relabel->regexes, tokens, out->regex, replacement.data,
                                         &relabel->arena, &out->replacement);
    return rc == TACHO_OK
               ? tachoi_template_parse(relabel->regexes, tokens, out->regex, out->target_label.data,
                                       &relabel->arena, &out->target)
               : rc;
}

/* The expressions that compiling alone needs. */
struct helpers {
    pcre2_code *tokens; /* in templates */
    pcre2_code *names;  /* templates that may become one of Prometheus' old label names */
};

static int compile_rules(struct tachoi_relabel *relabel, const struct helpers *helpers,
                         const struct tachoi_relabel_rule *rules, size_t count,
                         struct tachoi_relabel_problem *problem) {
    int rc = TACHO_OK;
    for (size_t i = 0; rc == TACHO_OK && i < count; i++) {
        struct tachoi_relabel_compiled *compiled = &relabel->rules[relabel->count++];
        *compiled = (struct tachoi_relabel_compiled){.action = rules[i].action};
        problem->rule = i;
        rc = check(relabel, helpers->names, &rules[i], problem);
        rc = rc == TACHO_OK ? copy_texts(relabel, &rules[i], compiled) : rc;
        rc = rc == TACHO_OK ? compile_regex(relabel, &rules[i], compiled, problem) : rc;
        rc = rc == TACHO_OK ? parse_templates(relabel, helpers->tokens, &rules[i], compiled) : rc;
    }
    return rc;
}

static int compile_helpers(struct tachoi_regexes *regexes, struct helpers *helpers) {
    char reason[1];
    const int rc = tachoi_template_compile_tokens(regexes, &helpers->tokens);
    return rc == TACHO_OK
               ? tachoi_regexes_compile(
                     regexes,
                     "(?:[a-zA-Z_]|\\$(?:\\{\\w++\\}|\\w++))(?:\\w++|\\$(?:\\{\\w++\\}|\\w++))*+",
                     PCRE2_ANCHORED | PCRE2_ENDANCHORED, &helpers->names, reason, sizeof(reason))
               : rc;
}

static int init(struct tachoi_relabel *relabel, const struct tachoi_relabel_rule *rules,
                size_t count, struct tachoi_relabel_problem *problem) {
    struct helpers helpers = {NULL, NULL};
    relabel->regexes = tachoi_calloc(1, sizeof(*relabel->regexes));
    relabel->rules = tachoi_arena_alloc(&relabel->arena, count + 1, sizeof(*relabel->rules));
    if (relabel->regexes == NULL || relabel->rules == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    int rc = tachoi_regexes_init(relabel->regexes);
    rc = rc == TACHO_OK ? compile_helpers(relabel->regexes, &helpers) : rc;
    rc = rc == TACHO_OK ? compile_rules(relabel, &helpers, rules, count, problem) : rc;
    pcre2_code_free(helpers.tokens);
    pcre2_code_free(helpers.names);
    relabel->regexes->gave_up = 0;
    return rc;
}

int tachoi_relabel_compile(const struct tachoi_relabel_rule *rules, size_t count, bool is_utf8,
                           struct tachoi_relabel **out, struct tachoi_relabel_problem *problem) {
    *problem = (struct tachoi_relabel_problem){.member = ""};
    struct tachoi_relabel *relabel = tachoi_calloc(1, sizeof(*relabel));
    if (relabel == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    tachoi_arena_init(&relabel->arena, 0);
    relabel->is_utf8 = is_utf8;
    const int rc = init(relabel, rules, count, problem);
    if (rc != TACHO_OK) {
        tachoi_relabel_destroy(relabel);
        return rc;
    }
    *out = relabel;
    return TACHO_OK;
}

void tachoi_relabel_destroy(struct tachoi_relabel *relabel) {
    if (relabel == NULL) {
        return;
    }
    for (size_t i = 0; i < relabel->count; i++) {
        pcre2_code_free(relabel->rules[i].regex);
    }
    if (relabel->regexes != NULL) {
        tachoi_regexes_fini(relabel->regexes);
        tachoi_free(relabel->regexes);
    }
    tachoi_arena_fini(&relabel->arena);
    tachoi_free(relabel);
}

uint64_t tachoi_relabel_gave_up(const struct tachoi_relabel *relabel) {
    return relabel->regexes->gave_up;
}
