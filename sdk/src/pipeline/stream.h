/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a stream: what a reader gets of an instrument by one view, with the storage behind it. A
 * scope owns its streams, those of each collector apart, and finds them by identity, so that
 * instruments which come out equal share one (INST-04, INST-07). Readers never share any: a delta
 * reset cannot be seen by another (TIME-12, RDR-04). */
#ifndef TACHOI_PIPELINE_STREAM_H
#define TACHOI_PIPELINE_STREAM_H

#include "pipeline/instrument_about.h"
#include "pipeline/view.h"
#include "storage/storage.h"

struct tachoi_collector;

struct tachoi_stream {
    /* immutable after creation */
    struct tachoi_collector *collector;
    const struct tachoi_instrument_about *about; /* of the instrument that it was made for */
    struct tachoi_stream_plan plan;
    uint64_t name_hash;               /* of the plan's name */
    struct tachoi_sync_storage *sync; /* NULL for observable instruments */

    /* guarded by the pipeline's lock */
    struct tachoi_async_storage *async;   /* collecting thread too, which no retiring runs beside */
    struct tachoi_stream *next;           /* of the scope and collector, in order of creation */
    struct tachoi_stream *next_in_bucket; /* of the scope, newest first */
    tacho_string description;             /* as exported: see tachoi_stream_meet_locked */

    /* collecting thread only */
    uint64_t observed_round; /* the last collection in which it took observations */
    bool was_complete;       /* and whether all callbacks ran in it */
};

/** A new stream, in no list yet; takes the plan's filter over. `about` and what the plan points to
 * must outlive it. NULL when memory is short. */
struct tachoi_stream *tachoi_stream_create(struct tachoi_collector *collector,
                                           const struct tachoi_instrument_about *about,
                                           struct tachoi_stream_plan *plan,
                                           uint64_t creation_unix_nano);
void tachoi_stream_destroy(struct tachoi_stream *stream);
/** Frees what only collections touch. */
void tachoi_stream_retire_locked(struct tachoi_stream *stream);

/** Whether the stream takes observations in the collector's collection that runs now. Its
 * collecting thread. */
bool tachoi_collector_observes(const struct tachoi_collector *collector,
                               const struct tachoi_stream *stream);

/** Whether both exist for the same collector under names that mean the same. */
bool tachoi_stream_has_name_of(const struct tachoi_stream *a, const struct tachoi_stream *b);
/** Whether they are one stream in all. */
bool tachoi_stream_equals(const struct tachoi_stream *a, const struct tachoi_stream *b);

/** Two streams of one name: if only the description tells them apart for a receiver, both are
 * exported with the longer one (DM-01, DM-03). */
void tachoi_stream_meet_locked(struct tachoi_stream *a, struct tachoi_stream *b);

#endif
