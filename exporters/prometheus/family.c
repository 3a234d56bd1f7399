/* SPDX-License-Identifier: Apache-2.0 */
/* Owns metadata of metrics. See family.h. */
#include "prometheus/family.h"

#include <string.h>

static bool equals(tacho_string text, const char *word) {
    return text.length == strlen(word) && memcmp(text.data, word, text.length) == 0;
}

/* What the producer says that a gauge was in Prometheus (PROM-18, PROM-20). The specification's own
 * text has "unkown" in one place, so that may be met. */
static enum tachoi_prometheus_type gauge_type_of(const tacho_metric *metric) {
    static const struct {
        const char *word;
        enum tachoi_prometheus_type type;
    } types[] = {{"unknown", TACHOI_PROMETHEUS_UNKNOWN},
                 {"unkown", TACHOI_PROMETHEUS_UNKNOWN},
                 {"info", TACHOI_PROMETHEUS_INFO},
                 {"stateset", TACHOI_PROMETHEUS_STATESET}};
    for (size_t i = 0; i < metric->metadata.count; i++) {
        const tacho_attribute *item = &metric->metadata.items[i];
        if (!equals(item->key, "prometheus.type") || item->value.type != TACHO_VALUE_STRING) {
            continue;
        }
        for (size_t j = 0; j < sizeof types / sizeof types[0]; j++) {
            if (equals(item->value.as.string, types[j].word)) {
                return types[j].type;
            }
        }
    }
    return TACHOI_PROMETHEUS_GAUGE;
}

enum tachoi_prometheus_type tachoi_prometheus_type_of(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return metric->is_monotonic ? TACHOI_PROMETHEUS_COUNTER : gauge_type_of(metric);
    case TACHO_METRIC_GAUGE:
        return gauge_type_of(metric);
    case TACHO_METRIC_HISTOGRAM:
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        return TACHOI_PROMETHEUS_HISTOGRAM;
    case TACHO_METRIC_SUMMARY:
        return TACHOI_PROMETHEUS_SUMMARY;
    }
    return TACHOI_PROMETHEUS_UNKNOWN;
}

/* The texts one behind the other; where they end is noted. */
enum tachoi_prometheus_result
tachoi_prometheus_family_of(const struct tachoi_prometheus_naming *naming,
                            const tacho_metric *metric, struct tachoi_arena *arena,
                            struct tachoi_prometheus_family *out) {
    struct tachoi_text text;
    enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_INVALID;
    tachoi_text_init(&text, 0);
    if (tachoi_prometheus_metric_name(naming, metric, &text)) {
        const size_t name_end = text.length;
        tachoi_utf8_append_repaired(&text, metric->description.data, metric->description.length);
        const size_t help_end = text.length;
        tachoi_prometheus_unit_word(naming, metric->unit, &text);
        const char *copy = text.failed ? NULL : tachoi_arena_strndup(arena, text.data, text.length);
        result = TACHOI_PROMETHEUS_NO_MEMORY;
        if (copy != NULL) {
            *out = (struct tachoi_prometheus_family){
                .type = tachoi_prometheus_type_of(metric),
                .name = {copy, name_end},
                .help = {copy + name_end, help_end - name_end},
                .unit = {copy + help_end, text.length - help_end},
            };
            result = TACHOI_PROMETHEUS_OK;
        }
    }
    tachoi_text_fini(&text);
    return result;
}

struct tachoi_prometheus_family tachoi_prometheus_target_info_family(void) {
    return (struct tachoi_prometheus_family){
        .type = TACHOI_PROMETHEUS_GAUGE,
        .name = tacho_string_from("target_info"),
        .help = tacho_string_from("Attributes of the resource."),
        .unit = tacho_string_from(""),
    };
}

tacho_string tachoi_prometheus_family_name(tacho_string series_name, const char *suffix) {
    const size_t length = strlen(suffix);
    if (series_name.length > length &&
        memcmp(series_name.data + series_name.length - length, suffix, length) == 0) {
        series_name.length -= length;
    }
    return series_name;
}
