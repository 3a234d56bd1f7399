/* SPDX-License-Identifier: Apache-2.0 */
/* Collections that are read part by part, because the exporter wants batches of few points: what is
 * in the parts, and what may happen between them. */
#include <stddef.h>

#include "sdk_fixture.h"

enum { MAX_PARTS = 256 };

/* What an exporter was given. */
struct parts {
    tacho_metric_exporter_ops ops;
    struct collected all; /* every point, in order */
    size_t count;
    size_t points[MAX_PARTS];
    size_t metrics[MAX_PARTS];
    bool has_more[MAX_PARTS];
    uint64_t times[MAX_PARTS];
    const tacho_scope *scopes[8]; /* identities, in order */
    size_t scope_count;
    size_t fails_at;             /* the part whose export fails, from 1; 0 = none */
    void (*between)(void *user); /* called in each export; NULL = nothing */
    void *user;
    tacho_observable *observed;
};

static void see_scope(struct parts *parts, const tacho_scope *scope) {
    if (parts->scope_count == 0 || parts->scopes[parts->scope_count - 1] != scope) {
        cr_assert(lt(sz, parts->scope_count, 8));
        parts->scopes[parts->scope_count++] = scope;
    }
}

static int see_part(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct parts *parts = self;
    const size_t metrics = parts->all.metric_count;
    (void)deadline_ns;
    cr_assert(lt(sz, parts->count, MAX_PARTS));
    (void)see_batch(batch, &parts->all);
    parts->points[parts->count] = batch->point_count;
    parts->metrics[parts->count] = parts->all.metric_count - metrics;
    parts->has_more[parts->count] = batch->has_more;
    parts->times[parts->count] = batch->time_unix_nano;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        see_scope(parts, scope->scope);
        cr_expect(gt(sz, scope->metric_count, 0), "no scope without metrics");
        for (size_t j = 0; j < scope->metric_count; j++) {
            cr_expect(gt(sz, tacho_scope_metrics_metric(scope, j)->point_count, 0));
        }
    }
    parts->count++;
    if (parts->between != NULL) {
        parts->between(parts->user);
    }
    return parts->count == parts->fails_at ? TACHO_E_FAILED : TACHO_OK;
}

static tacho_metric_exporter *make_parts_exporter(struct parts *parts, size_t batch_points) {
    tacho_metric_exporter *exporter = NULL;
    parts->ops = (tacho_metric_exporter_ops){.struct_size = sizeof parts->ops,
                                             .name = "parts",
                                             .export_batch = see_part,
                                             .batch_points = batch_points};
    cr_assert(eq(int, tacho_metric_exporter_create(&parts->ops, parts, &exporter), TACHO_OK));
    return exporter;
}

/* A provider with one reader, to be torn down with tear_down. */
static struct sdk make_parts_sdk(struct parts **parts, size_t batch_points,
                                 tacho_manual_reader_options options) {
    struct sdk sdk = {.reader = NULL};
    *parts = calloc(1, sizeof **parts);
    cr_assert(ne(ptr, *parts, NULL));
    options.struct_size = sizeof options;
    cr_assert(eq(int,
                 tacho_manual_reader_create(make_parts_exporter(*parts, batch_points), &options,
                                            &sdk.reader),
                 TACHO_OK));
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    return sdk;
}

static void tear_down(struct sdk *sdk, struct parts *parts) {
    tacho_meter_provider_destroy(sdk->provider);
    free(parts);
}

static void forget(struct parts *parts) {
    memset(&parts->all, 0, sizeof parts->all);
    parts->count = parts->scope_count = 0;
}

/* Full parts of one collection, none empty but an only one. */
static void check_parts(const struct parts *parts, size_t total, size_t most) {
    const size_t expected = total == 0 ? 1 : (total + most - 1) / most;
    cr_assert(eq(sz, parts->count, expected), "%zu points in parts of %zu", total, most);
    for (size_t i = 0; i < parts->count; i++) {
        const bool is_last = i + 1 == parts->count;
        cr_expect(eq(sz, parts->points[i], is_last ? total - i * most : most), "part %zu", i);
        cr_expect(eq(int, parts->has_more[i], !is_last), "part %zu", i);
        cr_expect(eq(u64, parts->times[i], parts->times[0]));
    }
    cr_expect(eq(sz, parts->all.count, total));
}

