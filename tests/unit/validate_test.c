/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that sound requests are taken and that each broken rule is found: what the encoders made is
 * decoded, broken in one place, and packed again. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <snappy-c.h>
#include <stdio.h>
#include <string.h>

#include "remote_write/metadata_message.h"
#include "remote_write/validate.h"
#include "remote_write_v2.pb-c.h"
#include "unit/record_fixture.h"

typedef Io__Prometheus__Write__V2__Request request_v2;
typedef Io__Prometheus__Write__V2__TimeSeries series_v2;
typedef Io__Prometheus__Write__V2__Histogram histogram_v2;
typedef Prometheus__WriteRequest request_v1;
typedef Prometheus__TimeSeries series_v1;

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct fixture fixture;
static struct tachoi_arena arena; /* of decoded messages, which are broken and not freed */

static const double bounds[] = {0.5, 2, 10};
static const uint64_t counts[] = {1, 0, 2, 4};
static const double quantiles[] = {0.5, 0.99};
static const struct fixture_label labels[] = {{"job", "svc", false}, {"m", "x", true}};
static const struct tachoi_prometheus_family family = {
    .type = TACHOI_PROMETHEUS_COUNTER, .name = {"jobs", 4}, .help = {"Jobs.", 5}, .unit = {"s", 1}};

static struct tachoi_encoded_series *add(enum tachoi_encoded_series_kind kind, const char *name) {
    const bool is_histogram =
        kind == TACHOI_ENCODED_HISTOGRAM || kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    const bool is_summary = kind == TACHOI_ENCODED_SUMMARY;
    return fixture_add(&fixture, &(struct fixture_series){
                                     .kind = kind,
                                     .name = name,
                                     .labels = labels,
                                     .label_count = COUNT(labels),
                                     .bounds = is_histogram ? bounds
                                               : is_summary ? quantiles
                                                            : NULL,
                                     .bound_count = is_histogram ? 3
                                                    : is_summary ? 2
                                                                 : 0,
                                     .family = &family,
                                 });
}

/* Series, in this order: a counter with two exemplars, an exponential histogram, a custom one, and
 * the ends of all kinds. */
enum { COUNTER = 0, EXPONENTIAL = 1, CUSTOM = 2 };

static void begin(void) {
    static const uint64_t buckets[] = {3, 0, 5, 0, 0, 1};
    fixture_init(&fixture);
    struct tachoi_encoded_series *counter = add(TACHOI_ENCODED_COUNTER, "c");
    struct tachoi_record *record =
        fixture_record(&fixture, counter, 2 * FIXTURE_EXEMPLAR_WORDS, FIXTURE_TIME - 500);
    tachoi_record_set_number(record, 3);
    fixture_exemplar(record, 0, 1, 10);
    fixture_exemplar(record, 0, 2, 20);
    fixture_commit(&fixture, record);
    fixture_exponential(&fixture, add(TACHOI_ENCODED_EXPONENTIAL, "e"), -4, buckets, 6, 6);
    fixture_histogram(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "f"), counts, 2.5);
    fixture_histogram(&fixture, add(TACHOI_ENCODED_HISTOGRAM, "h"), counts, 2.5);
    fixture_stale(&fixture, add(TACHOI_ENCODED_GAUGE, "g"), false);
    fixture_stale(&fixture, add(TACHOI_ENCODED_SUMMARY, "s"), false);
    fixture_stale(&fixture, add(TACHOI_ENCODED_HISTOGRAM, "i"), true);
    fixture_stale(&fixture, add(TACHOI_ENCODED_EXPONENTIAL, "j"), true);
    fixture_stale(&fixture, add(TACHOI_ENCODED_CUSTOM_HISTOGRAM, "k"), true);
}

static void end(void) {
    fixture_fini(&fixture);
    tachoi_arena_fini(&arena);
}

