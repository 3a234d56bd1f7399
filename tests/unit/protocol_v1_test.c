/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what 1.0 says of records that are more than plain numbers and histograms: exemplars, native
 * histograms, custom ones as classic ones, summaries, ends of series, names that it cannot carry,
 * and what it cannot say and counts (RW2-18). */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "remote_write/validate.h"
#include "unit/record_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct fixture fixture;
static Prometheus__WriteRequest *request; /* of the last encode */

static void begin(void) {
    fixture_init(&fixture);
    request = NULL;
}

static void end(void) {
    if (request != NULL) {
        prometheus__write_request__free_unpacked(request, NULL);
    }
    fixture_fini(&fixture);
}

TestSuite(protocol_v1, .init = begin, .fini = end);

static const double bounds[] = {0.5, 2, 10};
static const uint64_t counts[] = {1, 0, 2, 4};

static struct tachoi_encoded_series *add_dropped(enum tachoi_encoded_series_kind kind,
                                                 uint64_t dropped_parts) {
    const bool has_bounds =
        kind == TACHOI_ENCODED_HISTOGRAM || kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    return fixture_add(&fixture, &(struct fixture_series){
                                     .kind = kind,
                                     .name = kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM ? "f" : "d",
                                     .bounds = has_bounds ? bounds : NULL,
                                     .bound_count = has_bounds ? 3 : 0,
                                     .dropped_parts = dropped_parts});
}

static struct tachoi_encoded_series *add(enum tachoi_encoded_series_kind kind) {
    return add_dropped(kind, 0);
}

static struct tachoi_encoded_series *add_utf8(enum tachoi_encoded_series_kind kind,
                                              const char *name, const struct fixture_label *labels,
                                              size_t count) {
    return fixture_add(
        &fixture,
        &(struct fixture_series){
            .kind = kind, .name = name, .labels = labels, .label_count = count, .is_utf8 = true});
}

static void allow_all(void) {
    fixture.encoder.options = (struct tachoi_encoder_options){.exemplars_with_v1 = true,
                                                              .native_histograms_with_v1 = true};
}

/* Encodes, and expects what protobuf-c would pack, and a sound request. */
static void encode_range(size_t first, size_t last) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    const struct tachoi_wire *message = &fixture.encoder.message;
    cr_assert(eq(int, fixture_encode_range(&fixture, &tachoi_protocol_v1, first, last),
                 TACHOI_ENCODE_OK));
    (void)tachoi_validate_body(1, fixture.encoder.body, fixture.encoder.body_length, problem);
    cr_assert(eq(str, problem, ""));
    if (request != NULL) {
        prometheus__write_request__free_unpacked(request, NULL);
    }
    request = prometheus__write_request__unpack(NULL, message->length, message->data);
    cr_assert(ne(ptr, request, NULL));
    const size_t size = prometheus__write_request__get_packed_size(request);
    uint8_t *packed = malloc(size + 1);
    struct cr_mem expected = {packed, prometheus__write_request__pack(request, packed)};
    struct cr_mem actual = {message->data, message->length};
    cr_assert(eq(mem, actual, expected));
    free(packed);
}

static void encode(void) {
    encode_range(0, fixture.run.sample_count);
}

static const char *text_of(size_t series) {
    static char text[512];
    size_t length = 0;
    cr_assert(lt(sz, series, request->n_timeseries));
    for (size_t i = 0; i < request->timeseries[series]->n_labels; i++) {
        const Prometheus__Label *label = request->timeseries[series]->labels[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s=%s", i > 0 ? "," : "",
                                   label->name, label->value);
    }
    return text;
}

static void expect_sample(size_t series, const char *text, double value) {
    cr_assert(eq(str, (char *)text_of(series), (char *)text));
    cr_assert(eq(sz, request->timeseries[series]->n_samples, 1));
    cr_assert(eq(dbl, request->timeseries[series]->samples[0]->value, value), "%s", text);
}

