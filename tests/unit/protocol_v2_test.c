/* SPDX-License-Identifier: Apache-2.0 */
/* Tests remote write 2.0 byte by byte: against golden bytes, against protobuf-c packing the same
 * data, and what an independent decoder finds in it. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "remote_write_v2.pb-c.h"
#include "unit/record_fixture.h"

typedef Io__Prometheus__Write__V2__Request request_message;
typedef Io__Prometheus__Write__V2__TimeSeries series_message;
typedef Io__Prometheus__Write__V2__Histogram histogram_message;

static struct fixture fixture;
static request_message *request; /* of the last expect_encoded */

static void begin(void) {
    fixture_init(&fixture);
    request = NULL;
}

static void end(void) {
    if (request != NULL) {
        io__prometheus__write__v2__request__free_unpacked(request, NULL);
    }
    fixture_fini(&fixture);
}

TestSuite(protocol_v2, .init = begin, .fini = end);

static const struct tachoi_prometheus_family jobs = {
    .type = TACHOI_PROMETHEUS_COUNTER, .name = {"jobs", 4}, .help = {"Jobs.", 5}, .unit = {"s", 1}};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct tachoi_encoded_series *add(enum tachoi_encoded_series_kind kind, const char *name,
                                         const struct fixture_label *labels, size_t label_count,
                                         const double *bounds, size_t bound_count) {
    return fixture_add(&fixture, &(struct fixture_series){.kind = kind,
                                                          .name = name,
                                                          .labels = labels,
                                                          .label_count = label_count,
                                                          .bounds = bounds,
                                                          .bound_count = bound_count,
                                                          .family = &jobs});
}

static struct tachoi_encoded_series *add_plain(enum tachoi_encoded_series_kind kind,
                                               const char *name) {
    return add(kind, name, NULL, 0, NULL, 0);
}

/* Packing anew what was unpacked gives the same bytes: nothing is non-canonical. */
static void expect_canonical(void) {
    const struct tachoi_wire *message = &fixture.encoder.message;
    if (request != NULL) {
        io__prometheus__write__v2__request__free_unpacked(request, NULL);
    }
    request = io__prometheus__write__v2__request__unpack(NULL, message->length, message->data);
    cr_assert(ne(ptr, request, NULL));
    const size_t size = io__prometheus__write__v2__request__get_packed_size(request);
    uint8_t *packed = malloc(size + 1);
    struct cr_mem expected = {packed, io__prometheus__write__v2__request__pack(request, packed)};
    struct cr_mem actual = {message->data, message->length};
    cr_assert(eq(mem, actual, expected));
    free(packed);
}

static void encode_range(size_t first, size_t last) {
    cr_assert(eq(int, fixture_encode_range(&fixture, &tachoi_protocol_v2, first, last),
                 TACHOI_ENCODE_OK));
    expect_canonical();
}

static void encode(void) {
    encode_range(0, fixture.run.sample_count);
}

/* A time series' labels as people write them. */
static const char *text_of(const series_message *series) {
    static char text[512];
    size_t length = 0;
    text[0] = '\0';
    cr_assert(eq(sz, series->n_labels_refs % 2, 0));
    for (size_t i = 0; i < series->n_labels_refs; i += 2) {
        cr_assert(lt(u32, series->labels_refs[i], (uint32_t)request->n_symbols));
        cr_assert(lt(u32, series->labels_refs[i + 1], (uint32_t)request->n_symbols));
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s=%s", i > 0 ? "," : "",
                                   request->symbols[series->labels_refs[i]],
                                   request->symbols[series->labels_refs[i + 1]]);
    }
    return text;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void expect_symbols_unique(void) {
    cr_assert(eq(str, request->symbols[0], ""));
    for (size_t i = 0; i < request->n_symbols; i++) {
        for (size_t j = i + 1; j < request->n_symbols; j++) {
            cr_assert(ne(str, request->symbols[i], request->symbols[j]));
        }
    }
}

/* --- golden bytes --- */

