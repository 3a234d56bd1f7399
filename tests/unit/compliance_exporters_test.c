/* SPDX-License-Identifier: Apache-2.0 */
/* What exporters may rely on: the shape of what they get, and that a batch comes once. */
#include "sdk_fixture.h"

#include "tacho/exporters/memory.h"

/* EXP-06: no batch comes a second time; what is in it comes again only because totals do */
Test(compliance_exporters, a_failed_export_is_not_tried_again_by_the_sdk) {
    static const int failures[] = {TACHO_E_FAILED, TACHO_E_TIMEOUT, TACHO_E_NO_MEMORY};
    setenv("OTEL_LOG_LEVEL", "none", 1);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct test_exporter test = {.export_status = failures[i]};
        tacho_metric_reader *reader = NULL;
        int status = tacho_periodic_reader_create(
            make_exporter(&test),
            TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3600 * 1000,
                          .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA),
            &reader);
        cr_assert(eq(int, status, TACHO_OK));
        tacho_meter_provider *provider = make_provider(&reader, 1);
        tacho_counter *counter = tacho_meter_create_counter(
            tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
        tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
        cr_expect(ne(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
        cr_expect(eq(u32, atomic_load(&test.exports), 1));
        cr_expect(eq(i64, atomic_load(&test.last_value), 5));
        test.export_status = TACHO_OK;
        tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
        cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_OK));
        cr_expect(eq(u32, atomic_load(&test.exports), 2));
        cr_expect(eq(i64, atomic_load(&test.last_value), 2), "the failed batch is gone");
        tacho_meter_provider_destroy(provider);
    }
}

/* EXP-11: what exporters include knows no protobuf */
#if defined(PROTOBUF_C_VERSION_NUMBER) || defined(PROTOBUF_C__BEGIN_DECLS)
#error "a header of the SDK or of the memory exporter includes protobuf-c"
#endif

static tacho_metric_reader *make_memory_reader(tacho_metric_exporter **exporter) {
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_memory_exporter_create(NULL, exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(*exporter, NULL, &reader), TACHO_OK));
    return reader;
}

static const tacho_metric *found(const tacho_metric_batch *batch, const char *name,
                                 tacho_metric_type type, tacho_temporality temporality) {
    const tacho_metric *metric = tacho_memory_batch_find(batch, name);
    cr_assert(ne(ptr, (void *)metric, NULL), "%s", name);
    cr_expect(eq(int, (int)metric->type, (int)type), "%s", name);
    cr_expect(eq(int, (int)metric->temporality, (int)temporality), "%s", name);
    cr_assert(eq(sz, metric->point_count, 1), "%s", name);
    return metric;
}

static void check_numbers(const tacho_metric_batch *batch) {
    const tacho_metric *sum = found(batch, "sum", TACHO_METRIC_SUM, TACHO_TEMPORALITY_CUMULATIVE);
    cr_expect(sum->is_monotonic);
    cr_expect(eq(int, (int)sum->number_type, TACHO_NUMBER_I64));
    cr_expect(eq(i64, tacho_metric_number_point(sum, 0)->value.i64, 3));
    const tacho_metric *level =
        found(batch, "level", TACHO_METRIC_SUM, TACHO_TEMPORALITY_CUMULATIVE);
    cr_expect(not(level->is_monotonic));
    cr_expect(eq(i64, tacho_metric_number_point(level, 0)->value.i64, -4));
    const tacho_metric *gauge =
        found(batch, "gauge", TACHO_METRIC_GAUGE, TACHO_TEMPORALITY_UNSPECIFIED);
    cr_expect(eq(int, (int)gauge->number_type, TACHO_NUMBER_F64));
    cr_expect(eq(dbl, tacho_metric_number_point(gauge, 0)->value.f64, 0.5));
}

static void check_histograms(const tacho_metric_batch *batch) {
    const tacho_histogram_point *explicit_point = tacho_metric_histogram_point(
        found(batch, "explicit", TACHO_METRIC_HISTOGRAM, TACHO_TEMPORALITY_CUMULATIVE), 0);
    cr_expect(eq(u64, explicit_point->count, 2));
    cr_expect(eq(dbl, explicit_point->sum, 8.0));
    cr_assert(explicit_point->has_min_max);
    cr_expect(eq(dbl, explicit_point->min, 1.0));
    cr_expect(eq(dbl, explicit_point->max, 7.0));
    cr_assert(eq(sz, explicit_point->bound_count, 1));
    cr_expect(eq(dbl, explicit_point->bounds[0], 2.0));
    cr_expect(eq(u64, explicit_point->bucket_counts[0], 1));
    cr_expect(eq(u64, explicit_point->bucket_counts[1], 1));
    const tacho_exponential_histogram_point *exponential = tacho_metric_exponential_histogram_point(
        found(batch, "exponential", TACHO_METRIC_EXPONENTIAL_HISTOGRAM,
              TACHO_TEMPORALITY_CUMULATIVE),
        0);
    cr_expect(eq(u64, exponential->count, 3));
    cr_expect(eq(u64, exponential->zero_count, 1));
    cr_expect(eq(dbl, exponential->sum, 3.0));
    uint64_t in_buckets = 0;
    for (size_t i = 0; i < exponential->positive.count; i++) {
        in_buckets += exponential->positive.counts[i];
    }
    cr_expect(eq(u64, in_buckets, 2));
    cr_expect(eq(sz, exponential->negative.count, 0));
    cr_expect(le(u64, exponential->start_time_unix_nano, exponential->time_unix_nano));
}

/* EXP-03, EXP-11, DM-06: each aggregation as the data model has it, below its scope and resource */
Test(compliance_exporters, what_they_get_are_the_kinds_of_the_data_model) {
    static const double bounds[] = {2};
    static const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = make_memory_reader(&exporter);
    tacho_view *view = VIEW(.instrument_name = "exponential", .aggregation = &exponential);
    tacho_meter_provider *provider = NULL;
    int status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1,
                                                           .views = &view, .view_count = 1),
                                             &provider);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(
        provider, "scope", TACHO_OPTIONS(tacho_scope_options, .version = "1.2"));
    tacho_histogram *explicit_histogram = tacho_meter_create_histogram(
        meter, "explicit",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = 1));
    tacho_histogram *exponential_histogram =
        tacho_meter_create_histogram(meter, "exponential", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "sum", NULL), 3, TACHO_NO_ATTRS);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(meter, "level", NULL), -4,
                              TACHO_NO_ATTRS);
    tacho_gauge_f64_record(tacho_meter_create_gauge_f64(meter, "gauge", NULL), 0.5, TACHO_NO_ATTRS);
    tacho_histogram_record(explicit_histogram, 1, TACHO_NO_ATTRS);
    tacho_histogram_record(explicit_histogram, 7, TACHO_NO_ATTRS);
    for (int value = 0; value < 3; value++) {
        tacho_histogram_record(exponential_histogram, value, TACHO_NO_ATTRS);
    }
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    tacho_metric_batch *batch = tacho_memory_exporter_batch(exporter, 0);
    cr_assert(ne(ptr, (void *)batch, NULL));
    check_numbers(batch);
    check_histograms(batch);
    const tacho_scope *scope = tacho_metric_batch_scope(batch, 0)->scope;
    cr_expect(eq(str, (char *)scope->name.data, "scope"));
    cr_expect(eq(str, (char *)scope->version.data, "1.2"));
    cr_expect(ge(sz, tacho_resource_attributes(batch->resource).count, 4));
    tacho_memory_batch_destroy(batch);
    tacho_meter_provider_destroy(provider);
}