static void expect_ok(const struct sdk *sdk) {
    cr_expect(eq(int, tacho_metric_reader_collect(sdk->reader, 0), TACHO_OK));
}

/* The sum of the metric's points. */
static int64_t sum_of(const struct parts *parts, const char *name) {
    int64_t sum = 0;
    const struct seen_point *point = NULL;
    for (size_t i = 0; (point = point_of(&parts->all, name, i)) != NULL; i++) {
        sum += point->i64;
    }
    return sum;
}

/* --- what is in the parts --- */

static void observe_three(tacho_observer *observer, void *user) {
    for (int64_t i = 0; i < 3; i++) {
        tacho_observe_i64(observer, ((struct parts *)user)->observed, 10 * i,
                          TACHO_ATTRS(TACHO_I64("i", i)));
    }
}

/* Three scopes: 5 sums, 3 observed gauges; nothing; 4 histograms, 2 gauges. */
static void record_shapes(const struct sdk *sdk, struct parts *parts) {
    tacho_meter *empty = tacho_meter_provider_get_meter(sdk->provider, "empty", NULL);
    tacho_meter *other = tacho_meter_provider_get_meter(sdk->provider, "other", NULL);
    tacho_counter *sums = tacho_meter_create_counter(sdk->meter, "sums", NULL);
    parts->observed =
        tacho_meter_create_observable_gauge(sdk->meter, "observed", NULL, observe_three, parts);
    (void)tacho_meter_create_counter(empty, "unused", NULL);
    tacho_histogram *histograms = tacho_meter_create_histogram(other, "histograms", NULL);
    tacho_gauge_f64 *gauges = tacho_meter_create_gauge_f64(other, "gauges", NULL);
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(sums, i + 1, TACHO_ATTRS(TACHO_I64("i", i), TACHO_STR("k", "v")));
    }
    for (int64_t i = 0; i < 4; i++) {
        tacho_histogram_record(histograms, (double)(7 * i), TACHO_ATTRS(TACHO_I64("i", i)));
        tacho_gauge_f64_record(gauges, (double)i, TACHO_ATTRS(TACHO_I64("i", i % 2)));
    }
}

static void check_same_points(const struct collected *a, const struct collected *b) {
    cr_assert(eq(sz, a->count, b->count));
    for (size_t i = 0; i < a->count; i++) {
        const struct seen_point *x = &a->points[i];
        const struct seen_point *y = &b->points[i];
        cr_expect(eq(str, (char *)x->scope, (char *)y->scope), "point %zu", i);
        cr_expect(eq(str, (char *)x->name, (char *)y->name), "point %zu", i);
        cr_expect(eq(str, (char *)x->attrs, (char *)y->attrs), "point %zu", i);
        cr_expect(eq(i64, x->i64, y->i64), "point %zu", i);
        cr_expect(eq(dbl, x->f64, y->f64), "point %zu", i);
        cr_expect(eq(dbl, x->sum, y->sum), "point %zu", i);
        cr_expect(eq(u64, x->count, y->count), "point %zu", i);
        cr_expect(eq(int, (int)x->type, (int)y->type), "point %zu", i);
        cr_expect(eq(int, memcmp(x->buckets, y->buckets, sizeof x->buckets), 0), "point %zu", i);
    }
}

static void check_shapes(size_t most, tacho_temporality_preference preference) {
    struct parts *parts = NULL;
    struct parts *whole = NULL;
    const tacho_manual_reader_options options = {.temporality_preference = preference};
    struct sdk sdk = make_parts_sdk(&parts, most, options);
    struct sdk reference = make_parts_sdk(&whole, 0, options);
    for (int round = 0; round < 3; round++) {
        record_shapes(&reference, whole);
        expect_ok(&reference);
        check_parts(whole, 14, 1000);
        record_shapes(&sdk, parts);
        expect_ok(&sdk);
        check_parts(parts, 14, most);
        check_same_points(&parts->all, &whole->all);
        cr_expect(eq(sz, parts->scope_count, 2), "each scope comes under one identity");
        forget(parts);
        forget(whole);
    }
    tear_down(&sdk, parts);
    tear_down(&reference, whole);
}