/* RW2-03, RW2-07, RW2-08 */
Test(protocol_v2, a_counter_has_these_bytes) {
    static const struct fixture_label labels[] = {{"a", "b", true}};
    struct tachoi_encoded_series *series =
        add(TACHOI_ENCODED_COUNTER, "jobs_total", labels, 1, NULL, 0);
    fixture_number(&fixture, series, 1, FIXTURE_TIME - 500);
    encode();
    static const unsigned char golden[] = {
        0x22, 0,                                                              /* symbols */
        0x22, 5,    'J',  'o',  'b',  's',  '.',  0x22, 1,   's',             /* 1, 2 */
        0x22, 1,    'a',  0x22, 1,    'b',                                    /* 3, 4 */
        0x22, 8,    '_',  '_',  'n',  'a',  'm',  'e',  '_', '_',             /* 5 */
        0x22, 10,   'j',  'o',  'b',  's',  '_',  't',  'o', 't',  'a',  'l', /* 6 */
        0x2a, 33,                                                             /* series */
        0x0a, 4,    5,    6,    3,    4,                                      /* labels */
        0x12, 17,   0x09, 0,    0,    0,    0,    0,    0,   0xf0, 0x3f,      /* value */
        0x10, 0xc0, 0x84, 0x3d, 0x18, 0xcc, 0x80, 0x3d,                       /* time, start */
        0x2a, 6,    0x08, 1,    0x18, 1,    0x20, 2};                         /* metadata */
    struct cr_mem actual = {fixture.encoder.message.data, fixture.encoder.message.length};
    struct cr_mem expected = {golden, sizeof golden};
    cr_assert(eq(mem, actual, expected));
}

/* RW2-01, RW2-02 */
Test(protocol_v2, headers_are_exact) {
    static const char *const expected[] = {
        "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request",
        "Content-Encoding: snappy", "X-Prometheus-Remote-Write-Version: 2.0.0"};
    cr_assert(eq(int, tachoi_protocol_v2.version, 2));
    cr_assert(eq(sz, tachoi_protocol_v2.header_count, COUNT(expected)));
    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_assert(eq(str, (char *)tachoi_protocol_v2.headers[i], (char *)expected[i]));
    }
}

Test(protocol_v2, a_request_of_nothing_has_the_empty_symbol) {
    encode();
    struct cr_mem actual = {fixture.encoder.message.data, fixture.encoder.message.length};
    struct cr_mem expected = {"\x22\x00", 2};
    cr_assert(eq(mem, actual, expected));
}

/* --- numbers --- */

/* RW2-08 */
Test(protocol_v2, only_what_is_counted_has_a_start) {
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_COUNTER, "c"), 1, FIXTURE_TIME - 1);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_UP_DOWN_COUNTER, "u"), 1, FIXTURE_TIME - 1);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_GAUGE, "g"), 1, FIXTURE_TIME - 1);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_COUNTER, "d"), 1, FIXTURE_TIME - 2);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_COUNTER, "e"), 1, 0);
    encode();
    static const int64_t starts[] = {FIXTURE_TIME - 1, 0, 0, FIXTURE_TIME - 2, 0};
    cr_assert(eq(sz, request->n_timeseries, COUNT(starts)));
    for (size_t i = 0; i < COUNT(starts); i++) {
        cr_assert(eq(sz, request->timeseries[i]->n_samples, 1));
        cr_assert(eq(i64, request->timeseries[i]->samples[0]->start_timestamp, starts[i]), "%zu",
                  i);
        cr_assert(eq(i64, request->timeseries[i]->samples[0]->timestamp, FIXTURE_TIME));
    }
    cr_assert(eq(u64, fixture.encoder.content.sent.samples, 5));
}

/* P-03, P-06 */
Test(protocol_v2, values_keep_their_bits) {
    static const double values[] = {0.0, -0.0, INFINITY, -INFINITY, 5e-324, -1e300};
    struct tachoi_encoded_series *series = add_plain(TACHOI_ENCODED_GAUGE, "g");
    for (size_t i = 0; i < COUNT(values); i++) {
        fixture_number(&fixture, series, values[i], 0);
    }
    fixture_number(&fixture, series, NAN, 0);
    fixture_stale(&fixture, series, false);
    encode();
    for (size_t i = 0; i < COUNT(values); i++) {
        const uint64_t expected = values[i] == 0 ? 0 : bits_of(values[i]);
        cr_assert(eq(u64, bits_of(request->timeseries[i]->samples[0]->value), expected), "%zu", i);
    }
    cr_assert(
        eq(u64, bits_of(request->timeseries[6]->samples[0]->value), UINT64_C(0x7ff8000000000001)));
    cr_assert(eq(u64, bits_of(request->timeseries[7]->samples[0]->value), TACHOI_STALE_MARKER));
}

