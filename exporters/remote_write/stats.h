/* SPDX-License-Identifier: Apache-2.0 */
/* Owns arithmetic on the accounts of endpoints: sums of several, and what the SDK wants of one.
 * Pure. */
#ifndef TACHOI_REMOTE_WRITE_STATS_H
#define TACHOI_REMOTE_WRITE_STATS_H

#include "tacho/exporters/remote_write.h"

/** Adds an account to a sum that was zero at first: numbers are added, of times the latest counts,
 * of versions the lowest; the status is that of the first endpoint that has none of success, else
 * that of the first. */
void tachoi_remote_write_stats_add(tacho_remote_write_stats *sum,
                                   const tacho_remote_write_stats *one);

/** What the SDK wants to know of it; struct_size is left alone. */
void tachoi_remote_write_stats_delivery(const tacho_remote_write_stats *stats, tacho_delivery *out);

#endif
