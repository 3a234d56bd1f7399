/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a run: records one behind the other in growing memory. The exporting side gathers a batch in
 * one; the sending side holds what is in flight in one. Its samples are numbered from 0 on, so that
 * a request is a range of samples and may begin and end inside a histogram. */
#ifndef TACHOI_REMOTE_WRITE_RUN_H
#define TACHOI_REMOTE_WRITE_RUN_H

#include "remote_write/record.h"

/** Zero-initialised before use. */
struct tachoi_run {
    uint64_t *words;
    size_t word_count;
    size_t capacity;
    size_t sample_count;
};

void tachoi_run_fini(struct tachoi_run *run);

/** Empties it, keeps the memory. */
void tachoi_run_clear(struct tachoi_run *run);

/** Makes room for `words` more; false when memory is short. */
bool tachoi_run_reserve(struct tachoi_run *run, size_t words);

/** The record that begins at word `at`; NULL at the end. The next one begins
 * tachoi_record_words(record->series) later. */
static inline struct tachoi_record *tachoi_run_at(const struct tachoi_run *run, size_t at) {
    return at < run->word_count ? (struct tachoi_record *)(void *)(run->words + at) : NULL;
}

/** Room for a record of `series` at the end, its pointer set and nothing else; then
 * tachoi_run_commit it. NULL when memory is short. */
struct tachoi_record *tachoi_run_prepare(struct tachoi_run *run,
                                         struct tachoi_encoded_series *series);
void tachoi_run_commit(struct tachoi_run *run, const struct tachoi_record *record);

/** The end of a request that begins at sample `begin` and has at most `limit` samples: whole
 * records, unless the first alone has more. */
size_t tachoi_run_range_end(const struct tachoi_run *run, size_t begin, size_t limit);

/** The first sample from `begin` on whose time is not before `time_ms`. Times never decrease. */
size_t tachoi_run_first_since(const struct tachoi_run *run, size_t begin, int64_t time_ms);

/** Writes the time series of sample `sample` as people write it. */
void tachoi_run_describe(const struct tachoi_run *run, size_t sample, char *out, size_t out_size);

#endif
