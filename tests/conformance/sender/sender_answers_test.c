/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's cases about answers, and about those that do not come. */
#include "conformance/sender/sender_fixture.h"

TestSuite(answers, .init = sender_init, .fini = sender_fini);

/* Sends three gauges to a receiver that begins with this answer. */
static int send_three(const struct receiver_step *step) {
    sender_start_usual();
    receiver_script(sender.receiver, step, 1);
    set_gauge("sample_1", 1);
    set_gauge("sample_2", 2);
    set_gauge("sample_3", 3);
    return sender_flush();
}

/* RWOBS-05: what came of the three; stats_of adds it all up. */
static void is_account(uint64_t acknowledged, uint64_t failed) {
    const tacho_remote_write_stats stats = stats_of(sender.exporter);
    cr_assert(eq(u64, stats.acknowledged, acknowledged));
    cr_assert(eq(u64, stats.failed, failed));
    cr_assert(eq(u64, stats.pending, 0));
}

/* Another collection of the three is welcome. */
static void goes_on(void) {
    const size_t before = receiver_sample_count(sender.receiver);
    cr_assert(eq(int, sender_flush(), TACHO_OK), "%s", fault_log.text);
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), before + 3));
}

/* HTTP-04
 * cases: TestResponseProcessing/ignore_response_body_on_success,
 * TestErrorHandling/handle_malformed_response */
Test(answers, the_body_of_a_success_is_ignored) {
    cr_assert(eq(int,
                 send_three(&(struct receiver_step){
                     .status = 200, .body = "HTTP/1.1 500 Not what it looks like\r\n\r\n\x01"}),
                 TACHO_OK));
    is_account(3, 0);
    goes_on();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
}

/* cases: TestResponseProcessing/process_written_count_headers */
Test(answers, what_a_success_says_was_written_is_believed) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.written = RECEIVER_WRITTEN_LESS}),
                 TACHO_E_FAILED));
    is_account(2, 1);
    cr_assert(eq(u64, stats_of(sender.exporter).written_mismatches, 1));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1)); /* not sent again */
}

/* RW2-13 */
Test(answers, a_success_that_wrote_nothing_is_a_failure) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.written = RECEIVER_WRITTEN_ZERO}),
                 TACHO_E_FAILED));
    is_account(0, 3);
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
}

/* RW2-14 */
Test(answers, headers_that_are_no_numbers_or_too_large_do_no_harm) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.written = RECEIVER_WRITTEN_MALFORMED}),
                 TACHO_OK));
    receiver_script(sender.receiver, &(struct receiver_step){.written = RECEIVER_WRITTEN_MORE}, 1);
    goes_on();
    is_account(6, 0);
}

/* RW2-15
 * cases: TestResponseProcessing/handle_partial_write_response */
Test(answers, a_400_that_wrote_a_part_failed_for_the_rest) {
    cr_assert(eq(int,
                 send_three(&(struct receiver_step){
                     .status = 400, .written = RECEIVER_WRITTEN_LESS, .body = "Rejected 1 sample"}),
                 TACHO_E_FAILED));
    is_account(2, 1);
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
}

/* cases: TestResponseProcessing/handle_missing_written_headers */
Test(answers, a_400_that_does_not_say_wrote_nothing) {
    cr_assert(eq(
        int, send_three(&(struct receiver_step){.status = 400, .written = RECEIVER_WRITTEN_ABSENT}),
        TACHO_E_FAILED));
    is_account(0, 3);
}

/* HTTP-05
 * cases: TestResponseProcessing/log_error_messages_verbatim */
Test(answers, the_words_of_a_refusal_are_told) {
    static const char words[] = "Error: Invalid label name '__invalid__' <{\"a\":1}> 100% %s";
    (void)send_three(&(struct receiver_step){.status = 400, .body = words});
    cr_assert(was_told(words), "%s", fault_log.text);
}

/* How much of an answer that begins with this text was told; it stands between backquotes. */
static size_t told_length(const char *text) {
    const char *told = strstr(fault_log.text, text);
    return told != NULL ? strcspn(told, "`") : 0;
}

/* Refuses with a body of this length. */
static void refuse_at_length(size_t length) {
    static char body[1024 * 1024];
    memset(body, 'x', length);
    memcpy(body, "Error details: ", 15);
    cr_assert(
        eq(int,
           send_three(&(struct receiver_step){.status = 400, .body = body, .body_length = length}),
           TACHO_E_FAILED));
    is_account(0, 3);
    cr_assert(eq(sz, told_length("Error details: xxx"), 300), "%s", fault_log.text);
    goes_on();
}

/* cases: TestResponseProcessing/handle_large_error_body */
Test(answers, of_a_long_refusal_the_beginning_is_told) {
    refuse_at_length(28015);
}

/* cases: TestErrorHandling/handle_large_error_response */
Test(answers, of_a_refusal_of_a_megabyte_too) {
    refuse_at_length((size_t)1024 * 1024);
}

/* cases: TestResponseProcessing/handle_204_no_content */
Test(answers, a_204_is_a_success) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.status = 204}), TACHO_OK));
    is_account(3, 0);
}

