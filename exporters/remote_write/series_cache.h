/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series that the exporter knows, in the order in which collections bring them, so that a
 * collection walks through them from the first to the last: a series is looked for at the place
 * behind the one before, and only if it is not there by its identity. Exporting side only, but for
 * what retire says.
 *
 * A series that a collection did not have is retired after it: the queue has it then, and frees it
 * with the last of its records. Series without an identity (id 0) are not found again; they are
 * retired after their first collection.
 *
 * It also knows which series have time series with equal labels (CONV-08, CONV-09): looked for when
 * a series is added, against all that are there. They are "contested", for as long as they are
 * there; all others need not be looked at in a collection.
 *
 *   begin, then find or add for each point, then finish, then retire */
#ifndef TACHOI_REMOTE_WRITE_SERIES_CACHE_H
#define TACHOI_REMOTE_WRITE_SERIES_CACHE_H

#include "remote_write/encoded_series.h"

/** The id of a series that has none. */
#define TACHOI_NO_SERIES_ID UINT64_C(0)

#define TACHOI_LABEL_HASH_BITS 24

/** All that a collection needs of a series that it had before: the labels are left alone. */
struct tachoi_cached_series {
    uint64_t id;
    struct tachoi_encoded_series *series; /* NULL: it has no valid name or labels */
    uint32_t generation;
    uint32_t label_hash : TACHOI_LABEL_HASH_BITS;
    uint32_t kind : 3; /* enum tachoi_encoded_series_kind */
    uint32_t is_contested : 1;
    uint32_t has_sum : 1;     /* a histogram of it had one */
    uint32_t is_filtered : 1; /* relabelling drops it: there is no series */
    uint32_t is_ended : 1;    /* its end was told, and no value has come since */
    uint32_t is_early : 1;    /* its starts are sent 1 ms earlier than they are */
    uint32_t visit;           /* number of its last visit; wraps around */
    uint32_t records;         /* that were made of it; wraps around */
};

/** The shard of a series: by its labels, so that equal ones are in one. */
static inline size_t tachoi_cached_series_shard(const struct tachoi_cached_series *entry,
                                                size_t shard_count) {
    return shard_count == 1
               ? 0
               : (size_t)((uint64_t)entry->label_hash * shard_count >> TACHOI_LABEL_HASH_BITS);
}

/** Numbers of entries, by a hash: open addressing, a power of two slots. */
struct tachoi_series_index {
    uint32_t *slots; /* number + 1; 0 = free */
    size_t slot_count;
};

/** Zero-initialised before use. */
struct tachoi_series_cache {
    struct tachoi_cached_series *entries;
    size_t count;
    size_t capacity;
    struct tachoi_series_index by_id;
    struct tachoi_series_index by_labels; /* without those that equal another one */
    struct tachoi_series_shapes shapes;

    /* the collection */
    size_t expected;      /* entry of the next point, if it brings what the last one brought */
    uint32_t first_visit; /* number of the first one */
    uint32_t visits;      /* different series so far */
    uint32_t detours;     /* series that were not where they were expected */
    uint32_t without_id;
    size_t kept; /* once finished: entries behind are to be retired */
};

void tachoi_series_cache_fini(struct tachoi_series_cache *cache);

/** A collection begins. */
void tachoi_series_cache_begin(struct tachoi_series_cache *cache);

/** The entry, visited by this collection; NULL if it is not there, or without an id.
 * `is_first` tells whether it had not been visited yet. Valid until the next add or finish. */
struct tachoi_cached_series *tachoi_series_cache_look_up(struct tachoi_series_cache *cache,
                                                         tacho_series_ref ref, bool *is_first);

/** The entry where the next point's is expected, if that is its and not yet visited; else NULL. */
static inline const struct tachoi_cached_series *
tachoi_series_cache_expected(const struct tachoi_series_cache *cache, tacho_series_ref ref) {
    if (cache->expected < cache->count) {
        const struct tachoi_cached_series *entry = &cache->entries[cache->expected];
        if (entry->id == ref.id && entry->generation == ref.generation &&
            entry->visit - cache->first_visit >= cache->visits && ref.id != TACHOI_NO_SERIES_ID) {
            return entry;
        }
    }
    return NULL;
}

/** Visits it. */
static inline struct tachoi_cached_series *
tachoi_series_cache_take(struct tachoi_series_cache *cache) {
    struct tachoi_cached_series *entry = &cache->entries[cache->expected++];
    entry->visit = cache->first_visit + cache->visits++;
    return entry;
}

static inline struct tachoi_cached_series *
tachoi_series_cache_find(struct tachoi_series_cache *cache, tacho_series_ref ref, bool *is_first) {
    *is_first = true;
    return tachoi_series_cache_expected(cache, ref) != NULL
               ? tachoi_series_cache_take(cache)
               : tachoi_series_cache_look_up(cache, ref, is_first);
}

/** Takes over the series `made`, which may have none, under an identity that is not there, and
 * visits it. NULL when memory is short, then it is not taken. */
struct tachoi_cached_series *tachoi_series_cache_add(struct tachoi_series_cache *cache,
                                                     tacho_series_ref ref,
                                                     enum tachoi_encoded_series_kind kind,
                                                     const struct tachoi_encoded_series_made *made);

/** After a collection: sorts out what is to be retired, and puts the rest into the order of the
 * collection where that has changed. With `is_whole` false nothing is: the collection broke off,
 * and what it did not bring may be there all the same. */
void tachoi_series_cache_finish(struct tachoi_series_cache *cache, bool is_whole);

/** Frees retired series, a list by `next_gone`. */
void tachoi_series_cache_free(struct tachoi_series_cache *cache,
                              struct tachoi_encoded_series *gone);

/** Called for each series that leaves; entry->records were made of it. */
typedef void (*tachoi_series_retire_fn)(const struct tachoi_cached_series *entry, void *user);

/** After finish, when the collection's records are queued: gives up what was sorted out. The
 * account's lock is held. */
void tachoi_series_cache_retire_locked(struct tachoi_series_cache *cache,
                                       tachoi_series_retire_fn retire, void *user);

#endif
