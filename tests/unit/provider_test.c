/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's life: meters, readers it takes, flush, shutdown under a deadline, destroy, fork,
 * and what happens when memory is short. */
#include <sys/wait.h>
#include <unistd.h>

#include "sdk_fixture.h"
#include "tacho/spi.h"

/* --- meters --- */

/* API-06, SDK-04 */
Test(provider, identical_scopes_give_one_meter) {
    struct sdk sdk = make_sdk();
    tacho_meter *meter = tacho_meter_provider_get_meter(
        sdk.provider, "lib",
        TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                      .attributes = TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_I64("b", 2))));
    tacho_meter *same = tacho_meter_provider_get_meter(
        sdk.provider, "lib",
        TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                      .attributes = TACHO_ATTRS(TACHO_I64("b", 2), TACHO_STR("a", "1"))));
    cr_expect(eq(ptr, meter, same));
    cr_expect(ne(ptr, tacho_meter_provider_get_meter(sdk.provider, "lib", NULL), meter));
    cr_expect(eq(ptr, tacho_meter_provider_get_meter(sdk.provider, "test", NULL), sdk.meter));
    cr_expect(eq(ptr,
                 tacho_meter_provider_get_meter(sdk.provider, "test",
                                                TACHO_OPTIONS(tacho_scope_options, .version = "")),
                 sdk.meter));
    tacho_meter_provider_destroy(sdk.provider);
}

/* API-06: each of the four identifies */
Test(provider, distinct_scopes_give_distinct_meters) {
    struct sdk sdk = make_sdk();
    tacho_meter *meters[] = {
        sdk.meter,
        tacho_meter_provider_get_meter(sdk.provider, "Test", NULL),
        tacho_meter_provider_get_meter(sdk.provider, "test",
                                       TACHO_OPTIONS(tacho_scope_options, .version = "1")),
        tacho_meter_provider_get_meter(sdk.provider, "test",
                                       TACHO_OPTIONS(tacho_scope_options, .schema_url = "1")),
        tacho_meter_provider_get_meter(
            sdk.provider, "test",
            TACHO_OPTIONS(tacho_scope_options, .attributes = TACHO_ATTRS(TACHO_I64("a", 1)))),
        tacho_meter_provider_get_meter(
            sdk.provider, "test",
            TACHO_OPTIONS(tacho_scope_options, .attributes = TACHO_ATTRS(TACHO_STR("a", "1"))))};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_expect(ne(ptr, meters[i], meters[j]), "%zu and %zu", i, j);
        }
    }
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-05, SDK-06 */
Test(provider, an_empty_meter_name_works_and_is_told) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_meter *meter = tacho_meter_provider_get_meter(sdk.provider, NULL, NULL);
    cr_expect(ne(ptr, (void *)diagnostic_of("meter_name_empty"), NULL));
    cr_expect(eq(ptr, tacho_meter_provider_get_meter(sdk.provider, "", NULL), meter));
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 4, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 4));
    tacho_meter_provider_destroy(sdk.provider);
}

/* ENV-09 */
Test(provider, a_disabled_sdk_hands_out_no_ops_and_starts_nothing) {
    setenv("OTEL_SDK_DISABLED", "TRUE", 1);
    struct test_exporter test = {0};
    tacho_metric_reader *readers[] = {make_periodic_reader(&test, 1), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    cr_expect(not(tacho_counter_enabled(counter, NULL)));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(readers[1]);
    cr_expect(eq(int, collected->status, TACHO_OK));
    cr_expect(eq(sz, collected->count, 0));
    free(collected);
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_OK));
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(u32, atomic_load(&test.exports), 0));
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

