/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the inside of a synchronous storage, for sync_storage.c (its life and recording),
 * sync_collect.c (which series a collection yields) and sync_points.c (a series as a point). */
#ifndef TACHOI_STORAGE_SYNC_STORAGE_H
#define TACHOI_STORAGE_SYNC_STORAGE_H

#include <stdatomic.h>

#include "storage/series_map.h"
#include "storage/storage.h"

/** Where the reading of a collection has come to. Between two calls that read, the collector alone
 * may unlink series; so those that it holds here stay where they are. */
struct tachoi_sync_reading {
    struct tachoi_moment now;
    uint64_t interval_start_unix_nano; /* delta: of these points */
    uint64_t elapsed_ms;               /* since the collection before */
    struct tachoi_series_round round;
    struct tachoi_series *kept;     /* the next of those that are unlinked but kept */
    size_t kept_count;              /* of these, not looked at yet */
    struct tachoi_series *previous; /* the last linked one that was looked at and left linked */
    struct tachoi_series *series;   /* the next linked one */
    size_t linked_count;            /* of these, not looked at yet */
};

/** Lengths of lists that are told apart: call sites of one instrument often differ in it. A power
 * of two. */
#define TACHOI_LIST_LENGTHS 4

struct tachoi_sync_storage {
    /* immutable after create */
    double *bounds;                          /* owned; family.aggregation.bounds */
    struct tachoi_exemplar_policy exemplars; /* family.exemplars, if there are any */
    const struct tachoi_attribute_filter *filter;
    uint64_t idle_ns;
    uint64_t hash_seed; /* the process's */
    /* atomic */
    /* in which lists are expected, by their length: those of new series; only hints */
    _Atomic(uint64_t) orders[TACHOI_LIST_LENGTHS];
    /* as their headers say */
    struct tachoi_series_family family;
    struct tachoi_series_map map;
    /* atomic */
    _Atomic(uint64_t) no_memory;
    _Atomic(uint64_t) forked;
    /* collecting thread only */
    uint64_t interval_start_unix_nano; /* delta: when the last collection was */
    uint64_t last_collect_ns;          /* monotonic */
    struct tachoi_sync_reading reading;
};

/** What the points of one part of a collection are made with. */
struct tachoi_point_maker {
    struct tachoi_sync_storage *storage;
    struct tachoi_arena *arena;
    uint64_t now_unix_nano;
    uint64_t interval_start_unix_nano;  /* delta */
    struct tachoi_exponential *scratch; /* exponential histograms: made with the first point */
    uint64_t *buckets;                  /* the same: memory for the buckets of the next points */
    size_t bucket_count;
};

enum tachoi_point_result { TACHOI_POINT_MADE, TACHOI_POINT_EMPTY, TACHOI_POINT_NO_MEMORY };

/** Makes the series' point, and clears the series' touch where touches are taken; of a delta stream
 * it takes the cells. Nothing is taken if memory is short. EMPTY: there is nothing in the series.
 */
enum tachoi_point_result tachoi_point_make(struct tachoi_point_maker *maker,
                                           struct tachoi_series *series, void *point);

#endif
