/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the hot encoder byte for byte against protobuf-c packing the same data, and its limits. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "remote_write/converter.h"
#include "remote_write/encoder.h"
#include "remote_write_v1.pb-c.h"
#include "support/batch.h"
#include "support/receiver.h"

static tacho_resource *resource;
static struct tachoi_converter converter;
static struct tachoi_encoder encoder;
static struct batch batch;

static void begin(void) {
    resource = batch_resource();
    tachoi_converter_init(&converter,
                          &(struct tachoi_converter_options){.disable_target_info = true});
    tachoi_encoder_init(&encoder, &(struct tachoi_encoder_options){0});
    batch_init(&batch, resource, 0);
}

static void end(void) {
    batch_fini(&batch);
    tachoi_encoder_fini(&encoder);
    tachoi_converter_fini(&converter);
    tacho_resource_destroy(resource);
}

TestSuite(encoder, .init = begin, .fini = end);

/* The message as protobuf-c packs it: unpacked from the encoder's own bytes, every field set anew
 * from what the decoder found. Equal bytes mean that nothing is non-canonical. */
static void expect_canonical(void) {
    const struct tachoi_wire *message = &encoder.message;
    Prometheus__WriteRequest *request =
        prometheus__write_request__unpack(NULL, message->length, message->data);
    cr_assert(ne(ptr, request, NULL));
    size_t size = prometheus__write_request__get_packed_size(request);
    uint8_t *packed = malloc(size + 1);
    struct cr_mem expected = {packed, prometheus__write_request__pack(request, packed)};
    struct cr_mem actual = {message->data, message->length};
    cr_assert(eq(mem, actual, expected));
    free(packed);
    prometheus__write_request__free_unpacked(request, NULL);
}

static void encode_range(size_t first, size_t last) {
    cr_assert(eq(int,
                 tachoi_encoder_encode(&encoder, &tachoi_protocol_v1, &converter.gathering.runs[0],
                                       first, last, SIZE_MAX),
                 TACHOI_ENCODE_OK));
    expect_canonical();
}

static void encode_batch(void) {
    tachoi_converter_convert(&converter, &batch.batch, BATCH_UNIX_MS);
    encode_range(0, converter.gathering.runs[0].sample_count);
}

static struct receiver_decoded decode(void) {
    struct receiver_decoded decoded;
    receiver_decode(encoder.body, encoder.body_length, &decoded);
    cr_assert(eq(str, decoded.problem, ""));
    return decoded;
}

/* P-07: the same message built with protobuf-c's structs */
Test(encoder, a_request_equals_what_protobuf_c_packs) {
    batch_add_counter(&batch, "jobs", 1, 42, TACHO_ATTRS(TACHO_STR("Zone", "a")));
    encode_batch();
    static const char *const labels[][2] = {{"Zone", "a"},
                                            {"__name__", "jobs_total"},
                                            {"instance", "one"},
                                            {"job", "svc"},
                                            {"otel_scope_name", "test"}}; /* RW1-05 */
    Prometheus__Label items[5];
    Prometheus__Label *pointers[5];
    for (size_t i = 0; i < 5; i++) {
        prometheus__label__init(&items[i]);
        items[i].name = (char *)labels[i][0];
        items[i].value = (char *)labels[i][1];
        pointers[i] = &items[i];
    }
    Prometheus__Sample sample = PROMETHEUS__SAMPLE__INIT;
    sample.value = 42;
    sample.timestamp = BATCH_UNIX_MS;
    Prometheus__TimeSeries series = PROMETHEUS__TIME_SERIES__INIT;
    series.n_labels = 5;
    series.labels = pointers;
    series.n_samples = 1;
    series.samples = (Prometheus__Sample *[]){&sample};
    Prometheus__WriteRequest request = PROMETHEUS__WRITE_REQUEST__INIT;
    request.n_timeseries = 1;
    request.timeseries = (Prometheus__TimeSeries *[]){&series};
    uint8_t packed[512];
    struct cr_mem expected = {packed, prometheus__write_request__pack(&request, packed)};
    struct cr_mem actual = {encoder.message.data, encoder.message.length};
    cr_assert(eq(mem, actual, expected));
}

