/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which exemplars of a record go into which of its time series. See exemplars.h. */
#include "remote_write/exemplars.h"

void tachoi_component_exemplars_init(struct tachoi_component_exemplars *exemplars,
                                     const struct tachoi_record *record) {
    exemplars->walk = tachoi_record_exemplars(record);
    exemplars->has_next = tachoi_exemplar_next(&exemplars->walk, &exemplars->next);
}

bool tachoi_component_exemplars_next(struct tachoi_component_exemplars *exemplars, size_t component,
                                     struct tachoi_record_exemplar *out) {
    while (exemplars->has_next && exemplars->next.component < component) {
        exemplars->has_next = tachoi_exemplar_next(&exemplars->walk, &exemplars->next);
    }
    if (!exemplars->has_next || exemplars->next.component != component) {
        return false;
    }
    *out = exemplars->next;
    exemplars->has_next = tachoi_exemplar_next(&exemplars->walk, &exemplars->next);
    return true;
}

/* Insertion: there are a few, and those of each component are in order already. */
static void insert(struct tachoi_record_exemplar *items, size_t count,
                   const struct tachoi_record_exemplar *exemplar) {
    size_t at = count;
    while (at > 0 && items[at - 1].time_ms > exemplar->time_ms) {
        items[at] = items[at - 1];
        at--;
    }
    items[at] = *exemplar;
}

struct tachoi_record_exemplar *tachoi_exemplars_by_time(const struct tachoi_record *record,
                                                        size_t *count, struct tachoi_arena *arena) {
    struct tachoi_record_exemplar *items =
        tachoi_arena_alloc(arena, tachoi_record_exemplar_count(record) + 1, sizeof *items);
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record);
    struct tachoi_record_exemplar exemplar;
    *count = 0;
    while (items != NULL && tachoi_exemplar_next(&walk, &exemplar)) {
        insert(items, (*count)++, &exemplar);
    }
    return items;
}
