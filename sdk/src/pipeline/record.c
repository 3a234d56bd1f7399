/* SPDX-License-Identifier: Apache-2.0 */
/* The API's way into instruments: the tables behind their handles. */
#include "base/fork.h"
#include "pipeline/instrument.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

/* Apart, so that an instrument with one stream, as nearly all are, saves no register. */
static __attribute__((noinline)) void
record_i64_into_all(const struct tachoi_instrument *instrument, int64_t value,
                    tacho_attributes attributes) {
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        tachoi_sync_storage_record_i64(instrument->outlets[i].sync, value, attributes);
    }
}

static void record_i64(void *self, int64_t value, tacho_attributes attributes) {
    struct tachoi_instrument *instrument = self;
    if (!tachoi_instrument_is_live(instrument) ||
        tachoi_instrument_judge_i64(instrument, value) == TACHOI_AUDIENCE_NONE) {
        return;
    }
    if (instrument->outlet_count == 1) {
        tachoi_sync_storage_record_i64(instrument->outlets[0].sync, value, attributes);
    } else {
        record_i64_into_all(instrument, value, attributes);
    }
}

static void record_f64(void *self, double value, tacho_attributes attributes) {
    struct tachoi_instrument *instrument = self;
    if (!tachoi_instrument_is_live(instrument)) {
        return;
    }
    const enum tachoi_audience audience = tachoi_instrument_judge_f64(instrument, value);
    if (audience == TACHOI_AUDIENCE_NONE) {
        return;
    }
    bool is_refused = false;
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        if (tachoi_outlet_takes(&instrument->outlets[i], audience)) {
            tachoi_sync_storage_record_f64(instrument->outlets[i].sync, value, attributes);
        } else {
            is_refused = true;
        }
    }
    if (is_refused) {
        tachoi_instrument_refuse(instrument, audience);
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

/* INST-18, SDK-22 */
static bool instrument_enabled(void *self, const tacho_enabled_options *options) {
    struct tachoi_instrument *instrument = self;
    (void)options;
    return atomic_load_explicit(&instrument->state, memory_order_relaxed) ==
           TACHOI_INSTRUMENT_RECORDING;
}

static tacho_spi_bound *observable_bind(void *self, tacho_attributes attributes) {
    (void)self;
    (void)attributes;
    return NULL;
}

/* --- the life of series --- */

/* Nothing is removed where one stream would keep the series. */
static int instrument_remove(void *self, tacho_attributes attributes) {
    const struct tachoi_instrument *instrument = self;
    if (instrument->scope->pipeline->fork_generation != tachoi_fork_generation()) {
        return TACHO_E_FORKED;
    }
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        if (tachoi_sync_storage_is_bound(instrument->outlets[i].sync, attributes)) {
            return TACHO_E_BUSY;
        }
    }
    int status = TACHO_E_NOT_FOUND;
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        int removed = tachoi_sync_storage_remove(instrument->outlets[i].sync, attributes);
        if (removed == TACHO_OK && status == TACHO_E_NOT_FOUND) {
            status = TACHO_OK;
        } else if (removed != TACHO_OK && removed != TACHO_E_NOT_FOUND) {
            status = removed; /* bound since we looked */
        }
    }
    return status;
}

/* What each storage has beside the series of sets. */
enum { OVERFLOW_SERIES = 1 };

static size_t instrument_series_count(void *self) {
    const struct tachoi_instrument *instrument = self;
    size_t count = 0;
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        count += tachoi_sync_storage_series_count(instrument->outlets[i].sync) - OVERFLOW_SERIES;
    }
    return count;
}

/* Under the lock, since retiring frees the storages. */
static size_t observable_series_count(void *self) {
    const struct tachoi_instrument *instrument = self;
    struct tachoi_pipeline *pipeline = instrument->scope->pipeline;
    if (pipeline->fork_generation != tachoi_fork_generation()) {
        return 0;
    }
    size_t count = 0;
    pthread_mutex_lock(&pipeline->lock);
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        const struct tachoi_async_storage *storage = instrument->outlets[i].stream->async;
        count += storage != NULL ? tachoi_async_storage_series_count(storage) - OVERFLOW_SERIES : 0;
    }
    pthread_mutex_unlock(&pipeline->lock);
    return count;
}

/* --- the tables --- */

static const tacho_spi_instrument_ops i64_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = record_i64,
    .record_f64 = ignore_f64,
    .enabled = instrument_enabled,
    .bind = tachoi_instrument_bind,
    .remove = instrument_remove,
    .series_count = instrument_series_count,
};

static const tacho_spi_instrument_ops f64_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = ignore_i64,
    .record_f64 = record_f64,
    .enabled = instrument_enabled,
    .bind = tachoi_instrument_bind,
    .remove = instrument_remove,
    .series_count = instrument_series_count,
};

static const tacho_spi_instrument_ops observable_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops),
    .record_i64 = ignore_i64,
    .record_f64 = ignore_f64,
    .enabled = instrument_enabled,
    .bind = observable_bind,
    .series_count = observable_series_count,
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
