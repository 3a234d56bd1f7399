/* SPDX-License-Identifier: Apache-2.0 */
/* What does a series cost at a collection and an export? Counters and histograms with 5 labels,
 * 1 k to 1 M: collected, in parts and whole; translated into records; queued, encoded and
 * compressed, by protocol 1.0 and (_v2) 2.0. The floor is a memcpy of the same messages, of
 * histograms time series by time series, and snappy on them, request by request; of counters,
 * beside it, what an exporter must do at least that has its labels with each series (series_floor).
 * Allocations are counted. */
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/allocations.h"
#include "bench/series.h"
#include "bench/series_floor.h"

enum { REQUEST_SERIES = 2000, MESSAGE_BYTES = REQUEST_SERIES * 150 };

/* --- cases --- */

struct size {
    struct series collecting;  /* collects only */
    struct series translating; /* and translates, queues, encodes */
    unsigned char *message;    /* as long as those of all requests together */
    unsigned char *copy;
    char *body;
    size_t length;
    struct series_floor *floor;
    bool is_made;
    enum series_kind kind;
    uint64_t count;
};

/** The way from a collection to requests, by one version of the protocol. */
struct export {
    struct size *size;
    const struct tachoi_protocol *protocol;
    const char *ending; /* of names */
};

/** Series are made when they are first wanted. */
static struct size *made(void *state) {
    struct size *size = state;
    if (size->is_made) {
        return size;
    }
    series_init(&size->collecting, size->kind, size->count, SERIES_COLLECT);
    series_init(&size->translating, size->kind, size->count, SERIES_TRANSLATE);
    series_record(&size->collecting);
    series_record(&size->translating);
    for (int i = 0; i < 3; i++) {
        series_collect(&size->collecting);
        series_collect(&size->translating);
        series_deliver(&size->translating);
    }
    size->is_made = true;
    return size;
}

static void run_collect(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        series_collect(&made(state)->collecting);
    }
}

static void run_collect_whole(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        series_collect_whole(&made(state)->collecting);
    }
}

static void run_translate(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        series_collect(&made(state)->translating);
    }
}

/** What the export is of, ready for it. */
static struct series *series_of(const struct export *export) {
    struct series *series = &made(export->size)->translating;
    series->protocol = export->protocol;
    return series;
}

/** Delivering empties what a collection gathered, so a collection precedes it each time. */
static double time_deliver(void *state) {
    const struct export *export = state;
    struct series *series = series_of(export);
    series_collect(series);
    const uint64_t begin = bench_thread_ns();
    series_deliver(series);
    return (double)(bench_thread_ns() - begin) / (double)export->size->count;
}

static void run_all(void *state, unsigned thread, uint64_t iterations) {
    struct series *series = series_of(state);
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        series_collect(series);
        series_deliver(series);
    }
}

/** Those of snappy for one request. */
static double count_snappy_allocations(void *state) {
    struct series *series = series_of(state);
    const struct tachoi_wire *message = &series->encoder.message;
    size_t length = series->encoder.body_capacity;
    const uint64_t before = bench_allocations();
    (void)snappy_compress((const char *)message->data, message->length,
                          (char *)series->encoder.body, &length);
    return (double)(bench_allocations() - before);
}

/** Those of a collection and its export, without snappy's. */
static double count_allocations(void *state) {
    struct series *series = series_of(state);
    const uint64_t before = bench_allocations();
    series_collect(series);
    series_deliver(series);
    const double all = (double)(bench_allocations() - before);
    return all - (double)series->requests * count_snappy_allocations(state);
}

static double message_bytes(void *state) {
    const struct export *export = state;
    struct series *series = series_of(export);
    series_collect(series);
    series_deliver(series);
    return (double)series->message_bytes / (double)export->size->count;
}

/** Behind message_bytes. */
static double body_bytes(void *state) {
    const struct export *export = state;
    (void)message_bytes(state);
    return (double)series_of(export)->body_bytes / (double)export->size->count;
}

/* --- the floor: the bytes of all messages, copied and compressed --- */

