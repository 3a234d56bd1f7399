/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what the exporter measures of itself as a receiver gets it: names and labels as Prometheus'
 * own sender has them, numbers that are those of the account, nothing that feeds itself, and a
 * clean end. One provider is observed by another one, whose exporter sends to `mirror`. */
#include <sched.h>

#include "fault/fault_fixture.h"

static struct receiver *receiver;
static struct receiver *mirror;
static tacho_resource *resource;
static tacho_meter_provider *observer;
static tacho_metric_reader *observing;

static tacho_metric_reader *make_reader(tacho_metric_exporter *exporter) {
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    return reader;
}

static tacho_meter_provider *make_provider(tacho_metric_reader *reader,
                                           tacho_meter_provider *measures, bool is_observed) {
    tacho_meter_provider *provider = NULL;
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1,
                                                           .enable_self_observation = is_observed,
                                                           .self_observation_provider = measures),
                                             &provider),
                 TACHO_OK));
    return provider;
}

static void begin(void) {
    receiver = receiver_start();
    mirror = receiver_start();
    resource = batch_resource();
    const tacho_remote_write_options options = fast_options(receiver_url(mirror));
    observing = make_reader(create(&options));
    observer = make_provider(observing, NULL, false);
}

static void end(void) {
    tacho_meter_provider_destroy(observer);
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    cr_expect(eq(str, (char *)receiver_problem(mirror), ""));
    receiver_stop(receiver);
    receiver_stop(mirror);
    tacho_resource_destroy(resource);
}

TestSuite(self_metrics, .init = begin, .fini = end);

/* --- what the mirror has --- */

/* Brings the newest values to the mirror. */
static void look(void) {
    cr_assert(eq(int, tacho_meter_provider_force_flush(observer, PATIENCE_MS), TACHO_OK), "%s",
              fault_log.text);
}

static bool is_series(const char *text, const char *name, const char *label) {
    const size_t length = strlen(name);
    return strncmp(text, name, length) == 0 && text[length] == '{' && strstr(text, label) != NULL;
}

/* The newest value at `at` of the series of this name with this label text; -1 if there is none. */
static double value_at(struct receiver *at, const char *name, const char *label) {
    for (size_t i = receiver_sample_count(at); i > 0; i--) {
        const struct receiver_sample sample = receiver_sample(at, i - 1);
        if (is_series(sample.series, name, label)) {
            return sample.value;
        }
    }
    return -1;
}

#define UNDER_TEST "remote_name=\"under test\""
#define EXPECT_VALUE(name, label, expected)                                                        \
    cr_expect(eq(dbl, value_at(mirror, name, label), (double)(expected)), "%s %s", name, label)
#define EXPECT_METRIC(name, expected)                                                              \
    EXPECT_VALUE("tacho_remote_storage_" name, UNDER_TEST, expected)

static tacho_metric_exporter *create_named(const tacho_remote_write_options *options) {
    tacho_remote_write_options named = *options;
    named.name = "under test";
    return create(&named);
}

/* --- tests --- */