/* --- labels and symbols --- */

/* Own labels before, between and behind the others; neighbours that agree in none, some and all
 * texts; texts of every length from 1 to 200; a shape that has series of other names and of more.
 */
Test(protocol_v2, labels_come_out_as_they_went_in) {
    static char long_text[150];
    memset(long_text, 'x', sizeof long_text - 1);
    char expected[40][512];
    size_t count = 0;
    for (size_t i = 0; i < 40; i++) {
        char value[160];
        (void)snprintf(value, sizeof value, "%zu%.*s", i % 3, (int)(i * 37 % 140), long_text);
        const struct fixture_label labels[] = {
            {"A", value, true},    {i % 7 < 3 ? "b" : "bb", "same", true},
            {"job", "svc", false}, {"k", i % 2 == 0 ? "even" : "odd", true},
            {"o", "scope", false}, {"z", value, true},
            {"zz", "last", true}};
        const size_t label_count = i % 5 == 0 ? 6 : 7;
        fixture_number(&fixture, add(TACHOI_ENCODED_COUNTER, "c", labels, label_count, NULL, 0), 1,
                       0);
        (void)snprintf(expected[count++], sizeof expected[0],
                       "A=%s,__name__=c,%s=same,job=svc,k=%s,o=scope,z=%s%s", value, labels[1].name,
                       labels[3].value, value, label_count == 7 ? ",zz=last" : "");
    }
    encode();
    cr_assert(eq(sz, fixture.shapes.chains.count,
                 1)); /* else the memory of the series before is not tried */
    expect_symbols_unique();
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(str, (char *)text_of(request->timeseries[i]), expected[i]), "%zu", i);
    }
    encode(); /* and again: another request with its own symbols */
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(str, (char *)text_of(request->timeseries[i]), expected[i]), "%zu", i);
    }
}

/* Texts of one length that differ in a single byte, wherever it is. */
Test(protocol_v2, neighbours_that_differ_in_one_byte_are_told_apart) {
    enum { LONGEST = 20 };
    for (size_t length = 1; length <= LONGEST; length++) {
        fixture_fini(&fixture);
        fixture_init(&fixture);
        char values[LONGEST][LONGEST + 1];
        for (size_t i = 0; i < length; i++) {
            memset(values[i], 'x', length);
            values[i][length] = '\0';
            values[i][i] = 'y';
            const struct fixture_label labels[] = {{values[i], values[i], true}};
            fixture_number(&fixture, add(TACHOI_ENCODED_COUNTER, "c", labels, 1, NULL, 0), 1, 0);
        }
        encode();
        for (size_t i = 0; i < length; i++) {
            char expected[64];
            (void)snprintf(expected, sizeof expected, "__name__=c,%s=%s", values[i], values[i]);
            cr_assert(eq(str, (char *)text_of(request->timeseries[i]), expected));
        }
    }
}

/* Labels that the series before did not have, but others did, in more number than are kept at hand;
 * and texts that are in part those of others: name and value change places. */
