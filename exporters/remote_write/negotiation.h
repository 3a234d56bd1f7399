/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which version of remote write an endpoint is spoken to in (RW2-12..19): 2.0 first, where
 * `auto` is asked for; 1.0 once the endpoint turns out not to know 2.0; 2.0 again an hour later. A
 * pure state machine, driven by answers and times; it knows nothing of requests or queues. All
 * shards of an endpoint share one. Sending thread only.
 *
 *              2.0 confirmed (a *-Written header)
 *             .-------------.
 *   start --> TRYING_2 ----> SPEAKING_2 ---- 415 ----.
 *             | ^  415, 400, 2xx without headers      |
 *             | '-------- after an hour ------.       |
 *             '-----------------------> SPEAKING_1 <--'
 */
#ifndef TACHOI_REMOTE_WRITE_NEGOTIATION_H
#define TACHOI_REMOTE_WRITE_NEGOTIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "http/response.h"
#include "tacho/exporters/remote_write.h"

/** How long 1.0 is spoken before 2.0 is tried again. */
#define TACHOI_PROBE_AGAIN_NS (UINT64_C(3600) * 1000000000)

struct tachoi_negotiation {
    /* immutable after init */
    tacho_remote_write_protocol configured;
    tacho_remote_write_when require_written_headers;

    int version;             /* 1 or 2: of the next request */
    bool has_confirmed;      /* the endpoint has shown that it knows 2.0 */
    uint64_t fallen_back_ns; /* when 1.0 was last fallen back to */
};

/** What an answer means for the version; what it means for the data otherwise is retry.h's. */
enum tachoi_negotiation_verdict {
    TACHOI_NEGOTIATION_GO_ON,      /* the answer counts as it is */
    TACHOI_NEGOTIATION_FALL_BACK,  /* send the same data again at once, in `version` */
    TACHOI_NEGOTIATION_NOT_WRITTEN /* 2xx, but nothing of what was sent was kept (RW2-13), or 2.0 is
                                      insisted on and the receiver does not know it: failed for good
                                    */
};

/** What a request held, by kind, or what the receiver says to have written of it. */
struct tachoi_written {
    uint64_t samples;
    uint64_t histograms;
    uint64_t exemplars;
};

void tachoi_negotiation_init(struct tachoi_negotiation *negotiation,
                             tacho_remote_write_protocol protocol,
                             tacho_remote_write_when require_written_headers);

/** The version of a request that is made now. */
int tachoi_negotiation_version(struct tachoi_negotiation *negotiation, uint64_t now_ns);

/**
 * Takes an answer to a request of `version` that held `sent`, all zero for an empty one. Answers of
 * requests that other shards had under way when the version changed may come late: data sent in 2.0
 * still fall back then, and what 2.0 confirms does not end the hour of 1.0.
 *
 * An answer without *-Written header that a refusal or a success to 2.0 should have is taken as
 * ignorance only before the endpoint has shown that it knows 2.0; having fallen back makes that
 * forgotten. With require_written_headers = never a success shows it too. */
enum tachoi_negotiation_verdict tachoi_negotiation_take(struct tachoi_negotiation *negotiation,
                                                        int version,
                                                        const struct tachoi_written *sent,
                                                        const struct tachoi_http_response *response,
                                                        uint64_t now_ns);

/**
 * How much of what was sent was written, by the answer's headers (RW2-14, RW2-15). Never more than
 * was sent.
 *
 *   answer                 no header     some header                       of 1.0 (RW1-14)
 *   2xx                    all           as told; a kind not told: none    all
 *   4xx                    none          as told; a kind not told: none    none
 *   other, or no answer    none          none: it will be sent again       none
 *
 * A malformed header is passed over: of its kind all of a success is written, nothing of a 4xx.
 * `is_mismatch` tells whether a header was malformed, negative or more than was sent, or a success
 * told less samples or histograms than were sent. Less exemplars are none: many a receiver keeps
 * them only where it is told to.
 */
struct tachoi_written tachoi_written_of(int version, const struct tachoi_written *sent,
                                        const struct tachoi_http_response *response,
                                        bool *is_mismatch);

#endif
