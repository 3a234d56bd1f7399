/* SPDX-License-Identifier: Apache-2.0 */
/* The entrance to a provider, for calls that touch what its destruction frees. */
#include "base/fork.h"
#include "provider/provider.h"

tacho_meter_provider *tachoi_provider_resolve(tacho_meter_provider *provider) {
    provider = tacho_spi_resolve(provider);
    /* acquire: pairs with the release with which the API lets a provider in */
    if (provider == NULL ||
        atomic_load_explicit(&provider->handle.ops, memory_order_acquire) != &tachoi_provider_ops) {
        return NULL;
    }
    return provider;
}

int tachoi_provider_enter(tacho_meter_provider *provider) {
    if (provider == NULL) {
        return TACHO_E_INVALID;
    }
    if (provider->fork_generation != tachoi_fork_generation()) {
        return TACHO_E_FORKED;
    }
    pthread_mutex_lock(&provider->lock);
    bool is_ending = provider->is_ending;
    provider->users += is_ending ? 0 : 1;
    pthread_mutex_unlock(&provider->lock);
    return is_ending ? TACHO_E_SHUTDOWN : TACHO_OK;
}

void tachoi_provider_leave(tacho_meter_provider *provider) {
    pthread_mutex_lock(&provider->lock);
    if (--provider->users == 0) {
        pthread_cond_broadcast(&provider->changed);
    }
    pthread_mutex_unlock(&provider->lock);
}

int tacho_meter_provider_set_meter_configurator(tacho_meter_provider *provider,
                                                tacho_meter_configurator_fn configurator,
                                                void *user) {
    provider = tachoi_provider_resolve(provider);
    int status = tachoi_provider_enter(provider);
    if (status == TACHO_OK) {
        status = tachoi_pipeline_configure_meters(provider->pipeline, configurator, user);
        tachoi_provider_leave(provider);
    }
    return status;
}
