/* SPDX-License-Identifier: Apache-2.0 */
/* Tests several shards, the bounds of each, waiting for requests to be full, and the host's hooks.
 */
#include "fault/fault_fixture.h"

static struct receiver *receiver;
static tacho_resource *resource;

static void begin(void) {
    receiver = receiver_start();
    resource = batch_resource();
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}

TestSuite(shards, .init = begin, .fini = end);

static tacho_remote_write_options options_with_shards(uint32_t max_shards) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_shards = max_shards;
    return options;
}

/* --- several shards --- */

/* QUEUE-01: the receiver checks the order of each series */
Test(shards, all_samples_of_all_series_arrive_once_and_in_order) {
    const tacho_remote_write_options options = options_with_shards(4);
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(
        receiver,
        (struct receiver_step[]){{.status = 503}, {0}, {.action = RECEIVER_RESET}, {.status = 429}},
        4);
    for (uint64_t i = 1; i <= 10; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 200, i), TACHO_OK));
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(sz, stats.shards, 4));
    cr_assert(eq(u64, stats.acknowledged, 2000));
    cr_assert(eq(sz, receiver_sample_count(receiver), 2000));
    struct receiver_sample samples[10];
    for (size_t i = 0; i < 200; i++) {
        char series[128];
        snprintf(series, sizeof series,
                 "level{index=\"%zu\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}", i);
        cr_assert(eq(sz, receiver_samples(receiver, series, samples, 10), 10), "%s", series);
    }
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-05 */
Test(shards, a_shard_that_must_wait_does_not_hold_up_the_others) {
    const tacho_remote_write_options options = options_with_shards(8);
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "3600"}, 1);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 400, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 2, PATIENCE_MS), "all series are in one shard");
    const size_t waiting = receiver_request_samples(receiver, 0);
    cr_assert(gt(sz, waiting, 0));
    cr_assert(receiver_wait_samples(receiver, 400 - waiting, PATIENCE_MS));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 400, 2), TACHO_OK));
    cr_assert(receiver_wait_samples(receiver, 2 * (400 - waiting), PATIENCE_MS));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 2 * (400 - waiting)));
    cr_assert(eq(u64, stats.dropped_shutdown, 2 * waiting));
    tacho_metric_exporter_destroy(exporter);
}

Test(shards, series_that_end_leave_the_queue_of_their_shard) {
    const tacho_remote_write_options options = options_with_shards(3);
    tacho_metric_exporter *exporter = create(&options);
    for (uint64_t i = 1; i <= 20; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, i * 1000, 50, i), TACHO_OK));
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, stats_of(exporter).series_cached, 50));
    cr_assert(eq(sz, receiver_sample_count(receiver), 1000));
    tacho_metric_exporter_destroy(exporter);
}

/* --- bounds of a shard --- */

Test(shards, capacity_bounds_the_samples_of_a_shard) {
    tacho_remote_write_options options = options_with_shards(1);
    options.capacity = 250;
    options.max_samples_per_send = 100;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "1"}, 1);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    for (uint64_t i = 2; i <= 6; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, i), TACHO_OK));
    }
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.dropped_queue_full, 250));
    cr_assert(eq(u64, stats.pending, 100 + 250));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(sz, receiver_sample_count(receiver), 350));
    cr_assert(eq(i64, receiver_sample(receiver, 349).time_ms, BATCH_UNIX_MS + 6)); /* the newest */
    tacho_metric_exporter_destroy(exporter);
}

Test(shards, queue_max_bytes_is_shared_out) {
    tacho_remote_write_options options = options_with_shards(4);
    options.queue_max_bytes = 4 * 65536; /* 2048 samples of 32 bytes in each */
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver,
                    (struct receiver_step[]){{.action = RECEIVER_HANG},
                                             {.action = RECEIVER_HANG},
                                             {.action = RECEIVER_HANG},
                                             {.action = RECEIVER_HANG}},
                    4);
    for (uint64_t i = 1; i <= 40; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 400, i), TACHO_OK));
    }
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.accepted, 16000));
    cr_assert(gt(u64, stats.pending, 2048)); /* more than one shard may hold */
    cr_assert(le(u64, stats.pending, 4 * 2048));
    cr_assert(eq(u64, stats.pending + stats.dropped_queue_full, 16000));
    (void)shut_down(exporter, 1);
    (void)stats_of(exporter);
    tacho_metric_exporter_destroy(exporter);
}

/* --- batch_send_deadline_ms --- */

Test(shards, samples_wait_for_a_full_request_or_a_flush) {
    tacho_remote_write_options options = options_with_shards(1);
    options.batch_send_deadline_ms = 3600000;
    options.max_samples_per_send = 100;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 60, 1), TACHO_OK));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 60, 2), TACHO_OK)); /* 120 wait */
    cr_assert(receiver_wait_samples(receiver, 100, PATIENCE_MS));
    cr_assert(eq(sz, receiver_request_samples(receiver, 0), 100));
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(sz, receiver_request_samples(receiver, 1), 20));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 60, 3), TACHO_OK));
    cr_assert(eq(int, shut_down(exporter, PATIENCE_MS), TACHO_OK)); /* nor does it wait */
    cr_assert(eq(sz, receiver_sample_count(receiver), 180));
    tacho_metric_exporter_destroy(exporter);
}

