/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the calls of synchronous instruments. All kinds do the same: what differs is the type of the
 * handle, which the caller's compiler checks, and the number. So each function is written once for
 * int64 and once for double, and SYNC_INSTRUMENT gives it the public names, for example
 * tacho_meter_create_counter, tacho_counter_add, tacho_counter_enabled, tacho_counter_bind,
 * tacho_counter_remove, tacho_counter_series_count, tacho_bound_counter_add and
 * tacho_bound_counter_release.
 *
 * A call loads `ops`, then `self`, both with acquire: `ops` pairs with the release store in
 * the proxies' publishing, which makes a `self` of that table visible; `self` pairs with its own
 * store there, for a caller that had loaded `ops` before one SDK object took the place of another.
 */
#include "dispatch.h"

static inline void record_i64(tacho_spi_instrument *instrument, int64_t value,
                              tacho_attributes attributes) {
    if (instrument == NULL) {
        return;
    }
    const tacho_spi_instrument_ops *ops =
        atomic_load_explicit(&instrument->ops, memory_order_acquire);
    if (ops->record_i64 != NULL) {
        ops->record_i64(atomic_load_explicit(&instrument->self, memory_order_acquire), value,
                        attributes);
    }
}

static inline void record_f64(tacho_spi_instrument *instrument, double value,
                              tacho_attributes attributes) {
    if (instrument == NULL) {
        return;
    }
    const tacho_spi_instrument_ops *ops =
        atomic_load_explicit(&instrument->ops, memory_order_acquire);
    if (ops->record_f64 != NULL) {
        ops->record_f64(atomic_load_explicit(&instrument->self, memory_order_acquire), value,
                        attributes);
    }
}

static inline void bound_record_i64(tacho_spi_bound *bound, int64_t value) {
    if (bound == NULL) {
        return;
    }
    const tacho_spi_bound_ops *ops = atomic_load_explicit(&bound->ops, memory_order_acquire);
    if (ops->record_i64 != NULL) {
        ops->record_i64(atomic_load_explicit(&bound->self, memory_order_acquire), value);
    }
}

static inline void bound_record_f64(tacho_spi_bound *bound, double value) {
    if (bound == NULL) {
        return;
    }
    const tacho_spi_bound_ops *ops = atomic_load_explicit(&bound->ops, memory_order_acquire);
    if (ops->record_f64 != NULL) {
        ops->record_f64(atomic_load_explicit(&bound->self, memory_order_acquire), value);
    }
}

static bool is_enabled(tacho_spi_instrument *instrument, const tacho_enabled_options *options) {
    if (instrument == NULL) {
        return false;
    }
    const tacho_spi_instrument_ops *ops =
        atomic_load_explicit(&instrument->ops, memory_order_acquire);
    return ops->enabled != NULL &&
           ops->enabled(atomic_load_explicit(&instrument->self, memory_order_acquire), options);
}

static tacho_spi_instrument *create(tacho_meter *meter, tacho_instrument_kind kind,
                                    tacho_number_type number_type, const char *name,
                                    const tacho_instrument_options *options) {
    const tacho_spi_instrument_request request = {
        .kind = kind, .number_type = number_type, .name = name, .options = options};
    return tachoi_api_create_instrument(meter, &request);
}

/* noun, verb: as in the public names; KIND, NUMBER: endings of the enumerators; number: i64 or
 * f64; number_t: its C type. */
#define SYNC_INSTRUMENT(noun, verb, KIND, NUMBER, number, number_t)                                \
    tacho_##noun *tacho_meter_create_##noun(tacho_meter *meter, const char *name,                  \
                                            const tacho_instrument_options *options) {             \
        return (tacho_##noun *)create(meter, TACHO_INSTRUMENT_##KIND, TACHO_NUMBER_##NUMBER, name, \
                                      options);                                                    \
    }                                                                                              \
    void tacho_##noun##_##verb(tacho_##noun *instrument, number_t value,                           \
                               tacho_attributes attributes) {                                      \
        record_##number((tacho_spi_instrument *)instrument, value, attributes);                    \
    }                                                                                              \
    bool tacho_##noun##_enabled(tacho_##noun *instrument, const tacho_enabled_options *options) {  \
        return is_enabled((tacho_spi_instrument *)instrument, options);                            \
    }                                                                                              \
    tacho_bound_##noun *tacho_##noun##_bind(tacho_##noun *instrument,                              \
                                            tacho_attributes attributes) {                         \
        return (tacho_bound_##noun *)tachoi_api_bind((tacho_spi_instrument *)instrument,           \
                                                     attributes);                                  \
    }                                                                                              \
    int tacho_##noun##_remove(tacho_##noun *instrument, tacho_attributes attributes) {             \
        return tachoi_api_remove((tacho_spi_instrument *)instrument, attributes);                  \
    }                                                                                              \
    size_t tacho_##noun##_series_count(tacho_##noun *instrument) {                                 \
        return tachoi_api_series_count((tacho_spi_instrument *)instrument);                        \
    }                                                                                              \
    void tacho_bound_##noun##_##verb(tacho_bound_##noun *bound, number_t value) {                  \
        bound_record_##number((tacho_spi_bound *)bound, value);                                    \
    }                                                                                              \
    tacho_bound_##noun *tacho_bound_##noun##_release(tacho_bound_##noun *bound) {                  \
        tachoi_api_release((tacho_spi_bound *)bound);                                              \
        return NULL;                                                                               \
    }

SYNC_INSTRUMENT(counter, add, COUNTER, I64, i64, int64_t)
SYNC_INSTRUMENT(counter_f64, add, COUNTER, F64, f64, double)
SYNC_INSTRUMENT(up_down_counter, add, UP_DOWN_COUNTER, I64, i64, int64_t)
SYNC_INSTRUMENT(up_down_counter_f64, add, UP_DOWN_COUNTER, F64, f64, double)
SYNC_INSTRUMENT(gauge, record, GAUGE, I64, i64, int64_t)
SYNC_INSTRUMENT(gauge_f64, record, GAUGE, F64, f64, double)
SYNC_INSTRUMENT(histogram, record, HISTOGRAM, F64, f64, double)
