/* SPDX-License-Identifier: Apache-2.0 */
/* Making an instrument: the views say which streams it has for each collector; these are made, and
 * the registry then replaces those that exist already. */
#include "pipeline/instrument.h"

#include "base/alloc.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

/* The plans of an instrument for one collector. */
struct plans {
    struct tachoi_stream_plan *items;
    size_t count;
};

static void plans_free(struct plans *plans, size_t collector_count) {
    for (size_t i = 0; plans != NULL && i < collector_count; i++) {
        tachoi_stream_plans_free(plans[i].items, plans[i].count);
    }
    tachoi_free(plans);
}

/* One for each collector; NULL when memory is short. */
static struct plans *resolve(const struct tachoi_scope *scope,
                             const struct tachoi_instrument_about *about, size_t *total) {
    const struct tachoi_pipeline *pipeline = scope->pipeline;
    struct plans *plans = tachoi_calloc(pipeline->collector_count, sizeof plans[0]);
    *total = 0;
    for (size_t i = 0; plans != NULL && i < pipeline->collector_count; i++) {
        if (tachoi_views_resolve(&pipeline->views, &scope->identity, about,
                                 &pipeline->collectors[i].config, &plans[i].items,
                                 &plans[i].count) != TACHO_OK) {
            plans_free(plans, i);
            return NULL;
        }
        *total += plans[i].count;
    }
    return plans;
}

static struct tachoi_instrument *alloc(struct tachoi_scope *scope,
                                       const struct tachoi_instrument_about *about,
                                       size_t outlet_count) {
    size_t size = 0;
    if ((outlet_count > 1 && !tachoi_size_mul(outlet_count, sizeof(struct tachoi_outlet), &size)) ||
        !tachoi_size_add(size, sizeof(struct tachoi_instrument), &size)) {
        return NULL;
    }
    struct tachoi_instrument *instrument = tachoi_calloc_aligned(1, size);
    if (instrument == NULL) {
        return NULL;
    }
    instrument->scope = scope;
    instrument->about = *about;
    instrument->is_counter = about->kind == TACHO_INSTRUMENT_COUNTER ||
                             about->kind == TACHO_INSTRUMENT_OBSERVABLE_COUNTER;
    instrument->is_gauge =
        about->kind == TACHO_INSTRUMENT_GAUGE || about->kind == TACHO_INSTRUMENT_OBSERVABLE_GAUGE;
    instrument->outlets = outlet_count > 1 ? (struct tachoi_outlet *)(void *)(instrument + 1)
                                           : &instrument->only_outlet;
    atomic_init(&instrument->state, TACHOI_INSTRUMENT_IDLE);
    atomic_init(&instrument->handle.ops, tachoi_instrument_ops(about->kind, about->number_type));
    atomic_init(&instrument->handle.self, instrument);
    return instrument;
}

static bool add_streams(struct tachoi_instrument *instrument, struct tachoi_collector *collector,
                        const struct plans *plans, uint64_t creation_unix_nano) {
    for (size_t i = 0; i < plans->count; i++) {
        struct tachoi_stream *stream = tachoi_stream_create(collector, &instrument->about,
                                                            &plans->items[i], creation_unix_nano);
        if (stream == NULL) {
            return false;
        }
        instrument->outlets[instrument->outlet_count++] =
            (struct tachoi_outlet){.sync = stream->sync, .stream = stream};
    }
    return true;
}

struct tachoi_instrument *tachoi_instrument_create(struct tachoi_scope *scope,
                                                   const struct tachoi_instrument_about *about,
                                                   uint64_t creation_unix_nano) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    size_t total;
    struct plans *plans = resolve(scope, about, &total);
    struct tachoi_instrument *instrument = plans != NULL ? alloc(scope, about, total) : NULL;
    for (size_t i = 0; instrument != NULL && i < pipeline->collector_count; i++) {
        if (!add_streams(instrument, &pipeline->collectors[i], &plans[i], creation_unix_nano)) {
            tachoi_instrument_discard(instrument);
            instrument = NULL;
        }
    }
    plans_free(plans, pipeline->collector_count);
    return instrument;
}

void tachoi_instrument_destroy(struct tachoi_instrument *instrument) {
    tachoi_instrument_release_all(instrument);
    tachoi_free(instrument);
}

void tachoi_instrument_discard(struct tachoi_instrument *instrument) {
    if (instrument == NULL) {
        return;
    }
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        tachoi_stream_destroy(instrument->outlets[i].stream);
    }
    tachoi_free(instrument);
}

void tachoi_instrument_update_state_locked(struct tachoi_instrument *instrument) {
    const struct tachoi_scope *scope = instrument->scope;
    enum tachoi_instrument_state state = TACHOI_INSTRUMENT_RECORDING;
    if (instrument->outlet_count == 0 || scope->is_disabled) {
        state = TACHOI_INSTRUMENT_IDLE;
    } else if (atomic_load_explicit(&scope->pipeline->is_stopped, memory_order_relaxed)) {
        state = TACHOI_INSTRUMENT_STOPPED;
    }
    atomic_store_explicit(&instrument->state, state, memory_order_relaxed);
}
