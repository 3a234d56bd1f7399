/* SPDX-License-Identifier: Apache-2.0 */
/* Owns sending metadata with 1.0, which has requests of its own for it (RW1-13): at once when there
 * is any, then every metadata_send_interval_ms, as long as 1.0 is spoken. It has an exchange of its
 * own, so that samples never wait for it; it is retried as they are, but only the newest metadata
 * is kept, nobody waits for it to arrive, and it is no part of the samples' account.
 *
 * The exporting side makes the bodies and hands them over with a batch. */
#ifndef TACHOI_REMOTE_WRITE_METADATA_SENDER_H
#define TACHOI_REMOTE_WRITE_METADATA_SENDER_H

#include "remote_write/endpoint.h"
#include "remote_write/sender.h"

/** One request of metadata alone, compressed. */
struct tachoi_metadata_body {
    unsigned char *bytes; /* from tachoi_malloc */
    size_t length;
    size_t families; /* that it tells of */
};

/** The metadata of all families, in as many requests as it takes. */
struct tachoi_metadata_bodies {
    size_t count;
    struct tachoi_metadata_body bodies[];
};

/** Without bytes in the bodies; `count` of them are to be filled. NULL when memory is short. */
struct tachoi_metadata_bodies *tachoi_metadata_bodies_create(size_t count);
/** Frees the bytes too. NULL is allowed. */
void tachoi_metadata_bodies_destroy(struct tachoi_metadata_bodies *bodies);

struct tachoi_metadata_sender {
    /* immutable after init */
    struct tachoi_endpoint *endpoint;
    uint64_t interval_ns;

    /* guarded by the account's lock */
    struct tachoi_metadata_bodies *newest; /* handed over and not looked at yet */

    /* sending thread only */
    struct tachoi_http_exchange *exchange;
    struct tachoi_metadata_bodies *bodies; /* being sent, or sent last */
    size_t next;                           /* of them; count = all are sent */
    uint64_t due_ns;                       /* when they are sent again */
    struct tachoi_sender sender;
};

/** TACHO_OK or TACHO_E_NO_MEMORY; after either, fini may be called. */
int tachoi_metadata_sender_init(struct tachoi_metadata_sender *sender,
                                struct tachoi_endpoint *endpoint, uint64_t seed);

/** Aborts what is under way; the sending thread, at its end. */
void tachoi_metadata_sender_disconnect(struct tachoi_metadata_sender *sender);
/** Frees the memory, once disconnected. */
void tachoi_metadata_sender_fini(struct tachoi_metadata_sender *sender);

/** Takes `bodies` over (NULL = there is nothing new). Returns what they replace, for the caller to
 * destroy without the lock. */
struct tachoi_metadata_bodies *
tachoi_metadata_sender_offer_locked(struct tachoi_metadata_sender *sender,
                                    struct tachoi_metadata_bodies *bodies);

/** Goes on as far as it can without waiting. The sending thread, without the lock. */
void tachoi_metadata_sender_step(struct tachoi_metadata_sender *sender, uint64_t now_ns);

/** When to step again; UINT64_MAX if only an event can change anything. The sending thread. */
uint64_t tachoi_metadata_sender_wake_ns(const struct tachoi_metadata_sender *sender);

#endif
