/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements on views, from the options of a view to what a provider exports. */
#include "sdk_fixture.h"

/* --- selecting --- */

/* One instrument "Pool.size" in "{item}" of the meter http.server 1.2 https://a/b, under one view
 * whose description tells whether it was selected. */
static bool is_selected_by(const tacho_view_options *criteria) {
    tacho_view_options options = *criteria;
    options.struct_size = sizeof options;
    options.description = "selected";
    struct sdk sdk = SDK_WITH_VIEWS(make_view(&options));
    tacho_meter *meter = tacho_meter_provider_get_meter(
        sdk.provider, "http.server",
        TACHO_OPTIONS(tacho_scope_options, .version = "1.2", .schema_url = "https://a/b"));
    tacho_gauge_record(
        tacho_meter_create_gauge(meter, "Pool.size",
                                 TACHO_OPTIONS(tacho_instrument_options, .unit = "{item}")),
        1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    bool is_selected = strcmp(collected->points[0].description, "selected") == 0;
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
    return is_selected;
}

/* VIEW-02, VIEW-03, VIEW-04: each criterion alone, right and wrong, none, and all together */
Test(views, each_criterion_of_the_options_selects) {
    const uint32_t gauge = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_GAUGE);
    const uint32_t counter = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_COUNTER);
    const tacho_view_options all = {.instrument_name = "Pool.size",
                                    .instrument_types = gauge,
                                    .unit = "{item}",
                                    .meter_name = "http.server",
                                    .meter_version = "1.2",
                                    .meter_schema_url = "https://a/b"};
    cr_expect(is_selected_by(&(tacho_view_options){.struct_size = 0}));
    cr_expect(is_selected_by(&all));
    cr_expect(is_selected_by(&(tacho_view_options){.instrument_name = "*"}));
    cr_expect(is_selected_by(&(tacho_view_options){.instrument_name = all.instrument_name}));
    cr_expect(is_selected_by(&(tacho_view_options){.instrument_types = gauge}));
    cr_expect(is_selected_by(&(tacho_view_options){.unit = all.unit}));
    cr_expect(is_selected_by(&(tacho_view_options){.meter_name = all.meter_name}));
    cr_expect(is_selected_by(&(tacho_view_options){.meter_version = all.meter_version}));
    cr_expect(is_selected_by(&(tacho_view_options){.meter_schema_url = all.meter_schema_url}));
    for (int i = 0; i < 6; i++) { /* one wrong among right ones */
        tacho_view_options wrong = all;
        wrong.instrument_name = i == 0 ? "Pool" : wrong.instrument_name;
        wrong.instrument_types = i == 1 ? counter : wrong.instrument_types;
        wrong.unit = i == 2 ? "1.2" : wrong.unit;
        wrong.meter_name = i == 3 ? "Pool.size" : wrong.meter_name;
        wrong.meter_version = i == 4 ? "https://a/b" : wrong.meter_version;
        wrong.meter_schema_url = i == 5 ? "1.2" : wrong.meter_schema_url;
        cr_expect(not(is_selected_by(&wrong)), "criterion %d", i);
    }
}

/* --- what a stream looks like --- */

/* VIEW-07, VIEW-10, VIEW-12, VIEW-18: name, description, keys, aggregation, limit, all at once */
Test(views, everything_that_one_sets_is_exported) {
    static const char *const keys[] = {"a"};
    static const double bounds[] = {10};
    const tacho_aggregation aggregation = {.struct_size = sizeof aggregation,
                                           .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                           .boundaries = bounds,
                                           .boundary_count = 1};
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .name = "2 many jobs!", .description = "viewed",
                            .included_keys = keys, .included_key_count = 1,
                            .aggregation = &aggregation, .cardinality_limit = 2));
    tacho_counter *counter = tacho_meter_create_counter(
        sdk.meter, "c", TACHO_OPTIONS(tacho_instrument_options, .description = "own"));
    for (int64_t i = 0; i < 4; i++) {
        tacho_counter_add(counter, 11 * (i % 2), TACHO_ATTRS(TACHO_I64("a", i), TACHO_I64("b", i)));
    }
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 3));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(str, collected->points[i].name, "2 many jobs!"));
        cr_expect(eq(str, collected->points[i].description, "viewed"));
        cr_expect(eq(int, (int)collected->points[i].type, (int)TACHO_METRIC_HISTOGRAM));
        cr_expect(eq(sz, collected->points[i].bound_count, 1));
    }
    cr_expect(eq(u64, point_with(collected, "2 many jobs!", "a=0")->buckets[0], 1));
    cr_expect(eq(u64, point_with(collected, "2 many jobs!", "a=1")->buckets[1], 1));
    cr_expect(
        eq(u64, point_with(collected, "2 many jobs!", "otel.metric.overflow=true")->count, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-13: what is listed goes, all else stays */
Test(views, an_exclude_list_leaves_the_rest) {
    static const char *const keys[] = {"b", "unused"};
    struct sdk sdk = SDK_WITH_VIEWS(
        VIEW(.instrument_name = "c", .excluded_keys = keys, .excluded_key_count = 2));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    for (int64_t i = 0; i < 3; i++) {
        tacho_counter_add(counter, 1,
                          TACHO_ATTRS(TACHO_I64("c", 3), TACHO_I64("b", i), TACHO_I64("a", 1)));
    }
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].attrs, "a=1,c=3"));
    cr_expect(eq(i64, collected->points[0].i64, 3));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- reservoirs --- */

