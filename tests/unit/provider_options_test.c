/* SPDX-License-Identifier: Apache-2.0 */
/* What a provider takes over beside readers, and what it says where an option is wrong. */
#include "sdk_fixture.h"

static tacho_view *make_named_view(const char *instrument, const char *name) {
    tacho_view *view = NULL;
    int status = tacho_view_create(
        TACHO_OPTIONS(tacho_view_options, .instrument_name = instrument, .name = name), &view);
    cr_assert(eq(int, status, TACHO_OK));
    return view;
}

static int create_with_views(tacho_view *const *views, size_t count, tacho_error *error,
                             struct sdk *sdk) {
    sdk->reader = make_manual_reader();
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &sdk->reader, .reader_count = 1,
                      .views = views, .view_count = count, .error = error),
        &sdk->provider);
    if (status == TACHO_OK) {
        sdk->meter = tacho_meter_provider_get_meter(sdk->provider, "test", NULL);
    }
    return status;
}

/* SDK-07, VIEW-01: views belong to the provider, which applies them; the array is copied */
Test(provider_options, views_are_taken_over) {
    tacho_view *views[] = {make_named_view("a", "renamed")};
    struct sdk sdk = {.provider = NULL};
    cr_assert(eq(int, create_with_views(views, 1, NULL, &sdk), TACHO_OK));
    tacho_view *view = views[0];
    views[0] = NULL;
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "a", NULL), 3, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "renamed"), 3));
    capture_diagnostics();
    tacho_view_destroy(view);
    cr_expect(gt(sz, diagnostics_log.count, 0), "it belongs to the provider");
    cr_expect(eq(i64, value_of(sdk.reader, "renamed"), 3));
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-07: what outlives a provider that was installed may still look at its views */
Test(provider_options, views_of_a_provider_that_was_installed_stay) {
    tacho_view *view = make_named_view("a", "renamed");
    struct sdk sdk = {.provider = NULL};
    cr_assert(eq(int, create_with_views(&view, 1, NULL, &sdk), TACHO_OK));
    cr_assert(eq(int, tacho_meter_provider_set_global(sdk.provider), TACHO_OK));
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "a", NULL);
    tacho_counter_add(counter, 3, TACHO_NO_ATTRS);
    tacho_meter_provider_destroy(sdk.provider);
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("late", 1)));
    cr_expect(not(tacho_counter_enabled(counter, NULL)));
}

/* ERR-02, ERR-03 */
Test(provider_options, wrong_views_are_refused_by_name) {
    tacho_error error = {0};
    struct sdk owner = {.provider = NULL};
    struct sdk sdk = {.provider = NULL};
    tacho_view *taken = make_named_view("a", "renamed");
    cr_assert(eq(int, create_with_views(&taken, 1, NULL, &owner), TACHO_OK));
    tacho_view *missing[] = {make_named_view("b", NULL), NULL};
    cr_expect(eq(int, create_with_views(missing, 2, &error, &sdk), TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"views"));
    cr_expect(ne(ptr, strstr(error.message, "view 1 is NULL"), NULL), "%s", error.message);
    tacho_view *foreign[] = {make_named_view("b", NULL), taken};
    cr_expect(eq(int, create_with_views(foreign, 2, &error, &sdk), TACHO_E_BUSY));
    cr_expect(eq(str, error.field, (char *)"views"));
    cr_expect(ne(ptr, strstr(error.message, "belongs to a provider"), NULL), "%s", error.message);
    tacho_view *one = make_named_view("b", NULL);
    tacho_view *twice[] = {one, one};
    cr_expect(eq(int, create_with_views(twice, 2, &error, &sdk), TACHO_E_BUSY));
    cr_expect(ne(ptr, strstr(error.message, "in the list twice"), NULL), "%s", error.message);
    cr_expect(eq(int, create_with_views(NULL, 2, &error, &sdk), TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"views"));
    cr_expect(eq(ptr, sdk.provider, NULL));
    tacho_counter_add(tacho_meter_create_counter(owner.meter, "a", NULL), 5, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(owner.reader, "renamed"), 5), "the owner is not disturbed");
    tacho_meter_provider_destroy(owner.provider);
}

