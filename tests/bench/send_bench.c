/* SPDX-License-Identifier: Apache-2.0 */
/* What does remote write cost, from recorded cells to bytes sent? Counters with 5 labels are
 * recorded, collected and delivered to a real server, round by round, once a second or as fast as
 * it goes. Recording is timed apart and taken off. In each round libcurl alone then sends as many
 * requests of the same length: the floor, under the same load of the machine. Uses public headers
 * only; one configuration per run, so that memory is that configuration's. send.sh starts a server
 * and goes through them.
 *
 *     send_bench --endpoint URL [--protocol 1|2] [--shards N] [--series N] [--samples-per-send N]
 *                [--rounds N] [--interval-ms N] [--shuffled] [--json]
 *
 * --interval-ms 0: the next round begins when the last one has been acknowledged. --shuffled: the
 * series are first recorded in no order, as in programs; else one attribute after the other
 * changes. Exit status 77: the library does not speak the protocol. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <tacho/exporters/remote_write.h>
#include <tacho/sdk/meter_provider.h>
#include <tacho/tacho.h>

#include "bench/send_floor.h"
#include "bench/send_series.h"

enum {
    WARM_UP = 3,
    SAMPLES_PER_SEND = 2000, /* the library's default */
    ROUNDS_MAX = 3600,
    DEADLINE_MS = 60000,
    POLL_US = 10000,
    EXIT_SKIPPED = 77
};

#define INSTANCE "10.20.30.40:8080"

static struct {
    const char *endpoint;
    uint32_t protocol;
    uint32_t shards;
    uint32_t series;
    uint32_t samples_per_send;
    uint32_t rounds;
    uint32_t interval_ms;
    bool is_shuffled;
    bool is_json;
} wanted = {.protocol = 1,
            .shards = 1,
            .series = 50000,
            .samples_per_send = SAMPLES_PER_SEND,
            .rounds = 20,
            .interval_ms = 1000};

static struct {
    tacho_metric_exporter *exporter; /* the reader's */
    tacho_metric_reader *reader;     /* the provider's */
    tacho_meter_provider *provider;
    tacho_counter *requests;
    struct send_floor *floor;
    double *totals; /* of each series: what is on the wire */
} run;

/* What something took. */
struct cost {
    double user_s;
    double system_s;
    double thread_s; /* of both, this thread's */
    double elapsed_s;
};

enum figure {
    PROCESSOR, /* from recorded cells to bytes sent */
    EXPORTING,
    SENDING,
    SEND_FLOOR,
    SNAPPY_FLOOR,
    FLOOR,
    RATIO,
    BYTES,
    SNAPPY_BYTES,
    REQUESTS,
    RATE, /* from collection to acknowledgement; without an interval */
    SEND_FLOOR_RATE,
    FIGURES
};

static const struct {
    const char *name;
    const char *unit;
} figures[FIGURES] = {
    [PROCESSOR] = {"processor time", "s/M samples"},
    [EXPORTING] = {"processor time, collecting thread", "s/M samples"},
    [SENDING] = {"processor time, sending thread", "s/M samples"},
    [SEND_FLOOR] = {"floor: libcurl alone", "s/M samples"},
    [SNAPPY_FLOOR] = {"floor: snappy alone, of 1.0", "s/M samples"},
    [FLOOR] = {"floor: both, of 1.0", "s/M samples"},
    [RATIO] = {"processor time over that floor", "times"},
    [BYTES] = {"bytes per sample", "B"},
    [SNAPPY_BYTES] = {"floor: snappy alone, of 1.0", "B"},
    [REQUESTS] = {"requests", "per round"},
    [RATE] = {"samples per second", "samples/s"},
    [SEND_FLOOR_RATE] = {"floor: libcurl alone, samples per second", "samples/s"},
};

/* What each round gave. */
static double results[FIGURES][ROUNDS_MAX];

/* In all rounds: the system counts by its clock's ticks, of which a round has few. */
static struct {
    struct cost library;
    struct cost floor; /* libcurl alone */
    double samples;
} total;

_Noreturn static void die(const char *what) {
    (void)fprintf(stderr, "send_bench: %s\n", what);
    exit(1);
}

