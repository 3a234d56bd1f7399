/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what judging a decoded request of 1.0 and one of 2.0 have in common: the first problem and
 * its culprit, memory, the times of a series, its histograms, what may not be there twice.
 * Everything lies in one arena, protobuf-c's messages too. */
#ifndef TACHOI_REMOTE_WRITE_VALIDATE_JUDGE_H
#define TACHOI_REMOTE_WRITE_VALIDATE_JUDGE_H

#include "base/arena.h"
#include "remote_write/validate_rules.h"
#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"

/* A sample or histogram of the request, for what must not be there twice. */
struct tachoi_judge_point {
    uint64_t labels_hash;
    const struct tachoi_checked_labels *labels;
    size_t index; /* order of appearance */
    int64_t time_ms;
};

struct tachoi_judge {
    int version;
    const char *broken; /* the rule; NULL = none yet */
    const struct tachoi_checked_labels *culprit;
    bool lacks_memory;
    struct tachoi_arena arena;
    struct tachoi_judge_point *points;
    size_t point_count;
    /* 2.0 */
    char **symbols;
    size_t symbol_count;
};

/** Whether a problem was found, or memory is short: the rest need not be looked at. */
bool tachoi_judge_is_done(const struct tachoi_judge *judge);

/** Notes a broken rule, unless it is NULL or another one came before; `culprit` may be NULL. */
void tachoi_judge_note(struct tachoi_judge *judge, const char *broken,
                       const struct tachoi_checked_labels *culprit);

/** Memory for `count` of something, and one more; NULL, and noted, when it is short. */
void *tachoi_judge_take(struct tachoi_judge *judge, size_t count, size_t size);

/** Every message has only fields that are known (RW2-04: nothing at the reserved 6). */
void tachoi_judge_known(struct tachoi_judge *judge, const ProtobufCMessage *message,
                        const struct tachoi_checked_labels *culprit);

/** With which messages are decoded into the arena. */
ProtobufCAllocator tachoi_judge_allocator(struct tachoi_judge *judge);

/** Makes room for as many samples and histograms as a request has. */
bool tachoi_judge_begin_points(struct tachoi_judge *judge, size_t count);

/** The times of a series' samples, or exemplars, so far. */
struct tachoi_judge_times {
    const struct tachoi_checked_labels *labels;
    uint64_t labels_hash;
    int64_t last_ms;
    bool has_last;
};

/** Begins a series of so many samples and histograms: its labels. */
struct tachoi_judge_times tachoi_judge_begin_series(struct tachoi_judge *judge,
                                                    const struct tachoi_checked_labels *labels,
                                                    size_t samples, size_t histograms);

/** The next sample's time, the next histogram, the next exemplar. */
void tachoi_judge_time(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                       int64_t time_ms);
void tachoi_judge_histogram(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                            const Io__Prometheus__Write__V2__Histogram *it);
void tachoi_judge_exemplar(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                           const struct tachoi_checked_labels *labels, int64_t time_ms);

/** At the end: all samples of equal label sets together. */
void tachoi_judge_points(struct tachoi_judge *judge);

/** A whole message. */
void tachoi_judge_v1(struct tachoi_judge *judge, const Prometheus__WriteRequest *request);
void tachoi_judge_v2(struct tachoi_judge *judge, const Io__Prometheus__Write__V2__Request *request);

#endif