/* ENV-03 */
Test(provider, other_words_do_not_disable_but_are_told) {
    setenv("OTEL_SDK_DISABLED", "1", 1);
    capture_diagnostics();
    struct sdk sdk = make_sdk();
    cr_expect(was_told("environment_invalid", "OTEL_SDK_DISABLED=1"));
    cr_expect(tacho_counter_enabled(tacho_meter_create_counter(sdk.meter, "c", NULL), NULL));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- readers --- */

/* RDR-05 */
Test(provider, a_reader_has_one_provider) {
    struct sdk sdk = make_sdk();
    struct test_exporter test = {0};
    tacho_metric_reader *readers[] = {make_periodic_reader(&test, 1000), sdk.reader};
    tacho_meter_provider *second = NULL;
    tacho_error error = {0};
    int status =
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers,
                                                  .reader_count = 2, .error = &error),
                                    &second);
    cr_expect(eq(int, status, TACHO_E_BUSY));
    cr_expect(eq(str, error.field, "readers"));
    cr_expect(eq(ptr, second, NULL));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1), "the other reader is consumed");
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 1), "the busy one is left alone");
    tacho_meter_provider_destroy(sdk.provider);
}

/* RDR-05 */
Test(provider, one_reader_given_twice_is_busy) {
    tacho_metric_reader *reader = make_manual_reader();
    tacho_metric_reader *readers[] = {reader, reader};
    tacho_meter_provider *provider = NULL;
    tacho_error error = {0};
    int status =
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers,
                                                  .reader_count = 2, .error = &error),
                                    &provider);
    cr_expect(eq(int, status, TACHO_E_BUSY));
    cr_expect(eq(str, error.field, (char *)"readers"));
    cr_expect(eq(str, error.message,
                 (char *)"reader 1 is in the list twice; make one for each "
                         "place"));
}

/* ERR-02, ERR-03 */
Test(provider, bad_options_are_refused_and_what_was_given_is_consumed) {
    struct test_exporter test = {0};
    tacho_error error = {0};
    tacho_meter_provider *provider = NULL;
    tacho_metric_reader *readers[] = {make_periodic_reader(&test, 1000), NULL};
    int status =
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers,
                                                  .reader_count = 2, .error = &error),
                                    &provider);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(str, error.field, "readers"));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));

    const tacho_clock no_clock = {.struct_size = sizeof no_clock};
    readers[0] = make_periodic_reader(&test, 1000);
    status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                       .readers = readers, .reader_count = 1,
                                                       .clock = &no_clock, .error = &error),
                                         &provider);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(str, error.field, "clock"));
    cr_expect(eq(u32, atomic_load(&test.destroys), 2));

    struct {
        tacho_meter_provider_options known;
        uint64_t unknown;
    } future = {.known = {.struct_size = sizeof future}, .unknown = 1};
    readers[0] = make_periodic_reader(&test, 1000);
    future.known.readers = readers;
    future.known.reader_count = 1;
    cr_expect(eq(int, tacho_meter_provider_create(&future.known, &provider), TACHO_E_UNSUPPORTED));
    cr_expect(eq(u32, atomic_load(&test.destroys), 3));
    cr_expect(eq(ptr, provider, NULL));
}

Test(provider, each_refusal_is_told_with_its_cure) {
    tacho_meter_provider *provider = NULL;
    tacho_metric_reader *no_reader[] = {NULL};
    const tacho_clock no_clock = {.unix_ns = NULL};
    const tacho_meter_provider_options no_size = {.reader_count = 1};
    capture_diagnostics();
    tacho_meter_provider_create(&no_size, &provider);
    tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = no_reader, .reader_count = 1),
        &provider);
    tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .clock = &no_clock),
                                &provider);
    tacho_meter_provider_create(NULL, NULL);
    for (int i = 0; i < 2; i++) { /* the same mistake again is told once a minute */
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .reader_count = 2),
                                    &provider);
    }
    cr_assert(eq(sz, diagnostics_log.count, 5), "two are about the same field");
    cr_expect(eq(str, diagnostics_log.messages[0],
                 "tacho_meter_provider_create failed: tacho_meter_provider_options.struct_size: it "
                 "is 0; set it to sizeof(tacho_meter_provider_options), or use TACHO_OPTIONS"));
    cr_expect(eq(str, diagnostics_log.messages[1],
                 "tacho_meter_provider_create failed: tacho_meter_provider_options.readers: reader "
                 "0 is NULL; look at what its create function returned"));
    cr_expect(eq(str, diagnostics_log.messages[2],
                 "tacho_meter_provider_create failed: tacho_meter_provider_options.clock: "
                 "tacho_clock.struct_size: it is 0; set it to sizeof(tacho_clock)"));
    cr_expect(eq(str, diagnostics_log.messages[3],
                 "tacho_meter_provider_create failed: out: it is NULL; say where the result goes"));
    cr_expect(eq(ptr, provider, NULL));
}

