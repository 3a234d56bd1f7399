/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that no-op objects and NULL handles do nothing, for every call of the API. */
#include <math.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tacho/spi.h"
#include "tacho/tacho.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

/* One scenario for every synchronous kind: `meter` may be NULL or a no-op. */
#define EXERCISE_SYNC(noun, verb, value, other_value)                                              \
    do {                                                                                           \
        tacho_##noun *instrument = tacho_meter_create_##noun(meter, "name", NULL);                 \
        cr_assert(ne(ptr, instrument, NULL));                                                      \
        cr_assert(eq(ptr, instrument, tacho_meter_create_##noun(meter, NULL, NULL)));              \
        tacho_##noun##_##verb(instrument, value, TACHO_NO_ATTRS);                                  \
        tacho_##noun##_##verb(instrument, other_value, TACHO_ATTRS(TACHO_STR(NULL, NULL)));        \
        cr_assert(eq(int, tacho_##noun##_enabled(instrument, NULL), false));                       \
        tacho_bound_##noun *bound = tacho_##noun##_bind(instrument, TACHO_NO_ATTRS);               \
        cr_assert(ne(ptr, bound, NULL));                                                           \
        tacho_bound_##noun##_##verb(bound, value);                                                 \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(bound), NULL));                             \
        tacho_bound_##noun##_##verb(bound, value); /* immortal: using it late harms nothing */     \
        tacho_##noun##_##verb(NULL, value, TACHO_NO_ATTRS);                                        \
        cr_assert(eq(int, tacho_##noun##_enabled(NULL, NULL), false));                             \
        cr_assert(ne(ptr, tacho_##noun##_bind(NULL, TACHO_NO_ATTRS), NULL));                       \
        tacho_bound_##noun##_##verb(NULL, value);                                                  \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(NULL), NULL));                              \
    } while (0)

static int callback_runs;

static void count_run(tacho_observer *observer, void *user) {
    (void)observer;
    (void)user;
    callback_runs++;
}

#define EXERCISE_OBSERVABLE(noun)                                                                  \
    do {                                                                                           \
        tacho_observable *instrument =                                                             \
            tacho_meter_create_##noun(meter, "name", NULL, count_run, &callback_runs);             \
        cr_assert(ne(ptr, instrument, NULL));                                                      \
        tacho_observe_i64(NULL, instrument, 1, TACHO_NO_ATTRS);                                    \
        tacho_observe_f64(NULL, instrument, 1.0, TACHO_NO_ATTRS);                                  \
        tacho_callback *callback = (tacho_callback *)instrument;                                   \
        cr_assert(eq(                                                                              \
            int, tacho_meter_register_callback(meter, count_run, NULL, &instrument, 1, &callback), \
            TACHO_OK));                                                                            \
        cr_assert(eq(ptr, callback, NULL));                                                        \
    } while (0)

static void exercise_everything(tacho_meter *meter) {
    EXERCISE_SYNC(counter, add, 1, -1);
    EXERCISE_SYNC(counter_f64, add, 1.0, NAN);
    EXERCISE_SYNC(up_down_counter, add, INT64_MIN, INT64_MAX);
    EXERCISE_SYNC(up_down_counter_f64, add, -1.0, INFINITY);
    EXERCISE_SYNC(gauge, record, 0, -1);
    EXERCISE_SYNC(gauge_f64, record, -0.0, NAN);
    EXERCISE_SYNC(histogram, record, 1.0, -INFINITY);
    EXERCISE_OBSERVABLE(observable_counter);
    EXERCISE_OBSERVABLE(observable_counter_f64);
    EXERCISE_OBSERVABLE(observable_up_down_counter);
    EXERCISE_OBSERVABLE(observable_up_down_counter_f64);
    EXERCISE_OBSERVABLE(observable_gauge);
    EXERCISE_OBSERVABLE(observable_gauge_f64);
    tacho_callback *callback = (tacho_callback *)meter;
    cr_assert(eq(int, tacho_meter_register_callback(meter, NULL, NULL, NULL, 0, &callback), 0));
    cr_assert(eq(ptr, callback, NULL));
    cr_assert(eq(int, tacho_meter_register_callback(meter, NULL, NULL, NULL, 0, NULL), 0));
    cr_assert(eq(int, callback_runs, 0));
}

/* NOOP-01 NOOP-02 NOOP-05 */
Test(noop, provider_and_meter_are_one_static_object_each) {
    tacho_meter_provider *provider = tacho_meter_provider_noop();
    cr_assert(ne(ptr, provider, NULL));
    cr_assert(eq(ptr, provider, tacho_meter_provider_noop()));
    tacho_meter *meter = tacho_meter_provider_get_meter(
        provider, "a", TACHO_OPTIONS(tacho_scope_options, .version = "1"));
    cr_assert(ne(ptr, meter, NULL));
    cr_assert(eq(ptr, meter, tacho_meter_provider_get_meter(provider, NULL, NULL)));
}

/* NOOP-03 NOOP-04 NOOP-06 NOOP-07 NOOP-08 */
Test(noop, every_call_on_the_noop_meter_does_nothing) {
    exercise_everything(tacho_meter_provider_get_meter(tacho_meter_provider_noop(), "m", NULL));
}

Test(noop, every_call_on_null_does_nothing) {
    cr_assert(ne(ptr, tacho_meter_provider_get_meter(NULL, NULL, NULL), NULL));
    exercise_everything(NULL);
    exercise_everything(tacho_meter_provider_get_meter(NULL, "m", NULL));
    cr_assert(eq(ptr, tacho_callback_unregister(NULL), NULL));
    tacho_observe_i64(NULL, NULL, 1, TACHO_NO_ATTRS);
    tacho_observe_f64(NULL, NULL, 1.0, TACHO_NO_ATTRS);
    cr_assert(eq(ptr, tacho_spi_resolve(NULL), NULL));
    tacho_spi_uninstall(NULL);
    tacho_spi_uninstall(tacho_meter_provider_noop());
    tacho_spi_uninstall(tacho_meter_provider_global());
}

/* NOOP-05: each kind has an object of its own, so a wrong cast is not hidden by sharing */
Test(noop, kinds_have_distinct_objects) {
    tacho_meter *meter = NULL;
    const void *objects[] = {
        tacho_meter_create_counter(meter, "", NULL),
        tacho_meter_create_up_down_counter(meter, "", NULL),
        tacho_meter_create_gauge(meter, "", NULL),
        tacho_meter_create_histogram(meter, "", NULL),
        tacho_meter_create_observable_counter(meter, "", NULL, NULL, NULL),
        tacho_meter_create_observable_up_down_counter(meter, "", NULL, NULL, NULL),
        tacho_meter_create_observable_gauge(meter, "", NULL, NULL, NULL),
    };
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(ptr, (void *)objects[i], (void *)objects[j]));
        }
    }
}

Test(noop, installing_the_noop_provider_takes_the_sdk_away) {
    cr_assert(eq(int, tacho_meter_provider_set_global(tacho_meter_provider_noop()), TACHO_OK));
    cr_assert(eq(ptr, tacho_spi_resolve(tacho_meter_provider_global()), NULL));
}

Test(status, every_status_has_a_text_of_its_own) {
    for (int status = TACHO_OK; status >= TACHO_E_SYSTEM; status--) {
        cr_assert(ne(str, (char *)tacho_status_text(status), (char *)"unknown status"));
        for (int other = TACHO_OK; other > status; other--) {
            cr_assert(ne(str, (char *)tacho_status_text(status), (char *)tacho_status_text(other)));
        }
    }
    cr_assert(eq(str, (char *)tacho_status_text(1), (char *)"unknown status"));
    cr_assert(eq(str, (char *)tacho_status_text(TACHO_E_SYSTEM - 1), (char *)"unknown status"));
    cr_assert(eq(str, (char *)tacho_status_text(INT32_MIN), (char *)"unknown status"));
}

Test(version, library_and_headers_agree) {
    cr_assert(eq(str, (char *)tacho_version(), (char *)TACHO_VERSION));
}

Test(options, the_empty_list_is_an_address_that_stays) {
    cr_assert(ne(ptr, (void *)TACHO_NO_BOUNDARIES, NULL));
    cr_assert(eq(ptr, (void *)TACHO_NO_BOUNDARIES, (void *)tacho_empty_list()));
}
