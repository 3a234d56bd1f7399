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

/**
 * Ends the series of exactly these attributes, because what it measures is gone (a closed
 * connection, a deleted queue): what was recorded and not yet exported is exported at the next
 * collection, then the series is no longer exported, its memory and its place under the cardinality
 * limit become free. Recorded again before that collection, it goes on as if it had not been
 * removed; recorded later, it is a new series, from zero. The memory of series made before the
 * first removal in a stream is kept, unless its view has an idle timeout. A stream whose view
 * leaves out one of the attributes keeps its series, which belongs to others too. Removing
 * something is not for hot paths: it takes a lock. Any thread, but no signal handler. Returns
 * TACHO_OK; TACHO_E_NOT_FOUND (no such series; always without an SDK); TACHO_E_BUSY (the series is
 * bound: release the handle first; nothing was removed, unless it was bound during the call);
 * TACHO_E_INVALID (NULL instrument); TACHO_E_FORKED.
 */
TACHO_API int tacho_up_down_counter_remove(tacho_up_down_counter *up_down_counter,
                                           tacho_attributes attributes);
TACHO_API int tacho_up_down_counter_f64_remove(tacho_up_down_counter_f64 *up_down_counter,
                                               tacho_attributes attributes);

/** How many series the SDK holds for the instrument, over all readers and views; overflow series
 * are not counted; 0 without an SDK. Any thread. */
TACHO_API size_t tacho_up_down_counter_series_count(tacho_up_down_counter *up_down_counter);
TACHO_API size_t tacho_up_down_counter_f64_series_count(tacho_up_down_counter_f64 *up_down_counter);

TACHO_END_DECLS

#endif
