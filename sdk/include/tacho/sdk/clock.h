/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the source of time of a provider, so that tests and simulations can bring their own. */
#ifndef TACHO_SDK_CLOCK_H
#define TACHO_SDK_CLOCK_H

#include "tacho/export.h"
#include "tacho/status.h"

TACHO_BEGIN_DECLS

/** Where time comes from. Both functions may be called from any thread, also under a lock of
 * tacho's: they must not block and must not call tacho. */
typedef struct tacho_clock {
    size_t struct_size;                   /**< Required. sizeof(tacho_clock). */
    uint64_t (*unix_ns)(void *user);      /**< Required. Nanoseconds since the Unix epoch. */
    uint64_t (*monotonic_ns)(void *user); /**< Required. Never steps back; any origin. */
    void *user;                           /**< Optional. Handed to both. */
} tacho_clock;

/** A deadline that never comes. */
#define TACHO_NO_DEADLINE UINT64_MAX

/**
 * Deadlines are absolute nanoseconds of CLOCK_MONOTONIC, whatever clock a provider uses for its
 * timestamps. These convert: a timeout into a deadline (TACHO_NO_TIMEOUT gives TACHO_NO_DEADLINE),
 * and a deadline into what is left of it, 0 when it has passed. Any thread.
 */
TACHO_API uint64_t tacho_deadline_from_timeout(uint32_t timeout_ms);
TACHO_API uint32_t tacho_deadline_remaining_ms(uint64_t deadline_ns);

TACHO_END_DECLS

#endif
