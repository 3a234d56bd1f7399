/* SPDX-License-Identifier: Apache-2.0 */
/* Owns views: what a view holds, which instruments it selects, and which streams an instrument has
 * for a reader: view beats reader beats default, view beats advice. Decides, makes no streams; its
 * only effect is to tell of a view that cannot be applied. (VIEW-01..29, INST-14..17, CARD-02) */
#ifndef TACHOI_PIPELINE_VIEW_H
#define TACHOI_PIPELINE_VIEW_H

#include "aggregation/aggregation.h"
#include "attributes/attribute_filter.h"
#include "pipeline/instrument_about.h"
#include "pipeline/pipeline.h"

/** All views of a provider. Immutable. */
struct tachoi_view_set {
    tacho_view *const *views;
    size_t count;
    bool are_composable;
};

/** One stream of an instrument for one reader. What it points to belongs to the views, the reader
 * or the instrument's description and must outlive it; the filter is the plan's own. */
struct tachoi_stream_plan {
    tacho_string name;
    tacho_string description;
    bool has_view_name;        /* a view gave the name */
    bool has_view_description; /* a view gave the description */
    struct tachoi_aggregation aggregation;
    tacho_temporality temporality; /* delta or cumulative; for gauges which series persist */
    struct tachoi_attribute_filter *filter;        /* NULL = all */
    uint32_t cardinality_limit;                    /* TACHO_NO_LIMIT */
    uint32_t idle_timeout_ms;                      /* 0 = never */
    const tacho_exemplar_reservoir_ops *reservoir; /* NULL = by the aggregation */
    void *reservoir_user;
};

/**
 * The streams that the instrument has for the reader: one for each view, or group of composable
 * views, that selects it, the default one where none does; those that are dropped are left out, and
 * those that are equal in all come once, which is told. `*out` is the caller's, `*count` may be 0.
 * Takes no lock; may report diagnostics. TACHO_OK or TACHO_E_NO_MEMORY.
 */
int tachoi_views_resolve(const struct tachoi_view_set *views, const tacho_scope *scope,
                         const struct tachoi_instrument_about *about,
                         const struct tachoi_collector_config *reader,
                         struct tachoi_stream_plan **out, size_t *count);
void tachoi_stream_plans_free(struct tachoi_stream_plan *plans, size_t count);

/** Whether both mean the same stream, name (without regard to case) and description included. */
bool tachoi_stream_plan_equals(const struct tachoi_stream_plan *a,
                               const struct tachoi_stream_plan *b);

/** Checks the parameters of an aggregation, for views and readers: TACHO_OK, or TACHO_E_INVALID,
 * TACHO_E_UNSUPPORTED with what is wrong in `out`: "tacho_aggregation.boundaries[2] is 5: ...". */
int tachoi_aggregation_check(const tacho_aggregation *aggregation, char *out, size_t out_size);
#define TACHOI_AGGREGATION_TEXT_BYTES 224

/** Copies an aggregation that is good, with its boundaries, and frees that copy with tachoi_free;
 * NULL when memory is short. */
tacho_aggregation *tachoi_aggregation_copy(const tacho_aggregation *aggregation);

/** Makes a provider the owner of a view; TACHO_OK, TACHO_E_INVALID (NULL), TACHO_E_BUSY. */
int tachoi_view_claim(tacho_view *view);
/** Frees a view that its caller owns. NULL is allowed. */
void tachoi_view_free(tacho_view *view);

#endif