Test(provider, scope_options_of_a_wrong_size_are_told_for_each_meter) {
    struct sdk sdk = make_sdk();
    const tacho_scope_options wrong = {.version = "1"};
    capture_diagnostics();
    (void)tacho_meter_provider_get_meter(sdk.provider, "a", &wrong);
    (void)tacho_meter_provider_get_meter(sdk.provider, "b", &wrong);
    cr_expect(eq(sz, diagnostics_log.count, 2));
    cr_expect(
        was_told("scope_options_invalid", "tacho_scope_options.struct_size: it is 0; set it"));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- flush --- */

/* SDK-14, SDK-15, RDR-06, RDR-18, EXP-02, EXP-08 */
Test(provider, flush_collects_exports_and_flushes_every_reader) {
    struct test_exporter periodic = {0};
    struct test_exporter manual = {.flush_status = TACHO_E_FAILED};
    tacho_metric_reader *readers[] = {make_periodic_reader(&periodic, 3600 * 1000), NULL};
    cr_assert(
        eq(int, tacho_manual_reader_create(make_exporter(&manual), NULL, &readers[1]), TACHO_OK));
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 3, TACHO_NO_ATTRS);
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_E_FAILED));
    cr_expect(eq(i64, atomic_load(&periodic.last_value), 3));
    cr_expect(eq(i64, atomic_load(&manual.last_value), 3));
    cr_expect(eq(u32, atomic_load(&periodic.flushes), 1));
    cr_expect(eq(u32, atomic_load(&manual.flushes), 1));
    periodic.flush_status = TACHO_E_TIMEOUT;
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_E_TIMEOUT));
    periodic.flush_status = TACHO_E_FAILED;
    manual.flush_status = TACHO_E_TIMEOUT;
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_E_TIMEOUT));
    periodic.flush_status = manual.flush_status = TACHO_OK;
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_OK));
    tacho_meter_provider_shutdown(provider, 0);
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 0), TACHO_E_SHUTDOWN));
    tacho_meter_provider_destroy(provider);
}

Test(provider, foreign_and_missing_providers_are_invalid) {
    cr_expect(eq(int, tacho_meter_provider_force_flush(NULL, 0), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_meter_provider_shutdown(NULL, 0), TACHO_E_INVALID));
    cr_expect(
        eq(int, tacho_meter_provider_force_flush(tacho_meter_provider_noop(), 0), TACHO_E_INVALID));
    cr_expect(
        eq(int, tacho_meter_provider_shutdown(tacho_meter_provider_global(), 0), TACHO_E_INVALID));
    tacho_meter_provider_destroy(NULL);
    tacho_meter_provider_destroy(tacho_meter_provider_noop());
    tacho_meter_provider_destroy(tacho_meter_provider_global());
}

/* --- shutdown --- */

/* RDR-21 */
Test(provider, shutdown_exports_the_last_value_though_the_interval_is_an_hour) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 41, TACHO_NO_ATTRS);
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    cr_expect(eq(i64, atomic_load(&test.last_value), 41));
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 0));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1), "exactly once");
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

Test(provider, destroy_shuts_down_if_nobody_did) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(make_exporter(&test), NULL, &reader), TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(eq(int, tacho_meter_provider_set_global(provider), TACHO_OK));
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS);
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(i64, atomic_load(&test.last_value), 7));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS); /* of the global provider: stays valid */
    cr_expect(not(tacho_counter_enabled(counter, NULL)));
}

/* What a thread has loaded from a handle before it is stopped on its way into the SDK. */
struct late_calls {
    const tacho_spi_instrument_ops *instrument_ops;
    void *instrument;
    const tacho_spi_bound_ops *bound_ops;
    void *bound;
};

static struct late_calls load_handles(tacho_histogram *histogram, tacho_bound_histogram *bound) {
    tacho_spi_instrument *instrument = (tacho_spi_instrument *)histogram;
    tacho_spi_bound *handle = (tacho_spi_bound *)bound;
    return (struct late_calls){.instrument_ops = atomic_load(&instrument->ops),
                               .instrument = atomic_load(&instrument->self),
                               .bound_ops = atomic_load(&handle->ops),
                               .bound = atomic_load(&handle->self)};
}

