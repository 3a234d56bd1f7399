/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the console exporter: each batch as text for people, to learn and to debug. The format is
 * not specified and changes; do not parse it and do not use it in production.
 * Source: OpenTelemetry specification, metrics/sdk_exporters/stdout.md (STD-01..05). */
#ifndef TACHO_EXPORTERS_CONSOLE_H
#define TACHO_EXPORTERS_CONSOLE_H

#include <stdio.h>

#include "tacho/sdk/metric_exporter.h"

TACHO_BEGIN_DECLS

typedef struct tacho_console_options {
    size_t struct_size; /**< Required. sizeof(tacho_console_options). */
    FILE *stream;       /**< Optional (NULL = stdout). Borrowed; must outlive the exporter. */
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
} tacho_console_options;

/**
 * Makes a console exporter; `options` may be NULL. `*out` is the caller's until a reader takes it.
 * Pair it with a periodic reader of 10000 ms (STD-04).
 * Returns TACHO_OK, TACHO_E_UNSUPPORTED, TACHO_E_INVALID, TACHO_E_NO_MEMORY.
 */
TACHO_API int tacho_console_exporter_create(const tacho_console_options *options,
                                            tacho_metric_exporter **out);

TACHO_END_DECLS

#endif
