/* SPDX-License-Identifier: Apache-2.0 */
/* Owns sending metadata with 1.0. See metadata_sender.h. */
#include "remote_write/metadata_sender.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "http/retry.h"
#include "remote_write/report.h"
#include "remote_write/validate.h"
#include "tacho/sdk/diagnostics.h"

#define DEFAULT_INTERVAL_MS 60000u

/* --- bodies --- */

struct tachoi_metadata_bodies *tachoi_metadata_bodies_create(size_t count) {
    struct tachoi_metadata_bodies *bodies = NULL;
    size_t size = 0;
    if (!tachoi_size_mul(count, sizeof bodies->bodies[0], &size) ||
        !tachoi_size_add(size, sizeof *bodies, &size)) {
        return NULL;
    }
    bodies = tachoi_calloc(1, size);
    if (bodies != NULL) {
        bodies->count = count;
    }
    return bodies;
}

void tachoi_metadata_bodies_destroy(struct tachoi_metadata_bodies *bodies) {
    for (size_t i = 0; bodies != NULL && i < bodies->count; i++) {
        tachoi_free(bodies->bodies[i].bytes);
    }
    tachoi_free(bodies);
}

/* --- life --- */

int tachoi_metadata_sender_init(struct tachoi_metadata_sender *sender,
                                struct tachoi_endpoint *endpoint, uint64_t seed) {
    const tacho_remote_write_options *values = &endpoint->config->values;
    const uint32_t interval_ms = values->metadata_send_interval_ms == 0
                                     ? DEFAULT_INTERVAL_MS
                                     : values->metadata_send_interval_ms;
    *sender = (struct tachoi_metadata_sender){.endpoint = endpoint,
                                              .interval_ns = interval_ms * TACHOI_NS_PER_MS};
    tachoi_sender_init(&sender->sender, values->min_backoff_ms, values->max_backoff_ms, seed);
    return tachoi_http_exchange_create(endpoint->client, &sender->exchange);
}

void tachoi_metadata_sender_disconnect(struct tachoi_metadata_sender *sender) {
    tachoi_http_exchange_destroy(sender->exchange);
    sender->exchange = NULL;
}

void tachoi_metadata_sender_fini(struct tachoi_metadata_sender *sender) {
    tachoi_metadata_bodies_destroy(sender->newest);
    tachoi_metadata_bodies_destroy(sender->bodies);
    sender->newest = sender->bodies = NULL;
}

struct tachoi_metadata_bodies *
tachoi_metadata_sender_offer_locked(struct tachoi_metadata_sender *sender,
                                    struct tachoi_metadata_bodies *bodies) {
    struct tachoi_metadata_bodies *replaced = NULL;
    if (bodies != NULL) {
        replaced = sender->newest;
        sender->newest = bodies;
    }
    return replaced;
}

/* --- answers --- */

static void count(struct tachoi_metadata_sender *sender, bool is_acknowledged) {
    struct tachoi_account *account = sender->endpoint->account;
    const size_t families = sender->bodies->bodies[sender->next].families;
    pthread_mutex_lock(&account->lock);
    if (is_acknowledged) {
        account->metadata_acknowledged += families;
    } else {
        account->metadata_failed += families;
    }
    pthread_mutex_unlock(&account->lock);
}

static void report_refused(const struct tachoi_metadata_sender *sender,
                           const struct tachoi_http_response *response) {
    char outcome[200];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "metadata_refused",
                             "%s from %s: it does not take metadata; types, helps and units of "
                             "metrics are not shown there",
                             outcome, sender->endpoint->config->redacted_url);
}

static void settle(struct tachoi_metadata_sender *sender, bool is_acknowledged) {
    count(sender, is_acknowledged);
    sender->next++;
    tachoi_sender_settled(&sender->sender);
}

static void conclude(struct tachoi_metadata_sender *sender,
                     const struct tachoi_http_response *response, uint64_t now_ns) {
    const enum tachoi_http_verdict verdict =
        tachoi_http_judge(response->code, response->status,
                          !sender->endpoint->config->values.disable_retry_on_http_429);
    switch (verdict) {
    case TACHOI_HTTP_SUCCESS:
        settle(sender, true);
        break;
    case TACHOI_HTTP_RETRY:
    case TACHOI_HTTP_RETRY_SLOWLY: /* the samples' messages tell what is the matter */
        tachoi_sender_failed(&sender->sender, now_ns,
                             tachoi_endpoint_retry_after_ms(sender->endpoint, response),
                             verdict == TACHOI_HTTP_RETRY_SLOWLY);
        break;
    case TACHOI_HTTP_SPLIT:
    case TACHOI_HTTP_DROP:
        report_refused(sender, response);
        settle(sender, false);
        break;
    }
}

