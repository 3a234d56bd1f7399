/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the public functions that tell the account: of an exporter as a whole, and of one of its
 * endpoints. */
#include <string.h>

#include "remote_write/fan_out.h"
#include "remote_write/stats.h"

/* Fills as much as the caller has room for. */
static int hand_out(const tacho_remote_write_stats *stats, tacho_remote_write_stats *out) {
    const size_t struct_size = out->struct_size;
    memcpy(out, stats, struct_size < sizeof *stats ? struct_size : sizeof *stats);
    out->struct_size = struct_size;
    return TACHO_OK;
}

static bool has_size(const tacho_remote_write_stats *out) {
    if (out->struct_size >= sizeof out->struct_size) {
        return true;
    }
    (void)tachoi_remote_write_refuse_size(NULL, TACHO_E_INVALID, out->struct_size, sizeof *out,
                                          "tacho_remote_write_stats", " before the call");
    return false;
}

int tacho_remote_write_exporter_stats(const tacho_metric_exporter *exporter,
                                      tacho_remote_write_stats *out) {
    const size_t count = tachoi_remote_write_endpoint_count(exporter);
    if (count == 0 || out == NULL || !has_size(out)) {
        return TACHO_E_INVALID;
    }
    tacho_remote_write_stats sum;
    tachoi_remote_write_exporter_tell(tachoi_remote_write_endpoint(exporter, 0), &sum);
    for (size_t i = 1; i < count; i++) {
        tacho_remote_write_stats one;
        tachoi_remote_write_exporter_tell(tachoi_remote_write_endpoint(exporter, i), &one);
        tachoi_remote_write_stats_add(&sum, &one);
    }
    return hand_out(&sum, out);
}

size_t tacho_remote_write_exporter_endpoint_count(const tacho_metric_exporter *exporter) {
    return tachoi_remote_write_endpoint_count(exporter);
}

int tacho_remote_write_exporter_endpoint_stats(const tacho_metric_exporter *exporter, size_t index,
                                               tacho_remote_write_stats *out) {
    if (out == NULL || index >= tachoi_remote_write_endpoint_count(exporter) || !has_size(out)) {
        return TACHO_E_INVALID;
    }
    tacho_remote_write_stats stats;
    tachoi_remote_write_exporter_tell(tachoi_remote_write_endpoint(exporter, index), &stats);
    return hand_out(&stats, out);
}