static void *make(size_t size) {
    void *memory = tachoi_arena_alloc(&arena, size + 1, 1);
    cr_assert(ne(ptr, memory, NULL));
    return memset(memory, 0, size + 1);
}

static char *text_of(const char *text) {
    return memcpy(make(strlen(text)), text, strlen(text));
}

static void *allocate(void *user, size_t size) {
    (void)user;
    return make(size);
}

static void release(void *user, void *memory) {
    (void)user;
    (void)memory;
}

static ProtobufCAllocator allocator = {allocate, release, NULL};

TestSuite(validate, .init = begin, .fini = end);

static void encode(const struct tachoi_protocol *protocol) {
    cr_assert(eq(int, fixture_encode(&fixture, protocol), TACHOI_ENCODE_OK));
}

static void expect_sound(const struct tachoi_protocol *protocol) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    encode(protocol);
    const enum tachoi_validate_result result = tachoi_validate_body(
        protocol->version, fixture.encoder.body, fixture.encoder.body_length, problem);
    cr_assert(eq(str, problem, ""));
    cr_assert(eq(int, result, TACHOI_VALIDATE_OK));
}

Test(validate, what_the_encoders_make_is_sound) {
    expect_sound(&tachoi_protocol_v2);
    expect_sound(&tachoi_protocol_v1);
    fixture.encoder.options = (struct tachoi_encoder_options){.exemplars_with_v1 = true,
                                                              .native_histograms_with_v1 = true};
    expect_sound(&tachoi_protocol_v1);
}

Test(validate, an_empty_request_is_sound) {
    tachoi_run_clear(&fixture.run);
    expect_sound(&tachoi_protocol_v1);
    expect_sound(&tachoi_protocol_v2);
}

/* --- broken 2.0 --- */

static uint64_t stale_bits = UINT64_C(0x7ff0000000000002);

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Breaks the series asked for, or the request. */
typedef void (*break_v2)(request_v2 *request, series_v2 *series, histogram_v2 *histogram);

#define BREAK(name, ...)                                                                           \
    static void name(request_v2 *request, series_v2 *series, histogram_v2 *histogram) {            \
        (void)request;                                                                             \
        (void)series;                                                                              \
        (void)histogram;                                                                           \
        __VA_ARGS__;                                                                               \
    }

static void swap(uint32_t *a, uint32_t *b) {
    const uint32_t c = *a;
    *a = *b;
    *b = c;
}

/* The reference of a text that is not among the symbols: it takes the place of one. */
static uint32_t symbol(request_v2 *request, const char *text) {
    const uint32_t last = (uint32_t)request->n_symbols - 1;
    request->symbols[last] = text_of(text);
    return last;
}

BREAK(no_empty_symbol, request->symbols[0] = text_of("x"))
BREAK(symbol_twice, request->symbols[2] = text_of(request->symbols[1]))
BREAK(symbol_not_utf8, (void)symbol(request, "\xff"))
BREAK(odd_refs, series->n_labels_refs--)
BREAK(ref_out_of_range, series->labels_refs[1] = (uint32_t)request->n_symbols)
BREAK(empty_name, series->labels_refs[0] = 0)
BREAK(empty_value, series->labels_refs[1] = 0)
BREAK(unsorted, swap(&series->labels_refs[0], &series->labels_refs[2]);
      swap(&series->labels_refs[1], &series->labels_refs[3]))
BREAK(label_twice, series->labels_refs[2] = series->labels_refs[0])
BREAK(no_name, series->labels_refs += 2; series->n_labels_refs -= 2)
BREAK(no_labels, series->n_labels_refs = 0)
BREAK(no_samples, series->n_samples = 0)
BREAK(both, series->n_histograms = 1;
      series->histograms = request->timeseries[EXPONENTIAL]->histograms)
