/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the translation of OpenTelemetry metric names, units and attribute keys into Prometheus'
 * (PROM-01..17). Pure: no I/O, no state, no clock. Knows nothing of remote write or pull. */
#ifndef TACHOI_PROMETHEUS_NAMES_H
#define TACHOI_PROMETHEUS_NAMES_H

#include "base/text.h"
#include "tacho/sdk/metric_data.h"

/** Appends the metric name: escaped, with the unit's word and, for monotonic sums, _total. Without
 * the histogram suffixes. False if nothing usable remains (PROM-08); `out` is then undefined. */
bool tachoi_prometheus_metric_name(const tacho_metric *metric, struct tachoi_text *out);

/** Appends the word for a UCUM unit ("By/s" gives "bytes_per_second"); nothing for "" and "1". */
void tachoi_prometheus_unit_word(tacho_string unit, struct tachoi_text *out);

/** Appends the label name for an attribute key. False if nothing usable remains. */
bool tachoi_prometheus_label_name(tacho_string key, struct tachoi_text *out);

#endif
