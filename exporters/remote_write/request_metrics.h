/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the histograms of requests (RWOBS-03): how long one took, and how large it was. The sending
 * thread records through bound instruments, which neither allocates nor waits. The lock keeps
 * instruments from going while it records; only their coming and going is ever waited for. */
#ifndef TACHOI_REMOTE_WRITE_REQUEST_METRICS_H
#define TACHOI_REMOTE_WRITE_REQUEST_METRICS_H

#include <pthread.h>
#include <stdint.h>

#include "tacho/bound.h"

enum { TACHOI_REQUEST_HISTOGRAMS = 4 };

struct tachoi_request_metrics {
    pthread_mutex_t lock;
    tacho_bound_histogram *bound[TACHOI_REQUEST_HISTOGRAMS]; /* guarded by lock; NULL = off */
};

/** One attempt. */
struct tachoi_request_sizes {
    uint64_t duration_ns;
    uint64_t body_bytes;    /* compressed */
    uint64_t message_bytes; /* before */
    uint64_t samples;       /* native histograms included */
};

void tachoi_request_metrics_init(struct tachoi_request_metrics *metrics);
void tachoi_request_metrics_fini(struct tachoi_request_metrics *metrics);

/** Makes the histograms of `meter`, with these attributes. */
void tachoi_request_metrics_start(struct tachoi_request_metrics *metrics, tacho_meter *meter,
                                  tacho_attributes attributes);
/** Gives them back; nothing is recorded any more when it returns. */
void tachoi_request_metrics_stop(struct tachoi_request_metrics *metrics);

void tachoi_request_metrics_record(struct tachoi_request_metrics *metrics,
                                   const struct tachoi_request_sizes *sizes);

#endif
