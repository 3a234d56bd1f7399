/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of other sources beside the SDK's own: what producers are asked, what of their answers is
 * exported, what is left out and told. */
#include <math.h>

#include "sdk_fixture.h"

/* --- a producer --- */

struct source {
    /* what it answers */
    tacho_scope scope;
    tacho_metric metrics[4];
    tacho_scope_metrics scope_metrics;
    int status;
    bool is_silent; /* gives no scope */

    /* what it saw */
    unsigned produces;
    unsigned destroys;
    tacho_produce_request request;
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];
    char service_name[64];
};

static int source_produce(void *self, const tacho_produce_request *request, tacho_produced *out) {
    struct source *source = self;
    source->produces++;
    source->request = *request;
    memcpy(source->temporalities, request->temporalities, sizeof source->temporalities);
    tacho_attributes resource = tacho_resource_attributes(request->resource);
    for (size_t i = 0; i < resource.count; i++) {
        if (resource.items[i].key.length == 12 &&
            memcmp(resource.items[i].key.data, "service.name", 12) == 0) {
            copy_text(source->service_name, sizeof source->service_name,
                      resource.items[i].value.as.string);
        }
    }
    if (!source->is_silent) {
        out->scopes = &source->scope_metrics;
        out->scope_count = 1;
        out->scope_size = sizeof source->scope_metrics;
    }
    return source->status;
}

static void source_destroy(void *self) {
    struct source *source = self;
    source->destroys++;
}

static const tacho_metric_producer_ops source_ops = {
    .struct_size = sizeof source_ops,
    .name = "source",
    .produce = source_produce,
    .destroy = source_destroy,
};

static tacho_metric_producer *make_producer(struct source *source) {
    tacho_metric_producer *producer = NULL;
    cr_assert(eq(int, tacho_metric_producer_create(&source_ops, source, &producer), TACHO_OK));
    return producer;
}

/* --- metrics --- */

static const tacho_metric sum_metric = {.name = {.data = "bridged.sum", .length = 11},
                                        .unit = {.data = "1", .length = 1},
                                        .type = TACHO_METRIC_SUM,
                                        .temporality = TACHO_TEMPORALITY_CUMULATIVE,
                                        .is_monotonic = true,
                                        .number_type = TACHO_NUMBER_I64,
                                        .point_size = sizeof(tacho_number_point)};

/* Makes the source answer with these metrics, in the scope "bridge". */
static void answer(struct source *source, const tacho_metric *metrics, size_t count) {
    source->scope = (tacho_scope){.name = tacho_string_from("bridge")};
    memcpy(source->metrics, metrics, count * sizeof metrics[0]);
    source->scope_metrics = (tacho_scope_metrics){.scope = &source->scope,
                                                  .metrics = source->metrics,
                                                  .metric_count = count,
                                                  .metric_size = sizeof(tacho_metric)};
}

static tacho_metric with_points(tacho_metric metric, const void *points, size_t count) {
    metric.points = points;
    metric.point_count = count;
    return metric;
}

static struct sdk make_sdk_with(tacho_metric_producer *const *producers, size_t count,
                                const tacho_metric_filter *filter) {
    struct sdk sdk = {.reader = NULL};
    int status = tacho_manual_reader_create(
        NULL,
        TACHO_OPTIONS(tacho_manual_reader_options, .producers = producers, .producer_count = count,
                      .metric_filter = filter,
                      .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA),
        &sdk.reader);
    cr_assert(eq(int, status, TACHO_OK));
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    return sdk;
}

/* One collection of a source alone; NULL filter allowed. To be freed. */
static struct collected *collect_source(struct source *source, const tacho_metric_filter *filter) {
    tacho_metric_producer *producer = make_producer(source);
    struct sdk sdk = make_sdk_with(&producer, 1, filter);
    struct collected *collected = collect(sdk.reader);
    tacho_meter_provider_destroy(sdk.provider);
    return collected;
}

/* --- collecting --- */

