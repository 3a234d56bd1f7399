/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which points remote write cannot carry, and what is told about them (EXP-01). Such points
 * are never accepted: they are counted as points, apart from the account of samples. */
#ifndef TACHOI_REMOTE_WRITE_UNSUPPORTED_H
#define TACHOI_REMOTE_WRITE_UNSUPPORTED_H

#include <stddef.h>

#include "tacho/sdk/metric_data.h"

enum tachoi_unsupported {
    TACHOI_SUPPORTED,
    TACHOI_UNSUPPORTED_TYPE,              /* this version does not know it */
    TACHOI_UNSUPPORTED_NATIVE_HISTOGRAMS, /* switched off */
    TACHOI_UNSUPPORTED_SCALE,             /* below -4 */
    TACHOI_UNSUPPORTED_NO_SUM,            /* of an exponential histogram */
    TACHOI_UNSUPPORTED_INVALID_HISTOGRAM, /* its count and its buckets disagree */
    TACHOI_UNSUPPORTED_DELTA_ORDER,       /* it begins before the last one ended */
    TACHOI_UNSUPPORTED_DELTA_BUCKETS,     /* its buckets do not fit the total */
    TACHOI_UNSUPPORTED_DELTA_WITHOUT_ID   /* its series cannot be known again */
};

/** Whether points of the metric can be sent, as far as its type tells. */
enum tachoi_unsupported tachoi_unsupported_metric(const tacho_metric *metric,
                                                  bool sends_native_histograms);

/** Tells that `points` points of the metric are not sent, why, and what helps. */
void tachoi_report_unsupported(const tacho_metric *metric, enum tachoi_unsupported why,
                               size_t points);

#endif
