/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which exemplars of a point travel with its record, and their labels (CONV-22, PROM-19,
 * PROM-39): of a histogram the newest of each bucket, of anything else all; none that was sent
 * before or is older than one that was; none without labels, which some receivers refuse. Pure but
 * for memory. Exporting side only. */
#ifndef TACHOI_REMOTE_WRITE_EXEMPLAR_CHOICE_H
#define TACHOI_REMOTE_WRITE_EXEMPLAR_CHOICE_H

#include "remote_write/record.h"
#include "remote_write/series_memory.h"

/** Most characters of all names and values, as OpenMetrics has it: beyond, attributes stay behind.
 */
#define TACHOI_EXEMPLAR_CHARACTERS_MAX 128

/** Exemplars on their way to a record, in an arena. */
struct tachoi_chosen_exemplars {
    struct tachoi_record_exemplar *items; /* by component, and by time in each */
    size_t count;
    size_t words;   /* that they take in the record */
    size_t skipped; /* that have no labels */
};

/** Chooses of the exemplars of a point of the series. What is chosen counts as sent from now on.
 * False when memory is short. */
bool tachoi_exemplars_choose(const tacho_exemplars *exemplars,
                             const struct tachoi_prometheus_naming *naming,
                             const struct tachoi_encoded_series *series,
                             struct tachoi_series_memory *memory, struct tachoi_arena *arena,
                             struct tachoi_chosen_exemplars *out);

#endif
