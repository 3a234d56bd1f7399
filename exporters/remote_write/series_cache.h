/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series that the exporter knows, found by the SDK's series identity. A series that a
 * collection did not have is freed after it, or, if queued records still pin it, after a later one.
 * Series without an identity (id 0) are not found again: they are kept as long as they are pinned.
 * Exporting side only, but for what sweep says. */
#ifndef TACHOI_REMOTE_WRITE_SERIES_CACHE_H
#define TACHOI_REMOTE_WRITE_SERIES_CACHE_H

#include "remote_write/encoded_series.h"

/** The id of a series that has none. */
#define TACHOI_NO_SERIES_ID UINT64_C(0)

/** Zero-initialised before use. */
struct tachoi_series_cache {
    struct tachoi_encoded_series **slots; /* chains; a power of two, NULL when empty */
    size_t slot_count;
    struct tachoi_encoded_series *without_id;
    size_t count;
};

void tachoi_series_cache_fini(struct tachoi_series_cache *cache);

/** NULL if it is not there, or without an id. */
struct tachoi_encoded_series *tachoi_series_cache_find(const struct tachoi_series_cache *cache,
                                                       tacho_series_ref ref);

/** Takes a series over that is not there yet; false when memory is short, then it is not taken. */
bool tachoi_series_cache_add(struct tachoi_series_cache *cache,
                             struct tachoi_encoded_series *series);

/** Called for each series that was not seen but is pinned. */
typedef void (*tachoi_series_unseen_fn)(struct tachoi_encoded_series *series, void *user);

/** After collection `number`, when its records are queued: frees what it did not have, and what has
 * no id, unless it is pinned; hands what is pinned to `unseen`. The account's lock is held. */
void tachoi_series_cache_sweep_locked(struct tachoi_series_cache *cache, uint64_t number,
                                      tachoi_series_unseen_fn unseen, void *user);

#endif