Test(protocol_v2, labels_that_come_again_have_their_references) {
    enum { SERIES = 2000 };
    char expected[SERIES][256];
    for (size_t i = 0; i < SERIES; i++) {
        char few[32];
        char many[32];
        char lengthy[160];
        (void)snprintf(few, sizeof few, "f%zu", i * 7 % 11);
        (void)snprintf(many, sizeof many, "number-%zu.example", i * 31 % 1000);
        (void)snprintf(lengthy, sizeof lengthy, "%0*zu", (int)(110 + i % 9), i * 13 % 20);
        const bool is_turned = i % 3 == 0;
        const struct fixture_label labels[] = {{"few", is_turned ? many : few, true},
                                               {"lengthy", lengthy, true},
                                               {"many", is_turned ? few : many, true}};
        fixture_number(&fixture, add(TACHOI_ENCODED_COUNTER, "c", labels, 3, NULL, 0), 1, 0);
        (void)snprintf(expected[i], sizeof expected[0], "__name__=c,few=%s,lengthy=%s,many=%s",
                       labels[0].value, lengthy, labels[2].value);
    }
    for (int round = 0; round < 2; round++) {
        encode();
        expect_symbols_unique();
        for (size_t i = 0; i < SERIES; i++) {
            cr_assert(eq(str, (char *)text_of(request->timeseries[i]), expected[i]), "%zu", i);
        }
    }
}

/* References of one, two and three bytes; the table grows several times. */
Test(protocol_v2, symbols_are_found_again_among_many) {
    struct tachoi_symbols symbols = {0};
    struct tachoi_wire out = {0};
    enum { TEXTS = 40000 };
    for (int round = 0; round < 3; round++) {
        out.length = 0;
        cr_assert(tachoi_symbols_begin(&symbols, &out));
        cr_assert(eq(u32, tachoi_symbols_ref(&symbols, "", 0), 0));
        for (int pass = 0; pass < 2; pass++) {
            for (uint32_t i = 0; i < TEXTS; i++) {
                char text[16];
                const int length = snprintf(text, sizeof text, "%d-%u", round, i);
                cr_assert(eq(u32, tachoi_symbols_ref(&symbols, text, (size_t)length), i + 1));
            }
        }
        cr_assert(eq(u32, symbols.count, TEXTS + 1));
    }
    tachoi_symbols_fini(&symbols);
    tachoi_wire_fini(&out);
}

/* Numbers of symbols that wrap around must not find what was there before. */
Test(protocol_v2, symbols_of_old_requests_are_forgotten_when_numbers_wrap_around) {
    struct tachoi_symbols symbols = {0};
    struct tachoi_wire out = {0};
    cr_assert(tachoi_symbols_begin(&symbols, &out));
    cr_assert(eq(u32, tachoi_symbols_ref(&symbols, "old", 3), 1));
    symbols.first_serial = UINT32_MAX - 10;
    out.length = 0;
    cr_assert(tachoi_symbols_begin(&symbols, &out));
    cr_assert(eq(u32, symbols.first_serial, 1));
    cr_assert(eq(u32, tachoi_symbols_ref(&symbols, "new", 3), 1));
    cr_assert(eq(u32, tachoi_symbols_ref(&symbols, "old", 3), 2));
    tachoi_symbols_fini(&symbols);
    tachoi_wire_fini(&out);
}

/* Encoders of one exporter share its shapes. */
Test(protocol_v2, encoders_that_take_turns_do_not_take_each_others_references) {
    static const struct fixture_label labels[] = {{"a", "b", true}};
    struct fixture other;
    fixture_init(&other);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_COUNTER, "first"), 1, 0);
    fixture_number(&fixture, add(TACHOI_ENCODED_COUNTER, "second", labels, 1, NULL, 0), 1, 0);
    for (int i = 0; i < 3; i++) {
        cr_assert(eq(int,
                     tachoi_encoder_encode(&other.encoder, &tachoi_protocol_v2, &fixture.run, 1, 2,
                                           SIZE_MAX),
                     TACHOI_ENCODE_OK));
        encode();
        cr_assert(eq(str, (char *)text_of(request->timeseries[0]), "__name__=first"));
        cr_assert(eq(str, (char *)text_of(request->timeseries[1]), "__name__=second,a=b"));
    }
    fixture_fini(&other);
}

/* --- histograms --- */

static const double bounds[] = {0.5, 2, 10};
static const uint64_t counts[] = {1, 0, 2, 4};

