/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a pipeline: its making, the end of recording, the end of all. */
#include "pipeline/pipeline.h"

#include "base/alloc.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/callback.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

static void add_collector(struct tachoi_pipeline *pipeline,
                          const struct tachoi_collector_config *config) {
    struct tachoi_collector *collector = &pipeline->collectors[pipeline->collector_count];
    collector->pipeline = pipeline;
    collector->index = pipeline->collector_count++;
    collector->config = *config;
    collector->observer = (tacho_spi_observer){.ops = &tachoi_observer_ops, .self = collector};
    tachoi_arena_init(&collector->arena, 0);
    tachoi_arena_init(&collector->part_arenas[0], 0);
    tachoi_arena_init(&collector->part_arenas[1], 0);
}

static void free_memory_of_collections(struct tachoi_collector *collector) {
    tachoi_arena_fini(&collector->arena);
    tachoi_arena_fini(&collector->part_arenas[0]);
    tachoi_arena_fini(&collector->part_arenas[1]);
}

/* What the pipeline takes from its configuration, but the collectors. */
static void configure(struct tachoi_pipeline *pipeline,
                      const struct tachoi_pipeline_config *config) {
    pipeline->clock = *config->clock;
    pipeline->resource = config->resource;
    pipeline->meter_ops = config->meter_ops;
    pipeline->views = (struct tachoi_view_set){.views = config->views,
                                               .count = config->view_count,
                                               .are_composable = config->views_are_composable};
    pipeline->exemplar_filter = config->exemplar_filter;
    pipeline->meter_rule = (struct tachoi_meter_rule){.configurator = config->meter_configurator,
                                                      .user = config->meter_configurator_user};
}

int tachoi_pipeline_create(const struct tachoi_pipeline_config *config,
                           struct tachoi_pipeline **out) {
    if (!tachoi_fork_watch()) {
        return TACHO_E_SYSTEM;
    }
    size_t count = config->collector_count;
    struct tachoi_pipeline *pipeline = tachoi_calloc(1, sizeof *pipeline);
    struct tachoi_collector *collectors = tachoi_calloc(count, sizeof collectors[0]);
    if (pipeline == NULL || collectors == NULL || tachoi_cond_init(&pipeline->callback_done) != 0) {
        tachoi_free(collectors);
        tachoi_free(pipeline);
        return TACHO_E_NO_MEMORY;
    }
    pthread_mutex_init(&pipeline->lock, NULL);
    configure(pipeline, config);
    pipeline->fork_generation = tachoi_fork_generation();
    pipeline->collectors = collectors;
    tachoi_arena_init(&pipeline->arena, 0);
    for (size_t i = 0; i < count; i++) {
        add_collector(pipeline, &config->collectors[i]);
    }
    *out = pipeline;
    return TACHO_OK;
}

void tachoi_pipeline_destroy(struct tachoi_pipeline *pipeline) {
    if (pipeline == NULL) {
        return;
    }
    tachoi_callbacks_destroy(pipeline);
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        tachoi_scope_destroy_instruments(scope);
    }
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        free_memory_of_collections(&pipeline->collectors[i]);
    }
    tachoi_arena_fini(&pipeline->arena); /* the scopes lie in it */
    pthread_cond_destroy(&pipeline->callback_done);
    pthread_mutex_destroy(&pipeline->lock);
    tachoi_free(pipeline->collectors);
    tachoi_free(pipeline);
}

static void retire_collector_locked(struct tachoi_pipeline *pipeline, size_t index) {
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        struct tachoi_stream *stream = scope->collected[index].first;
        for (; stream != NULL; stream = stream->next) {
            tachoi_stream_retire_locked(stream);
        }
    }
    free_memory_of_collections(&pipeline->collectors[index]);
}

void tachoi_pipeline_retire(struct tachoi_pipeline *pipeline) {
    tachoi_pipeline_stop_recording(pipeline);
    pthread_mutex_lock(&pipeline->lock);
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        retire_collector_locked(pipeline, i);
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
            tachoi_instrument_update_state_locked(instrument);
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
