/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's exemplar cases: measurements in a sampled span go along with the
 * sample that they went into. */
#include <stdlib.h>

#include "conformance/sender/sender_fixture.h"

#define TRACE "0102030405060708090a0b0c0d0e0f10"
#define SPAN "a0a1a2a3a4a5a6a7"

static bool in_span(tacho_context *out, void *user) {
    (void)user;
    for (uint8_t i = 0; i < 16; i++) {
        out->trace_id[i] = (uint8_t)(i + 1);
        if (i < 8) {
            out->span_id[i] = (uint8_t)(0xa0 + i);
        }
    }
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}

static void begin(void) {
    sender_init();
    cr_assert(eq(int, tacho_context_set_hook(in_span, NULL), TACHO_OK));
}

TestSuite(exemplars, .init = begin, .fini = sender_fini);

static const char *label_of(const struct sent_exemplar *exemplar, const char *name) {
    const struct sent_series as_series = {.labels = exemplar->labels,
                                          .label_count = exemplar->label_count};
    return sent_label_of(&as_series, name);
}

/* Sends a counter of which a view leaves the user out, and returns its only series. */
static const struct sent_series *send_counter(void) {
    static const char *const left_out[] = {"user"};
    cr_assert(
        eq(int,
           tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "jobs",
                                           .excluded_keys = left_out, .excluded_key_count = 1),
                             &sender.view),
           TACHO_OK));
    sender_start_usual();
    tacho_counter_add(counter_of("jobs"), 7,
                      TACHO_ATTRS(TACHO_STR("user", "ann"), TACHO_STR("kind", "k")));
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 1));
    cr_assert(eq(sz, sent->series[0].exemplar_count, 1));
    return &sent->series[0];
}

/* RW2-05, RW2-06, CONV-22, PROM-23, PROM-39
 * cases: TestExemplarEncoding/exemplar_with_trace_id, TestExemplarEncoding/exemplar_with_span_id,
 * TestCombinedFeatures/samples_with_exemplars */
Test(exemplars, trace_and_span_go_with_the_sample) {
    const struct sent_series *series = send_counter();
    cr_assert(eq(str, (char *)label_of(&series->exemplars[0], "trace_id"), TRACE));
    cr_assert(eq(str, (char *)label_of(&series->exemplars[0], "span_id"), SPAN));
    cr_assert(eq(sz, series->sample_count, 1));
}

/* cases: TestExemplarEncoding/exemplar_value_valid */
Test(exemplars, the_value_is_the_measurements) {
    cr_assert(eq(dbl, send_counter()->exemplars[0].value, 7.0));
}

/* cases: TestExemplarEncoding/exemplar_timestamp_valid */
Test(exemplars, the_time_is_the_measurements_in_milliseconds) {
    const int64_t before_ms = wall_ms();
    const struct sent_series *series = send_counter();
    cr_assert(ge(i64, series->exemplars[0].time_ms, before_ms));
    cr_assert(le(i64, series->exemplars[0].time_ms, series->samples[0].time_ms));
}

/* cases: TestExemplarEncoding/exemplar_labels_valid_refs,
 * TestExemplarEncoding/exemplar_labels_even_length */
Test(exemplars, label_references_are_pairs_that_lead_to_symbols) {
    (void)send_counter();
    const Io__Prometheus__Write__V2__Request *request = sender_request(0)->v2;
    const Io__Prometheus__Write__V2__Exemplar *exemplar = request->timeseries[0]->exemplars[0];
    cr_assert(ge(sz, exemplar->n_labels_refs, 4));
    cr_assert(eq(sz, exemplar->n_labels_refs % 2, 0));
    for (size_t i = 0; i < exemplar->n_labels_refs; i++) {
        cr_assert(lt(sz, exemplar->labels_refs[i], request->n_symbols));
    }
}

/* cases: TestExemplarEncoding/exemplar_custom_labels */
Test(exemplars, attributes_that_the_series_lacks_are_labels) {
    const struct sent_series *series = send_counter();
    cr_assert(eq(str, (char *)label_of(&series->exemplars[0], "user"), "ann"));
    cr_assert(eq(str, (char *)label_of(&series->exemplars[0], "kind"), ""));
    cr_assert(eq(str, (char *)sent_label_of(series, "user"), ""));
    cr_assert(eq(str, (char *)sent_label_of(series, "kind"), "k"));
}

/* PROM-26
 * cases: TestExemplarEncoding/exemplar_on_histogram,
 * TestCombinedFeatures/histogram_with_metadata_and_exemplars */
Test(exemplars, each_goes_to_the_bucket_of_its_value) {
    static const double bounds[] = {1, 10};
    sender_start_usual();
    tacho_histogram *histogram = tacho_meter_create_histogram(
        sender.meter, "size",
        TACHO_OPTIONS(tacho_instrument_options, .description = "Sizes.",
                      .explicit_bucket_boundaries = bounds, .explicit_bucket_boundary_count = 2));
    tacho_histogram_record(histogram, 0.5, TACHO_NO_ATTRS);
    tacho_histogram_record(histogram, 50, TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    const struct sent_series *first = need(sent, "size_bucket", "le", "1");
    const struct sent_series *last = need(sent, "size_bucket", "le", "+Inf");
    cr_assert(eq(sz, first->exemplar_count, 1));
    cr_assert(eq(dbl, first->exemplars[0].value, 0.5));
    cr_assert(eq(sz, last->exemplar_count, 1));
    cr_assert(eq(dbl, last->exemplars[0].value, 50.0));
    cr_assert(eq(sz, need(sent, "size_bucket", "le", "10")->exemplar_count, 0));
    cr_assert(eq(int, first->type, TYPE_HISTOGRAM));
    cr_assert(eq(str, (char *)first->help, "Sizes."));
}

/* PROM-40
 * cases: TestExemplarEncoding/multiple_exemplars_per_series */
Test(exemplars, a_native_histogram_has_several_oldest_first) {
    use_aggregation(
        "size", &(tacho_aggregation){.struct_size = sizeof(tacho_aggregation),
                                     .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM});
    sender_start_usual();
    tacho_histogram *histogram = tacho_meter_create_histogram(sender.meter, "size", NULL);
    for (int i = 1; i <= 8; i++) {
        tacho_histogram_record(histogram, i, TACHO_NO_ATTRS);
    }
    const struct sent_series *series = need(sender_flushed(), "size", NULL, NULL);
    cr_assert(eq(sz, series->histogram_count, 1));
    cr_assert(gt(sz, series->exemplar_count, 1));
    for (size_t i = 1; i < series->exemplar_count; i++) {
        cr_assert(ge(i64, series->exemplars[i].time_ms, series->exemplars[i - 1].time_ms));
    }
}

/* CONV-22: receivers refuse one that is not newer. */
Test(exemplars, none_is_sent_twice) {
    (void)send_counter();
    const struct sent_series *series = need(sender_flushed(), "jobs_total", NULL, NULL);
    cr_assert(eq(sz, series->sample_count, 1));
    cr_assert(eq(sz, series->exemplar_count, 0));
}

/* PROM-19 */
Test(exemplars, a_gauge_has_none) {
    sender_start_usual();
    set_gauge("level", 1);
    cr_assert(eq(sz, need(sender_flushed(), "level", NULL, NULL)->exemplar_count, 0));
}
