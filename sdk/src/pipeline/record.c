/* SPDX-License-Identifier: Apache-2.0 */
/* The API's way into instruments: the tables behind their handles. */
#include "pipeline/instrument.h"

static void record_i64(void *self, int64_t value, tacho_attributes attributes) {
    struct tachoi_instrument *instrument = self;
    if (!tachoi_instrument_is_live(instrument) ||
        !tachoi_instrument_accepts_i64(instrument, value)) {
        return;
    }
    for (size_t i = 0; i < instrument->stream_count; i++) {
        tachoi_sync_storage_record_i64(instrument->streams[i].sync, value, attributes);
    }
}

static void record_f64(void *self, double value, tacho_attributes attributes) {
    struct tachoi_instrument *instrument = self;
    if (!tachoi_instrument_is_live(instrument) ||
        !tachoi_instrument_accepts_f64(instrument, value)) {
        return;
    }
    for (size_t i = 0; i < instrument->stream_count; i++) {
        tachoi_sync_storage_record_f64(instrument->streams[i].sync, value, attributes);
    }
}

/* What comes through a handle of the wrong type has nowhere to go. */
static void ignore_i64(void *self, int64_t value, tacho_attributes attributes) {
    (void)self;
    (void)value;
    (void)attributes;
}

static void ignore_f64(void *self, double value, tacho_attributes attributes) {
    (void)self;
    (void)value;
    (void)attributes;
}

static bool instrument_enabled(void *self, const tacho_enabled_options *options) {
    struct tachoi_instrument *instrument = self;
    (void)options;
    return atomic_load_explicit(&instrument->is_live, memory_order_relaxed);
}

static tacho_spi_bound *observable_bind(void *self, tacho_attributes attributes) {
    (void)self;
    (void)attributes;
    return NULL;
}

static const tacho_spi_instrument_ops i64_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = record_i64,
    .record_f64 = ignore_f64,
    .enabled = instrument_enabled,
    .bind = tachoi_instrument_bind,
};

static const tacho_spi_instrument_ops f64_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = ignore_i64,
    .record_f64 = record_f64,
    .enabled = instrument_enabled,
    .bind = tachoi_instrument_bind,
};

static const tacho_spi_instrument_ops observable_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = ignore_i64,
    .record_f64 = ignore_f64,
    .enabled = instrument_enabled,
    .bind = observable_bind,
};

const tacho_spi_instrument_ops *tachoi_instrument_ops(tacho_instrument_kind kind,
                                                      tacho_number_type number_type) {
    if (tachoi_kind_is_observable(kind)) {
        return &observable_ops;
    }
    return number_type == TACHO_NUMBER_I64 ? &i64_ops : &f64_ops;
}

struct tachoi_instrument *tachoi_observable_from_handle(const tacho_spi_instrument *handle) {
    /* acquire: pairs with the release store of `ops` when the API installs an SDK, so that `self`
     * is the object that belongs to the table */
    if (handle == NULL ||
        atomic_load_explicit(&handle->ops, memory_order_acquire) != &observable_ops) {
        return NULL;
    }
    return atomic_load_explicit(&handle->self, memory_order_relaxed);
}
