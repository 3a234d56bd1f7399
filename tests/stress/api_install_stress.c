/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the race of everything that the global provider can be asked at once: providers come and go
 * while other threads record, bind, release, remove, register, unregister, create and collect.
 * Built with ThreadSanitizer by the preset of that name. Says what is wrong and returns 1, else 0.
 *
 * What must hold: no SDK function but recording is called after its provider was destroyed; what
 * was bound is given back exactly once; a callback does not run after it was unregistered; at the
 * end all proxies record into the provider that is installed, and nothing is left in the API. */
#include <sched.h>
#include <stdio.h>

#include "proxy.h"
#include "unit/api_fake_sdk.h"

#define PROVIDERS 200
#define BINDS 10000
#define REGISTRATIONS 6000
#define KEPT 8
#define OUTSTANDING 8

static struct fake_provider *providers[PROVIDERS]; /* the first one lives to the end */
static _Atomic(size_t) provider_count;
static _Atomic(int) busy_threads;
static _Atomic(int) failures;

static tacho_counter *counters[KEPT];
static tacho_bound_counter *kept[KEPT];
static tacho_observable *gauges[2];

static void expect(bool holds, const char *what) {
    if (!holds) {
        (void)fprintf(stderr, "failed: %s\n", what);
        atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    }
}

static tacho_meter *meter_number(size_t number) {
    static const char *const names[] = {"a", "b", "c", "d"};
    return tacho_meter_provider_get_meter(tacho_meter_provider_global(), names[number % 4], NULL);
}

static tacho_counter *counter_number(size_t number) {
    static const char *const names[KEPT] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    return tacho_meter_create_counter(meter_number(0), names[number % KEPT], NULL);
}

static bool goes_on(void) {
    return atomic_load_explicit(&busy_threads, memory_order_relaxed) > 0;
}

static void done(void) {
    atomic_fetch_sub_explicit(&busy_threads, 1, memory_order_relaxed);
}

/* Installs, takes away and destroys; in between another thread installs the first provider. */
static void *install_and_destroy(void *unused) {
    (void)unused;
    for (size_t i = 1; i < PROVIDERS; i++) {
        struct fake_provider *provider = fake_create_provider();
        providers[i] = provider;
        atomic_store_explicit(&provider_count, i + 1, memory_order_release);
        expect(tacho_meter_provider_set_global(fake_handle(provider)) == TACHO_OK, "install");
        if (i % 3 == 0) {
            expect(tacho_meter_provider_set_global(NULL) == TACHO_OK, "take away");
        }
        sched_yield();
        fake_destroy(provider);
    }
    done();
    return NULL;
}

static void *install_the_first(void *unused) {
    (void)unused;
    while (goes_on()) {
        expect(tacho_meter_provider_set_global(fake_handle(providers[0])) == TACHO_OK,
               "install the first");
        sched_yield();
    }
    return NULL;
}

static void *record(void *unused) {
    (void)unused;
    for (size_t i = 0; goes_on(); i++) {
        tacho_counter_add(counters[i % KEPT], 1, TACHO_ATTRS(TACHO_I64("i", (int64_t)i)));
        tacho_bound_counter_add(kept[i % KEPT], 1);
        (void)tacho_counter_enabled(counters[i % KEPT], NULL);
    }
    return NULL;
}

static void *bind_and_release(void *unused) {
    (void)unused;
    for (size_t i = 0; i < BINDS; i++) {
        tacho_bound_counter *bound = tacho_counter_bind(
            counter_number(i), TACHO_ATTRS(TACHO_STR("k", "v"), TACHO_I64("i", (int64_t)i)));
        tacho_bound_counter_add(bound, 1);
        tacho_bound_counter_release(bound);
    }
    done();
    return NULL;
}

struct registration {
    _Atomic(bool) is_over;
};

static void observe(tacho_observer *observer, void *user) {
    struct registration *registration = user;
    expect(!atomic_load_explicit(&registration->is_over, memory_order_relaxed),
           "a callback ran after it was unregistered");
    tacho_observe_i64(observer, gauges[0], 1, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, gauges[1], 2, TACHO_NO_ATTRS);
    tacho_bound_counter_release(tacho_counter_bind(counter_number(1), TACHO_NO_ATTRS));
}

/* Keeps a few registrations alive, so that installers find some to link while others end. */
static void *register_and_unregister(void *unused) {
    (void)unused;
    struct registration registrations[OUTSTANDING] = {{false}};
    tacho_callback *callbacks[OUTSTANDING] = {NULL};
    for (size_t i = 0; i < REGISTRATIONS + OUTSTANDING; i++) {
        size_t slot = i % OUTSTANDING;
        callbacks[slot] = tacho_callback_unregister(callbacks[slot]);
        atomic_store_explicit(&registrations[slot].is_over, true, memory_order_relaxed);
        if (i < REGISTRATIONS) {
            atomic_init(&registrations[slot].is_over, false);
            int status = tacho_meter_register_callback(
                meter_number(0), observe, &registrations[slot], gauges, 2, &callbacks[slot]);
            expect(status == TACHO_OK, "register");
        }
    }
    done();
    return NULL;
}

