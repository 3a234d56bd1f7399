/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a run: records one behind the other, in a list of chunks. A collection is gathered in one,
 * the queue is one, and what is in flight is one: records go from one to the next with their chunks
 * and are rarely copied. Its samples are numbered from 0 on, so that a request is a range of
 * samples and may begin and end inside a histogram.
 *
 * A chunk that became free is kept as a spare one: by the queue, and by the run that the next
 * collection is gathered in. One thread at a time. */
#ifndef TACHOI_REMOTE_WRITE_RUN_H
#define TACHOI_REMOTE_WRITE_RUN_H

#include "remote_write/record.h"

/** Words of a chunk: with its header just under 16 KiB. A longer record has one of its own. */
#define TACHOI_CHUNK_WORDS ((size_t)2040)

struct tachoi_chunk {
    struct tachoi_chunk *next;
    size_t begin; /* words before it are gone */
    size_t end;   /* words from it on are free */
    size_t capacity;
    size_t record_count;
    size_t sample_count;
    uint64_t words[];
};

/** Zero-initialised before use. */
struct tachoi_run {
    struct tachoi_chunk *first;
    struct tachoi_chunk *last;
    size_t chunk_count;
    size_t record_count;
    size_t sample_count;
    size_t word_count;
    struct tachoi_chunk *spare; /* empty ones, all of TACHOI_CHUNK_WORDS */
    size_t spare_count;
};

void tachoi_run_fini(struct tachoi_run *run);

/** Empties it, keeps its chunks as spare ones. */
void tachoi_run_clear(struct tachoi_run *run);

/** Moves at most `count` spare chunks. */
void tachoi_run_move_spare(struct tachoi_run *to, struct tachoi_run *from, size_t count);

/** Frees spare chunks until there are at most `count`. */
void tachoi_run_trim_spare(struct tachoi_run *run, size_t count);

/** Whether there is room for so many words behind the last record. */
static inline bool tachoi_run_has_room(const struct tachoi_run *run, size_t words) {
    return run->last != NULL && run->last->capacity - run->last->end >= words;
}

/** Room for a record of `words` words at the end; then tachoi_run_commit it, or it is forgotten.
 * NULL when memory is short. */
struct tachoi_record *tachoi_run_grow(struct tachoi_run *run, size_t words);

static inline struct tachoi_record *tachoi_run_prepare(struct tachoi_run *run, size_t words) {
    if (tachoi_run_has_room(run, words)) {
        return (struct tachoi_record *)(void *)(run->last->words + run->last->end);
    }
    return tachoi_run_grow(run, words);
}

static inline void tachoi_run_commit(struct tachoi_run *run, size_t words, size_t samples) {
    run->last->end += words;
    run->last->record_count++;
    run->last->sample_count += samples;
    run->word_count += words;
    run->record_count++;
    run->sample_count += samples;
}

/** Moves the first chunk of `from` behind the last one of `to`, with its records. */
void tachoi_run_move_chunk(struct tachoi_run *to, struct tachoi_run *from);

/** Copies the first record of `from` to the end of `to`, and drops it; false when memory is short.
 */
bool tachoi_run_move_record(struct tachoi_run *to, struct tachoi_run *from);

/** Moves the records of the first chunk to its beginning, so that there is room behind them. */
void tachoi_run_close_gap(struct tachoi_run *run);

/** The first record; NULL if there is none. */
struct tachoi_record *tachoi_run_first(const struct tachoi_run *run);

/** Drops the first record, of so many words and samples. */
void tachoi_run_drop(struct tachoi_run *run, size_t words, size_t samples);

/** A walk over the records: zero-initialised but for `chunk`, the run's first. */
struct tachoi_run_walk {
    const struct tachoi_chunk *chunk;
    size_t passed; /* words of the chunk, of those not gone */
};

static inline struct tachoi_run_walk tachoi_run_walk(const struct tachoi_run *run) {
    return (struct tachoi_run_walk){.chunk = run->first};
}

/** The record that the walk has come to; NULL at the end. */
static inline struct tachoi_record *tachoi_run_here(struct tachoi_run_walk *walk) {
    const struct tachoi_chunk *chunk = walk->chunk;
    while (chunk != NULL && chunk->begin + walk->passed == chunk->end) {
        walk->chunk = chunk = chunk->next;
        walk->passed = 0;
    }
    return chunk == NULL ? NULL
                         : (struct tachoi_record *)(void *)((uint64_t *)chunk->words +
                                                            chunk->begin + walk->passed);
}

/** Goes on behind a record of so many words. */
static inline void tachoi_run_pass(struct tachoi_run_walk *walk, size_t words) {
    walk->passed += words;
}

/** Asks the processor for the labels of a record further on, as long as they take to come from
 * memory, if numbers follow in the chunk. If something else does, what is taken for a pointer is
 * none: asking is then of no use and no harm. */
static inline void tachoi_run_fetch_ahead(const struct tachoi_run_walk *walk) {
    const size_t records_ahead = 6;
    const struct tachoi_chunk *chunk = walk->chunk;
    const size_t at = chunk->begin + walk->passed + records_ahead * TACHOI_NUMBER_RECORD_WORDS;
    if (at < chunk->end) {
        const struct tachoi_record *record = (const void *)(chunk->words + at);
        __builtin_prefetch(record->series);
    }
}

/** The record that the walk has come to, NULL at the end, and goes on behind it. */
static inline struct tachoi_record *tachoi_run_next(struct tachoi_run_walk *walk) {
    struct tachoi_record *record = tachoi_run_here(walk);
    if (record != NULL) {
        tachoi_run_pass(walk, tachoi_record_words(record));
    }
    return record;
}

/** The end of a request that begins at sample `begin` and has at most `limit` samples: whole
 * records, unless the first alone has more. */
size_t tachoi_run_range_end(const struct tachoi_run *run, size_t begin, size_t limit);

/** The first sample from `begin` on whose time is not before `time_ms`. Times never decrease. */
size_t tachoi_run_first_since(const struct tachoi_run *run, size_t begin, int64_t time_ms);

/** Writes the time series of sample `sample` as people write it. */
void tachoi_run_describe(const struct tachoi_run *run, size_t sample, char *out, size_t out_size);

#endif