static void keep_messages(struct size *size) {
    struct series *series = &size->translating;
    series_collect(series);
    const struct tachoi_run *run = &series->converter.gathering.runs[0];
    struct tachoi_encoder encoder;
    tachoi_encoder_init(&encoder, &(struct tachoi_encoder_options){0});
    encoder.message.max_length = SIZE_MAX;
    if (!tachoi_protocol_v1.append(&encoder, run, 0, run->sample_count)) {
        bench_die("no memory for the floor");
    }
    size->message = encoder.message.data;
    size->length = encoder.message.length;
    size->copy = malloc(MESSAGE_BYTES);
    size->body = malloc(snappy_max_compressed_length(MESSAGE_BYTES));
    if (size->copy == NULL || size->body == NULL) {
        bench_die("no memory for the floor");
    }
}

/** As long as the time series of a histogram are. */
static void copy_in_pieces(unsigned char *to, const unsigned char *from, size_t length,
                           size_t histogram) {
    const size_t piece = histogram / (SERIES_BOUNDS + 3);
    for (size_t at = 0; at < length; at += piece) {
        memcpy(to + at, from + at, length - at < piece ? length - at : piece);
    }
}

/** What the algorithm of the protocol takes, alone. */
static void run_snappy(void *state, unsigned thread, uint64_t iterations) {
    struct size *size = made(state);
    (void)thread;
    if (size->message == NULL) {
        keep_messages(size);
    }
    for (uint64_t i = 0; i < iterations; i++) {
        for (size_t at = 0; at < size->length; at += MESSAGE_BYTES) {
            const size_t rest = size->length - at;
            size_t length = snappy_max_compressed_length(MESSAGE_BYTES);
            (void)snappy_compress((const char *)size->message + at,
                                  rest < MESSAGE_BYTES ? rest : MESSAGE_BYTES, size->body, &length);
            BENCH_TOUCH(size->body);
        }
    }
}

static void run_floor(void *state, unsigned thread, uint64_t iterations) {
    struct size *size = made(state);
    (void)thread;
    if (size->message == NULL) {
        keep_messages(size);
    }
    for (uint64_t i = 0; i < iterations; i++) {
        for (size_t at = 0; at < size->length; at += MESSAGE_BYTES) {
            const size_t rest = size->length - at;
            const size_t part = rest < MESSAGE_BYTES ? rest : MESSAGE_BYTES;
            size_t length = snappy_max_compressed_length(MESSAGE_BYTES);
            if (size->kind == SERIES_COUNTERS) {
                memcpy(size->copy, size->message + at, part);
            } else {
                copy_in_pieces(size->copy, size->message + at, part, size->length / size->count);
            }
            (void)snappy_compress((const char *)size->copy, part, size->body, &length);
            BENCH_TOUCH(size->body);
        }
    }
}

/** Of the series that lie where they were allocated. */
static struct series_floor *floor_of(void *state) {
    struct size *size = made(state);
    if (size->message == NULL) {
        keep_messages(size);
    }
    if (size->floor == NULL) {
        size->floor = series_floor_create(size->message, size->length);
    }
    return size->floor;
}

static void run_walk_floor(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        size_t sum = series_floor_walk(floor_of(state));
        BENCH_TOUCH(&sum);
    }
}

static void run_encode_floor(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        (void)series_floor_encode(floor_of(state), REQUEST_SERIES);
    }
}

static void run_export_floor(void *state, unsigned thread, uint64_t iterations) {
    (void)thread;
    for (uint64_t i = 0; i < iterations; i++) {
        (void)series_floor_export(floor_of(state), REQUEST_SERIES);
    }
}

/* --- set-up --- */

/** Zeroed, and kept to the end. */
static void *allocate(size_t size) {
    void *memory = calloc(1, size);
    if (memory == NULL) {
        bench_die("no memory");
    }
    return memory;
}

static const char *named(const char *kind, const char *what, const char *number) {
    static char texts[256][48];
    static size_t count;
    if (count == sizeof texts / sizeof *texts) {
        bench_die("too many names");
    }
    (void)snprintf(texts[count], sizeof *texts, "%s.%s.%s", kind, what, number);
    return texts[count++];
}

