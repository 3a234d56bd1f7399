/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the starting of threads and timed waiting. Knows nothing of what the threads do. */
#include "base/thread.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "tacho/status.h"

/* At least what the system asks for, in whole pages. */
static size_t usable_stack_bytes(size_t stack_bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t smallest = (size_t)PTHREAD_STACK_MIN;
    size_t wanted = stack_bytes != 0 ? stack_bytes : TACHOI_DEFAULT_STACK_BYTES;
    if (wanted < smallest) {
        wanted = smallest;
    }
    return wanted > SIZE_MAX - page ? wanted : (wanted + page - 1) / page * page;
}

/* A new thread inherits the mask of its creator: all signals are blocked around the creation, so
 * that no handler of the host ever runs on the new thread. */
static int create_without_signals(pthread_t *thread, const pthread_attr_t *attr,
                                  void *(*run)(void *), void *argument) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return TACHO_E_SYSTEM;
    }
    int error = pthread_create(thread, attr, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? TACHO_OK : TACHO_E_SYSTEM;
}

int tachoi_thread_start(pthread_t *thread, const char *name, size_t stack_bytes,
                        void *(*run)(void *), void *argument) {
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) {
        return TACHO_E_SYSTEM;
    }
    int status = TACHO_E_SYSTEM;
    pthread_t started;
    if (pthread_attr_setstacksize(&attr, usable_stack_bytes(stack_bytes)) == 0) {
        status = create_without_signals(&started, &attr, run, argument);
    }
    (void)pthread_attr_destroy(&attr);
    if (status == TACHO_OK) {
        (void)pthread_setname_np(started, name); /* a convenience of debuggers, may fail */
        *thread = started;
    }
    return status;
}

int tachoi_cond_init(pthread_cond_t *cond) {
    pthread_condattr_t attr;
    int error = pthread_condattr_init(&attr);
    if (error != 0) {
        return error;
    }
    error = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (error == 0) {
        error = pthread_cond_init(cond, &attr);
    }
    (void)pthread_condattr_destroy(&attr);
    return error;
}

bool tachoi_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns) {
    if (deadline_ns == UINT64_MAX) {
        (void)pthread_cond_wait(cond, mutex);
        return true;
    }
    struct timespec deadline = tachoi_timespec_from_ns(deadline_ns);
    return pthread_cond_timedwait(cond, mutex, &deadline) != ETIMEDOUT;
}
