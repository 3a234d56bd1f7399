/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that removing and counting series goes through the global provider, and that a
 * provider does not end while such a call is inside it. */
#include <pthread.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"
#include "proxy.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static tacho_meter *meter(void) {
    return tacho_meter_provider_get_meter(tacho_meter_provider_global(), "m", NULL);
}

static void install(struct fake_provider *sdk) {
    cr_assert(eq(int, tacho_meter_provider_set_global(fake_handle(sdk)), TACHO_OK));
}

#define ONE TACHO_ATTRS(TACHO_I64("a", 1))

#define KIND_FOLLOWS_THE_SDK(noun, verb)                                                           \
    Test(series, noun##_follows_the_sdk) {                                                         \
        tacho_##noun *instrument = tacho_meter_create_##noun(meter(), "name", NULL);               \
        cr_assert(eq(int, tacho_##noun##_remove(instrument, ONE), TACHO_E_NOT_FOUND));             \
        cr_assert(eq(sz, tacho_##noun##_series_count(instrument), 0));                             \
        struct fake_provider *sdk = fake_create_provider();                                        \
        install(sdk);                                                                              \
        tacho_##noun##_##verb(instrument, 1, TACHO_NO_ATTRS);                                      \
        cr_assert(eq(sz, tacho_##noun##_series_count(instrument), 1));                             \
        cr_assert(eq(int, tacho_##noun##_remove(instrument, ONE), TACHO_OK));                      \
        cr_assert(eq(sz, fake_last_attribute_count(sdk, "name"), 1));                              \
        fake_destroy(sdk);                                                                         \
        cr_assert(eq(int, tacho_##noun##_remove(instrument, ONE), TACHO_E_NOT_FOUND));             \
        cr_assert(eq(sz, tacho_##noun##_series_count(instrument), 0));                             \
        cr_assert(eq(sz, sdk->violations, 0));                                                     \
        fake_free(sdk);                                                                            \
    }

KIND_FOLLOWS_THE_SDK(counter, add)
KIND_FOLLOWS_THE_SDK(counter_f64, add)
KIND_FOLLOWS_THE_SDK(up_down_counter, add)
KIND_FOLLOWS_THE_SDK(up_down_counter_f64, add)
KIND_FOLLOWS_THE_SDK(gauge, record)
KIND_FOLLOWS_THE_SDK(gauge_f64, record)
KIND_FOLLOWS_THE_SDK(histogram, record)

Test(series, of_observable_instruments_are_counted) {
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(meter(), "g", NULL, NULL, NULL);
    cr_assert(eq(sz, tacho_observable_series_count(observable), 0));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(sz, tacho_observable_series_count(observable), 0));
    cr_assert(eq(sz, sdk->series_count_calls, 1));
    fake_destroy(sdk);
    cr_assert(eq(sz, tacho_observable_series_count(observable), 0));
    cr_assert(eq(sz, sdk->series_count_calls, 1));
    fake_free(sdk);
}

Test(series, two_providers_are_asked_while_they_are_installed) {
    struct fake_provider *first = fake_create_provider();
    struct fake_provider *second = fake_create_provider();
    tacho_counter *counter = tacho_meter_create_counter(meter(), "c", NULL);
    install(first);
    tacho_counter_remove(counter, ONE);
    install(second);
    tacho_counter_remove(counter, ONE);
    tacho_counter_series_count(counter);
    tacho_meter_provider_set_global(NULL);
    cr_assert(eq(int, tacho_counter_remove(counter, ONE), TACHO_E_NOT_FOUND));
    cr_assert(eq(sz, first->remove_calls, 1));
    cr_assert(eq(sz, second->remove_calls, 1));
    cr_assert(eq(sz, second->series_count_calls, 1));
    fake_destroy(first);
    fake_destroy(second);
    fake_free(first);
    fake_free(second);
}

Test(series, an_instrument_that_the_sdk_refuses_has_none) {
    struct fake_provider *sdk = fake_create_provider();
    sdk->refuse.instruments = true;
    tacho_counter *counter = tacho_meter_create_counter(meter(), "c", NULL);
    install(sdk);
    cr_assert(eq(int, tacho_counter_remove(counter, ONE), TACHO_E_NOT_FOUND));
    cr_assert(eq(sz, tacho_counter_series_count(counter), 0));
    cr_assert(eq(ptr, tachoi_proxies.current, tachoi_proxies.targets));
    cr_assert(eq(sz, tachoi_proxies.targets->users, 0), "everybody has left");
    fake_destroy(sdk);
    fake_free(sdk);
}

struct worker {
    pthread_t thread;
    tacho_counter *counter;
    _Atomic(bool) *ends;
};

static void *remove_until_told(void *user) {
    struct worker *worker = user;
    while (!atomic_load_explicit(worker->ends, memory_order_relaxed)) {
        tacho_counter_remove(worker->counter, ONE);
        tacho_counter_series_count(worker->counter);
    }
    return NULL;
}

/* The fake counts each call that reaches it after its end. */
Test(series, no_call_reaches_a_provider_that_has_ended, .timeout = 60) {
    tacho_counter *counter = tacho_meter_create_counter(meter(), "c", NULL);
    _Atomic(bool) ends = false;
    struct worker workers[2] = {{.counter = counter, .ends = &ends},
                                {.counter = counter, .ends = &ends}};
    for (int i = 0; i < 2; i++) {
        pthread_create(&workers[i].thread, NULL, remove_until_told, &workers[i]);
    }
    struct fake_provider *providers[200];
    for (size_t i = 0; i < 200; i++) {
        providers[i] = fake_create_provider();
        install(providers[i]);
        tacho_counter_remove(counter, ONE);
        fake_destroy(providers[i]);
    }
    atomic_store_explicit(&ends, true, memory_order_relaxed);
    for (int i = 0; i < 2; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (size_t i = 0; i < 200; i++) {
        cr_assert(eq(sz, providers[i]->violations, 0));
        cr_assert(ge(sz, providers[i]->remove_calls, 1));
        fake_free(providers[i]);
    }
}
