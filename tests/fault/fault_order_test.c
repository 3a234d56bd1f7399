/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that delivery survives failures in order and without a gap: failing answers, lost
 * connections, receivers that are not there. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
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

TestSuite(order, .init = begin, .fini = end);

/* RETRY-05, RW1-09, EXP-06 */
Test(order, no_value_is_missing_after_success_fail_fail_success_success) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(
        receiver,
        (struct receiver_step[]){{.status = 204}, {.status = 503}, {.status = 503}, {0}, {0}}, 5);
    for (int64_t value = 1; value <= 5; value++) {
        size_t requests = receiver_request_count(receiver);
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(receiver_wait_requests(receiver, requests + 1, PATIENCE_MS));
    }
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2 3 4 5"));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 5));
    cr_assert(eq(u64, stats.pending, 0));
    cr_assert(eq(u64, stats.retries, 2));
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-04, HTTP-03 */
Test(order, a_resend_has_the_same_bytes_and_tells_its_number) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 500}, {.status = 503}}, 2);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 3));
    size_t first_length;
    const void *first = receiver_body(receiver, 0, &first_length);
    for (size_t i = 1; i < 3; i++) {
        size_t length;
        const void *body = receiver_body(receiver, i, &length);
        cr_assert(eq(sz, length, first_length));
        cr_assert(eq(int, memcmp(body, first, length), 0));
    }
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Retry-Attempt"), ""));
    cr_assert(eq(str, (char *)receiver_header(receiver, 1, "Retry-Attempt"), "1"));
    cr_assert(eq(str, (char *)receiver_header(receiver, 2, "Retry-Attempt"), "2"));
    cr_assert(eq(int, stats_of(exporter).last_http_status, 204));
    tacho_metric_exporter_destroy(exporter);
}

/* RETRY-02, EXP-08 */
Test(order, the_receivers_delay_is_waited_for_even_by_a_flush) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 429, .retry_after = "1"}}, 1);
    uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, 300), TACHO_E_TIMEOUT));
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(ge(u32, passed_ms(start_ns), 1000));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 1));
    tacho_metric_exporter_destroy(exporter);
}

Test(order, the_receivers_delay_is_clamped) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_retry_after_ms = 50;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 503, .retry_after = "3600"}}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

Test(order, a_flush_cuts_a_long_backoff_short) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.min_backoff_ms = options.max_backoff_ms = 3600000;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    tacho_metric_exporter_destroy(exporter);
}

/* HTTP-09 */
Test(order, a_request_that_times_out_is_sent_again) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.timeout_ms = 50;
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver, (struct receiver_step[]){{.action = RECEIVER_HANG}}, 1);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(receiver_wait_samples(receiver, 1, PATIENCE_MS));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

Test(order, a_connection_that_is_reset_is_made_again) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    receiver_script(receiver,
                    (struct receiver_step[]){{0}, {.action = RECEIVER_RESET}, {.status = 502}}, 3);
    for (int64_t value = 1; value <= 3; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2 3"));
    tacho_metric_exporter_destroy(exporter);
}

/* A port on which nobody listens, kept by a bound socket. */
static int reserve_port(char *url, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(eq(int, bind(fd, (struct sockaddr *)&address, length), 0));
    cr_assert(eq(int, getsockname(fd, (struct sockaddr *)&address, &length), 0));
    snprintf(url, size, "http://127.0.0.1:%u/api/v1/write", ntohs(address.sin_port));
    return fd;
}

Test(order, a_refused_connection_is_an_outage_and_loses_nothing_before_shutdown) {
    char url[64];
    int fd = reserve_port(url, sizeof url);
    const tacho_remote_write_options options = fast_options(url);
    tacho_metric_exporter *exporter = create(&options);
    for (int64_t value = 1; value <= 3; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
    }
    cr_assert(eq(int, flush(exporter, 100), TACHO_E_TIMEOUT));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.pending, 3));
    cr_assert(gt(u64, stats.requests, 1));
    cr_assert(eq(int, stats.last_http_status, 0));
    cr_assert(eq(int, shut_down(exporter, 50), TACHO_E_TIMEOUT));
    cr_assert(eq(u64, stats_of(exporter).dropped_shutdown, 3));
    cr_assert(was_told("shutdown_loss: 3 samples"));
    tacho_metric_exporter_destroy(exporter);
    close(fd);
}

/* HTTP-07 */
Test(order, many_requests_use_one_connection) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    for (int64_t value = 1; value <= 20; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(sz, receiver_request_count(receiver), 20));
    cr_assert(eq(sz, receiver_connection_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

/* CONV-18: once per collection, with its time */
Test(order, target_info_comes_once_per_collection) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.disable_target_info = false;
    tacho_metric_exporter *exporter = create(&options);
    for (int64_t value = 1; value <= 2; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    }
    size_t infos = 0;
    for (size_t i = 0; i < receiver_sample_count(receiver); i++) {
        struct receiver_sample sample = receiver_sample(receiver, i);
        if (strncmp(sample.series, "target_info{", 12) == 0) {
            infos++;
            cr_assert(eq(dbl, sample.value, 1.0));
            cr_assert(eq(i64, sample.time_ms, BATCH_UNIX_MS + (int64_t)infos * 1000));
        }
    }
    cr_assert(eq(sz, infos, 2));
    cr_assert(eq(u64, stats_of(exporter).accepted, 4));
    tacho_metric_exporter_destroy(exporter);
}

static tacho_meter_provider *provide(tacho_metric_exporter *exporter) {
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    cr_assert(eq(int,
                 tacho_periodic_reader_create(
                     exporter,
                     TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3600000,
                                   .first_collection = TACHO_FIRST_COLLECTION_AFTER_INTERVAL),
                     &reader),
                 TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .resource = batch_resource(),
                                                           .readers = &reader, .reader_count = 1),
                                             &provider),
                 TACHO_OK));
    return provider;
}

/* The last value of a series that was removed, then the values of the one that follows it: for the
 * receiver one series, whose times increase. */
Test(order, a_removed_series_that_comes_back_stays_in_order) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_exporter *exporter = create(&options);
    tacho_meter_provider *provider = provide(exporter);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "jobs", NULL);
    receiver_script(receiver, (struct receiver_step[]){{0}, {.status = 503}, {.status = 503}}, 3);
    static const int64_t added[] = {7, 3, 4, 1};
    for (size_t i = 0; i < 4; i++) {
        tacho_counter_add(counter, added[i], TACHO_NO_ATTRS);
        if (i == 1) {
            cr_assert(eq(int, tacho_counter_remove(counter, TACHO_NO_ATTRS), TACHO_OK));
        }
        cr_assert(eq(int, tacho_meter_provider_force_flush(provider, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "7 10 4 5"));
    struct receiver_sample samples[4];
    cr_assert(eq(sz, receiver_samples(receiver, COUNTER, samples, 4), 4));
    for (size_t i = 1; i < 4; i++) {
        cr_assert(lt(i64, samples[i - 1].time_ms, samples[i].time_ms));
    }
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 4));
    cr_assert(eq(sz, stats.series_cached, 1)); /* the one that ended is forgotten */
    tacho_meter_provider_destroy(provider);
}
