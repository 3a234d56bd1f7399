/* SPDX-License-Identifier: Apache-2.0 */
/* Owns delivery for a part of the series: a queue, one request in flight, the state of sending. A
 * series belongs to one shard, so its samples stay in order. Nothing here knows how many shards
 * there are; they meet in the endpoint only.
 *
 *   queue  --take-->  flight  --encode the request's range-->  body  --exchange-->  receiver
 *
 * A body is kept until it is settled, so that a resend has the same bytes (RETRY-04), unless
 * samples of it became too old, it was too large, or the version changed. */
#ifndef TACHOI_REMOTE_WRITE_SHARD_H
#define TACHOI_REMOTE_WRITE_SHARD_H

#include "remote_write/bisection.h"
#include "remote_write/endpoint.h"
#include "remote_write/flight.h"
#include "remote_write/send_limit.h"
#include "remote_write/sender.h"

struct tachoi_shard {
    /* immutable after init */
    struct tachoi_endpoint *endpoint;

    /* guarded by the account's lock */
    struct tachoi_queue queue;
    int64_t newest_ms;         /* time of the last batch appended */
    uint64_t newest_ns;        /* and when that was, monotonic */
    size_t newest_samples;     /* of it */
    uint64_t waiting_since_ns; /* when the oldest record that waits was appended, or before */
    uint64_t flush_sequence;   /* records before it do not wait for more to come */
    bool is_backing_off;       /* and counted so; read by the sending thread without it */

    struct tachoi_flight flight; /* as flight.h says */

    /* sending thread only */
    struct tachoi_http_exchange *exchange;
    const struct tachoi_protocol *protocol; /* of the request's body; NULL if it has none */
    struct tachoi_encoder encoder;
    struct tachoi_sender sender;
    struct tachoi_send_limit limit;
    struct tachoi_bisection bisection;
    struct tachoi_http_response failure; /* of the round: the last answer that was a failure */
    bool has_failure;                    /* the last failure was an answer */
    size_t round_end;                    /* of what is bisected */
    size_t group_end; /* of the part of it that has one time; it begins where the flight does */
    uint64_t wake_ns; /* when samples have waited long enough; UINT64_MAX if none wait for that */
    struct tachoi_settlement settled; /* by the last answer */
};

/** Memory and samples that the queue may hold. TACHO_OK or TACHO_E_NO_MEMORY; after either, fini
 * may be called. */
int tachoi_shard_init(struct tachoi_shard *shard, struct tachoi_endpoint *endpoint,
                      uint64_t queue_max_bytes, uint64_t seed);

/** Aborts what is under way; the sending thread, at its end. */
void tachoi_shard_disconnect(struct tachoi_shard *shard);
/** Frees the memory, once disconnected. */
void tachoi_shard_fini(struct tachoi_shard *shard);

/** Queues records that were made at `time_ms` and arrive at `now_ns`. */
void tachoi_shard_append_locked(struct tachoi_shard *shard, struct tachoi_run *run, int64_t time_ms,
                                uint64_t now_ns);

/** Goes on as far as it can without waiting: takes an answer, makes the next request. The sending
 * thread, without the lock. */
void tachoi_shard_step(struct tachoi_shard *shard, uint64_t now_ns);

/** When to step again; UINT64_MAX if only an event can change anything. The sending thread. */
uint64_t tachoi_shard_wake_ns(const struct tachoi_shard *shard);

/** Number of the oldest record that is not settled; the next number if all are. */
uint64_t tachoi_shard_oldest_locked(const struct tachoi_shard *shard);

/** Samples waiting or in flight. */
size_t tachoi_shard_pending_locked(const struct tachoi_shard *shard);

/** Gives everything up; returns how many samples that were. The sending thread. */
size_t tachoi_shard_clear_locked(struct tachoi_shard *shard);

#endif
