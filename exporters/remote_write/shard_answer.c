/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what an answer does to a shard's request. See shard_answer.h. */
#include "remote_write/shard_answer.h"

#include <stdio.h>

#include "http/retry.h"
#include "remote_write/report.h"
#include "remote_write/shard_round.h"
#include "tacho/sdk/diagnostics.h"

/* --- what becomes of the request's samples --- */

/* What the version has no words for is dropped in any case. */
static struct tachoi_settlement leave_out(const struct tachoi_shard *shard) {
    const struct tachoi_content *content = &shard->encoder.content;
    const size_t samples = tachoi_flight_request_samples(&shard->flight);
    return (struct tachoi_settlement){.dropped_unsupported = content->unsupported_samples < samples
                                                                 ? content->unsupported_samples
                                                                 : samples,
                                      .exemplars_dropped = content->unsupported_exemplars};
}

/* The request is over, and the receiver has `written` of it. A histogram that 1.0 makes many
 * samples of is one here, so that only differences are taken. */
static struct tachoi_settlement settlement_of(const struct tachoi_shard *shard,
                                              const struct tachoi_written *written) {
    const struct tachoi_flight *flight = &shard->flight;
    const struct tachoi_written *sent = &shard->encoder.content.sent;
    struct tachoi_settlement settlement = leave_out(shard);
    const uint64_t samples = tachoi_flight_request_samples(flight) - settlement.dropped_unsupported;
    const uint64_t missing =
        sent->samples + sent->histograms - written->samples - written->histograms;
    const bool is_nothing = written->samples + written->histograms == 0;
    settlement.failed = is_nothing || missing > samples ? samples : missing;
    settlement.acknowledged = samples - settlement.failed;
    settlement.histograms_acknowledged = written->histograms < settlement.acknowledged
                                             ? written->histograms
                                             : settlement.acknowledged;
    settlement.exemplars_acknowledged = written->exemplars;
    settlement.exemplars_failed = sent->exemplars - written->exemplars;
    if (settlement.acknowledged > 0) {
        settlement.newest_ms = tachoi_flight_time_ms(flight, flight->request_end - 1);
    }
    return settlement;
}

static void tell_left_out(const struct tachoi_shard *shard, uint64_t samples, const char *example) {
    if (samples > 0) {
        tachoi_report_dropped("rw1_unsupported", samples,
                              "remote write 1.0 has no words for native histograms; use 2.0, or "
                              "explicit buckets, or send_native_histograms");
        tachoi_endpoint_tell_dropped(shard->endpoint, samples, "rw1_unsupported", example);
    }
}

struct example {
    char text[256];
};

static struct example example_of(const struct tachoi_shard *shard) {
    struct example example;
    tachoi_run_describe(&shard->flight.run, shard->flight.request_begin, example.text,
                        sizeof example.text);
    return example;
}

/* --- answers --- */

static void note_outcome(struct tachoi_account *account,
                         const struct tachoi_http_response *response, bool is_success) {
    pthread_mutex_lock(&account->lock);
    account->last_http_status = (int)response->status;
    tachoi_account_count_answer_locked(account, (int)response->status);
    if (is_success) {
        account->last_error[0] = '\0';
    } else {
        tachoi_outcome_describe(response, account->last_error, sizeof account->last_error);
    }
    pthread_mutex_unlock(&account->lock);
}

static void try_again(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                      uint64_t now_ns, bool is_slow) {
    tachoi_sender_failed(&shard->sender, now_ns,
                         tachoi_endpoint_retry_after_ms(shard->endpoint, response), is_slow);
    tachoi_report_retry(shard->endpoint->config->redacted_url, response);
}

typedef void (*report_fn)(const char *url, const struct tachoi_http_response *response,
                          size_t samples, const char *example);

/* Whether the answer will settle the request; in a round, tachoi_bisection_take says the same. */
static bool will_settle(const struct tachoi_shard *shard, enum tachoi_bisection_answer answer) {
    return !shard->bisection.is_round || answer == TACHOI_PART_ACCEPTED ||
           shard->bisection.has_accepted;
}

/* Samples that are lost for good are told with one of their series, before those who wait for the
 * end of them are woken. */
static void finish(struct tachoi_shard *shard, enum tachoi_bisection_answer answer,
                   const struct tachoi_written *written,
                   const struct tachoi_http_response *response, report_fn report, uint64_t now_ns) {
    const struct tachoi_settlement settlement = settlement_of(shard, written);
    if (will_settle(shard, answer)) {
        const struct example example = example_of(shard);
        if (settlement.failed > 0) {
            tachoi_endpoint_keep_refused(shard->endpoint, shard->protocol, &shard->encoder,
                                         response);
            report(shard->endpoint->config->redacted_url, response, (size_t)settlement.failed,
                   example.text);
        }
        tell_left_out(shard, settlement.dropped_unsupported, example.text);
    }
    (void)tachoi_shard_finish(shard, answer, &settlement, response, now_ns);
}

