/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the tests of the in-memory exporter: copies that hold, the list of batches, waiting. */
#include "tacho/exporters/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "console/batch_text.h"
#include "memory/batch_copy.h"
#include "sample_batch.h"
#include "tacho/exporters/console.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static struct sample_batch *create_sample(void) {
    struct sample_batch *sample = calloc(1, sizeof(*sample));
    tacho_resource *resource = NULL;
    const tacho_resource_options options = {
        .struct_size = sizeof(options),
        .attributes = TACHO_ATTRS(TACHO_STR("service.name", "shop")),
        .schema_url = "https://example.org/r",
    };
    cr_assert(ne(ptr, sample, NULL));
    cr_assert(eq(int, tacho_resource_create(&options, &resource), TACHO_OK));
    sample_batch_init(sample, resource);
    return sample;
}

static void destroy_sample(struct sample_batch *sample) {
    tacho_resource_destroy(sample->resource);
    free(sample);
}

/* All that the console shows of a batch. */
static void show(const tacho_metric_batch *batch, struct tachoi_text *text) {
    tachoi_text_init(text, 0);
    tachoi_console_batch_text(batch, text);
    cr_assert(eq(int, text->failed, false));
}

/* MEM-01, EXM-03, EXPH-03 */
Test(memory, a_copy_holds_everything_when_its_source_is_gone) {
    struct tachoi_text before;
    struct tachoi_text after;
    struct sample_batch *sample = create_sample();
    show(&sample->batch, &before);
    struct tachoi_memory_batch *copy = tachoi_memory_batch_copy(&sample->batch);
    destroy_sample(sample);
    cr_assert(ne(ptr, copy, NULL));
    show(&copy->batch, &after);
    cr_expect(eq(str, after.data, before.data));
    cr_expect(eq(str, (char *)tacho_resource_schema_url(copy->batch.resource),
                 (char *)"https://example.org/r"));
    tachoi_text_fini(&before);
    tachoi_text_fini(&after);
    tacho_memory_batch_destroy(&copy->batch);
}

Test(memory, a_copy_keeps_what_the_console_does_not_show) {
    struct sample_batch *sample = create_sample();
    tacho_attribute *metadata = malloc(sizeof *metadata);
    *metadata = TACHO_STR("prometheus.type", "info");
    sample->metrics[3].metric.metadata = tacho_attributes_from(metadata, 1);
    struct tachoi_memory_batch *copy = tachoi_memory_batch_copy(&sample->batch);
    free(metadata);
    destroy_sample(sample);
    cr_assert(ne(ptr, copy, NULL));
    cr_expect(eq(u64, copy->batch.time_monotonic_ns, 5));
    const tacho_metric *sum = tacho_memory_batch_find(&copy->batch, "http.requests");
    const tacho_number_point *point = tacho_metric_number_point(sum, 1);
    cr_expect(eq(u64, point->series.id, 12));
    cr_expect(eq(u64, point->start_time_unix_nano, SAMPLE_TIME_NS - 1000));
    cr_expect(eq(u64, point->time_unix_nano, SAMPLE_TIME_NS));
    const tacho_metric *latency = tacho_memory_batch_find(&copy->batch, "http.latency");
    cr_expect(eq(u64, tacho_metric_histogram_point(latency, 0)->series.id, 14));
    const tacho_metric *balance = tacho_memory_batch_find(&copy->batch, "balance");
    const tacho_exponential_histogram_point *exponential =
        tacho_metric_exponential_histogram_point(balance, 0);
    cr_expect(eq(u64, exponential->series.id, 15));
    cr_assert(eq(sz, balance->metadata.count, 1));
    cr_expect(eq(str, (char *)balance->metadata.items[0].key.data, "prometheus.type"));
    cr_expect(eq(u64, exponential->start_time_unix_nano, SAMPLE_TIME_NS - 1000));
    cr_expect(eq(sz, exponential->positive.count, 3));
    cr_expect(eq(u64, exponential->positive.counts[1], 0));
    const tacho_metric *rpc = tacho_memory_batch_find(&copy->batch, "rpc");
    cr_expect(eq(u64, tacho_metric_summary_point(rpc, 1)->series.id, 17));
    cr_expect(eq(u32, tacho_metric_summary_point(rpc, 1)->flags, TACHO_POINT_NO_RECORDED_VALUE));
    tacho_memory_batch_destroy(&copy->batch);
}

