/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the tests of the SDK share: Criterion, a log of diagnostics, collecting into a flat
 * list, an exporter that counts its calls and can be held up, and latches with a deadline. */
#ifndef TESTS_UNIT_SDK_FIXTURE_H
#define TESTS_UNIT_SDK_FIXTURE_H

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

#define UNUSED __attribute__((unused))
#define FIXTURE_TIMEOUT_MS 10000

/* --- waiting --- */

struct latch {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
};

#define LATCH_INITIALIZER                                                                          \
    { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false }

UNUSED static void latch_open(struct latch *latch) {
    pthread_mutex_lock(&latch->lock);
    latch->is_open = true;
    pthread_cond_broadcast(&latch->changed);
    pthread_mutex_unlock(&latch->lock);
}

/* Waits; false when it takes too long. */
UNUSED static bool latch_wait(struct latch *latch) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += FIXTURE_TIMEOUT_MS / 1000;
    int failure = 0;
    pthread_mutex_lock(&latch->lock);
    while (!latch->is_open && failure == 0) {
        failure = pthread_cond_timedwait(&latch->changed, &latch->lock, &deadline);
    }
    bool is_open = latch->is_open;
    pthread_mutex_unlock(&latch->lock);
    return is_open;
}

/* Waits until the counter has reached the value; false when it takes too long. */
UNUSED static bool await_count(const _Atomic(unsigned) *counter, unsigned value) {
    uint64_t deadline_ns = tachoi_monotonic_ns() + FIXTURE_TIMEOUT_MS * TACHOI_NS_PER_MS;
    while (atomic_load(counter) < value) {
        if (tachoi_monotonic_ns() > deadline_ns) {
            return false;
        }
        const struct timespec pause = {.tv_nsec = 200 * 1000};
        nanosleep(&pause, NULL);
    }
    return true;
}

/* --- diagnostics --- */

struct diagnostics_log {
    char kinds[64][48];
    char messages[64][512];
    size_t count;
};

static struct diagnostics_log diagnostics_log;

UNUSED static void log_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    struct diagnostics_log *log = user;
    if (log->count < 64) {
        snprintf(log->kinds[log->count], sizeof log->kinds[0], "%s", diagnostic->kind);
        snprintf(log->messages[log->count], sizeof log->messages[0], "%s", diagnostic->message);
        log->count++;
    }
}

UNUSED static void capture_diagnostics(void) {
    diagnostics_log.count = 0;
    tacho_diagnostics_set_handler(log_diagnostic, &diagnostics_log);
}

/* The first message of this kind, NULL if there was none. */
UNUSED static const char *diagnostic_of(const char *kind) {
    for (size_t i = 0; i < diagnostics_log.count; i++) {
        if (strcmp(diagnostics_log.kinds[i], kind) == 0) {
            return diagnostics_log.messages[i];
        }
    }
    return NULL;
}

UNUSED static bool was_told(const char *kind, const char *part) {
    const char *message = diagnostic_of(kind);
    return message != NULL && strstr(message, part) != NULL;
}

/* --- collecting --- */

struct seen_point {
    char scope[64];
    char name[64];
    char unit[32];
    char description[64];
    tacho_metric_type type;
    tacho_number_type number_type;
    tacho_temporality temporality;
    bool is_monotonic;
    int64_t i64; /* sums and gauges, by number_type */
    double f64;
    uint64_t start_time;
    uint64_t time;
    uint64_t count; /* histograms */
    double sum;
    size_t bound_count;
    double bounds[20];
    uint64_t buckets[21];
    size_t attr_count;
    char first_key[32];
    char attrs[128]; /* k=v,k=v: strings, integers, booleans */
    size_t exemplar_count;
};

struct collected {
    int status;
    struct seen_point points[256];
    size_t count;
    size_t point_count; /* as the batch tells */
    size_t scope_count;
    size_t metric_count;
    uint64_t time;
    char service_name[64];
};

static void copy_text(char *out, size_t size, tacho_string text) {
    snprintf(out, size, "%.*s", (int)text.length, text.length > 0 ? text.data : "");
}

