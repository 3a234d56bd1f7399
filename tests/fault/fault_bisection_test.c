/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what happens where a receiver answers 500 again and again: one bad record is isolated, an
 * outage loses nothing. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault/fault_fixture.h"

#define POISON "level{index=\"70\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}"

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

TestSuite(bisection, .init = begin, .fini = end);

static tacho_metric_exporter *create_for_receiver(void) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_backoff_ms = 4;
    return create(&options);
}

/* A histogram of 6 samples beside so many gauges. */
static void export_mixture(tacho_metric_exporter *exporter, uint64_t offset_ms, size_t gauges) {
    static const double bounds[] = {1, 2, 5};
    static const uint64_t counts[] = {1, 2, 3, 4};
    struct batch batch;
    batch_init(&batch, resource, offset_ms);
    batch_add_histogram(&batch, "size", 1000, bounds, counts, 3, 30, TACHO_NO_ATTRS);
    batch_add_gauges(&batch, "level", 1, gauges);
    cr_assert(eq(int, export_one(exporter, &batch), TACHO_OK));
    batch_fini(&batch);
}

/* The one file in the folder, which is emptied and removed. */
static void read_only_file(const char *folder, char *text, size_t size) {
    char path[512] = "";
    DIR *open_folder = opendir(folder);
    cr_assert(ne(ptr, open_folder, NULL));
    size_t count = 0;
    for (const struct dirent *it = readdir(open_folder); it != NULL; it = readdir(open_folder)) {
        if (it->d_name[0] != '.') {
            count++;
            (void)snprintf(path, sizeof path, "%s/%s", folder, it->d_name);
        }
    }
    (void)closedir(open_folder);
    cr_assert(eq(sz, count, 1));
    FILE *file = fopen(path, "r");
    cr_assert(ne(ptr, file, NULL));
    text[fread(text, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* RWOBS-08 */
Test(bisection, a_record_that_is_given_up_is_kept_as_text) {
    char folder[] = "/tmp/tacho.XXXXXX";
    char text[65536];
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_backoff_ms = 4;
    options.refused_request_folder = folder;
    tacho_metric_exporter *exporter = create(&options);
    receiver_fail_at(receiver, POISON);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    tacho_metric_exporter_destroy(exporter);
    read_only_file(folder, text, sizeof text);
    cr_expect(ne(ptr, strstr(text, "500"), NULL), "%s", text);
    cr_expect(ne(ptr, strstr(text, "\"70\""), NULL), "%s", text);
    cr_expect(eq(ptr, strstr(text, "\"69\""), NULL), "%s", text);
}

/* The bad one is tried first: what it failed with is told, not the success of the other one. */
Test(bisection, a_record_that_is_given_up_is_told_with_its_own_answer) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_backoff_ms = 4;
    tacho_metric_exporter *exporter = create(&options);
    receiver_fail_at(receiver, "level{index=\"0\",instance=\"one\",job=\"svc\","
                               "otel_scope_name=\"test\"}");
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 2, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(was_told("refused: HTTP 500"), "%s", fault_log.text);
    cr_assert(not(was_told("HTTP 204")), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* A part refused before any was accepted is not settled yet: it is given up later. */
Test(bisection, a_record_that_is_refused_in_a_round_is_told_with_that_answer) {
    struct receiver_step steps[12] = {{0}};
    for (size_t i = 0; i < 10; i++) {
        steps[i].status = 500;
    }
    steps[10].status = 400;
    receiver_script(receiver, steps, 12);
    tacho_metric_exporter *exporter = create_for_receiver();
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 2, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 1));
    cr_assert(eq(u64, stats.failed, 1));
    cr_assert(was_told("refused: HTTP 400"), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-03 */
Test(bisection, a_record_that_makes_the_receiver_fail_costs_that_record_alone) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_fail_at(receiver, POISON);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 99));
    cr_assert(eq(u64, stats.failed, 1));
    cr_assert(eq(sz, receiver_sample_count(receiver), 99));
    cr_assert(ge(u64, stats.requests, 10 + 7));
    cr_assert(le(u64, stats.requests, 10 + 14)); /* 2 log2 100 */
    cr_assert(eq(u64, stats.retries, 9));
    cr_assert(eq(u64, stats.samples_retried, 900));
    cr_assert(was_told("refused: HTTP 500"), "%s", fault_log.text);
    cr_assert(was_told("index=\"70\""), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* What fails is a histogram: all its samples go, and no other. */
Test(bisection, a_histogram_is_one_record) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_fail_at(receiver, "size_count{instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}");
    export_mixture(exporter, 1, 20);
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 20));
    cr_assert(eq(u64, stats.failed, 6));
    cr_assert(eq(sz, receiver_sample_count(receiver), 20));
    tacho_metric_exporter_destroy(exporter);
}

