/* SPDX-License-Identifier: Apache-2.0 */
/* Owns bound instruments: a synchronous instrument joined to one set of attributes, for hot paths.
 * Recording through one looks nothing up, never allocates and never locks, and may be done in a
 * signal handler. A bound handle is the caller's: release it. While it is held, its series stays.
 * Source: OpenTelemetry specification, metrics/api.md "Bind" (API-45..47, INST-19..23). */
#ifndef TACHO_BOUND_H
#define TACHO_BOUND_H

#include "tacho/counter.h"
#include "tacho/gauge.h"
#include "tacho/histogram.h"
#include "tacho/up_down_counter.h"

TACHO_BEGIN_DECLS

typedef struct tacho_bound_counter tacho_bound_counter;
typedef struct tacho_bound_counter_f64 tacho_bound_counter_f64;
typedef struct tacho_bound_up_down_counter tacho_bound_up_down_counter;
typedef struct tacho_bound_up_down_counter_f64 tacho_bound_up_down_counter_f64;
typedef struct tacho_bound_gauge tacho_bound_gauge;
typedef struct tacho_bound_gauge_f64 tacho_bound_gauge_f64;
typedef struct tacho_bound_histogram tacho_bound_histogram;

/**
 * Binds the instrument to the attributes, which are copied. May allocate. Never NULL. The
 * cardinality limit is looked at now: a set that has no room records into the overflow series.
 * A bound handle of the global provider made before the SDK is installed follows it, as
 * instruments do.
 *
 * Where memory is too short the handle does nothing. It does not recover by itself, as that would
 * burden recording: release it and bind again. (One of the global provider is tried again whenever
 * a provider is installed. The SDK reports what it had no memory for; the API has no means to
 * report its own lack.)
 */
TACHO_API tacho_bound_counter *tacho_counter_bind(tacho_counter *counter,
                                                  tacho_attributes attributes);
TACHO_API tacho_bound_counter_f64 *tacho_counter_f64_bind(tacho_counter_f64 *counter,
                                                          tacho_attributes attributes);
TACHO_API tacho_bound_up_down_counter *
tacho_up_down_counter_bind(tacho_up_down_counter *up_down_counter, tacho_attributes attributes);
TACHO_API tacho_bound_up_down_counter_f64 *
tacho_up_down_counter_f64_bind(tacho_up_down_counter_f64 *up_down_counter,
                               tacho_attributes attributes);
TACHO_API tacho_bound_gauge *tacho_gauge_bind(tacho_gauge *gauge, tacho_attributes attributes);
TACHO_API tacho_bound_gauge_f64 *tacho_gauge_f64_bind(tacho_gauge_f64 *gauge,
                                                      tacho_attributes attributes);
TACHO_API tacho_bound_histogram *tacho_histogram_bind(tacho_histogram *histogram,
                                                      tacho_attributes attributes);

/**
 * Records as the unbound operation does, the bound attributes implied. Async-signal-safe, wait-free
 * but for a bounded number of retries.
 */
TACHO_API void tacho_bound_counter_add(tacho_bound_counter *bound, int64_t value);
TACHO_API void tacho_bound_counter_f64_add(tacho_bound_counter_f64 *bound, double value);
TACHO_API void tacho_bound_up_down_counter_add(tacho_bound_up_down_counter *bound, int64_t value);
TACHO_API void tacho_bound_up_down_counter_f64_add(tacho_bound_up_down_counter_f64 *bound,
                                                   double value);
TACHO_API void tacho_bound_gauge_record(tacho_bound_gauge *bound, int64_t value);
TACHO_API void tacho_bound_gauge_f64_record(tacho_bound_gauge_f64 *bound, double value);
TACHO_API void tacho_bound_histogram_record(tacho_bound_histogram *bound, double value);

/**
 * Gives the handle back; nobody may use it afterwards. What was recorded stays. Returns NULL, for
 * `bound = tacho_bound_counter_release(bound)`.
 */
TACHO_API tacho_bound_counter *tacho_bound_counter_release(tacho_bound_counter *bound);
TACHO_API tacho_bound_counter_f64 *tacho_bound_counter_f64_release(tacho_bound_counter_f64 *bound);
TACHO_API tacho_bound_up_down_counter *
tacho_bound_up_down_counter_release(tacho_bound_up_down_counter *bound);
TACHO_API tacho_bound_up_down_counter_f64 *
tacho_bound_up_down_counter_f64_release(tacho_bound_up_down_counter_f64 *bound);
TACHO_API tacho_bound_gauge *tacho_bound_gauge_release(tacho_bound_gauge *bound);
TACHO_API tacho_bound_gauge_f64 *tacho_bound_gauge_f64_release(tacho_bound_gauge_f64 *bound);
TACHO_API tacho_bound_histogram *tacho_bound_histogram_release(tacho_bound_histogram *bound);

TACHO_END_DECLS

#endif
