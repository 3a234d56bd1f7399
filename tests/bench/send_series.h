/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of send_bench: their attributes, as a shop that answers requests would have them.
 */
#ifndef TACHO_BENCH_SEND_SERIES_H
#define TACHO_BENCH_SEND_SERIES_H

#include <stdint.h>

/** Attributes of a series. */
struct send_series {
    char customer[32];
    char handler[64];
    char host[64];
    const char *method;
    int64_t status;
};

/** Each number gives another series; from one to the next the method changes, then the status, and
 * so on to the customer. */
void send_series_fill(uint32_t number, struct send_series *out);

#endif
