/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the account of exemplars: they share the fate of their samples, and each is counted once,
 * also where a histogram is cut between requests. */
#include "fault/fault_fixture.h"
#include "tacho/sdk/view.h"

static struct receiver *receiver;

static void begin(void) {
    receiver = receiver_start();
}

static void end(void) {
    receiver_stop(receiver);
}

TestSuite(exemplars, .init = begin, .fini = end);

/* A histogram of 16 buckets with an exemplar in most, and a counter with one. */
struct source {
    tacho_metric_exporter *exporter;
    tacho_meter_provider *provider;
    tacho_counter *counter;
    tacho_histogram *histogram;
};

static void source_init(struct source *source, const tacho_remote_write_options *options) {
    static const char *const keys[] = {"id"}; /* stays behind, and becomes the exemplars' label */
    tacho_metric_reader *reader = NULL;
    tacho_view *view = NULL;
    cr_assert(eq(int,
                 tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "*",
                                                 .excluded_keys = keys, .excluded_key_count = 1),
                                   &view),
                 TACHO_OK));
    source->exporter = create(options);
    cr_assert(eq(int,
                 tacho_periodic_reader_create(
                     source->exporter,
                     TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3600000,
                                   .first_collection = TACHO_FIRST_COLLECTION_AFTER_INTERVAL),
                     &reader),
                 TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(
                     TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader,
                                   .reader_count = 1, .views = &view, .view_count = 1,
                                   .exemplar_filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON),
                     &source->provider),
                 TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(source->provider, "test", NULL);
    source->counter = tacho_meter_create_counter(meter, "jobs", NULL);
    source->histogram = tacho_meter_create_histogram(meter, "size", NULL);
}

static int collect(struct source *source) {
    for (int i = 1; i < 16000; i *= 2) {
        tacho_histogram_record(source->histogram, i, TACHO_ATTRS(TACHO_I64("id", i)));
    }
    tacho_counter_add(source->counter, 1, TACHO_ATTRS(TACHO_I64("id", 1)));
    return tacho_meter_provider_force_flush(source->provider, PATIENCE_MS);
}

static tacho_remote_write_options options_of(tacho_remote_write_protocol protocol,
                                             tacho_remote_write_when send_exemplars) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.protocol = protocol;
    options.send_exemplars = send_exemplars;
    options.max_samples_per_send = 3; /* cuts the histogram */
    return options;
}

/* The account; what is pending must be what the rest leaves. */
static tacho_remote_write_stats exemplars_of(const struct source *source, uint64_t pending) {
    const tacho_remote_write_stats stats = stats_of(source->exporter);
    cr_assert(gt(u64, stats.exemplars_accepted, 5));
    cr_assert(eq(u64, stats.exemplars_pending, pending));
    cr_assert(eq(u64, stats.exemplars_accepted,
                 stats.exemplars_acknowledged + stats.exemplars_failed + stats.exemplars_dropped +
                     stats.exemplars_pending));
    return stats;
}

Test(exemplars, arrive_with_their_samples) {
    const tacho_remote_write_options options =
        options_of(TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_ALWAYS);
    struct source source;
    source_init(&source, &options);
    receiver_script(receiver, (struct receiver_step[]){{0}, {.status = 503}, {.status = 413}}, 3);
    cr_assert(eq(int, collect(&source), TACHO_OK));
    const tacho_remote_write_stats stats = exemplars_of(&source, 0);
    cr_assert(eq(u64, stats.exemplars_acknowledged, stats.exemplars_accepted));
    tacho_meter_provider_destroy(source.provider);
}

Test(exemplars, fail_with_their_samples) {
    const tacho_remote_write_options options =
        options_of(TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_ALWAYS);
    struct source source;
    struct receiver_step steps[20];
    for (size_t i = 0; i < 20; i++) {
        steps[i] = (struct receiver_step){.status = 400};
    }
    source_init(&source, &options);
    receiver_script(receiver, steps, 20);
    cr_assert(eq(int, collect(&source), TACHO_E_FAILED));
    const tacho_remote_write_stats stats = exemplars_of(&source, 0);
    cr_assert(eq(u64, stats.exemplars_failed, stats.exemplars_accepted));
    tacho_meter_provider_destroy(source.provider);
}

/* RW1-12, RW2-18 */
Test(exemplars, are_dropped_where_1_is_fallen_back_to) {
    const tacho_remote_write_options options =
        options_of(TACHO_REMOTE_WRITE_PROTOCOL_AUTO, TACHO_REMOTE_WRITE_AUTO);
    struct source source;
    source_init(&source, &options);
    receiver_set_protocols(receiver, RECEIVER_1_REFUSES_2);
    cr_assert(eq(int, collect(&source), TACHO_OK)); /* their samples arrive */
    const tacho_remote_write_stats stats = exemplars_of(&source, 0);
    cr_assert(eq(int, stats.protocol, 1));
    cr_assert(eq(u64, stats.exemplars_dropped, stats.exemplars_accepted));
    tacho_meter_provider_destroy(source.provider);
}

Test(exemplars, are_dropped_with_their_samples) {
    tacho_remote_write_options options =
        options_of(TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_ALWAYS);
    options.capacity = 10; /* what waits is dropped for what comes */
    struct source source;
    source_init(&source, &options);
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    for (int i = 0; i < 12000; i += 1000) {
        tacho_histogram_record(source.histogram, i, TACHO_ATTRS(TACHO_I64("id", i)));
    }
    tacho_counter_add(source.counter, 1, TACHO_ATTRS(TACHO_I64("id", 1)));
    (void)tacho_meter_provider_force_flush(source.provider, 100);
    tacho_counter_add(source.counter, 1, TACHO_ATTRS(TACHO_I64("id", 1)));
    (void)tacho_meter_provider_force_flush(source.provider, 100);
    tacho_remote_write_stats stats = stats_of(source.exporter);
    cr_assert(gt(u64, stats.dropped_queue_full, 0));
    (void)tacho_meter_provider_shutdown(source.provider, 10);
    stats = exemplars_of(&source, 0);
    cr_assert(eq(u64, stats.exemplars_dropped, stats.exemplars_accepted));
    tacho_meter_provider_destroy(source.provider);
}

/* RWOBS-01 */
Test(exemplars, that_are_sent_again_are_counted) {
    const tacho_remote_write_options options =
        options_of(TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_ALWAYS);
    struct source source;
    source_init(&source, &options);
    receiver_script(receiver, (struct receiver_step[]){{.status = 503}, {.status = 503}}, 2);
    tacho_counter_add(source.counter, 1, TACHO_ATTRS(TACHO_I64("id", 1)));
    cr_assert(eq(int, tacho_meter_provider_force_flush(source.provider, PATIENCE_MS), TACHO_OK));
    const tacho_remote_write_stats stats = stats_of(source.exporter);
    cr_assert(eq(u64, stats.samples_retried, 2));
    cr_assert(eq(u64, stats.exemplars_retried, 2));
    cr_assert(eq(u64, stats.exemplars_acknowledged, 1));
    tacho_meter_provider_destroy(source.provider);
}
