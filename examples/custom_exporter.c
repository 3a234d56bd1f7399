/* SPDX-License-Identifier: Apache-2.0 */
/* custom_exporter: an exporter of your own, whole, in one file: it appends CSV to a file.
 *
 *     custom_exporter [FILE]          (default: standard output)
 *
 *     cc custom_exporter.c $(pkg-config --cflags --libs tacho-sdk)
 *
 * The lesson: an exporter is an object of your own and a table of functions,
 * tacho_metric_exporter_ops; tacho's own come through the same door. Here the object is a FILE and
 * two functions are enough. One that queues or has a thread needs force_flush and shutdown too, and
 * delivery, the account of what arrived. */
#include <inttypes.h>
#include <stdio.h>

#include <tacho/sdk/diagnostics.h>
#include <tacho/sdk/meter_provider.h>
#include <tacho/tacho.h>

/* The inside of a quoted field: a quote is doubled. */
static void put_text(FILE *file, tacho_string text) {
    for (size_t i = 0; i < text.length; i++) {
        (void)fputs(text.data[i] == '"' ? "\"" : "", file);
        (void)putc(text.data[i], file);
    }
}

/* time,scope,metric,unit,attributes, with the attributes as key=value;key=value */
static void put_head(FILE *file, const tacho_scope *scope, const tacho_metric *metric,
                     uint64_t time_unix_nano, tacho_attributes attrs) {
    const tacho_string names[] = {scope->name, metric->name, metric->unit};
    (void)fprintf(file, "%" PRIu64 ",\"", time_unix_nano / 1000000);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put_text(file, names[i]);
        (void)fputs("\",\"", file);
    }
    for (size_t i = 0; i < attrs.count; i++) {
        const tacho_value *value = &attrs.items[i].value;
        put_text(file, attrs.items[i].key);
        (void)putc('=', file);
        if (value->type == TACHO_VALUE_STRING) {
            put_text(file, value->as.string);
        } else if (value->type == TACHO_VALUE_BOOL) {
            (void)fputs(value->as.boolean ? "true" : "false", file);
        } else if (value->type == TACHO_VALUE_I64) {
            (void)fprintf(file, "%" PRId64, value->as.i64);
        } else if (value->type == TACHO_VALUE_F64) {
            (void)fprintf(file, "%.17g", value->as.f64);
        } else {
            (void)fputs("(bytes, array or map)", file);
        }
        (void)fputs(i + 1 < attrs.count ? ";" : "", file);
    }
    (void)fputs("\",", file);
}

/* What points of every type have, and what this file tells of distributions: how many values. */
struct row {
    uint64_t time_unix_nano;
    tacho_attributes attributes;
    uint32_t flags;
    uint64_t count;
};

/* False for a type that is newer than this exporter: nothing is known of its points. */
static bool read_row(const tacho_metric *metric, size_t i, struct row *row) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE: {
        const tacho_number_point *point = tacho_metric_number_point(metric, i);
        *row = (struct row){point->time_unix_nano, point->attributes, point->flags, 0};
        return true;
    }
    case TACHO_METRIC_HISTOGRAM: {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, i);
        *row = (struct row){point->time_unix_nano, point->attributes, point->flags, point->count};
        return true;
    }
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM: {
        const tacho_exponential_histogram_point *point =
            tacho_metric_exponential_histogram_point(metric, i);
        *row = (struct row){point->time_unix_nano, point->attributes, point->flags, point->count};
        return true;
    }
    case TACHO_METRIC_SUMMARY: { /* of metric producers only */
        const tacho_summary_point *point = tacho_metric_summary_point(metric, i);
        *row = (struct row){point->time_unix_nano, point->attributes, point->flags, point->count};
        return true;
    }
    }
    return false;
}

static void put_value(FILE *file, const tacho_metric *metric, size_t i, const struct row *row) {
    if (metric->type != TACHO_METRIC_SUM && metric->type != TACHO_METRIC_GAUGE) {
        (void)fprintf(file, "count,%" PRIu64 "\n", row->count);
        return;
    }
    const tacho_number_point *point = tacho_metric_number_point(metric, i);
    (void)fputs(metric->type == TACHO_METRIC_GAUGE ? "gauge," : "sum,", file);
    if (metric->number_type == TACHO_NUMBER_I64) {
        (void)fprintf(file, "%" PRId64 "\n", point->value.i64);
    } else {
        (void)fprintf(file, "%.17g\n", point->value.f64);
    }
}

