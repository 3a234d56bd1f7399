/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the tests of the console exporter: what a batch looks like, and what happens where it cannot
 * be written. */
#include "tacho/exporters/console.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "console/batch_text.h"
#include "console/console_reader.h"
#include "sample_batch.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static struct sample_batch sample;

static void begin(void) {
    tacho_resource *resource = NULL;
    const tacho_resource_options options = {
        .struct_size = sizeof(options),
        .attributes = TACHO_ATTRS(TACHO_STR("service.name", "shop")),
        .schema_url = "https://example.org/2",
    };
    cr_assert(eq(int, tacho_resource_create(&options, &resource), TACHO_OK));
    sample_batch_init(&sample, resource);
}

static void end(void) {
    tacho_resource_destroy(sample.resource);
}

TestSuite(console, .init = begin, .fini = end);

static void check_text(const tacho_metric_batch *batch, const char *expected) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_console_batch_text(batch, &text);
    cr_assert(eq(int, text.failed, false));
    cr_expect(eq(str, text.data, (char *)expected));
    tachoi_text_fini(&text);
}

/* EXM-03, EXPH-03, DM-06, DM-09 */
Test(console, shows_everything_that_a_batch_holds) {
    sample.batch.has_more = true;
    check_text(
        &sample.batch,
        "2026-11-01T00:00:00.123Z  7 points, more to come\n"
        "resource {service.name=shop} https://example.org/2\n"
        "scope http 1.2.0 https://example.org/1 {team=blue}\n"
        "  http.requests  sum of int64, monotonic, cumulative, unit {request}\n"
        "    Requests answered.\n"
        "    {k=v}  12, since 2026-11-01T00:00:00.122Z\n"
        "        exemplar -7 at 2026-11-01T00:00:00.120Z, trace a0a1a2a3a4a5a6a7a8a9aaabacadaeaf, "
        "span 0001020304050607, {k=v}\n"
        "        exemplar 0.75 at 2026-11-01T00:00:00.121Z\n"
        "    {bool=true, bools=[true,false], bytes=AP8=, empty=, f64=1.5, f64s=[0.5,2], "
        "i64=-9223372036854775808, i64s=[1,-2], map={\"k\":\"v\"}, mixed=[7,\"x\"], string=text, "
        "strings=[\"a\",\"b\"]}  3, since 2026-11-01T00:00:00.122Z\n"
        "  temperature  gauge of double\n"
        "    {}  NaN\n"
        "  http.latency  histogram, delta, unit s\n"
        "    {k=v}  count 3, sum 3.25, min 0.125, max 3, since 2026-11-01T00:00:00.122Z\n"
        "        <=0.5: 2  <=1: 0  >1: 1\n"
        "        exemplar -7 at 2026-11-01T00:00:00.120Z, trace a0a1a2a3a4a5a6a7a8a9aaabacadaeaf, "
        "span 0001020304050607, {k=v}\n"
        "        exemplar 0.75 at 2026-11-01T00:00:00.121Z\n"
        "  balance  exponential histogram, cumulative\n"
        "    {k=v}  count 13, sum 1.5, min -4, max 16, scale 1, zeros 2 (up to 0.125), since "
        "2026-11-01T00:00:00.122Z\n"
        "        [-1, -0.707107): 5  [-0.707107, -0.5): 2\n"
        "        (5.65685, 8]: 1  (11.3137, 16]: 3\n"
        "        exemplar -7 at 2026-11-01T00:00:00.120Z, trace a0a1a2a3a4a5a6a7a8a9aaabacadaeaf, "
        "span 0001020304050607, {k=v}\n"
        "        exemplar 0.75 at 2026-11-01T00:00:00.121Z\n"
        "  rpc  summary, cumulative\n"
        "    {}     count 5, sum 12.5\n"
        "        quantile 0: 0.5  quantile 0.5: 2  quantile 1: 4\n"
        "    {k=v}  no recorded value\n"
        "scope http 1.2.0 https://example.org/1 {team=blue}\n"
        "\n");
}