static void see_attributes(struct seen_point *seen, tacho_attributes attributes) {
    char text[sizeof seen->attrs] = "";
    seen->attr_count = attributes.count;
    if (attributes.count > 0) {
        copy_text(seen->first_key, sizeof seen->first_key, attributes.items[0].key);
    }
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attribute = &attributes.items[i];
        const tacho_value *value = &attribute->value;
        size_t used = strlen(text);
        char shown[40] = "?";
        if (value->type == TACHO_VALUE_STRING) {
            copy_text(shown, sizeof shown, value->as.string);
        } else if (value->type == TACHO_VALUE_I64) {
            snprintf(shown, sizeof shown, "%lld", (long long)value->as.i64);
        } else if (value->type == TACHO_VALUE_BOOL) {
            snprintf(shown, sizeof shown, "%s", value->as.boolean ? "true" : "false");
        }
        snprintf(text + used, sizeof text - used, "%s%.*s=%s", i > 0 ? "," : "",
                 (int)attribute->key.length, attribute->key.data, shown);
    }
    memcpy(seen->attrs, text, sizeof text);
}

static void see_number(struct seen_point *seen, const tacho_metric *metric, size_t index) {
    const tacho_number_point *point = tacho_metric_number_point(metric, index);
    if (metric->number_type == TACHO_NUMBER_I64) {
        seen->i64 = point->value.i64;
    } else {
        seen->f64 = point->value.f64;
    }
    seen->start_time = point->start_time_unix_nano;
    seen->time = point->time_unix_nano;
    seen->exemplar_count = point->exemplars.count;
    see_attributes(seen, point->attributes);
}

static void see_histogram(struct seen_point *seen, const tacho_metric *metric, size_t index) {
    const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
    seen->count = point->count;
    seen->sum = point->sum;
    seen->start_time = point->start_time_unix_nano;
    seen->time = point->time_unix_nano;
    seen->bound_count = point->bound_count;
    seen->exemplar_count = point->exemplars.count;
    see_attributes(seen, point->attributes);
    for (size_t i = 0; i < point->bound_count && i < 20; i++) {
        seen->bounds[i] = point->bounds[i];
    }
    for (size_t i = 0; i <= point->bound_count && i < 21; i++) {
        seen->buckets[i] = point->bucket_counts[i];
    }
}

static void see_exponential(struct seen_point *seen, const tacho_metric *metric, size_t index) {
    const tacho_exponential_histogram_point *point =
        tacho_metric_exponential_histogram_point(metric, index);
    seen->count = point->count;
    seen->sum = point->sum;
    seen->start_time = point->start_time_unix_nano;
    seen->time = point->time_unix_nano;
    seen->exemplar_count = point->exemplars.count;
    see_attributes(seen, point->attributes);
}

static void see_metric(struct collected *collected, const tacho_scope *scope,
                       const tacho_metric *metric) {
    for (size_t i = 0; i < metric->point_count && collected->count < 256; i++) {
        struct seen_point *seen = &collected->points[collected->count++];
        *seen = (struct seen_point){.type = metric->type,
                                    .number_type = metric->number_type,
                                    .temporality = metric->temporality,
                                    .is_monotonic = metric->is_monotonic};
        copy_text(seen->scope, sizeof seen->scope, scope->name);
        copy_text(seen->name, sizeof seen->name, metric->name);
        copy_text(seen->unit, sizeof seen->unit, metric->unit);
        copy_text(seen->description, sizeof seen->description, metric->description);
        if (metric->type == TACHO_METRIC_HISTOGRAM) {
            see_histogram(seen, metric, i);
        } else if (metric->type == TACHO_METRIC_EXPONENTIAL_HISTOGRAM) {
            see_exponential(seen, metric, i);
        } else {
            see_number(seen, metric, i);
        }
    }
}

UNUSED static int see_batch(const tacho_metric_batch *batch, void *user) {
    struct collected *collected = user;
    collected->point_count = batch->point_count;
    collected->scope_count = batch->scope_count;
    collected->time = batch->time_unix_nano;
    tacho_attributes resource = tacho_resource_attributes(batch->resource);
    for (size_t i = 0; i < resource.count; i++) {
        if (resource.items[i].key.length == strlen("service.name") &&
            memcmp(resource.items[i].key.data, "service.name", strlen("service.name")) == 0) {
            copy_text(collected->service_name, sizeof collected->service_name,
                      resource.items[i].value.as.string);
        }
    }
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            collected->metric_count++;
            see_metric(collected, scope->scope, tacho_scope_metrics_metric(scope, j));
        }
    }
    return TACHO_OK;
}

