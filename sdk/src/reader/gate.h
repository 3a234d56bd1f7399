/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a mutual exclusion that may be held for long, over user code: entering has a deadline, and a
 * thread that holds it already is told so instead of waiting for itself. */
#ifndef TACHOI_READER_GATE_H
#define TACHOI_READER_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tachoi_gate {
    pthread_mutex_t lock;
    pthread_cond_t left;
    /* guarded by lock */
    bool is_held;
    pthread_t holder;
};

/** False when memory is short. */
bool tachoi_gate_init(struct tachoi_gate *gate);
void tachoi_gate_fini(struct tachoi_gate *gate);

/** TACHO_OK, TACHO_E_TIMEOUT, TACHO_E_BUSY (this thread holds it). */
int tachoi_gate_enter(struct tachoi_gate *gate, uint64_t deadline_ns);
void tachoi_gate_leave(struct tachoi_gate *gate);

/** Whether the calling thread is inside. */
bool tachoi_gate_is_mine(struct tachoi_gate *gate);

#endif
