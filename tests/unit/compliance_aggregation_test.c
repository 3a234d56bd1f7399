/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements on aggregations and on cardinality limits, from the options to the points. */
#include "sdk_fixture.h"

/* AGG-01: each aggregation of a counter, by a view */
Test(aggregation, all_of_them_can_be_chosen) {
    static const struct {
        tacho_aggregation_type type;
        tacho_metric_type metric; /* of what is exported, unless it is dropped */
    } cases[] = {
        {TACHO_AGGREGATION_DROP, TACHO_METRIC_SUM},
        {TACHO_AGGREGATION_DEFAULT, TACHO_METRIC_SUM},
        {TACHO_AGGREGATION_SUM, TACHO_METRIC_SUM},
        {TACHO_AGGREGATION_LAST_VALUE, TACHO_METRIC_GAUGE},
        {TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, TACHO_METRIC_HISTOGRAM},
        {TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, TACHO_METRIC_EXPONENTIAL_HISTOGRAM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tacho_aggregation aggregation = {.struct_size = sizeof aggregation,
                                               .type = cases[i].type};
        struct sdk sdk = SDK_WITH_VIEWS(VIEW(.aggregation = &aggregation));
        tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
        tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
        tacho_counter_add(counter, 3, TACHO_NO_ATTRS);
        struct collected *collected = collect(sdk.reader);
        cr_assert(eq(sz, collected->count, i == 0 ? 0 : 1), "case %zu", i);
        const struct seen_point *point = &collected->points[0];
        if (i > 0) {
            cr_expect(eq(int, (int)point->type, (int)cases[i].metric), "case %zu", i);
            cr_expect(point->type == TACHO_METRIC_SUM     ? point->i64 == 5
                      : point->type == TACHO_METRIC_GAUGE ? point->i64 == 3
                                                          : point->count == 2 && point->sum == 5,
                      "case %zu", i);
        }
        free(collected);
        tacho_meter_provider_destroy(sdk.provider);
    }
}

struct sums {
    bool has_sum[4];
    size_t count;
};

static int see_sums(const tacho_metric_batch *batch, void *user) {
    struct sums *sums = user;
    const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, 0);
    for (sums->count = 0; sums->count < scope->metric_count && sums->count < 4; sums->count++) {
        const tacho_metric *metric = tacho_scope_metrics_metric(scope, sums->count);
        sums->has_sum[sums->count] = tacho_metric_histogram_point(metric, 0)->has_sum;
    }
    return TACHO_OK;
}

/* AGG-07: by the kind of the instrument, not by the values that came */
Test(aggregation, histograms_of_what_may_be_negative_have_no_sum) {
    const tacho_aggregation histogram = {.struct_size = sizeof histogram,
                                         .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.aggregation = &histogram));
    struct sums sums = {.count = 0};
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "h", NULL), 1, TACHO_NO_ATTRS);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(sdk.meter, "u", NULL), 1,
                              TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "g", NULL), 1, TACHO_NO_ATTRS);
    tacho_metric_reader_collect_with(sdk.reader, 0, see_sums, &sums);
    cr_assert(eq(sz, sums.count, 4));
    cr_expect(sums.has_sum[0]);
    cr_expect(sums.has_sum[1]);
    cr_expect(not(sums.has_sum[2]));
    cr_expect(not(sums.has_sum[3]));
    tacho_meter_provider_destroy(sdk.provider);
}

/* CARD-04, CARD-08: beyond the limit memory is not needed, so nothing can be lost for want of it */
Test(cardinality, the_overflow_series_is_there_before_it_is_needed) {
    for (int is_delta = 0; is_delta < 2; is_delta++) {
        tacho_metric_reader *reader =
            READER(.cardinality_limit = 1,
                   .temporality_preference = is_delta ? TACHO_TEMPORALITY_PREFER_DELTA
                                                      : TACHO_TEMPORALITY_PREFER_CUMULATIVE);
        tacho_meter_provider *provider = make_provider(&reader, 1);
        tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
        tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
        tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
        tachoi_alloc_fail_at(1);
        for (int64_t i = 1; i < 10; i++) {
            tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
            tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        }
        cr_expect(tachoi_alloc_fail_pending(), "something was allocated");
        tachoi_alloc_fail_at(0);
        struct collected *collected = collect(reader);
        cr_assert(eq(sz, collected->count, 4));
        cr_expect(eq(i64, point_with(collected, "c", "otel.metric.overflow=true")->i64, 9));
        cr_expect(eq(u64, point_with(collected, "h", "otel.metric.overflow=true")->count, 9));
        free(collected);
        tacho_meter_provider_destroy(provider);
    }
}
