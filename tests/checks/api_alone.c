/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that instrumented code needs nothing but the API: it is linked to that alone. Ends
 * with 1 if the API did something. */
#include "tacho/tacho.h"

static int runs;

static void observe(tacho_observer *observer, void *user) {
    (void)observer;
    (void)user;
    runs++;
}

/* GEN-01, GEN-02 */
int main(void) {
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "alone", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "jobs", NULL);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_STR("kind", "a")));
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 1);
    bound = tacho_bound_counter_release(bound);
    tacho_histogram_record(tacho_meter_create_histogram(meter, "time", NULL), 0.5, TACHO_NO_ATTRS);
    tacho_observable *length =
        tacho_meter_create_observable_gauge(meter, "length", NULL, observe, NULL);
    return tacho_counter_enabled(counter, NULL) || tacho_observable_series_count(length) != 0 ||
                   runs != 0 || bound != NULL
               ? 1
               : 0;
}