static void make_late_calls(const struct late_calls *calls, int64_t set) {
    calls->instrument_ops->record_f64(calls->instrument, 1, TACHO_NO_ATTRS);
    calls->instrument_ops->record_f64(calls->instrument, 1, TACHO_ATTRS(TACHO_I64("new", set)));
    cr_expect(not(calls->instrument_ops->enabled(calls->instrument, NULL)));
    calls->bound_ops->record_f64(calls->bound, 1);
}

Test(provider, calls_that_began_behind_the_global_provider_may_end_after_destroy) {
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "test", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    tacho_bound_histogram *bound = tacho_histogram_bind(histogram, TACHO_NO_ATTRS);
    struct late_calls calls[3];
    for (int64_t i = 0; i < 3; i++) {
        struct sdk sdk = make_sdk();
        cr_assert(eq(int, tacho_meter_provider_set_global(sdk.provider), TACHO_OK));
        calls[i] = load_handles(histogram, bound);
        if (i == 1) { /* taken away before it is destroyed: was installed all the same */
            cr_assert(eq(int, tacho_meter_provider_set_global(NULL), TACHO_OK));
        }
        tacho_meter_provider_destroy(sdk.provider);
        for (int64_t j = 0; j <= i; j++) {
            make_late_calls(&calls[j], i);
        }
    }
    tacho_bound_histogram_release(bound);
}

struct global_user {
    pthread_t thread;
    _Atomic(bool) stop;
    _Atomic(unsigned) calls;
    unsigned unexpected;
};

static void *use_global_provider(void *argument) {
    struct global_user *user = argument;
    tacho_delivery account;
    while (!atomic_load(&user->stop)) {
        int status = tacho_meter_provider_force_flush(tacho_meter_provider_global(), 0);
        user->unexpected +=
            status != TACHO_OK && status != TACHO_E_INVALID && status != TACHO_E_SHUTDOWN;
        tacho_meter_provider_delivery(tacho_meter_provider_global(), &account);
        atomic_fetch_add(&user->calls, 1);
    }
    return NULL;
}

/* SDK-16, CONC-01 */
Test(provider, the_global_one_may_be_flushed_while_the_installed_one_is_destroyed) {
    struct global_user user = {.unexpected = 0};
    cr_assert(eq(int, pthread_create(&user.thread, NULL, use_global_provider, &user), 0));
    for (unsigned i = 0; i < 20; i++) {
        struct test_exporter test = {0};
        tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
        tacho_meter_provider *provider = make_provider(&reader, 1);
        cr_assert(eq(int, tacho_meter_provider_set_global(provider), TACHO_OK));
        cr_assert(await_count(&user.calls, atomic_load(&user.calls) + 2));
        tacho_meter_provider_destroy(provider);
        cr_expect(eq(u32, atomic_load(&test.destroys), 1));
    }
    atomic_store(&user.stop, true);
    pthread_join(user.thread, NULL);
    cr_expect(eq(u32, user.unexpected, 0));
}

/* SDK-10, SDK-11, RDR-11 */
Test(provider, after_shutdown_everything_is_a_no_op) {
    struct sdk sdk = make_sdk();
    cr_expect(eq(int, tacho_meter_provider_shutdown(sdk.provider, 0), TACHO_OK));
    cr_expect(eq(int, tacho_meter_provider_shutdown(sdk.provider, 0), TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(sdk.provider, "late", NULL);
    cr_expect(not(tacho_counter_enabled(tacho_meter_create_counter(meter, "c", NULL), NULL)));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, collected->status, TACHO_E_SHUTDOWN));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-12, RDR-12, ERR-07 */
Test(provider, shutdown_hands_on_a_failed_export) {
    struct test_exporter test = {.export_status = TACHO_E_NO_MEMORY};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    capture_diagnostics();
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_E_FAILED));
    cr_expect(was_told("export_failed", "test"));
    tacho_meter_provider_destroy(provider);
}

