/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what judging requests of both versions has in common. See validate_judge.h. */
#include "remote_write/validate_judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

bool tachoi_judge_is_done(const struct tachoi_judge *judge) {
    return judge->broken != NULL || judge->lacks_memory;
}

void tachoi_judge_note(struct tachoi_judge *judge, const char *broken,
                       const struct tachoi_checked_labels *culprit) {
    if (broken != NULL && judge->broken == NULL) {
        judge->broken = broken;
        judge->culprit = culprit;
    }
}

void *tachoi_judge_take(struct tachoi_judge *judge, size_t count, size_t size) {
    void *memory = tachoi_arena_alloc(&judge->arena, count + 1, size);
    judge->lacks_memory = judge->lacks_memory || memory == NULL;
    return memory;
}

/* Every message is one that has only fields that are known (RW2-04: nothing at the reserved 6). */
void tachoi_judge_known(struct tachoi_judge *judge, const ProtobufCMessage *message,
                        const struct tachoi_checked_labels *culprit) {
    if (message->n_unknown_fields > 0) {
        tachoi_judge_note(judge, "RW2-04: a message has a field that its version does not know",
                          culprit);
    }
}

/* --- samples and histograms of a series, in order --- */

void tachoi_judge_time(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                       int64_t time_ms) {
    if (times->has_last && time_ms <= times->last_ms) {
        tachoi_judge_note(judge, "RW1-09: samples of a series are not in order of time",
                          times->labels);
    }
    times->last_ms = time_ms;
    times->has_last = true;
    judge->points[judge->point_count] =
        (struct tachoi_judge_point){times->labels_hash, times->labels, judge->point_count, time_ms};
    judge->point_count++;
}

static uint64_t hash_of(const struct tachoi_checked_labels *labels) {
    uint64_t hash = tachoi_hash_seed();
    for (size_t i = 0; i < labels->count; i++) {
        hash = tachoi_hash_bytes(labels->items[i].name, strlen(labels->items[i].name), hash);
        hash = tachoi_hash_bytes(labels->items[i].value, strlen(labels->items[i].value), hash);
    }
    return hash;
}

struct tachoi_judge_times tachoi_judge_begin_series(struct tachoi_judge *judge,
                                                    const struct tachoi_checked_labels *labels,
                                                    size_t samples, size_t histograms) {
    tachoi_judge_note(judge, tachoi_check_labels(labels, judge->version), labels);
    if (samples + histograms == 0) {
        tachoi_judge_note(judge, "RW2-04: a series has neither samples nor histograms", labels);
    } else if (samples > 0 && histograms > 0) {
        tachoi_judge_note(judge, "RW2-04: a series has both samples and histograms", labels);
    }
    return (struct tachoi_judge_times){.labels = labels, .labels_hash = hash_of(labels)};
}

/* Exemplars in order of time (CONV-22). */
void tachoi_judge_exemplar(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                           const struct tachoi_checked_labels *labels, int64_t time_ms) {
    tachoi_judge_note(judge, tachoi_check_exemplar(labels, time_ms), times->labels);
    if (times->has_last && time_ms < times->last_ms) {
        tachoi_judge_note(judge, "CONV-22: exemplars are not in order of time", times->labels);
    }
    times->last_ms = time_ms;
    times->has_last = true;
}

/* --- histograms --- */

typedef Io__Prometheus__Write__V2__Histogram histogram_message;
typedef Io__Prometheus__Write__V2__BucketSpan span_message;

static struct tachoi_checked_buckets buckets_of(struct tachoi_judge *judge,
                                                const struct tachoi_judge_times *times,
                                                span_message *const *spans, size_t span_count,
                                                const int64_t *deltas, size_t delta_count) {
    struct tachoi_checked_span *copies = tachoi_judge_take(judge, span_count, sizeof *copies);
    for (size_t i = 0; copies != NULL && i < span_count; i++) {
        tachoi_judge_known(judge, &spans[i]->base, times->labels);
        copies[i] = (struct tachoi_checked_span){spans[i]->offset, spans[i]->length};
    }
    return (struct tachoi_checked_buckets){copies, span_count, deltas, delta_count};
}

