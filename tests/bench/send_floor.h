/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the floors of sending: what the same requests cost when libcurl alone sends bodies that are
 * there already, and what snappy's format leaves of a message, at the least. send_bench prints them
 * beside the library's figures. */
#ifndef TACHO_BENCH_SEND_FLOOR_H
#define TACHO_BENCH_SEND_FLOOR_H

#include <stddef.h>
#include <stdint.h>

struct send_floor;

/** As many connections as the library has shards. Exits when it cannot be had. */
struct send_floor *send_floor_create(const char *url, uint32_t connections);
void send_floor_destroy(struct send_floor *floor);

/** POSTs `count` bodies of `length` bytes, one under way on each connection, and waits for the
 * answers, as the library does: from one thread, by libcurl's multi interface, kept alive. Exits
 * when one is refused. */
void send_floor_post(struct send_floor *floor, uint64_t count, size_t length);

/** Appends a time series of 1.0 to the messages of the floor: labels are pairs of texts of less
 * than 128 bytes, and NULL behind the last. */
void send_floor_add_series(struct send_floor *floor, const char *const *labels, double value);

/** Compresses them, `request_samples` at a time, as bodies of requests; returns the bytes. */
size_t send_floor_compress(const struct send_floor *floor, size_t request_samples);

/** Bytes per sample that snappy makes of them if all had the labels of the first one: nothing but
 * the value differs from one to the next. */
double send_floor_equal_labels(const struct send_floor *floor, size_t request_samples);

/** Bytes per sample that snappy makes of the values alone. */
double send_floor_values(const double *values, size_t count, size_t request_samples);

#endif
