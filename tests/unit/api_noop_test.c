/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that no-op objects and NULL handles do nothing, for every call of the API. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "noop.h"
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
        cr_assert(eq(int, tacho_##noun##_remove(instrument, TACHO_NO_ATTRS), TACHO_E_NOT_FOUND));  \
        cr_assert(eq(sz, tacho_##noun##_series_count(instrument), 0));                             \
        tacho_bound_##noun *bound = tacho_##noun##_bind(instrument, TACHO_NO_ATTRS);               \
        cr_assert(ne(ptr, bound, NULL));                                                           \
        tacho_bound_##noun##_##verb(bound, value);                                                 \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(bound), NULL));                             \
        tacho_bound_##noun##_##verb(bound, value); /* immortal: using it late harms nothing */     \
        tacho_##noun##_##verb(NULL, value, TACHO_NO_ATTRS);                                        \
        cr_assert(eq(int, tacho_##noun##_enabled(NULL, NULL), false));                             \
        cr_assert(eq(int, tacho_##noun##_remove(NULL, TACHO_NO_ATTRS), TACHO_E_INVALID));          \
        cr_assert(eq(sz, tacho_##noun##_series_count(NULL), 0));                                   \
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
        cr_assert(eq(sz, tacho_observable_series_count(instrument), 0));                           \
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

/* GEN-02 GEN-04 NOOP-03 NOOP-04 NOOP-06 NOOP-07 NOOP-08 */
Test(noop, every_call_on_the_noop_meter_does_nothing) {
    exercise_everything(tacho_meter_provider_get_meter(tacho_meter_provider_noop(), "m", NULL));
}

/* GEN-02 API-22: nothing needs a check by the caller, everything optional may be absent */
Test(noop, every_call_on_null_does_nothing) {
    cr_assert(ne(ptr, tacho_meter_provider_get_meter(NULL, NULL, NULL), NULL));
    exercise_everything(NULL);
    exercise_everything(tacho_meter_provider_get_meter(NULL, "m", NULL));
    cr_assert(eq(ptr, tacho_callback_unregister(NULL), NULL));
    tacho_observe_i64(NULL, NULL, 1, TACHO_NO_ATTRS);
    tacho_observe_f64(NULL, NULL, 1.0, TACHO_NO_ATTRS);
    cr_assert(eq(sz, tacho_observable_series_count(NULL), 0));
    cr_assert(eq(ptr, tacho_spi_resolve(NULL), NULL));
    tacho_spi_uninstall(NULL);
    tacho_spi_uninstall(tacho_meter_provider_noop());
    tacho_spi_uninstall(tacho_meter_provider_global());
}

/* NOOP-06: each kind has an object of its own, so a wrong cast is not hidden by sharing */
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

/* GEN-03: a call is two loads and a comparison, as no table has an entry to go through */
Test(noop, tables_of_instruments_are_empty) {
    const tacho_spi_instrument_ops instrument = {.struct_size = sizeof(instrument)};
    const tacho_spi_bound_ops bound = {.struct_size = sizeof(bound)};
    cr_assert(eq(int, memcmp(&tachoi_noop_instrument_ops, &instrument, sizeof(instrument)), 0));
    cr_assert(eq(int, memcmp(&tachoi_noop_bound_ops, &bound, sizeof(bound)), 0));
}

#define ROUNDS 2000

static void *use_everything(void *start) {
    pthread_barrier_wait(start);
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_noop(), "shared", NULL);
    for (int i = 0; i < ROUNDS; i++) {
        exercise_everything(meter);
    }
    return NULL;
}

/* NOOP-02 NOOP-09: the objects are the same bytes after any use by several threads at once */
Test(noop, any_number_of_threads_changes_nothing, .timeout = 60) {
    struct {
        tacho_spi_meter meter;
        tacho_spi_instrument counter;
        tacho_spi_bound bound;
    } before, after;
    memset(&before, 0, sizeof(before));
    memset(&after, 0, sizeof(after));
    memcpy(&before.meter, tachoi_noop_meter(), sizeof(before.meter));
    memcpy(&before.counter, tachoi_noop_instrument(TACHO_INSTRUMENT_COUNTER),
           sizeof(before.counter));
    memcpy(&before.bound, tachoi_noop_bound(), sizeof(before.bound));
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 4);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, use_everything, &start), 0));
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
    memcpy(&after.meter, tachoi_noop_meter(), sizeof(after.meter));
    memcpy(&after.counter, tachoi_noop_instrument(TACHO_INSTRUMENT_COUNTER), sizeof(after.counter));
    memcpy(&after.bound, tachoi_noop_bound(), sizeof(after.bound));
    cr_assert(eq(int, memcmp(&before, &after, sizeof(before)), 0));
    cr_assert(eq(int, callback_runs, 0));
}

Test(noop, installing_the_noop_provider_takes_the_sdk_away) {
    cr_assert(eq(int, tacho_meter_provider_set_global(tacho_meter_provider_noop()), TACHO_OK));
    cr_assert(eq(ptr, tacho_spi_resolve(tacho_meter_provider_global()), NULL));
}

Test(status, every_status_has_a_text_of_its_own) {
    for (int status = TACHO_OK; status >= TACHO_E_NOT_FOUND; status--) {
        cr_assert(ne(str, (char *)tacho_status_text(status), (char *)"unknown status"));
        for (int other = TACHO_OK; other > status; other--) {
            cr_assert(ne(str, (char *)tacho_status_text(status), (char *)tacho_status_text(other)));
        }
    }
    cr_assert(eq(str, (char *)tacho_status_text(1), (char *)"unknown status"));
    cr_assert(eq(str, (char *)tacho_status_text(TACHO_E_NOT_FOUND - 1), (char *)"unknown status"));
    cr_assert(eq(str, (char *)tacho_status_text(INT32_MIN), (char *)"unknown status"));
}

Test(version, library_and_headers_agree) {
    cr_assert(eq(str, (char *)tacho_version(), (char *)TACHO_VERSION));
}

Test(options, the_empty_list_is_an_address_that_stays) {
    cr_assert(ne(ptr, (void *)TACHO_NO_BOUNDARIES, NULL));
    cr_assert(eq(ptr, (void *)TACHO_NO_BOUNDARIES, (void *)tacho_empty_list()));
}
