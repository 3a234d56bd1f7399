/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is remembered of a series beside its labels, for the few that need it: the totals of
 * delta points, which Prometheus wants cumulative (CONV-01, PROM-21), and the times of the newest
 * exemplars sent, since none may be sent twice (CONV-22). Pure but for memory. Exporting side only.
 */
#ifndef TACHOI_REMOTE_WRITE_SERIES_MEMORY_H
#define TACHOI_REMOTE_WRITE_SERIES_MEMORY_H

#include "prometheus/native_histogram.h"
#include "tacho/sdk/metric_data.h"

/** How long the memory of a series outlives its last point, in ms. A delta stream leaves out a
 * series that did not change: its total must go on when it comes again. */
#define TACHOI_SERIES_MEMORY_MS (INT64_C(10) * 60 * 1000)

struct tachoi_series_memory {
    struct tachoi_series_memory *next; /* in the table */
    tacho_series_ref ref;
    int64_t used_ms; /* time of the last collection that asked for it */

    /* times of the newest exemplar of each component; 0 = none */
    int64_t *exemplar_ms;
    size_t exemplar_capacity;

    /* totals; zero before the first point */
    uint64_t start_ns; /* of the first point */
    uint64_t end_ns;   /* of the last one; 0 = none yet */
    int64_t sum_i64;
    double sum;
    uint64_t count;
    bool has_sum;
    uint64_t *buckets; /* of a histogram, bucket_count; of an exponential one, both signs */
    size_t bucket_count;
    struct tachoi_native_histogram exponential; /* its counts are `buckets` */
};

/** Zero-initialised before use. */
struct tachoi_series_memories {
    struct tachoi_series_memory **slots; /* chains; a power of two, NULL when empty */
    size_t slot_count;
    size_t count;
    int64_t swept_ms; /* time of the last sweep */
};

void tachoi_series_memories_fini(struct tachoi_series_memories *memories);

/** The memory of a series, which has an id; made if it is not there. NULL when memory is short. */
struct tachoi_series_memory *tachoi_series_memories_get(struct tachoi_series_memories *memories,
                                                        tacho_series_ref ref, int64_t now_ms);

/** Now and then forgets those that have not been asked for in TACHOI_SERIES_MEMORY_MS. */
void tachoi_series_memories_sweep(struct tachoi_series_memories *memories, int64_t now_ms);

/** Room for the times of so many components; false when memory is short. */
bool tachoi_series_memory_reserve_exemplars(struct tachoi_series_memory *memory, size_t count);

enum tachoi_accumulate_result {
    TACHOI_ACCUMULATE_OK,
    TACHOI_ACCUMULATE_OUT_OF_ORDER, /* it begins before the last one ended, or ends before it begins
                                     */
    TACHOI_ACCUMULATE_UNFIT,        /* buckets cannot be added */
    TACHOI_ACCUMULATE_NO_MEMORY     /* in each case but OK the point is lost, the total as it was */
};

/** Adds a delta point to the total and makes the point cumulative: value and start. */
enum tachoi_accumulate_result tachoi_accumulate_number(struct tachoi_series_memory *memory,
                                                       tacho_number_type type,
                                                       tacho_number_point *point);
/** Another number of buckets does not fit. The point's counts are the memory's until the next call.
 */
enum tachoi_accumulate_result tachoi_accumulate_histogram(struct tachoi_series_memory *memory,
                                                          tacho_histogram_point *point);
/** `it` is the point's, and becomes the total; its counts are the memory's until the next call. */
enum tachoi_accumulate_result
tachoi_accumulate_exponential(struct tachoi_series_memory *memory,
                              tacho_exponential_histogram_point *point,
                              struct tachoi_native_histogram *it, struct tachoi_arena *arena);

#endif
