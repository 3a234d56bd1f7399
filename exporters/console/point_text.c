/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the lines of points:
 *
 *     {method=GET}  count 3, sum 1.5, min 0.1, max 1.1, since 2026-11-20T13:59:50.123Z
 *         <=0.5: 2  <=1: 0  >1: 1
 *         exemplar 0.7 at 2026-11-20T14:00:00.1Z, trace 0af7..., span b7ad..., {user=ann}
 *     {}            count 4, sum 5, scale 1, zeros 1
 *         (1, 1.41421]: 2  (2, 2.82843]: 1
 *
 * "since" is when the point's interval began, where that is known. Of exponential buckets those
 * that hold something, their bounds to six digits. */
#include "console/point_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Attributes longer than this do not move the column of the others. */
#define COLUMN_MAX 64

#define BELOW "\n       " /* and a blank from what follows */

/* What all points have. */
struct about {
    tacho_attributes attributes;
    tacho_exemplars exemplars;
    uint64_t start_unix_ns; /* 0 = not known */
    uint32_t flags;
};

static struct about about_point(const tacho_metric *metric, size_t index) {
    switch (metric->type) {
    case TACHO_METRIC_HISTOGRAM: {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        return (struct about){point->attributes, point->exemplars, point->start_time_unix_nano,
                              point->flags};
    }
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM: {
        const tacho_exponential_histogram_point *point =
            tacho_metric_exponential_histogram_point(metric, index);
        return (struct about){point->attributes, point->exemplars, point->start_time_unix_nano,
                              point->flags};
    }
    case TACHO_METRIC_SUMMARY: {
        const tacho_summary_point *point = tacho_metric_summary_point(metric, index);
        return (struct about){.attributes = point->attributes,
                              .start_unix_ns = point->start_time_unix_nano,
                              .flags = point->flags};
    }
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        break;
    }
    const tacho_number_point *point = tacho_metric_number_point(metric, index);
    return (struct about){point->attributes, point->exemplars, point->start_time_unix_nano,
                          point->flags};
}

static size_t column_of(struct tachoi_printer *printer, const tacho_metric *metric) {
    size_t column = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        tachoi_printer_prepare_attributes(printer, about_point(metric, i).attributes);
        const size_t width = tachoi_printer_prepared_width(printer);
        if (width > column && width <= COLUMN_MAX) {
            column = width;
        }
    }
    return column;
}

/* --- values --- */

static void append_named_u64(struct tachoi_text *out, const char *name, uint64_t value) {
    tachoi_text_append_string(out, name);
    tachoi_text_append_u64(out, value);
}

static void append_since(struct tachoi_text *out, uint64_t start_unix_ns) {
    if (start_unix_ns != 0) {
        tachoi_text_append_string(out, ", since ");
        tachoi_printer_append_time(out, start_unix_ns);
    }
}

static void append_buckets(struct tachoi_text *out, const tacho_histogram_point *point) {
    tachoi_text_append_string(out, BELOW);
    for (size_t i = 0; i < point->bound_count; i++) {
        tachoi_printer_append_named_f64(out, " <=", point->bounds[i]);
        append_named_u64(out, ": ", point->bucket_counts[i]);
        tachoi_text_append_char(out, ' ');
    }
    tachoi_printer_append_named_f64(out, " >", point->bounds[point->bound_count - 1]);
    append_named_u64(out, ": ", point->bucket_counts[point->bound_count]);
}

/* What both kinds of histograms have. */
static void append_distribution(struct tachoi_text *out, const tacho_histogram_point *point) {
    append_named_u64(out, "count ", point->count);
    if (point->has_sum) {
        tachoi_printer_append_named_f64(out, ", sum ", point->sum);
    }
    if (point->has_min_max) {
        tachoi_printer_append_named_f64(out, ", min ", point->min);
        tachoi_printer_append_named_f64(out, ", max ", point->max);
    }
}

static void append_histogram(struct tachoi_text *out, const tacho_histogram_point *point) {
    append_distribution(out, point);
    append_since(out, point->start_time_unix_nano);
    if (point->bound_count > 0) {
        append_buckets(out, point);
    }
}

/* base^index to six digits; infinite or zero where no double is so far out. */
static void append_bound(struct tachoi_text *out, int32_t scale, int64_t index, bool is_negative) {
    const double bound = exp2(ldexp((double)index, -scale));
    char digits[TACHOI_F64_TEXT_MAX];
    (void)snprintf(digits, sizeof digits, "%.6g", is_negative ? -bound : bound);
    const double rounded = strtod(digits, NULL); /* in the same locale */
    tachoi_text_append(out, digits, tachoi_f64_to_json(rounded, digits));
}

/* The bucket of |value| in (base^index, base^(index + 1)]. */
static void append_exponential_bucket(struct tachoi_text *out, int32_t scale, int64_t index,
                                      uint64_t count, bool is_negative) {
    tachoi_text_append_string(out, is_negative ? " [" : " (");
    append_bound(out, scale, is_negative ? index + 1 : index, is_negative);
    tachoi_text_append_string(out, ", ");
    append_bound(out, scale, is_negative ? index : index + 1, is_negative);
    append_named_u64(out, is_negative ? "): " : "]: ", count);
}

/* In the order of the values: negative ones from the last bucket to the first. */
static void append_exponential_buckets(struct tachoi_text *out, int32_t scale,
                                       const tacho_exponential_buckets *buckets, bool is_negative) {
    bool has_any = false;
    for (size_t i = 0; i < buckets->count; i++) {
        const size_t at = is_negative ? buckets->count - 1 - i : i;
        if (buckets->counts[at] == 0) {
            continue;
        }
        tachoi_text_append_string(out, has_any ? " " : BELOW);
        append_exponential_bucket(out, scale, (int64_t)buckets->offset + (int64_t)at,
                                  buckets->counts[at], is_negative);
        has_any = true;
    }
}