/* A new password makes a new request, so that one more attempt is allowed (AUTH-02). */
static bool has_new_credentials(struct tachoi_shard *shard,
                                const struct tachoi_http_response *response) {
    return (response->status == 401 || response->status == 403) &&
           tachoi_http_exchange_password_changed(shard->exchange);
}

static void refused(struct tachoi_shard *shard, const struct tachoi_written *written,
                    const struct tachoi_http_response *response, uint64_t now_ns) {
    if (has_new_credentials(shard, response)) {
        tachoi_sender_failed(&shard->sender, now_ns, 0, false);
        (void)tachoi_sender_hurry(&shard->sender, now_ns);
        return;
    }
    finish(shard, TACHOI_PART_REFUSED, written, response, tachoi_report_refused, now_ns);
}

/* The receiver failed, as it may at one bad record. */
static void failed(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                   uint64_t now_ns) {
    if (shard->bisection.is_round) {
        (void)tachoi_shard_finish(shard, TACHOI_PART_FAILED, &(struct tachoi_settlement){0},
                                  response, now_ns);
    } else if (tachoi_bisection_failed(&shard->bisection)) {
        tachoi_shard_begin_round(shard, response, now_ns);
    } else {
        try_again(shard, response, now_ns, tachoi_bisection_is_outage(&shard->bisection));
    }
}

static void unanswered(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                       uint64_t now_ns, bool is_slow) {
    if (response->status >= 200 && !shard->bisection.is_round) {
        tachoi_bisection_answered(&shard->bisection);
    }
    try_again(shard, response, now_ns, is_slow);
}

/* 413 */
static void too_large(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                      uint64_t now_ns) {
    static const struct tachoi_written nothing = {0};
    const size_t samples = tachoi_flight_request_samples(&shard->flight);
    if (shard->bisection.is_round) {
        (void)tachoi_shard_finish(shard, TACHOI_PART_FAILED, &(struct tachoi_settlement){0},
                                  response, now_ns);
    } else if (tachoi_send_limit_halve(&shard->limit, samples)) {
        shard->flight.request_end = shard->flight.request_begin;
        shard->protocol = NULL;
        tachoi_bisection_reset(&shard->bisection);
        tachoi_sender_settled(&shard->sender);
    } else {
        finish(shard, TACHOI_PART_REFUSED, &nothing, response, tachoi_report_refused, now_ns);
    }
}

static void judge(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                  const struct tachoi_written *written, uint64_t now_ns) {
    switch (tachoi_http_judge(response->code, response->status,
                              !shard->endpoint->config->values.disable_retry_on_http_429)) {
    case TACHOI_HTTP_SUCCESS:
        finish(shard, TACHOI_PART_ACCEPTED, written, response, tachoi_report_refused, now_ns);
        tachoi_send_limit_grow(&shard->limit);
        break;
    case TACHOI_HTTP_RETRY:
        if (response->status == 500) {
            failed(shard, response, now_ns);
        } else {
            unanswered(shard, response, now_ns, false);
        }
        break;
    case TACHOI_HTTP_RETRY_SLOWLY:
        unanswered(shard, response, now_ns, true);
        break;
    case TACHOI_HTTP_SPLIT:
        too_large(shard, response, now_ns);
        break;
    case TACHOI_HTTP_DROP:
        refused(shard, written, response, now_ns);
        break;
    }
}

/* What the receiver says to have written; a mismatch is counted and told. */
static struct tachoi_written written_by(struct tachoi_shard *shard, int version,
                                        const struct tachoi_http_response *response) {
    bool is_mismatch = false;
    const struct tachoi_written written =
        tachoi_written_of(version, &shard->encoder.content.sent, response, &is_mismatch);
    if (is_mismatch) {
        pthread_mutex_lock(&shard->endpoint->account->lock);
        shard->endpoint->account->written_mismatches++;
        pthread_mutex_unlock(&shard->endpoint->account->lock);
        const struct example example = example_of(shard);
        tachoi_report_mismatch(shard->endpoint->config->redacted_url, response,
                               &shard->encoder.content.sent, &written, example.text);
    }
    return written;
}

/* Before anything is settled: who waits for that finds it measured. */
static void measure(struct tachoi_shard *shard, const struct tachoi_http_response *response) {
    tachoi_request_metrics_record(
        &shard->endpoint->metrics,
        &(struct tachoi_request_sizes){.duration_ns = response->duration_ns,
                                       .body_bytes = shard->encoder.body_length,
                                       .message_bytes = shard->encoder.message.length,
                                       .samples = tachoi_flight_request_samples(&shard->flight)});
}

