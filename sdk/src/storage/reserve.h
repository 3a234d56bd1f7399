/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a few stripes made in advance, so that a recorder who finds its only cell held by a thread
 * that does not run can give the series stripes at once: it may not allocate, and it must not wait.
 * Knows nothing of series.
 *
 *              attach   refill
 *     attach     yes      yes
 *     refill     yes      no (collections are serialised)
 *
 * Progress: both are wait-free. attach is async-signal-safe; a slot whose taker was lost in a fork
 * stays out of use in the child. */
#ifndef TACHOI_STORAGE_RESERVE_H
#define TACHOI_STORAGE_RESERVE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "storage/stripes.h"

/* Series that can be helped between two collections; each slot costs as much as bound stripes. */
#define TACHOI_RESERVE_SLOTS 2

struct tachoi_reserve {
    /* atomic: NULL = to be refilled, a mark = a recorder is at it, else stripes */
    _Atomic(struct tachoi_stripes *) slots[TACHOI_RESERVE_SLOTS];
};

/** Puts stripes into `*where` if it is NULL; afterwards it holds stripes, these or others'. False,
 * nothing done, if there are none left. */
bool tachoi_reserve_attach(struct tachoi_reserve *reserve, _Atomic(struct tachoi_stripes *) *where);

/** Makes what is missing; false if memory is short: it then stays missing until the next time. */
bool tachoi_reserve_refill(struct tachoi_reserve *reserve,
                           const struct tachoi_aggregation *aggregation);

void tachoi_reserve_fini(struct tachoi_reserve *reserve);

#endif
