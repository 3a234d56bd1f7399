/* SPDX-License-Identifier: Apache-2.0 */
/* Many series, collected and encoded. See series.h. */
#include "bench/series.h"

#include <stdio.h>

#include "remote_write/exporter.h"

/* As the exporter's defaults: samples of a request, bytes of a body. */
enum { REQUEST_SAMPLES = 2000, BODY_BYTES = 1024 * 1024 };

static int export_batch(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct series *series = self;
    (void)deadline_ns;
    if (series->way == SERIES_TRANSLATE) {
        if (!series->converter.is_open) {
            series->time_ms += 1000;
            tachoi_queue_lend_locked(&series->queue, &series->converter.gathering.runs[0]);
        }
        tachoi_converter_convert(&series->converter, batch, series->time_ms);
    }
    return TACHO_OK;
}

static int see_batch(const tacho_metric_batch *batch, void *user) {
    BENCH_TOUCH(batch);
    (void)user;
    return TACHO_OK;
}

/* Wants batches as the exporter does. */
static int make_exporter(struct series *series, tacho_metric_exporter **out) {
    static const tacho_metric_exporter_ops ops = {.struct_size = sizeof ops,
                                                  .name = "bench",
                                                  .export_batch = export_batch,
                                                  .batch_points = TACHOI_REMOTE_WRITE_BATCH_POINTS};
    return tacho_metric_exporter_create(&ops, series, out);
}

static const double bounds[SERIES_BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
                                             0.75,  1,    2.5,   5,    7.5,   10,  25};

void series_init(struct series *series, enum series_kind kind, uint64_t count,
                 enum series_way way) {
    *series = (struct series){.count = count,
                              .way = way,
                              .time_ms = INT64_C(1800000000000),
                              .protocol = &tachoi_protocol_v1};
    tachoi_converter_init(&series->converter, &(struct tachoi_converter_options){
                                                  .prometheus = {.disable_scope_info = true},
                                                  .disable_target_info = true});
    tachoi_queue_init(&series->queue, UINT64_MAX / 2);
    tachoi_encoder_init(&series->encoder, &(struct tachoi_encoder_options){0});
    tacho_metric_exporter *exporter = NULL;
    tacho_resource *resource = NULL;
    const tacho_attributes about =
        TACHO_ATTRS(TACHO_STR("service.name", "shop"), TACHO_STR("service.instance.id", "shop-1"));
    if (tacho_resource_create(TACHO_OPTIONS(tacho_resource_options, .attributes = about),
                              &resource) != TACHO_OK ||
        make_exporter(series, &exporter) != TACHO_OK ||
        tacho_manual_reader_create(
            exporter,
            TACHO_OPTIONS(tacho_manual_reader_options, .cardinality_limit = TACHO_NO_LIMIT),
            &series->reader) != TACHO_OK ||
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                  .resource = resource, .readers = &series->reader,
                                                  .reader_count = 1),
                                    &series->provider) != TACHO_OK) {
        bench_die("no provider");
    }
    tacho_meter *meter = tacho_meter_provider_get_meter(series->provider, "bench", NULL);
    if (kind == SERIES_COUNTERS) {
        series->counter = tacho_meter_create_counter(meter, "requests", NULL);
    } else {
        series->histogram = tacho_meter_create_histogram(
            meter, SERIES_HISTOGRAM_NAME,
            TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                          .explicit_bucket_boundary_count = SERIES_BOUNDS));
    }
}

void series_fini(struct series *series) {
    tacho_meter_provider_destroy(series->provider);
    tachoi_encoder_fini(&series->encoder);
    tachoi_run_fini(&series->flight);
    tachoi_queue_fini(&series->queue);
    tachoi_converter_fini(&series->converter);
}

void series_record(struct series *series) {
    for (uint64_t i = 0; i < series->count; i++) {
        char customer[24];
        char path[32];
        const int customer_length = snprintf(customer, sizeof customer, "c-%08u", (unsigned)i);
        const int path_length = snprintf(path, sizeof path, "/api/v1/orders/%u", (unsigned)i % 97);
        const tacho_attributes attributes = TACHO_ATTRS(
            TACHO_STRN("customer", customer, (size_t)customer_length),
            TACHO_STRN("method", "GET", 3), TACHO_STRN("route", path, (size_t)path_length));
        if (series->counter != NULL) {
            tacho_counter_add(series->counter, (int64_t)(i % 1000) + 1, attributes);
        } else {
            tacho_histogram_record(series->histogram, 0.001 * (double)(i % 30000), attributes);
        }
    }
}

void series_collect(struct series *series) {
    if (tacho_metric_reader_collect(series->reader, TACHO_NO_TIMEOUT) != TACHO_OK) {
        bench_die("a collection failed");
    }
}

void series_collect_whole(struct series *series) {
    if (tacho_metric_reader_collect_with(series->reader, TACHO_NO_TIMEOUT, see_batch, NULL) !=
        TACHO_OK) {
        bench_die("a collection failed");
    }
}

/** One request's worth of the flight. */
static size_t encode_from(struct series *series, size_t begin) {
    const size_t end = tachoi_run_range_end(&series->flight, begin, REQUEST_SAMPLES);
    if (tachoi_encoder_encode(&series->encoder, series->protocol, &series->flight, begin, end,
                              BODY_BYTES) != TACHOI_ENCODE_OK) {
        bench_die("a request cannot be encoded");
    }
    series->requests++;
    series->message_bytes += series->encoder.message.length;
    series->body_bytes += series->encoder.body_length;
    return end;
}

void series_deliver(struct series *series) {
    tachoi_queue_append_locked(&series->queue, &series->converter.gathering.runs[0]);
    series->requests = series->message_bytes = series->body_bytes = 0;
    while (series->queue.waiting.sample_count > 0) {
        if (!tachoi_queue_take_locked(&series->queue, REQUEST_SAMPLES, &series->flight)) {
            bench_die("no memory to take");
        }
        for (size_t begin = 0; begin < series->flight.sample_count;) {
            begin = encode_from(series, begin);
        }
        tachoi_queue_release_locked(&series->queue, &series->flight);
    }
}