Test(console, aligns_the_values_of_a_metric) {
    const tacho_attribute longer[] = {TACHO_STR("gr\xc3\xbc\xc3\x9f"
                                                "e",
                                                "ja")};
    sample.sums[1].point.attributes = tacho_attributes_from(longer, 1);
    sample.sums[0].point.exemplars.count = 0;
    sample.scopes[0].scope.metric_count = 1;
    sample.scopes[0].scope.scope = &(const tacho_scope){.name = {"s", 1}};
    sample.batch.scope_count = 1;
    check_text(&sample.batch,
               "2026-11-01T00:00:00.123Z  7 points\n"
               "resource {service.name=shop} https://example.org/2\n"
               "scope s\n"
               "  http.requests  sum of int64, monotonic, cumulative, unit {request}\n"
               "    Requests answered.\n"
               "    {k=v}       12, since 2026-11-01T00:00:00.122Z\n"
               "    {gr\xc3\xbc\xc3\x9f"
               "e=ja}  3, since 2026-11-01T00:00:00.122Z\n"
               "\n");
}

Test(console, shows_control_characters_instead_of_obeying_them) {
    const tacho_attribute evil[] = {TACHO_STR("a\x1b[2J", "b\nc\xc2\x9b"
                                                          "d\xff\x7f")};
    sample.gauges[0].point.attributes = tacho_attributes_from(evil, 1);
    sample.gauges[0].point.value.f64 = 1;
    sample.scopes[0].scope.metrics = &sample.metrics[1].metric;
    sample.scopes[0].scope.metric_count = 1;
    sample.batch.scope_count = 1;
    sample.scope = (tacho_scope){.name = {"s", 1}};
    check_text(&sample.batch, "2026-11-01T00:00:00.123Z  7 points\n"
                              "resource {service.name=shop} https://example.org/2\n"
                              "scope s\n"
                              "  temperature  gauge of double\n"
                              "    {a\\x1b[2J=b\\x0ac\\xc2\\x9bd\xef\xbf\xbd\\x7f}  1\n"
                              "\n");
}

Test(console, a_histogram_without_sum_or_bounds_shows_its_count) {
    tacho_histogram_point *point = &sample.histograms[0].point;
    point->has_sum = false;
    point->has_min_max = false;
    point->bound_count = 0;
    point->exemplars.count = 0;
    sample.scopes[0].scope.metrics = &sample.metrics[2].metric;
    sample.scopes[0].scope.metric_count = 1;
    sample.batch.scope_count = 1;
    sample.batch.point_count = 1;
    sample.scope = (tacho_scope){.name = {"s", 1}};
    check_text(&sample.batch, "2026-11-01T00:00:00.123Z  1 point\n"
                              "resource {service.name=shop} https://example.org/2\n"
                              "scope s\n"
                              "  http.latency  histogram, delta, unit s\n"
                              "    {k=v}  count 3, since 2026-11-01T00:00:00.122Z\n"
                              "\n");
}

Test(console, the_text_of_a_batch_reports_every_lack_of_memory) {
    struct tachoi_text text;
    bool is_done = false;
    uint64_t failures = 0;
    for (uint64_t k = 1; !is_done; k++) {
        tachoi_text_init(&text, 0);
        tachoi_alloc_fail_at(k);
        tachoi_console_batch_text(&sample.batch, &text);
        is_done = tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        failures += text.failed;
        cr_expect(eq(int, text.failed, !is_done), "allocation %d", (int)k);
        tachoi_text_fini(&text);
    }
    cr_assert(gt(u64, failures, 2));
}

/* A provider whose only reader, a manual one, exports to `stream`. */
static tacho_meter_provider *provider_on(FILE *stream, tacho_metric_reader **reader) {
    tacho_metric_exporter *exporter = NULL;
    tacho_meter_provider *provider = NULL;
    const tacho_console_options options = {.struct_size = sizeof(options), .stream = stream};
    cr_assert(eq(int, tacho_console_exporter_create(&options, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, reader), TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = reader, .reader_count = 1),
                                             &provider),
                 TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "lib", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "jobs", NULL);
    tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
    return provider;
}

Test(console, writes_each_collection_to_its_stream) {
    char *written = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&written, &length);
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = provider_on(stream, &reader);
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(ne(ptr,
                 strstr(written, "scope lib\n  jobs  sum of int64, monotonic, cumulative\n"
                                 "    {}  5, since 2"),
                 NULL));
    const size_t first = length;
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(sz, length, 2 * first));
    tacho_meter_provider_destroy(provider);
    (void)fclose(stream);
    free(written);
}

static void count_failures(const tacho_diagnostic *diagnostic, void *user) {
    if (strcmp(diagnostic->component, "console") == 0 &&
        strcmp(diagnostic->kind, "write_failed") == 0) {
        *(int *)user += 1;
    }
}

