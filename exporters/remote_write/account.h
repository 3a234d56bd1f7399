/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of samples, and the lock that guards it together with the queues: whoever moves
 * samples moves their numbers under the same lock, so that the sum is right at every moment. */
#ifndef TACHOI_REMOTE_WRITE_ACCOUNT_H
#define TACHOI_REMOTE_WRITE_ACCOUNT_H

#include <pthread.h>
#include <stdint.h>

struct tachoi_account {
    /* immutable after init */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* broadcast when samples were settled, or the sender stopped */

    /* guarded by lock; in samples */
    uint64_t accepted;
    uint64_t acknowledged;
    uint64_t failed;
    uint64_t dropped_queue_full;
    uint64_t dropped_too_old;
    uint64_t dropped_shutdown;
    uint64_t dropped_clock;
    uint64_t dropped_invalid;

    /* guarded by lock */
    uint64_t unsupported_points; /* never accepted */
    uint64_t unsupported_exemplars;
    uint64_t requests;
    uint64_t retries;
    uint64_t bytes_sent;
    int last_http_status;
    char last_error[200]; /* why the last attempt failed, "" if it did not */
};

/** TACHO_OK or TACHO_E_SYSTEM. */
int tachoi_account_init(struct tachoi_account *account);
void tachoi_account_fini(struct tachoi_account *account);

/** Samples given up here, and those that did not arrive for any reason. The lock is held. */
uint64_t tachoi_account_dropped_locked(const struct tachoi_account *account);
uint64_t tachoi_account_lost_locked(const struct tachoi_account *account);

#endif
