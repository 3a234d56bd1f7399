/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the translation of OpenTelemetry metric names, units and attribute keys into Prometheus'
 * (PROM-01..17, CONV-03..06, CONV-11). Pure: no I/O, no state, no clock. Knows nothing of remote
 * write or pull. A lack of memory shows in `out->failed` alone. */
#ifndef TACHOI_PROMETHEUS_NAMES_H
#define TACHOI_PROMETHEUS_NAMES_H

#include "base/text.h"
#include "tacho/sdk/metric_data.h"

/** The four translation strategies (CONV-05). The first two escape, so that names are Prometheus'
 * old ones; the last two keep names as they are, in UTF-8. */
enum tachoi_prometheus_strategy {
    TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
    TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
    TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES,
    TACHOI_NO_TRANSLATION
};

/** How names are made; all zero is the default. */
struct tachoi_prometheus_naming {
    enum tachoi_prometheus_strategy strategy;
    const char *prefix;     /* the namespace; NULL, or nothing that a name can hold = none */
    bool has_parity;        /* metric names and units as Prometheus' translator makes them where
                               OpenTelemetry differs (PROM-06, 07); see parity_names.h */
    bool is_openmetrics_le; /* 5.0, 1e+10; else 5, 10000000000 */
};

/** Whether names are kept in UTF-8. */
static inline bool tachoi_prometheus_is_utf8(const struct tachoi_prometheus_naming *naming) {
    return naming->strategy == TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES ||
           naming->strategy == TACHOI_NO_TRANSLATION;
}

/** Whether names get the unit's word and the type's suffix. */
static inline bool tachoi_prometheus_has_suffixes(const struct tachoi_prometheus_naming *naming) {
    return naming->strategy == TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES ||
           naming->strategy == TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES;
}

/**
 * Appends the text of a bound or a quantile, the shortest that reads back as it, whatever the
 * locale (CONV-11): without exponent and without ".0"; or with is_openmetrics_le as Prometheus 3
 * writes scraped ones, which has ".0" behind whole numbers, 0.0 for both zeros, and exponents of at
 * least two digits below 1e-4 and from 1e6 on. Both write +Inf, -Inf and NaN.
 */
void tachoi_prometheus_bound_text(const struct tachoi_prometheus_naming *naming, double bound,
                                  struct tachoi_text *out);

/** Whether a metric or label name is one of Prometheus' old ones, which 1.0 can carry (RW1-03). */
bool tachoi_prometheus_is_legacy_metric_name(tacho_string name);
bool tachoi_prometheus_is_legacy_label_name(tacho_string name);

/**
 * Appends the metric name: the prefix and an underscore, the name, and, where the strategy has
 * suffixes, the unit's word and, for monotonic sums, _total. Without those of histograms. Each of
 * both is left out where the name ends with it; a name that ends in _total keeps that last.
 *
 * Escaping makes an underscore of whatever is no letter, digit or colon, one of a run, and puts one
 * before a leading digit. In UTF-8 only what is ill-formed is replaced, by U+FFFD.
 *
 * False, `out` unchanged, if nothing usable is there: escaping, no letter, digit or colon
 * (PROM-08); in UTF-8 nothing at all, or a NUL.
 */
bool tachoi_prometheus_metric_name(const struct tachoi_prometheus_naming *naming,
                                   const tacho_metric *metric, struct tachoi_text *out);

/** Appends the word for a UCUM unit ("By/s" gives "bytes_per_second"); nothing for "" and "1". With
 * NoTranslation the unit itself. */
void tachoi_prometheus_unit_word(const struct tachoi_prometheus_naming *naming, tacho_string unit,
                                 struct tachoi_text *out);

/**
 * Appends the label name for an attribute key. Escaping makes underscores of whatever is no letter
 * or digit, one of a run, and puts "key_" before a leading digit. In UTF-8 the key stays as it is,
 * but that what is ill-formed is replaced. Neither begins with "__", which is Prometheus' own: such
 * a run is one underscore (RW1-07).
 *
 * False, `out` unchanged, if nothing usable is there: escaping, no letter or digit; in UTF-8
 * nothing but underscores, or a NUL.
 */
bool tachoi_prometheus_label_name(const struct tachoi_prometheus_naming *naming, tacho_string key,
                                  struct tachoi_text *out);

#endif
