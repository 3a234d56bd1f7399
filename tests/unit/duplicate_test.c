/* SPDX-License-Identifier: Apache-2.0 */
/* Instruments of one name: what counts as one, what is told of those that do not, and how views
 * mend it. */
#include "sdk_fixture.h"

static size_t told_count(const char *kind) {
    size_t count = 0;
    for (size_t i = 0; i < diagnostics_log.count; i++) {
        count += strcmp(diagnostics_log.kinds[i], kind) == 0 ? 1 : 0;
    }
    return count;
}

static tacho_counter *described_counter(tacho_meter *meter, const char *name,
                                        const char *description) {
    return tacho_meter_create_counter(
        meter, name, TACHO_OPTIONS(tacho_instrument_options, .description = description));
}

static tacho_counter *unit_counter(tacho_meter *meter, const char *name, const char *unit) {
    return tacho_meter_create_counter(meter, name,
                                      TACHO_OPTIONS(tacho_instrument_options, .unit = unit));
}

/* INST-01, INST-02, INST-03, INST-05, DM-02 */
Test(duplicate, another_kind_is_told_with_a_recipe_that_mends_it) {
    static const char recipe[] =
        "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"x\", "
        ".instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_HISTOGRAM), "
        ".name = \"x.histogram\"), &view)";
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "x", NULL), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "x", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(was_told("duplicate_instrument", recipe), "%s",
              diagnostic_of("duplicate_instrument"));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2), "both are exported");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);

    tacho_view *view = NULL;
    cr_assert(eq(int,
                 tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = "x",
                                                 .instrument_types = TACHO_INSTRUMENT_TYPE(
                                                     TACHO_INSTRUMENT_HISTOGRAM),
                                                 .name = "x.histogram"),
                                   &view),
                 TACHO_OK));
    sdk = SDK_WITH_VIEWS(view);
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "x", NULL), 1, TACHO_NO_ATTRS);
    tacho_histogram_record(tacho_meter_create_histogram(sdk.meter, "x", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    collected = collect(sdk.reader);
    cr_expect(ne(ptr, (void *)point_of(collected, "x", 0), NULL));
    cr_expect(ne(ptr, (void *)point_of(collected, "x.histogram", 0), NULL));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static void keep_longest(const tacho_diagnostic *diagnostic, void *user) {
    char *longest = user;
    if (strlen(diagnostic->message) > strlen(longest)) {
        snprintf(longest, 2048, "%s", diagnostic->message);
    }
}

/* INST-05, API-14: whole, whatever the length of name and unit */
Test(duplicate, the_longest_recipe_is_told_whole) {
    char name[256] = "";
    char unit[256] = "";
    char longest[2048] = "";
    memset(name, 'n', sizeof name - 1);
    memset(unit, 'u', sizeof unit - 1);
    struct sdk sdk = make_sdk();
    tacho_diagnostics_set_handler(keep_longest, longest);
    const tacho_instrument_options options = {.struct_size = sizeof options, .unit = unit};
    tacho_meter_create_observable_counter(sdk.meter, name, &options, NULL, NULL);
    tacho_meter_create_observable_up_down_counter(sdk.meter, name, &options, NULL, NULL);
    static const char end[] = "n.observable_up_down_counter\"), &view)";
    size_t length = strlen(longest);
    cr_assert(gt(sz, length, sizeof end));
    cr_expect(eq(str, longest + length - (sizeof end - 1), (char *)end));
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-04, DM-03 */
Test(duplicate, another_description_is_told_with_a_recipe_and_the_longer_one_is_exported) {
    static const char recipe[] =
        "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"c\", "
        ".description = \"a \\\"long\\\" one\"), &view)";
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *first = described_counter(sdk.meter, "c", "short");
    tacho_counter *second = described_counter(sdk.meter, "c", "a \"long\" one");
    cr_expect(was_told("duplicate_instrument", "with another description"));
    cr_expect(was_told("duplicate_instrument", recipe), "%s",
              diagnostic_of("duplicate_instrument"));
    tacho_counter_add(first, 1, TACHO_NO_ATTRS);
    tacho_counter_add(second, 2, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    for (size_t i = 0; i < 2; i++) {
        cr_expect(eq(str, collected->points[i].description, "a \"long\" one"));
        cr_expect(eq(i64, collected->points[i].i64, (int64_t)i + 1));
    }
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static void observe_seven(tacho_observer *observer, void *user) {
    tacho_observe_i64(observer, *(tacho_observable **)user, 7, TACHO_NO_ATTRS);
}

/* DM-01, DM-03: another temporality makes another metric, which keeps its own description */
Test(duplicate, descriptions_of_different_metrics_stay_as_they_are) {
    struct sdk sdk = {0};
    tacho_observable *observable = NULL;
    tacho_manual_reader_create(
        NULL,
        TACHO_OPTIONS(tacho_manual_reader_options,
                      .temporalities = {[TACHO_INSTRUMENT_COUNTER] = TACHO_TEMPORALITY_DELTA}),
        &sdk.reader);
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    capture_diagnostics();
    tacho_counter_add(described_counter(sdk.meter, "c", "short"), 1, TACHO_NO_ATTRS);
    observable = tacho_meter_create_observable_counter(
        sdk.meter, "c", TACHO_OPTIONS(tacho_instrument_options, .description = "a long one"),
        observe_seven, &observable);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(str, collected->points[0].description, "short"));
    cr_expect(eq(str, collected->points[1].description, "a long one"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-04, INST-07 */
Test(duplicate, a_view_with_a_description_makes_both_one_stream) {
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .description = "view's"));
    capture_diagnostics();
    tacho_counter *first = described_counter(sdk.meter, "c", "one");
    tacho_counter *second = described_counter(sdk.meter, "c", "two");
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    tacho_counter_add(first, 1, TACHO_NO_ATTRS);
    tacho_counter_add(second, 2, TACHO_NO_ATTRS);
    tacho_bound_counter *bound = tacho_counter_bind(second, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 4);
    tacho_bound_counter_release(bound);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(i64, collected->points[0].i64, 7));
    cr_expect(eq(str, collected->points[0].description, "view's"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-05: views select by unit, too */
Test(duplicate, another_unit_is_told_with_a_recipe_that_mends_it) {
    static const char recipe[] =
        "tacho_view_create(TACHO_OPTIONS(tacho_view_options, .instrument_name = \"u\", "
        ".unit = \"By/s\", .name = \"u.By.s\"), &view)";
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    unit_counter(sdk.meter, "u", "By/s");
    tacho_meter_create_counter(sdk.meter, "u", NULL);
    cr_expect(was_told("duplicate_instrument", recipe), "%s",
              diagnostic_of("duplicate_instrument"));
    capture_diagnostics();
    unit_counter(sdk.meter, "w", NULL);
    unit_counter(sdk.meter, "w", "{request}");
    cr_expect(was_told("duplicate_instrument", ".unit = \"{request}\", .name = \"w.request\""));
    tacho_meter_provider_destroy(sdk.provider);

    sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "u", .unit = "By/s", .name = "u.By.s"));
    capture_diagnostics();
    unit_counter(sdk.meter, "u", "By/s");
    tacho_meter_create_counter(sdk.meter, "u", NULL);
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-06 */
Test(duplicate, what_no_recipe_mends_is_told_in_general_words) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "n", NULL), 1, TACHO_NO_ATTRS);
    tacho_counter_f64_add(tacho_meter_create_counter_f64(sdk.meter, "n", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(was_told("duplicate_instrument",
                       "make kind, number type, unit and description equal, or rename one"),
              "%s", diagnostic_of("duplicate_instrument"));
    cr_expect(not(was_told("duplicate_instrument", "tacho_view_create")));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2), "both are exported");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-03 */
Test(duplicate, each_pair_is_told_once_however_many_readers_there_are) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    capture_diagnostics();
    for (int i = 0; i < 2; i++) {
        unit_counter(meter, "c", "a");
        unit_counter(meter, "c", "b");
        cr_expect(eq(sz, told_count("duplicate_instrument"), 1));
    }
    unit_counter(meter, "c", "d");
    cr_expect(eq(sz, told_count("duplicate_instrument"), 3), "a and d, b and d");
    tacho_meter_provider_destroy(provider);
}

/* INST-08 */
Test(duplicate, the_first_spelling_is_exported_whatever_comes_after) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "requestCount", NULL), 1,
                      TACHO_NO_ATTRS);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "RequestCount", NULL), 2,
                      TACHO_NO_ATTRS);
    tacho_counter_add(unit_counter(sdk.meter, "REQUESTCOUNT", "s"), 4, TACHO_NO_ATTRS);
    cr_expect(was_told("name_casing", "`RequestCount` exists as `requestCount`"));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(str, collected->points[0].name, "requestCount"));
    cr_expect(eq(i64, collected->points[0].i64, 3));
    cr_expect(eq(str, collected->points[1].name, "requestCount"));
    cr_expect(eq(i64, collected->points[1].i64, 4));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-21 */
