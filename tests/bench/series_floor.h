/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the least that an exporter must do which has its labels with each series: visit every series
 * where it lies, read its cell, copy its labels, write its sample, compress. No queue, no batch, no
 * points; one thread, one protocol. collect_bench times it beside the way of the library. */
#ifndef TACHO_BENCH_SERIES_FLOOR_H
#define TACHO_BENCH_SERIES_FLOOR_H

#include <stddef.h>

struct series_floor;

/** Counters: a series, allocated on its own, for each time series of the messages. */
struct series_floor *series_floor_create(const unsigned char *messages, size_t length);

/** All series into requests of `request_series`. What it returns keeps the work from being left
 * out. */
size_t series_floor_export(struct series_floor *floor, size_t request_series);

/** The same up to the message: nothing is compressed. */
size_t series_floor_encode(struct series_floor *floor, size_t request_series);

/** Only visits each series and reads its cell. */
size_t series_floor_walk(const struct series_floor *floor);

#endif
