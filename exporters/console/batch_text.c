/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the layout of a batch:
 *
 *     2026-11-20T14:00:00.123Z  3 points
 *     resource {service.name=shop}
 *     scope http 1.2.0
 *       http.requests  sum of int64, monotonic, cumulative, unit {request}
 *         Requests answered.
 *         {method=GET}   12, since 2026-11-20T13:59:50.123Z
 *         {method=POST}  3, since 2026-11-20T13:59:50.123Z
 *       http.latency  histogram, cumulative, unit s
 *         {}  count 3, sum 1.5, min 0.1, max 1.1, since 2026-11-20T13:59:50.123Z
 *             <=0.5: 2  <=1: 0  >1: 1
 *
 * Points are in point_text.c. Must not know streams. */
#include "console/batch_text.h"

#include "console/point_text.h"

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
        return "exponential histogram";
    case TACHO_METRIC_SUMMARY:
        return "summary";
    }
    return NULL;
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

static void append_metric(struct tachoi_printer *printer, const tacho_metric *metric) {
    struct tachoi_text *out = printer->out;
    const char *type = type_text(metric);
    tachoi_text_append_string(out, "  ");
    tachoi_printer_append_string(printer, out, metric->name);
    tachoi_text_append_string(out, "  ");
    tachoi_text_append_string(out, type != NULL ? type : "of a type unknown to this version");
    if (metric->type == TACHO_METRIC_SUM && metric->is_monotonic) {
        tachoi_text_append_string(out, ", monotonic");
    }
    tachoi_text_append_string(out, temporality_text(metric->temporality));
    if (metric->unit.length > 0) {
        tachoi_text_append_string(out, ", unit ");
        tachoi_printer_append_string(printer, out, metric->unit);
    }
    if (metric->description.length > 0) {
        tachoi_text_append_string(out, "\n    ");
        tachoi_printer_append_string(printer, out, metric->description);
    }
    tachoi_text_append_char(out, '\n');
    if (type != NULL) {
        tachoi_console_points_text(printer, metric);
    }
}

static void append_optional(struct tachoi_printer *printer, const char *before,
                            tacho_string string) {
    if (string.length > 0) {
        tachoi_text_append_string(printer->out, before);
        tachoi_printer_append_string(printer, printer->out, string);
    }
}

static void append_scope(struct tachoi_printer *printer, const tacho_scope_metrics *scope) {
    struct tachoi_text *out = printer->out;
    tachoi_text_append_string(out, "scope");
    append_optional(printer, " ", scope->scope->name);
    append_optional(printer, " ", scope->scope->version);
    append_optional(printer, " ", scope->scope->schema_url);
    if (scope->scope->attributes.count > 0) {
        tachoi_printer_prepare_attributes(printer, scope->scope->attributes);
        tachoi_text_append_char(out, ' ');
        tachoi_printer_append_prepared(printer);
    }
    tachoi_text_append_char(out, '\n');
    for (size_t i = 0; i < scope->metric_count; i++) {
        append_metric(printer, tacho_scope_metrics_metric(scope, i));
    }
}

static void append_head(struct tachoi_text *out, const tacho_metric_batch *batch) {
    tachoi_printer_append_time(out, batch->time_unix_nano);
    tachoi_text_append_string(out, "  ");
    tachoi_text_append_u64(out, batch->point_count);
    tachoi_text_append_string(out, batch->point_count == 1 ? " point" : " points");
    tachoi_text_append_string(out, batch->has_more ? ", more to come\n" : "\n");
}

void tachoi_console_batch_text(const tacho_metric_batch *batch, struct tachoi_text *out) {
    struct tachoi_printer printer;
    tachoi_printer_init(&printer, out);
    append_head(out, batch);
    tachoi_printer_prepare_attributes(&printer, tacho_resource_attributes(batch->resource));
    tachoi_text_append_string(out, "resource ");
    tachoi_printer_append_prepared(&printer);
    append_optional(&printer, " ", tacho_string_from(tacho_resource_schema_url(batch->resource)));
    tachoi_text_append_char(out, '\n');
    for (size_t i = 0; i < batch->scope_count; i++) {
        append_scope(&printer, tacho_metric_batch_scope(batch, i));
    }
    tachoi_text_append_char(out, '\n');
    tachoi_printer_fini(&printer);
}
