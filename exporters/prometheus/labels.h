/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the label sets of Prometheus series: from resource, scope, metric and attributes to sorted,
 * unique, non-empty labels (RW1-03..07, PROM-12..17, PROM-42..45, CONV-06..10, CONV-17..20). Pure
 * but for the memory of the set. */
#ifndef TACHOI_PROMETHEUS_LABELS_H
#define TACHOI_PROMETHEUS_LABELS_H

#include <stdbool.h>

#include "base/arena.h"
#include "tacho/sdk/metric_data.h"

struct tachoi_prometheus_label {
    tacho_string name;
    tacho_string value;
    bool is_points; /* an attribute of the point has part in it; else all points share it */
};

/** Labels in byte order of their names, unique, none empty; in an arena. */
struct tachoi_prometheus_labels {
    struct tachoi_prometheus_label *items;
    size_t count;
    size_t overridden; /* attributes that lost against a generated label: worth one warning */
};

enum tachoi_prometheus_result {
    TACHOI_PROMETHEUS_OK,
    TACHOI_PROMETHEUS_INVALID,  /* no usable name or label: drop and count the point */
    TACHOI_PROMETHEUS_NO_MEMORY /* try again at the next collection */
};

/** What is the same for all series of a batch. */
struct tachoi_prometheus_conversion {
    const tacho_resource *resource;
    bool disable_scope_info;
};

/**
 * The labels of a point's series: __name__ with `suffix` ("", "_bucket", "_sum", "_count") behind
 * the metric's name, job (service.namespace/service.name, or the name alone) and instance
 * (service.instance.id) where the resource has them, `le` (NULL = none), otel_scope_* unless
 * disabled, and the attributes. All are copied into the arena.
 *
 * - __name__, job, instance and le, where they are generated, win over attributes of that name; an
 *   attribute __name__ is always left out (CONV-07). Other names of the form __x__ become _x_.
 * - otel_scope_name, otel_scope_version and otel_scope_schema_url win over scope attributes
 *   (PROM-13). Against attributes of the point they are labels like any others:
 * - Labels whose names collide are joined with ';' in the byte order of their original keys
 *   (PROM-15), empty values included, so that series that differ stay different.
 * - A label whose value is empty then is left out (PROM-16).
 *
 * Returns INVALID for a metric without a usable name, and for an attribute without one: leaving
 * just the label out could make one series of two.
 */
enum tachoi_prometheus_result
tachoi_prometheus_point_labels(const struct tachoi_prometheus_conversion *conversion,
                               const tacho_scope *scope, const tacho_metric *metric,
                               tacho_attributes attributes, const char *suffix, const char *le,
                               struct tachoi_arena *arena, struct tachoi_prometheus_labels *out);

/**
 * The labels of target_info: __name__, all attributes of the resource (PROM-44; those that made job
 * and instance too), job and instance, by the rules above, but that an attribute without a usable
 * name is left out. `out->count` is 0 if no attribute gives a label: then there is no target_info.
 */
enum tachoi_prometheus_result
tachoi_prometheus_target_info_labels(const tacho_resource *resource, struct tachoi_arena *arena,
                                     struct tachoi_prometheus_labels *out);

#endif