static void expect_content(uint64_t samples, uint64_t histograms, uint64_t exemplars,
                           uint64_t unsupported_samples, uint64_t unsupported_exemplars) {
    const struct tachoi_content *content = &fixture.encoder.content;
    cr_assert(eq(u64, content->sent.samples, samples));
    cr_assert(eq(u64, content->sent.histograms, histograms));
    cr_assert(eq(u64, content->sent.exemplars, exemplars));
    cr_assert(eq(u64, content->unsupported_samples, unsupported_samples));
    cr_assert(eq(u64, content->unsupported_exemplars, unsupported_exemplars));
}

/* --- custom histograms: RW1-11 --- */

Test(protocol_v1, a_custom_histogram_is_a_classic_one) {
    static const char *const texts[] = {"__name__=f_bucket,le=0.5", "__name__=f_bucket,le=2",
                                        "__name__=f_bucket,le=10",  "__name__=f_bucket,le=+Inf",
                                        "__name__=f_count",         "__name__=f_sum"};
    static const double values[] = {1, 1, 3, 7, 7, 2.5};
    fixture_histogram(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM), counts, 2.5);
    cr_assert(eq(sz, fixture.run.sample_count, 1)); /* of the account */
    encode();
    cr_assert(eq(sz, request->n_timeseries, COUNT(texts)));
    for (size_t i = 0; i < COUNT(texts); i++) {
        expect_sample(i, texts[i], values[i]);
    }
    expect_content(6, 0, 0, 0, 0);
}

Test(protocol_v1, the_end_of_a_custom_histogram_is_told_for_each_series) {
    fixture_stale(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM), false);
    encode();
    cr_assert(eq(sz, request->n_timeseries, 5)); /* it had no sum */
    cr_assert(eq(str, (char *)text_of(4), "__name__=f_count"));
    for (size_t i = 0; i < 5; i++) {
        uint64_t bits;
        memcpy(&bits, &request->timeseries[i]->samples[0]->value, sizeof bits);
        cr_assert(eq(u64, bits, TACHOI_STALE_MARKER));
    }
}

/* --- what relabelling has left --- */

Test(protocol_v1, values_are_those_of_the_components_that_are_left) {
    fixture_histogram(&fixture, add_dropped(TACHOI_ENCODED_HISTOGRAM, 0x3), counts, 2.5);
    fixture_histogram(&fixture, add_dropped(TACHOI_ENCODED_CUSTOM_HISTOGRAM, 0x27), counts, 2.5);
    encode(); /* without 0.5, 2; without native, 0.5, 2, count */
    cr_assert(eq(sz, request->n_timeseries, 4 + 3));
    expect_sample(0, "__name__=d_bucket,le=10", 3);
    expect_sample(2, "__name__=d_count", 7);
    expect_sample(4, "__name__=f_bucket,le=10", 3);
    expect_sample(5, "__name__=f_bucket,le=+Inf", 7);
    expect_sample(6, "__name__=f_sum", 2.5);
    encode_range(1, 3);
    expect_sample(0, "__name__=d_bucket,le=+Inf", 7);
}

Test(protocol_v1, a_custom_histogram_of_which_only_the_native_one_is_left_is_counted) {
    fixture_histogram(&fixture, add_dropped(TACHOI_ENCODED_CUSTOM_HISTOGRAM, 0xfe), counts, 2.5);
    encode();
    cr_assert(eq(sz, request->n_timeseries, 0));
    expect_content(0, 0, 0, 1, 0);
}

/* --- native histograms: RW1-12 --- */

static void add_exponential(void) {
    static const uint64_t buckets[] = {3, 0, 5, 0, 0, 1};
    fixture_exponential(&fixture, add(TACHOI_ENCODED_EXPONENTIAL), -4, buckets, 6, 6);
}

Test(protocol_v1, native_histograms_are_sent_where_they_are_wanted) {
    add_exponential();
    encode();
    cr_assert(eq(sz, request->n_timeseries, 0));
    expect_content(0, 0, 0, 1, 0);
    allow_all();
    encode();
    expect_content(0, 1, 0, 0, 0);
    cr_assert(eq(sz, request->timeseries[0]->n_samples, 0));
    const Prometheus__Histogram *histogram = request->timeseries[0]->histograms[0];
    cr_assert(eq(u64, histogram->count_int, 17));
    cr_assert(eq(int, histogram->schema, -2));
    cr_assert(eq(sz, histogram->n_positive_spans, 2));
    cr_assert(eq(sz, histogram->base.n_unknown_fields, 0)); /* no start */
}