Test(duplicate, views_that_give_one_name_are_applied_and_told) {
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "a", .name = "n"),
                                    VIEW(.instrument_name = "b", .name = "N"));
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "a", NULL), 1, TACHO_NO_ATTRS);
    cr_expect(eq(sz, diagnostics_log.count, 0));
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "b", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(was_told("duplicate_stream", "`a`"), "%s", diagnostic_of("duplicate_stream"));
    cr_expect(was_told("duplicate_stream", "`b`"));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2), "both are exported");
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-08 */
Test(duplicate, instruments_that_views_make_one_stream_are_told) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_view *views[] = {VIEW(.instrument_name = "a", .name = "n"),
                           VIEW(.instrument_name = "g", .name = "m"),
                           VIEW(.instrument_name = "h", .name = "m")};
    tacho_meter_provider *provider = NULL;
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = readers, .reader_count = 2,
                                                           .views = views, .view_count = 3),
                                             &provider),
                 TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    capture_diagnostics();
    tacho_counter_add(tacho_meter_create_counter(meter, "a", NULL), 1, TACHO_NO_ATTRS);
    tacho_counter_add(tacho_meter_create_counter(meter, "A", NULL), 1, TACHO_NO_ATTRS);
    cr_expect(eq(sz, told_count("shared_stream"), 0), "one instrument, spelled in two ways");
    tacho_counter_add(tacho_meter_create_counter(meter, "n", NULL), 10, TACHO_NO_ATTRS);
    cr_expect(was_told("shared_stream",
                       "one stream, `n`, of instrument `a` and instrument `n`: what both measure "
                       "is added up"),
              "%s", diagnostic_of("shared_stream"));
    cr_expect(eq(sz, told_count("shared_stream"), 1), "once for both readers");
    capture_diagnostics();
    tacho_gauge_record(tacho_meter_create_gauge(meter, "g", NULL), 1, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(meter, "h", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(was_told("shared_stream", "one value is lost"));
    struct collected *collected = collect(readers[0]);
    cr_expect(eq(i64, point_of(collected, "n", 0)->i64, 12));
    free(collected);
    tacho_meter_provider_destroy(provider);
}

/* VIEW-20, VIEW-21 */
Test(duplicate, two_views_of_one_instrument_and_one_name_are_applied_and_told) {
    static const char *const none[] = {""};
    struct sdk sdk = SDK_WITH_VIEWS(
        VIEW(.instrument_name = "c"),
        VIEW(.instrument_name = "c", .included_keys = none, .included_key_count = 0));
    capture_diagnostics();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    cr_expect(eq(sz, diagnostics_log.count, 1));
    cr_expect(was_told("view_conflict", "`c`"), "%s", diagnostic_of("view_conflict"));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_STR("a", "1")));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* VIEW-24 */
