/* SPDX-License-Identifier: Apache-2.0 */
/* Readers and the door to exporters: schedules, options and environment, one export at a time,
 * failures, ownership. */
#include <sched.h>
#include <signal.h>

#include "reader/exporter.h"
#include "sdk_fixture.h"

static tacho_metric_reader *make_reader_with(struct test_exporter *test,
                                             const tacho_periodic_reader_options *options) {
    tacho_metric_reader *reader = NULL;
    cr_assert(
        eq(int, tacho_periodic_reader_create(make_exporter(test), options, &reader), TACHO_OK));
    return reader;
}

/* --- the periodic reader --- */

/* RDR-02, RDR-15 */
Test(reader, a_periodic_reader_exports_again_and_again_on_its_own_thread) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(await_count(&test.exports, 3));
    tacho_meter_provider_shutdown(provider, 0);
    cr_expect(eq(str, test.thread_name, (char *)"tacho-reader"));
    cr_expect(eq(u32, atomic_load(&test.overlapping), 0));
    tacho_meter_provider_destroy(provider);
}

static int check_signals(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    sigset_t *mask = self;
    (void)batch;
    (void)deadline_ns;
    pthread_sigmask(SIG_SETMASK, NULL, mask);
    return TACHO_OK;
}

Test(reader, its_thread_blocks_all_signals) {
    static const tacho_metric_exporter_ops ops = {
        .struct_size = sizeof ops, .name = "signals", .export_batch = check_signals};
    sigset_t mask;
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    sigemptyset(&mask);
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &mask, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_periodic_reader_create(exporter, NULL, &reader), TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(int, sigismember(&mask, SIGTERM), 1));
    cr_expect(eq(int, sigismember(&mask, SIGPROF), 1));
}

/* RDR-15: start to start; ticks that an export overran are left out, not made up for */
Test(reader, missed_ticks_are_skipped) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct test_exporter test = {.hold = &hold, .entered = &entered};
    tacho_metric_reader *reader = make_periodic_reader(&test, 100);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(latch_wait(&entered));
    uint64_t late_ns = tachoi_monotonic_ns() + 450 * TACHOI_NS_PER_MS;
    while (tachoi_monotonic_ns() < late_ns) {
        sched_yield();
    }
    latch_open(&hold);
    cr_assert(await_count(&test.exports, 1));
    uint64_t begin_ns = tachoi_monotonic_ns();
    cr_assert(await_count(&test.exports, 4));
    uint64_t took_ms = (tachoi_monotonic_ns() - begin_ns) / TACHOI_NS_PER_MS;
    cr_expect(ge(u64, took_ms, 190), "three exports in %lu ms: ticks were made up for",
              (unsigned long)took_ms);
    tacho_meter_provider_destroy(provider);
}

/* ERR-06 */
Test(reader, a_failing_exporter_is_told_and_does_not_stop_the_thread) {
    struct test_exporter test = {.export_status = TACHO_E_FAILED};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    capture_diagnostics();
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(await_count(&test.exports, 5));
    tacho_meter_provider_destroy(provider);
    cr_expect(was_told("export_failed", "test"));
    cr_expect(eq(sz, diagnostics_log.count, 1), "rate-limited");
}

static void *flush_often(void *argument) {
    for (int i = 0; i < 50; i++) {
        tacho_meter_provider_force_flush(argument, 0);
    }
    return NULL;
}

/* RDR-13, RDR-16, EXP-04, CONC-01 */
Test(reader, exports_never_overlap) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, flush_often, provider), 0));
    }
    for (int i = 0; i < 50; i++) {
        cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    tacho_meter_provider_destroy(provider);
    cr_expect(ge(u32, atomic_load(&test.exports), 51));
    cr_expect(eq(u32, atomic_load(&test.overlapping), 0));
}

/* RDR-17, RDR-18, EXP-05, EXP-08 */
Test(reader, a_flush_that_times_out_still_flushes_the_exporter) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct test_exporter test = {.hold = &hold, .entered = &entered};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(latch_wait(&entered));
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 10), TACHO_E_TIMEOUT));
    cr_expect(eq(u32, atomic_load(&test.flushes), 1));
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 10), TACHO_E_TIMEOUT));
    latch_open(&hold);
    tacho_meter_provider_destroy(provider);
}

