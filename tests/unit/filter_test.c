/* SPDX-License-Identifier: Apache-2.0 */
/* The metric filter of a reader: what it is asked, and what a collection then yields. */
#include "sdk_fixture.h"

/* Answers by name, and for points by the value of the attribute "keep"; counts the questions. */
struct choice {
    const char *dropped;
    const char *partial;
    unsigned metric_questions;
    unsigned point_questions;
    char scope[32];
    char unit[32];
    tacho_instrument_kind kind;
    tacho_metric_type type;
};

static bool is_named(const tacho_metric_identity *metric, const char *name) {
    return name != NULL && metric->name.length == strlen(name) &&
           memcmp(metric->name.data, name, metric->name.length) == 0;
}

static tacho_metric_filter_result test_metric(void *user, const tacho_metric_identity *metric) {
    struct choice *choice = user;
    choice->metric_questions++;
    copy_text(choice->scope, sizeof choice->scope, metric->scope->name);
    copy_text(choice->unit, sizeof choice->unit, metric->unit);
    choice->kind = metric->kind;
    choice->type = metric->type;
    if (is_named(metric, choice->dropped)) {
        return TACHO_METRIC_DROP;
    }
    return is_named(metric, choice->partial) ? TACHO_METRIC_ACCEPT_PARTIAL : TACHO_METRIC_ACCEPT;
}

static bool test_attributes(void *user, const tacho_metric_identity *metric,
                            tacho_attributes attributes) {
    struct choice *choice = user;
    choice->point_questions++;
    cr_assert(is_named(metric, choice->partial));
    return attributes.count == 1 && attributes.items[0].value.as.i64 % 2 == 0;
}

static tacho_metric_filter filter_of(struct choice *choice) {
    return (tacho_metric_filter){.struct_size = sizeof(tacho_metric_filter),
                                 .test_metric = test_metric,
                                 .test_attributes = test_attributes,
                                 .user = choice};
}

static void record_some(tacho_meter *meter, const char *name) {
    tacho_counter *counter = tacho_meter_create_counter(meter, name, NULL);
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("keep", i)));
    }
}

