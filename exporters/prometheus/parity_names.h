/* SPDX-License-Identifier: Apache-2.0 */
/* Owns metric names and unit words as Prometheus' own translator makes them, for those who have
 * data from it (PROM-06, PROM-07). Where it differs from OpenTelemetry:
 *
 * - gauges of unit 1 get _ratio;
 * - a unit is left out if any word of the name is it, not only the last; of "a/b" the first part
 *   alone is looked for; and all words "total" of a counter (and "ratio") make room for the one at
 *   the end;
 * - a part of a unit with a brace in it is nothing: "By{sent}" is not By; kBy is not known, and
 *   TiBy is called tibibytes;
 * - underscores at the ends of a name go, and without suffixes runs of them stay;
 * - in UTF-8 units and suffixes are looked for as ends of the name, not as words: "subtotal" ends
 * in "total", and loses that with the character before it.
 *
 * Source: the behaviour of github.com/prometheus/otlptranslator of July 2026. */
#ifndef TACHOI_PROMETHEUS_PARITY_NAMES_H
#define TACHOI_PROMETHEUS_PARITY_NAMES_H

#include "prometheus/names.h"

/** Appends the metric name; for all strategies but NoTranslation. The metric's name must be usable,
 * see tachoi_prometheus_metric_name. */
void tachoi_parity_metric_name(const struct tachoi_prometheus_naming *naming,
                               const tacho_metric *metric, struct tachoi_text *out);

/** Appends the unit's word. */
void tachoi_parity_unit_word(const struct tachoi_prometheus_naming *naming, tacho_string unit,
                             struct tachoi_text *out);

#endif
