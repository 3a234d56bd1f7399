/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which points remote write cannot carry, and what is told about them (EXP-01). Such points
 * are never accepted: they are counted as points, apart from the account of samples. */
#ifndef TACHOI_REMOTE_WRITE_UNSUPPORTED_H
#define TACHOI_REMOTE_WRITE_UNSUPPORTED_H

#include "tacho/sdk/metric_data.h"

/** Whether any point of the metric can be sent: type and temporality. */
bool tachoi_is_metric_supported(const tacho_metric *metric);

/** Whether point `index` of such a metric has a value to send. */
bool tachoi_is_point_supported(const tacho_metric *metric, size_t index);

/** Tells that `points` points of the metric are not sent, why, and what helps. */
void tachoi_report_unsupported(const tacho_metric *metric, size_t points);

/** Tells that exemplars are not sent. */
void tachoi_report_exemplars(void);

#endif
