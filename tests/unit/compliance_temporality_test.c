/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements on the times of points that show only where the instrument is younger than its
 * provider, and which points persist. */
#include "sdk_fixture.h"

/* Observes what `values` holds for the sets 0 and 1; nothing where it is negative. */
struct source {
    tacho_observable *observable;
    int64_t values[2];
};

static void observe_values(tacho_observer *observer, void *user) {
    const struct source *source = user;
    for (int64_t i = 0; i < 2; i++) {
        if (source->values[i] >= 0) {
            tacho_observe_i64(observer, source->observable, source->values[i],
                              TACHO_ATTRS(TACHO_I64("i", i)));
        }
    }
}

static void expect_times(const struct collected *collected, const char *name, const char *attrs,
                         uint64_t start, uint64_t end) {
    const struct seen_point *point = point_with(collected, name, attrs);
    cr_assert(ne(ptr, (void *)point, NULL), "%s{%s} at %d", name, attrs, (int)end);
    cr_expect(eq(u64, point->start_time, start), "%s{%s} at %d", name, attrs, (int)end);
    cr_expect(eq(u64, point->time, end), "%s{%s}", name, attrs);
}

/* TIME-04, TIME-06: from the making of the instrument, not of the provider nor of the series, and
 * from the last collection, also if the instrument had no point in it; gauges too */
Test(times, deltas_begin_with_the_instrument_and_go_on_from_collection_to_collection) {
    struct fake_time time = {.unix_ns = 1000};
    tacho_metric_reader *reader = DELTA_READER();
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct source source = {.values = {5, -1}};
    time.unix_ns = 1500;
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_gauge *gauge = tacho_meter_create_gauge(meter, "g", NULL);
    source.observable =
        tacho_meter_create_observable_counter(meter, "o", NULL, observe_values, &source);
    time.unix_ns = 1700;
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
    tacho_gauge_record(gauge, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
    time.unix_ns = 2000;
    struct collected *collected = collect(reader);
    expect_times(collected, "c", "i=0", 1500, 2000);
    expect_times(collected, "g", "i=0", 1500, 2000);
    expect_times(collected, "o", "i=0", 1500, 2000);
    free(collected);

    time.unix_ns = 2500;
    tacho_histogram *histogram = tacho_meter_create_histogram(meter, "h", NULL);
    time.unix_ns = 3000; /* nothing was measured, and nothing is observed */
    source.values[0] = -1;
    collected = collect(reader);
    cr_expect(eq(sz, collected->count, 0));
    free(collected);

    time.unix_ns = 3200;
    source.values[0] = 6;
    source.values[1] = 1;
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 1)));
    tacho_gauge_record(gauge, 1, TACHO_ATTRS(TACHO_I64("i", 1)));
    tacho_histogram_record(histogram, 1, TACHO_ATTRS(TACHO_I64("i", 1)));
    time.unix_ns = 4000;
    collected = collect(reader);
    cr_expect(eq(sz, collected->count, 6));
    expect_times(collected, "c", "i=0", 3000, 4000);
    expect_times(collected, "c", "i=1", 3000, 4000);
    expect_times(collected, "g", "i=1", 3000, 4000);
    expect_times(collected, "h", "i=1", 3000, 4000);
    expect_times(collected, "o", "i=0", 3000, 4000);
    expect_times(collected, "o", "i=1", 3000, 4000);
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* TIME-07, TIME-08, TIME-09 */
Test(times, cumulative_series_begin_once_each_at_its_time) {
    struct fake_time time = {.unix_ns = 1000};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_timed_provider(&reader, 1, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct source source = {.values = {5, -1}};
    time.unix_ns = 1500;
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_gauge *gauge = tacho_meter_create_gauge(meter, "g", NULL);
    source.observable =
        tacho_meter_create_observable_counter(meter, "o", NULL, observe_values, &source);
    for (uint64_t now = 2000; now <= 5000; now += 1000) {
        time.unix_ns = now - 300;
        tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
        tacho_gauge_record(gauge, 1, TACHO_ATTRS(TACHO_I64("i", 0)));
        if (now >= 4000) {
            source.values[1] = 1;
            tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("i", 1)));
        }
        time.unix_ns = now;
        struct collected *collected = collect(reader);
        expect_times(collected, "c", "i=0", 1700, now);
        expect_times(collected, "g", "i=0", 1700, now);
        expect_times(collected, "o", "i=0", 1500, now);
        if (now >= 4000) {
            expect_times(collected, "c", "i=1", 3700, now);
            expect_times(collected, "o", "i=1", 3000, now);
        }
        free(collected);
    }
    tacho_meter_provider_destroy(provider);
}

/* TIME-02, TIME-03: one measurement, three collections, each temporality */
Test(times, which_points_persist) {
    tacho_metric_reader *readers[] = {make_manual_reader(), DELTA_READER()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    static const char *const names[] = {"c", "g", "h", "o", "og"};
    /* cumulative and delta, in the second collection, without another measurement */
    static const bool persists[5][2] = {
        {true, false}, {true, false}, {true, false}, {false, false}, {false, false}};
    struct source sources[2] = {{.values = {1, -1}}, {.values = {1, -1}}};
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 1, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(meter, "g", NULL), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(meter, "h", NULL), 1, TACHO_NO_ATTRS);
    sources[0].observable =
        tacho_meter_create_observable_counter(meter, "o", NULL, observe_values, &sources[0]);
    sources[1].observable =
        tacho_meter_create_observable_gauge(meter, "og", NULL, observe_values, &sources[1]);
    for (size_t i = 0; i < 2; i++) {
        struct collected *collected = collect(readers[i]);
        cr_expect(eq(sz, collected->count, 5));
        free(collected);
    }
    sources[0].values[0] = -1;
    sources[1].values[0] = -1;
    for (size_t i = 0; i < 4; i++) {
        struct collected *collected = collect(readers[i % 2]);
        for (size_t j = 0; j < 5; j++) {
            cr_expect(eq(int, point_of(collected, names[j], 0) != NULL, persists[j][i % 2]),
                      "%s, reader %zu", names[j], i % 2);
        }
        free(collected);
    }
    tacho_meter_provider_destroy(provider);
}