/* --- labels, put together of pieces --- */

static void expect_label(const Prometheus__Label *actual,
                         const struct tachoi_prometheus_label *expected) {
    cr_assert(eq(sz, strlen(actual->name), expected->name.length));
    cr_assert(eq(sz, strlen(actual->value), expected->value.length));
    cr_assert(eq(int, memcmp(actual->name, expected->name.data, expected->name.length), 0));
    cr_assert(eq(int, memcmp(actual->value, expected->value.data, expected->value.length), 0), "%s",
              actual->value);
}

static void expect_labels(const Prometheus__TimeSeries *actual, const tacho_metric *metric,
                          tacho_attributes attributes, const char *suffix, const char *le) {
    const struct tachoi_prometheus_options options = {.disable_scope_info = false};
    const struct tachoi_prometheus_conversion conversion = {resource, &options};
    const struct tachoi_prometheus_component component = {suffix, le != NULL ? "le" : NULL, le};
    struct tachoi_arena arena;
    struct tachoi_prometheus_labels expected;
    tachoi_arena_init(&arena, 0);
    cr_assert(eq(int,
                 tachoi_prometheus_point_labels(&conversion, &batch.scope, metric, attributes,
                                                &component, &arena, &expected),
                 TACHOI_PROMETHEUS_OK));
    cr_assert(eq(sz, actual->n_labels, expected.count));
    for (size_t i = 0; i < expected.count; i++) {
        expect_label(actual->labels[i], &expected.items[i]);
    }
    tachoi_arena_fini(&arena);
}

enum { KEYS = 12 };

/* Before, between, behind and among the labels that all series share; joined with each other or
 * with those of the scope; overridden; le. */
static const char *const keys[KEYS] = {"A",   "__x", "instance", "j", "job",  "k.k",
                                       "k_k", "le",  "m",        "o", "zone", "otel_scope_name"};

static tacho_attributes some(unsigned mask, const char *value, tacho_attribute *items) {
    size_t count = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        if ((mask >> i & 1U) != 0) {
            items[count++] = TACHO_STR(keys[i], value);
        }
    }
    return tacho_attributes_from(items, count);
}

Test(encoder, labels_put_together_equal_those_of_the_conversion) {
    static const double bounds[] = {0.5, 2};
    static const uint64_t counts[] = {1, 2, 3};
    static const struct {
        const char *suffix;
        const char *le;
    } components[] = {{"_bucket", "0.5"},
                      {"_bucket", "2"},
                      {"_bucket", "+Inf"},
                      {"_count", NULL},
                      {"_sum", NULL}};
    static const char *const values[] = {"",
                                         "x",
                                         "a value of more than sixteen bytes",
                                         "fifteen bytes .",
                                         "sixteen bytes ..",
                                         "a value of much more than thirty-two bytes, so that it "
                                         "takes several steps to copy it, and a length of two "
                                         "bytes: 0123456789 0123456789 0123456789 0123456789"};
    for (unsigned mask = 0; mask < 1U << KEYS; mask += 1 + mask % 5) {
        tacho_attribute items[KEYS];
        const tacho_attributes attributes = some(mask, values[mask % 6], items);
        batch_fini(&batch);
        batch_init(&batch, resource, 0);
        batch_add_counter(&batch, "jobs", 2 * mask + 1, 1, attributes);
        batch_add_histogram(&batch, "h", 2 * mask + 2, bounds, counts, 2, 9, attributes);
        encode_batch();
        Prometheus__WriteRequest *request =
            prometheus__write_request__unpack(NULL, encoder.message.length, encoder.message.data);
        cr_assert(ne(ptr, request, NULL));
        cr_assert(eq(sz, request->n_timeseries, mask == 0 ? 6 : 12), "%x", mask); /* and ends */
        expect_labels(request->timeseries[0], &batch.metrics[0], attributes, "", NULL);
        for (size_t i = 0; i < 5; i++) {
            expect_labels(request->timeseries[1 + i], &batch.metrics[1], attributes,
                          components[i].suffix, components[i].le);
        }
        prometheus__write_request__free_unpacked(request, NULL);
    }
}

