/* SPDX-License-Identifier: Apache-2.0 */
/* Tests 2.0 and falling back to 1.0: the same data once, whatever the answer, and the account that
 * the *-Written headers tell. */
#include "fault/fault_fixture.h"

#define VERSION_1 "application/x-protobuf"
#define VERSION_2 "application/x-protobuf;proto=io.prometheus.write.v2.Request"

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

TestSuite(protocol, .init = begin, .fini = end);

static tacho_metric_exporter *create_with(tacho_remote_write_protocol protocol,
                                          uint32_t max_shards) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.protocol = protocol;
    options.max_shards = max_shards;
    return create(&options);
}

static const char *type_of(size_t request) {
    return receiver_header(receiver, request, "Content-Type");
}

/* --- falling back --- */

/* RW2-12, RW2-17, RW2-18 */
Test(protocol, what_a_receiver_of_1_does_not_understand_is_sent_again_in_1) {
    static const struct {
        enum receiver_protocols protocols;
        unsigned status; /* of the first answer */
    } cases[] = {{RECEIVER_1_REFUSES_2, 0}, {RECEIVER_BOTH, 400}, {RECEIVER_1_IGNORES_2, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t first = receiver_request_count(receiver);
        const size_t samples = receiver_sample_count(receiver);
        const struct receiver_step step = {.status = cases[i].status,
                                           .written = RECEIVER_WRITTEN_ABSENT};
        receiver_set_protocols(receiver, cases[i].protocols);
        receiver_script(receiver, &step, cases[i].status == 0 ? 0 : 1);
        tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_AUTO, 1);
        cr_assert(eq(int, stats_of(exporter).protocol, 2));
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 100 * i + 1), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK), "case %zu", i);
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 100 * i + 11), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK), "case %zu", i);
        cr_assert(eq(sz, receiver_request_count(receiver), first + 3), "case %zu", i);
        cr_assert(eq(str, (char *)type_of(first), VERSION_2));
        cr_assert(eq(str, (char *)type_of(first + 1), VERSION_1));
        cr_assert(eq(str, (char *)type_of(first + 2), VERSION_1));
        cr_assert(eq(sz, receiver_sample_count(receiver), samples + 20), "case %zu", i);
        const tacho_remote_write_stats stats = stats_of(exporter);
        cr_assert(eq(u64, stats.acknowledged, 20));
        cr_assert(eq(u64, stats.failed, 0));
        cr_assert(eq(int, stats.protocol, 1));
        cr_assert(eq(u64, stats.protocol_fallbacks, 1));
        tacho_metric_exporter_destroy(exporter);
    }
}

/* What other shards have in 2.0 is made again too; all arrives once. */
Test(protocol, all_shards_fall_back_with_the_first) {
    enum { SHARDS = 4 };
    tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_AUTO, SHARDS);
    receiver_script(receiver,
                    (struct receiver_step[]){
                        {.status = 503}, {.status = 503}, {.status = 503}, {.status = 415}},
                    4);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 200, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_sample_count(receiver), 200));
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.acknowledged, 200));
    cr_assert(eq(u64, stats.protocol_fallbacks, 1));
    const size_t requests = receiver_request_count(receiver);
    size_t in_2 = 0;
    for (size_t i = 0; i < requests; i++) {
        in_2 += strcmp(type_of(i), VERSION_2) == 0 ? 1 : 0;
    }
    cr_assert(ge(sz, in_2, 4));
    cr_assert(le(sz, in_2, 3 + SHARDS)); /* each shard had one more under way at most */
    tacho_metric_exporter_destroy(exporter);
}

Test(protocol, an_outage_says_nothing_of_the_version) {
    tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_AUTO, 1);
    receiver_script(
        receiver,
        (struct receiver_step[]){{.status = 503}, {.action = RECEIVER_RESET}, {.status = 429}, {0}},
        4);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    for (size_t i = 0; i < receiver_request_count(receiver); i++) {
        cr_assert(eq(str, (char *)type_of(i), VERSION_2), "request %zu", i);
    }
    cr_assert(eq(u64, stats_of(exporter).protocol_fallbacks, 0));
    tacho_metric_exporter_destroy(exporter);
}

