/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/view_plan.h"

#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "base/alloc.h"
#include "pipeline/names.h"

#define DEFAULT_MAX_SIZE 160
#define DEFAULT_MAX_SCALE 20

/* --- aggregation --- */

static bool is_histogram(tacho_aggregation_type type) {
    return type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM ||
           type == TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
}

bool tachoi_aggregation_suits(const tacho_aggregation *aggregation, tacho_instrument_kind kind) {
    return aggregation == NULL || !is_histogram(aggregation->type) ||
           !tachoi_kind_is_observable(kind);
}

/* AGG-03 */
static tacho_aggregation_type default_type(tacho_instrument_kind kind) {
    switch (kind) {
    case TACHO_INSTRUMENT_HISTOGRAM:
        return TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    case TACHO_INSTRUMENT_GAUGE:
    case TACHO_INSTRUMENT_OBSERVABLE_GAUGE:
        return TACHO_AGGREGATION_LAST_VALUE;
    case TACHO_INSTRUMENT_COUNTER:
    case TACHO_INSTRUMENT_UP_DOWN_COUNTER:
    case TACHO_INSTRUMENT_OBSERVABLE_COUNTER:
    case TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER:
        break;
    }
    return TACHO_AGGREGATION_SUM;
}

/* Whether all its measurements are positive: AGG-04, AGG-07. */
static bool only_grows(tacho_instrument_kind kind) {
    return kind == TACHO_INSTRUMENT_COUNTER || kind == TACHO_INSTRUMENT_OBSERVABLE_COUNTER ||
           kind == TACHO_INSTRUMENT_HISTOGRAM;
}

/* INST-15: what a view says counts as it stands. INST-16: elsewhere advice comes first. */
static void choose_bounds(const tacho_aggregation *by_view, const tacho_aggregation *by_reader,
                          const struct tachoi_instrument_about *about,
                          struct tachoi_aggregation *out) {
    const tacho_aggregation *chosen = by_view != NULL ? by_view : by_reader;
    out->bounds = tachoi_default_bounds;
    out->bound_count = TACHOI_DEFAULT_BOUND_COUNT;
    if (by_view == NULL && about->bounds != NULL) {
        out->bounds = about->bounds;
        out->bound_count = about->bound_count;
    } else if (chosen != NULL && chosen->boundaries != NULL) {
        out->bounds = chosen->boundaries;
        out->bound_count = chosen->boundary_count;
    }
}

static void choose_scale(const tacho_aggregation *chosen, struct tachoi_aggregation *out) {
    out->max_size = chosen->max_size != 0 ? chosen->max_size : DEFAULT_MAX_SIZE;
    out->max_scale = chosen->max_scale != 0 ? chosen->max_scale : DEFAULT_MAX_SCALE;
    if (out->max_scale == TACHO_MAX_SCALE_ZERO) {
        out->max_scale = 0;
    }
}

static void make_histogram(const tacho_aggregation *by_view, const tacho_aggregation *by_reader,
                           const struct tachoi_instrument_about *about,
                           struct tachoi_aggregation *out) {
    const tacho_aggregation *chosen = by_view != NULL ? by_view : by_reader;
    *out = (struct tachoi_aggregation){
        .kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
        .number_type = TACHO_NUMBER_F64,
        .omits_sum = !only_grows(about->kind),
        .omits_min_max = chosen != NULL && chosen->disable_min_max,
    };
    if (chosen != NULL && chosen->type == TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM) {
        out->kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM;
        choose_scale(chosen, out);
    } else {
        choose_bounds(by_view, by_reader, about, out);
    }
}

/* What a reader has for a kind; NULL for the default. Where it does not suit, the default. */
static const tacho_aggregation *aggregation_of(const struct tachoi_collector_config *reader,
                                               tacho_instrument_kind kind) {
    const tacho_aggregation *aggregation = reader->aggregations[kind];
    bool counts = aggregation != NULL && aggregation->type != TACHO_AGGREGATION_DEFAULT &&
                  tachoi_aggregation_suits(aggregation, kind);
    return counts ? aggregation : NULL;
}

/* False if nothing is to be kept. */
static bool choose_aggregation(const tacho_aggregation *by_view, const tacho_aggregation *by_reader,
                               const struct tachoi_instrument_about *about,
                               struct tachoi_aggregation *out) {
    const tacho_aggregation *chosen = by_view != NULL ? by_view : by_reader;
    tacho_aggregation_type type = chosen != NULL ? chosen->type : default_type(about->kind);
    if (type == TACHO_AGGREGATION_DROP) {
        return false;
    }
    if (is_histogram(type)) {
        make_histogram(by_view, by_reader, about, out);
        return true;
    }
    bool is_sum = type == TACHO_AGGREGATION_SUM;
    *out = (struct tachoi_aggregation){
        .kind = is_sum ? TACHOI_AGGREGATION_SUM : TACHOI_AGGREGATION_LAST_VALUE,
        .number_type = about->number_type,
        .is_monotonic = is_sum && only_grows(about->kind),
    };
    return true;
}

