/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a shard's life, and making its requests. See shard.h; what answers do is in shard_answer.c.
 */
#include "remote_write/shard.h"

#include <stdio.h>

#include "base/clock.h"
#include "remote_write/report.h"
#include "remote_write/shard_answer.h"
#include "remote_write/validate.h"
#include "tacho/sdk/metric_reader.h"

static const tacho_remote_write_options *values_of(const struct tachoi_shard *shard) {
    return &shard->endpoint->config->values;
}

int tachoi_shard_init(struct tachoi_shard *shard, struct tachoi_endpoint *endpoint,
                      uint64_t queue_max_bytes, uint64_t seed) {
    *shard = (struct tachoi_shard){.endpoint = endpoint, .wake_ns = UINT64_MAX};
    const tacho_remote_write_options *values = values_of(shard);
    tachoi_queue_init(&shard->queue, queue_max_bytes);
    shard->queue.max_samples = values->capacity == 0 ? SIZE_MAX : values->capacity;
    tachoi_encoder_init(
        &shard->encoder,
        &(struct tachoi_encoder_options){
            .exemplars_with_v1 = values->send_exemplars == TACHO_REMOTE_WRITE_ALWAYS,
            .native_histograms_with_v1 =
                values->send_native_histograms == TACHO_REMOTE_WRITE_ALWAYS});
    tachoi_sender_init(&shard->sender, values->min_backoff_ms, values->max_backoff_ms, seed);
    tachoi_send_limit_init(&shard->limit, values->max_samples_per_send);
    return tachoi_http_exchange_create(endpoint->client, &shard->exchange);
}

void tachoi_shard_disconnect(struct tachoi_shard *shard) {
    tachoi_http_exchange_destroy(shard->exchange);
    shard->exchange = NULL;
}

uint64_t tachoi_shard_oldest_locked(const struct tachoi_shard *shard) {
    return shard->flight.unsettled > 0 ? shard->flight.sequence : shard->queue.head_sequence;
}

size_t tachoi_shard_pending_locked(const struct tachoi_shard *shard) {
    return shard->queue.waiting.sample_count + shard->flight.unsettled;
}

static void tell_backing_off_locked(struct tachoi_shard *shard, bool is_backing_off) {
    struct tachoi_account *account = shard->endpoint->account;
    account->shards_backing_off += is_backing_off ? 1 : 0;
    account->shards_backing_off -= shard->is_backing_off ? 1 : 0;
    shard->is_backing_off = is_backing_off;
}

size_t tachoi_shard_clear_locked(struct tachoi_shard *shard) {
    tell_backing_off_locked(shard, false);
    return tachoi_flight_clear_locked(&shard->flight, &shard->queue) +
           tachoi_queue_clear_locked(&shard->queue);
}

void tachoi_shard_fini(struct tachoi_shard *shard) {
    (void)tachoi_shard_clear_locked(shard); /* nobody else is there any more */
    tachoi_queue_fini(&shard->queue);
    tachoi_run_fini(&shard->flight.run);
    tachoi_encoder_fini(&shard->encoder);
}

void tachoi_shard_append_locked(struct tachoi_shard *shard, struct tachoi_run *run, int64_t time_ms,
                                uint64_t now_ns) {
    shard->newest_ms = time_ms;
    shard->newest_ns = now_ns;
    if (shard->queue.waiting.record_count == 0) {
        shard->waiting_since_ns = now_ns;
    }
    if (run != NULL) {
        shard->newest_samples = run->sample_count;
        tachoi_queue_append_locked(&shard->queue, run);
    }
}

/* --- age --- */

/* Samples before this time are too old. Age is measured on the time scale of the samples: the last
 * batch's time plus what has passed since, so that neither a step of the wall clock nor a
 * provider's own clock makes samples old. */
static int64_t cutoff_ms_locked(const struct tachoi_shard *shard, uint64_t now_ns) {
    uint32_t limit_ms = values_of(shard)->sample_age_limit_ms;
    if (limit_ms == TACHO_NO_LIMIT) {
        return INT64_MIN;
    }
    uint64_t passed_ns = now_ns > shard->newest_ns ? now_ns - shard->newest_ns : 0;
    return shard->newest_ms + (int64_t)(passed_ns / TACHOI_NS_PER_MS) - (int64_t)limit_ms;
}

static uint64_t drop_too_old_in_flight(struct tachoi_shard *shard, int64_t cutoff_ms, char *example,
                                       size_t example_size) {
    const uint64_t dropped = tachoi_flight_drop_before(
        &shard->flight, &shard->queue, shard->endpoint->account, cutoff_ms, example, example_size);
    if (dropped > 0) { /* the request is another one, and no round goes on */
        shard->protocol = NULL;
        tachoi_bisection_reset(&shard->bisection);
        tachoi_sender_forget(&shard->sender);
    }
    return dropped;
}

