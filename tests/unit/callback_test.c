/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: when they run, what they may observe, and how a registration ends. */
#include <sched.h>

#include "sdk_fixture.h"

/* Observes one fixed value for one instrument and counts its runs. */
struct source {
    tacho_observable *observable;
    int64_t value;
    _Atomic(unsigned) runs;
};

static void observe_source(tacho_observer *observer, void *user) {
    struct source *source = user;
    atomic_fetch_add(&source->runs, 1);
    tacho_observe_i64(observer, source->observable, source->value, TACHO_NO_ATTRS);
}

/* API-25, API-28, API-36 */
Test(callback, a_callback_runs_once_per_collection_and_reports_totals) {
    struct sdk sdk = make_sdk();
    struct source source = {.value = 10};
    source.observable =
        tacho_meter_create_observable_counter(sdk.meter, "o", NULL, observe_source, &source);
    cr_expect(eq(i64, value_of(sdk.reader, "o"), 10));
    source.value = 12;
    cr_expect(eq(i64, value_of(sdk.reader, "o"), 12));
    cr_expect(eq(u32, atomic_load(&source.runs), 2));
    tacho_meter_provider_destroy(sdk.provider);
}

static void observe_kinds(tacho_observer *observer, void *user) {
    tacho_observable **observables = user;
    for (int i = 0; i < 6; i++) {
        if (i % 2 == 0) {
            tacho_observe_i64(observer, observables[i], 3, TACHO_NO_ATTRS);
        } else {
            tacho_observe_f64(observer, observables[i], 3.5, TACHO_NO_ATTRS);
        }
    }
}

