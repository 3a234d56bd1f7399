/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader can be told: limits, temporality and aggregation by kind, with what the exporter
 * prefers behind them; and what is wrong with that. */
#include "reader/reader.h"

#include "sdk_fixture.h"

/* --- exporters with preferences --- */

struct picky {
    struct test_exporter test; /* first: its functions are used */
    tacho_temporality temporality;
    tacho_aggregation aggregation;
    unsigned asked[2];
};

static tacho_temporality picky_temporality(void *self, tacho_instrument_kind kind) {
    struct picky *picky = self;
    picky->asked[0]++;
    return kind == TACHO_INSTRUMENT_GAUGE ? TACHO_TEMPORALITY_UNSPECIFIED : picky->temporality;
}

static void picky_aggregation(void *self, tacho_instrument_kind kind, tacho_aggregation *out) {
    struct picky *picky = self;
    picky->asked[1]++;
    cr_expect(eq(sz, out->struct_size, sizeof *out));
    if (kind == TACHO_INSTRUMENT_HISTOGRAM) {
        *out = picky->aggregation;
    }
}

static const tacho_metric_exporter_ops picky_ops = {
    .struct_size = sizeof picky_ops,
    .name = "picky",
    .export_batch = test_export,
    .force_flush = test_flush,
    .shutdown = test_shutdown,
    .destroy = test_destroy,
    .delivery = test_delivery,
    .temporality = picky_temporality,
    .default_aggregation = picky_aggregation,
};

static tacho_metric_exporter *make_picky(struct picky *picky) {
    tacho_metric_exporter *exporter = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&picky_ops, picky, &exporter), TACHO_OK));
    return exporter;
}

static tacho_metric_reader *make_reader(tacho_metric_exporter *exporter,
                                        const tacho_manual_reader_options *options) {
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(exporter, options, &reader), TACHO_OK));
    return reader;
}

static void expect_temporalities(const tacho_metric_reader *reader, const char *expected) {
    char found[TACHO_INSTRUMENT_KINDS + 1] = "";
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        found[kind] = reader->config.temporalities[kind] == TACHO_TEMPORALITY_DELTA ? 'd' : 'c';
    }
    cr_expect(eq(str, found, (char *)expected));
}

/* --- temporality --- */

/* RDR-01, TIME-11: cumulative where nobody says otherwise */
Test(reader_options, temporality_is_cumulative_by_default) {
    tacho_metric_reader *reader = make_reader(NULL, NULL);
    expect_temporalities(reader, "ccccccc");
    tacho_metric_reader_destroy(reader);
}

/* RDR-01, TIME-11: option by kind, then preference, then exporter */
Test(reader_options, temporality_by_kind_beats_the_preference_beats_the_exporter) {
    struct picky picky = {.temporality = TACHO_TEMPORALITY_DELTA};
    tacho_metric_reader *reader = make_reader(make_picky(&picky), NULL);
    expect_temporalities(reader, "ddcdddd");
    cr_expect(eq(u32, picky.asked[0], TACHO_INSTRUMENT_KINDS), "asked once");
    tacho_metric_reader_destroy(reader);

    reader =
        make_reader(make_picky(&picky),
                    TACHO_OPTIONS(tacho_manual_reader_options,
                                  .temporality_preference = TACHO_TEMPORALITY_PREFER_CUMULATIVE));
    expect_temporalities(reader, "ccccccc");
    tacho_metric_reader_destroy(reader);

    tacho_manual_reader_options options = {.struct_size = sizeof options,
                                           .temporality_preference =
                                               TACHO_TEMPORALITY_PREFER_LOW_MEMORY};
    options.temporalities[TACHO_INSTRUMENT_HISTOGRAM] = TACHO_TEMPORALITY_CUMULATIVE;
    options.temporalities[TACHO_INSTRUMENT_OBSERVABLE_COUNTER] = TACHO_TEMPORALITY_DELTA;
    reader = make_reader(make_picky(&picky), &options);
    expect_temporalities(reader, "dcccdcc");
    tacho_metric_reader_destroy(reader);
}

