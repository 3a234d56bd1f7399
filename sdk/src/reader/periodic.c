/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the periodic reader: code beats environment beats default (ENV-15, ENV-16). */
#include "base/env.h"
#include "base/options.h"
#include "reader/reader_thread.h"
#include "tacho/sdk/diagnostics.h"

#define INTERVAL_MS 60000
#define TIMEOUT_MS 30000

/* Milliseconds from the environment, else `otherwise`; 0 only where the variable gives a meaning to
 * it. */
static uint32_t ms_from_environment(const char *name, bool may_be_zero, uint32_t otherwise) {
    uint64_t value = otherwise;
    enum tachoi_env_result result = tachoi_env_u64(name, UINT32_MAX - 1, &value);
    if (result == TACHOI_ENV_INVALID || (value == 0 && !may_be_zero)) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "metric_reader", "environment_invalid",
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

static int configure(tacho_metric_reader *reader, const tacho_periodic_reader_options *options) {
    tacho_periodic_reader_options known = {0};
    int status = tachoi_options_copy(options, &known, sizeof known, sizeof known);
    if (status != TACHO_OK) {
        return status;
    }
    if (known.cardinality_limit != 0) {
        reader->cardinality_limit = known.cardinality_limit;
    }
    reader->thread = tachoi_reader_thread_create(interval_ms(&known), timeout_ms(&known),
                                                 known.thread_stack_size);
    return reader->thread != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
}

static tacho_error *error_of(const tacho_periodic_reader_options *options) {
    return options != NULL && options->struct_size >= sizeof *options ? options->error : NULL;
}

int tacho_periodic_reader_create(tacho_metric_exporter *exporter,
                                 const tacho_periodic_reader_options *options,
                                 tacho_metric_reader **out) {
    tacho_error *error = error_of(options);
    if (exporter == NULL) {
        return tachoi_error_set(error, TACHO_E_INVALID, "exporter",
                                "a periodic reader needs an exporter");
    }
    tacho_metric_reader *reader = NULL;
    int status = tachoi_reader_create(exporter, &reader);
    if (status != TACHO_OK) {
        return tachoi_error_set(error, status, "exporter", "%s",
                                status == TACHO_E_INVALID ? "it belongs to another reader"
                                                          : tacho_status_text(status));
    }
    status = out != NULL ? configure(reader, options) : TACHO_E_INVALID;
    if (status != TACHO_OK) {
        tachoi_reader_free(reader);
        return tachoi_error_set(error, status, "options", "%s", tacho_status_text(status));
    }
    *out = reader;
    return TACHO_OK;
}
