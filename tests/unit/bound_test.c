/* SPDX-License-Identifier: Apache-2.0 */
/* Bound instruments in the SDK: as unbound recording, decided when they are bound. */
#include "sdk_fixture.h"

/* INST-19, INST-20 */
Test(bound, filters_apply_and_limits_are_judged_when_it_is_bound) {
    static const char *const keys[] = {"a"};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .included_keys = keys,
                                         .included_key_count = 1, .cardinality_limit = 1));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *first =
        tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 1)));
    tacho_bound_counter *second = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 2)));
    tacho_bound_counter_add(first, 1);
    tacho_counter_add(counter, 2, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    tacho_bound_counter_add(second, 4);
    tacho_counter_add(counter, 8, TACHO_ATTRS(TACHO_I64("a", 2)));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(i64, point_with(collected, "c", "a=1")->i64, 3));
    cr_expect(eq(i64, point_with(collected, "c", "otel.metric.overflow=true")->i64, 12));
    free(collected);
    tacho_bound_counter_release(first);
    tacho_bound_counter_release(second);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-21 */
Test(bound, it_stays_with_its_series_over_delta_collections) {
    tacho_metric_reader *reader =
        READER(.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA, .cardinality_limit = 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    tacho_bound_counter *own = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 1)));
    tacho_bound_counter *overflow = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 2)));
    for (int64_t i = 1; i <= 3; i++) {
        tacho_bound_counter_add(own, i);
        tacho_bound_counter_add(overflow, 10 * i);
        struct collected *collected = collect(reader);
        cr_assert(eq(sz, collected->count, 2));
        cr_expect(eq(i64, point_with(collected, "c", "a=1")->i64, i));
        cr_expect(eq(i64, point_with(collected, "c", "otel.metric.overflow=true")->i64, 10 * i));
        free(collected);
        collected = collect(reader);
        cr_expect(eq(sz, collected->count, 0), "nothing was recorded since");
        free(collected);
    }
    tacho_bound_counter_release(own);
    tacho_bound_counter_release(overflow);
    tacho_meter_provider_destroy(provider);
}

/* INST-23, API-46 */
Test(bound, recording_looks_nothing_up) {
    setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", 1);
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_attribute *attribute = malloc(sizeof *attribute);
    char *text = strdup("value");
    *attribute = tacho_attribute_text("key", text);
    tacho_bound_counter *bound = tacho_counter_bind(counter, tacho_attributes_from(attribute, 1));
    free(text); /* whoever looked at the attributes again would be caught by AddressSanitizer */
    free(attribute);
    tachoi_alloc_fail_at(1);
    tacho_bound_counter_add(bound, 2);
    cr_expect(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].attrs, "key=value"));
    cr_expect(eq(i64, collected->points[0].i64, 2));
    free(collected);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

struct seen_exemplars {
    size_t count;
    bool has_span;
    char filtered[64];
};

static int see_exemplars(const tacho_metric_batch *batch, void *user) {
    struct seen_exemplars *seen = user;
    if (batch->point_count == 0) {
        return TACHO_OK;
    }
    const tacho_metric *metric = tacho_scope_metrics_metric(tacho_metric_batch_scope(batch, 0), 0);
    const tacho_exemplars *exemplars = &tacho_metric_number_point(metric, 0)->exemplars;
    seen->count = exemplars->count;
    if (exemplars->count > 0) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(exemplars, 0);
        seen->has_span = exemplar->has_span;
        for (size_t i = 0; i < exemplar->filtered_attributes.count; i++) {
            const tacho_attribute *attribute = &exemplar->filtered_attributes.items[i];
            snprintf(seen->filtered, sizeof seen->filtered, "%.*s=%.*s", (int)attribute->key.length,
                     attribute->key.data, (int)attribute->value.as.string.length,
                     attribute->value.as.string.data);
        }
    }
    return TACHO_OK;
}

static bool in_a_span(tacho_context *out, void *user) {
    (void)user;
    memset(out->trace_id, 7, sizeof out->trace_id);
    memset(out->span_id, 8, sizeof out->span_id);
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}

/* INST-22: the attributes that were bound are gone when the handle records */
Test(bound, its_measurements_may_become_exemplars_with_what_the_stream_leaves_out) {
    static const char *const keys[] = {"a"};
    struct sdk sdk = SDK_WITH_VIEWS(
        VIEW(.instrument_name = "c", .included_keys = keys, .included_key_count = 1));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    char *text = strdup("left out");
    tacho_bound_counter *bound =
        tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_STR("b", text)));
    free(text);
    cr_assert(eq(int, tacho_context_set_hook(in_a_span, NULL), TACHO_OK));
    tacho_bound_counter_add(bound, 1);
    struct seen_exemplars seen = {0};
    tacho_metric_reader_collect_with(sdk.reader, 0, see_exemplars, &seen);
    cr_expect(eq(sz, seen.count, 1));
    cr_expect(seen.has_span);
    cr_expect(eq(str, seen.filtered, "b=left out"));
    tacho_context_set_hook(NULL, NULL);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