/* --- options and environment --- */

/* ENV-15, SDK-18 */
Test(reader, the_interval_may_come_from_the_environment) {
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "1", 1);
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_reader_with(&test, NULL);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(await_count(&test.exports, 2));
    tacho_meter_provider_destroy(provider);
}

static _Atomic(uint64_t) seen_deadline_ns;

static int keep_deadline(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    _Atomic(unsigned) *exports = self;
    (void)batch;
    atomic_store(&seen_deadline_ns, deadline_ns);
    atomic_fetch_add(exports, 1);
    return TACHO_OK;
}

/* The deadline of a scheduled export, from now; TACHO_NO_TIMEOUT for none. */
static uint32_t export_timeout_ms(uint32_t timeout_ms) {
    static const tacho_metric_exporter_ops ops = {
        .struct_size = sizeof ops, .name = "deadline", .export_batch = keep_deadline};
    _Atomic(unsigned) exports = 0;
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &exports, &exporter), TACHO_OK));
    int status = tacho_periodic_reader_create(
        exporter,
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1, .timeout_ms = timeout_ms),
        &reader);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(await_count(&exports, 1));
    uint32_t left_ms = tacho_deadline_remaining_ms(atomic_load(&seen_deadline_ns));
    tacho_meter_provider_destroy(provider);
    return left_ms;
}

/* ENV-01, ENV-07, ENV-16, EXP-05: each export has a deadline; code beats environment beats default;
 * 0 in the environment means none */
Test(reader, the_timeout_may_come_from_the_environment) {
    uint32_t left_ms = export_timeout_ms(0);
    cr_expect(gt(u32, left_ms, 20000));
    cr_expect(le(u32, left_ms, 30000));
    setenv("OTEL_METRIC_EXPORT_TIMEOUT", "9000", 1);
    left_ms = export_timeout_ms(0);
    cr_expect(gt(u32, left_ms, 5000));
    cr_expect(le(u32, left_ms, 9000));
    left_ms = export_timeout_ms(100000);
    cr_expect(gt(u32, left_ms, 90000));
    setenv("OTEL_METRIC_EXPORT_TIMEOUT", "0", 1);
    cr_expect(eq(u32, export_timeout_ms(0), TACHO_NO_TIMEOUT));
    cr_expect(le(u32, export_timeout_ms(5000), 5000));
    unsetenv("OTEL_METRIC_EXPORT_TIMEOUT");
    cr_expect(eq(u32, export_timeout_ms(TACHO_NO_TIMEOUT), TACHO_NO_TIMEOUT));
}

/* ENV-04, ENV-06 */
Test(reader, a_bad_variable_is_told_and_the_default_used) {
    static const char *const bad[] = {"0", "-1", "5s", "1.5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct test_exporter test = {0};
        diagnostics_log.count = 0;
        setenv("OTEL_METRIC_EXPORT_INTERVAL", bad[i], 1);
        if (i == 0) {
            capture_diagnostics();
        }
        tacho_metric_reader_destroy(make_reader_with(&test, NULL));
        if (i == 0) {
            cr_expect(was_told("environment_invalid", "OTEL_METRIC_EXPORT_INTERVAL=0"));
            cr_expect(was_told("environment_invalid", "60000"));
        }
        cr_expect(eq(u32, atomic_load(&test.destroys), 1));
    }
}