static void tell_request(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                         const tacho_remote_write_result *before) {
    char error[200] = "";
    if (response->status < 200) {
        tachoi_outcome_describe(response, error, sizeof error);
    }
    tacho_remote_write_result result = *before;
    result.http_status = (int)response->status;
    result.error = error;
    result.duration_ns = response->duration_ns;
    result.acknowledged = shard->settled.acknowledged;
    result.failed = shard->settled.failed;
    if (response->status >= 200 && response->status < 300 && result.failed == 0) {
        result.example = "";
    }
    tachoi_endpoint_tell_request(shard->endpoint, &result);
}

void tachoi_shard_conclude(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                           uint64_t now_ns) {
    static const struct tachoi_written nothing = {0};
    const int version = shard->protocol->version;
    const struct example example = example_of(shard);
    const tacho_remote_write_result before = {.struct_size = sizeof before,
                                              .url = shard->endpoint->config->redacted_url,
                                              .protocol = version,
                                              .attempt = shard->sender.attempts - 1,
                                              .samples =
                                                  tachoi_flight_request_samples(&shard->flight),
                                              .example = example.text};
    shard->settled = (struct tachoi_settlement){0};
    measure(shard, response);
    note_outcome(shard->endpoint->account, response,
                 response->status >= 200 && response->status < 300);
    switch (tachoi_endpoint_negotiate(shard->endpoint, version, &shard->encoder.content.sent,
                                      response, now_ns)) {
    case TACHOI_NEGOTIATION_GO_ON: {
        const struct tachoi_written written = written_by(shard, version, response);
        judge(shard, response, &written, now_ns);
        break;
    }
    case TACHOI_NEGOTIATION_FALL_BACK:
        tachoi_shard_redo(shard);
        break;
    case TACHOI_NEGOTIATION_NOT_WRITTEN:
        finish(shard, TACHOI_PART_REFUSED, &nothing, response, tachoi_report_not_written, now_ns);
        break;
    }
    tell_request(shard, response, &before);
}

/* --- requests that do not leave --- */

void tachoi_shard_exceeds_limits(struct tachoi_shard *shard, uint64_t now_ns) {
    const struct tachoi_flight *flight = &shard->flight;
    const size_t samples = tachoi_flight_request_samples(flight);
    shard->protocol = NULL;
    if (shard->bisection.is_round) {
        (void)tachoi_shard_finish(shard, TACHOI_PART_FAILED, &(struct tachoi_settlement){0}, NULL,
                                  now_ns);
        return;
    }
    if (tachoi_send_limit_halve(&shard->limit, samples)) {
        shard->flight.request_end = shard->flight.request_begin;
        return;
    }
    const struct example example = example_of(shard);
    const struct tachoi_settlement settlement = {
        .dropped_invalid = samples,
        .exemplars_dropped =
            tachoi_flight_exemplars(flight, flight->request_begin, flight->request_end)};
    tachoi_report_dropped("too_large", samples, "one sample alone exceeds max_bytes_per_send");
    tachoi_endpoint_tell_dropped(shard->endpoint, samples, "invalid", example.text);
    (void)tachoi_shard_finish(shard, TACHOI_PART_REFUSED, &settlement, NULL, now_ns);
}

static void tell_invalid(const struct tachoi_shard *shard, uint64_t samples, const char *problem,
                         const char *example) {
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "not_valid",
                             "a request that would not be valid is not sent: %llu samples are "
                             "lost, for example of %s: %s; please report it",
                             (unsigned long long)samples, example, problem);
    tachoi_endpoint_tell_dropped(shard->endpoint, samples, "invalid", example);
}

void tachoi_shard_is_invalid(struct tachoi_shard *shard, const char *problem, uint64_t now_ns) {
    const struct example example = example_of(shard);
    struct tachoi_settlement settlement = leave_out(shard);
    settlement.dropped_invalid =
        tachoi_flight_request_samples(&shard->flight) - settlement.dropped_unsupported;
    settlement.exemplars_dropped += shard->encoder.content.sent.exemplars;
    if (will_settle(shard, TACHOI_PART_REFUSED)) {
        tell_invalid(shard, settlement.dropped_invalid, problem, example.text);
        tell_left_out(shard, settlement.dropped_unsupported, example.text);
    }
    (void)tachoi_shard_finish(shard, TACHOI_PART_REFUSED, &settlement, NULL, now_ns);
}

void tachoi_shard_has_no_content(struct tachoi_shard *shard, uint64_t now_ns) {
    const struct tachoi_settlement settlement = leave_out(shard);
    if (will_settle(shard, TACHOI_PART_REFUSED)) {
        const struct example example = example_of(shard);
        tell_left_out(shard, settlement.dropped_unsupported, example.text);
    }
    (void)tachoi_shard_finish(shard, TACHOI_PART_REFUSED, &settlement, NULL, now_ns);
}
