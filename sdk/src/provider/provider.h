/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the layout of a meter provider and the parts that its files share. */
#ifndef TACHOI_PROVIDER_PROVIDER_H
#define TACHOI_PROVIDER_PROVIDER_H

#include <pthread.h>

#include "pipeline/pipeline.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/spi.h"

enum tachoi_provider_state {
    TACHOI_PROVIDER_RUNNING,
    TACHOI_PROVIDER_SHUTTING_DOWN,
    TACHOI_PROVIDER_SHUT_DOWN
};

struct tacho_meter_provider {
    tacho_spi_provider handle; /* first: what the API calls a provider */

    /* immutable after create */
    uint32_t fork_generation;
    bool is_disabled; /* OTEL_SDK_DISABLED: hands out no-op meters, starts nothing */
    tacho_resource *resource;
    tacho_metric_reader **readers;
    size_t reader_count;
    tacho_view **views; /* borrowed by the pipeline, as are the configs, one for each reader */
    size_t view_count;
    struct tachoi_collector_config *configs;
    size_t config_count;
    struct tachoi_pipeline *pipeline;

    /* atomic; relaxed: the API says so before it lets go of a provider */
    _Atomic(bool) was_installed; /* behind the global provider, now or before */

    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* state or users */
    enum tachoi_provider_state state;
    pthread_t ender;     /* while shutting down: the thread that does it */
    int shutdown_status; /* in the last state */
    size_t users;        /* calls that may touch the readers */
    bool is_ending;      /* no more users come */

    tacho_meter_provider *next_kept; /* written once, by destroy */
};

/** The tables behind the handles of providers and meters (meter.c). */
extern const tacho_spi_provider_ops tachoi_provider_ops;
extern const tacho_spi_meter_ops tachoi_meter_ops;

/** The provider that is meant, if it is one of this SDK, else NULL: for the global one, the one
 * that is installed. */
tacho_meter_provider *tachoi_provider_resolve(tacho_meter_provider *provider);

/** Keeps what the provider has until leave: a thread that was given the global provider may come
 * while the installed one is destroyed. TACHO_OK, TACHO_E_INVALID (NULL), TACHO_E_FORKED,
 * TACHO_E_SHUTDOWN (it is being destroyed). */
int tachoi_provider_enter(tacho_meter_provider *provider);
void tachoi_provider_leave(tacho_meter_provider *provider);

/** Ends whatever has been started and frees; for a provider that nobody has seen. NULL is allowed.
 */
void tachoi_provider_abandon(tacho_meter_provider *provider);

#endif
