/* SPDX-License-Identifier: Apache-2.0 */
/* What the SDK measures of its own readers and exporters: names, attributes, and that it neither
 * feeds nor blocks itself. */
#include "sdk_fixture.h"

/* --- an exporter without an account --- */

static const tacho_metric_exporter_ops plain_ops = {
    .struct_size = sizeof plain_ops,
    .name = "plain",
    .export_batch = test_export,
    .destroy = test_destroy,
};

static tacho_metric_reader *make_plain_reader(struct test_exporter *test, size_t max_points) {
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&plain_ops, test, &exporter), TACHO_OK));
    int status = tacho_manual_reader_create(
        exporter, TACHO_OPTIONS(tacho_manual_reader_options, .max_export_batch_size = max_points),
        &reader);
    cr_assert(eq(int, status, TACHO_OK));
    return reader;
}

static tacho_meter_provider *make_observed(tacho_metric_reader *reader,
                                           tacho_meter_provider *observer) {
    tacho_meter_provider *provider = NULL;
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1,
                      .enable_self_observation = true, .self_observation_provider = observer),
        &provider);
    cr_assert(eq(int, status, TACHO_OK));
    return provider;
}

static void add_points(tacho_meter_provider *provider, int64_t count) {
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "app", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "requests", NULL);
    for (int64_t i = 0; i < count; i++) {
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
}

/* --- what the observer sees --- */

struct seen {
    char metric[64];
    char unit[16];
    char component[64];
    char type[64];
    char error[32];
    int64_t value;  /* sums */
    uint64_t count; /* histograms */
    double sum;
    size_t bound_count;
    bool is_monotonic;
};

struct seen_list {
    struct seen items[32];
    size_t count;
};

static void see_self_attributes(struct seen *seen, tacho_attributes attributes) {
    for (size_t i = 0; i < attributes.count; i++) {
        tacho_string key = attributes.items[i].key;
        tacho_string value = attributes.items[i].value.as.string;
        if (key.length == strlen("error.type")) {
            copy_text(seen->error, sizeof seen->error, value);
        } else if (memcmp(key.data, "otel.component.name", key.length) == 0) {
            copy_text(seen->component, sizeof seen->component, value);
        } else {
            copy_text(seen->type, sizeof seen->type, value);
        }
    }
}

static void see_self_point(struct seen_list *list, const tacho_metric *metric, size_t index) {
    struct seen *seen = &list->items[list->count++];
    *seen = (struct seen){.is_monotonic = metric->is_monotonic};
    copy_text(seen->metric, sizeof seen->metric, metric->name);
    copy_text(seen->unit, sizeof seen->unit, metric->unit);
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        seen->count = point->count;
        seen->sum = point->sum;
        seen->bound_count = point->bound_count;
        see_self_attributes(seen, point->attributes);
    } else {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        seen->value = point->value.i64;
        see_self_attributes(seen, point->attributes);
    }
}

static int see_self(const tacho_metric_batch *batch, void *user) {
    struct seen_list *list = user;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            bool is_own = metric->name.length > 9 && memcmp(metric->name.data, "otel.sdk.", 9) == 0;
            for (size_t k = 0; is_own && k < metric->point_count && list->count < 32; k++) {
                see_self_point(list, metric, k);
            }
        }
    }
    return TACHO_OK;
}

static struct seen_list observe(tacho_metric_reader *reader) {
    struct seen_list list = {.count = 0};
    cr_expect(eq(int, tacho_metric_reader_collect_with(reader, 0, see_self, &list), TACHO_OK));
    return list;
}

/* The point of the metric with this error.type, "" for none; NULL if there is none. */
static const struct seen *find(const struct seen_list *list, const char *metric,
                               const char *error) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].metric, metric) == 0 &&
            strcmp(list->items[i].error, error) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

#define COLLECTION "otel.sdk.metric_reader.collection.duration"
#define INFLIGHT "otel.sdk.exporter.metric_data_point.inflight"
#define EXPORTED "otel.sdk.exporter.metric_data_point.exported"
#define OPERATION "otel.sdk.exporter.operation.duration"

