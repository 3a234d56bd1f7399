/* SPDX-License-Identifier: Apache-2.0 */
/* Owns views: which instruments they select and how the streams of these look.
 *
 *     tacho_view *view = NULL;
 *     tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "http.server.*",
 *                                     .excluded_keys = (const char *const[]){"client.address"},
 *                                     .excluded_key_count = 1), &view);
 *     ... TACHO_OPTIONS(tacho_meter_provider_options, .views = &view, .view_count = 1, ...)
 *
 * Each view that selects an instrument gives it a stream; an instrument that no view selects has
 * the default stream of its kind. Wildcards: `*` stands for any characters, none included, `?` for
 * one. Instrument names match without regard to ASCII case, as they are case-insensitive; all else
 * matches exactly.
 *
 * Attributes that a view leaves out are not lost to exemplars, which carry them as filtered
 * attributes: to keep them from leaving the process, switch exemplars off
 * (TACHO_EXEMPLAR_FILTER_ALWAYS_OFF) or give the view a reservoir that leaves them out.
 * Source: OpenTelemetry specification, metrics/sdk.md "View" (VIEW-01..29). */
#ifndef TACHO_SDK_VIEW_H
#define TACHO_SDK_VIEW_H

#include "tacho/sdk/aggregation.h"
#include "tacho/sdk/exemplar.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

/** A view. Give it to a provider, which then owns it. Immutable. */
typedef struct tacho_view tacho_view;

/** A kind of instrument in tacho_view_options.instrument_types. */
#define TACHO_INSTRUMENT_TYPE(kind) (UINT32_C(1) << (unsigned)(kind))

typedef struct tacho_view_options {
    size_t struct_size; /**< Required. sizeof(tacho_view_options). */

    /* Which instruments: all that match every criterion given. */
    const char *instrument_name; /**< Optional (NULL = any). With wildcards. */
    /** Optional (0 = all). TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_COUNTER) | ... */
    uint32_t instrument_types;
    const char *unit;             /**< Optional (NULL = any; "" = those without a unit). Exact. */
    const char *meter_name;       /**< Optional (NULL = any). With wildcards. */
    const char *meter_version;    /**< Optional (NULL = any). Exact. */
    const char *meter_schema_url; /**< Optional (NULL = any). Exact. */

    /* How the stream looks. */
    /** Optional (NULL = the instrument's). Any text. Needs an instrument_name without wildcards, as
     * several instruments must not become one. */
    const char *name;
    const char *description; /**< Optional (NULL = the instrument's). */
    /** Optional (NULL = all, or those that the instrument advises). The keys of the attributes to
     * keep; a pointer with count 0 keeps none. */
    const char *const *included_keys;
    size_t included_key_count;
    /** Optional (NULL = none). The keys of the attributes to leave out. A key in both lists is an
     * error. */
    const char *const *excluded_keys;
    size_t excluded_key_count;
    /** Optional (NULL, or of type default = what the reader has for the kind). Copied. Observable
     * instruments cannot have histograms: such a view does not apply to them, with a warning. */
    const tacho_aggregation *aggregation;
    /** Optional (NULL = by the aggregation). Lives as long as the process. */
    const tacho_exemplar_reservoir_ops *exemplar_reservoir;
    void *exemplar_reservoir_user; /**< Handed to its create. */
    /** Optional (0 = the reader's; TACHO_NO_LIMIT = none). Series beside the overflow series. */
    uint32_t cardinality_limit;
    /**
     * Optional (0 = never). Synchronous instruments: a series that was not recorded for this long
     * is removed at a collection, as tacho_counter_remove does, unless it is bound. Milliseconds on
     * the provider's monotonic clock.
     */
    uint32_t idle_timeout_ms;
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
} tacho_view_options;

/**
 * Makes a view; everything is copied. On success `*out` is the caller's: give it to a provider or
 * destroy it. Returns TACHO_OK; TACHO_E_INVALID (a name for several instruments, a key in both
 * lists, an empty key, boundaries that are not finite and strictly increasing, a parameter of the
 * aggregation out of its range, an incomplete reservoir, no `out`); TACHO_E_UNSUPPORTED;
 * TACHO_E_NO_MEMORY. A failure is told to the diagnostics handler, too, and names the field. Any
 * thread.
 */
TACHO_API int tacho_view_create(const tacho_view_options *options, tacho_view **out);

/** Frees a view that no provider has taken. NULL is allowed. */
TACHO_API void tacho_view_destroy(tacho_view *view);

#ifdef TACHO_ENABLE_EXPERIMENTAL
/** How several views that select one instrument work together. Experimental. (VIEW-25..29) */
typedef enum tacho_view_matching_mode {
    TACHO_VIEW_MATCHING_INDEPENDENT = 0, /**< each gives a stream of its own */
    /**
     * Views of one name make one stream together, and those without a name join each of them (or
     * make one, where no view has a name): for each property the last view that gives it counts
     * (an aggregation of type default takes back what an earlier view says); attributes must pass
     * the lists of all.
     */
    TACHO_VIEW_MATCHING_COMPOSABLE = 1
} tacho_view_matching_mode;
#endif

TACHO_END_DECLS

#endif
