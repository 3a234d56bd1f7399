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

static const struct reason reasons[] = {
    [TACHOI_UNSUPPORTED_TYPE] = {"unknown_type", "this version does not know their type",
                                 "use a newer exporter"},
    [TACHOI_UNSUPPORTED_NATIVE_HISTOGRAMS] =
        {"native_histograms_off", "native histograms are switched off",
         "let send_native_histograms be auto or always, or choose explicit buckets by a view or by "
         "default_aggregations"},
    [TACHOI_UNSUPPORTED_SCALE] = {"native_histogram_scale",
                                  "receivers know no native histogram of a scale below -4",
                                  "raise max_size, or choose explicit buckets"},
    [TACHOI_UNSUPPORTED_NO_SUM] = {"native_histogram_sum",
                                   "a native histogram needs a sum, and instruments that record "
                                   "negative values have none",
                                   "choose explicit buckets"},
    [TACHOI_UNSUPPORTED_INVALID_HISTOGRAM] = {"native_histogram_invalid",
                                              "count and buckets of a histogram disagree",
                                              "mend the producer"},
    [TACHOI_UNSUPPORTED_DELTA_ORDER] = {"delta_order",
                                        "a delta begins before the one before it ended",
                                        "let the producer bring its points in order, once"},
    [TACHOI_UNSUPPORTED_DELTA_BUCKETS] = {"delta_buckets",
                                          "the buckets of a delta do not fit those before it",
                                          "let the producer give the series a new id"},
    [TACHOI_UNSUPPORTED_DELTA_WITHOUT_ID] =
        {"delta_temporality",
         "Prometheus needs cumulative values, and deltas of a series without an id cannot be added",
         "let the producer give its series ids, or make them cumulative"},
};

enum tachoi_unsupported tachoi_unsupported_metric(const tacho_metric *metric,
                                                  bool sends_native_histograms) {
    switch (metric->type) {
    case TACHO_METRIC_GAUGE:
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
        return TACHOI_SUPPORTED;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return sends_native_histograms ? TACHOI_SUPPORTED : TACHOI_UNSUPPORTED_NATIVE_HISTOGRAMS;
    }
    return TACHOI_UNSUPPORTED_TYPE;
}

void tachoi_report_unsupported(const tacho_metric *metric, enum tachoi_unsupported why,
                               size_t points) {
    const struct reason *reason = &reasons[why];
    const size_t length = metric->name.length < NAME_SHOWN ? metric->name.length : NAME_SHOWN;
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, reason->kind,
                             "%zu points of `%.*s` are not sent: %s; %s", points, (int)length,
                             metric->name.data, reason->why, reason->cure);
}
