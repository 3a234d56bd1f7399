/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what an endpoint measures of itself, through an ordinary meter (RWOBS-01..05): the account,
 * observed at each collection by one callback, and the histograms of requests. The names are those
 * of Prometheus' own sender, with tacho for prometheus: docs/guides/remote-write-operations.md has
 * the table. Nothing feeds itself: the series are the same however much is sent (RWOBS-09). */
#ifndef TACHOI_REMOTE_WRITE_SELF_METRICS_H
#define TACHOI_REMOTE_WRITE_SELF_METRICS_H

#include "remote_write/endpoint_name.h"
#include "remote_write/worker.h"
#include "tacho/observable.h"

/** Those that the callback observes. */
enum { TACHOI_SELF_METRICS_MAX = 48 };

struct tachoi_self_metrics { /* immutable from start to stop; zero = off */
    struct tachoi_worker *worker;
    tacho_callback *callback;
    tacho_observable *observables[TACHOI_SELF_METRICS_MAX];
    struct tachoi_endpoint_name name; /* what the endpoint is called here */
};

/** Begins to measure `worker`, which is borrowed, at `provider`. Once. */
void tachoi_self_metrics_start(struct tachoi_self_metrics *metrics, tacho_meter_provider *provider,
                               struct tachoi_worker *worker);

/** Ends it: when it returns, no callback runs and nothing is recorded. Harmless if it never began.
 */
void tachoi_self_metrics_stop(struct tachoi_self_metrics *metrics);

#endif