/* CARD-02, CARD-03, CARD-05, CARD-10 */
Test(reader, the_limit_of_a_reader_bounds_its_series) {
    tacho_metric_reader *readers[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++) {
        int status = tacho_manual_reader_create(
            NULL,
            TACHO_OPTIONS(tacho_manual_reader_options,
                          .cardinality_limit = i == 0 ? 3 : TACHO_NO_LIMIT),
            &readers[i]);
        cr_assert(eq(int, status, TACHO_OK));
    }
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    for (int64_t i = 0; i < 10; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    struct collected *limited = collect(readers[0]);
    struct collected *unlimited = collect(readers[1]);
    cr_expect(eq(sz, limited->count, 4));
    cr_expect(eq(sz, unlimited->count, 10));
    int64_t sum = 0;
    int64_t overflow = 0;
    for (size_t i = 0; i < limited->count; i++) {
        sum += limited->points[i].i64;
        if (strcmp(limited->points[i].first_key, "otel.metric.overflow") == 0) {
            overflow = limited->points[i].i64;
        }
    }
    cr_expect(eq(i64, sum, 10));
    cr_expect(eq(i64, overflow, 7));
    free(limited);
    free(unlimited);
    tacho_meter_provider_destroy(provider);
}

/* CARD-02 */
Test(reader, the_default_limit_is_2000_series) {
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    for (int64_t i = 0; i < 2010; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->point_count, 2001));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- collecting by hand --- */

/* What an exporter cannot take it reports (EXP-01). */
Test(reader, collect_hands_the_batch_to_the_exporter_or_to_the_caller) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(make_exporter(&test), NULL, &reader), TACHO_OK));
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_E_INVALID), "no provider");
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    struct collected *collected = collect(reader);
    cr_expect(eq(int, collected->status, TACHO_OK));
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    test.export_status = TACHO_E_UNSUPPORTED;
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_E_UNSUPPORTED));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

static int refuse(const tacho_metric_batch *batch, void *user) {
    (void)batch;
    (void)user;
    return TACHO_E_UNSUPPORTED;
}

Test(reader, collect_returns_what_the_consumer_says_and_refuses_nonsense) {
    struct sdk sdk = make_sdk();
    cr_expect(eq(int, tacho_metric_reader_collect_with(sdk.reader, 0, refuse, NULL),
                 TACHO_E_UNSUPPORTED));
    cr_expect(
        eq(int, tacho_metric_reader_collect_with(sdk.reader, 0, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_reader_collect_with(NULL, 0, refuse, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_E_INVALID), "no exporter");
    cr_expect(eq(int, tacho_metric_reader_collect(NULL, 0), TACHO_E_INVALID));
    tacho_meter_provider_destroy(sdk.provider);
}

struct nested {
    tacho_metric_reader *other;
    int status;
};

static int collect_nested(const tacho_metric_batch *batch, void *user) {
    struct nested *nested = user;
    struct collected collected;
    (void)batch;
    nested->status = tacho_metric_reader_collect_with(nested->other, 0, see_batch, &collected);
    return TACHO_OK;
}

Test(reader, collecting_inside_a_collection_works_for_another_reader_only) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    struct nested nested = {.other = readers[0]};
    tacho_metric_reader_collect_with(readers[0], 0, collect_nested, &nested);
    cr_expect(eq(int, nested.status, TACHO_E_BUSY));
    tacho_metric_reader_collect_with(readers[1], 0, collect_nested, &nested);
    cr_expect(eq(int, nested.status, TACHO_OK));
    tacho_meter_provider_destroy(provider);
}

/* --- ownership --- */

/* EXP-13 */
Test(reader, an_exporter_has_one_reader) {
    struct test_exporter test = {0};
    tacho_error error = {0};
    tacho_metric_exporter *exporter = make_exporter(&test);
    tacho_metric_reader *first = NULL;
    tacho_metric_reader *second = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &first), TACHO_OK));
    int status = tacho_manual_reader_create(
        exporter, TACHO_OPTIONS(tacho_manual_reader_options, .error = &error), &second);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"exporter"));
    cr_expect(eq(int, tacho_periodic_reader_create(exporter, NULL, &second), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_periodic_reader_create(NULL, NULL, &second), TACHO_E_INVALID));
    cr_expect(eq(u32, atomic_load(&test.destroys), 0));
    capture_diagnostics();
    tacho_metric_exporter_destroy(exporter);
    cr_expect(ne(ptr, (void *)diagnostic_of("destroy_refused"), NULL));
    tacho_metric_reader_destroy(first);
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

