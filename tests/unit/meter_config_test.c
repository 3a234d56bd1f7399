/* SPDX-License-Identifier: Apache-2.0 */
/* The meter configurator: whom it is asked about, and what a disabled meter does. */
#include "sdk_fixture.h"

/* Disables the meters of one name; says nothing of one other. */
struct rule {
    const char *disabled;
    const char *silent;
    _Atomic(unsigned) questions;
};

static bool is_named(const tacho_scope *scope, const char *name) {
    return name != NULL && scope->name.length == strlen(name) &&
           memcmp(scope->name.data, name, scope->name.length) == 0;
}

static bool configure(const tacho_scope *scope, tacho_meter_config *out, void *user) {
    struct rule *rule = user;
    atomic_fetch_add(&rule->questions, 1);
    cr_assert(eq(sz, out->struct_size, sizeof *out));
    cr_assert(not(out->disabled));
    out->disabled = is_named(scope, rule->disabled) || is_named(scope, rule->silent);
    return !is_named(scope, rule->silent);
}

static tacho_meter_provider *make_configured(tacho_metric_reader *reader, struct rule *rule) {
    tacho_meter_provider *provider = NULL;
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1,
                      .meter_configurator = configure, .meter_configurator_user = rule),
        &provider);
    cr_assert(eq(int, status, TACHO_OK));
    return provider;
}

/* SDK-20, SDK-21 */
Test(meter_config, it_is_asked_once_about_each_meter_and_enabled_is_the_default) {
    struct rule rule = {.disabled = "off", .silent = "silent"};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_configured(reader, &rule);
    static const char *const names[] = {"on", "off", "silent"};
    for (size_t i = 0; i < 6; i++) {
        tacho_meter *meter = tacho_meter_provider_get_meter(provider, names[i % 3], NULL);
        tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
        cr_expect(eq(int, tacho_counter_enabled(counter, NULL), i % 3 != 1), "%s", names[i % 3]);
    }
    cr_expect(eq(u32, atomic_load(&rule.questions), 3));
    tacho_meter_provider_destroy(provider);
}

static void count_run(tacho_observer *observer, void *user) {
    (void)observer;
    atomic_fetch_add((_Atomic(unsigned) *)user, 1);
}

/* SDK-22 */
Test(meter_config, a_disabled_meter_does_nothing) {
    struct rule rule = {.disabled = "off"};
    _Atomic(unsigned) runs = 0;
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_configured(reader, &rule);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "off", NULL);
    capture_diagnostics();
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    tacho_meter_create_observable_gauge(meter, "o", NULL, count_run, (void *)&runs);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_counter_add(counter, -1, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 1);
    struct collected *collected = collect(reader);
    cr_expect(eq(sz, collected->count, 0));
    cr_expect(eq(u32, atomic_load(&runs), 0));
    cr_expect(eq(sz, diagnostics_log.count, 0), "nothing counts as dropped");
    free(collected);
    tacho_meter_provider_shutdown(provider, 0);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(ptr, (void *)diagnostic_of("late"), NULL));
}

/* SDK-08, SDK-09, SDK-20, SDK-22 */
Test(meter_config, a_new_configurator_reaches_the_meters_there_are) {
    struct rule first = {.disabled = "b"};
    struct rule second = {.disabled = "a"};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_configured(reader, &first);
    tacho_counter *a =
        tacho_meter_create_counter(tacho_meter_provider_get_meter(provider, "a", NULL), "a", NULL);
    tacho_counter *b =
        tacho_meter_create_counter(tacho_meter_provider_get_meter(provider, "b", NULL), "b", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(a, TACHO_NO_ATTRS);
    cr_expect(tacho_counter_enabled(a, NULL));
    cr_expect(not(tacho_counter_enabled(b, NULL)));
    tacho_counter_add(a, 1, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(reader, "a"), 1));
    cr_assert(eq(int, tacho_meter_provider_set_meter_configurator(provider, configure, &second),
                 TACHO_OK));
    cr_expect(eq(u32, atomic_load(&second.questions), 2));
    cr_expect(not(tacho_counter_enabled(a, NULL)));
    cr_expect(tacho_counter_enabled(b, NULL));
    tacho_counter_add(a, 2, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 4);
    tacho_counter_add(b, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(reader);
    cr_assert(eq(sz, collected->count, 1), "a disabled meter exports nothing");
    cr_expect(eq(str, collected->points[0].name, "b"));
    free(collected);
    cr_assert(eq(int, tacho_meter_provider_set_meter_configurator(provider, NULL, NULL), TACHO_OK));
    tacho_counter_add(a, 8, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(reader, "a"), 9), "what came meanwhile is gone");
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(provider);
}

