/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the histograms of requests. See request_metrics.h. */
#include "remote_write/request_metrics.h"

#include "base/clock.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Prometheus' defaults, and what its sender adds to them. */
static const double duration_bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1,
                                         2.5,  5,   10,   25,  60, 120, 300};
static const double byte_bounds[] = {256,    1024,    4096,    16384,  65536,
                                     262144, 1048576, 4194304, 8388608};
static const double sample_bounds[] = {1, 10, 50, 100, 250, 500, 1000, 2000, 5000, 10000};

struct row {
    const char *name;
    const char *unit;
    const char *description;
    const double *bounds;
    size_t bound_count;
};

/* In the order of the values in tachoi_request_metrics_record. */
static const struct row rows[TACHOI_REQUEST_HISTOGRAMS] = {
    {"tacho.remote_storage.sent_batch_duration", "s", "How long requests took, each attempt",
     duration_bounds, COUNT_OF(duration_bounds)},
    {"tacho.remote_storage.request_size", "By", "Compressed bodies of requests", byte_bounds,
     COUNT_OF(byte_bounds)},
    {"tacho.remote_storage.request_message_size", "By", "Bodies of requests before compression",
     byte_bounds, COUNT_OF(byte_bounds)},
    {"tacho.remote_storage.request_samples", "{sample}",
     "Samples in requests, native histograms included", sample_bounds, COUNT_OF(sample_bounds)},
};

void tachoi_request_metrics_init(struct tachoi_request_metrics *metrics) {
    *metrics = (struct tachoi_request_metrics){.bound = {NULL}};
    (void)pthread_mutex_init(&metrics->lock, NULL); /* a plain one cannot fail */
}

void tachoi_request_metrics_fini(struct tachoi_request_metrics *metrics) {
    (void)pthread_mutex_destroy(&metrics->lock);
}

static tacho_bound_histogram *bind(const struct row *row, tacho_meter *meter,
                                   tacho_attributes attributes) {
    const tacho_instrument_options options = {.struct_size = sizeof options,
                                              .unit = row->unit,
                                              .description = row->description,
                                              .explicit_bucket_boundaries = row->bounds,
                                              .explicit_bucket_boundary_count = row->bound_count};
    return tacho_histogram_bind(tacho_meter_create_histogram(meter, row->name, &options),
                                attributes);
}

void tachoi_request_metrics_start(struct tachoi_request_metrics *metrics, tacho_meter *meter,
                                  tacho_attributes attributes) {
    tacho_bound_histogram *bound[TACHOI_REQUEST_HISTOGRAMS];
    for (size_t i = 0; i < TACHOI_REQUEST_HISTOGRAMS; i++) {
        bound[i] = bind(&rows[i], meter, attributes);
    }
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < TACHOI_REQUEST_HISTOGRAMS; i++) {
        metrics->bound[i] = bound[i];
    }
    pthread_mutex_unlock(&metrics->lock);
}

void tachoi_request_metrics_stop(struct tachoi_request_metrics *metrics) {
    tacho_bound_histogram *bound[TACHOI_REQUEST_HISTOGRAMS];
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < TACHOI_REQUEST_HISTOGRAMS; i++) {
        bound[i] = metrics->bound[i];
        metrics->bound[i] = NULL;
    }
    pthread_mutex_unlock(&metrics->lock);
    for (size_t i = 0; i < TACHOI_REQUEST_HISTOGRAMS; i++) {
        (void)tacho_bound_histogram_release(bound[i]);
    }
}

void tachoi_request_metrics_record(struct tachoi_request_metrics *metrics,
                                   const struct tachoi_request_sizes *sizes) {
    const double values[TACHOI_REQUEST_HISTOGRAMS] = {
        (double)sizes->duration_ns / TACHOI_NS_PER_S, (double)sizes->body_bytes,
        (double)sizes->message_bytes, (double)sizes->samples};
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < TACHOI_REQUEST_HISTOGRAMS; i++) {
        tacho_bound_histogram_record(metrics->bound[i], values[i]);
    }
    pthread_mutex_unlock(&metrics->lock);
}
