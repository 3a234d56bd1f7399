/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what an exporter's options wish for instruments: temporality and aggregation by kind.
 * Immutable after init, but for fini. (STD-02, STD-03, MEM-01, MEM-02) */
#ifndef TACHOI_SETUP_PREFERENCES_H
#define TACHOI_SETUP_PREFERENCES_H

#include "base/arena.h"
#include "setup/exporter_setup.h"

struct tachoi_exporter_preferences {
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS]; /* delta or cumulative */
    tacho_aggregation aggregations[TACHO_INSTRUMENT_KINDS];  /* boundaries in `memory` */
    struct tachoi_arena memory;
};

/** Takes over the options of the same names, checked as far as copying them needs; the reader that
 * asks for them checks the rest. TACHO_OK, TACHO_E_INVALID, TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY,
 * which is told; then no fini is needed. */
int tachoi_exporter_preferences_init(
    struct tachoi_exporter_preferences *preferences, const struct tachoi_exporter_setup *setup,
    tacho_temporality_preference temporality_preference,
    const tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS],
    const tacho_aggregation *const default_aggregations[TACHO_INSTRUMENT_KINDS]);
void tachoi_exporter_preferences_fini(struct tachoi_exporter_preferences *preferences);

/** As the functions of the same names in tacho_metric_exporter_ops. */
tacho_temporality
tachoi_exporter_preferences_temporality(const struct tachoi_exporter_preferences *preferences,
                                        tacho_instrument_kind kind);
void tachoi_exporter_preferences_aggregation(const struct tachoi_exporter_preferences *preferences,
                                             tacho_instrument_kind kind, tacho_aggregation *out);

#endif