BREAK(start_at_time, series->samples[0]->start_timestamp = series->samples[0]->timestamp)
BREAK(spoilt_marker, series->samples[0]->value = double_of(UINT64_C(0x7ff8000000000002)))
BREAK(signalling, series->samples[0]->value = double_of(UINT64_C(0x7ff0000000000003)))
BREAK(exemplar_alone, series->n_samples = 0)
BREAK(exemplar_timeless, series->exemplars[0]->timestamp = 0)
BREAK(exemplars_unordered, series->exemplars[0]->timestamp = 21)
BREAK(exemplar_odd, series->exemplars[0]->n_labels_refs = 1)
BREAK(exemplar_out_of_range, series->exemplars[1]->labels_refs[1] = 1000)
BREAK(exemplar_empty, series->exemplars[0]->labels_refs[0] = 0)
BREAK(help_out_of_range, series->metadata->help_ref = 1000)
BREAK(unit_out_of_range, series->metadata->unit_ref = 1000)
BREAK(type_unknown, series->metadata->type = 8)
BREAK(series_twice, request->timeseries[EXPONENTIAL] = series)
BREAK(older_later, request->timeseries[EXPONENTIAL] = make(sizeof *series);
      series_v2 *copy = request->timeseries[EXPONENTIAL]; *copy = *series;
      copy->samples = make(sizeof(void *)); copy->samples[0] = make(sizeof *copy->samples[0]);
      *copy->samples[0] = *series->samples[0]; copy->samples[0]->timestamp--; copy->n_exemplars = 0)

BREAK(too_few_buckets, histogram->n_positive_deltas--)
BREAK(wrong_count, histogram->count_int++)
BREAK(nan_and_too_small_count, histogram->sum = NAN; histogram->count_int = 1)
BREAK(negative_bucket, histogram->positive_deltas[0] = -1)
BREAK(negative_offset, histogram->positive_spans[1]->offset = -1)
BREAK(schema_high, histogram->schema = 9)
BREAK(schema_low, histogram->schema = -5)
BREAK(reset_hint, histogram->reset_hint = 2)
BREAK(float_count, histogram->count_case = 2; histogram->count_float = 17)
BREAK(no_count, histogram->count_case = 0)
BREAK(threshold, histogram->zero_threshold = -1)
BREAK(foreign_bounds, histogram->custom_values = (double *)bounds; histogram->n_custom_values = 1)
BREAK(stale_with_counts, histogram->sum = double_of(stale_bits))
BREAK(histogram_start, histogram->start_timestamp = histogram->timestamp + 1)
BREAK(infinite_bound, histogram->custom_values[2] = INFINITY)
BREAK(nan_bound, histogram->custom_values[0] = NAN)
BREAK(equal_bounds, histogram->custom_values[1] = histogram->custom_values[0])
BREAK(bound_missing, histogram->n_custom_values = 2)
BREAK(custom_negative_offset, histogram->positive_spans[0]->offset = -1)
BREAK(custom_zero, histogram->zero_threshold = 1)
BREAK(custom_zero_count, histogram->zero_count_case = 6; histogram->zero_count_int = 1)