/* PERF-04, SDK-12, RDR-12, EXP-05 */
Test(provider, shutdown_returns_in_time_from_an_export_that_does_not_come_back) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct test_exporter test = {.hold = &hold, .entered = &entered};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_assert(latch_wait(&entered));
    uint64_t begin_ns = tachoi_monotonic_ns();
    int status = tacho_meter_provider_shutdown(provider, 100);
    uint64_t took_ms = (tachoi_monotonic_ns() - begin_ns) / TACHOI_NS_PER_MS;
    cr_expect(eq(int, status, TACHO_E_TIMEOUT));
    cr_expect(ge(u64, took_ms, 99));
    cr_expect(lt(u64, took_ms, 300));
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 1), TACHO_E_TIMEOUT));
    latch_open(&hold);
    tacho_meter_provider_destroy(provider); /* waits for the thread, then frees */
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

struct shutdown_call {
    tacho_meter_provider *provider;
    int status;
};

static void *call_shutdown(void *argument) {
    struct shutdown_call *call = argument;
    call->status = tacho_meter_provider_shutdown(call->provider, 0);
    return NULL;
}

/* SDK-10, SDK-16, EXP-09, CONC-01 */
Test(provider, concurrent_shutdowns_do_it_once_and_agree) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct test_exporter test = {
        .hold = &hold, .entered = &entered, .shutdown_status = TACHO_E_FAILED};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    struct shutdown_call calls[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        calls[i] = (struct shutdown_call){.provider = provider};
        cr_assert(eq(int, pthread_create(&threads[i], NULL, call_shutdown, &calls[i]), 0));
    }
    cr_assert(latch_wait(&entered));
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 1), TACHO_E_TIMEOUT));
    latch_open(&hold);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(eq(int, calls[i].status, TACHO_E_FAILED));
    }
    cr_expect(eq(u32, atomic_load(&test.exports), 1));
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    tacho_meter_provider_destroy(provider);
}

Test(provider, losses_are_told_without_what_there_is_none_of) {
    struct test_exporter test = {.account = {.accepted = 2, .dropped = 2}};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    capture_diagnostics();
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(str, (char *)diagnostic_of("samples_lost"),
                 (char *)"2 of 2 samples did not arrive: 2 dropped"));
}

Test(provider, shutdown_tells_what_was_lost) {
    struct test_exporter test = {
        .account = {.accepted = 10, .acknowledged = 4, .failed = 1, .dropped = 2, .pending = 3}};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_delivery account;
    capture_diagnostics();
    tacho_meter_provider_shutdown(provider, 0);
    cr_expect(was_told("samples_lost", "6 of 10 samples did not arrive: 1 refused, 2 dropped, 3 "
                                       "still on their way when shutdown ended"),
              "%s", diagnostic_of("samples_lost"));
    tacho_meter_provider_delivery(provider, &account);
    cr_expect(eq(u64, account.accepted, 10));
    cr_expect(eq(u64, account.pending, 3));
    tacho_meter_provider_destroy(provider);
}

/* SDK-13, RDR-06, RDR-11: each reader and each exporter, once */
Test(provider, shutdown_reaches_every_reader_and_exporter) {
    struct test_exporter tests[3] = {0};
    tacho_metric_reader *readers[4] = {NULL};
    for (size_t i = 0; i < 2; i++) {
        readers[i] = make_periodic_reader(&tests[i], 3600 * 1000);
    }
    cr_assert(
        eq(int, tacho_manual_reader_create(make_exporter(&tests[2]), NULL, &readers[2]), TACHO_OK));
    readers[3] = make_manual_reader();
    tacho_meter_provider *provider = make_provider(readers, 4);
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    for (size_t i = 0; i < 4; i++) {
        struct collected *collected = collect(readers[i]);
        cr_expect(eq(int, collected->status, TACHO_E_SHUTDOWN));
        free(collected);
        cr_expect(i == 3 || atomic_load(&tests[i].shutdowns) == 1, "exporter %zu", i);
        cr_expect(i == 3 || atomic_load(&tests[i].exports) == 1, "exporter %zu", i);
    }
    tacho_meter_provider_destroy(provider);
}

