/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a pipeline: which collectors share streams, the end of recording, the end of all. */
#include "pipeline/pipeline.h"

#include "base/alloc.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/callback.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

/* The config of this limit, made if need be; there is room for one per collector. */
static size_t config_for_limit(struct tachoi_pipeline *pipeline, uint32_t cardinality_limit) {
    size_t i = 0;
    while (i < pipeline->config_count &&
           pipeline->configs[i].cardinality_limit != cardinality_limit) {
        i++;
    }
    if (i == pipeline->config_count) {
        pipeline->configs[i].cardinality_limit = cardinality_limit;
        pthread_mutex_init(&pipeline->configs[i].collect_lock, NULL);
        pipeline->config_count++;
    }
    return i;
}

static void add_collector(struct tachoi_pipeline *pipeline,
                          const struct tachoi_collector_config *config) {
    uint32_t cardinality_limit = config->cardinality_limits[0];
    struct tachoi_collector *collector = &pipeline->collectors[pipeline->collector_count];
    collector->pipeline = pipeline;
    collector->index = pipeline->collector_count++;
    collector->config = config_for_limit(pipeline, cardinality_limit);
    collector->observer = (tacho_spi_observer){.ops = &tachoi_observer_ops, .self = collector};
    tachoi_arena_init(&collector->arena, 0);
}

int tachoi_pipeline_create(const struct tachoi_pipeline_config *config,
                           struct tachoi_pipeline **out) {
    if (!tachoi_fork_watch()) {
        return TACHO_E_SYSTEM;
    }
    size_t count = config->collector_count;
    struct tachoi_pipeline *pipeline = tachoi_calloc(1, sizeof *pipeline);
    struct tachoi_stream_config *configs = tachoi_calloc(count, sizeof configs[0]);
    struct tachoi_collector *collectors = tachoi_calloc(count, sizeof collectors[0]);
    if (pipeline == NULL || configs == NULL || collectors == NULL ||
        tachoi_cond_init(&pipeline->callback_done) != 0) {
        tachoi_free(collectors);
        tachoi_free(configs);
        tachoi_free(pipeline);
        return TACHO_E_NO_MEMORY;
    }
    pthread_mutex_init(&pipeline->lock, NULL);
    pipeline->clock = *config->clock;
    pipeline->resource = config->resource;
    pipeline->meter_ops = config->meter_ops;
    pipeline->fork_generation = tachoi_fork_generation();
    pipeline->configs = configs;
    pipeline->collectors = collectors;
    tachoi_arena_init(&pipeline->arena, 0);
    for (size_t i = 0; i < count; i++) {
        add_collector(pipeline, &config->collectors[i]);
    }
    *out = pipeline;
    return TACHO_OK;
}

static void destroy_instruments(struct tachoi_scope *scope) {
    struct tachoi_instrument *instrument = scope->first_instrument;
    while (instrument != NULL) {
        struct tachoi_instrument *next = instrument->next;
        tachoi_instrument_destroy(instrument);
        instrument = next;
    }
}

void tachoi_pipeline_destroy(struct tachoi_pipeline *pipeline) {
    if (pipeline == NULL) {
        return;
    }
    tachoi_callbacks_destroy(pipeline);
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        destroy_instruments(scope);
    }
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        tachoi_arena_fini(&pipeline->collectors[i].arena);
    }
    for (size_t i = 0; i < pipeline->config_count; i++) {
        pthread_mutex_destroy(&pipeline->configs[i].collect_lock);
    }
    tachoi_arena_fini(&pipeline->arena); /* the scopes lie in it */
    pthread_cond_destroy(&pipeline->callback_done);
    pthread_mutex_destroy(&pipeline->lock);
    tachoi_free(pipeline->collectors);
    tachoi_free(pipeline->configs);
    tachoi_free(pipeline);
}

void tachoi_pipeline_retire(struct tachoi_pipeline *pipeline) {
    tachoi_pipeline_stop_recording(pipeline);
    pthread_mutex_lock(&pipeline->lock);
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        struct tachoi_instrument *instrument = scope->first_instrument;
        for (; instrument != NULL; instrument = instrument->next) {
            tachoi_instrument_retire(instrument);
        }
    }
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        tachoi_arena_fini(&pipeline->collectors[i].arena);
    }
    pipeline->resource = NULL;
    pthread_mutex_unlock(&pipeline->lock);
}

void tachoi_pipeline_stop_recording(struct tachoi_pipeline *pipeline) {
    pthread_mutex_lock(&pipeline->lock);
    atomic_store_explicit(&pipeline->is_stopped, true, memory_order_relaxed);
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        struct tachoi_instrument *instrument = scope->first_instrument;
        for (; instrument != NULL; instrument = instrument->next) {
            atomic_store_explicit(&instrument->is_live, false, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
}

bool tachoi_pipeline_is_open(const struct tachoi_pipeline *pipeline) {
    return pipeline->fork_generation == tachoi_fork_generation() &&
           !atomic_load_explicit(&pipeline->is_stopped, memory_order_relaxed);
}

struct tachoi_arena *tachoi_pipeline_arena(struct tachoi_pipeline *pipeline, size_t index) {
    return &pipeline->collectors[index].arena;
}

int tachoi_pipeline_configure_meters(struct tachoi_pipeline *pipeline,
                                     tacho_meter_configurator_fn configurator, void *user) {
    (void)pipeline;
    (void)configurator;
    (void)user;
    return TACHO_OK;
}
