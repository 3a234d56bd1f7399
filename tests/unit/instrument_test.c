/* SPDX-License-Identifier: Apache-2.0 */
/* Instruments in the SDK: names, duplicates, advice, what may be recorded, what is exported. */
#include <math.h>

#include "sdk_fixture.h"

static const struct seen_point *only_point(struct collected *collected, const char *name) {
    const struct seen_point *point = point_of(collected, name, 0);
    cr_assert(ne(ptr, (void *)point, NULL), "no point of %s", name);
    cr_assert(eq(ptr, (void *)point_of(collected, name, 1), NULL), "two points of %s", name);
    return point;
}

/* API-08, AGG-03, AGG-04 */
Test(instrument, each_kind_has_its_default_aggregation) {
    struct sdk sdk = make_sdk();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 2, TACHO_NO_ATTRS);
    tacho_counter_f64_add(tacho_meter_create_counter_f64(sdk.meter, "cf", NULL), 2.5,
                          TACHO_NO_ATTRS);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(sdk.meter, "u", NULL), -3,
                              TACHO_NO_ATTRS);
    tacho_up_down_counter_f64_add(tacho_meter_create_up_down_counter_f64(sdk.meter, "uf", NULL),
                                  -3.5, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "g", NULL), 4, TACHO_NO_ATTRS);
    tacho_gauge_f64_record(tacho_meter_create_gauge_f64(sdk.meter, "gf", NULL), 4.5,
                           TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "h", NULL), 7, TACHO_NO_ATTRS);

    struct collected *collected = collect(sdk.reader);
    const struct seen_point *counter = only_point(collected, "c");
    cr_expect(eq(int, counter->type, TACHO_METRIC_SUM));
    cr_expect(eq(int, counter->is_monotonic, true));
    cr_expect(eq(int, counter->temporality, TACHO_TEMPORALITY_CUMULATIVE));
    cr_expect(eq(i64, counter->i64, 2));
    cr_expect(eq(dbl, only_point(collected, "cf")->f64, 2.5));
    cr_expect(eq(int, only_point(collected, "u")->is_monotonic, false));
    cr_expect(eq(i64, only_point(collected, "u")->i64, -3));
    cr_expect(eq(dbl, only_point(collected, "uf")->f64, -3.5));
    cr_expect(eq(int, only_point(collected, "g")->type, TACHO_METRIC_GAUGE));
    cr_expect(eq(int, only_point(collected, "g")->temporality, TACHO_TEMPORALITY_UNSPECIFIED));
    cr_expect(eq(i64, only_point(collected, "g")->i64, 4));
    cr_expect(eq(dbl, only_point(collected, "gf")->f64, 4.5));
    cr_expect(eq(int, only_point(collected, "h")->type, TACHO_METRIC_HISTOGRAM));
    cr_expect(eq(u64, only_point(collected, "h")->count, 1));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* AGG-08 */
Test(instrument, a_histogram_has_the_default_boundaries) {
    static const double expected[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                      500, 750, 1000, 2500, 5000, 7500, 10000};
    struct sdk sdk = make_sdk();
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "h", NULL), 5, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    const struct seen_point *point = only_point(collected, "h");
    cr_assert(eq(sz, point->bound_count, sizeof expected / sizeof expected[0]));
    for (size_t i = 0; i < point->bound_count; i++) {
        cr_expect(eq(dbl, point->bounds[i], expected[i]));
    }
    cr_expect(eq(u64, point->buckets[1], 1)); /* upper bounds are inclusive */
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* API-23, INST-16 */
Test(instrument, advisory_boundaries_are_used_and_an_empty_list_differs_from_none) {
    struct sdk sdk = make_sdk();
    static const double bounds[] = {0.1, 0.2};
    tacho_histogram *own = tacho_meter_create_histogram(
        sdk.meter, "own",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = 2));
    tacho_histogram *empty = tacho_meter_create_histogram(
        sdk.meter, "empty",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = TACHO_NO_BOUNDARIES));
    tacho_histogram_record(own, 0.15, TACHO_NO_ATTRS);
    tacho_histogram_record(empty, 0.15, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, only_point(collected, "own")->bound_count, 2));
    cr_expect(eq(u64, only_point(collected, "own")->buckets[1], 1));
    cr_expect(eq(sz, only_point(collected, "empty")->bound_count, 0));
    cr_expect(eq(u64, only_point(collected, "empty")->buckets[0], 1));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static size_t bound_count_with(const double *bounds, size_t count) {
    struct sdk sdk = make_sdk();
    tacho_histogram *histogram = tacho_meter_create_histogram(
        sdk.meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = count));
    tacho_histogram_record(histogram, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    size_t bound_count = only_point(collected, "h")->bound_count;
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
    return bound_count;
}