static unsigned made[2];

static void *make_reservoir(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)config;
    ++*(unsigned *)user;
    return user;
}

static void ignore_offer(void *self, const tacho_exemplar_measurement *measurement) {
    (void)self;
    (void)measurement;
}

static void hand_out_nothing(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    (void)self;
    (void)sink;
    (void)sink_self;
}

static const tacho_exemplar_reservoir_ops silent_reservoir = {.struct_size =
                                                                  sizeof silent_reservoir,
                                                              .create = make_reservoir,
                                                              .offer = ignore_offer,
                                                              .collect = hand_out_nothing};

/* VIEW-17: one for each series, made by the view's factory; where no view has one, the default */
Test(views, a_reservoir_is_made_for_each_series) {
    setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_on", 1);
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "one", .exemplar_reservoir = &silent_reservoir,
                            .exemplar_reservoir_user = &made[0]),
                       VIEW(.instrument_name = "two", .exemplar_reservoir = &silent_reservoir,
                            .exemplar_reservoir_user = &made[1]),
                       VIEW(.instrument_name = "bare"));
    static const char *const names[] = {"one", "two", "bare"};
    for (size_t i = 0; i < 3; i++) {
        tacho_counter *counter = tacho_meter_create_counter(sdk.meter, names[i], NULL);
        for (int64_t j = 0; j < 6; j++) {
            tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("j", j % (2 + (int64_t)i))));
        }
    }
    cr_expect(eq(u32, made[0], 2));
    cr_expect(eq(u32, made[1], 3));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2 + 3 + 4));
    for (size_t i = 0; i < collected->count; i++) {
        cr_expect(eq(sz, collected->points[i].exemplar_count, i < 5 ? 0 : 1), "point %zu", i);
    }
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- matching modes --- */

static struct sdk sdk_with_mode(tacho_view_matching_mode mode) {
    static const char *const not_b[] = {"b"};
    static const double bounds[] = {10};
    const tacho_aggregation aggregation = {.struct_size = sizeof aggregation,
                                           .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                           .boundaries = bounds,
                                           .boundary_count = 1};
    tacho_view *views[] = {
        VIEW(.instrument_name = "h", .name = "one", .description = "first"),
        VIEW(.instrument_name = "h", .aggregation = &aggregation, .excluded_keys = not_b,
             .excluded_key_count = 1),
        VIEW(.instrument_name = "h", .name = "two"),
        VIEW(.instrument_name = "*", .description = "last"),
    };
    struct sdk sdk = {.reader = make_manual_reader()};
    cr_assert(eq(
        int,
        tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = &sdk.reader, .reader_count = 1,
                          .views = views, .view_count = 4, .view_matching_mode = mode),
            &sdk.provider),
        TACHO_OK));
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "h", NULL), 1,
                           TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    return sdk;
}

/* VIEW-25, VIEW-27, VIEW-28: unnamed views join both names; of two descriptions the last counts */
Test(views, composable_ones_make_one_stream_for_each_name) {
    struct sdk sdk = sdk_with_mode(TACHO_VIEW_MATCHING_COMPOSABLE);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(str, collected->points[0].name, "one"));
    cr_expect(eq(str, collected->points[1].name, "two"));
    for (size_t i = 0; i < 2; i++) {
        cr_expect(eq(str, collected->points[i].description, "last"));
        cr_expect(eq(sz, collected->points[i].bound_count, 1));
        cr_expect(eq(str, collected->points[i].attrs, "a=1"));
    }
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-20, VIEW-25: by default each makes its own, and none changes another */
Test(views, by_default_they_are_independent) {
    struct sdk sdk = sdk_with_mode((tacho_view_matching_mode)0);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 4));
    cr_expect(eq(str, (char *)point_of(collected, "one", 0)->description, "first"));
    cr_expect(eq(sz, point_of(collected, "one", 0)->bound_count, 15));
    cr_expect(eq(str, (char *)point_of(collected, "one", 0)->attrs, "a=1,b=2"));
    cr_expect(eq(sz, point_of(collected, "h", 0)->bound_count, 1));
    cr_expect(eq(str, (char *)point_of(collected, "h", 0)->attrs, "a=1"));
    cr_expect(eq(str, (char *)point_of(collected, "two", 0)->description, ""));
    cr_expect(eq(sz, point_of(collected, "h", 1)->bound_count, 15));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}
