/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a model of one stream: what a reader must see of an instrument, told in the slowest and most
 * obvious way. It keeps every value and computes each point from them anew. Knows nothing of the
 * SDK but the kinds of instruments and aggregations. */
#ifndef TESTS_STRESS_MODEL_H
#define TESTS_STRESS_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tacho/sdk/aggregation.h"

/* A set of attributes is a pair: a in 1..4 or absent (0), b in 1..3 or absent (0). */
enum { A_COUNT = 5, B_COUNT = 4, SET_COUNT = A_COUNT * B_COUNT, OVERFLOW = SET_COUNT };

static inline int set_of(int a, int b) {
    return a * B_COUNT + b;
}
static inline int a_of(int set) {
    return set / B_COUNT;
}
static inline int b_of(int set) {
    return set % B_COUNT;
}

struct model_series {
    bool exists;
    bool is_active;  /* holds a place under the limit */
    bool is_removed; /* ends at the next collection */
    bool is_recorded;
    bool is_touched; /* since the last collection */
    unsigned pins;
    uint64_t start;
    uint64_t first_value_time;
    double *values; /* cumulative: all; delta: since the last collection */
    size_t count;
    size_t room;
    double previous; /* observables: what was last reported */
    bool was_observed;
};

struct model_stream {
    char name[40];
    tacho_instrument_kind kind;
    tacho_number_type number_type;
    tacho_aggregation_type type;
    const double *bounds;
    size_t bound_count;
    int max_size;
    bool keeps_a;
    bool keeps_b;
    bool has_filter; /* which may keep all keys that this test has */
    size_t limit;
    bool is_delta;
    uint64_t previous_time; /* of the last collection, at first the creation of the instrument */
    bool is_first_collection;
    struct model_series series[SET_COUNT + 1];
};

static inline bool model_is_observable(const struct model_stream *stream) {
    return stream->kind >= TACHO_INSTRUMENT_OBSERVABLE_COUNTER;
}

static inline int model_reduce(const struct model_stream *stream, int set) {
    return set_of(stream->keeps_a ? a_of(set) : 0, stream->keeps_b ? b_of(set) : 0);
}

static inline void model_start(struct model_stream *stream, uint64_t now) {
    stream->previous_time = now;
    stream->is_first_collection = true;
    stream->series[OVERFLOW].exists = true;
    stream->series[OVERFLOW].is_active = true;
    stream->series[OVERFLOW].start = now;
}

static inline void model_clear(struct model_series *series) {
    free(series->values);
    memset(series, 0, sizeof *series);
}

static inline void model_end(struct model_stream *stream) {
    for (int i = 0; i <= SET_COUNT; i++) {
        model_clear(&stream->series[i]);
    }
}

static inline void model_keep(struct model_series *series, double value, uint64_t now) {
    if (!series->is_recorded) {
        series->first_value_time = now;
    }
    if (series->count == series->room) {
        series->room = series->room * 2 + 8;
        series->values = realloc(series->values, series->room * sizeof(double));
        if (series->values == NULL) {
            abort();
        }
    }
    series->values[series->count++] = value;
    series->is_recorded = true;
    series->is_touched = true;
}

static inline size_t model_active_count(const struct model_stream *stream) {
    size_t count = 0;
    for (int i = 0; i < SET_COUNT; i++) {
        count += stream->series[i].exists && stream->series[i].is_active;
    }
    return count;
}

/** The series that takes a measurement of the set now. */
static inline int model_place(struct model_stream *stream, int set, uint64_t now) {
    const int reduced = model_reduce(stream, set);
    struct model_series *series = &stream->series[reduced];
    if (series->exists && series->is_active) {
        return reduced;
    }
    if (model_active_count(stream) >= stream->limit) {
        return OVERFLOW;
    }
    if (!series->exists) {
        series->exists = true;
        series->start = now;
    }
    series->is_active = true;
    series->is_removed = false;
    return reduced;
}