Test(duplicate, what_is_dropped_conflicts_with_nobody) {
    const tacho_aggregation drop = {.struct_size = sizeof drop, .type = TACHO_AGGREGATION_DROP};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "*", .aggregation = &drop),
                                    VIEW(.instrument_name = "X"));
    capture_diagnostics();
    tacho_counter *kept = tacho_meter_create_counter(sdk.meter, "X", NULL);
    tacho_counter_add(kept, 1, TACHO_NO_ATTRS);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "Y", NULL), 1, TACHO_NO_ATTRS);
    tacho_gauge_record(tacho_meter_create_gauge(sdk.meter, "Y", NULL), 1, TACHO_NO_ATTRS);
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->metric_count, 1));
    cr_expect(eq(str, collected->points[0].name, "X"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-13: of instruments that are not identical each has its own advice */
Test(duplicate, advice_of_another_instrument_is_no_conflict) {
    static const char *const keys[] = {"a"};
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    unit_counter(sdk.meter, "c", "s");
    tacho_counter *advised =
        tacho_meter_create_counter(sdk.meter, "c",
                                   TACHO_OPTIONS(tacho_instrument_options, .unit = "ms",
                                                 .attribute_keys = keys, .attribute_key_count = 1));
    cr_expect(eq(sz, told_count("duplicate_instrument"), 1));
    cr_expect(eq(sz, told_count("duplicate_advice"), 0));
    tacho_counter_add(advised, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2)));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].attrs, "a=1"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-13 */
