/* SPDX-License-Identifier: Apache-2.0 */
/* delivery_program: sends series whose every sample can be foretold, so that a script can tell
 * whether a receiver holds all of them, once and in order. How it sends is for the environment to
 * say: TACHO_REMOTE_WRITE_*.
 *
 *     delivery_program [--ticks N] [--interval-ms N] [--series N] [--quiet-ms N] [--shutdown-ms N]
 *
 * Each tick records and collects once, N of them; shutdown collects once more. With k = 1 ... N and
 * series s = 0 ... S-1, the values after tick k are
 *
 *     delivery.ticks     counter             k * (s + 1)
 *     delivery.level     gauge               k + s / 8
 *     delivery.balance   up-down counter     k % 2
 *     delivery.duration  explicit histogram  of 1 % 8, 2 % 8, ... k % 8; its exemplars' trace ids
 *                                            end in k
 *     delivery.size      exponential one     of 2^(1 % 8), ... 2^(k % 8)
 *
 * It prints a line of JSON after each tick, one when nothing is pending (or that is not so within
 * --quiet-ms), one after the shutdown; each with the exporter's account. Exit status: 0; 2 for a
 * wrong option; 3 if the exporter cannot be made, as one that does not know an option. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <tacho/exporters/remote_write.h>
#include <tacho/sdk/meter_provider.h>
#include <tacho/tacho.h>

enum { CYCLE = 8, POLL_MS = 10, EXIT_USAGE = 2, EXIT_EXPORTER = 3 };

static struct {
    uint32_t ticks;
    uint32_t interval_ms;
    uint32_t series;
    uint32_t quiet_ms;
    uint32_t shutdown_ms;
} wanted = {.ticks = 20, .interval_ms = 100, .series = 20, .quiet_ms = 60000, .shutdown_ms = 20000};

static struct {
    tacho_metric_exporter *exporter; /* the reader's */
    tacho_metric_reader *reader;     /* the provider's */
    tacho_meter_provider *provider;
    tacho_counter *ticks;
    tacho_gauge_f64 *level;
    tacho_up_down_counter *balance;
    tacho_histogram *duration;
    tacho_histogram *size;
    uint32_t tick;            /* the one under way */
    uint64_t slowest_round;   /* of recording everything, ns */
    uint64_t slowest_collect; /* ns */
} run;

static uint64_t clock_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t when_ns) {
    const struct timespec when = {.tv_sec = (time_t)(when_ns / 1000000000),
                                  .tv_nsec = (long)(when_ns % 1000000000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) != 0) {
    }
}

/** The span that is active: sampled, and named after the tick. */
static bool current_span(tacho_context *out, void *user) {
    (void)user;
    memset(out->trace_id, 0xab, sizeof out->trace_id);
    memset(out->span_id, 0xcd, sizeof out->span_id);
    for (size_t i = 0; i < 4; i++) {
        out->trace_id[15 - i] = (uint8_t)(run.tick >> (8 * i));
    }
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}

/* --- setting up --- */

static void create_instruments(void) {
    static const double bounds[] = {1, 2, 5};
    tacho_meter *meter = tacho_meter_provider_get_meter(run.provider, "delivery", NULL);
    run.ticks = tacho_meter_create_counter(
        meter, "delivery.ticks",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "{tick}", .description = "Ticks so far"));
    run.level = tacho_meter_create_gauge_f64(
        meter, "delivery.level",
        TACHO_OPTIONS(tacho_instrument_options, .description = "Tick and series"));
    run.balance = tacho_meter_create_up_down_counter(meter, "delivery.balance", NULL);
    run.duration = tacho_meter_create_histogram(
        meter, "delivery.duration",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "s", .description = "Of nothing real",
                      .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = sizeof bounds / sizeof bounds[0]));
    run.size = tacho_meter_create_histogram(meter, "delivery.size",
                                            TACHO_OPTIONS(tacho_instrument_options, .unit = "By"));
}

static int fail(const char *what, const tacho_error *error) {
    (void)fprintf(stderr, "delivery_program: %s: %s: %s: %s\n", what,
                  tacho_status_text(error->status), error->field, error->message);
    return EXIT_EXPORTER;
}