/* NULL if no view gives one, or the last one that does gives the default. */
static const tacho_aggregation *last_aggregation(struct tachoi_view_group group) {
    const tacho_aggregation *last = NULL;
    for (size_t i = 0; i < group.count; i++) {
        last = group.members[i].aggregation != NULL ? group.members[i].aggregation : last;
    }
    return last != NULL && last->type != TACHO_AGGREGATION_DEFAULT ? last : NULL;
}

/* --- attributes --- */

static bool has_key(struct tachoi_key_list list, tacho_string key) {
    for (size_t i = 0; i < list.count; i++) {
        if (tachoi_string_equals(list.items[i], key)) {
            return true;
        }
    }
    return false;
}

static bool is_in_all_included(struct tachoi_view_group group, tacho_string key) {
    for (size_t i = 0; i < group.count; i++) {
        struct tachoi_key_list included = group.members[i].view->included;
        if (included.items != NULL && !has_key(included, key)) {
            return false;
        }
    }
    return true;
}

/* The keys that all lists of the group let in, and those that any leaves out; lists without items
 * where no view has one. `room` has place for the keys of all lists. */
static void combine_keys(struct tachoi_view_group group, tacho_string *room,
                         struct tachoi_key_list *included, struct tachoi_key_list *excluded) {
    size_t used = 0;
    for (size_t i = 0; i < group.count && included->items == NULL; i++) {
        struct tachoi_key_list first = group.members[i].view->included;
        for (size_t k = 0; k < first.count; k++) {
            if (is_in_all_included(group, first.items[k])) {
                room[used++] = first.items[k];
            }
        }
        *included = (struct tachoi_key_list){first.items != NULL ? room : NULL, used};
    }
    for (size_t i = 0; i < group.count; i++) {
        struct tachoi_key_list more = group.members[i].view->excluded;
        excluded->items = more.items != NULL ? room + included->count : excluded->items;
        for (size_t k = 0; k < more.count; k++) {
            room[used++] = more.items[k];
        }
    }
    excluded->count = used - included->count;
}

static bool gives_keys(struct tachoi_view_group group, size_t *key_count) {
    bool gives = false;
    *key_count = 0;
    for (size_t i = 0; i < group.count; i++) {
        const tacho_view *view = group.members[i].view;
        gives = gives || view->included.items != NULL || view->excluded.items != NULL;
        *key_count += view->included.count + view->excluded.count; /* they are all in memory */
    }
    return gives;
}

/* INST-17, VIEW-12..14, VIEW-28 */
static int make_filter(struct tachoi_view_group group, const struct tachoi_instrument_about *about,
                       struct tachoi_attribute_filter **out) {
    struct tachoi_key_list included = {NULL, 0};
    struct tachoi_key_list excluded = {NULL, 0};
    size_t key_count = 0;
    if (!gives_keys(group, &key_count)) {
        included = (struct tachoi_key_list){about->attribute_keys, about->attribute_key_count};
        return tachoi_attribute_filter_create(included, excluded, out);
    }
    tacho_string *room = tachoi_calloc(key_count, sizeof *room);
    if (room == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    combine_keys(group, room, &included, &excluded);
    int status = tachoi_attribute_filter_create(included, excluded, out);
    tachoi_free(room);
    return status;
}

/* --- the plan --- */

/* The last view that gives a property has it. */
static void apply_view(const tacho_view *view, struct tachoi_stream_plan *plan) {
    if (view->name != NULL) {
        plan->name = (tacho_string){view->name, strlen(view->name)};
        plan->has_view_name = true;
    }
    if (view->description != NULL) {
        plan->description = (tacho_string){view->description, strlen(view->description)};
        plan->has_view_description = true;
    }
    if (view->cardinality_limit != 0) {
        plan->cardinality_limit = view->cardinality_limit;
    }
    if (view->idle_timeout_ms != 0) {
        plan->idle_timeout_ms = view->idle_timeout_ms;
    }
    if (view->reservoir != NULL) {
        plan->reservoir = view->reservoir;
        plan->reservoir_user = view->reservoir_user;
    }
}

int tachoi_stream_plan_make(struct tachoi_view_group group,
                            const struct tachoi_instrument_about *about,
                            const struct tachoi_collector_config *reader,
                            struct tachoi_stream_plan *out, bool *is_dropped) {
    struct tachoi_stream_plan plan = {
        .name = about->name,
        .description = about->description,
        .temporality = reader->temporalities[about->kind],
        .cardinality_limit = reader->cardinality_limits[about->kind],
    };
    *is_dropped = !choose_aggregation(last_aggregation(group), aggregation_of(reader, about->kind),
                                      about, &plan.aggregation);
    if (*is_dropped) {
        return TACHO_OK;
    }
    for (size_t i = 0; i < group.count; i++) {
        apply_view(group.members[i].view, &plan);
    }
    int status = make_filter(group, about, &plan.filter);
    if (status == TACHO_OK) {
        *out = plan;
    }
    return status;
}