/* OBS-01, OBS-02 */
Test(self_observation, collections_and_exports_are_measured_under_the_names_of_opentelemetry) {
    struct sdk observer = make_sdk();
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_plain_reader(&test, 0);
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    add_points(provider, 5);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    struct seen_list list = observe(observer.reader);
    const struct seen *collection = find(&list, COLLECTION, "");
    const struct seen *operation = find(&list, OPERATION, "");
    const struct seen *exported = find(&list, EXPORTED, "");
    const struct seen *inflight = find(&list, INFLIGHT, "");
    cr_assert(collection != NULL && operation != NULL && exported != NULL && inflight != NULL);
    cr_expect(eq(sz, list.count, 4), "error.type only on failure");
    cr_expect(eq(u64, collection->count, 2));
    cr_expect(gt(dbl, collection->sum, 0));
    cr_expect(lt(dbl, collection->sum, 10));
    cr_expect(eq(str, (char *)collection->unit, (char *)"s"));
    cr_expect(eq(sz, collection->bound_count, 0), "empty advisory boundaries");
    cr_expect(eq(sz, operation->bound_count, 0));
    cr_expect(eq(str, (char *)operation->unit, (char *)"s"));
    cr_expect(eq(u64, operation->count, 2));
    cr_expect(eq(i64, exported->value, 10));
    cr_expect(eq(str, (char *)exported->unit, (char *)"{data_point}"));
    cr_expect(exported->is_monotonic);
    cr_expect(eq(i64, inflight->value, 0));
    cr_expect(eq(str, (char *)inflight->unit, (char *)"{data_point}"));
    cr_expect(not(inflight->is_monotonic));
    cr_expect(eq(str, (char *)collection->type, (char *)"manual_metric_reader"));
    cr_expect(eq(int, strncmp(collection->component, "manual_metric_reader/", 21), 0), "%s",
              collection->component);
    cr_expect(eq(str, (char *)exported->type, (char *)"plain_metric_exporter"));
    cr_expect(eq(int, strncmp(exported->component, "plain_metric_exporter/", 22), 0));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}

/* OBS-02: "<type>/<n>", each reader and exporter a number of its own */
Test(self_observation, components_of_one_type_are_numbered) {
    struct sdk observer = make_sdk();
    struct test_exporter test = {0}; /* with an account, in which nothing happens */
    tacho_meter_provider *providers[2];
    for (size_t i = 0; i < 2; i++) {
        tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
        providers[i] = make_observed(reader, observer.provider);
        cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
        struct seen_list list = observe(observer.reader);
        cr_assert(eq(sz, list.count, i + 1));
        const struct seen *seen = &list.items[i];
        cr_expect(eq(str, (char *)seen->type, (char *)"periodic_metric_reader"));
        char expected[64];
        snprintf(expected, sizeof expected, "periodic_metric_reader/%zu", i);
        cr_expect(eq(str, (char *)seen->component, expected));
    }
    tacho_meter_provider_destroy(providers[0]);
    tacho_meter_provider_destroy(providers[1]);
    tacho_meter_provider_destroy(observer.provider);
}

/* OBS-02, OBS-03: each point counts once, for its export; failures by their kind */
Test(self_observation, failures_are_counted_by_their_kind) {
    static const struct {
        int status;
        const char *error;
    } cases[] = {{TACHO_E_TIMEOUT, "timeout"},
                 {TACHO_E_FAILED, "rejected"},
                 {TACHO_E_UNSUPPORTED, "unsupported"},
                 {TACHO_E_NO_MEMORY, "no_memory"},
                 {12345, "_OTHER"}};
    struct sdk observer = make_sdk();
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_plain_reader(&test, 0);
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    add_points(provider, 3);
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test.export_status = cases[i].status;
        tacho_metric_reader_collect(reader, 0);
        struct seen_list list = observe(observer.reader);
        const struct seen *exported = find(&list, EXPORTED, cases[i].error);
        const struct seen *operation = find(&list, OPERATION, cases[i].error);
        const struct seen *inflight = find(&list, INFLIGHT, "");
        cr_assert(exported != NULL && operation != NULL && inflight != NULL, "%s", cases[i].error);
        cr_expect(eq(i64, exported->value, 3));
        cr_expect(eq(u64, operation->count, 1));
        cr_expect(eq(i64, inflight->value, 0));
        cr_expect(eq(ptr, (void *)find(&list, EXPORTED, ""), NULL));
    }
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}