/* What a thread records after its first measurement takes a short way, which has to send all that
 * is out of the ordinary the general way. */

/* Handles of all kinds; the provider frees them. */
struct handles {
    tacho_bound_counter *counter;
    tacho_bound_counter_f64 *counter_f64;
    tacho_bound_gauge *gauge;
    tacho_bound_gauge_f64 *gauge_f64;
    tacho_bound_histogram *histogram;
    tacho_bound_histogram *exponential;
};

static void bind_all(struct handles *all, tacho_meter *meter) {
    all->counter = tacho_counter_bind(tacho_meter_create_counter(meter, "c", NULL), TACHO_NO_ATTRS);
    all->counter_f64 =
        tacho_counter_f64_bind(tacho_meter_create_counter_f64(meter, "cf", NULL), TACHO_NO_ATTRS);
    all->gauge = tacho_gauge_bind(tacho_meter_create_gauge(meter, "g", NULL), TACHO_NO_ATTRS);
    all->gauge_f64 =
        tacho_gauge_f64_bind(tacho_meter_create_gauge_f64(meter, "gf", NULL), TACHO_NO_ATTRS);
    all->histogram =
        tacho_histogram_bind(tacho_meter_create_histogram(meter, "h", NULL), TACHO_NO_ATTRS);
    all->exponential =
        tacho_histogram_bind(tacho_meter_create_histogram(meter, "e", NULL), TACHO_NO_ATTRS);
}

static void record_all(const struct handles *all, int value) {
    tacho_bound_counter_add(all->counter, value);
    tacho_bound_counter_f64_add(all->counter_f64, value);
    tacho_bound_gauge_record(all->gauge, value);
    tacho_bound_gauge_f64_record(all->gauge_f64, value);
    tacho_bound_histogram_record(all->histogram, value);
    tacho_bound_histogram_record(all->exponential, value);
}

static struct sdk make_warm(struct handles *all) {
    static const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "e", .aggregation = &exponential));
    bind_all(all, sdk.meter);
    for (int i = 0; i < 3; i++) {
        record_all(all, 1);
    }
    capture_diagnostics();
    return sdk;
}

/* AGG-06: whatever their number, few and many are told apart in other ways */
Test(bound, histograms_put_values_where_unbound_ones_do) {
    double bounds[20];
    for (size_t i = 0; i < 20; i++) {
        bounds[i] = (double)i * 2;
    }
    for (size_t bound_count = 0; bound_count <= 20; bound_count++) {
        struct sdk sdk = make_sdk();
        tacho_histogram *histogram = tacho_meter_create_histogram(
            sdk.meter, "h",
            TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                          .explicit_bucket_boundary_count = bound_count));
        tacho_bound_histogram *bound =
            tacho_histogram_bind(histogram, TACHO_ATTRS(TACHO_I64("a", 1)));
        for (int value = 0; value <= 43; value++) {
            tacho_bound_histogram_record(bound, value);
            tacho_histogram_record(histogram, value, TACHO_ATTRS(TACHO_I64("a", 2)));
        }
        struct collected *collected = collect(sdk.reader);
        const struct seen_point *own = point_with(collected, "h", "a=1");
        const struct seen_point *other = point_with(collected, "h", "a=2");
        for (size_t i = 0; i <= bound_count; i++) {
            cr_assert(eq(u64, own->buckets[i], other->buckets[i]), "%zu bounds, bucket %zu",
                      bound_count, i);
        }
        cr_assert(eq(u64, own->count, 44));
        free(collected);
        tacho_bound_histogram_release(bound);
        tacho_meter_provider_destroy(sdk.provider);
    }
}