Test(reader, a_reader_of_a_provider_is_not_destroyed_alone) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_metric_reader_destroy(sdk.reader);
    cr_expect(ne(ptr, (void *)diagnostic_of("destroy_refused"), NULL));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, collected->status, TACHO_OK));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
    tacho_metric_reader_destroy(NULL);
}

Test(reader, bad_options_are_refused_and_consume_the_exporter) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = NULL;
    const tacho_periodic_reader_options small = {.struct_size = 1};
    struct {
        tacho_manual_reader_options known;
        uint64_t unknown;
    } future = {.known = {.struct_size = sizeof future}, .unknown = 1};
    cr_expect(eq(int, tacho_periodic_reader_create(make_exporter(&test), &small, &reader),
                 TACHO_E_INVALID));
    cr_expect(eq(int, tacho_manual_reader_create(make_exporter(&test), &future.known, &reader),
                 TACHO_E_UNSUPPORTED));
    cr_expect(
        eq(int, tacho_manual_reader_create(make_exporter(&test), NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(u32, atomic_load(&test.destroys), 3));
    cr_expect(eq(ptr, reader, NULL));
}

Test(reader, each_refusal_is_told_with_its_cure) {
    struct test_exporter test = {0};
    tacho_error error = {0};
    tacho_metric_reader *reader = NULL;
    const tacho_periodic_reader_options periodic = {.interval_ms = 1, .error = &error};
    const tacho_manual_reader_options manual = {.struct_size = 8, .error = &error};
    capture_diagnostics();
    tacho_periodic_reader_create(make_exporter(&test), &periodic, &reader);
    tacho_manual_reader_create(make_exporter(&test), &manual, &reader);
    tacho_periodic_reader_create(
        NULL, TACHO_OPTIONS(tacho_periodic_reader_options, .error = &error), &reader);
    cr_assert(eq(sz, diagnostics_log.count, 3));
    cr_expect(eq(str, diagnostics_log.messages[0],
                 "tacho_periodic_reader_create failed: tacho_periodic_reader_options.struct_size: "
                 "it is 0; set it to sizeof(tacho_periodic_reader_options), or use TACHO_OPTIONS"));
    cr_expect(eq(str, diagnostics_log.messages[1],
                 "tacho_manual_reader_create failed: tacho_manual_reader_options.struct_size: it "
                 "is 8, which is too small; set it to sizeof(tacho_manual_reader_options), or use "
                 "TACHO_OPTIONS"));
    cr_expect(eq(str, diagnostics_log.messages[2],
                 "tacho_periodic_reader_create failed: exporter: it is NULL; look at what its "
                 "create function returned"));
    cr_expect(eq(str, error.field, (char *)"exporter"));
    cr_expect(eq(int, error.status, TACHO_E_INVALID));
    cr_expect(eq(u32, atomic_load(&test.destroys), 2));
}

Test(reader, an_unknown_tail_is_told_also_in_the_error) {
    tacho_error error = {0};
    tacho_metric_reader *reader = NULL;
    struct {
        tacho_manual_reader_options known;
        uint64_t unknown;
    } future = {.known = {.struct_size = sizeof future, .error = &error}, .unknown = 1};
    capture_diagnostics();
    cr_expect(
        eq(int, tacho_manual_reader_create(NULL, &future.known, &reader), TACHO_E_UNSUPPORTED));
    cr_expect(eq(str, error.field, (char *)"struct_size"));
    cr_expect(was_told("setup_failed", error.message));
    cr_expect(ne(ptr, strstr(error.message, "is not zero"), NULL), "%s", error.message);
}

Test(reader, variables_of_the_environment_are_told_one_by_one) {
    setenv("OTEL_METRIC_EXPORT_INTERVAL", "soon", 1);
    setenv("OTEL_METRIC_EXPORT_TIMEOUT", "late", 1);
    struct test_exporter test = {0};
    capture_diagnostics();
    tacho_metric_reader_destroy(make_reader_with(&test, NULL));
    cr_expect(eq(sz, diagnostics_log.count, 2));
}

/* --- the exporter's door --- */

Test(reader, an_exporter_is_told_which_member_is_missing) {
    struct test_exporter test = {0};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_exporter_ops ops = test_exporter_ops;
    capture_diagnostics();
    ops.export_batch = NULL;
    tacho_metric_exporter_create(&ops, &test, &exporter);
    ops = test_exporter_ops;
    ops.name = NULL;
    tacho_metric_exporter_create(&ops, &test, &exporter);
    ops = test_exporter_ops;
    ops.struct_size = 0;
    tacho_metric_exporter_create(&ops, &test, &exporter);
    tacho_metric_exporter_create(NULL, &test, &exporter);
    cr_assert(eq(sz, diagnostics_log.count, 4));
    cr_expect(eq(str, diagnostics_log.messages[0],
                 "tacho_metric_exporter_create failed: tacho_metric_exporter_ops.export_batch: it "
                 "is NULL; every exporter needs this function"));
    cr_expect(eq(str, diagnostics_log.messages[1],
                 "tacho_metric_exporter_create failed: tacho_metric_exporter_ops.name: it is NULL; "
                 "every exporter needs a name"));
    cr_expect(eq(str, diagnostics_log.messages[2],
                 "tacho_metric_exporter_create failed: tacho_metric_exporter_ops.struct_size: it "
                 "is 0; set it to sizeof(tacho_metric_exporter_ops)"));
    cr_expect(eq(str, diagnostics_log.messages[3],
                 "tacho_metric_exporter_create failed: ops: it is NULL; give the exporter's "
                 "table"));
}

Test(reader, an_exporter_without_the_required_members_is_refused_and_destroyed) {
    struct test_exporter test = {0};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_exporter_ops ops = test_exporter_ops;
    ops.export_batch = NULL;
    cr_expect(eq(int, tacho_metric_exporter_create(&ops, &test, &exporter), TACHO_E_INVALID));
    ops = test_exporter_ops;
    ops.name = NULL;
    cr_expect(eq(int, tacho_metric_exporter_create(&ops, &test, &exporter), TACHO_E_INVALID));
    cr_expect(eq(u32, atomic_load(&test.destroys), 2));
    cr_expect(eq(int, tacho_metric_exporter_create(NULL, &test, &exporter), TACHO_E_INVALID));
    cr_expect(eq(u32, atomic_load(&test.destroys), 2));
    cr_expect(eq(ptr, exporter, NULL));
}

/* EXP-02, SDK-23 */
Test(reader, optional_members_may_be_missing) {
    static const tacho_metric_exporter_ops ops = {
        .struct_size = sizeof ops, .name = "bare", .export_batch = keep_deadline};
    _Atomic(unsigned) exports = 0;
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    tacho_delivery account = {.accepted = 9};
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &exports, &exporter), TACHO_OK));
    tacho_metric_exporter_delivery(exporter, &account);
    cr_expect(eq(u64, account.accepted, 0));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_OK));
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(u32, atomic_load(&exports), 2));
}

