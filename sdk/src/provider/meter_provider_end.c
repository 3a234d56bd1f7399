/* SPDX-License-Identifier: Apache-2.0 */
/* Flush, shutdown and destroy. The provider's lock guards the state alone and is never held while a
 * reader works: one call does the shutdown, the others wait for its result. What outlives its
 * deadline inside user code is left alone: destroy waits once more and then gives up the memory. */
#include <inttypes.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/drops.h"
#include "provider/provider.h"
#include "reader/reader.h"
#include "tacho/sdk/diagnostics.h"

#define TIMEOUT_MS 5000

static uint64_t deadline_of(uint32_t timeout_ms) {
    return tacho_deadline_from_timeout(timeout_ms != 0 ? timeout_ms : TIMEOUT_MS);
}

/* The provider that is meant, if it is one of this SDK. */
static tacho_meter_provider *resolve(tacho_meter_provider *provider) {
    provider = tacho_spi_resolve(provider);
    if (provider == NULL ||
        atomic_load_explicit(&provider->handle.ops, memory_order_acquire) != &tachoi_provider_ops) {
        return NULL;
    }
    return provider;
}

/* Whether waiting for a reader would be waiting for oneself. */
static bool is_inside(const tacho_meter_provider *provider) {
    for (size_t i = 0; i < provider->reader_count; i++) {
        if (tachoi_reader_is_here(provider->readers[i])) {
            return true;
        }
    }
    return false;
}

static int check(const tacho_meter_provider *provider) {
    if (provider == NULL) {
        return TACHO_E_INVALID;
    }
    if (provider->fork_generation != tachoi_fork_generation()) {
        return TACHO_E_FORKED;
    }
    return is_inside(provider) ? TACHO_E_BUSY : TACHO_OK;
}

/* --- flush --- */

static int flush_readers(const tacho_meter_provider *provider, uint64_t deadline_ns) {
    int status = TACHO_OK;
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_flush_begin(provider->readers[i], deadline_ns);
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        int flushed = tachoi_reader_flush_wait(provider->readers[i], deadline_ns);
        status = tachoi_status_join(status, flushed);
    }
    return status;
}

int tacho_meter_provider_force_flush(tacho_meter_provider *provider, uint32_t timeout_ms) {
    provider = resolve(provider);
    int status = check(provider);
    if (status != TACHO_OK) {
        return status;
    }
    pthread_mutex_lock(&provider->lock);
    bool is_running = provider->state == TACHOI_PROVIDER_RUNNING;
    pthread_mutex_unlock(&provider->lock);
    if (!is_running) {
        return TACHO_E_SHUTDOWN;
    }
    return provider->is_disabled ? TACHO_OK : flush_readers(provider, deadline_of(timeout_ms));
}

/* --- shutdown --- */

void tacho_meter_provider_delivery(tacho_meter_provider *provider, tacho_delivery *out) {
    if (out == NULL) {
        return;
    }
    *out = (tacho_delivery){.struct_size = sizeof *out};
    provider = resolve(provider);
    for (size_t i = 0; provider != NULL && i < provider->reader_count; i++) {
        tacho_delivery one;
        tacho_metric_exporter_delivery(provider->readers[i]->exporter, &one);
        out->accepted += one.accepted;
        out->acknowledged += one.acknowledged;
        out->failed += one.failed;
        out->dropped += one.dropped;
        out->pending += one.pending;
    }
}

static void tell_losses(tacho_meter_provider *provider) {
    tacho_delivery account;
    tacho_meter_provider_delivery(provider, &account);
    if (account.failed + account.dropped + account.pending > 0) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter_provider", "samples_lost",
                                 "of %" PRIu64 " samples %" PRIu64 " arrived: %" PRIu64
                                 " were refused, %" PRIu64 " dropped, %" PRIu64
                                 " were still on their way at the end of shutdown",
                                 account.accepted, account.acknowledged, account.failed,
                                 account.dropped, account.pending);
    }
}