/* RDR-19 */
Test(memory, a_copy_tells_whether_more_of_its_collection_follows) {
    struct sample_batch *sample = create_sample();
    for (int more = 0; more < 2; more++) {
        sample->batch.has_more = more != 0;
        struct tachoi_memory_batch *copy = tachoi_memory_batch_copy(&sample->batch);
        cr_assert(ne(ptr, copy, NULL));
        cr_expect(eq(int, copy->batch.has_more, more));
        tacho_memory_batch_destroy(&copy->batch);
    }
    destroy_sample(sample);
}

/* DM-09: of such a point attributes and times count, and nothing else is looked at: what it points
 * to beside these may not be there. */
Test(memory, of_a_point_without_a_value_attributes_and_times_are_copied) {
    struct sample_batch *sample = create_sample();
    const tacho_exemplars absent = {NULL, 3, sizeof(tacho_exemplar)};
    tacho_number_point *number = &sample->sums[0].point;
    number->flags = TACHO_POINT_NO_RECORDED_VALUE;
    number->exemplars = absent;
    tacho_histogram_point *histogram = &sample->histograms[0].point;
    histogram->flags = TACHO_POINT_NO_RECORDED_VALUE;
    histogram->bounds = NULL;
    histogram->bucket_counts = NULL;
    histogram->exemplars = absent;
    tacho_exponential_histogram_point *exponential = &sample->exponentials[0].point;
    exponential->flags = TACHO_POINT_NO_RECORDED_VALUE;
    exponential->positive.counts = exponential->negative.counts = NULL;
    exponential->exemplars = absent;
    sample->summaries[1].point.quantiles = NULL;
    sample->summaries[1].point.quantile_count = 2;
    struct tachoi_memory_batch *copy = tachoi_memory_batch_copy(&sample->batch);
    cr_assert(ne(ptr, copy, NULL));
    const tacho_number_point *number_copy =
        tacho_metric_number_point(tacho_memory_batch_find(&copy->batch, "http.requests"), 0);
    cr_expect(eq(u64, number_copy->series.id, 11));
    cr_expect(eq(sz, number_copy->attributes.count, 1));
    cr_expect(eq(u64, number_copy->start_time_unix_nano, SAMPLE_TIME_NS - 1000));
    cr_expect(eq(u64, number_copy->time_unix_nano, SAMPLE_TIME_NS));
    cr_expect(eq(u32, number_copy->flags, TACHO_POINT_NO_RECORDED_VALUE));
    cr_expect(eq(sz, number_copy->exemplars.count, 0));
    const tacho_histogram_point *histogram_copy =
        tacho_metric_histogram_point(tacho_memory_batch_find(&copy->batch, "http.latency"), 0);
    cr_expect(eq(ptr, (void *)histogram_copy->bucket_counts, NULL));
    cr_expect(eq(sz, histogram_copy->bound_count, 0));
    cr_expect(eq(u64, histogram_copy->time_unix_nano, SAMPLE_TIME_NS));
    const tacho_exponential_histogram_point *exponential_copy =
        tacho_metric_exponential_histogram_point(tacho_memory_batch_find(&copy->batch, "balance"),
                                                 0);
    cr_expect(eq(sz, exponential_copy->positive.count, 0));
    cr_expect(eq(sz, exponential_copy->negative.count, 0));
    cr_expect(eq(sz, exponential_copy->attributes.count, 1));
    const tacho_summary_point *summary_copy =
        tacho_metric_summary_point(tacho_memory_batch_find(&copy->batch, "rpc"), 1);
    cr_expect(eq(sz, summary_copy->quantile_count, 0));
    cr_expect(eq(u32, summary_copy->flags, TACHO_POINT_NO_RECORDED_VALUE));
    tacho_memory_batch_destroy(&copy->batch);
    destroy_sample(sample);
}

/* The name of the metric found, "" if there is none. */
static char *name_found(const tacho_metric_batch *batch, const char *name) {
    static char found[64];
    const tacho_metric *metric = tacho_memory_batch_find(batch, name);
    (void)snprintf(found, sizeof(found), "%.*s", metric != NULL ? (int)metric->name.length : 0,
                   metric != NULL ? metric->name.data : "");
    return found;
}

Test(memory, find_compares_whole_names) {
    struct sample_batch *sample = create_sample();
    cr_expect(eq(str, name_found(&sample->batch, "temperature"), (char *)"temperature"));
    cr_expect(eq(str, name_found(&sample->batch, "temp"), (char *)""));
    cr_expect(eq(str, name_found(&sample->batch, ""), (char *)""));
    cr_expect(eq(str, name_found(&sample->batch, NULL), (char *)""));
    cr_expect(eq(str, name_found(NULL, "temperature"), (char *)""));
    destroy_sample(sample);
}

