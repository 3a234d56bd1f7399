/* SPDX-License-Identifier: Apache-2.0 */
/* Owns observable (asynchronous) instruments: values that exist anyway and are asked for at each
 * collection, by a callback. A counter's callback reports the total, not an increment.
 * Source: OpenTelemetry specification, metrics/api.md (API-25..36), sdk.md (ASYNC-01..07). */
#ifndef TACHO_OBSERVABLE_H
#define TACHO_OBSERVABLE_H

#include "tacho/meter.h"

TACHO_BEGIN_DECLS

/** An observable counter, up-down counter or gauge, of whole numbers or of doubles. */
typedef struct tacho_observable tacho_observable;

/** Takes the observations of one callback run; valid only inside that run. */
typedef struct tacho_observer tacho_observer;

/** A registration that can be undone. */
typedef struct tacho_callback tacho_callback;

/**
 * Reports the values of its instruments with tacho_observe_*. Runs once per collection and reader,
 * on the collecting thread, with no lock of tacho held: it may create instruments, record, and
 * unregister callbacks, itself included. It must not take unbounded time, must stand being run by
 * two readers at once, and should report each set of attributes once.
 */
typedef void (*tacho_observe_fn)(tacho_observer *observer, void *user);

/**
 * Creates an observable instrument; names and options as for tacho_meter_create_counter. If
 * `callback` is not NULL it is registered for this one instrument, for its lifetime; `user` must
 * live as long. Never NULL.
 */
TACHO_API tacho_observable *
tacho_meter_create_observable_counter(tacho_meter *meter, const char *name,
                                      const tacho_instrument_options *options,
                                      tacho_observe_fn callback, void *user);
TACHO_API tacho_observable *
tacho_meter_create_observable_counter_f64(tacho_meter *meter, const char *name,
                                          const tacho_instrument_options *options,
                                          tacho_observe_fn callback, void *user);
TACHO_API tacho_observable *
tacho_meter_create_observable_up_down_counter(tacho_meter *meter, const char *name,
                                              const tacho_instrument_options *options,
                                              tacho_observe_fn callback, void *user);
TACHO_API tacho_observable *
tacho_meter_create_observable_up_down_counter_f64(tacho_meter *meter, const char *name,
                                                  const tacho_instrument_options *options,
                                                  tacho_observe_fn callback, void *user);
TACHO_API tacho_observable *
tacho_meter_create_observable_gauge(tacho_meter *meter, const char *name,
                                    const tacho_instrument_options *options,
                                    tacho_observe_fn callback, void *user);
TACHO_API tacho_observable *
tacho_meter_create_observable_gauge_f64(tacho_meter *meter, const char *name,
                                        const tacho_instrument_options *options,
                                        tacho_observe_fn callback, void *user);

/**
 * Registers one callback for several instruments of this meter. Each call with `out` makes a
 * registration of its own; without, one that repeats an earlier one may be kept once. `observables`
 * is copied; `user` must live until the registration is undone.
 *
 * On success `*out` is the caller's: undo it with tacho_callback_unregister. `out` may be NULL for
 * a registration that stays as long as the meter.
 * Returns TACHO_OK; TACHO_E_INVALID (no function, no instruments, an instrument of another meter);
 * TACHO_E_NO_MEMORY. On a no-op meter, and where all instruments are no-ops, it returns TACHO_OK,
 * keeps nothing and writes NULL; no-ops among working instruments are left out.
 */
TACHO_API int tacho_meter_register_callback(tacho_meter *meter, tacho_observe_fn callback,
                                            void *user, tacho_observable *const *observables,
                                            size_t count, tacho_callback **out);

/**
 * Undoes a registration and frees it. When it returns, the callback does not run and never will
 * again, so that `user` may be freed; called from inside that very callback it returns at once and
 * the current run is the last. Must not be called while holding a lock that the callback takes.
 * Returns NULL.
 */
TACHO_API tacho_callback *tacho_callback_unregister(tacho_callback *callback);

/**
 * Reports the current value of `observable` for these attributes, inside a callback that was
 * registered for it; ignored anywhere else, and for an instrument of the other number type
 * converted. NaN and infinities are kept by gauges of doubles, and dropped and counted by the
 * others; so is a negative total of a counter. For one set reported twice in a collection the last
 * value counts; sets beyond the cardinality limit are added up, or for gauges replace one another,
 * in the overflow series.
 */
TACHO_API void tacho_observe_i64(tacho_observer *observer, tacho_observable *observable,
                                 int64_t value, tacho_attributes attributes);
TACHO_API void tacho_observe_f64(tacho_observer *observer, tacho_observable *observable,
                                 double value, tacho_attributes attributes);

/** How many series the SDK holds for the instrument, over all readers and views; overflow series
 * are not counted; 0 without an SDK and in a forked child. What callbacks no longer observe goes at
 * the next collection by itself. Any thread. */
TACHO_API size_t tacho_observable_series_count(tacho_observable *observable);

TACHO_END_DECLS

#endif