/* AGG-12, SDK-19 */
Test(bound, values_are_judged_however_often_it_was_used) {
    struct handles all;
    struct sdk sdk = make_warm(&all);
    tacho_bound_counter_add(all.counter, -1);
    tacho_bound_counter_f64_add(all.counter_f64, -1);
    tacho_bound_counter_f64_add(all.counter_f64, (double)INFINITY);
    tacho_bound_gauge_record(all.gauge, -5);
    tacho_bound_gauge_f64_record(all.gauge_f64, -(double)INFINITY);
    tacho_bound_histogram_record(all.histogram, (double)NAN);
    tacho_bound_histogram_record(all.histogram, -2);
    tacho_bound_histogram_record(all.exponential, (double)INFINITY);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(i64, point_of(collected, "c", 0)->i64, 3));
    cr_expect(eq(dbl, point_of(collected, "cf", 0)->f64, 3));
    cr_expect(eq(i64, point_of(collected, "g", 0)->i64, -5));
    cr_expect(eq(dbl, point_of(collected, "gf", 0)->f64, -(double)INFINITY));
    cr_expect(eq(dbl, point_of(collected, "h", 0)->sum, 1));
    cr_expect(eq(dbl, point_of(collected, "e", 0)->sum, 3));
    cr_expect(was_told("negative_value", "dropped so far: 2,"));
    cr_expect(was_told("not_finite", "dropped so far: 3,"), "%s", diagnostic_of("not_finite"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* DM-05: a sum of what a histogram takes only grows, other sums of doubles and last values take
 * negative values; all on the short way */
Test(bound, each_stream_takes_the_negative_values_that_it_may_have) {
    static const tacho_aggregation sum = {.struct_size = sizeof sum, .type = TACHO_AGGREGATION_SUM};
    static const tacho_aggregation last = {.struct_size = sizeof last,
                                           .type = TACHO_AGGREGATION_LAST_VALUE};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "h", .aggregation = &sum),
                                    VIEW(.instrument_name = "c", .aggregation = &last));
    tacho_bound_up_down_counter_f64 *up_down = tacho_up_down_counter_f64_bind(
        tacho_meter_create_up_down_counter_f64(sdk.meter, "u", NULL), TACHO_NO_ATTRS);
    tacho_bound_gauge_f64 *gauge =
        tacho_gauge_f64_bind(tacho_meter_create_gauge_f64(sdk.meter, "g", NULL), TACHO_NO_ATTRS);
    tacho_bound_histogram *histogram =
        tacho_histogram_bind(tacho_meter_create_histogram(sdk.meter, "h", NULL), TACHO_NO_ATTRS);
    tacho_bound_counter_f64 *counter = tacho_counter_f64_bind(
        tacho_meter_create_counter_f64(sdk.meter, "c", NULL), TACHO_NO_ATTRS);
    capture_diagnostics();
    for (int i = 0; i < 3; i++) {
        tacho_bound_up_down_counter_f64_add(up_down, 1);
        tacho_bound_up_down_counter_f64_add(up_down, -3);
        tacho_bound_gauge_f64_record(gauge, -4);
        tacho_bound_histogram_record(histogram, 5);
        tacho_bound_histogram_record(histogram, -1);
        tacho_bound_counter_f64_add(counter, 7);
        tacho_bound_counter_f64_add(counter, -7);
    }
    tacho_bound_up_down_counter_f64_add(up_down, -(double)INFINITY);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(dbl, point_of(collected, "u", 0)->f64, -6));
    cr_expect(eq(dbl, point_of(collected, "g", 0)->f64, -4));
    cr_expect(eq(dbl, point_of(collected, "h", 0)->f64, 15));
    cr_expect(eq(dbl, point_of(collected, "c", 0)->f64, 7));
    cr_expect(was_told("negative_value", "dropped so far: 6,"), "%s",
              diagnostic_of("negative_value"));
    cr_expect(was_told("not_finite", "dropped so far: 1,"), "%s", diagnostic_of("not_finite"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-22: a hook that comes later counts */
Test(bound, exemplars_are_taken_however_often_it_was_used) {
    static const char *const names[] = {"c", "cf", "g", "gf", "h", "e"};
    struct handles all;
    struct sdk sdk = make_warm(&all);
    cr_assert(eq(int, tacho_context_set_hook(in_a_span, NULL), TACHO_OK));
    record_all(&all, 2);
    tacho_context_set_hook(NULL, NULL);
    struct collected *collected = collect(sdk.reader);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect(eq(sz, point_of(collected, names[i], 0)->exemplar_count, 1), "%s", names[i]);
    }
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-11 */
Test(bound, what_comes_after_shutdown_is_late_however_often_it_was_used) {
    struct handles all;
    setenv("OTEL_LOG_LEVEL", "info", 1);
    struct sdk sdk = make_warm(&all);
    cr_assert(eq(int, tacho_meter_provider_shutdown(sdk.provider, 0), TACHO_OK));
    record_all(&all, 1);
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(was_told("late", "dropped so far: 6,"), "%s", diagnostic_of("late"));
}
