/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what happens to data that a receiver refuses: counted, told, and no reason to stop. */
#include <stdlib.h>
#include <unistd.h>

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

TestSuite(refusal, .init = begin, .fini = end);

static tacho_metric_exporter *create_for_receiver(void) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    return create(&options);
}

/* RWOBS-06, HTTP-05 */
Test(refusal, a_400_drops_the_request_counts_and_names_a_series) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_script(receiver,
                    (struct receiver_step[]){{.status = 400, .body = "out of\norder \x01 sample"}},
                    1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.failed, 1));
    cr_assert(eq(u64, stats.acknowledged, 1));
    cr_assert(eq(u64, stats.retries, 0));
    cr_assert(was_told("refused: HTTP 400 from http://127.0.0.1"), "%s", fault_log.text);
    cr_assert(was_told("example of " COUNTER), "%s", fault_log.text);
    cr_assert(was_told("it answered `out of order   sample`"), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* AUTH-11 */
Test(refusal, permanent_answers_are_not_repeated_and_give_a_hint) {
    static const struct {
        unsigned status;
        const char *told;
    } cases[] = {
        {401, "check user name"}, {403, "may not write"}, {404, "--web.enable-remote-write"},
        {405, "does not take"},   {415, "1.0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        receiver_script(receiver, &(struct receiver_step){.status = cases[i].status}, 1);
        tacho_metric_exporter *exporter = create_for_receiver();
        size_t requests = receiver_request_count(receiver);
        cr_assert(eq(int, export_counter(exporter, resource, (int64_t)i + 1), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED), "%u", cases[i].status);
        cr_assert(eq(sz, receiver_request_count(receiver), requests + 1));
        cr_assert(eq(int, stats_of(exporter).last_http_status, (int)cases[i].status));
        cr_assert(i > 0 || was_told(cases[i].told), "%s", fault_log.text); /* one a minute */
        tacho_metric_exporter_destroy(exporter);
    }
}

/* HTTP-06 */
Test(refusal, a_redirect_is_not_followed) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_script(receiver,
                    &(struct receiver_step){.status = 302,
                                            .location = "http://u:secret@127.0.0.1/else?token=x"},
                    1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    cr_assert(was_told("redirects are not followed: http://127.0.0.1/else"), "%s", fault_log.text);
    cr_assert(not(was_told("secret")), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

Test(refusal, a_429_is_permanent_when_the_option_says_so) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.disable_retry_on_http_429 = true;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, &(struct receiver_step){.status = 429}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(u64, stats_of(exporter).failed, 1));
    tacho_metric_exporter_destroy(exporter);
}

/* 413 of the RETRY table */
Test(refusal, a_413_splits_until_the_parts_are_small_enough) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_refuse_larger(receiver, 10, NULL);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_sample_count(receiver), 200));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 200));
    for (size_t i = 0; i < 200; i++) { /* and in order */
        cr_assert(eq(dbl, receiver_sample(receiver, i).value, (double)(i % 100)));
    }
    tacho_metric_exporter_destroy(exporter);
}

