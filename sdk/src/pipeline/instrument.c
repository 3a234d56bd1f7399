/* SPDX-License-Identifier: Apache-2.0 */
/* Making an instrument and its streams, with the default aggregation of each kind (AGG-03, AGG-08,
 * INST-16). */
#include "pipeline/instrument.h"

#include "aggregation/explicit_histogram.h"
#include "base/alloc.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

static struct tachoi_aggregation default_aggregation(const struct tachoi_instrument_about *about) {
    struct tachoi_aggregation aggregation = {.kind = TACHOI_AGGREGATION_SUM,
                                             .number_type = about->number_type};
    switch (about->kind) {
    case TACHO_INSTRUMENT_COUNTER:
    case TACHO_INSTRUMENT_OBSERVABLE_COUNTER:
        aggregation.is_monotonic = true;
        break;
    case TACHO_INSTRUMENT_UP_DOWN_COUNTER:
    case TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER:
        break;
    case TACHO_INSTRUMENT_GAUGE:
    case TACHO_INSTRUMENT_OBSERVABLE_GAUGE:
        aggregation.kind = TACHOI_AGGREGATION_LAST_VALUE;
        break;
    case TACHO_INSTRUMENT_HISTOGRAM:
        aggregation.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM;
        aggregation.bounds = about->bounds != NULL ? about->bounds : tachoi_default_bounds;
        aggregation.bound_count =
            about->bounds != NULL ? about->bound_count : TACHOI_DEFAULT_BOUND_COUNT;
        break;
    }
    return aggregation;
}

static int stream_create(const struct tachoi_pipeline *pipeline,
                         const struct tachoi_instrument *instrument, size_t index,
                         union tachoi_stream *out) {
    struct tachoi_storage_config storage = {.aggregation = &instrument->aggregation,
                                            .clock = &pipeline->clock,
                                            .creation_unix_nano = instrument->creation_unix_nano};
    if (tachoi_kind_is_observable(instrument->about.kind)) {
        size_t config = pipeline->collectors[index].config;
        storage.limit = pipeline->configs[config].cardinality_limit;
        return tachoi_async_storage_create(&storage, &out->async);
    }
    storage.limit = pipeline->configs[index].cardinality_limit;
    return tachoi_sync_storage_create(&storage, &out->sync);
}

static void stream_destroy(const struct tachoi_instrument *instrument, union tachoi_stream stream) {
    if (tachoi_kind_is_observable(instrument->about.kind)) {
        tachoi_async_storage_destroy(stream.async);
    } else {
        tachoi_sync_storage_destroy(stream.sync);
    }
}

struct tachoi_instrument *tachoi_instrument_create(struct tachoi_scope *scope,
                                                   const struct tachoi_instrument_about *about,
                                                   uint64_t creation_unix_nano) {
    const struct tachoi_pipeline *pipeline = scope->pipeline;
    size_t stream_count =
        tachoi_kind_is_observable(about->kind) ? pipeline->collector_count : pipeline->config_count;
    size_t size;
    if (!tachoi_size_mul(stream_count, sizeof(union tachoi_stream), &size) ||
        !tachoi_size_add(size, sizeof(struct tachoi_instrument), &size)) {
        return NULL;
    }
    struct tachoi_instrument *instrument = tachoi_calloc_aligned(1, size);
    if (instrument == NULL) {
        return NULL;
    }
    instrument->scope = scope;
    instrument->about = *about;
    instrument->aggregation = default_aggregation(about);
    instrument->creation_unix_nano = creation_unix_nano;
    atomic_init(&instrument->is_live, stream_count > 0);
    atomic_init(&instrument->handle.ops, tachoi_instrument_ops(about->kind, about->number_type));
    atomic_init(&instrument->handle.self, instrument);
    for (; instrument->stream_count < stream_count; instrument->stream_count++) {
        size_t index = instrument->stream_count;
        if (stream_create(pipeline, instrument, index, &instrument->streams[index]) != TACHO_OK) {
            tachoi_instrument_destroy(instrument);
            return NULL;
        }
    }
    return instrument;
}

/* Only the collecting thread reaches the streams of an observable instrument. */
void tachoi_instrument_retire(struct tachoi_instrument *instrument) {
    if (tachoi_kind_is_observable(instrument->about.kind)) {
        for (; instrument->stream_count > 0; instrument->stream_count--) {
            stream_destroy(instrument, instrument->streams[instrument->stream_count - 1]);
        }
    }
}

void tachoi_instrument_destroy(struct tachoi_instrument *instrument) {
    if (instrument == NULL) {
        return;
    }
    tachoi_instrument_release_all(instrument);
    for (size_t i = 0; i < instrument->stream_count; i++) {
        stream_destroy(instrument, instrument->streams[i]);
    }
    tachoi_free(instrument);
}
