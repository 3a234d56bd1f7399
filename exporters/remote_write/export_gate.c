/* SPDX-License-Identifier: Apache-2.0 */
/* Owns who uses the exporting side. See export_gate.h. */
#include "remote_write/export_gate.h"

#include "base/thread.h"
#include "tacho/status.h"

int tachoi_export_gate_init(struct tachoi_export_gate *gate) {
    gate->is_taken = false;
    if (pthread_mutex_init(&gate->lock, NULL) != 0) {
        return TACHO_E_SYSTEM;
    }
    if (tachoi_cond_init(&gate->left) != 0) {
        (void)pthread_mutex_destroy(&gate->lock);
        return TACHO_E_SYSTEM;
    }
    return TACHO_OK;
}

void tachoi_export_gate_fini(struct tachoi_export_gate *gate) {
    (void)pthread_cond_destroy(&gate->left);
    (void)pthread_mutex_destroy(&gate->lock);
}

bool tachoi_export_gate_enter(struct tachoi_export_gate *gate, uint64_t deadline_ns) {
    pthread_mutex_lock(&gate->lock);
    const bool is_inside =
        gate->is_taken && pthread_equal(gate->owner, pthread_self()) != 0; /* so it never leaves */
    bool has_time = !is_inside;
    while (gate->is_taken && has_time) {
        has_time = tachoi_cond_wait_until(&gate->left, &gate->lock, deadline_ns);
    }
    const bool may_enter = !gate->is_taken;
    if (may_enter) {
        gate->is_taken = true;
        gate->owner = pthread_self();
    }
    pthread_mutex_unlock(&gate->lock);
    return may_enter;
}

void tachoi_export_gate_leave(struct tachoi_export_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->is_taken = false;
    pthread_cond_broadcast(&gate->left);
    pthread_mutex_unlock(&gate->lock);
}
