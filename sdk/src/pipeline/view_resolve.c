/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams an instrument has: the views that select it, alone or in groups, and the default
 * where there are none. Streams that are equal come once. (VIEW-19..24, VIEW-27..29) */
#include <stdio.h>

#include "base/alloc.h"
#include "base/text.h"
#include "pipeline/names.h"
#include "pipeline/report.h"
#include "pipeline/view_plan.h"

#define SHOWN 64

/* One call of tachoi_views_resolve. */
struct resolving {
    const struct tachoi_instrument_about *about;
    const struct tachoi_collector_config *reader;
    struct tachoi_selected_view *selected; /* in order of registration */
    struct tachoi_selected_view *members;  /* room for a group */
    size_t selected_count;
    struct tachoi_stream_plan *plans;
    size_t plan_count;
};

/* --- telling --- */

/* For "%.*s": the beginning of a text that may be without data. */
#define TEXT(string)                                                                               \
    (int)((string).length < SHOWN ? (string).length : SHOWN),                                      \
        (string).length > 0 ? (string).data : ""

static void tell_not_applicable(const struct resolving *resolving, const tacho_view *view,
                                size_t index, bool is_composable) {
    char subject[2 * SHOWN];
    const char *selects = view->selector.instrument_name;
    tacho_string name = resolving->about->name;
    (void)snprintf(subject, sizeof subject, "%.*s %zu", TEXT(name), index);
    tachoi_report(TACHO_SEVERITY_WARNING, "view", "view_not_applicable", subject,
                  "instrument `%.*s`: views[%zu] (instrument_name `%.64s`) asks for a histogram, "
                  "but observable instruments have none; %s; restrict the view by "
                  "instrument_types to those that record",
                  TEXT(name), index, selects != NULL ? selects : "*",
                  is_composable ? "its aggregation is ignored" : "the view is ignored");
}

static void tell_duplicate(const struct resolving *resolving,
                           const struct tachoi_stream_plan *plan) {
    char subject[SHOWN + 1];
    tacho_string name = resolving->about->name;
    (void)snprintf(subject, sizeof subject, "%.*s", TEXT(name));
    tachoi_report(TACHO_SEVERITY_WARNING, "view", "view_duplicate", subject,
                  "instrument `%.*s`: several views give it the same stream `%.*s`, which is "
                  "exported once; take one of them out",
                  TEXT(name), TEXT(plan->name));
}

static void tell_conflict(const struct resolving *resolving,
                          const struct tachoi_stream_plan *plan) {
    char subject[SHOWN + 1];
    tacho_string name = resolving->about->name;
    (void)snprintf(subject, sizeof subject, "%.*s", TEXT(name));
    tachoi_report(TACHO_SEVERITY_WARNING, "view", "view_conflict", subject,
                  "instrument `%.*s`: several views give it different streams of one name, `%.*s`; "
                  "all are exported, but receivers may take them for one: give one of the views a "
                  "name, e.g. .instrument_name = \"%.*s\", .name = \"%.*s.2\"",
                  TEXT(name), TEXT(plan->name), TEXT(name), TEXT(name));
}

/* --- selecting --- */

/* A view whose aggregation does not suit counts as not there (VIEW-22); among composable ones only
 * its aggregation does (VIEW-29). */
static void select_view(struct resolving *resolving, const tacho_view *view, size_t index,
                        bool is_composable) {
    bool suits = tachoi_aggregation_suits(view->aggregation, resolving->about->kind);
    if (!suits) {
        tell_not_applicable(resolving, view, index, is_composable);
    }
    if (suits || is_composable) {
        resolving->selected[resolving->selected_count++] =
            (struct tachoi_selected_view){view, suits ? view->aggregation : NULL};
    }
}

static void select_views(struct resolving *resolving, const struct tachoi_view_set *views,
                         const tacho_scope *scope) {
    for (size_t i = 0; i < views->count; i++) {
        if (tachoi_view_selects(&views->views[i]->selector, scope, resolving->about)) {
            select_view(resolving, views->views[i], i, views->are_composable);
        }
    }
}

/* --- streams --- */

