/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the link from measurements to traces: a hook that the application sets once and that tells
 * which span is active on the calling thread, whatever tracer made it. Exemplars carry it.
 * Source: OpenTelemetry specification, metrics/sdk.md "Exemplar" (API-48, EXM-03, EXM-07, EXM-10).
 *
 *     static bool current_span(tacho_context *out, void *user) {
 *         const struct my_span *span = my_tracer_active_span();
 *         if (span == NULL) {
 *             return false;
 *         }
 *         memcpy(out->trace_id, span->trace_id, sizeof out->trace_id);
 *         memcpy(out->span_id, span->span_id, sizeof out->span_id);
 *         out->trace_flags = span->is_sampled ? TACHO_TRACE_SAMPLED : 0;
 *         return true;
 *     }
 *     ...
 *     tacho_context_set_hook(current_span, NULL); */
#ifndef TACHO_CONTEXT_H
#define TACHO_CONTEXT_H

#include "tacho/attributes.h"
#include "tacho/export.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

/** The bit of trace_flags that says that the span is sampled (W3C Trace Context). */
#define TACHO_TRACE_SAMPLED 0x01U

/** What is active where a measurement is made. All zero: nothing. */
typedef struct tacho_context {
    size_t struct_size; /**< Set by the SDK: the members up to here exist. */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t trace_flags;      /**< W3C: bit 0 = sampled */
    tacho_attributes baggage; /**< Optional; borrowed until the record call returns. */
} tacho_context;

/**
 * Fills `out`, which is zero but for struct_size, with what is active on the calling thread, and
 * returns true; false if nothing is. Runs inside record calls of any thread, for measurements that
 * may become exemplars: it must be fast, must not block, and must not record. Where the application
 * records in signal handlers, it must be async-signal-safe.
 */
typedef bool (*tacho_context_fn)(tacho_context *out, void *user);

/**
 * Sets the hook of the process; NULL takes it away. Any thread. A record call that runs meanwhile
 * may still call the former one, so `user` must stay valid. Each new pair of hook
 * and `user` keeps a few bytes for ever. Returns TACHO_OK or TACHO_E_NO_MEMORY (the former hook
 * stays).
 */
TACHO_API int tacho_context_set_hook(tacho_context_fn hook, void *user);

/** Asks the hook; false, `out` zeroed, if there is none or nothing is active. Any thread.
 * `out->struct_size` is set by this call in any case. */
TACHO_API bool tacho_context_current(tacho_context *out);

TACHO_END_DECLS

#endif
