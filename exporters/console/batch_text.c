/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the layout of a batch:
 *
 *     2026-11-20T14:00:00.123Z  3 points
 *     resource {service.name=shop}
 *     scope http 1.2.0
 *       http.requests  sum of int64, monotonic, cumulative, unit {request}
 *         Requests answered.
 *         {method=GET}   12
 *         {method=POST}  3
 *       http.latency  histogram, cumulative, unit s
 *         {}  count 3, sum 1.5, min 0.1, max 1.1
 *             <=0.5: 2  <=1: 0  >1: 1
 *
 * The points of a metric share a column for their values. Must not know streams. */
#include "console/batch_text.h"

#include <stdio.h>
#include <time.h>

#include "prometheus/value_text.h"

/* Attributes longer than this do not move the column of the others. */
#define COLUMN_MAX 64

/* Where text goes, and two places to prepare it. */
struct printer {
    struct tachoi_text *out;
    struct tachoi_text value;      /* one value as text */
    struct tachoi_text attributes; /* all of a point */
};

static bool is_control(const char *data, size_t length, size_t index) {
    const unsigned char byte = (unsigned char)data[index];
    if (byte < 0x20 || byte == 0x7f) {
        return true;
    }
    /* U+0080..U+009F: some terminals obey these too */
    return byte == 0xc2 && index + 1 < length && (unsigned char)data[index + 1] < 0xa0;
}

static void append_hex(struct tachoi_text *out, char character) {
    static const char digits[] = "0123456789abcdef";
    const unsigned code = (unsigned char)character;
    tachoi_text_append_string(out, "\\x");
    tachoi_text_append_char(out, digits[code >> 4]);
    tachoi_text_append_char(out, digits[code & 15U]);
}

/* Well-formed UTF-8, with its control characters made visible. */
static void append_visible(struct tachoi_text *out, const struct tachoi_text *text) {
    out->failed = out->failed || text->failed;
    for (size_t i = 0; i < text->length; i++) {
        if (!is_control(text->data, text->length, i)) {
            tachoi_text_append_char(out, text->data[i]);
            continue;
        }
        append_hex(out, text->data[i]);
        if ((unsigned char)text->data[i] == 0xc2) {
            append_hex(out, text->data[++i]);
        }
    }
}

static void append_string(struct printer *printer, struct tachoi_text *out, tacho_string string) {
    tachoi_text_clear(&printer->value);
    tachoi_utf8_append_repaired(&printer->value, string.data, string.length);
    append_visible(out, &printer->value);
}

static void append_value(struct printer *printer, struct tachoi_text *out,
                         const tacho_value *value) {
    tachoi_text_clear(&printer->value);
    tachoi_value_to_text(value, &printer->value);
    append_visible(out, &printer->value);
}

/* Prepares {k=v, k2=v2} in printer->attributes. */
static void prepare_attributes(struct printer *printer, tacho_attributes attributes) {
    struct tachoi_text *text = &printer->attributes;
    tachoi_text_clear(text);
    tachoi_text_append_char(text, '{');
    for (size_t i = 0; i < attributes.count; i++) {
        if (i > 0) {
            tachoi_text_append_string(text, ", ");
        }
        append_string(printer, text, attributes.items[i].key);
        tachoi_text_append_char(text, '=');
        append_value(printer, text, &attributes.items[i].value);
    }
    tachoi_text_append_char(text, '}');
    printer->out->failed = printer->out->failed || text->failed;
}

static void append_prepared(struct printer *printer) {
    tachoi_text_append(printer->out, printer->attributes.data, printer->attributes.length);
}

/* Characters, which is close enough to columns. */
static size_t width_of(const struct tachoi_text *text) {
    size_t width = 0;
    for (size_t i = 0; i < text->length; i++) {
        width += ((unsigned char)text->data[i] & 0xc0U) != 0x80U;
    }
    return width;
}

static tacho_attributes point_attributes(const tacho_metric *metric, size_t index) {
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        return tacho_metric_histogram_point(metric, index)->attributes;
    }
    return tacho_metric_number_point(metric, index)->attributes;
}

static size_t column_of(struct printer *printer, const tacho_metric *metric) {
    size_t column = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        prepare_attributes(printer, point_attributes(metric, i));
        const size_t width = width_of(&printer->attributes);
        if (width > column && width <= COLUMN_MAX) {
            column = width;
        }
    }
    return column;
}

static void append_f64(struct tachoi_text *out, double value) {
    char digits[TACHOI_F64_TEXT_MAX];
    tachoi_text_append(out, digits, tachoi_f64_to_text(value, digits));
}

static void append_named_f64(struct tachoi_text *out, const char *name, double value) {
    tachoi_text_append_string(out, name);
    append_f64(out, value);
}

static void append_buckets(struct tachoi_text *out, const tacho_histogram_point *point) {
    tachoi_text_append_string(out, "\n       ");
    for (size_t i = 0; i < point->bound_count; i++) {
        append_named_f64(out, " <=", point->bounds[i]);
        tachoi_text_append_string(out, ": ");
        tachoi_text_append_u64(out, point->bucket_counts[i]);
        tachoi_text_append_char(out, ' ');
    }
    append_named_f64(out, " >", point->bounds[point->bound_count - 1]);
    tachoi_text_append_string(out, ": ");
    tachoi_text_append_u64(out, point->bucket_counts[point->bound_count]);
}

