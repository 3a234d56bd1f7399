/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the arithmetic of integer sums: two's complement, wrapping round at the ends as OTLP's
 * receivers expect of counters, and never C's undefined signed overflow. Pure. (SDK-19) */
#ifndef TACHOI_AGGREGATION_SUM_H
#define TACHOI_AGGREGATION_SUM_H

#include <stdint.h>

static inline int64_t tachoi_sum_add_i64(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

#endif
