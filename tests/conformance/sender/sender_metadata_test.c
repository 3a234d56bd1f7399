/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's metadata cases: type, help and unit beside the series of 2.0. */
#include "conformance/sender/sender_source.h"

TestSuite(metadata, .init = sender_init, .fini = sender_fini);

static tacho_counter *described(const char *name, const char *description, const char *unit) {
    return tacho_meter_create_counter(
        sender.meter, name,
        TACHO_OPTIONS(tacho_instrument_options, .description = description, .unit = unit));
}

/* Sends a counter with this description, and returns its series. */
static const struct sent_series *send_described(const char *description) {
    sender_start_usual();
    tacho_counter_add(described("jobs", description, NULL), 1, TACHO_NO_ATTRS);
    return need(sender_flushed(), "jobs_total", NULL, NULL);
}

/* RW2-07, PROM-10, CONV-02
 * cases: TestMetadataEncoding/metadata_type_counter */
Test(metadata, a_counter_is_one) {
    cr_assert(eq(int, send_described("Jobs.")->type, TYPE_COUNTER));
}

/* cases: TestMetadataEncoding/metadata_type_gauge */
Test(metadata, gauges_and_up_down_counters_are_gauges) {
    sender_start_usual();
    set_gauge("level", 1);
    tacho_up_down_counter_add(tacho_meter_create_up_down_counter(sender.meter, "depth", NULL), 1,
                              TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(int, need(sent, "level", NULL, NULL)->type, TYPE_GAUGE));
    cr_assert(eq(int, need(sent, "depth", NULL, NULL)->type, TYPE_GAUGE));
}

/* cases: TestMetadataEncoding/metadata_type_histogram */
Test(metadata, each_part_of_a_histogram_says_so) {
    sender_start_usual();
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "size", NULL), 3,
                           TACHO_NO_ATTRS);
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 18)); /* 16 buckets, sum, count */
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(int, sent->series[i].type, TYPE_HISTOGRAM));
    }
}

/* PROM-18 */
Test(metadata, a_producers_gauge_says_what_it_was_in_prometheus) {
    static const tacho_attribute item = {
        .key = {"prometheus.type", 15},
        .value = {.type = TACHO_VALUE_STRING, .as.string = {"info", 4}}};
    static tacho_number_point point;
    point = (tacho_number_point){.series = source_series(), .value.f64 = 1};
    source_add("build", TACHO_METRIC_GAUGE, &point, sizeof point);
    source.metrics[0].number_type = TACHO_NUMBER_F64;
    source.metrics[0].temporality = TACHO_TEMPORALITY_UNSPECIFIED;
    source.metrics[0].metadata = (tacho_attributes){.items = &item, .count = 1};
    source_use();
    sender_start_usual();
    cr_assert(eq(int, need(sender_flushed(), "build", NULL, NULL)->type, TYPE_INFO));
}

/* PROM-38
 * cases: TestMetadataEncoding/metadata_type_summary */
Test(metadata, each_part_of_a_summary_says_so) {
    static const tacho_quantile quantiles[] = {{0.5, 2}, {0.99, 3}};
    static tacho_summary_point point;
    point = (tacho_summary_point){.series = source_series(),
                                  .start_time_unix_nano = source_start(),
                                  .count = 3,
                                  .sum = 6,
                                  .quantiles = quantiles,
                                  .quantile_count = 2};
    source_add("latency", TACHO_METRIC_SUMMARY, &point, sizeof point);
    source_use();
    sender_start_usual();
    const struct sent *sent = sender_flushed();
    cr_assert(eq(sz, sent->series_count, 4));
    for (size_t i = 0; i < sent->series_count; i++) {
        cr_assert(eq(int, sent->series[i].type, TYPE_SUMMARY));
        cr_assert(eq(str, (char *)sent->series[i].help, "From elsewhere."));
    }
}

/* cases: TestMetadataEncoding/metadata_help_text, TestCombinedFeatures/samples_with_metadata */
Test(metadata, the_description_is_the_help_beside_the_sample) {
    const struct sent_series *series = send_described("HTTP requests by method.");
    cr_assert(eq(str, (char *)series->help, "HTTP requests by method."));
    cr_assert(eq(sz, series->sample_count, 1));
}