Test(console, tells_when_the_stream_takes_nothing) {
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        cr_skip_test("no /dev/full");
    }
    int failures = 0;
    tacho_metric_reader *reader = NULL;
    tacho_diagnostics_set_handler(count_failures, &failures);
    tacho_meter_provider *provider = provider_on(full, &reader);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_E_FAILED));
    cr_expect(eq(int, failures, 1));
    tacho_meter_provider_destroy(provider);
    tacho_diagnostics_set_handler(NULL, NULL);
    (void)fclose(full);
}

static char told[512];

static void keep_message(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    (void)snprintf(told, sizeof told, "%s: %s", diagnostic->component, diagnostic->message);
}

Test(console, a_forgotten_struct_size_is_told_with_the_cure) {
    const tacho_console_options forgotten = {.error = NULL};
    tacho_metric_exporter *exporter = NULL;
    tacho_diagnostics_set_handler(keep_message, NULL);
    cr_expect(eq(int, tacho_console_exporter_create(&forgotten, &exporter), TACHO_E_INVALID));
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_expect(eq(str, told,
                 (char *)"console: tacho_console_exporter_create failed: "
                         "tacho_console_options.struct_size: it is 0; set it to "
                         "sizeof(tacho_console_options), or use TACHO_OPTIONS"));
}

Test(console, options_of_another_size_are_refused) {
    struct {
        tacho_console_options known;
        uint64_t unknown;
    } larger = {.known = {.struct_size = sizeof(larger)}, .unknown = 1};
    tacho_error error = {.status = 0};
    tacho_metric_exporter *exporter = NULL;
    larger.known.error = &error;
    cr_expect(
        eq(int, tacho_console_exporter_create(&larger.known, &exporter), TACHO_E_UNSUPPORTED));
    cr_expect(eq(int, error.status, TACHO_E_UNSUPPORTED));
    cr_expect(eq(str, error.field, (char *)"struct_size"));
    larger.known.struct_size = 1;
    cr_expect(eq(int, tacho_console_exporter_create(&larger.known, &exporter), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_console_exporter_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(ptr, exporter, NULL));
}

static const double bounds[] = {1, 2.5};
static const tacho_aggregation explicit_buckets = {.struct_size = sizeof(explicit_buckets),
                                                   .type =
                                                       TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                                   .boundaries = bounds,
                                                   .boundary_count = 2};
static const tacho_aggregation exponential = {
    .struct_size = sizeof(exponential),
    .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
    .max_size = 20};

/* Collects once from a counter (5), an up-down counter (5) and a histogram (2). */
static char *collected(const tacho_console_options *options, FILE *stream, char **written) {
    tacho_console_options given = *options;
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    given.stream = stream;
    cr_assert(eq(int, tacho_console_exporter_create(&given, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1),
                                             &provider),
                 TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "lib", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "jobs", NULL), 5, TACHO_NO_ATTRS);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(meter, "level", NULL), 5,
                              TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(meter, "sizes", NULL), 2, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    (void)fclose(stream);
    return *written;
}

static char *collected_with(const tacho_console_options *options) {
    static char *written;
    static size_t length;
    free(written);
    written = NULL;
    return collected(options, open_memstream(&written, &length), &written);
}

#define WITH(...) TACHO_OPTIONS(tacho_console_options, __VA_ARGS__)

static void expect_text(const char *text, const char *part) {
    cr_expect(ne(ptr, strstr(text, part), NULL), "no `%s` in:\n%s", part, text);
}

/* STD-02, STD-03, RDR-01 */
Test(console, is_cumulative_with_default_aggregations_by_default) {
    const char *text = collected_with(WITH(.error = NULL));
    expect_text(text, "jobs  sum of int64, monotonic, cumulative\n");
    expect_text(text, "level  sum of int64, cumulative\n");
    expect_text(text, "sizes  histogram, cumulative\n");
}

/* STD-02 */
Test(console, the_temporality_of_each_kind_can_be_chosen) {
    const char *text = collected_with(
        WITH(.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA,
             .temporalities = {[TACHO_INSTRUMENT_HISTOGRAM] = TACHO_TEMPORALITY_CUMULATIVE}));
    expect_text(text, "jobs  sum of int64, monotonic, delta\n");
    expect_text(text, "level  sum of int64, cumulative\n");
    expect_text(text, "sizes  histogram, cumulative\n");
}