/* RW2-07, RW2-08: type and start on each component */
Test(protocol_v2, a_classic_histogram_is_its_components) {
    static const struct fixture_label labels[] = {{"m", "x", true}};
    fixture_histogram(&fixture, add(TACHOI_ENCODED_HISTOGRAM, "d", labels, 1, bounds, 3), counts,
                      2.5);
    encode();
    static const char *const series[] = {
        "__name__=d_bucket,le=0.5,m=x", "__name__=d_bucket,le=2,m=x",
        "__name__=d_bucket,le=10,m=x",  "__name__=d_bucket,le=+Inf,m=x",
        "__name__=d_count,m=x",         "__name__=d_sum,m=x"};
    static const double values[] = {1, 1, 3, 7, 7, 2.5};
    cr_assert(eq(sz, request->n_timeseries, COUNT(series)));
    for (size_t i = 0; i < COUNT(series); i++) {
        const series_message *actual = request->timeseries[i];
        cr_assert(eq(str, (char *)text_of(actual), (char *)series[i]));
        cr_assert(eq(dbl, actual->samples[0]->value, values[i]), "%zu", i);
        cr_assert(eq(i64, actual->samples[0]->start_timestamp, FIXTURE_TIME - 500));
        cr_assert(eq(int, actual->metadata->type, TACHOI_PROMETHEUS_COUNTER));
        cr_assert(eq(str, request->symbols[actual->metadata->help_ref], "Jobs."));
        cr_assert(eq(str, request->symbols[actual->metadata->unit_ref], "s"));
    }
    expect_symbols_unique();
}

Test(protocol_v2, a_summary_is_its_components) {
    static const double quantiles[] = {0.5, 0.99};
    struct tachoi_encoded_series *series = add(TACHOI_ENCODED_SUMMARY, "s", NULL, 0, quantiles, 2);
    struct tachoi_record *record = fixture_record(&fixture, series, 0, FIXTURE_TIME - 500);
    record->words[TACHOI_SUMMARY_COUNT] = 3;
    record->words[TACHOI_SUMMARY_SUM] = bits_of(4.5);
    record->words[TACHOI_SUMMARY_VALUES] = bits_of(1.5);
    record->words[TACHOI_SUMMARY_VALUES + 1] = bits_of(2.5);
    fixture_commit(&fixture, record);
    encode();
    static const char *const texts[] = {"__name__=s,quantile=0.5", "__name__=s,quantile=0.99",
                                        "__name__=s_count", "__name__=s_sum"};
    static const double values[] = {1.5, 2.5, 3, 4.5};
    cr_assert(eq(sz, request->n_timeseries, COUNT(texts)));
    for (size_t i = 0; i < COUNT(texts); i++) {
        cr_assert(eq(str, (char *)text_of(request->timeseries[i]), (char *)texts[i]));
        cr_assert(eq(dbl, request->timeseries[i]->samples[0]->value, values[i]));
    }
}

/* RW2-20 */
Test(protocol_v2, a_custom_histogram_is_native) {
    static const struct fixture_label labels[] = {{"m", "x", true}};
    fixture_histogram(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "d", labels, 1, bounds, 3),
                      counts, 2.5);
    encode();
    cr_assert(eq(sz, request->n_timeseries, 1));
    cr_assert(eq(str, (char *)text_of(request->timeseries[0]), "__name__=d,m=x"));
    cr_assert(eq(sz, request->timeseries[0]->n_samples, 0));
    const histogram_message *histogram = request->timeseries[0]->histograms[0];
    cr_assert(eq(int, histogram->schema, -53));
    cr_assert(eq(u64, histogram->count_int, 7));
    cr_assert(eq(dbl, histogram->sum, 2.5));
    cr_assert(eq(sz, histogram->n_custom_values, 3));
    cr_assert(eq(dbl, histogram->custom_values[2], 10));
    cr_assert(eq(int, histogram->zero_count_case, 0));
    cr_assert(eq(sz, histogram->n_negative_spans, 0));
    cr_assert(eq(i64, histogram->timestamp, FIXTURE_TIME));
    cr_assert(eq(i64, histogram->start_timestamp, FIXTURE_TIME - 500));
    cr_assert(eq(int, histogram->reset_hint, 0)); /* RW2-22 */
    int64_t absolute = 0;
    int64_t total = 0;
    for (size_t i = 0; i < histogram->n_positive_deltas; i++) {
        absolute += histogram->positive_deltas[i];
        total += absolute;
    }
    cr_assert(eq(i64, total, 7));
    cr_assert(eq(u64, fixture.encoder.content.sent.histograms, 1));
    cr_assert(eq(u64, fixture.encoder.content.sent.samples, 0));
}

