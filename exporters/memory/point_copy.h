/* SPDX-License-Identifier: Apache-2.0 */
/* Owns copies of points of every type. */
#ifndef TACHOI_MEMORY_POINT_COPY_H
#define TACHOI_MEMORY_POINT_COPY_H

#include "memory/copier.h"
#include "tacho/sdk/metric_data.h"

/** Sets the points of `copy` to copies of those of `source`; to none if their type is of a later
 * SDK. */
void tachoi_copy_points(struct tachoi_copier *copier, const tacho_metric *source,
                        tacho_metric *copy);

#endif
