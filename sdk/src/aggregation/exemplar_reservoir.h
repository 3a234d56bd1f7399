/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sampling that both reservoirs share. A reservoir has strata, among whose measurements it
 * samples apart from each other; each has the same number of places. The simple reservoir is one
 * stratum of n places, the aligned one a stratum of one place for each bucket. Knows nothing of
 * filters or series. (EXM-08, EXM-12, EXM-16, EXM-17, EXM-19, EXM-24)
 *
 * Within a stratum it is Vitter's algorithm R: the first n measurements of a round take the n
 * places; the one that m others came before takes the place drawn from 0..m, if there is such a
 * place. After any number of measurements each of them is then in it equally likely. A round ends
 * with collect; what it sampled stays, for cumulative points, until the next round replaces it.
 *
 *               offer   collect   destroy
 *   offer        yes      yes       no
 *   collect      yes      no        no
 *
 * Progress: an offer tries the reservoir's lock once and gives up if it is held, as if the
 * measurement had not been drawn, so no recorder ever waits. A collector waits for an offer that is
 * being stored. No foreign code runs under the lock. In a forked child a lock that a thread of the
 * parent held counts as free; what it may have left half written is forgotten. */
#ifndef TACHOI_AGGREGATION_EXEMPLAR_RESERVOIR_H
#define TACHOI_AGGREGATION_EXEMPLAR_RESERVOIR_H

#include <stddef.h>
#include <stdint.h>

#include "tacho/sdk/exemplar.h"

struct tachoi_exemplar_reservoir;

/** NULL when memory is short. `stratum_count` and `places` are at least 1. */
struct tachoi_exemplar_reservoir *
tachoi_exemplar_reservoir_create(const tacho_exemplar_reservoir_config *config,
                                 size_t stratum_count, size_t places);
/** The number of places in each stratum of a simple reservoir; never 0. */
size_t tachoi_exemplar_places(const tacho_exemplar_reservoir_config *config, void *user);

/* The functions of both tables; `self` is a struct tachoi_exemplar_reservoir. */

/** Puts the measurement into the stratum of its bucket. */
void tachoi_exemplar_reservoir_offer(void *self, const tacho_exemplar_measurement *measurement);
void tachoi_exemplar_reservoir_collect(void *self, tacho_exemplar_sink_fn sink, void *sink_self);
void tachoi_exemplar_reservoir_destroy(void *self);

/** For tests: makes the draws repeatable. Before the first offer. */
void tachoi_exemplar_reservoir_seed(struct tachoi_exemplar_reservoir *reservoir, uint64_t seed);

#endif