/* RDR-19, RDR-20 */
Test(collection_parts, parts_hold_what_the_whole_collection_holds) {
    for (size_t most = 1; most <= 16; most++) {
        check_shapes(most, TACHO_TEMPORALITY_PREFER_CUMULATIVE);
        check_shapes(most, TACHO_TEMPORALITY_PREFER_DELTA);
    }
}

/* RDR-19: the last part is never empty, though series of it were looked at */
Test(collection_parts, series_without_points_make_no_part) {
    struct parts *parts = NULL;
    struct sdk sdk = make_parts_sdk(
        &parts, 2,
        (tacho_manual_reader_options){.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA});
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "counter", NULL);
    tacho_histogram *unused = tacho_meter_create_histogram(sdk.meter, "unused", NULL);
    tacho_bound_histogram *bound = tacho_histogram_bind(unused, TACHO_NO_ATTRS);
    for (int64_t i = 0; i < 6; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    expect_ok(&sdk);
    check_parts(parts, 6, 2);
    forget(parts);
    expect_ok(&sdk);
    check_parts(parts, 0, 2);
    forget(parts);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 1)));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 4)));
    expect_ok(&sdk);
    check_parts(parts, 2, 2);
    (void)tacho_bound_histogram_release(bound);
    tear_down(&sdk, parts);
}

/* RDR-19 */
Test(collection_parts, the_smaller_of_both_sizes_counts) {
    static const size_t sizes[][3] = {{4, 3, 3}, {3, 4, 3}, {0, 3, 3}, {3, 0, 3}, {0, 0, 100}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct parts *parts = NULL;
        struct sdk sdk =
            make_parts_sdk(&parts, sizes[i][0],
                           (tacho_manual_reader_options){.max_export_batch_size = sizes[i][1]});
        record_shapes(&sdk, parts);
        expect_ok(&sdk);
        check_parts(parts, 14, sizes[i][2]);
        struct collected *whole = collect(sdk.reader);
        cr_expect(eq(sz, whole->point_count, 14), "a consumer gets all at once");
        free(whole);
        tear_down(&sdk, parts);
    }
}

/* A table of before the member existed. */
Test(collection_parts, an_older_table_gets_whole_collections) {
    struct parts *parts = calloc(1, sizeof *parts);
    struct sdk sdk = {.reader = NULL};
    tacho_metric_exporter *exporter = NULL;
    cr_assert(ne(ptr, parts, NULL));
    parts->ops = (tacho_metric_exporter_ops){.struct_size =
                                                 offsetof(tacho_metric_exporter_ops, batch_points),
                                             .name = "old",
                                             .export_batch = see_part,
                                             .batch_points = 1};
    cr_assert(eq(int, tacho_metric_exporter_create(&parts->ops, parts, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &sdk.reader), TACHO_OK));
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    record_shapes(&sdk, parts);
    expect_ok(&sdk);
    check_parts(parts, 14, 100);
    tear_down(&sdk, parts);
}

/* --- what happens between them --- */

struct meddler {
    tacho_counter *counter;
    const struct parts *parts;
    int64_t next; /* the set that is made next */
    int64_t recorded;
};

/* Adds to a set that has been exported, to one that has not, and to a new one; removes one of each.
 */
static void meddle(void *user) {
    struct meddler *meddler = user;
    const size_t part = meddler->parts->count;
    static const int64_t known[] = {0, 9};
    if (part > 5) { /* else there are ever more parts */
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        tacho_counter_add(meddler->counter, 100, TACHO_ATTRS(TACHO_I64("i", known[i])));
        meddler->recorded += 100;
    }
    tacho_counter_add(meddler->counter, 1, TACHO_ATTRS(TACHO_I64("i", meddler->next)));
    meddler->next++;
    meddler->recorded++;
    if (part % 2 == 1) {
        (void)tacho_counter_remove(meddler->counter, TACHO_ATTRS(TACHO_I64("i", 1)));
        (void)tacho_counter_remove(meddler->counter, TACHO_ATTRS(TACHO_I64("i", 8)));
    }
}

