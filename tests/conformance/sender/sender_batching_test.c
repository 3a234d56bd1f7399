/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's cases about batches, load, and metrics of many kinds together. */
#include <stdlib.h>

#include "conformance/sender/sender_fixture.h"

TestSuite(batching, .init = sender_init, .fini = sender_fini);

/* Gauges {i="0"} and on, each with its number as value. */
static void set_gauges(const char *name, int64_t count) {
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, name, NULL);
    for (int64_t i = 0; i < count; i++) {
        tacho_gauge_record(gauge, i, TACHO_ATTRS(TACHO_I64("i", i)));
    }
}

/* cases: TestBatchingBehavior/multiple_series_per_request */
Test(batching, a_collection_of_a_few_series_is_one_request) {
    sender_start_usual();
    set_gauges("level", 20);
    cr_assert(eq(sz, sender_flushed()->series_count, 20));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 1));
}

/* QUEUE-02
 * cases: TestBatchingBehavior/batch_size_reasonable */
Test(batching, requests_keep_to_two_thousand_samples) {
    sender_start_usual();
    set_gauges("level", 5000);
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 5000));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 3));
    for (size_t i = 0; i < 3; i++) {
        cr_assert(le(sz, receiver_request_samples(sender.receiver, i), 2000));
    }
}

/* cases: TestBatchingBehavior/handles_varying_cardinality */
Test(batching, series_with_few_and_many_labels_share_a_request) {
    sender_start_usual();
    set_gauge("low", 1);
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, "mixed", NULL);
    tacho_gauge_record(gauge, 1, TACHO_ATTRS(TACHO_STR("a", "1")));
    tacho_gauge_record(gauge, 2, TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2")));
    tacho_gauge_record(gauge, 3,
                       TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "3"), TACHO_STR("c", "3"),
                                   TACHO_STR("d", "4"), TACHO_STR("e", "5"), TACHO_STR("f", "6")));
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 4));
    cr_assert(eq(sz, need(sent, "low", NULL, NULL)->label_count, 4));
    cr_assert(eq(sz, need(sent, "mixed", "b", "2")->label_count, 6));
    cr_assert(eq(sz, need(sent, "mixed", "f", "6")->label_count, 10));
}

/* RETRY-05
 * cases: TestConcurrentRequests */
Test(batching, shards_send_side_by_side_and_none_waits_for_another) {
    tacho_remote_write_options options = sender_options();
    options.max_shards = 4;
    options.timeout_ms = 60000;
    sender_start(&options);
    receiver_script(sender.receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    set_gauges("level", 400);
    sender_collect();
    cr_assert(receiver_wait_requests(sender.receiver, 4, PATIENCE_MS));
    const size_t hanging = receiver_request_samples(sender.receiver, 0);
    cr_assert(receiver_wait_samples(sender.receiver, 400 - hanging, PATIENCE_MS));
    cr_assert(lt(sz, hanging, 200)); /* about a quarter */
    cr_assert(ge(sz, receiver_connection_count(sender.receiver), 4));
    cr_assert(eq(int, tacho_meter_provider_shutdown(sender.provider, 200), TACHO_E_TIMEOUT));
}

/* QUEUE-10 */
Test(batching, an_endpoint_that_hangs_does_not_delay_another) {
    struct receiver *other = receiver_start();
    tacho_metric_reader *readers[2];
    const char *const urls[] = {receiver_url(sender.receiver), receiver_url(other)};
    receiver_script(sender.receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    for (size_t i = 0; i < 2; i++) {
        tacho_remote_write_options options = sender_options();
        options.endpoint = urls[i];
        cr_assert(eq(int,
                     tacho_periodic_reader_create(
                         create(&options),
                         TACHO_OPTIONS(tacho_periodic_reader_options,
                                       .first_collection = TACHO_FIRST_COLLECTION_AFTER_INTERVAL),
                         &readers[i]),
                     TACHO_OK));
    }
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = readers, .reader_count = 2),
                                             &sender.provider),
                 TACHO_OK));
    sender.meter = tacho_meter_provider_get_meter(sender.provider, "test", NULL);
    for (size_t i = 1; i <= 5; i++) {
        set_gauge("level", (double)i);
        cr_assert(eq(int, tacho_metric_reader_collect(readers[0], PATIENCE_MS), TACHO_OK));
        cr_assert(eq(int, tacho_metric_reader_collect(readers[1], PATIENCE_MS), TACHO_OK));
        cr_assert(receiver_wait_samples(other, i, PATIENCE_MS));
    }
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 0));
    cr_assert(eq(int, tacho_meter_provider_shutdown(sender.provider, 200), TACHO_E_TIMEOUT));
    receiver_stop(other);
}

/* cases: TestEdgeCases/many_timeseries, TestRobustnessUnderLoad */
Test(batching, many_metrics_arrive_each_once_and_with_its_value) {
    char names[200][32];
    sender_start_usual();
    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "load.metric.%03zu", i);
        set_gauge(names[i], (double)i);
    }
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 200));
    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "load_metric_%03zu", i);
        cr_assert(eq(dbl, value_of(sent, names[i], NULL, NULL), (double)i));
    }
}

