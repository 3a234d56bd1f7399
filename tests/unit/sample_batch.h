/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a batch built by hand, with one of everything that the data model knows: for tests of what
 * walks over batches. Its elements are larger than this version's structs, as those of a later SDK
 * would be. */
#ifndef TACHO_TESTS_SAMPLE_BATCH_H
#define TACHO_TESTS_SAMPLE_BATCH_H

#include <math.h>

#include "tacho/sdk/metric_data.h"

#define SAMPLE_STRING(text)                                                                        \
    { (text), sizeof(text) - 1 }
#define SAMPLE_TIME_NS UINT64_C(1793491200123000000) /* 2026-11-01T00:00:00.123Z */

struct sample_number_point {
    tacho_number_point point;
    char tail[24];
};

struct sample_histogram_point {
    tacho_histogram_point point;
    char tail[24];
};

struct sample_exponential_histogram_point {
    tacho_exponential_histogram_point point;
    char tail[24];
};

struct sample_summary_point {
    tacho_summary_point point;
    char tail[24];
};

struct sample_exemplar {
    tacho_exemplar exemplar;
    char tail[24];
};

struct sample_metric {
    tacho_metric metric;
    char tail[24];
};

struct sample_scope_metrics {
    tacho_scope_metrics scope;
    char tail[24];
};

/* Everything that the batch points to. */
struct sample_batch {
    tacho_resource *resource;
    tacho_scope scope;
    tacho_attribute scope_attributes[1];
    tacho_attribute values[12];
    tacho_attribute pair[1];
    tacho_value nested[2];
    struct sample_number_point sums[2];
    struct sample_number_point gauges[1];
    struct sample_histogram_point histograms[1];
    struct sample_exponential_histogram_point exponentials[1];
    struct sample_summary_point summaries[2];
    struct sample_exemplar exemplars[2];
    struct sample_metric metrics[5];
    struct sample_scope_metrics scopes[2];
    tacho_metric_batch batch;
};

static const tacho_string sample_strings[] = {SAMPLE_STRING("a"), SAMPLE_STRING("b")};
static const bool sample_booleans[] = {true, false};
static const int64_t sample_i64s[] = {1, -2};
static const double sample_f64s[] = {0.5, 2};
static const double sample_bounds[] = {0.5, 1};
static const uint64_t sample_counts[] = {2, 0, 1};
static const uint64_t sample_positive[] = {1, 0, 3};
static const uint64_t sample_negative[] = {2, 5};
static const tacho_quantile sample_quantiles[] = {{0, 0.5}, {0.5, 2}, {1, 4}};

static inline void sample_values_init(struct sample_batch *sample) {
    static const char *const keys[] = {"bool", "bools", "bytes", "empty", "f64",    "f64s",
                                       "i64",  "i64s",  "map",   "mixed", "string", "strings"};
    static const tacho_value_type types[] = {
        TACHO_VALUE_BOOL, TACHO_VALUE_BOOL_ARRAY, TACHO_VALUE_BYTES,  TACHO_VALUE_EMPTY,
        TACHO_VALUE_F64,  TACHO_VALUE_F64_ARRAY,  TACHO_VALUE_I64,    TACHO_VALUE_I64_ARRAY,
        TACHO_VALUE_MAP,  TACHO_VALUE_ARRAY,      TACHO_VALUE_STRING, TACHO_VALUE_STRING_ARRAY};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        sample->values[i].key = tacho_string_from(keys[i]);
        sample->values[i].value.type = types[i];
    }
    sample->pair[0] = TACHO_STR("k", "v");
    sample->nested[0] = TACHO_I64("", 7).value;
    sample->nested[1] = TACHO_STR("", "x").value;
    sample->values[0].value.as.boolean = true;
    sample->values[1].value.as.booleans.items = sample_booleans;
    sample->values[1].value.as.booleans.count = 2;
    sample->values[2].value.as.string = (tacho_string){"\x00\xff", 2};
    sample->values[4].value.as.f64 = 1.5;
    sample->values[5].value.as.f64s.items = sample_f64s;
    sample->values[5].value.as.f64s.count = 2;
    sample->values[6].value.as.i64 = INT64_MIN;
    sample->values[7].value.as.i64s.items = sample_i64s;
    sample->values[7].value.as.i64s.count = 2;
    sample->values[8].value.as.map.items = sample->pair;
    sample->values[8].value.as.map.count = 1;
    sample->values[9].value.as.values.items = sample->nested;
    sample->values[9].value.as.values.count = 2;
    sample->values[10].value.as.string = tacho_string_from("text");
    sample->values[11].value.as.strings.items = sample_strings;
    sample->values[11].value.as.strings.count = 2;
}

