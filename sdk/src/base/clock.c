/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the system's clocks and the arithmetic of deadlines. */
#include "base/clock.h"

static uint64_t read_clock_ns(clockid_t clock) {
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* cannot fail for the two clocks asked for */
    return now.tv_sec < 0 ? 0 : (uint64_t)now.tv_sec * TACHOI_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t tachoi_monotonic_ns(void) {
    return read_clock_ns(CLOCK_MONOTONIC);
}

uint64_t tachoi_unix_ns(void) {
    return read_clock_ns(CLOCK_REALTIME);
}

uint64_t tachoi_deadline_after_ms(uint64_t now_ns, uint32_t timeout_ms) {
    if (timeout_ms == UINT32_MAX) {
        return UINT64_MAX;
    }
    uint64_t timeout_ns = timeout_ms * TACHOI_NS_PER_MS;
    return now_ns > UINT64_MAX - timeout_ns ? UINT64_MAX : now_ns + timeout_ns;
}

uint64_t tachoi_deadline_left_ns(uint64_t deadline_ns, uint64_t now_ns) {
    if (deadline_ns == UINT64_MAX) {
        return UINT64_MAX;
    }
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

uint32_t tachoi_deadline_left_ms(uint64_t deadline_ns, uint64_t now_ns) {
    uint64_t left_ns = tachoi_deadline_left_ns(deadline_ns, now_ns);
    if (left_ns == UINT64_MAX) {
        return UINT32_MAX;
    }
    uint64_t left_ms = left_ns / TACHOI_NS_PER_MS + (left_ns % TACHOI_NS_PER_MS != 0);
    return left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX - 1;
}

uint64_t tachoi_deadline_earlier(uint64_t a_ns, uint64_t b_ns) {
    return a_ns < b_ns ? a_ns : b_ns;
}

struct timespec tachoi_timespec_from_ns(uint64_t ns) {
    struct timespec time = {0};
    time.tv_sec = (time_t)(ns / TACHOI_NS_PER_S);
    time.tv_nsec = (long)(ns % TACHOI_NS_PER_S);
    return time;
}