static void count_destroy(void *self) {
    ++*(unsigned *)self;
}

static int produce_nothing(void *self, const tacho_produce_request *request, tacho_produced *out) {
    (void)self;
    (void)request;
    (void)out;
    return TACHO_OK;
}

/* SDK-07: what is good in both lists is consumed, whichever is wrong; leak checkers see the view */
Test(provider_options, a_wrong_reader_consumes_the_other_readers_and_the_views) {
    static const tacho_metric_producer_ops ops = {.struct_size = sizeof ops,
                                                  .name = "nothing",
                                                  .produce = produce_nothing,
                                                  .destroy = count_destroy};
    unsigned destroys = 0;
    tacho_metric_producer *producer = NULL;
    tacho_metric_reader *readers[] = {NULL, NULL};
    tacho_view *view = make_named_view("a", NULL);
    tacho_meter_provider *provider = NULL;
    cr_assert(eq(int, tacho_metric_producer_create(&ops, &destroys, &producer), TACHO_OK));
    cr_assert(
        eq(int,
           tacho_manual_reader_create(NULL,
                                      TACHO_OPTIONS(tacho_manual_reader_options,
                                                    .producers = &producer, .producer_count = 1),
                                      &readers[1]),
           TACHO_OK));
    int status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = readers, .reader_count = 2,
                                                           .views = &view, .view_count = 1),
                                             &provider);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(u32, destroys, 1));
}

/* VIEW-26: the SDK works */
Test(provider_options, an_unknown_matching_mode_is_told_and_means_independent) {
    struct sdk sdk = {.reader = make_manual_reader()};
    tacho_view *views[] = {make_named_view("a", "one"), make_named_view("a", "two")};
    capture_diagnostics();
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &sdk.reader, .reader_count = 1,
                      .views = views, .view_count = 2,
                      .view_matching_mode = (tacho_view_matching_mode)7),
        &sdk.provider);
    cr_assert(eq(int, status, TACHO_OK));
    cr_expect(was_told("view_matching_mode_unknown", "7"));
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "a", NULL), 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 2));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* EXM-05, EXM-06, ERR-03 */
Test(provider_options, an_unknown_exemplar_filter_is_refused) {
    tacho_error error = {0};
    tacho_meter_provider *provider = NULL;
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .exemplar_filter = (tacho_exemplar_filter)4,
                      .error = &error),
        &provider);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"exemplar_filter"));
    cr_expect(eq(ptr, provider, NULL));
}

/* SDK-23: options of the first version end at `error`; what lies behind them is not looked at */
Test(provider_options, options_of_an_older_version_mean_the_defaults) {
    tacho_meter_provider_options options;
    memset(&options, 0xff, sizeof options);
    memset(&options, 0, offsetof(tacho_meter_provider_options, views));
    options.struct_size = offsetof(tacho_meter_provider_options, views);
    struct sdk sdk = {.reader = make_manual_reader()};
    options.readers = &sdk.reader;
    options.reader_count = 1;
    cr_assert(eq(int, tacho_meter_provider_create(&options, &sdk.provider), TACHO_OK));
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    tacho_counter_add(tacho_meter_create_counter(sdk.meter, "a", NULL), 2, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(sdk.reader, "a"), 2));
    tacho_meter_provider_destroy(sdk.provider);
}

/* ERR-03: views that were given are freed with the provider that is not made, whatever failed */
Test(provider_options, every_failed_allocation_is_survived) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    int status = TACHO_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status == TACHO_E_NO_MEMORY && k < 200; k++) {
        tacho_view *views[] = {make_named_view("a", "renamed"), make_named_view("b", NULL)};
        tacho_metric_reader *reader = make_manual_reader();
        tacho_meter_provider *provider = NULL;
        tachoi_alloc_fail_at(k);
        status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1,
                                                           .views = views, .view_count = 2),
                                             &provider);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, provider != NULL, status == TACHO_OK));
        tacho_meter_provider_destroy(provider);
    }
    cr_expect(eq(int, status, TACHO_OK));
    cr_expect(gt(u64, k, 5));
}
