/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what an endpoint measures of itself. See self_metrics.h. */
#include "remote_write/self_metrics.h"

#include <stdio.h>
#include <string.h>

#include "tacho/sdk/diagnostics.h"

#define SCOPE_NAME "tacho.remote_write"
#define PREFIX "tacho.remote_storage."

enum kind { COUNTER, UP_DOWN_COUNTER, GAUGE, SECONDS /* a gauge; the value is in ms */ };

/* What is observed, but for attributes beside the endpoint's: kind, name, unit, description, value
 * of `stats` (the account) and `values` (the options). */
#define PLAIN_METRICS(X)                                                                           \
    X(COUNTER, "samples_in", "{sample}", "Samples accepted, native histograms included",           \
      stats->accepted)                                                                             \
    X(COUNTER, "samples", "{sample}", "Samples acknowledged by the receiver",                      \
      stats->acknowledged - stats->histograms_acknowledged)                                        \
    X(COUNTER, "histograms", "{histogram}", "Native histograms acknowledged by the receiver",      \
      stats->histograms_acknowledged)                                                              \
    X(COUNTER, "samples_failed", "{sample}", "Samples refused by the receiver for good",           \
      stats->failed)                                                                               \
    X(COUNTER, "samples_retried", "{sample}", "Samples in requests that repeat an earlier one",    \
      stats->samples_retried)                                                                      \
    X(UP_DOWN_COUNTER, "samples_pending", "{sample}", "Samples queued or being sent",              \
      stats->pending)                                                                              \
    X(COUNTER, "exemplars_in", "{exemplar}", "Exemplars accepted", stats->exemplars_accepted)      \
    X(COUNTER, "exemplars", "{exemplar}", "Exemplars acknowledged by the receiver",                \
      stats->exemplars_acknowledged)                                                               \
    X(COUNTER, "exemplars_failed", "{exemplar}", "Exemplars refused by the receiver for good",     \
      stats->exemplars_failed)                                                                     \
    X(COUNTER, "exemplars_dropped", "{exemplar}", "Exemplars given up", stats->exemplars_dropped)  \
    X(COUNTER, "exemplars_retried", "{exemplar}",                                                  \
      "Exemplars in requests that repeat an earlier one", stats->exemplars_retried)                \
    X(UP_DOWN_COUNTER, "exemplars_pending", "{exemplar}", "Exemplars queued or being sent",        \
      stats->exemplars_pending)                                                                    \
    X(COUNTER, "metadata", "{family}", "Metric families acknowledged in requests of metadata",     \
      stats->metadata_acknowledged)                                                                \
    X(COUNTER, "metadata_failed", "{family}", "Metric families refused in requests of metadata",   \
      stats->metadata_failed)                                                                      \
    X(COUNTER, "metadata_retried", "{family}", "Metric families in requests that repeat one",      \
      stats->metadata_retried)                                                                     \
    X(COUNTER, "bytes", "By", "Compressed bodies sent, repeated ones included", stats->bytes_sent) \
    X(SECONDS, "queue_highest_timestamp", "s", "Time of the newest sample accepted",               \
      stats->highest_timestamp_ms)                                                                 \
    X(SECONDS, "queue_highest_sent_timestamp", "s", "Time of the newest sample acknowledged",      \
      stats->highest_sent_timestamp_ms)                                                            \
    X(UP_DOWN_COUNTER, "shards", "{shard}", "Requests that may be under way at once",              \
      stats->shards)                                                                               \
    X(UP_DOWN_COUNTER, "shards_backing_off", "{shard}", "Shards that wait before they send again", \
      stats->shards_backing_off)                                                                   \
    X(GAUGE, "shard_capacity", "{sample}", "Samples that each shard may queue; 0: bytes alone",    \
      values->capacity)                                                                            \
    X(GAUGE, "queue_capacity", "By", "Memory for queued samples of all shards",                    \
      values->queue_max_bytes)                                                                     \
    X(GAUGE, "max_samples_per_send", "{sample}", "Samples that one request may hold",              \
      values->max_samples_per_send)                                                                \
    X(GAUGE, "protocol_version", "", "Version of remote write that is spoken", stats->protocol)    \
    X(COUNTER, "protocol_fallbacks", "{fallback}", "Changes from version 2.0 to 1.0",              \
      stats->protocol_fallbacks)                                                                   \
    X(COUNTER, "written_mismatches", "{answer}",                                                   \
      "Answers that told less was written than was sent", stats->written_mismatches)               \
    X(COUNTER, "stale_markers", "{sample}", "Samples accepted that end a series",                  \
      stats->stale_markers)                                                                        \
    X(UP_DOWN_COUNTER, "series", "{series}", "Series whose labels are kept", stats->series_cached) \
    X(COUNTER, "series_filtered", "{series}", "Series dropped by relabelling when they were new",  \
      stats->series_filtered)                                                                      \
    X(COUNTER, "points_unsupported", "{data_point}",                                               \
      "Points not accepted, as they cannot be sent", stats->unsupported_points)                    \
    X(COUNTER, "exemplars_unsupported", "{exemplar}",                                              \
      "Exemplars not accepted, as they cannot be sent", stats->unsupported_exemplars)

