/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the console exporter: each batch as text for people, to learn and to debug.
 *
 * Warning: the format is not specified and changes with any version. Do not parse it and do not use
 * it in production. Who needs a stable text takes OpenTelemetry's OTLP file format, which other
 * exporters write (tacho has none yet).
 * Source: OpenTelemetry specification, metrics/sdk_exporters/stdout.md (STD-01..05). */
#ifndef TACHO_EXPORTERS_CONSOLE_H
#define TACHO_EXPORTERS_CONSOLE_H

#include <stdio.h>

#include "tacho/sdk/metric_exporter.h"
#include "tacho/sdk/metric_reader.h"

TACHO_BEGIN_DECLS

typedef struct tacho_console_options {
    size_t struct_size; /**< Required. sizeof(tacho_console_options). */
    FILE *stream;       /**< Optional (NULL = stdout). Borrowed; must outlive the exporter. */
    tacho_error *error; /**< Optional (NULL = not wanted). Says what was wrong. */
    /** Optional (0 = cumulative for all kinds). What the reader uses unless its own options say. */
    tacho_temporality_preference temporality_preference;
    /** Optional (0 = by temporality_preference). For each kind, by its number. */
    tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS];
    /** Optional (NULL = default). For each kind, by its number; what the reader uses unless a view
     * or its own options say. Copied; the reader checks the parameters. */
    const tacho_aggregation *default_aggregations[TACHO_INSTRUMENT_KINDS];
} tacho_console_options;

/**
 * Makes a console exporter; `options` may be NULL. `*out` is the caller's until a reader takes it.
 * Returns TACHO_OK, TACHO_E_UNSUPPORTED, TACHO_E_INVALID, TACHO_E_NO_MEMORY.
 */
TACHO_API int tacho_console_exporter_create(const tacho_console_options *options,
                                            tacho_metric_exporter **out);

/**
 * Makes a periodic reader with a console exporter on stdout, every 10000 ms unless
 * OTEL_METRIC_EXPORT_INTERVAL says otherwise: what OTEL_METRICS_EXPORTER=console stands for.
 * (STD-04) Returns TACHO_OK, TACHO_E_INVALID (no `out`), TACHO_E_NO_MEMORY.
 */
TACHO_API int tacho_console_reader_create(tacho_metric_reader **out);

TACHO_END_DECLS

#endif
