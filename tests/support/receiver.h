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
    const char *version;     /* of X-Prometheus-Remote-Write-Version; NULL = no such header */
    const char *body;        /* NULL = none */
    size_t body_length;      /* 0 = strlen */
    /** The headers X-Prometheus-Remote-Write-*-Written of this answer. */
    enum receiver_written {
        RECEIVER_WRITTEN_AUTO,      /* to 2.0, what was sent, or nothing if it is refused */
        RECEIVER_WRITTEN_ABSENT,    /* none of them */
        RECEIVER_WRITTEN_ZERO,      /* all of them, 0 */
        RECEIVER_WRITTEN_MALFORMED, /* all of them, no numbers */
        RECEIVER_WRITTEN_LESS,      /* one sample, or else one histogram, fewer than were sent, also
                                       if it is refused */
        RECEIVER_WRITTEN_MORE       /* ten more of each than were sent */
    } written;
};

/** What the receiver knows. */
enum receiver_protocols {
    RECEIVER_BOTH,
    RECEIVER_1_REFUSES_2, /* 1.0 alone: 415 to the Content-Type of 2.0 */
    RECEIVER_1_IGNORES_2  /* 1.0 alone: takes any body as 1.0, so that of 2.0 nothing is kept */
};

/** A sample as it was accepted; `series` is name{a="b",c="d"}. */
struct receiver_sample {
    char *series;
    double value; /* of a histogram, its sum */
    uint64_t value_bits;
    int64_t time_ms;
    int64_t start_ms; /* 2.0; 0 = none */
    bool is_histogram;
    uint64_t count; /* of a native histogram */
    int32_t schema;
    size_t bound_count; /* custom ones */
    size_t span_count;  /* of both signs */
    int metadata_type;  /* 2.0; -1 = none */
    const char *help;   /* 2.0; "" if none, valid as long as the series' text */
    const char *unit;
};

/** An exemplar as it was accepted; `labels` is {a="b"}. */
struct receiver_exemplar {
    char *series;
    char *labels;
    double value;
    int64_t time_ms;
};

/** A metric family as 1.0 told of it. */
struct receiver_metadata {
    char *family;
    char *help;
    char *unit;
    int type;
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

/** What it knows from now on; RECEIVER_BOTH before. */
void receiver_set_protocols(struct receiver *receiver, enum receiver_protocols protocols);

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

/** Samples in request number `index`, native histograms included. */
size_t receiver_request_samples(struct receiver *receiver, size_t index);

/** 1 or 2: the version of request number `index`, by its Content-Type. */
int receiver_request_version(struct receiver *receiver, size_t index);

/** Accepted exemplars, and metadata of 1.0, in the order in which they came; how many there are.
 * Texts are valid until stop. */
size_t receiver_exemplar_count(struct receiver *receiver);
struct receiver_exemplar receiver_exemplar(struct receiver *receiver, size_t index);
size_t receiver_metadata_count(struct receiver *receiver);
struct receiver_metadata receiver_metadata(struct receiver *receiver, size_t index);

/** What is in one body. */
struct receiver_decoded {
    struct receiver_sample *samples; /* and native histograms */
    size_t count;
    size_t histogram_count; /* of them */
    struct receiver_exemplar *exemplars;
    size_t exemplar_count;
    struct receiver_metadata *metadata;
    size_t metadata_count;
    char problem[256]; /* "" if it satisfies the specification */
};

/** Decodes a body of 1.0, and of either version. */
void receiver_decode(const void *body, size_t length, struct receiver_decoded *out);
void receiver_decode_version(int version, const void *body, size_t length,
                             struct receiver_decoded *out);
void receiver_decoded_free(struct receiver_decoded *decoded);

#endif
