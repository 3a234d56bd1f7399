/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a shard has taken from its queue. See flight.h. */
#include "remote_write/flight.h"

bool tachoi_flight_take_locked(struct tachoi_flight *flight, struct tachoi_queue *queue,
                               size_t max_samples) {
    const uint64_t sequence = queue->head_sequence;
    if (!tachoi_queue_take_locked(queue, max_samples, &flight->run)) {
        return false;
    }
    flight->sequence = sequence;
    flight->unsettled = flight->run.sample_count;
    return true;
}

static void release_locked(struct tachoi_flight *flight, struct tachoi_queue *queue) {
    tachoi_queue_release_locked(queue, &flight->run);
    flight->unsettled = 0;
    flight->begin = flight->request_begin = flight->request_end = 0;
    flight->scattered = flight->scattered_exemplars = 0;
}

static void settle(struct tachoi_flight *flight, struct tachoi_queue *queue,
                   struct tachoi_account *account, const struct tachoi_settlement *settlement) {
    pthread_mutex_lock(&account->lock);
    flight->unsettled -= tachoi_settlement_samples(settlement);
    tachoi_account_settle_locked(account, settlement);
    if (flight->unsettled == 0) {
        release_locked(flight, queue);
    }
    pthread_mutex_unlock(&account->lock);
}

void tachoi_flight_pass(struct tachoi_flight *flight, size_t sample) {
    if (flight->run.sample_count > 0) { /* it may have been released */
        flight->begin = flight->request_begin = flight->request_end = sample;
        flight->scattered = flight->scattered_exemplars = 0;
    }
}

void tachoi_flight_settle_request(struct tachoi_flight *flight, struct tachoi_queue *queue,
                                  struct tachoi_account *account,
                                  const struct tachoi_settlement *settlement) {
    tachoi_flight_pass(flight, flight->request_end);
    settle(flight, queue, account, settlement);
}

void tachoi_flight_settle_part(struct tachoi_flight *flight, struct tachoi_queue *queue,
                               struct tachoi_account *account,
                               const struct tachoi_settlement *settlement) {
    flight->scattered += tachoi_settlement_samples(settlement);
    flight->scattered_exemplars += settlement->exemplars_acknowledged +
                                   settlement->exemplars_failed + settlement->exemplars_dropped;
    flight->request_begin = flight->request_end;
    settle(flight, queue, account, settlement);
}

size_t tachoi_flight_drop_before(struct tachoi_flight *flight, struct tachoi_queue *queue,
                                 struct tachoi_account *account, int64_t cutoff_ms, char *example,
                                 size_t example_size) {
    const size_t since = tachoi_run_first_since(&flight->run, flight->begin, cutoff_ms);
    if (since == flight->begin) {
        return 0;
    }
    /* What is scattered has one time, so it is among what is passed now. */
    const struct tachoi_settlement settlement = {
        .dropped_too_old = since - flight->begin - flight->scattered,
        .exemplars_dropped =
            tachoi_flight_exemplars(flight, flight->begin, since) - flight->scattered_exemplars};
    tachoi_run_describe(&flight->run, flight->begin, example, example_size);
    tachoi_flight_pass(flight, since);
    settle(flight, queue, account, &settlement);
    return settlement.dropped_too_old;
}

size_t tachoi_flight_clear_locked(struct tachoi_flight *flight, struct tachoi_queue *queue) {
    const size_t samples = flight->unsettled;
    release_locked(flight, queue);
    return samples;
}

/* --- what a range holds --- */

/* A record, and the number of its first sample. */
struct place {
    struct tachoi_run_walk walk; /* behind the record */
    const struct tachoi_record *record;
    size_t first;
};

/* The record with the sample, which is there. */
static struct place place_of(const struct tachoi_run *run, size_t sample) {
    struct place place = {.walk = tachoi_run_walk(run)};
    while (sample >= place.first + place.walk.chunk->sample_count) { /* not in this chunk */
        place.first += place.walk.chunk->sample_count;
        place.walk.chunk = place.walk.chunk->next;
    }
    for (;;) {
        place.record = tachoi_run_next(&place.walk);
        const size_t next = place.first + tachoi_record_samples(place.record);
        if (sample < next) {
            return place;
        }
        place.first = next;
    }
}

/* To the next record; false at the end of the run. */
static bool go_on(struct place *place) {
    place->first += tachoi_record_samples(place->record);
    place->record = tachoi_run_next(&place->walk);
    return place->record != NULL;
}

int64_t tachoi_flight_time_ms(const struct tachoi_flight *flight, size_t sample) {
    return place_of(&flight->run, sample).record->time_ms;
}

size_t tachoi_flight_same_time(const struct tachoi_flight *flight, size_t begin, size_t end) {
    struct place place = place_of(&flight->run, begin);
    const int64_t time_ms = place.record->time_ms;
    while (go_on(&place) && place.first < end) {
        if (place.record->time_ms != time_ms) {
            return place.first;
        }
    }
    return end;
}

size_t tachoi_flight_records(const struct tachoi_flight *flight, size_t begin, size_t end) {
    struct place place = place_of(&flight->run, begin);
    size_t count = 1;
    while (go_on(&place) && place.first < end) {
        count++;
    }
    return count;
}

size_t tachoi_flight_record(const struct tachoi_flight *flight, size_t begin, size_t end,
                            size_t n) {
    struct place place = place_of(&flight->run, begin);
    for (size_t i = 0; i < n; i++) {
        if (!go_on(&place)) {
            return end;
        }
    }
    return n == 0 ? begin : place.first < end ? place.first : end;
}

/* Those of a record's samples `from` to before `to`. An exemplar belongs to the time series of its
 * component; where a record is one sample, all are that one's. */
static size_t exemplars_of(const struct tachoi_record *record, size_t from, size_t to) {
    struct tachoi_exemplar_walk walk = tachoi_record_exemplars(record);
    struct tachoi_record_exemplar exemplar;
    const bool is_one = tachoi_record_samples(record) == 1;
    size_t count = 0;
    while (tachoi_exemplar_next(&walk, &exemplar)) {
        count += is_one || (exemplar.component >= from && exemplar.component < to) ? 1 : 0;
    }
    return count;
}

size_t tachoi_flight_exemplars(const struct tachoi_flight *flight, size_t begin, size_t end) {
    struct place place = place_of(&flight->run, begin);
    size_t count = 0;
    do {
        count += exemplars_of(place.record, begin > place.first ? begin - place.first : 0,
                              end - place.first);
    } while (go_on(&place) && place.first < end);
    return count;
}
