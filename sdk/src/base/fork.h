/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the knowledge of fork: a generation that differs between a process and its children. Objects
 * remember the generation they were made in; where it differs, their locks and threads belong to
 * the parent and must not be touched. */
#ifndef TACHOI_BASE_FORK_H
#define TACHOI_BASE_FORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* atomic: written in the child by the fork handler, before any other thread of it exists */
extern _Atomic(uint32_t) tachoi_fork_generation_value;

/** Registers the fork handler, once per process; cheap afterwards. False if that failed. Call it
 * before the first tachoi_fork_generation whose value is kept. */
bool tachoi_fork_watch(void);

/** The generation of this process, from 1 on. Async-signal-safe, one relaxed load. */
static inline uint32_t tachoi_fork_generation(void) {
    return atomic_load_explicit(&tachoi_fork_generation_value, memory_order_relaxed);
}

#endif