void tachoi_judge_histogram(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                            const histogram_message *it) {
    const struct tachoi_checked_histogram view = {
        .has_integer_counts =
            it->count_case == IO__PROMETHEUS__WRITE__V2__HISTOGRAM__COUNT_COUNT_INT &&
            it->zero_count_case !=
                IO__PROMETHEUS__WRITE__V2__HISTOGRAM__ZERO_COUNT_ZERO_COUNT_FLOAT &&
            it->n_positive_counts + it->n_negative_counts == 0,
        .has_reset_hint = it->reset_hint != 0,
        .count = it->count_int,
        .sum = it->sum,
        .schema = it->schema,
        .zero_threshold = it->zero_threshold,
        .zero_count = it->zero_count_int,
        .positive = buckets_of(judge, times, it->positive_spans, it->n_positive_spans,
                               it->positive_deltas, it->n_positive_deltas),
        .negative = buckets_of(judge, times, it->negative_spans, it->n_negative_spans,
                               it->negative_deltas, it->n_negative_deltas),
        .custom_values = it->custom_values,
        .custom_value_count = it->n_custom_values,
        .time_ms = it->timestamp,
        .start_ms = it->start_timestamp,
    };
    tachoi_judge_known(judge, &it->base, times->labels);
    if (!judge->lacks_memory) {
        tachoi_judge_note(judge, tachoi_check_histogram(&view, judge->version), times->labels);
        tachoi_judge_time(judge, times, it->timestamp);
    }
}

/* --- decoding, into the arena --- */

static void *arena_alloc(void *user, size_t size) {
    return tachoi_judge_take(user, size, 1);
}

static void arena_free(void *user, void *memory) {
    (void)user;
    (void)memory;
}

ProtobufCAllocator tachoi_judge_allocator(struct tachoi_judge *judge) {
    return (ProtobufCAllocator){arena_alloc, arena_free, judge};
}

bool tachoi_judge_begin_points(struct tachoi_judge *judge, size_t count) {
    judge->points = tachoi_judge_take(judge, count, sizeof *judge->points);
    return judge->points != NULL;
}

/* --- the request as a whole --- */

static int by_labels_and_appearance(const void *a, const void *b) {
    const struct tachoi_judge_point *x = a;
    const struct tachoi_judge_point *y = b;
    if (x->labels_hash != y->labels_hash) {
        return x->labels_hash < y->labels_hash ? -1 : 1;
    }
    return (x->index > y->index) - (x->index < y->index);
}

static bool has_equal_labels(const struct tachoi_checked_labels *a,
                             const struct tachoi_checked_labels *b) {
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        if (strcmp(a->items[i].name, b->items[i].name) != 0 ||
            strcmp(a->items[i].value, b->items[i].value) != 0) {
            return false;
        }
    }
    return a->count == b->count;
}

/* Equal label sets in several messages: in order of time, and of no time twice (CONV-09). */
void tachoi_judge_points(struct tachoi_judge *judge) {
    struct tachoi_judge_point *points = judge->points;
    qsort(points, judge->point_count, sizeof *points, by_labels_and_appearance);
    for (size_t i = 1; i < judge->point_count && judge->broken == NULL; i++) {
        const bool is_one = points[i - 1].labels_hash == points[i].labels_hash &&
                            has_equal_labels(points[i - 1].labels, points[i].labels);
        if (is_one && points[i - 1].time_ms == points[i].time_ms) {
            tachoi_judge_note(judge, "CONV-09: a series has two samples of one time",
                              points[i].labels);
        } else if (is_one && points[i - 1].time_ms > points[i].time_ms) {
            tachoi_judge_note(judge, "RW1-09: samples of a series are not in order of time",
                              points[i].labels);
        }
    }
}
