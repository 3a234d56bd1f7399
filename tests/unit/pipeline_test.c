/* SPDX-License-Identifier: Apache-2.0 */
/* Collections: what a batch looks like, time, two readers at once, memory running out. */
#include "sdk_fixture.h"

Test(pipeline, scopes_and_metrics_come_in_order_of_creation_without_the_empty_ones) {
    struct sdk sdk = make_sdk();
    tacho_meter *other = tacho_meter_provider_get_meter(sdk.provider, "other", NULL);
    tacho_meter_provider_get_meter(sdk.provider, "idle", NULL);
    tacho_counter *z = tacho_meter_create_counter(sdk.meter, "z", NULL);
    tacho_counter *b = tacho_meter_create_counter(other, "b", NULL);
    tacho_meter_create_counter(sdk.meter, "unused", NULL);
    tacho_counter *a = tacho_meter_create_counter(sdk.meter, "a", NULL);
    tacho_counter_add(b, 1, TACHO_NO_ATTRS);
    tacho_counter_add(a, 1, TACHO_NO_ATTRS);
    tacho_counter_add(z, 1, TACHO_NO_ATTRS);
    tacho_counter_add(z, 1, TACHO_ATTRS(TACHO_STR("k", "v")));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->scope_count, 2));
    cr_expect(eq(sz, collected->metric_count, 3));
    cr_expect(eq(sz, collected->point_count, 4));
    cr_assert(eq(sz, collected->count, 4));
    cr_expect(eq(str, collected->points[0].name, (char *)"z"));
    cr_expect(eq(str, collected->points[2].name, (char *)"a"));
    cr_expect(eq(str, collected->points[3].name, (char *)"b"));
    cr_expect(eq(str, collected->points[3].scope, (char *)"other"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(pipeline, nothing_recorded_gives_an_empty_batch) {
    struct sdk sdk = make_sdk();
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(int, collected->status, TACHO_OK));
    cr_expect(eq(sz, collected->scope_count, 0));
    cr_expect(eq(sz, collected->point_count, 0));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static int see_scope(const tacho_metric_batch *batch, void *user) {
    bool *is_right = user;
    const tacho_scope *scope = tacho_metric_batch_scope(batch, 0)->scope;
    *is_right = scope->name.length == 3 && memcmp(scope->name.data, "lib", 3) == 0 &&
                scope->version.length == 1 && scope->version.data[0] == '1' &&
                scope->schema_url.length == 1 && scope->schema_url.data[0] == 'u' &&
                scope->attributes.count == 2 && scope->attributes.items[0].key.data[0] == 'a' &&
                scope->attributes.items[1].key.data[0] == 'b' &&
                scope->attributes.items[1].value.as.i64 == 2;
    return TACHO_OK;
}

/* SDK-04, EXP-03 */
Test(pipeline, a_batch_tells_the_scope_with_sorted_attributes) {
    struct sdk sdk = make_sdk();
    bool is_right = false;
    tacho_meter *meter = tacho_meter_provider_get_meter(
        sdk.provider, "lib",
        TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                      .attributes = TACHO_ATTRS(TACHO_I64("b", 2), TACHO_STR("a", "1"))));
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_metric_reader_collect_with(sdk.reader, 0, see_scope, &is_right);
    cr_expect(is_right);
    tacho_meter_provider_destroy(sdk.provider);
}

struct passing {
    struct fake_time *time;
    tacho_observable *observable;
};

static void observe_while_time_passes(tacho_observer *observer, void *user) {
    struct passing *passing = user;
    passing->time->unix_ns += 5;
    tacho_observe_i64(observer, passing->observable, 1, TACHO_NO_ATTRS);
}

/* TIME-04, TIME-05, TIME-09 */
Test(pipeline, one_collection_gives_all_points_the_time_of_its_beginning) {
    struct fake_time time = {.unix_ns = 1000, .monotonic_ns = 7};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct passing passing = {.time = &time};
    passing.observable = tacho_meter_create_observable_counter(meter, "o", NULL,
                                                               observe_while_time_passes, &passing);
    time.unix_ns = 1500;
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 1, TACHO_NO_ATTRS);
    time.unix_ns = 2000;
    struct collected *first = collect(reader);
    time.unix_ns = 3000;
    struct collected *second = collect(reader);
    cr_expect(eq(u64, first->time, 2000));
    cr_expect(eq(u64, point_of(first, "o", 0)->time, 2000));
    cr_expect(eq(u64, point_of(first, "c", 0)->time, 2000));
    cr_expect(eq(u64, point_of(second, "o", 0)->time, 3000));
    cr_expect(eq(u64, point_of(first, "o", 0)->start_time, 1000), "creation of the instrument");
    cr_expect(eq(u64, point_of(second, "o", 0)->start_time, 1000));
    cr_expect(eq(u64, point_of(first, "c", 0)->start_time, 1500),
              "first measurement"); /* TIME-08 */
    cr_expect(eq(u64, point_of(second, "c", 0)->start_time, 1500));
    free(first);
    free(second);
    tacho_meter_provider_destroy(provider);
}

/* PERF-01: recording a known series reads no clock */
Test(pipeline, recording_a_known_series_reads_no_clock_and_allocates_nothing) {
    struct fake_time time = {.unix_ns = 1000};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_STR("a", "b")));
    unsigned reads = atomic_load(&time.reads);
    tachoi_alloc_fail_at(1);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_STR("a", "b")));
    tacho_counter_add(counter, -1, TACHO_ATTRS(TACHO_STR("a", "b")));
    cr_expect(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    cr_expect(eq(u32, atomic_load(&time.reads), reads));
    tacho_meter_provider_destroy(provider);
}

