/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what readers measure of themselves and of their exporters, under OpenTelemetry's names,
 * through the public API as any other library. It is off until it is given a provider.
 *
 * Recorded inside a collection, which is allowed, as recording waits for none; what a collection
 * adds comes with the next one (what the export of a part adds, perhaps with a later part), and is
 * one point of a series that exists, so that nothing feeds itself.
 *
 * An exporter that keeps an account delivers later what it takes now. Then nothing is measured of
 * its exports; at each collection, and when it has been shut down, what its account has gained is
 * added. The account is in samples, of which a histogram point may make many. (OBS-01..04) */
#ifndef TACHOI_READER_SELF_OBSERVATION_H
#define TACHOI_READER_SELF_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacho/counter.h"
#include "tacho/histogram.h"
#include "tacho/meter.h"
#include "tacho/sdk/metric_exporter.h"
#include "tacho/up_down_counter.h"

/** "<type>/<n>" and its first part: otel.component.name and otel.component.type. */
struct tachoi_component {
    char name[96];
    char type[80];
};

/** Of one reader. Zero: off. Any thread, but for what is the gate's. */
struct tachoi_self_observation {
    /* immutable after init */
    struct tachoi_component reader;
    struct tachoi_component exporter;
    tacho_histogram *collection_duration; /* NULL = off, as are the following */
    tacho_up_down_counter *inflight;
    tacho_counter *exported;
    tacho_histogram *export_duration; /* NULL for an exporter that keeps an account */

    /* guarded by the reader's gate */
    tacho_delivery told; /* of the account */
};

/** Switches it on: names the components and makes the instruments at `provider`. `exporter` (NULL =
 * none) is the table's name, `has_account` whether it keeps an account. */
void tachoi_self_observation_init(struct tachoi_self_observation *self,
                                  tacho_meter_provider *provider, const char *reader_type,
                                  const char *exporter, bool has_account);

/** A collection has ended that took so long, without the exports of its parts. */
void tachoi_self_observe_collection(const struct tachoi_self_observation *self,
                                    uint64_t duration_ns, int status);

/** Adds what the account of `exporter` (NULL allowed), if it keeps one, has gained since the last
 * call. Inside the reader's gate. */
void tachoi_self_observe_account(struct tachoi_self_observation *self,
                                 const tacho_metric_exporter *exporter);

/** An export of so many points begins. */
void tachoi_self_observe_export_begin(const struct tachoi_self_observation *self, size_t points);
/** It, begun then, has ended. */
void tachoi_self_observe_export_end(const struct tachoi_self_observation *self, size_t points,
                                    uint64_t begin_ns, int status);

#endif
