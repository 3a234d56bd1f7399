/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what both kinds of readers can be told, and the order of precedence: option, then what the
 * exporter prefers, then OpenTelemetry's default. (RDR-01, CARD-02, CARD-10) */
#ifndef TACHOI_READER_READER_OPTIONS_H
#define TACHOI_READER_READER_OPTIONS_H

#include "reader/exporter.h"
#include "tacho/sdk/metric_reader.h"

struct tachoi_setup;

/** The members that the options of both readers have, as given; arrays go by the kind. */
struct tachoi_reader_options {
    uint32_t cardinality_limit;
    const uint32_t *cardinality_limits;
    tacho_temporality_preference temporality_preference;
    const tacho_temporality *temporalities;
    const tacho_aggregation *const *default_aggregations;
    tacho_metric_producer *const *producers;
    size_t producer_count;
    const tacho_metric_filter *metric_filter;
    size_t max_export_batch_size;
};

/** These members of a struct of either kind, which must live as long. */
#define TACHOI_READER_OPTIONS(known)                                                               \
    {                                                                                              \
        .cardinality_limit = (known).cardinality_limit,                                            \
        .cardinality_limits = (known).cardinality_limits,                                          \
        .temporality_preference = (known).temporality_preference,                                  \
        .temporalities = (known).temporalities,                                                    \
        .default_aggregations = (known).default_aggregations, .producers = (known).producers,      \
        .producer_count = (known).producer_count, .metric_filter = (known).metric_filter,          \
        .max_export_batch_size = (known).max_export_batch_size                                     \
    }

/** Reads the options into a reader that has its exporter. Takes over all producers that can be
 * taken, whatever happens. TACHO_OK; TACHO_E_INVALID, TACHO_E_BUSY (a producer that has a reader),
 * TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY, TACHO_E_FORKED, which are told. */
int tachoi_reader_configure(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                            const struct tachoi_reader_options *options);

/** Destroys the producers for which there will be no reader, unless they have one. */
void tachoi_reader_dismiss_producers(const struct tachoi_reader_options *options);

#endif
