/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the merging of labels. See label_set.h. */
#include "prometheus/label_set.h"

#include <stdlib.h>
#include <string.h>

void tachoi_label_set_init(struct tachoi_label_set *set, struct tachoi_arena *arena,
                           size_t candidate_max) {
    *set = (struct tachoi_label_set){.arena = arena, .result = TACHOI_PROMETHEUS_OK};
    tachoi_text_init(&set->text, 0);
    set->candidates = tachoi_arena_alloc(arena, candidate_max, sizeof(*set->candidates));
    if (set->candidates == NULL) {
        set->result = TACHOI_PROMETHEUS_NO_MEMORY;
    }
}

void tachoi_label_set_fini(struct tachoi_label_set *set) {
    tachoi_text_fini(&set->text);
}

void tachoi_label_set_fail(struct tachoi_label_set *set, enum tachoi_prometheus_result result) {
    if (set->result == TACHOI_PROMETHEUS_OK) {
        set->result = result;
    }
}

tacho_string tachoi_label_set_take_text(struct tachoi_label_set *set) {
    tacho_string taken = {"", 0};
    const struct tachoi_text *text = &set->text;
    if (text->failed) {
        tachoi_label_set_fail(set, TACHOI_PROMETHEUS_NO_MEMORY);
    } else if (text->length > 0) {
        const char *copy = tachoi_arena_strndup(set->arena, text->data, text->length);
        if (copy != NULL) {
            taken = (tacho_string){copy, text->length};
        } else {
            tachoi_label_set_fail(set, TACHOI_PROMETHEUS_NO_MEMORY);
        }
    }
    tachoi_text_clear(&set->text);
    return taken;
}

void tachoi_label_set_add(struct tachoi_label_set *set, enum tachoi_label_origin origin,
                          tacho_string name, tacho_string key, tacho_string value) {
    if (set->result == TACHOI_PROMETHEUS_OK) {
        const size_t index = set->count++;
        set->candidates[index] = (struct tachoi_label_candidate){
            .name = name, .value = value, .key = key, .origin = origin, .index = index};
    }
}

static int compare_strings(tacho_string a, tacho_string b) {
    const size_t shorter = a.length < b.length ? a.length : b.length;
    const int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    if (order != 0) {
        return order;
    }
    return (a.length > b.length) - (a.length < b.length);
}

/* Generated labels first, external ones last; those between are joined. */
static int rank_of(const struct tachoi_label_candidate *candidate) {
    switch (candidate->origin) {
    case TACHOI_LABEL_GENERATED:
        return 0;
    case TACHOI_LABEL_EXTERNAL:
        return 2;
    case TACHOI_LABEL_SHARED:
    case TACHOI_LABEL_POINT:
    case TACHOI_LABEL_PROMOTED:
        break;
    }
    return 1;
}

/* By name; by rank; then by original key; then as they were added. */
static int compare_candidates(const void *left, const void *right) {
    const struct tachoi_label_candidate *a = left;
    const struct tachoi_label_candidate *b = right;
    int order = compare_strings(a->name, b->name);
    if (order == 0) {
        order = rank_of(a) - rank_of(b);
    }
    if (order == 0) {
        order = compare_strings(a->key, b->key);
    }
    if (order == 0) {
        order = (a->index > b->index) - (a->index < b->index);
    }
    return order;
}

/* Candidates of one name, sorted. */
struct run {
    const struct tachoi_label_candidate *items;
    size_t count;
    size_t joinable; /* those before the external ones */
};

static struct run run_of(const struct tachoi_label_candidate *items, size_t left) {
    struct run run = {.items = items};
    while (run.count < left && compare_strings(items->name, items[run.count].name) == 0) {
        run.joinable += items[run.count].origin != TACHOI_LABEL_EXTERNAL;
        run.count++;
    }
    return run;
}

static bool has_origin(const struct run *run, enum tachoi_label_origin origin, bool with_value) {
    for (size_t i = 0; i < run->count; i++) {
        if (run->items[i].origin == origin && (!with_value || run->items[i].value.length > 0)) {
            return true;
        }
    }
    return false;
}

/* The values of a run joined, but for those of one origin. */
static tacho_string join(struct tachoi_label_set *set, const struct run *run,
                         enum tachoi_label_origin without) {
    const struct tachoi_label_candidate *last = NULL;
    size_t joined = 0;
    for (size_t i = 0; i < run->joinable; i++) {
        const struct tachoi_label_candidate *item = &run->items[i];
        if (item->origin != without) {
            if (joined++ > 0) {
                tachoi_text_append_char(&set->text, ';');
            }
            tachoi_text_append(&set->text, item->value.data, item->value.length);
            last = item;
        }
    }
    if (joined == 1) {
        tachoi_text_clear(&set->text);
        return last->value;
    }
    return tachoi_label_set_take_text(set);
}

/* The label that a run makes; without a value it is none. */
static struct tachoi_prometheus_label merge(struct tachoi_label_set *set, const struct run *run) {
    struct tachoi_prometheus_label label = {.name = run->items[0].name};
    if (run->items[0].origin == TACHOI_LABEL_GENERATED) {
        set->overridden += run->joinable - 1;
        label.value = run->items[0].value;
        return label;
    }
    const bool has_promoted = has_origin(run, TACHOI_LABEL_PROMOTED, false);
    const bool yields = !has_promoted || has_origin(run, TACHOI_LABEL_POINT, true);
    label.value = join(set, run, yields ? TACHOI_LABEL_PROMOTED : TACHOI_LABEL_POINT);
    label.is_points = yields && has_origin(run, TACHOI_LABEL_POINT, false);
    if (label.value.length == 0 && run->count > run->joinable) {
        label.value = run->items[run->joinable].value;
        label.is_points = false;
    }
    return label;
}

enum tachoi_prometheus_result tachoi_label_set_finish(struct tachoi_label_set *set,
                                                      struct tachoi_prometheus_labels *out) {
    if (set->result != TACHOI_PROMETHEUS_OK) {
        return set->result;
    }
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    labels.items = tachoi_arena_alloc(set->arena, set->count, sizeof(*labels.items));
    if (labels.items == NULL) {
        return TACHOI_PROMETHEUS_NO_MEMORY;
    }
    qsort(set->candidates, set->count, sizeof(*set->candidates), compare_candidates);
    struct run run;
    for (size_t first = 0; first < set->count; first += run.count) {
        run = run_of(&set->candidates[first], set->count - first);
        const struct tachoi_prometheus_label label = merge(set, &run);
        if (label.value.length > 0) {
            labels.items[labels.count++] = label;
        }
    }
    if (set->result == TACHOI_PROMETHEUS_OK) {
        labels.overridden = set->overridden;
        *out = labels;
    }
    return set->result;
}
