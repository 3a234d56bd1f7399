/* SPDX-License-Identifier: Apache-2.0 */
/* Owns arithmetic on accounts. See stats.h. */
#include "remote_write/stats.h"

static void add_samples(tacho_remote_write_stats *sum, const tacho_remote_write_stats *one) {
    sum->accepted += one->accepted;
    sum->acknowledged += one->acknowledged;
    sum->histograms_acknowledged += one->histograms_acknowledged;
    sum->failed += one->failed;
    sum->dropped_queue_full += one->dropped_queue_full;
    sum->dropped_too_old += one->dropped_too_old;
    sum->dropped_shutdown += one->dropped_shutdown;
    sum->dropped_clock += one->dropped_clock;
    sum->dropped_invalid += one->dropped_invalid;
    sum->dropped_unsupported += one->dropped_unsupported;
    sum->pending += one->pending;
    sum->stale_markers += one->stale_markers;
    sum->unsupported_points += one->unsupported_points;
    sum->label_collisions_merged += one->label_collisions_merged;
    sum->label_collisions_dropped += one->label_collisions_dropped;
}

static void add_others(tacho_remote_write_stats *sum, const tacho_remote_write_stats *one) {
    sum->exemplars_accepted += one->exemplars_accepted;
    sum->exemplars_acknowledged += one->exemplars_acknowledged;
    sum->exemplars_failed += one->exemplars_failed;
    sum->exemplars_dropped += one->exemplars_dropped;
    sum->exemplars_retried += one->exemplars_retried;
    sum->exemplars_pending += one->exemplars_pending;
    sum->unsupported_exemplars += one->unsupported_exemplars;
    sum->metadata_acknowledged += one->metadata_acknowledged;
    sum->metadata_failed += one->metadata_failed;
    sum->metadata_retried += one->metadata_retried;
    sum->series_cached += one->series_cached;
    sum->series_filtered += one->series_filtered;
    sum->shards += one->shards;
    sum->shards_backing_off += one->shards_backing_off;
}

static void add_requests(tacho_remote_write_stats *sum, const tacho_remote_write_stats *one) {
    sum->requests += one->requests;
    sum->retries += one->retries;
    sum->samples_retried += one->samples_retried;
    sum->bytes_sent += one->bytes_sent;
    sum->protocol_fallbacks += one->protocol_fallbacks;
    sum->written_mismatches += one->written_mismatches;
    sum->credentials_refreshed += one->credentials_refreshed;
    sum->credentials_refresh_failed += one->credentials_refresh_failed;
}

static bool is_success(int http_status) {
    return http_status >= 200 && http_status < 300;
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

void tachoi_remote_write_stats_add(tacho_remote_write_stats *sum,
                                   const tacho_remote_write_stats *one) {
    const bool is_first = sum->protocol == 0; /* no endpoint speaks that */
    add_samples(sum, one);
    add_others(sum, one);
    add_requests(sum, one);
    sum->highest_timestamp_ms = later(sum->highest_timestamp_ms, one->highest_timestamp_ms);
    sum->highest_sent_timestamp_ms =
        later(sum->highest_sent_timestamp_ms, one->highest_sent_timestamp_ms);
    if (is_first || one->protocol < sum->protocol) {
        sum->protocol = one->protocol;
    }
    if (is_first || (is_success(sum->last_http_status) && !is_success(one->last_http_status))) {
        sum->last_http_status = one->last_http_status;
    }
}

/* Samples given up here, for all reasons. */
static uint64_t dropped_of(const tacho_remote_write_stats *stats) {
    return stats->dropped_queue_full + stats->dropped_too_old + stats->dropped_shutdown +
           stats->dropped_clock + stats->dropped_invalid + stats->dropped_unsupported;
}

void tachoi_remote_write_stats_delivery(const tacho_remote_write_stats *stats,
                                        tacho_delivery *out) {
    out->accepted = stats->accepted;
    out->acknowledged = stats->acknowledged;
    out->failed = stats->failed;
    out->dropped = dropped_of(stats);
    out->pending = stats->pending;
}