/* RWOBS-01, RWOBS-02, RWOBS-04, RWOBS-05 */
Test(self_metrics, have_the_names_of_prometheus_and_the_numbers_of_the_account) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_2;
    options.capacity = 5000;
    tacho_metric_exporter *exporter = create_named(&options);
    tacho_meter_provider *provider = make_provider(make_reader(exporter), observer, true);
    receiver_script(receiver,
                    (struct receiver_step[]){{.status = 503}, {.status = 204}, {.status = 400}}, 3);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    struct batch batch;
    batch_init(&batch, resource, 3000);
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    batch_add_gauges(&batch, "level", 10, 6);
    batch_add_exponential_histogram(&batch, "sizes", 2, TACHO_NO_ATTRS);
    cr_assert(eq(int, export_one(exporter, &batch), TACHO_OK));
    batch_fini(&batch);
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 9));
    cr_assert(eq(u64, stats.histograms_acknowledged, 1));
    cr_assert(eq(u64, stats.failed, 1));
    look();

    EXPECT_METRIC("samples_in_total", stats.accepted);
    EXPECT_METRIC("samples_total", 8); /* not attempts */
    EXPECT_METRIC("histograms_total", 1);
    EXPECT_METRIC("samples_failed_total", 1);
    EXPECT_METRIC("samples_retried_total", stats.samples_retried);
    EXPECT_METRIC("samples_pending", 0);
    EXPECT_METRIC("exemplars_in_total", 0);
    EXPECT_METRIC("exemplars_total", 0);
    EXPECT_METRIC("exemplars_failed_total", 0);
    EXPECT_METRIC("exemplars_dropped_total", 0);
    EXPECT_METRIC("exemplars_pending", 0);
    EXPECT_METRIC("exemplars_retried_total", 0);
    EXPECT_METRIC("metadata_total", 0);
    EXPECT_METRIC("metadata_failed_total", 0);
    EXPECT_METRIC("metadata_retried_total", 0);
    EXPECT_METRIC("bytes_total", stats.bytes_sent);
    EXPECT_METRIC("queue_highest_timestamp_seconds", BATCH_UNIX_MS / 1000 + 3);
    EXPECT_METRIC("queue_highest_sent_timestamp_seconds", BATCH_UNIX_MS / 1000 + 3);
    EXPECT_METRIC("shards", 1);
    EXPECT_METRIC("shards_backing_off", 0);
    EXPECT_METRIC("shard_capacity", 5000);
    EXPECT_METRIC("queue_capacity_bytes", 64 << 20);
    EXPECT_METRIC("max_samples_per_send", 2000);
    EXPECT_METRIC("protocol_version", 2);
    EXPECT_METRIC("protocol_fallbacks_total", 0);
    EXPECT_METRIC("written_mismatches_total", 0);
    EXPECT_METRIC("stale_markers_total", stats.stale_markers);
    EXPECT_METRIC("series", stats.series_cached);
    EXPECT_METRIC("series_filtered_total", 0);
    EXPECT_METRIC("points_unsupported_total", 0);
    EXPECT_METRIC("exemplars_unsupported_total", 0);
    EXPECT_VALUE("tacho_remote_storage_label_collisions_total", "result=\"merged\"", 0);
    EXPECT_VALUE("tacho_remote_storage_label_collisions_total", "result=\"dropped\"", 0);
    EXPECT_VALUE("tacho_remote_storage_credentials_refreshes_total", "result=\"success\"", 0);
    EXPECT_VALUE("tacho_remote_storage_credentials_refreshes_total", "result=\"failure\"", 0);
    EXPECT_VALUE("tacho_remote_storage_requests_total", "code=\"503\"", 1);
    EXPECT_VALUE("tacho_remote_storage_requests_total", "code=\"204\"", 2);
    EXPECT_VALUE("tacho_remote_storage_requests_total", "code=\"400\"", 1);
    char url[300];
    snprintf(url, sizeof url, "url=\"%s\"", receiver_url(receiver));
    EXPECT_VALUE("tacho_remote_storage_samples_total", url, 8);
    EXPECT_VALUE("tacho_remote_storage_samples_total", "otel_scope_name=\"tacho.remote_write\"", 8);
    static const char *const reasons[] = {"queue_full", "too_old", "shutdown",
                                          "clock",      "invalid", "rw1_unsupported"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        char label[64];
        snprintf(label, sizeof label, "reason=\"%s\"", reasons[i]);
        EXPECT_VALUE("tacho_remote_storage_samples_dropped_total", label, 0);
    }
    tacho_meter_provider_destroy(provider);
}

/* Waits until so many shards back off. */
static void wait_for_backoff(tacho_metric_exporter *exporter, size_t shards) {
    const uint64_t start_ns = tachoi_monotonic_ns();
    while (stats_of(exporter).shards_backing_off != shards) {
        cr_assert(lt(u32, passed_ms(start_ns), PATIENCE_MS), "%s", fault_log.text);
        sched_yield();
    }
}

/* RWOBS-02 */
Test(self_metrics, shards_back_off_until_they_send_again_or_end) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_shards = 2;
    options.min_backoff_ms = options.max_backoff_ms = 3600000;
    tacho_metric_exporter *exporter = create_named(&options);
    tacho_meter_provider *provider = make_provider(make_reader(exporter), observer, true);
    receiver_script(receiver,
                    (struct receiver_step[]){{.status = 503},
                                             {.status = 503},
                                             {.status = 204},
                                             {.status = 204},
                                             {.status = 503},
                                             {.status = 503}},
                    6);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 20, 1000), TACHO_OK));
    wait_for_backoff(exporter, 2);
    look();
    EXPECT_METRIC("shards_backing_off", 2);
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK)); /* cuts it short */
    wait_for_backoff(exporter, 0);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 20, 2000), TACHO_OK));
    wait_for_backoff(exporter, 2);
    (void)shut_down(exporter, 0);
    wait_for_backoff(exporter, 0);
    look();
    EXPECT_METRIC("shards_backing_off", 0);
    tacho_meter_provider_destroy(provider);
}