/** Whether the stream can keep the value at all: what the instrument refuses never gets here. */
static inline bool model_accepts(const struct model_stream *stream, double value) {
    const bool is_monotonic =
        stream->kind == TACHO_INSTRUMENT_HISTOGRAM && stream->type == TACHO_AGGREGATION_SUM;
    return stream->type == TACHO_AGGREGATION_LAST_VALUE ||
           (isfinite(value) && !(is_monotonic && value < 0));
}

/* --- removing --- */

static inline bool model_keeps_all(const struct model_stream *stream, int set) {
    return model_reduce(stream, set) == set;
}

static inline bool model_is_bound(const struct model_stream *stream, int set) {
    return model_keeps_all(stream, set) && stream->series[set].exists &&
           stream->series[set].pins > 0;
}

/** Whether there certainly was such a series: one that holds a place. One without, removed before
 * or left over from an earlier interval, may be there still. */
static inline bool model_remove(struct model_stream *stream, int set) {
    struct model_series *series = &stream->series[set];
    if (!model_keeps_all(stream, set) || !series->exists) {
        return false;
    }
    const bool was_active = series->is_active;
    series->is_active = false;
    series->is_removed = true;
    return was_active;
}

/* --- what a point must hold --- */

static inline double model_sum(const struct model_series *series) {
    double sum = 0;
    for (size_t i = 0; i < series->count; i++) {
        sum += series->values[i];
    }
    return sum;
}

static inline uint64_t model_bucket_count(const struct model_stream *stream,
                                          const struct model_series *series, size_t bucket) {
    uint64_t count = 0;
    for (size_t i = 0; i < series->count; i++) {
        const double value = series->values[i];
        const bool is_above = bucket == 0 || value > stream->bounds[bucket - 1];
        const bool is_below = bucket == stream->bound_count || value <= stream->bounds[bucket];
        count += is_above && is_below;
    }
    return count;
}

/** The bucket of a positive value; the values of this test are far from all boundaries that are not
 * powers of two. */
static inline int64_t model_index(double value, int scale) {
    int exponent = 0;
    if (frexp(value, &exponent) == 0.5) { /* 2^(exponent - 1), which its bucket includes */
        const int64_t power = exponent - 1;
        return scale >= 0 ? power * (INT64_C(1) << scale) - 1 : (power - 1) >> -scale;
    }
    return (int64_t)ceill(ldexpl(log2l((long double)value), scale)) - 1;
}

static inline bool model_fits(const struct model_series *series, int scale, int max_size) {
    int64_t first[2] = {INT64_MAX, INT64_MAX};
    int64_t last[2] = {INT64_MIN, INT64_MIN};
    for (size_t i = 0; i < series->count; i++) {
        const double value = series->values[i];
        if (value != 0) {
            const int64_t index = model_index(fabs(value), scale);
            const int sign = value < 0;
            first[sign] = index < first[sign] ? index : first[sign];
            last[sign] = index > last[sign] ? index : last[sign];
        }
    }
    for (int sign = 0; sign < 2; sign++) {
        if (first[sign] <= last[sign] && last[sign] - first[sign] >= max_size) {
            return false;
        }
    }
    return true;
}

static inline int model_scale(const struct model_series *series, int max_size) {
    int scale = 20;
    while (!model_fits(series, scale, max_size)) {
        scale--;
    }
    return scale;
}

static inline uint64_t model_index_count(const struct model_series *series, int scale, int sign,
                                         int64_t index) {
    uint64_t count = 0;
    for (size_t i = 0; i < series->count; i++) {
        const double value = series->values[i];
        count +=
            value != 0 && (value < 0) == (sign < 0) && model_index(fabs(value), scale) == index;
    }
    return count;
}

static inline uint64_t model_zero_count(const struct model_series *series) {
    uint64_t count = 0;
    for (size_t i = 0; i < series->count; i++) {
        count += series->values[i] == 0;
    }
    return count;
}

