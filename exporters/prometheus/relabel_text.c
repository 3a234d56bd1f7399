/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the parsing of rule lists. See relabel_text.h. */
#include "prometheus/relabel_text.h"

#include <string.h>

#include "base/env.h"
#include "tacho/status.h"

struct parser {
    struct tachoi_arena *arena;
    struct tachoi_relabel_rule *rule; /* the one being read */
    struct tachoi_relabel_problem *problem;
    unsigned seen; /* keys of the rule, a bit each */
    int rc;        /* why reading was stopped */
};

/* Splits "a|b" into names; no text is no name. */
static int read_sources(struct parser *parser, const char *value) {
    const size_t length = strlen(value);
    size_t count = length > 0 ? 1 : 0;
    for (size_t i = 0; i < length; i++) {
        count += value[i] == '|' ? 1 : 0;
    }
    const char **names = tachoi_arena_alloc(parser->arena, count + 1, sizeof(*names));
    if (names == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t part = strcspn(value, "|");
        names[i] = tachoi_arena_strndup(parser->arena, value, part);
        if (names[i] == NULL) {
            return TACHO_E_NO_MEMORY;
        }
        value += part + 1;
    }
    parser->rule->source_labels = names;
    parser->rule->source_label_count = count;
    return TACHO_OK;
}

static int read_action(struct parser *parser, const char *value) {
    return tachoi_relabel_action_of(value, &parser->rule->action)
               ? TACHO_OK
               : tachoi_relabel_refuse(parser->problem, "action", "is not known: ", value, "");
}

static int read_separator(struct parser *parser, const char *value) {
    parser->rule->separator = value;
    return TACHO_OK;
}

static int read_regex(struct parser *parser, const char *value) {
    parser->rule->regex = value;
    return TACHO_OK;
}

static int read_target_label(struct parser *parser, const char *value) {
    parser->rule->target_label = value;
    return TACHO_OK;
}

static int read_replacement(struct parser *parser, const char *value) {
    parser->rule->replacement = value;
    return TACHO_OK;
}

static const struct key {
    const char *name;
    int (*read)(struct parser *parser, const char *value);
} keys[] = {
    {"action", read_action}, {"source_labels", read_sources},     {"separator", read_separator},
    {"regex", read_regex},   {"target_label", read_target_label}, {"replacement", read_replacement},
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

/* Both are terminated and in the arena. */
static int read_member(struct parser *parser, const char *key, const char *value,
                       size_t value_length) {
    size_t i = 0;
    while (i < KEY_COUNT && strcmp(keys[i].name, key) != 0) {
        i++;
    }
    if (i == KEY_COUNT) {
        return tachoi_relabel_refuse(parser->problem, "", "has an unknown key: ", key, "");
    }
    if ((parser->seen & 1U << i) != 0) {
        return tachoi_relabel_refuse(parser->problem, keys[i].name, "is set twice", NULL, "");
    }
    if (strlen(value) != value_length) {
        return tachoi_relabel_refuse(parser->problem, keys[i].name, "holds a NUL", NULL, "");
    }
    parser->seen |= 1U << i;
    return keys[i].read(parser, value);
}

static bool read_pair(const char *key, size_t key_length, const char *value, size_t value_length,
                      void *user) {
    struct parser *parser = user;
    const char *key_copy = tachoi_arena_strndup(parser->arena, key, key_length);
    const char *value_copy = tachoi_arena_strndup(parser->arena, value, value_length);
    parser->rc = key_copy != NULL && value_copy != NULL
                     ? read_member(parser, key_copy, value_copy, value_length)
                     : TACHO_E_NO_MEMORY;
    return parser->rc == TACHO_OK;
}

/* The text of one rule. */
static int read_rule(struct parser *parser, const char *text, size_t length) {
    const char *copy = tachoi_arena_strndup(parser->arena, text, length);
    if (copy == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    if (strlen(copy) != length) {
        return tachoi_relabel_refuse(parser->problem, "", "holds a NUL", NULL, "");
    }
    *parser->rule = (struct tachoi_relabel_rule){.action = TACHOI_RELABEL_REPLACE};
    parser->seen = 0;
    parser->rc = TACHO_OK;
    const int rc = tachoi_parse_pairs(copy, read_pair, parser);
    if (rc != TACHO_E_INVALID || parser->rc != TACHO_OK) {
        return parser->rc != TACHO_OK ? parser->rc : rc;
    }
    return tachoi_relabel_refuse(parser->problem, "", "is not a list of key=value: ", copy, "");
}

static bool is_blank(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && (text[i] == ' ' || text[i] == '\t')) {
        i++;
    }
    return i == length;
}

static size_t count_rules(const char *text, size_t length) {
    size_t count = is_blank(text, length) ? 0 : 1;
    for (size_t i = 0; i < length; i++) {
        count += text[i] == ';' ? 1 : 0;
    }
    return count;
}

int tachoi_relabel_rules_parse(const char *text, size_t length, struct tachoi_arena *arena,
                               struct tachoi_relabel_rules *out,
                               struct tachoi_relabel_problem *problem) {
    *problem = (struct tachoi_relabel_problem){.member = ""};
    struct tachoi_relabel_rules rules = {NULL, count_rules(text, length)};
    rules.items = tachoi_arena_alloc(arena, rules.count + 1, sizeof(*rules.items));
    if (rules.items == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    struct parser parser = {.arena = arena, .problem = problem};
    for (size_t i = 0; i < rules.count; i++) {
        const char *end = length > 0 ? memchr(text, ';', length) : NULL;
        const size_t part = end != NULL ? (size_t)(end - text) : length;
        parser.rule = &rules.items[i];
        problem->rule = i;
        const int rc = read_rule(&parser, text, part);
        if (rc != TACHO_OK) {
            return rc;
        }
        text += end != NULL ? part + 1 : part;
        length -= end != NULL ? part + 1 : part;
    }
    *out = rules;
    return TACHO_OK;
}
