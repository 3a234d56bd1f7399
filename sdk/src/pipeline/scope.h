/* SPDX-License-Identifier: Apache-2.0 */
/* Owns instrumentation scopes: finding or making the one of an identity, and the instruments of a
 * scope with OpenTelemetry's rules for duplicates. Judges no names and reports nothing: it tells
 * its caller what conflicts it saw. (API-06, SDK-04, SDK-17, INST-01..13) */
#ifndef TACHOI_PIPELINE_SCOPE_H
#define TACHOI_PIPELINE_SCOPE_H

#include "pipeline/instrument.h"
#include "pipeline/pipeline.h"

#define TACHOI_INSTRUMENT_BUCKETS 64

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
    struct tachoi_instrument *first_instrument;
    struct tachoi_instrument *last_instrument;
    size_t instrument_count;
    struct tachoi_instrument *buckets[TACHOI_INSTRUMENT_BUCKETS]; /* by folded name */
};

/** The scope of this identity (its attributes in any order); made if need be. NULL when memory is
 * short or the pipeline is not open. */
struct tachoi_scope *tachoi_pipeline_scope(struct tachoi_pipeline *pipeline,
                                           const tacho_scope *identity);

/** What a request for an instrument collided with. */
enum tachoi_conflict {
    TACHOI_CONFLICT_CASING = 1,   /* the name was spelled otherwise before; that spelling stays */
    TACHOI_CONFLICT_IDENTITY = 2, /* kind, number type, unit or description differ: two streams */
    TACHOI_CONFLICT_ADVISORY = 4  /* same instrument, other boundaries; the first ones stay */
};

struct tachoi_instrument_verdict {
    unsigned conflicts;                   /* of enum tachoi_conflict */
    const struct tachoi_instrument *seen; /* the instrument that was there before */
};

/** The instrument that the description asks for: an identical one that exists, else a new one.
 * NULL when memory is short or the pipeline is not open. */
struct tachoi_instrument *tachoi_scope_instrument(struct tachoi_scope *scope,
                                                  const struct tachoi_instrument_about *about,
                                                  struct tachoi_instrument_verdict *verdict);

#endif