static void append_histogram(struct tachoi_text *out, const tacho_histogram_point *point) {
    tachoi_text_append_string(out, "count ");
    tachoi_text_append_u64(out, point->count);
    if (point->has_sum) {
        append_named_f64(out, ", sum ", point->sum);
    }
    if (point->has_min_max) {
        append_named_f64(out, ", min ", point->min);
        append_named_f64(out, ", max ", point->max);
    }
    if (point->bound_count > 0) {
        append_buckets(out, point);
    }
}

static void append_point(struct tachoi_text *out, const tacho_metric *metric, size_t index) {
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        append_histogram(out, tacho_metric_histogram_point(metric, index));
    } else if (metric->number_type == TACHO_NUMBER_F64) {
        append_f64(out, tacho_metric_number_point(metric, index)->value.f64);
    } else {
        tachoi_text_append_i64(out, tacho_metric_number_point(metric, index)->value.i64);
    }
}

static void append_points(struct printer *printer, const tacho_metric *metric) {
    const size_t column = column_of(printer, metric);
    for (size_t i = 0; i < metric->point_count; i++) {
        prepare_attributes(printer, point_attributes(metric, i));
        tachoi_text_append_string(printer->out, "    ");
        append_prepared(printer);
        for (size_t width = width_of(&printer->attributes); width < column; width++) {
            tachoi_text_append_char(printer->out, ' ');
        }
        tachoi_text_append_string(printer->out, "  ");
        append_point(printer->out, metric, i);
        tachoi_text_append_char(printer->out, '\n');
    }
}

static const char *type_text(const tacho_metric *metric) {
    const bool is_f64 = metric->number_type == TACHO_NUMBER_F64;
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return is_f64 ? "sum of double" : "sum of int64";
    case TACHO_METRIC_GAUGE:
        return is_f64 ? "gauge of double" : "gauge of int64";
    case TACHO_METRIC_HISTOGRAM:
        return "histogram";
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
    default:
        return NULL;
    }
}

static const char *temporality_text(tacho_temporality temporality) {
    switch (temporality) {
    case TACHO_TEMPORALITY_DELTA:
        return ", delta";
    case TACHO_TEMPORALITY_CUMULATIVE:
        return ", cumulative";
    case TACHO_TEMPORALITY_UNSPECIFIED:
    default:
        return "";
    }
}

static void append_metric(struct printer *printer, const tacho_metric *metric) {
    struct tachoi_text *out = printer->out;
    const char *type = type_text(metric);
    tachoi_text_append_string(out, "  ");
    append_string(printer, out, metric->name);
    tachoi_text_append_string(out, "  ");
    tachoi_text_append_string(out, type != NULL ? type : "of a type unknown to this version");
    if (metric->type == TACHO_METRIC_SUM && metric->is_monotonic) {
        tachoi_text_append_string(out, ", monotonic");
    }
    tachoi_text_append_string(out, temporality_text(metric->temporality));
    if (metric->unit.length > 0) {
        tachoi_text_append_string(out, ", unit ");
        append_string(printer, out, metric->unit);
    }
    if (metric->description.length > 0) {
        tachoi_text_append_string(out, "\n    ");
        append_string(printer, out, metric->description);
    }
    tachoi_text_append_char(out, '\n');
    if (type != NULL) {
        append_points(printer, metric);
    }
}

static void append_optional(struct printer *printer, const char *before, tacho_string string) {
    if (string.length > 0) {
        tachoi_text_append_string(printer->out, before);
        append_string(printer, printer->out, string);
    }
}

static void append_scope(struct printer *printer, const tacho_scope_metrics *scope) {
    struct tachoi_text *out = printer->out;
    tachoi_text_append_string(out, "scope");
    append_optional(printer, " ", scope->scope->name);
    append_optional(printer, " ", scope->scope->version);
    append_optional(printer, " ", scope->scope->schema_url);
    if (scope->scope->attributes.count > 0) {
        prepare_attributes(printer, scope->scope->attributes);
        tachoi_text_append_char(out, ' ');
        append_prepared(printer);
    }
    tachoi_text_append_char(out, '\n');
    for (size_t i = 0; i < scope->metric_count; i++) {
        append_metric(printer, tacho_scope_metrics_metric(scope, i));
    }
}

/* The time of the collection in UTC, to the millisecond. */
static void append_time(struct tachoi_text *out, uint64_t unix_ns) {
    const time_t seconds = (time_t)(unix_ns / 1000000000U);
    const unsigned milliseconds = (unsigned)(unix_ns / 1000000U % 1000U);
    struct tm utc;
    char text[96];
    if (gmtime_r(&seconds, &utc) == NULL) {
        return;
    }
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds);
    tachoi_text_append_string(out, text);
}

void tachoi_console_batch_text(const tacho_metric_batch *batch, struct tachoi_text *out) {
    struct printer printer = {.out = out};
    tachoi_text_init(&printer.value, 0);
    tachoi_text_init(&printer.attributes, 0);
    append_time(out, batch->time_unix_nano);
    tachoi_text_append_string(out, "  ");
    tachoi_text_append_u64(out, batch->point_count);
    tachoi_text_append_string(out, batch->point_count == 1 ? " point\n" : " points\n");
    prepare_attributes(&printer, tacho_resource_attributes(batch->resource));
    tachoi_text_append_string(out, "resource ");
    append_prepared(&printer);
    tachoi_text_append_char(out, '\n');
    for (size_t i = 0; i < batch->scope_count; i++) {
        append_scope(&printer, tacho_metric_batch_scope(batch, i));
    }
    tachoi_text_append_char(out, '\n');
    tachoi_text_fini(&printer.value);
    tachoi_text_fini(&printer.attributes);
}