static uint64_t drop_too_old_waiting_locked(struct tachoi_shard *shard, int64_t cutoff_ms) {
    struct tachoi_account *account = shard->endpoint->account;
    const uint64_t exemplars = shard->queue.dropped_exemplars;
    const uint64_t dropped = tachoi_queue_drop_before_locked(&shard->queue, cutoff_ms);
    account->dropped_too_old += dropped;
    account->exemplars_dropped += shard->queue.dropped_exemplars - exemplars;
    if (dropped > 0) {
        pthread_cond_broadcast(&account->changed);
    }
    return dropped;
}

static void drop_too_old(struct tachoi_shard *shard, uint64_t now_ns) {
    struct tachoi_account *account = shard->endpoint->account;
    char example[256] = "";
    pthread_mutex_lock(&account->lock);
    const int64_t cutoff_ms = cutoff_ms_locked(shard, now_ns);
    pthread_mutex_unlock(&account->lock);
    uint64_t dropped = drop_too_old_in_flight(shard, cutoff_ms, example, sizeof example);
    pthread_mutex_lock(&account->lock);
    dropped += drop_too_old_waiting_locked(shard, cutoff_ms);
    pthread_mutex_unlock(&account->lock);
    if (dropped > 0) {
        tachoi_report_dropped("too_old", dropped, "they waited longer than sample_age_limit_ms");
        tachoi_endpoint_tell_dropped(shard->endpoint, dropped, "too_old", example);
    }
}

/* --- taking --- */

enum refill { REFILL_OK, REFILL_EMPTY, REFILL_NO_MEMORY };

/* Whether what waits may wait for more; then until when is in `wake_ns`. */
static bool may_wait_locked(struct tachoi_shard *shard, uint64_t now_ns) {
    const struct tachoi_queue *queue = &shard->queue;
    const uint64_t until_ns =
        tachoi_deadline_after_ms(shard->waiting_since_ns, values_of(shard)->batch_send_deadline_ms);
    if (now_ns >= until_ns || queue->head_sequence < shard->flush_sequence ||
        tachoi_queue_fills_locked(queue, values_of(shard)->max_samples_per_send)) {
        return false;
    }
    shard->wake_ns = until_ns;
    return true;
}

static enum refill refill_locked(struct tachoi_shard *shard, uint64_t now_ns) {
    struct tachoi_queue *queue = &shard->queue;
    if (queue->waiting.sample_count == 0 || may_wait_locked(shard, now_ns)) {
        return REFILL_EMPTY;
    }
    if (!tachoi_flight_take_locked(&shard->flight, queue, values_of(shard)->max_samples_per_send)) {
        return REFILL_NO_MEMORY;
    }
    if (queue->waiting.sample_count <= shard->newest_samples) { /* what was there before is gone */
        shard->waiting_since_ns = shard->newest_ns;
    }
    return REFILL_OK;
}

/* Takes the next run if the last one is settled. */
static enum refill refill(struct tachoi_shard *shard, uint64_t now_ns) {
    shard->wake_ns = UINT64_MAX;
    if (shard->flight.run.sample_count > 0) {
        return REFILL_OK;
    }
    pthread_mutex_lock(&shard->endpoint->account->lock);
    const enum refill result = refill_locked(shard, now_ns);
    pthread_mutex_unlock(&shard->endpoint->account->lock);
    return result;
}

static void fail_for_memory(struct tachoi_shard *shard, uint64_t now_ns) {
    struct tachoi_account *account = shard->endpoint->account;
    pthread_mutex_lock(&account->lock);
    (void)snprintf(account->last_error, sizeof account->last_error, "out of memory");
    pthread_mutex_unlock(&account->lock);
    tachoi_sender_failed(&shard->sender, now_ns, 0, false);
}

/* --- making a request --- */

static void choose_range(struct tachoi_shard *shard) {
    struct tachoi_flight *flight = &shard->flight;
    if (tachoi_flight_request_samples(flight) == 0) {
        flight->request_begin = flight->begin;
        flight->request_end =
            tachoi_run_range_end(&flight->run, flight->begin, shard->limit.samples);
    }
}

/* Whether the body may leave; one that could not be judged may. */
static bool is_valid(struct tachoi_shard *shard, const struct tachoi_protocol *protocol,
                     uint64_t now_ns) {
    const struct tachoi_encoder *encoder = &shard->encoder;
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    if (!shard->endpoint->validates ||
        tachoi_validate_body(protocol->version, encoder->body, encoder->body_length, problem) !=
            TACHOI_VALIDATE_PROBLEM) {
        return true;
    }
    tachoi_shard_is_invalid(shard, problem, now_ns);
    return false;
}

