/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the choice of what a collection yields, asked anew at each. Experimental: the declarations
 * need TACHO_ENABLE_EXPERIMENTAL. Source: OpenTelemetry specification, metrics/sdk.md
 * "MetricFilter" (FLT-01..04). */
#ifndef TACHO_SDK_METRIC_FILTER_H
#define TACHO_SDK_METRIC_FILTER_H

#include "tacho/sdk/metric_data.h"

TACHO_BEGIN_DECLS

struct tacho_metric_filter;

#ifdef TACHO_ENABLE_EXPERIMENTAL

typedef enum tacho_metric_filter_result {
    TACHO_METRIC_ACCEPT = 0,
    TACHO_METRIC_DROP = 1,          /**< no point; callbacks that serve nothing else are left out */
    TACHO_METRIC_ACCEPT_PARTIAL = 2 /**< test_attributes decides for each point */
} tacho_metric_filter_result;

/** What is asked about; of a metric of the SDK's own as its stream exports it. */
typedef struct tacho_metric_identity {
    size_t struct_size;
    const tacho_scope *scope;
    tacho_string name;
    tacho_string unit;
    tacho_metric_type type;
    tacho_instrument_kind kind; /**< of the SDK's own; of producers' what fits the type */
} tacho_metric_identity;

/** Asked on the collecting thread, with no lock held; must not call the SDK. What is dropped is not
 * exported in that collection: a delta reader does not get it later. */
typedef struct tacho_metric_filter {
    size_t struct_size; /**< Required. sizeof(tacho_metric_filter). */
    /** Required. Once per metric and collection. */
    tacho_metric_filter_result (*test_metric)(void *user, const tacho_metric_identity *metric);
    /** Optional (NULL = all are accepted). Whether a point is wanted; asked after ACCEPT_PARTIAL.
     */
    bool (*test_attributes)(void *user, const tacho_metric_identity *metric,
                            tacho_attributes attributes);
    void *user; /**< Optional. Handed to both. */
} tacho_metric_filter;

#endif

TACHO_END_DECLS

#endif
