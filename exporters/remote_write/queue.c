/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bounded queue of records: a list of chunks. See queue.h. */
#include "remote_write/queue.h"

#include <string.h>

#include "base/alloc.h"

#define CHUNK_WORDS ((size_t)2040) /* with its header just under 16 KiB */

struct tachoi_queue_chunk {
    struct tachoi_queue_chunk *next;
    size_t begin; /* words before it are gone */
    size_t end;   /* words from it on are free */
    size_t capacity;
    uint64_t words[];
};

void tachoi_queue_init(struct tachoi_queue *queue, uint64_t max_bytes) {
    *queue = (struct tachoi_queue){.max_bytes = max_bytes};
}

void tachoi_queue_fini(struct tachoi_queue *queue) {
    while (queue->first != NULL) {
        struct tachoi_queue_chunk *next = queue->first->next;
        tachoi_free(queue->first);
        queue->first = next;
    }
    *queue = (struct tachoi_queue){.max_bytes = queue->max_bytes};
}

static void pin(struct tachoi_queue *queue, struct tachoi_encoded_series *series) {
    series->pins++;
    if (series->is_charged) { /* it is measured again */
        series->is_charged = false;
        queue->bytes -= series->size_bytes;
    }
}

static void unpin(struct tachoi_queue *queue, struct tachoi_encoded_series *series) {
    series->pins--;
    if (series->is_charged && series->pins == 0) {
        series->is_charged = false;
        queue->bytes -= series->size_bytes;
    }
}

void tachoi_queue_charge_locked(struct tachoi_queue *queue, struct tachoi_encoded_series *series) {
    if (!series->is_charged) {
        series->is_charged = true;
        queue->bytes += series->size_bytes;
    }
}

/* --- appending --- */

static struct tachoi_queue_chunk *chunk_with_room(struct tachoi_queue *queue, size_t words) {
    struct tachoi_queue_chunk *chunk = queue->last;
    if (chunk != NULL && chunk->capacity - chunk->end >= words) {
        return chunk;
    }
    size_t capacity = words > CHUNK_WORDS ? words : CHUNK_WORDS;
    chunk = tachoi_malloc(sizeof *chunk + capacity * sizeof chunk->words[0]);
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (struct tachoi_queue_chunk){.capacity = capacity};
    if (queue->last != NULL) {
        queue->last->next = chunk;
    } else {
        queue->first = chunk;
    }
    queue->last = chunk;
    return chunk;
}

bool tachoi_queue_append_locked(struct tachoi_queue *queue, const struct tachoi_record *record) {
    size_t words = tachoi_record_words(record->series);
    struct tachoi_queue_chunk *chunk = chunk_with_room(queue, words);
    if (chunk == NULL) {
        return false;
    }
    memcpy(chunk->words + chunk->end, record, words * sizeof(uint64_t));
    chunk->end += words;
    queue->bytes += words * sizeof(uint64_t);
    queue->sample_count += tachoi_record_samples(record);
    queue->tail_sequence++;
    pin(queue, record->series);
    return true;
}

/* --- removing --- */

static struct tachoi_record *oldest(const struct tachoi_queue *queue) {
    struct tachoi_queue_chunk *chunk = queue->first;
    return chunk != NULL ? (struct tachoi_record *)(void *)(chunk->words + chunk->begin) : NULL;
}

/* Removes the oldest record from the list; its bytes and its pin stay. */
static void advance(struct tachoi_queue *queue, const struct tachoi_record *record) {
    struct tachoi_queue_chunk *chunk = queue->first;
    queue->sample_count -= tachoi_record_samples(record);
    queue->head_sequence++;
    chunk->begin += tachoi_record_words(record->series);
    if (chunk->begin == chunk->end) { /* no chunk of the list is ever empty */
        queue->first = chunk->next;
        queue->last = queue->first != NULL ? queue->last : NULL;
        tachoi_free(chunk);
    }
}

static size_t drop(struct tachoi_queue *queue, const struct tachoi_record *record) {
    struct tachoi_encoded_series *series = record->series;
    size_t samples = tachoi_record_samples(record);
    advance(queue, record);
    queue->bytes -= tachoi_record_words(series) * sizeof(uint64_t);
    unpin(queue, series);
    return samples;
}

size_t tachoi_queue_trim_locked(struct tachoi_queue *queue) {
    size_t samples = 0;
    while (queue->bytes > queue->max_bytes && queue->first != NULL) {
        samples += drop(queue, oldest(queue));
    }
    return samples;
}

size_t tachoi_queue_drop_before_locked(struct tachoi_queue *queue, int64_t time_ms) {
    size_t samples = 0;
    while (queue->first != NULL && oldest(queue)->time_ms < time_ms) {
        samples += drop(queue, oldest(queue));
    }
    return samples;
}

size_t tachoi_queue_clear_locked(struct tachoi_queue *queue) {
    size_t samples = 0;
    while (queue->first != NULL) {
        samples += drop(queue, oldest(queue));
    }
    return samples;
}

/* --- taking --- */

bool tachoi_queue_take_locked(struct tachoi_queue *queue, size_t max_samples,
                              struct tachoi_run *run) {
    /* What is taken cannot be dropped any more: it must leave room for what comes. */
    uint64_t most_bytes = queue->max_bytes / 4;
    size_t samples = 0;
    for (const struct tachoi_record *record = oldest(queue); record != NULL;
         record = oldest(queue)) {
        size_t count = tachoi_record_samples(record);
        size_t words = tachoi_record_words(record->series);
        if (samples > 0 && (samples >= max_samples || count > max_samples - samples ||
                            (run->word_count + words) * sizeof(uint64_t) > most_bytes)) {
            break;
        }
        if (!tachoi_run_reserve(run, words)) {
            break;
        }
        memcpy(run->words + run->word_count, record, words * sizeof(uint64_t));
        run->word_count += words;
        run->sample_count += count;
        samples += count;
        advance(queue, record);
    }
    return samples > 0;
}

void tachoi_queue_release_locked(struct tachoi_queue *queue, struct tachoi_run *run) {
    size_t at = 0;
    for (const struct tachoi_record *record = tachoi_run_at(run, at); record != NULL;
         record = tachoi_run_at(run, at)) {
        size_t words = tachoi_record_words(record->series);
        queue->bytes -= words * sizeof(uint64_t);
        unpin(queue, record->series);
        at += words;
    }
    tachoi_run_clear(run);
}
