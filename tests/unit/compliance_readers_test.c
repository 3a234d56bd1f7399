/* SPDX-License-Identifier: Apache-2.0 */
/* What a program may rely on around readers: a collection that cannot be replaced, recording that
 * nothing holds up, totals and deltas that never go backwards. */
#include "sdk_fixture.h"

/* --- collecting is the SDK's --- */

/* RDR-10: a reader is no table of functions that somebody could fill otherwise, and its struct is
 * known to the SDK alone. Were either in a public header, these would contradict it. */
struct tacho_metric_reader {
    int nothing_of_the_sdk;
};
typedef struct {
    int nothing_of_the_sdk;
} tacho_metric_reader_ops;

/* RDR-10, RDR-17: each way that leads to an export goes through the same collection */
Test(compliance_readers, every_way_to_an_export_runs_the_callbacks_once) {
    const tacho_metric_reader_ops nothing = {0};
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    int64_t sum = 0;
    for (int way = 0; way < 3; way++) {
        tacho_counter_add(counter, 1 << way, TACHO_NO_ATTRS);
        sum += 1 << way;
        const int status = way == 0   ? tacho_metric_reader_collect(reader, 0)
                           : way == 1 ? tacho_meter_provider_force_flush(provider, 0)
                                      : tacho_meter_provider_shutdown(provider, 0);
        cr_expect(eq(int, status, TACHO_OK));
        cr_expect(eq(i64, atomic_load(&test.last_value), sum));
        cr_expect(eq(u32, atomic_load(&test.exports), (unsigned)way + 1));
        cr_expect(eq(u32, atomic_load(&test.flushes), way == 0 ? 0U : 1U),
                  "a flush goes on to the exporter's");
    }
    cr_expect(eq(int, nothing.nothing_of_the_sdk, 0));
    tacho_meter_provider_destroy(provider);
}

/* --- nothing holds recording up --- */

struct stuck {
    struct latch *entered;
    struct latch *hold;
    tacho_observable *observable;
    _Atomic(bool) has_gone_on; /* the latch has a deadline */
};

static void observe_stuck(tacho_observer *observer, void *user) {
    struct stuck *stuck = user;
    latch_open(stuck->entered);
    latch_wait(stuck->hold);
    atomic_store(&stuck->has_gone_on, true);
    tacho_observe_i64(observer, stuck->observable, 1, TACHO_NO_ATTRS);
}

/* Known and new series, new instruments. */
static void record_some(tacho_meter *meter, int64_t first) {
    char name[16];
    snprintf(name, sizeof name, "c%d", (int)first);
    tacho_counter *counter = tacho_meter_create_counter(meter, name, NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    for (int64_t i = first; i < first + 100; i++) {
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
}

/* PERF-01: while an export hangs */
Test(compliance_readers, recording_goes_on_while_an_export_hangs, .timeout = 60) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct test_exporter test = {.hold = &hold, .entered = &entered};
    tacho_metric_reader *reader = make_periodic_reader(&test, 1);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    record_some(meter, 0);
    cr_assert(latch_wait(&entered));
    record_some(meter, 0);
    record_some(meter, 1000);
    cr_expect(eq(u32, atomic_load(&test.exports), 0), "it still hangs");
    latch_open(&hold);
    tacho_meter_provider_destroy(provider);
}

static void *collect_in_thread(void *reader) {
    free(collect(reader));
    return NULL;
}

/* PERF-01: while a callback hangs in the middle of a collection */
Test(compliance_readers, recording_goes_on_while_a_callback_hangs, .timeout = 60) {
    struct latch hold = LATCH_INITIALIZER;
    struct latch entered = LATCH_INITIALIZER;
    struct sdk sdk = make_sdk();
    struct stuck stuck = {.entered = &entered, .hold = &hold};
    pthread_t thread;
    stuck.observable =
        tacho_meter_create_observable_gauge(sdk.meter, "o", NULL, observe_stuck, &stuck);
    record_some(sdk.meter, 0);
    cr_assert(eq(int, pthread_create(&thread, NULL, collect_in_thread, sdk.reader), 0));
    cr_assert(latch_wait(&entered));
    record_some(sdk.meter, 0);
    record_some(sdk.meter, 1000);
    cr_expect(not(atomic_load(&stuck.has_gone_on)), "it still hangs");
    latch_open(&hold);
    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- sums that only grow --- */

/* DM-05 */
Test(compliance_readers, totals_of_counters_never_fall_and_deltas_are_never_negative) {
    static const double added[] = {0.1, -5, 1e16, 1, -1e300, 0.3, 0};
    tacho_metric_reader *readers[] = {make_manual_reader(), DELTA_READER()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_counter_f64 *counter_f64 = tacho_meter_create_counter_f64(meter, "f", NULL);
    int64_t total = 0;
    double total_f64 = 0;
    setenv("OTEL_LOG_LEVEL", "none", 1);
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        tacho_counter_add(counter, i % 2 == 0 ? 3 : -2, TACHO_NO_ATTRS);
        tacho_counter_f64_add(counter_f64, added[i], TACHO_NO_ATTRS);
        struct collected *cumulative = collect(readers[0]);
        cr_expect(ge(i64, point_of(cumulative, "c", 0)->i64, total));
        cr_expect(ge(dbl, point_of(cumulative, "f", 0)->f64, total_f64));
        total = point_of(cumulative, "c", 0)->i64;
        total_f64 = point_of(cumulative, "f", 0)->f64;
        free(cumulative);
        struct collected *delta = collect(readers[1]);
        for (size_t k = 0; k < delta->count; k++) {
            cr_expect(ge(i64, delta->points[k].i64, 0));
            cr_expect(ge(dbl, delta->points[k].f64, 0.0));
        }
        free(delta);
    }
    cr_expect(eq(i64, total, 12));
    tacho_meter_provider_destroy(provider);
}
