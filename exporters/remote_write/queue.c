/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bounded queue of records. See queue.h. */
#include "remote_write/queue.h"

#include "base/alloc.h"

/* A run of fewer chunks is copied behind the last record, so that small collections do not each
 * leave a chunk half empty. */
#define CHUNKS_TO_LINK ((size_t)8)

void tachoi_queue_init(struct tachoi_queue *queue, uint64_t max_bytes) {
    *queue = (struct tachoi_queue){.max_bytes = max_bytes, .max_samples = SIZE_MAX};
}

void tachoi_queue_fini(struct tachoi_queue *queue) {
    while (queue->gone != NULL) {
        struct tachoi_encoded_series *next = queue->gone->state.next_gone;
        tachoi_free(queue->gone); /* its shape is freed with all shapes */
        queue->gone = next;
    }
    tachoi_run_fini(&queue->waiting);
    tachoi_queue_init(queue, queue->max_bytes);
}

/* --- retired series --- */

static void add_gone(struct tachoi_queue *queue, struct tachoi_encoded_series *series) {
    series->state.next_gone = queue->gone;
    queue->gone = series;
}

/* A record of the series is gone. */
static void let_go(struct tachoi_queue *queue, struct tachoi_encoded_series *series) {
    series->state.records.gone++;
    if (series->is_retired && series->state.records.gone == series->state.records.total) {
        queue->bytes -= tachoi_encoded_series_size(series);
        add_gone(queue, series);
    }
}

void tachoi_queue_retire_locked(struct tachoi_queue *queue, struct tachoi_encoded_series *series,
                                uint32_t records) {
    if (series->state.records.gone == records) {
        add_gone(queue, series);
        return;
    }
    series->is_retired = true;
    series->state.records.total = records;
    queue->bytes += tachoi_encoded_series_size(series);
}

struct tachoi_encoded_series *tachoi_queue_take_gone_locked(struct tachoi_queue *queue) {
    struct tachoi_encoded_series *gone = queue->gone;
    queue->gone = NULL;
    return gone;
}

/* --- appending --- */

void tachoi_queue_lend_locked(struct tachoi_queue *queue, struct tachoi_run *run) {
    tachoi_run_move_spare(run, &queue->waiting, SIZE_MAX);
}

/* Copies what there is room for, without another chunk. */
static void fill_up(struct tachoi_queue *queue, struct tachoi_run *run) {
    const struct tachoi_record *record = tachoi_run_first(run);
    while (record != NULL && tachoi_run_has_room(&queue->waiting, tachoi_record_words(record))) {
        (void)tachoi_run_move_record(&queue->waiting, run);
        record = tachoi_run_first(run);
    }
}

void tachoi_queue_append_locked(struct tachoi_queue *queue, struct tachoi_run *run) {
    const size_t chunks = run->chunk_count;
    queue->bytes += run->word_count * sizeof(uint64_t);
    queue->tail_sequence += run->record_count;
    while (run->first != NULL) {
        if (chunks < CHUNKS_TO_LINK) {
            fill_up(queue, run);
        }
        if (run->first != NULL) {
            tachoi_run_close_gap(run);
            tachoi_run_move_chunk(&queue->waiting, run);
        }
    }
    queue->spare_limit = chunks;
    tachoi_run_trim_spare(run, chunks);
    tachoi_run_trim_spare(&queue->waiting, chunks - run->spare_count);
}

/* --- removing --- */

/* Removes the oldest record. */
static size_t drop(struct tachoi_queue *queue, const struct tachoi_record *record) {
    struct tachoi_encoded_series *series = record->series;
    const size_t words = tachoi_record_words(record);
    const size_t samples = tachoi_record_samples(record);
    if (tachoi_record_has(record, TACHOI_RECORD_HAS_EXEMPLARS)) {
        queue->dropped_exemplars += tachoi_record_exemplar_count(record);
    }
    queue->head_sequence++;
    queue->bytes -= words * sizeof(uint64_t);
    tachoi_run_drop(&queue->waiting, words, samples);
    tachoi_run_trim_spare(&queue->waiting, queue->spare_limit);
    let_go(queue, series);
    return samples;
}