static int shut_readers_down(const tacho_meter_provider *provider, uint64_t deadline_ns) {
    int status = TACHO_OK;
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_shutdown_begin(provider->readers[i], deadline_ns);
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        int ended = tachoi_reader_shutdown_wait(provider->readers[i], deadline_ns);
        status = tachoi_status_join(status, ended);
    }
    return status;
}

static int await_shutdown(tacho_meter_provider *provider, uint64_t deadline_ns) {
    bool is_in_time = true;
    pthread_mutex_lock(&provider->lock);
    while (provider->state != TACHOI_PROVIDER_SHUT_DOWN && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&provider->changed, &provider->lock, deadline_ns);
    }
    int status =
        provider->state == TACHOI_PROVIDER_SHUT_DOWN ? provider->shutdown_status : TACHO_E_TIMEOUT;
    pthread_mutex_unlock(&provider->lock);
    return status;
}

int tacho_meter_provider_shutdown(tacho_meter_provider *provider, uint32_t timeout_ms) {
    provider = resolve(provider);
    int status = check(provider);
    if (status != TACHO_OK) {
        return status;
    }
    uint64_t deadline_ns = deadline_of(timeout_ms);
    pthread_mutex_lock(&provider->lock);
    bool is_first = provider->state == TACHOI_PROVIDER_RUNNING;
    if (is_first) {
        provider->state = TACHOI_PROVIDER_SHUTTING_DOWN;
    }
    pthread_mutex_unlock(&provider->lock);
    if (!is_first) {
        return await_shutdown(provider, deadline_ns);
    }
    status = shut_readers_down(provider, deadline_ns);
    tachoi_pipeline_stop_recording(provider->pipeline);
    tell_losses(provider);
    pthread_mutex_lock(&provider->lock);
    provider->state = TACHOI_PROVIDER_SHUT_DOWN;
    provider->shutdown_status = status;
    pthread_cond_broadcast(&provider->changed);
    pthread_mutex_unlock(&provider->lock);
    return status;
}

/* --- destroy --- */

static bool quiesce(const tacho_meter_provider *provider) {
    uint64_t deadline_ns = deadline_of(0);
    bool is_quiet = true;
    for (size_t i = 0; i < provider->reader_count && is_quiet; i++) {
        is_quiet = tachoi_reader_quiesce(provider->readers[i], deadline_ns);
    }
    return is_quiet;
}

static void provider_free(tacho_meter_provider *provider) {
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_free(provider->readers[i]);
    }
    tachoi_pipeline_destroy(provider->pipeline);
    tacho_resource_destroy(provider->resource);
    pthread_cond_destroy(&provider->changed);
    pthread_mutex_destroy(&provider->lock);
    tachoi_free(provider->readers);
    tachoi_free(provider);
}

/* Unless a thread is still inside: then the memory is left to it. */
static void free_if_quiet(tacho_meter_provider *provider) {
    if (quiesce(provider)) {
        provider_free(provider);
    } else {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter_provider", "destroy_incomplete",
                                 "a callback or an export does not come back; the memory of its "
                                 "provider is left to it");
    }
}

void tachoi_provider_abandon(tacho_meter_provider *provider) {
    if (provider != NULL) {
        shut_readers_down(provider, deadline_of(0));
        free_if_quiet(provider);
    }
}

void tacho_meter_provider_destroy(tacho_meter_provider *provider) {
    provider = resolve(provider);
    if (provider == NULL) {
        return;
    }
    int status = tacho_meter_provider_shutdown(provider, 0);
    if (status == TACHO_E_BUSY) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter_provider", "destroy_refused",
                                 "a provider cannot be destroyed inside one of its callbacks or "
                                 "exports; it stays");
        return;
    }
    tacho_spi_uninstall(provider);
    if (status == TACHO_E_FORKED) {
        return; /* all of it belongs to the parent's threads */
    }
    tachoi_drops_report(provider->pipeline);
    free_if_quiet(provider);
}