static const struct {
    break_v2 break_it;
    size_t series;
    const char *rule;
} broken_v2[] = {
    {no_empty_symbol, COUNTER, "RW2-03: the first symbol"},
    {symbol_twice, COUNTER, "RW2-03: a symbol is there twice"},
    {symbol_not_utf8, COUNTER, "P-05: a symbol"},
    {odd_refs, COUNTER, "RW2-03: labels_refs are not pairs"},
    {ref_out_of_range, COUNTER, "RW2-03: a label refers to no symbol"},
    {empty_name, COUNTER, "RW1-04: a name is empty"},
    {empty_value, COUNTER, "RW1-04: a label is empty"},
    {unsorted, COUNTER, "RW1-04: labels are not sorted: {job=\"svc\", __name__=\"c\", m=\"x\"}"},
    {label_twice, COUNTER, "RW1-04: a label is there twice"},
    {no_name, COUNTER, "RW1-04: a series has no __name__: {job=\"svc\", m=\"x\"}"},
    {no_labels, COUNTER, "RW1-04: a series has no __name__"},
    {no_samples, COUNTER, "RW2-04: a series has neither"},
    {both, COUNTER, "RW2-04: a series has both"},
    {start_at_time, COUNTER, "RW2-08"},
    {spoilt_marker, COUNTER, "P-06"},
    {signalling, COUNTER, "P-06"},
    {exemplar_alone, COUNTER, "RW2-04: a series has neither"}, /* RW2-05 */
    {exemplar_timeless, COUNTER, "RW2-06"},
    {exemplars_unordered, COUNTER, "CONV-22: exemplars are not in order"},
    {exemplar_odd, COUNTER, "RW2-03: labels_refs are not pairs"},
    {exemplar_out_of_range, COUNTER, "RW2-03: a label refers to no symbol"},
    {exemplar_empty, COUNTER, "CONV-22: a label of an exemplar is empty"},
    {help_out_of_range, COUNTER, "RW2-03: metadata refers"},
    {unit_out_of_range, EXPONENTIAL, "RW2-03: metadata refers"},
    {type_unknown, CUSTOM, "RW2-07"},
    {series_twice, COUNTER, "CONV-09"},
    {older_later, COUNTER, "RW1-09"},
    {too_few_buckets, EXPONENTIAL, "RW2-21: spans and buckets"},
    {wrong_count, EXPONENTIAL, "RW2-21: count and buckets disagree"},
    {wrong_count, CUSTOM, "RW2-21: count and buckets disagree"},
    {nan_and_too_small_count, EXPONENTIAL, "RW2-21: buckets hold more"},
    {negative_bucket, EXPONENTIAL, "RW2-21: a bucket's count is negative"},
    {negative_offset, EXPONENTIAL, "RW2-21: a span has a negative offset"},
    {schema_high, EXPONENTIAL, "RW2-21: receivers do not know"},
    {schema_low, EXPONENTIAL, "RW2-21: receivers do not know"},
    {reset_hint, EXPONENTIAL, "RW2-22"},
    {float_count, EXPONENTIAL, "RW2-21: a histogram has floating-point"},
    {no_count, EXPONENTIAL, "RW2-21: a histogram has floating-point counts, or none"},
    {threshold, EXPONENTIAL, "RW2-21: the zero threshold"},
    {foreign_bounds, EXPONENTIAL, "RW2-21: an exponential histogram has bounds"},
    {stale_with_counts, EXPONENTIAL, "CONV-31"},
    {histogram_start, EXPONENTIAL, "RW2-08"},
    {infinite_bound, CUSTOM, "RW2-20: a bound is not finite"},
    {nan_bound, CUSTOM, "RW2-20: a bound is not finite"},
    {equal_bounds, CUSTOM, "RW2-20: bounds do not increase"},
    {bound_missing, CUSTOM, "RW2-20: a bucket has no bound"},
    {custom_negative_offset, CUSTOM, "RW2-21: a span has a negative offset"},
    {custom_zero, CUSTOM, "RW2-20: a histogram of custom buckets"},
    {custom_zero_count, CUSTOM, "RW2-20: a histogram of custom buckets"},
};

static void expect_problem(int version, const uint8_t *message, size_t length, const char *rule,
                           size_t number) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    const enum tachoi_validate_result result =
        tachoi_validate_message(version, message, length, problem);
    cr_assert(eq(int, result, TACHOI_VALIDATE_PROBLEM), "%zu: %s", number, rule);
    cr_assert(eq(int, strncmp(problem, rule, strlen(rule)), 0), "%zu: \"%s\" and not \"%s\"",
              number, problem, rule);
}

