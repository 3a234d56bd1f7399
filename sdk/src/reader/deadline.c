/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines for those outside, exporters above all. */
#include "base/clock.h"
#include "tacho/sdk/clock.h"

uint64_t tacho_deadline_from_timeout(uint32_t timeout_ms) {
    return tachoi_deadline_after_ms(tachoi_monotonic_ns(), timeout_ms);
}

uint32_t tacho_deadline_remaining_ms(uint64_t deadline_ns) {
    return tachoi_deadline_left_ms(deadline_ns, tachoi_monotonic_ns());
}
