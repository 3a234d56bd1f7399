/* SPDX-License-Identifier: Apache-2.0 */
/* Owns delivery for a part of the series. See shard.h. */
#include "remote_write/shard.h"

#include <stdio.h>

#include "base/clock.h"
#include "http/retry.h"
#include "remote_write/report.h"
#include "tacho/sdk/metric_reader.h"

/* Requests that must succeed before a lowered limit is doubled again: what a receiver found too
 * large once it will find too large again, so trying must be rare. */
#define SUCCESSES_BEFORE_GROWTH 16u

int tachoi_shard_init(struct tachoi_shard *shard, const struct tachoi_remote_write_config *config,
                      struct tachoi_account *account, struct tachoi_http_client *client,
                      uint64_t seed) {
    *shard = (struct tachoi_shard){.config = config,
                                   .protocol = &tachoi_protocol_v1,
                                   .account = account,
                                   .client = client,
                                   .limit = config->values.max_samples_per_send};
    tachoi_queue_init(&shard->queue, config->values.queue_max_bytes);
    tachoi_encoder_init(&shard->encoder, &(struct tachoi_encoder_options){0});
    tachoi_sender_init(&shard->sender, config->values.min_backoff_ms, config->values.max_backoff_ms,
                       seed);
    return tachoi_http_exchange_create(client, &shard->exchange);
}

void tachoi_shard_disconnect(struct tachoi_shard *shard) {
    tachoi_http_exchange_destroy(shard->exchange);
    shard->exchange = NULL;
}

uint64_t tachoi_shard_oldest_locked(const struct tachoi_shard *shard) {
    return shard->flight_samples > 0 ? shard->flight_sequence : shard->queue.head_sequence;
}

size_t tachoi_shard_pending_locked(const struct tachoi_shard *shard) {
    return shard->queue.waiting.sample_count + shard->flight_samples;
}

size_t tachoi_shard_clear_locked(struct tachoi_shard *shard) {
    size_t samples = shard->flight_samples + tachoi_queue_clear_locked(&shard->queue);
    shard->flight_samples = 0;
    tachoi_queue_release_locked(&shard->queue, &shard->flight);
    return samples;
}

void tachoi_shard_fini(struct tachoi_shard *shard) {
    (void)tachoi_shard_clear_locked(shard); /* nobody else is there any more */
    tachoi_queue_fini(&shard->queue);
    tachoi_run_fini(&shard->flight);
    tachoi_encoder_fini(&shard->encoder);
}

/* --- settling --- */

/* The first `samples` of the flight's rest are done with; they count as `*counter`. */
static void settle(struct tachoi_shard *shard, uint64_t *counter, size_t samples) {
    shard->begin += samples;
    shard->end = shard->begin;
    shard->has_body = false;
    pthread_mutex_lock(&shard->account->lock);
    *counter += samples;
    shard->flight_samples -= samples;
    if (shard->flight_samples == 0) {
        tachoi_queue_release_locked(&shard->queue, &shard->flight);
        shard->begin = shard->end = 0;
    }
    pthread_cond_broadcast(&shard->account->changed);
    pthread_mutex_unlock(&shard->account->lock);
}

static size_t request_samples(const struct tachoi_shard *shard) {
    return shard->end - shard->begin;
}

/* Makes the current request half as large; false if it is a single sample. */
static bool halve(struct tachoi_shard *shard) {
    size_t samples = request_samples(shard);
    if (samples <= 1) {
        return false;
    }
    shard->limit = samples / 2;
    shard->successes = 0;
    shard->end = shard->begin;
    shard->has_body = false;
    return true;
}

static void grow_limit(struct tachoi_shard *shard) {
    size_t most = shard->config->values.max_samples_per_send;
    if (shard->limit < most && ++shard->successes >= SUCCESSES_BEFORE_GROWTH) {
        shard->limit = shard->limit > most / 2 ? most : shard->limit * 2;
        shard->successes = 0;
    }
}

/* A single sample was too large: it was the culprit, not the number of samples. */
static void give_up_sample(struct tachoi_shard *shard, uint64_t *counter) {
    shard->limit = shard->config->values.max_samples_per_send;
    shard->successes = 0;
    settle(shard, counter, 1);
}

/* --- making a request --- */

/* Samples before this time are too old. Age is measured on the time scale of the samples: the last
 * batch's time plus what has passed since, so that neither a step of the wall clock nor a
 * provider's own clock makes samples old. */
