/* SPDX-License-Identifier: Apache-2.0 */
/* Exemplars as a program meets them, through provider, view and batch: their times, their
 * attributes, who gets them, and what they cost where they are off. */
#include "sdk_fixture.h"

/* --- the program --- */

static struct fake_time fake = {.unix_ns = 1000};

static struct sdk sdk_with(tacho_exemplar_filter filter, const tacho_manual_reader_options *options,
                           tacho_view *view) {
    const tacho_clock clock = {.struct_size = sizeof clock,
                               .unix_ns = fake_unix_ns,
                               .monotonic_ns = fake_monotonic_ns,
                               .user = &fake};
    struct sdk sdk = {.reader = make_manual_reader_with(options)};
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &sdk.reader, .reader_count = 1,
                      .exemplar_filter = filter, .clock = &clock, .views = &view,
                      .view_count = view != NULL ? 1 : 0),
        &sdk.provider);
    cr_assert(eq(int, status, TACHO_OK));
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    return sdk;
}

/* --- what a collection shows --- */

enum { MAX_SEEN = 64 };

struct seen_exemplar {
    char name[32];
    char attrs[64]; /* those of the point, then those of the exemplar: "k=1," */
    uint64_t start;
    uint64_t end;
    uint64_t time;
    double value;
};

struct seen_exemplars {
    struct seen_exemplar items[MAX_SEEN];
    size_t count;
};

static void add_keys(char *out, size_t size, tacho_attributes attributes) {
    for (size_t i = 0; i < attributes.count; i++) {
        const size_t used = strlen(out);
        snprintf(out + used, size - used, "%.*s=%lld,", (int)attributes.items[i].key.length,
                 attributes.items[i].key.data, (long long)attributes.items[i].value.as.i64);
    }
}

static void see_exemplars(struct seen_exemplars *seen, const tacho_metric *metric, size_t index) {
    struct seen_exemplar about = {.name = ""};
    tacho_exemplars exemplars;
    copy_text(about.name, sizeof about.name, metric->name);
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        exemplars = point->exemplars;
        about.start = point->start_time_unix_nano;
        about.end = point->time_unix_nano;
        add_keys(about.attrs, sizeof about.attrs, point->attributes);
    } else {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        exemplars = point->exemplars;
        about.start = point->start_time_unix_nano;
        about.end = point->time_unix_nano;
        add_keys(about.attrs, sizeof about.attrs, point->attributes);
    }
    for (size_t i = 0; i < exemplars.count; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(&exemplars, i);
        cr_assert(lt(sz, seen->count, MAX_SEEN));
        struct seen_exemplar *item = &seen->items[seen->count++];
        *item = about;
        item->time = exemplar->time_unix_nano;
        item->value = exemplar->number_type == TACHO_NUMBER_I64 ? (double)exemplar->value.i64
                                                                : exemplar->value.f64;
        add_keys(item->attrs, sizeof item->attrs, exemplar->filtered_attributes);
    }
}

static int see_all_exemplars(const tacho_metric_batch *batch, void *user) {
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            for (size_t k = 0; k < metric->point_count; k++) {
                see_exemplars(user, metric, k);
            }
        }
    }
    return TACHO_OK;
}

static struct seen_exemplars exemplars_of(tacho_metric_reader *reader) {
    struct seen_exemplars seen = {.count = 0};
    cr_assert(
        eq(int, tacho_metric_reader_collect_with(reader, 0, see_all_exemplars, &seen), TACHO_OK));
    return seen;
}

/* --- times --- */

/* EXM-12: over three intervals, with recordings at their first and last moments */
Test(compliance_exemplars, they_lie_between_start_and_time_of_their_delta_point) {
    struct sdk sdk =
        sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_ON,
                 TACHO_OPTIONS(tacho_manual_reader_options,
                               .temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA),
                 NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    for (unsigned interval = 0; interval < 3; interval++) {
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        tacho_histogram_record(histogram, 1, TACHO_NO_ATTRS);
        fake.unix_ns += 1000;
        tacho_histogram_record(histogram, 1000, TACHO_NO_ATTRS);
        const struct seen_exemplars seen = exemplars_of(sdk.reader);
        cr_assert(eq(sz, seen.count, 3));
        for (size_t i = 0; i < seen.count; i++) {
            cr_expect(ge(u64, seen.items[i].time, seen.items[i].start));
            cr_expect(le(u64, seen.items[i].time, seen.items[i].end));
            cr_expect(eq(u64, seen.items[i].end, fake.unix_ns));
        }
    }
    cr_expect(eq(sz, exemplars_of(sdk.reader).count, 0), "handed out once");
    tacho_meter_provider_destroy(sdk.provider);
}

