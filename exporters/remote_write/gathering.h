/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a collection in the making: the runs that its records lie in, one for each shard, which of
 * them have equal labels, and how many samples and points there were. Knows records and entries of
 * the cache, not points.
 *
 * Where two series of a collection have equal labels after translation (CONV-08, CONV-09): if they
 * are of one kind and agree in all their time series, they are one: sums and histograms are added,
 * of gauges the later value counts. Else the later one is dropped and counted.
 *
 *   prepare, fill, then place; or count_invalid, or lack_memory */
#ifndef TACHOI_REMOTE_WRITE_GATHERING_H
#define TACHOI_REMOTE_WRITE_GATHERING_H

#include "remote_write/collisions.h"
#include "remote_write/run.h"
#include "remote_write/series_cache.h"

struct tachoi_gathering {
    /* immutable after init */
    size_t shard_count;

    /* the collection */
    struct tachoi_run runs[TACHOI_SHARDS_MAX]; /* shard_count are used */
    struct tachoi_collisions collisions;
    bool must_compare_all; /* a series was found contested in it */
    bool compares_all;     /* and so all records are in `collisions` */

    /* since the counts were last cleared */
    uint64_t accepted; /* samples, those in the runs and the invalid ones */
    uint64_t invalid;
    uint64_t stale_markers;         /* of the accepted ones */
    uint64_t exemplars;             /* with the records */
    uint64_t unsupported;           /* points, none of whose samples was accepted */
    uint64_t unsupported_exemplars; /* with no record, whatever became of their points */
    uint64_t collisions_merged;     /* points with labels of another series: added to it */
    uint64_t collisions_dropped;    /* or dropped */
    bool lacked_memory;
};

void tachoi_gathering_init(struct tachoi_gathering *gathering, size_t shard_count);
void tachoi_gathering_fini(struct tachoi_gathering *gathering);

/** A collection begins. */
void tachoi_gathering_begin(struct tachoi_gathering *gathering);

/** The counts of what comes now begin. */
void tachoi_gathering_clear_counts(struct tachoi_gathering *gathering);

/** Samples that were accepted but are not in the runs. */
static inline void tachoi_gathering_count_invalid(struct tachoi_gathering *gathering,
                                                  size_t samples) {
    gathering->accepted += samples;
    gathering->invalid += samples;
}

/** The same for want of memory. */
static inline void tachoi_gathering_lack_memory(struct tachoi_gathering *gathering,
                                                size_t samples) {
    gathering->lacked_memory = true;
    tachoi_gathering_count_invalid(gathering, samples);
}

/** The run that records of the series go to. */
static inline struct tachoi_run *tachoi_gathering_run_of(struct tachoi_gathering *gathering,
                                                         const struct tachoi_cached_series *entry) {
    return &gathering->runs[tachoi_cached_series_shard(entry, gathering->shard_count)];
}

/** Keeps a record that was prepared in its run, as it is. */
static inline void tachoi_gathering_commit(struct tachoi_gathering *gathering,
                                           struct tachoi_cached_series *entry,
                                           const struct tachoi_record *record) {
    const size_t samples = tachoi_record_samples(record);
    tachoi_run_commit(tachoi_gathering_run_of(gathering, entry), tachoi_record_words(record),
                      samples);
    entry->records++;
    gathering->accepted += samples;
}

/** Keeps it, or merges it with the one of equal labels, or drops and counts it. */
void tachoi_gathering_place(struct tachoi_gathering *gathering, struct tachoi_cached_series *entry,
                            struct tachoi_record *record, bool is_new_contest);

/** Whether a record of the collection has labels of the series, which is contested. */
bool tachoi_gathering_has_equal(const struct tachoi_gathering *gathering,
                                const struct tachoi_encoded_series *series);

#endif
