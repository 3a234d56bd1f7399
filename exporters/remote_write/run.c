/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a run of records. See run.h. */
#include "remote_write/run.h"

#include "base/alloc.h"

void tachoi_run_fini(struct tachoi_run *run) {
    tachoi_free(run->words);
    *run = (struct tachoi_run){0};
}

void tachoi_run_clear(struct tachoi_run *run) {
    run->word_count = 0;
    run->sample_count = 0;
}

bool tachoi_run_reserve(struct tachoi_run *run, size_t words) {
    if (words <= run->capacity - run->word_count) {
        return true;
    }
    size_t capacity = run->capacity < 256 ? 256 : run->capacity;
    while (capacity - run->word_count < words) {
        if (capacity > SIZE_MAX / 2) {
            return false;
        }
        capacity *= 2;
    }
    uint64_t *grown = tachoi_realloc_array(run->words, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    run->words = grown;
    run->capacity = capacity;
    return true;
}

struct tachoi_record *tachoi_run_prepare(struct tachoi_run *run,
                                         struct tachoi_encoded_series *series) {
    if (!tachoi_run_reserve(run, tachoi_record_words(series))) {
        return NULL;
    }
    struct tachoi_record *record = (void *)(run->words + run->word_count);
    record->series = series;
    return record;
}

void tachoi_run_commit(struct tachoi_run *run, const struct tachoi_record *record) {
    run->word_count += tachoi_record_words(record->series);
    run->sample_count += tachoi_record_samples(record);
}

size_t tachoi_run_range_end(const struct tachoi_run *run, size_t begin, size_t limit) {
    size_t sample = 0;
    size_t at = 0;
    for (const struct tachoi_record *record = tachoi_run_at(run, at); record != NULL;
         record = tachoi_run_at(run, at)) {
        size_t next = sample + tachoi_record_samples(record);
        if (next > begin && next - begin > limit) {
            return sample > begin ? sample : begin + limit;
        }
        sample = next;
        at += tachoi_record_words(record->series);
    }
    return run->sample_count;
}

size_t tachoi_run_first_since(const struct tachoi_run *run, size_t begin, int64_t time_ms) {
    size_t sample = 0;
    size_t at = 0;
    for (const struct tachoi_record *record = tachoi_run_at(run, at); record != NULL;
         record = tachoi_run_at(run, at)) {
        if (record->time_ms >= time_ms) {
            return sample > begin ? sample : begin;
        }
        sample += tachoi_record_samples(record);
        at += tachoi_record_words(record->series);
    }
    return run->sample_count;
}

void tachoi_run_describe(const struct tachoi_run *run, size_t sample, char *out, size_t out_size) {
    out[0] = '\0';
    size_t at = 0;
    for (const struct tachoi_record *record = tachoi_run_at(run, at); record != NULL;
         record = tachoi_run_at(run, at)) {
        size_t count = tachoi_record_samples(record);
        if (sample < count) {
            tachoi_encoded_series_describe(record->series, sample, out, out_size);
            return;
        }
        sample -= count;
        at += tachoi_record_words(record->series);
    }
}
