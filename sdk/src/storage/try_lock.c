/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the collector's patience. */
#include "storage/try_lock.h"

#include <sched.h>
#include <time.h>

enum { POLLS = 200, YIELDS = 1000, NAP_NS = 100000 };

void tachoi_lock_wait(tachoi_lock_word *word) {
    const struct timespec nap = {.tv_sec = 0, .tv_nsec = NAP_NS};
    for (unsigned attempts = 0; tachoi_try_lock(word, TACHOI_HOLDER_COLLECTOR) != 0;) {
        attempts += attempts < POLLS + YIELDS;
        if (attempts >= POLLS + YIELDS) {
            (void)nanosleep(&nap, NULL);
        } else if (attempts >= POLLS) {
            (void)sched_yield();
        }
    }
}