/* API-08, API-30..32: one callback for all kinds */
Test(callback, one_callback_may_serve_several_instruments) {
    struct sdk sdk = make_sdk();
    tacho_callback *callback = NULL;
    tacho_observable *all[6] = {
        tacho_meter_create_observable_counter(sdk.meter, "c", NULL, NULL, NULL),
        tacho_meter_create_observable_counter_f64(sdk.meter, "cf", NULL, NULL, NULL),
        tacho_meter_create_observable_up_down_counter(sdk.meter, "u", NULL, NULL, NULL),
        tacho_meter_create_observable_up_down_counter_f64(sdk.meter, "uf", NULL, NULL, NULL),
        tacho_meter_create_observable_gauge(sdk.meter, "g", NULL, NULL, NULL),
        tacho_meter_create_observable_gauge_f64(sdk.meter, "gf", NULL, NULL, NULL)};
    cr_assert(eq(int,
                 tacho_meter_register_callback(sdk.meter, observe_kinds, all, all, 6, &callback),
                 TACHO_OK));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 6));
    for (size_t i = 0; i < 6; i++) {
        const struct seen_point *point = &collected->points[i];
        cr_expect(eq(int, point->type, i < 4 ? TACHO_METRIC_SUM : TACHO_METRIC_GAUGE));
        cr_expect(eq(int, point->is_monotonic, i < 2));
        cr_expect(i % 2 == 0 ? point->i64 == 3 : point->f64 == 3.5, "%s", point->name);
        cr_expect(eq(u64, point->time, collected->time)); /* API-33, TIME-05 */
    }
    free(collected);
    callback = tacho_callback_unregister(callback);
    collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 0)); /* ASYNC-05 */
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(callback, registration_refuses_what_it_cannot_serve) {
    struct sdk sdk = make_sdk();
    tacho_callback *callback = (tacho_callback *)&sdk;
    struct source source = {0};
    tacho_meter *other = tacho_meter_provider_get_meter(sdk.provider, "other", NULL);
    tacho_observable *own = tacho_meter_create_observable_gauge(sdk.meter, "g", NULL, NULL, NULL);
    tacho_observable *foreign = tacho_meter_create_observable_gauge(other, "g", NULL, NULL, NULL);
    tacho_observable *none[] = {own, NULL};
    tacho_observable *mixed[] = {own, foreign};
    tacho_observable *not_observable[] = {
        (tacho_observable *)tacho_meter_create_counter(sdk.meter, "c", NULL)};
    cr_expect(eq(int, tacho_meter_register_callback(sdk.meter, NULL, NULL, &own, 1, &callback),
                 TACHO_E_INVALID));
    cr_expect(eq(
        int, tacho_meter_register_callback(sdk.meter, observe_source, &source, &own, 0, &callback),
        TACHO_E_INVALID));
    cr_expect(eq(
        int, tacho_meter_register_callback(sdk.meter, observe_source, &source, NULL, 1, &callback),
        TACHO_E_INVALID));
    cr_expect(eq(
        int, tacho_meter_register_callback(sdk.meter, observe_source, &source, none, 2, &callback),
        TACHO_E_INVALID));
    cr_expect(eq(
        int, tacho_meter_register_callback(sdk.meter, observe_source, &source, mixed, 2, &callback),
        TACHO_E_INVALID));
    cr_expect(eq(int,
                 tacho_meter_register_callback(sdk.meter, observe_source, &source, not_observable,
                                               1, &callback),
                 TACHO_E_INVALID));
    cr_expect(eq(ptr, callback, (tacho_callback *)&sdk), "*out is written only on success");
    tacho_meter_provider_shutdown(sdk.provider, 0);
    cr_expect(eq(
        int, tacho_meter_register_callback(sdk.meter, observe_source, &source, &own, 1, &callback),
        TACHO_OK));
    cr_expect(eq(ptr, callback, NULL), "after shutdown as a no-op meter");
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- what counts as an observation --- */

struct stray {
    tacho_observable *declared;
    tacho_observable *undeclared;
    tacho_observer *kept;
};

static void observe_strays(tacho_observer *observer, void *user) {
    struct stray *stray = user;
    stray->kept = observer;
    tacho_observe_i64(observer, stray->undeclared, 1, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, NULL, 1, TACHO_NO_ATTRS);
    tacho_observe_i64(NULL, stray->declared, 1, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, stray->declared, 1, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, stray->declared, 2, TACHO_NO_ATTRS);
}

static void *observe_elsewhere(void *argument) {
    struct stray *stray = argument;
    tacho_observe_i64(stray->kept, stray->declared, 99, TACHO_ATTRS(TACHO_I64("x", 1)));
    return NULL;
}

static void observe_from_another_thread(tacho_observer *observer, void *user) {
    struct stray *stray = user;
    pthread_t thread;
    stray->kept = observer;
    cr_assert(eq(int, pthread_create(&thread, NULL, observe_elsewhere, stray), 0));
    pthread_join(thread, NULL);
    tacho_observe_i64(observer, stray->declared, 5, TACHO_NO_ATTRS);
}

/* API-31, API-35, ASYNC-02: of two observations of one set the last counts */
Test(callback, only_declared_instruments_are_observed_and_the_last_value_counts) {
    struct sdk sdk = make_sdk();
    struct stray stray = {0};
    stray.declared =
        tacho_meter_create_observable_gauge(sdk.meter, "d", NULL, observe_strays, &stray);
    stray.undeclared = tacho_meter_create_observable_gauge(sdk.meter, "u", NULL, NULL, NULL);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].name, "d"));
    cr_expect(eq(i64, collected->points[0].i64, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* ASYNC-02 */
Test(callback, observations_outside_the_running_callback_are_ignored) {
    struct sdk sdk = make_sdk();
    struct stray stray = {0};
    stray.declared = tacho_meter_create_observable_gauge(sdk.meter, "d", NULL,
                                                         observe_from_another_thread, &stray);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 1));
    free(collected);
    tacho_observe_i64(stray.kept, stray.declared, 77, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "d"), 5));
    tacho_meter_provider_destroy(sdk.provider);
}

static void observe_odd_values(tacho_observer *observer, void *user) {
    tacho_observable **observables = user;
    tacho_observe_i64(observer, observables[0], -1, TACHO_NO_ATTRS);
    tacho_observe_f64(observer, observables[1], (double)INFINITY, TACHO_NO_ATTRS);
    tacho_observe_f64(observer, observables[2], (double)INFINITY, TACHO_NO_ATTRS);
    tacho_observe_f64(observer, observables[3], 1e300, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, observables[2], 4, TACHO_ATTRS(TACHO_I64("a", 1)));
    tacho_observe_f64(observer, observables[3], (double)NAN, TACHO_ATTRS(TACHO_I64("a", 1)));
}

