/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one door to several endpoints. See fan_out.h. */
#include "remote_write/fan_out.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/options.h"
#include "remote_write/stats.h"

struct place {
    struct tachoi_remote_write_exporter *exporter;
    struct tachoi_worker_wait flush; /* who flushes; one at a time */
    struct tachoi_worker_wait close; /* who shuts down; once */
};

struct fan_out { /* immutable after create, but for the waits */
    uint32_t fork_generation;
    size_t count;
    struct place places[];
};

/* The first failure, but a passed deadline is the worst. */
static int worse(int a, int b) {
    if (a == TACHO_E_TIMEOUT || b == TACHO_E_TIMEOUT) {
        return TACHO_E_TIMEOUT;
    }
    return a != TACHO_OK ? a : b;
}

/* --- the table --- */

static int export_batch(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct fan_out *fan_out = self;
    int status = TACHO_OK;
    for (size_t i = 0; i < fan_out->count; i++) {
        const int one =
            tachoi_remote_write_ops.export_batch(fan_out->places[i].exporter, batch, deadline_ns);
        status = status == TACHO_OK ? one : status;
    }
    return status;
}

static int force_flush(void *self, uint64_t deadline_ns) {
    struct fan_out *fan_out = self;
    int status = TACHO_OK;
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        tachoi_remote_write_exporter_flush_begin(place->exporter, &place->flush);
    }
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        status = worse(status, tachoi_remote_write_exporter_flush_end(place->exporter,
                                                                      &place->flush, deadline_ns));
    }
    return status;
}

static int shut_down(void *self, uint64_t deadline_ns) {
    struct fan_out *fan_out = self;
    int status = TACHO_OK;
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        tachoi_remote_write_exporter_close_begin(place->exporter, &place->close, deadline_ns);
    }
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        tachoi_remote_write_exporter_close_settle(place->exporter, &place->close, deadline_ns);
    }
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        tachoi_remote_write_exporter_close_stop(place->exporter, &place->close);
    }
    const uint64_t grace_ns = tachoi_worker_grace_after(deadline_ns, TACHOI_STOP_GRACE_MS);
    for (size_t i = 0; i < fan_out->count; i++) {
        struct place *place = &fan_out->places[i];
        status = worse(status, tachoi_remote_write_exporter_close_end(
                                   place->exporter, &place->close, deadline_ns, grace_ns));
    }
    return status;
}

static void destroy(void *self) {
    struct fan_out *fan_out = self;
    if (fan_out == NULL || fan_out->fork_generation != tachoi_fork_generation()) {
        return;
    }
    for (size_t i = 0; i < fan_out->count; i++) {
        tachoi_remote_write_exporter_retire(fan_out->places[i].exporter);
    }
    (void)shut_down(fan_out, 0);
    const uint64_t until_ns = tachoi_worker_grace_after(0, TACHOI_END_PATIENCE_MS);
    for (size_t i = 0; i < fan_out->count; i++) {
        tachoi_remote_write_exporter_free(fan_out->places[i].exporter, until_ns);
    }
    tachoi_free(fan_out);
}

static void add_up(const struct fan_out *fan_out, tacho_remote_write_stats *sum) {
    memset(sum, 0, sizeof *sum);
    for (size_t i = 0; i < fan_out->count; i++) {
        tacho_remote_write_stats one;
        tachoi_remote_write_exporter_tell(fan_out->places[i].exporter, &one);
        tachoi_remote_write_stats_add(sum, &one);
    }
}

static void delivery(void *self, tacho_delivery *out) {
    tacho_remote_write_stats sum;
    add_up(self, &sum);
    tachoi_remote_write_stats_delivery(&sum, out);
}

static void observe(void *self, tacho_meter_provider *provider) {
    struct fan_out *fan_out = self;
    for (size_t i = 0; i < fan_out->count; i++) {
        tachoi_remote_write_ops.observe(fan_out->places[i].exporter, provider);
    }
}

static tacho_temporality temporality(void *self, tacho_instrument_kind kind) {
    struct fan_out *fan_out = self;
    return tachoi_remote_write_ops.temporality(fan_out->places[0].exporter, kind);
}

const tacho_metric_exporter_ops tachoi_remote_write_fan_out_ops = {
    .struct_size = sizeof(tacho_metric_exporter_ops),
    .name = TACHOI_REMOTE_WRITE,
    .export_batch = export_batch,
    .force_flush = force_flush,
    .shutdown = shut_down,
    .destroy = destroy,
    .delivery = delivery,
    .temporality = temporality,
    .batch_points = TACHOI_REMOTE_WRITE_BATCH_POINTS,
    .spreads_collections = true,
    .observe = observe,
};

