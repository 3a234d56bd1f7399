/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the way of a measurement into the exemplars of its series: the filter, the context, what the
 * point does not carry, and the making of the series' reservoir when it is first needed. Knows
 * nothing of cells or limits; reservoirs are in aggregation/. (EXM-01..25)
 *
 *               consider   collect   fini
 *   consider      yes        yes      no
 *   collect       yes        no*      no
 *
 * (*) collections of a stream are serialised. consider runs inside record calls and, where the
 * filter lets the measurement pass, may read the clock, call the application's hook, and allocate
 * the reservoir once; it is outside the promise of async-signal-safety then. */
#ifndef TACHOI_STORAGE_EXEMPLARS_H
#define TACHOI_STORAGE_EXEMPLARS_H

#include <stdatomic.h>

#include "aggregation/aggregation.h"
#include "attributes/attribute_filter.h"
#include "base/arena.h"
#include "tacho/sdk/clock.h"
#include "tacho/sdk/exemplar.h"
#include "tacho/spi.h"

/** What all series of a stream share. Immutable. */
struct tachoi_exemplar_policy {
    tacho_exemplar_filter filter; /* TRACE_BASED or ALWAYS_ON; streams without exemplars have no
                                     policy */
    const tacho_spi_context_slot *context;   /* tacho_spi_context() */
    const tacho_exemplar_reservoir_ops *ops; /* NULL = the default of the aggregation */
    void *user;
    const tacho_clock *clock;
    tacho_instrument_kind kind;
    tacho_number_type number_type; /* of the measurements */
    tacho_temporality temporality;
    const struct tachoi_attribute_filter *attribute_filter; /* of the stream; NULL = all */
    const struct tachoi_aggregation *aggregation;           /* outlives the series */
};

/** The exemplars of one series; zeroed = none yet. */
struct tachoi_series_exemplars {
    _Atomic(void *) reservoir;
};

/** Which series is meant, as its exemplars see it. */
struct tachoi_exemplar_target {
    struct tachoi_series_exemplars *exemplars;
    const unsigned char *attributes; /* packed */
    size_t attributes_size;
    bool is_overflow; /* its points carry none of what was recorded */
};

/** A measurement; of the two values the one of the policy's number type counts. */
union tachoi_measured {
    int64_t i64;
    double f64;
};

/** Whether a measurement may become an exemplar at all now: cheap, for the recording path. */
static inline bool tachoi_exemplars_are_on(const struct tachoi_exemplar_policy *policy) {
    /* acquire; pairs with the release of the API's store: the hook is complete */
    return policy != NULL && (policy->filter == TACHO_EXEMPLAR_FILTER_ALWAYS_ON ||
                              atomic_load_explicit(policy->context, memory_order_acquire) != NULL);
}

/** What is not NULL as long as tachoi_exemplars_are_on: to be asked with one load (acquire). Lives
 * as long as the policy. */
const tacho_spi_context_slot *tachoi_exemplars_switch(const struct tachoi_exemplar_policy *policy);

/** Asks the filter and offers the measurement to the series' reservoir. `attributes`: all that were
 * recorded. `is_synchronous`: has a context. Call it where tachoi_exemplars_are_on. */
void tachoi_exemplars_consider(const struct tachoi_exemplar_policy *policy,
                               const struct tachoi_exemplar_target *target,
                               union tachoi_measured value, tacho_attributes attributes,
                               bool is_synchronous);

/** What was sampled, in the arena; without what memory is short for. `policy` may be NULL: none.
 * Collector. */
void tachoi_exemplars_collect(const struct tachoi_exemplar_policy *policy,
                              struct tachoi_series_exemplars *exemplars, struct tachoi_arena *arena,
                              tacho_exemplars *out);

/** Frees the reservoir if there is one; the series then has no exemplars yet. */
void tachoi_exemplars_fini(const struct tachoi_exemplar_policy *policy,
                           struct tachoi_series_exemplars *exemplars);

#endif
