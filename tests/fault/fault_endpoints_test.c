/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that endpoints of one exporter do not disturb each other: one that never answers or refuses
 * costs the other neither samples nor time, and each has its own account (QUEUE-10). */
#include "fault/fault_fixture.h"
#include "remote_write/fan_out.h"

static struct receiver *good;
static struct receiver *bad;
static tacho_resource *resource;

static void begin(void) {
    good = receiver_start();
    bad = receiver_start();
    resource = batch_resource();
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(good), ""));
    cr_expect(eq(str, (char *)receiver_problem(bad), ""));
    receiver_stop(good);
    receiver_stop(bad);
    tacho_resource_destroy(resource);
}

TestSuite(endpoints, .init = begin, .fini = end);

static const tacho_metric_exporter_ops *const ops = &tachoi_remote_write_fan_out_ops;

/* To the receivers in this order. */
static tacho_metric_exporter *create_two(const tacho_remote_write_options *first,
                                         const tacho_remote_write_options *second) {
    const tacho_remote_write_options *list[] = {first, second};
    tacho_metric_exporter *exporter = NULL;
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_OK), "%s",
              fault_log.text);
    return exporter;
}

static tacho_metric_exporter *create_bad_and_good(void) {
    const tacho_remote_write_options first = fast_options(receiver_url(bad));
    const tacho_remote_write_options second = fast_options(receiver_url(good));
    return create_two(&first, &second);
}

static void *door(tacho_metric_exporter *exporter) {
    return tacho_metric_exporter_self(exporter, ops);
}

static int export_value(tacho_metric_exporter *exporter, int64_t value) {
    struct batch batch;
    batch_init(&batch, resource, (uint64_t)value * 1000);
    batch_add_counter(&batch, "jobs", 1, value, TACHO_NO_ATTRS);
    int status = ops->export_batch(door(exporter), &batch.batch, TACHO_NO_DEADLINE);
    batch_fini(&batch);
    return status;
}

static int flush_all(tacho_metric_exporter *exporter, uint32_t timeout_ms) {
    return ops->force_flush(door(exporter), tacho_deadline_from_timeout(timeout_ms));
}

static int shut_all_down(tacho_metric_exporter *exporter, uint32_t timeout_ms) {
    return ops->shutdown(door(exporter), tacho_deadline_from_timeout(timeout_ms));
}

static tacho_remote_write_stats endpoint_stats(const tacho_metric_exporter *exporter,
                                               size_t index) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    cr_assert(
        eq(int, tacho_remote_write_exporter_endpoint_stats(exporter, index, &stats), TACHO_OK));
    return stats;
}

static const struct receiver_step hangs = {.action = RECEIVER_HANG};

Test(endpoints, all_get_every_sample) {
    tacho_metric_exporter *exporter = create_bad_and_good();
    for (int64_t value = 1; value <= 3; value++) {
        cr_assert(eq(int, export_value(exporter, value), TACHO_OK));
    }
    cr_assert(eq(int, flush_all(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(str, (char *)values_of(good, COUNTER), "1 2 3"));
    cr_assert(eq(str, (char *)values_of(bad, COUNTER), "1 2 3"));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 6));
    cr_assert(eq(int, shut_all_down(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(int, export_value(exporter, 4), TACHO_E_SHUTDOWN));
    tacho_metric_exporter_destroy(exporter);
}

Test(endpoints, one_that_never_answers_costs_the_other_nothing) {
    tacho_metric_exporter *exporter = create_bad_and_good();
    receiver_script(bad, &hangs, 1);
    for (int64_t value = 1; value <= 5; value++) {
        cr_assert(eq(int, export_value(exporter, value), TACHO_OK));
    }
    cr_assert(receiver_wait_samples(good, 5, PATIENCE_MS));
    cr_assert(receiver_wait_requests(bad, 1, PATIENCE_MS));
    cr_assert(eq(int, flush_all(exporter, 50), TACHO_E_TIMEOUT));
    cr_assert(eq(u64, endpoint_stats(exporter, 0).pending, 5));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).acknowledged, 5));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).pending, 0));

    const uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, shut_all_down(exporter, 400), TACHO_E_TIMEOUT));
    cr_assert(le(u32, passed_ms(start_ns), 600));
    cr_assert(eq(u64, endpoint_stats(exporter, 0).dropped_shutdown, 5));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).acknowledged, 5));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).dropped_shutdown, 0));
    const tacho_remote_write_stats sum = stats_of(exporter);
    cr_assert(eq(u64, sum.accepted, 10));
    cr_assert(eq(u64, sum.acknowledged, 5));
    cr_assert(eq(u64, sum.dropped_shutdown, 5));
    tacho_delivery account = {.struct_size = sizeof account};
    tacho_metric_exporter_delivery(exporter, &account);
    cr_assert(eq(u64, account.accepted, 10));
    cr_assert(eq(u64, account.dropped, 5));
    tacho_metric_exporter_destroy(exporter);
}

/* What the second one holds back for a full request, and its last words, still go out while the
 * first one uses up all the time. */
