/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the judgement of what metric producers give: whether exporters can walk it without harm, and
 * the rules of the data model that they rely on. Pure. (DM-06, DM-08) */
#ifndef TACHOI_READER_PRODUCED_CHECK_H
#define TACHOI_READER_PRODUCED_CHECK_H

#include <stdbool.h>

#include "tacho/sdk/metric_producer.h"

/** NULL if the scope is good, else what is wrong, for "a scope is left out: %s". */
const char *tachoi_produced_scope_fault(const tacho_scope *scope);

/** The same of a metric with all its points. */
const char *tachoi_produced_metric_fault(const tacho_metric *metric);

/** Whether an array of structs of this size can be walked: at least `least` bytes each, aligned. */
bool tachoi_produced_array_is_walkable(const void *items, size_t count, size_t size, size_t least);

/** The attributes of a point, whatever the metric's type: all points have them at one place. */
const tacho_attributes *tachoi_point_attributes(const tacho_metric *metric, size_t index);

#endif