/* RW2-21: spans that split where two buckets or more are empty */
Test(protocol_v2, an_exponential_histogram_is_native) {
    static const uint64_t buckets[] = {3, 0, 5, 0, 0, 1};
    fixture_exponential(&fixture, add_plain(TACHOI_ENCODED_EXPONENTIAL, "e"), -4, buckets, 6, 6);
    encode();
    const histogram_message *histogram = request->timeseries[0]->histograms[0];
    cr_assert(eq(int, histogram->schema, -2));
    cr_assert(eq(u64, histogram->count_int, 17));
    cr_assert(eq(u64, histogram->zero_count_int, 2));
    cr_assert(eq(dbl, histogram->zero_threshold, 1e-128));
    static const int64_t deltas[] = {3, -3, 5, -4};
    cr_assert(eq(sz, histogram->n_positive_spans, 2));
    cr_assert(eq(int, histogram->positive_spans[0]->offset, -3)); /* -4 + 1 */
    cr_assert(eq(u32, histogram->positive_spans[0]->length, 3));
    cr_assert(eq(int, histogram->positive_spans[1]->offset, 2));
    cr_assert(eq(sz, histogram->n_positive_deltas, 4));
    for (size_t i = 0; i < 4; i++) {
        cr_assert(eq(i64, histogram->positive_deltas[i], deltas[i]), "%zu", i);
    }
    cr_assert(eq(sz, histogram->n_negative_spans, 1));
    cr_assert(eq(i64, histogram->negative_deltas[0], 6));
}

/* Relabelling has dropped the native one of the first, two classic ones of the second. */
Test(protocol_v2, values_are_those_of_the_components_that_are_left) {
    static const struct fixture_series dropped[] = {{.kind = TACHOI_ENCODED_CUSTOM_HISTOGRAM,
                                                     .name = "f",
                                                     .bounds = bounds,
                                                     .bound_count = 3,
                                                     .dropped_parts = 0x1},
                                                    {.kind = TACHOI_ENCODED_HISTOGRAM,
                                                     .name = "d",
                                                     .bounds = bounds,
                                                     .bound_count = 3,
                                                     .dropped_parts = 0x3}};
    fixture_histogram(&fixture, fixture_add(&fixture, &dropped[0]), counts, 2.5);
    fixture_histogram(&fixture, fixture_add(&fixture, &dropped[1]), counts, 2.5);
    encode();
    cr_assert(eq(u64, fixture.encoder.content.unsupported_samples, 1));
    cr_assert(eq(sz, request->n_timeseries, 4));
    cr_assert(eq(str, (char *)text_of(request->timeseries[0]), "__name__=d_bucket,le=10"));
    cr_assert(eq(dbl, request->timeseries[0]->samples[0]->value, 3));
    cr_assert(eq(str, (char *)text_of(request->timeseries[3]), "__name__=d_sum"));
    cr_assert(eq(dbl, request->timeseries[3]->samples[0]->value, 2.5));
}

/* --- the end of a series: CONV-31, P-06 --- */

Test(protocol_v2, the_end_of_a_series_is_told_for_each_component) {
    struct tachoi_encoded_series *classic = add(TACHOI_ENCODED_HISTOGRAM, "d", NULL, 0, bounds, 3);
    fixture_stale(&fixture, classic, true);
    fixture_stale(&fixture, add(TACHOI_ENCODED_HISTOGRAM, "n", NULL, 0, bounds, 3), false);
    encode();
    cr_assert(eq(sz, request->n_timeseries, 6 + 5)); /* the second has no sum */
    for (size_t i = 0; i < request->n_timeseries; i++) {
        cr_assert(eq(u64, bits_of(request->timeseries[i]->samples[0]->value), TACHOI_STALE_MARKER));
    }
}

