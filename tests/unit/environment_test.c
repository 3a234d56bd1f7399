/* SPDX-License-Identifier: Apache-2.0 */
/* The environment: readers by the names in OTEL_METRICS_EXPORTER, the exemplar filter, and that
 * what is said in code comes first. Variables of single parts are tested with these. */
#include "sdk_fixture.h"

/* --- factories --- */

static unsigned made[2];
static int second_status;

static int make_first(tacho_metric_reader **out) {
    made[0]++;
    return tacho_manual_reader_create(NULL, NULL, out);
}

static int make_second(tacho_metric_reader **out) {
    made[1]++;
    return second_status != TACHO_OK ? second_status : tacho_manual_reader_create(NULL, NULL, out);
}

static const tacho_reader_factory first = {
    .struct_size = sizeof first, .name = "first", .create = make_first};
static const tacho_reader_factory second = {
    .struct_size = sizeof second, .name = "second", .create = make_second};
static const tacho_reader_factory *const factories[] = {&first, &second};

/* Calls with OTEL_METRICS_EXPORTER=value (NULL = unset) and destroys what was made; its number. */
static size_t make_readers(const char *value, int expected_status) {
    tacho_metric_reader *readers[2] = {NULL, NULL};
    size_t count = 99;
    memset(made, 0, sizeof made);
    if (value != NULL) {
        setenv("OTEL_METRICS_EXPORTER", value, 1);
    } else {
        unsetenv("OTEL_METRICS_EXPORTER");
    }
    int status = tacho_metric_readers_from_environment(factories, 2, readers, 2, &count);
    cr_expect(eq(int, status, expected_status));
    cr_assert(le(sz, count, 2));
    for (size_t i = 0; i < count; i++) {
        cr_expect(ne(ptr, readers[i], NULL));
        tacho_metric_reader_destroy(readers[i]);
    }
    return count;
}

/* ENV-02, ENV-08, ENV-18 */
Test(environment, names_make_readers) {
    static const struct {
        const char *value;
        unsigned made[2];
    } cases[] = {{NULL, {1, 0}},
                 {"", {1, 0}},
                 {"first", {1, 0}},
                 {"second", {0, 1}},
                 {"SECOND", {0, 1}},
                 {"second,first", {1, 1}},
                 {" second ,\tfirst ", {1, 1}},
                 {"first,first", {1, 0}},
                 {"none", {0, 0}},
                 {"NONE", {0, 0}},
                 {"none,second", {0, 1}},
                 {"second,", {0, 1}},
                 {" , ", {1, 0}}};
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = make_readers(cases[i].value, TACHO_OK);
        cr_expect(eq(sz, count, cases[i].made[0] + cases[i].made[1]), "%s", cases[i].value);
        cr_expect(eq(u32, made[0], cases[i].made[0]), "%s", cases[i].value);
        cr_expect(eq(u32, made[1], cases[i].made[1]), "%s", cases[i].value);
    }
    cr_expect(eq(sz, diagnostics_log.count, 0));
}

/* ENV-08, ENV-18: told in the user's words, ignored; where nothing is left, as if unset */
Test(environment, unknown_names_are_told_and_ignored) {
    capture_diagnostics();
    cr_expect(eq(sz, make_readers("second,Kafka", TACHO_OK), 1));
    cr_expect(eq(u32, made[1], 1));
    cr_expect(was_told("environment_invalid", "Kafka"));
    cr_expect(eq(sz, make_readers("otlp", TACHO_OK), 1));
    cr_expect(eq(u32, made[0], 1), "the default");
    cr_expect(eq(sz, diagnostics_log.count, 2));
    cr_expect(eq(sz, make_readers("kafka2,none", TACHO_OK), 0));
    cr_expect(eq(sz, make_readers("firs", TACHO_OK), 1));
    cr_expect(eq(u32, made[0], 1));
}

/* ENV-18, ERR-07 */
Test(environment, a_factory_that_fails_does_not_stop_the_others) {
    second_status = TACHO_E_UNSUPPORTED;
    capture_diagnostics();
    cr_expect(eq(sz, make_readers("second,first", TACHO_E_UNSUPPORTED), 1));
    cr_expect(eq(u32, made[0], 1));
    cr_expect(was_told("setup_failed", "second"));
}