/* cases: TestEdgeCases/high_cardinality, TestCombinedFeatures/high_cardinality_labels */
Test(batching, ten_thousand_series_of_one_metric_arrive_each_once) {
    enum { COUNT = 10000 };
    static bool seen[COUNT];
    sender_start_usual();
    set_gauges("level", COUNT);
    (void)sender_flushed();
    for (size_t i = 0; i < receiver_request_count(sender.receiver); i++) {
        const struct sent *sent = sender_request(i);
        for (size_t j = 0; j < sent->series_count; j++) {
            const int index = atoi(sent_label_of(&sent->series[j], "i"));
            cr_assert(eq(dbl, sent->series[j].samples[0].value, (double)index));
            cr_assert(not(seen[index]), "%d", index);
            seen[index] = true;
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(seen[i], "%zu", i);
    }
}

/* cases: TestEdgeCases/empty_scrape */
Test(batching, a_collection_of_nothing_sends_nothing) {
    sender_start_usual();
    (void)counter_of("never.recorded");
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 0));
}

/* cases: TestEdgeCases/very_long_metric_name */
Test(batching, the_longest_name_of_an_instrument_arrives_whole) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    sender_start_usual();
    set_gauge(name, 3);
    cr_assert(eq(dbl, value_of(sender_flushed(), name, NULL, NULL), 3.0));
}

/* cases: TestEdgeCases/metric_name_with_colons */
Test(batching, colons_of_a_name_stay) {
    tacho_view *view = NULL;
    cr_assert(eq(int,
                 tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "rule",
                                                 .name = "job:requests:rate5m"),
                                   &view),
                 TACHO_OK));
    sender.view = view;
    sender_start_usual();
    set_gauge("rule", 5);
    cr_assert(eq(dbl, value_of(sender_flushed(), "job:requests:rate5m", NULL, NULL), 5.0));
}

/* One instrument of each kind, with descriptions. */
static const struct sent *send_each_kind(void) {
    static const double bounds[] = {0.1, 1};
    static const tacho_instrument_options about = {.struct_size = sizeof about,
                                                   .description = "About it.",
                                                   .explicit_bucket_boundaries = bounds,
                                                   .explicit_bucket_boundary_count = 2};
    sender_start_usual();
    tacho_counter_add(tacho_meter_create_counter(sender.meter, "http.requests", &about), 100,
                      TACHO_ATTRS(TACHO_STR("service", "api"), TACHO_STR("method", "GET"),
                                  TACHO_STR("endpoint", "/users")));
    tacho_up_down_counter_add(
        tacho_meter_create_up_down_counter(sender.meter, "http.active", &about), -2,
        TACHO_NO_ATTRS);
    tacho_gauge_f64_record(tacho_meter_create_gauge_f64(sender.meter, "cpu.load", &about), 0.75,
                           TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "http.duration", &about),
                           0.25, TACHO_NO_ATTRS);
    return sender_flushed();
}

/* CONV-02, PROM-18, PROM-20
 * cases: TestCombinedFeatures/multiple_metric_types */
Test(batching, each_kind_of_instrument_has_its_type_in_one_request) {
    const struct sent *sent = send_each_kind();
    cr_assert(eq(int, need(sent, "http_requests_total", NULL, NULL)->type, TYPE_COUNTER));
    cr_assert(eq(int, need(sent, "http_active", NULL, NULL)->type, TYPE_GAUGE));
    cr_assert(eq(int, need(sent, "cpu_load", NULL, NULL)->type, TYPE_GAUGE));
    cr_assert(eq(int, need(sent, "http_duration_count", NULL, NULL)->type, TYPE_HISTOGRAM));
    cr_assert(eq(dbl, value_of(sent, "http_active", NULL, NULL), -2.0));
}

/* cases: TestCombinedFeatures/mixed_labels_and_metadata */
Test(batching, labels_and_help_are_both_there) {
    const struct sent *sent = send_each_kind();
    const struct sent_series *series = need(sent, "http_requests_total", NULL, NULL);
    cr_assert(eq(str, (char *)sent_label_of(series, "service"), "api"));
    cr_assert(eq(str, (char *)sent_label_of(series, "method"), "GET"));
    cr_assert(eq(str, (char *)sent_label_of(series, "endpoint"), "/users"));
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(str, (char *)sent->series[i].help, "About it."));
    }
}

/* PROM-42, PROM-45, PROM-46, CONV-18
 * cases: TestCombinedFeatures/real_world_scenario */
Test(batching, a_service_with_all_of_it_sends_sound_series_and_one_target_info) {
    static const tacho_resource_options resource = {.struct_size = sizeof resource};
    tacho_resource_options with = resource;
    with.attributes =
        TACHO_ATTRS(TACHO_STR("service.name", "svc"), TACHO_STR("service.instance.id", "one"),
                    TACHO_STR("cloud.region", "eu"));
    sender.resource = &with;
    tacho_remote_write_options options = sender_options();
    options.disable_target_info = false;
    sender_start(&options);
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "size", NULL), 3,
                           TACHO_NO_ATTRS);
    set_gauge("level", 1);
    const struct sent *sent = sender_flushed();
    size_t targets = 0;
    cr_assert(eq(sz, sent->series_count, 1 + 18 + 1 + 1));
    for (size_t i = 0; i < sent->series_count; i++) {
        const struct sent_series *series = &sent->series[i];
        cr_assert(ne(str, (char *)sent_label_of(series, "__name__"), ""));
        cr_assert(eq(sz, series->sample_count, 1));
        targets += strcmp(sent_label_of(series, "__name__"), "target_info") == 0 ? 1 : 0;
    }
    cr_assert(eq(sz, targets, 1));
    cr_assert(eq(dbl, value_of(sent, "target_info", "cloud_region", "eu"), 1.0));
}