/* INST-12 */
Test(instrument, bad_boundaries_are_told_and_treated_as_absent) {
    capture_diagnostics();
    cr_expect(eq(sz, bound_count_with((const double[]){2, 1}, 2), 15));
    cr_expect(was_told("boundaries_invalid", "strictly increasing"));
    cr_expect(eq(sz, bound_count_with((const double[]){1, 1}, 2), 15));
    cr_expect(eq(sz, bound_count_with((const double[]){1, (double)INFINITY}, 2), 15));
    cr_expect(eq(sz, bound_count_with((const double[]){(double)NAN}, 1), 15));
    cr_expect(eq(sz, bound_count_with(NULL, 3), 15));
}

static size_t attr_count_with(const char *const *keys, size_t count) {
    struct sdk sdk = make_sdk();
    tacho_counter *counter =
        tacho_meter_create_counter(sdk.meter, "c",
                                   TACHO_OPTIONS(tacho_instrument_options, .attribute_keys = keys,
                                                 .attribute_key_count = count));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    struct collected *collected = collect(sdk.reader);
    size_t attr_count = only_point(collected, "c")->attr_count;
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
    return attr_count;
}

/* API-24, API-40, INST-17 */
Test(instrument, advisory_keys_are_kept_and_an_empty_list_keeps_none) {
    char key[] = "b";
    const char *const keys[] = {key, "c"};
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(
        sdk.meter, "c",
        TACHO_OPTIONS(tacho_instrument_options, .attribute_keys = keys, .attribute_key_count = 2));
    key[0] = 'x'; /* they were copied */
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(str, (char *)only_point(collected, "c")->attrs, (char *)"b=2"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(eq(sz, attr_count_with(keys, 0), 0));
    cr_expect(eq(sz, attr_count_with(NULL, 0), 2));
}

/* INST-12 */
Test(instrument, bad_keys_are_told_and_treated_as_absent) {
    static const char *const with_null[] = {"a", NULL};
    static const char *const with_empty[] = {"a", ""};
    capture_diagnostics();
    cr_expect(eq(sz, attr_count_with(with_null, 2), 2));
    cr_expect(was_told("attribute_keys_invalid", "attribute_keys are ignored: one of them is NULL"),
              "%s", diagnostic_of("attribute_keys_invalid"));
    cr_expect(eq(sz, attr_count_with(with_empty, 2), 2));
    cr_expect(eq(sz, attr_count_with(NULL, 1), 2));
}

/* INST-10, API-15..17 */
Test(instrument, units_and_descriptions_are_taken_as_they_are) {
    static const char unit[] =
        "\xc2\xb5 any thing, <kB> or kb, of more than 63 characters, all there";
    struct sdk sdk = make_sdk();
    char description[1200];
    capture_diagnostics();
    memset(description, 'd', sizeof description);
    description[sizeof description - 1] = '\0';
    tacho_counter *counter = tacho_meter_create_counter(
        sdk.meter, "c",
        TACHO_OPTIONS(tacho_instrument_options, .unit = unit, .description = description));
    cr_expect(tacho_counter_enabled(counter, NULL));
    cr_expect(ne(ptr, counter,
                 tacho_meter_create_counter(
                     sdk.meter, "c", TACHO_OPTIONS(tacho_instrument_options, .unit = unit))));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, strncmp(collected->points[0].unit, unit, 31), 0));
    cr_expect(eq(sz, strlen(collected->points[0].description), 63), "as much as the test keeps");
    cr_expect(eq(sz, diagnostics_log.count, 1), "only that there are two");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static bool records(tacho_meter *meter, const char *name) {
    return tacho_counter_enabled(tacho_meter_create_counter(meter, name, NULL), NULL);
}