static void *collect(void *unused) {
    (void)unused;
    while (goes_on()) {
        size_t count = atomic_load_explicit(&provider_count, memory_order_acquire);
        fake_collect(providers[0]);
        fake_collect(providers[count - 1]);
    }
    return NULL;
}

static void *create(void *unused) {
    (void)unused;
    for (size_t i = 0; goes_on(); i++) {
        tacho_counter *counter = counter_number(i);
        expect(counter == counters[i % KEPT], "equal requests give one instrument");
        tacho_meter_create_histogram(meter_number(i), "h", NULL);
        (void)tacho_spi_resolve(tacho_meter_provider_global());
    }
    return NULL;
}

static void *remove_and_count(void *unused) {
    (void)unused;
    for (size_t i = 0; goes_on(); i++) {
        int status = tacho_counter_remove(counters[i % KEPT], TACHO_ATTRS(TACHO_I64("i", 1)));
        expect(status == TACHO_OK || status == TACHO_E_NOT_FOUND, "remove");
        (void)tacho_counter_series_count(counters[i % KEPT]);
        (void)tacho_observable_series_count(gauges[i % 2]);
        sched_yield();
    }
    return NULL;
}

static void race(void) {
    static void *(*const roles[])(void *) = {install_and_destroy,
                                             bind_and_release,
                                             bind_and_release,
                                             register_and_unregister,
                                             register_and_unregister,
                                             record,
                                             collect,
                                             install_the_first,
                                             create,
                                             remove_and_count};
    enum { ROLES = sizeof(roles) / sizeof(roles[0]), FINITE = 5 };
    pthread_t threads[ROLES];
    atomic_store_explicit(&busy_threads, FINITE, memory_order_relaxed);
    for (size_t i = 0; i < ROLES; i++) {
        if (pthread_create(&threads[i], NULL, roles[i], NULL) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < ROLES; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* With the first provider installed and nobody else at work, everything arrives there. */
static void check_that_all_follow(void) {
    static const char *const names[KEPT] = {"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"};
    expect(tacho_meter_provider_set_global(fake_handle(providers[0])) == TACHO_OK, "install last");
    for (size_t i = 0; i < KEPT; i++) {
        int64_t before = fake_sum(providers[0], names[i]);
        tacho_counter_add(counters[i], 2, TACHO_NO_ATTRS);
        tacho_bound_counter_add(kept[i], 3);
        expect(fake_sum(providers[0], names[i]) - before == 5, "proxies follow");
    }
    struct registration registration = {false};
    tacho_callback *callback = NULL;
    int status = tacho_meter_register_callback(meter_number(0), observe, &registration, gauges, 2,
                                               &callback);
    expect(status == TACHO_OK, "register last");
    int64_t before = fake_sum(providers[0], "g1");
    fake_collect(providers[0]);
    expect(fake_sum(providers[0], "g1") - before == 2, "callbacks follow");
    tacho_callback_unregister(callback);
}

static void check_that_nothing_is_left(void) {
    for (size_t i = 0; i < KEPT; i++) {
        tacho_bound_counter_release(kept[i]);
    }
    expect(providers[0]->bind_calls == providers[0]->release_calls, "bound handles come back");
    expect(providers[0]->register_calls == providers[0]->unregister_calls, "callbacks come back");
    fake_destroy(providers[0]);
    expect(tachoi_proxies.bounds == NULL && tachoi_proxies.bounds_by_address.count == 0,
           "no bound handle is left");
    expect(tachoi_proxies.callbacks == NULL && tachoi_proxies.callback_count == 0,
           "no callback is left");
    expect(tachoi_proxies.targets == NULL && tachoi_proxies.current == NULL, "no target is left");
    for (size_t i = 0; i < PROVIDERS; i++) {
        expect(providers[i]->violations == 0, "nobody calls a provider after its end");
        fake_free(providers[i]);
    }
}

int main(void) {
    providers[0] = fake_create_provider();
    atomic_store_explicit(&provider_count, 1, memory_order_relaxed);
    for (size_t i = 0; i < KEPT; i++) {
        counters[i] = counter_number(i);
        kept[i] = tacho_counter_bind(counters[i], TACHO_ATTRS(TACHO_I64("kept", (int64_t)i)));
    }
    for (size_t i = 0; i < 2; i++) {
        gauges[i] = tacho_meter_create_observable_gauge(meter_number(0), i == 0 ? "g0" : "g1", NULL,
                                                        NULL, NULL);
    }
    race();
    check_that_all_follow();
    check_that_nothing_is_left();
    return atomic_load_explicit(&failures, memory_order_relaxed) == 0 ? 0 : 1;
}