Test(validate, each_rule_of_2_0_is_checked) {
    encode(&tachoi_protocol_v2);
    const struct tachoi_wire *wire = &fixture.encoder.message;
    for (size_t i = 0; i < COUNT(broken_v2); i++) {
        request_v2 *request =
            io__prometheus__write__v2__request__unpack(&allocator, wire->length, wire->data);
        cr_assert(ne(ptr, request, NULL));
        series_v2 *series = request->timeseries[broken_v2[i].series];
        broken_v2[i].break_it(request, series,
                              series->n_histograms > 0 ? series->histograms[0] : NULL);
        uint8_t packed[4096];
        cr_assert(
            lt(sz, io__prometheus__write__v2__request__get_packed_size(request), sizeof packed));
        const size_t length = io__prometheus__write__v2__request__pack(request, packed);
        expect_problem(2, packed, length, broken_v2[i].rule, i);
    }
}

/* RW2-04: field 6 is reserved */
Test(validate, an_unknown_field_is_a_problem) {
    static const uint8_t message[] = {0x22, 0,   0x22, 8,    '_', '_',  'n',  'a',  'm',
                                      'e',  '_', '_',  0x22, 1,   'x',  0x2a, 10,   0x0a,
                                      2,    1,   2,    0x12, 2,   0x10, 5,    0x30, 4};
    expect_problem(2, message, sizeof message, "RW2-04: a message has a field", 0);
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    uint8_t without[sizeof message];
    memcpy(without, message, sizeof message);
    without[16] = 8;
    cr_assert(eq(int, tachoi_validate_message(2, without, sizeof message - 2, problem),
                 TACHOI_VALIDATE_OK),
              "%s", problem);
}

/* --- broken 1.0 --- */

typedef void (*break_v1)(request_v1 *request, series_v1 *series);

#define BREAK_V1(name, ...)                                                                        \
    static void name(request_v1 *request, series_v1 *series) {                                     \
        (void)request;                                                                             \
        (void)series;                                                                              \
        __VA_ARGS__;                                                                               \
    }

static void swap_labels(Prometheus__Label **a, Prometheus__Label **b) {
    Prometheus__Label *c = *a;
    *a = *b;
    *b = c;
}

BREAK_V1(v1_label_name, series->labels[1]->name = text_of("jo.b"))
BREAK_V1(v1_label_colon, series->labels[1]->name = text_of("j:b"))
BREAK_V1(v1_digit, series->labels[0]->value = text_of("2c"))
BREAK_V1(v1_metric_name, series->labels[0]->value = text_of("a.c"))
BREAK_V1(v1_value_not_utf8, series->labels[2]->value = text_of("\xc0\x80"))
BREAK_V1(v1_unsorted, swap_labels(&series->labels[1], &series->labels[2]))
BREAK_V1(v1_twice, series->labels[2]->name = text_of("job"))
BREAK_V1(v1_no_samples, series->n_samples = 0)
BREAK_V1(v1_custom, request->timeseries[1]->histograms[0]->schema = -53)
BREAK_V1(v1_duplicate, request->timeseries[1] = series)
BREAK_V1(v1_exemplar_label_twice, series->exemplars[0]->labels = make(2 * sizeof(void *));
         series->exemplars[0]->n_labels = 2;
         series->exemplars[0]->labels[0] = series->exemplars[1]->labels[0];
         series->exemplars[0]->labels[1] = series->exemplars[1]->labels[0])
BREAK_V1(v1_exemplar_long, series->exemplars[0]->labels[0]->value = text_of(
                               "0123456789012345678901234567890123456789012345678901234567890"
                               "123456789012345678901234567890123456789012345678901234567890"))