/* Whether a stream equal to it is there already; tells that, and what has its name only. */
static bool is_there(const struct resolving *resolving, const struct tachoi_stream_plan *plan) {
    bool has_conflict = false;
    for (size_t i = 0; i < resolving->plan_count; i++) {
        if (tachoi_stream_plan_equals(&resolving->plans[i], plan)) {
            tell_duplicate(resolving, plan);
            return true;
        }
        has_conflict = has_conflict || tachoi_name_equals(resolving->plans[i].name, plan->name);
    }
    if (has_conflict) {
        tell_conflict(resolving, plan);
    }
    return false;
}

static int add_stream(struct resolving *resolving, struct tachoi_view_group group) {
    struct tachoi_stream_plan plan = {0};
    bool is_dropped = false;
    int status =
        tachoi_stream_plan_make(group, resolving->about, resolving->reader, &plan, &is_dropped);
    if (status != TACHO_OK || is_dropped) {
        return status;
    }
    if (is_there(resolving, &plan)) {
        tachoi_attribute_filter_destroy(plan.filter);
    } else {
        resolving->plans[resolving->plan_count++] = plan;
    }
    return TACHO_OK;
}

/* VIEW-20 */
static int add_independent(struct resolving *resolving) {
    int status = TACHO_OK;
    for (size_t i = 0; i < resolving->selected_count && status == TACHO_OK; i++) {
        status = add_stream(resolving, (struct tachoi_view_group){&resolving->selected[i], 1});
    }
    return status;
}

/* NULL has only unnamed views. */
static bool is_in_group(const tacho_view *view, const char *name) {
    return view->name == NULL ||
           (name != NULL && tachoi_ascii_equal_ignoring_case(view->name, name));
}

static int add_group(struct resolving *resolving, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < resolving->selected_count; i++) {
        if (is_in_group(resolving->selected[i].view, name)) {
            resolving->members[count++] = resolving->selected[i];
        }
    }
    return add_stream(resolving, (struct tachoi_view_group){resolving->members, count});
}

/* Whether a view before this one has its name. */
static bool was_named(const struct resolving *resolving, size_t index) {
    const char *name = resolving->selected[index].view->name;
    for (size_t i = 0; i < index; i++) {
        const char *other = resolving->selected[i].view->name;
        if (other != NULL && tachoi_ascii_equal_ignoring_case(other, name)) {
            return true;
        }
    }
    return false;
}

/* VIEW-27: a group for each name; without names one group. Metric names are case-insensitive. */
static int add_composed(struct resolving *resolving) {
    bool has_names = false;
    int status = TACHO_OK;
    for (size_t i = 0; i < resolving->selected_count && status == TACHO_OK; i++) {
        const char *name = resolving->selected[i].view->name;
        if (name != NULL) {
            has_names = true;
            status = was_named(resolving, i) ? TACHO_OK : add_group(resolving, name);
        }
    }
    return has_names ? status : add_group(resolving, NULL);
}

static int add_streams(struct resolving *resolving, bool are_composable) {
    if (resolving->selected_count == 0) { /* VIEW-19, VIEW-23 */
        return add_stream(resolving, (struct tachoi_view_group){NULL, 0});
    }
    return are_composable ? add_composed(resolving) : add_independent(resolving);
}

/* --- the door --- */

int tachoi_views_resolve(const struct tachoi_view_set *views, const tacho_scope *scope,
                         const struct tachoi_instrument_about *about,
                         const struct tachoi_collector_config *reader,
                         struct tachoi_stream_plan **out, size_t *count) {
    const struct tachoi_view_set none = {NULL, 0, false};
    views = views != NULL ? views : &none;
    /* no more streams than views, but the default */
    struct resolving resolving = {
        .about = about,
        .reader = reader,
        .selected = tachoi_calloc(views->count, sizeof *resolving.selected),
        .members = tachoi_calloc(views->count, sizeof *resolving.members),
        .plans = tachoi_calloc(views->count + 1, sizeof *resolving.plans),
    };
    int status = TACHO_E_NO_MEMORY;
    if (resolving.selected != NULL && resolving.members != NULL && resolving.plans != NULL) {
        select_views(&resolving, views, scope);
        status = add_streams(&resolving, views->are_composable);
    }
    tachoi_free(resolving.selected);
    tachoi_free(resolving.members);
    if (status != TACHO_OK) {
        tachoi_stream_plans_free(resolving.plans, resolving.plan_count);
        return status;
    }
    *out = resolving.plans;
    *count = resolving.plan_count;
    return TACHO_OK;
}