/* A configurator that is held up while another one is set. */
struct slow {
    struct latch entered;
    struct latch hold;
};

static bool configure_slowly(const tacho_scope *scope, tacho_meter_config *out, void *user) {
    struct slow *slow = user;
    (void)scope;
    latch_open(&slow->entered);
    latch_wait(&slow->hold);
    out->disabled = true;
    return true;
}

static void *get_meter_thread(void *argument) {
    return tacho_meter_provider_get_meter(argument, "slow", NULL);
}

/* SDK-09 */
Test(meter_config, an_answer_of_a_replaced_configurator_does_not_count) {
    struct slow slow = {LATCH_INITIALIZER, LATCH_INITIALIZER};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = NULL;
    pthread_t thread;
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1,
                                                           .meter_configurator = configure_slowly,
                                                           .meter_configurator_user = &slow),
                                             &provider),
                 TACHO_OK));
    cr_assert(eq(int, pthread_create(&thread, NULL, get_meter_thread, provider), 0));
    cr_assert(latch_wait(&slow.entered));
    cr_assert(eq(int, tacho_meter_provider_set_meter_configurator(provider, NULL, NULL), TACHO_OK));
    latch_open(&slow.hold);
    void *meter = NULL;
    pthread_join(thread, &meter);
    cr_expect(eq(ptr, meter, tacho_meter_provider_get_meter(provider, "slow", NULL)));
    cr_expect(tacho_counter_enabled(tacho_meter_create_counter(meter, "c", NULL), NULL));
    tacho_meter_provider_destroy(provider);
}

struct replacing {
    tacho_meter_provider *provider;
    struct slow *slow;
};

static void *replace_thread(void *argument) {
    const struct replacing *replacing = argument;
    int status = tacho_meter_provider_set_meter_configurator(replacing->provider, configure_slowly,
                                                             replacing->slow);
    cr_expect(eq(int, status, TACHO_OK));
    return NULL;
}

/* SDK-09: its answers come when another one has replaced it */
Test(meter_config, a_replacement_that_is_overtaken_does_not_count) {
    struct slow slow = {LATCH_INITIALIZER, LATCH_INITIALIZER};
    struct sdk sdk = make_sdk();
    struct replacing replacing = {sdk.provider, &slow};
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    pthread_t thread;
    cr_assert(eq(int, pthread_create(&thread, NULL, replace_thread, &replacing), 0));
    cr_assert(latch_wait(&slow.entered));
    cr_assert(
        eq(int, tacho_meter_provider_set_meter_configurator(sdk.provider, NULL, NULL), TACHO_OK));
    latch_open(&slow.hold);
    pthread_join(thread, NULL);
    cr_expect(tacho_counter_enabled(counter, NULL));
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-20 */
Test(meter_config, a_failed_replacement_changes_nothing) {
    struct rule rule = {.disabled = "a"};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_meter_provider *provider = make_configured(reader, &rule);
    tacho_counter *counter =
        tacho_meter_create_counter(tacho_meter_provider_get_meter(provider, "a", NULL), "c", NULL);
    tachoi_alloc_fail_at(1);
    cr_expect(eq(int, tacho_meter_provider_set_meter_configurator(provider, NULL, NULL),
                 TACHO_E_NO_MEMORY));
    tachoi_alloc_fail_at(0);
    cr_expect(not(tacho_counter_enabled(counter, NULL)));
    tacho_meter_provider_destroy(provider);
}