/* RDR-03, RDR-04 */
Test(pipeline, readers_of_equal_configuration_see_the_same_cumulative_values) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(readers[0], "c"), 1));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(readers[0], "c"), 2));
    cr_expect(eq(i64, value_of(readers[1], "c"), 2));
    tacho_meter_provider_destroy(provider);
}

struct sampling {
    tacho_metric_reader *reader;
    bool is_growing;
};

static void *sample_often(void *argument) {
    struct sampling *sampling = argument;
    int64_t last = 0;
    sampling->is_growing = true;
    for (int i = 0; i < 200; i++) {
        int64_t value = value_of(sampling->reader, "c");
        sampling->is_growing = sampling->is_growing && value >= last;
        last = value;
    }
    return NULL;
}

Test(pipeline, two_readers_may_collect_at_once_while_others_record) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    struct sampling samplings[2];
    pthread_t threads[2];
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    for (int i = 0; i < 2; i++) {
        samplings[i] = (struct sampling){.reader = readers[i]};
        cr_assert(eq(int, pthread_create(&threads[i], NULL, sample_often, &samplings[i]), 0));
    }
    for (int64_t i = 1; i < 50000; i++) {
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(samplings[i].is_growing, "a cumulative sum stepped back");
        cr_expect(eq(i64, value_of(readers[i], "c"), 50000));
    }
    tacho_meter_provider_destroy(provider);
}

static void observe_two(tacho_observer *observer, void *user) {
    tacho_observable *observable = *(tacho_observable **)user;
    tacho_observe_i64(observer, observable, 1, TACHO_ATTRS(TACHO_STR("a", "x")));
    tacho_observe_i64(observer, observable, 2, TACHO_ATTRS(TACHO_STR("a", "y")));
}

/* RDR-08: nothing is lost by a collection that memory was too short for */
Test(pipeline, every_failed_allocation_of_a_collection_is_survived) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    bool has_failed = true;
    uint64_t k = 1;
    for (; has_failed && k < 200; k++) {
        struct sdk sdk = make_sdk();
        tacho_observable *observable = NULL;
        tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
        tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
        observable = tacho_meter_create_observable_gauge(sdk.meter, "o", NULL, observe_two,
                                                         (void *)&observable);
        tacho_counter_add(counter, 5, TACHO_NO_ATTRS);
        tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_STR("a", "b")));
        struct collected *collected = calloc(1, sizeof *collected);
        tachoi_alloc_fail_at(k);
        int status = tacho_metric_reader_collect_with(sdk.reader, 0, see_batch, collected);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(status == TACHO_OK || status == TACHO_E_NO_MEMORY, "allocation %lu: %d",
                  (unsigned long)k, status);
        cr_assert(status == TACHO_E_NO_MEMORY || collected->metric_count >= 2);
        cr_assert(eq(i64, value_of(sdk.reader, "c"), 5), "allocation %lu", (unsigned long)k);
        free(collected);
        tacho_meter_provider_destroy(sdk.provider);
    }
    cr_expect(gt(u64, k, 3));
    cr_expect(lt(u64, k, 200));
}

/* Adds the values of "c" and the number of values of "h" up over collections. */
struct account {
    int64_t counter;
    uint64_t histogram;
    uint64_t observed;
};

static void add_up(struct account *account, const struct collected *collected) {
    for (size_t i = 0; i < collected->count; i++) {
        const struct seen_point *point = &collected->points[i];
        if (strcmp(point->name, "c") == 0) {
            account->counter += point->i64;
        } else if (strcmp(point->name, "h") == 0) {
            account->histogram += point->count;
        } else {
            account->observed += (uint64_t)point->i64;
        }
    }
}

/* RDR-08: what one stream is too short of memory for costs the others nothing, and comes
 * later */
Test(pipeline, delta_points_survive_every_failed_allocation_once) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    bool has_failed = true;
    bool was_partial = false;
    uint64_t k = 1;
    for (; has_failed && k < 300; k++) {
        tacho_metric_reader *reader = DELTA_READER();
        tacho_meter_provider *provider = make_provider(&reader, 1);
        tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
        tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
        tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
        tacho_observable *observable = NULL;
        observable = tacho_meter_create_observable_counter(meter, "o", NULL, observe_two,
                                                           (void *)&observable);
        for (int64_t i = 0; i < 20; i++) {
            tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", i)));
            tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", i)));
        }
        struct account account = {0};
        struct collected *collected = calloc(1, sizeof *collected);
        tachoi_alloc_fail_at(k);
        int status = tacho_metric_reader_collect_with(reader, 0, see_batch, collected);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        was_partial = was_partial || (status == TACHO_E_NO_MEMORY && collected->count > 0);
        add_up(&account, collected);
        free(collected);
        for (int i = 0; i < 2; i++) {
            collected = collect(reader);
            add_up(&account, collected);
            free(collected);
        }
        cr_assert(eq(i64, account.counter, 20), "allocation %lu", (unsigned long)k);
        cr_assert(eq(u64, account.histogram, 20), "allocation %lu", (unsigned long)k);
        cr_assert(eq(u64, account.observed, 3), "allocation %lu", (unsigned long)k);
        tacho_meter_provider_destroy(provider);
    }
    cr_expect(was_partial, "the others came through");
    cr_expect(lt(u64, k, 300));
}