/* --- exemplars: RW1-12 --- */

static void add_exemplars(struct tachoi_encoded_series *series, size_t first) {
    struct tachoi_record *record =
        fixture_record(&fixture, series, 3 * FIXTURE_EXEMPLAR_WORDS, FIXTURE_TIME - 500);
    record->words[TACHOI_HISTOGRAM_HAS_SUM] = 1;
    fixture_exemplar(record, first, 0.25, 30);
    fixture_exemplar(record, first + 3, 0, 20);
    fixture_exemplar(record, first + 3, 60, 40);
    fixture_commit(&fixture, record);
}

static void expect_exemplar(size_t series, size_t index, double value, int64_t time_ms) {
    cr_assert(gt(sz, request->timeseries[series]->n_exemplars, index));
    const Prometheus__Exemplar *exemplar = request->timeseries[series]->exemplars[index];
    cr_assert(eq(dbl, exemplar->value, value));
    cr_assert(eq(i64, exemplar->timestamp, time_ms));
    cr_assert(eq(sz, exemplar->n_labels, 1));
    cr_assert(eq(str, exemplar->labels[0]->name, "trace_id"));
    cr_assert(eq(str, exemplar->labels[0]->value, "t"));
}

Test(protocol_v1, exemplars_are_with_the_sample_of_their_bucket_where_they_are_wanted) {
    add_exemplars(add(TACHOI_ENCODED_HISTOGRAM), 0);
    add_exemplars(add(TACHOI_ENCODED_CUSTOM_HISTOGRAM), 1);
    encode();
    expect_content(12, 0, 0, 0, 6);
    allow_all();
    encode();
    expect_content(12, 0, 6, 0, 0);
    for (size_t first = 0; first <= 6; first += 6) {
        expect_exemplar(first, 0, 0.25, 30);
        expect_exemplar(first + 3, 0, 0, 20);
        expect_exemplar(first + 3, 1, 60, 40);
        cr_assert(eq(sz, request->timeseries[first + 4]->n_exemplars, 0));
    }
    encode_range(1, 6); /* without the first bucket */
    expect_content(5, 0, 2, 0, 0);
}

Test(protocol_v1, exemplars_of_a_counter_are_with_its_sample) {
    struct tachoi_record *record =
        fixture_record(&fixture, add(TACHOI_ENCODED_COUNTER), FIXTURE_EXEMPLAR_WORDS, 0);
    tachoi_record_set_number(record, 3);
    fixture_exemplar(record, 0, 1, 7);
    fixture_commit(&fixture, record);
    fixture_number(&fixture, fixture.series[0], 4, 0);
    allow_all();
    cr_assert(eq(int, fixture_encode(&fixture, &tachoi_protocol_v1), TACHOI_ENCODE_OK));
    encode_range(0, 1);
    expect_exemplar(0, 0, 1, 7);
    encode_range(1, 2);
    expect_sample(0, "__name__=d", 4);
}

/* --- summaries, ends of numbers --- */

Test(protocol_v1, a_summary_is_its_components) {
    static const double quantiles[] = {0.5, 0.99};
    struct tachoi_encoded_series *series = fixture_add(
        &fixture,
        &(struct fixture_series){
            .kind = TACHOI_ENCODED_SUMMARY, .name = "s", .bounds = quantiles, .bound_count = 2});
    struct tachoi_record *record = fixture_record(&fixture, series, 0, 0);
    record->words[TACHOI_SUMMARY_COUNT] = 3;
    record->words[TACHOI_SUMMARY_SUM] = tachoi_value_bits(4.5);
    record->words[TACHOI_SUMMARY_VALUES] = tachoi_value_bits(1.5);
    record->words[TACHOI_SUMMARY_VALUES + 1] = tachoi_value_bits(2.5);
    fixture_commit(&fixture, record);
    encode();
    expect_sample(0, "__name__=s,quantile=0.5", 1.5);
    expect_sample(1, "__name__=s,quantile=0.99", 2.5);
    expect_sample(2, "__name__=s_count", 3);
    expect_sample(3, "__name__=s_sum", 4.5);
}

