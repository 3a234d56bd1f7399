/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bounded queue of records between the exporting and the sending side: first in, first
 * out; when it holds too much the oldest go. Knows nothing of time, transfers or the account.
 *
 * All calls need the account's lock. Records that were taken are still the queue's memory until
 * they are released, and so is a pinned series that is no longer measured (it is "charged"): the
 * bound holds whatever the outage and however many series come and go in it.
 *
 * Records are numbered in the order of appending, from 0 on. */
#ifndef TACHOI_REMOTE_WRITE_QUEUE_H
#define TACHOI_REMOTE_WRITE_QUEUE_H

#include "remote_write/run.h"

struct tachoi_queue_chunk;

struct tachoi_queue {
    uint64_t max_bytes;
    uint64_t bytes;
    size_t sample_count;    /* waiting, without those taken */
    uint64_t head_sequence; /* number of the first record waiting */
    uint64_t tail_sequence; /* number of the next record appended */
    struct tachoi_queue_chunk *first;
    struct tachoi_queue_chunk *last;
};

void tachoi_queue_init(struct tachoi_queue *queue, uint64_t max_bytes);

/** Frees the memory; the series may be gone already. */
void tachoi_queue_fini(struct tachoi_queue *queue);

/** Appends a copy of the record and pins its series. False when memory is short. */
bool tachoi_queue_append_locked(struct tachoi_queue *queue, const struct tachoi_record *record);

/** Drops the oldest until the bound holds, or the first ones before `time_ms`, or all. Returns how
 * many samples went. */
size_t tachoi_queue_trim_locked(struct tachoi_queue *queue);
size_t tachoi_queue_drop_before_locked(struct tachoi_queue *queue, int64_t time_ms);
size_t tachoi_queue_clear_locked(struct tachoi_queue *queue);

/** Moves the oldest records, at most `max_samples` samples and a quarter of max_bytes but at least
 * one record, to the end of `run`. False when memory is short or nothing waits; nothing was moved
 * then. */
bool tachoi_queue_take_locked(struct tachoi_queue *queue, size_t max_samples,
                              struct tachoi_run *run);

/** Gives back what was taken: unpins the series of the run's records, and empties it. */
void tachoi_queue_release_locked(struct tachoi_queue *queue, struct tachoi_run *run);

/** Counts a pinned series that is no longer measured as the queue's memory. */
void tachoi_queue_charge_locked(struct tachoi_queue *queue, struct tachoi_encoded_series *series);

#endif
