/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the cases that the suite had for 1.0, and of those about 1.0 that it has now. */
#include <math.h>
#include <stdlib.h>

#include "conformance/sender/sender_source.h"

TestSuite(v1, .init = sender_init, .fini = sender_fini);

/* RW1-02
 * cases: 1.0/Headers, TestRemoteWrite1Compatibility/rw1_version_header,
 * TestRemoteWrite1Compatibility/rw1_content_type, TestRemoteWrite1Configuration */
Test(v1, headers_are_those_of_1) {
    sender_start_1();
    set_gauge("now", 1);
    (void)sender_flushed();
    static const char *const headers[][2] = {
        {"Content-Encoding", "snappy"},
        {"Content-Type", "application/x-protobuf"},
        {"X-Prometheus-Remote-Write-Version", "0.1.0"},
    };
    for (size_t i = 0; i < 3; i++) {
        cr_assert(eq(str, (char *)receiver_header(sender.receiver, 0, headers[i][0]),
                     (char *)headers[i][1]));
    }
}

/* PROM-20
 * cases: 1.0/Counter, TestRemoteWrite1Compatibility/rw1_samples_encoding */
Test(v1, a_counter_counts_up_from_request_to_request) {
    sender_start_1();
    tacho_counter *counter = counter_of("counter");
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(counter, i == 0 ? 0 : 1, TACHO_NO_ATTRS);
        cr_assert(eq(dbl, value_of(sender_flushed(), "counter_total", NULL, NULL), (double)i));
    }
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 5));
}

static void observe_now(tacho_observer *observer, void *user) {
    tacho_observe_f64(observer, user, (double)wall_ms(), TACHO_NO_ATTRS);
}

/* PROM-18
 * cases: 1.0/Gauge */
Test(v1, a_gauge_of_the_time_has_nearly_the_samples_time) {
    sender_start_1();
    tacho_observable *now =
        tacho_meter_create_observable_gauge_f64(sender.meter, "now", NULL, NULL, NULL);
    tacho_callback *callback = NULL;
    cr_assert(eq(int,
                 tacho_meter_register_callback(sender.meter, observe_now, now, &now, 1, &callback),
                 TACHO_OK));
    const struct sent_sample sample = need(sender_flushed(), "now", NULL, NULL)->samples[0];
    cr_assert(lt(dbl, fabs(sample.value - (double)sample.time_ms), 10000.0));
    (void)tacho_callback_unregister(callback);
}

/* cases: 1.0/Histogram */
Test(v1, a_histogram_has_buckets_sum_and_count) {
    static const double bounds[] = {1, 2};
    sender_start_1();
    tacho_histogram *histogram = tacho_meter_create_histogram(
        sender.meter, "histogram",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = bounds,
                      .explicit_bucket_boundary_count = 2));
    tacho_histogram_record(histogram, 1, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, 2, TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(dbl, value_of(sent, "histogram_bucket", "le", "1"), 1.0));
    cr_assert(eq(dbl, value_of(sent, "histogram_bucket", "le", "2"), 2.0));
    cr_assert(eq(dbl, value_of(sent, "histogram_bucket", "le", "+Inf"), 2.0));
    cr_assert(eq(dbl, value_of(sent, "histogram_sum", NULL, NULL), 3.0));
    cr_assert(eq(dbl, value_of(sent, "histogram_count", NULL, NULL), 2.0));
    cr_assert(eq(sz, sent->series_count, 5));
}

/* PROM-38
 * cases: 1.0/Summary */
Test(v1, a_summary_has_quantiles_sum_and_count) {
    static const tacho_quantile quantiles[] = {{0.5, 2}, {0.9, 3}, {0.99, 3}};
    static tacho_summary_point point;
    point = (tacho_summary_point){.series = source_series(),
                                  .start_time_unix_nano = source_start(),
                                  .count = 3,
                                  .sum = 6,
                                  .quantiles = quantiles,
                                  .quantile_count = 3};
    source_add("summary", TACHO_METRIC_SUMMARY, &point, sizeof point);
    source_use();
    sender_start_1();
    const struct sent *sent = sender_flushed();
    cr_assert(eq(dbl, value_of(sent, "summary", "quantile", "0.5"), 2.0));
    cr_assert(eq(dbl, value_of(sent, "summary", "quantile", "0.9"), 3.0));
    cr_assert(eq(dbl, value_of(sent, "summary", "quantile", "0.99"), 3.0));
    cr_assert(eq(dbl, value_of(sent, "summary_sum", NULL, NULL), 6.0));
    cr_assert(eq(dbl, value_of(sent, "summary_count", NULL, NULL), 3.0));
}

/* PROM-44
 * cases: 1.0/JobLabel, TestRemoteWrite1Compatibility/rw1_labels_encoding */