/* SDK-02, SDK-03: what a meter measures goes to the provider that it comes from, alone */
Test(provider, several_providers_live_side_by_side) {
    struct sdk one = make_sdk();
    struct sdk two = make_sdk();
    cr_expect(ne(ptr, one.meter, two.meter));
    tacho_counter *first = tacho_meter_create_counter(one.meter, "c", NULL);
    tacho_counter *second = tacho_meter_create_counter(two.meter, "c", NULL);
    tacho_counter_add(first, 1, TACHO_NO_ATTRS);
    tacho_counter_add(second, 2, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(one.reader, "c"), 1));
    cr_expect(eq(i64, value_of(two.reader, "c"), 2));
    tacho_meter_provider_destroy(one.provider);
    tacho_counter_add(second, 2, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(two.reader, "c"), 4));
    tacho_meter_provider_destroy(two.provider);
}

/* ERR-01, ERR-02: every call of the SDK with nothing in it */
Test(provider, nothing_but_null_is_survived_everywhere) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    tacho_delivery account;
    tacho_metric_reader *reader = NULL;
    cr_expect(eq(int, tacho_meter_provider_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_manual_reader_create(NULL, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_periodic_reader_create(NULL, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_exporter_create(NULL, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_producer_create(NULL, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_resource_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_resource_merge(NULL, NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_view_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(
        eq(int, tacho_metric_readers_from_environment(NULL, 0, NULL, 0, NULL), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_reader_collect(NULL, 0), TACHO_E_INVALID));
    cr_expect(eq(int, tacho_metric_reader_collect_with(reader, 0, NULL, NULL), TACHO_E_INVALID));
    cr_expect(
        eq(int, tacho_meter_provider_set_meter_configurator(NULL, NULL, NULL), TACHO_E_INVALID));
    tacho_meter_provider_delivery(NULL, NULL);
    tacho_meter_provider_delivery(NULL, &account);
    cr_expect(eq(u64, account.accepted, 0));
    tacho_metric_exporter_delivery(NULL, NULL);
    tacho_metric_exporter_delivery(NULL, &account);
    tacho_meter_provider_destroy(NULL);
    tacho_metric_reader_destroy(NULL);
    tacho_metric_exporter_destroy(NULL);
    tacho_metric_producer_destroy(NULL);
    tacho_resource_destroy(NULL);
    tacho_view_destroy(NULL);
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, NULL, NULL, NULL);
    tacho_meter *meter = tacho_meter_provider_get_meter(NULL, NULL, NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, NULL, NULL), 1, TACHO_NO_ATTRS);
}

/* --- from inside --- */

struct inside {
    tacho_meter_provider *provider;
    tacho_metric_reader *reader;
    int flush;
    int shutdown;
    int collect;
};

static void call_from_inside(tacho_observer *observer, void *user) {
    struct inside *inside = user;
    (void)observer;
    inside->flush = tacho_meter_provider_force_flush(inside->provider, 0);
    inside->shutdown = tacho_meter_provider_shutdown(inside->provider, 0);
    inside->collect = tacho_metric_reader_collect_with(inside->reader, 0, see_batch, NULL);
    tacho_meter_provider_destroy(inside->provider);
}

/* ERR-05 */
Test(provider, waiting_for_oneself_inside_a_callback_is_refused) {
    struct sdk sdk = make_sdk();
    struct inside inside = {.provider = sdk.provider, .reader = sdk.reader};
    capture_diagnostics();
    tacho_meter_create_observable_gauge(sdk.meter, "g", NULL, call_from_inside, &inside);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, collected->status, TACHO_OK));
    free(collected);
    cr_expect(eq(int, inside.flush, TACHO_E_BUSY));
    cr_expect(eq(int, inside.shutdown, TACHO_E_BUSY));
    cr_expect(eq(int, inside.collect, TACHO_E_BUSY));
    cr_expect(ne(ptr, (void *)diagnostic_of("destroy_refused"), NULL));
    tacho_meter_provider_destroy(sdk.provider);
}

/* An exporter whose own flush and shutdown call back into the provider. */
struct impatient {
    tacho_meter_provider *provider;
    int flush_in_flush;
    int shutdown_in_flush;
    int flush_in_shutdown;
    int shutdown_in_shutdown;
};

static int impatient_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)self;
    (void)batch;
    (void)deadline_ns;
    return TACHO_OK;
}