static void append_exponential(struct tachoi_text *out,
                               const tacho_exponential_histogram_point *point) {
    append_distribution(out, &(const tacho_histogram_point){.count = point->count,
                                                            .sum = point->sum,
                                                            .min = point->min,
                                                            .max = point->max,
                                                            .has_sum = point->has_sum,
                                                            .has_min_max = point->has_min_max});
    tachoi_text_append_string(out, ", scale ");
    tachoi_text_append_i64(out, point->scale);
    append_named_u64(out, ", zeros ", point->zero_count);
    if (point->zero_threshold > 0) {
        tachoi_printer_append_named_f64(out, " (up to ", point->zero_threshold);
        tachoi_text_append_char(out, ')');
    }
    append_since(out, point->start_time_unix_nano);
    append_exponential_buckets(out, point->scale, &point->negative, true);
    append_exponential_buckets(out, point->scale, &point->positive, false);
}

static void append_summary(struct tachoi_text *out, const tacho_summary_point *point) {
    append_named_u64(out, "count ", point->count);
    tachoi_printer_append_named_f64(out, ", sum ", point->sum);
    append_since(out, point->start_time_unix_nano);
    for (size_t i = 0; i < point->quantile_count; i++) {
        tachoi_text_append_string(out, i == 0 ? BELOW : " ");
        tachoi_printer_append_named_f64(out, " quantile ", point->quantiles[i].quantile);
        tachoi_printer_append_named_f64(out, ": ", point->quantiles[i].value);
    }
}

static void append_number(struct tachoi_text *out, tacho_number_type type, int64_t i64,
                          double f64) {
    if (type == TACHO_NUMBER_F64) {
        tachoi_printer_append_f64(out, f64);
    } else {
        tachoi_text_append_i64(out, i64);
    }
}

static void append_value(struct tachoi_text *out, const tacho_metric *metric, size_t index) {
    switch (metric->type) {
    case TACHO_METRIC_HISTOGRAM:
        append_histogram(out, tacho_metric_histogram_point(metric, index));
        return;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
        append_exponential(out, tacho_metric_exponential_histogram_point(metric, index));
        return;
    case TACHO_METRIC_SUMMARY:
        append_summary(out, tacho_metric_summary_point(metric, index));
        return;
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        break;
    }
    const bool is_f64 = metric->number_type == TACHO_NUMBER_F64;
    const tacho_number_point *point = tacho_metric_number_point(metric, index);
    append_number(out, metric->number_type, is_f64 ? 0 : point->value.i64,
                  is_f64 ? point->value.f64 : 0);
    append_since(out, point->start_time_unix_nano);
}

/* --- exemplars --- */

static void append_id(struct tachoi_text *out, const char *name, const uint8_t *id, size_t size) {
    static const char digits[] = "0123456789abcdef";
    tachoi_text_append_string(out, name);
    for (size_t i = 0; i < size; i++) {
        tachoi_text_append_char(out, digits[id[i] >> 4]);
        tachoi_text_append_char(out, digits[id[i] & 15U]);
    }
}

static void append_exemplar(struct tachoi_printer *printer, const tacho_exemplar *exemplar) {
    struct tachoi_text *out = printer->out;
    const bool is_f64 = exemplar->number_type == TACHO_NUMBER_F64;
    tachoi_text_append_string(out, BELOW " exemplar ");
    append_number(out, exemplar->number_type, is_f64 ? 0 : exemplar->value.i64,
                  is_f64 ? exemplar->value.f64 : 0);
    tachoi_text_append_string(out, " at ");
    tachoi_printer_append_time(out, exemplar->time_unix_nano);
    if (exemplar->has_span) {
        append_id(out, ", trace ", exemplar->trace_id, sizeof exemplar->trace_id);
        append_id(out, ", span ", exemplar->span_id, sizeof exemplar->span_id);
    }
    if (exemplar->filtered_attributes.count > 0) {
        tachoi_text_append_string(out, ", ");
        tachoi_printer_prepare_attributes(printer, exemplar->filtered_attributes);
        tachoi_printer_append_prepared(printer);
    }
}

/* --- lines --- */

static void append_point(struct tachoi_printer *printer, const tacho_metric *metric, size_t index,
                         size_t column) {
    struct tachoi_text *out = printer->out;
    const struct about about = about_point(metric, index);
    tachoi_printer_prepare_attributes(printer, about.attributes);
    tachoi_text_append_string(out, "    ");
    tachoi_printer_append_prepared(printer);
    for (size_t width = tachoi_printer_prepared_width(printer); width < column; width++) {
        tachoi_text_append_char(out, ' ');
    }
    tachoi_text_append_string(out, "  ");
    if ((about.flags & TACHO_POINT_NO_RECORDED_VALUE) != 0) {
        tachoi_text_append_string(out, "no recorded value");
        append_since(out, about.start_unix_ns);
    } else {
        append_value(out, metric, index);
        for (size_t i = 0; i < about.exemplars.count; i++) {
            append_exemplar(printer, tacho_exemplars_at(&about.exemplars, i));
        }
    }
    tachoi_text_append_char(out, '\n');
}

void tachoi_console_points_text(struct tachoi_printer *printer, const tacho_metric *metric) {
    const size_t column = column_of(printer, metric);
    for (size_t i = 0; i < metric->point_count; i++) {
        append_point(printer, metric, i, column);
    }
}