/** Whether a collection now must yield a point (1), may (0: a removed series whose value was
 * exported before may come once more), or must not (-1). */
static inline int model_expectation(const struct model_stream *stream, int set) {
    const struct model_series *series = &stream->series[set];
    if (!series->exists || !series->is_recorded) {
        return -1;
    }
    if (stream->is_delta) {
        return series->is_touched ? 1 : -1;
    }
    if (series->is_removed) {
        return series->is_touched ? 1 : 0;
    }
    return 1;
}

/** Cumulative: from the making of the series (binding makes one) to its first value. */
static inline bool model_start_is_right(const struct model_stream *stream, int set,
                                        uint64_t start) {
    const struct model_series *series = &stream->series[set];
    if (stream->is_delta) {
        return start == stream->previous_time;
    }
    return start >= series->start &&
           (model_is_observable(stream) ? start == series->start
                                        : start <= series->first_value_time);
}

/* --- after a collection --- */

static inline void model_collected_sync(struct model_stream *stream) {
    for (int i = 0; i <= SET_COUNT; i++) {
        struct model_series *series = &stream->series[i];
        const bool was_touched = series->is_touched;
        series->is_touched = false;
        if (i == OVERFLOW) {
            series->count = stream->is_delta ? 0 : series->count;
            continue;
        }
        if (series->exists && series->is_removed) {
            model_clear(series);
        } else if (series->exists && stream->is_delta) {
            series->count = 0;
            if (series->pins == 0) {
                series->is_active = false;
                if (!was_touched) {
                    model_clear(series);
                }
            }
        }
    }
}

/* --- observables --- */

static inline void model_observe(struct model_stream *stream, int set, double value, uint64_t now) {
    int place = model_reduce(stream, set);
    const bool is_sum = stream->type == TACHO_AGGREGATION_SUM;
    bool adds = is_sum && stream->has_filter;
    if (!stream->series[place].is_touched) {
        size_t own = 0;
        for (int i = 0; i < SET_COUNT; i++) {
            own += stream->series[i].is_touched;
        }
        if (own >= stream->limit) { /* what the set reported before goes along, totals balance */
            stream->series[OVERFLOW].previous += stream->series[place].previous;
            stream->series[place].previous = 0;
            place = OVERFLOW;
            adds = is_sum;
        }
    }
    struct model_series *series = &stream->series[place];
    if (!adds) {
        series->count = 0;
    }
    model_keep(series, value, now);
}

static inline double model_observed(const struct model_stream *stream, int set) {
    const struct model_series *series = &stream->series[set];
    if (stream->type == TACHO_AGGREGATION_LAST_VALUE) {
        return series->values[series->count - 1];
    }
    return model_sum(series) - (stream->is_delta ? series->previous : 0);
}

/** Before the callbacks: what begins to be observed began with the last collection. */
static inline void model_begin_observing(struct model_stream *stream) {
    for (int i = 0; i <= SET_COUNT; i++) {
        struct model_series *series = &stream->series[i];
        if (!series->was_observed) {
            series->start = stream->previous_time;
            series->previous = 0;
        }
        series->exists = true;
        series->is_touched = false;
        series->count = 0;
    }
}

static inline void model_collected_async(struct model_stream *stream) {
    for (int i = 0; i <= SET_COUNT; i++) {
        struct model_series *series = &stream->series[i];
        series->was_observed = series->is_touched;
        if (series->is_touched) {
            series->previous = model_sum(series);
        }
        series->is_touched = false;
    }
}

static inline void model_collected(struct model_stream *stream, uint64_t now) {
    if (model_is_observable(stream)) {
        model_collected_async(stream);
    } else {
        model_collected_sync(stream);
    }
    stream->previous_time = now;
    stream->is_first_collection = false;
}

#endif
