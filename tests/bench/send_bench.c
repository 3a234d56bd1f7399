/* SPDX-License-Identifier: Apache-2.0 */
/* What does remote write cost, from recorded cells to bytes sent? Counters with 5 labels are
 * recorded, collected and delivered to a real server, round by round, once a second or as fast as
 * it goes. Recording is timed apart and taken off. Uses public headers only; one configuration per
 * run, so that memory is that configuration's. send.sh starts a server and goes through them.
 *
 *     send_bench --endpoint URL [--protocol 1|2] [--shards N] [--series N] [--rounds N]
 *                [--interval-ms N] [--json]
 *
 * --interval-ms 0: the next round begins when the last one has been acknowledged. Exit status 77:
 * the library does not speak the protocol. */
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

enum {
    WARM_UP = 3,
    ROUNDS_MAX = 3600,
    POLL_US = 500,
    DEADLINE_MS = 60000,
    METHODS = 4,
    STATUSES = 5,
    HANDLERS = 50,
    HOSTS = 5,
    EXIT_SKIPPED = 77
};

static struct {
    const char *endpoint;
    uint32_t protocol;
    uint32_t shards;
    uint32_t series;
    uint32_t rounds;
    uint32_t interval_ms;
    bool is_json;
} wanted = {.protocol = 1, .shards = 1, .series = 50000, .rounds = 20, .interval_ms = 1000};

static struct {
    tacho_metric_exporter *exporter; /* the reader's */
    tacho_metric_reader *reader;     /* the provider's */
    tacho_meter_provider *provider;
    tacho_counter *requests;
} run;

/* What each round gave. */
static double processor_us[ROUNDS_MAX]; /* per sample: seconds per million */
static double bytes[ROUNDS_MAX];        /* per sample */
static double rate[ROUNDS_MAX];         /* samples per second, from collection to acknowledgement */

_Noreturn static void die(const char *what) {
    (void)fprintf(stderr, "send_bench: %s\n", what);
    exit(1);
}

