/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rules that a series of a decoded request is held against, whatever its version. What is
 * checked is a view of protobuf-c's messages, which differ by version in their types alone. Each
 * function returns the rule that is broken, or NULL. */
#ifndef TACHOI_REMOTE_WRITE_VALIDATE_RULES_H
#define TACHOI_REMOTE_WRITE_VALIDATE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tachoi_checked_label {
    const char *name;
    const char *value;
};

struct tachoi_checked_labels {
    const struct tachoi_checked_label *items;
    size_t count;
};

/** Sorted, unique, not empty, UTF-8, with __name__; of 1.0 names are legacy ones. */
const char *tachoi_check_labels(const struct tachoi_checked_labels *labels, int version);

/** A label or metric name, or a family's. */
const char *tachoi_check_name(const char *name, bool is_metric, int version);

/** The rest about a sample is the order of times. */
const char *tachoi_check_sample(double value, int64_t time_ms, int64_t start_ms);

/** Labels of an exemplar may be missing; unique, not empty, together at most 128 characters. */
const char *tachoi_check_exemplar(const struct tachoi_checked_labels *labels, int64_t time_ms);

struct tachoi_checked_span {
    int32_t offset;
    uint32_t length;
};

struct tachoi_checked_buckets {
    const struct tachoi_checked_span *spans;
    size_t span_count;
    const int64_t *deltas;
    size_t delta_count;
};

struct tachoi_checked_histogram {
    bool has_integer_counts; /* its counts are not, or not all, floating-point ones */
    bool has_reset_hint;
    uint64_t count;
    double sum;
    int32_t schema;
    double zero_threshold;
    uint64_t zero_count;
    struct tachoi_checked_buckets positive;
    struct tachoi_checked_buckets negative;
    const double *custom_values;
    size_t custom_value_count;
    int64_t time_ms;
    int64_t start_ms;
};

const char *tachoi_check_histogram(const struct tachoi_checked_histogram *histogram, int version);

#endif
