/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a record says on the wire, whatever the version: the values of its classic time series,
 * and the message of a native histogram, whose fields both versions number alike. */
#ifndef TACHOI_REMOTE_WRITE_RECORD_VALUES_H
#define TACHOI_REMOTE_WRITE_RECORD_VALUES_H

#include "base/arena.h"
#include "remote_write/record.h"
#include "remote_write/wire.h"
#include "remote_write_v2.pb-c.h"

/** The component that is the native histogram of a custom or exponential one is the first. False if
 * relabelling has dropped it: then there are classic ones only. */
static inline bool tachoi_has_native(const struct tachoi_series_shape *shape) {
    return shape->component_count > 0 && shape->components[0].part == 0;
}

/** The first of the components that are classic time series: a custom histogram may have the native
 * one before them. */
static inline size_t tachoi_classic_begin(const struct tachoi_series_shape *shape) {
    return shape->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM && tachoi_has_native(shape) ? 1 : 0;
}

/** The component behind the last of them: _sum is only there where the record has one. */
size_t tachoi_classic_end(const struct tachoi_record *record);

/** The values of classic time series, component by component. Begins with `record` alone. */
struct tachoi_classic_values {
    const struct tachoi_record *record;
    size_t summed; /* buckets in `cumulative` (CONV-12) */
    uint64_t cumulative;
};

/** The bits of a component's value; components are asked for in their order, some maybe not. All
 * are the stale marker where the series ends (CONV-31). */
uint64_t tachoi_classic_value(struct tachoi_classic_values *values, size_t component);

/** A native histogram as protobuf-c wants it. */
struct tachoi_native_message {
    Io__Prometheus__Write__V2__Histogram histogram;
    size_t packed_size;
};

/** Fills the message of a record of a custom or exponential histogram; `start_ms` is 0 for none,
 * and with 1.0. What it points to is in the arena and in the record. False when memory is short. */
bool tachoi_native_message_fill(struct tachoi_native_message *message,
                                const struct tachoi_record *record, int64_t start_ms,
                                struct tachoi_arena *arena);

#endif