/* RDR-07, RDR-09, RDR-14, PRD-01, PRD-04, PRD-05 */
Test(producer, what_producers_give_comes_after_the_metrics_of_the_sdk) {
    const tacho_number_point points[] = {{.value = {.i64 = 7}}, {.value = {.i64 = 8}}};
    const tacho_metric metric = with_points(sum_metric, points, 2);
    struct source sources[2];
    tacho_metric_producer *producers[2];
    memset(sources, 0, sizeof sources);
    for (size_t i = 0; i < 2; i++) {
        answer(&sources[i], &metric, 1);
        producers[i] = make_producer(&sources[i]);
    }
    sources[1].scope.name = tacho_string_from("other");
    struct sdk sdk = make_sdk_with(producers, 2, NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    for (unsigned round = 1; round <= 2; round++) {
        const size_t own = 1;
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        struct collected *collected = collect(sdk.reader);
        cr_expect(eq(int, collected->status, TACHO_OK));
        cr_assert(eq(sz, collected->count, own + 4));
        cr_expect(eq(sz, collected->point_count, own + 4));
        cr_expect(eq(sz, collected->scope_count, own + 2));
        cr_expect(eq(str, collected->points[0].scope, (char *)"test"));
        cr_expect(eq(str, collected->points[own].scope, (char *)"bridge"));
        cr_expect(eq(i64, collected->points[own + 1].i64, 8));
        cr_expect(eq(int, (int)collected->points[own].temporality, TACHO_TEMPORALITY_CUMULATIVE));
        cr_expect(eq(str, collected->points[own + 2].scope, (char *)"other"));
        cr_expect(eq(u32, sources[0].produces, round));
        free(collected);
    }
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(eq(u32, sources[0].destroys, 1));
    cr_expect(eq(u32, sources[1].destroys, 1));
}

/* PRD-02, PRD-03, RDR-09 */
Test(producer, it_learns_time_deadline_resource_temporality_and_filter) {
    setenv("OTEL_SERVICE_NAME", "shop", 1);
    struct source source = {.is_silent = true};
    struct collected *collected = collect_source(&source, NULL);
    cr_expect(eq(int, collected->status, TACHO_OK));
    cr_expect(eq(u64, source.request.time_unix_nano, collected->time));
    cr_expect(gt(u32, tacho_deadline_remaining_ms(source.request.deadline_ns), 20000));
    cr_expect(eq(str, source.service_name, (char *)"shop"));
    cr_expect(
        eq(int, (int)source.temporalities[TACHO_INSTRUMENT_COUNTER], TACHO_TEMPORALITY_DELTA));
    cr_expect(eq(int, (int)source.temporalities[TACHO_INSTRUMENT_UP_DOWN_COUNTER],
                 TACHO_TEMPORALITY_CUMULATIVE));
    cr_expect(eq(ptr, (void *)source.request.filter, NULL));
    cr_expect(eq(sz, source.request.struct_size, sizeof source.request));
    free(collected);
}

/* RDR-08, PRD-04, ERR-05, ERR-07: what there is is exported, and the failure told and returned */
Test(producer, a_failure_is_returned_with_what_there_is) {
    static const int failures[][2] = {{TACHO_E_FAILED, TACHO_E_FAILED},
                                      {TACHO_E_TIMEOUT, TACHO_E_TIMEOUT},
                                      {TACHO_E_NO_MEMORY, TACHO_E_FAILED},
                                      {1234, TACHO_E_FAILED}};
    const tacho_number_point point = {.value = {.i64 = 7}};
    const tacho_metric metric = with_points(sum_metric, &point, 1);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct source source = {.status = failures[i][0]};
        answer(&source, &metric, 1);
        if (i == 0) {
            capture_diagnostics();
        }
        struct collected *collected = collect_source(&source, NULL);
        cr_expect(eq(int, collected->status, failures[i][1]));
        cr_expect(eq(sz, collected->count, 1));
        free(collected);
    }
    cr_expect(was_told("produce_failed", "producer source"));
}

/* RDR-08 */
Test(producer, its_points_reach_the_exporter_though_it_failed) {
    const tacho_number_point point = {.value = {.i64 = 7}};
    const tacho_metric metric = with_points(sum_metric, &point, 1);
    struct source source = {.status = TACHO_E_TIMEOUT};
    struct test_exporter test = {0};
    tacho_metric_reader *reader = NULL;
    answer(&source, &metric, 1);
    tacho_metric_producer *producer = make_producer(&source);
    int status = tacho_periodic_reader_create(
        make_exporter(&test),
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3600 * 1000,
                      .producers = &producer, .producer_count = 1),
        &reader);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_E_TIMEOUT));
    cr_expect(eq(i64, atomic_load(&test.last_value), 7));
    source.status = TACHO_OK;
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    cr_expect(eq(u32, source.produces, 2), "the last collection asks it, too (RDR-21)");
    tacho_meter_provider_destroy(provider);
}

/* --- what is wrong --- */