static inline void sample_points_init(struct sample_batch *sample) {
    sample->sums[0].point = (tacho_number_point){
        .series = {11, 1},
        .attributes = {sample->pair, 1},
        .start_time_unix_nano = SAMPLE_TIME_NS - 1000,
        .time_unix_nano = SAMPLE_TIME_NS,
        .value.i64 = 12,
    };
    sample->sums[1].point = sample->sums[0].point;
    sample->sums[1].point.series.id = 12;
    sample->sums[1].point.attributes = (tacho_attributes){sample->values, 12};
    sample->sums[1].point.value.i64 = 3;
    sample->gauges[0].point = (tacho_number_point){
        .series = {13, 1}, .time_unix_nano = SAMPLE_TIME_NS, .value.f64 = (double)NAN};
    sample->histograms[0].point = (tacho_histogram_point){
        .series = {14, 1},
        .attributes = {sample->pair, 1},
        .start_time_unix_nano = SAMPLE_TIME_NS - 1000,
        .time_unix_nano = SAMPLE_TIME_NS,
        .count = 3,
        .sum = 3.25,
        .min = 0.125,
        .max = 3,
        .has_sum = true,
        .has_min_max = true,
        .bounds = sample_bounds,
        .bound_count = 2,
        .bucket_counts = sample_counts,
    };
}

/* One with a span and what was filtered out, one with neither. */
static inline void sample_exemplars_init(struct sample_batch *sample) {
    tacho_exemplar *first = &sample->exemplars[0].exemplar;
    first->number_type = TACHO_NUMBER_I64;
    first->value.i64 = -7;
    first->time_unix_nano = SAMPLE_TIME_NS - 3000000;
    first->filtered_attributes = (tacho_attributes){sample->pair, 1};
    first->has_span = true;
    for (size_t i = 0; i < sizeof(first->trace_id); i++) {
        first->trace_id[i] = (uint8_t)(0xa0 + i);
    }
    for (size_t i = 0; i < sizeof(first->span_id); i++) {
        first->span_id[i] = (uint8_t)i;
    }
    sample->exemplars[1].exemplar = (tacho_exemplar){.number_type = TACHO_NUMBER_F64,
                                                     .value.f64 = 0.75,
                                                     .time_unix_nano = SAMPLE_TIME_NS - 2000000};
    const tacho_exemplars both = {first, 2, sizeof(sample->exemplars[0])};
    sample->sums[0].point.exemplars = both;
    sample->histograms[0].point.exemplars = both;
    sample->exponentials[0].point.exemplars = both;
}

static inline void sample_distributions_init(struct sample_batch *sample) {
    sample->exponentials[0].point = (tacho_exponential_histogram_point){
        .series = {15, 1},
        .attributes = {sample->pair, 1},
        .start_time_unix_nano = SAMPLE_TIME_NS - 1000,
        .time_unix_nano = SAMPLE_TIME_NS,
        .count = 13,
        .sum = 1.5,
        .min = -4,
        .max = 16,
        .has_sum = true,
        .has_min_max = true,
        .scale = 1,
        .zero_count = 2,
        .zero_threshold = 0.125,
        .positive = {5, sample_positive, 3},
        .negative = {-2, sample_negative, 2},
    };
    sample->summaries[0].point = (tacho_summary_point){
        .series = {16, 1},
        .time_unix_nano = SAMPLE_TIME_NS,
        .count = 5,
        .sum = 12.5,
        .quantiles = sample_quantiles,
        .quantile_count = 3,
    };
    sample->summaries[1].point = (tacho_summary_point){
        .series = {17, 1},
        .attributes = {sample->pair, 1},
        .time_unix_nano = SAMPLE_TIME_NS,
        .count = 3,
        .flags = TACHO_POINT_NO_RECORDED_VALUE,
    };
}

