/* SPDX-License-Identifier: Apache-2.0 */
/* The script's grammar, and which rule's turn it is. See fault_server_script.h. */
#include "fault/fault_server_script.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fault_rule rest = {.action = FAULT_RESPOND,
                                       .after = UINT64_MAX,
                                       .cut = UINT64_MAX,
                                       .status = 204,
                                       .name = "respond"};

static const char *const ends[] = {"keep", "close", "reset", "half-close", "stall"};

const char *fault_end_text(enum fault_end end) {
    return ends[end];
}

static bool find_end(const char *word, enum fault_end *out) {
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strcmp(word, ends[i]) == 0) {
            *out = (enum fault_end)i;
            return true;
        }
    }
    return false;
}

/** Reads digits and hands back what follows them; NULL if there are none. */
static const char *read_number(const char *text, uint64_t *out) {
    if (isdigit((unsigned char)text[0]) == 0) {
        return NULL;
    }
    char *rest_of_text = NULL;
    errno = 0;
    *out = strtoull(text, &rest_of_text, 10);
    return errno == 0 ? rest_of_text : NULL;
}

static bool read_plain_number(const char *text, uint64_t *out) {
    const char *unit = read_number(text, out);
    return unit != NULL && unit[0] == '\0';
}

static bool read_time(const char *text, uint64_t *out_ms) {
    const char *unit = read_number(text, out_ms);
    if (unit == NULL) {
        return false;
    }
    if (strcmp(unit, "s") == 0 && *out_ms < UINT64_MAX / 1000) {
        *out_ms *= 1000;
        return true;
    }
    return strcmp(unit, "ms") == 0;
}

/** How many requests, or how long. Zero of either would apply to nothing. */
static bool read_extent(const char *word, struct fault_rule *rule) {
    if (strcmp(word, "*") == 0) {
        return true;
    }
    uint64_t requests = 0;
    if (read_plain_number(word, &requests)) {
        rule->requests = requests;
        return requests > 0;
    }
    return read_time(word, &rule->duration_ms) && rule->duration_ms > 0;
}

static bool read_action(const char *word, struct fault_rule *rule) {
    if (snprintf(rule->name, sizeof rule->name, "%s", word) >= (int)sizeof rule->name) {
        return false;
    }
    if (strcmp(word, "respond") == 0) {
        rule->action = FAULT_RESPOND;
    } else if (strcmp(word, "proxy") == 0) {
        rule->action = FAULT_PROXY;
    } else if (strcmp(word, "refuse") == 0) {
        rule->action = FAULT_REFUSE;
        return rule->requests == 0; /* what is refused cannot be counted */
    } else {
        rule->action = FAULT_SILENCE;
        return find_end(word, &rule->end) && rule->end != FAULT_KEEP;
    }
    return true;
}

static bool add_header(struct fault_rule *rule, const char *line) {
    const size_t used = strlen(rule->headers);
    const size_t room = sizeof rule->headers - used;
    const int length = snprintf(rule->headers + used, room, "%s\r\n", line);
    return strchr(line, ':') != NULL && length > 0 && (size_t)length < room;
}

static bool read_status(const char *value, struct fault_rule *rule) {
    uint64_t status = 0;
    if (!read_plain_number(value, &status) || status < 100 || status > 599) {
        return false;
    }
    rule->status = (int)status;
    return true;
}

static bool read_response_option(const char *key, const char *value, struct fault_rule *rule) {
    if (strcmp(key, "status") == 0) {
        return read_status(value, rule);
    }
    if (strcmp(key, "header") == 0) {
        return add_header(rule, value);
    }
    return strcmp(key, "body") == 0 &&
           snprintf(rule->body, sizeof rule->body, "%s", value) < (int)sizeof rule->body;
}

