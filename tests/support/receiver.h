/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a remote-write receiver inside a test: a server on 127.0.0.1 that answers as it is told,
 * checks every request against the specification and keeps the samples that it accepted.
 * Independent of tacho's code but for the generated protobuf messages.
 *
 *     struct receiver *receiver = receiver_start();
 *     receiver_script(receiver, (struct receiver_step[]){{.status = 503}, {.status = 204}}, 2);
 *     ... an exporter sends to receiver_url(receiver) ...
 *     cr_assert(receiver_wait_samples(receiver, 5, 5000));
 *     cr_assert(eq(str, (char *)receiver_problem(receiver), ""));
 *     receiver_stop(receiver);
 *
 * All functions may be called from any thread between start and stop. They end the test if the
 * server itself cannot work. */
#ifndef TACHO_TESTS_SUPPORT_RECEIVER_H
#define TACHO_TESTS_SUPPORT_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum receiver_action {
    RECEIVER_ANSWER,
    RECEIVER_HANG, /* takes the request and never answers */
    RECEIVER_RESET /* closes the connection instead of answering */
};

/** What to do with one request. */
struct receiver_step {
    enum receiver_action action;
    unsigned status;         /* 0 = 204 */
    const char *retry_after; /* NULL = no such header */
    const char *location;    /* NULL = no such header */
    const char *body;        /* NULL = none */
    size_t body_length;      /* 0 = strlen */
};

/** A sample as it was accepted; `series` is name{a="b",c="d"}. */
struct receiver_sample {
    char *series;
    double value;
    uint64_t value_bits;
    int64_t time_ms;
};

struct receiver;

struct receiver *receiver_start(void);
/** The same with TLS. With `client_authority` (NULL = none) a client that shows no certificate
 * signed by it gets 403. The texts are borrowed. */
struct receiver *receiver_start_tls(const char *certificate, const char *key,
                                    const char *client_authority);
void receiver_stop(struct receiver *receiver);

/** Its endpoint, "http://127.0.0.1:PORT/api/v1/write". */
const char *receiver_url(const struct receiver *receiver);

/** Replaces what the next requests get; those after the last step are accepted with 204. The steps
 * are copied, their texts borrowed. */
void receiver_script(struct receiver *receiver, const struct receiver_step *steps, size_t count);

/** Answers 413 to requests with more samples (0 = none), and to those with this series (NULL). */
void receiver_refuse_larger(struct receiver *receiver, size_t max_samples, const char *series);

/** Answers 500 to requests with this series (NULL = none; borrowed): it cannot bear it. */
void receiver_fail_at(struct receiver *receiver, const char *series);

/** Answers 401 unless the Authorization header is exactly this text (NULL = any; borrowed). */
void receiver_require_authorization(struct receiver *receiver, const char *value);

/** Closes so many connections in the middle of a body, before anything else is looked at. */
void receiver_cut_bodies(struct receiver *receiver, size_t count);

/** Waits until so many requests came, or samples were accepted; false when the time is over. */
bool receiver_wait_requests(struct receiver *receiver, size_t count, uint32_t timeout_ms);
bool receiver_wait_samples(struct receiver *receiver, size_t count, uint32_t timeout_ms);
/** Waits until so many connections have ended; false when the time is over. */
bool receiver_wait_closed(struct receiver *receiver, size_t count, uint32_t timeout_ms);

size_t receiver_request_count(struct receiver *receiver);
size_t receiver_connection_count(struct receiver *receiver);
size_t receiver_sample_count(struct receiver *receiver);

/** What was wrong with the requests so far, "" if nothing. Valid until the next call. */
const char *receiver_problem(struct receiver *receiver);

/** Copies the accepted samples of a series, oldest first, at most `max`; returns how many it has.
 */
size_t receiver_samples(struct receiver *receiver, const char *series, struct receiver_sample *out,
                        size_t max);
/** Accepted sample number `index` of all; its text is valid until stop. */
struct receiver_sample receiver_sample(struct receiver *receiver, size_t index);

/** A header of request number `index`, "" if it had none. Valid until stop. */
const char *receiver_header(struct receiver *receiver, size_t index, const char *name);

/** What request number `index` asked for: a path, or a whole URL if it was sent to a proxy. Valid
 * until stop. */
const char *receiver_target(struct receiver *receiver, size_t index);

/** The compressed body of request number `index`. Valid until stop. */
const void *receiver_body(struct receiver *receiver, size_t index, size_t *length);

/** Samples in request number `index`. */
size_t receiver_request_samples(struct receiver *receiver, size_t index);

/** Decodes one body: appends its samples through `keep` and returns what is wrong with it (""). */
struct receiver_decoded {
    struct receiver_sample *samples; /* the caller's, with their texts */
    size_t count;
    char problem[256]; /* "" if it satisfies the specification */
};
void receiver_decode(const void *body, size_t length, struct receiver_decoded *out);
void receiver_decoded_free(struct receiver_decoded *decoded);

#endif
