/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the fork handler: it counts and does nothing else, so that it is safe whatever the parent's
 * threads were doing. */
#include "base/fork.h"

#include <pthread.h>

_Atomic(uint32_t) tachoi_fork_generation_value = 1;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_watching; /* written inside `once` */

/* Runs in the child on its only thread; threads started later see the value by their creation. */
static void count_generation(void) {
    atomic_fetch_add_explicit(&tachoi_fork_generation_value, 1, memory_order_relaxed);
}

static void register_handler(void) {
    is_watching = pthread_atfork(NULL, NULL, count_generation) == 0;
}

bool tachoi_fork_watch(void) {
    return pthread_once(&once, register_handler) == 0 && is_watching;
}