/* RDR-01, TIME-11 */
Test(reader_options, the_periodic_reader_takes_the_same_options) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = NULL;
    tacho_periodic_reader_options options = {.struct_size = sizeof options,
                                             .cardinality_limit = 7,
                                             .max_export_batch_size = 9,
                                             .temporality_preference =
                                                 TACHO_TEMPORALITY_PREFER_DELTA};
    options.cardinality_limits[TACHO_INSTRUMENT_GAUGE] = 3;
    cr_assert(
        eq(int, tacho_periodic_reader_create(make_exporter(&test), &options, &reader), TACHO_OK));
    expect_temporalities(reader, "dcdddcd");
    cr_expect(eq(u32, reader->config.cardinality_limits[TACHO_INSTRUMENT_GAUGE], 3));
    cr_expect(eq(u32, reader->config.cardinality_limits[TACHO_INSTRUMENT_COUNTER], 7));
    cr_expect(eq(sz, reader->max_export_batch_size, 9));
    tacho_metric_reader_destroy(reader);
}

/* RDR-01: an answer that makes no sense is told, and the default taken */
Test(reader_options, nonsense_of_an_exporter_is_told) {
    struct picky picky = {.temporality = (tacho_temporality)9,
                          .aggregation = {.struct_size = sizeof picky.aggregation,
                                          .type = (tacho_aggregation_type)99}};
    capture_diagnostics();
    tacho_metric_reader *reader = make_reader(make_picky(&picky), NULL);
    cr_expect(was_told("exporter_preference_invalid", "picky"));
    expect_temporalities(reader, "ccccccc");
    cr_expect(eq(ptr, (void *)reader->config.aggregations[TACHO_INSTRUMENT_HISTOGRAM], NULL));
    tacho_metric_reader_destroy(reader);
}

/* SDK-23: a table of the first version ends before the preferences */
Test(reader_options, a_table_of_an_older_version_has_no_preferences) {
    struct picky picky = {.temporality = TACHO_TEMPORALITY_DELTA};
    tacho_metric_exporter_ops ops = picky_ops;
    tacho_metric_exporter *exporter = NULL;
    ops.struct_size = offsetof(tacho_metric_exporter_ops, temporality);
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &picky, &exporter), TACHO_OK));
    tacho_metric_reader *reader = make_reader(exporter, NULL);
    expect_temporalities(reader, "ccccccc");
    cr_expect(eq(u32, picky.asked[0] + picky.asked[1], 0));
    tacho_metric_reader_destroy(reader);
}

/* SDK-23, RDR-01: options of the first version end at `error` */
Test(reader_options, options_of_an_older_version_mean_the_defaults) {
    struct {
        size_t struct_size;
        uint32_t cardinality_limit;
        tacho_error *error;
        uint64_t not_part_of_it[32];
    } old = {.struct_size = offsetof(tacho_manual_reader_options, cardinality_limits),
             .cardinality_limit = 5};
    memset(old.not_part_of_it, 0xff, sizeof old.not_part_of_it);
    tacho_manual_reader_options options;
    memcpy(&options, &old, sizeof options);
    tacho_metric_reader *reader = make_reader(NULL, &options);
    expect_temporalities(reader, "ccccccc");
    cr_expect(eq(u32, reader->config.cardinality_limits[0], 5));
    cr_expect(eq(sz, reader->producer_count, 0));
    tacho_metric_reader_destroy(reader);
}

/* --- aggregations --- */

/* RDR-01: option, then exporter, then default; copied */
Test(reader_options, aggregation_by_kind_beats_the_exporter) {
    double bounds[] = {1, 2};
    struct picky picky = {
        .aggregation = {.struct_size = sizeof picky.aggregation,
                        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM}};
    tacho_metric_reader *reader = make_reader(make_picky(&picky), NULL);
    const tacho_aggregation *const *found = reader->config.aggregations;
    cr_assert(ne(ptr, (void *)found[TACHO_INSTRUMENT_HISTOGRAM], NULL));
    cr_expect(eq(int, (int)found[TACHO_INSTRUMENT_HISTOGRAM]->type,
                 TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM));
    cr_expect(eq(ptr, (void *)found[TACHO_INSTRUMENT_COUNTER], NULL));
    tacho_metric_reader_destroy(reader);

    tacho_aggregation own = {.struct_size = sizeof own,
                             .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                             .boundaries = bounds,
                             .boundary_count = 2};
    tacho_manual_reader_options options = {.struct_size = sizeof options};
    options.default_aggregations[TACHO_INSTRUMENT_HISTOGRAM] = &own;
    reader = make_reader(make_picky(&picky), &options);
    memset(bounds, 0, sizeof bounds);
    memset(&own, 0, sizeof own);
    const tacho_aggregation *copy = reader->config.aggregations[TACHO_INSTRUMENT_HISTOGRAM];
    cr_assert(ne(ptr, (void *)copy, NULL));
    cr_expect(eq(int, (int)copy->type, TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM));
    cr_expect(eq(dbl, copy->boundaries[1], 2));
    tacho_metric_reader_destroy(reader);
}