Test(endpoints, shutdown_works_on_all_of_them_at_once) {
    const tacho_remote_write_options first = fast_options(receiver_url(bad));
    tacho_remote_write_options second = fast_options(receiver_url(good));
    second.batch_send_deadline_ms = 3600000;
    second.stale_on_shutdown = TACHO_REMOTE_WRITE_ALWAYS;
    tacho_metric_exporter *exporter = create_two(&first, &second);
    receiver_script(bad, &hangs, 1);
    cr_assert(eq(int, export_value(exporter, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(bad, 1, PATIENCE_MS));
    cr_assert(eq(sz, receiver_sample_count(good), 0));
    const uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, shut_all_down(exporter, 400), TACHO_E_TIMEOUT));
    cr_assert(le(u32, passed_ms(start_ns), 600));
    const tacho_remote_write_stats stats = endpoint_stats(exporter, 1);
    cr_assert(eq(u64, stats.acknowledged, 2));
    cr_assert(eq(u64, stats.stale_markers, 1));
    cr_assert(eq(u64, stats.dropped_shutdown, 0));
    cr_assert(eq(str, (char *)values_of(good, COUNTER), "1 nan"));
    cr_assert(eq(u64, endpoint_stats(exporter, 0).dropped_shutdown, 1));
    tacho_metric_exporter_destroy(exporter);
}

Test(endpoints, several_that_hang_share_one_deadline) {
    const tacho_remote_write_options options[] = {
        fast_options(receiver_url(bad)), fast_options(receiver_url(bad)),
        fast_options(receiver_url(bad)), fast_options(receiver_url(bad))};
    tacho_remote_write_options named[4];
    const tacho_remote_write_options *list[4];
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        named[i] = options[i];
        named[i].name = names[i];
        list[i] = &named[i];
    }
    tacho_metric_exporter *exporter = NULL;
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 4, &exporter), TACHO_OK));
    receiver_script(bad, (struct receiver_step[]){hangs, hangs, hangs, hangs}, 4);
    cr_assert(eq(int, export_value(exporter, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(bad, 4, PATIENCE_MS));
    uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, flush_all(exporter, 200), TACHO_E_TIMEOUT));
    cr_assert(le(u32, passed_ms(start_ns), 350));
    start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, shut_all_down(exporter, 200), TACHO_E_TIMEOUT));
    cr_assert(le(u32, passed_ms(start_ns), 400));
    cr_assert(eq(u64, stats_of(exporter).dropped_shutdown, 4));
    tacho_metric_exporter_destroy(exporter);
}

Test(endpoints, one_that_takes_no_batch_is_told_and_the_others_get_it) {
    tacho_metric_exporter *exporter = create_bad_and_good();
    cr_assert(eq(int,
                 tachoi_remote_write_ops.shutdown(tachoi_remote_write_endpoint(exporter, 0),
                                                  tacho_deadline_from_timeout(PATIENCE_MS)),
                 TACHO_OK));
    cr_assert(eq(int, export_value(exporter, 1), TACHO_E_SHUTDOWN));
    cr_assert(receiver_wait_samples(good, 1, PATIENCE_MS));
    cr_assert(eq(sz, receiver_sample_count(bad), 0));
    cr_assert(eq(int, flush_all(exporter, PATIENCE_MS), TACHO_E_SHUTDOWN));
    tacho_metric_exporter_destroy(exporter);
}

Test(endpoints, a_refusal_by_one_is_the_result_and_in_its_account_alone) {
    tacho_metric_exporter *exporter = create_bad_and_good();
    receiver_script(bad, &(struct receiver_step){.status = 400}, 1);
    cr_assert(eq(int, export_value(exporter, 1), TACHO_OK));
    cr_assert(eq(int, flush_all(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(u64, endpoint_stats(exporter, 0).failed, 1));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).failed, 0));
    cr_assert(eq(u64, endpoint_stats(exporter, 1).acknowledged, 1));
    cr_assert(eq(int, stats_of(exporter).last_http_status, 400));
    tacho_metric_exporter_destroy(exporter);
}

Test(endpoints, each_speaks_its_own_version_and_has_its_own_labels_and_rules) {
    const tacho_remote_write_label label = {"site", "b"};
    const char *const sources[] = {"__name__"};
    const tacho_remote_write_relabel_config rule = {.action = TACHO_REMOTE_WRITE_RELABEL_DROP,
                                                    .source_labels = sources,
                                                    .source_label_count = 1,
                                                    .regex = "jobs_total"};
    tacho_remote_write_options first = fast_options(receiver_url(bad));
    tacho_remote_write_options second = fast_options(receiver_url(good));
    first.write_relabel_configs = &rule;
    first.write_relabel_config_count = 1;
    second.protocol = TACHO_REMOTE_WRITE_PROTOCOL_2;
    second.external_labels = &label;
    second.external_label_count = 1;
    tacho_metric_exporter *exporter = create_two(&first, &second);
    cr_assert(eq(int, export_value(exporter, 1), TACHO_OK));
    cr_assert(eq(int, flush_all(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_sample_count(bad), 0));
    cr_assert(eq(int, receiver_request_version(good, 0), 2));
    cr_assert(eq(str,
                 (char *)values_of(good, "jobs_total{instance=\"one\",job=\"svc\","
                                         "otel_scope_name=\"test\",site=\"b\"}"),
                 "1"));
    cr_assert(eq(u64, endpoint_stats(exporter, 0).series_filtered, 1));
    tacho_metric_exporter_destroy(exporter);
}