static int64_t cutoff_ms_locked(const struct tachoi_shard *shard, uint64_t now_ns) {
    uint32_t limit_ms = shard->config->values.sample_age_limit_ms;
    if (limit_ms == TACHO_NO_LIMIT) {
        return INT64_MIN;
    }
    uint64_t passed_ns = now_ns > shard->newest_ns ? now_ns - shard->newest_ns : 0;
    return shard->newest_ms + (int64_t)(passed_ns / TACHOI_NS_PER_MS) - (int64_t)limit_ms;
}

static void drop_too_old(struct tachoi_shard *shard, uint64_t now_ns) {
    struct tachoi_account *account = shard->account;
    pthread_mutex_lock(&account->lock);
    int64_t cutoff_ms = cutoff_ms_locked(shard, now_ns);
    pthread_mutex_unlock(&account->lock);
    size_t in_flight =
        tachoi_run_first_since(&shard->flight, shard->begin, cutoff_ms) - shard->begin;
    if (in_flight > 0) {
        settle(shard, &account->dropped_too_old, in_flight);
        tachoi_sender_forget(&shard->sender);
    }
    pthread_mutex_lock(&account->lock);
    size_t waiting = tachoi_queue_drop_before_locked(&shard->queue, cutoff_ms);
    account->dropped_too_old += waiting;
    pthread_cond_broadcast(&account->changed);
    pthread_mutex_unlock(&account->lock);
    if (in_flight + waiting > 0) {
        tachoi_report_dropped("too_old", in_flight + waiting,
                              "they waited longer than sample_age_limit_ms");
    }
}

enum refill { REFILL_OK, REFILL_EMPTY, REFILL_NO_MEMORY };

/* Takes the next run if the last one is settled. */
static enum refill refill(struct tachoi_shard *shard) {
    if (shard->flight.sample_count > 0) {
        return REFILL_OK;
    }
    pthread_mutex_lock(&shard->account->lock);
    enum refill result = shard->queue.waiting.sample_count == 0 ? REFILL_EMPTY : REFILL_OK;
    uint64_t sequence = shard->queue.head_sequence;
    if (result == REFILL_OK &&
        !tachoi_queue_take_locked(&shard->queue, shard->config->values.max_samples_per_send,
                                  &shard->flight)) {
        result = REFILL_NO_MEMORY;
    }
    if (result == REFILL_OK) {
        shard->flight_sequence = sequence;
        shard->flight_samples = shard->flight.sample_count;
    }
    pthread_mutex_unlock(&shard->account->lock);
    return result;
}

static void fail_for_memory(struct tachoi_shard *shard, uint64_t now_ns) {
    pthread_mutex_lock(&shard->account->lock);
    (void)snprintf(shard->account->last_error, sizeof shard->account->last_error, "out of memory");
    pthread_mutex_unlock(&shard->account->lock);
    tachoi_sender_failed(&shard->sender, now_ns, 0, false);
}

/* One try to have a body; false if another one is needed with a smaller request. */
static bool encode(struct tachoi_shard *shard, uint64_t now_ns) {
    shard->end = tachoi_run_range_end(&shard->flight, shard->begin, shard->limit);
    switch (tachoi_encoder_encode(&shard->encoder, shard->protocol, &shard->flight, shard->begin,
                                  shard->end, shard->config->values.max_bytes_per_send)) {
    case TACHOI_ENCODE_OK:
        shard->has_body = true;
        return true;
    case TACHOI_ENCODE_NO_MEMORY:
        fail_for_memory(shard, now_ns);
        return true;
    case TACHOI_ENCODE_TOO_LARGE:
        break;
    }
    if (!halve(shard)) {
        tachoi_report_dropped("too_large", 1, "one sample alone exceeds max_bytes_per_send");
        give_up_sample(shard, &shard->account->dropped_invalid);
    }
    return false;
}

/* Whether there is a body to send now. */
static bool prepare(struct tachoi_shard *shard, uint64_t now_ns) {
    drop_too_old(shard, now_ns);
    for (;;) {
        enum refill result = refill(shard);
        if (result == REFILL_EMPTY) {
            tachoi_sender_forget(&shard->sender);
            return false;
        }
        if (result == REFILL_NO_MEMORY) {
            fail_for_memory(shard, now_ns);
            return false;
        }
        if (shard->has_body || encode(shard, now_ns)) {
            return shard->has_body;
        }
    }
}