/* FLT-01, FLT-04 */
Test(filter, it_is_asked_once_about_each_stream_and_drops_metrics) {
    struct choice choice = {.dropped = "a"};
    const tacho_metric_filter filter = filter_of(&choice);
    tacho_metric_reader *reader = READER(.metric_filter = &filter);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    record_some(meter, "a");
    tacho_histogram_record(tacho_meter_create_histogram(
                               meter, "h", TACHO_OPTIONS(tacho_instrument_options, .unit = "s")),
                           1, TACHO_NO_ATTRS);
    struct collected *collected = collect(reader);
    cr_expect(eq(u32, choice.metric_questions, 2));
    cr_expect(eq(u32, choice.point_questions, 0));
    cr_expect(eq(str, choice.scope, "test"));
    cr_expect(eq(str, choice.unit, "s"));
    cr_expect(eq(int, choice.kind, TACHO_INSTRUMENT_HISTOGRAM));
    cr_expect(eq(int, choice.type, TACHO_METRIC_HISTOGRAM));
    cr_expect(eq(sz, collected->metric_count, 1));
    cr_expect(eq(sz, collected->point_count, 1));
    cr_expect(eq(str, collected->points[0].name, "h"));
    free(collected);
    choice.dropped = NULL; /* asked anew at each collection */
    collected = collect(reader);
    cr_expect(eq(sz, collected->metric_count, 2));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* FLT-02 */
Test(filter, a_partial_answer_lets_it_choose_points) {
    struct choice choice = {.partial = "p"};
    const tacho_metric_filter filter = filter_of(&choice);
    tacho_metric_reader *reader = READER(.metric_filter = &filter);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    record_some(meter, "p");
    record_some(meter, "q");
    struct collected *collected = collect(reader);
    cr_expect(eq(u32, choice.point_questions, 5), "not asked about the other metric");
    cr_expect(eq(sz, collected->point_count, 3 + 5));
    for (int64_t i = 0; i < 5; i++) {
        char attrs[32];
        snprintf(attrs, sizeof attrs, "keep=%d", (int)i);
        cr_expect(eq(int, point_with(collected, "p", attrs) != NULL, i % 2 == 0), "%s", attrs);
        cr_expect(ne(ptr, (void *)point_with(collected, "q", attrs), NULL));
    }
    free(collected);
    tacho_meter_provider_destroy(provider);
}

struct counted {
    tacho_observable *observables[2];
    unsigned runs;
    int64_t value;
};

static void observe_counted(tacho_observer *observer, void *user) {
    struct counted *counted = user;
    counted->runs++;
    for (int i = 0; i < 2; i++) {
        tacho_observe_i64(observer, counted->observables[i], counted->value, TACHO_NO_ATTRS);
    }
}

/* FLT-03 */
Test(filter, callbacks_of_what_is_dropped_are_left_out) {
    struct choice choice = {.dropped = "a"};
    const tacho_metric_filter filter = filter_of(&choice);
    tacho_metric_reader *readers[] = {READER(.metric_filter = &filter), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct counted alone = {.value = 1};
    struct counted both = {.value = 2};
    tacho_observable *a =
        tacho_meter_create_observable_gauge(meter, "a", NULL, observe_counted, &alone);
    tacho_observable *b = tacho_meter_create_observable_gauge(meter, "b", NULL, NULL, NULL);
    alone.observables[0] = a;
    both.observables[0] = a;
    both.observables[1] = b;
    cr_assert(
        eq(int,
           tacho_meter_register_callback(meter, observe_counted, &both, both.observables, 2, NULL),
           TACHO_OK));
    struct collected *collected = collect(readers[0]);
    cr_expect(eq(u32, alone.runs, 0));
    cr_expect(eq(u32, both.runs, 1), "it serves another one as well");
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].name, "b"));
    free(collected);
    collected = collect(readers[1]);
    cr_expect(eq(u32, alone.runs, 1), "the other reader has no filter");
    cr_expect(eq(sz, collected->count, 2));
    free(collected);
    choice.dropped = NULL;
    collected = collect(readers[0]);
    cr_expect(eq(u32, alone.runs, 2));
    cr_expect(eq(sz, collected->count, 2));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* FLT-01, TIME-04: intervals stay right */
Test(filter, a_delta_reader_does_not_get_later_what_was_dropped) {
    struct choice choice = {.dropped = "c"};
    struct fake_time time = {.unix_ns = 1000};
    const tacho_metric_filter filter = filter_of(&choice);
    tacho_metric_reader *reader =
        READER(.metric_filter = &filter, .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA);
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    time.unix_ns = 2000;
    struct collected *collected = collect(reader);
    cr_expect(eq(sz, collected->count, 0));
    free(collected);
    choice.dropped = NULL;
    tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
    time.unix_ns = 3000;
    collected = collect(reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(i64, collected->points[0].i64, 2));
    cr_expect(eq(u64, collected->points[0].start_time, 2000));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* FLT-03, TIME-01: what an observable grew by while it was dropped belongs to the next interval */
Test(filter, an_observable_that_was_dropped_goes_on_from_what_it_last_reported) {
    struct choice choice = {0};
    struct fake_time time = {.unix_ns = 1000};
    const tacho_metric_filter filter = filter_of(&choice);
    tacho_metric_reader *reader =
        READER(.metric_filter = &filter, .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA);
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct counted counted = {.value = 10};
    counted.observables[0] =
        tacho_meter_create_observable_counter(meter, "o", NULL, observe_counted, &counted);
    time.unix_ns = 2000;
    cr_expect(eq(i64, value_of(reader, "o"), 10));
    choice.dropped = "o";
    counted.value = 15;
    time.unix_ns = 3000;
    cr_expect(eq(i64, value_of(reader, "o"), INT64_MIN));
    choice.dropped = NULL;
    counted.value = 17;
    time.unix_ns = 4000;
    struct collected *collected = collect(reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(i64, collected->points[0].i64, 7));
    cr_expect(eq(u64, collected->points[0].start_time, 2000));
    free(collected);
    tacho_meter_provider_destroy(provider);
}