static int impatient_flush(void *self, uint64_t deadline_ns) {
    struct impatient *impatient = self;
    (void)deadline_ns;
    impatient->flush_in_flush = tacho_meter_provider_force_flush(impatient->provider, 0);
    impatient->shutdown_in_flush = tacho_meter_provider_shutdown(impatient->provider, 0);
    tacho_meter_provider_destroy(impatient->provider);
    return TACHO_OK;
}

static int impatient_shutdown(void *self, uint64_t deadline_ns) {
    struct impatient *impatient = self;
    (void)deadline_ns;
    impatient->flush_in_shutdown = tacho_meter_provider_force_flush(impatient->provider, 0);
    impatient->shutdown_in_shutdown =
        tacho_meter_provider_shutdown(impatient->provider, TACHO_NO_TIMEOUT);
    tacho_meter_provider_destroy(impatient->provider);
    return TACHO_OK;
}

static const tacho_metric_exporter_ops impatient_ops = {
    .struct_size = sizeof impatient_ops,
    .name = "impatient",
    .export_batch = impatient_export,
    .force_flush = impatient_flush,
    .shutdown = impatient_shutdown,
};

/* ERR-01, SDK-10, EXP-10: with a thread of its own and on the caller's */
Test(provider, waiting_for_oneself_inside_an_exporter_is_refused) {
    for (int i = 0; i < 2; i++) {
        struct impatient impatient = {0};
        tacho_metric_exporter *exporter = NULL;
        tacho_metric_reader *reader = NULL;
        tacho_metric_exporter_create(&impatient_ops, &impatient, &exporter);
        int status = i == 0 ? tacho_manual_reader_create(exporter, NULL, &reader)
                            : tacho_periodic_reader_create(exporter, NULL, &reader);
        cr_assert(eq(int, status, TACHO_OK));
        impatient.provider = make_provider(&reader, 1);
        capture_diagnostics();
        cr_expect(eq(int, tacho_meter_provider_force_flush(impatient.provider, 0), TACHO_OK));
        cr_expect(eq(int, impatient.flush_in_flush, TACHO_E_BUSY));
        cr_expect(eq(int, impatient.shutdown_in_flush, TACHO_E_BUSY));
        cr_expect(eq(int, tacho_meter_provider_shutdown(impatient.provider, 0), TACHO_OK));
        cr_expect(eq(int, impatient.flush_in_shutdown, TACHO_E_BUSY));
        cr_expect(eq(int, impatient.shutdown_in_shutdown, TACHO_E_BUSY));
        if (i == 0) {
            cr_expect(ne(ptr, (void *)diagnostic_of("destroy_refused"), NULL));
        }
        tacho_meter_provider_destroy(impatient.provider);
    }
}

/* --- fork --- */

static int check_child(struct sdk sdk, tacho_counter *counter, tacho_bound_counter *bound) {
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("new", 1)));
    tacho_bound_counter_add(bound, 1);
    tacho_bound_counter_release(bound);
    tacho_bound_counter_release(tacho_counter_bind(counter, TACHO_NO_ATTRS));
    tacho_meter *meter = tacho_meter_provider_get_meter(sdk.provider, "child", NULL);
    tacho_counter *late = tacho_meter_create_counter(sdk.meter, "late", NULL);
    if (tacho_counter_enabled(late, NULL) ||
        tacho_counter_enabled(tacho_meter_create_counter(meter, "c", NULL), NULL)) {
        return 1;
    }
    if (tacho_metric_reader_collect_with(sdk.reader, 0, see_batch, NULL) != TACHO_E_FORKED) {
        return 2;
    }
    if (tacho_meter_provider_force_flush(sdk.provider, 0) != TACHO_E_FORKED ||
        tacho_meter_provider_shutdown(sdk.provider, 0) != TACHO_E_FORKED) {
        return 3;
    }
    tacho_meter_provider_destroy(sdk.provider);
    return 0;
}

