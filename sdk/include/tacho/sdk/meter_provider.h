/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the life of a meter provider: it joins instruments to readers, and ends in an orderly way.
 *
 *     tacho_metric_exporter *exporter = NULL;
 *     tacho_metric_reader *reader = NULL;
 *     tacho_meter_provider *provider = NULL;
 *     tacho_console_exporter_create(NULL, &exporter);
 *     tacho_periodic_reader_create(exporter, NULL, &reader);
 *     tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader,
 *                                               .reader_count = 1), &provider);
 *     tacho_meter_provider_set_global(provider);
 *     ... the application runs ...
 *     tacho_meter_provider_shutdown(provider, 500);
 *     tacho_meter_provider_destroy(provider);
 *
 * Source: OpenTelemetry specification, metrics/sdk.md "MeterProvider" (SDK-01..19). */
#ifndef TACHO_SDK_METER_PROVIDER_H
#define TACHO_SDK_METER_PROVIDER_H

#include "tacho/meter.h"
#include "tacho/sdk/exemplar.h"
#include "tacho/sdk/metric_reader.h"
#include "tacho/sdk/resource.h"
#include "tacho/sdk/view.h"

TACHO_BEGIN_DECLS

#ifdef TACHO_ENABLE_EXPERIMENTAL
/** How the meters of one scope work. Experimental. (SDK-20..22) */
typedef struct tacho_meter_config {
    size_t struct_size; /**< Set by the caller of the configurator. */
    bool disabled;      /**< Its instruments do nothing, as those of a no-op meter. */
} tacho_meter_config;

/**
 * Says how the meter of `scope` works, when it is made and when the configurator is replaced: fills
 * `out`, which is zero but for struct_size, and returns true; false: by default. Called with no
 * lock held; must not call into the provider. Experimental.
 */
typedef bool (*tacho_meter_configurator_fn)(const tacho_scope *scope, tacho_meter_config *out,
                                            void *user);
#endif

typedef struct tacho_meter_provider_options {
    size_t struct_size; /**< Required. sizeof(tacho_meter_provider_options). */
    /**
     * Optional (NULL = none). Taken over. Merged over what the environment says
     * (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) and the defaults: telemetry.sdk.*, service.name
     * ("unknown_service:<program>") and a random service.instance.id.
     */
    tacho_resource *resource;
    /** Optional (NULL = none). The readers are taken over; the array is copied. */
    tacho_metric_reader *const *readers;
    size_t reader_count; /**< Number of readers. Without one, nothing is recorded. */
    /**
     * Optional (NULL = the system's). Copied; times all points. If the provider is installed behind
     * the global one, its functions may still be called while and after it is destroyed, by threads
     * that record meanwhile.
     */
    const tacho_clock *clock;
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
    /** Optional (NULL = none). The views are taken over, on success and on failure; the array is
     * copied. In order of registration. */
    tacho_view *const *views;
    size_t view_count;                     /**< Number of views. */
    tacho_exemplar_filter exemplar_filter; /**< Optional (0 = from the environment). */
    /**
     * Optional. Measure the SDK itself, under OpenTelemetry's names (otel.sdk.*): opt-in, as the
     * names may still change. The durations of collections, and what becomes of the points that
     * are exported; of an exporter that keeps an account (the table has `delivery`), and so
     * delivers later what it accepts now, as that account tells, in samples. Exporters whose table
     * has `observe` measure themselves beside that. (OBS-01..04)
     */
    bool enable_self_observation;
    /** Optional (NULL = the global provider). Which provider measures that; may be another one
     * than this, whose life then must not end first. */
    tacho_meter_provider *self_observation_provider;
#ifdef TACHO_ENABLE_EXPERIMENTAL
    tacho_view_matching_mode view_matching_mode;    /**< Optional (0 = independent). */
    tacho_meter_configurator_fn meter_configurator; /**< Optional (NULL = all by default). */
    void *meter_configurator_user;                  /**< Handed to it. */
#else
    int experimental_1;           /**< Leave zero. */
    void (*experimental_2)(void); /**< Leave zero. */
    void *experimental_3;         /**< Leave zero. */
#endif
} tacho_meter_provider_options;