/* EXM-12 */
Test(compliance_exemplars, cumulative_points_keep_them_within_their_longer_interval) {
    struct sdk sdk = sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, NULL, NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS);
    for (unsigned interval = 0; interval < 3; interval++) {
        fake.unix_ns += 1000;
        const struct seen_exemplars seen = exemplars_of(sdk.reader);
        cr_assert(eq(sz, seen.count, 1));
        cr_expect(eq(dbl, seen.items[0].value, 7.0));
        cr_expect(eq(u64, seen.items[0].time, 1000));
        cr_expect(le(u64, seen.items[0].start, 1000));
        cr_expect(eq(u64, seen.items[0].end, fake.unix_ns));
    }
    tacho_meter_provider_destroy(sdk.provider);
}

struct late {
    tacho_observable *observable;
    tacho_counter *counter;
};

static void record_meanwhile(tacho_observer *observer, void *user) {
    struct late *late = user;
    tacho_observe_i64(observer, late->observable, 1, TACHO_NO_ATTRS);
    fake.unix_ns += 30;
    tacho_counter_add(late->counter, 5, TACHO_NO_ATTRS);
}

/* EXM-03: the time is that of the recording, also where the collection that shows it had begun:
 * the one case in which it is after its point's */
Test(compliance_exemplars, what_is_recorded_during_a_collection_keeps_its_time) {
    struct sdk sdk = sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, NULL, NULL);
    struct late late = {.counter = tacho_meter_create_counter(sdk.meter, "c", NULL)};
    late.observable =
        tacho_meter_create_observable_counter(sdk.meter, "o", NULL, record_meanwhile, &late);
    fake.unix_ns = 5000;
    const struct seen_exemplars seen = exemplars_of(sdk.reader);
    bool has_late = false;
    for (size_t i = 0; i < seen.count; i++) {
        if (strcmp(seen.items[i].name, "c") == 0) {
            has_late = true;
            cr_expect(eq(u64, seen.items[i].time, 5030));
            cr_expect(eq(u64, seen.items[i].end, 5000));
        }
    }
    cr_expect(has_late);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- who gets them --- */

static _Atomic(unsigned) asked;

static bool sampled_span(tacho_context *out, void *user) {
    atomic_fetch_add(&asked, 1);
    memset(out->trace_id, 1, sizeof out->trace_id);
    memset(out->span_id, 2, sizeof out->span_id);
    out->trace_flags = *(const uint8_t *)user;
    return true;
}

static size_t exemplars_in_span(tacho_exemplar_filter filter, uint8_t flags) {
    static uint8_t flags_of_hook;
    struct sdk sdk = sdk_with(filter, NULL, NULL);
    flags_of_hook = flags;
    cr_assert(eq(int, tacho_context_set_hook(sampled_span, &flags_of_hook), TACHO_OK));
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1, TACHO_NO_ATTRS);
    const size_t count = exemplars_of(sdk.reader).count;
    cr_assert(eq(int, tacho_context_set_hook(NULL, NULL), TACHO_OK));
    tacho_meter_provider_destroy(sdk.provider);
    return count;
}

/* EXM-02, EXM-06, EXM-07: on by default, for sampled spans */
Test(compliance_exemplars, a_provider_without_options_is_trace_based) {
    unsetenv("OTEL_METRICS_EXEMPLAR_FILTER");
    cr_expect(eq(sz, exemplars_in_span(TACHO_EXEMPLAR_FILTER_DEFAULT, TACHO_TRACE_SAMPLED), 1));
    cr_expect(eq(sz, exemplars_in_span(TACHO_EXEMPLAR_FILTER_DEFAULT, 0), 0));
    cr_expect(eq(sz, exemplars_in_span(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, 0), 1));
}

