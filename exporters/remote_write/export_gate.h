/* SPDX-License-Identifier: Apache-2.0 */
/* Owns who uses the exporting side: one thread at a time, an export or the last words of a
 * shutdown. No lock is held meanwhile, since diagnostics run the host's code. */
#ifndef TACHOI_REMOTE_WRITE_EXPORT_GATE_H
#define TACHOI_REMOTE_WRITE_EXPORT_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tachoi_export_gate {
    pthread_mutex_t lock; /* immutable after init */
    pthread_cond_t left;  /* broadcast when the one inside leaves */

    /* guarded by lock */
    bool is_taken;
    pthread_t owner; /* if it is taken */
};

/** TACHO_OK or TACHO_E_SYSTEM. */
int tachoi_export_gate_init(struct tachoi_export_gate *gate);
void tachoi_export_gate_fini(struct tachoi_export_gate *gate);

/** Waits for the one inside until the deadline. False if it did not leave, or is the caller itself,
 * in a handler of the host. Any thread. */
bool tachoi_export_gate_enter(struct tachoi_export_gate *gate, uint64_t deadline_ns);
void tachoi_export_gate_leave(struct tachoi_export_gate *gate);

#endif