static void expect_left_out(tacho_metric metric, const char *why) {
    const tacho_number_point good = {.value = {.i64 = 7}};
    const tacho_metric metrics[] = {metric, with_points(sum_metric, &good, 1)};
    struct source source = {0};
    answer(&source, metrics, 2);
    diagnostics_log.count = 0;
    struct collected *collected = collect_source(&source, NULL);
    cr_expect(eq(int, collected->status, TACHO_OK));
    cr_assert(eq(sz, collected->count, 1), "%s", why);
    cr_expect(eq(i64, collected->points[0].i64, 7));
    cr_expect(was_told("produced_metric_invalid", why), "%s: %s", why,
              diagnostics_log.count > 0 ? diagnostics_log.messages[0] : "nothing was told");
    free(collected);
}

/* Each with a name of its own, which the rate limit of the diagnostics tells apart. */
static tacho_metric named(tacho_metric metric, const char *name) {
    metric.name = tacho_string_from(name);
    return metric;
}

/* ERR-01, PRD-01 */
Test(producer, metrics_that_cannot_be_walked_are_left_out_and_told) {
    const tacho_number_point point = {.value = {.i64 = 1}};
    const tacho_attribute unsorted[] = {TACHO_STR("b", "1"), TACHO_STR("a", "1")};
    const tacho_attribute twice[] = {TACHO_STR("a", "1"), TACHO_STR("a", "2")};
    const tacho_attribute keyless[] = {TACHO_STR("", "1")};
    capture_diagnostics();
    expect_left_out(with_points(named(sum_metric, ""), &point, 1), "no name");
    tacho_metric bad = with_points(named(sum_metric, "a"), &point, 1);
    bad.type = (tacho_metric_type)6;
    expect_left_out(bad, "type");
    bad = with_points(named(sum_metric, "b"), &point, 1);
    bad.temporality = TACHO_TEMPORALITY_UNSPECIFIED;
    expect_left_out(bad, "delta");
    bad = with_points(named(sum_metric, "c"), &point, 1);
    bad.number_type = (tacho_number_type)5;
    expect_left_out(bad, "number_type");
    bad = with_points(named(sum_metric, "d"), &point, 1);
    bad.point_size = 8;
    expect_left_out(bad, "point_size");
    expect_left_out(with_points(named(sum_metric, "e"), NULL, 1), "points are NULL");
    tacho_number_point described = {.attributes = tacho_attributes_from(unsorted, 2)};
    expect_left_out(with_points(named(sum_metric, "f"), &described, 1), "sorted");
    described.attributes = tacho_attributes_from(twice, 2);
    expect_left_out(with_points(named(sum_metric, "g"), &described, 1), "sorted");
    described.attributes = tacho_attributes_from(keyless, 1);
    expect_left_out(with_points(named(sum_metric, "h"), &described, 1), "no key");
    tacho_attribute empty = TACHO_STR("a", "1");
    empty.value.as.string.data = NULL;
    described.attributes = tacho_attributes_from(&empty, 1);
    expect_left_out(with_points(named(sum_metric, "l"), &described, 1), "value of an attribute");
    empty.value = (tacho_value){.type = TACHO_VALUE_I64_ARRAY, .as.i64s.count = 1};
    expect_left_out(with_points(named(sum_metric, "m"), &described, 1), "value of an attribute");
    described.attributes = tacho_attributes_from(NULL, 3);
    expect_left_out(with_points(named(sum_metric, "i"), &described, 1), "pointer");
    bad = with_points(named(sum_metric, "j"), &point, 1);
    bad.description.length = 4;
    expect_left_out(bad, "description");
    bad = with_points(named(sum_metric, "k"), &point, 1);
    bad.unit.data = NULL;
    expect_left_out(bad, "unit");
    bad = with_points(named(sum_metric, "n"), &point, 1);
    bad.metadata = tacho_attributes_from(unsorted, 2);
    expect_left_out(bad, "metadata");
    bad.metadata = tacho_attributes_from(NULL, 3);
    bad.name = tacho_string_from("o");
    expect_left_out(bad, "metadata");
}

