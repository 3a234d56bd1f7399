/* SPDX-License-Identifier: Apache-2.0 */
/* Owns threads: started with all signals blocked, a name and a stack size, and condition variables
 * on the monotonic clock. */
#ifndef TACHOI_BASE_THREAD_H
#define TACHOI_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TACHOI_DEFAULT_STACK_BYTES ((size_t)512 * 1024)

/** Starts a joinable thread. `name` has at most 15 characters. stack_bytes 0 = default.
 * Returns TACHO_OK or TACHO_E_SYSTEM. The creator's signal mask is as before. */
int tachoi_thread_start(pthread_t *thread, const char *name, size_t stack_bytes,
                        void *(*run)(void *), void *argument);

/** A condition variable whose timed waits use CLOCK_MONOTONIC. 0 on success. */
int tachoi_cond_init(pthread_cond_t *cond);

/** Waits for a signal or the deadline; false when the deadline has passed. UINT64_MAX waits for
 * ever. May wake up early. */
bool tachoi_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns);

#endif