/* AGG-12, SDK-19 */
Test(callback, odd_values_are_converted_kept_or_counted) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_observable *all[4] = {
        tacho_meter_create_observable_counter(sdk.meter, "c", NULL, NULL, NULL),
        tacho_meter_create_observable_up_down_counter_f64(sdk.meter, "u", NULL, NULL, NULL),
        tacho_meter_create_observable_gauge_f64(sdk.meter, "gf", NULL, NULL, NULL),
        tacho_meter_create_observable_gauge(sdk.meter, "g", NULL, NULL, NULL)};
    cr_assert(eq(int,
                 tacho_meter_register_callback(sdk.meter, observe_odd_values, all, all, 4, NULL),
                 TACHO_OK));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(ptr, (void *)point_of(collected, "c", 0), NULL));
    cr_expect(eq(ptr, (void *)point_of(collected, "u", 0), NULL));
    cr_assert(eq(sz, collected->count, 3));
    cr_expect(eq(i64, point_of(collected, "g", 0)->i64, INT64_MAX));
    cr_expect(was_told("negative_value", "dropped so far: 1,"));
    cr_expect(was_told("not_finite", "dropped so far: 2,"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* ASYNC-01 */
Test(callback, each_reader_observes_for_itself) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct source source = {.value = 1};
    source.observable =
        tacho_meter_create_observable_gauge(meter, "o", NULL, observe_source, &source);
    cr_expect(eq(i64, value_of(readers[0], "o"), 1));
    source.value = 2;
    cr_expect(eq(i64, value_of(readers[1], "o"), 2));
    cr_expect(eq(u32, atomic_load(&source.runs), 2));
    tacho_meter_provider_destroy(provider);
}

/* --- what a callback may do --- */

struct busy {
    struct sdk sdk;
    tacho_callback *self;
    tacho_callback *victim;
    struct source made;
    unsigned runs;
};

static void do_everything(tacho_observer *observer, void *user) {
    struct busy *busy = user;
    (void)observer;
    busy->runs++;
    tacho_meter *meter = tacho_meter_provider_get_meter(busy->sdk.provider, "inner", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "inner", NULL), 1, TACHO_NO_ATTRS);
    busy->made.observable =
        tacho_meter_create_observable_gauge(meter, "made", NULL, observe_source, &busy->made);
    busy->victim = tacho_callback_unregister(busy->victim);
    busy->self = tacho_callback_unregister(busy->self);
}

Test(callback, it_may_create_record_register_and_unregister_itself_and_others) {
    struct busy busy = {.sdk = make_sdk(), .made = {.value = 6}};
    struct source victim = {.value = 1};
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(busy.sdk.meter, "g", NULL, NULL, NULL);
    victim.observable = observable;
    cr_assert(eq(int,
                 tacho_meter_register_callback(busy.sdk.meter, do_everything, &busy, &observable, 1,
                                               &busy.self),
                 TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_register_callback(busy.sdk.meter, observe_source, &victim, &observable,
                                               1, &busy.victim),
                 TACHO_OK));
    struct collected *first = collect(busy.sdk.reader);
    cr_expect(eq(sz, first->count, 0), "what is made in a collection waits for the next");
    cr_expect(eq(u32, atomic_load(&victim.runs), 0));
    struct collected *second = collect(busy.sdk.reader);
    cr_expect(eq(u32, busy.runs, 1));
    cr_assert(eq(sz, second->count, 2));
    cr_expect(eq(i64, point_of(second, "inner", 0)->i64, 1));
    cr_expect(eq(i64, point_of(second, "made", 0)->i64, 6));
    free(first);
    free(second);
    tacho_meter_provider_destroy(busy.sdk.provider);
}

static void register_another(tacho_observer *observer, void *user) {
    struct busy *busy = user;
    (void)observer;
    busy->runs++;
    tacho_meter_create_observable_gauge(busy->sdk.meter, "g", NULL, register_another, busy);
}

Test(callback, one_that_registers_callbacks_does_not_keep_the_collection_going) {
    struct busy busy = {.sdk = make_sdk()};
    tacho_meter_create_observable_gauge(busy.sdk.meter, "g", NULL, register_another, &busy);
    free(collect(busy.sdk.reader));
    cr_expect(eq(u32, busy.runs, 1));
    free(collect(busy.sdk.reader));
    cr_expect(eq(u32, busy.runs, 3));
    tacho_meter_provider_destroy(busy.sdk.provider);
}

/* --- unregistering across threads --- */

/* Holds up its first run. */
struct held {
    struct latch entered;
    struct latch hold;
    tacho_metric_reader *reader;
    tacho_callback *self;
    tacho_callback *other; /* unregistered by the run when it is let go */
    _Atomic(unsigned) runs;
    _Atomic(unsigned) ended;
};

#define HELD_INITIALIZER                                                                           \
    { .entered = LATCH_INITIALIZER, .hold = LATCH_INITIALIZER }

