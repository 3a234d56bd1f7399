/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the translation of OpenTelemetry metric names, units and attribute keys into Prometheus'
 * (PROM-01..17). Pure: no I/O, no state, no clock. Knows nothing of remote write or pull. */
#ifndef TACHOI_PROMETHEUS_NAMES_H
#define TACHOI_PROMETHEUS_NAMES_H

#include "base/text.h"
#include "tacho/sdk/metric_data.h"

/**
 * Appends the metric name: escaped, with the unit's word and, for monotonic sums, _total. Without
 * the histogram suffixes. Each of both is left out where the name ends with it; a name that ends in
 * _total keeps that last. False if nothing usable remains, that is no letter, digit or colon
 * (PROM-08); `out` is then unchanged. A lack of memory shows in `out->failed` alone.
 */
bool tachoi_prometheus_metric_name(const tacho_metric *metric, struct tachoi_text *out);

/** Appends the word for a UCUM unit ("By/s" gives "bytes_per_second"); nothing for "" and "1". */
void tachoi_prometheus_unit_word(tacho_string unit, struct tachoi_text *out);

/**
 * Appends the label name for an attribute key: escaped, runs of underscores collapsed (so it never
 * begins with "__": RW1-07), "key_" before a digit. False, `out` unchanged, if nothing usable
 * remains, that is no letter or digit. A lack of memory shows in `out->failed` alone.
 */
bool tachoi_prometheus_label_name(tacho_string key, struct tachoi_text *out);

#endif
