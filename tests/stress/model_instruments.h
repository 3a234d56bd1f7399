/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the instruments of the model test: one of each kind and number type, and the calls of each
 * behind one signature. Knows nothing of the model. */
#ifndef TESTS_STRESS_MODEL_INSTRUMENTS_H
#define TESTS_STRESS_MODEL_INSTRUMENTS_H

#include <math.h>

#include "tacho/tacho.h"

enum { INSTRUMENTS = 10, FIRST_OBSERVABLE = 7 };

static const struct {
    const char *name;
    tacho_instrument_kind kind;
    tacho_number_type number_type;
} instruments[INSTRUMENTS] = {
    {"counter", TACHO_INSTRUMENT_COUNTER, TACHO_NUMBER_I64},
    {"counter.f64", TACHO_INSTRUMENT_COUNTER, TACHO_NUMBER_F64},
    {"up_down", TACHO_INSTRUMENT_UP_DOWN_COUNTER, TACHO_NUMBER_I64},
    {"up_down.f64", TACHO_INSTRUMENT_UP_DOWN_COUNTER, TACHO_NUMBER_F64},
    {"gauge", TACHO_INSTRUMENT_GAUGE, TACHO_NUMBER_I64},
    {"gauge.f64", TACHO_INSTRUMENT_GAUGE, TACHO_NUMBER_F64},
    {"histogram", TACHO_INSTRUMENT_HISTOGRAM, TACHO_NUMBER_F64},
    {"observable.counter", TACHO_INSTRUMENT_OBSERVABLE_COUNTER, TACHO_NUMBER_I64},
    {"observable.up_down.f64", TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER, TACHO_NUMBER_F64},
    {"observable.gauge.f64", TACHO_INSTRUMENT_OBSERVABLE_GAUGE, TACHO_NUMBER_F64},
};

/** Negative values may not enter counters, NaN and infinities nothing but gauges. */
static inline bool instrument_accepts(int instrument, double value) {
    const tacho_instrument_kind kind = instruments[instrument].kind;
    const bool is_gauge =
        kind == TACHO_INSTRUMENT_GAUGE || kind == TACHO_INSTRUMENT_OBSERVABLE_GAUGE;
    const bool is_counter =
        kind == TACHO_INSTRUMENT_COUNTER || kind == TACHO_INSTRUMENT_OBSERVABLE_COUNTER;
    return (is_gauge || isfinite(value)) && !(is_counter && value < 0);
}

static inline void record(int instrument, void *handle, double value, tacho_attributes attributes) {
    switch (instrument) {
    case 0:
        tacho_counter_add(handle, (int64_t)value, attributes);
        break;
    case 1:
        tacho_counter_f64_add(handle, value, attributes);
        break;
    case 2:
        tacho_up_down_counter_add(handle, (int64_t)value, attributes);
        break;
    case 3:
        tacho_up_down_counter_f64_add(handle, value, attributes);
        break;
    case 4:
        tacho_gauge_record(handle, (int64_t)value, attributes);
        break;
    case 5:
        tacho_gauge_f64_record(handle, value, attributes);
        break;
    default:
        tacho_histogram_record(handle, value, attributes);
        break;
    }
}

static inline void *bind(int instrument, void *handle, tacho_attributes attributes) {
    switch (instrument) {
    case 0:
        return tacho_counter_bind(handle, attributes);
    case 1:
        return tacho_counter_f64_bind(handle, attributes);
    case 2:
        return tacho_up_down_counter_bind(handle, attributes);
    case 3:
        return tacho_up_down_counter_f64_bind(handle, attributes);
    case 4:
        return tacho_gauge_bind(handle, attributes);
    case 5:
        return tacho_gauge_f64_bind(handle, attributes);
    default:
        return tacho_histogram_bind(handle, attributes);
    }
}

static inline void record_bound(int instrument, void *handle, double value) {
    switch (instrument) {
    case 0:
        tacho_bound_counter_add(handle, (int64_t)value);
        break;
    case 1:
        tacho_bound_counter_f64_add(handle, value);
        break;
    case 2:
        tacho_bound_up_down_counter_add(handle, (int64_t)value);
        break;
    case 3:
        tacho_bound_up_down_counter_f64_add(handle, value);
        break;
    case 4:
        tacho_bound_gauge_record(handle, (int64_t)value);
        break;
    case 5:
        tacho_bound_gauge_f64_record(handle, value);
        break;
    default:
        tacho_bound_histogram_record(handle, value);
        break;
    }
}

static inline int remove_series(int instrument, void *handle, tacho_attributes attributes) {
    switch (instrument) {
    case 0:
        return tacho_counter_remove(handle, attributes);
    case 1:
        return tacho_counter_f64_remove(handle, attributes);
    case 2:
        return tacho_up_down_counter_remove(handle, attributes);
    case 3:
        return tacho_up_down_counter_f64_remove(handle, attributes);
    case 4:
        return tacho_gauge_remove(handle, attributes);
    case 5:
        return tacho_gauge_f64_remove(handle, attributes);
    default:
        return tacho_histogram_remove(handle, attributes);
    }
}

#endif