static void run_held(tacho_observer *observer, void *user) {
    struct held *held = user;
    (void)observer;
    if (atomic_fetch_add(&held->runs, 1) > 0) {
        return;
    }
    latch_open(&held->entered);
    latch_wait(&held->hold);
    tacho_callback_unregister(held->other);
    atomic_fetch_add(&held->ended, 1);
}

static void *collect_thread(void *argument) {
    free(collect(argument));
    return NULL;
}

struct unregistering {
    tacho_callback *callback;
    struct held *held;
    _Atomic(unsigned) started;
    unsigned ended_before_return;
};

static void *unregister_thread(void *argument) {
    struct unregistering *unregistering = argument;
    atomic_store(&unregistering->started, 1);
    tacho_callback_unregister(unregistering->callback);
    unregistering->ended_before_return = atomic_load(&unregistering->held->ended);
    return NULL;
}

static void register_held(struct held *held, tacho_meter *meter, const char *name) {
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(meter, name, NULL, NULL, NULL);
    cr_assert(eq(int,
                 tacho_meter_register_callback(meter, run_held, held, &observable, 1, &held->self),
                 TACHO_OK));
}

Test(callback, unregister_waits_for_a_running_callback) {
    struct sdk sdk = make_sdk();
    struct held held = HELD_INITIALIZER;
    pthread_t collector;
    pthread_t unregisterer;
    register_held(&held, sdk.meter, "g");
    cr_assert(eq(int, pthread_create(&collector, NULL, collect_thread, sdk.reader), 0));
    cr_assert(latch_wait(&held.entered));
    struct unregistering unregistering = {.callback = held.self, .held = &held};
    cr_assert(eq(int, pthread_create(&unregisterer, NULL, unregister_thread, &unregistering), 0));
    cr_assert(await_count(&unregistering.started, 1));
    latch_open(&held.hold);
    pthread_join(unregisterer, NULL);
    pthread_join(collector, NULL);
    cr_expect(eq(u32, unregistering.ended_before_return, 1));
    free(collect(sdk.reader));
    cr_expect(eq(u32, atomic_load(&held.runs), 1), "it never runs again");
    tacho_meter_provider_destroy(sdk.provider);
}

/* Two readers run two callbacks, each of which unregisters the other's: no deadlock. */
Test(callback, two_running_callbacks_may_unregister_each_other) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct held first = HELD_INITIALIZER;
    struct held second = HELD_INITIALIZER;
    pthread_t threads[2];
    register_held(&first, meter, "a");
    register_held(&second, meter, "b");
    first.other = second.self;
    second.other = first.self;
    cr_assert(eq(int, pthread_create(&threads[0], NULL, collect_thread, readers[0]), 0));
    cr_assert(latch_wait(&first.entered));
    cr_assert(eq(int, pthread_create(&threads[1], NULL, collect_thread, readers[1]), 0));
    cr_assert(latch_wait(&second.entered));
    latch_open(&first.hold);
    latch_open(&second.hold);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    free(collect(readers[0]));
    cr_expect(eq(u32, atomic_load(&first.runs), 2));
    cr_expect(eq(u32, atomic_load(&second.runs), 1));
    tacho_meter_provider_destroy(provider);
}

struct self_ending {
    tacho_callback *callback;
    _Atomic(unsigned) inside;
};

static void end_itself(tacho_observer *observer, void *user) {
    struct self_ending *ending = user;
    (void)observer;
    atomic_fetch_add(&ending->inside, 1);
    cr_assert(await_count(&ending->inside, 2)); /* both readers are in it now */
    tacho_callback_unregister(ending->callback);
}

Test(callback, one_run_by_two_readers_at_once_may_end_itself_in_both) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct self_ending ending = {0};
    pthread_t threads[2];
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(meter, "g", NULL, NULL, NULL);
    cr_assert(eq(
        int,
        tacho_meter_register_callback(meter, end_itself, &ending, &observable, 1, &ending.callback),
        TACHO_OK));
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, collect_thread, readers[i]), 0));
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    free(collect(readers[0]));
    cr_expect(eq(u32, atomic_load(&ending.inside), 2));
    tacho_meter_provider_destroy(provider);
}

struct overlap {
    tacho_metric_reader *reader;
    _Atomic(unsigned) inside;
    _Atomic(unsigned) overlaps;
    _Atomic(unsigned) runs;
};

static void observe_alone(tacho_observer *observer, void *user) {
    struct overlap *overlap = user;
    (void)observer;
    if (atomic_fetch_add(&overlap->inside, 1) > 0) {
        atomic_fetch_add(&overlap->overlaps, 1);
    }
    atomic_fetch_add(&overlap->runs, 1);
    sched_yield();
    atomic_fetch_sub(&overlap->inside, 1);
}

