/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rule that a start is never later than its point. Pure. */
#ifndef TACHOI_STORAGE_START_TIME_H
#define TACHOI_STORAGE_START_TIME_H

#include <stdint.h>

#include "base/clock.h"

/** The clock may have stepped back; and a series that was made while the collection was already
 * under way began, for all it will ever tell, just before. */
static inline uint64_t tachoi_start_before(uint64_t start_unix_nano, uint64_t time_unix_nano) {
    return start_unix_nano >= time_unix_nano && time_unix_nano >= TACHOI_NS_PER_MS
               ? time_unix_nano - TACHOI_NS_PER_MS
               : start_unix_nano;
}

#endif
