/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the bounds of an outage, the account, and lack of memory. */
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

TestSuite(bounds, .init = begin, .fini = end);

/* QUEUE-05, PERF-02 */
Test(bounds, a_full_queue_drops_the_oldest_and_keeps_what_is_in_flight) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.queue_max_bytes = 65536; /* 2048 samples of 32 bytes */
    options.max_samples_per_send = 100;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "1"}, 1);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    for (uint64_t i = 2; i <= 31; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, i), TACHO_OK));
    }
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.accepted, 3100));
    cr_assert(eq(u64, stats.pending, 2048));
    cr_assert(eq(u64, stats.dropped_queue_full, 1052));
    cr_assert(was_told("queue_full: "), "%s", fault_log.text);
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED)); /* not all arrived */
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));       /* told once */
    cr_assert(eq(sz, receiver_sample_count(receiver), 2048));
    cr_assert(eq(i64, receiver_sample(receiver, 0).time_ms, BATCH_UNIX_MS + 1)); /* in flight */
    cr_assert(eq(i64, receiver_sample(receiver, 2047).time_ms, BATCH_UNIX_MS + 31));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 2048));
    tacho_metric_exporter_destroy(exporter);
}

/* The labels of series that are no longer measured count too. */
Test(bounds, series_that_come_and_go_in_an_outage_stay_within_the_bound) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.queue_max_bytes = 65536;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    for (uint64_t i = 1; i <= 40; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, i * 1000, 100, i), TACHO_OK));
    }
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(gt(u64, stats.dropped_queue_full, 3000)); /* 32 bytes would have fitted them */
    cr_assert(lt(sz, stats.series_cached, 600));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    cr_assert(eq(u64, stats_of(exporter).pending, 0));
    tacho_metric_exporter_destroy(exporter);
}

Test(bounds, series_that_are_no_longer_measured_leave_the_cache) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, stats_of(exporter).series_cached, 100));
    cr_assert(eq(int, export_gauges(exporter, resource, 51, 100, 2), TACHO_OK));
    cr_assert(eq(sz, stats_of(exporter).series_cached, 100));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-03 */
Test(bounds, samples_that_waited_too_long_are_dropped) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.sample_age_limit_ms = 5000;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "1"}, 1);
    for (int64_t value = 1; value <= 10; value++) { /* a second apart */
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
    }
    int status = flush(exporter, PATIENCE_MS);
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(int, status, TACHO_E_FAILED));
    cr_assert(ge(u64, stats.dropped_too_old, 4)); /* 1 to 4, more if the test is slow */
    cr_assert(ge(u64, stats.acknowledged, 1));
    cr_assert(eq(u64, stats.pending, 0));
    cr_assert(was_told("too_old: "), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* design "Time" */
Test(bounds, a_clock_that_is_not_set_drops_and_counts) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    struct batch batch;
    batch_init(&batch, resource, 1);
    batch_add_counter(&batch, "jobs", 1, 1, TACHO_NO_ATTRS);
    batch.batch.time_unix_nano = 1000000000; /* 1970 */
    cr_assert(eq(int, export_one(exporter, &batch), TACHO_E_FAILED));
    batch_fini(&batch);
    cr_assert(eq(u64, stats_of(exporter).dropped_clock, 1));
    cr_assert(was_told("clock: "), "%s", fault_log.text);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(sz, receiver_sample_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

Test(bounds, an_invalid_name_is_counted_and_harms_nothing_else) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    for (uint64_t i = 1; i <= 2; i++) {
        struct batch batch;
        batch_init(&batch, resource, i);
        batch_add_counter(&batch, "***", 7, 1, TACHO_NO_ATTRS);
        batch_add_counter(&batch, "jobs", 1, (int64_t)i, TACHO_NO_ATTRS);
        cr_assert(eq(int, export_one(exporter, &batch), TACHO_OK));
        batch_fini(&batch);
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2"));
    cr_assert(eq(u64, stats_of(exporter).dropped_invalid, 2));
    cr_assert(was_told("invalid_series: "), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* One scenario in which the k-th allocation fails; whatever happens is accounted for. */
static bool survives_failure_at(uint64_t k) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = NULL;
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 0, 1};
    struct batch batch;
    batch_init(&batch, resource, k);
    batch_add_gauges(&batch, "level", k * 100, 20);
    batch_add_histogram(&batch, "size", k * 100 + 50, bounds, counts, 2, 5, TACHO_NO_ATTRS);
    tachoi_alloc_fail_at(k);
    int status = tacho_remote_write_exporter_create(&options, &exporter);
    if (status != TACHO_OK) {
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY), "allocation %lu", (unsigned long)k);
        cr_assert(eq(ptr, exporter, NULL));
    } else {
        int exported = export_one(exporter, &batch);
        cr_assert(exported == TACHO_OK || exported == TACHO_E_NO_MEMORY, "%d", exported);
        int flushed = flush(exporter, PATIENCE_MS);
        cr_assert(eq(int, flushed, exported == TACHO_OK ? TACHO_OK : TACHO_E_FAILED));
        tacho_remote_write_stats stats = stats_of(exporter);
        cr_assert(eq(u64, stats.accepted, 25), "allocation %lu", (unsigned long)k);
        cr_assert(eq(u64, stats.acknowledged + stats.dropped_invalid, 25));
        cr_assert(eq(int, exported == TACHO_OK, stats.dropped_invalid == 0));
        tacho_metric_exporter_destroy(exporter);
    }
    bool has_failed = !tachoi_alloc_fail_pending();
    tachoi_alloc_fail_at(0);
    batch_fini(&batch);
    return has_failed;
}

Test(bounds, every_allocation_may_fail) {
    uint64_t k = 1;
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    while (survives_failure_at(k)) {
        k++;
        cr_assert(lt(u64, k, 1000));
    }
    cr_assert(gt(u64, k, 30)); /* it did reach the export */
}