/* cases: TestResponseProcessing/handle_200_ok */
Test(answers, a_200_is_a_success) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.status = 200, .body = "OK"}), TACHO_OK));
    is_account(3, 0);
}

/* HTTP-06: redirects are not followed. */
Test(answers, a_redirect_is_a_refusal) {
    cr_assert(eq(int,
                 send_three(&(struct receiver_step){.status = 302,
                                                    .location = receiver_url(sender.receiver)}),
                 TACHO_E_FAILED));
    is_account(0, 3);
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
}

/* cases: TestErrorHandling/handle_invalid_status_code */
Test(answers, a_status_that_there_is_not_is_a_refusal) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.status = 999}), TACHO_E_FAILED));
    is_account(0, 3);
    goes_on();
}

/* cases: TestErrorHandling/handle_empty_response */
Test(answers, an_empty_200_is_a_success) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.status = 200}), TACHO_OK));
    is_account(3, 0);
}

/* RW2-12: a 200 with some words and no count comes from who does not know 2.0.
 * cases: TestErrorHandling/handle_partial_write */
Test(answers, a_success_that_does_not_count_is_told_in_1_again) {
    tacho_remote_write_options options = sender_options();
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_AUTO;
    options.disable_metadata = true;
    sender_start(&options);
    receiver_set_protocols(sender.receiver, RECEIVER_1_IGNORES_2);
    receiver_script(sender.receiver, &(struct receiver_step){.status = 200, .body = "partial"}, 1);
    set_gauge("level", 1);
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 1));
    is_account(1, 0);
}

/* RETRY-08
 * cases: TestErrorHandling/sender_continues_after_errors */
Test(answers, a_receiver_that_always_fails_neither_stops_the_sender_nor_its_end) {
    enum { FAILURES = 100 };
    static struct receiver_step steps[FAILURES];
    for (size_t i = 0; i < FAILURES; i++) {
        steps[i].status = 500;
    }
    sender_start_usual();
    receiver_script(sender.receiver, steps, FAILURES);
    for (int i = 1; i <= 5; i++) {
        set_gauge("level", i);
        sender_collect();
    }
    cr_assert(receiver_wait_requests(sender.receiver, 10, PATIENCE_MS));
    cr_assert(eq(u64, stats_of(sender.exporter).pending, 5));
    receiver_script(sender.receiver, &(struct receiver_step){.status = 204}, 1);
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(eq(str,
                 (char *)values_of(sender.receiver,
                                   "level{instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}"),
                 "1 2 3 4 5 5"));
}

/* --- no answer --- */

/* HTTP-09
 * cases: TestErrorHandling/handle_timeout */
Test(answers, one_that_does_not_come_in_time_is_waited_for_no_longer) {
    tacho_remote_write_options options = sender_options();
    options.timeout_ms = 200;
    sender_start(&options);
    receiver_script(sender.receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    set_gauge("level", 1);
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    is_account(1, 0);
}

Test(answers, a_connection_that_breaks_is_made_anew) {
    cr_assert(eq(int, send_three(&(struct receiver_step){.action = RECEIVER_RESET}), TACHO_OK));
    cr_assert(gt(sz, receiver_connection_count(sender.receiver), 1));
    is_account(3, 0);
}

/* What nobody takes is kept and tried again, until the end, which counts it. */
static void is_kept_while_unreachable(const char *endpoint) {
    tacho_remote_write_options options = sender_options();
    options.endpoint = endpoint;
    sender_start(&options);
    set_gauge("level", 1);
    sender_collect();
    cr_assert(eq(u64, stats_of(sender.exporter).pending, 1));
    cr_assert(eq(int, tacho_meter_provider_shutdown(sender.provider, 300), TACHO_E_TIMEOUT));
    const tacho_remote_write_stats stats = stats_of(sender.exporter);
    cr_assert(eq(u64, stats.acknowledged, 0));
    cr_assert(eq(u64, stats.dropped_shutdown, stats.accepted));
    cr_assert(eq(int, stats.last_http_status, 0));
}

/* cases: TestErrorHandling/handle_connection_refused */
Test(answers, of_a_port_where_nobody_listens) {
    char url[64];
    struct receiver *gone = receiver_start();
    snprintf(url, sizeof url, "%s", receiver_url(gone));
    receiver_stop(gone);
    is_kept_while_unreachable(url);
    cr_assert(gt(u64, stats_of(sender.exporter).retries, 0));
}

/* cases: TestNetworkErrors/dns_resolution_failure */
Test(answers, of_a_name_that_there_is_not) {
    is_kept_while_unreachable("http://nonexistent.invalid:9999/api/v1/write");
}

/* cases: TestNetworkErrors/invalid_url_scheme */
Test(answers, of_a_scheme_that_there_is_not_no_sender_is_made) {
    tacho_metric_exporter *exporter = NULL;
    tacho_error error = {0};
    tacho_remote_write_options options = sender_options();
    options.endpoint = "invalid://localhost:9999/api/v1/write";
    options.error = &error;
    cr_assert(eq(int, tacho_remote_write_exporter_create(&options, &exporter), TACHO_E_INVALID));
    cr_assert(eq(str, (char *)error.field, "endpoint"));
    cr_assert(eq(ptr, exporter, NULL));
}