/* EXM-02, EXM-05: no hook, no clock */
Test(compliance_exemplars, always_off_asks_for_nothing) {
    static uint8_t flags = TACHO_TRACE_SAMPLED;
    struct sdk sdk = sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_OFF, NULL, NULL);
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    cr_assert(eq(int, tacho_context_set_hook(sampled_span, &flags), TACHO_OK));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS); /* a new series needs its start time */
    const unsigned reads = atomic_load(&fake.reads);
    tachoi_alloc_fail_at(1);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_expect(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    cr_expect(eq(u32, atomic_load(&fake.reads), reads));
    cr_expect(eq(u32, atomic_load(&asked), 0));
    cr_expect(eq(sz, exemplars_of(sdk.reader).count, 0));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- attributes --- */

struct two_sets {
    tacho_observable *observable;
};

static void observe_with_two(tacho_observer *observer, void *user) {
    struct two_sets *sets = user;
    tacho_observe_i64(observer, sets->observable, 3,
                      TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
}

/* EXM-13: of synchronous and observable instruments */
Test(compliance_exemplars, point_and_exemplar_together_have_what_was_measured) {
    static const char *const keys[] = {"a"};
    struct sdk sdk =
        sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, NULL,
                 VIEW(.instrument_name = "*", .included_keys = keys, .included_key_count = 1));
    struct two_sets sets = {.observable = NULL};
    sets.observable =
        tacho_meter_create_observable_counter(sdk.meter, "o", NULL, observe_with_two, &sets);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "c", NULL), 1,
                      TACHO_ATTRS(TACHO_I64("b", 2), TACHO_I64("a", 1)));
    const struct seen_exemplars seen = exemplars_of(sdk.reader);
    cr_assert(eq(sz, seen.count, 2));
    cr_expect(eq(str, (char *)seen.items[0].attrs, "a=1,b=2,"));
    cr_expect(eq(str, (char *)seen.items[1].attrs, "a=1,b=2,"));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- reservoirs of views --- */

static _Atomic(unsigned) created;
static _Atomic(unsigned) destroyed;

struct own_reservoir {
    tacho_exemplar last;
    bool has_one;
};

static void *own_create(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)config;
    cr_assert(eq(ptr, user, (void *)&created));
    atomic_fetch_add(&created, 1);
    return calloc(1, sizeof(struct own_reservoir));
}

static void own_offer(void *self, const tacho_exemplar_measurement *measurement) {
    struct own_reservoir *own = self;
    own->last = (tacho_exemplar){.number_type = measurement->number_type,
                                 .value.i64 = measurement->value.i64,
                                 .time_unix_nano = measurement->time_unix_nano};
    own->has_one = true;
}

static void own_collect(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    struct own_reservoir *own = self;
    if (own->has_one) {
        sink(sink_self, &own->last);
    }
}

static void own_destroy(void *self) {
    atomic_fetch_add(&destroyed, 1);
    free(self);
}

/* EXM-08, EXM-09, EXM-23: the view's reservoir, one for each series, of its instruments alone */
Test(compliance_exemplars, a_view_gives_each_series_a_reservoir_of_its_own) {
    static const tacho_exemplar_reservoir_ops ops = {.struct_size = sizeof ops,
                                                     .create = own_create,
                                                     .offer = own_offer,
                                                     .collect = own_collect,
                                                     .destroy = own_destroy};
    struct sdk sdk = sdk_with(TACHO_EXEMPLAR_FILTER_ALWAYS_ON, NULL,
                              VIEW(.instrument_name = "c", .exemplar_reservoir = &ops,
                                   .exemplar_reservoir_user = &created));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "other", NULL), 9, TACHO_NO_ATTRS);
    for (int64_t round = 1; round <= 3; round++) {
        for (int64_t i = 0; i < 2; i++) {
            tacho_counter_add(counter, 10 * round + i, TACHO_ATTRS(TACHO_I64("i", i)));
        }
    }
    cr_expect(eq(u32, atomic_load(&created), 2));
    const struct seen_exemplars seen = exemplars_of(sdk.reader);
    cr_assert(eq(sz, seen.count, 3));
    for (size_t i = 0; i < seen.count; i++) {
        if (strcmp(seen.items[i].name, "c") == 0) {
            const bool is_first = strcmp(seen.items[i].attrs, "i=0,") == 0;
            cr_expect(eq(dbl, seen.items[i].value, is_first ? 30.0 : 31.0), "the last one");
        }
    }
    tacho_meter_provider_destroy(sdk.provider);
    cr_expect(eq(u32, atomic_load(&destroyed), 2));
}
