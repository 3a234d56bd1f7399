/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the counterparts of Prometheus' sender compliance suite share: a whole sender -- meter
 * provider, reader, remote-write exporter -- against the tests' receiver on loopback, and the
 * requests that came. The table in docs/compliance-remote-write.md tells which test is the
 * counterpart of which case; the comment before a test names its cases. */
#ifndef TACHO_TESTS_CONFORMANCE_SENDER_FIXTURE_H
#define TACHO_TESTS_CONFORMANCE_SENDER_FIXTURE_H

#include "conformance/sender/sent.h"
#include "fault/fault_fixture.h"
#include "tacho/sdk/view.h"

/** Types of 2.0's metadata. */
enum { TYPE_COUNTER = 1, TYPE_GAUGE = 2, TYPE_HISTOGRAM = 3, TYPE_SUMMARY = 5, TYPE_INFO = 6 };

static struct {
    struct receiver *receiver;
    tacho_metric_exporter *exporter;
    tacho_metric_reader *reader;
    tacho_meter_provider *provider;
    tacho_meter *meter;
    const tacho_resource_options *resource; /* what a test wants other than the usual */
    tacho_view *view;
    tacho_metric_producer *producer;
    const tacho_clock *clock;
    tacho_exemplar_filter exemplar_filter;
    bool expects_problem;
} sender;

UNUSED static void sender_init(void) {
    sender.receiver = receiver_start();
}

UNUSED static void sender_fini(void) {
    tacho_meter_provider_destroy(sender.provider);
    if (!sender.expects_problem) {
        cr_expect(eq(str, (char *)receiver_problem(sender.receiver), ""));
    }
    receiver_stop(sender.receiver);
    sent_free_all();
}

/** What most tests start from: 2.0, short delays. */
UNUSED static tacho_remote_write_options sender_options(void) {
    tacho_remote_write_options options = fast_options(receiver_url(sender.receiver));
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_2;
    options.disable_metadata = false;
    return options;
}

static tacho_resource *sender_resource(void) {
    tacho_resource *resource = NULL;
    if (sender.resource == NULL) {
        return batch_resource();
    }
    cr_assert(eq(int, tacho_resource_create(sender.resource, &resource), TACHO_OK));
    return resource;
}

/** Starts the sender. Nothing is collected but by a flush and at the end. */
UNUSED static void sender_start(const tacho_remote_write_options *options) {
    sender.exporter = create(options);
    cr_assert(eq(int,
                 tacho_periodic_reader_create(
                     sender.exporter,
                     TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 3600000,
                                   .first_collection = TACHO_FIRST_COLLECTION_AFTER_INTERVAL,
                                   .cardinality_limit = 20000, .producers = &sender.producer,
                                   .producer_count = sender.producer != NULL ? 1 : 0),
                     &sender.reader),
                 TACHO_OK));
    const tacho_meter_provider_options provider_options = {
        .struct_size = sizeof provider_options,
        .resource = sender_resource(),
        .readers = &sender.reader,
        .reader_count = 1,
        .views = &sender.view,
        .view_count = sender.view != NULL ? 1 : 0,
        .clock = sender.clock,
        .exemplar_filter = sender.exemplar_filter};
    cr_assert(eq(int, tacho_meter_provider_create(&provider_options, &sender.provider), TACHO_OK));
    sender.meter = tacho_meter_provider_get_meter(sender.provider, "test", NULL);
}

/** The same with what most tests start from. */
UNUSED static void sender_start_usual(void) {
    const tacho_remote_write_options options = sender_options();
    sender_start(&options);
}

UNUSED static void sender_start_1(void) {
    tacho_remote_write_options options = sender_options();
    options.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1;
    options.disable_metadata = true; /* which would have requests of its own */
    sender_start(&options);
}

/** Collects, and waits until all is delivered or lost. */
UNUSED static int sender_flush(void) {
    return tacho_meter_provider_force_flush(sender.provider, PATIENCE_MS);
}

/** Collects and queues, and goes on at once. */
UNUSED static void sender_collect(void) {
    cr_assert(eq(int, tacho_metric_reader_collect(sender.reader, PATIENCE_MS), TACHO_OK));
}

/** Request number `index`, unpacked. */
UNUSED static const struct sent *sender_request(size_t index) {
    size_t length = 0;
    cr_assert(lt(sz, index, receiver_request_count(sender.receiver)), "%s", fault_log.text);
    const void *body = receiver_body(sender.receiver, index, &length);
    const struct sent *sent =
        sent_unpack(receiver_request_version(sender.receiver, index), body, length);
    cr_assert(ne(ptr, (void *)sent, NULL), "request %zu cannot be unpacked", index);
    return sent;
}

/** Flushes, which must succeed, and unpacks the last request. */
UNUSED static const struct sent *sender_flushed(void) {
    cr_assert(eq(int, sender_flush(), TACHO_OK), "%s", fault_log.text);
    return sender_request(receiver_request_count(sender.receiver) - 1);
}

/** A series that must be there. */
UNUSED static const struct sent_series *need(const struct sent *sent, const char *name,
                                             const char *label, const char *value) {
    const struct sent_series *series = sent_find(sent, name, label, value);
    cr_assert(ne(ptr, (void *)series, NULL), "no %s{%s=\"%s\"}", name, label == NULL ? "" : label,
              label == NULL ? "" : value);
    return series;
}

/** The value of its only sample. */
UNUSED static double value_of(const struct sent *sent, const char *name, const char *label,
                              const char *value) {
    const struct sent_series *series = need(sent, name, label, value);
    cr_assert(eq(sz, series->sample_count, 1), "%s", name);
    return series->samples[0].value;
}

UNUSED static tacho_counter *counter_of(const char *name) {
    return tacho_meter_create_counter(sender.meter, name, NULL);
}

/** Sets a gauge without attributes. */
UNUSED static void set_gauge(const char *name, double value) {
    tacho_gauge_f64_record(tacho_meter_create_gauge_f64(sender.meter, name, NULL), value,
                           TACHO_NO_ATTRS);
}

/** Makes a view that gives the histograms called `name` this aggregation. */
UNUSED static void use_aggregation(const char *name, const tacho_aggregation *aggregation) {
    cr_assert(eq(int,
                 tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = name,
                                                 .aggregation = aggregation),
                                   &sender.view),
                 TACHO_OK));
}

/** Now, on the wall clock. */
UNUSED static int64_t wall_ms(void) {
    return (int64_t)(tachoi_unix_ns() / TACHOI_NS_PER_MS);
}

#endif