/* ERR-02 */
Test(environment, wrong_arguments_are_refused_before_anything_is_made) {
    tacho_metric_reader *readers[2] = {NULL, NULL};
    size_t count = 0;
    const tacho_reader_factory nameless = {.struct_size = sizeof nameless, .create = make_first};
    const tacho_reader_factory sizeless = {.name = "x", .create = make_first};
    const tacho_reader_factory *const wrong[][2] = {
        {&first, NULL}, {&first, &nameless}, {&first, &sizeless}};
    setenv("OTEL_METRICS_EXPORTER", "first", 1);
    capture_diagnostics();
    cr_expect(eq(int, tacho_metric_readers_from_environment(factories, 2, readers, 1, &count),
                 TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_readers_from_environment(factories, 2, NULL, 2, &count),
                 TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_readers_from_environment(NULL, 2, readers, 2, &count),
                 TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_readers_from_environment(factories, 2, readers, 2, NULL),
                 TACHO_E_INVALID));
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(int, tacho_metric_readers_from_environment(wrong[i], 2, readers, 2, &count),
                     TACHO_E_INVALID));
    }
    cr_expect(eq(u32, made[0], 0));
    cr_expect(gt(sz, diagnostics_log.count, 3));
    cr_expect(
        eq(int, tacho_metric_readers_from_environment(factories, 0, readers, 0, &count), TACHO_OK));
    cr_expect(eq(sz, count, 0));
}

Test(environment, every_failed_allocation_of_readers_is_survived) {
    setenv("OTEL_METRICS_EXPORTER", "first,second", 1);
    setenv("OTEL_LOG_LEVEL", "none", 1);
    int status = TACHO_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status == TACHO_E_NO_MEMORY && k < 50; k++) {
        tacho_metric_reader *readers[2] = {NULL, NULL};
        size_t count = 0;
        tachoi_alloc_fail_at(k);
        status = tacho_metric_readers_from_environment(factories, 2, readers, 2, &count);
        tachoi_alloc_fail_at(0);
        cr_expect(eq(int, count == 2, status == TACHO_OK));
        for (size_t i = 0; i < count; i++) {
            tacho_metric_reader_destroy(readers[i]);
        }
    }
    cr_expect(eq(int, status, TACHO_OK));
    cr_expect(gt(u64, k, 4));
}

/* --- the exemplar filter --- */

static int count_exemplars(const tacho_metric_batch *batch, void *user) {
    size_t *count = user;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            for (size_t k = 0; k < metric->point_count; k++) {
                *count += tacho_metric_number_point(metric, k)->exemplars.count;
            }
        }
    }
    return TACHO_OK;
}

/* Whether a measurement outside any span becomes an exemplar. */
static bool samples_all(tacho_exemplar_filter filter) {
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = NULL;
    size_t count = 0;
    int status =
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader,
                                                  .reader_count = 1, .exemplar_filter = filter),
                                    &provider);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_metric_reader_collect_with(reader, 0, count_exemplars, &count);
    tacho_meter_provider_destroy(provider);
    return count > 0;
}

/* ENV-02, ENV-08, ENV-17, EXM-05, EXM-06 */
Test(environment, the_exemplar_filter_may_come_from_a_variable) {
    static const struct {
        const char *value;
        bool is_on;
        bool is_told;
    } cases[] = {
        {"", false, false},           {"always_on", true, false},    {"Always_ON", true, false},
        {"always_off", false, false}, {"trace_based", false, false}, {"AlwaysOn", false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("OTEL_METRICS_EXEMPLAR_FILTER", cases[i].value, 1);
        capture_diagnostics();
        cr_expect(eq(int, samples_all(TACHO_EXEMPLAR_FILTER_DEFAULT), cases[i].is_on), "%s",
                  cases[i].value);
        cr_expect(eq(int, was_told("environment_invalid", "FILTER=AlwaysOn"), cases[i].is_told));
    }
}

/* --- code comes first --- */

/* ENV-01, GEN-08, SDK-18: what has a variable can be said in code, which then counts, and variables
 * that are not asked are not complained about */
Test(environment, what_is_said_in_code_beats_every_variable) {
    setenv("OTEL_METRICS_EXEMPLAR_FILTER", "nonsense", 1);
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "nonsense", 1);
    setenv("OTEL_METRIC_EXPORT_TIMEOUT", "nonsense", 1);
    setenv("OTEL_METRICS_EXPORTER", "nonsense", 1);
    setenv("OTEL_SERVICE_NAME", "from-variable", 1);
    struct test_exporter test = {0};
    tacho_metric_reader *readers[2] = {NULL, make_manual_reader()};
    tacho_resource *resource = NULL;
    tacho_meter_provider *provider = NULL;
    capture_diagnostics();
    int status = tacho_periodic_reader_create(
        make_exporter(&test),
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1, .timeout_ms = 1000),
        &readers[0]);
    cr_assert(eq(int, status, TACHO_OK));
    status = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options,
                      .attributes = TACHO_ATTRS(TACHO_STR("service.name", "from-code"))),
        &resource);
    cr_assert(eq(int, status, TACHO_OK));
    status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers, .reader_count = 2,
                      .resource = resource, .exemplar_filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON),
        &provider);
    cr_assert(eq(int, status, TACHO_OK));
    cr_expect(await_count(&test.exports, 2), "the interval is 1 ms");
    struct collected *collected = collect(readers[1]);
    cr_expect(eq(str, collected->service_name, (char *)"from-code"));
    free(collected);
    tacho_meter_provider_destroy(provider);
    cr_expect(samples_all(TACHO_EXEMPLAR_FILTER_ALWAYS_ON));
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
}