static tacho_view *create_view(void) {
    const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM};
    tacho_view *view = NULL;
    (void)tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "delivery.size",
                                          .aggregation = &exponential),
                            &view);
    return view;
}

static int set_up(void) {
    tacho_error error = {0};
    if (tacho_remote_write_exporter_create(
            TACHO_OPTIONS(tacho_remote_write_options, .error = &error), &run.exporter) !=
        TACHO_OK) {
        return fail("no exporter", &error);
    }
    if (tacho_manual_reader_create(run.exporter,
                                   TACHO_OPTIONS(tacho_manual_reader_options, .error = &error,
                                                 .cardinality_limit = TACHO_NO_LIMIT),
                                   &run.reader) != TACHO_OK) {
        return fail("no reader", &error);
    }
    tacho_resource *resource = NULL;
    const tacho_attributes about = TACHO_ATTRS(TACHO_STR("service.name", "delivery"),
                                               TACHO_STR("service.instance.id", "delivery-1"));
    (void)tacho_resource_create(TACHO_OPTIONS(tacho_resource_options, .attributes = about),
                                &resource);
    tacho_view *view = create_view();
    if (tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .resource = resource,
                          .readers = &run.reader, .reader_count = 1, .views = &view,
                          .view_count = 1, .exemplar_filter = TACHO_EXEMPLAR_FILTER_TRACE_BASED,
                          .error = &error),
            &run.provider) != TACHO_OK) {
        return fail("no provider", &error);
    }
    (void)tacho_context_set_hook(current_span, NULL);
    create_instruments();
    return 0;
}

/* --- ticks --- */

static void record_series(uint32_t number) {
    const tacho_attributes attributes =
        TACHO_ATTRS(TACHO_I64("series", number), TACHO_STR("http.request.method", "GET"));
    tacho_counter_add(run.ticks, (int64_t)number + 1, attributes);
    tacho_gauge_f64_record(run.level, (double)run.tick + (double)number / 8, attributes);
    tacho_up_down_counter_add(run.balance, run.tick % 2 == 1 ? 1 : -1, attributes);
}

static void tick(void) {
    const uint64_t begin_ns = clock_ns();
    run.tick++;
    for (uint32_t i = 0; i < wanted.series; i++) {
        record_series(i);
    }
    tacho_histogram_record(run.duration, run.tick % CYCLE, TACHO_NO_ATTRS);
    tacho_histogram_record(run.size, ldexp(1, (int)(run.tick % CYCLE)), TACHO_NO_ATTRS);
    const uint64_t recorded_ns = clock_ns();
    (void)tacho_metric_reader_collect(run.reader, 0);
    const uint64_t collected_ns = clock_ns();
    if (run.tick > 1) { /* the first one makes the series */
        run.slowest_round =
            recorded_ns - begin_ns > run.slowest_round ? recorded_ns - begin_ns : run.slowest_round;
    }
    run.slowest_collect = collected_ns - recorded_ns > run.slowest_collect
                              ? collected_ns - recorded_ns
                              : run.slowest_collect;
}

/* --- the account --- */

static tacho_remote_write_stats account(void) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    (void)tacho_remote_write_exporter_stats(run.exporter, &stats);
    return stats;
}

static void print_number(const char *name, uint64_t value) {
    (void)printf(", \"%s\": %" PRIu64, name, value);
}

