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

static int flush_locked(struct tachoi_worker *worker, uint64_t deadline_ns) {
    uint64_t targets[TACHOI_SHARDS_MAX] = {0};
    bool has_time = true;
    for (size_t i = 0; i < worker->shard_count; i++) {
        struct tachoi_shard *shard = &worker->shards[i];
        targets[i] = shard->flush_sequence = shard->queue.tail_sequence;
    }
    worker->is_hurried = true;
    tachoi_worker_wake_locked(worker);
    while (!is_settled_locked(worker, targets) && has_time) {
        has_time =
            tachoi_cond_wait_until(&worker->account.changed, &worker->account.lock, deadline_ns);
    }
    worker->is_hurried = false;
    if (!is_settled_locked(worker, targets)) {
        return TACHO_E_TIMEOUT;
    }
    uint64_t lost = tachoi_account_lost_locked(&worker->account);
    bool is_all_delivered = lost == worker->lost_told;
    worker->lost_told = lost;
    return is_all_delivered ? TACHO_OK : TACHO_E_FAILED;
}

int tachoi_worker_flush(struct tachoi_worker *worker, uint64_t deadline_ns) {
    lock(worker);
    int status =
        worker->life == TACHOI_WORKER_OPEN ? flush_locked(worker, deadline_ns) : TACHO_E_SHUTDOWN;
    unlock(worker);
    return status;
}

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

/* `grace_ms` after the deadline, or after now if that has passed or never comes. */
static uint64_t grace_after(uint64_t deadline_ns, uint32_t grace_ms) {
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

int tachoi_worker_close(struct tachoi_worker *worker, uint64_t deadline_ns, uint32_t grace_ms) {
    struct tachoi_account *account = &worker->account;
    lock(worker);
    if (worker->life != TACHOI_WORKER_OPEN) {
        int status = wait_for_other_closer_locked(worker, deadline_ns);
        unlock(worker);
        return status;
    }
    worker->life = TACHOI_WORKER_CLOSING;
    uint64_t dropped = account->dropped_shutdown;
    int status = flush_locked(worker, deadline_ns);
    worker->must_stop = true;
    tachoi_worker_wake_locked(worker);
    (void)wait_for_end_locked(worker, grace_after(deadline_ns, grace_ms));
    dropped = account->dropped_shutdown - dropped;
    dropped += tachoi_worker_pending_locked(worker); /* of a thread that would not even leave */
    char last_error[sizeof account->last_error];
    memcpy(last_error, account->last_error, sizeof last_error);
    worker->close_status = dropped > 0 ? TACHO_E_TIMEOUT : status;
    status = worker->close_status;
    worker->life = TACHOI_WORKER_CLOSED;
    pthread_cond_broadcast(&account->changed);
    unlock(worker);
    join_unlocked(worker);
    if (dropped > 0) {
        tachoi_report_shutdown_loss(worker->config->redacted_url, dropped, last_error);
    }
    return status;
}

bool tachoi_worker_end(struct tachoi_worker *worker) {
    lock(worker);
    bool has_ended = wait_for_end_locked(worker, grace_after(0, TACHOI_END_PATIENCE_MS));
    if (!has_ended) {
        worker->is_abandoned = true;
        (void)pthread_detach(worker->thread); /* under the lock: behind it the worker may be gone */
    }
    unlock(worker);
    if (has_ended) {
        join_unlocked(worker);
    }
    return has_ended;
}
