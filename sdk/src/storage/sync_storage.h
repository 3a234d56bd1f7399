/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the inside of a synchronous storage, for sync_storage.c (its life and recording) and
 * sync_collect.c (reading it). */
#ifndef TACHOI_STORAGE_SYNC_STORAGE_H
#define TACHOI_STORAGE_SYNC_STORAGE_H

#include <stdatomic.h>

#include "storage/series_map.h"
#include "storage/storage.h"

struct tachoi_sync_storage {
    /* immutable after create */
    double *bounds; /* owned; family.aggregation.bounds */
    /* as their headers say */
    struct tachoi_series_family family;
    struct tachoi_series_map map;
    /* atomic */
    _Atomic(uint64_t) no_memory;
    _Atomic(uint64_t) forked;
    /* collecting thread only */
    uint64_t last_collect_unix_nano;
};

#endif