static const char *last_message(void) {
    return diagnostics_log.count > 0 ? diagnostics_log.messages[diagnostics_log.count - 1] : "";
}

/* API-14, INST-09 */
Test(instrument, names_follow_the_rule_or_give_a_no_op_and_an_error) {
    char longest[257];
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    memset(longest, 'a', sizeof longest);
    longest[255] = '\0';
    cr_expect(records(sdk.meter, longest));
    cr_expect(records(sdk.meter, "a"));
    cr_expect(records(sdk.meter, "Http.server-x/y_2"));
    cr_expect(eq(sz, diagnostics_log.count, 0));
    longest[255] = 'a';
    longest[256] = '\0';
    cr_expect(not(records(sdk.meter, longest)));
    cr_expect(was_told("instrument_name_invalid", "name"));
    cr_expect(was_told("instrument_name_invalid", "255"));
    cr_expect(not(records(sdk.meter, "")));
    cr_expect(eq(str, (char *)last_message(),
                 (char *)"instrument name is empty; the instrument does nothing"));
    cr_expect(not(records(sdk.meter, NULL)));
    cr_expect(not(records(sdk.meter, "1a")));
    cr_expect(not(records(sdk.meter, "_a")));
    cr_expect(not(records(sdk.meter, "a b")));
    cr_expect(not(records(sdk.meter, "gr\xc3\xb6\xc3\x9f"
                                     "e")));
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-07, INST-11 */
Test(instrument, identical_requests_give_one_instrument) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *first = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter *second = tacho_meter_create_counter(
        sdk.meter, "c", TACHO_OPTIONS(tacho_instrument_options, .unit = "", .description = ""));
    cr_expect(eq(ptr, first, second));
    cr_expect(eq(sz, diagnostics_log.count, 0));
    tacho_counter_add(first, 1, TACHO_NO_ATTRS);
    tacho_counter_add(second, 2, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 3));
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-08 */
Test(instrument, another_casing_gives_the_first_spelling_and_a_diagnostic) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *first = tacho_meter_create_counter(sdk.meter, "requestCount", NULL);
    tacho_counter *second = tacho_meter_create_counter(sdk.meter, "RequestCount", NULL);
    cr_expect(eq(ptr, first, second));
    cr_expect(was_told("name_casing", "requestCount"));
    tacho_counter_add(second, 1, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "REQUESTCOUNT", NULL), 5,
                       TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2));
    cr_expect(eq(str, collected->points[0].name, "requestCount"));
    cr_expect(eq(str, collected->points[1].name, "requestCount"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-09 */
Test(instrument, each_wrong_name_is_told) {
    static const char *const names[] = {"1a", "_a", "a b", "a=b", ""};
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    for (size_t i = 0; i < 2 * 5; i++) {
        (void)records(sdk.meter, names[i % 5]);
    }
    cr_expect(eq(sz, diagnostics_log.count, 5), "the second time nothing new is said");
    cr_expect(eq(str, diagnostics_log.messages[0],
                 "instrument name `1a` does not begin with an ASCII letter; the instrument does "
                 "nothing"));
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-11 */
Test(instrument, a_missing_unit_is_told_as_an_empty_one) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    (void)tacho_meter_create_counter(sdk.meter, "c", NULL);
    (void)tacho_meter_create_gauge(sdk.meter, "c", NULL);
    cr_expect(was_told("duplicate_instrument",
                       "`c` (gauge of integers, unit ``) was made before as counter of integers, "
                       "unit ``;"),
              "%s", diagnostic_of("duplicate_instrument"));
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-01, INST-02, INST-03, INST-06, DM-01, DM-03 */
Test(instrument, conflicting_requests_both_work_and_are_told) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_counter_add(tacho_meter_create_counter(
                          sdk.meter, "c", TACHO_OPTIONS(tacho_instrument_options, .unit = "By")),
                      2, TACHO_NO_ATTRS);
    cr_expect(was_told("duplicate_instrument", "`c`"));
    tacho_counter_f64_add(tacho_meter_create_counter_f64(sdk.meter, "c", NULL), 4, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "c", NULL), 8, TACHO_NO_ATTRS);
    tacho_counter_add(
        tacho_meter_create_counter(sdk.meter, "c",
                                   TACHO_OPTIONS(tacho_instrument_options, .description = "d")),
        16, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 5));
    cr_expect(eq(i64, collected->points[0].i64, 1));
    cr_expect(eq(str, collected->points[1].unit, "By"));
    cr_expect(eq(i64, collected->points[1].i64, 2));
    cr_expect(eq(dbl, collected->points[2].f64, 4));
    cr_expect(eq(i64, collected->points[3].i64, 8));
    cr_expect(eq(str, collected->points[4].description, "d"));
    cr_expect(eq(str, collected->points[0].description, "d"), "the same metric: the longer one");
    cr_expect(eq(str, collected->points[1].description, ""), "another unit, another metric");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-13 */
Test(instrument, the_first_advice_wins) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    static const double one[] = {1};
    static const double two[] = {1, 2};
    tacho_histogram *first = tacho_meter_create_histogram(
        sdk.meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = one,
                      .explicit_bucket_boundary_count = 1));
    tacho_histogram *second = tacho_meter_create_histogram(
        sdk.meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = two,
                      .explicit_bucket_boundary_count = 2));
    cr_expect(eq(ptr, first, second));
    cr_expect(was_told("duplicate_advice", "`h`"));
    tacho_histogram_record(second, 1.5, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, only_point(collected, "h")->bound_count, 1));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-17 */
