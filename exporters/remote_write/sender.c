/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the state of sending for one shard. See sender.h. */
#include "remote_write/sender.h"

#include "base/clock.h"

void tachoi_sender_init(struct tachoi_sender *sender, uint32_t min_backoff_ms,
                        uint32_t max_backoff_ms, uint64_t seed) {
    *sender = (struct tachoi_sender){.state = TACHOI_SENDER_IDLE};
    tachoi_backoff_init(&sender->backoff, min_backoff_ms, max_backoff_ms, seed);
}

void tachoi_sender_sent(struct tachoi_sender *sender) {
    sender->state = TACHOI_SENDER_SENDING;
    sender->attempts++;
}

void tachoi_sender_settled(struct tachoi_sender *sender) {
    sender->state = TACHOI_SENDER_IDLE;
    sender->attempts = 0;
    tachoi_backoff_reset(&sender->backoff);
}

void tachoi_sender_forget(struct tachoi_sender *sender) {
    sender->state = TACHOI_SENDER_IDLE;
    sender->attempts = 0;
}

void tachoi_sender_failed(struct tachoi_sender *sender, uint64_t now_ns,
                          uint32_t receivers_delay_ms, bool is_slow) {
    uint64_t delay_ms = is_slow ? tachoi_backoff_slow_ms(&sender->backoff)
                                : tachoi_backoff_next_ms(&sender->backoff);
    delay_ms += receivers_delay_ms;
    sender->state = TACHOI_SENDER_BACKING_OFF;
    sender->is_receivers_delay = receivers_delay_ms > 0;
    sender->resume_ns = now_ns + delay_ms * TACHOI_NS_PER_MS;
}

bool tachoi_sender_hurry(struct tachoi_sender *sender, uint64_t now_ns) {
    if (sender->state != TACHOI_SENDER_BACKING_OFF || sender->is_receivers_delay ||
        sender->resume_ns <= now_ns) {
        return false;
    }
    sender->resume_ns = now_ns;
    return true;
}

bool tachoi_sender_may_send(const struct tachoi_sender *sender, uint64_t now_ns) {
    return sender->state == TACHOI_SENDER_IDLE ||
           (sender->state == TACHOI_SENDER_BACKING_OFF && now_ns >= sender->resume_ns);
}

uint64_t tachoi_sender_wake_ns(const struct tachoi_sender *sender) {
    return sender->state == TACHOI_SENDER_BACKING_OFF ? sender->resume_ns : UINT64_MAX;
}
