/* SPDX-License-Identifier: Apache-2.0 */
/* Owns putting what metric producers give beside the SDK's own metrics: asking them, leaving out
 * what is wrong or not wanted, one batch of it all. (RDR-07..09, PRD-01..06, FLT-01..04) */
#ifndef TACHOI_READER_GATHER_H
#define TACHOI_READER_GATHER_H

#include "base/arena.h"
#include "tacho/sdk/metric_producer.h"

/** Who is asked, and for what. */
struct tachoi_gather {
    tacho_metric_producer *const *producers;
    size_t producer_count;
    const tacho_metric_filter *filter; /* NULL = all */
    const tacho_temporality *temporalities;
    uint64_t deadline_ns;
    struct tachoi_arena *arena; /* for what has to live as long as the batch */
};

/**
 * Asks all producers, in order, and puts their scopes behind those of `batch` in `*out`, which is
 * `batch` itself where they have none. Runs their code and the filter's, so no lock may be held but
 * the reader's gate. TACHO_OK; TACHO_E_TIMEOUT, TACHO_E_FAILED (a producer said so),
 * TACHO_E_NO_MEMORY (something had to be left out): `*out` holds the rest. Failures are told.
 */
int tachoi_gather(const struct tachoi_gather *gather, const tacho_metric_batch *batch,
                  const tacho_metric_batch **out);

#endif
