/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that callbacks of the global provider follow the SDK, end when they are told to,
 * and leave nothing behind. */
#include <sched.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"
#include "memory.h"
#include "proxy.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static tacho_meter *make_meter(const char *name) {
    return tacho_meter_provider_get_meter(tacho_meter_provider_global(), name, NULL);
}

static tacho_observable *make_gauge(const char *name) {
    return tacho_meter_create_observable_gauge(make_meter("m"), name, NULL, NULL, NULL);
}

static int install(struct fake_provider *sdk) {
    return tacho_meter_provider_set_global(fake_handle(sdk));
}

static void free_all(struct fake_provider *sdk) {
    fake_destroy(sdk);
    cr_assert(eq(sz, sdk->violations, 0));
    fake_free(sdk);
}

struct watched {
    tacho_observable *observables[2];
    size_t count;
    int runs;
    tacho_callback *callback;
};

static void observe(tacho_observer *observer, void *user) {
    struct watched *watched = user;
    watched->runs++;
    for (size_t i = 0; i < watched->count; i++) {
        tacho_observe_i64(observer, watched->observables[i], 1 + (int64_t)i, TACHO_NO_ATTRS);
    }
}

static int watch(struct watched *watched) {
    return tacho_meter_register_callback(make_meter("m"), observe, watched, watched->observables,
                                         watched->count, &watched->callback);
}

/* API-25 */
Test(callback, given_at_creation_follows_the_sdk) {
    struct watched watched = {.count = 1};
    watched.observables[0] = tacho_meter_create_observable_counter(
        make_meter("m"), "c", TACHO_OPTIONS(tacho_instrument_options, .unit = "1"), observe,
        &watched);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    fake_collect(sdk);
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 2));
    cr_assert(eq(i64, fake_sum(sdk, "c"), 2));
    cr_assert(eq(str, fake_find(sdk, "c")->unit, (char *)"1"));
    free_all(sdk);
}

/* API-30 API-31 API-32 API-34 */
Test(callback, for_several_instruments_follows_the_sdk) {
    struct watched watched = {.observables = {make_gauge("a"), make_gauge("b")}, .count = 2};
    cr_assert(eq(int, watch(&watched), TACHO_OK));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "a"), 1));
    cr_assert(eq(i64, fake_sum(sdk, "b"), 2));
    cr_assert(eq(ptr, tacho_callback_unregister(watched.callback), NULL));
    cr_assert(eq(sz, sdk->unregister_calls, 1));
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 1));
    free_all(sdk);
}

Test(callback, registered_after_installation_runs) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    cr_assert(eq(int, watch(&watched), TACHO_OK));
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "a"), 1));
    tacho_callback_unregister(watched.callback);
    free_all(sdk);
}

Test(callback, unregistered_before_installation_never_runs) {
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    watch(&watched);
    tacho_callback_unregister(watched.callback);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(sz, sdk->register_calls, 0));
    cr_assert(ne(ptr, (void *)fake_find(sdk, "a"), NULL));
    free_all(sdk);
}

Test(callback, can_be_unregistered_after_the_sdk_is_gone) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    watch(&watched);
    free_all(sdk);
    cr_assert(eq(ptr, tacho_callback_unregister(watched.callback), NULL)); /* ASan watches */
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
}

/* API-28: once per collection, also after coming back */
Test(callback, is_registered_once_with_each_provider) {
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    watch(&watched);
    struct fake_provider *first = fake_create_provider();
    struct fake_provider *second = fake_create_provider();
    install(first);
    install(second);
    install(first);
    install(first);
    cr_assert(eq(sz, first->register_calls, 1));
    cr_assert(eq(sz, second->register_calls, 1));
    fake_collect(first);
    cr_assert(eq(int, watched.runs, 1));
    cr_assert(eq(i64, fake_sum(first, "a"), 1));
    tacho_callback_unregister(watched.callback);
    cr_assert(eq(sz, first->unregister_calls, 1));
    cr_assert(eq(sz, second->unregister_calls, 1));
    free_all(first);
    free_all(second);
}

