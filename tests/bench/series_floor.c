/* SPDX-License-Identifier: Apache-2.0 */
/* See series_floor.h. */
#include "bench/series_floor.h"

#include <snappy-c.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "remote_write/wire.h"

enum { MESSAGE_BYTES = 1024 * 1024, TIMESERIES = 1, SAMPLES = 2, VALUE = 1, TIMESTAMP = 2 };

struct floor_series {
    struct floor_series *next;
    _Atomic(int64_t) cell;
    size_t label_length;
    unsigned char labels[]; /* as in the message */
};

struct series_floor {
    struct floor_series *first;
    uint64_t time_ms;
    unsigned char *message;
    char *body;
};

static void *allocate(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL) {
        bench_die("no memory for the floor");
    }
    return memory;
}

/** Labels begin a time series; its sample is the field behind them. */
static size_t label_length(const unsigned char *at, const unsigned char *end) {
    const unsigned char *begin = at;
    while (at < end && *at >> 3U == TIMESERIES) {
        uint64_t length = 0;
        at++;
        if (!tachoi_wire_read_varint(&at, end, &length)) {
            bench_die("no label");
        }
        at += length;
    }
    return (size_t)(at - begin);
}

static struct floor_series *make_series(const unsigned char *labels, size_t length, int64_t value) {
    struct floor_series *series = allocate(sizeof *series + length);
    series->next = NULL;
    atomic_init(&series->cell, value);
    series->label_length = length;
    memcpy(series->labels, labels, length);
    return series;
}

struct series_floor *series_floor_create(const unsigned char *messages, size_t length) {
    struct series_floor *floor = allocate(sizeof *floor);
    *floor = (struct series_floor){.time_ms = UINT64_C(1800000000000)};
    floor->message = allocate(MESSAGE_BYTES);
    floor->body = allocate(snappy_max_compressed_length(MESSAGE_BYTES));
    struct floor_series **link = &floor->first;
    const unsigned char *end = messages + length;
    for (int64_t number = 0; messages < end; number++) {
        uint64_t size = 0;
        messages++;
        if (!tachoi_wire_read_varint(&messages, end, &size)) {
            bench_die("no time series");
        }
        *link = make_series(messages, label_length(messages, messages + size), number % 1000 + 1);
        link = &(*link)->next;
        messages += size;
    }
    return floor;
}

static unsigned char *put_series(unsigned char *out, struct floor_series *series,
                                 uint64_t time_ms) {
    const double value = (double)atomic_load_explicit(&series->cell, memory_order_relaxed);
    const size_t sample = 1 + 8 + 1 + tachoi_varint_size(time_ms);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    out = tachoi_put_tag(out, TIMESERIES, TACHOI_WIRE_BYTES);
    out = tachoi_put_varint(out, series->label_length + 2 + sample);
    memcpy(out, series->labels, series->label_length);
    out += series->label_length;
    out = tachoi_put_tag(out, SAMPLES, TACHOI_WIRE_BYTES);
    out = tachoi_put_varint(out, sample);
    out = tachoi_put_tag(out, VALUE, TACHOI_WIRE_FIXED64);
    out = tachoi_put_fixed64(out, bits);
    out = tachoi_put_tag(out, TIMESTAMP, TACHOI_WIRE_VARINT);
    return tachoi_put_varint(out, time_ms);
}

static size_t export_all(struct series_floor *floor, size_t request_series, bool is_compressed) {
    size_t bytes = 0;
    floor->time_ms += 1000;
    for (struct floor_series *series = floor->first; series != NULL;) {
        unsigned char *out = floor->message;
        for (size_t i = 0; i < request_series && series != NULL; i++, series = series->next) {
            out = put_series(out, series, floor->time_ms);
        }
        size_t length = snappy_max_compressed_length(MESSAGE_BYTES);
        if (is_compressed) {
            (void)snappy_compress((const char *)floor->message, (size_t)(out - floor->message),
                                  floor->body, &length);
        }
        BENCH_TOUCH(floor->message);
        BENCH_TOUCH(floor->body);
        bytes += is_compressed ? length : (size_t)(out - floor->message);
    }
    return bytes;
}

size_t series_floor_export(struct series_floor *floor, size_t request_series) {
    return export_all(floor, request_series, true);
}

size_t series_floor_encode(struct series_floor *floor, size_t request_series) {
    return export_all(floor, request_series, false);
}

size_t series_floor_walk(const struct series_floor *floor) {
    size_t sum = 0;
    for (const struct floor_series *series = floor->first; series != NULL; series = series->next) {
        sum += (size_t)atomic_load_explicit(&series->cell, memory_order_relaxed);
    }
    return sum;
}