static void transmit(struct tachoi_shard *shard, uint64_t now_ns) {
    struct tachoi_http_post post = {.body = shard->encoder.body,
                                    .body_length = shard->encoder.body_length,
                                    .headers = shard->protocol->headers,
                                    .header_count = shard->protocol->header_count,
                                    .attempt = shard->sender.attempts};
    if (tachoi_http_exchange_start(shard->exchange, &post) != TACHO_OK) {
        fail_for_memory(shard, now_ns);
        return;
    }
    pthread_mutex_lock(&shard->account->lock);
    shard->account->requests++;
    shard->account->retries += post.attempt > 0 ? 1 : 0;
    shard->account->bytes_sent += post.body_length;
    pthread_mutex_unlock(&shard->account->lock);
    tachoi_sender_sent(&shard->sender);
}

/* --- taking the answer --- */

static void note_outcome(struct tachoi_account *account,
                         const struct tachoi_http_response *response, bool is_success) {
    pthread_mutex_lock(&account->lock);
    account->last_http_status = (int)response->status;
    if (is_success) {
        account->last_error[0] = '\0';
    } else {
        tachoi_outcome_describe(response, account->last_error, sizeof account->last_error);
    }
    pthread_mutex_unlock(&account->lock);
}

static void refused(struct tachoi_shard *shard, const struct tachoi_http_response *response) {
    char example[256];
    tachoi_run_describe(&shard->flight, shard->begin, example, sizeof example);
    tachoi_report_refused(shard->config->redacted_url, response, request_samples(shard), example);
}

static void try_again(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                      uint64_t now_ns, bool is_slow) {
    int64_t now_unix_s = (int64_t)(tachoi_unix_ns() / TACHOI_NS_PER_S);
    uint32_t receivers_delay_ms = tachoi_http_retry_after_ms(
        response->retry_after, now_unix_s, shard->config->values.max_retry_after_ms);
    tachoi_sender_failed(&shard->sender, now_ns, receivers_delay_ms, is_slow);
    tachoi_report_retry(shard->config->redacted_url, response);
}

/* A new password makes a new request, so that one more attempt is allowed (AUTH-02). */
static bool has_new_credentials(struct tachoi_shard *shard,
                                const struct tachoi_http_response *response) {
    return (response->status == 401 || response->status == 403) &&
           tachoi_http_client_password_changed(shard->client);
}

static void give_up(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                    uint64_t now_ns) {
    if (has_new_credentials(shard, response)) {
        tachoi_sender_failed(&shard->sender, now_ns, 0, false);
        (void)tachoi_sender_hurry(&shard->sender, now_ns);
        return;
    }
    refused(shard, response);
    settle(shard, &shard->account->failed, request_samples(shard));
    tachoi_sender_settled(&shard->sender);
}

static void conclude(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                     uint64_t now_ns) {
    enum tachoi_http_verdict verdict = tachoi_http_judge(
        response->code, response->status, !shard->config->values.disable_retry_on_http_429);
    note_outcome(shard->account, response, verdict == TACHOI_HTTP_SUCCESS);
    switch (verdict) {
    case TACHOI_HTTP_SUCCESS:
        settle(shard, &shard->account->acknowledged, request_samples(shard));
        grow_limit(shard);
        tachoi_sender_settled(&shard->sender);
        break;
    case TACHOI_HTTP_RETRY:
        try_again(shard, response, now_ns, false);
        break;
    case TACHOI_HTTP_RETRY_SLOWLY:
        try_again(shard, response, now_ns, true);
        break;
    case TACHOI_HTTP_SPLIT:
        if (!halve(shard)) {
            refused(shard, response);
            give_up_sample(shard, &shard->account->failed);
        }
        tachoi_sender_settled(&shard->sender);
        break;
    case TACHOI_HTTP_DROP:
        give_up(shard, response, now_ns);
        break;
    }
}

void tachoi_shard_step(struct tachoi_shard *shard, uint64_t now_ns) {
    if (shard->sender.state == TACHOI_SENDER_SENDING) {
        const struct tachoi_http_response *response = tachoi_http_exchange_take(shard->exchange);
        if (response == NULL) {
            return;
        }
        conclude(shard, response, now_ns);
    }
    if (tachoi_sender_may_send(&shard->sender, now_ns) && prepare(shard, now_ns)) {
        transmit(shard, now_ns);
    }
}