/* API-27: each registration is one of its own */
Test(callback, two_equal_registrations_both_run) {
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    watch(&watched);
    tacho_callback *first = watched.callback;
    watch(&watched);
    cr_assert(ne(ptr, first, watched.callback));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 2));
    tacho_callback_unregister(first);
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 3));
    tacho_callback_unregister(watched.callback);
    free_all(sdk);
}

Test(callback, creating_an_instrument_again_keeps_one_callback) {
    struct watched watched = {.count = 1};
    struct watched other = {.count = 1};
    for (int i = 0; i < 10; i++) {
        tacho_meter_create_observable_gauge(make_meter("m"), "g", NULL, observe, &watched);
        tacho_meter_create_observable_gauge(make_meter("m"), "g", NULL, observe, &other);
    }
    cr_assert(eq(sz, tachoi_proxies.callback_count, 2));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 1));
    cr_assert(eq(int, other.runs, 1));
    free_all(sdk);
}

static void unregister_itself(tacho_observer *observer, void *user) {
    struct watched *watched = user;
    (void)observer;
    watched->runs++;
    watched->callback = tacho_callback_unregister(watched->callback);
}

/* observable.h: from inside the callback it returns at once */
Test(callback, may_unregister_itself, .timeout = 10) {
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(int,
                 tacho_meter_register_callback(make_meter("m"), unregister_itself, &watched,
                                               watched.observables, 1, &watched.callback),
                 TACHO_OK));
    fake_collect(sdk);
    fake_collect(sdk);
    cr_assert(eq(int, watched.runs, 1));
    cr_assert(eq(ptr, watched.callback, NULL));
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
    free_all(sdk);
}

static void create_and_bind(tacho_observer *observer, void *user) {
    struct watched *watched = user;
    watched->runs++;
    tacho_counter *counter = tacho_meter_create_counter(make_meter("late"), "made", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 2);
    tacho_bound_counter_release(bound);
    (void)observer;
}

/* observable.h: it may create instruments, record, and unregister */
Test(callback, may_use_the_whole_api, .timeout = 10) {
    struct watched watched = {.count = 1};
    tacho_meter_create_observable_gauge(make_meter("m"), "g", NULL, create_and_bind, &watched);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "made"), 2));
    free_all(sdk);
}

/* A callback that goes on until it is told to finish. */
struct slow {
    struct fake_provider *sdk;
    _Atomic(bool) started;
    _Atomic(bool) finish;
    _Atomic(bool) finished;
};

static void wait_for(_Atomic(bool) *flag) {
    while (!atomic_load_explicit(flag, memory_order_acquire)) {
        sched_yield();
    }
}

static void set(_Atomic(bool) *flag) {
    atomic_store_explicit(flag, true, memory_order_release);
}

static void run_slowly(tacho_observer *observer, void *user) {
    struct slow *slow = user;
    (void)observer;
    set(&slow->started);
    wait_for(&slow->finish);
    set(&slow->finished);
}

static void *collect(void *sdk) {
    fake_collect(sdk);
    return NULL;
}

static void wait_until_unregistering(struct fake_provider *sdk) {
    bool is_waiting = false;
    while (!is_waiting) {
        sched_yield();
        pthread_mutex_lock(&sdk->lock);
        is_waiting = sdk->unregister_calls == 1;
        pthread_mutex_unlock(&sdk->lock);
    }
}

static void *finish_when_unregistering(void *argument) {
    struct slow *slow = argument;
    wait_until_unregistering(slow->sdk);
    set(&slow->finish);
    return NULL;
}

/* A callback that runs on the collector's thread. */
static tacho_callback *start_slowly(struct slow *slow, pthread_t *collector) {
    tacho_observable *gauge = make_gauge("a");
    tacho_callback *callback = NULL;
    tacho_meter_register_callback(make_meter("m"), run_slowly, slow, &gauge, 1, &callback);
    cr_assert(eq(int, pthread_create(collector, NULL, collect, slow->sdk), 0));
    wait_for(&slow->started);
    return callback;
}

