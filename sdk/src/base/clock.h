/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of the system's clocks and the arithmetic of deadlines (absolute nanoseconds of
 * CLOCK_MONOTONIC; UINT64_MAX never comes). */
#ifndef TACHOI_BASE_CLOCK_H
#define TACHOI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define TACHOI_NS_PER_MS UINT64_C(1000000)
#define TACHOI_NS_PER_S UINT64_C(1000000000)

uint64_t tachoi_monotonic_ns(void);
uint64_t tachoi_unix_ns(void);

/** now + timeout, saturating; UINT32_MAX gives UINT64_MAX. */
uint64_t tachoi_deadline_after_ms(uint64_t now_ns, uint32_t timeout_ms);
/** Nanoseconds left, 0 if passed, UINT64_MAX if it never comes. */
uint64_t tachoi_deadline_left_ns(uint64_t deadline_ns, uint64_t now_ns);
/** Milliseconds left, rounded up, at most UINT32_MAX - 1; UINT32_MAX if it never comes. */
uint32_t tachoi_deadline_left_ms(uint64_t deadline_ns, uint64_t now_ns);
uint64_t tachoi_deadline_earlier(uint64_t a_ns, uint64_t b_ns);
struct timespec tachoi_timespec_from_ns(uint64_t ns);

#endif