/* ERR-01, PRD-01 */
Test(producer, exemplars_that_cannot_be_walked_are_left_out_and_told) {
    const tacho_exemplar exemplar = {.value = {.i64 = 1}};
    const tacho_exemplar keyless = {.filtered_attributes = tacho_attributes_from(NULL, 2)};
    const struct {
        tacho_exemplars exemplars;
        const char *why;
    } cases[] = {{{NULL, 1, sizeof exemplar}, "exemplars"},
                 {{&exemplar, 1, 8}, "exemplars"},
                 {{&keyless, 1, sizeof keyless}, "pointer"}};
    const uint64_t counts[] = {1};
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char names[3][3] = {{'n', (char)('0' + i)}, {'h', (char)('0' + i)}, {'e', (char)('0' + i)}};
        const tacho_number_point number = {.exemplars = cases[i].exemplars};
        const tacho_histogram_point histogram = {.bucket_counts = counts,
                                                 .exemplars = cases[i].exemplars};
        const tacho_exponential_histogram_point exponential = {.exemplars = cases[i].exemplars};
        expect_left_out(with_points(named(sum_metric, names[0]), &number, 1), cases[i].why);
        tacho_metric metric = named(sum_metric, names[1]);
        metric.type = TACHO_METRIC_HISTOGRAM;
        metric.point_size = sizeof histogram;
        expect_left_out(with_points(metric, &histogram, 1), cases[i].why);
        metric = named(sum_metric, names[2]);
        metric.type = TACHO_METRIC_EXPONENTIAL_HISTOGRAM;
        metric.point_size = sizeof exponential;
        expect_left_out(with_points(metric, &exponential, 1), cases[i].why);
    }
}

/* DM-06, DM-08 */
Test(producer, summaries_follow_the_data_model) {
    static const struct {
        tacho_quantile quantiles[3];
        size_t count;
        const char *why; /* NULL = good */
    } cases[] = {{{{0.0, 0}, {0.5, 2}, {1.0, 3}}, 3, NULL},
                 {{{0.5, 3}, {0.9, 1}}, 2, NULL},
                 {{{0, 0}}, 0, NULL},
                 {{{0.9, 1}, {0.5, 3}}, 2, "strictly increasing"},
                 {{{0.5, 1}, {0.5, 3}}, 2, "strictly increasing"},
                 {{{-0.1, 1}}, 1, "between 0 and 1"},
                 {{{1.1, 1}}, 1, "between 0 and 1"},
                 {{{0.5, -1}}, 1, "negative"}};
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tacho_summary_point point = {.quantiles = cases[i].quantiles,
                                           .quantile_count = cases[i].count};
        char name[] = {'s', (char)('0' + i), '\0'};
        const tacho_metric metric = {.name = tacho_string_from(name),
                                     .type = TACHO_METRIC_SUMMARY,
                                     .points = &point,
                                     .point_count = 1,
                                     .point_size = sizeof point};
        if (cases[i].why != NULL) {
            expect_left_out(metric, cases[i].why);
            continue;
        }
        struct source source = {0};
        answer(&source, &metric, 1);
        diagnostics_log.count = 0;
        struct collected *collected = collect_source(&source, NULL);
        cr_expect(eq(sz, collected->point_count, 1), "case %zu", i);
        cr_expect(eq(sz, diagnostics_log.count, 0));
        free(collected);
    }
    const tacho_summary_point nan_point = {
        .quantiles = &(tacho_quantile){.quantile = (double)NAN, .value = 1}, .quantile_count = 1};
    const tacho_metric nan_metric = {.name = tacho_string_from("nan"),
                                     .type = TACHO_METRIC_SUMMARY,
                                     .points = &nan_point,
                                     .point_count = 1,
                                     .point_size = sizeof nan_point};
    expect_left_out(nan_metric, "between 0 and 1");
}

/* DM-06, DM-07 */
Test(producer, histograms_are_looked_at) {
    const uint64_t counts[] = {1, 2, 3};
    const double bounds[] = {1, 2};
    const double unsorted[] = {2, 1};
    tacho_metric metric = {.name = tacho_string_from("h"),
                           .type = TACHO_METRIC_HISTOGRAM,
                           .temporality = TACHO_TEMPORALITY_DELTA,
                           .point_size = sizeof(tacho_histogram_point)};
    const tacho_histogram_point points[] = {
        {.bounds = bounds, .bound_count = 2, .bucket_counts = counts, .count = 6},
        {.bucket_counts = counts, .count = 1}};
    struct source source = {0};
    metric = with_points(metric, points, 2);
    answer(&source, &metric, 1);
    struct collected *collected = collect_source(&source, NULL);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(u64, collected->points[0].buckets[2], 3));
    cr_expect(eq(sz, collected->points[1].bound_count, 0), "one bucket, from -Inf to +Inf");
    free(collected);
    const tacho_histogram_point bad[] = {
        {.bounds = unsorted, .bound_count = 2, .bucket_counts = counts},
        {.bounds = NULL, .bound_count = 2, .bucket_counts = counts},
        {.bounds = bounds, .bound_count = 2}};
    capture_diagnostics();
    expect_left_out(with_points(named(metric, "h0"), &bad[0], 1), "strictly increasing");
    expect_left_out(with_points(named(metric, "h1"), &bad[1], 1), "bounds");
    expect_left_out(with_points(named(metric, "h2"), &bad[2], 1), "bucket_counts");
    metric.type = TACHO_METRIC_EXPONENTIAL_HISTOGRAM;
    metric.point_size = sizeof(tacho_exponential_histogram_point);
    const tacho_exponential_histogram_point exponential[] = {
        {.scale = 3, .positive = {.count = 2}}, {.scale = 21}, {.scale = -11}};
    expect_left_out(with_points(named(metric, "e0"), &exponential[0], 1), "pointer");
    expect_left_out(with_points(named(metric, "e1"), &exponential[1], 1), "scale");
    expect_left_out(with_points(named(metric, "e2"), &exponential[2], 1), "scale");
}