/* OBS-01, OBS-03: what an exporter accepts now and delivers later is measured by its account */
Test(self_observation, an_account_is_told_by_what_it_has_gained) {
    struct sdk observer = make_sdk();
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    test.account = (tacho_delivery){.accepted = 10, .acknowledged = 4, .pending = 6};
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    struct seen_list list = observe(observer.reader);
    cr_assert(ne(ptr, (void *)find(&list, INFLIGHT, ""), NULL));
    cr_assert(ne(ptr, (void *)find(&list, EXPORTED, ""), NULL));
    cr_expect(eq(i64, find(&list, INFLIGHT, "")->value, 6));
    cr_expect(eq(i64, find(&list, EXPORTED, "")->value, 4));
    cr_expect(eq(str, (char *)find(&list, EXPORTED, "")->type, (char *)"test_metric_exporter"));
    cr_expect(eq(ptr, (void *)find(&list, EXPORTED, "rejected"), NULL), "only on failure");
    cr_expect(eq(ptr, (void *)find(&list, OPERATION, ""), NULL), "exports only accept");

    test.account = (tacho_delivery){
        .accepted = 12, .acknowledged = 5, .failed = 2, .dropped = 3, .pending = 2};
    cr_assert(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    list = observe(observer.reader);
    cr_expect(eq(i64, find(&list, INFLIGHT, "")->value, 2));
    cr_expect(eq(i64, find(&list, EXPORTED, "")->value, 5));
    cr_assert(ne(ptr, (void *)find(&list, EXPORTED, "rejected"), NULL));
    cr_assert(ne(ptr, (void *)find(&list, EXPORTED, "dropped"), NULL));
    cr_expect(eq(i64, find(&list, EXPORTED, "rejected")->value, 2));
    cr_expect(eq(i64, find(&list, EXPORTED, "dropped")->value, 3));

    test.account = (tacho_delivery){.accepted = 12, .acknowledged = 7, .failed = 2, .dropped = 3};
    tacho_meter_provider_destroy(provider); /* what its end has settled comes as well */
    list = observe(observer.reader);
    cr_expect(eq(i64, find(&list, INFLIGHT, "")->value, 0));
    cr_expect(eq(i64, find(&list, EXPORTED, "")->value, 7));
    tacho_meter_provider_destroy(observer.provider);
}

/* --- an exporter that measures itself --- */

struct own_metrics {
    unsigned calls;
    unsigned exports_before;
    tacho_meter_provider *provider;
    struct test_exporter test; /* what the other functions of the table get */
};

static void observe_own(void *self, tacho_meter_provider *provider) {
    struct own_metrics *own = self;
    own->calls++;
    own->exports_before = own->test.exports;
    own->provider = provider;
}

static int export_own(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct own_metrics *own = self;
    return test_export(&own->test, batch, deadline_ns);
}

static tacho_metric_reader *make_own_reader(struct own_metrics *own) {
    static const tacho_metric_exporter_ops ops = {.struct_size = sizeof ops,
                                                  .name = "own",
                                                  .export_batch = export_own,
                                                  .observe = observe_own};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, own, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    return reader;
}

/* OBS-01, OBS-04 */
Test(self_observation, an_exporter_is_told_once_where_to_measure_itself) {
    struct sdk observer = make_sdk();
    struct own_metrics own = {0};
    tacho_metric_reader *reader = make_own_reader(&own);
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(u32, own.calls, 1));
    cr_expect(eq(u32, own.exports_before, 0));
    cr_expect(eq(ptr, own.provider, observer.provider));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);

    struct own_metrics global = {0};
    provider = make_observed(make_own_reader(&global), NULL);
    cr_expect(eq(ptr, global.provider, tacho_meter_provider_global()));
    tacho_meter_provider_destroy(provider);
}

/* OBS-04: opt-in */
Test(self_observation, an_exporter_is_not_told_where_it_is_off) {
    struct own_metrics own = {0};
    tacho_metric_reader *reader = make_own_reader(&own);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(u32, own.calls, 0));
    tacho_meter_provider_destroy(provider);
}

static int fail_to_produce(void *self, const tacho_produce_request *request, tacho_produced *out) {
    (void)self;
    (void)request;
    (void)out;
    return TACHO_E_FAILED;
}

