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
        cr_assert(                                                                                 \
            eq(int, tacho_##noun##_remove(instrument, TACHO_ATTRS(TACHO_I64("a", 1))), TACHO_OK)); \
        cr_assert(eq(sz, fake_last_attribute_count(sdk, "name"), 1));                              \
        cr_assert(eq(int, tacho_##noun##_remove(instrument, TACHO_NO_ATTRS), TACHO_E_BUSY));       \
        cr_assert(eq(sz, sdk->remove_calls, 2));                                                   \
        cr_assert(eq(sz, tacho_##noun##_series_count(instrument), 2), "as many as records");       \
        fake_free(sdk);                                                                            \
    }

/* API-08 API-11 API-37 API-41 API-42 API-43 API-45 API-46 */
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
        cr_assert(eq(sz, tacho_observable_series_count(observation.observable), 2));               \
        fake_free(sdk);                                                                            \
    }

/* API-08 API-10 API-11 API-25 API-30 API-34 */
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

/* API-26 API-27 API-31 API-32 API-34 */
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

/* API-38: recording returns nothing; a call of another type would not compile */
Test(dispatch, recording_returns_nothing) {
    void (*counter)(tacho_counter *, int64_t, tacho_attributes) = tacho_counter_add;
    void (*up_down)(tacho_up_down_counter *, int64_t, tacho_attributes) = tacho_up_down_counter_add;
    void (*gauge)(tacho_gauge *, int64_t, tacho_attributes) = tacho_gauge_record;
    void (*histogram)(tacho_histogram *, double, tacho_attributes) = tacho_histogram_record;
    counter(NULL, 1, TACHO_NO_ATTRS);
    up_down(NULL, 1, TACHO_NO_ATTRS);
    gauge(NULL, 1, TACHO_NO_ATTRS);
    histogram(NULL, 1.0, TACHO_NO_ATTRS);
}

/* API-39: whether a negative value counts is for the SDK to say */
Test(dispatch, negative_values_are_passed_on) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), -5, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(meter, "h", NULL), -7.0, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), -5));
    cr_assert(eq(i64, fake_sum(sdk, "h"), -7));
    fake_free(sdk);
}

/* API-02 API-03 API-04 API-05 */
Test(dispatch, a_meter_is_asked_for_with_all_or_none_of_its_parameters) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter_provider *provider = fake_handle(sdk);
    tacho_meter_provider_get_meter(provider, "bare", NULL);
    tacho_meter_provider_get_meter(
        provider, "full",
        TACHO_OPTIONS(tacho_scope_options, .version = "1.2", .schema_url = "https://x",
                      .attributes = TACHO_ATTRS(TACHO_I64("a", 1), TACHO_BOOL("b", true))));
    cr_assert(eq(sz, sdk->meter_count, 2));
    cr_assert(eq(str, sdk->meters[0].version, (char *)""));
    cr_assert(eq(str, sdk->meters[0].schema_url, (char *)""));
    cr_assert(eq(sz, sdk->meters[0].attribute_count, 0));
    cr_assert(eq(str, sdk->meters[1].version, (char *)"1.2"));
    cr_assert(eq(str, sdk->meters[1].schema_url, (char *)"https://x"));
    cr_assert(eq(sz, sdk->meters[1].attribute_count, 2));
    fake_free(sdk);
}

/* API-16 API-20: names, units and advice that are wrong are the SDK's to judge */
Test(dispatch, nothing_about_an_instrument_is_judged) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    const double falling[] = {2.0, 1.0};
    tacho_meter_create_histogram(meter, "0 no name",
                                 TACHO_OPTIONS(tacho_instrument_options, .unit = "not \xff a unit",
                                               .explicit_bucket_boundaries = falling,
                                               .explicit_bucket_boundary_count = 2));
    struct fake_instrument *fake = fake_find(sdk, "0 no name");
    cr_assert(ne(ptr, (void *)fake, NULL));
    cr_assert(eq(str, fake->unit, (char *)"not \xff a unit"));
    cr_assert(eq(sz, fake->boundary_count, 2));
    tacho_meter_create_counter(meter, NULL, NULL);
    cr_assert(ne(ptr, (void *)fake_find(sdk, ""), NULL));
    fake_free(sdk);
}

/* API-40: declared keys are advice, recording takes any attributes */
Test(dispatch, keys_that_were_not_declared_are_passed_on) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    const char *const keys[] = {"declared"};
    const tacho_instrument_options *options =
        TACHO_OPTIONS(tacho_instrument_options, .attribute_keys = keys, .attribute_key_count = 1);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", options);
    tacho_gauge *gauge = tacho_meter_create_gauge(meter, "g", options);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("declared", 1), TACHO_I64("other", 2)));
    tacho_gauge_record(gauge, 1, TACHO_ATTRS(TACHO_I64("other", 1), TACHO_I64("more", 2)));
    cr_assert(eq(sz, fake_last_attribute_count(sdk, "c"), 2));
    cr_assert(eq(sz, fake_last_attribute_count(sdk, "g"), 2));
    fake_free(sdk);
}

/* API-49: an SDK that was built before `remove` and `series_count` were added */
Test(dispatch, a_table_that_ends_early_finds_nothing) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_counter_add(counter, 3, TACHO_NO_ATTRS);
    tacho_spi_instrument_ops older = fake_i64_ops; /* what lies behind its end is not looked at */
    const size_t ends[] = {offsetof(tacho_spi_instrument_ops, remove),
                           offsetof(tacho_spi_instrument_ops, series_count)};
    for (size_t i = 0; i < 2; i++) {
        older.struct_size = ends[i];
        atomic_store_explicit(&((tacho_spi_instrument *)counter)->ops, &older,
                              memory_order_relaxed);
        int status = tacho_counter_remove(counter, TACHO_ATTRS(TACHO_I64("a", 1)));
        cr_assert(eq(int, status, i == 0 ? TACHO_E_NOT_FOUND : TACHO_OK));
        cr_assert(eq(sz, tacho_counter_series_count(counter), 0));
    }
    cr_assert(eq(sz, sdk->remove_calls, 1));
    cr_assert(eq(sz, sdk->series_count_calls, 0));
    fake_free(sdk);
}

/* API-49: observable instruments have no `remove` */
Test(dispatch, an_entry_that_is_null_finds_nothing) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter *meter = tacho_meter_provider_get_meter(fake_handle(sdk), "m", NULL);
    tacho_observable *observable =
        tacho_meter_create_observable_gauge(meter, "g", NULL, NULL, NULL);
    int status = tacho_counter_remove((tacho_counter *)observable, TACHO_NO_ATTRS);
    cr_assert(eq(int, status, TACHO_E_NOT_FOUND));
    fake_free(sdk);
}