/* --- create --- */

/* The details of a failure, told in the endpoint's own place and in the first one's. */
static void tell_error(const tacho_remote_write_options *const *options, size_t index,
                       const tacho_error *details) {
    tacho_error *const own = tachoi_remote_write_error_of(options[index]);
    tacho_error *const first = tachoi_remote_write_error_of(options[0]);
    tacho_error numbered = *details;
    (void)snprintf(numbered.message, sizeof numbered.message, "endpoint %zu: %.400s", index + 1,
                   details->message);
    if (own != NULL) {
        *own = numbered;
    }
    if (first != NULL) {
        *first = numbered;
    }
}

static const char *name_of(const struct fan_out *fan_out, size_t index) {
    return tachoi_remote_write_exporter_config(fan_out->places[index].exporter)->values.name;
}

/* Endpoints are told apart by their names, in self-metrics. */
static int check_name(const struct fan_out *fan_out, size_t index, tacho_error *error) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(name_of(fan_out, i), name_of(fan_out, index)) == 0) {
            return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "name",
                                              "\"%.128s\" is the name of endpoint %zu, too; give "
                                              "each its own",
                                              name_of(fan_out, index), i + 1);
        }
    }
    return TACHO_OK;
}

static int add(struct fan_out *fan_out, const tacho_remote_write_options *const *options) {
    const size_t index = fan_out->count;
    tacho_error details = {0};
    int status = tachoi_remote_write_exporter_create(options[index], index, &details,
                                                     &fan_out->places[index].exporter);
    if (status == TACHO_OK) {
        fan_out->count++;
        status = check_name(fan_out, index, &details);
    }
    if (status != TACHO_OK) {
        tell_error(options, index, &details);
    }
    return status;
}

static struct fan_out *fan_out_alloc(size_t count) {
    size_t size = 0;
    struct fan_out *fan_out = NULL;
    if (tachoi_size_mul(count, sizeof fan_out->places[0], &size) &&
        tachoi_size_add(size, sizeof *fan_out, &size) && tachoi_fork_watch()) {
        fan_out = tachoi_calloc(1, size);
    }
    if (fan_out != NULL) {
        fan_out->fork_generation = tachoi_fork_generation();
    }
    return fan_out;
}

static int create(const tacho_remote_write_options *const *options, size_t count,
                  tacho_metric_exporter **out) {
    struct fan_out *fan_out = fan_out_alloc(count);
    int status = TACHO_OK;
    if (fan_out == NULL) {
        status = TACHO_E_NO_MEMORY;
        return tachoi_error_set(tachoi_remote_write_error_of(options[0]), status, "", "%s",
                                tacho_status_text(status));
    }
    for (size_t i = 0; i < count && status == TACHO_OK; i++) {
        status = add(fan_out, options);
    }
    if (status != TACHO_OK) {
        destroy(fan_out);
        return status;
    }
    return tacho_metric_exporter_create(&tachoi_remote_write_fan_out_ops, fan_out, out);
}

int tacho_remote_write_exporter_create_many(const tacho_remote_write_options *const *options,
                                            size_t count, tacho_metric_exporter **out) {
    if (options == NULL || count == 0 || count > TACHOI_REMOTE_WRITE_ENDPOINTS_MAX) {
        return tachoi_remote_write_refuse(NULL, TACHO_E_INVALID, "count",
                                          "of endpoints is %zu; give between 1 and %zu, and their "
                                          "options",
                                          count, TACHOI_REMOTE_WRITE_ENDPOINTS_MAX);
    }
    if (out == NULL) {
        return tachoi_remote_write_refuse(tachoi_remote_write_error_of(options[0]), TACHO_E_INVALID,
                                          "out", "is NULL; say where the exporter goes");
    }
    return create(options, count, out);
}

/* --- accounts --- */

static const struct fan_out *fan_out_of(const tacho_metric_exporter *exporter) {
    return tacho_metric_exporter_self(exporter, &tachoi_remote_write_fan_out_ops);
}

size_t tachoi_remote_write_endpoint_count(const tacho_metric_exporter *exporter) {
    const struct fan_out *fan_out = fan_out_of(exporter);
    if (fan_out != NULL) {
        return fan_out->count;
    }
    return tacho_metric_exporter_self(exporter, &tachoi_remote_write_ops) != NULL ? 1 : 0;
}

struct tachoi_remote_write_exporter *
tachoi_remote_write_endpoint(const tacho_metric_exporter *exporter, size_t index) {
    const struct fan_out *fan_out = fan_out_of(exporter);
    return fan_out != NULL ? fan_out->places[index].exporter
                           : tacho_metric_exporter_self(exporter, &tachoi_remote_write_ops);
}
