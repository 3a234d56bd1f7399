/* SPDX-License-Identifier: Apache-2.0 */
/* When two plans mean one stream, and their end. */
#include "base/alloc.h"
#include "pipeline/names.h"
#include "pipeline/view_plan.h"

static bool has_same_bounds(const struct tachoi_aggregation *a,
                            const struct tachoi_aggregation *b) {
    if (a->bound_count != b->bound_count) {
        return false;
    }
    for (size_t i = 0; i < a->bound_count; i++) {
        if (a->bounds[i] < b->bounds[i] || a->bounds[i] > b->bounds[i]) {
            return false;
        }
    }
    return true;
}

/* What does not belong to a kind is zero in both. */
static bool is_same_aggregation(const struct tachoi_aggregation *a,
                                const struct tachoi_aggregation *b) {
    return a->kind == b->kind && a->number_type == b->number_type &&
           a->is_monotonic == b->is_monotonic && a->omits_sum == b->omits_sum &&
           a->omits_min_max == b->omits_min_max && a->max_size == b->max_size &&
           a->max_scale == b->max_scale && has_same_bounds(a, b);
}

bool tachoi_stream_plan_equals(const struct tachoi_stream_plan *a,
                               const struct tachoi_stream_plan *b) {
    return tachoi_name_equals(a->name, b->name) &&
           tachoi_string_equals(a->description, b->description) &&
           is_same_aggregation(&a->aggregation, &b->aggregation) &&
           a->temporality == b->temporality && a->cardinality_limit == b->cardinality_limit &&
           a->idle_timeout_ms == b->idle_timeout_ms && a->reservoir == b->reservoir &&
           a->reservoir_user == b->reservoir_user &&
           tachoi_attribute_filter_equals(a->filter, b->filter);
}

void tachoi_stream_plans_free(struct tachoi_stream_plan *plans, size_t count) {
    for (size_t i = 0; plans != NULL && i < count; i++) {
        tachoi_attribute_filter_destroy(plans[i].filter);
    }
    tachoi_free(plans);
}
