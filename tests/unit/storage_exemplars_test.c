/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which measurements reach the reservoir of a series and with what, which reservoir that is,
 * and what a collection gets. Sampling itself: exemplar_reservoir_test.c. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "storage/exemplars.h"
#include "tacho/status.h"

static uint64_t read_clock(void *user) {
    return *(uint64_t *)user;
}

static uint64_t now_ns = 500;
static const tacho_clock clock_of_test = {.struct_size = sizeof clock_of_test,
                                          .unix_ns = read_clock,
                                          .monotonic_ns = read_clock,
                                          .user = &now_ns};

/* --- the hook ----------------------------------------------------------------------------------
 */

/* The span that is active, if any. */
static tacho_context active;
static bool is_active;
static size_t asked;

static bool current_span(tacho_context *out, void *user) {
    const size_t struct_size = out->struct_size;
    asked++;
    cr_assert(eq(sz, struct_size, sizeof *out));
    cr_assert(eq(ptr, user, &asked));
    *out = active;
    out->struct_size = struct_size;
    return is_active;
}

static const tacho_spi_context_hook hook = {.hook = current_span, .user = &asked};
static tacho_spi_context_slot slot;

static void set_hook(const tacho_spi_context_hook *new_hook) {
    atomic_store(&slot, new_hook);
}

static void enter_span(uint8_t id, uint8_t flags) {
    memset(&active, 0, sizeof active);
    memset(active.trace_id, id, sizeof active.trace_id);
    memset(active.span_id, id + 1, sizeof active.span_id);
    active.trace_flags = flags;
    is_active = true;
}

/* --- one series --------------------------------------------------------------------------------
 */

static const struct tachoi_aggregation sum = {.kind = TACHOI_AGGREGATION_SUM,
                                              .number_type = TACHO_NUMBER_I64};
static const struct tachoi_aggregation histogram = {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                                    .number_type = TACHO_NUMBER_F64,
                                                    .bounds = tachoi_default_bounds,
                                                    .bound_count = TACHOI_DEFAULT_BOUND_COUNT};

struct series {
    struct tachoi_exemplar_policy policy;
    struct tachoi_series_exemplars exemplars;
    struct tachoi_attribute_set *set;
    struct tachoi_arena arena;
    bool is_overflow;
};

static void setup(struct series *series, tacho_exemplar_filter filter,
                  const struct tachoi_aggregation *aggregation, tacho_attributes attributes) {
    struct tachoi_attribute_key key;
    memset(series, 0, sizeof *series);
    series->policy = (struct tachoi_exemplar_policy){.filter = filter,
                                                     .context = &slot,
                                                     .clock = &clock_of_test,
                                                     .kind = TACHO_INSTRUMENT_HISTOGRAM,
                                                     .number_type = TACHO_NUMBER_F64,
                                                     .temporality = TACHO_TEMPORALITY_DELTA,
                                                     .aggregation = aggregation};
    tachoi_attribute_key_init(&key, attributes);
    series->set = tachoi_attribute_set_create(&key);
    tachoi_arena_init(&series->arena, 0);
}

static void teardown(struct series *series) {
    tachoi_exemplars_fini(&series->policy, &series->exemplars);
    tachoi_attribute_filter_destroy(
        (struct tachoi_attribute_filter *)(uintptr_t)series->policy.attribute_filter);
    tachoi_free(series->set);
    tachoi_arena_fini(&series->arena);
}

static void consider(struct series *series, double value, tacho_attributes attributes,
                     bool is_synchronous) {
    const struct tachoi_exemplar_target target = {.exemplars = &series->exemplars,
                                                  .attributes = series->set->bytes,
                                                  .attributes_size = series->set->size,
                                                  .is_overflow = series->is_overflow};
    tachoi_exemplars_consider(&series->policy, &target, (union tachoi_measured){.f64 = value},
                              attributes, is_synchronous);
}

static void record(struct series *series, double value) {
    consider(series, value, TACHO_NO_ATTRS, true);
}

static tacho_exemplars collect(struct series *series) {
    tacho_exemplars exemplars;
    tachoi_exemplars_collect(&series->policy, &series->exemplars, &series->arena, &exemplars);
    return exemplars;
}

static const struct tachoi_attribute_filter *keep(const char *key) {
    const tacho_string keys[] = {tacho_string_from(key)};
    struct tachoi_attribute_filter *filter = NULL;
    cr_assert(eq(int,
                 tachoi_attribute_filter_create((struct tachoi_key_list){keys, 1},
                                                (struct tachoi_key_list){NULL, 0}, &filter),
                 TACHO_OK));
    return filter;
}