/* EXPH-22: at the ends of the range of doubles, and one bucket further */
Test(producer, buckets_beyond_all_doubles_are_left_out_and_told) {
    static const struct {
        int32_t scale;
        int32_t lowest;
        int32_t highest;
    } cases[] = {{0, -1075, 1023},
                 {20, -1075 * (1 << 20), 1024 * (1 << 20) - 1},
                 {1, -2150, 2047},
                 {-1, -538, 511},
                 {-10, -2, 0}};
    static const uint64_t counts[] = {1, 0};
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tacho_exponential_histogram_point good = {
            .scale = cases[i].scale,
            .positive = {.offset = cases[i].lowest, .counts = counts, .count = 1},
            .negative = {.offset = cases[i].highest, .counts = counts, .count = 1}};
        tacho_exponential_histogram_point bad[3] = {good, good, good};
        bad[0].positive.offset--;
        bad[1].negative.count = 2;
        bad[2].negative.offset++;
        tacho_metric metric = {.name = tacho_string_from("exponential"),
                               .type = TACHO_METRIC_EXPONENTIAL_HISTOGRAM,
                               .temporality = TACHO_TEMPORALITY_DELTA,
                               .points = &good,
                               .point_count = 1,
                               .point_size = sizeof good};
        struct source source = {0};
        answer(&source, &metric, 1);
        struct collected *collected = collect_source(&source, NULL);
        cr_expect(eq(sz, collected->count, 1), "scale %d", (int)cases[i].scale);
        free(collected);
        for (size_t k = 0; k < 3; k++) {
            char name[] = {'x', (char)('0' + i), (char)('0' + k), '\0'};
            expect_left_out(with_points(named(metric, name), &bad[k], 1), "beyond all doubles");
        }
    }
}

static int count_points(const tacho_metric_batch *batch, void *user) {
    *(size_t *)user = batch->point_count;
    return TACHO_OK;
}

/* DM-09: of a series that has ended only attributes and times count */
Test(producer, points_without_a_value_need_no_buckets) {
    const tacho_histogram_point ended = {.bound_count = 2, .flags = TACHO_POINT_NO_RECORDED_VALUE};
    const tacho_metric metric = {.name = tacho_string_from("ended"),
                                 .type = TACHO_METRIC_HISTOGRAM,
                                 .temporality = TACHO_TEMPORALITY_CUMULATIVE,
                                 .points = &ended,
                                 .point_count = 1,
                                 .point_size = sizeof ended};
    struct source source = {0};
    size_t points = 0;
    answer(&source, &metric, 1);
    tacho_metric_producer *producer = make_producer(&source);
    struct sdk sdk = make_sdk_with(&producer, 1, NULL);
    tacho_metric_reader_collect_with(sdk.reader, 0, count_points, &points);
    cr_expect(eq(sz, points, 1));
    tacho_meter_provider_destroy(sdk.provider);
}

/* ERR-01 */
Test(producer, answers_that_cannot_be_walked_are_left_out_and_told) {
    const tacho_number_point point = {.value = {.i64 = 1}};
    const tacho_metric metric = with_points(sum_metric, &point, 1);
    for (size_t i = 0; i < 6; i++) {
        struct source source = {0};
        answer(&source, &metric, 1);
        source.scope_metrics.scope = i == 0 ? NULL : &source.scope;
        source.scope_metrics.metrics = i == 1 ? NULL : source.metrics;
        source.scope_metrics.metric_size = i == 2 ? 4 : sizeof(tacho_metric);
        source.scope.name.data = i == 3 ? NULL : source.scope.name.data;
        source.scope.version.length = i == 4 ? 1 : 0;
        source.scope.attributes.count = i == 5 ? 1 : 0;
        if (i == 0) {
            capture_diagnostics();
        }
        struct collected *collected = collect_source(&source, NULL);
        cr_expect(eq(sz, collected->count, 0), "case %zu", i);
        free(collected);
    }
    cr_expect(was_told("produced_invalid", "producer source"));
}

