/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the .proto files say what the specification says: bytes put together by hand from its
 * tables (field numbers and wire types) against what protobuf-c makes. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void expect_bytes(const ProtobufCMessage *message, const uint8_t *bytes, size_t size) {
    uint8_t packed[1024];
    cr_assert(le(sz, protobuf_c_message_get_packed_size(message), sizeof packed));
    size_t length = protobuf_c_message_pack(message, packed);
    struct cr_mem actual = {packed, length};
    struct cr_mem expected = {bytes, size};
    cr_assert(eq(mem, actual, expected));
}

/* 0.1 */
Test(proto_v1, time_series_are_as_the_table_says) {
    Prometheus__Label label = PROMETHEUS__LABEL__INIT;
    label.name = "a";
    label.value = "b";
    Prometheus__Sample sample = PROMETHEUS__SAMPLE__INIT;
    sample.value = 1.0;
    sample.timestamp = 300;
    Prometheus__TimeSeries series = PROMETHEUS__TIME_SERIES__INIT;
    series.n_labels = 1;
    series.labels = (Prometheus__Label *[]){&label};
    series.n_samples = 1;
    series.samples = (Prometheus__Sample *[]){&sample};
    Prometheus__WriteRequest request = PROMETHEUS__WRITE_REQUEST__INIT;
    request.n_timeseries = 1;
    request.timeseries = (Prometheus__TimeSeries *[]){&series};
    expect_bytes(&request.base, BYTES(0x0a, 22, 0x0a, 6, 0x0a, 1, 'a', 0x12, 1, 'b', 0x12, 12, 0x09,
                                      0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02));
    sample.timestamp = -1; /* a plain varint, not zigzag */
    expect_bytes(&sample.base, BYTES(0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01));
    sample.value = -0.0; /* P-03 */
    sample.timestamp = 0;
    expect_bytes(&sample.base, NULL, 0);
}

Test(proto_v1, metadata_and_exemplars_are_as_the_table_says) {
    Prometheus__MetricMetadata metadata = PROMETHEUS__METRIC_METADATA__INIT;
    metadata.type = PROMETHEUS__METRIC_METADATA__METRIC_TYPE__STATESET;
    metadata.metric_family_name = "f";
    metadata.help = "h";
    metadata.unit = "u";
    Prometheus__WriteRequest request = PROMETHEUS__WRITE_REQUEST__INIT;
    request.n_metadata = 1;
    request.metadata = (Prometheus__MetricMetadata *[]){&metadata};
    expect_bytes(&request.base, BYTES(0x1a, 11, 0x08, 7, 0x12, 1, 'f', 0x22, 1, 'h', 0x2a, 1, 'u'));
    Prometheus__Exemplar exemplar = PROMETHEUS__EXEMPLAR__INIT;
    exemplar.value = 1.0;
    exemplar.timestamp = 1;
    expect_bytes(&exemplar.base, BYTES(0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x18, 1));
}

/* 0.2 */
Test(proto_v1, histograms_are_as_the_table_says) {
    Prometheus__BucketSpan span = PROMETHEUS__BUCKET_SPAN__INIT;
    span.offset = -1;
    span.length = 2;
    Prometheus__Histogram histogram = PROMETHEUS__HISTOGRAM__INIT;
    histogram.count_case = PROMETHEUS__HISTOGRAM__COUNT_COUNT_INT;
    histogram.count_int = 0; /* a set oneof is written though it is zero */
    histogram.schema = -53;
    histogram.zero_count_case = PROMETHEUS__HISTOGRAM__ZERO_COUNT_ZERO_COUNT_INT;
    histogram.zero_count_int = 3;
    histogram.n_negative_spans = 1;
    histogram.negative_spans = (Prometheus__BucketSpan *[]){&span};
    histogram.n_negative_deltas = 2;
    histogram.negative_deltas = (int64_t[]){1, -1};
    histogram.n_positive_spans = 1;
    histogram.positive_spans = (Prometheus__BucketSpan *[]){&span};
    histogram.n_positive_deltas = 1;
    histogram.positive_deltas = (int64_t[]){2};
    histogram.reset_hint = PROMETHEUS__HISTOGRAM__RESET_HINT__GAUGE;
    histogram.timestamp = 5;
    expect_bytes(&histogram.base,
                 BYTES(0x08, 0, 0x20, 0x69, 0x30, 3, 0x42, 4, 0x08, 1, 0x10, 2, 0x4a, 2, 2, 1, 0x5a,
                       4, 0x08, 1, 0x10, 2, 0x62, 1, 4, 0x70, 3, 0x78, 5));
}