/* observable.h: when it returns, the callback does not run */
Test(callback, unregistering_waits_for_a_running_callback, .timeout = 20) {
    struct slow slow = {.sdk = fake_create_provider()};
    pthread_t collector;
    pthread_t finisher;
    install(slow.sdk);
    tacho_callback *callback = start_slowly(&slow, &collector);
    cr_assert(eq(int, pthread_create(&finisher, NULL, finish_when_unregistering, &slow), 0));
    tacho_callback_unregister(callback);
    cr_assert(eq(int, atomic_load_explicit(&slow.finished, memory_order_acquire), true));
    pthread_join(collector, NULL);
    pthread_join(finisher, NULL);
    free_all(slow.sdk);
}

static void *unregister_on_thread(void *callback) {
    tacho_callback_unregister(callback);
    return NULL;
}

Test(callback, the_api_is_usable_while_unregister_waits, .timeout = 20) {
    struct slow slow = {.sdk = fake_create_provider()};
    pthread_t collector;
    pthread_t waiter;
    install(slow.sdk);
    tacho_callback *callback = start_slowly(&slow, &collector);
    cr_assert(eq(int, pthread_create(&waiter, NULL, unregister_on_thread, callback), 0));
    wait_until_unregistering(slow.sdk);
    tacho_counter *counter = tacho_meter_create_counter(make_meter("m"), "c", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_bound_counter_release(tacho_counter_bind(counter, TACHO_NO_ATTRS));
    cr_assert(eq(i64, fake_sum(slow.sdk, "c"), 1));
    cr_assert(eq(int, tacho_meter_provider_set_global(NULL), TACHO_OK));
    set(&slow.finish);
    pthread_join(waiter, NULL);
    pthread_join(collector, NULL);
    free_all(slow.sdk);
}

/* proxy.h, rule 1: the callback may never return, so the end of a provider must not depend on it */
Test(callback, a_provider_can_end_while_unregister_waits, .timeout = 20) {
    struct slow slow = {.sdk = fake_create_provider()};
    pthread_t collector;
    pthread_t waiter;
    install(slow.sdk);
    tacho_callback *callback = start_slowly(&slow, &collector);
    cr_assert(eq(int, pthread_create(&waiter, NULL, unregister_on_thread, callback), 0));
    wait_until_unregistering(slow.sdk);
    tacho_spi_uninstall(fake_handle(slow.sdk)); /* the timeout tells if it waits */
    cr_assert(eq(ptr, (void *)tachoi_proxies.targets, NULL));
    cr_assert(eq(int, atomic_load_explicit(&slow.finished, memory_order_acquire), false));
    set(&slow.finish);
    pthread_join(waiter, NULL);
    pthread_join(collector, NULL);
    cr_assert(eq(sz, slow.sdk->unregister_calls, 1));
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
    free_all(slow.sdk);
}

Test(callback, wrong_arguments_are_refused) {
    tacho_meter *meter = make_meter("m");
    tacho_observable *ours = make_gauge("a");
    tacho_observable *theirs =
        tacho_meter_create_observable_gauge(make_meter("n"), "a", NULL, NULL, NULL);
    tacho_observable *list[] = {ours, NULL};
    tacho_callback *callback = (tacho_callback *)meter;
    cr_assert(eq(int, tacho_meter_register_callback(meter, NULL, NULL, &ours, 1, &callback),
                 TACHO_E_INVALID));
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, NULL, 1, &callback),
                 TACHO_E_INVALID));
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, &ours, 0, &callback),
                 TACHO_E_INVALID));
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, list, 2, &callback),
                 TACHO_E_INVALID));
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, &theirs, 1, &callback),
                 TACHO_E_INVALID));
    struct fake_provider *foreign = fake_create_provider();
    tacho_observable *direct = tacho_meter_create_observable_gauge(
        tacho_meter_provider_get_meter(fake_handle(foreign), "m", NULL), "a", NULL, NULL, NULL);
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, &direct, 1, &callback),
                 TACHO_E_INVALID));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(int, tacho_meter_register_callback(meter, observe, NULL, &direct, 1, &callback),
                 TACHO_E_INVALID));
    cr_assert(eq(ptr, (void *)callback, (void *)meter), "written on success only");
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
    free_all(sdk);
    fake_free(foreign);
}

