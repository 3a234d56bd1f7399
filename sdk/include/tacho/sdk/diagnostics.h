/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the one place where tacho tells the application what went wrong: a process-wide handler,
 * rate-limited, by default warnings on standard error. Recording never calls it: what recording
 * drops is counted and told at the next collection.
 * Source: OpenTelemetry specification, error-handling.md (ERR-01..08). */
#ifndef TACHO_SDK_DIAGNOSTICS_H
#define TACHO_SDK_DIAGNOSTICS_H

#include "tacho/export.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

typedef enum tacho_severity {
    TACHO_SEVERITY_ERROR = 1,
    TACHO_SEVERITY_WARNING = 2,
    TACHO_SEVERITY_INFO = 3,
    TACHO_SEVERITY_DEBUG = 4
} tacho_severity;

/** One message. Valid during the handler's call only. */
typedef struct tacho_diagnostic {
    size_t struct_size;
    tacho_severity severity;
    const char *component; /**< who speaks: "meter_provider", "remote_write", ... */
    const char *kind;      /**< stable name of the event, the key of the rate limit: "queue_full" */
    const char *message;   /**< one English sentence without secrets and without a line break */
    uint64_t suppressed;   /**< messages that the rate limit swallowed before this one; see below */
} tacho_diagnostic;

/**
 * Receives messages, on the thread that sets up, collects or delivers; never on one that records.
 * It is called with no lock held, one call at a time. It must not call into tacho's SDK or
 * exporters; what it records through the API is allowed.
 */
typedef void (*tacho_diagnostics_fn)(const tacho_diagnostic *diagnostic, void *user);

/**
 * Replaces the handler of the process; NULL restores the default, which writes to standard error.
 * When it returns, the former handler does not run and never will again (unless it is called from
 * inside that handler). Any thread.
 *
 * OTEL_LOG_LEVEL limits what reaches any handler: none, error, warn (the default), info, debug.
 * Of one component and kind at most one message a minute gets through; the rest is counted in
 * `suppressed` of the next one. The SDK's own messages about set-up are told apart by what they are
 * about as well (an instrument, a meter, an option, a variable), so that several mistakes are
 * several messages; of more than 64 such subjects a minute only one message per kind is left.
 */
TACHO_API void tacho_diagnostics_set_handler(tacho_diagnostics_fn handler, void *user);

/**
 * Reports a message to the handler, for exporters and readers of third parties. `component` and
 * `kind` must be string literals or live as long as the process. Any thread, but none that records.
 */
TACHO_API void tacho_diagnostics_report(tacho_severity severity, const char *component,
                                        const char *kind, const char *format, ...)
    TACHO_PRINTF(4, 5);

TACHO_END_DECLS

#endif
