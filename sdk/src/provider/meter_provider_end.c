/* SPDX-License-Identifier: Apache-2.0 */
/* Flush, shutdown and destroy. The provider's lock guards the state alone and is never held while a
 * reader works: one call does the shutdown, the others wait for its result. What outlives its
 * deadline inside user code is left alone: destroy waits once more and then gives up the memory.
 *
 * A provider that was never installed behind the global one is freed whole. One that was keeps what
 * recording, bound handles and the calls of the API on them touch, for ever: the pipeline without
 * what collections need, and the provider itself. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/drops.h"
#include "pipeline/view.h"
#include "provider/provider.h"
#include "reader/reader.h"
#include "tacho/sdk/diagnostics.h"

#define TIMEOUT_MS 5000

static uint64_t deadline_of(uint32_t timeout_ms) {
    return tacho_deadline_from_timeout(timeout_ms != 0 ? timeout_ms : TIMEOUT_MS);
}

/* Whether the calling thread does the shutdown: then it is in the shutdown of an exporter. */
static bool is_ender(tacho_meter_provider *provider) {
    pthread_mutex_lock(&provider->lock);
    bool is_ender = provider->state == TACHOI_PROVIDER_SHUTTING_DOWN &&
                    pthread_equal(provider->ender, pthread_self());
    pthread_mutex_unlock(&provider->lock);
    return is_ender;
}

/* Whether waiting for a reader would be waiting for oneself. */
static bool is_inside(tacho_meter_provider *provider) {
    if (is_ender(provider)) {
        return true;
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        if (tachoi_reader_is_here(provider->readers[i])) {
            return true;
        }
    }
    return false;
}

/* As enter, for calls that wait for readers. */
static int enter_to_wait(tacho_meter_provider *provider) {
    int status = tachoi_provider_enter(provider);
    if (status == TACHO_OK && is_inside(provider)) {
        tachoi_provider_leave(provider);
        status = TACHO_E_BUSY;
    }
    return status;
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
    provider = tachoi_provider_resolve(provider);
    int status = enter_to_wait(provider);
    if (status != TACHO_OK) {
        return status;
    }
    pthread_mutex_lock(&provider->lock);
    bool is_running = provider->state == TACHOI_PROVIDER_RUNNING;
    pthread_mutex_unlock(&provider->lock);
    if (!is_running) {
        status = TACHO_E_SHUTDOWN;
    } else if (!provider->is_disabled) {
        status = flush_readers(provider, deadline_of(timeout_ms));
    }
    tachoi_provider_leave(provider);
    return status;
}

/* --- the account --- */

static void add_up(const tacho_meter_provider *provider, tacho_delivery *out) {
    *out = (tacho_delivery){.struct_size = sizeof *out};
    for (size_t i = 0; i < provider->reader_count; i++) {
        tacho_delivery one;
        tacho_metric_exporter_delivery(provider->readers[i]->exporter, &one);
        out->accepted += one.accepted;
        out->acknowledged += one.acknowledged;
        out->failed += one.failed;
        out->dropped += one.dropped;
        out->pending += one.pending;
    }
}

void tacho_meter_provider_delivery(tacho_meter_provider *provider, tacho_delivery *out) {
    if (out == NULL) {
        return;
    }
    *out = (tacho_delivery){.struct_size = sizeof *out};
    provider = tachoi_provider_resolve(provider);
    if (tachoi_provider_enter(provider) == TACHO_OK) {
        add_up(provider, out);
        tachoi_provider_leave(provider);
    }
}

/* Appends ", <number> <what became of them>" unless there are none. */
static void append_part(char *text, size_t size, uint64_t number, const char *fate) {
    size_t length = strlen(text);
    if (number > 0) {
        (void)snprintf(text + length, size - length, "%s%" PRIu64 " %s", length > 0 ? ", " : "",
                       number, fate);
    }
}

static void tell_losses(const tacho_meter_provider *provider) {
    tacho_delivery account;
    add_up(provider, &account);
    uint64_t missing = account.failed + account.dropped + account.pending;
    if (missing > 0) {
        char parts[160] = "";
        append_part(parts, sizeof parts, account.failed, "refused");
        append_part(parts, sizeof parts, account.dropped, "dropped");
        append_part(parts, sizeof parts, account.pending, "still on their way when shutdown ended");
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter_provider", "samples_lost",
                                 "%" PRIu64 " of %" PRIu64 " samples did not arrive: %s", missing,
                                 account.accepted, parts);
    }
}

/* --- shutdown --- */

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