/* RDR-01, AGG-01: the streams follow, and outlive the reader's options */
Test(reader_options, histograms_have_the_boundaries_of_the_reader) {
    const double bounds[] = {10, 20};
    const tacho_aggregation own = {.struct_size = sizeof own,
                                   .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                   .boundaries = bounds,
                                   .boundary_count = 2};
    tacho_manual_reader_options options = {.struct_size = sizeof options};
    options.default_aggregations[TACHO_INSTRUMENT_HISTOGRAM] = &own;
    tacho_metric_reader *reader = make_reader(NULL, &options);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    tacho_histogram_record(histogram, 15, TACHO_NO_ATTRS);
    struct collected *collected = collect(reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(sz, collected->points[0].bound_count, 2));
    cr_expect(eq(u64, collected->points[0].buckets[1], 1));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* --- limits --- */

/* CARD-02, CARD-10: by kind, then for all, then 2000 */
Test(reader_options, limits_go_by_kind) {
    tacho_manual_reader_options options = {.struct_size = sizeof options, .cardinality_limit = 3};
    options.cardinality_limits[TACHO_INSTRUMENT_UP_DOWN_COUNTER] = 1;
    options.cardinality_limits[TACHO_INSTRUMENT_HISTOGRAM] = TACHO_NO_LIMIT;
    tacho_metric_reader *reader = make_reader(NULL, &options);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_up_down_counter *up_down = tacho_meter_create_up_down_counter(meter, "u", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    for (int64_t i = 0; i < 6; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        tacho_up_down_counter_add(up_down, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    struct collected *collected = collect(reader);
    size_t counts[3] = {0, 0, 0};
    for (size_t i = 0; i < collected->count; i++) {
        counts[0] += collected->points[i].name[0] == 'c';
        counts[1] += collected->points[i].name[0] == 'u';
        counts[2] += collected->points[i].name[0] == 'h';
    }
    cr_expect(eq(sz, counts[0], 4), "3 and the overflow");
    cr_expect(eq(sz, counts[1], 2));
    cr_expect(eq(sz, counts[2], 6));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* --- what is wrong --- */

static tacho_metric_filter_result accept_all(void *user, const tacho_metric_identity *metric) {
    (void)user;
    (void)metric;
    return TACHO_METRIC_ACCEPT;
}

/* Both readers refuse the options, name the field, and consume the exporter. */
static void expect_refused(const tacho_manual_reader_options *options, int status,
                           const char *field) {
    struct test_exporter test = {0};
    tacho_error error = {0};
    tacho_metric_reader *reader = NULL;
    tacho_manual_reader_options manual = *options;
    tacho_periodic_reader_options periodic = {.struct_size = sizeof periodic,
                                              .error = &error,
                                              .temporality_preference =
                                                  options->temporality_preference,
                                              .producers = options->producers,
                                              .producer_count = options->producer_count,
                                              .metric_filter = options->metric_filter};
    memcpy(periodic.temporalities, options->temporalities, sizeof periodic.temporalities);
    memcpy(periodic.default_aggregations, options->default_aggregations,
           sizeof periodic.default_aggregations);
    manual.struct_size = sizeof manual;
    manual.error = &error;
    cr_expect(eq(int, tacho_manual_reader_create(make_exporter(&test), &manual, &reader), status));
    cr_expect(eq(str, error.field, (char *)field), "%s", error.message);
    cr_expect(eq(int, error.status, status));
    memset(&error, 0, sizeof error);
    cr_expect(
        eq(int, tacho_periodic_reader_create(make_exporter(&test), &periodic, &reader), status));
    cr_expect(eq(str, error.field, (char *)field), "%s", error.message);
    cr_expect(ne(str, error.message, (char *)""));
    cr_expect(eq(u32, atomic_load(&test.destroys), 2));
    cr_expect(eq(ptr, reader, NULL));
}

/* ERR-02, ERR-03 */
Test(reader_options, unknown_temporalities_are_refused) {
    tacho_manual_reader_options options = {.temporality_preference =
                                               (tacho_temporality_preference)4};
    expect_refused(&options, TACHO_E_INVALID, "temporality_preference");
    options = (tacho_manual_reader_options){.temporalities = {[6] = (tacho_temporality)3}};
    expect_refused(&options, TACHO_E_INVALID, "temporalities");
    options = (tacho_manual_reader_options){.temporalities = {[0] = (tacho_temporality)-1}};
    expect_refused(&options, TACHO_E_INVALID, "temporalities");
}

/* ERR-02, ERR-03 */
Test(reader_options, wrong_aggregations_are_refused_by_name) {
    const double unsorted[] = {2, 1};
    const tacho_aggregation wrong[] = {
        {.struct_size = sizeof wrong[0], .type = (tacho_aggregation_type)77},
        {.struct_size = sizeof wrong[0],
         .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
         .boundaries = unsorted,
         .boundary_count = 2},
        {.struct_size = sizeof wrong[0],
         .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
         .max_size = 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tacho_manual_reader_options options = {
            .default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &wrong[i]}};
        expect_refused(&options, TACHO_E_INVALID, "default_aggregations");
    }
}

/* SDK-23, VER-02: as a view does */
Test(reader_options, an_aggregation_of_a_newer_version_is_unsupported) {
    const struct {
        tacho_aggregation known;
        uint64_t unknown;
    } newer = {{.struct_size = sizeof newer}, 1};
    tacho_manual_reader_options options = {
        .default_aggregations = {[TACHO_INSTRUMENT_COUNTER] = &newer.known}};
    expect_refused(&options, TACHO_E_UNSUPPORTED, "default_aggregations");
}

/* FLT-01 */
Test(reader_options, an_incomplete_filter_is_refused) {
    const tacho_metric_filter empty = {.struct_size = sizeof empty};
    tacho_manual_reader_options options = {.metric_filter = &empty};
    expect_refused(&options, TACHO_E_INVALID, "metric_filter");
    const tacho_metric_filter no_size = {.test_metric = accept_all};
    options.metric_filter = &no_size;
    expect_refused(&options, TACHO_E_INVALID, "metric_filter");
}

/* RDR-01 */
Test(reader_options, producers_without_a_pointer_are_refused) {
    tacho_manual_reader_options options = {.producer_count = 2};
    expect_refused(&options, TACHO_E_INVALID, "producers");
    tacho_metric_producer *none = NULL;
    options = (tacho_manual_reader_options){.producers = &none, .producer_count = 1};
    expect_refused(&options, TACHO_E_INVALID, "producers");
}

/* --- memory --- */

Test(reader_options, every_failed_allocation_is_survived) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    struct picky picky = {
        .temporality = TACHO_TEMPORALITY_DELTA,
        .aggregation = {.struct_size = sizeof picky.aggregation,
                        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM}};
    const tacho_aggregation sum = {.struct_size = sizeof sum, .type = TACHO_AGGREGATION_SUM};
    tacho_manual_reader_options options = {
        .struct_size = sizeof options,
        .default_aggregations = {&sum, &sum, NULL, NULL, &sum, NULL, NULL}};
    int status = TACHO_E_NO_MEMORY;
    unsigned k = 1;
    for (; status == TACHO_E_NO_MEMORY && k < 50; k++) {
        tacho_metric_exporter *exporter = make_picky(&picky);
        tacho_metric_reader *reader = NULL;
        tachoi_alloc_fail_at(k);
        status = tacho_manual_reader_create(exporter, &options, &reader);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, reader != NULL, status == TACHO_OK));
        tacho_metric_reader_destroy(reader);
        cr_assert(eq(u32, atomic_load(&picky.test.destroys), k));
    }
    cr_expect(eq(int, status, TACHO_OK));
    cr_expect(gt(u32, k, 5));
}
