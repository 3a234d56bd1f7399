/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what all that is sent to one endpoint shares: configuration, connections, account, the
 * version that is spoken, and the host's hooks. */
#ifndef TACHOI_REMOTE_WRITE_ENDPOINT_H
#define TACHOI_REMOTE_WRITE_ENDPOINT_H

#include <stdatomic.h>

#include "http/client.h"
#include "remote_write/account.h"
#include "remote_write/encoder.h"
#include "remote_write/negotiation.h"
#include "remote_write/options.h"
#include "remote_write/request_dump.h"
#include "remote_write/request_metrics.h"

struct tachoi_endpoint {
    /* immutable after init */
    const struct tachoi_remote_write_config *config;
    struct tachoi_account *account;
    struct tachoi_http_client *client;
    bool validates; /* each request, before it leaves */

    struct tachoi_request_metrics metrics; /* as its header says */
    _Atomic(bool) is_silent;               /* relaxed; set once, read before each call of a hook */

    /* sending thread only */
    struct tachoi_negotiation negotiation;
    struct tachoi_request_dump dump;
};

/** All is borrowed. */
void tachoi_endpoint_init(struct tachoi_endpoint *endpoint,
                          const struct tachoi_remote_write_config *config,
                          struct tachoi_account *account, struct tachoi_http_client *client);

void tachoi_endpoint_fini(struct tachoi_endpoint *endpoint);

/** What a request that is made now speaks. */
const struct tachoi_protocol *tachoi_endpoint_protocol(struct tachoi_endpoint *endpoint,
                                                       uint64_t now_ns);

/** What is spoken, without trying another one. */
const struct tachoi_protocol *tachoi_endpoint_protocol_now(const struct tachoi_endpoint *endpoint);

/** Whether 1.0 is spoken, and a body of 2.0 that waits must be made again. */
static inline bool tachoi_endpoint_speaks_1(const struct tachoi_endpoint *endpoint) {
    return endpoint->negotiation.version == 1;
}

/** Takes what an answer says of the version, and counts a fall-back. */
enum tachoi_negotiation_verdict
tachoi_endpoint_negotiate(struct tachoi_endpoint *endpoint, int version,
                          const struct tachoi_written *sent,
                          const struct tachoi_http_response *response, uint64_t now_ns);

/** How long the receiver asks to wait, in ms (RETRY-02). */
uint32_t tachoi_endpoint_retry_after_ms(const struct tachoi_endpoint *endpoint,
                                        const struct tachoi_http_response *response);

/** Writes a request that was refused for good where the host wants to have it as text. */
void tachoi_endpoint_keep_refused(struct tachoi_endpoint *endpoint,
                                  const struct tachoi_protocol *protocol,
                                  const struct tachoi_encoder *encoder,
                                  const struct tachoi_http_response *response);

/** Calls no hook from now on. One that is being called is not waited for. */
void tachoi_endpoint_silence(struct tachoi_endpoint *endpoint);

/** Calls the host's hooks, if there are any. No lock may be held. */
void tachoi_endpoint_tell_dropped(const struct tachoi_endpoint *endpoint, uint64_t samples,
                                  const char *reason, const char *series);
void tachoi_endpoint_tell_request(const struct tachoi_endpoint *endpoint,
                                  const tacho_remote_write_result *result);

#endif