/* Samples of several times in one request: the receiver's own check of order is the test. */
Test(bisection, what_is_divided_stays_in_order) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_fail_at(receiver, POISON);
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "1"}, 1);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    for (uint64_t i = 2; i <= 6; i++) { /* wait behind it, and become one request */
        export_mixture(exporter, i, 80);
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.accepted, 10 + 5 * 86));
    cr_assert(eq(u64, stats.failed, 5));
    cr_assert(eq(u64, stats.acknowledged, 10 + 5 * 85));
    cr_assert(eq(sz, receiver_sample_count(receiver), 10 + 5 * 85));
    cr_assert(lt(u64, stats.requests, 1 + 1 + 10 + 5 * 16)); /* ten failures, not ten each time */
    for (size_t i = 1; i < receiver_sample_count(receiver); i++) {
        const struct receiver_sample sample = receiver_sample(receiver, i);
        cr_assert(ge(i64, sample.time_ms, receiver_sample(receiver, i - 1).time_ms));
    }
    tacho_metric_exporter_destroy(exporter);
}

/* The bad sample of a series alone: acceptances of earlier times speak for the receiver. */
Test(bisection, a_series_alone_loses_its_bad_times_only_beside_good_ones) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_script(receiver, &(struct receiver_step){.status = 503, .retry_after = "1"}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    for (int64_t value = 2; value <= 5; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
    }
    struct receiver_step steps[14] = {{0}}; /* the first; ten failures; 2 fits, 3 does not */
    for (size_t i = 1; i <= 10; i++) {
        steps[i].status = 500;
    }
    steps[12].status = 500;
    receiver_script(receiver, steps, 14);
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2 4 5"));
    cr_assert(eq(u64, stats_of(exporter).failed, 1));
    tacho_metric_exporter_destroy(exporter);
}

/* --- outages --- */

static void script_failures(size_t count, unsigned status) {
    static struct receiver_step steps[200];
    for (size_t i = 0; i < count; i++) {
        steps[i] = (struct receiver_step){.status = status};
    }
    receiver_script(receiver, steps, count);
}

Test(bisection, an_outage_of_500s_loses_nothing) {
    tacho_metric_exporter *exporter = create_for_receiver();
    script_failures(70, 500);
    for (uint64_t i = 1; i <= 4; i++) {
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 30, i), TACHO_OK));
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 120));
    cr_assert(eq(u64, stats.failed, 0));
    cr_assert(eq(sz, receiver_sample_count(receiver), 120));
    cr_assert(gt(u64, stats.requests, 70));
    tacho_metric_exporter_destroy(exporter);
}

/* A single record can be told from an outage by nothing. */
Test(bisection, a_single_record_is_never_given_up_for_a_500) {
    tacho_metric_exporter *exporter = create_for_receiver();
    script_failures(50, 500);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(u64, stats_of(exporter).requests, 51));
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1"));
    tacho_metric_exporter_destroy(exporter);
}

Test(bisection, an_outage_of_503s_is_never_divided) {
    tacho_metric_exporter *exporter = create_for_receiver();
    script_failures(40, 503);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 30, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    for (size_t i = 0; i <= 40; i++) {
        cr_assert(eq(sz, receiver_request_samples(receiver, i), 30), "request %zu", i);
    }
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-04, in the middle of a round */
Test(bisection, a_part_is_sent_again_with_the_same_bytes) {
    tacho_metric_exporter *exporter = create_for_receiver();
    struct receiver_step steps[13] = {{0}};
    for (size_t i = 0; i < 10; i++) {
        steps[i].status = 500;
    }
    steps[10].status = 503; /* the first half */
    steps[11].action = RECEIVER_RESET;
    receiver_script(receiver, steps, 13);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 30, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    size_t lengths[3];
    const void *bodies[3];
    for (size_t i = 0; i < 3; i++) {
        bodies[i] = receiver_body(receiver, 10 + i, &lengths[i]);
        cr_assert(eq(sz, receiver_request_samples(receiver, 10 + i), 15));
        cr_assert(eq(sz, lengths[i], lengths[0]));
        cr_assert(eq(int, memcmp(bodies[i], bodies[0], lengths[0]), 0));
    }
    cr_assert(eq(sz, receiver_sample_count(receiver), 30));
    tacho_metric_exporter_destroy(exporter);
}

Test(bisection, a_shutdown_in_a_round_accounts_for_all_samples) {
    tacho_metric_exporter *exporter = create_for_receiver();
    struct receiver_step steps[14] = {{0}};
    for (size_t i = 0; i < 10; i++) {
        steps[i].status = 500;
    }
    steps[11].action = RECEIVER_HANG; /* the second half */
    receiver_script(receiver, steps, 14);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 30, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 12, PATIENCE_MS));
    cr_assert(eq(u64, stats_of(exporter).pending, 15));
    cr_assert(eq(int, shut_down(exporter, 20), TACHO_E_TIMEOUT));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 15));
    cr_assert(eq(u64, stats_of(exporter).dropped_shutdown, 15));
    tacho_metric_exporter_destroy(exporter);
}
