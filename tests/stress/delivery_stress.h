/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the stress programs of delivery share: failing, pacing, and reading an account that
 * must balance whenever it is read. */
#ifndef TACHO_TESTS_STRESS_DELIVERY_STRESS_H
#define TACHO_TESTS_STRESS_DELIVERY_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tacho/exporters/remote_write.h"
#include "tacho/sdk/diagnostics.h"

static tacho_metric_exporter *exporter;
static _Atomic(bool) has_ended;

static inline void must(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "delivery stress: %s\n", what);
        abort();
    }
}

static inline void ignore(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

static inline bool goes_on(void) {
    return !atomic_load_explicit(&has_ended, memory_order_relaxed);
}

static inline void rest(long ms) {
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL); /* paces the stress; nothing is expected to be done by then */
}

static inline tacho_remote_write_stats balanced_stats(void) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    must(tacho_remote_write_exporter_stats(exporter, &stats) == TACHO_OK, "no account");
    must(stats.accepted == stats.acknowledged + stats.failed + stats.dropped_queue_full +
                               stats.dropped_too_old + stats.dropped_shutdown +
                               stats.dropped_clock + stats.dropped_invalid +
                               stats.dropped_unsupported + stats.pending,
         "the account does not balance");
    return stats;
}

#endif