/* A set that was removed begins anew; so for cumulative streams only the sets that stay count. */
static void check_meddling(size_t most, bool is_delta) {
    struct parts *parts = NULL;
    struct sdk sdk = make_parts_sdk(
        &parts, most,
        (tacho_manual_reader_options){.temporality_preference =
                                          is_delta ? TACHO_TEMPORALITY_PREFER_DELTA
                                                   : TACHO_TEMPORALITY_PREFER_CUMULATIVE});
    struct meddler meddler = {.counter = tacho_meter_create_counter(sdk.meter, "counter", NULL),
                              .parts = parts,
                              .next = 10};
    int64_t exported = 0;
    parts->between = meddle;
    parts->user = &meddler;
    for (int round = 0; round < 8; round++) {
        for (int64_t i = 0; i < 10; i++) {
            tacho_counter_add(meddler.counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
            meddler.recorded++;
        }
        parts->between = round < 6 ? meddle : NULL;
        expect_ok(&sdk);
        for (size_t i = 0; i < parts->count; i++) {
            cr_expect(eq(int, parts->has_more[i], i + 1 < parts->count));
            cr_expect(i + 1 == parts->count || parts->points[i] == most);
            cr_expect(gt(sz, parts->points[i], 0));
        }
        exported += sum_of(parts, "counter");
        forget(parts);
    }
    if (is_delta) {
        cr_expect(eq(i64, exported, meddler.recorded), "parts of %zu", most);
    } else {
        expect_ok(&sdk);
        cr_expect(ge(sz, parts->all.count, 10));
        const struct seen_point *first = point_with(&parts->all, "counter", "i=0");
        const struct seen_point *last = point_with(&parts->all, "counter", "i=9");
        cr_assert(first != NULL && last != NULL);
        cr_expect(eq(i64, first->i64, last->i64));
        cr_expect(gt(i64, first->i64, 8));
    }
    tear_down(&sdk, parts);
}

/* RDR-19, TIME-12 */
Test(collection_parts, recording_and_removal_between_parts_lose_nothing) {
    for (size_t most = 1; most <= 7; most++) {
        check_meddling(most, true);
        check_meddling(most, false);
    }
}

static void collect_inside(void *user) {
    cr_expect(eq(int, tacho_metric_reader_collect(user, 0), TACHO_E_BUSY));
}

Test(collection_parts, the_reader_is_busy_between_parts) {
    struct parts *parts = NULL;
    struct sdk sdk = make_parts_sdk(&parts, 3, (tacho_manual_reader_options){0});
    parts->between = collect_inside;
    parts->user = sdk.reader;
    record_shapes(&sdk, parts);
    expect_ok(&sdk);
    check_parts(parts, 14, 3);
    parts->between = NULL;
    tear_down(&sdk, parts);
}

/* RDR-19, EXP-07 */
Test(collection_parts, a_part_that_fails_is_lost_alone) {
    for (size_t fails_at = 1; fails_at <= 3; fails_at++) {
        struct parts *parts = NULL;
        struct sdk sdk =
            make_parts_sdk(&parts, 2,
                           (tacho_manual_reader_options){.temporality_preference =
                                                             TACHO_TEMPORALITY_PREFER_DELTA});
        tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "counter", NULL);
        capture_diagnostics();
        for (int64_t i = 0; i < 5; i++) {
            tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        }
        parts->fails_at = fails_at;
        cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_E_FAILED));
        check_parts(parts, 5, 2);
        cr_expect(fails_at > 1 || was_told("export_failed", "2 points"));
        forget(parts);
        parts->fails_at = 0;
        expect_ok(&sdk);
        check_parts(parts, 0, 2);
        tear_down(&sdk, parts);
    }
}

/* RDR-16: shutdown exports the last collection, in parts too */
Test(collection_parts, the_last_collection_comes_whole) {
    struct parts *parts = NULL;
    struct sdk sdk = make_parts_sdk(&parts, 4, (tacho_manual_reader_options){0});
    record_shapes(&sdk, parts);
    cr_expect(eq(int, tacho_meter_provider_shutdown(sdk.provider, 0), TACHO_OK));
    check_parts(parts, 14, 4);
    tear_down(&sdk, parts);
}

