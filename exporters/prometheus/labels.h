/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the label sets of Prometheus series: from resource, scope, metric and attributes to sorted,
 * unique, non-empty labels (RW1-03..07, PROM-12..17, PROM-42..45, CONV-06..10, CONV-17..21). Pure
 * but for the memory of the set. */
#ifndef TACHOI_PROMETHEUS_LABELS_H
#define TACHOI_PROMETHEUS_LABELS_H

#include <stdbool.h>

#include "base/arena.h"
#include "prometheus/names.h"
#include "prometheus/relabel.h"
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
    TACHOI_PROMETHEUS_FILTERED, /* relabelling drops the series */
    TACHOI_PROMETHEUS_NO_MEMORY /* try again at the next collection */
};

/** A label that is not from the SDK's data. */
struct tachoi_prometheus_extra_label {
    tacho_string name;
    tacho_string value;
};

/** How names and labels are made. Texts live as long as the exporter. */
struct tachoi_prometheus_options {
    struct tachoi_prometheus_naming naming;
    bool disable_scope_info;
    const char *const *promoted; /* keys of resource attributes that become labels */
    size_t promoted_count;
    bool promote_all; /* but service.name, service.namespace and service.instance.id */
    /* Names as tachoi_prometheus_external_label makes them; of two of one name the first counts. */
    const struct tachoi_prometheus_extra_label *external;
    size_t external_count;
    const struct tachoi_relabel *relabel; /* NULL = none; applied last */
};

/** What is the same for all series of a batch. */
struct tachoi_prometheus_conversion {
    const tacho_resource *resource;
    const struct tachoi_prometheus_options *options;
};

/** What makes a time series of a point one of several. */
struct tachoi_prometheus_component {
    const char *suffix;      /* behind the metric's name: "", "_bucket", "_sum", "_count" */
    const char *label_name;  /* "le", "quantile"; NULL = none */
    const char *label_value; /* its text */
};

/**
 * The labels of a point's series: __name__ with the component's suffix behind the metric's name,
 * job (service.namespace/service.name, or the name alone) and instance (service.instance.id) where
 * the resource has them, the component's label, otel_scope_* unless disabled, the promoted
 * attributes of the resource, the point's attributes, and external labels. All are copied into the
 * arena or borrowed from the options.
 *
 * - __name__, job, instance, le and quantile, where they are generated, win over attributes of that
 *   name; an attribute __name__ is always left out (CONV-07). Of other names that begin with "__"
 *   one underscore is left.
 * - otel_scope_name, otel_scope_version and otel_scope_schema_url win over scope attributes
 *   (PROM-13). Against attributes of the point they are labels like any others:
 * - Labels whose names collide are joined with ';' in the byte order of their original keys
 *   (PROM-15), empty values included, so that series that differ stay different.
 * - But a promoted attribute of the resource gives way to attributes of the point that have its
 *   label's name and a value, as Prometheus' promote_resource_attributes has it (CONV-19). One
 *   without a usable name is left out.
 * - External labels are added where the series has no label of their name (CONV-21).
 * - A label whose value is empty then is left out (PROM-16).
 * - Relabelling comes last; what it leaves is sorted, unique and not empty again, but need not hold
 *   the component's label. The components of one point may fare differently.
 *
 * Returns INVALID for a metric without a usable name, and for an attribute without one: leaving
 * just the label out could make one series of two; also for a series that relabelling leaves
 * without __name__. FILTERED if relabelling drops it. `out` is written only with OK.
 */
enum tachoi_prometheus_result
tachoi_prometheus_point_labels(const struct tachoi_prometheus_conversion *conversion,
                               const tacho_scope *scope, const tacho_metric *metric,
                               tacho_attributes attributes,
                               const struct tachoi_prometheus_component *component,
                               struct tachoi_arena *arena, struct tachoi_prometheus_labels *out);

/**
 * The labels of target_info, which has no prefix: __name__, all attributes of the resource
 * (PROM-44; those that made job and instance too), job and instance, external labels and
 * relabelling, by the rules above, but that an attribute without a usable name is left out.
 * `out->count` is 0 if no attribute gives a label: then there is no target_info.
 */
enum tachoi_prometheus_result
tachoi_prometheus_target_info_labels(const struct tachoi_prometheus_conversion *conversion,
                                     struct tachoi_arena *arena,
                                     struct tachoi_prometheus_labels *out);

/**
 * Appends the name that an external label has by the naming's strategy. Returns NULL, or why it
 * cannot be one, to stand behind its name: no name or value, ill-formed UTF-8, __name__, or nothing
 * left of the name. A lack of memory shows in `name->failed` alone.
 */
const char *tachoi_prometheus_external_label(const struct tachoi_prometheus_naming *naming,
                                             const struct tachoi_prometheus_extra_label *label,
                                             struct tachoi_text *name);

#endif