struct row {
    enum kind kind;
    const char *name;
    const char *unit;
    const char *description;
};

#define ROW(kind, name, unit, description, value) {kind, PREFIX name, unit, description},
static const struct row rows[] = {
    PLAIN_METRICS(ROW) /* and with an attribute of their own: */
    {COUNTER, PREFIX "samples_dropped", "{sample}",
     "Samples given up, native histograms included; by reason"},
    {COUNTER, PREFIX "label_collisions", "{data_point}",
     "Points whose labels another series of the collection had already; by result"},
    {COUNTER, PREFIX "credentials_refreshes", "{refresh}",
     "How often the password file was read again; by result"},
    {COUNTER, PREFIX "requests", "{request}",
     "Requests with samples that have ended, repeated ones included; by code"},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])
#define DROPPED_ROW (ROW_COUNT - 4)
#define COLLISIONS_ROW (ROW_COUNT - 3)
#define REFRESHES_ROW (ROW_COUNT - 2)
#define REQUESTS_ROW (ROW_COUNT - 1)
_Static_assert(ROW_COUNT <= TACHOI_SELF_METRICS_MAX, "there must be room");

/* --- observing --- */

enum { NAME, URL, OWN, ATTRIBUTES_MAX };

/* One run of the callback. */
struct observation {
    const struct tachoi_self_metrics *metrics;
    tacho_observer *observer;
    tacho_attribute items[ATTRIBUTES_MAX]; /* the endpoint's, and room for one more */
};

static void describe(const struct tachoi_self_metrics *metrics, tacho_attribute *items) {
    items[NAME] = TACHO_STR("remote_name", metrics->name.text);
    items[URL] = TACHO_STR("url", metrics->name.url);
}

static void observe_plain(const struct observation *observation,
                          const tacho_remote_write_stats *stats,
                          const tacho_remote_write_options *values) {
#define VALUE(kind, name, unit, description, value) (int64_t)(value),
    const int64_t list[] = {PLAIN_METRICS(VALUE)};
#undef VALUE
    const tacho_attributes attributes = tacho_attributes_from(observation->items, OWN);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        tacho_observable *observable = observation->metrics->observables[i];
        if (rows[i].kind == SECONDS) {
            tacho_observe_f64(observation->observer, observable, (double)list[i] / 1000,
                              attributes);
        } else {
            tacho_observe_i64(observation->observer, observable, list[i], attributes);
        }
    }
}

static void observe_one(struct observation *observation, size_t row, uint64_t value,
                        tacho_attribute own) {
    observation->items[OWN] = own;
    tacho_observe_i64(observation->observer, observation->metrics->observables[row], (int64_t)value,
                      tacho_attributes_from(observation->items, ATTRIBUTES_MAX));
}

/* All reasons, also those that there was no loss for: a rate needs a beginning. */
static void observe_dropped(struct observation *observation,
                            const tacho_remote_write_stats *stats) {
    const struct {
        const char *reason;
        uint64_t samples;
    } losses[] = {
        {"queue_full", stats->dropped_queue_full}, {"too_old", stats->dropped_too_old},
        {"shutdown", stats->dropped_shutdown},     {"clock", stats->dropped_clock},
        {"invalid", stats->dropped_invalid},       {"rw1_unsupported", stats->dropped_unsupported}};
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        observe_one(observation, DROPPED_ROW, losses[i].samples,
                    TACHO_STR("reason", losses[i].reason));
    }
}

