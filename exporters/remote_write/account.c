/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the account of samples. See account.h. */
#include "remote_write/account.h"

#include <string.h>

#include "base/thread.h"
#include "tacho/status.h"

int tachoi_account_init(struct tachoi_account *account) {
    memset(account, 0, sizeof *account);
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

uint64_t tachoi_account_dropped_locked(const struct tachoi_account *account) {
    return account->dropped_queue_full + account->dropped_too_old + account->dropped_shutdown +
           account->dropped_clock + account->dropped_invalid;
}

uint64_t tachoi_account_lost_locked(const struct tachoi_account *account) {
    return account->failed + tachoi_account_dropped_locked(account);
}