Test(instrument, meters_are_separate_namespaces) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_meter *other = tacho_meter_provider_get_meter(sdk.provider, "other", NULL);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(other, "C", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(eq(sz, diagnostics_log.count, 0));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->scope_count, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(instrument, options_of_a_wrong_size_are_told_and_ignored) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    const tacho_instrument_options wrong = {.struct_size = 3, .unit = "s"};
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", &wrong);
    cr_expect(was_told("instrument_options_invalid",
                       "`c` are ignored: tacho_instrument_options.struct_size: it is 3, which is "
                       "too small; set it to sizeof(tacho_instrument_options), or use "
                       "TACHO_OPTIONS"));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(str, (char *)only_point(collected, "c")->unit, (char *)""));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* AGG-12, SDK-19, ERR-07 */
Test(instrument, what_a_kind_cannot_take_is_dropped_counted_and_told) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter_f64 *counter_f64 = tacho_meter_create_counter_f64(sdk.meter, "cf", NULL);
    tacho_up_down_counter_f64 *up_down =
        tacho_meter_create_up_down_counter_f64(sdk.meter, "u", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
    tacho_counter_add(counter, -1, TACHO_NO_ATTRS);
    tacho_counter_add(counter, INT64_MIN, TACHO_NO_ATTRS);
    tacho_counter_f64_add(counter_f64, 0.5, TACHO_NO_ATTRS);
    tacho_counter_f64_add(counter_f64, -0.5, TACHO_NO_ATTRS);
    tacho_counter_f64_add(counter_f64, -0.0, TACHO_NO_ATTRS);
    tacho_up_down_counter_f64_add(up_down, 1, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, 1, TACHO_NO_ATTRS);
    for (size_t i = 0; i < 3; i++) {
        tacho_counter_f64_add(counter_f64, bad[i], TACHO_NO_ATTRS);
        tacho_up_down_counter_f64_add(up_down, bad[i], TACHO_NO_ATTRS);
        tacho_histogram_record(histogram, bad[i], TACHO_NO_ATTRS);
    }
    cr_expect(eq(sz, diagnostics_log.count, 0), "recording must not report");
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(i64, only_point(collected, "c")->i64, 5));
    cr_expect(eq(dbl, only_point(collected, "cf")->f64, 0.5));
    cr_expect(eq(dbl, only_point(collected, "u")->f64, 1));
    cr_expect(eq(u64, only_point(collected, "h")->count, 1));
    cr_expect(was_told("negative_value", "dropped so far: 3,"), "%s",
              diagnostic_of("negative_value"));
    cr_expect(was_told("negative_value", "; the latest on `c` and 1 more"));
    cr_expect(was_told("not_finite", "dropped so far: 9,"), "%s", diagnostic_of("not_finite"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-19 */
Test(instrument, gauges_keep_any_value) {
    struct sdk sdk = make_sdk();
    tacho_gauge *gauge = tacho_meter_create_gauge(sdk.meter, "g", NULL);
    tacho_gauge_f64 *gauge_f64 = tacho_meter_create_gauge_f64(sdk.meter, "gf", NULL);
    const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0, 1e308};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        tacho_gauge_f64_record(gauge_f64, values[i], TACHO_NO_ATTRS);
        struct collected *collected = collect(sdk.reader);
        double seen = only_point(collected, "gf")->f64;
        cr_expect(isnan(values[i]) ? isnan(seen) : seen == values[i], "%f != %f", seen, values[i]);
        free(collected);
    }
    tacho_gauge_record(gauge, INT64_MIN, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "g"), INT64_MIN));
    tacho_gauge_record(gauge, INT64_MAX, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "g"), INT64_MAX));
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-19 */
Test(instrument, int64_sums_reach_their_limits_and_survive_overflow) {
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_up_down_counter *up_down = tacho_meter_create_up_down_counter(sdk.meter, "u", NULL);
    tacho_counter_add(counter, INT64_MAX, TACHO_NO_ATTRS);
    tacho_up_down_counter_add(up_down, INT64_MIN, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), INT64_MAX));
    cr_expect(eq(i64, value_of(sdk.reader, "u"), INT64_MIN));
    tacho_up_down_counter_add(up_down, -1, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "u"), INT64_MAX)); /* wraps, as unsigned does */
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-19 */
Test(instrument, bound_recording_is_unbound_recording) {
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    tacho_bound_counter *bound =
        tacho_counter_bind(counter, TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2")));
    tacho_bound_histogram *bound_histogram = tacho_histogram_bind(histogram, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 1);
    tacho_bound_counter_add(bound, -1);
    tacho_counter_add(counter, 2, TACHO_ATTRS(TACHO_STR("b", "2"), TACHO_STR("a", "1")));
    tacho_bound_histogram_record(bound_histogram, 3);
    tacho_bound_histogram_record(bound_histogram, (double)NAN);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(i64, only_point(collected, "c")->i64, 3));
    cr_expect(eq(u64, only_point(collected, "h")->count, 1));
    free(collected);
    bound = tacho_bound_counter_release(bound);
    cr_expect(eq(ptr, bound, NULL));
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 3), "what was recorded stays");
    tacho_meter_provider_destroy(sdk.provider); /* frees the handle that nobody gave back */
}