static bool read_answer_option(const char *key, const char *value, struct fault_rule *rule) {
    if (strcmp(key, "delay") == 0) {
        return read_time(value, &rule->delay_ms);
    }
    if (strcmp(key, "body-delay") == 0) {
        return read_time(value, &rule->body_delay_ms);
    }
    if (strcmp(key, "drip") == 0) {
        return read_time(value, &rule->drip_ms);
    }
    if (strcmp(key, "cut") == 0) {
        rule->end = rule->end == FAULT_KEEP ? FAULT_CLOSE : rule->end;
        return read_plain_number(value, &rule->cut);
    }
    if (strcmp(key, "end") == 0) {
        return find_end(value, &rule->end);
    }
    return rule->action == FAULT_RESPOND && read_response_option(key, value, rule);
}

static bool read_option(char *word, struct fault_rule *rule) {
    char *value = strchr(word, '=');
    if (value == NULL || rule->action == FAULT_REFUSE) {
        return false;
    }
    *value++ = '\0';
    if (rule->action == FAULT_SILENCE) {
        return strcmp(word, "after") == 0 && read_plain_number(value, &rule->after);
    }
    return read_answer_option(word, value, rule);
}

/** Cuts the next word off, in place; quotes hold blanks together and are left out. NULL at the end
 * and at a comment. */
static char *next_word(char **cursor) {
    char *from = *cursor + strspn(*cursor, " \t\r");
    if (*from == '\0' || *from == '#') {
        return NULL;
    }
    char *word = from;
    char *to = from;
    bool is_quoted = false;
    for (; *from != '\0' && (is_quoted || strchr(" \t\r", *from) == NULL); from++) {
        if (*from == '"') {
            is_quoted = !is_quoted;
        } else {
            *to++ = *from;
        }
    }
    *cursor = *from == '\0' ? from : from + 1;
    *to = '\0';
    return word;
}

/** Adds the line's rule, if it has one. On failure the word that cannot be used is handed out. */
static bool parse_line(char *line, struct fault_script *script, const char **bad) {
    char *cursor = line;
    char *word = next_word(&cursor);
    if (word == NULL) {
        return true;
    }
    *bad = word;
    if (script->count == FAULT_RULES_MAX) {
        return false;
    }
    struct fault_rule *rule = &script->rules[script->count];
    *rule = rest;
    if (!read_extent(word, rule)) {
        return false;
    }
    *bad = word = next_word(&cursor);
    if (word == NULL || !read_action(word, rule)) {
        return false;
    }
    while ((word = next_word(&cursor)) != NULL) {
        *bad = word;
        if (!read_option(word, rule)) {
            return false;
        }
    }
    script->count++;
    return true;
}

bool fault_script_parse(const char *text, uint64_t now_ms, struct fault_script *out, char *error,
                        size_t error_size) {
    *out = (struct fault_script){.since_ms = now_ms};
    for (size_t number = 1; *text != '\0'; number++) {
        const size_t length = strcspn(text, "\n");
        char line[2 * FAULT_TEXT_MAX];
        const char *bad = "a line that is too long";
        bool is_good = length < sizeof line;
        if (is_good) {
            memcpy(line, text, length);
            line[length] = '\0';
            is_good = parse_line(line, out, &bad);
        }
        if (!is_good) {
            (void)snprintf(error, error_size, "line %zu: cannot use %s", number,
                           bad != NULL ? bad : "a rule without an action");
            return false;
        }
        text += length + (text[length] == '\n');
    }
    return true;
}

static bool is_over(const struct fault_script *script, const struct fault_rule *rule,
                    uint64_t now_ms) {
    return (rule->requests > 0 && script->taken >= rule->requests) ||
           (rule->duration_ms > 0 && now_ms - script->since_ms >= rule->duration_ms);
}

const struct fault_rule *fault_script_now(struct fault_script *script, uint64_t now_ms) {
    while (script->current < script->count) {
        const struct fault_rule *rule = &script->rules[script->current];
        if (!is_over(script, rule, now_ms)) {
            return rule;
        }
        script->since_ms = rule->duration_ms > 0 ? script->since_ms + rule->duration_ms : now_ms;
        script->taken = 0;
        script->current++;
    }
    return &rest;
}

const struct fault_rule *fault_script_take(struct fault_script *script, uint64_t now_ms) {
    const struct fault_rule *rule = fault_script_now(script, now_ms);
    script->taken++;
    return rule;
}
