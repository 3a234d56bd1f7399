/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the remote-write exporter's table of functions, for its own files and their tests. */
#ifndef TACHOI_REMOTE_WRITE_EXPORTER_H
#define TACHOI_REMOTE_WRITE_EXPORTER_H

#include "tacho/exporters/remote_write.h"

/** Points of a batch: so many, with their attributes, stay in the processor's cache until they are
 * converted, and what a batch costs is little beside them. */
enum { TACHOI_REMOTE_WRITE_BATCH_POINTS = 384 };

extern const tacho_metric_exporter_ops tachoi_remote_write_ops;

#endif
