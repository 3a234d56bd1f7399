/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what happens to workers when the process exits and nobody has shut them down: one exit
 * handler, registered after libcurl was initialised so that it runs before the TLS library takes
 * itself apart, stops them within 200 ms together. It does nothing in a forked child. */
#ifndef TACHOI_REMOTE_WRITE_EXIT_HANDLER_H
#define TACHOI_REMOTE_WRITE_EXIT_HANDLER_H

#include "remote_write/worker.h"

/** A worker's place in the list; lies with its owner. */
struct tachoi_exit_entry {
    struct tachoi_exit_entry *next;
    struct tachoi_worker *worker;
    bool wants_flush;
    struct tachoi_worker_wait wait; /* the exit handler's */
};

/** Adds a worker, which stays until it is removed. TACHO_OK, TACHO_E_NO_MEMORY, TACHO_E_SYSTEM. */
int tachoi_exit_handler_add(struct tachoi_exit_entry *entry, struct tachoi_worker *worker,
                            bool wants_flush);

/** Removes it, waiting for an exit handler at work. Not in a forked child. */
void tachoi_exit_handler_remove(struct tachoi_exit_entry *entry);

#endif
