/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the offering of measurements to reservoirs, which are made when one is first needed, and the
 * collecting from them. */
#include "storage/exemplars.h"

#include <stddef.h>
#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"

const tacho_spi_context_slot *tachoi_exemplars_switch(const struct tachoi_exemplar_policy *policy) {
    static const tacho_spi_context_hook any = {NULL, NULL};
    static const tacho_spi_context_slot on = &any;
    static const tacho_spi_context_slot off = NULL;
    if (policy == NULL) {
        return &off;
    }
    return policy->filter == TACHO_EXEMPLAR_FILTER_ALWAYS_ON ? &on : policy->context;
}

/* --- reservoirs ------------------------------------------------------------------------------ */

static const tacho_exemplar_reservoir_ops *ops_of(const struct tachoi_exemplar_policy *policy) {
    const struct tachoi_aggregation *aggregation = policy->aggregation;
    if (policy->ops != NULL) {
        return policy->ops;
    }
    return aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM &&
                   aggregation->bound_count != 0
               ? tacho_aligned_histogram_bucket_reservoir()
               : tacho_simple_fixed_size_reservoir();
}

static void destroy_reservoir(const struct tachoi_exemplar_policy *policy, void *reservoir) {
    const tacho_exemplar_reservoir_ops *ops = ops_of(policy);
    /* a table made before destroy existed, or without it */
    if (ops->struct_size >= offsetof(tacho_exemplar_reservoir_ops, destroy) + sizeof ops->destroy &&
        ops->destroy != NULL) {
        ops->destroy(reservoir);
    }
}

static void *create_reservoir(const struct tachoi_exemplar_policy *policy,
                              const struct tachoi_exemplar_target *target) {
    const struct tachoi_aggregation *aggregation = policy->aggregation;
    tacho_exemplar_reservoir_config config = {.struct_size = sizeof config,
                                              .kind = policy->kind,
                                              .number_type = policy->number_type,
                                              .temporality = policy->temporality};
    if (aggregation->kind == TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM) {
        config.boundaries = aggregation->bounds;
        config.boundary_count = aggregation->bound_count;
    } else if (aggregation->kind == TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM) {
        config.max_size = aggregation->max_size;
    }
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    void *reservoir = NULL;
    if (tachoi_attributes_unpack(target->attributes, target->attributes_size, &arena,
                                 &config.attributes)) {
        reservoir = ops_of(policy)->create(policy->user, &config);
    }
    tachoi_arena_fini(&arena);
    return reservoir;
}

/* The series' reservoir, made by the first that asks; NULL when memory is short. Of several that
 * make one at the same time one wins. */
static void *reservoir_of(const struct tachoi_exemplar_policy *policy,
                          const struct tachoi_exemplar_target *target) {
    _Atomic(void *) *place = &target->exemplars->reservoir;
    /* acquire; pairs with the release below: the reservoir is complete */
    void *reservoir = atomic_load_explicit(place, memory_order_acquire);
    if (reservoir != NULL) {
        return reservoir;
    }
    void *made = create_reservoir(policy, target);
    if (made == NULL) {
        return NULL;
    }
    /* release: see above; acquire: the winner's reservoir, where it is another's */
    if (atomic_compare_exchange_strong_explicit(place, &reservoir, made, memory_order_acq_rel,
                                                memory_order_acquire)) {
        return made;
    }
    destroy_reservoir(policy, made);
    return reservoir;
}

void tachoi_exemplars_fini(const struct tachoi_exemplar_policy *policy,
                           struct tachoi_series_exemplars *exemplars) {
    /* relaxed: nobody else uses the series any more */
    void *reservoir = atomic_load_explicit(&exemplars->reservoir, memory_order_relaxed);
    if (reservoir != NULL) {
        atomic_store_explicit(&exemplars->reservoir, NULL, memory_order_relaxed);
        destroy_reservoir(policy, reservoir);
    }
}

/* --- offering -------------------------------------------------------------------------------- */

static bool current_context(const struct tachoi_exemplar_policy *policy, tacho_context *out) {
    memset(out, 0, sizeof *out);
    out->struct_size = sizeof *out;
    /* acquire; pairs with the release of the API's store: the hook is complete */
    const tacho_spi_context_hook *hook =
        atomic_load_explicit(policy->context, memory_order_acquire);
    return hook != NULL && hook->hook(out, hook->user);
}

static bool is_eligible(const struct tachoi_exemplar_policy *policy, const tacho_context *context) {
    switch (policy->filter) {
    case TACHO_EXEMPLAR_FILTER_ALWAYS_ON:
        return true;
    case TACHO_EXEMPLAR_FILTER_TRACE_BASED:
        return context != NULL && (context->trace_flags & TACHO_TRACE_SAMPLED) != 0;
    case TACHO_EXEMPLAR_FILTER_DEFAULT:
    case TACHO_EXEMPLAR_FILTER_ALWAYS_OFF:
        break;
    }
    return false;
}

enum { LEFT_OUT_ON_STACK = 32 };

/* What the point does not carry, in `out` or, if it is more than fits there, in memory that `*more`
 * is set to and the caller frees. False when memory is short. */