/* Returns how many points it left out. */
static size_t put_metric(FILE *file, const tacho_scope *scope, const tacho_metric *metric) {
    for (size_t i = 0; i < metric->point_count; i++) {
        struct row row;
        if (!read_row(metric, i, &row)) {
            return metric->point_count;
        }
        if ((row.flags & TACHO_POINT_NO_RECORDED_VALUE) == 0) { /* else: the series has ended */
            put_head(file, scope, metric, row.time_unix_nano, row.attributes);
            put_value(file, metric, i, &row);
        }
    }
    return 0;
}

/* Gets one collection, which is valid during the call only; never two at a time. One that waits for
 * a network must be back by the deadline. What it cannot write it tells: nothing is lost silently.
 */
static int csv_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    FILE *file = self;
    size_t left_out = 0;
    (void)deadline_ns;
    for (size_t s = 0; s < batch->scope_count; s++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, s);
        for (size_t m = 0; m < scope->metric_count; m++) {
            left_out += put_metric(file, scope->scope, tacho_scope_metrics_metric(scope, m));
        }
    }
    if (left_out > 0) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "csv", "unknown_type",
                                 "%zu points of a type that csv does not know were left out",
                                 left_out);
    }
    bool is_written = fflush(file) == 0 && ferror(file) == 0;
    clearerr(file);
    return is_written ? TACHO_OK : TACHO_E_FAILED;
}

/* Called once, last, also where the exporter could not be created. */
static void csv_destroy(void *self) {
    if (self != stdout) {
        (void)fclose(self);
    }
}

static const tacho_metric_exporter_ops csv_ops = {
    .struct_size = sizeof csv_ops,
    .name = "csv",
    .export_batch = csv_export,
    .destroy = csv_destroy,
};

/* The constructor that you would put into your header. `path` NULL: standard output. */
static int csv_exporter_create(const char *path, tacho_metric_exporter **out) {
    FILE *file = path != NULL ? fopen(path, "ae") : stdout;
    if (file == NULL) {
        return TACHO_E_SYSTEM;
    }
    return tacho_metric_exporter_create(&csv_ops, file, out); /* takes file, also when it fails */
}

/* A program that uses it has something to measure. */
static void sell(tacho_meter *meter) {
    tacho_counter *orders = tacho_meter_create_counter(meter, "orders", NULL);
    tacho_gauge_f64 *price = tacho_meter_create_gauge_f64(
        meter, "price", TACHO_OPTIONS(tacho_instrument_options, .unit = "EUR"));
    tacho_histogram *weight = tacho_meter_create_histogram(
        meter, "weight", TACHO_OPTIONS(tacho_instrument_options, .unit = "g"));
    tacho_counter_add(orders, 2, TACHO_ATTRS(TACHO_STR("country", "DE"), TACHO_BOOL("gift", true)));
    tacho_counter_add(
        orders, 3, TACHO_ATTRS(TACHO_STR("country", "the \"north\""), TACHO_BOOL("gift", false)));
    tacho_gauge_f64_record(price, 9.75, TACHO_NO_ATTRS);
    tacho_histogram_record(weight, 120, TACHO_NO_ATTRS);
    tacho_histogram_record(weight, 80, TACHO_NO_ATTRS);
}

int main(int argc, char **argv) {
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        (void)fprintf(stderr, "usage: custom_exporter [FILE]\n");
        return 2;
    }
    int rc = csv_exporter_create(argv[1], &exporter);
    if (rc == TACHO_OK) {
        rc = tacho_periodic_reader_create(exporter, NULL, &reader);
    }
    if (rc == TACHO_OK) {
        rc = tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1),
            &provider);
    }
    if (rc == TACHO_OK) {
        sell(tacho_meter_provider_get_meter(provider, "custom_exporter", NULL));
        rc = tacho_meter_provider_shutdown(provider, 1000); /* collects and exports once more */
    }
    tacho_meter_provider_destroy(provider);
    if (rc != TACHO_OK) {
        (void)fprintf(stderr, "custom_exporter: %s\n", tacho_status_text(rc));
    }
    return rc == TACHO_OK ? 0 : 1;
}