bool tachoi_queue_is_too_full_locked(const struct tachoi_queue *queue) {
    return queue->waiting.record_count > 0 &&
           (queue->bytes > queue->max_bytes || queue->waiting.sample_count > queue->max_samples);
}

size_t tachoi_queue_trim_locked(struct tachoi_queue *queue) {
    size_t samples = 0;
    while (tachoi_queue_is_too_full_locked(queue)) {
        samples += drop(queue, tachoi_run_first(&queue->waiting));
    }
    return samples;
}

size_t tachoi_queue_drop_before_locked(struct tachoi_queue *queue, int64_t time_ms) {
    size_t samples = 0;
    for (const struct tachoi_record *record = tachoi_run_first(&queue->waiting);
         record != NULL && record->time_ms < time_ms; record = tachoi_run_first(&queue->waiting)) {
        samples += drop(queue, record);
    }
    return samples;
}

size_t tachoi_queue_clear_locked(struct tachoi_queue *queue) {
    size_t samples = 0;
    while (queue->waiting.record_count > 0) {
        samples += drop(queue, tachoi_run_first(&queue->waiting));
    }
    return samples;
}

/* --- taking --- */

/* What may be taken at once. It cannot be dropped any more: it must leave room for what comes. */
struct limits {
    size_t samples;
    uint64_t words;
};

static uint64_t words_at_once(const struct tachoi_queue *queue) {
    return queue->max_bytes / 4 / sizeof(uint64_t);
}

bool tachoi_queue_fills_locked(const struct tachoi_queue *queue, size_t samples) {
    const struct tachoi_run *waiting = &queue->waiting;
    return waiting->sample_count >= samples || waiting->sample_count >= queue->max_samples ||
           waiting->word_count >= words_at_once(queue);
}

static bool fits(const struct tachoi_run *run, const struct limits *limits, size_t samples,
                 size_t words) {
    return samples <= limits->samples && run->sample_count <= limits->samples - samples &&
           run->word_count + words <= limits->words;
}

/* Whole chunks while they fit, then records. False when memory is short. */
static bool take(struct tachoi_queue *queue, const struct limits *limits, struct tachoi_run *run) {
    struct tachoi_run *waiting = &queue->waiting;
    while (waiting->first != NULL && fits(run, limits, waiting->first->sample_count,
                                          waiting->first->end - waiting->first->begin)) {
        tachoi_run_move_chunk(run, waiting);
    }
    for (const struct tachoi_record *record = tachoi_run_first(waiting);
         record != NULL &&
         (run->sample_count == 0 ||
          fits(run, limits, tachoi_record_samples(record), tachoi_record_words(record)));
         record = tachoi_run_first(waiting)) {
        if (!tachoi_run_move_record(run, waiting)) {
            return false;
        }
    }
    return true;
}

bool tachoi_queue_take_locked(struct tachoi_queue *queue, size_t max_samples,
                              struct tachoi_run *run) {
    const struct limits limits = {max_samples, words_at_once(queue)};
    const size_t before = run->record_count;
    (void)take(queue, &limits, run); /* what has been taken is enough */
    queue->head_sequence += run->record_count - before;
    tachoi_run_trim_spare(&queue->waiting, queue->spare_limit);
    return run->record_count > before;
}

void tachoi_queue_release_locked(struct tachoi_queue *queue, struct tachoi_run *run) {
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        let_go(queue, record->series);
    }
    queue->bytes -= run->word_count * sizeof(uint64_t);
    tachoi_run_clear(run);
    /* one for the records that the next taking copies */
    tachoi_run_move_spare(&queue->waiting, run, run->spare_count > 0 ? run->spare_count - 1 : 0);
    tachoi_run_trim_spare(&queue->waiting, queue->spare_limit);
}
