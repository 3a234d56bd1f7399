/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the application of relabelling rules. See relabel.h.
 *
 * Labels are worked on in the order in which Prometheus' builder has them, since labelmap lets the
 * later one win where two get the same name: first those that came in, as they came, then those
 * that rules have set, in the order of their first setting. */
#include <string.h>

#include "prometheus/relabel_rules.h"

struct work {
    const struct tachoi_relabel *relabel;
    struct tachoi_arena *arena;
    struct tachoi_relabel_label *items;
    size_t count;
    size_t capacity;
    size_t untouched; /* of them, those that no rule has set: they are first */
};

static int compare(tacho_string a, tacho_string b) {
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* --- labels --- */

/* Its place, `count` if there is none of that name. */
static size_t find(const struct work *work, tacho_string name) {
    size_t i = 0;
    while (i < work->count && compare(work->items[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void take_out(struct work *work, size_t index) {
    work->count--;
    work->untouched -= index < work->untouched ? 1 : 0;
    memmove(&work->items[index], &work->items[index + 1],
            (work->count - index) * sizeof(*work->items));
}

static bool reserve(struct work *work) {
    if (work->count < work->capacity) {
        return true;
    }
    const size_t capacity = work->capacity * 2;
    struct tachoi_relabel_label *items = tachoi_arena_alloc(work->arena, capacity, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    memcpy(items, work->items, work->count * sizeof(*items));
    work->items = items;
    work->capacity = capacity;
    return true;
}

/* A label without a value is none. */
static enum tachoi_relabel_result set(struct work *work, struct tachoi_relabel_label label) {
    const size_t index = find(work, label.name);
    if (index < work->count && index >= work->untouched && label.value.length > 0) {
        work->items[index] = label;
        return TACHOI_RELABEL_OK;
    }
    if (index < work->count) {
        take_out(work, index);
    }
    if (label.value.length > 0) {
        if (!reserve(work)) {
            return TACHOI_RELABEL_NO_MEMORY;
        }
        work->items[work->count++] = label;
    }
    return TACHOI_RELABEL_OK;
}

static struct tachoi_relabel_label get(const struct work *work, tacho_string name) {
    const size_t index = find(work, name);
    return index < work->count ? work->items[index]
                               : (struct tachoi_relabel_label){.name = name, .value = {"", 0}};
}

/* --- actions --- */

/* The values of the source labels in one text. */
struct source {
    tacho_string value;
    bool is_points;
};

static bool join(const struct work *work, const struct tachoi_relabel_compiled *rule,
                 struct source *out) {
    struct source source = {{"", 0}, false};
    size_t length = 0;
    for (size_t i = 0; i < rule->source_count; i++) {
        const struct tachoi_relabel_label label = get(work, rule->sources[i]);
        source.value = label.value;
        source.is_points = source.is_points || label.is_points;
        length += label.value.length + (i > 0 ? rule->separator.length : 0);
    }
    if (rule->source_count > 1) {
        char *text = tachoi_arena_alloc(work->arena, length + 1, 1);
        if (text == NULL) {
            return false;
        }
        source.value = (tacho_string){text, length};
        for (size_t i = 0; i < rule->source_count; i++) {
            const tacho_string value = get(work, rule->sources[i]).value;
            if (i > 0) {
                memcpy(text, rule->separator.data, rule->separator.length);
                text += rule->separator.length;
            }
            if (value.length > 0) {
                memcpy(text, value.data, value.length);
                text += value.length;
            }
        }
    }
    *out = source;
    return true;
}

static enum tachoi_relabel_result
replace(struct work *work, const struct tachoi_relabel_compiled *rule, struct source source) {
    struct tachoi_regexes *regexes = work->relabel->regexes;
    struct tachoi_relabel_label label = {.is_points = source.is_points};
    const enum tachoi_regex_result match = tachoi_regexes_match(regexes, rule->regex, source.value);
    if (match != TACHOI_REGEX_MATCH) {
        return match == TACHOI_REGEX_NO_MEMORY ? TACHOI_RELABEL_NO_MEMORY : TACHOI_RELABEL_OK;
    }
    if (!tachoi_template_expand(&rule->target, regexes, source.value, work->arena, &label.name) ||
        !tachoi_template_expand(&rule->replacement, regexes, source.value, work->arena,
                                &label.value)) {
        return TACHOI_RELABEL_NO_MEMORY;
    }
    return tachoi_relabel_is_label_name(work->relabel->is_utf8, label.name) ? set(work, label)
                                                                            : TACHOI_RELABEL_OK;
}

static enum tachoi_relabel_result
filter(struct work *work, const struct tachoi_relabel_compiled *rule, struct source source) {
    const enum tachoi_regex_result match =
        tachoi_regexes_match(work->relabel->regexes, rule->regex, source.value);
    if (match == TACHOI_REGEX_NO_MEMORY) {
        return TACHOI_RELABEL_NO_MEMORY;
    }
    return (match == TACHOI_REGEX_MATCH) == (rule->action == TACHOI_RELABEL_KEEP)
               ? TACHOI_RELABEL_OK
               : TACHOI_RELABEL_DROPPED;
}

static enum tachoi_relabel_result
filter_equal(struct work *work, const struct tachoi_relabel_compiled *rule, struct source source) {
    const bool is_equal = compare(get(work, rule->target_label).value, source.value) == 0;
    return is_equal == (rule->action == TACHOI_RELABEL_KEEP_EQUAL) ? TACHOI_RELABEL_OK
                                                                   : TACHOI_RELABEL_DROPPED;
}

static enum tachoi_relabel_result
change_case(struct work *work, const struct tachoi_relabel_compiled *rule, struct source source) {
    struct tachoi_relabel_label label = {.name = rule->target_label, .is_points = source.is_points};
    return tachoi_regexes_change_case(work->relabel->regexes, rule->regex,
                                      rule->action == TACHOI_RELABEL_UPPERCASE, source.value,
                                      work->arena, &label.value)
               ? set(work, label)
               : TACHOI_RELABEL_NO_MEMORY;
}

static enum tachoi_relabel_result drop_labels(struct work *work,
                                              const struct tachoi_relabel_compiled *rule) {
    size_t i = 0;
    while (i < work->count) {
        const enum tachoi_regex_result match =
            tachoi_regexes_match(work->relabel->regexes, rule->regex, work->items[i].name);
        if (match == TACHOI_REGEX_NO_MEMORY) {
            return TACHOI_RELABEL_NO_MEMORY;
        }
        if ((match == TACHOI_REGEX_MATCH) == (rule->action == TACHOI_RELABEL_LABEL_DROP)) {
            take_out(work, i);
        } else {
            i++;
        }
    }
    return TACHOI_RELABEL_OK;
}

/* Copies one label, if it matches, to its new name. */
static enum tachoi_relabel_result map_label(struct work *work,
                                            const struct tachoi_relabel_compiled *rule,
                                            struct tachoi_relabel_label label) {
    struct tachoi_regexes *regexes = work->relabel->regexes;
    const tacho_string name = label.name;
    const enum tachoi_regex_result match = tachoi_regexes_match(regexes, rule->regex, name);
    if (match != TACHOI_REGEX_MATCH) {
        return match == TACHOI_REGEX_NO_MEMORY ? TACHOI_RELABEL_NO_MEMORY : TACHOI_RELABEL_OK;
    }
    if (!tachoi_template_expand(&rule->replacement, regexes, name, work->arena, &label.name)) {
        return TACHOI_RELABEL_NO_MEMORY;
    }
    if (!tachoi_relabel_is_label_name(work->relabel->is_utf8, label.name)) {
        return TACHOI_RELABEL_OK;
    }
    label.is_points = label.is_points || get(work, label.name).is_points;
    return set(work, label);
}

/* All labels as they were before the rule. */
static enum tachoi_relabel_result map_labels(struct work *work,
                                             const struct tachoi_relabel_compiled *rule) {
    const size_t count = work->count;
    struct tachoi_relabel_label *before =
        tachoi_arena_alloc(work->arena, count + 1, sizeof(*before));
    enum tachoi_relabel_result result =
        before != NULL ? TACHOI_RELABEL_OK : TACHOI_RELABEL_NO_MEMORY;
    if (before != NULL) {
        memcpy(before, work->items, count * sizeof(*before));
    }
    for (size_t i = 0; result == TACHOI_RELABEL_OK && i < count; i++) {
        result = map_label(work, rule, before[i]);
    }
    return result;
}

static enum tachoi_relabel_result apply_rule(struct work *work,
                                             const struct tachoi_relabel_compiled *rule) {
    struct source source;
    if (!join(work, rule, &source)) {
        return TACHOI_RELABEL_NO_MEMORY;
    }
    switch (rule->action) {
    case TACHOI_RELABEL_REPLACE:
        return replace(work, rule, source);
    case TACHOI_RELABEL_KEEP:
    case TACHOI_RELABEL_DROP:
        return filter(work, rule, source);
    case TACHOI_RELABEL_KEEP_EQUAL:
    case TACHOI_RELABEL_DROP_EQUAL:
        return filter_equal(work, rule, source);
    case TACHOI_RELABEL_LOWERCASE:
    case TACHOI_RELABEL_UPPERCASE:
        return change_case(work, rule, source);
    case TACHOI_RELABEL_LABEL_DROP:
    case TACHOI_RELABEL_LABEL_KEEP:
        return drop_labels(work, rule);
    case TACHOI_RELABEL_LABEL_MAP:
        break;
    }
    return map_labels(work, rule);
}

/* --- all of it --- */

/* Takes over the labels that have a value. */
static bool begin(struct work *work, const struct tachoi_relabel_labels *labels) {
    work->capacity = labels->count + 4;
    work->items = tachoi_arena_alloc(work->arena, work->capacity, sizeof(*work->items));
    for (size_t i = 0; work->items != NULL && i < labels->count; i++) {
        if (labels->items[i].value.length > 0) {
            work->items[work->count++] = labels->items[i];
        }
    }
    work->untouched = work->count;
    return work->items != NULL;
}

/* Few labels, most of them in order. */
static void sort(struct tachoi_relabel_label *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const struct tachoi_relabel_label label = items[i];
        size_t at = i;
        while (at > 0 && compare(items[at - 1].name, label.name) > 0) {
            items[at] = items[at - 1];
            at--;
        }
        items[at] = label;
    }
}

enum tachoi_relabel_result tachoi_relabel_apply(const struct tachoi_relabel *relabel,
                                                struct tachoi_relabel_labels *labels,
                                                struct tachoi_arena *arena) {
    struct work work = {.relabel = relabel, .arena = arena};
    if (!begin(&work, labels)) {
        return TACHOI_RELABEL_NO_MEMORY;
    }
    enum tachoi_relabel_result result = TACHOI_RELABEL_OK;
    for (size_t i = 0; result == TACHOI_RELABEL_OK && i < relabel->count; i++) {
        result = apply_rule(&work, &relabel->rules[i]);
    }
    if (result == TACHOI_RELABEL_OK && work.count == 0) {
        result = TACHOI_RELABEL_DROPPED;
    }
    if (result == TACHOI_RELABEL_OK) {
        sort(work.items, work.count);
        *labels = (struct tachoi_relabel_labels){.items = work.items, .count = work.count};
    }
    return result;
}