static void expect_stale(const histogram_message *histogram) {
    cr_assert(eq(u64, bits_of(histogram->sum), TACHOI_STALE_MARKER));
    cr_assert(
        eq(int, histogram->count_case, IO__PROMETHEUS__WRITE__V2__HISTOGRAM__COUNT_COUNT_INT));
    cr_assert(eq(u64, histogram->count_int, 0));
    cr_assert(eq(sz, histogram->n_positive_spans + histogram->n_negative_spans, 0));
}

Test(protocol_v2, the_end_of_a_native_histogram_is_in_its_sum) {
    fixture_stale(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "d", NULL, 0, bounds, 3), true);
    fixture_stale(&fixture, add_plain(TACHOI_ENCODED_EXPONENTIAL, "e"), true);
    encode();
    expect_stale(request->timeseries[0]->histograms[0]);
    cr_assert(eq(int, request->timeseries[0]->histograms[0]->schema, -53));
    cr_assert(eq(sz, request->timeseries[0]->histograms[0]->n_custom_values, 3));
    expect_stale(request->timeseries[1]->histograms[0]);
    /* `count` is there though it is zero: 08 00 begins the message */
    const struct tachoi_wire *message = &fixture.encoder.message;
    static const unsigned char zero_count[] = {0x08, 0x00, 0x19, 0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f};
    cr_assert(ne(ptr, memmem(message->data, message->length, zero_count, sizeof zero_count), NULL));
}

/* --- exemplars: RW2-05, RW2-06 --- */

static void expect_exemplar(const series_message *series, size_t index, double value,
                            int64_t time_ms) {
    cr_assert(gt(sz, series->n_exemplars, index));
    const Io__Prometheus__Write__V2__Exemplar *exemplar = series->exemplars[index];
    cr_assert(eq(dbl, exemplar->value, value));
    cr_assert(eq(i64, exemplar->timestamp, time_ms));
    cr_assert(eq(sz, exemplar->n_labels_refs, 2));
    cr_assert(eq(str, request->symbols[exemplar->labels_refs[0]], "trace_id"));
    cr_assert(eq(str, request->symbols[exemplar->labels_refs[1]], "t"));
}

/* Fills a histogram with exemplars of the first and of the last bucket, which are the components
 * `first` and `first` + 3. */
static void add_exemplars(struct tachoi_encoded_series *series, size_t first) {
    struct tachoi_record *record =
        fixture_record(&fixture, series, 3 * FIXTURE_EXEMPLAR_WORDS, FIXTURE_TIME - 500);
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = 1;
    fixture_exemplar(record, first, 0.25, 30);
    fixture_exemplar(record, first + 3, 50, 20);
    fixture_exemplar(record, first + 3, 60, 40);
    fixture_commit(&fixture, record);
}

Test(protocol_v2, exemplars_are_with_the_sample_of_their_bucket) {
    add_exemplars(add(TACHOI_ENCODED_HISTOGRAM, "d", NULL, 0, bounds, 3), 0);
    encode();
    expect_exemplar(request->timeseries[0], 0, 0.25, 30);
    expect_exemplar(request->timeseries[3], 0, 50, 20);
    expect_exemplar(request->timeseries[3], 1, 60, 40);
    cr_assert(eq(sz, request->timeseries[1]->n_exemplars, 0));
    cr_assert(eq(sz, request->timeseries[4]->n_exemplars, 0));
    cr_assert(eq(u64, fixture.encoder.content.sent.exemplars, 3));
    encode_range(1, 6); /* without the first bucket */
    cr_assert(eq(u64, fixture.encoder.content.sent.exemplars, 2));
    expect_exemplar(request->timeseries[2], 0, 50, 20);
}

Test(protocol_v2, exemplars_of_a_native_histogram_are_in_order_of_time) {
    add_exemplars(add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "d", NULL, 0, bounds, 3), 1);
    encode();
    expect_exemplar(request->timeseries[0], 0, 50, 20);
    expect_exemplar(request->timeseries[0], 1, 0.25, 30);
    expect_exemplar(request->timeseries[0], 2, 60, 40);
}

