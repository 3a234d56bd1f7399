/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a provider with many series and the way of a collection to the bytes of requests: what
 * collect_bench times and memory_bench weighs. Internals of remote write are used directly, so that
 * no network and no thread takes part. */
#ifndef TACHO_BENCH_SERIES_H
#define TACHO_BENCH_SERIES_H

#include "bench/bench.h"
#include "remote_write/converter.h"
#include "remote_write/encoder.h"
#include "remote_write/queue.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

enum { SERIES_BOUNDS = 15 };

#define SERIES_HISTOGRAM_NAME "duration"

enum series_kind { SERIES_COUNTERS, SERIES_HISTOGRAMS };

/** How far a collection goes. */
enum series_way {
    SERIES_COLLECT,  /* the batch is made, and that is all */
    SERIES_TRANSLATE /* and becomes records, in the exporter's cache and run */
};

struct series {
    tacho_meter_provider *provider;
    tacho_metric_reader *reader; /* the provider's */
    tacho_counter *counter;
    tacho_histogram *histogram;
    enum series_way way;
    uint64_t count;
    int64_t time_ms; /* of the last collection */
    struct tachoi_converter converter;
    struct tachoi_queue queue;
    struct tachoi_run flight;
    struct tachoi_encoder encoder;
    const struct tachoi_protocol *protocol; /* of the next export; at first 1.0 */
    /* of the last export */
    uint64_t requests;
    uint64_t message_bytes; /* before compression */
    uint64_t body_bytes;
};

/** A provider without series. */
void series_init(struct series *series, enum series_kind kind, uint64_t count, enum series_way way);
void series_fini(struct series *series);

/** Records once into each; makes them at first. Counters have 3 attributes of about 60 bytes. */
void series_record(struct series *series);

/** One collection, as far as `way` says, in parts as the exporter gets it. */
void series_collect(struct series *series);

/** One collection in one batch, which is made, and that is all. */
void series_collect_whole(struct series *series);

/** What the exporter does with the records of the last collection: they are queued, taken, encoded
 * and compressed, request by request. */
void series_deliver(struct series *series);

#endif