/* RWOBS-03 */
Test(self_metrics, requests_have_histograms_of_each_attempt) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create_named(&options);
    tacho_meter_provider *provider = make_provider(make_reader(exporter), observer, true);
    receiver_script(receiver, (struct receiver_step[]){{.action = RECEIVER_RESET}, {.status = 503}},
                    2);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 7, 1000), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.requests, 3));
    look();
    EXPECT_METRIC("sent_batch_duration_seconds_count", 3);
    EXPECT_METRIC("request_size_bytes_count", 3);
    EXPECT_METRIC("request_size_bytes_sum", stats.bytes_sent);
    EXPECT_METRIC("request_message_size_bytes_count", 3);
    EXPECT_METRIC("request_samples_sum", 21);
    EXPECT_METRIC("samples_total", 7);
    EXPECT_METRIC("samples_retried_total", 14);
    EXPECT_VALUE("tacho_remote_storage_requests_total", "code=\"none\"", 1);
    EXPECT_VALUE("tacho_remote_storage_sent_batch_duration_seconds_bucket", "le=\"300\"", 3);
    EXPECT_VALUE("tacho_remote_storage_request_samples_bucket", "le=\"10\"", 3);
    EXPECT_VALUE("tacho_remote_storage_request_samples_bucket", "le=\"1\"", 0);
    const double duration =
        value_at(mirror, "tacho_remote_storage_sent_batch_duration_seconds_sum", UNDER_TEST);
    cr_expect(gt(dbl, duration, 0));
    cr_expect(lt(dbl, duration, PATIENCE_MS / 1000.0));
    cr_expect(
        gt(dbl, value_at(mirror, "tacho_remote_storage_request_message_size_bytes_sum", UNDER_TEST),
           (double)stats.bytes_sent));
    tacho_meter_provider_destroy(provider);
}

/* OBS-01, OBS-02 */
Test(self_metrics, points_are_in_flight_until_the_receiver_has_them) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    tacho_metric_reader *reader = make_reader(exporter);
    tacho_meter_provider *provider = make_provider(reader, observer, true);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "jobs", NULL), 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_meter_provider_force_flush(provider, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    look();
    static const char *const type = "otel_component_type=\"remote_write_metric_exporter\"";
    EXPECT_VALUE("otel_sdk_exporter_metric_data_point_exported_total", type, 1);
    EXPECT_VALUE("otel_sdk_exporter_metric_data_point_inflight", type, -1); /* never any was seen */
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, PATIENCE_MS), TACHO_OK));
    look();
    EXPECT_VALUE("otel_sdk_exporter_metric_data_point_exported_total", type,
                 stats_of(exporter).acknowledged);
    tacho_meter_provider_destroy(provider);
}

/* What a shutdown gave up is seen by another provider until the exporter is destroyed, and then
 * nothing more is observed. */
Test(self_metrics, the_end_is_seen_and_nothing_after_it) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create_named(&options);
    tacho_meter_provider *provider = make_provider(make_reader(exporter), observer, true);
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    look();
    EXPECT_METRIC("samples_pending", 1);
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, 50), TACHO_E_TIMEOUT));
    look();
    EXPECT_METRIC("samples_pending", 0);
    EXPECT_VALUE("tacho_remote_storage_samples_dropped_total", "reason=\"shutdown\"", 1);
    tacho_meter_provider_destroy(provider);
    const size_t before = receiver_sample_count(mirror);
    look();
    for (size_t i = before; i < receiver_sample_count(mirror); i++) { /* the ends, and histograms */
        const struct receiver_sample sample = receiver_sample(mirror, i);
        const bool is_value = is_series(sample.series, "tacho_remote_storage_samples_total", "") &&
                              sample.value == sample.value;
        cr_expect(not(is_value), "%s %g", sample.series, sample.value);
    }
}