Test(protocol, a_version_that_is_insisted_on_is_not_left) {
    tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_2, 1);
    receiver_script(receiver, &(struct receiver_step){.status = 415}, 1);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(eq(u64, stats_of(exporter).failed, 10));
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

/* --- *-Written --- */

/* RW2-13, RW2-14, RW2-15 */
Test(protocol, the_account_follows_what_was_written) {
    static const struct {
        unsigned status;
        enum receiver_written written;
        uint64_t acknowledged;
        uint64_t mismatches;
    } cases[] = {
        {204, RECEIVER_WRITTEN_AUTO, 10, 0}, {204, RECEIVER_WRITTEN_LESS, 9, 1},
        {204, RECEIVER_WRITTEN_ZERO, 0, 0},  {204, RECEIVER_WRITTEN_MORE, 10, 1},
        {400, RECEIVER_WRITTEN_ZERO, 0, 0},  {204, RECEIVER_WRITTEN_MALFORMED, 10, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t requests = receiver_request_count(receiver);
        receiver_script(
            receiver,
            &(struct receiver_step){.status = cases[i].status, .written = cases[i].written}, 1);
        tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_AUTO, 1);
        cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1 + i), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS),
                     cases[i].acknowledged == 10 ? TACHO_OK : TACHO_E_FAILED));
        const tacho_remote_write_stats stats = stats_of(exporter);
        cr_assert(eq(u64, stats.acknowledged, cases[i].acknowledged), "case %zu", i);
        cr_assert(eq(u64, stats.failed, 10 - cases[i].acknowledged), "case %zu", i);
        cr_assert(eq(u64, stats.protocol_fallbacks, 0), "case %zu", i);
        cr_assert(eq(sz, receiver_request_count(receiver), requests + 1), "case %zu", i);
        cr_assert(eq(u64, stats.written_mismatches, cases[i].mismatches), "case %zu", i);
        tacho_metric_exporter_destroy(exporter);
    }
}

/* RW2-15: what a 5xx says is not counted, since all is sent again. */
Test(protocol, a_failure_counts_nothing_as_written) {
    tacho_metric_exporter *exporter = create_with(TACHO_REMOTE_WRITE_PROTOCOL_2, 1);
    receiver_script(
        receiver, (struct receiver_step[]){{.status = 503, .written = RECEIVER_WRITTEN_LESS}, {0}},
        2);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(u64, stats_of(exporter).acknowledged, 10));
    tacho_metric_exporter_destroy(exporter);
}

/* --- the check at the start --- */

Test(protocol, the_check_at_the_start_is_an_empty_request_beside_the_samples) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.disable_startup_check = false;
    receiver_script(receiver, &(struct receiver_step){.status = 404}, 1);
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(will_be_told("startup_check: "));
    cr_assert(eq(sz, receiver_request_samples(receiver, 0), 0));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(u64, stats_of(exporter).requests, 1)); /* it is none of the samples' */
    tacho_metric_exporter_destroy(exporter);
}

Test(protocol, a_check_that_is_never_answered_delays_nothing) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.disable_startup_check = false;
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(receiver_wait_requests(receiver, 1, PATIENCE_MS));
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    const uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, shut_down(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(lt(u32, passed_ms(start_ns), 5000));
    tacho_metric_exporter_destroy(exporter);
}

/* With `auto`, 415 to the check spares the samples the detour. */
Test(protocol, the_check_at_the_start_tells_the_version) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.disable_startup_check = false;
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_AUTO;
    receiver_script(receiver, &(struct receiver_step){.status = 415}, 1);
    tacho_metric_exporter *exporter = create(&options);
    const uint64_t start_ns = tachoi_monotonic_ns();
    while (stats_of(exporter).protocol_fallbacks == 0) {
        cr_assert(lt(u32, passed_ms(start_ns), PATIENCE_MS));
    }
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 10, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(str, (char *)type_of(1), VERSION_1));
    tacho_metric_exporter_destroy(exporter);
}