/* P-03, P-06, CONV-36 */
Test(encoder, special_values_keep_their_bits_but_nan_is_an_ordinary_one) {
    static const uint64_t stale_bits = UINT64_C(0x7ff0000000000002);
    double stale;
    memcpy(&stale, &stale_bits, sizeof stale);
    const double values[] = {0.0,      -0.0,   NAN,    -NAN,  stale,
                             INFINITY, -1e300, 5e-324, 1e308, 9007199254740993.0};
    char names[10][8];
    for (size_t i = 0; i < 10; i++) {
        snprintf(names[i], sizeof names[i], "v%zu", i);
        batch_add_gauge(&batch, names[i], i + 1, values[i], TACHO_NO_ATTRS);
    }
    encode_batch();
    struct receiver_decoded decoded = decode();
    cr_assert(eq(sz, decoded.count, 10));
    for (size_t i = 0; i < 10; i++) {
        uint64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        if (isnan(values[i])) {
            bits = UINT64_C(0x7ff8000000000001);
        } else if (values[i] == 0) {
            bits = 0;
        }
        cr_assert(eq(u64, decoded.samples[i].value_bits, bits), "%zu", i);
    }
    receiver_decoded_free(&decoded);
}

/* CONV-12 */
Test(encoder, histograms_are_cumulative_with_le_and_inf) {
    static const double bounds[] = {0.005, 1, 10000000000.0};
    static const uint64_t counts[] = {1, 2, 0, 4};
    batch_add_histogram(&batch, "d", 1, bounds, counts, 3, 2.5, TACHO_NO_ATTRS);
    encode_batch();
    struct receiver_decoded decoded = decode();
#define REST "otel_scope_name=\"test\"}"
    static const struct {
        const char *series;
        double value;
    } expected[] = {
        {"d_bucket{instance=\"one\",job=\"svc\",le=\"0.005\"," REST, 1},
        {"d_bucket{instance=\"one\",job=\"svc\",le=\"1\"," REST, 3},
        {"d_bucket{instance=\"one\",job=\"svc\",le=\"10000000000\"," REST, 3},
        {"d_bucket{instance=\"one\",job=\"svc\",le=\"+Inf\"," REST, 7},
        {"d_count{instance=\"one\",job=\"svc\"," REST, 7},
        {"d_sum{instance=\"one\",job=\"svc\"," REST, 2.5},
    };
    cr_assert(eq(sz, decoded.count, 6));
    for (size_t i = 0; i < 6; i++) {
        cr_assert(eq(str, decoded.samples[i].series, (char *)expected[i].series));
        cr_assert(eq(dbl, decoded.samples[i].value, expected[i].value));
        cr_assert(eq(i64, decoded.samples[i].time_ms, BATCH_UNIX_MS));
    }
    receiver_decoded_free(&decoded);
}

Test(encoder, a_histogram_without_a_sum_has_none) {
    static const uint64_t counts[] = {3};
    batch_add_histogram(&batch, "d", 1, NULL, counts, 0, 0, TACHO_NO_ATTRS);
    ((tacho_histogram_point *)batch.metrics[0].points)->has_sum = false;
    encode_batch();
    struct receiver_decoded decoded = decode();
    cr_assert(eq(sz, decoded.count, 2)); /* +Inf and _count */
    cr_assert(eq(dbl, decoded.samples[1].value, 3));
    receiver_decoded_free(&decoded);
}

