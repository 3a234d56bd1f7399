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
#include "pipeline/report.h"
#include "provider/provider.h"
#include "provider/resource.h"
#include "reader/reader.h"
#include "reader/setup.h"

/* --- creation --- */

static uint64_t system_unix_ns(void *user) {
    (void)user;
    return tachoi_unix_ns();
}

static uint64_t system_monotonic_ns(void *user) {
    (void)user;
    return tachoi_monotonic_ns();
}

static int read_clock(const struct tachoi_setup *setup, const tacho_clock *given,
                      tacho_clock *clock) {
    *clock = (tacho_clock){.struct_size = sizeof *clock,
                           .unix_ns = system_unix_ns,
                           .monotonic_ns = system_monotonic_ns};
    int status = tachoi_options_copy(given, clock, sizeof *clock, TACHOI_FIRST_CLOCK);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, given, sizeof *clock, "tacho_clock");
        return tachoi_setup_fail(setup, status, "clock", "tacho_clock.struct_size: %s", why);
    }
    if (clock->unix_ns == NULL || clock->monotonic_ns == NULL) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "clock",
                                 "%s is NULL; a clock needs both functions",
                                 clock->unix_ns == NULL ? "unix_ns" : "monotonic_ns");
    }
    return TACHO_OK;
}

static const char *reader_fault(const tacho_metric_reader *reader, int status) {
    if (reader == NULL) {
        return "is NULL; look at what its create function returned";
    }
    return status == TACHO_E_BUSY ? "belongs to a provider already; make one for each"
                                  : tacho_status_text(status);
}

/* Takes all readers that can be taken, whatever happens: they are consumed. */
static int claim_readers(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                         const tacho_meter_provider_options *options) {
    int status = TACHO_OK;
    if (options->readers == NULL && options->reader_count > 0) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "readers",
                                 "there is a number of them, %zu, but no pointer",
                                 options->reader_count);
    }
    for (size_t i = 0; i < options->reader_count; i++) {
        tacho_metric_reader *reader = options->readers[i];
        int claimed = reader != NULL ? tachoi_reader_claim(reader) : TACHO_E_INVALID;
        if (claimed == TACHO_OK) {
            provider->readers[provider->reader_count++] = reader;
        } else if (status == TACHO_OK) {
            status = tachoi_setup_fail(setup, claimed, "readers", "reader %zu %s", i,
                                       reader_fault(reader, claimed));
        }
    }
    return status;
}

static bool is_disabled_by_environment(void) {
    bool is_disabled = false;
    if (tachoi_env_bool("OTEL_SDK_DISABLED", &is_disabled) == TACHOI_ENV_INVALID) {
        tachoi_report(TACHO_SEVERITY_WARNING, "meter_provider", "environment_invalid",
                      "OTEL_SDK_DISABLED",
                      "OTEL_SDK_DISABLED=%s is neither true nor false; false is used",
                      tachoi_env_get("OTEL_SDK_DISABLED"));
    }
    return is_disabled;
}

static int make_pipeline(tacho_meter_provider *provider, const tacho_clock *clock) {
    struct tachoi_collector_config *collectors =
        tachoi_calloc(provider->reader_count, sizeof collectors[0]);
    if (collectors == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < provider->reader_count; i++) {
        for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
            collectors[i].cardinality_limits[kind] = provider->readers[i]->cardinality_limit;
        }
    }
    const struct tachoi_pipeline_config config = {.clock = clock,
                                                  .resource = provider->resource,
                                                  .meter_ops = &tachoi_meter_ops,
                                                  .collectors = collectors,
                                                  .collector_count = provider->reader_count};
    int status = tachoi_pipeline_create(&config, &provider->pipeline);
    tachoi_free(collectors);
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

static int set_up(tacho_meter_provider *provider, const struct tachoi_setup *setup,
                  const tacho_meter_provider_options *options) {
    tacho_clock clock;
    int status = claim_readers(provider, setup, options);
    if (status == TACHO_OK) {
        status = read_clock(setup, options->clock, &clock);
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
               : tachoi_setup_fail_argument(setup, status, "", "%s", tacho_status_text(status));
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
        provider = provider_alloc(known.reader_count);
        status = provider != NULL
                     ? set_up(provider, &setup, &known)
                     : tachoi_setup_fail_argument(&setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    if (status == TACHO_OK) {
        *out = provider;
    } else if (provider != NULL) {
        tachoi_provider_abandon(provider);
    } else {
        dismiss_readers(&known);
    }
    tacho_resource_destroy(known.resource);
    return status;
}