Test(protocol_v2, exemplars_of_a_counter_are_with_its_sample) {
    struct tachoi_encoded_series *series = add_plain(TACHOI_ENCODED_COUNTER, "c");
    struct tachoi_record *record = fixture_record(&fixture, series, FIXTURE_EXEMPLAR_WORDS, 0);
    tachoi_record_set_number(record, 1);
    fixture_exemplar(record, 0, 0, 7);
    fixture_commit(&fixture, record);
    fixture_number(&fixture, series, 2, 0); /* found behind the extra words, and without any */
    encode();
    expect_exemplar(request->timeseries[0], 0, 0, 7);
    cr_assert(eq(dbl, request->timeseries[1]->samples[0]->value, 2));
    cr_assert(eq(sz, request->timeseries[1]->n_exemplars, 0));
}

/* --- ranges and limits --- */

static void add_some_of_all_kinds(void) {
    static const struct fixture_label labels[] = {{"m", "x", true}};
    static const uint64_t buckets[] = {3, 0, 5};
    fixture_number(&fixture, add(TACHOI_ENCODED_COUNTER, "c", labels, 1, NULL, 0), 1,
                   FIXTURE_TIME - 500);
    fixture_histogram(&fixture, add(TACHOI_ENCODED_HISTOGRAM, "d", labels, 1, bounds, 3), counts,
                      2.5);
    fixture_exponential(&fixture, add(TACHOI_ENCODED_EXPONENTIAL, "e", labels, 1, NULL, 0), 0,
                        buckets, 3, 1);
    add_exemplars(add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "f", labels, 1, bounds, 3), 1);
    fixture_number(&fixture, add_plain(TACHOI_ENCODED_GAUGE, "g"), 3, 0);
}

Test(protocol_v2, any_partition_of_a_run_gives_the_same_series) {
    enum { ALL = 1 + 6 + 1 + 1 + 1 };
    add_some_of_all_kinds();
    encode();
    char expected[ALL][512];
    cr_assert(eq(sz, request->n_timeseries, ALL));
    for (size_t i = 0; i < ALL; i++) {
        (void)snprintf(expected[i], sizeof expected[i], "%s", text_of(request->timeseries[i]));
    }
    for (size_t step = 1; step < ALL; step++) {
        for (size_t first = 0; first < ALL; first += step) {
            const size_t last = first + step < ALL ? first + step : ALL;
            encode_range(first, last);
            cr_assert(eq(sz, request->n_timeseries, last - first));
            expect_symbols_unique();
            for (size_t i = first; i < last; i++) {
                cr_assert(eq(str, (char *)text_of(request->timeseries[i - first]), expected[i]));
            }
        }
    }
}

Test(protocol_v2, too_long_is_told_at_every_length) {
    add_some_of_all_kinds();
    encode();
    const size_t length = fixture.encoder.message.length;
    for (size_t max_length = 1; max_length <= length; max_length++) {
        fixture.encoder.message.max_length = max_length;
        cr_assert(eq(int, fixture_encode(&fixture, &tachoi_protocol_v2),
                     max_length < length ? TACHOI_ENCODE_TOO_LARGE : TACHOI_ENCODE_OK),
                  "%zu", max_length);
    }
    encode();
}

Test(protocol_v2, lack_of_memory_is_told_and_passes) {
    add_some_of_all_kinds();
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        tachoi_encoder_fini(&fixture.encoder);
        tachoi_alloc_fail_at(k);
        const enum tachoi_encode_result result = fixture_encode(&fixture, &tachoi_protocol_v2);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, result, has_failed ? TACHOI_ENCODE_NO_MEMORY : TACHOI_ENCODE_OK), "%d",
                  (int)k);
        cr_assert(lt(u64, k, 60));
        if (has_failed) {
            encode(); /* what failed left nothing behind */
        }
    }
    encode();
}

Test(protocol_v2, a_second_request_allocates_nothing) {
    add_some_of_all_kinds();
    encode();
    tachoi_alloc_fail_at(1);
    const enum tachoi_encode_result result = fixture_encode(&fixture, &tachoi_protocol_v2);
    const bool has_allocated = !tachoi_alloc_fail_pending();
    tachoi_alloc_fail_at(0);
    cr_assert(eq(int, result, TACHOI_ENCODE_OK));
    cr_assert(not(has_allocated));
}
