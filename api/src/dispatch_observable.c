/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the calls of observable instruments: creating them, registering callbacks, observing. */
#include "dispatch.h"
#include "noop.h"

int tacho_meter_register_callback(tacho_meter *meter, tacho_observe_fn callback, void *user,
                                  tacho_observable *const *observables, size_t count,
                                  tacho_callback **out) {
    tacho_spi_meter *handle = (tacho_spi_meter *)meter;
    if (handle == NULL) {
        handle = tachoi_noop_meter();
    }
    const tacho_spi_meter_ops *ops = atomic_load_explicit(&handle->ops, memory_order_acquire);
    tacho_spi_callback *registered = NULL;
    int status = ops->register_callback(
        atomic_load_explicit(&handle->self, memory_order_acquire), callback, user,
        (const tacho_spi_instrument *const *)observables, count, out != NULL ? &registered : NULL);
    if (status == TACHO_OK && out != NULL) {
        *out = (tacho_callback *)registered;
    }
    return status;
}

tacho_callback *tacho_callback_unregister(tacho_callback *callback) {
    tacho_spi_callback *handle = (tacho_spi_callback *)callback;
    if (handle != NULL) {
        const tacho_spi_callback_ops *ops =
            atomic_load_explicit(&handle->ops, memory_order_acquire);
        ops->unregister(atomic_load_explicit(&handle->self, memory_order_acquire));
    }
    return NULL;
}

static tacho_observable *create(tacho_meter *meter, const tacho_spi_instrument_request *request,
                                tacho_observe_fn callback, void *user) {
    tacho_spi_instrument *instrument = tachoi_api_create_instrument(meter, request);
    tacho_observable *observable = (tacho_observable *)instrument;
    if (callback != NULL && !tachoi_noop_is_instrument(instrument)) {
        /* A callback that cannot be registered leaves an instrument without observations. */
        (void)tacho_meter_register_callback(meter, callback, user, &observable, 1, NULL);
    }
    return observable;
}

/* noun: as in tacho_meter_create_<noun>; KIND, NUMBER: endings of the enumerators. */
#define OBSERVABLE_INSTRUMENT(noun, KIND, NUMBER)                                                  \
    tacho_observable *tacho_meter_create_##noun(tacho_meter *meter, const char *name,              \
                                                const tacho_instrument_options *options,           \
                                                tacho_observe_fn callback, void *user) {           \
        const tacho_spi_instrument_request request = {.kind = TACHO_INSTRUMENT_##KIND,             \
                                                      .number_type = TACHO_NUMBER_##NUMBER,        \
                                                      .name = name,                                \
                                                      .options = options};                         \
        return create(meter, &request, callback, user);                                            \
    }

OBSERVABLE_INSTRUMENT(observable_counter, OBSERVABLE_COUNTER, I64)
OBSERVABLE_INSTRUMENT(observable_counter_f64, OBSERVABLE_COUNTER, F64)
OBSERVABLE_INSTRUMENT(observable_up_down_counter, OBSERVABLE_UP_DOWN_COUNTER, I64)
OBSERVABLE_INSTRUMENT(observable_up_down_counter_f64, OBSERVABLE_UP_DOWN_COUNTER, F64)
OBSERVABLE_INSTRUMENT(observable_gauge, OBSERVABLE_GAUGE, I64)
OBSERVABLE_INSTRUMENT(observable_gauge_f64, OBSERVABLE_GAUGE, F64)

void tacho_observe_i64(tacho_observer *observer, tacho_observable *observable, int64_t value,
                       tacho_attributes attributes) {
    const tacho_spi_observer *handle = (const tacho_spi_observer *)observer;
    if (handle != NULL && observable != NULL && handle->ops->observe_i64 != NULL) {
        handle->ops->observe_i64(handle->self, (const tacho_spi_instrument *)observable, value,
                                 attributes);
    }
}

void tacho_observe_f64(tacho_observer *observer, tacho_observable *observable, double value,
                       tacho_attributes attributes) {
    const tacho_spi_observer *handle = (const tacho_spi_observer *)observer;
    if (handle != NULL && observable != NULL && handle->ops->observe_f64 != NULL) {
        handle->ops->observe_f64(handle->self, (const tacho_spi_instrument *)observable, value,
                                 attributes);
    }
}
