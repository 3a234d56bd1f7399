/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the up-down counter: a sum that grows and shrinks (requests in flight, queue length).
 * Source: OpenTelemetry specification, metrics/api.md "UpDownCounter". */
#ifndef TACHO_UP_DOWN_COUNTER_H
#define TACHO_UP_DOWN_COUNTER_H

#include "tacho/meter.h"

TACHO_BEGIN_DECLS

/** An up-down counter of whole numbers. */
typedef struct tacho_up_down_counter tacho_up_down_counter;

/** An up-down counter of doubles. */
typedef struct tacho_up_down_counter_f64 tacho_up_down_counter_f64;

/**
 * Creates an up-down counter.
 * `name`: 1 to 255 characters, an ASCII letter first, then letters, digits and _ . - /
 * It is case-insensitive: asking again with the same name, unit and description gives the same
 * instrument.
 * `options` may be NULL. Everything is copied. Never NULL. (API-12..20)
 */
TACHO_API tacho_up_down_counter *
tacho_meter_create_up_down_counter(tacho_meter *meter, const char *name,
                                   const tacho_instrument_options *options);
TACHO_API tacho_up_down_counter_f64 *
tacho_meter_create_up_down_counter_f64(tacho_meter *meter, const char *name,
                                       const tacho_instrument_options *options);

/**
 * Adds `value`, of either sign. A NaN or an infinity is dropped and counted.
 * A sum of whole numbers that leaves the range of int64_t wraps around.
 * A known series costs no allocation and no lock; a new one may take both once. The attributes are
 * borrowed for the call. (API-37..41)
 */
TACHO_API void tacho_up_down_counter_add(tacho_up_down_counter *up_down_counter, int64_t value,
                                         tacho_attributes attributes);
TACHO_API void tacho_up_down_counter_f64_add(tacho_up_down_counter_f64 *up_down_counter,
                                             double value, tacho_attributes attributes);

/**
 * Whether recording has any effect now: false without an SDK. The answer can change; ask before
 * each measurement that is costly to take. `options` may be NULL. (API-42..44)
 */
TACHO_API bool tacho_up_down_counter_enabled(tacho_up_down_counter *up_down_counter,
                                             const tacho_enabled_options *options);
TACHO_API bool tacho_up_down_counter_f64_enabled(tacho_up_down_counter_f64 *up_down_counter,
                                                 const tacho_enabled_options *options);

TACHO_END_DECLS

#endif
