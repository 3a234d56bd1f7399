/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sending thread, and accepting what it sends. See worker.h. */
#include "remote_write/worker.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
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

void tachoi_worker_wake_locked(struct tachoi_worker *worker) {
    if (!worker->has_left) {
        tachoi_http_client_wake(worker->client);
    }
}

/* --- the thread --- */

static void hurry(struct tachoi_worker *worker, uint64_t now_ns) {
    bool has_cut = false;
    for (size_t i = 0; i < worker->shard_count; i++) {
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
    tachoi_startup_sender_step(&worker->startup, now_ns);
    for (size_t i = 0; i < worker->shard_count; i++) {
        tachoi_shard_step(&worker->shards[i], now_ns);
    }
    tachoi_metadata_sender_step(&worker->metadata, now_ns); /* behind what may change the version */
    if (is_hurried) { /* after the steps: one of them may just have begun to back off */
        hurry(worker, now_ns);
    }
    uint64_t wake_ns = tachoi_metadata_sender_wake_ns(&worker->metadata);
    for (size_t i = 0; i < worker->shard_count; i++) {
        wake_ns = tachoi_deadline_earlier(wake_ns, tachoi_shard_wake_ns(&worker->shards[i]));
    }
    tachoi_http_client_wait(worker->client,
                            tachoi_deadline_left_ms(wake_ns, tachoi_monotonic_ns()));
}

static void disconnect(struct tachoi_worker *worker) {
    for (size_t i = 0; i < worker->shard_count; i++) {
        tachoi_shard_disconnect(&worker->shards[i]);
    }
    tachoi_metadata_sender_disconnect(&worker->metadata);
    tachoi_startup_sender_disconnect(&worker->startup);
}

/* Counts what is left as lost; returns it. */
static uint64_t give_up_locked(struct tachoi_worker *worker) {
    struct tachoi_account *account = &worker->account;
    uint64_t dropped = worker->gathered;
    worker->gathered = 0;
    for (size_t i = 0; i < worker->shard_count; i++) {
        dropped += tachoi_shard_clear_locked(&worker->shards[i]);
    }
    account->dropped_shutdown += dropped;
    account->exemplars_dropped += tachoi_account_exemplars_pending_locked(account);
    return dropped;
}

/* Ends the thread's work: first the account, which others wait for, then the connections. */
static void leave(struct tachoi_worker *worker) {
    lock(worker);
    worker->has_left = true;
    const uint64_t dropped = give_up_locked(worker);
    pthread_cond_broadcast(&worker->account.changed);
    unlock(worker);
    tachoi_endpoint_tell_dropped(&worker->endpoint, dropped, "shutdown", "");
    disconnect(worker);
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

/* Better than none, should the system have none. */
static uint64_t seed_of(size_t i) {
    uint64_t seed = tachoi_monotonic_ns() + i;
    (void)tachoi_random_bytes(&seed, sizeof seed);
    return seed;
}

static int start_shards(struct tachoi_worker *worker) {
    const tacho_remote_write_options *values = &worker->config->values;
    const size_t count = values->max_shards == 0 ? 1 : values->max_shards;
    tachoi_endpoint_init(&worker->endpoint, worker->config, &worker->account, worker->client);
    tachoi_startup_sender_init(&worker->startup, &worker->endpoint);
    int status = tachoi_metadata_sender_init(&worker->metadata, &worker->endpoint, seed_of(0));
    worker->shards = tachoi_calloc(count, sizeof *worker->shards);
    if (worker->shards == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (; worker->shard_count < count; worker->shard_count++) {
        const size_t i = worker->shard_count;
        int one = tachoi_shard_init(&worker->shards[i], &worker->endpoint,
                                    values->queue_max_bytes / count, seed_of(i + 1));
        status = status == TACHO_OK ? one : status;
    }
    return status;
}

/* Frees what start_shards made, once disconnected. */
static void free_shards(struct tachoi_worker *worker) {
    for (size_t i = 0; i < worker->shard_count; i++) {
        tachoi_shard_fini(&worker->shards[i]);
    }
    tachoi_free(worker->shards);
    worker->shards = NULL;
    worker->shard_count = 0;
    tachoi_metadata_sender_fini(&worker->metadata);
    tachoi_endpoint_fini(&worker->endpoint);
}

static void count_refresh(void *user, bool is_success) {
    struct tachoi_account *account = user;
    pthread_mutex_lock(&account->lock);
    account->credentials_refreshed += is_success ? 1 : 0;
    account->credentials_refresh_failed += is_success ? 0 : 1;
    pthread_mutex_unlock(&account->lock);
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
                                     .on_refresh = count_refresh,
                                     .user = &worker->account,
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
        disconnect(worker);
        free_shards(worker);
        tachoi_http_client_destroy(worker->client);
        tachoi_account_fini(&worker->account);
    }
    return status;
}

/* --- accepting --- */

bool tachoi_worker_is_open(struct tachoi_worker *worker) {
    lock(worker);
    bool is_open = worker->life == TACHOI_WORKER_OPEN;
    unlock(worker);
    return is_open;
}

uint64_t tachoi_worker_pending_locked(const struct tachoi_worker *worker) {
    uint64_t samples = worker->gathered;
    for (size_t i = 0; i < worker->shard_count; i++) {
        samples += tachoi_shard_pending_locked(&worker->shards[i]);
    }
    return samples;
}

void tachoi_worker_lend(struct tachoi_worker *worker, struct tachoi_run *runs, size_t run_count) {
    lock(worker);
    for (size_t i = 0; i < run_count && i < worker->shard_count; i++) {
        tachoi_queue_lend_locked(&worker->shards[i].queue, &runs[i]);
    }
    unlock(worker);
}

static void retire(const struct tachoi_cached_series *entry, void *user) {
    struct tachoi_worker *worker = user;
    const size_t shard = tachoi_cached_series_shard(entry, worker->shard_count);
    tachoi_queue_retire_locked(&worker->shards[shard].queue, entry->series, entry->records);
}

/* Samples that made way for others. */
struct displaced {
    uint64_t samples;
    char example[256]; /* one of their series */
};

static void trim_locked(struct tachoi_worker *worker, struct tachoi_queue *queue,
                        struct displaced *displaced) {
    const uint64_t exemplars = queue->dropped_exemplars;
    if (!tachoi_queue_is_too_full_locked(queue)) {
        return;
    }
    if (displaced->example[0] == '\0') {
        tachoi_run_describe(&queue->waiting, 0, displaced->example, sizeof displaced->example);
    }
    displaced->samples += tachoi_queue_trim_locked(queue);
    worker->account.exemplars_dropped += queue->dropped_exemplars - exemplars;
}

/* Queues a collection. */
static void queue_locked(struct tachoi_worker *worker, const struct tachoi_worker_batch *batch,
                         struct displaced *displaced) {
    const uint64_t now_ns = tachoi_monotonic_ns();
    for (size_t i = 0; i < worker->shard_count; i++) {
        tachoi_shard_append_locked(&worker->shards[i],
                                   i < batch->run_count ? &batch->runs[i] : NULL, batch->time_ms,
                                   now_ns);
    }
    worker->gathered = 0;
    tachoi_series_cache_retire_locked(batch->cache, retire, worker);
    worker->series_cached = batch->cache->count;
    for (size_t i = 0; i < worker->shard_count; i++) {
        trim_locked(worker, &worker->shards[i].queue, displaced);
    }
    if (displaced->samples > 0) {
        worker->account.dropped_queue_full += displaced->samples;
        pthread_cond_broadcast(&worker->account.changed);
    }
    tachoi_worker_wake_locked(worker);
}

static void count_locked(struct tachoi_worker *worker, const struct tachoi_worker_batch *batch) {
    struct tachoi_account *account = &worker->account;
    account->unsupported_points += batch->unsupported;
    account->unsupported_exemplars += batch->exemplars;
    account->exemplars_accepted += batch->exemplars_accepted;
    account->accepted += batch->accepted;
    account->stale_markers += batch->stale_markers;
    account->series_filtered += batch->filtered;
    account->label_collisions_merged += batch->collisions_merged;
    account->label_collisions_dropped += batch->collisions_dropped;
    account->dropped_invalid += batch->invalid;
    worker->gathered += batch->accepted - batch->invalid;
    if (batch->accepted > batch->invalid && batch->time_ms > account->highest_timestamp_ms) {
        account->highest_timestamp_ms = batch->time_ms;
    }
}

static void free_gone(struct tachoi_worker *worker, struct tachoi_series_cache *cache) {
    for (size_t i = 0; i < worker->shard_count; i++) {
        lock(worker);
        struct tachoi_encoded_series *gone =
            tachoi_queue_take_gone_locked(&worker->shards[i].queue);
        unlock(worker);
        tachoi_series_cache_free(cache, gone);
    }
}

int tachoi_worker_accept(struct tachoi_worker *worker, const struct tachoi_worker_batch *batch) {
    struct displaced displaced = {0};
    lock(worker);
    if (worker->life != TACHOI_WORKER_OPEN) {
        unlock(worker);
        tachoi_metadata_bodies_destroy(batch->metadata);
        return TACHO_E_SHUTDOWN;
    }
    count_locked(worker, batch);
    if (batch->runs != NULL) {
        queue_locked(worker, batch, &displaced);
    }
    struct tachoi_metadata_bodies *replaced =
        tachoi_metadata_sender_offer_locked(&worker->metadata, batch->metadata);
    unlock(worker);
    tachoi_metadata_bodies_destroy(replaced);
    free_gone(worker, batch->cache);
    tachoi_endpoint_tell_dropped(&worker->endpoint, batch->invalid, "invalid", "");
    if (displaced.samples > 0) {
        tachoi_report_dropped("queue_full", displaced.samples,
                              "the queue holds queue_max_bytes, or a shard of it `capacity`");
        tachoi_endpoint_tell_dropped(&worker->endpoint, displaced.samples, "queue_full",
                                     displaced.example);
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
    tachoi_endpoint_tell_dropped(&worker->endpoint, sizes->samples, "clock", "");
}

void tachoi_worker_tell(struct tachoi_worker *worker, tacho_remote_write_stats *out) {
    lock(worker);
    tachoi_account_tell_locked(&worker->account, out);
    out->pending = tachoi_worker_pending_locked(worker);
    out->series_cached = worker->series_cached;
    out->shards = worker->shard_count;
    unlock(worker);
}

void tachoi_worker_tell_answers(struct tachoi_worker *worker,
                                struct tachoi_answers answers[TACHOI_ANSWER_KINDS]) {
    lock(worker);
    memcpy(answers, worker->account.answers, sizeof worker->account.answers);
    unlock(worker);
}

void tachoi_worker_fini(struct tachoi_worker *worker) {
    free_shards(worker);
    tachoi_account_fini(&worker->account);
}

bool tachoi_worker_is_current(const struct tachoi_worker *worker) {
    return pthread_equal(worker->thread, pthread_self()) != 0;
}