/* --- who may become an exemplar ----------------------------------------------------------------
 */

/* EXM-01, EXM-05, EXM-07 */
Test(storage_exemplars, trace_based_takes_what_is_recorded_in_a_sampled_span) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_TRACE_BASED, &sum, TACHO_NO_ATTRS);
    cr_assert(not(tachoi_exemplars_are_on(&series.policy)));
    record(&series, 1); /* no hook */
    set_hook(&hook);
    cr_assert(tachoi_exemplars_are_on(&series.policy));
    record(&series, 2); /* no span */
    enter_span(1, 0);
    record(&series, 3); /* valid, but not sampled */
    enter_span(1, (uint8_t)~TACHO_TRACE_SAMPLED);
    record(&series, 4);
    enter_span(1, TACHO_TRACE_SAMPLED);
    is_active = false;
    record(&series, 5);
    cr_assert(eq(sz, collect(&series).count, 0));
    is_active = true;
    record(&series, 6);
    const tacho_exemplars exemplars = collect(&series);
    cr_assert(eq(sz, exemplars.count, 1));
    cr_assert(eq(dbl, tacho_exemplars_at(&exemplars, 0)->value.f64, 6.0));
    teardown(&series);
}

/* EXM-03 */
Test(storage_exemplars, an_exemplar_tells_value_time_and_span) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_TRACE_BASED, &sum, TACHO_NO_ATTRS);
    series.policy.number_type = TACHO_NUMBER_I64;
    set_hook(&hook);
    enter_span(7, 0xff);
    now_ns = 123;
    const struct tachoi_exemplar_target target = {.exemplars = &series.exemplars,
                                                  .attributes = series.set->bytes,
                                                  .attributes_size = series.set->size};
    tachoi_exemplars_consider(&series.policy, &target, (union tachoi_measured){.i64 = -9},
                              TACHO_NO_ATTRS, true);
    now_ns = 456;
    const tacho_exemplars exemplars = collect(&series);
    cr_assert(eq(sz, exemplars.count, 1));
    cr_assert(eq(sz, exemplars.size, sizeof(tacho_exemplar)));
    const tacho_exemplar *exemplar = tacho_exemplars_at(&exemplars, 0);
    cr_assert(eq(int, exemplar->number_type, TACHO_NUMBER_I64));
    cr_assert(eq(i64, exemplar->value.i64, -9));
    cr_assert(eq(u64, exemplar->time_unix_nano, 123));
    cr_assert(exemplar->has_span);
    cr_assert(eq(int, memcmp(exemplar->trace_id, active.trace_id, 16), 0));
    cr_assert(eq(int, memcmp(exemplar->span_id, active.span_id, 8), 0));
    teardown(&series);
}

/* EXM-05 */
Test(storage_exemplars, always_on_takes_all_with_a_span_where_there_is_one) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_NO_ATTRS);
    cr_assert(tachoi_exemplars_are_on(&series.policy));
    record(&series, 1);
    tacho_exemplars exemplars = collect(&series);
    cr_assert(eq(sz, exemplars.count, 1));
    cr_assert(not(exemplars.items[0].has_span));
    set_hook(&hook);
    enter_span(3, 0);
    record(&series, 2);
    exemplars = collect(&series);
    cr_assert(exemplars.items[0].has_span);
    cr_assert(eq(u8, exemplars.items[0].trace_id[0], 3));
    is_active = false;
    record(&series, 3);
    cr_assert(not(collect(&series).items[0].has_span));
    teardown(&series);
}

/* EXM-02, EXM-05, EXM-06: a stream whose filter is AlwaysOff has no policy. */
Test(storage_exemplars, always_off_takes_none) {
    struct tachoi_series_exemplars none = {NULL};
    struct tachoi_arena arena;
    tacho_exemplars exemplars;
    tachoi_arena_init(&arena, 0);
    set_hook(&hook);
    enter_span(1, TACHO_TRACE_SAMPLED);
    cr_assert(not(tachoi_exemplars_are_on(NULL)));
    tachoi_exemplars_collect(NULL, &none, &arena, &exemplars);
    cr_assert(eq(sz, exemplars.count, 0));
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_OFF, &sum, TACHO_NO_ATTRS);
    record(&series, 1);
    cr_assert(eq(sz, collect(&series).count, 0));
    teardown(&series);
    tachoi_arena_fini(&arena);
}