Test(v1, the_service_is_the_job) {
    static const tacho_resource_options resource = {.struct_size = sizeof resource};
    tacho_resource_options with = resource;
    with.attributes =
        TACHO_ATTRS(TACHO_STR("service.name", "test"), TACHO_STR("service.namespace", "shop"));
    sender.resource = &with;
    sender_start_1();
    set_gauge("gauge", 42);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(dbl, value_of(sent, "gauge", "job", "shop/test"), 42.0));
}

/* cases: 1.0/InstanceLabel */
Test(v1, each_process_has_an_instance_though_nobody_named_it) {
    static const tacho_resource_options resource = {.struct_size = sizeof resource};
    tacho_resource_options with = resource;
    with.attributes = TACHO_ATTRS(TACHO_STR("service.name", "test"));
    sender.resource = &with;
    sender_start_1();
    set_gauge("gauge", 42);
    const char *instance = sent_label_of(need(sender_flushed(), "gauge", NULL, NULL), "instance");
    cr_assert(eq(sz, strlen(instance), 36), "%s", instance); /* a UUID */
}

/* RW1-04
 * cases: 1.0/NameLabel */
Test(v1, a_metric_that_has_no_name_is_not_sent) {
    static tacho_summary_point point;
    point = (tacho_summary_point){
        .series = source_series(), .start_time_unix_nano = source_start(), .count = 3, .sum = 6};
    source_add("!?", TACHO_METRIC_SUMMARY, &point, sizeof point);
    source_use();
    sender_start_1();
    tacho_gauge_f64_record(tacho_meter_create_gauge_f64(sender.meter, "", NULL), 1,
                           TACHO_ATTRS(TACHO_STR("label", "value")));
    set_gauge("named", 1);
    (void)sender_flush();
    const struct sent *sent = sender_request(0);
    cr_assert(eq(sz, sent->series_count, 1));
    (void)need(sent, "named", NULL, NULL);
    cr_assert(gt(u64, stats_of(sender.exporter).dropped_invalid, 0));
}

static size_t count_stale(const char *series) {
    struct receiver_sample samples[8];
    size_t stale = 0;
    size_t count = receiver_samples(sender.receiver, series, samples, 8);
    for (size_t i = 0; i < count; i++) {
        stale += samples[i].value_bits == UINT64_C(0x7ff0000000000002) ? 1 : 0;
        cr_assert(samples[i].value_bits != UINT64_C(0x7ff0000000000002) || i == count - 1);
    }
    return stale;
}

#define STALE "stale{instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}"

/* RW1-10, CONV-30, CONV-32
 * cases: 1.0/Staleness */
Test(v1, a_series_that_goes_gets_one_stale_marker) {
    sender_start_1();
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, "stale", NULL);
    tacho_gauge_record(gauge, 1, TACHO_NO_ATTRS);
    set_gauge("stays", 1);
    (void)sender_flushed();
    cr_assert(eq(sz, count_stale(STALE), 0));
    cr_assert(eq(int, tacho_gauge_remove(gauge, TACHO_NO_ATTRS), TACHO_OK));
    (void)sender_flushed(); /* its last collection */
    for (int i = 0; i < 3; i++) {
        (void)sender_flushed();
        cr_assert(eq(sz, count_stale(STALE), 1));
    }
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 5 + 2 + 1));
}

/* RW2-11, CONV-33: the same with 2.0, and at the end.
 * cases: TestEdgeCases/stale_marker */
Test(v1, with_2_too_and_at_the_end_of_the_sender) {
    tacho_remote_write_options options = sender_options();
    options.stale_on_shutdown = TACHO_REMOTE_WRITE_ALWAYS;
    sender_start(&options);
    set_gauge("stale", 1);
    (void)sender_flushed();
    cr_assert(eq(int, tacho_meter_provider_shutdown(sender.provider, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, count_stale(STALE), 1));
}

/* CONV-34 */
Test(v1, a_stale_marker_is_sent_again_as_a_sample_is) {
    sender_start_1();
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, "stale", NULL);
    tacho_gauge_record(gauge, 1, TACHO_NO_ATTRS);
    (void)sender_flushed();
    cr_assert(eq(int, tacho_gauge_remove(gauge, TACHO_NO_ATTRS), TACHO_OK));
    (void)sender_flushed(); /* its last collection */
    receiver_script(sender.receiver, (struct receiver_step[]){{.status = 503}, {.status = 503}}, 2);
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 5));
    cr_assert(eq(sz, count_stale(STALE), 1));
    cr_assert(eq(u64, stats_of(sender.exporter).acknowledged, 3));
}

/* RW1-11, RW1-12, PROM-37
 * cases: TestRemoteWrite1Compatibility/rw1_no_native_histograms */
Test(v1, no_native_histogram_is_sent_unasked) {
    use_aggregation(
        "size", &(tacho_aggregation){.struct_size = sizeof(tacho_aggregation),
                                     .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM});
    sender_start_1();
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "size", NULL), 1,
                           TACHO_NO_ATTRS);
    set_gauge("level", 1);
    (void)sender_flush();
    const struct sent *sent = sender_request(0);
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(sz, sent->series[i].histogram_count, 0));
    }
    cr_assert(eq(sz, sent->series_count, 1));
}

