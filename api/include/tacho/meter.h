/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way from a provider to a meter and the options that all instruments share.
 * Source: OpenTelemetry specification, metrics/api.md (API-01..23, API-49, API-50). */
#ifndef TACHO_METER_H
#define TACHO_METER_H

#include "tacho/attributes.h"
#include "tacho/export.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

/** Hands out meters. The SDK makes one; the global one exists always. */
typedef struct tacho_meter_provider tacho_meter_provider;

/** Creates instruments for one instrumentation scope: a library, or a part of the application. */
typedef struct tacho_meter tacho_meter;

/** The seven kinds of instruments. */
typedef enum tacho_instrument_kind {
    TACHO_INSTRUMENT_COUNTER = 0,
    TACHO_INSTRUMENT_UP_DOWN_COUNTER = 1,
    TACHO_INSTRUMENT_GAUGE = 2,
    TACHO_INSTRUMENT_HISTOGRAM = 3,
    TACHO_INSTRUMENT_OBSERVABLE_COUNTER = 4,
    TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER = 5,
    TACHO_INSTRUMENT_OBSERVABLE_GAUGE = 6
} tacho_instrument_kind;

/** How many there are, for tables indexed by the kind. */
#define TACHO_INSTRUMENT_KINDS 7

/** What an instrument counts in. */
typedef enum tacho_number_type { TACHO_NUMBER_I64 = 0, TACHO_NUMBER_F64 = 1 } tacho_number_type;

/* Threads: every function of the API may be called from any thread at any time.
 * Ownership: meters and instruments are borrowed from their provider and live as long as it does;
 * those of the global provider live until the process ends.
 * Nothing here returns NULL: a failure gives an object that does nothing and can be used as any
 * other. A NULL handle is accepted everywhere and does nothing. */

/** Which code measures. Zero or NULL members are absent. */
typedef struct tacho_scope_options {
    size_t struct_size;          /**< Required. sizeof(tacho_scope_options). */
    const char *version;         /**< Optional (NULL = none). Version of the measuring library. */
    const char *schema_url;      /**< Optional (NULL = none). */
    tacho_attributes attributes; /**< Optional (count 0 = none). Identify the scope as well. */
} tacho_scope_options;

/**
 * A meter for the scope `name`. Equal name, version, schema URL and attributes give an equal
 * meter. `name` should not be empty; if it is, the meter works and a warning is reported.
 * Everything is copied. May allocate; call it once and keep the meter. (API-02..06, SDK-05)
 */
TACHO_API tacho_meter *tacho_meter_provider_get_meter(tacho_meter_provider *provider,
                                                      const char *name,
                                                      const tacho_scope_options *options);

/**
 * The process-wide provider that libraries instrument against. It is the same object for ever:
 * what is created from it does nothing until an SDK is installed, and records from then on.
 * What was measured before is gone. It remembers at most 4096 meters, 65536 instruments and 65536
 * bound instruments and callbacks each; what exceeds them does nothing before an SDK is installed,
 * and belongs to the SDK's provider directly after. (API-01)
 */
TACHO_API tacho_meter_provider *tacho_meter_provider_global(void);

/**
 * Installs `provider` behind the global one; NULL takes the installed one away. Existing
 * instruments of the global provider follow. Destroying an installed provider takes it away too.
 *
 * Returns TACHO_OK; TACHO_E_INVALID if `provider` is the global provider itself or is being
 * destroyed; TACHO_E_UNSUPPORTED if a provider of another SDK has been installed before;
 * TACHO_E_NO_MEMORY.
 */
TACHO_API int tacho_meter_provider_set_global(tacho_meter_provider *provider);

/** A provider that does nothing and keeps nothing. Valid for ever. (NOOP-01..09) */
TACHO_API tacho_meter_provider *tacho_meter_provider_noop(void);

/** The empty list of boundaries as opposed to none given: one bucket, only count and sum. */
#define TACHO_NO_BOUNDARIES ((const double *)tacho_empty_list())
TACHO_API const void *tacho_empty_list(void);

/** Descriptive and advisory parameters of an instrument. */
typedef struct tacho_instrument_options {
    size_t struct_size; /**< Required. sizeof(tacho_instrument_options). */
    const char *unit;   /**< Optional (NULL = ""). UCUM, case-sensitive: "s", "By", "{request}". */
    const char *description; /**< Optional (NULL = ""). UTF-8. */
    /**
     * Optional (NULL = the SDK's default). Advisory: bucket boundaries of a histogram, finite and
     * strictly increasing; ignored with a warning otherwise. TACHO_NO_BOUNDARIES for none at all.
     */
    const double *explicit_bucket_boundaries;
    size_t explicit_bucket_boundary_count; /**< Number of boundaries. */
    /**
     * Optional (NULL = all). Advisory, all kinds: the keys of the attributes to keep where no view
     * names any; recording accepts others all the same. An empty list (a pointer, count 0) keeps
     * none; its keys must not be NULL or empty, else the list is ignored with a warning.
     * (API-24, API-40, INST-17)
     */
    const char *const *attribute_keys;
    size_t attribute_key_count; /**< Number of keys. */
} tacho_instrument_options;

/**
 * Parameters for tacho_*_enabled. Reserved for growth: pass NULL.
 */
typedef struct tacho_enabled_options {
    size_t struct_size; /**< Required. sizeof(tacho_enabled_options). */
} tacho_enabled_options;

TACHO_END_DECLS

#endif