/* EXM-02 */
Test(storage_exemplars, there_is_no_memory_before_an_exemplar) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_TRACE_BASED, &histogram, TACHO_ATTRS(TACHO_I64("a", 1)));
    tachoi_alloc_fail_at(1);
    record(&series, 1);
    set_hook(&hook);
    record(&series, 2);
    enter_span(1, 0);
    record(&series, 3);
    cr_assert(eq(sz, collect(&series).count, 0));
    cr_assert(tachoi_alloc_fail_pending());
    cr_assert(eq(ptr, atomic_load(&series.exemplars.reservoir), NULL));
    tachoi_alloc_fail_at(0);
    enter_span(1, TACHO_TRACE_SAMPLED);
    record(&series, 4);
    cr_assert(ne(ptr, atomic_load(&series.exemplars.reservoir), NULL));
    teardown(&series);
}

/* EXM-03, EXM-07: the collecting thread's span has nothing to do with what callbacks observe. */
Test(storage_exemplars, asynchronous_measurements_have_no_span) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_TRACE_BASED, &sum, TACHO_NO_ATTRS);
    set_hook(&hook);
    enter_span(1, TACHO_TRACE_SAMPLED);
    consider(&series, 1, TACHO_NO_ATTRS, false);
    cr_assert(eq(sz, collect(&series).count, 0));
    series.policy.filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON;
    consider(&series, 2, TACHO_NO_ATTRS, false);
    const tacho_exemplars exemplars = collect(&series);
    cr_assert(eq(sz, exemplars.count, 1));
    cr_assert(not(exemplars.items[0].has_span));
    cr_assert(eq(sz, asked, 0));
    teardown(&series);
}

/* --- attributes --------------------------------------------------------------------------------
 */

/* EXM-13: synchronous and asynchronous. */
Test(storage_exemplars, point_and_exemplar_have_all_attributes_together) {
    for (int i = 0; i < 2; i++) {
        struct series series;
        setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_ATTRS(TACHO_STR("route", "/")));
        series.policy.attribute_filter = keep("route");
        consider(&series, 1,
                 TACHO_ATTRS(TACHO_I64("user", 1), TACHO_STR("route", "/"), TACHO_STR("host", "h"),
                             TACHO_I64("user", 2)),
                 i == 0);
        const tacho_exemplars exemplars = collect(&series);
        cr_assert(eq(sz, exemplars.count, 1));
        const tacho_attributes left = exemplars.items[0].filtered_attributes;
        cr_assert(eq(sz, left.count, 2));
        cr_assert(eq(int, memcmp(left.items[0].key.data, "host", 4), 0));
        cr_assert(eq(int, memcmp(left.items[0].value.as.string.data, "h", 1), 0));
        cr_assert(eq(int, memcmp(left.items[1].key.data, "user", 4), 0));
        cr_assert(eq(i64, left.items[1].value.as.i64, 2));
        teardown(&series);
    }
}

/* EXM-13 */
Test(storage_exemplars, without_a_filter_the_point_has_all_attributes) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_ATTRS(TACHO_I64("a", 1)));
    consider(&series, 1, TACHO_ATTRS(TACHO_I64("a", 1)), true);
    cr_assert(eq(sz, collect(&series).items[0].filtered_attributes.count, 0));
    teardown(&series);
}

/* EXM-13 */
Test(storage_exemplars, the_overflow_series_leaves_all_attributes_to_its_exemplars) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum,
          TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true)));
    series.policy.attribute_filter = keep("a");
    series.is_overflow = true;
    consider(&series, 1, TACHO_ATTRS(TACHO_I64("b", 2), TACHO_I64("a", 1)), true);
    cr_assert(eq(sz, collect(&series).items[0].filtered_attributes.count, 2));
    teardown(&series);
}

/* EXM-13: around the number that is kept on the stack. */
Test(storage_exemplars, any_number_of_attributes_is_left_to_exemplars) {
    static char names[100][16];
    static tacho_attribute items[100];
    for (size_t i = 0; i < 100; i++) {
        snprintf(names[i], sizeof names[i], "name%03zu", i);
        items[i] = TACHO_I64(names[i], (int64_t)i);
    }
    for (size_t count = 31; count <= 100; count += count < 36 ? 1 : 64) {
        struct series series;
        setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_NO_ATTRS);
        series.policy.attribute_filter = keep("name000");
        consider(&series, 1, tacho_attributes_from(items, count), true);
        const tacho_exemplars exemplars = collect(&series);
        cr_assert(eq(sz, exemplars.count, 1));
        const tacho_attributes left = exemplars.items[0].filtered_attributes;
        cr_assert(eq(sz, left.count, count - 1));
        cr_assert(eq(i64, left.items[count - 2].value.as.i64, (int64_t)count - 1));
        teardown(&series);
    }
}