Test(shards, samples_do_not_wait_longer_than_the_deadline) {
    tacho_remote_write_options options = options_with_shards(1);
    options.batch_send_deadline_ms = 200;
    tacho_metric_exporter *exporter = create(&options);
    const uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(receiver_wait_samples(receiver, 2, PATIENCE_MS));
    cr_assert(ge(u32, passed_ms(start_ns), 200));
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

/* What cannot become a full request does not wait for one. */
Test(shards, a_queue_smaller_than_a_request_is_sent_when_it_is_full) {
    tacho_remote_write_options options = options_with_shards(1);
    options.batch_send_deadline_ms = 3600000;
    options.capacity = 50;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 50, 1), TACHO_OK));
    cr_assert(receiver_wait_samples(receiver, 50, PATIENCE_MS));
    tacho_metric_exporter_destroy(exporter);
}

/* --- the account --- */

Test(shards, timestamps_tell_how_far_delivery_has_come) {
    const tacho_remote_write_options options = options_with_shards(2);
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(i64, stats_of(exporter).highest_timestamp_ms, 0));
    cr_assert(eq(i64, stats_of(exporter).highest_sent_timestamp_ms, 0));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 5), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(i64, stats_of(exporter).highest_sent_timestamp_ms, BATCH_UNIX_MS + 5));
    receiver_script(receiver,
                    (struct receiver_step[]){{.action = RECEIVER_HANG}, {.action = RECEIVER_HANG}},
                    2);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 9), TACHO_OK));
    cr_assert(eq(i64, stats_of(exporter).highest_timestamp_ms, BATCH_UNIX_MS + 9));
    cr_assert(eq(i64, stats_of(exporter).highest_sent_timestamp_ms, BATCH_UNIX_MS + 5));
    (void)shut_down(exporter, 1);
    cr_assert(eq(i64, stats_of(exporter).highest_sent_timestamp_ms, BATCH_UNIX_MS + 5));
    tacho_metric_exporter_destroy(exporter);
}

/* --- hooks --- */

struct told {
    tacho_metric_exporter *exporter;
    uint64_t requests;
    uint64_t acknowledged;
    uint64_t failed;
    uint64_t dropped;
    int last_status;
    uint32_t last_attempt;
    char reasons[256];
    char example[256];
};

static void keep_request(void *user, const tacho_remote_write_result *result) {
    struct told *told = user;
    told->requests++;
    told->acknowledged += result->acknowledged;
    told->failed += result->failed;
    told->last_status = result->http_status;
    told->last_attempt = result->attempt;
    if (result->example[0] != '\0') {
        snprintf(told->example, sizeof told->example, "%s", result->example);
    }
    cr_assert(eq(int, result->protocol, 1));
    cr_assert(eq(str, (char *)result->url, (char *)receiver_url(receiver)));
    (void)stats_of(told->exporter); /* is allowed */
}

static void keep_drop(void *user, uint64_t samples, const char *reason, const char *series) {
    struct told *told = user;
    const size_t length = strlen(told->reasons);
    told->dropped += samples;
    snprintf(told->reasons + length, sizeof told->reasons - length, "%s %lu %s;", reason,
             (unsigned long)samples, series);
    (void)stats_of(told->exporter);
}

static void create_with_hooks(struct told *told, tacho_remote_write_options *options) {
    options->on_request = keep_request;
    options->on_drop = keep_drop;
    options->user = told;
    told->exporter = create(options);
}

/* RWOBS-07 */
Test(shards, on_request_tells_each_answer) {
    struct told told = {0};
    tacho_remote_write_options options = options_with_shards(1);
    create_with_hooks(&told, &options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}, {0}, {.status = 400}}, 3);
    cr_assert(eq(int, export_counter(told.exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(told.exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(int, export_counter(told.exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(told.exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(int, shut_down(told.exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(u64, told.requests, 3));
    cr_assert(eq(u64, told.acknowledged, 1));
    cr_assert(eq(u64, told.failed, 1));
    cr_assert(eq(int, told.last_status, 400));
    cr_assert(eq(str, told.example, COUNTER));
    cr_assert(eq(str, told.reasons, ""));
    tacho_metric_exporter_destroy(told.exporter);
}

Test(shards, on_drop_tells_what_is_lost_here) {
    struct told told = {0};
    tacho_remote_write_options options = options_with_shards(1);
    options.capacity = 2;
    create_with_hooks(&told, &options);
    receiver_script(receiver, (struct receiver_step[]){{.action = RECEIVER_HANG}}, 1);
    cr_assert(eq(int, export_counter(told.exporter, resource, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    for (int64_t value = 2; value <= 4; value++) {
        cr_assert(eq(int, export_counter(told.exporter, resource, value), TACHO_OK));
    }
    cr_assert(eq(str, told.reasons, "queue_full 1 " COUNTER ";"));
    (void)shut_down(told.exporter, 1);
    cr_assert(eq(str, told.reasons, "queue_full 1 " COUNTER ";shutdown 3 ;"));
    cr_assert(eq(u64, told.dropped, 4));
    tacho_metric_exporter_destroy(told.exporter);
}