/* --- filter, producers --- */

static tacho_metric_filter_result judge(void *user, const tacho_metric_identity *metric) {
    (void)user;
    switch (metric->name.data[0]) {
    case 's': /* sums */
        return TACHO_METRIC_ACCEPT_PARTIAL;
    case 'h': /* histograms */
        return TACHO_METRIC_DROP;
    default:
        return TACHO_METRIC_ACCEPT;
    }
}

static bool is_odd(void *user, const tacho_metric_identity *metric, tacho_attributes attributes) {
    (void)user;
    (void)metric;
    return attributes.items[0].value.as.i64 % 2 == 1;
}

/* FLT-01..03: what is left out neither fills a part nor announces one */
Test(collection_parts, what_the_filter_leaves_out_takes_no_room) {
    static const tacho_metric_filter filter = {
        .struct_size = sizeof filter, .test_metric = judge, .test_attributes = is_odd};
    for (size_t most = 1; most <= 8; most++) {
        struct parts *parts = NULL;
        struct sdk sdk =
            make_parts_sdk(&parts, most,
                           (tacho_manual_reader_options){.metric_filter = &filter,
                                                         .temporality_preference =
                                                             TACHO_TEMPORALITY_PREFER_DELTA});
        record_shapes(&sdk, parts);
        expect_ok(&sdk);
        check_parts(parts, 2 + 3 + 2, most);
        tear_down(&sdk, parts);
    }
}

static bool is_first(void *user, const tacho_metric_identity *metric, tacho_attributes attributes) {
    (void)user;
    (void)metric;
    return attributes.items[0].value.as.i64 == 0;
}

static tacho_metric_filter_result judge_all(void *user, const tacho_metric_identity *metric) {
    (void)user;
    (void)metric;
    return TACHO_METRIC_ACCEPT_PARTIAL;
}

/* FLT-03: many are rejected in a row, and all that is behind the last part */
Test(collection_parts, a_filter_may_reject_almost_all) {
    static const tacho_metric_filter filter = {
        .struct_size = sizeof filter, .test_metric = judge_all, .test_attributes = is_first};
    struct parts *parts = NULL;
    struct sdk sdk =
        make_parts_sdk(&parts, 1, (tacho_manual_reader_options){.metric_filter = &filter});
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "counter", NULL);
    for (int64_t i = 999; i >= 0; i--) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i % 500 == 0 ? i / 500 : i + 2)));
    }
    for (int round = 0; round < 2; round++) {
        expect_ok(&sdk);
        check_parts(parts, 1, 1);
        forget(parts);
    }
    tear_down(&sdk, parts);
}

/* Whether a first collection, of which the filter keeps one point of `count`, does with fewer than
 * `allocations`. */
static bool rejects_within(int64_t count, uint64_t allocations) {
    static const tacho_metric_filter filter = {
        .struct_size = sizeof filter, .test_metric = judge_all, .test_attributes = is_first};
    struct parts *parts = NULL;
    struct sdk sdk =
        make_parts_sdk(&parts, 1, (tacho_manual_reader_options){.metric_filter = &filter});
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "counter", NULL);
    for (int64_t i = 0; i < count; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    tachoi_alloc_fail_at(allocations);
    (void)tacho_metric_reader_collect(sdk.reader, 0);
    const bool is_within = tachoi_alloc_fail_pending();
    tachoi_alloc_fail_at(0);
    tear_down(&sdk, parts);
    return is_within;
}

/* FLT-03: what is rejected is forgotten at once, however much it is */
Test(collection_parts, what_is_rejected_leaves_no_memory_behind) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    uint64_t allocations = 1;
    while (!rejects_within(100, allocations)) {
        allocations++;
    }
    cr_expect(lt(u64, allocations, 20));
    cr_expect(rejects_within(1900, allocations), "%d for 100", (int)allocations);
}