static void *collect_often(void *argument) {
    const struct overlap *overlap = argument;
    for (int i = 0; i < 100; i++) {
        free(collect(overlap->reader));
    }
    return NULL;
}

/* ASYNC-04, API-28 */
Test(callback, one_round_ends_before_the_next_begins) {
    struct sdk sdk = make_sdk();
    struct overlap overlap = {.reader = sdk.reader};
    pthread_t threads[2];
    tacho_meter_create_observable_gauge(sdk.meter, "g", NULL, observe_alone, &overlap);
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, collect_often, &overlap), 0));
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_expect(eq(u32, atomic_load(&overlap.overlaps), 0));
    cr_expect(eq(u32, atomic_load(&overlap.runs), 200), "once per collection");
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- deadlines --- */

static void pass_the_deadline(tacho_observer *observer, void *user) {
    uint64_t end_ns = tachoi_monotonic_ns() + 5 * TACHOI_NS_PER_MS;
    (void)observer;
    (void)user;
    while (tachoi_monotonic_ns() < end_ns) {
    }
}

/* ASYNC-03 */
Test(callback, one_that_overruns_the_deadline_is_told_and_the_rest_is_left_out) {
    struct sdk sdk = make_sdk();
    struct source source = {.value = 1};
    struct collected *collected = calloc(1, sizeof *collected);
    capture_diagnostics();
    tacho_meter_create_observable_gauge(sdk.meter, "slow", NULL, pass_the_deadline, NULL);
    source.observable =
        tacho_meter_create_observable_gauge(sdk.meter, "fast", NULL, observe_source, &source);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    int status = tacho_metric_reader_collect_with(sdk.reader, 1, see_batch, collected);
    cr_expect(eq(int, status, TACHO_E_TIMEOUT));
    cr_expect(was_told("callback_overran", "`slow`"));
    cr_expect(eq(u32, atomic_load(&source.runs), 0));
    cr_expect(ne(ptr, (void *)point_of(collected, "c", 0), NULL), "the rest is delivered");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static void pass_the_deadline_if_asked(tacho_observer *observer, void *user) {
    if (*(const bool *)user) {
        pass_the_deadline(observer, NULL);
    }
}

/* ASYNC-03, ASYNC-06: the sets of a callback that was left out have not vanished */
Test(callback, what_it_reported_is_remembered_when_it_is_left_out) {
    bool is_slow = false;
    struct sdk sdk = {0};
    struct source source = {.value = 10};
    tacho_manual_reader_create(
        NULL,
        TACHO_OPTIONS(tacho_manual_reader_options,
                      .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA),
        &sdk.reader);
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    capture_diagnostics();
    tacho_meter_create_observable_gauge(sdk.meter, "slow", NULL, pass_the_deadline_if_asked,
                                        &is_slow);
    source.observable =
        tacho_meter_create_observable_counter(sdk.meter, "c", NULL, observe_source, &source);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 10));
    struct collected *collected = calloc(1, sizeof *collected);
    is_slow = true;
    int status = tacho_metric_reader_collect_with(sdk.reader, 1, see_batch, collected);
    cr_expect(eq(int, status, TACHO_E_TIMEOUT));
    cr_expect(eq(ptr, (void *)point_of(collected, "c", 0), NULL));
    is_slow = false;
    source.value = 25;
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 15));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* The global provider's observables are the API's own objects. */
Test(callback, proxies_of_the_global_provider_are_observed) {
    struct source source = {.value = 8};
    tacho_meter *meter = tacho_meter_provider_get_meter(tacho_meter_provider_global(), "lib", NULL);
    source.observable =
        tacho_meter_create_observable_gauge(meter, "g", NULL, observe_source, &source);
    tacho_callback *callback = NULL;
    struct source second = {.value = 9, .observable = source.observable};
    cr_assert(eq(int,
                 tacho_meter_register_callback(meter, observe_source, &second, &source.observable,
                                               1, &callback),
                 TACHO_OK));
    struct sdk sdk = make_sdk();
    cr_assert(eq(int, tacho_meter_provider_set_global(sdk.provider), TACHO_OK));
    cr_expect(eq(i64, value_of(sdk.reader, "g"), 9));
    tacho_callback_unregister(callback);
    cr_expect(eq(i64, value_of(sdk.reader, "g"), 8));
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(eq(u32, atomic_load(&second.runs), 1));
}