Test(memory, copying_survives_every_lack_of_memory) {
    struct sample_batch *sample = create_sample();
    struct tachoi_memory_batch *copy = NULL;
    uint64_t k = 0;
    while (copy == NULL) {
        tachoi_alloc_fail_at(++k);
        copy = tachoi_memory_batch_copy(&sample->batch);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, copy == NULL, has_failed), "allocation %d", (int)k);
    }
    cr_expect(gt(u64, k, 2));
    tacho_memory_batch_destroy(&copy->batch);
    destroy_sample(sample);
}

/* A provider with one counter, whose manual reader exports to memory. */
struct fixture {
    tacho_metric_exporter *exporter;
    tacho_metric_reader *reader;
    tacho_meter_provider *provider;
    tacho_counter *counter;
};

static struct fixture fixture_create(uint32_t max_batches) {
    struct fixture made = {NULL, NULL, NULL, NULL};
    const tacho_memory_options options = {.struct_size = sizeof(options),
                                          .max_batches = max_batches};
    cr_assert(eq(int, tacho_memory_exporter_create(&options, &made.exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(made.exporter, NULL, &made.reader), TACHO_OK));
    cr_assert(
        eq(int,
           tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                     .readers = &made.reader, .reader_count = 1),
                                       &made.provider),
           TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(made.provider, "lib", NULL);
    made.counter = tacho_meter_create_counter(meter, "jobs", NULL);
    return made;
}

/* Adds one and collects. */
static void step(struct fixture *fixture) {
    tacho_counter_add(fixture->counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_metric_reader_collect(fixture->reader, 0), TACHO_OK));
}

/* The counter's value in batch `index`, -1 if there is none. */
static int64_t value_in(const struct fixture *fixture, size_t index) {
    tacho_metric_batch *batch = tacho_memory_exporter_batch(fixture->exporter, index);
    const tacho_metric *metric = tacho_memory_batch_find(batch, "jobs");
    const int64_t value = metric != NULL ? tacho_metric_number_point(metric, 0)->value.i64 : -1;
    tacho_memory_batch_destroy(batch);
    return value;
}

/* MEM-01, GEN-09 */
Test(memory, keeps_batches_in_the_order_of_their_export) {
    struct fixture fixture = fixture_create(0);
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(fixture.exporter), 0));
    cr_expect(eq(i64, value_in(&fixture, 0), -1));
    step(&fixture);
    step(&fixture);
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(fixture.exporter), 2));
    cr_expect(eq(i64, value_in(&fixture, 0), 1));
    cr_expect(eq(i64, value_in(&fixture, 1), 2));
    cr_expect(eq(i64, value_in(&fixture, 2), -1));
    tacho_meter_provider_destroy(fixture.provider);
}

Test(memory, forgets_the_oldest_beyond_its_limit) {
    struct fixture fixture = fixture_create(2);
    for (int i = 0; i < 5; i++) {
        step(&fixture);
    }
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(fixture.exporter), 2));
    cr_expect(eq(i64, value_in(&fixture, 0), 4));
    cr_expect(eq(i64, value_in(&fixture, 1), 5));
    tacho_meter_provider_destroy(fixture.provider);
}

Test(memory, a_batch_outlives_the_provider) {
    struct fixture fixture = fixture_create(0);
    step(&fixture);
    tacho_metric_batch *batch = tacho_memory_exporter_batch(fixture.exporter, 0);
    tacho_meter_provider_destroy(fixture.provider);
    cr_assert(eq(str, name_found(batch, "jobs"), (char *)"jobs"));
    const tacho_metric *metric = tacho_memory_batch_find(batch, "jobs");
    cr_expect(eq(i64, tacho_metric_number_point(metric, 0)->value.i64, 1));
    tacho_memory_batch_destroy(batch);
}

Test(memory, reset_forgets_batches_but_not_how_many_there_were) {
    struct fixture fixture = fixture_create(0);
    step(&fixture);
    step(&fixture);
    tacho_memory_exporter_reset(fixture.exporter);
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(fixture.exporter), 0));
    cr_expect(eq(int, tacho_memory_exporter_wait(fixture.exporter, 2, 1), TACHO_OK));
    step(&fixture);
    cr_expect(eq(i64, value_in(&fixture, 0), 3));
    tacho_meter_provider_destroy(fixture.provider);
}

Test(memory, wait_gives_up_at_its_timeout) {
    struct fixture fixture = fixture_create(0);
    cr_expect(eq(int, tacho_memory_exporter_wait(fixture.exporter, 0, 1), TACHO_OK));
    cr_expect(eq(int, tacho_memory_exporter_wait(fixture.exporter, 1, 1), TACHO_E_TIMEOUT));
    tacho_meter_provider_destroy(fixture.provider);
}

