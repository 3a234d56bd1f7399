/* SPDX-License-Identifier: Apache-2.0 */
/* custom_exporter: an exporter of your own, whole, in one file: it appends CSV to a file.
 *
 *     custom_exporter [FILE]          (default: standard output)
 *
 *     cc custom_exporter.c $(pkg-config --cflags --libs tacho-sdk)
 *
 * The lesson: an exporter is an object and a table of five functions, tacho_metric_exporter_ops.
 * Nothing but public headers is needed, and tacho's own exporters go through the same door.
 *
 * - export_batch gets one collection. What it points to is valid during the call only: write it or
 *   copy it. It is never called twice at a time. Be back by the deadline.
 *
 * - force_flush: what was taken has been delivered when it returns. Any thread.
 *
 * - shutdown: flush, then refuse. Free nothing: a late export may be under way. Any thread.
 *
 * - destroy frees. It is called once, last, also where the exporter could not be created.
 *
 * - delivery, the account: every sample taken is acknowledged, failed, dropped or pending.
 *
 * To make it yours, replace export_batch and the object; walk the batch as it is done here. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <tacho/sdk/meter_provider.h>
#include <tacho/tacho.h>

struct csv_exporter {
    FILE *file;                      /* immutable; stdio locks it */
    atomic_bool is_shut_down;        /* set once */
    atomic_uint_fast64_t lines;      /* accepted */
    atomic_uint_fast64_t lines_lost; /* accepted, and the file refused them */
};

/* ---- one batch as text ---- */

/* The inside of a quoted field: a quote is doubled. */
static void put_text(FILE *file, tacho_string text) {
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"') {
            (void)putc('"', file);
        }
        (void)putc(text.data[i], file);
    }
}

static void put_value(FILE *file, const tacho_value *value) {
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
}

/* time,scope,metric,unit,attributes,what, -- the caller adds the value. */
static void put_head(FILE *file, const tacho_scope *scope, const tacho_metric *metric,
                     uint64_t time_unix_nano, tacho_attributes attrs, const char *what) {
    (void)fprintf(file, "%" PRIu64 ",\"", time_unix_nano / 1000000);
    put_text(file, scope->name);
    (void)fputs("\",\"", file);
    put_text(file, metric->name);
    (void)fputs("\",\"", file);
    put_text(file, metric->unit);
    (void)fputs("\",\"", file);
    for (size_t i = 0; i < attrs.count; i++) {
        (void)fputs(i > 0 ? ";" : "", file);
        put_text(file, attrs.items[i].key);
        (void)putc('=', file);
        put_value(file, &attrs.items[i].value);
    }
    (void)fprintf(file, "\",%s,", what);
}

static uint64_t put_numbers(FILE *file, const tacho_scope *scope, const tacho_metric *metric) {
    const char *what = metric->type == TACHO_METRIC_GAUGE ? "gauge" : "sum";
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_number_point *point = tacho_metric_number_point(metric, i);
        put_head(file, scope, metric, point->time_unix_nano, point->attributes, what);
        if (metric->number_type == TACHO_NUMBER_I64) {
            (void)fprintf(file, "%" PRId64 "\n", point->value.i64);
        } else {
            (void)fprintf(file, "%.17g\n", point->value.f64);
        }
    }
    return metric->point_count;
}

static uint64_t put_histograms(FILE *file, const tacho_scope *scope, const tacho_metric *metric) {
    for (size_t i = 0; i < metric->point_count; i++) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, i);
        put_head(file, scope, metric, point->time_unix_nano, point->attributes, "count");
        (void)fprintf(file, "%" PRIu64 "\n", point->count);
    }
    return metric->point_count;
}

/* ---- the five functions ---- */

static int csv_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct csv_exporter *csv = self;
    (void)deadline_ns; /* a network exporter passes it on to its transport */
    if (atomic_load_explicit(&csv->is_shut_down, memory_order_relaxed)) {
        return TACHO_E_SHUTDOWN;
    }
    uint64_t lines = 0;
    for (size_t s = 0; s < batch->scope_count; s++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, s);
        for (size_t m = 0; m < scope->metric_count; m++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, m);
            lines += metric->type == TACHO_METRIC_HISTOGRAM
                         ? put_histograms(csv->file, scope->scope, metric)
                         : put_numbers(csv->file, scope->scope, metric);
        }
    }
    bool is_written = fflush(csv->file) == 0 && ferror(csv->file) == 0;
    atomic_fetch_add_explicit(&csv->lines, lines, memory_order_relaxed);
    atomic_fetch_add_explicit(&csv->lines_lost, is_written ? 0 : lines, memory_order_relaxed);
    clearerr(csv->file);
    return is_written ? TACHO_OK : TACHO_E_FAILED;
}

static int csv_force_flush(void *self, uint64_t deadline_ns) {
    (void)self;
    (void)deadline_ns;
    return TACHO_OK; /* csv_export leaves nothing pending */
}

static int csv_shutdown(void *self, uint64_t deadline_ns) {
    struct csv_exporter *csv = self;
    atomic_store_explicit(&csv->is_shut_down, true, memory_order_relaxed);
    return csv_force_flush(self, deadline_ns);
}

static void csv_destroy(void *self) {
    struct csv_exporter *csv = self;
    if (csv->file != stdout) {
        (void)fclose(csv->file);
    }
    free(csv);
}

static void csv_delivery(void *self, tacho_delivery *out) {
    struct csv_exporter *csv = self;
    out->accepted = atomic_load_explicit(&csv->lines, memory_order_relaxed);
    out->failed = atomic_load_explicit(&csv->lines_lost, memory_order_relaxed);
    out->acknowledged = out->accepted - out->failed;
}

static const tacho_metric_exporter_ops csv_ops = {
    .struct_size = sizeof csv_ops,
    .name = "csv",
    .export_batch = csv_export,
    .force_flush = csv_force_flush,
    .shutdown = csv_shutdown,
    .destroy = csv_destroy,
    .delivery = csv_delivery,
};

/* The constructor that you would put into your header. `path` NULL: standard output. */
static int csv_exporter_create(const char *path, tacho_metric_exporter **out) {
    struct csv_exporter *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    csv->file = path != NULL ? fopen(path, "ae") : stdout;
    if (csv->file == NULL) {
        free(csv);
        return TACHO_E_SYSTEM;
    }
    return tacho_metric_exporter_create(&csv_ops, csv, out); /* takes csv, also when it fails */
}

/* ---- a program that uses it ---- */

static void work(void) {
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "custom_exporter", NULL);
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
    int rc = csv_exporter_create(argc > 1 ? argv[1] : NULL, &exporter);
    if (rc == TACHO_OK) {
        rc = tacho_periodic_reader_create(exporter, NULL, &reader);
    }
    if (rc == TACHO_OK) {
        rc = tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1),
            &provider);
    }
    if (rc == TACHO_OK) {
        (void)tacho_meter_provider_set_global(provider);
        work();
        rc = tacho_meter_provider_shutdown(provider, 1000); /* collects and exports once more */
    }
    tacho_meter_provider_destroy(provider);
    if (rc != TACHO_OK) {
        (void)fprintf(stderr, "custom_exporter: %s\n", tacho_status_text(rc));
    }
    return rc == TACHO_OK ? 0 : 1;
}
