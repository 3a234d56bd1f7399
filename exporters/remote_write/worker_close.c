/* SPDX-License-Identifier: Apache-2.0 */
/* Owns flushing and closing a worker, and the end of its thread as others see it. See worker.h. */
#include <string.h>

#include "base/clock.h"
#include "base/thread.h"
#include "remote_write/report.h"
#include "remote_write/worker.h"
#include "tacho/status.h"

static void lock(struct tachoi_worker *worker) {
    pthread_mutex_lock(&worker->account.lock);
}

static void unlock(struct tachoi_worker *worker) {
    pthread_mutex_unlock(&worker->account.lock);
}

static bool is_settled_locked(const struct tachoi_worker *worker, const uint64_t *targets) {
    for (size_t i = 0; i < worker->shard_count; i++) {
        if (tachoi_shard_oldest_locked(&worker->shards[i]) < targets[i]) {
            return false;
        }
    }
    return true;
}

/* --- flushing --- */

static void flush_begin_locked(struct tachoi_worker *worker, struct tachoi_worker_wait *wait) {
    for (size_t i = 0; i < worker->shard_count; i++) {
        struct tachoi_shard *shard = &worker->shards[i];
        wait->targets[i] = shard->flush_sequence = shard->queue.tail_sequence;
    }
    worker->is_hurried = true;
    tachoi_worker_wake_locked(worker);
}

static int flush_end_locked(struct tachoi_worker *worker, const struct tachoi_worker_wait *wait,
                            uint64_t deadline_ns) {
    bool has_time = true;
    while (!is_settled_locked(worker, wait->targets) && has_time) {
        has_time =
            tachoi_cond_wait_until(&worker->account.changed, &worker->account.lock, deadline_ns);
    }
    worker->is_hurried = false;
    if (!is_settled_locked(worker, wait->targets)) {
        return TACHO_E_TIMEOUT;
    }
    uint64_t lost = tachoi_account_lost_locked(&worker->account);
    bool is_all_delivered = lost == worker->lost_told;
    worker->lost_told = lost;
    return is_all_delivered ? TACHO_OK : TACHO_E_FAILED;
}

void tachoi_worker_flush_begin(struct tachoi_worker *worker, struct tachoi_worker_wait *wait) {
    lock(worker);
    wait->is_mine = worker->life == TACHOI_WORKER_OPEN;
    if (wait->is_mine) {
        flush_begin_locked(worker, wait);
    }
    unlock(worker);
}

int tachoi_worker_flush_end(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                            uint64_t deadline_ns) {
    if (!wait->is_mine) {
        return TACHO_E_SHUTDOWN;
    }
    lock(worker);
    const int status = flush_end_locked(worker, wait, deadline_ns);
    unlock(worker);
    return status;
}

/* --- closing --- */

static bool wait_for_end_locked(struct tachoi_worker *worker, uint64_t deadline_ns) {
    bool has_time = true;
    while (!worker->has_ended && has_time) {
        has_time =
            tachoi_cond_wait_until(&worker->account.changed, &worker->account.lock, deadline_ns);
    }
    return worker->has_ended;
}

/* The first to call it joins the thread, which has ended. */
static void join_unlocked(struct tachoi_worker *worker) {
    lock(worker);
    bool must_join = worker->has_ended && !worker->is_joined;
    worker->is_joined = worker->is_joined || must_join;
    unlock(worker);
    if (must_join) {
        (void)pthread_join(worker->thread, NULL);
    }
}

uint64_t tachoi_worker_grace_after(uint64_t deadline_ns, uint32_t grace_ms) {
    uint64_t now_ns = tachoi_monotonic_ns();
    bool is_ahead = deadline_ns > now_ns && deadline_ns != UINT64_MAX;
    return tachoi_deadline_after_ms(is_ahead ? deadline_ns : now_ns, grace_ms);
}

static int wait_for_other_closer_locked(struct tachoi_worker *worker, uint64_t deadline_ns) {
    bool has_time = true;
    while (worker->life != TACHOI_WORKER_CLOSED && has_time) {
        has_time =
            tachoi_cond_wait_until(&worker->account.changed, &worker->account.lock, deadline_ns);
    }
    return worker->life == TACHOI_WORKER_CLOSED ? worker->close_status : TACHO_E_TIMEOUT;
}

void tachoi_worker_close_begin(struct tachoi_worker *worker, struct tachoi_worker_wait *wait) {
    lock(worker);
    wait->is_mine = worker->life == TACHOI_WORKER_OPEN;
    if (wait->is_mine) {
        worker->life = TACHOI_WORKER_CLOSING;
        wait->dropped_before = worker->account.dropped_shutdown;
        flush_begin_locked(worker, wait);
    }
    unlock(worker);
}

void tachoi_worker_close_settle(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                                uint64_t deadline_ns) {
    if (wait->is_mine) {
        lock(worker);
        wait->status = flush_end_locked(worker, wait, deadline_ns);
        unlock(worker);
    }
}

void tachoi_worker_close_stop(struct tachoi_worker *worker, const struct tachoi_worker_wait *wait) {
    if (wait->is_mine) {
        tachoi_worker_stop(worker);
    }
}

void tachoi_worker_stop(struct tachoi_worker *worker) {
    lock(worker);
    worker->must_stop = true;
    tachoi_worker_wake_locked(worker);
    unlock(worker);
}

/* What an error text says is copied, to be told without the lock. */
struct loss {
    uint64_t samples;
    char last_error[sizeof((struct tachoi_account *)0)->last_error];
};

static int conclude_locked(struct tachoi_worker *worker, const struct tachoi_worker_wait *wait,
                           struct loss *loss) {
    struct tachoi_account *account = &worker->account;
    loss->samples = account->dropped_shutdown - wait->dropped_before;
    loss->samples += tachoi_worker_pending_locked(worker); /* of a thread that would not leave */
    memcpy(loss->last_error, account->last_error, sizeof loss->last_error);
    worker->close_status = loss->samples > 0 ? TACHO_E_TIMEOUT : wait->status;
    worker->life = TACHOI_WORKER_CLOSED;
    pthread_cond_broadcast(&account->changed);
    return worker->close_status;
}

int tachoi_worker_close_end(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                            uint64_t deadline_ns, uint64_t grace_ns) {
    struct loss loss;
    lock(worker);
    if (!wait->is_mine) {
        const int others = wait_for_other_closer_locked(worker, deadline_ns);
        unlock(worker);
        return others;
    }
    (void)wait_for_end_locked(worker, grace_ns);
    const int status = conclude_locked(worker, wait, &loss);
    unlock(worker);
    join_unlocked(worker);
    if (loss.samples > 0) {
        tachoi_report_shutdown_loss(worker->config->redacted_url, loss.samples, loss.last_error);
    }
    return status;
}

bool tachoi_worker_end(struct tachoi_worker *worker, uint64_t until_ns) {
    lock(worker);
    bool has_ended = wait_for_end_locked(worker, until_ns);
    if (!has_ended) {
        worker->is_abandoned = true;
        tachoi_endpoint_silence(&worker->endpoint);
        (void)pthread_detach(worker->thread); /* under the lock: behind it the worker may be gone */
    }
    unlock(worker);
    if (has_ended) {
        join_unlocked(worker);
    }
    return has_ended;
}
