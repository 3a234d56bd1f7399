/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the chunks of a run. See run.h. No chunk but the last is ever empty, and that one only while
 * a record is prepared that is not committed. */
#include "remote_write/run.h"

#include "base/alloc.h"

/* --- chunks --- */

static void free_chunks(struct tachoi_chunk *chunk) {
    while (chunk != NULL) {
        struct tachoi_chunk *next = chunk->next;
        tachoi_free(chunk);
        chunk = next;
    }
}

void tachoi_run_fini(struct tachoi_run *run) {
    free_chunks(run->first);
    free_chunks(run->spare);
    *run = (struct tachoi_run){0};
}

void tachoi_run_trim_spare(struct tachoi_run *run, size_t count) {
    while (run->spare_count > count) {
        struct tachoi_chunk *next = run->spare->next;
        tachoi_free(run->spare);
        run->spare = next;
        run->spare_count--;
    }
}

static void recycle(struct tachoi_run *run, struct tachoi_chunk *chunk) {
    if (chunk->capacity != TACHOI_CHUNK_WORDS) {
        tachoi_free(chunk);
        return;
    }
    chunk->next = run->spare;
    run->spare = chunk;
    run->spare_count++;
}

static struct tachoi_chunk *unlink_first(struct tachoi_run *run) {
    struct tachoi_chunk *chunk = run->first;
    run->first = chunk->next;
    run->last = run->first != NULL ? run->last : NULL;
    run->chunk_count--;
    run->record_count -= chunk->record_count;
    run->sample_count -= chunk->sample_count;
    run->word_count -= chunk->end - chunk->begin;
    return chunk;
}

static void link_last(struct tachoi_run *run, struct tachoi_chunk *chunk) {
    chunk->next = NULL;
    if (run->last != NULL) {
        run->last->next = chunk;
    } else {
        run->first = chunk;
    }
    run->last = chunk;
    run->chunk_count++;
    run->record_count += chunk->record_count;
    run->sample_count += chunk->sample_count;
    run->word_count += chunk->end - chunk->begin;
}

void tachoi_run_clear(struct tachoi_run *run) {
    while (run->first != NULL) {
        recycle(run, unlink_first(run));
    }
}

static struct tachoi_chunk *take_spare(struct tachoi_run *run) {
    struct tachoi_chunk *chunk = run->spare;
    run->spare = chunk->next;
    run->spare_count--;
    return chunk;
}

void tachoi_run_move_spare(struct tachoi_run *to, struct tachoi_run *from, size_t count) {
    for (; count > 0 && from->spare != NULL; count--) {
        recycle(to, take_spare(from));
    }
}

/* The last chunk, if it was made for a record that was not committed. */
static void drop_empty_last(struct tachoi_run *run) {
    struct tachoi_chunk *empty = run->last;
    if (empty == NULL || empty->record_count > 0) {
        return;
    }
    struct tachoi_chunk *before = run->first == empty ? NULL : run->first;
    while (before != NULL && before->next != empty) {
        before = before->next;
    }
    if (before != NULL) {
        before->next = NULL;
    } else {
        run->first = NULL;
    }
    run->last = before;
    run->chunk_count--;
    recycle(run, empty);
}

struct tachoi_record *tachoi_run_grow(struct tachoi_run *run, size_t words) {
    struct tachoi_chunk *chunk = NULL;
    size_t capacity = TACHOI_CHUNK_WORDS;
    if (words <= capacity && run->spare != NULL) {
        chunk = take_spare(run);
    } else {
        size_t size = 0;
        capacity = words > capacity ? words : capacity;
        chunk = tachoi_size_mul(capacity, sizeof chunk->words[0], &size) &&
                        tachoi_size_add(size, sizeof *chunk, &size)
                    ? tachoi_malloc(size)
                    : NULL;
    }
    if (chunk == NULL) {
        return NULL;
    }
    *chunk = (struct tachoi_chunk){.capacity = capacity};
    drop_empty_last(run);
    link_last(run, chunk);
    return (struct tachoi_record *)(void *)chunk->words;
}

/* --- records --- */

void tachoi_run_move_chunk(struct tachoi_run *to, struct tachoi_run *from) {
    struct tachoi_chunk *chunk = unlink_first(from);
    if (chunk->record_count > 0) {
        link_last(to, chunk);
    } else {
        recycle(from, chunk);
    }
}

void tachoi_run_close_gap(struct tachoi_run *run) {
    struct tachoi_chunk *chunk = run->first;
    const size_t words = chunk->end - chunk->begin;
    memmove(chunk->words, chunk->words + chunk->begin, words * sizeof chunk->words[0]);
    chunk->begin = 0;
    chunk->end = words;
}

struct tachoi_record *tachoi_run_first(const struct tachoi_run *run) {
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    return tachoi_run_next(&walk);
}

void tachoi_run_drop(struct tachoi_run *run, size_t words, size_t samples) {
    struct tachoi_chunk *chunk = run->first;
    chunk->begin += words;
    chunk->record_count--;
    chunk->sample_count -= samples;
    run->word_count -= words;
    run->record_count--;
    run->sample_count -= samples;
    if (chunk->record_count == 0) {
        recycle(run, unlink_first(run));
    }
}

bool tachoi_run_move_record(struct tachoi_run *to, struct tachoi_run *from) {
    const struct tachoi_record *record = tachoi_run_first(from);
    const size_t words = tachoi_record_words(record);
    const size_t samples = tachoi_record_samples(record);
    struct tachoi_record *copy = tachoi_run_prepare(to, words);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, record, words * sizeof(uint64_t));
    tachoi_run_commit(to, words, samples);
    tachoi_run_drop(from, words, samples);
    return true;
}

/* --- samples --- */

size_t tachoi_run_range_end(const struct tachoi_run *run, size_t begin, size_t limit) {
    if (run->sample_count - begin <= limit) {
        return run->sample_count;
    }
    size_t sample = 0;
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        size_t next = sample + tachoi_record_samples(record);
        if (next > begin && next - begin > limit) {
            return sample > begin ? sample : begin + limit;
        }
        sample = next;
    }
    return run->sample_count;
}

size_t tachoi_run_first_since(const struct tachoi_run *run, size_t begin, int64_t time_ms) {
    size_t sample = 0;
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        if (record->time_ms >= time_ms) {
            return sample > begin ? sample : begin;
        }
        sample += tachoi_record_samples(record);
    }
    return run->sample_count;
}

void tachoi_run_describe(const struct tachoi_run *run, size_t sample, char *out, size_t out_size) {
    out[0] = '\0';
    struct tachoi_run_walk walk = tachoi_run_walk(run);
    for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
         record = tachoi_run_next(&walk)) {
        size_t count = tachoi_record_samples(record);
        if (sample < count) {
            tachoi_encoded_series_describe(record->series, sample, out, out_size);
            return;
        }
        sample -= count;
    }
}
