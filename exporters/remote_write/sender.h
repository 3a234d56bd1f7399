/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the state of sending for one shard: when a request may be made, and how often it was. A pure
 * state machine, driven by the times it is given; it knows nothing of what is sent.
 *
 *            sent                          settled
 *     IDLE --------> SENDING ---------------------------------> IDLE
 *       ^  \            |  failed                                 ^
 *       |   `--------.  v            sent                         |
 *       |   failed    > BACKING_OFF --------> SENDING ...         |
 *       `--------------------- forgotten -------------------------'
 */
#ifndef TACHOI_REMOTE_WRITE_SENDER_H
#define TACHOI_REMOTE_WRITE_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "http/backoff.h"

enum tachoi_sender_state {
    TACHOI_SENDER_IDLE,       /* nothing is owed to the receiver */
    TACHOI_SENDER_SENDING,    /* a request is under way */
    TACHOI_SENDER_BACKING_OFF /* it will be made again at resume_ns */
};

struct tachoi_sender {
    enum tachoi_sender_state state;
    uint32_t attempts;       /* made with the current request */
    uint64_t resume_ns;      /* while backing off */
    bool is_receivers_delay; /* the receiver asked for it: not to be cut short */
    struct tachoi_backoff backoff;
};

void tachoi_sender_init(struct tachoi_sender *sender, uint32_t min_backoff_ms,
                        uint32_t max_backoff_ms, uint64_t seed);

/** A request was started. */
void tachoi_sender_sent(struct tachoi_sender *sender);

/** What was owed is delivered or given up; the next request is a new one. */
void tachoi_sender_settled(struct tachoi_sender *sender);

/** What was owed is gone without a word from the receiver (too old): the next request is a new one,
 * and the backoff goes on where it was. */
void tachoi_sender_forget(struct tachoi_sender *sender);

/** It must be tried again: after the next backoff, or, `is_slow`, one of the longest; in any case
 * not before `receivers_delay_ms` (RETRY-02). */
void tachoi_sender_failed(struct tachoi_sender *sender, uint64_t now_ns,
                          uint32_t receivers_delay_ms, bool is_slow);

/** Somebody waits for the result: ends a backoff that the receiver did not ask for. Whether there
 * was one. */
bool tachoi_sender_hurry(struct tachoi_sender *sender, uint64_t now_ns);

/** Whether a request may be made now. */
bool tachoi_sender_may_send(const struct tachoi_sender *sender, uint64_t now_ns);

/** When to look again; UINT64_MAX if only an event can change the state. */
uint64_t tachoi_sender_wake_ns(const struct tachoi_sender *sender);

#endif