/* --- which reservoir ---------------------------------------------------------------------------
 */

static size_t exemplars_of(const struct tachoi_aggregation *aggregation) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, aggregation, TACHO_NO_ATTRS);
    for (int i = 0; i < 200; i++) {
        record(&series, 100 * i);
    }
    record(&series, 1);
    const size_t count = collect(&series).count;
    teardown(&series);
    return count;
}

/* EXM-15, EXM-20, EXM-21, EXM-22 */
Test(storage_exemplars, the_default_reservoir_follows_the_aggregation) {
    const double bounds[] = {10, 20};
    struct tachoi_aggregation aggregation = {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                             .number_type = TACHO_NUMBER_F64,
                                             .bounds = bounds,
                                             .bound_count = 2};
    cr_assert(eq(sz, exemplars_of(&aggregation), 2)); /* of the buckets that have values */
    aggregation.bound_count = 0;
    cr_assert(eq(sz, exemplars_of(&aggregation), 1));
    aggregation = (struct tachoi_aggregation){.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
                                              .number_type = TACHO_NUMBER_F64,
                                              .max_size = 160};
    cr_assert(eq(sz, exemplars_of(&aggregation), 20));
    aggregation.max_size = 6;
    cr_assert(eq(sz, exemplars_of(&aggregation), 6));
    cr_assert(eq(sz, exemplars_of(&sum), 1));
    aggregation.kind = TACHOI_AGGREGATION_LAST_VALUE;
    cr_assert(eq(sz, exemplars_of(&aggregation), 1));
}

/* A reservoir of somebody else's: keeps the last measurement, and tells what it was given. */
struct own_reservoir {
    tacho_exemplar last;
    tacho_attribute attributes[2];
};

static tacho_exemplar_reservoir_config last_config;
static int64_t config_attribute;
static tacho_exemplar_measurement last_offer;
static tacho_context last_context;
static int64_t last_attributes[2];
static _Atomic(size_t) created;
static _Atomic(size_t) destroyed;
static bool refuses;

static void *own_create(void *user, const tacho_exemplar_reservoir_config *config) {
    cr_assert(eq(ptr, user, &created));
    if (refuses) {
        return NULL;
    }
    atomic_fetch_add(&created, 1);
    (void)config;
    return calloc(1, sizeof(struct own_reservoir));
}

static void *own_create_and_tell(void *user, const tacho_exemplar_reservoir_config *config) {
    last_config = *config;
    config_attribute = config->attributes.count == 1 ? config->attributes.items[0].value.as.i64 : 0;
    return own_create(user, config);
}

static void own_offer(void *self, const tacho_exemplar_measurement *measurement) {
    struct own_reservoir *own = self;
    last_offer = *measurement;
    if (measurement->context != NULL) {
        last_context = *measurement->context;
    }
    for (size_t i = 0; i < 2; i++) {
        last_attributes[i] = measurement->attributes.items[i].value.as.i64;
    }
    own->attributes[0] = TACHO_I64("z", 1);
    own->attributes[1] = TACHO_I64("a", 2);
    own->last.number_type = measurement->number_type;
    own->last.value.f64 = measurement->value.f64;
    own->last.filtered_attributes = tacho_attributes_from(own->attributes, 2);
}

static void own_offer_nothing(void *self, const tacho_exemplar_measurement *measurement) {
    (void)self;
    (void)measurement;
}

static void own_collect(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    struct own_reservoir *own = self;
    for (int i = 0; i < 9; i++) { /* more than there is room for at first */
        own->last.time_unix_nano = (uint64_t)i;
        sink(sink_self, &own->last);
    }
    sink(sink_self, NULL);
    memset(own->attributes, 0xff, sizeof own->attributes); /* the sink has copied */
}

static void own_destroy(void *self) {
    atomic_fetch_add(&destroyed, 1);
    free(self);
}

static const tacho_exemplar_reservoir_ops own_ops = {.struct_size = sizeof own_ops,
                                                     .create = own_create_and_tell,
                                                     .offer = own_offer,
                                                     .collect = own_collect,
                                                     .destroy = own_destroy};

