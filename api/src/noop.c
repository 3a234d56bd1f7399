/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the objects that do nothing. They are never written to, so their state cannot change. The
 * tables of instruments and bound handles are empty: a call whose entry is NULL does nothing. */
#include "noop.h"

static tacho_spi_instrument *create_instrument(void *self,
                                               const tacho_spi_instrument_request *request) {
    (void)self;
    return tachoi_noop_instrument(request->kind);
}

static int register_callback(void *self, tacho_observe_fn callback, void *user,
                             const tacho_spi_instrument *const *observables, size_t count,
                             tacho_spi_callback **out) {
    (void)self;
    (void)callback;
    (void)user;
    (void)observables;
    (void)count;
    if (out != NULL) {
        *out = NULL;
    }
    return TACHO_OK;
}

static tacho_spi_meter *get_meter(void *self, const char *name,
                                  const tacho_scope_options *options) {
    (void)self;
    (void)name;
    (void)options;
    return tachoi_noop_meter();
}

const tacho_spi_instrument_ops tachoi_noop_instrument_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
};

const tacho_spi_bound_ops tachoi_noop_bound_ops = {
    .struct_size = sizeof(tacho_spi_bound_ops),
};

static const tacho_spi_meter_ops meter_ops = {
    .struct_size = sizeof(tacho_spi_meter_ops),
    .create_instrument = create_instrument,
    .register_callback = register_callback,
};

static const tacho_spi_provider_ops provider_ops = {
    .struct_size = sizeof(tacho_spi_provider_ops),
    .get_meter = get_meter,
};

#define KIND_COUNT (TACHO_INSTRUMENT_OBSERVABLE_GAUGE + 1)

static tacho_spi_instrument instruments[KIND_COUNT] = {
    [TACHO_INSTRUMENT_COUNTER] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_UP_DOWN_COUNTER] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_GAUGE] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_HISTOGRAM] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_OBSERVABLE_COUNTER] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER] = {.ops = &tachoi_noop_instrument_ops},
    [TACHO_INSTRUMENT_OBSERVABLE_GAUGE] = {.ops = &tachoi_noop_instrument_ops},
};
static tacho_spi_bound bound = {.ops = &tachoi_noop_bound_ops};
static tacho_spi_meter meter = {.ops = &meter_ops};
static tacho_spi_provider provider = {.ops = &provider_ops};

tacho_spi_meter *tachoi_noop_meter(void) {
    return &meter;
}

tacho_spi_instrument *tachoi_noop_instrument(tacho_instrument_kind kind) {
    return &instruments[kind];
}

tacho_spi_bound *tachoi_noop_bound(void) {
    return &bound;
}

bool tachoi_noop_is_instrument(const tacho_spi_instrument *instrument) {
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        if (instrument == &instruments[kind]) {
            return true;
        }
    }
    return false;
}

tacho_meter_provider *tacho_meter_provider_noop(void) {
    return (tacho_meter_provider *)&provider;
}
