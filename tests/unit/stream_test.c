/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: what views and readers make of an instrument, and that readers never disturb each other.
 */
#include <math.h>

#include "sdk_fixture.h"

static int64_t i64_of(const struct collected *collected, const char *name, const char *attrs) {
    const struct seen_point *point = point_with(collected, name, attrs);
    return point != NULL ? point->i64 : INT64_MIN;
}

/* --- views --- */

/* VIEW-19, VIEW-23, INST-16 */
Test(stream, without_a_view_that_matches_the_default_stream_is_there) {
    static const double bounds[] = {1, 2};
    for (int has_views = 0; has_views < 2; has_views++) {
        struct sdk sdk = has_views ? SDK_WITH_VIEWS(VIEW(.instrument_name = "other"),
                                                    VIEW(.unit = "bananas", .name = NULL))
                                   : make_sdk();
        tacho_histogram *histogram = tacho_meter_create_histogram(
            sdk.meter, "h",
            TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                          .explicit_bucket_boundary_count = 2));
        cr_expect(tacho_histogram_enabled(histogram, NULL));
        tacho_histogram_record(histogram, 1.5, TACHO_ATTRS(TACHO_I64("a", 1)));
        struct collected *collected = collect(sdk.reader);
        const struct seen_point *point = point_with(collected, "h", "a=1");
        cr_assert(ne(ptr, (void *)point, NULL));
        cr_expect(eq(int, point->type, TACHO_METRIC_HISTOGRAM));
        cr_expect(eq(int, point->temporality, TACHO_TEMPORALITY_CUMULATIVE));
        cr_expect(eq(sz, point->bound_count, 2));
        free(collected);
        tacho_meter_provider_destroy(sdk.provider);
    }
}

/* VIEW-20 */
Test(stream, each_view_that_matches_makes_a_stream_of_its_own) {
    static const char *const keys[] = {"a"};
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "c"),
                       VIEW(.instrument_name = "c", .name = "by a", .description = "reduced",
                            .included_keys = keys, .included_key_count = 1));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound =
        tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 1)));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    tacho_bound_counter_add(bound, 2);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2));
    cr_expect(eq(sz, collected->count, 3));
    cr_expect(eq(i64, i64_of(collected, "c", "a=1,b=2"), 1));
    cr_expect(eq(i64, i64_of(collected, "c", "a=1,b=1"), 2));
    cr_expect(eq(i64, i64_of(collected, "by a", "a=1"), 3));
    cr_expect(eq(str, (char *)point_of(collected, "by a", 0)->description, (char *)"reduced"));
    free(collected);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

static void observe_both(tacho_observer *observer, void *user) {
    tacho_observable *observable = *(tacho_observable **)user;
    tacho_observe_i64(observer, observable, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 1)));
    tacho_observe_i64(observer, observable, 2, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
}

/* VIEW-20, AGG-11: observables too */
Test(stream, observations_go_to_each_stream) {
    static const char *const keys[] = {"a"};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "o"),
                                    VIEW(.instrument_name = "o", .name = "o.a",
                                         .included_keys = keys, .included_key_count = 1));
    tacho_observable *observable = NULL;
    observable = tacho_meter_create_observable_counter(sdk.meter, "o", NULL, observe_both,
                                                       (void *)&observable);
    cr_expect(eq(sz, tacho_observable_series_count(observable), 0));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 3));
    cr_expect(eq(i64, i64_of(collected, "o", "a=1,b=2"), 2));
    cr_expect(eq(i64, i64_of(collected, "o.a", "a=1"), 3));
    cr_expect(eq(sz, tacho_observable_series_count(observable), 3));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-22 */
