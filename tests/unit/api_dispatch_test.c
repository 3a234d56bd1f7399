/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that each public call reaches the right function of an SDK's tables with the right
 * arguments, through handles that come directly from the SDK's provider. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

#define KIND_REACHES_THE_SDK(noun, verb, KIND, NUMBER)                                             \
    Test(dispatch, noun##_reaches_the_sdk) {                                                       \
        struct fake_provider *sdk = fake_create_provider();                                        \
        tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);          \
        tacho_##noun *instrument = tacho_meter_create_##noun(                                      \
            meter, "name", TACHO_OPTIONS(tacho_instrument_options, .unit = "s"));                  \
        struct fake_instrument *fake = fake_find(sdk, "name");                                     \
        cr_assert(eq(ptr, (void *)instrument, (void *)fake));                                      \
        cr_assert(eq(int, (int)fake->kind, TACHO_INSTRUMENT_##KIND));                              \
        cr_assert(eq(int, (int)fake->number_type, TACHO_NUMBER_##NUMBER));                         \
        cr_assert(eq(str, fake->unit, (char *)"s"));                                               \
        tacho_##noun##_##verb(instrument, 3, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));   \
        cr_assert(eq(i64, fake_sum(sdk, "name"), 3));                                              \
        cr_assert(eq(sz, fake_last_attribute_count(sdk, "name"), 2));                              \
        cr_assert(eq(int, tacho_##noun##_enabled(instrument, NULL), true));                        \
        const tacho_enabled_options wrong = {.struct_size = 0};                                    \
        cr_assert(eq(int, tacho_##noun##_enabled(instrument, &wrong), false));                     \
        tacho_bound_##noun *bound = tacho_##noun##_bind(instrument, TACHO_NO_ATTRS);               \
        cr_assert(eq(ptr, (void *)bound, (void *)sdk->bounds));                                    \
        tacho_bound_##noun##_##verb(bound, 4);                                                     \
        cr_assert(eq(i64, fake_sum(sdk, "name"), 7));                                              \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(bound), NULL));                             \
        cr_assert(eq(sz, sdk->release_calls, 1));                                                  \
        fake_free(sdk);                                                                            \
    }

/* API-08 API-11 API-37 API-42 API-45 */
KIND_REACHES_THE_SDK(counter, add, COUNTER, I64)
KIND_REACHES_THE_SDK(counter_f64, add, COUNTER, F64)
KIND_REACHES_THE_SDK(up_down_counter, add, UP_DOWN_COUNTER, I64)
KIND_REACHES_THE_SDK(up_down_counter_f64, add, UP_DOWN_COUNTER, F64)
KIND_REACHES_THE_SDK(gauge, record, GAUGE, I64)
KIND_REACHES_THE_SDK(gauge_f64, record, GAUGE, F64)
KIND_REACHES_THE_SDK(histogram, record, HISTOGRAM, F64)

struct observation {
    tacho_observable *observable;
    int64_t value;
    int runs;
};

static void observe(tacho_observer *observer, void *user) {
    struct observation *observation = user;
    observation->runs++;
    tacho_observe_i64(observer, observation->observable, observation->value, TACHO_NO_ATTRS);
    tacho_observe_f64(observer, observation->observable, 0.0, TACHO_NO_ATTRS);
    tacho_observe_i64(observer, NULL, 1000, TACHO_NO_ATTRS);
    tacho_observe_f64(observer, NULL, 1000.0, TACHO_NO_ATTRS);
}

#define OBSERVABLE_REACHES_THE_SDK(noun, KIND, NUMBER)                                             \
    Test(dispatch, noun##_reaches_the_sdk) {                                                       \
        struct fake_provider *sdk = fake_create_provider();                                        \
        tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);          \
        struct observation observation = {.value = 5};                                             \
        observation.observable =                                                                   \
            tacho_meter_create_##noun(meter, "name", NULL, observe, &observation);                 \
        struct fake_instrument *fake = fake_find(sdk, "name");                                     \
        cr_assert(eq(ptr, (void *)observation.observable, (void *)fake));                          \
        cr_assert(eq(int, (int)fake->kind, TACHO_INSTRUMENT_##KIND));                              \
        cr_assert(eq(int, (int)fake->number_type, TACHO_NUMBER_##NUMBER));                         \
        fake_collect(sdk);                                                                         \
        cr_assert(eq(int, observation.runs, 1));                                                   \
        cr_assert(eq(i64, fake_sum(sdk, "name"), 5));                                              \
        fake_free(sdk);                                                                            \
    }

/* API-25 API-30 */
OBSERVABLE_REACHES_THE_SDK(observable_counter, OBSERVABLE_COUNTER, I64)
OBSERVABLE_REACHES_THE_SDK(observable_counter_f64, OBSERVABLE_COUNTER, F64)
OBSERVABLE_REACHES_THE_SDK(observable_up_down_counter, OBSERVABLE_UP_DOWN_COUNTER, I64)
OBSERVABLE_REACHES_THE_SDK(observable_up_down_counter_f64, OBSERVABLE_UP_DOWN_COUNTER, F64)
OBSERVABLE_REACHES_THE_SDK(observable_gauge, OBSERVABLE_GAUGE, I64)
OBSERVABLE_REACHES_THE_SDK(observable_gauge_f64, OBSERVABLE_GAUGE, F64)

Test(dispatch, a_record_of_the_wrong_number_type_is_harmless) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    tacho_counter *whole = tacho_meter_create_counter(meter, "whole", NULL);
    tacho_counter_f64 *real = tacho_meter_create_counter_f64(meter, "real", NULL);
    tacho_observable *observed =
        tacho_meter_create_observable_gauge(meter, "observed", NULL, NULL, NULL);
    tacho_counter_f64_add((tacho_counter_f64 *)whole, 1.0, TACHO_NO_ATTRS);
    tacho_counter_add((tacho_counter *)real, 1, TACHO_NO_ATTRS);
    tacho_counter_add((tacho_counter *)observed, 1, TACHO_NO_ATTRS);
    tacho_counter_f64_add((tacho_counter_f64 *)observed, 1.0, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_counter_enabled((tacho_counter *)observed, NULL), false));
    tacho_bound_counter *bound = tacho_counter_bind((tacho_counter *)observed, TACHO_NO_ATTRS);
    cr_assert(ne(ptr, bound, NULL));
    tacho_bound_counter_add(bound, 1);
    tacho_bound_counter_release(bound);
    bound = tacho_counter_bind(whole, TACHO_NO_ATTRS);
    tacho_bound_counter_f64_add((tacho_bound_counter_f64 *)bound, 1.0);
    tacho_bound_counter_release(bound);
    cr_assert(eq(i64, fake_sum(sdk, "whole"), 0));
    cr_assert(eq(i64, fake_sum(sdk, "real"), 0));
    cr_assert(eq(i64, fake_sum(sdk, "observed"), 0));
    fake_free(sdk);
}

/* design: never NULL */
Test(dispatch, an_sdk_that_fails_gives_noop_objects) {
    struct fake_provider *sdk = fake_create_provider();
    sdk->refuse.meters = true;
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    cr_assert(
        eq(ptr, meter, tacho_meter_provider_get_meter(tacho_meter_provider_noop(), "m", NULL)));
    sdk->refuse.meters = false;
    meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    sdk->refuse.instruments = true;
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    cr_assert(eq(ptr, histogram, tacho_meter_create_histogram(NULL, "h", NULL)));
    struct observation observation = {0};
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(meter, "g", NULL, observe, &observation);
    cr_assert(ne(ptr, observable, NULL));
    cr_assert(eq(sz, sdk->register_calls, 0), "a callback for nothing is not registered");
    sdk->refuse.instruments = false;
    sdk->refuse.binds = true;
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    cr_assert(ne(ptr, bound, NULL));
    tacho_bound_counter_add(bound, 1);
    cr_assert(eq(ptr, tacho_bound_counter_release(bound), NULL));
    cr_assert(eq(sz, sdk->release_calls, 0));
    fake_free(sdk);
}

/* API-26 API-27 API-31 */
Test(dispatch, registering_and_unregistering_reach_the_sdk) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    struct observation observation = {.value = 2};
    observation.observable = tacho_meter_create_observable_gauge(meter, "g", NULL, NULL, NULL);
    tacho_callback *callback = NULL;
    int status = tacho_meter_register_callback(meter, observe, &observation,
                                               &observation.observable, 1, &callback);
    cr_assert(eq(int, status, TACHO_OK));
    cr_assert(ne(ptr, callback, NULL));
    fake_collect(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "g"), 2));
    callback = tacho_callback_unregister(callback);
    cr_assert(eq(ptr, callback, NULL));
    fake_collect(sdk);
    cr_assert(eq(int, observation.runs, 1));

    sdk->refuse.register_status = TACHO_E_NO_MEMORY;
    tacho_callback *untouched = (tacho_callback *)meter;
    status = tacho_meter_register_callback(meter, observe, &observation, &observation.observable, 1,
                                           &untouched);
    cr_assert(eq(int, status, TACHO_E_NO_MEMORY));
    cr_assert(eq(ptr, (void *)untouched, (void *)meter));
    fake_free(sdk);
}