/* One collection, to be freed. */
UNUSED static struct collected *collect(tacho_metric_reader *reader) {
    struct collected *collected = calloc(1, sizeof *collected);
    cr_assert(ne(ptr, collected, NULL));
    collected->status = tacho_metric_reader_collect_with(reader, 0, see_batch, collected);
    return collected;
}

/* The n-th point of the metric, NULL if there is none. */
UNUSED static const struct seen_point *point_of(const struct collected *collected, const char *name,
                                                size_t n) {
    for (size_t i = 0; i < collected->count; i++) {
        if (strcmp(collected->points[i].name, name) == 0 && n-- == 0) {
            return &collected->points[i];
        }
    }
    return NULL;
}

/* The point of the metric with these attributes ("k=v,k=v"), NULL if there is none. */
UNUSED static const struct seen_point *point_with(const struct collected *collected,
                                                  const char *name, const char *attrs) {
    for (size_t i = 0; i < collected->count; i++) {
        if (strcmp(collected->points[i].name, name) == 0 &&
            strcmp(collected->points[i].attrs, attrs) == 0) {
            return &collected->points[i];
        }
    }
    return NULL;
}

/* The only value of an int64 metric in a fresh collection; INT64_MIN if there is none. */
UNUSED static int64_t value_of(tacho_metric_reader *reader, const char *name) {
    struct collected *collected = collect(reader);
    const struct seen_point *point = point_of(collected, name, 0);
    int64_t value = point != NULL ? point->i64 : INT64_MIN;
    free(collected);
    return value;
}

/* --- exporters --- */

/* Counts calls; its exports can be held up. */
struct test_exporter {
    _Atomic(unsigned) exports;
    _Atomic(unsigned) flushes;
    _Atomic(unsigned) shutdowns;
    _Atomic(unsigned) destroys;
    _Atomic(unsigned) inside;      /* export_batch now */
    _Atomic(unsigned) overlapping; /* exports that found another one inside */
    _Atomic(int64_t) last_value;   /* of the first point of the last batch */
    struct latch *hold;            /* waited for in export_batch if not NULL */
    struct latch *entered;         /* opened in export_batch if not NULL */
    int export_status;
    int flush_status;
    int shutdown_status;
    tacho_delivery account;
    char thread_name[16];
};

static int test_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct test_exporter *test = self;
    (void)deadline_ns;
    if (atomic_fetch_add(&test->inside, 1) > 0) {
        atomic_fetch_add(&test->overlapping, 1);
    }
    pthread_getname_np(pthread_self(), test->thread_name, sizeof test->thread_name);
    if (test->entered != NULL) {
        latch_open(test->entered);
    }
    if (test->hold != NULL) {
        latch_wait(test->hold);
    }
    if (batch->point_count > 0) {
        const tacho_metric *metric =
            tacho_scope_metrics_metric(tacho_metric_batch_scope(batch, 0), 0);
        if (metric->type == TACHO_METRIC_SUM && metric->number_type == TACHO_NUMBER_I64) {
            atomic_store(&test->last_value, tacho_metric_number_point(metric, 0)->value.i64);
        }
    }
    atomic_fetch_sub(&test->inside, 1);
    atomic_fetch_add(&test->exports, 1);
    return test->export_status;
}

static int test_flush(void *self, uint64_t deadline_ns) {
    struct test_exporter *test = self;
    (void)deadline_ns;
    atomic_fetch_add(&test->flushes, 1);
    return test->flush_status;
}

static int test_shutdown(void *self, uint64_t deadline_ns) {
    struct test_exporter *test = self;
    (void)deadline_ns;
    atomic_fetch_add(&test->shutdowns, 1);
    return test->shutdown_status;
}

static void test_destroy(void *self) {
    struct test_exporter *test = self;
    atomic_fetch_add(&test->destroys, 1);
}

