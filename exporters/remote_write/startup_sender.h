/* SPDX-License-Identifier: Apache-2.0 */
/* Owns sending the check at the start (startup_check.h): one empty request, which tells early what
 * is wrong with address, rights or clock, and which version is spoken. It has an exchange of its
 * own, so that samples do not wait for it, and it is not repeated. Sending thread only, but for
 * init. */
#ifndef TACHOI_REMOTE_WRITE_STARTUP_SENDER_H
#define TACHOI_REMOTE_WRITE_STARTUP_SENDER_H

#include "remote_write/endpoint.h"

struct tachoi_startup_sender {
    struct tachoi_endpoint *endpoint;
    struct tachoi_http_exchange *exchange;  /* NULL: there is no check, or it is over */
    const struct tachoi_protocol *protocol; /* of the request; NULL until it is made */
};

/** Without memory for it there is no check. */
void tachoi_startup_sender_init(struct tachoi_startup_sender *sender,
                                struct tachoi_endpoint *endpoint);

/** Aborts what is under way. */
void tachoi_startup_sender_disconnect(struct tachoi_startup_sender *sender);

/** Goes on as far as it can without waiting; without the account's lock. */
void tachoi_startup_sender_step(struct tachoi_startup_sender *sender, uint64_t now_ns);

#endif