/* OBS-02, RDR-08 */
Test(self_observation, a_failed_collection_has_an_error_type) {
    static const tacho_metric_producer_ops ops = {
        .struct_size = sizeof ops, .name = "broken", .produce = fail_to_produce};
    struct sdk observer = make_sdk();
    tacho_metric_producer *producer = NULL;
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_metric_producer_create(&ops, NULL, &producer), TACHO_OK));
    int status = tacho_manual_reader_create(
        NULL,
        TACHO_OPTIONS(tacho_manual_reader_options, .producers = &producer, .producer_count = 1),
        &reader);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    capture_diagnostics();
    free(collect(reader));
    struct seen_list list = observe(observer.reader);
    cr_expect(eq(sz, list.count, 1));
    cr_expect(ne(ptr, (void *)find(&list, COLLECTION, "failed"), NULL));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}

/* OBS-03: a part is an export of its own; no point counts twice */
Test(self_observation, parts_of_a_batch_are_exports_of_their_own) {
    struct sdk observer = make_sdk();
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_plain_reader(&test, 2);
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    add_points(provider, 5);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    struct seen_list list = observe(observer.reader);
    cr_assert(ne(ptr, (void *)find(&list, EXPORTED, ""), NULL));
    cr_expect(eq(i64, find(&list, EXPORTED, "")->value, 5));
    cr_expect(eq(u64, find(&list, OPERATION, "")->count, 3));
    cr_expect(eq(u64, find(&list, COLLECTION, "")->count, 1));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}

struct inflight_watch {
    tacho_metric_reader *observer;
    int64_t inflight;
};

static int watch_inflight(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct inflight_watch *watch = self;
    (void)batch;
    (void)deadline_ns;
    struct seen_list list = observe(watch->observer);
    const struct seen *inflight = find(&list, INFLIGHT, "");
    watch->inflight = inflight != NULL ? inflight->value : -1;
    return TACHO_OK;
}

/* OBS-03: points are in flight for as long as their export takes */
Test(self_observation, points_are_in_flight_while_they_are_exported) {
    static const tacho_metric_exporter_ops ops = {
        .struct_size = sizeof ops, .name = "watch", .export_batch = watch_inflight};
    struct sdk observer = make_sdk();
    struct inflight_watch watch = {.observer = observer.reader};
    tacho_metric_exporter *exporter = NULL;
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_metric_exporter_create(&ops, &watch, &exporter), TACHO_OK));
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    add_points(provider, 4);
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    cr_expect(eq(i64, watch.inflight, 4));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}

/* OBS-04: opt-in */
Test(self_observation, it_is_off_unless_asked_for) {
    struct test_exporter test = {0};
    tacho_metric_reader *readers[] = {make_plain_reader(&test, 0), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    cr_assert(eq(int, tacho_meter_provider_set_global(provider), TACHO_OK));
    cr_expect(eq(int, tacho_metric_reader_collect(readers[0], 0), TACHO_OK));
    struct seen_list list = observe(readers[1]);
    cr_expect(eq(sz, list.count, 0));
    tacho_meter_provider_destroy(provider);
}

/* OBS-04: without a provider given the global one measures, which may be this very one: each
 * collection then brings the measurement of the one before, and no more series than at first */
Test(self_observation, a_provider_that_measures_itself_neither_blocks_nor_grows) {
    struct test_exporter test = {0};
    tacho_metric_reader *reader = make_plain_reader(&test, 0);
    tacho_meter_provider *provider = make_observed(reader, NULL);
    cr_assert(eq(int, tacho_meter_provider_set_global(provider), TACHO_OK));
    add_points(provider, 2);
    capture_diagnostics();
    for (unsigned i = 0; i < 5; i++) {
        cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    }
    struct seen_list list = observe(reader);
    cr_expect(eq(sz, list.count, 4));
    cr_assert(ne(ptr, (void *)find(&list, COLLECTION, ""), NULL));
    cr_expect(eq(u64, find(&list, COLLECTION, "")->count, 5));
    cr_expect(eq(i64, find(&list, EXPORTED, "")->value, 2 + 4 * 6));
    cr_expect(eq(int, tacho_meter_provider_shutdown(provider, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
}

/* ENV-09 */
Test(self_observation, a_disabled_sdk_does_not_measure_itself) {
    struct sdk observer = make_sdk();
    setenv("OTEL_SDK_DISABLED", "true", 1);
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_observed(reader, observer.provider);
    free(collect(reader));
    struct seen_list list = observe(observer.reader);
    cr_expect(eq(sz, list.count, 0));
    tacho_meter_provider_destroy(provider);
    tacho_meter_provider_destroy(observer.provider);
}
