/* SPDX-License-Identifier: Apache-2.0 */
/* Making a meter provider: in which order its parts come to life, and what becomes of what it took
 * over when that fails. Its end is in meter_provider_end.c. */
#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/setup.h"
#include "provider/provider_options.h"
#include "provider/resource.h"
#include "reader/reader.h"

/* The pipeline borrows what the configurations point to for as long as it lives, which may be
 * longer than the readers do. */
static int make_configs(tacho_meter_provider *provider) {
    provider->configs = tachoi_calloc(provider->reader_count, sizeof provider->configs[0]);
    if (provider->configs == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        provider->configs[provider->config_count++] =
            tachoi_reader_config_move(provider->readers[i]);
    }
    return TACHO_OK;
}

static int make_pipeline(tacho_meter_provider *provider,
                         const tacho_meter_provider_options *options,
                         const struct tachoi_provider_choices *choices) {
    int status = make_configs(provider);
    if (status != TACHO_OK) {
        return status;
    }
    const struct tachoi_pipeline_config config = {
        .clock = &choices->clock,
        .resource = provider->resource,
        .meter_ops = &tachoi_meter_ops,
        .collectors = provider->configs,
        .collector_count = provider->config_count,
        .views = provider->views,
        .view_count = provider->view_count,
        .views_are_composable = choices->views_are_composable,
        .exemplar_filter = choices->exemplar_filter,
        .meter_configurator = options->meter_configurator,
        .meter_configurator_user = options->meter_configurator_user,
    };
    return tachoi_pipeline_create(&config, &provider->pipeline);
}

/* Before their threads start: what they measure with does not change. */
static void observe_readers(const tacho_meter_provider *provider, tacho_meter_provider *observer) {
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_observe(provider->readers[i], observer);
    }
}

static int start_readers(tacho_meter_provider *provider) {
    int status = TACHO_OK;
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_attach(provider->readers[i], provider->pipeline, i);
    }
    for (size_t i = 0; i < provider->reader_count && status == TACHO_OK; i++) {
        status = provider->is_disabled ? TACHO_OK : tachoi_reader_start(provider->readers[i]);
    }
    return status;
}

static int set_up(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                  const tacho_meter_provider_options *options) {
    struct tachoi_provider_choices choices;
    int status = tachoi_provider_read_options(provider, setup, options, &choices);
    if (status != TACHO_OK) {
        return status;
    }
    provider->is_disabled = tachoi_provider_is_disabled_by_environment();
    status = tachoi_resource_detect(options->resource, &provider->resource);
    if (status == TACHO_OK) {
        status = make_pipeline(provider, options, &choices);
    }
    if (status == TACHO_OK && options->enable_self_observation && !provider->is_disabled) {
        observe_readers(provider, options->self_observation_provider);
    }
    if (status == TACHO_OK) {
        status = start_readers(provider);
    }
    return status == TACHO_OK
               ? status
               : tachoi_setup_fail_argument(setup, status, "", "%s", tacho_status_text(status));
}

static tacho_meter_provider *provider_alloc(size_t reader_count, size_t view_count) {
    tacho_meter_provider *provider = tachoi_calloc(1, sizeof *provider);
    tacho_metric_reader **readers = tachoi_calloc(reader_count, sizeof(tacho_metric_reader *));
    tacho_view **views = tachoi_calloc(view_count, sizeof(tacho_view *));
    if (provider == NULL || readers == NULL || views == NULL || !tachoi_fork_watch() ||
        tachoi_cond_init(&provider->changed) != 0) {
        tachoi_free(views);
        tachoi_free(readers);
        tachoi_free(provider);
        return NULL;
    }
    pthread_mutex_init(&provider->lock, NULL);
    provider->readers = readers;
    provider->views = views;
    provider->fork_generation = tachoi_fork_generation();
    atomic_init(&provider->handle.self, provider);
    atomic_init(&provider->handle.ops, &tachoi_provider_ops);
    return provider;
}

int tacho_meter_provider_create(const tacho_meter_provider_options *options,
                                tacho_meter_provider **out) {
    struct tachoi_setup setup = {.component = "meter_provider",
                                 .function = "tacho_meter_provider_create",
                                 .type = "tacho_meter_provider_options"};
    tacho_meter_provider_options known = {0};
    int status =
        tachoi_setup_copy(&setup, options, &known, sizeof known, TACHOI_FIRST_PROVIDER_OPTIONS,
                          offsetof(tacho_meter_provider_options, error));
    if (status == TACHO_E_INVALID) {
        return status; /* too small to tell what should be taken over */
    }
    if (status == TACHO_E_UNSUPPORTED) {
        memcpy(&known, options, sizeof known);
    } else {
        status = tachoi_setup_check_out(&setup, out);
    }
    tacho_meter_provider *provider = NULL;
    if (status == TACHO_OK) {
        provider = provider_alloc(known.reader_count, known.view_count);
        status = provider != NULL
                     ? set_up(provider, &setup, &known)
                     : tachoi_setup_fail_argument(&setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    if (status == TACHO_OK) {
        *out = provider;
    } else if (provider != NULL) {
        tachoi_provider_abandon(provider);
    } else {
        tachoi_provider_dismiss(&known);
    }
    tacho_resource_destroy(known.resource);
    return status;
}