Test(protocol_v1, the_end_of_a_number_is_the_marker) {
    fixture_stale(&fixture, add(TACHOI_ENCODED_GAUGE), false);
    encode();
    uint64_t bits;
    memcpy(&bits, &request->timeseries[0]->samples[0]->value, sizeof bits);
    cr_assert(eq(u64, bits, TACHOI_STALE_MARKER));
}

/* --- names that 1.0 cannot carry --- */

Test(protocol_v1, names_are_escaped_and_sorted_anew_and_joined_where_they_collide) {
    static const struct fixture_label labels[] = {{"a.b", "1", true},
                                                  {"a/b", "2", true},
                                                  {"a_b", "3", true},
                                                  {"m\xc3\xa4h", "4", true},
                                                  {"2x", "5", false},
                                                  {"z__z", "6", false},
                                                  {"\xc3\xa4\xc3\xa4q", "7", true}};
    fixture_number(&fixture, add_utf8(TACHOI_ENCODED_GAUGE, "9.level:of..x", labels, COUNT(labels)),
                   1.5, 0);
    encode();
    expect_sample(0, "__name__=_9_level:of_x,_q=7,a_b=1;2;3,key_2x=5,m_h=4,z__z=6", 1.5);
    expect_content(1, 0, 0, 0, 0);
}

Test(protocol_v1, what_has_no_name_left_is_counted) {
    static const struct fixture_label labels[] = {{"\xc3\xa4", "1", true}};
    struct tachoi_encoded_series *series = add_utf8(TACHOI_ENCODED_GAUGE, "a.b", labels, 1);
    struct tachoi_record *record = fixture_record(&fixture, series, FIXTURE_EXEMPLAR_WORDS, 0);
    tachoi_record_set_number(record, 3);
    fixture_exemplar(record, 0, 1, 7);
    fixture_commit(&fixture, record);
    fixture_number(&fixture, add_utf8(TACHOI_ENCODED_GAUGE, "\xc3\xa4", NULL, 0), 1, 0);
    fixture_number(&fixture, add_utf8(TACHOI_ENCODED_GAUGE, "a.c", NULL, 0), 2, 0);
    allow_all();
    encode();
    cr_assert(eq(sz, request->n_timeseries, 1));
    expect_sample(0, "__name__=a_c", 2);
    expect_content(1, 0, 0, 2, 1);
}

/* --- limits --- */

static void add_some_of_all_kinds(void) {
    static const struct fixture_label labels[] = {{"a.b", "1", true}};
    add_exemplars(add(TACHOI_ENCODED_HISTOGRAM), 0);
    add_exponential();
    fixture_histogram(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM), counts, 2.5);
    fixture_number(&fixture, add_utf8(TACHOI_ENCODED_GAUGE, "a.b", labels, 1), 1, 0);
    allow_all();
}

Test(protocol_v1, too_long_is_told_at_every_length) {
    add_some_of_all_kinds();
    cr_assert(eq(int, fixture_encode(&fixture, &tachoi_protocol_v1), TACHOI_ENCODE_OK));
    const size_t length = fixture.encoder.message.length;
    for (size_t max_length = 1; max_length <= length; max_length++) {
        fixture.encoder.message.max_length = max_length;
        cr_assert(eq(int, fixture_encode(&fixture, &tachoi_protocol_v1),
                     max_length < length ? TACHOI_ENCODE_TOO_LARGE : TACHOI_ENCODE_OK),
                  "%zu", max_length);
    }
}

Test(protocol_v1, lack_of_memory_is_told_and_passes) {
    add_some_of_all_kinds();
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        tachoi_encoder_fini(&fixture.encoder);
        tachoi_alloc_fail_at(k);
        const enum tachoi_encode_result result = fixture_encode(&fixture, &tachoi_protocol_v1);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, result, has_failed ? TACHOI_ENCODE_NO_MEMORY : TACHOI_ENCODE_OK), "%d",
                  (int)k);
        cr_assert(lt(u64, k, 60));
    }
}
