/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/stream.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "pipeline/names.h"
#include "pipeline/state.h"

static struct tachoi_exemplar_policy policy_of(const struct tachoi_stream *stream) {
    const struct tachoi_pipeline *pipeline = stream->collector->pipeline;
    return (struct tachoi_exemplar_policy){
        .filter = pipeline->exemplar_filter,
        .context = tacho_spi_context(),
        .ops = stream->plan.reservoir,
        .user = stream->plan.reservoir_user,
        .clock = &pipeline->clock,
        .kind = stream->about->kind,
        .number_type = stream->about->number_type,
        .temporality = stream->plan.temporality,
        .attribute_filter = stream->plan.filter,
        .aggregation = &stream->plan.aggregation,
    };
}

static int make_storage(struct tachoi_stream *stream, uint64_t creation_unix_nano) {
    const struct tachoi_pipeline *pipeline = stream->collector->pipeline;
    const struct tachoi_exemplar_policy policy = policy_of(stream);
    const struct tachoi_storage_config config = {
        .aggregation = &stream->plan.aggregation,
        .limit = stream->plan.cardinality_limit,
        .is_delta = stream->plan.temporality == TACHO_TEMPORALITY_DELTA,
        .idle_ns = stream->plan.idle_timeout_ms * TACHOI_NS_PER_MS,
        .filter = stream->plan.filter,
        .exemplars = tachoi_pipeline_has_exemplars(pipeline) ? &policy : NULL,
        .clock = &pipeline->clock,
        .creation_unix_nano = creation_unix_nano,
    };
    return tachoi_kind_is_observable(stream->about->kind)
               ? tachoi_async_storage_create(&config, &stream->async)
               : tachoi_sync_storage_create(&config, &stream->sync);
}

struct tachoi_stream *tachoi_stream_create(struct tachoi_collector *collector,
                                           const struct tachoi_instrument_about *about,
                                           struct tachoi_stream_plan *plan,
                                           uint64_t creation_unix_nano) {
    struct tachoi_stream *stream = tachoi_calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    stream->collector = collector;
    stream->about = about;
    stream->plan = *plan;
    plan->filter = NULL;
    stream->name_hash = tachoi_name_hash(stream->plan.name);
    stream->description = stream->plan.description;
    stream->was_complete = true;
    if (make_storage(stream, creation_unix_nano) != TACHO_OK) {
        tachoi_stream_destroy(stream);
        return NULL;
    }
    return stream;
}

void tachoi_stream_destroy(struct tachoi_stream *stream) {
    if (stream != NULL) {
        tachoi_sync_storage_destroy(stream->sync);
        tachoi_async_storage_destroy(stream->async);
        tachoi_attribute_filter_destroy(stream->plan.filter);
        tachoi_free(stream);
    }
}

void tachoi_stream_retire_locked(struct tachoi_stream *stream) {
    tachoi_async_storage_destroy(stream->async);
    stream->async = NULL;
}

bool tachoi_collector_observes(const struct tachoi_collector *collector,
                               const struct tachoi_stream *stream) {
    return stream->collector == collector && stream->observed_round == collector->round;
}

bool tachoi_stream_has_name_of(const struct tachoi_stream *a, const struct tachoi_stream *b) {
    return a->collector == b->collector && a->name_hash == b->name_hash &&
           tachoi_name_equals(a->plan.name, b->plan.name);
}

bool tachoi_stream_equals(const struct tachoi_stream *a, const struct tachoi_stream *b) {
    return a->collector == b->collector && a->name_hash == b->name_hash &&
           a->about->kind == b->about->kind && a->about->number_type == b->about->number_type &&
           tachoi_string_equals(a->about->unit, b->about->unit) &&
           tachoi_stream_plan_equals(&a->plan, &b->plan);
}

/* Source: data-model.md, the properties that identify a metric. */
static bool is_same_metric(const struct tachoi_stream *a, const struct tachoi_stream *b) {
    return a->plan.aggregation.kind == b->plan.aggregation.kind &&
           a->plan.aggregation.is_monotonic == b->plan.aggregation.is_monotonic &&
           a->plan.temporality == b->plan.temporality &&
           tachoi_string_equals(a->about->unit, b->about->unit);
}

void tachoi_stream_meet_locked(struct tachoi_stream *a, struct tachoi_stream *b) {
    if (is_same_metric(a, b)) {
        tacho_string longer =
            a->description.length >= b->description.length ? a->description : b->description;
        a->description = longer;
        b->description = longer;
    }
}
