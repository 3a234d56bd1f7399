/* SPDX-License-Identifier: Apache-2.0 */
/* Owns registrations of callbacks: running each once per collection without a lock, taking what
 * they observe, and ending a registration safely while it runs.
 *
 * A registration is pinned while it runs. Unregistering marks it; it leaves the list and its memory
 * goes when the mark is set, nobody runs it and nobody waits for it. The waiting in unregister ends
 * at once where it could never end: inside the very callback, and where the run waited for waits
 * itself, directly or through others, for a callback that the caller is inside of. */
#ifndef TACHOI_PIPELINE_CALLBACK_H
#define TACHOI_PIPELINE_CALLBACK_H

#include "pipeline/scope.h"

struct tachoi_collector;

extern const tacho_spi_observer_ops tachoi_observer_ops;

/** As tacho_meter_register_callback. Any thread. */
int tachoi_scope_register_callback(struct tachoi_scope *scope, tacho_observe_fn observe, void *user,
                                   const tacho_spi_instrument *const *observables, size_t count,
                                   tacho_spi_callback **out);

/** Runs all callbacks with an id below `end_id`, in order of registration, until the deadline has
 * passed; false if that left some out. Collecting thread, no lock held. */
bool tachoi_callbacks_run(struct tachoi_collector *collector, uint64_t end_id,
                          uint64_t deadline_ns);

/** Frees all registrations; nothing runs any more. */
void tachoi_callbacks_destroy(struct tachoi_pipeline *pipeline);

#endif