static inline void sample_metrics_init(struct sample_batch *sample) {
    sample->metrics[0].metric = (tacho_metric){
        .name = SAMPLE_STRING("http.requests"),
        .description = SAMPLE_STRING("Requests answered."),
        .unit = SAMPLE_STRING("{request}"),
        .type = TACHO_METRIC_SUM,
        .temporality = TACHO_TEMPORALITY_CUMULATIVE,
        .is_monotonic = true,
        .number_type = TACHO_NUMBER_I64,
        .points = sample->sums,
        .point_count = 2,
        .point_size = sizeof(sample->sums[0]),
    };
    sample->metrics[1].metric = (tacho_metric){
        .name = SAMPLE_STRING("temperature"),
        .type = TACHO_METRIC_GAUGE,
        .number_type = TACHO_NUMBER_F64,
        .points = sample->gauges,
        .point_count = 1,
        .point_size = sizeof(sample->gauges[0]),
    };
    sample->metrics[2].metric = (tacho_metric){
        .name = SAMPLE_STRING("http.latency"),
        .unit = SAMPLE_STRING("s"),
        .type = TACHO_METRIC_HISTOGRAM,
        .temporality = TACHO_TEMPORALITY_DELTA,
        .points = sample->histograms,
        .point_count = 1,
        .point_size = sizeof(sample->histograms[0]),
    };
    sample->metrics[3].metric = (tacho_metric){
        .name = SAMPLE_STRING("balance"),
        .type = TACHO_METRIC_EXPONENTIAL_HISTOGRAM,
        .temporality = TACHO_TEMPORALITY_CUMULATIVE,
        .points = sample->exponentials,
        .point_count = 1,
        .point_size = sizeof(sample->exponentials[0]),
    };
    sample->metrics[4].metric = (tacho_metric){
        .name = SAMPLE_STRING("rpc"),
        .type = TACHO_METRIC_SUMMARY,
        .temporality = TACHO_TEMPORALITY_CUMULATIVE,
        .points = sample->summaries,
        .point_count = 2,
        .point_size = sizeof(sample->summaries[0]),
    };
}

/* Fills everything but the resource, which is left to the caller. */
static inline void sample_batch_init(struct sample_batch *sample, tacho_resource *resource) {
    sample_values_init(sample);
    sample_points_init(sample);
    sample_distributions_init(sample);
    sample_exemplars_init(sample);
    sample_metrics_init(sample);
    sample->resource = resource;
    sample->scope_attributes[0] = TACHO_STR("team", "blue");
    sample->scope = (tacho_scope){SAMPLE_STRING("http"),
                                  SAMPLE_STRING("1.2.0"),
                                  SAMPLE_STRING("https://example.org/1"),
                                  {sample->scope_attributes, 1}};
    for (size_t i = 0; i < 2; i++) {
        sample->scopes[i].scope = (tacho_scope_metrics){&sample->scope, &sample->metrics[0].metric,
                                                        5, sizeof(sample->metrics[0])};
    }
    sample->scopes[1].scope.metric_count = 0;
    sample->batch = (tacho_metric_batch){
        .struct_size = sizeof(tacho_metric_batch),
        .resource = resource,
        .time_unix_nano = SAMPLE_TIME_NS,
        .time_monotonic_ns = 5,
        .scopes = &sample->scopes[0].scope,
        .scope_count = 2,
        .scope_size = sizeof(sample->scopes[0]),
        .point_count = 7,
    };
}

#endif