/* PROM-05
 * cases: TestMetadataEncoding/metadata_unit */
Test(metadata, the_unit_is_a_word_that_ends_the_name) {
    sender_start_usual();
    tacho_counter_add(described("wait", "Time spent waiting.", "s"), 1, TACHO_NO_ATTRS);
    const struct sent_series *series = need(sender_flushed(), "wait_seconds_total", NULL, NULL);
    cr_assert(eq(str, (char *)series->unit, "seconds"));
}

/* cases: TestMetadataEncoding/metadata_help_with_newlines */
Test(metadata, lines_of_a_help_stay_lines) {
    cr_assert(eq(str, (char *)send_described("one\ntwo\r\n\nthree")->help, "one\ntwo\r\n\nthree"));
}

/* cases: TestMetadataEncoding/metadata_help_with_special_chars */
Test(metadata, special_characters_of_a_help_stay) {
    static const char text[] = "\"quoted\" \\ back \t tab <&> \xe2\x82\xac {a=\"b\"}";
    cr_assert(eq(str, (char *)send_described(text)->help, (char *)text));
}

/* cases: TestMetadataEncoding/metadata_help_refs_valid */
Test(metadata, references_lead_to_symbols) {
    sender_start_usual();
    tacho_counter_add(described("wait", "Time spent waiting.", "s"), 1, TACHO_NO_ATTRS);
    tacho_counter_add(described("bare", NULL, NULL), 1, TACHO_NO_ATTRS);
    const Io__Prometheus__Write__V2__Request *request = sender_flushed()->v2;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        const Io__Prometheus__Write__V2__Metadata *about = request->timeseries[i]->metadata;
        cr_assert(ne(ptr, (void *)about, NULL));
        cr_assert(lt(sz, about->help_ref, request->n_symbols));
        cr_assert(lt(sz, about->unit_ref, request->n_symbols));
    }
}

/* cases: TestMetadataEncoding/metadata_consistent_across_series,
 * TestBatchingBehavior/metadata_batching */
Test(metadata, series_of_a_family_share_one_help) {
    sender_start_usual();
    tacho_counter *counter = described("jobs", "Jobs that were done.", "{job}");
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(counter, i + 1, TACHO_ATTRS(TACHO_I64("worker", i)));
    }
    const Io__Prometheus__Write__V2__Request *request = sender_flushed()->v2;
    cr_assert(eq(sz, request->n_timeseries, 5));
    for (size_t i = 0; i < 5; i++) {
        const Io__Prometheus__Write__V2__Metadata *about = request->timeseries[i]->metadata;
        cr_assert(eq(u32, about->help_ref, request->timeseries[0]->metadata->help_ref));
        cr_assert(eq(u32, about->unit_ref, request->timeseries[0]->metadata->unit_ref));
        cr_assert(eq(int, (int)about->type, TYPE_COUNTER));
    }
    cr_assert(eq(str, request->symbols[request->timeseries[0]->metadata->help_ref],
                 "Jobs that were done."));
}

/* cases: TestMetadataEncoding/metadata_empty_help_allowed */
Test(metadata, without_a_description_the_help_is_the_empty_symbol) {
    sender_start_usual();
    tacho_counter_add(described("bare", NULL, NULL), 1, TACHO_NO_ATTRS);
    const Io__Prometheus__Write__V2__Request *request = sender_flushed()->v2;
    cr_assert(eq(u32, request->timeseries[0]->metadata->help_ref, 0));
    cr_assert(eq(u32, request->timeseries[0]->metadata->unit_ref, 0));
    cr_assert(eq(int, (int)request->timeseries[0]->metadata->type, TYPE_COUNTER));
}

Test(metadata, none_is_sent_where_the_option_says_so) {
    tacho_remote_write_options options = sender_options();
    options.disable_metadata = true;
    sender_start(&options);
    tacho_counter_add(described("jobs", "Jobs.", NULL), 1, TACHO_NO_ATTRS);
    const struct sent_series *series = need(sender_flushed(), "jobs_total", NULL, NULL);
    cr_assert(eq(str, (char *)series->help, ""));
}