Test(refusal, a_413_for_one_series_costs_that_series_alone) {
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_refuse_larger(
        receiver, 0, "level{index=\"70\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}");
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 100, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 99));
    cr_assert(eq(u64, stats.failed, 1));
    cr_assert(was_told("index=\"70\""), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

/* QUEUE-03, QUEUE-04 */
Test(refusal, requests_keep_to_the_limit_of_samples_and_keep_histograms_whole) {
    static const double bounds[] = {1, 2, 5};
    static const uint64_t counts[] = {1, 2, 3, 4};
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_samples_per_send = 10;
    tacho_metric_exporter *exporter = create(&options);
    struct batch batch;
    batch_init(&batch, resource, 1);
    batch_add_gauges(&batch, "level", 10, 7);
    batch_add_histogram(&batch, "size", 1, bounds, counts, 3, 30, TACHO_NO_ATTRS);
    batch_add_gauges(&batch, "depth", 20, 9);
    cr_assert(eq(int, export_one(exporter, &batch), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_samples(receiver, 0), 7));
    cr_assert(eq(sz, receiver_request_samples(receiver, 1), 10)); /* 6 of the histogram, 4 gauges */
    cr_assert(eq(sz, receiver_request_samples(receiver, 2), 5));
    cr_assert(eq(str,
                 (char *)values_of(receiver, "size_bucket{instance=\"one\",job=\"svc\",le=\"2\","
                                             "otel_scope_name=\"test\"}"),
                 "3"));
    batch_fini(&batch);
    tacho_metric_exporter_destroy(exporter);
}

Test(refusal, a_histogram_larger_than_a_request_is_cut) {
    static const double bounds[] = {1, 2, 3, 4, 5};
    static const uint64_t counts[] = {1, 1, 1, 1, 1, 1};
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_samples_per_send = 3;
    tacho_metric_exporter *exporter = create(&options);
    struct batch batch;
    batch_init(&batch, resource, 1);
    batch_add_histogram(&batch, "size", 1, bounds, counts, 5, 30, TACHO_NO_ATTRS);
    cr_assert(eq(int, export_one(exporter, &batch), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 3));
    cr_assert(eq(sz, receiver_sample_count(receiver), 8));
    cr_assert(eq(str,
                 (char *)values_of(receiver, "size_bucket{instance=\"one\",job=\"svc\",le=\"4\","
                                             "otel_scope_name=\"test\"}"),
                 "4"));
    batch_fini(&batch);
    tacho_metric_exporter_destroy(exporter);
}

Test(refusal, requests_keep_to_the_limit_of_bytes) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_bytes_per_send = 1024;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 1000, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_sample_count(receiver), 1000));
    cr_assert(gt(sz, receiver_request_count(receiver), 1));
    for (size_t i = 0; i < receiver_request_count(receiver); i++) {
        size_t length;
        (void)receiver_body(receiver, i, &length);
        cr_assert(le(sz, length, 1024));
    }
    tacho_metric_exporter_destroy(exporter);
}

/* HTTP-05 */
Test(refusal, a_huge_body_is_cut_off_and_its_status_counts) {
    size_t length = (size_t)1024 * 1024;
    char *body = malloc(length);
    memset(body, 'x', length);
    tacho_metric_exporter *exporter = create_for_receiver();
    receiver_script(receiver,
                    (struct receiver_step[]){{.status = 400, .body = body, .body_length = length},
                                             {.status = 200, .body = body, .body_length = length}},
                    2);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.failed, 1));
    cr_assert(eq(u64, stats.acknowledged, 1));
    tacho_metric_exporter_destroy(exporter);
    free(body);
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    cr_assert(ne(ptr, file, NULL));
    fputs(text, file);
    fclose(file);
}

/* AUTH-02, AUTH-03, RWOBS-04 */
Test(refusal, a_password_file_that_changes_is_read_again) {
    char path[] = "/tmp/tacho-password-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    write_file(path, "old\n");
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.basic_auth_username = "user";
    options.basic_auth_password_file = path;
    tacho_metric_exporter *exporter = create(&options);
    receiver_require_authorization(receiver, "Basic dXNlcjpvbGQ="); /* user:old */
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    write_file(path, "newer\r\n");
    receiver_require_authorization(receiver, "Basic dXNlcjpuZXdlcg=="); /* user:newer */
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(u64, stats_of(exporter).credentials_refreshed, 1));
    cr_assert(eq(u64, stats_of(exporter).credentials_refresh_failed, 0));
    unlink(path); /* the password stays in use, and the trouble is told */
    cr_assert(eq(int, export_counter(exporter, resource, 3), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(was_told("password_file: "), "%s", fault_log.text);
    cr_assert(eq(u64, stats_of(exporter).credentials_refreshed, 1));
    cr_assert(eq(u64, stats_of(exporter).credentials_refresh_failed, 1));
    cr_assert(not(was_told("newer")), "%s", fault_log.text);
    tacho_metric_exporter_destroy(exporter);
}

Test(refusal, headers_of_the_user_are_sent) {
    const tacho_remote_write_header headers[] = {
        {"X-Scope-OrgID", "team-1"}, {"Authorization", "Bearer abc"}, {"X-Empty", ""}};
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.headers = headers;
    options.header_count = 3;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "X-Scope-OrgID"), "team-1"));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Authorization"), "Bearer abc"));
    tacho_metric_exporter_destroy(exporter);
}