Test(stream, a_view_that_makes_no_sense_counts_as_absent_and_is_told) {
    const tacho_aggregation histogram = {.struct_size = sizeof histogram,
                                         .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    capture_diagnostics();
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "o", .name = "h", .aggregation = &histogram));
    tacho_observable *observable = NULL;
    observable = tacho_meter_create_observable_counter(sdk.meter, "o", NULL, observe_both,
                                                       (void *)&observable);
    cr_expect(gt(sz, diagnostics_log.count, 0));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(str, collected->points[0].name, "o"));
    cr_expect(eq(int, collected->points[0].type, TACHO_METRIC_SUM));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-14, INST-15, INST-17 */
Test(stream, what_a_view_sets_beats_what_the_instrument_advises) {
    static const double bounds[] = {1, 2};
    static const char *const advised[] = {"advised"};
    static const char *const viewed[] = {"viewed"};
    const tacho_aggregation explicit = {.struct_size = sizeof explicit,
                                        .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "both", .aggregation = &explicit,
                                         .included_keys = viewed, .included_key_count = 1),
                                    VIEW(.instrument_name = "neither", .description = "d"));
    static const char *const names[] = {"both", "neither", "unseen"};
    for (size_t i = 0; i < 3; i++) {
        tacho_histogram_record(
            tacho_meter_create_histogram(
                sdk.meter, names[i],
                TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                              .explicit_bucket_boundary_count = 2, .attribute_keys = advised,
                              .attribute_key_count = 1)),
            1, TACHO_ATTRS(TACHO_I64("advised", 1), TACHO_I64("viewed", 2), TACHO_I64("x", 3)));
    }
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 3));
    cr_expect(eq(sz, collected->points[0].bound_count, 15));
    cr_expect(eq(str, collected->points[0].attrs, "viewed=2"));
    for (size_t i = 1; i < 3; i++) {
        cr_expect(eq(sz, collected->points[i].bound_count, 2));
        cr_expect(eq(str, collected->points[i].attrs, "advised=1"));
    }
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* AGG-12, SDK-19: the kind says what may enter, not what a view makes of it */
Test(stream, the_kind_judges_values_whatever_the_aggregation) {
    const tacho_aggregation sum = {.struct_size = sizeof sum, .type = TACHO_AGGREGATION_SUM};
    const tacho_aggregation last = {.struct_size = sizeof last,
                                    .type = TACHO_AGGREGATION_LAST_VALUE};
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "g"),
                       VIEW(.instrument_name = "g", .name = "g.sum", .aggregation = &sum),
                       VIEW(.instrument_name = "c", .aggregation = &last),
                       VIEW(.instrument_name = "h", .aggregation = &sum),
                       VIEW(.instrument_name = "h", .name = "h.h"));
    capture_diagnostics();
    tacho_gauge_f64 *gauge = tacho_meter_create_gauge_f64(sdk.meter, "g", NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    tacho_bound_gauge_f64 *bound = tacho_gauge_f64_bind(gauge, TACHO_NO_ATTRS);
    tacho_gauge_f64_record(gauge, 2, TACHO_NO_ATTRS);
    tacho_gauge_f64_record(gauge, (double)NAN, TACHO_NO_ATTRS);
    tacho_bound_gauge_f64_record(bound, (double)INFINITY);
    tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
    tacho_counter_add(counter, -1, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, 3, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, -2, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(isinf(point_of(collected, "g", 0)->f64));
    cr_expect(eq(dbl, point_of(collected, "g.sum", 0)->f64, 2));
    cr_expect(eq(int, point_of(collected, "c", 0)->type, TACHO_METRIC_GAUGE));
    cr_expect(eq(i64, point_of(collected, "c", 0)->i64, 5));
    cr_expect(eq(dbl, point_of(collected, "h", 0)->f64, 3), "a monotonic sum takes none");
    cr_expect(eq(dbl, point_of(collected, "h.h", 0)->sum, 1), "a histogram does");
    cr_expect(was_told("not_finite", "dropped so far: 2,"), "%s", diagnostic_of("not_finite"));
    cr_expect(was_told("negative_value", "dropped so far: 2,"));
    free(collected);
    tacho_bound_gauge_f64_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- readers --- */

static void observe_time(tacho_observer *observer, void *user) {
    tacho_observable *observable = *(tacho_observable **)user;
    tacho_observe_i64(observer, observable, 10, TACHO_NO_ATTRS);
}

/* TIME-01, TIME-02, TIME-03, TIME-12, RDR-03, RDR-04 */
Test(stream, temporality_is_the_readers_own_matter) {
    tacho_metric_reader *readers[] = {DELTA_READER(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_gauge *gauge = tacho_meter_create_gauge(meter, "g", NULL);
    tacho_up_down_counter *up_down = tacho_meter_create_up_down_counter(meter, "u", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_gauge_record(gauge, 1, TACHO_NO_ATTRS);
    tacho_up_down_counter_add(up_down, 1, TACHO_NO_ATTRS);
    struct collected *delta = collect(readers[0]);
    cr_expect(eq(i64, i64_of(delta, "c", ""), 1));
    cr_expect(eq(int, point_of(delta, "c", 0)->temporality, TACHO_TEMPORALITY_DELTA));
    cr_expect(eq(int, point_of(delta, "u", 0)->temporality, TACHO_TEMPORALITY_CUMULATIVE));
    cr_expect(eq(int, point_of(delta, "g", 0)->temporality, TACHO_TEMPORALITY_UNSPECIFIED));
    free(delta);
    tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
    struct collected *cumulative = collect(readers[1]);
    cr_expect(eq(i64, i64_of(cumulative, "c", ""), 3), "no reset of another reader is seen");
    cr_expect(eq(int, point_of(cumulative, "c", 0)->temporality, TACHO_TEMPORALITY_CUMULATIVE));
    free(cumulative);
    delta = collect(readers[0]);
    cr_expect(eq(i64, i64_of(delta, "c", ""), 2));
    cr_expect(eq(i64, i64_of(delta, "u", ""), 1), "cumulative streams repeat");
    cr_expect(eq(ptr, (void *)point_of(delta, "g", 0), NULL), "not recorded since");
    free(delta);
    delta = collect(readers[0]);
    cr_expect(eq(ptr, (void *)point_of(delta, "c", 0), NULL));
    free(delta);
    cumulative = collect(readers[1]);
    cr_expect(eq(i64, i64_of(cumulative, "c", ""), 3));
    cr_expect(eq(i64, i64_of(cumulative, "g", ""), 1));
    free(cumulative);
    tacho_meter_provider_destroy(provider);
}

/* TIME-01, TIME-04, TIME-05 */
Test(stream, intervals_follow_each_other_in_delta_and_begin_once_in_cumulative) {
    struct fake_time time = {.unix_ns = 1000};
    tacho_metric_reader *readers[] = {DELTA_READER(), make_manual_reader()};
    tacho_meter_provider *provider = make_timed_provider(readers, 2, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_observable *observable = NULL;
    observable =
        tacho_meter_create_observable_counter(meter, "o", NULL, observe_time, (void *)&observable);
    uint64_t previous = 1000;
    uint64_t cumulative_start = 0;
    for (uint64_t now = 2000; now < 5000; now += 1000) {
        time.unix_ns = now - 500;
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        time.unix_ns = now;
        struct collected *delta = collect(readers[0]);
        struct collected *cumulative = collect(readers[1]);
        for (int i = 0; i < 2; i++) {
            const char *name = i == 0 ? "c" : "o";
            const struct seen_point *point = point_of(delta, name, 0);
            cr_assert(ne(ptr, (void *)point, NULL));
            cr_expect(eq(u64, point->start_time, previous), "%s", name);
            cr_expect(eq(u64, point->time, now));
            cr_expect(eq(u64, point_of(cumulative, name, 0)->time, now));
        }
        cr_expect(eq(i64, point_of(delta, "o", 0)->i64, now == 2000 ? 10 : 0));
        cr_expect(eq(i64, point_of(cumulative, "o", 0)->i64, 10));
        uint64_t start = point_of(cumulative, "c", 0)->start_time;
        cr_expect(cumulative_start == 0 || cumulative_start == start, "it begins once");
        cumulative_start = start;
        previous = now;
        free(delta);
        free(cumulative);
    }
    tacho_meter_provider_destroy(provider);
}

/* CARD-10, RDR-03 */
Test(stream, limits_are_of_the_reader_and_the_kind) {
    tacho_metric_reader *readers[] = {
        READER(.cardinality_limit = 3, .cardinality_limits = {[TACHO_INSTRUMENT_HISTOGRAM] = 1}),
        make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    struct collected *limited = collect(readers[0]);
    struct collected *unlimited = collect(readers[1]);
    cr_expect(eq(sz, limited->count, 4 + 2));
    cr_expect(eq(i64, i64_of(limited, "c", "otel.metric.overflow=true"), 2));
    cr_expect(eq(u64, point_with(limited, "h", "otel.metric.overflow=true")->count, 4));
    cr_expect(eq(sz, unlimited->count, 10));
    free(limited);
    free(unlimited);
    tacho_meter_provider_destroy(provider);
}

/* INST-24 */
Test(stream, no_limit_for_other_signals_cuts_the_attributes_of_measurements) {
    enum { COUNT = 300, LENGTH = 5000 };
    setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "1", 1);
    setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1", 1);
    static char keys[COUNT][8];
    static tacho_attribute attributes[COUNT];
    static char text[LENGTH];
    struct sdk sdk = make_sdk();
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "k%03zu", i);
        attributes[i] = tacho_attribute_string(keys[i], text, LENGTH);
    }
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter_add(counter, 1, tacho_attributes_from(attributes, COUNT));
    text[LENGTH - 1] = 'y'; /* what differs in the last character is another series */
    tacho_counter_add(counter, 1, tacho_attributes_from(attributes, COUNT));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(sz, collected->points[0].attr_count, COUNT));
    cr_expect(eq(sz, collected->points[1].attr_count, COUNT));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- memory --- */

/* What memory is too short for is a no-op that does no harm. */
Test(stream, every_failed_allocation_of_a_creation_is_survived) {
    static const char *const keys[] = {"a"};
    static const double bounds[] = {1};
    setenv("OTEL_LOG_LEVEL", "none", 1);
    bool has_failed = true;
    uint64_t k = 1;
    for (; has_failed && k < 300; k++) {
        struct sdk sdk =
            SDK_WITH_VIEWS(VIEW(.instrument_name = "h"), VIEW(.instrument_name = "h", .name = "i"));
        tachoi_alloc_fail_at(k);
        tacho_meter *meter = tacho_meter_provider_get_meter(sdk.provider, "made", NULL);
        tacho_histogram *histogram = tacho_meter_create_histogram(
            meter, "h",
            TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                          .explicit_bucket_boundary_count = 1, .attribute_keys = keys,
                          .attribute_key_count = 1));
        tacho_bound_histogram *bound =
            tacho_histogram_bind(histogram, TACHO_ATTRS(TACHO_I64("a", 1)));
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        bool is_enabled = tacho_histogram_enabled(histogram, NULL);
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("a", 1)));
        tacho_bound_histogram_record(bound, 1);
        struct collected *collected = collect(sdk.reader);
        cr_assert(eq(sz, collected->metric_count, is_enabled ? 2 : 0), "allocation %lu",
                  (unsigned long)k);
        cr_assert(has_failed || collected->points[0].count == 2);
        free(collected);
        tacho_bound_histogram_release(bound);
        tacho_meter_provider_destroy(sdk.provider);
    }
    cr_expect(gt(u64, k, 6));
    cr_expect(lt(u64, k, 300));
}
