/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one door to several endpoints: each batch goes to all of them. Each is a complete exporter
 * with a conversion, a queue, a thread and an account of its own, so that none disturbs another
 * (QUEUE-10). Knows nothing of what they do; flush and shutdown go in steps, each step for all, so
 * that one that does not answer takes only its own time. */
#ifndef TACHOI_REMOTE_WRITE_FAN_OUT_H
#define TACHOI_REMOTE_WRITE_FAN_OUT_H

#include "remote_write/exporter.h"

/** More of them are a mistake. */
#define TACHOI_REMOTE_WRITE_ENDPOINTS_MAX ((size_t)100)

extern const tacho_metric_exporter_ops tachoi_remote_write_fan_out_ops;

/** How many endpoints the exporter has, of either table; 0 if it is of another type. */
size_t tachoi_remote_write_endpoint_count(const tacho_metric_exporter *exporter);

/** Endpoint number `index`, which there is. */
struct tachoi_remote_write_exporter *
tachoi_remote_write_endpoint(const tacho_metric_exporter *exporter, size_t index);

#endif