static double clock_s(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double processor_s(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
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
    static const char *const methods[METHODS] = {"GET", "POST", "PUT", "DELETE"};
    static const int64_t statuses[STATUSES] = {200, 201, 400, 404, 500};
    static const char *const nouns[] = {"orders", "users",    "carts",   "payments", "invoices",
                                        "items",  "sessions", "reviews", "stocks",   "reports"};
    char handler[64];
    char host[64];
    char customer[32];
    uint32_t rest = number;
    const char *method = methods[rest % METHODS];
    rest /= METHODS;
    const int64_t status = statuses[rest % STATUSES];
    rest /= STATUSES;
    (void)snprintf(handler, sizeof handler, "/api/v%u/%s/{id}",
                   (unsigned)(rest % HANDLERS / 10 + 1), nouns[rest % 10]);
    rest /= HANDLERS;
    (void)snprintf(host, sizeof host, "ip-10-20-30-%u.eu-west-1.compute.internal",
                   (unsigned)(rest % HOSTS + 40));
    (void)snprintf(customer, sizeof customer, "c-%06u", (unsigned)(rest / HOSTS * 7919 + 1000));
    const int64_t amount = (int64_t)((number * 2654435761U + round * 40503U) >> 8) % 500;
    tacho_counter_add(run.requests, amount,
                      TACHO_ATTRS(TACHO_STR("customer", customer), TACHO_STR("handler", handler),
                                  TACHO_STR("host", host), TACHO_STR("method", method),
                                  TACHO_I64("status", status)));
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
    const tacho_attributes about = TACHO_ATTRS(
        TACHO_STR("service.name", "shop"), TACHO_STR("service.instance.id", "10.20.30.40:8080"));
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

/** Returns the processor time that it took. */
static double record_all(uint32_t round) {
    const double begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < wanted.series; i++) {
        record_series(i, round);
    }
    return clock_s(CLOCK_THREAD_CPUTIME_ID) - begin;
}

/** Waits until everything is acknowledged; anything else is no benchmark. */
static tacho_remote_write_stats deliver(void) {
    const double deadline = clock_s(CLOCK_MONOTONIC) + DEADLINE_MS / 1e3;
    if (tacho_metric_reader_collect(run.reader, DEADLINE_MS) != TACHO_OK) {
        die("a collection failed");
    }
    tacho_remote_write_stats stats = account();
    while (stats.pending > 0) {
        if (clock_s(CLOCK_MONOTONIC) > deadline) {
            die("the server does not take what is sent");
        }
        (void)usleep(POLL_US);
        stats = account();
    }
    if (stats.acknowledged != stats.accepted || stats.retries > 0) {
        die("the server does not acknowledge everything at once");
    }
    return stats;
}

static void run_round(uint32_t round, size_t index) {
    const tacho_remote_write_stats before = account();
    const double begin_processor = processor_s();
    const double recording = record_all(round);
    const double begin = clock_s(CLOCK_MONOTONIC);
    const tacho_remote_write_stats after = deliver();
    const double samples = (double)(after.acknowledged - before.acknowledged);
    rate[index] = samples / (clock_s(CLOCK_MONOTONIC) - begin);
    if (wanted.interval_ms > 0) { /* what is done after the answer counts, too */
        const double left = begin + wanted.interval_ms / 1e3 - clock_s(CLOCK_MONOTONIC);
        (void)usleep(left > 0 ? (useconds_t)(left * 1e6) : 0);
    }
    processor_us[index] = (processor_s() - begin_processor - recording) / samples * 1e6;
    bytes[index] = (double)(after.bytes_sent - before.bytes_sent) / samples;
}

/* --- figures --- */

static int compare(const void *left, const void *right) {
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print_figure(const char *what, const char *unit, double *values, size_t count) {
    char name[128];
    (void)snprintf(name, sizeof name, "protocol %u, %u shard%s: %s", (unsigned)wanted.protocol,
                   (unsigned)wanted.shards, wanted.shards == 1 ? "" : "s", what);
    qsort(values, count, sizeof *values, compare);
    if (wanted.is_json) {
        (void)printf("{\"program\": \"send\", \"case\": \"%s\", \"unit\": \"%s\", \"min\": %.4g, "
                     "\"median\": %.4g, \"max\": %.4g}\n",
                     name, unit, values[0], values[count / 2], values[count - 1]);
    } else {
        (void)printf("%-56s %10.4g %10.4g %10.4g  %s\n", name, values[0], values[count / 2],
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
    } numbers[] = {{"--protocol", &wanted.protocol},
                   {"--shards", &wanted.shards},
                   {"--series", &wanted.series},
                   {"--rounds", &wanted.rounds},
                   {"--interval-ms", &wanted.interval_ms}};
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
        } else if (i + 1 == argc || !read_option(argv[i], argv[i + 1])) {
            return false;
        } else {
            i++;
        }
    }
    return wanted.endpoint != NULL && (wanted.protocol == 1 || wanted.protocol == 2) &&
           wanted.rounds > 0 && wanted.rounds <= ROUNDS_MAX && wanted.series > 0;
}

int main(int argc, char **argv) {
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr, "usage: send_bench --endpoint URL [--protocol 1|2] [--shards N] "
                              "[--series N] [--rounds N] [--interval-ms N] [--json]\n");
        return 2;
    }
    double before_mib = resident_mib();
    set_up();
    for (uint32_t i = 0; i < WARM_UP; i++) {
        (void)record_all(i);
        (void)deliver();
    }
    const tacho_remote_write_stats stats = account();
    if ((uint32_t)stats.protocol != wanted.protocol &&
        !(stats.protocol == 0 && wanted.protocol == 1)) {
        (void)fprintf(stderr, "send_bench: skipped: the library does not speak protocol %u\n",
                      (unsigned)wanted.protocol);
        return EXIT_SKIPPED;
    }
    if (stats.shards != wanted.shards && !(stats.shards == 0 && wanted.shards == 1)) {
        (void)fprintf(stderr, "send_bench: skipped: the library does not have %u shards\n",
                      (unsigned)wanted.shards);
        return EXIT_SKIPPED;
    }
    for (uint32_t i = 0; i < wanted.rounds; i++) {
        run_round(WARM_UP + i, i);
    }
    double after_mib = resident_mib();
    print_figure("processor time", "s/M samples", processor_us, wanted.rounds);
    print_figure("bytes per sample", "B", bytes, wanted.rounds);
    print_figure("samples per second", "samples/s", rate, wanted.rounds);
    print_figure("resident memory", "MiB", &after_mib, 1);
    print_figure("resident memory before", "MiB", &before_mib, 1);
    tacho_meter_provider_destroy(run.provider);
    return 0;
}