static const struct {
    break_v1 break_it;
    const char *rule;
} broken_v1[] = {
    {v1_label_name, "RW1-03: not a label name of 1.0: {__name__=\"c\", jo.b=\"svc\", m=\"x\"}"},
    {v1_label_colon, "RW1-03: not a label name of 1.0"},
    {v1_digit, "RW1-03: not a metric name of 1.0"},
    {v1_metric_name, "RW1-03: not a metric name of 1.0"},
    {v1_value_not_utf8, "P-05: a label's value is not UTF-8"},
    {v1_unsorted, "RW1-04: labels are not sorted"},
    {v1_twice, "RW1-04: a label is there twice"},
    {v1_no_samples, "RW2-04: a series has neither"},
    {v1_custom, "RW1-11"},
    {v1_duplicate, "CONV-09"},
    {v1_exemplar_label_twice, "CONV-22: a label of an exemplar is there twice"},
    {v1_exemplar_long, "CONV-22: the labels of an exemplar are too long"},
};

Test(validate, each_rule_of_1_0_is_checked) {
    fixture.encoder.options = (struct tachoi_encoder_options){.exemplars_with_v1 = true,
                                                              .native_histograms_with_v1 = true};
    encode(&tachoi_protocol_v1);
    const struct tachoi_wire *wire = &fixture.encoder.message;
    for (size_t i = 0; i < COUNT(broken_v1); i++) {
        request_v1 *request =
            prometheus__write_request__unpack(&allocator, wire->length, wire->data);
        cr_assert(ne(ptr, request, NULL));
        broken_v1[i].break_it(request, request->timeseries[0]);
        uint8_t packed[8192];
        cr_assert(lt(sz, prometheus__write_request__get_packed_size(request), sizeof packed));
        const size_t length = prometheus__write_request__pack(request, packed);
        expect_problem(1, packed, length, broken_v1[i].rule, i);
    }
}

Test(validate, a_body_that_is_none_is_a_problem) {
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    cr_assert(eq(int, tachoi_validate_body(1, "", 0, problem), TACHOI_VALIDATE_PROBLEM));
    cr_assert(eq(int, tachoi_validate_body(2, "\xff\xff\xff\xff\x7f", 5, problem),
                 TACHOI_VALIDATE_PROBLEM));
    cr_assert(eq(int, tachoi_validate_body(2, "\x80\x80\x80\x08", 4, problem),
                 TACHOI_VALIDATE_PROBLEM)); /* says that it is 16 MiB */
    cr_assert(eq(str, problem, "QUEUE-03: the message is too long"));
    expect_problem(1, (const uint8_t *)"\x0a\x05", 2, "RW1-01: the body is not a WriteRequest", 0);
    expect_problem(2, (const uint8_t *)"\x22\x05", 2, "RW2-03: the body is not a Request", 0);
    expect_problem(2, (const uint8_t *)"", 0, "RW2-03: the first symbol", 0);
    encode(&tachoi_protocol_v1);
    const struct tachoi_wire *wire = &fixture.encoder.message; /* 1.0 sent as 2.0 */
    expect_problem(2, wire->data, wire->length, "RW2-04: a message has a field", 0);
    encode(&tachoi_protocol_v2);
    expect_problem(1, wire->data, wire->length, "RW2-04: a message has a field", 0);
}

Test(validate, lack_of_memory_is_told) {
    encode(&tachoi_protocol_v2);
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        char problem[TACHOI_VALIDATE_TEXT_MAX];
        tachoi_alloc_fail_at(k);
        const enum tachoi_validate_result result =
            tachoi_validate_body(2, fixture.encoder.body, fixture.encoder.body_length, problem);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, result, has_failed ? TACHOI_VALIDATE_NO_MEMORY : TACHOI_VALIDATE_OK));
        cr_assert(lt(u64, k, 60));
    }
}

/* --- metadata of 1.0: RW1-13 --- */

static const struct tachoi_prometheus_family sources[] = {
    {TACHOI_PROMETHEUS_COUNTER, {"jobs_total", 10}, {"Jobs.", 5}, {"", 0}},
    {TACHOI_PROMETHEUS_GAUGE, {"level.of.x", 10}, {"", 0}, {"bytes", 5}},
    {TACHOI_PROMETHEUS_GAUGE, {"\xc3\xa4", 2}, {"no name is left", 15}, {"", 0}},
    {TACHOI_PROMETHEUS_HISTOGRAM, {"d", 1}, {"", 0}, {"", 0}}};

