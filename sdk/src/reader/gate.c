/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/gate.h"

#include "base/thread.h"
#include "tacho/status.h"

bool tachoi_gate_init(struct tachoi_gate *gate) {
    if (tachoi_cond_init(&gate->left) != 0) {
        return false;
    }
    pthread_mutex_init(&gate->lock, NULL);
    gate->is_held = false;
    return true;
}

void tachoi_gate_fini(struct tachoi_gate *gate) {
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->left);
}

static bool is_mine_locked(const struct tachoi_gate *gate) {
    return gate->is_held && pthread_equal(gate->holder, pthread_self());
}

int tachoi_gate_enter(struct tachoi_gate *gate, uint64_t deadline_ns) {
    int status = TACHO_OK;
    pthread_mutex_lock(&gate->lock);
    if (is_mine_locked(gate)) {
        status = TACHO_E_BUSY;
    }
    while (status == TACHO_OK && gate->is_held) {
        if (!tachoi_cond_wait_until(&gate->left, &gate->lock, deadline_ns) && gate->is_held) {
            status = TACHO_E_TIMEOUT;
        }
    }
    if (status == TACHO_OK) {
        gate->is_held = true;
        gate->holder = pthread_self();
    }
    pthread_mutex_unlock(&gate->lock);
    return status;
}

void tachoi_gate_leave(struct tachoi_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->is_held = false;
    pthread_cond_signal(&gate->left);
    pthread_mutex_unlock(&gate->lock);
}

bool tachoi_gate_is_mine(struct tachoi_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    bool is_mine = is_mine_locked(gate);
    pthread_mutex_unlock(&gate->lock);
    return is_mine;
}
