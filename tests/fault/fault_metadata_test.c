/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the requests of metadata that 1.0 has, sent to a receiver that fails and refuses: by a
 * sender alone, driven by the test with times that it chooses. */
#include "fault/fault_fixture.h"
#include "remote_write/metadata_message.h"
#include "remote_write/metadata_sender.h"

#define INTERVAL_MS 60000u

static struct receiver *receiver;
static struct tachoi_remote_write_config config;
static struct tachoi_account account;
static struct tachoi_http_client *client;
static struct tachoi_endpoint endpoint;
static struct tachoi_metadata_sender sender;
static uint64_t now_ns; /* the sender's time */

static void begin(void) {
    receiver = receiver_start();
    now_ns = 1;
    config.values = fast_options(receiver_url(receiver));
    config.values.metadata_send_interval_ms = INTERVAL_MS;
    config.values.max_retry_after_ms = 1000;
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    cr_assert(eq(int, tachoi_account_init(&account), TACHO_OK));
    const struct tachoi_http_config http = {.component = "test",
                                            .url = receiver_url(receiver),
                                            .proxy_url = "",
                                            .timeout_ms = PATIENCE_MS};
    cr_assert(eq(int, tachoi_http_client_create(&http, &client), TACHO_OK));
    tachoi_endpoint_init(&endpoint, &config, &account, client);
    cr_assert(eq(int, tachoi_metadata_sender_init(&sender, &endpoint, 7), TACHO_OK));
}

static void end(void) {
    tachoi_metadata_sender_disconnect(&sender);
    tachoi_metadata_sender_fini(&sender);
    tachoi_http_client_destroy(client);
    tachoi_account_fini(&account);
    receiver_stop(receiver);
}

TestSuite(metadata, .init = begin, .fini = end);

/* Metadata of a family named `name`, in each of `count` bodies. */
static struct tachoi_metadata_bodies *bodies_of(const char *name, size_t count) {
    const struct tachoi_prometheus_family family = {
        .type = TACHOI_PROMETHEUS_GAUGE,
        .name = {name, strlen(name)},
        .help = {"help", 4},
    };
    const struct tachoi_prometheus_family *families[] = {&family};
    struct tachoi_metadata_bodies *bodies = tachoi_metadata_bodies_create(count);
    for (size_t i = 0; i < count; i++) {
        struct tachoi_metadata_message message = {0};
        size_t taken = 0;
        cr_assert(eq(int, tachoi_metadata_message_make(&message, families, 1, 10, &taken),
                     TACHOI_ENCODE_OK));
        bodies->bodies[i] = (struct tachoi_metadata_body){
            .bytes = message.body, .length = message.body_length, .families = 1};
    }
    return bodies;
}

static void offer(struct tachoi_metadata_bodies *bodies) {
    tachoi_metadata_bodies_destroy(tachoi_metadata_sender_offer_locked(&sender, bodies));
}

/* Lets the sender go on until it waits for time to pass, or for something new. */
static void settle(void) {
    const uint64_t start_ns = tachoi_monotonic_ns();
    do {
        cr_assert(lt(u32, passed_ms(start_ns), PATIENCE_MS));
        tachoi_metadata_sender_step(&sender, now_ns);
        if (sender.sender.state == TACHOI_SENDER_SENDING) {
            tachoi_http_client_wait(client, 100);
            tachoi_http_client_drive(client);
        }
    } while (sender.sender.state == TACHOI_SENDER_SENDING);
}

static void pass(uint32_t ms) {
    now_ns += ms * TACHOI_NS_PER_MS;
    settle();
}

static bool holds(size_t request, const char *text) {
    size_t length = 0;
    const char *body = receiver_body(receiver, request, &length);
    return memmem(body, length, text, strlen(text)) != NULL;
}

/* RW1-13 */
Test(metadata, is_sent_at_once_and_then_in_each_interval) {
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 0));
    offer(bodies_of("first", 2));
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    pass(INTERVAL_MS - 1);
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(u64, tachoi_metadata_sender_wake_ns(&sender), now_ns + TACHOI_NS_PER_MS));
    pass(1);
    cr_assert(eq(sz, receiver_request_count(receiver), 4));
    cr_assert(eq(u64, account.metadata_acknowledged, 4));
    cr_assert(eq(u64, account.requests, 0)); /* it is none of the samples' */
    cr_assert(eq(u64, account.acknowledged, 0));
}

/* validate is for each request */
Test(metadata, that_is_not_valid_is_told_and_not_sent) {
    struct tachoi_metadata_bodies *bodies = bodies_of("good", 3);
    struct tachoi_metadata_body *second = &bodies->bodies[1];
    tachoi_free(second->bytes);
    second->bytes = tachoi_memdup("\x01\xff", 2);
    second->length = 2;
    endpoint.validates = true;
    offer(bodies);
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(u64, account.metadata_acknowledged, 2));
    cr_assert(eq(u64, account.metadata_failed, 1));
    cr_assert(was_told("not_valid: a request of metadata"), "%s", fault_log.text);
}

Test(metadata, that_is_new_takes_its_turn_in_the_next_interval) {
    offer(bodies_of("first", 1));
    settle();
    offer(bodies_of("second", 1));
    offer(bodies_of("third", 1)); /* only the newest counts */
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    pass(INTERVAL_MS);
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(holds(0, "first"));
    cr_assert(holds(1, "third"));
}

Test(metadata, is_sent_again_after_a_failure) {
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}, {.action = RECEIVER_RESET}},
                    2);
    offer(bodies_of("first", 1));
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    cr_assert(eq(int, sender.sender.state, TACHOI_SENDER_BACKING_OFF));
    pass(20);
    pass(20);
    cr_assert(eq(sz, receiver_request_count(receiver), 3));
    cr_assert(eq(str, (char *)receiver_header(receiver, 1, "Retry-Attempt"), "1"));
    cr_assert(eq(u64, account.metadata_acknowledged, 1));
}

/* RWOBS-01 */
Test(metadata, that_is_sent_again_is_counted) {
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}, {.status = 503}}, 2);
    offer(bodies_of("first", 1));
    settle();
    cr_assert(eq(u64, account.metadata_retried, 0));
    pass(20);
    pass(20);
    cr_assert(eq(u64, account.metadata_retried, 2));
    cr_assert(eq(u64, account.metadata_acknowledged, 1));
}

Test(metadata, that_waits_for_another_attempt_makes_way_for_newer) {
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}}, 1);
    offer(bodies_of("first", 1));
    settle();
    offer(bodies_of("second", 1));
    pass(20);
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(holds(1, "second"));
    cr_assert(eq(str, (char *)receiver_header(receiver, 1, "Retry-Attempt"), ""));
}

Test(metadata, that_is_refused_is_counted_and_told) {
    receiver_script(receiver, (struct receiver_step[]){{.status = 400}}, 1);
    offer(bodies_of("first", 2));
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 2));
    cr_assert(eq(u64, account.metadata_failed, 1));
    cr_assert(eq(u64, account.metadata_acknowledged, 1));
    cr_assert(was_told("metadata_refused: HTTP 400"), "%s", fault_log.text);
}

/* 2.0 has it with the series. */
Test(metadata, is_only_sent_while_1_is_spoken) {
    endpoint.negotiation.version = 2;
    offer(bodies_of("first", 1));
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 0));
    cr_assert(eq(u64, tachoi_metadata_sender_wake_ns(&sender), UINT64_MAX));
    endpoint.negotiation.version = 1;
    settle();
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
}