Test(reader, an_exporter_knows_its_own_table_and_account) {
    struct test_exporter test = {.account = {.accepted = 5, .acknowledged = 5}};
    static const tacho_metric_exporter_ops other = {
        .struct_size = sizeof other, .name = "other", .export_batch = keep_deadline};
    tacho_metric_exporter *exporter = make_exporter(&test);
    tacho_delivery account = {.struct_size = sizeof account};
    cr_expect(eq(ptr, tacho_metric_exporter_self(exporter, &test_exporter_ops), &test));
    cr_expect(eq(ptr, tacho_metric_exporter_self(exporter, &other), NULL));
    cr_expect(eq(ptr, tacho_metric_exporter_self(NULL, &other), NULL));
    tacho_metric_exporter_delivery(exporter, &account);
    cr_expect(eq(u64, account.accepted, 5));
    cr_expect(eq(sz, account.struct_size, sizeof account));
    tacho_metric_exporter_destroy(exporter);
    tacho_metric_exporter_destroy(NULL);
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

/* EXP-02, EXP-09: shut down once; an export that comes later fails without reaching it */
Test(reader, an_exporter_that_was_shut_down_gets_nothing_more) {
    struct test_exporter test = {.shutdown_status = TACHO_E_TIMEOUT};
    const tacho_metric_batch batch = {.struct_size = sizeof batch};
    tacho_metric_exporter *exporter = make_exporter(&test);
    cr_expect(eq(int, tachoi_exporter_export(exporter, &batch, TACHO_NO_DEADLINE), TACHO_OK));
    cr_expect(eq(int, tachoi_exporter_shutdown(exporter, TACHO_NO_DEADLINE), TACHO_E_TIMEOUT));
    cr_expect(eq(int, tachoi_exporter_shutdown(exporter, TACHO_NO_DEADLINE), TACHO_OK));
    cr_expect(
        eq(int, tachoi_exporter_export(exporter, &batch, TACHO_NO_DEADLINE), TACHO_E_SHUTDOWN));
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    tacho_metric_exporter_destroy(exporter);
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
}

struct flushed {
    _Atomic(unsigned) inside;
    _Atomic(unsigned) overlapping;
    _Atomic(unsigned) flushes;
    _Atomic(unsigned) shutdowns;
    tacho_metric_exporter *exporter;
};

static int count_flush(void *self, uint64_t deadline_ns) {
    struct flushed *flushed = self;
    (void)deadline_ns;
    if (atomic_fetch_add(&flushed->inside, 1) > 0) {
        atomic_fetch_add(&flushed->overlapping, 1);
    }
    sched_yield();
    atomic_fetch_add(&flushed->flushes, 1);
    atomic_fetch_sub(&flushed->inside, 1);
    return TACHO_OK;
}

static int count_shutdown(void *self, uint64_t deadline_ns) {
    struct flushed *flushed = self;
    (void)deadline_ns;
    atomic_fetch_add(&flushed->shutdowns, 1);
    return TACHO_OK;
}

static int take_all(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)self;
    (void)batch;
    (void)deadline_ns;
    return TACHO_OK;
}

