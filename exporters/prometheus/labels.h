/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the label sets of Prometheus series: from resource, scope, metric and attributes to sorted,
 * unique, non-empty labels (RW1-03..07, PROM-12..17, PROM-42..45, CONV-06..10, CONV-17..20). Pure
 * but for the memory of the set. */
#ifndef TACHOI_PROMETHEUS_LABELS_H
#define TACHOI_PROMETHEUS_LABELS_H

#include "base/arena.h"
#include "tacho/sdk/metric_data.h"

struct tachoi_prometheus_label {
    tacho_string name;
    tacho_string value;
};

/** Labels in byte order of their names, unique, none empty; in an arena. */
struct tachoi_prometheus_labels {
    struct tachoi_prometheus_label *items;
    size_t count;
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
 * The base labels of a point: __name__ with `suffix` ("", "_bucket", "_sum", "_count") behind the
 * metric's name, job and instance of the resource, otel_scope_* unless disabled, and the
 * attributes. Attributes whose names collide after escaping are joined with ';' in the order of
 * their original keys; generated labels (__name__, job, instance, le when given) win over
 * attributes. `le` (may be NULL) is the value of the label le.
 */
enum tachoi_prometheus_result
tachoi_prometheus_point_labels(const struct tachoi_prometheus_conversion *conversion,
                               const tacho_scope *scope, const tacho_metric *metric,
                               tacho_attributes attributes, const char *suffix, const char *le,
                               struct tachoi_arena *arena, struct tachoi_prometheus_labels *out);

/**
 * The labels of target_info: all resource attributes but service.name, service.namespace and
 * service.instance.id, with job and instance. `out->count` is 0 if there is nothing to say
 * (CONV-18).
 */
enum tachoi_prometheus_result
tachoi_prometheus_target_info_labels(const tacho_resource *resource, struct tachoi_arena *arena,
                                     struct tachoi_prometheus_labels *out);

#endif