/**
 * Makes a provider and starts its readers. Takes the resource, the readers and the views over, on
 * success and on failure. With OTEL_SDK_DISABLED=true the provider hands out no-op meters and
 * starts nothing. `options` may be NULL. Returns TACHO_OK, TACHO_E_INVALID (a NULL reader or view,
 * an incomplete clock, an exemplar_filter that there is not, no `out`; or a struct_size that is too
 * small, then nothing is taken over, as nothing can be read), TACHO_E_BUSY (a reader or view that
 * has a provider, which is left alone, or is in the list twice), TACHO_E_UNSUPPORTED,
 * TACHO_E_NO_MEMORY, TACHO_E_SYSTEM (no thread), TACHO_E_FORKED (a reader of the parent process).
 * A failure is told to the diagnostics handler, too. Any thread.
 */
TACHO_API int tacho_meter_provider_create(const tacho_meter_provider_options *options,
                                          tacho_meter_provider **out);

/**
 * Collects and exports all readers now and waits until their exporters have delivered. One deadline
 * covers it all. `timeout_ms`: 0 = 5000; TACHO_NO_TIMEOUT. Any thread.
 * Given the global provider, it flushes the installed one.
 * Returns TACHO_OK (everything arrived), TACHO_E_TIMEOUT, TACHO_E_FAILED (some was refused or
 * lost), TACHO_E_SHUTDOWN, TACHO_E_INVALID, TACHO_E_FORKED, TACHO_E_BUSY (called from inside one of
 * its callbacks or exporters, for which it would have to wait). tacho_meter_provider_delivery says
 * how much.
 */
TACHO_API int tacho_meter_provider_force_flush(tacho_meter_provider *provider, uint32_t timeout_ms);

/**
 * Ends the provider: a last collection and export of all readers, delivery, and the end of all
 * threads, under one deadline (0 = 5000 ms). Instruments stay usable and do nothing any more.
 * The first call counts; a second one, also a concurrent one, waits for the first and returns its
 * result. What could not be delivered is reported to the diagnostics handler with its number.
 * Any thread. Returns as tacho_meter_provider_force_flush.
 */
TACHO_API int tacho_meter_provider_shutdown(tacho_meter_provider *provider, uint32_t timeout_ms);

/** The account of all exporters of the provider together. Any thread, also after shutdown. */
TACHO_API void tacho_meter_provider_delivery(tacho_meter_provider *provider, tacho_delivery *out);

/**
 * Shuts down if nobody did (with the default timeout), takes the provider away from behind the
 * global one, and frees it with its readers, exporters, meters and instruments. Nobody may record
 * through instruments obtained directly from it any more. Those of the global provider stay valid,
 * and any thread may use them, and the global provider itself, meanwhile. Therefore of a provider
 * that was ever installed the threads end and readers, exporters and resource are freed, but it
 * keeps the memory of its instruments, series and bound handles until the process ends, reachable,
 * so that a call that had begun can end; what it records is dropped. A program that installs a new
 * provider again and again pays this each time.
 * NULL is allowed. In a forked child it frees nothing. From inside a callback or an exporter of the
 * provider it is refused, with a diagnostic.
 */
TACHO_API void tacho_meter_provider_destroy(tacho_meter_provider *provider);

#ifdef TACHO_ENABLE_EXPERIMENTAL
/**
 * Replaces the meter configurator; NULL: all meters by default. When it returns, the meters that
 * exist follow the new one. Any thread. Experimental. Returns TACHO_OK, TACHO_E_INVALID,
 * TACHO_E_SHUTDOWN (it is being destroyed), TACHO_E_FORKED, TACHO_E_NO_MEMORY (nothing was
 * changed). (SDK-08, SDK-09, SDK-22)
 */
TACHO_API int tacho_meter_provider_set_meter_configurator(tacho_meter_provider *provider,
                                                          tacho_meter_configurator_fn configurator,
                                                          void *user);
#endif

TACHO_END_DECLS

#endif