Test(callback, for_noop_instruments_keeps_nothing) {
    tacho_observable *noop = tacho_meter_create_observable_gauge(NULL, "g", NULL, NULL, NULL);
    tacho_callback *callback = (tacho_callback *)noop;
    int status = tacho_meter_register_callback(make_meter("m"), observe, NULL, &noop, 1, &callback);
    cr_assert(eq(int, status, TACHO_OK));
    cr_assert(eq(ptr, callback, NULL));
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
}

Test(callback, what_the_sdk_answers_is_returned) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    sdk->refuse.register_status = TACHO_E_NO_MEMORY;
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    cr_assert(eq(int, watch(&watched), TACHO_E_NO_MEMORY));
    cr_assert(eq(ptr, watched.callback, NULL));
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
    free_all(sdk);
}

Test(callback, observes_the_instruments_that_the_sdk_has) {
    struct watched watched = {.observables = {make_gauge("a"), make_gauge("b")}, .count = 2};
    watch(&watched);
    struct fake_provider *sdk = fake_create_provider();
    sdk->instrument_count = FAKE_MAX - 1; /* room for one */
    install(sdk);
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "a"), 1));
    tacho_callback_unregister(watched.callback);
    free_all(sdk);
}

/* meter.h: 65536 callbacks */
Test(callback, beyond_the_limit_there_is_no_memory) {
    static struct watched all[TACHOI_CALLBACKS_MAX];
    tacho_observable *gauge = make_gauge("a");
    for (size_t i = 0; i < TACHOI_CALLBACKS_MAX; i++) {
        all[i] = (struct watched){.observables = {gauge}, .count = 1};
        cr_assert(eq(int, watch(&all[i]), TACHO_OK));
    }
    struct watched last = {.observables = {gauge}, .count = 1};
    cr_assert(eq(int, watch(&last), TACHO_E_NO_MEMORY));
    for (size_t i = 0; i < TACHOI_CALLBACKS_MAX; i++) {
        tacho_callback_unregister(all[i].callback);
    }
    cr_assert(eq(int, watch(&last), TACHO_OK));
    tacho_callback_unregister(last.callback);
    cr_assert(eq(ptr, (void *)tachoi_proxies.callbacks, NULL));
    cr_assert(eq(ptr, (void *)tachoi_proxies.last_callback, NULL));
}

Test(callback, each_allocation_may_fail) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    struct watched watched = {.observables = {make_gauge("a")}, .count = 1};
    bool failed = true;
    for (uint64_t k = 1; failed; k++) {
        tachoi_api_fail_allocation(k);
        int status = watch(&watched);
        failed = tachoi_api_fail_allocation(0) == 0;
        cr_assert(eq(int, status, TACHO_OK), "the SDK keeps what the API cannot");
        watched.callback = tacho_callback_unregister(watched.callback);
        cr_assert(lt(u64, k, 10));
    }
    cr_assert(eq(sz, sdk->register_calls, sdk->unregister_calls));
    cr_assert(eq(sz, tachoi_proxies.callback_count, 0));
    free_all(sdk);
}

/* ERR-04: an instrument that could not be made does not spoil the registration of the others. */
Test(callback, leaves_noops_among_working_instruments_out) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    struct watched watched = {
        .observables = {tacho_meter_create_observable_gauge(NULL, "none", NULL, NULL, NULL),
                        tacho_meter_create_observable_gauge(meter, "g", NULL, NULL, NULL)},
        .count = 2};
    cr_assert(eq(int,
                 tacho_meter_register_callback(meter, observe, &watched, watched.observables, 2,
                                               &watched.callback),
                 TACHO_OK));
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "g"), 2));
    (void)tacho_callback_unregister(watched.callback);
    free_all(sdk);
}
