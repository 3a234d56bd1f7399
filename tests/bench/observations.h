/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of what arrived: how many observations the points of a histogram have. What was
 * recorded and is not among them was dropped. */
#ifndef TACHO_BENCH_OBSERVATIONS_H
#define TACHO_BENCH_OBSERVATIONS_H

#include <stdint.h>

#include "tacho/sdk/metric_reader.h"

/** Collects, and adds up the counts of all points of the histogram (explicit or exponential) with
 * this name. Where a ring is drained, that collection is the one that does it. */
uint64_t bench_observations(tacho_metric_reader *reader, const char *name);

#endif
