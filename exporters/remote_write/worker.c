/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sending thread and the life of delivery. See worker.h. */
#include "remote_write/worker.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/thread.h"
#include "remote_write/report.h"
#include "tacho/status.h"

#define THREAD_NAME "tacho-remote-wr"

static void lock(struct tachoi_worker *worker) {
    pthread_mutex_lock(&worker->account.lock);
}

static void unlock(struct tachoi_worker *worker) {
    pthread_mutex_unlock(&worker->account.lock);
}

static void wake_locked(struct tachoi_worker *worker) {
    if (!worker->has_left) {
        tachoi_http_client_wake(worker->client);
    }
}

_Static_assert(TACHOI_SHARD_COUNT == 1, "a batch has one run");

static struct tachoi_queue *queue_of(struct tachoi_worker *worker) {
    return &worker->shards[0].queue;
}

/* --- the thread --- */

static void hurry(struct tachoi_worker *worker, uint64_t now_ns) {
    bool has_cut = false;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        has_cut = tachoi_sender_hurry(&worker->shards[i].sender, now_ns) || has_cut;
    }
    if (has_cut) {
        lock(worker);
        worker->is_hurried = false;
        unlock(worker);
    }
}

static void deliver(struct tachoi_worker *worker, bool is_hurried) {
    tachoi_http_client_drive(worker->client);
    uint64_t now_ns = tachoi_monotonic_ns();
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        tachoi_shard_step(&worker->shards[i], now_ns);
    }
    if (is_hurried) { /* after the steps: one of them may just have begun to back off */
        hurry(worker, now_ns);
    }
    uint64_t wake_ns = UINT64_MAX;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        wake_ns =
            tachoi_deadline_earlier(wake_ns, tachoi_sender_wake_ns(&worker->shards[i].sender));
    }
    tachoi_http_client_wait(worker->client,
                            tachoi_deadline_left_ms(wake_ns, tachoi_monotonic_ns()));
}

/* Ends the thread's work: first the account, which others wait for, then the connections. */
static void leave(struct tachoi_worker *worker) {
    lock(worker);
    worker->has_left = true;
    worker->account.dropped_shutdown += worker->gathered;
    worker->gathered = 0;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        worker->account.dropped_shutdown += tachoi_shard_clear_locked(&worker->shards[i]);
    }
    pthread_cond_broadcast(&worker->account.changed);
    unlock(worker);
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        tachoi_shard_disconnect(&worker->shards[i]);
    }
    tachoi_http_client_destroy(worker->client);
}

static void *run(void *argument) {
    struct tachoi_worker *worker = argument;
    for (;;) {
        lock(worker);
        bool must_stop = worker->must_stop;
        bool is_hurried = worker->is_hurried;
        unlock(worker);
        if (must_stop) {
            break;
        }
        deliver(worker, is_hurried);
    }
    leave(worker);
    lock(worker);
    bool is_abandoned = worker->is_abandoned;
    worker->has_ended = true;
    pthread_cond_broadcast(&worker->account.changed);
    unlock(worker);
    if (is_abandoned) {
        worker->release(worker->owner);
    }
    return NULL;
}

/* --- start --- */

static int start_shards(struct tachoi_worker *worker) {
    int status = TACHO_OK;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        uint64_t seed =
            tachoi_monotonic_ns() + i; /* better than none, should the system have none */
        (void)tachoi_random_bytes(&seed, sizeof seed);
        int one = tachoi_shard_init(&worker->shards[i], worker->config, &worker->account,
                                    worker->client, seed);
        status = status == TACHO_OK ? one : status;
    }
    return status;
}

static void stop_shards(struct tachoi_worker *worker) {
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        tachoi_shard_disconnect(&worker->shards[i]);
        tachoi_shard_fini(&worker->shards[i]);
    }
}

static int start_client(struct tachoi_worker *worker) {
    const tacho_remote_write_options *values = &worker->config->values;
    return tachoi_http_client_create(
        &(struct tachoi_http_config){.component = TACHOI_REMOTE_WRITE,
                                     .url = values->endpoint,
                                     .headers = worker->config->header_lines,
                                     .header_count = values->header_count,
                                     .username = values->basic_auth_username,
                                     .password = values->basic_auth_password,
                                     .password_file = values->basic_auth_password_file,
                                     .proxy_url = values->proxy_url,
                                     .tls_ca_file = values->tls_ca_file,
                                     .tls_cert_file = values->tls_cert_file,
                                     .tls_key_file = values->tls_key_file,
                                     .tls_insecure_skip_verify = values->tls_insecure_skip_verify,
                                     .timeout_ms = values->timeout_ms},
        &worker->client);
}