static int shut_down(tacho_meter_provider *provider, uint64_t deadline_ns) {
    pthread_mutex_lock(&provider->lock);
    bool is_first = provider->state == TACHOI_PROVIDER_RUNNING;
    if (is_first) {
        provider->state = TACHOI_PROVIDER_SHUTTING_DOWN;
        provider->ender = pthread_self();
    }
    pthread_mutex_unlock(&provider->lock);
    if (!is_first) {
        return await_shutdown(provider, deadline_ns);
    }
    int status = shut_readers_down(provider, deadline_ns);
    tachoi_pipeline_stop_recording(provider->pipeline);
    tell_losses(provider);
    pthread_mutex_lock(&provider->lock);
    provider->state = TACHOI_PROVIDER_SHUT_DOWN;
    provider->shutdown_status = status;
    pthread_cond_broadcast(&provider->changed);
    pthread_mutex_unlock(&provider->lock);
    return status;
}

int tacho_meter_provider_shutdown(tacho_meter_provider *provider, uint32_t timeout_ms) {
    provider = tachoi_provider_resolve(provider);
    int status = enter_to_wait(provider);
    if (status == TACHO_OK) {
        status = shut_down(provider, deadline_of(timeout_ms));
        tachoi_provider_leave(provider);
    }
    return status;
}

/* --- destroy --- */

/* Those that were installed and are gone: reachable, as threads may be inside their instruments. */
static _Atomic(tacho_meter_provider *) kept;

static void keep(tacho_meter_provider *provider) {
    tacho_meter_provider *first = atomic_load_explicit(&kept, memory_order_relaxed);
    do {
        provider->next_kept = first;
    } while (!atomic_compare_exchange_weak_explicit(&kept, &first, provider, memory_order_release,
                                                    memory_order_relaxed));
}

/* From now on nobody enters; false if that was so before. */
static bool close_entrance(tacho_meter_provider *provider) {
    pthread_mutex_lock(&provider->lock);
    bool is_first = !provider->is_ending;
    provider->is_ending = true;
    pthread_mutex_unlock(&provider->lock);
    return is_first;
}

static bool await_users(tacho_meter_provider *provider, uint64_t deadline_ns) {
    bool is_in_time = true;
    pthread_mutex_lock(&provider->lock);
    while (provider->users > 0 && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&provider->changed, &provider->lock, deadline_ns);
    }
    bool is_empty = provider->users == 0;
    pthread_mutex_unlock(&provider->lock);
    return is_empty;
}

static bool quiesce(tacho_meter_provider *provider) {
    uint64_t deadline_ns = deadline_of(0);
    bool is_quiet = await_users(provider, deadline_ns);
    for (size_t i = 0; i < provider->reader_count && is_quiet; i++) {
        is_quiet = tachoi_reader_quiesce(provider->readers[i], deadline_ns);
    }
    return is_quiet;
}

static void free_readers_and_resource(tacho_meter_provider *provider) {
    for (size_t i = 0; i < provider->reader_count; i++) {
        tachoi_reader_free(provider->readers[i]);
    }
    tachoi_free(provider->readers);
    provider->readers = NULL;
    provider->reader_count = 0;
    tacho_resource_destroy(provider->resource);
    provider->resource = NULL;
}

/* After the pipeline. */
static void free_views_and_configs(tacho_meter_provider *provider) {
    for (size_t i = 0; i < provider->view_count; i++) {
        tachoi_view_free(provider->views[i]);
    }
    tachoi_free(provider->views);
    for (size_t i = 0; i < provider->config_count; i++) {
        tachoi_collector_config_fini(&provider->configs[i]);
    }
    tachoi_free(provider->configs);
}

static void provider_free(tacho_meter_provider *provider) {
    free_readers_and_resource(provider);
    tachoi_pipeline_destroy(provider->pipeline);
    free_views_and_configs(provider);
    pthread_cond_destroy(&provider->changed);
    pthread_mutex_destroy(&provider->lock);
    tachoi_free(provider);
}

/* A program cannot stop the threads of its libraries: one may have loaded an instrument from behind
 * the global provider and be about to enter it, at any time. */
static void provider_retire(tacho_meter_provider *provider) {
    free_readers_and_resource(provider);
    tachoi_pipeline_retire(provider->pipeline);
    keep(provider);
}

/* Unless a thread is still inside: then the memory is left to it. */
static void end_if_quiet(tacho_meter_provider *provider) {
    if (!quiesce(provider)) {
        keep(provider);
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "meter_provider", "destroy_incomplete",
                                 "a callback or an export does not come back; the memory of its "
                                 "provider is left to it");
    } else if (atomic_load_explicit(&provider->was_installed, memory_order_relaxed)) {
        provider_retire(provider);
    } else {
        provider_free(provider);
    }
}

void tachoi_provider_abandon(tacho_meter_provider *provider) {
    if (provider != NULL) {
        shut_readers_down(provider, deadline_of(0));
        end_if_quiet(provider);
    }
}

void tacho_meter_provider_destroy(tacho_meter_provider *provider) {
    provider = tachoi_provider_resolve(provider);
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
    if (status == TACHO_E_FORKED || !close_entrance(provider)) {
        return; /* all of it belongs to the parent's threads, or to another destroy */
    }
    tachoi_drops_report(provider->pipeline);
    end_if_quiet(provider);
}
