/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the list of what cannot be sent, with its cures. See unsupported.h. */
#include "remote_write/unsupported.h"

#include "remote_write/options.h"
#include "tacho/sdk/diagnostics.h"

#define NAME_SHOWN ((size_t)200)

struct reason {
    const char *kind; /* of the message */
    const char *why;
    const char *cure;
};

static const struct reason exponential_histogram = {
    "exponential_histogram", "exponential histograms cannot be sent yet",
    "choose explicit buckets, by a view or by default_aggregations"};
static const struct reason summary = {"summary", "summaries cannot be sent yet",
                                      "let the producer give count and sum as two sums"};
static const struct reason delta = {"delta_temporality", "Prometheus needs cumulative values",
                                    "let the reader or the producer make it cumulative"};
static const struct reason unknown_type = {"unknown_type", "this version does not know its type",
                                           "use a newer exporter"};
static const struct reason no_recorded_value = {
    "no_recorded_value", "their series have ended",
    "nothing need be done: the receiver takes a series that gets no samples as ended"};

static bool is_cumulative(const tacho_metric *metric) {
    return metric->temporality == TACHO_TEMPORALITY_CUMULATIVE;
}

/* NULL if it can be sent. */
static const struct reason *reason_of(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_GAUGE:
        return NULL;
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_HISTOGRAM:
        return is_cumulative(metric) ? NULL : &delta;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return &exponential_histogram;
    case TACHO_METRIC_SUMMARY:
        return &summary;
    }
    return &unknown_type;
}

bool tachoi_is_metric_supported(const tacho_metric *metric) {
    return reason_of(metric) == NULL;
}

bool tachoi_is_point_supported(const tacho_metric *metric, size_t index) {
    const uint32_t flags = metric->type == TACHO_METRIC_HISTOGRAM
                               ? tacho_metric_histogram_point(metric, index)->flags
                               : tacho_metric_number_point(metric, index)->flags;
    return (flags & TACHO_POINT_NO_RECORDED_VALUE) == 0;
}

void tachoi_report_unsupported(const tacho_metric *metric, size_t points) {
    const struct reason *reason = reason_of(metric);
    reason = reason != NULL ? reason : &no_recorded_value;
    const size_t length = metric->name.length < NAME_SHOWN ? metric->name.length : NAME_SHOWN;
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, reason->kind,
                             "%zu points of `%.*s` are not sent: %s; %s", points, (int)length,
                             metric->name.data, reason->why, reason->cure);
}

void tachoi_report_exemplars(void) {
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "exemplars",
                             "exemplars are not sent yet, their points are; where nothing else "
                             "needs them, set the provider's exemplar_filter to always_off");
}
