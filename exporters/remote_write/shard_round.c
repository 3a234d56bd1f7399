/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how a shard settles requests and carries a round of bisection out. See shard_round.h. */
#include "remote_write/shard_round.h"

#include "remote_write/report.h"

void tachoi_shard_redo(struct tachoi_shard *shard) {
    shard->protocol = NULL;
    tachoi_sender_forget(&shard->sender);
}

/* --- settling --- */

static void note(struct tachoi_shard *shard, const struct tachoi_settlement *settlement) {
    shard->settled.acknowledged += settlement->acknowledged;
    shard->settled.failed += settlement->failed;
}

static void settle_part(struct tachoi_shard *shard, const struct tachoi_settlement *settlement) {
    note(shard, settlement);
    tachoi_flight_settle_part(&shard->flight, &shard->queue, shard->endpoint->account, settlement);
}

static void settle_whole(struct tachoi_shard *shard, const struct tachoi_settlement *settlement) {
    note(shard, settlement);
    tachoi_flight_settle_request(&shard->flight, &shard->queue, shard->endpoint->account,
                                 settlement);
    shard->protocol = NULL;
    tachoi_bisection_reset(&shard->bisection);
    tachoi_sender_settled(&shard->sender);
}

/* --- a round --- */

/* Makes the part the request. */
static void select_part(struct tachoi_shard *shard, const struct tachoi_bisection_part *part) {
    struct tachoi_flight *flight = &shard->flight;
    flight->request_begin =
        tachoi_flight_record(flight, flight->begin, shard->group_end, part->begin);
    flight->request_end = tachoi_flight_record(flight, flight->begin, shard->group_end, part->end);
    tachoi_shard_redo(shard);
}

/* The record as a request of its own, which it may never have been. */
static void keep_record(struct tachoi_shard *shard, const struct tachoi_http_response *response) {
    const struct tachoi_flight *flight = &shard->flight;
    const struct tachoi_remote_write_config *config = shard->endpoint->config;
    const struct tachoi_protocol *protocol = tachoi_endpoint_protocol_now(shard->endpoint);
    if (config->values.refused_request_folder != NULL &&
        tachoi_encoder_encode(&shard->encoder, protocol, &flight->run, flight->request_begin,
                              flight->request_end,
                              config->values.max_bytes_per_send) == TACHOI_ENCODE_OK) {
        tachoi_endpoint_keep_refused(shard->endpoint, protocol, &shard->encoder, response);
    }
}

/* What a record that is given up failed with: the answer in hand may be another part's success. */
static void note_failure(struct tachoi_shard *shard, const struct tachoi_http_response *response) {
    shard->has_failure = response != NULL;
    if (response != NULL) {
        shard->failure = *response;
    }
}

/* The record is what the receiver cannot bear. */
static void give_up_record(struct tachoi_shard *shard) {
    const struct tachoi_http_response *response = shard->has_failure ? &shard->failure : NULL;
    const struct tachoi_flight *flight = &shard->flight;
    const struct tachoi_settlement settlement = {
        .failed = tachoi_flight_request_samples(flight),
        .exemplars_failed =
            tachoi_flight_exemplars(flight, flight->request_begin, flight->request_end)};
    char example[256];
    tachoi_run_describe(&flight->run, flight->request_begin, example, sizeof example);
    if (response != NULL) {
        keep_record(shard, response);
        tachoi_report_refused(shard->endpoint->config->redacted_url, response,
                              (size_t)settlement.failed, example);
    } else {
        tachoi_report_dropped("too_large", settlement.failed, "they alone exceed a limit");
    }
    settle_part(shard, &settlement);
}

/* The records of the next time, if the round is to go on. */
static bool begin_group(struct tachoi_shard *shard, bool has_failed) {
    struct tachoi_flight *flight = &shard->flight;
    if (flight->run.sample_count == 0 || flight->begin >= shard->round_end) {
        return false;
    }
    shard->group_end = tachoi_flight_same_time(flight, flight->begin, shard->round_end);
    tachoi_bisection_begin_group(&shard->bisection,
                                 tachoi_flight_records(flight, flight->begin, shard->group_end),
                                 has_failed && shard->group_end == shard->round_end);
    return true;
}

static void end_round(struct tachoi_shard *shard) {
    shard->protocol = NULL;
    tachoi_bisection_reset(&shard->bisection);
    tachoi_sender_settled(&shard->sender);
}

/* Nothing of the request was accepted: it is sent as a whole again, as rarely as possible. */
static void keep_whole(struct tachoi_shard *shard, uint64_t now_ns) {
    shard->flight.request_begin = shard->flight.begin;
    shard->flight.request_end = shard->round_end;
    tachoi_shard_redo(shard);
    tachoi_sender_failed(&shard->sender, now_ns, 0, true);
}

static void go_on(struct tachoi_shard *shard, uint64_t now_ns) {
    for (;;) {
        struct tachoi_bisection_part part;
        switch (tachoi_bisection_next(&shard->bisection, &part)) {
        case TACHOI_BISECTION_SEND:
            select_part(shard, &part);
            return;
        case TACHOI_BISECTION_GIVE_UP:
            select_part(shard, &part);
            give_up_record(shard);
            break;
        case TACHOI_BISECTION_SETTLED:
            tachoi_flight_pass(&shard->flight, shard->group_end);
            if (!begin_group(shard, false)) {
                end_round(shard);
                return;
            }
            break;
        case TACHOI_BISECTION_OUTAGE:
            keep_whole(shard, now_ns);
            return;
        }
    }
}

/* RETRY-02: also between parts. */
static void wait_as_asked(struct tachoi_shard *shard, const struct tachoi_http_response *response,
                          uint64_t now_ns) {
    const uint32_t delay_ms = tachoi_endpoint_retry_after_ms(shard->endpoint, response);
    if (delay_ms > 0) {
        tachoi_sender_failed(&shard->sender, now_ns, delay_ms, shard->bisection.outages > 0);
    }
}

void tachoi_shard_begin_round(struct tachoi_shard *shard,
                              const struct tachoi_http_response *response, uint64_t now_ns) {
    shard->round_end = shard->flight.request_end;
    note_failure(shard, response);
    (void)begin_group(shard, true);
    go_on(shard, now_ns);
    wait_as_asked(shard, response, now_ns);
}

bool tachoi_shard_finish(struct tachoi_shard *shard, enum tachoi_bisection_answer answer,
                         const struct tachoi_settlement *settlement,
                         const struct tachoi_http_response *response, uint64_t now_ns) {
    if (!shard->bisection.is_round) {
        settle_whole(shard, settlement);
        return true;
    }
    const bool is_settled = tachoi_bisection_take(&shard->bisection, answer);
    if (is_settled) {
        settle_part(shard, settlement);
    }
    if (!is_settled) { /* it may be given up later */
        note_failure(shard, response);
    }
    go_on(shard, now_ns);
    if (response != NULL && answer != TACHOI_PART_ACCEPTED) {
        wait_as_asked(shard, response, now_ns);
    }
    return is_settled;
}