static void add_time(struct size *size, const char *name, bench_run_fn run, void *state) {
    const uint64_t samples = size->kind == SERIES_HISTOGRAMS ? size->count * 18 : size->count;
    bench_add(&(struct bench_case){.name = name,
                                   .unit = "ns/series",
                                   .run = run,
                                   .operations = (double)size->count,
                                   .state = state,
                                   .most = samples >= 100000 ? 1 : 100000 / samples});
}

/** By a version of the protocol; the name of the whole way. */
static const char *add_export(const struct export *about, const char *word, const char *number) {
    struct export *export = allocate(sizeof *export);
    *export = *about;
    char what[32];
    const struct {
        const char *what;
        const char *unit;
        bench_figure_fn figure;
    } figures[] = {
        {"queue_encode_snappy", "ns/series", time_deliver},
        {"message", "bytes/series", message_bytes},
        {"body", "bytes/series", body_bytes},
        {"allocations", "per collection", count_allocations},
        {"snappy_allocations", "per request", count_snappy_allocations},
    };
    (void)snprintf(what, sizeof what, "all%s", about->ending);
    const char *all = named(word, what, number);
    add_time(about->size, all, run_all, export);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        (void)snprintf(what, sizeof what, "%s%s", figures[i].what, about->ending);
        bench_add(&(struct bench_case){.name = named(word, what, number),
                                       .unit = figures[i].unit,
                                       .figure = figures[i].figure,
                                       .state = export});
    }
    return all;
}

static void add_size(enum series_kind kind, uint64_t count, const char *number, double target) {
    struct size *size = allocate(sizeof *size);
    size->kind = kind;
    size->count = count;
    const char *word = kind == SERIES_COUNTERS ? "counters" : "histograms";
    const char *floor = named(word, "floor", number);
    const char *export_floor = named(word, "export_floor", number);
    add_time(size, floor, run_floor, size);
    if (kind == SERIES_COUNTERS) {
        add_time(size, named(word, "snappy", number), run_snappy, size);
        add_time(size, named(word, "walk_floor", number), run_walk_floor, size);
        add_time(size, named(word, "encode_floor", number), run_encode_floor, size);
        add_time(size, export_floor, run_export_floor, size);
    }
    add_time(size, named(word, "collect", number), run_collect, size);
    add_time(size, named(word, "collect_whole", number), run_collect_whole, size);
    add_time(size, named(word, "collect_translate", number), run_translate, size);
    const struct export v1 = {size, &tachoi_protocol_v1, ""};
    const struct export v2 = {size, &tachoi_protocol_v2, "_v2"};
    const char *all = add_export(&v1, word, number);
    const char *all_v2 = add_export(&v2, word, number);
    bench_compare(all, floor, target);
    bench_compare(all_v2, all, 0);
    if (kind == SERIES_COUNTERS) {
        bench_compare(export_floor, floor, 0);
        bench_compare(all, export_floor, 0);
    }
}

static void set_up(void) {
    bench_allocations_check();
    add_size(SERIES_COUNTERS, 1000, "1k", 0);
    add_size(SERIES_COUNTERS, 10000, "10k", 0);
    add_size(SERIES_COUNTERS, 100000, "100k", 1.5);
    add_size(SERIES_COUNTERS, 1000000, "1m", 0);
    add_size(SERIES_HISTOGRAMS, 1000, "1k", 0);
    add_size(SERIES_HISTOGRAMS, 10000, "10k", 1.5);
    add_size(SERIES_HISTOGRAMS, 100000, "100k", 0);
    bench_compare("counters.all.1m", "counters.all.10k", 1.5);
    bench_compare("histograms.all.100k", "histograms.all.10k", 1.5);
    bench_limit("counters.allocations.10k", 0.5); /* none */
    bench_limit("histograms.allocations.10k", 0.5);
    bench_limit("counters.allocations_v2.10k", 0.5);
    bench_limit("histograms.allocations_v2.10k", 0.5);
}

int main(int argc, char **argv) {
    return bench_main(argc, argv, "collect", set_up);
}
