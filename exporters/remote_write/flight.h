/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a shard has taken from its queue and not settled yet: a run of records, whose samples
 * are numbered from 0 on, and the request that is made of them, a range of these numbers.
 *
 *     0 ......... begin ......... request_begin ---- request_end ......... sample_count
 *      settled           settled here and there                 to come
 *
 * As a rule request_begin is begin: samples are settled from the beginning on. Only while a request
 * is being divided (bisection.h) parts of it are settled out of order; they are counted as
 * `scattered` until begin has passed them all. The flight is released when all are settled. */
#ifndef TACHOI_REMOTE_WRITE_FLIGHT_H
#define TACHOI_REMOTE_WRITE_FLIGHT_H

#include "remote_write/account.h"
#include "remote_write/queue.h"

struct tachoi_flight {
    /* guarded by the account's lock */
    size_t unsettled;  /* samples */
    uint64_t sequence; /* number of the first record */

    /* sending thread only */
    struct tachoi_run run;
    size_t begin;
    size_t request_begin;
    size_t request_end; /* request_begin if there is no request */
    size_t scattered;
    size_t scattered_exemplars;
};

/** Takes the oldest records of the queue; nothing may be in flight. False when memory is short or
 * nothing waits. */
bool tachoi_flight_take_locked(struct tachoi_flight *flight, struct tachoi_queue *queue,
                               size_t max_samples);

static inline size_t tachoi_flight_request_samples(const struct tachoi_flight *flight) {
    return flight->request_end - flight->request_begin;
}

/** The request is settled as `settlement` tells, and is none any more. */
void tachoi_flight_settle_request(struct tachoi_flight *flight, struct tachoi_queue *queue,
                                  struct tachoi_account *account,
                                  const struct tachoi_settlement *settlement);

/** The same of a part of what is being divided: begin stays until tachoi_flight_pass. */
void tachoi_flight_settle_part(struct tachoi_flight *flight, struct tachoi_queue *queue,
                               struct tachoi_account *account,
                               const struct tachoi_settlement *settlement);

/** All before `sample` are settled, those that were scattered included. */
void tachoi_flight_pass(struct tachoi_flight *flight, size_t sample);

/** Drops what is older than `cutoff_ms`; the request goes with it. What was scattered is not
 * dropped again. Returns how many samples went; one of their series is written to `example`. */
size_t tachoi_flight_drop_before(struct tachoi_flight *flight, struct tachoi_queue *queue,
                                 struct tachoi_account *account, int64_t cutoff_ms, char *example,
                                 size_t example_size);

/** Gives everything up; returns how many samples that were. */
size_t tachoi_flight_clear_locked(struct tachoi_flight *flight, struct tachoi_queue *queue);

/* --- what a range holds --- */

/** Time of the sample. */
int64_t tachoi_flight_time_ms(const struct tachoi_flight *flight, size_t sample);

/** The end of the samples from `begin` on that have its time, at most `end`. */
size_t tachoi_flight_same_time(const struct tachoi_flight *flight, size_t begin, size_t end);

/** How many records have samples in the range, and where the samples begin of the `n`th of those
 * from `begin` on; `end` if there are only n. */
size_t tachoi_flight_records(const struct tachoi_flight *flight, size_t begin, size_t end);
size_t tachoi_flight_record(const struct tachoi_flight *flight, size_t begin, size_t end, size_t n);

/** Exemplars that belong to the samples of the range. */
size_t tachoi_flight_exemplars(const struct tachoi_flight *flight, size_t begin, size_t end);

#endif
