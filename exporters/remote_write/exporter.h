/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the remote-write exporter's table of functions, for its own files and their tests. */
#ifndef TACHOI_REMOTE_WRITE_EXPORTER_H
#define TACHOI_REMOTE_WRITE_EXPORTER_H

#include "tacho/exporters/remote_write.h"

extern const tacho_metric_exporter_ops tachoi_remote_write_ops;

#endif
