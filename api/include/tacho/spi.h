/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the joint between the API and an SDK: what an SDK fills so that the API's calls reach it.
 * Only SDK authors include this file.
 *
 * Every handle of the API begins with a pair {ops, self}. A call loads `ops`, then `self`, and
 * calls through: one indirect call, no lock. The API's own handles (the global provider's) start
 * with no-op tables; installing an SDK stores `self` first and then `ops` with release order, which
 * pairs with the acquire load of `ops` in each call. Taking an SDK away stores the no-op table and
 * leaves `self`, so a caller that had loaded the old table still finds the old object. A provider
 * that was ever installed must therefore keep what such a call touches for ever; `installed` tells
 * it so.
 *
 * Tables are constant, live for ever and start with struct_size; they grow at the end only. All
 * instruments of one kind and number type share one table, whichever provider of the SDK made them,
 * and so do their bound handles: a caller may load the table of one object and then the `self` of
 * the next.
 *
 * Every function is safe in the child of a fork(), also when `self` belongs to the parent and other
 * threads were inside the SDK at the fork: at the least it returns without waiting for them.
 *
 * Options arrive as the caller gave them, or, through the global provider, as a copy of what the
 * API knows. A struct_size that is too small stays as it was given; one of SIZE_MAX says that
 * members were set that the API does not know. In both cases nothing else may be read: the SDK
 * reports them as it does its direct callers'. */
#ifndef TACHO_SPI_H
#define TACHO_SPI_H

#include "tacho/bound.h"
#include "tacho/context.h"
#include "tacho/observable.h"

#ifdef __cplusplus
#include <atomic>
#define TACHO_SPI_ATOMIC(type) std::atomic<type>
#else
#include <stdatomic.h>
#define TACHO_SPI_ATOMIC(type) _Atomic(type)
#endif

TACHO_BEGIN_DECLS

/** What a meter is asked to create; `name` may be NULL or wrong, the SDK judges. */
typedef struct tacho_spi_instrument_request {
    tacho_instrument_kind kind;
    tacho_number_type number_type;
    const char *name;
    const tacho_instrument_options *options; /**< may be NULL; borrowed for the call */
} tacho_spi_instrument_request;

struct tacho_spi_bound;
struct tacho_spi_instrument;

typedef struct tacho_spi_bound_ops {
    size_t struct_size;
    void (*record_i64)(void *self, int64_t value); /**< NULL where the number type is f64 */
    void (*record_f64)(void *self, double value);  /**< NULL where the number type is i64 */
    void (*release)(void *self);
} tacho_spi_bound_ops;

/** First member of every bound handle. */
typedef struct tacho_spi_bound {
    TACHO_SPI_ATOMIC(const tacho_spi_bound_ops *) ops;
    TACHO_SPI_ATOMIC(void *) self;
} tacho_spi_bound;

typedef struct tacho_spi_instrument_ops {
    size_t struct_size;
    void (*record_i64)(void *self, int64_t value, tacho_attributes attributes);
    void (*record_f64)(void *self, double value, tacho_attributes attributes);
    bool (*enabled)(void *self, const tacho_enabled_options *options);
    /** NULL on failure (the API answers with a no-op) and for observable instruments. */
    tacho_spi_bound *(*bind)(void *self, tacho_attributes attributes);
    /** As tacho_counter_remove; NULL for observable instruments. May be NULL or missing: nothing is
     * ever found. */
    int (*remove)(void *self, tacho_attributes attributes);
    /** As tacho_counter_series_count. May be NULL or missing: 0. */
    size_t (*series_count)(void *self);
} tacho_spi_instrument_ops;

/** First member of every instrument, observable ones included. */
typedef struct tacho_spi_instrument {
    TACHO_SPI_ATOMIC(const tacho_spi_instrument_ops *) ops;
    TACHO_SPI_ATOMIC(void *) self;
} tacho_spi_instrument;

typedef struct tacho_spi_callback_ops {
    size_t struct_size;
    /** Waits for a running callback, as the public call promises. Like recording, and unlike all
     * other functions, it may begin and go on after tacho_spi_uninstall has returned. */
    void (*unregister)(void *self);
} tacho_spi_callback_ops;