/* RWOBS-09: the exporter sends what it measures of itself, and the number of series stays. */
Test(self_metrics, do_not_feed_themselves_and_come_with_the_last_collection) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create_named(&options);
    tacho_metric_reader *reader = make_reader(exporter);
    tacho_meter_provider *provider = make_provider(reader, NULL, true);
    cr_assert(eq(int, tacho_meter_provider_set_global(provider), TACHO_OK));
    uint64_t accepted[6] = {0};
    for (size_t i = 1; i < 6; i++) {
        cr_assert(eq(int, tacho_meter_provider_force_flush(provider, PATIENCE_MS), TACHO_OK), "%s",
                  fault_log.text);
        accepted[i] = stats_of(exporter).accepted;
    }
    cr_expect(eq(u64, accepted[5] - accepted[4], accepted[4] - accepted[3]));
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, PATIENCE_MS), TACHO_OK));
    cr_expect(eq(dbl, value_at(receiver, "tacho_remote_storage_samples_total", UNDER_TEST),
                 (double)accepted[5])); /* all that was there before the last one */
    tacho_meter_provider_destroy(provider);
}

/* QUEUE-10 */
Test(self_metrics, endpoints_are_told_apart) {
    tacho_remote_write_options first = fast_options(receiver_url(receiver));
    tacho_remote_write_options second = fast_options(receiver_url(receiver));
    const tacho_remote_write_options *list[] = {&first, &second};
    tacho_metric_exporter *exporter = NULL;
    first.name = "under test";
    second.name = "the other";
    second.max_samples_per_send = 77;
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_OK));
    tacho_meter_provider *provider = make_provider(make_reader(exporter), observer, true);
    look();
    EXPECT_METRIC("max_samples_per_send", 2000);
    EXPECT_VALUE("tacho_remote_storage_max_samples_per_send", "remote_name=\"the other\"", 77);
    tacho_meter_provider_destroy(provider);
}

/* An exporter of a tenant, whom only a header tells from others, and its provider. */
static tacho_meter_provider *make_tenant(const char *tenant, tacho_metric_exporter **exporter) {
    const tacho_remote_write_header header = {"X-Scope-OrgID", tenant};
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.headers = &header;
    options.header_count = 1;
    *exporter = create_named(&options);
    return make_provider(make_reader(*exporter), observer, true);
}

/* RWOBS-01: exporters that know nothing of each other. */
Test(self_metrics, endpoints_of_one_name_and_url_are_told_apart) {
    tacho_metric_exporter *exporters[2];
    tacho_meter_provider *first = make_tenant("a", &exporters[0]);
    cr_expect(not(was_told("name_taken")), "%s", fault_log.text);
    tacho_meter_provider *second = make_tenant("b", &exporters[1]);
    cr_expect(was_told("name_taken: "), "%s", fault_log.text);
    cr_expect(was_told("`under test#2`"), "%s", fault_log.text);
    cr_assert(eq(int, export_gauges(exporters[0], resource, 1, 3, 1000), TACHO_OK));
    cr_assert(eq(int, flush(exporters[0], PATIENCE_MS), TACHO_OK));
    cr_assert(eq(int, export_gauges(exporters[1], resource, 1, 5, 1000), TACHO_OK));
    cr_assert(eq(int, flush(exporters[1], PATIENCE_MS), TACHO_OK));
    look();
    EXPECT_METRIC("samples_total", 3);
    EXPECT_METRIC("request_samples_sum", 3);
    EXPECT_VALUE("tacho_remote_storage_samples_total", "remote_name=\"under test#2\"", 5);
    EXPECT_VALUE("tacho_remote_storage_request_samples_sum", "remote_name=\"under test#2\"", 5);
    tacho_meter_provider_destroy(first);
    first = make_tenant("c", &exporters[0]); /* the name is free again */
    cr_assert(eq(int, export_gauges(exporters[0], resource, 1, 7, 1000), TACHO_OK));
    cr_assert(eq(int, flush(exporters[0], PATIENCE_MS), TACHO_OK));
    look();
    EXPECT_METRIC("samples_total", 7);
    tacho_meter_provider_destroy(first);
    tacho_meter_provider_destroy(second);
}

Test(self_metrics, without_self_observation_there_are_none) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_meter_provider *provider = make_provider(make_reader(create(&options)), observer, false);
    cr_assert(eq(int, tacho_meter_provider_force_flush(provider, PATIENCE_MS), TACHO_OK));
    look();
    cr_expect(eq(sz, receiver_sample_count(mirror), 0));
    tacho_meter_provider_destroy(provider);
}
