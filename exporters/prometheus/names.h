/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the translation of OpenTelemetry metric names, units and attribute keys into Prometheus'
 * (PROM-01..17). Pure: no I/O, no state, no clock. Knows nothing of remote write or pull. */
#ifndef TACHOI_PROMETHEUS_NAMES_H
#define TACHOI_PROMETHEUS_NAMES_H

#include "base/text.h"
#include "tacho/sdk/metric_data.h"

/** The four translation strategies (CONV-05). */
enum tachoi_prometheus_strategy {
    TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
    TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
    TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES,
    TACHOI_NO_TRANSLATION
};

/** How names are made; all zero is the default. */
struct tachoi_prometheus_naming {
    enum tachoi_prometheus_strategy strategy;
    const char *prefix; /* the namespace; NULL = none */
    bool has_parity;    /* as Prometheus' translator where OpenTelemetry differs (PROM-06, 07) */
    bool is_openmetrics_le; /* 5.0, 1e+10; else 5, 10000000000 */
};

/** Appends the text of a bound or a quantile, by the naming's format. */
void tachoi_prometheus_bound_text(const struct tachoi_prometheus_naming *naming, double bound,
                                  struct tachoi_text *out);

/** Whether a metric or label name is one of Prometheus' old ones, which 1.0 can carry (RW1-03). */
bool tachoi_prometheus_is_legacy_metric_name(tacho_string name);
bool tachoi_prometheus_is_legacy_label_name(tacho_string name);

/**
 * Appends the metric name: escaped, with the unit's word and, for monotonic sums, _total. Without
 * the histogram suffixes. Each of both is left out where the name ends with it; a name that ends in
 * _total keeps that last. False if nothing usable remains, that is no letter, digit or colon
 * (PROM-08); `out` is then unchanged. A lack of memory shows in `out->failed` alone.
 */
bool tachoi_prometheus_metric_name(const struct tachoi_prometheus_naming *naming,
                                   const tacho_metric *metric, struct tachoi_text *out);

/** Appends the word for a UCUM unit ("By/s" gives "bytes_per_second"); nothing for "" and "1". */
void tachoi_prometheus_unit_word(tacho_string unit, struct tachoi_text *out);

/**
 * Appends the label name for an attribute key: escaped, runs of underscores collapsed (so it never
 * begins with "__": RW1-07), "key_" before a digit. False, `out` unchanged, if nothing usable
 * remains, that is no letter or digit. A lack of memory shows in `out->failed` alone.
 */
bool tachoi_prometheus_label_name(const struct tachoi_prometheus_naming *naming, tacho_string key,
                                  struct tachoi_text *out);

#endif