static bool left_out(const struct tachoi_exemplar_policy *policy, tacho_attributes attributes,
                     tacho_attribute out[LEFT_OUT_ON_STACK], tacho_attribute **more,
                     tacho_attributes *result) {
    const struct tachoi_attribute_filter *filter = policy->attribute_filter;
    size_t count = tachoi_attribute_filter_left_out(filter, attributes, out, LEFT_OUT_ON_STACK);
    *result = tacho_attributes_from(out, count);
    if (count > LEFT_OUT_ON_STACK) {
        size_t size;
        *more = tachoi_size_mul(count, sizeof **more, &size) ? tachoi_malloc(size) : NULL;
        if (*more == NULL) {
            return false;
        }
        (void)tachoi_attribute_filter_left_out(filter, attributes, *more, count);
        result->items = *more;
    }
    return true;
}

static void offer(const struct tachoi_exemplar_policy *policy,
                  const struct tachoi_exemplar_target *target,
                  const tacho_exemplar_measurement *measurement) {
    tacho_attribute few[LEFT_OUT_ON_STACK];
    tacho_attribute *many = NULL;
    tacho_exemplar_measurement offered = *measurement;
    void *reservoir = reservoir_of(policy, target);
    if (reservoir == NULL) {
        return;
    }
    if (target->is_overflow) {
        offered.filtered_attributes = offered.attributes;
    } else if (!left_out(policy, offered.attributes, few, &many, &offered.filtered_attributes)) {
        return;
    }
    ops_of(policy)->offer(reservoir, &offered);
    tachoi_free(many);
}

void tachoi_exemplars_consider(const struct tachoi_exemplar_policy *policy,
                               const struct tachoi_exemplar_target *target,
                               union tachoi_measured value, tacho_attributes attributes,
                               bool is_synchronous) {
    tacho_context context;
    const bool has_context = is_synchronous && current_context(policy, &context);
    if (!is_eligible(policy, has_context ? &context : NULL)) {
        return;
    }
    tacho_exemplar_measurement measurement = {.struct_size = sizeof measurement,
                                              .number_type = policy->number_type,
                                              .time_unix_nano =
                                                  policy->clock->unix_ns(policy->clock->user),
                                              .attributes = attributes,
                                              .context = has_context ? &context : NULL};
    if (policy->number_type == TACHO_NUMBER_I64) {
        measurement.value.i64 = value.i64;
    } else {
        measurement.value.f64 = value.f64;
    }
    offer(policy, target, &measurement);
}

/* --- collecting ------------------------------------------------------------------------------ */

enum { FIRST_ROOM = 4 };

struct gathering {
    struct tachoi_arena *arena;
    tacho_exemplar *items;
    size_t count;
    size_t room;
};

/* A larger array in the arena; the old one stays behind, at most as much again. */
static bool make_room(struct gathering *to) {
    if (to->count < to->room) {
        return true;
    }
    size_t room;
    if (!tachoi_size_mul(to->room, 2, &room)) {
        return false;
    }
    room = room != 0 ? room : FIRST_ROOM;
    tacho_exemplar *items = tachoi_arena_alloc(to->arena, room, sizeof *items);
    if (items == NULL) {
        return false;
    }
    if (to->count != 0) {
        memcpy(items, to->items, to->count * sizeof *items);
    }
    to->items = items;
    to->room = room;
    return true;
}

/* Sorted by key, each key once, with all that it points to in the arena. */
static bool copy_attributes(tacho_attributes attributes, struct tachoi_arena *arena,
                            tacho_attributes *out) {
    *out = TACHO_NO_ATTRS;
    if (attributes.items == NULL || attributes.count == 0) {
        return true;
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    const size_t size = tachoi_attribute_key_size(&key);
    unsigned char *bytes = tachoi_arena_alloc(arena, size, 1);
    if (bytes == NULL) {
        return false;
    }
    tachoi_attribute_key_write(&key, bytes);
    return tachoi_attributes_unpack(bytes, size, arena, out);
}

static void gather(void *self, const tacho_exemplar *exemplar) {
    struct gathering *to = self;
    tacho_attributes attributes;
    if (exemplar == NULL || !make_room(to) ||
        !copy_attributes(exemplar->filtered_attributes, to->arena, &attributes)) {
        return;
    }
    to->items[to->count] = *exemplar;
    to->items[to->count].filtered_attributes = attributes;
    to->count++;
}

void tachoi_exemplars_collect(const struct tachoi_exemplar_policy *policy,
                              struct tachoi_series_exemplars *exemplars, struct tachoi_arena *arena,
                              tacho_exemplars *out) {
    struct gathering to = {.arena = arena};
    /* acquire; pairs with the release in reservoir_of: the reservoir is complete */
    void *reservoir =
        policy != NULL ? atomic_load_explicit(&exemplars->reservoir, memory_order_acquire) : NULL;
    if (reservoir != NULL) {
        ops_of(policy)->collect(reservoir, gather, &to);
    }
    *out = (tacho_exemplars){.items = to.items, .count = to.count, .size = sizeof *to.items};
}