static double clock_s(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* What has been used up so far. */
static struct cost now(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (struct cost){seconds(usage.ru_utime), seconds(usage.ru_stime),
                         clock_s(CLOCK_THREAD_CPUTIME_ID), clock_s(CLOCK_MONOTONIC)};
}

static struct cost since(struct cost begin) {
    const struct cost end = now();
    return (struct cost){end.user_s - begin.user_s, end.system_s - begin.system_s,
                         end.thread_s - begin.thread_s, end.elapsed_s - begin.elapsed_s};
}

static double resident_mib(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) { /* NOLINT(cert-err34-c) */
        die("no /proc/self/statm");
    }
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* --- the series --- */

static void record_series(uint32_t number, uint32_t round) {
    struct send_series texts;
    send_series_fill(number, &texts);
    const int64_t amount = (int64_t)((number * 2654435761U + round * 40503U) >> 8) % 500;
    run.totals[number] += (double)amount;
    tacho_counter_add(run.requests, amount,
                      TACHO_ATTRS(TACHO_STR("customer", texts.customer),
                                  TACHO_STR("handler", texts.handler),
                                  TACHO_STR("host", texts.host), TACHO_STR("method", texts.method),
                                  TACHO_I64("status", texts.status)));
}

/* The series that is the `i`th to be recorded. */
static uint32_t series_at(uint32_t i) {
    const uint64_t prime = 15485863; /* divides no number of series that fits into memory */
    return wanted.is_shuffled ? (uint32_t)(i * prime % wanted.series) : i;
}

/* The message of 1.0, in the order in which series are recorded; for the floor. */
static void add_messages(void) {
    for (uint32_t i = 0; i < wanted.series; i++) {
        struct send_series texts;
        char status[8];
        send_series_fill(series_at(i), &texts);
        (void)snprintf(status, sizeof status, "%u", (unsigned)texts.status);
        const char *const labels[] = {"__name__", "http_server_requests_total",
                                      "customer", texts.customer,
                                      "handler",  texts.handler,
                                      "host",     texts.host,
                                      "instance", INSTANCE,
                                      "job",      "shop",
                                      "method",   texts.method,
                                      "status",   status,
                                      NULL};
        send_floor_add_series(run.floor, labels, run.totals[series_at(i)]);
    }
}

static void set_up(void) {
    tacho_error error = {0};
    const tacho_remote_write_options options = {
        .struct_size = sizeof options,
        .endpoint = wanted.endpoint,
        .protocol =
            wanted.protocol == 2 ? TACHO_REMOTE_WRITE_PROTOCOL_2 : TACHO_REMOTE_WRITE_PROTOCOL_1,
        .require_written_headers = TACHO_REMOTE_WRITE_NEVER, /* the server does not count */
        .max_shards = wanted.shards,
        .max_samples_per_send = wanted.samples_per_send,
        .disable_scope_info = true, /* 5 labels, job and instance, as a scrape would have */
        .disable_startup_check = true,
        .validate = TACHO_REMOTE_WRITE_NEVER,
        .stale_on_shutdown = TACHO_REMOTE_WRITE_NEVER,
        .error = &error};
    if (tacho_remote_write_exporter_create(&options, &run.exporter) != TACHO_OK) {
        (void)fprintf(stderr, "send_bench: skipped: %s: %s\n", error.field, error.message);
        exit(EXIT_SKIPPED);
    }
    tacho_resource *resource = NULL;
    const tacho_attributes about =
        TACHO_ATTRS(TACHO_STR("service.name", "shop"), TACHO_STR("service.instance.id", INSTANCE));
    if (tacho_resource_create(TACHO_OPTIONS(tacho_resource_options, .attributes = about),
                              &resource) != TACHO_OK ||
        tacho_manual_reader_create(
            run.exporter,
            TACHO_OPTIONS(tacho_manual_reader_options, .cardinality_limit = TACHO_NO_LIMIT),
            &run.reader) != TACHO_OK ||
        tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                  .resource = resource, .readers = &run.reader,
                                                  .reader_count = 1),
                                    &run.provider) != TACHO_OK) {
        die("no provider");
    }
    run.requests = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(run.provider, "bench", NULL), "http.server.requests",
        TACHO_OPTIONS(tacho_instrument_options, .description = "Requests that were answered"));
}

/* --- rounds --- */

static tacho_remote_write_stats account(void) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    (void)tacho_remote_write_exporter_stats(run.exporter, &stats);
    return stats;
}