static bool has_content(const struct tachoi_content *content) {
    return content->sent.samples + content->sent.histograms > 0 ||
           content->unsupported_samples == 0;
}

/* What a body must satisfy beside its size. */
static void check_body(struct tachoi_shard *shard, const struct tachoi_protocol *protocol,
                       uint64_t now_ns) {
    if (!has_content(&shard->encoder.content)) {
        tachoi_shard_has_no_content(shard, now_ns);
    } else if (is_valid(shard, protocol, now_ns)) {
        shard->protocol = protocol;
    }
}

/* One try to have a body: of the range there is, or of the next one. */
static void encode(struct tachoi_shard *shard, uint64_t now_ns) {
    const struct tachoi_flight *flight = &shard->flight;
    const struct tachoi_protocol *protocol = tachoi_endpoint_protocol(shard->endpoint, now_ns);
    choose_range(shard);
    switch (tachoi_encoder_encode(&shard->encoder, protocol, &flight->run, flight->request_begin,
                                  flight->request_end, values_of(shard)->max_bytes_per_send)) {
    case TACHOI_ENCODE_OK:
        check_body(shard, protocol, now_ns);
        break;
    case TACHOI_ENCODE_NO_MEMORY:
        fail_for_memory(shard, now_ns);
        break;
    case TACHOI_ENCODE_TOO_LARGE:
        tachoi_shard_exceeds_limits(shard, now_ns);
        break;
    }
}

/* A body of 2.0 cannot be sent any more once the endpoint turned out not to know it. */
static bool is_outdated(const struct tachoi_shard *shard) {
    return shard->protocol != NULL && shard->protocol->version != 1 &&
           tachoi_endpoint_speaks_1(shard->endpoint);
}

/* Makes a body if one may be sent now and is not there. */
static void prepare(struct tachoi_shard *shard, uint64_t now_ns) {
    drop_too_old(shard, now_ns);
    if (is_outdated(shard)) {
        shard->protocol = NULL;
    }
    while (shard->protocol == NULL && tachoi_sender_may_send(&shard->sender, now_ns)) {
        switch (refill(shard, now_ns)) {
        case REFILL_OK:
            encode(shard, now_ns);
            break;
        case REFILL_EMPTY:
            tachoi_sender_forget(&shard->sender);
            return;
        case REFILL_NO_MEMORY:
            fail_for_memory(shard, now_ns);
            return;
        }
    }
}

static void count_request(struct tachoi_shard *shard, const struct tachoi_http_post *post) {
    struct tachoi_account *account = shard->endpoint->account;
    pthread_mutex_lock(&account->lock);
    account->requests++;
    account->bytes_sent += post->body_length;
    account->protocol = shard->endpoint->negotiation.version;
    if (post->attempt > 0) {
        account->retries++;
        account->samples_retried += tachoi_flight_request_samples(&shard->flight);
        account->exemplars_retried += shard->encoder.content.sent.exemplars;
    }
    pthread_mutex_unlock(&account->lock);
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
    count_request(shard, &post);
    tachoi_sender_sent(&shard->sender);
}

/* Tells the account whether the shard backs off, where that has changed. */
static void tell_backing_off(struct tachoi_shard *shard) {
    const bool is_backing_off = shard->sender.state == TACHOI_SENDER_BACKING_OFF;
    if (is_backing_off != shard->is_backing_off) {
        pthread_mutex_lock(&shard->endpoint->account->lock);
        tell_backing_off_locked(shard, is_backing_off);
        pthread_mutex_unlock(&shard->endpoint->account->lock);
    }
}

void tachoi_shard_step(struct tachoi_shard *shard, uint64_t now_ns) {
    if (shard->sender.state == TACHOI_SENDER_SENDING) {
        const struct tachoi_http_response *response = tachoi_http_exchange_take(shard->exchange);
        if (response == NULL) {
            return;
        }
        tachoi_shard_conclude(shard, response, now_ns);
    }
    if (tachoi_sender_may_send(&shard->sender, now_ns)) {
        prepare(shard, now_ns);
    }
    if (shard->protocol != NULL && tachoi_sender_may_send(&shard->sender, now_ns)) {
        transmit(shard, now_ns);
    }
    tell_backing_off(shard);
}

uint64_t tachoi_shard_wake_ns(const struct tachoi_shard *shard) {
    return tachoi_deadline_earlier(shard->wake_ns, tachoi_sender_wake_ns(&shard->sender));
}