/* --- requests --- */

static bool is_between(const struct tachoi_metadata_sender *sender) {
    return sender->bodies == NULL || sender->next == sender->bodies->count;
}

/* Begins with the newest metadata when it is time, or when what is tried in vain is outdated. */
static void refill(struct tachoi_metadata_sender *sender, uint64_t now_ns) {
    struct tachoi_account *account = sender->endpoint->account;
    if (is_between(sender) && now_ns < sender->due_ns) {
        return;
    }
    pthread_mutex_lock(&account->lock);
    struct tachoi_metadata_bodies *newest = sender->newest;
    sender->newest = NULL;
    pthread_mutex_unlock(&account->lock);
    if (newest == NULL && !is_between(sender)) {
        return;
    }
    if (newest != NULL) {
        tachoi_metadata_bodies_destroy(sender->bodies);
        sender->bodies = newest;
        sender->sender.attempts = 0;
    }
    sender->next = 0;
    sender->due_ns = sender->bodies != NULL ? now_ns + sender->interval_ns : 0;
}

/* Whether the body may leave; one that could not be judged may. */
static bool is_valid(const struct tachoi_metadata_sender *sender,
                     const struct tachoi_metadata_body *body) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    if (!sender->endpoint->validates ||
        tachoi_validate_body(tachoi_protocol_v1.version, body->bytes, body->length, problem) !=
            TACHOI_VALIDATE_PROBLEM) {
        return true;
    }
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "not_valid",
                             "a request of metadata that would not be valid is not sent: types, "
                             "helps and units of %zu metrics are lost: %s; please report it",
                             body->families, problem);
    return false;
}

static void count_retried(struct tachoi_metadata_sender *sender, size_t families) {
    struct tachoi_account *account = sender->endpoint->account;
    pthread_mutex_lock(&account->lock);
    account->metadata_retried += families;
    pthread_mutex_unlock(&account->lock);
}

static void transmit(struct tachoi_metadata_sender *sender, uint64_t now_ns) {
    const struct tachoi_metadata_body *body = &sender->bodies->bodies[sender->next];
    const struct tachoi_http_post post = {.body = body->bytes,
                                          .body_length = body->length,
                                          .headers = tachoi_protocol_v1.headers,
                                          .header_count = tachoi_protocol_v1.header_count,
                                          .attempt = sender->sender.attempts};
    if (tachoi_http_exchange_start(sender->exchange, &post) == TACHO_OK) {
        if (post.attempt > 0) {
            count_retried(sender, body->families);
        }
        tachoi_sender_sent(&sender->sender);
    } else {
        tachoi_sender_failed(&sender->sender, now_ns, 0, false);
    }
}

void tachoi_metadata_sender_step(struct tachoi_metadata_sender *sender, uint64_t now_ns) {
    if (sender->sender.state == TACHOI_SENDER_SENDING) {
        const struct tachoi_http_response *response = tachoi_http_exchange_take(sender->exchange);
        if (response == NULL) {
            return;
        }
        conclude(sender, response, now_ns);
    }
    if (!tachoi_endpoint_speaks_1(sender->endpoint) ||
        !tachoi_sender_may_send(&sender->sender, now_ns)) {
        return;
    }
    refill(sender, now_ns);
    while (!is_between(sender) && !is_valid(sender, &sender->bodies->bodies[sender->next])) {
        settle(sender, false);
    }
    if (!is_between(sender)) {
        transmit(sender, now_ns);
    }
}

uint64_t tachoi_metadata_sender_wake_ns(const struct tachoi_metadata_sender *sender) {
    if (!tachoi_endpoint_speaks_1(sender->endpoint)) {
        return UINT64_MAX; /* an answer to samples may change that */
    }
    const bool waits = sender->sender.state == TACHOI_SENDER_IDLE && sender->bodies != NULL;
    return waits ? sender->due_ns : tachoi_sender_wake_ns(&sender->sender);
}
