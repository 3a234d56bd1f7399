/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which values an exponential histogram takes, from the instrument to the point. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>

#include "tacho/exporters/memory.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

static tacho_metric_exporter *exporter;
static tacho_metric_reader *reader;
static tacho_meter_provider *provider;
static tacho_histogram *histogram;
static tacho_metric_batch *batch;

static void begin(void) {
    const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM};
    cr_assert(
        eq(int,
           tacho_memory_exporter_create(
               TACHO_OPTIONS(tacho_memory_options,
                             .default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &exponential}),
               &exporter),
           TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1),
                                             &provider),
                 TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "lib", NULL);
    histogram = tacho_meter_create_histogram(meter, "sizes", NULL);
}

static void end(void) {
    tacho_memory_batch_destroy(batch);
    tacho_meter_provider_destroy(provider);
}

TestSuite(exponential_values, .init = begin, .fini = end);

static const tacho_exponential_histogram_point *collect(void) {
    tacho_memory_batch_destroy(batch);
    tacho_memory_exporter_reset(exporter);
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    batch = tacho_memory_exporter_batch(exporter, 0);
    const tacho_metric *metric = tacho_memory_batch_find(batch, "sizes");
    cr_assert(ne(ptr, (void *)metric, NULL));
    cr_assert(eq(int, (int)metric->type, (int)TACHO_METRIC_EXPONENTIAL_HISTOGRAM));
    cr_assert(eq(sz, metric->point_count, 1));
    return tacho_metric_exponential_histogram_point(metric, 0);
}

/* EXPH-06: they have no bucket; so that count is zeros and buckets, they are not counted either. */
Test(exponential_values, infinities_and_nan_leave_no_trace) {
    tacho_histogram_record(histogram, 2, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, (double)INFINITY, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, -(double)INFINITY, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, (double)NAN, TACHO_NO_ATTRS);
    const tacho_exponential_histogram_point *point = collect();
    cr_expect(eq(u64, point->count, 1));
    cr_expect(eq(dbl, point->sum, 2.0));
    cr_expect(eq(dbl, point->min, 2.0));
    cr_expect(eq(dbl, point->max, 2.0));
    cr_expect(eq(u64, point->zero_count, 0));
    cr_expect(eq(sz, point->positive.count, 1));
    cr_expect(eq(sz, point->negative.count, 0));
}

/* EXPH-05, EXPH-08 */
Test(exponential_values, the_ends_of_the_doubles_fit_into_one_point) {
    tacho_histogram_record(histogram, DBL_MAX, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, DBL_MIN, TACHO_NO_ATTRS);
    const tacho_exponential_histogram_point *point = collect();
    cr_expect(eq(u64, point->count, 2));
    cr_expect(eq(dbl, point->min, DBL_MIN));
    cr_expect(eq(dbl, point->max, DBL_MAX));
    uint64_t in_buckets = 0;
    for (size_t i = 0; i < point->positive.count; i++) {
        in_buckets += point->positive.counts[i];
    }
    cr_expect(eq(u64, in_buckets, 2));
    cr_expect(le(sz, point->positive.count, 160));
}
