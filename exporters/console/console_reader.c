/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the pairing of the console exporter with a periodic reader, whose interval is shorter than
 * that of others: somebody is watching. (STD-04) */
#include "console/console_reader.h"

#include "base/env.h"
#include "tacho/exporters/console.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/metric_reader.h"

#define INTERVAL_MS 10000
#define INTERVAL_VARIABLE "OTEL_METRIC_EXPORT_INTERVAL"

uint32_t tachoi_console_interval_ms(void) {
    uint64_t value = 0;
    const enum tachoi_env_result result = tachoi_env_u64(INTERVAL_VARIABLE, UINT32_MAX - 1, &value);
    if (result == TACHOI_ENV_OK && value > 0) {
        return 0;
    }
    if (result != TACHOI_ENV_UNSET) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "console", "environment_invalid",
                                 "%s=%s is not a number of milliseconds; %u is used",
                                 INTERVAL_VARIABLE, tachoi_env_get(INTERVAL_VARIABLE),
                                 (unsigned)INTERVAL_MS);
    }
    return INTERVAL_MS;
}

int tacho_console_reader_create(tacho_metric_reader **out) {
    tacho_metric_exporter *exporter = NULL;
    const int status = tacho_console_exporter_create(NULL, &exporter);
    if (status != TACHO_OK) {
        return status;
    }
    return tacho_periodic_reader_create(
        exporter,
        TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = tachoi_console_interval_ms()),
        out);
}