static void use_own(struct series *series, const tacho_exemplar_reservoir_ops *ops) {
    series->policy.ops = ops;
    series->policy.user = &created;
}

/* EXM-04, EXM-10, EXM-23 */
Test(storage_exemplars, a_reservoir_of_ones_own_learns_of_series_and_measurement) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_TRACE_BASED, &histogram, TACHO_ATTRS(TACHO_I64("a", 5)));
    series.policy.attribute_filter = keep("a");
    use_own(&series, &own_ops);
    set_hook(&hook);
    enter_span(1, TACHO_TRACE_SAMPLED);
    active.baggage = TACHO_ATTRS(TACHO_STR("tenant", "t"));
    consider(&series, 7, TACHO_ATTRS(TACHO_I64("a", 5), TACHO_I64("b", 6)), true);
    cr_assert(eq(sz, last_config.struct_size, sizeof last_config));
    cr_assert(eq(int, last_config.kind, TACHO_INSTRUMENT_HISTOGRAM));
    cr_assert(eq(int, last_config.number_type, TACHO_NUMBER_F64));
    cr_assert(eq(int, last_config.temporality, TACHO_TEMPORALITY_DELTA));
    cr_assert(eq(i64, config_attribute, 5));
    cr_assert(eq(ptr, (void *)last_config.boundaries, (void *)tachoi_default_bounds));
    cr_assert(eq(sz, last_config.boundary_count, TACHOI_DEFAULT_BOUND_COUNT));
    cr_assert(eq(u32, last_config.max_size, 0));

    cr_assert(eq(sz, last_offer.struct_size, sizeof last_offer));
    cr_assert(eq(dbl, last_offer.value.f64, 7.0));
    cr_assert(eq(u64, last_offer.time_unix_nano, now_ns));
    cr_assert(eq(sz, last_offer.attributes.count, 2));
    cr_assert(eq(i64, last_attributes[0], 5));
    cr_assert(eq(i64, last_attributes[1], 6));
    cr_assert(eq(sz, last_offer.filtered_attributes.count, 1));
    cr_assert(eq(sz, last_context.struct_size, sizeof last_context));
    cr_assert(eq(u8, last_context.trace_id[15], 1));
    cr_assert(eq(sz, last_context.baggage.count, 1));

    const tacho_exemplars exemplars = collect(&series);
    cr_assert(eq(sz, exemplars.count, 9));
    for (size_t i = 0; i < 9; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(&exemplars, i);
        cr_assert(eq(u64, exemplar->time_unix_nano, i));
        cr_assert(eq(sz, exemplar->filtered_attributes.count, 2));
        cr_assert(eq(int, exemplar->filtered_attributes.items[0].key.data[0], 'a'));
        cr_assert(eq(i64, exemplar->filtered_attributes.items[1].value.as.i64, 1));
    }
    teardown(&series);
    cr_assert(eq(sz, atomic_load(&destroyed), 1));
}

/* EXM-09 */
Test(storage_exemplars, each_series_has_a_reservoir_of_its_own) {
    struct series series[2];
    for (size_t i = 0; i < 2; i++) {
        setup(&series[i], TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_ATTRS(TACHO_I64("a", 5)));
        use_own(&series[i], &own_ops);
    }
    for (size_t i = 0; i < 10; i++) {
        consider(&series[i % 2], 1, TACHO_ATTRS(TACHO_I64("a", 5), TACHO_I64("b", 6)), true);
    }
    cr_assert(eq(sz, atomic_load(&created), 2));
    teardown(&series[0]);
    teardown(&series[1]);
    cr_assert(eq(sz, atomic_load(&destroyed), 2));
}

/* EXM-23 */
Test(storage_exemplars, a_reservoir_may_have_nothing_to_destroy) {
    static const tacho_exemplar_reservoir_ops tables[] = {
        {.struct_size = offsetof(tacho_exemplar_reservoir_ops, destroy),
         .create = own_create,
         .offer = own_offer_nothing,
         .collect = own_collect,
         .destroy = own_destroy},
        {.struct_size = sizeof(tacho_exemplar_reservoir_ops),
         .create = own_create,
         .offer = own_offer_nothing,
         .collect = own_collect}};
    for (size_t i = 0; i < 2; i++) {
        struct series series;
        setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_NO_ATTRS);
        use_own(&series, &tables[i]);
        record(&series, 1);
        void *reservoir = atomic_load(&series.exemplars.reservoir);
        cr_assert(ne(ptr, reservoir, NULL));
        teardown(&series);
        cr_assert(eq(sz, atomic_load(&destroyed), 0));
        free(reservoir);
    }
}