static int produce_points(void *self, const tacho_produce_request *request, tacho_produced *out) {
    static const tacho_scope scope = {.name = {.data = "produced", .length = 8}};
    static tacho_number_point points[5];
    static tacho_metric metric = {.name = {.data = "produced", .length = 8},
                                  .type = TACHO_METRIC_GAUGE,
                                  .number_type = TACHO_NUMBER_I64,
                                  .points = points,
                                  .point_size = sizeof points[0]};
    static const tacho_scope_metrics scopes = {
        .scope = &scope, .metrics = &metric, .metric_count = 1, .metric_size = sizeof metric};
    metric.point_count = *(size_t *)self;
    for (size_t i = 0; i < 5; i++) {
        points[i].time_unix_nano = request->time_unix_nano;
    }
    *out = (tacho_produced){.struct_size = sizeof *out,
                            .scopes = &scopes,
                            .scope_count = 1,
                            .scope_size = sizeof scopes};
    return TACHO_OK;
}

/* RDR-19, PRD-01: behind the SDK's own, in the same parts */
Test(collection_parts, metrics_of_producers_come_last) {
    static const tacho_metric_producer_ops ops = {
        .struct_size = sizeof ops, .name = "test", .produce = produce_points};
    for (size_t produced = 0; produced <= 5; produced++) {
        for (size_t most = 1; most <= 20; most++) {
            tacho_metric_producer *producer = NULL;
            struct parts *parts = NULL;
            cr_assert(eq(int, tacho_metric_producer_create(&ops, &produced, &producer), TACHO_OK));
            struct sdk sdk = make_parts_sdk(
                &parts, most,
                (tacho_manual_reader_options){.producers = &producer, .producer_count = 1});
            record_shapes(&sdk, parts);
            expect_ok(&sdk);
            check_parts(parts, 14 + produced, most);
            tear_down(&sdk, parts);
        }
    }
}

/* --- memory --- */

/* What could not be read comes later; nothing is lost or comes twice, and what is announced
 * follows. */
static bool collects_without_memory(uint64_t k, size_t most) {
    struct parts *parts = NULL;
    struct sdk sdk = make_parts_sdk(
        &parts, most,
        (tacho_manual_reader_options){.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA});
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "counter", NULL);
    tacho_counter *other = tacho_meter_create_counter(sdk.meter, "other", NULL);
    for (int64_t i = 0; i < 40; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i), TACHO_STR("k", "value")));
        tacho_counter_add(other, 1, TACHO_ATTRS(TACHO_I64("i", i), TACHO_STR("k", "value")));
    }
    tachoi_alloc_fail_at(k);
    int status = tacho_metric_reader_collect(sdk.reader, 0);
    const bool has_failed = !tachoi_alloc_fail_pending();
    tachoi_alloc_fail_at(0);
    cr_expect(eq(int, status, has_failed ? TACHO_E_NO_MEMORY : TACHO_OK));
    for (size_t i = 0; i < parts->count; i++) {
        cr_expect(eq(int, parts->has_more[i], i + 1 < parts->count));
        cr_expect(parts->points[i] == most || i + 1 == parts->count);
    }
    expect_ok(&sdk);
    cr_expect(eq(i64, sum_of(parts, "counter"), 40), "allocation %d", (int)k);
    cr_expect(eq(i64, sum_of(parts, "other"), 40), "allocation %d", (int)k);
    tear_down(&sdk, parts);
    return !has_failed;
}

Test(collection_parts, without_memory_nothing_is_lost) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    static const size_t sizes[] = {1, 7, 16, 64, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t k = 1;
        while (!collects_without_memory(k, sizes[i]) && k < 100) {
            k++;
        }
        cr_expect(gt(u64, k, 4));
        cr_expect(lt(u64, k, 100));
    }
}

Test(collection_parts, a_steady_collection_allocates_nothing) {
    for (size_t most = 1; most <= 20; most++) {
        struct parts *parts = NULL;
        struct sdk sdk = make_parts_sdk(&parts, most, (tacho_manual_reader_options){0});
        record_shapes(&sdk, parts);
        for (int i = 0; i < 4; i++) {
            forget(parts);
            expect_ok(&sdk);
        }
        forget(parts);
        tachoi_alloc_fail_at(1);
        expect_ok(&sdk);
        cr_expect(tachoi_alloc_fail_pending(), "parts of %zu", most);
        tachoi_alloc_fail_at(0);
        tear_down(&sdk, parts);
    }
}
