/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one stream: which view of a group, advice, reader or default says each of its properties.
 * Knows nothing of selection, and reports nothing. (VIEW-09..19, VIEW-28, INST-14..17, AGG-03) */
#ifndef TACHOI_PIPELINE_VIEW_PLAN_H
#define TACHOI_PIPELINE_VIEW_PLAN_H

#include "pipeline/view_parts.h"

/** A view that selects the instrument. */
struct tachoi_selected_view {
    const tacho_view *view;
    const tacho_aggregation *aggregation; /* NULL if the view has none that suits the instrument */
};

/** The views that make one stream together, in order of registration; none for the default. */
struct tachoi_view_group {
    const struct tachoi_selected_view *members;
    size_t count;
};

/** Whether an instrument of this kind can have this aggregation: observable ones report totals, of
 * which there is no distribution. NULL and the default suit all. (VIEW-22) */
bool tachoi_aggregation_suits(const tacho_aggregation *aggregation, tacho_instrument_kind kind);

/** Plans the stream of a group; `*is_dropped` if there is to be none, with `out` untouched.
 * TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_stream_plan_make(struct tachoi_view_group group,
                            const struct tachoi_instrument_about *about,
                            const struct tachoi_collector_config *reader,
                            struct tachoi_stream_plan *out, bool *is_dropped);

#endif
