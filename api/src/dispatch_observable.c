/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the calls of observable instruments: creating them, registering callbacks, observing. */
#include "dispatch.h"
#include "memory.h"
#include "noop.h"

struct registration {
    tacho_observe_fn callback;
    void *user;
    const tacho_spi_instrument *const *observables;
    size_t count;
};

static int register_with(tacho_spi_meter *meter, const struct registration *registration,
                         tacho_spi_callback **out) {
    const tacho_spi_meter_ops *ops = atomic_load_explicit(&meter->ops, memory_order_acquire);
    return ops->register_callback(atomic_load_explicit(&meter->self, memory_order_acquire),
                                  registration->callback, registration->user,
                                  registration->observables, registration->count, out);
}

static size_t count_noops(const struct registration *registration) {
    size_t count = 0;
    for (size_t i = 0; registration->observables != NULL && i < registration->count; i++) {
        count += tachoi_noop_is_instrument(registration->observables[i]) ? 1 : 0;
    }
    return count;
}

/* No-op instruments are observed by nobody, and must not spoil the registration of the others. */
static int register_without_noops(tacho_spi_meter *meter, struct registration registration,
                                  tacho_spi_callback **out) {
    const tacho_spi_instrument **working =
        tachoi_api_malloc(registration.count * sizeof(tacho_spi_instrument *));
    if (working == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < registration.count; i++) {
        if (!tachoi_noop_is_instrument(registration.observables[i])) {
            working[count++] = registration.observables[i];
        }
    }
    registration.observables = working;
    registration.count = count;
    int status = register_with(meter, &registration, out);
    tachoi_api_free((void *)working);
    return status;
}

int tacho_meter_register_callback(tacho_meter *meter, tacho_observe_fn callback, void *user,
                                  tacho_observable *const *observables, size_t count,
                                  tacho_callback **out) {
    tacho_spi_meter *handle = meter != NULL ? (tacho_spi_meter *)meter : tachoi_noop_meter();
    struct registration registration = {callback, user,
                                        (const tacho_spi_instrument *const *)observables, count};
    tacho_spi_callback *registered = NULL;
    tacho_spi_callback **place = out != NULL ? &registered : NULL;
    size_t noop_count = count_noops(&registration);
    int status = TACHO_OK;
    if (noop_count == 0 || callback == NULL) {
        status = register_with(handle, &registration, place);
    } else if (noop_count < count) {
        status = register_without_noops(handle, registration, place);
    }
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

size_t tacho_observable_series_count(tacho_observable *observable) {
    return tachoi_api_series_count((tacho_spi_instrument *)observable);
}