static void record_all(uint32_t round) {
    for (uint32_t i = 0; i < wanted.series; i++) {
        record_series(series_at(i), round);
    }
}

static void sleep_until(double end) {
    const double left = end - clock_s(CLOCK_MONOTONIC);
    (void)usleep(left > 0 ? (useconds_t)(left * 1e6) : 0);
}

/* Nobody waits for the answers, as in a program: a waiting thread would be woken by each. */
static void collect_and_sleep(void) {
    const double begin = clock_s(CLOCK_MONOTONIC);
    if (tacho_metric_reader_collect(run.reader, DEADLINE_MS) != TACHO_OK) {
        die("a collection failed");
    }
    sleep_until(begin + wanted.interval_ms / 2e3);
    while (account().pending > 0) {
        if (clock_s(CLOCK_MONOTONIC) > begin + DEADLINE_MS / 1e3) {
            die("the server does not take what is sent");
        }
        (void)usleep(POLL_US);
    }
}

/** Collects, and returns when everything is acknowledged; anything else is no benchmark. */
static tacho_remote_write_stats deliver(void) {
    if (wanted.interval_ms > 0) {
        collect_and_sleep();
    } else if (tacho_meter_provider_force_flush(run.provider, DEADLINE_MS) != TACHO_OK) {
        die("the server does not take what is sent");
    }
    const tacho_remote_write_stats stats = account();
    if (stats.acknowledged != stats.accepted || stats.retries > 0) {
        die("the server does not acknowledge everything at once");
    }
    return stats;
}

static void add(struct cost *to, struct cost cost) {
    to->user_s += cost.user_s;
    to->system_s += cost.system_s;
}

/* What is done after the answers counts, too: so it takes half the interval, and the floors take
 * the other one. */
static void run_round(uint32_t round, size_t index) {
    const double half_s = wanted.interval_ms / 2e3;
    record_all(round);
    const tacho_remote_write_stats before = account();
    struct cost begin = now();
    const tacho_remote_write_stats after = deliver();
    const double samples = (double)(after.acknowledged - before.acknowledged);
    const uint64_t requests = after.requests - before.requests;
    const uint64_t bytes = after.bytes_sent - before.bytes_sent;
    results[RATE][index] = samples / since(begin).elapsed_s;
    const struct cost library = since(begin);
    begin = now();
    send_floor_post(run.floor, requests, (size_t)(bytes / requests));
    const struct cost floor = since(begin);
    begin = now();
    results[SNAPPY_BYTES][index] =
        (double)send_floor_compress(run.floor, wanted.samples_per_send) / wanted.series;
    results[SNAPPY_FLOOR][index] = since(begin).thread_s / wanted.series * 1e6;
    sleep_until(begin.elapsed_s + half_s);
    results[PROCESSOR][index] = (library.user_s + library.system_s) / samples * 1e6;
    results[EXPORTING][index] = library.thread_s / samples * 1e6;
    results[SENDING][index] = results[PROCESSOR][index] - results[EXPORTING][index];
    results[SEND_FLOOR][index] = (floor.user_s + floor.system_s) / samples * 1e6;
    results[SEND_FLOOR_RATE][index] = samples / floor.elapsed_s;
    results[FLOOR][index] = results[SEND_FLOOR][index] + results[SNAPPY_FLOOR][index];
    results[RATIO][index] = results[PROCESSOR][index] / results[FLOOR][index];
    results[BYTES][index] = (double)bytes / samples;
    results[REQUESTS][index] = (double)requests;
    add(&total.library, library);
    add(&total.floor, floor);
    total.samples += samples;
}

/* --- figures --- */

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print_figure(const char *what, const char *unit, double *values, size_t count) {
    char name[128];
    char at_once[32] = "";
    if (wanted.samples_per_send != SAMPLES_PER_SEND) {
        (void)snprintf(at_once, sizeof at_once, ", %u at once", (unsigned)wanted.samples_per_send);
    }
    (void)snprintf(name, sizeof name, "protocol %u, %u shard%s%s%s: %s", (unsigned)wanted.protocol,
                   (unsigned)wanted.shards, wanted.shards == 1 ? "" : "s",
                   wanted.is_shuffled ? ", no order" : "", at_once, what);
    qsort(values, count, sizeof *values, compare);
    if (wanted.is_json) {
        (void)printf("{\"program\": \"send\", \"case\": \"%s\", \"unit\": \"%s\", \"min\": %.4g, "
                     "\"median\": %.4g, \"max\": %.4g}\n",
                     name, unit, values[0], values[count / 2], values[count - 1]);
    } else {
        (void)printf("%-64s %10.4g %10.4g %10.4g  %s\n", name, values[0], values[count / 2],
                     values[count - 1], unit);
    }
}