static void *flush_and_shut_down(void *argument) {
    struct flushed *flushed = argument;
    for (int i = 0; i < 100; i++) {
        tachoi_exporter_force_flush(flushed->exporter, TACHO_NO_DEADLINE);
        if (i == 50) {
            tachoi_exporter_shutdown(flushed->exporter, TACHO_NO_DEADLINE);
        }
    }
    return NULL;
}

/* EXP-10, CONC-01 */
Test(reader, flush_and_shutdown_of_an_exporter_may_come_from_several_threads) {
    static const tacho_metric_exporter_ops ops = {.struct_size = sizeof ops,
                                                  .name = "flushed",
                                                  .export_batch = take_all,
                                                  .force_flush = count_flush,
                                                  .shutdown = count_shutdown};
    struct flushed flushed = {.inside = 0};
    pthread_t threads[4];
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &flushed, &flushed.exporter), TACHO_OK));
    for (size_t i = 0; i < 4; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, flush_and_shut_down, &flushed), 0));
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_expect(eq(u32, atomic_load(&flushed.flushes), 400));
    cr_expect(eq(u32, atomic_load(&flushed.overlapping), 0));
    cr_expect(eq(u32, atomic_load(&flushed.shutdowns), 1));
    tacho_metric_exporter_destroy(flushed.exporter);
}

/* --- deadlines --- */

Test(reader, deadlines_convert_both_ways) {
    cr_expect(eq(u64, tacho_deadline_from_timeout(TACHO_NO_TIMEOUT), TACHO_NO_DEADLINE));
    cr_expect(eq(u32, tacho_deadline_remaining_ms(TACHO_NO_DEADLINE), TACHO_NO_TIMEOUT));
    cr_expect(eq(u32, tacho_deadline_remaining_ms(1), 0));
    uint32_t left_ms = tacho_deadline_remaining_ms(tacho_deadline_from_timeout(50000));
    cr_expect(le(u32, left_ms, 50000));
    cr_expect(gt(u32, left_ms, 40000));
}