static int produce_nonsense(void *self, const tacho_produce_request *request, tacho_produced *out) {
    (void)self;
    (void)request;
    out->scope_count = 3;
    return TACHO_OK;
}

/* ERR-01, RDR-08 */
Test(producer, an_answer_without_scopes_is_a_failure) {
    static const tacho_metric_producer_ops ops = {
        .struct_size = sizeof ops, .name = "nonsense", .produce = produce_nonsense};
    tacho_metric_producer *producer = NULL;
    cr_assert(eq(int, tacho_metric_producer_create(&ops, NULL, &producer), TACHO_OK));
    struct sdk sdk = make_sdk_with(&producer, 1, NULL);
    capture_diagnostics();
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, collected->status, TACHO_E_FAILED));
    cr_expect(was_told("produced_invalid", "nonsense"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- sizes of other versions --- */

struct large_scope {
    tacho_scope_metrics known;
    uint64_t more[3];
};

struct large_metric {
    tacho_metric known;
    uint64_t more;
};

struct large_source {
    tacho_scope scope;
    struct large_scope scopes[2];
    struct large_metric metrics[2];
};

static int produce_large(void *self, const tacho_produce_request *request, tacho_produced *out) {
    struct large_source *source = self;
    (void)request;
    out->scopes = &source->scopes[0].known;
    out->scope_count = 2;
    out->scope_size = sizeof source->scopes[0];
    return TACHO_OK;
}

/* SDK-23, PRD-01 */
Test(producer, structs_of_a_newer_version_are_walked_by_their_size) {
    static const tacho_metric_producer_ops ops = {
        .struct_size = sizeof ops, .name = "large", .produce = produce_large};
    const tacho_number_point points[] = {{.value = {.i64 = 1}}, {.value = {.i64 = 2}}};
    struct large_source source = {.scope = {.name = tacho_string_from("large")}};
    for (size_t i = 0; i < 2; i++) {
        memset(&source.scopes[i], 0xee, sizeof source.scopes[i]);
        memset(&source.metrics[i], 0xee, sizeof source.metrics[i]);
        source.metrics[i].known = with_points(sum_metric, &points[i], 1);
        source.scopes[i].known = (tacho_scope_metrics){.scope = &source.scope,
                                                       .metrics = &source.metrics[0].known,
                                                       .metric_count = i + 1,
                                                       .metric_size = sizeof source.metrics[0]};
    }
    tacho_metric_producer *producer = NULL;
    cr_assert(eq(int, tacho_metric_producer_create(&ops, &source, &producer), TACHO_OK));
    struct sdk sdk = make_sdk_with(&producer, 1, NULL);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 3));
    cr_expect(eq(i64, collected->points[0].i64, 1));
    cr_expect(eq(i64, collected->points[2].i64, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- the filter --- */

struct filter_log {
    tacho_metric_filter_result answers[4]; /* by the second letter of the name: "m0" ... */
    unsigned metrics;
    unsigned attributes;
    tacho_instrument_kind kinds[4];
    char scope[32];
    char unit[8];
};

static size_t number_of(const tacho_metric_identity *metric) {
    return metric->name.length > 1 ? (size_t)(metric->name.data[1] - '0') : 0;
}

static tacho_metric_filter_result test_metric(void *user, const tacho_metric_identity *metric) {
    struct filter_log *log = user;
    size_t number = number_of(metric);
    cr_assert(lt(sz, number, 4));
    log->metrics++;
    log->kinds[number] = metric->kind;
    copy_text(log->scope, sizeof log->scope, metric->scope->name);
    copy_text(log->unit, sizeof log->unit, metric->unit);
    return log->answers[number];
}

static bool test_attributes(void *user, const tacho_metric_identity *metric,
                            tacho_attributes attributes) {
    struct filter_log *log = user;
    log->attributes++;
    cr_expect(eq(sz, number_of(metric), 2));
    return attributes.count > 0 && attributes.items[0].value.as.i64 % 2 == 1;
}

/* PRD-06, FLT-01, FLT-02, FLT-04: once for each metric, for each point only after a partial yes */
Test(producer, the_filter_chooses_among_metrics_and_points) {
    struct filter_log log = {.answers = {TACHO_METRIC_ACCEPT, TACHO_METRIC_DROP,
                                         TACHO_METRIC_ACCEPT_PARTIAL, TACHO_METRIC_ACCEPT}};
    const tacho_metric_filter filter = {.struct_size = sizeof filter,
                                        .test_metric = test_metric,
                                        .test_attributes = test_attributes,
                                        .user = &log};
    tacho_attribute numbers[5];
    tacho_number_point points[5];
    memset(points, 0, sizeof points);
    for (size_t i = 0; i < 5; i++) {
        numbers[i] = TACHO_I64("i", (int64_t)i);
        points[i].attributes = tacho_attributes_from(&numbers[i], 1);
        points[i].value.i64 = (int64_t)i;
    }
    tacho_metric metrics[4];
    static const char *const names[] = {"m0", "m1", "m2", "m3"};
    for (size_t i = 0; i < 4; i++) {
        metrics[i] = with_points(named(sum_metric, names[i]), points, 5);
    }
    metrics[1].is_monotonic = false;
    metrics[3].type = TACHO_METRIC_GAUGE;
    struct source source = {0};
    answer(&source, metrics, 4);
    struct collected *collected = collect_source(&source, &filter);
    cr_assert(eq(sz, collected->count, 5 + 2 + 5));
    cr_expect(eq(sz, collected->point_count, 12));
    cr_expect(eq(i64, point_of(collected, "m2", 0)->i64, 1));
    cr_expect(eq(i64, point_of(collected, "m2", 1)->i64, 3));
    cr_expect(eq(ptr, (void *)point_of(collected, "m1", 0), NULL));
    cr_expect(eq(u32, log.metrics, 4));
    cr_expect(eq(u32, log.attributes, 5));
    cr_expect(eq(int, (int)log.kinds[0], TACHO_INSTRUMENT_COUNTER));
    cr_expect(eq(int, (int)log.kinds[1], TACHO_INSTRUMENT_UP_DOWN_COUNTER));
    cr_expect(eq(int, (int)log.kinds[3], TACHO_INSTRUMENT_GAUGE));
    cr_expect(eq(str, log.scope, (char *)"bridge"));
    cr_expect(eq(str, log.unit, (char *)"1"));
    cr_expect(ne(ptr, (void *)source.request.filter, NULL), "producers may apply it earlier");
    free(collected);
}

/* FLT-02: without a function for points all are wanted; without points a metric is left out */
Test(producer, a_filter_may_judge_metrics_alone) {
    struct filter_log log = {.answers = {[2] = TACHO_METRIC_ACCEPT_PARTIAL}};
    tacho_metric_filter filter = {
        .struct_size = sizeof filter, .test_metric = test_metric, .user = &log};
    const tacho_number_point point = {.value = {.i64 = 4}};
    const tacho_metric metric = with_points(named(sum_metric, "m2"), &point, 1);
    struct source source = {0};
    answer(&source, &metric, 1);
    struct collected *collected = collect_source(&source, &filter);
    cr_expect(eq(sz, collected->count, 1));
    free(collected);
    filter.test_attributes = test_attributes;
    collected = collect_source(&source, &filter);
    cr_expect(eq(sz, collected->metric_count, 0));
    cr_expect(eq(sz, collected->scope_count, 0));
    free(collected);
}

/* --- life --- */

Test(producer, one_without_the_required_members_is_refused_and_destroyed) {
    struct source source = {0};
    tacho_metric_producer *producer = NULL;
    tacho_metric_producer_ops ops = source_ops;
    capture_diagnostics();
    ops.produce = NULL;
    cr_expect(eq(int, tacho_metric_producer_create(&ops, &source, &producer), TACHO_E_INVALID));
    ops = source_ops;
    ops.name = NULL;
    cr_expect(eq(int, tacho_metric_producer_create(&ops, &source, &producer), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_producer_create(&source_ops, &source, NULL), TACHO_E_INVALID));
    cr_expect(eq(u32, source.destroys, 3));
    ops = source_ops;
    ops.struct_size = 0;
    cr_expect(eq(int, tacho_metric_producer_create(&ops, &source, &producer), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_producer_create(NULL, &source, &producer), TACHO_E_INVALID));
    cr_expect(eq(u32, source.destroys, 3));
    cr_expect(eq(ptr, producer, NULL));
    cr_expect(was_told("setup_failed", "tacho_metric_producer_ops.produce: it is NULL"));
}

/* SDK-07 */
Test(producer, a_producer_has_one_reader_which_destroys_it) {
    struct source source = {0};
    struct source other = {0};
    tacho_error error = {0};
    tacho_metric_producer *producer = make_producer(&source);
    tacho_metric_reader *first = NULL;
    tacho_metric_reader *second = NULL;
    int status = tacho_manual_reader_create(
        NULL,
        TACHO_OPTIONS(tacho_manual_reader_options, .producers = &producer, .producer_count = 1),
        &first);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_metric_producer *both[] = {make_producer(&other), producer};
    status =
        tacho_manual_reader_create(NULL,
                                   TACHO_OPTIONS(tacho_manual_reader_options, .producers = both,
                                                 .producer_count = 2, .error = &error),
                                   &second);
    cr_expect(eq(int, status, TACHO_E_BUSY));
    cr_expect(eq(str, error.field, (char *)"producers"));
    cr_expect(ne(ptr, strstr(error.message, "producer 1 belongs to a reader"), NULL), "%s",
              error.message);
    cr_expect(eq(u32, other.destroys, 1), "the other one is consumed");
    cr_expect(eq(u32, source.destroys, 0), "this one is left alone");
    capture_diagnostics();
    tacho_metric_producer_destroy(producer);
    cr_expect(ne(ptr, (void *)diagnostic_of("destroy_refused"), NULL));
    tacho_metric_reader_destroy(first);
    cr_expect(eq(u32, source.destroys, 1));
    tacho_metric_producer_destroy(make_producer(&source));
    cr_expect(eq(u32, source.destroys, 2));
    tacho_metric_producer_destroy(NULL);
}

/* Whatever is wrong with the call, the producers in it are consumed. */
Test(producer, refused_options_consume_the_producers) {
    struct source source = {0};
    tacho_metric_producer *producer = make_producer(&source);
    tacho_metric_reader *reader = NULL;
    struct {
        tacho_periodic_reader_options known;
        uint64_t unknown;
    } future = {
        .known = {.struct_size = sizeof future, .producers = &producer, .producer_count = 1},
        .unknown = 1};
    struct test_exporter test = {0};
    cr_expect(eq(int, tacho_periodic_reader_create(make_exporter(&test), &future.known, &reader),
                 TACHO_E_UNSUPPORTED));
    cr_expect(eq(u32, source.destroys, 1));
    producer = make_producer(&source);
    cr_expect(
        eq(int,
           tacho_periodic_reader_create(NULL,
                                        TACHO_OPTIONS(tacho_periodic_reader_options,
                                                      .producers = &producer, .producer_count = 1),
                                        &reader),
           TACHO_E_INVALID));
    cr_expect(eq(u32, source.destroys, 2));
    producer = make_producer(&source);
    cr_expect(
        eq(int,
           tacho_manual_reader_create(NULL,
                                      TACHO_OPTIONS(tacho_manual_reader_options,
                                                    .producers = &producer, .producer_count = 1),
                                      NULL),
           TACHO_E_INVALID));
    cr_expect(eq(u32, source.destroys, 3));
}

Test(producer, numbers_of_series_are_never_given_twice) {
    uint64_t first = tacho_series_id_next();
    cr_expect(ne(u64, first, 0));
    cr_expect(gt(u64, tacho_series_id_next(), first));
}

/* --- memory --- */

Test(producer, every_failed_allocation_is_survived) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    const tacho_number_point points[2] = {{.value = {.i64 = 7}}};
    const tacho_metric metric = with_points(named(sum_metric, "m2"), points, 2);
    struct filter_log log = {.answers = {[2] = TACHO_METRIC_ACCEPT}};
    const tacho_metric_filter filter = {
        .struct_size = sizeof filter, .test_metric = test_metric, .user = &log};
    bool has_failed = true;
    unsigned failures = 0;
    for (uint64_t k = 1; has_failed && k < 200; k++) {
        struct source source = {0};
        tacho_metric_producer *producer = NULL;
        tacho_metric_reader *reader = NULL;
        answer(&source, &metric, 1);
        tachoi_alloc_fail_at(k);
        int status = tacho_metric_producer_create(&source_ops, &source, &producer);
        if (status == TACHO_OK) {
            status = tacho_manual_reader_create(
                NULL,
                TACHO_OPTIONS(tacho_manual_reader_options, .producers = &producer,
                              .producer_count = 1, .metric_filter = &filter),
                &reader);
        }
        tacho_meter_provider *provider = NULL;
        if (status == TACHO_OK) {
            status = tacho_meter_provider_create(
                TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1),
                &provider);
        }
        if (status == TACHO_OK) {
            struct collected *collected = collect(reader);
            status = collected->status;
            cr_expect(eq(sz, collected->count, status == TACHO_OK ? 2 : 0));
            free(collected);
        }
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        tacho_meter_provider_destroy(provider);
        cr_assert(status == TACHO_OK || status == TACHO_E_NO_MEMORY, "%d", status);
        cr_assert(eq(u32, source.destroys, 1), "allocation %lu", (unsigned long)k);
        failures += status != TACHO_OK;
    }
    cr_expect(not(has_failed));
    cr_expect(gt(u32, failures, 5));
}