/* STD-03 */
Test(console, the_default_aggregation_of_each_kind_can_be_chosen) {
    expect_text(collected_with(
                    WITH(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &exponential,
                                                  [TACHO_INSTRUMENT_COUNTER] = &explicit_buckets})),
                "sizes  exponential histogram, cumulative\n");
    expect_text(collected_with(WITH(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] =
                                                                 &explicit_buckets})),
                "<=1: 0  <=2.5: 1  >2.5: 0\n");
}

static void expect_refused(const tacho_console_options *options, const char *field) {
    tacho_console_options given = *options;
    tacho_error error = {.status = 0};
    tacho_metric_exporter *exporter = NULL;
    given.error = &error;
    cr_expect(eq(int, tacho_console_exporter_create(&given, &exporter), TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)field));
    cr_expect(eq(ptr, exporter, NULL));
}

/* STD-02, STD-03, ERR-02 */
Test(console, wishes_that_make_no_sense_are_refused_with_their_field) {
    const tacho_aggregation without_size = {.type = TACHO_AGGREGATION_SUM};
    tacho_aggregation without_bounds = explicit_buckets;
    without_bounds.boundaries = NULL;
    expect_refused(WITH(.temporality_preference = (tacho_temporality_preference)9),
                   "temporality_preference");
    expect_refused(WITH(.temporalities = {[3] = (tacho_temporality)7}), "temporalities");
    expect_refused(WITH(.default_aggregations = {[1] = &without_size}), "default_aggregations");
    expect_refused(WITH(.default_aggregations = {[1] = &without_bounds}), "default_aggregations");
}

/* VER-02, VER-03: what a program was compiled with that knows only version 0.1 */
Test(console, options_of_the_first_version_are_taken) {
    struct {
        size_t struct_size;
        FILE *stream;
        tacho_error *error;
    } first = {.struct_size = sizeof(first)};
    tacho_metric_exporter *exporter = NULL;
    cr_assert(eq(int, tacho_console_exporter_create((const void *)&first, &exporter), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

/* STD-04 */
Test(console, its_reader_is_ready_to_be_given_to_a_provider) {
    tacho_metric_reader *reader = NULL;
    cr_expect(eq(int, tacho_console_reader_create(NULL), TACHO_E_INVALID));
    cr_assert(eq(int, tacho_console_reader_create(&reader), TACHO_OK));
    tacho_metric_reader_destroy(reader);
}

static int count_of_bad_intervals;

static void count_bad_interval(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    count_of_bad_intervals += strstr(diagnostic->message, "OTEL_METRIC_EXPORT_INTERVAL") != NULL &&
                              strstr(diagnostic->message, "10000 is used") != NULL;
}

/* STD-04 */
Test(console, its_reader_collects_every_ten_seconds_unless_the_environment_says_otherwise) {
    unsetenv("OTEL_METRIC_EXPORT_INTERVAL");
    cr_expect(eq(u32, tachoi_console_interval_ms(), 10000));
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "250", 1);
    cr_expect(eq(u32, tachoi_console_interval_ms(), 0)); /* the reader's own look-up */
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "soon", 1);
    tacho_diagnostics_set_handler(count_bad_interval, NULL);
    cr_expect(eq(u32, tachoi_console_interval_ms(), 10000));
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_expect(eq(int, count_of_bad_intervals, 1));
}

/* ERR-04 */
Test(console, its_reader_survives_every_lack_of_memory) {
    tacho_metric_reader *reader = NULL;
    int rc = TACHO_E_NO_MEMORY;
    for (uint64_t k = 1; rc != TACHO_OK; k++) {
        tachoi_alloc_fail_at(k);
        rc = tacho_console_reader_create(&reader);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, rc, reader != NULL ? TACHO_OK : TACHO_E_NO_MEMORY));
        cr_assert(lt(u64, k, 100));
    }
    tacho_metric_reader_destroy(reader);
}

Test(console, creation_survives_every_lack_of_memory) {
    tacho_metric_exporter *exporter = NULL;
    int rc = TACHO_E_NO_MEMORY;
    for (uint64_t k = 1; rc != TACHO_OK; k++) {
        tachoi_alloc_fail_at(k);
        rc = tacho_console_exporter_create(
            WITH(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &explicit_buckets}),
            &exporter);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, rc, exporter != NULL ? TACHO_OK : TACHO_E_NO_MEMORY));
        cr_assert(lt(u64, k, 100));
    }
    tacho_metric_exporter_destroy(exporter);
}
