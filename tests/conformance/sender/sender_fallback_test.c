/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's fallback cases: from 2.0 to 1.0, and when not. */
#include "conformance/sender/sender_fixture.h"

TestSuite(fallback, .init = sender_init, .fini = sender_fini);

static void start_auto(void) {
    tacho_remote_write_options options = sender_options();
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_AUTO;
    options.disable_metadata = true; /* with 1.0 it would have requests of its own */
    sender_start(&options);
}

static void send_counter(void) {
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, sender_flush(), TACHO_OK), "%s", fault_log.text);
}

/* The versions of all requests, "2 1 1". */
static const char *versions(void) {
    static char text[64];
    const size_t count = receiver_request_count(sender.receiver);
    text[0] = '\0';
    for (size_t i = 0; i < count && i < 16; i++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%d", i > 0 ? " " : "",
                 receiver_request_version(sender.receiver, i));
    }
    return text;
}

/* RW2-17
 * cases: TestFallbackBehavior/fallback_on_415_unsupported_media_type */
Test(fallback, after_a_415_the_same_sample_comes_in_1) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    send_counter();
    cr_assert(eq(str, (char *)versions(), "2 1"));
    const struct sent_series *refused = need(sender_request(0), "jobs_total", NULL, NULL);
    const struct sent_series *taken = need(sender_request(1), "jobs_total", NULL, NULL);
    cr_assert(eq(i64, taken->samples[0].time_ms, refused->samples[0].time_ms));
    cr_assert(eq(u64, taken->samples[0].bits, refused->samples[0].bits));
    cr_assert(eq(u64, stats_of(sender.exporter).protocol_fallbacks, 1));
    cr_assert(eq(u64, stats_of(sender.exporter).failed, 0));
}

/* cases: TestFallbackBehavior/retry_with_different_version,
 * TestFallbackBehavior/fallback_header_changes */
Test(fallback, headers_change_with_the_version) {
    static const char *const headers[][3] = {
        {"X-Prometheus-Remote-Write-Version", "2.0.0", "0.1.0"},
        {"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request",
         "application/x-protobuf"},
        {"Content-Encoding", "snappy", "snappy"},
    };
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    send_counter();
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 2; j++) {
            cr_assert(eq(str, (char *)receiver_header(sender.receiver, j, headers[i][0]),
                         (char *)headers[i][j + 1]));
        }
    }
}

/* cases: TestFallbackBehavior/accept_success_after_fallback */
Test(fallback, what_1_takes_is_acknowledged) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    send_counter();
    send_counter();
    cr_assert(eq(str, (char *)values_of(sender.receiver, COUNTER), "1 2"));
    cr_assert(eq(u64, stats_of(sender.exporter).acknowledged, 2));
}

/* cases: TestFallbackBehavior/persistent_fallback_choice */
Test(fallback, one_is_spoken_from_then_on) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    for (int i = 0; i < 4; i++) {
        send_counter();
    }
    cr_assert(eq(str, (char *)versions(), "2 1 1 1 1"));
    cr_assert(eq(int, stats_of(sender.exporter).protocol, 1));
}

/* cases: TestNoFallbackOn2xx */
Test(fallback, none_as_long_as_2_is_confirmed) {
    start_auto();
    for (int i = 0; i < 4; i++) {
        send_counter();
    }
    cr_assert(eq(str, (char *)versions(), "2 2 2 2"));
    cr_assert(eq(u64, stats_of(sender.exporter).protocol_fallbacks, 0));
}

/* RW2-17 */
Test(fallback, a_400_counts_as_ignorance_only_at_first_contact) {
    start_auto();
    receiver_script(sender.receiver,
                    &(struct receiver_step){.status = 400, .written = RECEIVER_WRITTEN_ABSENT}, 1);
    send_counter();
    cr_assert(eq(str, (char *)versions(), "2 1"));
}

Test(fallback, a_400_after_a_confirmation_is_a_refusal) {
    start_auto();
    send_counter();
    receiver_script(sender.receiver,
                    &(struct receiver_step){.status = 400, .written = RECEIVER_WRITTEN_ABSENT}, 1);
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, sender_flush(), TACHO_E_FAILED));
    send_counter();
    cr_assert(eq(str, (char *)versions(), "2 2 2"));
}

Test(fallback, none_where_2_is_insisted_on) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    sender_start_usual();
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, sender_flush(), TACHO_E_FAILED));
    cr_assert(eq(str, (char *)versions(), "2"));
    cr_assert(eq(u64, stats_of(sender.exporter).failed, 1));
}

/* RW2-18 */
Test(fallback, what_1_cannot_say_is_left_out_of_the_same_data) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    set_gauge("level", 7);
    send_counter();
    const struct sent *sent = sender_request(1);
    cr_assert(eq(sz, sent->series_count, 2));
    cr_assert(gt(i64, need(sender_request(0), "jobs_total", NULL, NULL)->samples[0].start_ms, 0));
    cr_assert(eq(dbl, value_of(sent, "level", NULL, NULL), 7.0));
    cr_assert(eq(sz, sent->v1->timeseries[0]->samples[0]->base.n_unknown_fields, 0));
}

/* RW2-19 */
Test(fallback, what_an_answer_says_of_versions_changes_nothing) {
    receiver_script(sender.receiver, (struct receiver_step[]){{.version = "0.1.0"}, {0}}, 2);
    start_auto();
    send_counter();
    send_counter();
    cr_assert(eq(str, (char *)versions(), "2 2"));
}

/* RW2-19 */
Test(fallback, after_a_fallback_an_answer_that_says_2_changes_nothing) {
    receiver_set_protocols(sender.receiver, RECEIVER_1_REFUSES_2);
    start_auto();
    send_counter();
    receiver_script(sender.receiver, (struct receiver_step[]){{.version = "2.0.0"}, {0}}, 2);
    send_counter();
    send_counter();
    cr_assert(eq(str, (char *)versions(), "2 1 1 1"));
}
