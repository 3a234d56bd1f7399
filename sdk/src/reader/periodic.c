/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the periodic reader: code beats environment beats default (ENV-15, ENV-16). */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"
#include "pipeline/report.h"
#include "pipeline/setup.h"
#include "reader/reader_thread.h"

#define INTERVAL_MS 60000
#define TIMEOUT_MS 30000

/* Milliseconds from the environment, else `otherwise`; 0 only where the variable gives a meaning to
 * it. */
static uint32_t ms_from_environment(const char *name, bool may_be_zero, uint32_t otherwise) {
    uint64_t value = otherwise;
    enum tachoi_env_result result = tachoi_env_u64(name, UINT32_MAX - 1, &value);
    if (result == TACHOI_ENV_INVALID || (value == 0 && !may_be_zero)) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "environment_invalid", name,
                      "%s=%s is not a number of milliseconds; %u is used", name,
                      tachoi_env_get(name), (unsigned)otherwise);
        return otherwise;
    }
    return (uint32_t)value;
}

static uint32_t interval_ms(const tacho_periodic_reader_options *options) {
    return options->interval_ms != 0
               ? options->interval_ms
               : ms_from_environment("OTEL_METRIC_EXPORT_INTERVAL", false, INTERVAL_MS);
}

static uint32_t timeout_ms(const tacho_periodic_reader_options *options) {
    if (options->timeout_ms != 0) {
        return options->timeout_ms;
    }
    uint32_t value = ms_from_environment("OTEL_METRIC_EXPORT_TIMEOUT", true, TIMEOUT_MS);
    return value != 0 ? value : TACHO_NO_TIMEOUT; /* ENV-07 */
}

static bool is_spread(const tacho_metric_exporter *exporter,
                      const tacho_periodic_reader_options *options) {
    return options->first_collection == TACHO_FIRST_COLLECTION_DEFAULT
               ? exporter->ops.spreads_collections
               : options->first_collection == TACHO_FIRST_COLLECTION_SPREAD;
}

/* Anywhere within the interval (RETRY-09). Processes that were forked of one at one time must
 * differ, also where the kernel has no randomness yet. */
static uint64_t spread_ns(uint64_t interval_ns) {
    struct tachoi_rng rng;
    uint64_t seed = tachoi_monotonic_ns() ^ (uint64_t)getpid() << 32;
    (void)tachoi_random_bytes(&seed, sizeof seed);
    tachoi_rng_seed(&rng, seed);
    return 1 + tachoi_rng_upto(&rng, interval_ns - 1);
}

static struct tachoi_reader_thread_config
thread_config(const tacho_metric_exporter *exporter, const tacho_periodic_reader_options *options) {
    const uint32_t interval = interval_ms(options);
    const uint64_t interval_ns = interval * TACHOI_NS_PER_MS;
    return (struct tachoi_reader_thread_config){
        .interval_ms = interval,
        .timeout_ms = timeout_ms(options),
        .stack_size = options->thread_stack_size,
        .first_ns = is_spread(exporter, options) ? spread_ns(interval_ns) : interval_ns};
}

static int check_first_collection(const struct tachoi_setup *setup,
                                  tacho_first_collection first_collection) {
    switch (first_collection) {
    case TACHO_FIRST_COLLECTION_DEFAULT:
    case TACHO_FIRST_COLLECTION_AFTER_INTERVAL:
    case TACHO_FIRST_COLLECTION_SPREAD:
        return TACHO_OK;
    }
    return tachoi_setup_fail(setup, TACHO_E_INVALID, "first_collection",
                             "there is none of the number %d; use a TACHO_FIRST_COLLECTION_*",
                             (int)first_collection);
}

static int read_options(struct tachoi_setup *setup, const tacho_metric_exporter *exporter,
                        const tacho_periodic_reader_options *options,
                        tacho_periodic_reader_options *known, tacho_metric_reader **out) {
    int status = tachoi_setup_copy(setup, options, known, sizeof *known,
                                   TACHOI_FIRST_PERIODIC_READER_OPTIONS,
                                   offsetof(tacho_periodic_reader_options, error));
    if (status == TACHO_E_UNSUPPORTED) {
        memcpy(known, options, sizeof *known); /* what it lists is consumed */
    }
    if (status == TACHO_OK && exporter == NULL) {
        status =
            tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "exporter",
                                       "it is NULL; look at what its create function returned");
    }
    if (status == TACHO_OK) {
        status = check_first_collection(setup, known->first_collection);
    }
    return status == TACHO_OK ? tachoi_setup_check_out(setup, out) : status;
}

int tacho_periodic_reader_create(tacho_metric_exporter *exporter,
                                 const tacho_periodic_reader_options *options,
                                 tacho_metric_reader **out) {
    struct tachoi_setup setup = {.component = "metric_reader",
                                 .function = "tacho_periodic_reader_create",
                                 .type = "tacho_periodic_reader_options"};
    tacho_periodic_reader_options known = {0};
    tacho_metric_reader *reader = NULL;
    int status = read_options(&setup, exporter, options, &known, out);
    const struct tachoi_reader_options shared = TACHOI_READER_OPTIONS(known);
    if (status != TACHO_OK) {
        tachoi_reader_dismiss(exporter, &shared);
        return status;
    }
    status = tachoi_reader_create(&setup, exporter, &shared, &reader);
    if (status != TACHO_OK) {
        return status;
    }
    const struct tachoi_reader_thread_config config = thread_config(exporter, &known);
    reader->thread = tachoi_reader_thread_create(&config);
    if (reader->thread == NULL) {
        tachoi_reader_free(reader);
        return tachoi_setup_fail_argument(&setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    *out = reader;
    return TACHO_OK;
}