Test(encoder, any_partition_of_a_run_gives_the_same_samples) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    batch_add_gauges(&batch, "level", 10, 3);
    batch_add_histogram(&batch, "d", 1, bounds, counts, 2, 9, TACHO_NO_ATTRS);
    batch_add_gauges(&batch, "depth", 20, 2);
    encode_batch();
    struct receiver_decoded whole = decode();
    cr_assert(eq(sz, whole.count, 10));
    for (size_t step = 1; step < 10; step++) {
        for (size_t first = 0; first < 10; first += step) {
            size_t last = first + step < 10 ? first + step : 10;
            encode_range(first, last);
            struct receiver_decoded part = decode();
            cr_assert(eq(sz, part.count, last - first));
            for (size_t i = 0; i < part.count; i++) {
                cr_assert(eq(str, part.samples[i].series, whole.samples[first + i].series));
                cr_assert(eq(u64, part.samples[i].value_bits, whole.samples[first + i].value_bits));
            }
            receiver_decoded_free(&part);
        }
    }
    receiver_decoded_free(&whole);
}

/* QUEUE-03 */
Test(encoder, too_large_is_told_for_body_and_message) {
    batch_add_gauges(&batch, "level", 1, 100);
    encode_batch();
    size_t length = encoder.body_length;
    cr_assert(eq(int,
                 tachoi_encoder_encode(&encoder, &tachoi_protocol_v1, &converter.gathering.runs[0],
                                       0, 100, length),
                 TACHOI_ENCODE_OK));
    cr_assert(eq(int,
                 tachoi_encoder_encode(&encoder, &tachoi_protocol_v1, &converter.gathering.runs[0],
                                       0, 100, length - 1),
                 TACHOI_ENCODE_TOO_LARGE));
    encoder.message.max_length = 1000;
    cr_assert(eq(int,
                 tachoi_encoder_encode(&encoder, &tachoi_protocol_v1, &converter.gathering.runs[0],
                                       0, 100, SIZE_MAX),
                 TACHOI_ENCODE_TOO_LARGE));
    encode_range(0, 5);
}

Test(encoder, lack_of_memory_is_told_and_passes) {
    batch_add_gauges(&batch, "level", 1, 100);
    tachoi_converter_convert(&converter, &batch.batch, BATCH_UNIX_MS);
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        tachoi_encoder_fini(&encoder);
        tachoi_alloc_fail_at(k);
        enum tachoi_encode_result result = tachoi_encoder_encode(
            &encoder, &tachoi_protocol_v1, &converter.gathering.runs[0], 0, 100, SIZE_MAX);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, result, has_failed ? TACHOI_ENCODE_NO_MEMORY : TACHOI_ENCODE_OK));
        cr_assert(lt(u64, k, 20));
    }
}

/* --- the writer --- */

Test(wire, varints_read_back) {
    static const uint64_t values[] = {0,     1,     127,        128,       300,
                                      16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct tachoi_wire wire = {0};
        cr_assert(tachoi_wire_reserve(&wire, 10));
        wire.length = (size_t)(tachoi_put_varint(wire.data, values[i]) - wire.data);
        cr_assert(eq(sz, wire.length, tachoi_varint_size(values[i])));
        const unsigned char *at = wire.data;
        uint64_t value = 0;
        cr_assert(tachoi_wire_read_varint(&at, wire.data + wire.length, &value));
        cr_assert(eq(u64, value, values[i]));
        at = wire.data;
        cr_assert(not(tachoi_wire_read_varint(&at, wire.data + wire.length - 1, &value)));
        tachoi_wire_fini(&wire);
    }
    static const unsigned char endless[12] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                              0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const unsigned char *at = endless;
    uint64_t value = 0;
    cr_assert(not(tachoi_wire_read_varint(&at, endless + sizeof endless, &value)));
}

Test(wire, the_maximum_is_kept) {
    struct tachoi_wire wire = {.max_length = 10};
    cr_assert(tachoi_wire_reserve(&wire, 10));
    cr_assert(not(tachoi_wire_reserve(&wire, SIZE_MAX)));
    cr_assert(wire.is_too_long);
    tachoi_wire_fini(&wire);
}