static void *export_three(void *argument) {
    for (int i = 0; i < 3; i++) {
        step(argument);
    }
    return NULL;
}

Test(memory, wait_returns_when_another_thread_has_exported_enough) {
    struct fixture fixture = fixture_create(0);
    pthread_t thread;
    cr_assert(eq(int, pthread_create(&thread, NULL, export_three, &fixture), 0));
    cr_expect(eq(int, tacho_memory_exporter_wait(fixture.exporter, 3, 30000), TACHO_OK));
    cr_expect(eq(i64, value_in(&fixture, 2), 3));
    (void)pthread_join(thread, NULL);
    tacho_meter_provider_destroy(fixture.provider);
}

/* EXP-09 */
Test(memory, keeps_what_it_has_after_shutdown) {
    struct fixture fixture = fixture_create(0);
    step(&fixture);
    cr_assert(eq(int, tacho_meter_provider_shutdown(fixture.provider, 0), TACHO_OK));
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(fixture.exporter), 2));
    tacho_meter_provider_destroy(fixture.provider);
}

Test(memory, exporters_of_another_type_hold_nothing) {
    tacho_metric_exporter *console = NULL;
    cr_assert(eq(int, tacho_console_exporter_create(NULL, &console), TACHO_OK));
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(console), 0));
    cr_expect(eq(ptr, tacho_memory_exporter_batch(console, 0), NULL));
    cr_expect(eq(int, tacho_memory_exporter_wait(console, 0, 1), TACHO_E_INVALID));
    tacho_memory_exporter_reset(console);
    tacho_metric_exporter_destroy(console);
    cr_expect(eq(sz, tacho_memory_exporter_batch_count(NULL), 0));
    cr_expect(eq(ptr, tacho_memory_exporter_batch(NULL, 0), NULL));
    cr_expect(eq(int, tacho_memory_exporter_wait(NULL, 0, 1), TACHO_E_INVALID));
    tacho_memory_exporter_reset(NULL);
    tacho_memory_batch_destroy(NULL);
}

Test(memory, shows_nothing_in_a_forked_child) {
    struct fixture fixture = fixture_create(0);
    step(&fixture);
    const pid_t child = fork();
    cr_assert(ne(int, child, -1));
    if (child == 0) {
        const bool is_empty = tacho_memory_exporter_batch_count(fixture.exporter) == 0 &&
                              tacho_memory_exporter_batch(fixture.exporter, 0) == NULL &&
                              tacho_memory_exporter_wait(fixture.exporter, 1, 1) != TACHO_OK;
        _exit(is_empty ? 0 : 1);
    }
    int status = -1;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_expect(eq(int, status, 0));
    cr_expect(eq(i64, value_in(&fixture, 0), 1));
    tacho_meter_provider_destroy(fixture.provider);
}

static char told[512];

static void keep_message(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    (void)snprintf(told, sizeof told, "%s: %s", diagnostic->component, diagnostic->message);
}

Test(memory, a_forgotten_struct_size_is_told_with_the_cure) {
    const tacho_memory_options forgotten = {.error = NULL};
    tacho_metric_exporter *exporter = NULL;
    tacho_diagnostics_set_handler(keep_message, NULL);
    cr_expect(eq(int, tacho_memory_exporter_create(&forgotten, &exporter), TACHO_E_INVALID));
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_expect(eq(str, told,
                 (char *)"memory: tacho_memory_exporter_create failed: "
                         "tacho_memory_options.struct_size: it is 0; set it to "
                         "sizeof(tacho_memory_options), or use TACHO_OPTIONS"));
}

