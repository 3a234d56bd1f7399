/* SPDX-License-Identifier: Apache-2.0 */
/* Owns instrumentation scopes: finding or making the one of an identity, and the instruments and
 * streams of a scope with OpenTelemetry's rules for duplicates. Judges no names and reports
 * nothing: it tells its caller what conflicts it saw. (API-06, SDK-04, SDK-17, INST-01..13) */
#ifndef TACHOI_PIPELINE_SCOPE_H
#define TACHOI_PIPELINE_SCOPE_H

#include "pipeline/instrument.h"
#include "pipeline/pipeline.h"

#define TACHOI_SCOPE_BUCKETS 64

/** What one collector reads of a scope. */
struct tachoi_stream_list {
    struct tachoi_stream *first; /* in order of creation */
    struct tachoi_stream *last;
    size_t count;
};

struct tachoi_scope {
    tacho_spi_meter handle; /* first: what the API calls a meter */

    /* immutable after creation */
    struct tachoi_pipeline *pipeline;
    uint64_t hash;
    tacho_scope identity;
    const unsigned char *packed_attributes;
    size_t packed_size;

    /* guarded by the pipeline's lock */
    struct tachoi_scope *next; /* in order of creation */
    bool is_disabled;          /* by the meter configurator */
    struct tachoi_instrument *first_instrument;
    struct tachoi_instrument *last_instrument;
    struct tachoi_instrument *instruments[TACHOI_SCOPE_BUCKETS]; /* by the hash of the name */
    struct tachoi_stream *streams[TACHOI_SCOPE_BUCKETS];         /* by the hash of their names */
    struct tachoi_stream_list collected[];                       /* one for each collector */
};

/** The scope of this identity (its attributes in any order); made if need be, which asks the meter
 * configurator: no lock held. NULL when memory is short or the pipeline is not open. */
struct tachoi_scope *tachoi_pipeline_scope(struct tachoi_pipeline *pipeline,
                                           const tacho_scope *identity);

/** What a request for an instrument collided with. */
enum tachoi_conflict {
    TACHOI_CONFLICT_CASING = 1,  /* the name was spelled otherwise before; that spelling stays */
    TACHOI_CONFLICT_ADVISORY = 2 /* same instrument, other advice; the first one stays */
};

/** A new instrument's stream and one of another instrument that was there before, of one name and
 * one reader: two streams that are not equal; or equal ones, which views made of instruments of
 * different names, so that the two instruments share `seen`. */
struct tachoi_stream_conflict {
    const struct tachoi_instrument_about *about; /* of the new instrument */
    const struct tachoi_stream *stream;          /* `seen` where it is shared */
    const struct tachoi_stream *seen;
};

/** Conflicts that one new instrument can be told to have. */
#define TACHOI_STREAM_CONFLICTS 8

struct tachoi_instrument_verdict {
    unsigned conflicts;                   /* of enum tachoi_conflict */
    const struct tachoi_instrument *seen; /* the instrument that was there before */
    struct tachoi_stream_conflict streams[TACHOI_STREAM_CONFLICTS];
    size_t stream_count; /* each pair once, however many readers see it */
};

/** The instrument that the description asks for: an identical one that exists, else a new one, for
 * which views are asked: no lock held. NULL when memory is short or the pipeline is not open. */
struct tachoi_instrument *tachoi_scope_instrument(struct tachoi_scope *scope,
                                                  const struct tachoi_instrument_about *about,
                                                  struct tachoi_instrument_verdict *verdict);

/** Frees the instruments and streams of a scope; the scope itself lies in the pipeline's arena. */
void tachoi_scope_destroy_instruments(struct tachoi_scope *scope);

#endif