/** First member of every callback registration. */
typedef struct tacho_spi_callback {
    TACHO_SPI_ATOMIC(const tacho_spi_callback_ops *) ops;
    TACHO_SPI_ATOMIC(void *) self;
} tacho_spi_callback;

typedef struct tacho_spi_observer_ops {
    size_t struct_size;
    void (*observe_i64)(void *self, const tacho_spi_instrument *instrument, int64_t value,
                        tacho_attributes attributes);
    void (*observe_f64)(void *self, const tacho_spi_instrument *instrument, double value,
                        tacho_attributes attributes);
} tacho_spi_observer_ops;

/** First member of the observer that an SDK hands to a callback. */
typedef struct tacho_spi_observer {
    const tacho_spi_observer_ops *ops;
    void *self;
} tacho_spi_observer;

typedef struct tacho_spi_meter_ops {
    size_t struct_size;
    /** NULL on failure: the API answers with a no-op instrument. */
    tacho_spi_instrument *(*create_instrument)(void *self,
                                               const tacho_spi_instrument_request *request);
    /** As tacho_meter_register_callback. An instrument may be one of the API's own: its current
     * `self` is the SDK's object if its `ops` are the SDK's. It must not wait for callbacks that
     * run. */
    int (*register_callback)(void *self, tacho_observe_fn callback, void *user,
                             const tacho_spi_instrument *const *observables, size_t count,
                             tacho_spi_callback **out);
} tacho_spi_meter_ops;

/** First member of every meter. */
typedef struct tacho_spi_meter {
    TACHO_SPI_ATOMIC(const tacho_spi_meter_ops *) ops;
    TACHO_SPI_ATOMIC(void *) self;
} tacho_spi_meter;

typedef struct tacho_spi_provider_ops {
    size_t struct_size;
    /** NULL on failure: the API answers with a no-op meter. */
    tacho_spi_meter *(*get_meter)(void *self, const char *name, const tacho_scope_options *options);
    /**
     * Optional (NULL = of no interest). Tells that the provider was installed behind the global
     * one, before tacho_meter_provider_set_global and any tacho_spi_uninstall of it return; each
     * time anew. From then on threads that nobody can stop may be inside its instruments and bound
     * handles, or unregister its callbacks, at any time, also after it was taken away.
     */
    void (*installed)(void *self);
} tacho_spi_provider_ops;

/** First member of every meter provider. */
typedef struct tacho_spi_provider {
    TACHO_SPI_ATOMIC(const tacho_spi_provider_ops *) ops;
    TACHO_SPI_ATOMIC(void *) self;
} tacho_spi_provider;

/** Where the application's hook (tacho/context.h) stands. */
typedef struct tacho_spi_context_hook {
    tacho_context_fn hook;
    void *user;
} tacho_spi_context_hook;

typedef TACHO_SPI_ATOMIC(const tacho_spi_context_hook *) tacho_spi_context_slot;

/**
 * The place of the hook, NULL in it where none is set; valid for ever. An SDK keeps its address and
 * loads from it (acquire) for each measurement that may become an exemplar, which spares it a call.
 */
TACHO_API const tacho_spi_context_slot *tacho_spi_context(void);

/**
 * The provider that `provider` stands for: the installed one (NULL if none) for the global
 * provider, else itself. An SDK uses it before it casts.
 */
TACHO_API tacho_meter_provider *tacho_spi_resolve(tacho_meter_provider *provider);

/**
 * Takes `provider` away from behind the global one, for good, if it was ever installed; when it
 * returns, no call of the global provider's objects newly reaches it, but for `unregister`. An SDK
 * calls it when a provider is destroyed, after its last collection and before it frees anything.
 * It waits until the global provider's calls to SPI functions other than recording and
 * `unregister` are over; so it must not be called from inside one of them.
 */
TACHO_API void tacho_spi_uninstall(tacho_meter_provider *provider);

TACHO_END_DECLS

#endif