int tachoi_worker_start(struct tachoi_worker *worker,
                        const struct tachoi_remote_write_config *config,
                        void (*release)(void *owner), void *owner) {
    *worker = (struct tachoi_worker){.config = config, .release = release, .owner = owner};
    int status = tachoi_account_init(&worker->account);
    if (status != TACHO_OK) {
        return status;
    }
    status = start_client(worker);
    if (status != TACHO_OK) {
        int reason = errno;
        tachoi_account_fini(&worker->account);
        errno = reason;
        return status;
    }
    status = start_shards(worker);
    if (status == TACHO_OK) {
        status = tachoi_thread_start(&worker->thread, THREAD_NAME, config->values.thread_stack_size,
                                     run, worker);
    }
    if (status != TACHO_OK) {
        stop_shards(worker);
        tachoi_http_client_destroy(worker->client);
        tachoi_account_fini(&worker->account);
    }
    return status;
}

/* --- accepting --- */

static void retire(const struct tachoi_cached_series *entry, void *user) {
    tachoi_queue_retire_locked(user, entry->series, entry->records);
}

static uint64_t trim_locked(struct tachoi_worker *worker, int64_t time_ms) {
    uint64_t dropped = 0;
    uint64_t now_ns = tachoi_monotonic_ns();
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        struct tachoi_shard *shard = &worker->shards[i];
        shard->newest_ms = time_ms;
        shard->newest_ns = now_ns;
        dropped += tachoi_queue_trim_locked(&shard->queue);
    }
    return dropped;
}

bool tachoi_worker_is_open(struct tachoi_worker *worker) {
    lock(worker);
    bool is_open = worker->life == TACHOI_WORKER_OPEN;
    unlock(worker);
    return is_open;
}

uint64_t tachoi_worker_pending_locked(const struct tachoi_worker *worker) {
    uint64_t samples = worker->gathered;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        samples += tachoi_shard_pending_locked(&worker->shards[i]);
    }
    return samples;
}

void tachoi_worker_lend(struct tachoi_worker *worker, struct tachoi_run *run) {
    lock(worker);
    tachoi_queue_lend_locked(queue_of(worker), run);
    unlock(worker);
}

/* Queues a collection; returns how many samples made way for it. */
static uint64_t queue_locked(struct tachoi_worker *worker,
                             const struct tachoi_worker_batch *batch) {
    tachoi_queue_append_locked(queue_of(worker), batch->run);
    worker->gathered = 0;
    tachoi_series_cache_retire_locked(batch->cache, retire, queue_of(worker));
    worker->series_cached = batch->cache->count;
    uint64_t dropped = trim_locked(worker, batch->time_ms);
    wake_locked(worker);
    return dropped;
}

int tachoi_worker_accept(struct tachoi_worker *worker, const struct tachoi_worker_batch *batch) {
    struct tachoi_account *account = &worker->account;
    uint64_t dropped = 0;
    lock(worker);
    if (worker->life != TACHOI_WORKER_OPEN) {
        unlock(worker);
        return TACHO_E_SHUTDOWN;
    }
    account->unsupported_points += batch->unsupported;
    account->unsupported_exemplars += batch->exemplars;
    account->accepted += batch->accepted;
    worker->gathered += batch->accepted - batch->invalid;
    if (batch->run != NULL) {
        dropped = queue_locked(worker, batch);
    }
    account->dropped_invalid += batch->invalid;
    account->dropped_queue_full += dropped;
    if (dropped > 0) {
        pthread_cond_broadcast(&account->changed);
    }
    struct tachoi_encoded_series *gone = tachoi_queue_take_gone_locked(queue_of(worker));
    unlock(worker);
    tachoi_series_cache_free(batch->cache, gone);
    if (dropped > 0) {
        tachoi_report_dropped("queue_full", dropped, "the queue holds queue_max_bytes");
    }
    return TACHO_OK;
}

void tachoi_worker_drop_for_clock(struct tachoi_worker *worker,
                                  const struct tachoi_batch_sizes *sizes) {
    lock(worker);
    worker->account.accepted += sizes->samples;
    worker->account.dropped_clock += sizes->samples;
    worker->account.unsupported_points += sizes->unsupported;
    worker->account.unsupported_exemplars += sizes->exemplars;
    unlock(worker);
}

/* --- flushing and closing --- */

static bool is_settled_locked(const struct tachoi_worker *worker, const uint64_t *targets) {
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        if (tachoi_shard_oldest_locked(&worker->shards[i]) < targets[i]) {
            return false;
        }
    }
    return true;
}

static int flush_locked(struct tachoi_worker *worker, uint64_t deadline_ns) {
    uint64_t targets[TACHOI_SHARD_COUNT];
    bool has_time = true;
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        targets[i] = worker->shards[i].queue.tail_sequence;
    }
    worker->is_hurried = true;
    wake_locked(worker);
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
    wake_locked(worker);
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

void tachoi_worker_fini(struct tachoi_worker *worker) {
    for (size_t i = 0; i < TACHOI_SHARD_COUNT; i++) {
        tachoi_shard_fini(&worker->shards[i]);
    }
    tachoi_account_fini(&worker->account);
}

bool tachoi_worker_is_current(const struct tachoi_worker *worker) {
    return pthread_equal(worker->thread, pthread_self()) != 0;
}
