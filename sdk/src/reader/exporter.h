/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the door to an exporter as the SDK uses it: one owner, one flush at a time, shutdown exactly
 * once, and no export after it. That exports do not overlap is the reader's doing: it exports while
 * it holds its collection gate, and an exporter has one reader. */
#ifndef TACHOI_READER_EXPORTER_H
#define TACHOI_READER_EXPORTER_H

#include <stdatomic.h>

#include "reader/gate.h"
#include "tacho/sdk/metric_exporter.h"

struct tacho_metric_exporter {
    /* immutable after create */
    const tacho_metric_exporter_ops *table; /* the caller's, to be recognised by */
    tacho_metric_exporter_ops ops;
    void *self;
    uint32_t fork_generation;
    /* atomic */
    _Atomic(bool) is_owned;     /* by a reader */
    _Atomic(bool) is_shut_down; /* release; pairs with the acquire in export */
    struct tachoi_gate flush_gate;
};

/** Makes the caller the owner. TACHO_OK, TACHO_E_INVALID (NULL, or it has an owner),
 * TACHO_E_FORKED. */
int tachoi_exporter_claim(tacho_metric_exporter *exporter);

/** As the functions of the table; what is not there succeeds. All but TACHO_OK and TACHO_E_TIMEOUT
 * of flush and shutdown becomes TACHO_E_FAILED. The caller serialises export. */
int tachoi_exporter_export(tacho_metric_exporter *exporter, const tacho_metric_batch *batch,
                           uint64_t deadline_ns);
int tachoi_exporter_force_flush(tacho_metric_exporter *exporter, uint64_t deadline_ns);
/** Only the first call reaches the exporter; later ones return TACHO_OK. */
int tachoi_exporter_shutdown(tacho_metric_exporter *exporter, uint64_t deadline_ns);

/** Tells it where to measure itself, if it wants to know. Before the first export. */
void tachoi_exporter_observe(tacho_metric_exporter *exporter, tacho_meter_provider *provider);

/** Whether the calling thread is in its force_flush. */
bool tachoi_exporter_is_here(tacho_metric_exporter *exporter);

/** Shuts down if nobody did, and frees; for the owner. NULL is allowed. */
void tachoi_exporter_destroy(tacho_metric_exporter *exporter);

#endif
