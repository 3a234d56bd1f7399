/* SPDX-License-Identifier: Apache-2.0 */
/* Owns delivery for a part of the series: a queue, one request in flight, the state of sending. A
 * series belongs to one shard, so its samples stay in order. Today there is one shard; nothing here
 * knows how many there are.
 *
 *   queue  --take-->  flight (a run)  --encode [begin, end)-->  body  --exchange-->  receiver
 *
 * Samples of the flight are settled from its beginning on; the flight is released when all are. A
 * body is kept until it is settled, so that a resend has the same bytes (RETRY-04), unless samples
 * of it became too old or it was too large. */
#ifndef TACHOI_REMOTE_WRITE_SHARD_H
#define TACHOI_REMOTE_WRITE_SHARD_H

#include "http/client.h"
#include "remote_write/account.h"
#include "remote_write/encoder.h"
#include "remote_write/options.h"
#include "remote_write/queue.h"
#include "remote_write/sender.h"

struct tachoi_shard {
    /* immutable after init */
    const struct tachoi_remote_write_config *config;
    const struct tachoi_protocol *protocol;
    struct tachoi_account *account;
    struct tachoi_http_client *client;

    /* guarded by the account's lock */
    struct tachoi_queue queue;
    size_t flight_samples;    /* taken and not settled */
    uint64_t flight_sequence; /* number of the flight's first record */
    int64_t newest_ms;        /* time of the last batch appended */
    uint64_t newest_ns;       /* and when that was, monotonic */

    /* sending thread only */
    struct tachoi_http_exchange *exchange;
    struct tachoi_run flight;
    size_t begin; /* samples of the flight before it are settled */
    size_t end;   /* of the current request; begin if there is none */
    bool has_body;
    size_t limit;       /* samples per request, lowered where receivers say "too large" */
    uint32_t successes; /* since the limit was last changed */
    struct tachoi_encoder encoder;
    struct tachoi_sender sender;
};

/** TACHO_OK or TACHO_E_NO_MEMORY; after either, fini may be called. */
int tachoi_shard_init(struct tachoi_shard *shard, const struct tachoi_remote_write_config *config,
                      struct tachoi_account *account, struct tachoi_http_client *client,
                      uint64_t seed);

/** Aborts what is under way; the sending thread, at its end. */
void tachoi_shard_disconnect(struct tachoi_shard *shard);
/** Frees the memory, once disconnected. */
void tachoi_shard_fini(struct tachoi_shard *shard);

/** Goes on as far as it can without waiting: takes an answer, makes the next request. The sending
 * thread, without the lock. */
void tachoi_shard_step(struct tachoi_shard *shard, uint64_t now_ns);

/** Number of the oldest record that is not settled; the next number if all are. */
uint64_t tachoi_shard_oldest_locked(const struct tachoi_shard *shard);

/** Samples waiting or in flight. */
size_t tachoi_shard_pending_locked(const struct tachoi_shard *shard);

/** Gives everything up; returns how many samples that were. The sending thread. */
size_t tachoi_shard_clear_locked(struct tachoi_shard *shard);

#endif