Test(storage_exemplars, a_reservoir_that_cannot_be_made_is_asked_for_again) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_ATTRS(TACHO_I64("a", 5)));
    use_own(&series, &own_ops);
    refuses = true;
    consider(&series, 1, TACHO_ATTRS(TACHO_I64("a", 5), TACHO_I64("b", 6)), true);
    cr_assert(eq(sz, collect(&series).count, 0));
    refuses = false;
    consider(&series, 1, TACHO_ATTRS(TACHO_I64("a", 5), TACHO_I64("b", 6)), true);
    cr_assert(eq(sz, collect(&series).count, 9));
    teardown(&series);
    tachoi_exemplars_fini(&series.policy, &series.exemplars); /* twice is nothing */
    cr_assert(eq(sz, atomic_load(&destroyed), 1));
}

/* --- collecting --------------------------------------------------------------------------------
 */

/* EXM-12 */
Test(storage_exemplars, what_was_collected_outlives_the_reservoir) {
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &histogram, TACHO_NO_ATTRS);
    series.policy.attribute_filter = keep("none");
    for (int i = 0; i < 16; i++) {
        consider(&series, i < 15 ? tachoi_default_bounds[i] : 1e9, TACHO_ATTRS(TACHO_I64("i", i)),
                 true);
    }
    const tacho_exemplars exemplars = collect(&series);
    tachoi_exemplars_fini(&series.policy, &series.exemplars);
    cr_assert(eq(sz, exemplars.count, 16));
    for (size_t i = 0; i < 16; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(&exemplars, i);
        cr_assert(eq(i64, exemplar->filtered_attributes.items[0].value.as.i64, (int64_t)i));
    }
    cr_assert(eq(sz, collect(&series).count, 0));
    teardown(&series);
}

/* Each allocation of offering and collecting fails once; nothing is lost but the exemplar. */
Test(storage_exemplars, short_memory_costs_exemplars_alone) {
    static tacho_attribute many[40];
    static char names[40][8];
    for (size_t i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        many[i] = TACHO_STR(names[i], "a text that makes them all together long");
    }
    uint64_t failures = 0;
    for (bool has_failed = true; has_failed; failures += has_failed ? 1 : 0) {
        struct series series;
        setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_ATTRS(TACHO_I64("a", 1)));
        series.policy.attribute_filter = keep("a");
        tachoi_alloc_fail_at(failures + 1);
        consider(&series, 1, tacho_attributes_from(many, 40), true);
        const size_t count = collect(&series).count;
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(sz, count, has_failed ? 0 : 1));
        consider(&series, 1, tacho_attributes_from(many, 40), true);
        cr_assert(eq(sz, collect(&series).count, 1));
        teardown(&series);
    }
    cr_assert(gt(u64, failures, 4));
}

/* --- threads -----------------------------------------------------------------------------------
 */

enum { THREADS = 4 };

static pthread_barrier_t together;

/* No thread gets its reservoir before all have asked for one. */
static void *own_create_together(void *user, const tacho_exemplar_reservoir_config *config) {
    void *own = own_create(user, config);
    (void)pthread_barrier_wait(&together);
    return own;
}

static void *record_one(void *self) {
    record(self, 1);
    return NULL;
}

/* EXM-09, EXM-24: threads that come first together make one reservoir. */
Test(storage_exemplars, one_of_several_first_measurements_makes_the_reservoir) {
    static const tacho_exemplar_reservoir_ops ops = {.struct_size = sizeof ops,
                                                     .create = own_create_together,
                                                     .offer = own_offer_nothing,
                                                     .collect = own_collect,
                                                     .destroy = own_destroy};
    struct series series;
    setup(&series, TACHO_EXEMPLAR_FILTER_ALWAYS_ON, &sum, TACHO_NO_ATTRS);
    use_own(&series, &ops);
    pthread_t threads[THREADS];
    cr_assert(eq(int, pthread_barrier_init(&together, NULL, THREADS), 0));
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, record_one, &series), 0));
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert(eq(int, pthread_join(threads[i], NULL), 0));
    }
    cr_assert(eq(sz, atomic_load(&created), THREADS));
    cr_assert(eq(sz, atomic_load(&destroyed), THREADS - 1));
    teardown(&series);
    cr_assert(eq(sz, atomic_load(&destroyed), THREADS));
    (void)pthread_barrier_destroy(&together);
}