Test(proto_v1, float_histograms_are_as_the_table_says) {
    Prometheus__Histogram histogram = PROMETHEUS__HISTOGRAM__INIT;
    histogram.count_case = PROMETHEUS__HISTOGRAM__COUNT_COUNT_FLOAT;
    histogram.count_float = 1.0;
    histogram.sum = 1.0;
    histogram.zero_threshold = 1.0;
    histogram.zero_count_case = PROMETHEUS__HISTOGRAM__ZERO_COUNT_ZERO_COUNT_FLOAT;
    histogram.zero_count_float = 1.0;
    histogram.n_negative_counts = histogram.n_positive_counts = histogram.n_custom_values = 1;
    histogram.negative_counts = histogram.positive_counts = histogram.custom_values =
        (double[]){1.0};
#define ONE 0, 0, 0, 0, 0, 0, 0xf0, 0x3f
    expect_bytes(&histogram.base, BYTES(0x11, ONE, 0x19, ONE, 0x29, ONE, 0x39, ONE, 0x52, 8, ONE,
                                        0x6a, 8, ONE, 0x82, 0x01, 8, ONE));
}

/* 0.3 */
Test(proto_v2, requests_are_as_the_table_says) {
    Io__Prometheus__Write__V2__Sample sample = IO__PROMETHEUS__WRITE__V2__SAMPLE__INIT;
    sample.value = 1.0;
    sample.timestamp = 2;
    sample.start_timestamp = 1;
    Io__Prometheus__Write__V2__Exemplar exemplar = IO__PROMETHEUS__WRITE__V2__EXEMPLAR__INIT;
    exemplar.n_labels_refs = 2;
    exemplar.labels_refs = (uint32_t[]){1, 2};
    exemplar.value = 1.0;
    exemplar.timestamp = 3;
    Io__Prometheus__Write__V2__Metadata metadata = IO__PROMETHEUS__WRITE__V2__METADATA__INIT;
    metadata.type = IO__PROMETHEUS__WRITE__V2__METADATA__METRIC_TYPE__METRIC_TYPE_COUNTER;
    metadata.help_ref = 1;
    metadata.unit_ref = 2;
    Io__Prometheus__Write__V2__TimeSeries series = IO__PROMETHEUS__WRITE__V2__TIME_SERIES__INIT;
    series.n_labels_refs = 3;
    series.labels_refs = (uint32_t[]){1, 2, 300};
    series.n_samples = 1;
    series.samples = (Io__Prometheus__Write__V2__Sample *[]){&sample};
    series.n_exemplars = 1;
    series.exemplars = (Io__Prometheus__Write__V2__Exemplar *[]){&exemplar};
    series.metadata = &metadata;
    Io__Prometheus__Write__V2__Request request = IO__PROMETHEUS__WRITE__V2__REQUEST__INIT;
    request.n_symbols = 2;
    request.symbols = (char *[]){"", "a"};
    request.n_timeseries = 1;
    request.timeseries = (Io__Prometheus__Write__V2__TimeSeries *[]){&series};
    expect_bytes(&request.base, BYTES(0x22, 0, 0x22, 1, 'a', 0x2a, 46, 0x0a, 4, 1, 2, 0xac, 0x02,
                                      0x12, 13, 0x09, ONE, 0x10, 2, 0x18, 1, 0x22, 15, 0x0a, 2, 1,
                                      2, 0x11, ONE, 0x18, 3, 0x2a, 6, 0x08, 1, 0x18, 1, 0x20, 2));
}

Test(proto_v2, histograms_have_a_start_and_custom_bounds) {
    Io__Prometheus__Write__V2__Histogram histogram = IO__PROMETHEUS__WRITE__V2__HISTOGRAM__INIT;
    histogram.schema = -53;
    histogram.n_custom_values = 1;
    histogram.custom_values = (double[]){1.0};
    histogram.timestamp = 2;
    histogram.start_timestamp = 1;
    expect_bytes(&histogram.base, BYTES(0x20, 0x69, 0x78, 2, 0x82, 0x01, 8, ONE, 0x88, 0x01, 1));
}

/* A receiver of the other version finds nothing that it knows. */
Test(proto_v2, a_request_of_one_version_is_empty_in_the_other) {
    const uint8_t v2[] = {0x22, 0, 0x2a, 2, 0x12, 0};
    Prometheus__WriteRequest *request = prometheus__write_request__unpack(NULL, sizeof v2, v2);
    cr_assert(ne(ptr, request, NULL));
    cr_assert(eq(sz, request->n_timeseries, 0));
    prometheus__write_request__free_unpacked(request, NULL);
}
