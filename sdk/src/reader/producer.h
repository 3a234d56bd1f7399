/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the door to a metric producer as the SDK uses it: one owner. What a producer gives is dealt
 * with in gather.h; that its calls do not overlap is the reader's doing, as with exporters. */
#ifndef TACHOI_READER_PRODUCER_H
#define TACHOI_READER_PRODUCER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tacho/sdk/metric_producer.h"

struct tacho_metric_producer {
    /* immutable after create */
    tacho_metric_producer_ops ops;
    void *self;
    uint32_t fork_generation;
    /* atomic */
    _Atomic(bool) is_owned; /* by a reader; relaxed: of two claims one gets it */
};

/** Makes the caller the owner. TACHO_OK, TACHO_E_INVALID (NULL), TACHO_E_BUSY (it has an owner),
 * TACHO_E_FORKED. */
int tachoi_producer_claim(tacho_metric_producer *producer);

/** Frees a producer that its caller owns. NULL is allowed. */
void tachoi_producer_free(tacho_metric_producer *producer);

#endif
