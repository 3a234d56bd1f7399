/* SPDX-License-Identifier: Apache-2.0 */
/* Making a meter provider: what it takes over, what it knows from where, and in which order its
 * parts come to life. Its end is in meter_provider_end.c. */
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fork.h"
#include "base/options.h"
#include "base/thread.h"
#include "provider/provider.h"
#include "provider/resource.h"
#include "reader/reader.h"
#include "tacho/sdk/diagnostics.h"

/* --- creation --- */

static uint64_t system_unix_ns(void *user) {
    (void)user;
    return tachoi_unix_ns();
}

static uint64_t system_monotonic_ns(void *user) {
    (void)user;
    return tachoi_monotonic_ns();
}

static int read_clock(const tacho_meter_provider_options *options, tacho_clock *clock) {
    *clock = (tacho_clock){.struct_size = sizeof *clock,
                           .unix_ns = system_unix_ns,
                           .monotonic_ns = system_monotonic_ns};
    int status = tachoi_options_copy(options->clock, clock, sizeof *clock, sizeof *clock);
    if (status == TACHO_OK && (clock->unix_ns == NULL || clock->monotonic_ns == NULL)) {
        status = TACHO_E_INVALID;
    }
    return status == TACHO_OK
               ? TACHO_OK
               : tachoi_error_set(options->error, status, "clock",
                                  "struct_size, unix_ns and monotonic_ns are required");
}

/* Takes all readers that can be taken, whatever happens: they are consumed. */
static int claim_readers(tacho_meter_provider *provider,
                         const tacho_meter_provider_options *options) {
    int status = TACHO_OK;
    for (size_t i = 0; i < options->reader_count; i++) {
        tacho_metric_reader *reader = options->readers != NULL ? options->readers[i] : NULL;
        int claimed = reader != NULL ? tachoi_reader_claim(reader) : TACHO_E_INVALID;
        if (claimed == TACHO_OK) {
            provider->readers[provider->reader_count++] = reader;
        } else if (status == TACHO_OK) {
            status = tachoi_error_set(options->error, claimed, "readers", "reader %zu: %s", i,
                                      claimed == TACHO_E_BUSY ? "it belongs to a provider"
                                      : reader == NULL        ? "it is NULL"
                                                              : tacho_status_text(claimed));
        }
    }
    return status;
}

static bool is_disabled_by_environment(void) {
    bool is_disabled = false;
    if (tachoi_env_bool("OTEL_SDK_DISABLED", &is_disabled) == TACHOI_ENV_INVALID) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter_provider", "environment_invalid",
                                 "OTEL_SDK_DISABLED=%s is neither true nor false; false is used",
                                 tachoi_env_get("OTEL_SDK_DISABLED"));
    }
    return is_disabled;
}

static int make_pipeline(tacho_meter_provider *provider, const tacho_clock *clock) {
    uint32_t *limits = tachoi_calloc(provider->reader_count, sizeof limits[0]);
    if (limits == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        limits[i] = provider->readers[i]->cardinality_limit;
    }
    const struct tachoi_pipeline_config config = {.clock = clock,
                                                  .resource = provider->resource,
                                                  .meter_ops = &tachoi_meter_ops,
                                                  .cardinality_limits = limits,
                                                  .collector_count = provider->reader_count};
    int status = tachoi_pipeline_create(&config, &provider->pipeline);
    tachoi_free(limits);
    return status;
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

static int set_up(tacho_meter_provider *provider, const tacho_meter_provider_options *options) {
    tacho_clock clock;
    int status = claim_readers(provider, options);
    if (status == TACHO_OK) {
        status = read_clock(options, &clock);
    }
    if (status != TACHO_OK) {
        return status;
    }
    provider->is_disabled = is_disabled_by_environment();
    status = tachoi_resource_detect(options->resource, &provider->resource);
    if (status == TACHO_OK) {
        status = make_pipeline(provider, &clock);
    }
    if (status == TACHO_OK) {
        status = start_readers(provider);
    }
    return status == TACHO_OK
               ? status
               : tachoi_error_set(options->error, status, "", "%s", tacho_status_text(status));
}

static tacho_meter_provider *provider_alloc(size_t reader_count) {
    tacho_meter_provider *provider = tachoi_calloc(1, sizeof *provider);
    tacho_metric_reader **readers = tachoi_calloc(reader_count, sizeof(tacho_metric_reader *));
    if (provider == NULL || readers == NULL || !tachoi_fork_watch() ||
        tachoi_cond_init(&provider->changed) != 0) {
        tachoi_free(readers);
        tachoi_free(provider);
        return NULL;
    }
    pthread_mutex_init(&provider->lock, NULL);
    provider->readers = readers;
    provider->fork_generation = tachoi_fork_generation();
    atomic_init(&provider->handle.self, provider);
    atomic_init(&provider->handle.ops, &tachoi_provider_ops);
    return provider;
}

/* The readers are consumed although there is no provider. */
static void dismiss_readers(const tacho_meter_provider_options *options) {
    for (size_t i = 0; options->readers != NULL && i < options->reader_count; i++) {
        if (options->readers[i] != NULL && tachoi_reader_claim(options->readers[i]) == TACHO_OK) {
            tachoi_reader_free(options->readers[i]);
        }
    }
}

int tacho_meter_provider_create(const tacho_meter_provider_options *options,
                                tacho_meter_provider **out) {
    tacho_meter_provider_options known = {0};
    int status = tachoi_options_copy(options, &known, sizeof known, sizeof known);
    if (status == TACHO_E_INVALID) {
        return status; /* too small to tell what should be taken over */
    }
    if (status == TACHO_E_UNSUPPORTED) {
        memcpy(&known, options, sizeof known);
    }
    tacho_meter_provider *provider = NULL;
    if (status == TACHO_OK) {
        provider = provider_alloc(known.reader_count);
        status = provider != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
    }
    if (status == TACHO_OK && out == NULL) {
        status = TACHO_E_INVALID;
    }
    if (status != TACHO_OK) {
        tachoi_error_set(known.error, status, "options", "%s", tacho_status_text(status));
        dismiss_readers(&known);
    } else {
        status = set_up(provider, &known);
    }
    if (status == TACHO_OK) {
        *out = provider;
    } else {
        tachoi_provider_abandon(provider);
    }
    tacho_resource_destroy(known.resource);
    return status;
}