static bool read_number(const char *text, uint32_t *out) {
    char *rest = NULL;
    *out = (uint32_t)strtoul(text, &rest, 10);
    return rest != text && *rest == '\0';
}

static bool read_option(const char *name, const char *value) {
    const struct {
        const char *name;
        uint32_t *out;
    } numbers[] = {
        {"--protocol", &wanted.protocol}, {"--shards", &wanted.shards},
        {"--series", &wanted.series},     {"--samples-per-send", &wanted.samples_per_send},
        {"--rounds", &wanted.rounds},     {"--interval-ms", &wanted.interval_ms}};
    if (strcmp(name, "--endpoint") == 0) {
        wanted.endpoint = value;
        return true;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return read_number(value, numbers[i].out);
        }
    }
    return false;
}

static bool read_options(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            wanted.is_json = true;
        } else if (strcmp(argv[i], "--shuffled") == 0) {
            wanted.is_shuffled = true;
        } else if (i + 1 == argc || !read_option(argv[i], argv[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    return wanted.endpoint != NULL && (wanted.protocol == 1 || wanted.protocol == 2) &&
           wanted.rounds > 0 && wanted.rounds <= ROUNDS_MAX && wanted.series > 0 &&
           wanted.samples_per_send > 0;
}

/* What the library does not know is no failure. */
static void check_configuration(void) {
    const tacho_remote_write_stats stats = account();
    if ((uint32_t)stats.protocol != wanted.protocol) {
        (void)fprintf(stderr, "send_bench: skipped: the library does not speak protocol %u\n",
                      (unsigned)wanted.protocol);
        exit(EXIT_SKIPPED);
    }
    if (stats.shards != wanted.shards) {
        (void)fprintf(stderr, "send_bench: skipped: the library does not have %u shards\n",
                      (unsigned)wanted.shards);
        exit(EXIT_SKIPPED);
    }
}

static void print_share(const char *what, double all_s) {
    double share = all_s / total.samples * 1e6;
    print_figure(what, "s/M samples", &share, 1);
}

/* What is told once for all rounds. */
static void print_totals(void) {
    double values = send_floor_values(run.totals, wanted.series, wanted.samples_per_send);
    double equal = send_floor_equal_labels(run.floor, wanted.samples_per_send);
    print_share("processor time, user", total.library.user_s);
    print_share("processor time, system", total.library.system_s);
    print_share("floor: libcurl alone, user", total.floor.user_s);
    print_share("floor: libcurl alone, system", total.floor.system_s);
    print_figure("floor: snappy of equal labels, of 1.0", "B", &equal, 1);
    print_figure("floor: snappy of the values alone", "B", &values, 1);
}

int main(int argc, char **argv) {
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr, "usage: send_bench --endpoint URL [--protocol 1|2] [--shards N] "
                              "[--series N] [--samples-per-send N] [--rounds N] "
                              "[--interval-ms N] [--shuffled] [--json]\n");
        return 2;
    }
    run.totals = calloc(wanted.series, sizeof run.totals[0]);
    if (run.totals == NULL) {
        die("memory is short");
    }
    double before_mib = resident_mib();
    set_up();
    for (uint32_t i = 0; i < WARM_UP; i++) {
        record_all(i);
        (void)deliver();
    }
    check_configuration();
    double after_mib = resident_mib();
    run.floor = send_floor_create(wanted.endpoint, wanted.shards);
    add_messages();
    for (uint32_t i = 0; i < wanted.rounds; i++) {
        run_round(WARM_UP + i, i);
    }
    for (size_t i = 0; i < (wanted.interval_ms > 0 ? RATE : FIGURES); i++) {
        print_figure(figures[i].name, figures[i].unit, results[i], wanted.rounds);
    }
    print_totals();
    print_figure("resident memory", "MiB", &after_mib, 1);
    print_figure("resident memory before", "MiB", &before_mib, 1);
    tacho_meter_provider_destroy(run.provider);
    send_floor_destroy(run.floor);
    free(run.totals);
    return 0;
}
