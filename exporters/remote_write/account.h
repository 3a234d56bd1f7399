/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of samples, and the lock that guards it together with the queues: whoever moves
 * samples moves their numbers under the same lock, so that the sum is right at every moment. */
#ifndef TACHOI_REMOTE_WRITE_ACCOUNT_H
#define TACHOI_REMOTE_WRITE_ACCOUNT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "tacho/exporters/remote_write.h"

/** Answers of one status. */
struct tachoi_answers {
    int status; /* 0 = no answer; TACHOI_OTHER_STATUS */
    uint64_t count;
};

/** Receivers give few; whatever they invent, more are not told apart. */
enum { TACHOI_ANSWER_KINDS = 24, TACHOI_OTHER_STATUS = -1 };

struct tachoi_account {
    /* immutable after init */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* broadcast when samples were settled, or the sender stopped */

    /* guarded by lock; in samples */
    uint64_t accepted;
    uint64_t acknowledged;
    uint64_t histograms_acknowledged; /* native ones, of them */
    uint64_t failed;
    uint64_t dropped_queue_full;
    uint64_t dropped_too_old;
    uint64_t dropped_shutdown;
    uint64_t dropped_clock;
    uint64_t dropped_invalid;
    uint64_t dropped_unsupported;

    /* guarded by lock; pending is what is left of those accepted */
    uint64_t exemplars_accepted;
    uint64_t exemplars_acknowledged;
    uint64_t exemplars_failed;
    uint64_t exemplars_dropped;
    uint64_t exemplars_retried;

    /* guarded by lock; in metric families */
    uint64_t metadata_acknowledged;
    uint64_t metadata_failed;
    uint64_t metadata_retried;

    /* guarded by lock */
    uint64_t stale_markers;      /* of the accepted samples */
    uint64_t series_filtered;    /* by relabelling */
    uint64_t unsupported_points; /* never accepted */
    uint64_t unsupported_exemplars;
    uint64_t requests;
    uint64_t retries;
    uint64_t samples_retried;
    uint64_t bytes_sent;
    uint64_t protocol_fallbacks;
    uint64_t written_mismatches;
    uint64_t label_collisions_merged; /* points */
    uint64_t label_collisions_dropped;
    uint64_t credentials_refreshed;
    uint64_t credentials_refresh_failed;
    size_t shards_backing_off;
    int64_t highest_timestamp_ms; /* accepted; 0 = none */
    int64_t highest_sent_timestamp_ms;
    struct tachoi_answers answers[TACHOI_ANSWER_KINDS]; /* to the requests; the first with 0 ends */
    int protocol;                                       /* of the next request */
    int last_http_status;
    char last_error[200]; /* why the last attempt failed, "" if it did not */
};

/** What became of samples that were in flight. */
struct tachoi_settlement {
    uint64_t acknowledged;
    uint64_t histograms_acknowledged; /* of them */
    uint64_t failed;
    uint64_t dropped_too_old;
    uint64_t dropped_invalid;
    uint64_t dropped_unsupported;
    uint64_t exemplars_acknowledged;
    uint64_t exemplars_failed;
    uint64_t exemplars_dropped;
    int64_t newest_ms; /* time of the newest acknowledged one; 0 = none */
};

/** TACHO_OK or TACHO_E_SYSTEM. */
int tachoi_account_init(struct tachoi_account *account);
void tachoi_account_fini(struct tachoi_account *account);

/** Moves samples from pending to what became of them; whoever counts the pending ones does so under
 * the same lock. Wakes those who wait for it. */
void tachoi_account_settle_locked(struct tachoi_account *account,
                                  const struct tachoi_settlement *settlement);
uint64_t tachoi_settlement_samples(const struct tachoi_settlement *settlement);

/** Counts an answer; 0 = none came. */
void tachoi_account_count_answer_locked(struct tachoi_account *account, int status);

/** Samples that did not arrive for any reason. The lock is held. */
uint64_t tachoi_account_lost_locked(const struct tachoi_account *account);

/** Exemplars that are neither settled nor dropped. The lock is held. */
uint64_t tachoi_account_exemplars_pending_locked(const struct tachoi_account *account);

/** Writes what the account knows; the other members are left alone. The lock is held. */
void tachoi_account_tell_locked(const struct tachoi_account *account,
                                tacho_remote_write_stats *out);

#endif
