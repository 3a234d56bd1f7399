/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of samples. See account.h. */
#include "remote_write/account.h"

#include <string.h>

#include "base/thread.h"
#include "tacho/status.h"

int tachoi_account_init(struct tachoi_account *account) {
    memset(account, 0, sizeof *account);
    account->protocol = 1;
    if (pthread_mutex_init(&account->lock, NULL) != 0) {
        return TACHO_E_SYSTEM;
    }
    if (tachoi_cond_init(&account->changed) != 0) {
        (void)pthread_mutex_destroy(&account->lock);
        return TACHO_E_SYSTEM;
    }
    return TACHO_OK;
}

void tachoi_account_fini(struct tachoi_account *account) {
    (void)pthread_cond_destroy(&account->changed);
    (void)pthread_mutex_destroy(&account->lock);
}

uint64_t tachoi_settlement_samples(const struct tachoi_settlement *settlement) {
    return settlement->acknowledged + settlement->failed + settlement->dropped_too_old +
           settlement->dropped_invalid + settlement->dropped_unsupported;
}

void tachoi_account_settle_locked(struct tachoi_account *account,
                                  const struct tachoi_settlement *settlement) {
    account->acknowledged += settlement->acknowledged;
    account->histograms_acknowledged += settlement->histograms_acknowledged;
    account->failed += settlement->failed;
    account->dropped_too_old += settlement->dropped_too_old;
    account->dropped_invalid += settlement->dropped_invalid;
    account->dropped_unsupported += settlement->dropped_unsupported;
    account->exemplars_acknowledged += settlement->exemplars_acknowledged;
    account->exemplars_failed += settlement->exemplars_failed;
    account->exemplars_dropped += settlement->exemplars_dropped;
    if (settlement->newest_ms > account->highest_sent_timestamp_ms) {
        account->highest_sent_timestamp_ms = settlement->newest_ms;
    }
    pthread_cond_broadcast(&account->changed);
}

void tachoi_account_count_answer_locked(struct tachoi_account *account, int status) {
    struct tachoi_answers *const last = &account->answers[TACHOI_ANSWER_KINDS - 1];
    struct tachoi_answers *answers = account->answers;
    while (answers < last && answers->count > 0 && answers->status != status) {
        answers++;
    }
    answers->status = answers < last ? status : TACHOI_OTHER_STATUS;
    answers->count++;
}

uint64_t tachoi_account_lost_locked(const struct tachoi_account *account) {
    return account->failed + account->dropped_queue_full + account->dropped_too_old +
           account->dropped_shutdown + account->dropped_clock + account->dropped_invalid +
           account->dropped_unsupported;
}

uint64_t tachoi_account_exemplars_pending_locked(const struct tachoi_account *account) {
    return account->exemplars_accepted - account->exemplars_acknowledged -
           account->exemplars_failed - account->exemplars_dropped;
}

static void tell_samples_locked(const struct tachoi_account *account,
                                tacho_remote_write_stats *out) {
    out->accepted = account->accepted;
    out->acknowledged = account->acknowledged;
    out->histograms_acknowledged = account->histograms_acknowledged;
    out->failed = account->failed;
    out->dropped_queue_full = account->dropped_queue_full;
    out->dropped_too_old = account->dropped_too_old;
    out->dropped_shutdown = account->dropped_shutdown;
    out->dropped_clock = account->dropped_clock;
    out->dropped_invalid = account->dropped_invalid;
    out->dropped_unsupported = account->dropped_unsupported;
    out->highest_timestamp_ms = account->highest_timestamp_ms;
    out->highest_sent_timestamp_ms = account->highest_sent_timestamp_ms;
    out->stale_markers = account->stale_markers;
    out->series_filtered = account->series_filtered;
    out->unsupported_points = account->unsupported_points;
    out->label_collisions_merged = account->label_collisions_merged;
    out->label_collisions_dropped = account->label_collisions_dropped;
}

static void tell_requests_locked(const struct tachoi_account *account,
                                 tacho_remote_write_stats *out) {
    out->requests = account->requests;
    out->retries = account->retries;
    out->samples_retried = account->samples_retried;
    out->bytes_sent = account->bytes_sent;
    out->last_http_status = account->last_http_status;
    out->protocol = account->protocol;
    out->protocol_fallbacks = account->protocol_fallbacks;
    out->written_mismatches = account->written_mismatches;
    out->metadata_acknowledged = account->metadata_acknowledged;
    out->metadata_failed = account->metadata_failed;
    out->metadata_retried = account->metadata_retried;
    out->credentials_refreshed = account->credentials_refreshed;
    out->credentials_refresh_failed = account->credentials_refresh_failed;
    out->shards_backing_off = account->shards_backing_off;
}

void tachoi_account_tell_locked(const struct tachoi_account *account,
                                tacho_remote_write_stats *out) {
    tell_samples_locked(account, out);
    tell_requests_locked(account, out);
    out->exemplars_accepted = account->exemplars_accepted;
    out->exemplars_acknowledged = account->exemplars_acknowledged;
    out->exemplars_failed = account->exemplars_failed;
    out->exemplars_dropped = account->exemplars_dropped;
    out->exemplars_retried = account->exemplars_retried;
    out->exemplars_pending = tachoi_account_exemplars_pending_locked(account);
    out->unsupported_exemplars = account->unsupported_exemplars;
}
