/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bounded queue of records between the exporting and the sending side: first in, first
 * out; when it holds too much the oldest go. Knows nothing of time, transfers or the account.
 *
 * All calls need the account's lock. Records that were taken are still the queue's memory until
 * they are released, and so is a retired series, which is no longer measured, until the last of its
 * records is gone: the bound holds whatever the outage and however many series come and go in it.
 * What chunks have left free, at most an eighth or so, is not counted.
 *
 * Records are numbered in the order of appending, from 0 on. */
#ifndef TACHOI_REMOTE_WRITE_QUEUE_H
#define TACHOI_REMOTE_WRITE_QUEUE_H

#include "remote_write/run.h"

struct tachoi_queue {
    /* immutable once in use */
    uint64_t max_bytes;
    size_t max_samples; /* waiting; SIZE_MAX unless it is set after init */

    uint64_t bytes;
    struct tachoi_run waiting;  /* without those taken */
    uint64_t head_sequence;     /* number of the first record waiting */
    uint64_t tail_sequence;     /* number of the next record appended */
    size_t spare_limit;         /* chunks of the last run appended: so many are kept for the next */
    uint64_t dropped_exemplars; /* of all records dropped so far */
    struct tachoi_encoded_series *gone; /* retired, and all their records are gone */
};

void tachoi_queue_init(struct tachoi_queue *queue, uint64_t max_bytes);

/** Frees the memory, that of retired series included. Nothing may be waiting or taken. */
void tachoi_queue_fini(struct tachoi_queue *queue);

/** Gives the spare chunks to a run that a collection is to be gathered in. */
void tachoi_queue_lend_locked(struct tachoi_queue *queue, struct tachoi_run *run);

/** Moves the records of a run, which is empty then. Takes no memory. */
void tachoi_queue_append_locked(struct tachoi_queue *queue, struct tachoi_run *run);

/** Whether a bound is exceeded by what waits. */
bool tachoi_queue_is_too_full_locked(const struct tachoi_queue *queue);

/** Whether so many samples wait, or as much as can be taken at once. */
bool tachoi_queue_fills_locked(const struct tachoi_queue *queue, size_t samples);

/** Drops the oldest until the bounds hold, or the first ones before `time_ms`, or all. Returns how
 * many samples went. */
size_t tachoi_queue_trim_locked(struct tachoi_queue *queue);
size_t tachoi_queue_drop_before_locked(struct tachoi_queue *queue, int64_t time_ms);
size_t tachoi_queue_clear_locked(struct tachoi_queue *queue);

/** Moves the oldest records, at most `max_samples` samples and a quarter of max_bytes but at least
 * one record, to the end of `run`. False when memory is short or nothing waits; nothing was moved
 * then. */
bool tachoi_queue_take_locked(struct tachoi_queue *queue, size_t max_samples,
                              struct tachoi_run *run);

/** Gives back what was taken: the run's records are gone. */
void tachoi_queue_release_locked(struct tachoi_queue *queue, struct tachoi_run *run);

/** Takes over a series that is no longer measured and of which `records` records have been
 * appended. */
void tachoi_queue_retire_locked(struct tachoi_queue *queue, struct tachoi_encoded_series *series,
                                uint32_t records);

/** Hands out the retired series whose records are gone, a list by `next_gone`; the exporting side
 * frees them. */
struct tachoi_encoded_series *tachoi_queue_take_gone_locked(struct tachoi_queue *queue);

#endif