Test(memory, options_of_another_size_are_refused) {
    struct {
        tacho_memory_options known;
        uint64_t unknown;
    } larger = {.known = {.struct_size = sizeof(larger)}, .unknown = 1};
    tacho_error error = {.status = 0};
    tacho_metric_exporter *exporter = NULL;
    larger.known.error = &error;
    cr_expect(eq(int, tacho_memory_exporter_create(&larger.known, &exporter), TACHO_E_UNSUPPORTED));
    cr_expect(eq(int, error.status, TACHO_E_UNSUPPORTED));
    larger.known.struct_size = 1;
    cr_expect(eq(int, tacho_memory_exporter_create(&larger.known, &exporter), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_memory_exporter_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(ptr, exporter, NULL));
}

static const double bounds[] = {1, 2.5};
static const tacho_aggregation explicit_buckets = {.struct_size = sizeof(explicit_buckets),
                                                   .type =
                                                       TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                                   .boundaries = bounds,
                                                   .boundary_count = 2};

#define WITH(...) TACHO_OPTIONS(tacho_memory_options, __VA_ARGS__)

/* What one collection of a counter and a histogram yields. */
static tacho_metric_batch *collected_with(const tacho_memory_options *options) {
    struct fixture made = {NULL, NULL, NULL, NULL};
    cr_assert(eq(int, tacho_memory_exporter_create(options, &made.exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(made.exporter, NULL, &made.reader), TACHO_OK));
    cr_assert(
        eq(int,
           tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                     .readers = &made.reader, .reader_count = 1),
                                       &made.provider),
           TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(made.provider, "lib", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "jobs", NULL), 5, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(meter, "sizes", NULL), 2, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_metric_reader_collect(made.reader, 0), TACHO_OK));
    tacho_metric_batch *batch = tacho_memory_exporter_batch(made.exporter, 0);
    tacho_meter_provider_destroy(made.provider);
    return batch;
}

static void expect_temporality(const tacho_metric_batch *batch, const char *name,
                               tacho_temporality temporality) {
    const tacho_metric *metric = tacho_memory_batch_find(batch, name);
    cr_assert(ne(ptr, (void *)metric, NULL), "%s", name);
    cr_expect(eq(int, (int)metric->temporality, (int)temporality), "%s", name);
}

/* MEM-01, MEM-02, RDR-01 */
Test(memory, is_cumulative_with_default_aggregations_by_default) {
    tacho_metric_batch *batch = collected_with(NULL);
    expect_temporality(batch, "jobs", TACHO_TEMPORALITY_CUMULATIVE);
    expect_temporality(batch, "sizes", TACHO_TEMPORALITY_CUMULATIVE);
    const tacho_metric *sizes = tacho_memory_batch_find(batch, "sizes");
    cr_expect(eq(int, (int)sizes->type, (int)TACHO_METRIC_HISTOGRAM));
    cr_expect(eq(sz, tacho_metric_histogram_point(sizes, 0)->bound_count, 15));
    tacho_memory_batch_destroy(batch);
}

/* MEM-01 */
Test(memory, the_temporality_of_each_kind_can_be_chosen) {
    tacho_metric_batch *batch = collected_with(
        WITH(.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA,
             .temporalities = {[TACHO_INSTRUMENT_HISTOGRAM] = TACHO_TEMPORALITY_CUMULATIVE}));
    expect_temporality(batch, "jobs", TACHO_TEMPORALITY_DELTA);
    expect_temporality(batch, "sizes", TACHO_TEMPORALITY_CUMULATIVE);
    tacho_memory_batch_destroy(batch);
}

/* MEM-02 */
Test(memory, the_default_aggregation_of_each_kind_can_be_chosen) {
    tacho_metric_batch *batch = collected_with(
        WITH(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &explicit_buckets}));
    const tacho_metric *sizes = tacho_memory_batch_find(batch, "sizes");
    cr_expect(eq(sz, tacho_metric_histogram_point(sizes, 0)->bound_count, 2));
    tacho_memory_batch_destroy(batch);
}

/* MEM-01, MEM-02, ERR-02 */
Test(memory, wishes_that_make_no_sense_are_refused_with_their_field) {
    tacho_error error = {.status = 0};
    tacho_metric_exporter *exporter = NULL;
    cr_expect(
        eq(int,
           tacho_memory_exporter_create(
               WITH(.error = &error, .temporalities = {[3] = (tacho_temporality)7}), &exporter),
           TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"temporalities"));
    cr_expect(eq(ptr, exporter, NULL));
}

/* VER-02, VER-03: what a program was compiled with that knows only version 0.1 */
Test(memory, options_of_the_first_version_are_taken) {
    struct {
        size_t struct_size;
        uint32_t max_batches;
        tacho_error *error;
    } first = {.struct_size = sizeof(first)};
    tacho_metric_exporter *exporter = NULL;
    cr_assert(eq(int, tacho_memory_exporter_create((const void *)&first, &exporter), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

Test(memory, creation_survives_every_lack_of_memory) {
    tacho_metric_exporter *exporter = NULL;
    int rc = TACHO_E_NO_MEMORY;
    for (uint64_t k = 1; rc != TACHO_OK; k++) {
        tachoi_alloc_fail_at(k);
        rc = tacho_memory_exporter_create(
            WITH(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &explicit_buckets}),
            &exporter);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, rc, exporter != NULL ? TACHO_OK : TACHO_E_NO_MEMORY));
        cr_assert(lt(u64, k, 100));
    }
    tacho_metric_exporter_destroy(exporter);
}
