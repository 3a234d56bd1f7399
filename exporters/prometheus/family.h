/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is told of a metric beside its values: family name, type, help and unit (PROM-05,
 * PROM-10, PROM-18, PROM-20, RW1-13). Pure but for the memory of the texts. Knows nothing of remote
 * write or pull. */
#ifndef TACHOI_PROMETHEUS_FAMILY_H
#define TACHOI_PROMETHEUS_FAMILY_H

#include "prometheus/labels.h"

/** As Prometheus' messages number them. */
enum tachoi_prometheus_type {
    TACHOI_PROMETHEUS_UNKNOWN = 0,
    TACHOI_PROMETHEUS_COUNTER = 1,
    TACHOI_PROMETHEUS_GAUGE = 2,
    TACHOI_PROMETHEUS_HISTOGRAM = 3,
    TACHOI_PROMETHEUS_SUMMARY = 5,
    TACHOI_PROMETHEUS_INFO = 6,
    TACHOI_PROMETHEUS_STATESET = 7
};

/** Texts are well-formed UTF-8 without NUL. */
struct tachoi_prometheus_family {
    enum tachoi_prometheus_type type;
    tacho_string name; /* as of its series, without _bucket, _count, _sum; counters keep _total */
    tacho_string help; /* empty if there is none */
    tacho_string
        unit; /* Prometheus' word, whether the name has it or not; empty if there is none */
};

/** What Prometheus calls a metric's type. Sums that may fall are gauges, and either may be more by
 * the metric's metadata; explicit and exponential histograms are both histograms. */
enum tachoi_prometheus_type tachoi_prometheus_type_of(const tacho_metric *metric);

/** The family of a metric, its texts in the arena. INVALID if the metric has no usable name;
 * NO_MEMORY. `out` is written only with OK. */
enum tachoi_prometheus_result
tachoi_prometheus_family_of(const struct tachoi_prometheus_naming *naming,
                            const tacho_metric *metric, struct tachoi_arena *arena,
                            struct tachoi_prometheus_family *out);

/** The family of target_info: a gauge (PROM-42). */
struct tachoi_prometheus_family tachoi_prometheus_target_info_family(void);

/** The family's name by that of a series, which relabelling may have changed: without the suffix of
 * the series' component ("", "_bucket", "_count", "_sum") where it still ends with that and
 * something is left. */
tacho_string tachoi_prometheus_family_name(tacho_string series_name, const char *suffix);

#endif