/* What has two results. */
static void observe_results(struct observation *observation,
                            const tacho_remote_write_stats *stats) {
    observe_one(observation, COLLISIONS_ROW, stats->label_collisions_merged,
                TACHO_STR("result", "merged"));
    observe_one(observation, COLLISIONS_ROW, stats->label_collisions_dropped,
                TACHO_STR("result", "dropped"));
    observe_one(observation, REFRESHES_ROW, stats->credentials_refreshed,
                TACHO_STR("result", "success"));
    observe_one(observation, REFRESHES_ROW, stats->credentials_refresh_failed,
                TACHO_STR("result", "failure"));
}

static void observe_requests(struct observation *observation) {
    struct tachoi_answers answers[TACHOI_ANSWER_KINDS];
    tachoi_worker_tell_answers(observation->metrics->worker, answers);
    for (size_t i = 0; i < TACHOI_ANSWER_KINDS && answers[i].count > 0; i++) {
        char code[16];
        (void)snprintf(code, sizeof code, "%d", answers[i].status);
        observe_one(observation, REQUESTS_ROW, answers[i].count,
                    TACHO_STR("code", answers[i].status == 0                     ? "none"
                                      : answers[i].status == TACHOI_OTHER_STATUS ? "other"
                                                                                 : code));
    }
}

/* May run in several threads at once, for several readers. */
static void observe(tacho_observer *observer, void *user) {
    const struct tachoi_self_metrics *metrics = user;
    struct observation observation = {.metrics = metrics, .observer = observer};
    tacho_remote_write_stats stats;
    memset(&stats, 0, sizeof stats);
    tachoi_worker_tell(metrics->worker, &stats);
    describe(metrics, observation.items);
    observe_plain(&observation, &stats, &metrics->worker->config->values);
    observe_dropped(&observation, &stats);
    observe_results(&observation, &stats);
    observe_requests(&observation);
}

/* --- life --- */

static tacho_observable *make(tacho_meter *meter, const struct row *row) {
    const tacho_instrument_options options = {
        .struct_size = sizeof options, .unit = row->unit, .description = row->description};
    switch (row->kind) {
    case COUNTER:
        return tacho_meter_create_observable_counter(meter, row->name, &options, NULL, NULL);
    case UP_DOWN_COUNTER:
        return tacho_meter_create_observable_up_down_counter(meter, row->name, &options, NULL,
                                                             NULL);
    case GAUGE:
        return tacho_meter_create_observable_gauge(meter, row->name, &options, NULL, NULL);
    case SECONDS:
        break;
    }
    return tacho_meter_create_observable_gauge_f64(meter, row->name, &options, NULL, NULL);
}

/* Equal ones come of two tenants of a receiver, whom headers tell apart. */
static void take_name(struct tachoi_self_metrics *metrics,
                      const struct tachoi_remote_write_config *config) {
    if (!tachoi_endpoint_name_take(&metrics->name, config->values.name, config->redacted_url)) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "name_taken",
                                 "another endpoint of %s is called `%s`, too; the metrics of this "
                                 "one are of `%s`: give each a `name`, for the numbers go by who "
                                 "came first",
                                 config->redacted_url, config->values.name, metrics->name.text);
    }
}

void tachoi_self_metrics_start(struct tachoi_self_metrics *metrics, tacho_meter_provider *provider,
                               struct tachoi_worker *worker) {
    tacho_attribute items[ATTRIBUTES_MAX];
    tacho_meter *meter = tacho_meter_provider_get_meter(
        provider, SCOPE_NAME, TACHO_OPTIONS(tacho_scope_options, .version = TACHO_VERSION));
    metrics->worker = worker;
    take_name(metrics, worker->config);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        metrics->observables[i] = make(meter, &rows[i]);
    }
    if (tacho_meter_register_callback(meter, observe, metrics, metrics->observables, ROW_COUNT,
                                      &metrics->callback) != TACHO_OK) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "not_observed",
                                 "memory is short: %s does not measure itself",
                                 worker->config->redacted_url);
    }
    describe(metrics, items);
    tachoi_request_metrics_start(&worker->endpoint.metrics, meter,
                                 tacho_attributes_from(items, OWN));
}

void tachoi_self_metrics_stop(struct tachoi_self_metrics *metrics) {
    if (metrics->worker != NULL) {
        metrics->callback = tacho_callback_unregister(metrics->callback);
        tachoi_request_metrics_stop(&metrics->worker->endpoint.metrics);
        tachoi_endpoint_name_give_back(&metrics->name);
        metrics->worker = NULL;
    }
}