static void print_account(const char *event, int status, const tacho_remote_write_stats *stats) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{\"event\": \"%s\", \"status\": \"%s\"", event, tacho_status_text(status));
    print_number("tick", run.tick);
    print_number("accepted", stats->accepted);
    print_number("acknowledged", stats->acknowledged);
    print_number("failed", stats->failed);
    print_number("dropped_queue_full", stats->dropped_queue_full);
    print_number("dropped_too_old", stats->dropped_too_old);
    print_number("dropped_shutdown", stats->dropped_shutdown);
    print_number("dropped_clock", stats->dropped_clock);
    print_number("dropped_invalid", stats->dropped_invalid);
    print_number("dropped_unsupported", stats->dropped_unsupported);
    print_number("pending", stats->pending);
    print_number("requests", stats->requests);
    print_number("retries", stats->retries);
    print_number("bytes_sent", stats->bytes_sent);
    print_number("last_http_status", (uint64_t)stats->last_http_status);
    print_number("protocol", (uint64_t)stats->protocol);
    print_number("protocol_fallbacks", stats->protocol_fallbacks);
    print_number("written_mismatches", stats->written_mismatches);
    print_number("stale_markers", stats->stale_markers);
    print_number("exemplars_accepted", stats->exemplars_accepted);
    print_number("exemplars_acknowledged", stats->exemplars_acknowledged);
    print_number("exemplars_failed", stats->exemplars_failed);
    print_number("exemplars_dropped", stats->exemplars_dropped);
    print_number("exemplars_pending", stats->exemplars_pending);
    print_number("metadata_acknowledged", stats->metadata_acknowledged);
    print_number("metadata_failed", stats->metadata_failed);
    print_number("unsupported_points", stats->unsupported_points);
    print_number("unsupported_exemplars", stats->unsupported_exemplars);
    print_number("slowest_recording_us", run.slowest_round / 1000);
    print_number("slowest_collection_us", run.slowest_collect / 1000);
    print_number("resident_kib", (uint64_t)usage.ru_maxrss);
    (void)printf("}\n");
    (void)fflush(stdout);
}

/** Waits until nothing is pending; not by a flush, which would collect and cut delays short. */
static void wait_until_quiet(void) {
    const uint64_t deadline_ns = clock_ns() + (uint64_t)wanted.quiet_ms * 1000000;
    tacho_remote_write_stats stats = account();
    while (stats.pending > 0 && clock_ns() < deadline_ns) {
        sleep_until(clock_ns() + (uint64_t)POLL_MS * 1000000);
        stats = account();
    }
    print_account("quiet", stats.pending == 0 ? TACHO_OK : TACHO_E_TIMEOUT, &stats);
}

static bool read_options(int argc, char **argv) {
    const struct {
        const char *name;
        uint32_t *value;
    } options[] = {{"--ticks", &wanted.ticks},
                   {"--interval-ms", &wanted.interval_ms},
                   {"--series", &wanted.series},
                   {"--quiet-ms", &wanted.quiet_ms},
                   {"--shutdown-ms", &wanted.shutdown_ms}};
    for (int i = 1; i < argc; i += 2) {
        size_t which = 0;
        while (which < sizeof options / sizeof options[0] &&
               strcmp(options[which].name, argv[i]) != 0) {
            which++;
        }
        char *rest = NULL;
        if (which == sizeof options / sizeof options[0] || i + 1 == argc) {
            return false;
        }
        *options[which].value = (uint32_t)strtoul(argv[i + 1], &rest, 10);
        if (rest == argv[i + 1] || *rest != '\0') {
            return false;
        }
    }
    return wanted.ticks > 0 && wanted.series > 0;
}

int main(int argc, char **argv) {
    if (!read_options(argc, argv)) {
        (void)fprintf(stderr, "usage: delivery_program [--ticks N] [--interval-ms N] [--series N] "
                              "[--quiet-ms N] [--shutdown-ms N]\n");
        return EXIT_USAGE;
    }
    const int failed = set_up();
    if (failed != 0) {
        return failed;
    }
    const uint64_t begin_ns = clock_ns();
    for (uint32_t i = 1; i <= wanted.ticks; i++) {
        tick();
        const tacho_remote_write_stats stats = account();
        print_account("tick", TACHO_OK, &stats);
        sleep_until(begin_ns + (uint64_t)wanted.interval_ms * 1000000 * i);
    }
    wait_until_quiet();
    const int status = tacho_meter_provider_shutdown(run.provider, wanted.shutdown_ms);
    const tacho_remote_write_stats stats = account();
    print_account("end", status, &stats);
    tacho_meter_provider_destroy(run.provider);
    return 0;
}