/* cases: TestRemoteWrite1Compatibility/rw1_no_start_timestamp,
 * TestRemoteWrite1Compatibility/rw1_symbol_table_not_used */
Test(v1, nothing_is_sent_that_1_does_not_know) {
    sender_start_1();
    tacho_counter_add(counter_of("jobs"), 1, TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    const Prometheus__TimeSeries *series = sent->v1->timeseries[0];
    cr_assert(eq(sz, sent->series_count, 1));
    cr_assert(eq(sz, sent->v1->base.n_unknown_fields, 0));
    cr_assert(eq(sz, series->base.n_unknown_fields, 0));
    cr_assert(eq(sz, series->samples[0]->base.n_unknown_fields, 0));
    cr_assert(eq(sz, series->n_exemplars, 0));
}

/* RW1-13
 * cases: TestRemoteWrite1Compatibility/rw1_metadata_handling */
Test(v1, metadata_has_requests_of_its_own) {
    tacho_remote_write_options options = sender_options();
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1;
    sender_start(&options);
    tacho_counter_add(
        tacho_meter_create_counter(sender.meter, "wait",
                                   TACHO_OPTIONS(tacho_instrument_options, .unit = "s",
                                                 .description = "Time spent waiting.")),
        1, TACHO_NO_ATTRS);
    cr_assert(eq(int, sender_flush(), TACHO_OK));
    cr_assert(receiver_wait_requests(sender.receiver, 2, PATIENCE_MS));
    cr_assert(eq(sz, receiver_metadata_count(sender.receiver), 1));
    const struct receiver_metadata about = receiver_metadata(sender.receiver, 0);
    cr_assert(eq(str, about.family, "wait_seconds_total"));
    cr_assert(eq(str, about.help, "Time spent waiting."));
    cr_assert(eq(int, about.type, TYPE_COUNTER));
    for (size_t i = 0; i < 2; i++) {
        const struct sent *sent = sender_request(i);
        cr_assert(sent->series_count == 0 || sent->v1->n_metadata == 0);
    }
}

/* --- order and retries --- */

/* RW1-09, QUEUE-01, RETRY-05
 * cases: 1.0/Ordering */
Test(v1, each_of_a_thousand_series_is_in_order_through_shards_and_failures) {
    enum { SERIES = 1000, ROUNDS = 4 };
    tacho_remote_write_options options = sender_options();
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1;
    options.disable_metadata = true;
    options.max_shards = 4;
    options.max_samples_per_send = 100;
    sender_start(&options);
    struct receiver_step steps[24] = {{0}};
    for (size_t i = 0; i < 24; i += 2) {
        steps[i].status = 503;
    }
    receiver_script(sender.receiver, steps, 24);
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, "test", NULL);
    for (int64_t round = 1; round <= ROUNDS; round++) {
        for (int64_t i = 0; i < SERIES; i++) {
            tacho_gauge_record(gauge, round, TACHO_ATTRS(TACHO_I64("i", i)));
        }
        sender_collect();
    }
    (void)sender_flushed(); /* once more, with the last values; the receiver judges the order */
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), SERIES * (ROUNDS + 1)));
    char series[96];
    for (int i = 0; i < SERIES; i += 111) {
        snprintf(series, sizeof series,
                 "test{i=\"%d\",instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}", i);
        cr_assert(eq(str, (char *)values_of(sender.receiver, series), "1 2 3 4 4"));
    }
}

/* RETRY-04
 * cases: 1.0/Retries500 */
Test(v1, what_a_500_refused_comes_again_as_it_was) {
    size_t lengths[2];
    sender_start_1();
    receiver_script(sender.receiver, &(struct receiver_step){.status = 500}, 1);
    set_gauge("now", 1);
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    const void *first = receiver_body(sender.receiver, 0, &lengths[0]);
    const void *second = receiver_body(sender.receiver, 1, &lengths[1]);
    cr_assert(eq(sz, lengths[0], lengths[1]));
    cr_assert(eq(int, memcmp(first, second, lengths[0]), 0));
}

/* CONV-35
 * cases: 1.0/Retries400 */
Test(v1, what_a_400_refused_does_not_come_again) {
    sender_start_1();
    receiver_script(sender.receiver, &(struct receiver_step){.status = 400}, 1);
    set_gauge("now", 1);
    cr_assert(eq(int, sender_flush(), TACHO_E_FAILED));
    const int64_t refused_ms = need(sender_request(0), "now", NULL, NULL)->samples[0].time_ms;
    (void)sender_flushed();
    cr_assert(eq(sz, receiver_request_count(sender.receiver), 2));
    cr_assert(eq(sz, receiver_sample_count(sender.receiver), 1));
    cr_assert(gt(i64, receiver_sample(sender.receiver, 0).time_ms, refused_ms));
    cr_assert(eq(u64, stats_of(sender.exporter).stale_markers, 0));
}