Test(metadata, families_are_told_in_messages_of_a_bounded_number) {
    const struct tachoi_prometheus_family *families[] = {&sources[0], &sources[1], &sources[2],
                                                         &sources[3]};
    struct tachoi_metadata_message message = {0};
    size_t taken = 0;
    char problem[TACHOI_VALIDATE_TEXT_MAX];
    char plain[256];
    size_t length = sizeof plain;
    cr_assert(
        eq(int, tachoi_metadata_message_make(&message, families, 4, 3, &taken), TACHOI_ENCODE_OK));
    cr_assert(eq(sz, taken, 3));
    cr_assert(eq(sz, message.family_count, 2));
    cr_assert(eq(int, tachoi_validate_body(1, message.body, message.body_length, problem),
                 TACHOI_VALIDATE_OK),
              "%s", problem);
    cr_assert(eq(int, snappy_uncompress((char *)message.body, message.body_length, plain, &length),
                 SNAPPY_OK));
    static const char golden[] = "\x1a\x15\x08\x01\x12\x0ajobs_total\x22\x05Jobs."
                                 "\x1a\x15\x08\x02\x12\x0alevel_of_x\x2a\x05"
                                 "bytes";
    struct cr_mem actual = {plain, length};
    struct cr_mem expected = {golden, sizeof golden - 1};
    cr_assert(eq(mem, actual, expected));
    cr_assert(eq(int,
                 tachoi_metadata_message_make(&message, families + taken, 4 - taken, 3, &taken),
                 TACHOI_ENCODE_OK));
    cr_assert(eq(sz, taken, 1));
    cr_assert(eq(sz, message.family_count, 1));
    tachoi_metadata_message_fini(&message);
}

Test(metadata, too_long_texts_are_left_to_the_next_message_or_given_up) {
    const size_t size = TACHOI_MESSAGE_BYTES_MAX - 100;
    char *text = malloc(size);
    cr_assert(ne(ptr, text, NULL));
    memset(text, 'x', size);
    const struct tachoi_prometheus_family large = {
        TACHOI_PROMETHEUS_GAUGE, {"a", 1}, {text, size}, {"", 0}};
    const struct tachoi_prometheus_family huge = {
        TACHOI_PROMETHEUS_GAUGE, {text, 120}, {text, size}, {"", 0}};
    const struct tachoi_prometheus_family *families[] = {&sources[0], &large, &large, &huge};
    static const struct {
        size_t taken;
        enum tachoi_encode_result result;
    } steps[] = {{2, TACHOI_ENCODE_OK}, {1, TACHOI_ENCODE_OK}, {1, TACHOI_ENCODE_TOO_LARGE}};
    struct tachoi_metadata_message message = {0};
    size_t at = 0;
    for (size_t i = 0; i < COUNT(steps); i++) {
        size_t taken = 0;
        cr_assert(eq(int,
                     tachoi_metadata_message_make(&message, families + at, 4 - at, 2000, &taken),
                     steps[i].result));
        cr_assert(eq(sz, taken, steps[i].taken));
        at += taken;
    }
    tachoi_metadata_message_fini(&message);
    free(text);
}

Test(metadata, lack_of_memory_is_told) {
    const struct tachoi_prometheus_family *families[] = {&sources[0], &sources[1]};
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        struct tachoi_metadata_message message = {0};
        size_t taken = 0;
        tachoi_alloc_fail_at(k);
        const enum tachoi_encode_result result =
            tachoi_metadata_message_make(&message, families, 2, 2, &taken);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, result, has_failed ? TACHOI_ENCODE_NO_MEMORY : TACHOI_ENCODE_OK));
        cr_assert(lt(u64, k, 20));
        tachoi_metadata_message_fini(&message);
    }
}