static void test_delivery(void *self, tacho_delivery *out) {
    const struct test_exporter *test = self;
    *out = test->account;
}

static const tacho_metric_exporter_ops test_exporter_ops UNUSED = {
    .struct_size = sizeof(tacho_metric_exporter_ops),
    .name = "test",
    .export_batch = test_export,
    .force_flush = test_flush,
    .shutdown = test_shutdown,
    .destroy = test_destroy,
    .delivery = test_delivery,
};

UNUSED static tacho_metric_exporter *make_exporter(struct test_exporter *test) {
    tacho_metric_exporter *exporter = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&test_exporter_ops, test, &exporter), TACHO_OK));
    return exporter;
}

/* --- providers --- */

UNUSED static tacho_metric_reader *make_manual_reader(void) {
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(NULL, NULL, &reader), TACHO_OK));
    return reader;
}

UNUSED static tacho_metric_reader *make_periodic_reader(struct test_exporter *test,
                                                        uint32_t interval_ms) {
    tacho_metric_reader *reader = NULL;
    int status = tacho_periodic_reader_create(
        make_exporter(test),
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = interval_ms), &reader);
    cr_assert(eq(int, status, TACHO_OK));
    return reader;
}

UNUSED static tacho_meter_provider *make_provider(tacho_metric_reader *const *readers,
                                                  size_t count) {
    tacho_meter_provider *provider = NULL;
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers, .reader_count = count),
        &provider);
    cr_assert(eq(int, status, TACHO_OK));
    return provider;
}

/* A provider with one manual reader and a meter "test". */
struct sdk {
    tacho_metric_reader *reader;
    tacho_meter_provider *provider;
    tacho_meter *meter;
};

UNUSED static struct sdk make_sdk(void) {
    struct sdk sdk = {.reader = make_manual_reader()};
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    return sdk;
}

/* --- views --- */

UNUSED static tacho_view *make_view(const tacho_view_options *options) {
    tacho_view *view = NULL;
    cr_assert(eq(int, tacho_view_create(options, &view), TACHO_OK));
    return view;
}

#define VIEW(...) make_view(TACHO_OPTIONS(tacho_view_options, __VA_ARGS__))

/* The same with views of which the last is NULL. */
UNUSED static struct sdk make_sdk_with_views(tacho_view *const *views) {
    struct sdk sdk = {.reader = make_manual_reader()};
    size_t count = 0;
    while (views[count] != NULL) {
        count++;
    }
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &sdk.reader, .reader_count = 1,
                      .views = views, .view_count = count),
        &sdk.provider);
    cr_assert(eq(int, status, TACHO_OK));
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    return sdk;
}

#define SDK_WITH_VIEWS(...) make_sdk_with_views((tacho_view *const[]){__VA_ARGS__, NULL})

/* --- time --- */

/* A clock that goes when it is told to. */
struct fake_time {
    uint64_t unix_ns;
    uint64_t monotonic_ns;
    _Atomic(unsigned) reads;
};

static uint64_t fake_unix_ns(void *user) {
    struct fake_time *time = user;
    atomic_fetch_add(&time->reads, 1);
    return time->unix_ns;
}

static uint64_t fake_monotonic_ns(void *user) {
    return ((struct fake_time *)user)->monotonic_ns;
}

UNUSED static tacho_meter_provider *make_timed_provider(tacho_metric_reader *const *readers,
                                                        size_t count, struct fake_time *time) {
    const tacho_clock clock = {.struct_size = sizeof clock,
                               .unix_ns = fake_unix_ns,
                               .monotonic_ns = fake_monotonic_ns,
                               .user = time};
    tacho_meter_provider *provider = NULL;
    int status =
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers,
                                                  .reader_count = count, .clock = &clock),
                                    &provider);
    cr_assert(eq(int, status, TACHO_OK));
    return provider;
}

UNUSED static tacho_metric_reader *
make_manual_reader_with(const tacho_manual_reader_options *options) {
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(NULL, options, &reader), TACHO_OK));
    return reader;
}

#define READER(...) make_manual_reader_with(TACHO_OPTIONS(tacho_manual_reader_options, __VA_ARGS__))
#define DELTA_READER() READER(.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA)

#endif
