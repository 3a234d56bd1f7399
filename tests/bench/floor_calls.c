/* SPDX-License-Identifier: Apache-2.0 */
/* The shared library of the floors that are calls. */
#include <stdatomic.h>

#include "bench/floors.h"

void floor_xadd(_Atomic(int64_t) *counter, int64_t value) {
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

void floor_nothing(void *handle, int64_t value, tacho_attributes attributes) {
    (void)handle;
    (void)value;
    (void)attributes;
}