/* API-42, INST-18 */
Test(instrument, enabled_tells_whether_anybody_reads) {
    struct sdk sdk = make_sdk();
    tacho_meter_provider *unread = make_provider(NULL, 0);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter *idle =
        tacho_meter_create_counter(tacho_meter_provider_get_meter(unread, "test", NULL), "c", NULL);
    cr_expect(tacho_counter_enabled(counter, NULL));
    cr_expect(not(tacho_counter_enabled(idle, NULL)));
    tacho_counter_add(idle, 1, TACHO_NO_ATTRS);
    tacho_bound_counter_release(tacho_counter_bind(idle, TACHO_NO_ATTRS));
    tacho_meter_provider_shutdown(sdk.provider, 0);
    cr_expect(not(tacho_counter_enabled(counter, NULL)));
    tacho_meter_provider_destroy(unread);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-11 */
Test(instrument, recording_after_shutdown_is_harmless_and_counted) {
    setenv("OTEL_LOG_LEVEL", "info", 1);
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_meter_provider_shutdown(sdk.provider, 0), TACHO_OK));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("new", 1)));
    tacho_bound_counter_add(bound, 1);
    tacho_bound_counter_release(bound);
    cr_expect(not(records(sdk.meter, "d")));
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(was_told("late", "dropped so far: 3,"), "%s", diagnostic_of("late"));
}