static int run_in_child(int (*check)(struct sdk, tacho_counter *, tacho_bound_counter *),
                        struct sdk sdk, tacho_counter *counter, tacho_bound_counter *bound) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(check(sdk, counter, bound));
    }
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(provider, a_forked_child_touches_nothing_of_its_parent) {
    struct test_exporter test = {0};
    tacho_metric_reader *readers[] = {make_manual_reader(), make_periodic_reader(&test, 1)};
    struct sdk sdk = {.reader = readers[0], .provider = make_provider(readers, 2)};
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
    for (int i = 0; i < 5; i++) {
        cr_expect(eq(int, run_in_child(check_child, sdk, counter, bound), 0));
    }
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 5));
    tacho_meter_provider_destroy(sdk.provider);
}

static int make_own_provider(struct sdk parent, tacho_counter *counter,
                             tacho_bound_counter *bound) {
    (void)parent;
    (void)counter;
    (void)bound;
    struct sdk sdk = make_sdk();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 9, TACHO_NO_ATTRS);
    int64_t value = value_of(sdk.reader, "c");
    tacho_meter_provider_destroy(sdk.provider);
    return value == 9 ? 0 : 1;
}

Test(provider, a_forked_child_can_have_a_provider_of_its_own) {
    struct sdk sdk = make_sdk();
    cr_expect(eq(int, run_in_child(make_own_provider, sdk, NULL, NULL), 0));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- memory --- */

static void observe_one(tacho_observer *observer, void *user) {
    tacho_observe_i64(observer, *(tacho_observable **)user, 1, TACHO_ATTRS(TACHO_I64("a", 1)));
}

/* All of set-up; TACHO_OK if nothing failed. */
static int set_up_everything(struct test_exporter *test) {
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *readers[2] = {NULL, NULL};
    tacho_resource *resource = NULL;
    tacho_meter_provider *provider = NULL;
    static tacho_observable *observable;
    int status = tacho_metric_exporter_create(&test_exporter_ops, test, &exporter);
    if (status == TACHO_OK) {
        status = tacho_periodic_reader_create(exporter, NULL, &readers[0]);
    }
    if (status == TACHO_OK) {
        status = tacho_manual_reader_create(NULL, NULL, &readers[1]);
    }
    if (status == TACHO_OK) {
        status = tacho_resource_create(
            TACHO_OPTIONS(tacho_resource_options, .attributes = TACHO_ATTRS(TACHO_STR("a", "b"))),
            &resource);
    }
    if (status != TACHO_OK) {
        tacho_metric_reader_destroy(readers[0]);
        tacho_metric_reader_destroy(readers[1]);
        return status;
    }
    status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                       .resource = resource, .readers = readers,
                                                       .reader_count = 2),
                                         &provider);
    if (status != TACHO_OK) {
        return status;
    }
    tacho_meter *meter =
        tacho_meter_provider_get_meter(provider, "test",
                                       TACHO_OPTIONS(tacho_scope_options, .version = "1",
                                                     .attributes = TACHO_ATTRS(TACHO_I64("x", 1))));
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(
        meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = TACHO_NO_BOUNDARIES));
    observable =
        tacho_meter_create_observable_gauge(meter, "g", NULL, observe_one, (void *)&observable);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 1);
    tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_STR("k", "v")));
    tacho_bound_counter_release(bound);
    tacho_meter_provider_shutdown(provider, 0);
    tacho_meter_provider_destroy(provider);
    return TACHO_OK;
}

/* ERR-04 */
Test(provider, every_failed_allocation_of_set_up_is_survived) {
    setenv("OTEL_RESOURCE_ATTRIBUTES", "a=b,c=d", 1);
    setenv("OTEL_LOG_LEVEL", "none", 1);
    uint64_t k = 0;
    bool has_failed = true;
    for (k = 1; has_failed && k < 1000; k++) {
        struct test_exporter test = {0};
        tachoi_alloc_fail_at(k);
        int status = set_up_everything(&test);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(status == TACHO_OK || status == TACHO_E_NO_MEMORY, "allocation %lu: %d",
                  (unsigned long)k, status);
        cr_assert(eq(u32, atomic_load(&test.destroys), 1), "allocation %lu", (unsigned long)k);
    }
    cr_expect(gt(u64, k, 20), "only %lu allocations were failed", (unsigned long)k);
    cr_expect(lt(u64, k, 1000));
}