Test(duplicate, fewer_and_more_advisory_keys_are_other_advice) {
    static const char *const keys[] = {"a", "b"};
    static const size_t counts[][2] = {{1, 2}, {2, 1}, {0, 1}, {1, 0}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char name[] = {'c', (char)('0' + i), '\0'};
        struct sdk sdk = make_sdk();
        capture_diagnostics();
        for (size_t k = 0; k < 2; k++) {
            tacho_meter_create_counter(sdk.meter, name,
                                       TACHO_OPTIONS(tacho_instrument_options,
                                                     .attribute_keys = keys,
                                                     .attribute_key_count = counts[i][k]));
        }
        cr_expect(eq(sz, told_count("duplicate_advice"), 1), "case %zu", i);
        tacho_meter_provider_destroy(sdk.provider);
    }
}

/* INST-13 */
Test(duplicate, other_advisory_keys_are_told_and_the_first_count) {
    static const char *const first_keys[] = {"a", "b"};
    static const char *const permuted[] = {"b", "a", "b"};
    static const char *const other_keys[] = {"a", "c"};
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_counter *first = tacho_meter_create_counter(sdk.meter, "c",
                                                      TACHO_OPTIONS(tacho_instrument_options,
                                                                    .attribute_keys = first_keys,
                                                                    .attribute_key_count = 2));
    tacho_counter *same = tacho_meter_create_counter(sdk.meter, "c",
                                                     TACHO_OPTIONS(tacho_instrument_options,
                                                                   .attribute_keys = permuted,
                                                                   .attribute_key_count = 3));
    cr_expect(eq(ptr, first, same));
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    tacho_counter *other = tacho_meter_create_counter(sdk.meter, "c",
                                                      TACHO_OPTIONS(tacho_instrument_options,
                                                                    .attribute_keys = other_keys,
                                                                    .attribute_key_count = 2));
    cr_expect(eq(ptr, first, other));
    cr_expect(was_told("duplicate_advice", "`c`"));
    tacho_counter_add(other, 1, TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("c", 2)));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].attrs, "a=1"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

struct creation {
    tacho_meter *meter;
    const char *name;
    _Atomic(unsigned) *ready;
};

static void *create_thread(void *argument) {
    struct creation *creation = argument;
    atomic_fetch_add(creation->ready, 1);
    await_count(creation->ready, 2);
    tacho_counter_add(tacho_meter_create_counter(creation->meter, creation->name, NULL), 1,
                      TACHO_NO_ATTRS);
    return NULL;
}

/* INST-07, INST-08 */
Test(duplicate, threads_that_create_at_once_share_one_stream) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    for (int round = 0; round < 50; round++) {
        struct sdk sdk = make_sdk();
        _Atomic(unsigned) ready = 0;
        struct creation creations[2] = {{sdk.meter, "name", &ready}, {sdk.meter, "NAME", &ready}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            cr_assert(eq(int, pthread_create(&threads[i], NULL, create_thread, &creations[i]), 0));
        }
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
        }
        struct collected *collected = collect(sdk.reader);
        cr_assert(eq(sz, collected->count, 1));
        cr_assert(eq(i64, collected->points[0].i64, 2));
        free(collected);
        tacho_meter_provider_destroy(sdk.provider);
    }
}
