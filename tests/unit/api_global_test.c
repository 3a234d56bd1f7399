/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that the meters and instruments of the global provider follow the installed SDK.
 * Each test has a process of its own, so each begins with nothing installed. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"
#include "memory.h"
#include "proxy.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static tacho_meter *meter_named(const char *name) {
    return tacho_meter_provider_get_meter(tacho_meter_provider_global(), name, NULL);
}

static int install(struct fake_provider *sdk) {
    return tacho_meter_provider_set_global(fake_handle(sdk));
}

/* API-01 */
Test(global, is_one_object_for_ever) {
    tacho_meter_provider *global = tacho_meter_provider_global();
    struct fake_provider *sdk = fake_create_provider();
    cr_assert(eq(int, install(sdk), TACHO_OK));
    cr_assert(eq(ptr, global, tacho_meter_provider_global()));
    cr_assert(ne(ptr, global, tacho_meter_provider_noop()));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, resolves_to_what_is_installed) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_meter_provider *global = tacho_meter_provider_global();
    cr_assert(eq(ptr, tacho_spi_resolve(global), NULL));
    cr_assert(eq(ptr, tacho_spi_resolve(fake_handle(sdk)), fake_handle(sdk)));
    install(sdk);
    cr_assert(eq(ptr, tacho_spi_resolve(global), fake_handle(sdk)));
    fake_destroy(sdk);
    cr_assert(eq(ptr, tacho_spi_resolve(global), NULL));
    fake_free(sdk);
}

/* spi.h: a provider that knows it was installed keeps what late calls touch */
Test(global, tells_a_provider_each_time_that_it_is_installed) {
    struct fake_provider *sdk = fake_create_provider();
    cr_assert(eq(sz, sdk->installed_calls, 0));
    install(sdk);
    tacho_meter_provider_set_global(NULL);
    cr_assert(eq(sz, sdk->installed_calls, 1));
    install(sdk);
    cr_assert(eq(sz, sdk->installed_calls, 2));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, does_not_tell_a_provider_whose_table_lacks_the_entry) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_spi_provider_ops older = fake_provider_ops;
    older.struct_size = offsetof(tacho_spi_provider_ops, installed);
    atomic_store_explicit(&sdk->handle.ops, &older, memory_order_relaxed);
    cr_assert(eq(int, install(sdk), TACHO_OK));
    cr_assert(eq(sz, sdk->installed_calls, 0));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, cannot_be_installed_behind_itself) {
    cr_assert(
        eq(int, tacho_meter_provider_set_global(tacho_meter_provider_global()), TACHO_E_INVALID));
}

/* SDK-05 API-06 */
Test(global, equal_scopes_give_one_meter) {
    tacho_meter_provider *global = tacho_meter_provider_global();
    char name[] = "lib";
    tacho_meter *meter = tacho_meter_provider_get_meter(
        global, name,
        TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                      .attributes = TACHO_ATTRS(TACHO_I64("a", 1), TACHO_STR("b", "x"))));
    name[0] = 'X'; /* it was copied */
    cr_assert(
        eq(ptr, meter,
           tacho_meter_provider_get_meter(
               global, "lib",
               TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                             .attributes = TACHO_ATTRS(TACHO_STR("b", "x"), TACHO_I64("a", 1))))));
    tacho_meter *others[] = {
        tacho_meter_provider_get_meter(global, "lib", NULL),
        tacho_meter_provider_get_meter(global, NULL, NULL),
        tacho_meter_provider_get_meter(global, "", NULL),
        tacho_meter_provider_get_meter(
            global, "lib",
            TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u",
                          .attributes = TACHO_ATTRS(TACHO_F64("a", 1), TACHO_STR("b", "x")))),
        tacho_meter_provider_get_meter(
            global, "lib", TACHO_OPTIONS(tacho_scope_options, .version = "1", .schema_url = "u")),
    };
    for (size_t i = 0; i < 5; i++) {
        cr_assert(ne(ptr, meter, others[i]));
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(ptr, others[j], others[i]));
        }
    }
}

/* API-12 API-13 */
Test(global, equal_requests_give_one_instrument) {
    tacho_meter *meter = meter_named("m");
    const double bounds[] = {1.0, 2.0};
    char unit[] = "s";
    tacho_histogram *first = tacho_meter_create_histogram(
        meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .unit = unit, .description = "d",
                      .explicit_bucket_boundaries = bounds, .explicit_bucket_boundary_count = 2));
    unit[0] = 'x';
    const double equal_bounds[] = {1.0, 2.0};
    tacho_histogram *second = tacho_meter_create_histogram(
        meter, "h",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "s", .description = "d",
                      .explicit_bucket_boundaries = equal_bounds,
                      .explicit_bucket_boundary_count = 2));
    cr_assert(eq(ptr, first, second));
    const void *distinct[] = {
        first,
        tacho_meter_create_histogram(meter, "h", NULL),
        tacho_meter_create_histogram(meter, "H", NULL),
        tacho_meter_create_counter(meter, "h", NULL),
        tacho_meter_create_counter_f64(meter, "h", NULL),
        tacho_meter_create_gauge(meter, "h", NULL),
        tacho_meter_create_histogram(meter_named("n"), "h", NULL),
        tacho_meter_create_histogram(meter, "h",
                                     TACHO_OPTIONS(tacho_instrument_options, .unit = "s")),
        tacho_meter_create_histogram(meter, NULL, NULL),
    };
    for (size_t i = 0; i < sizeof(distinct) / sizeof(distinct[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(ptr, (void *)distinct[j], (void *)distinct[i]));
        }
    }
}

/* API-01: late installation */
Test(global, instruments_made_before_record_after_installation) {
    tacho_meter *meter = tacho_meter_provider_get_meter(
        tacho_meter_provider_global(), "lib",
        TACHO_OPTIONS(tacho_scope_options, .version = "1.2", .schema_url = "url",
                      .attributes = TACHO_ATTRS(TACHO_STR("k", "v"))));
    tacho_counter *counter = tacho_meter_create_counter(
        meter, "c", TACHO_OPTIONS(tacho_instrument_options, .unit = "By", .description = "words"));
    tacho_counter_add(counter, 100, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_counter_enabled(counter, NULL), false));

    struct fake_provider *sdk = fake_create_provider();
    cr_assert(eq(int, install(sdk), TACHO_OK));
    struct fake_instrument *fake = fake_find(sdk, "c");
    cr_assert(ne(ptr, (void *)fake, NULL));
    cr_assert(eq(str, fake->unit, (char *)"By"));
    cr_assert(eq(str, fake->description, (char *)"words"));
    cr_assert(eq(str, fake->meter->name, (char *)"lib"));
    cr_assert(eq(str, fake->meter->version, (char *)"1.2"));
    cr_assert(eq(str, fake->meter->schema_url, (char *)"url"));
    cr_assert(eq(sz, fake->meter->attribute_count, 1));
    cr_assert(eq(int, tacho_counter_enabled(counter, NULL), true));
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 7), "what was measured before is gone");
    fake_destroy(sdk);
    fake_free(sdk);
}

/* API-23 */
Test(global, boundaries_arrive_as_given) {
    tacho_meter *meter = meter_named("m");
    const double bounds[] = {0.5, 2.5};
    tacho_meter_create_histogram(meter, "none", NULL);
    tacho_meter_create_histogram(
        meter, "empty",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundaries = TACHO_NO_BOUNDARIES));
    tacho_meter_create_histogram(meter, "two",
                                 TACHO_OPTIONS(tacho_instrument_options,
                                               .explicit_bucket_boundaries = bounds,
                                               .explicit_bucket_boundary_count = 2));
    tacho_meter_create_histogram(
        meter, "absent",
        TACHO_OPTIONS(tacho_instrument_options, .explicit_bucket_boundary_count = 2));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(int, fake_find(sdk, "none")->has_boundaries, false));
    cr_assert(eq(int, fake_find(sdk, "empty")->has_boundaries, true));
    cr_assert(eq(sz, fake_find(sdk, "empty")->boundary_count, 0));
    cr_assert(eq(sz, fake_find(sdk, "two")->boundary_count, 2));
    cr_assert(eq(dbl, fake_find(sdk, "two")->last_boundary, 2.5));
    cr_assert(eq(int, fake_find(sdk, "absent")->has_boundaries, false));
    cr_assert(eq(sz, fake_find(sdk, "absent")->boundary_count, 0));
    fake_destroy(sdk);
    fake_free(sdk);
}

/* Options of a later version, one byte of whose new member is set. */
struct later_instrument_options {
    tacho_instrument_options known;
    unsigned char added[16];
};

/* proxy.h: what is wrong with options reaches the SDK, which reports it */
Test(global, a_struct_size_that_is_too_small_reaches_the_sdk) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    const size_t sizes[] = {0, offsetof(tacho_instrument_options, description) + 1,
                            offsetof(tacho_instrument_options, attribute_keys) - 1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tacho_instrument_options options = {.struct_size = sizes[i], .unit = "s"};
        options.description = (const char *)&options; /* must not be read */
        tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", &options);
        cr_assert(eq(sz, sdk->instrument_options_size, sizes[i]));
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    }
    cr_assert(eq(str, fake_find(sdk, "c")->unit, (char *)""));
    cr_assert(eq(i64, fake_sum(sdk, "c"), 3));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, members_that_nobody_knows_reach_the_sdk) {
    struct later_instrument_options options = {
        .known = {.struct_size = sizeof(options), .unit = "s"}};
    struct fake_provider *sdk = fake_create_provider();
    tacho_counter *good = tacho_meter_create_counter(meter_named("m"), "c", &options.known);
    options.added[15] = 1;
    tacho_counter *bad = tacho_meter_create_counter(meter_named("m"), "d", &options.known);
    install(sdk);
    cr_assert(eq(sz, sdk->instrument_options_size, SIZE_MAX));
    cr_assert(eq(str, fake_find(sdk, "c")->unit, (char *)"s"), "zeros are nothing");
    cr_assert(eq(str, fake_find(sdk, "d")->unit, (char *)""));
    cr_assert(eq(ptr, bad, tacho_meter_create_counter(meter_named("m"), "d", &options.known)));
    cr_assert(ne(ptr, bad, tacho_meter_create_counter(meter_named("m"), "d", NULL)));
    cr_assert(eq(sz, sdk->instrument_options_size, sizeof(tacho_instrument_options)));
    cr_assert(eq(ptr, good,
                 tacho_meter_create_counter(meter_named("m"), "c",
                                            TACHO_OPTIONS(tacho_instrument_options, .unit = "s"))));
    options.known.struct_size = SIZE_MAX / 2; /* never set: must not be read along */
    tacho_meter_create_counter(meter_named("m"), "e", &options.known);
    cr_assert(eq(sz, sdk->instrument_options_size, SIZE_MAX));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, wrong_options_of_a_meter_reach_the_sdk) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_meter *meter = tacho_meter_provider_get_meter(tacho_meter_provider_global(), "m",
                                                        &(tacho_scope_options){.version = "1"});
    tacho_meter_create_counter(meter, "c", NULL);
    cr_assert(eq(sz, sdk->get_meter_calls, 1));
    cr_assert(eq(str, sdk->meters[0].version, (char *)""));
    cr_assert(eq(sz, sdk->meter_options_size, 0));
    cr_assert(ne(ptr, meter, meter_named("m")));
    fake_destroy(sdk);
    fake_free(sdk);
}

/* API-49 */
Test(global, options_of_an_older_version_are_read_as_far_as_they_go) {
    tacho_instrument_options given = {
        .struct_size = offsetof(tacho_instrument_options, description), .unit = "s"};
    given.description = (const char *)&given; /* beyond its size: must not be read */
    tacho_instrument_options known;
    tachoi_proxy_read_options(&given, &known, sizeof(known), given.struct_size);
    cr_assert(eq(sz, known.struct_size, sizeof(known)));
    cr_assert(eq(str, (char *)known.unit, (char *)"s"));
    cr_assert(eq(ptr, (void *)known.description, NULL));
}

Test(global, an_sdk_is_asked_in_the_order_of_creation) {
    tacho_meter_create_counter(meter_named("m"), "second", NULL);
    tacho_meter_create_counter(meter_named("a"), "first", NULL);
    tacho_meter_create_counter(meter_named("m"), "third", NULL);
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    cr_assert(eq(sz, sdk->instrument_count, 3));
    cr_assert(eq(str, sdk->instruments[0].name, (char *)"second"));
    cr_assert(eq(str, sdk->instruments[1].name, (char *)"first"));
    cr_assert(eq(str, sdk->instruments[2].name, (char *)"third"));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, instruments_made_after_installation_record_at_once) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 7));
    cr_assert(eq(ptr, counter, tacho_meter_create_counter(meter_named("m"), "c", NULL)));
    cr_assert(eq(sz, sdk->create_calls, 1), "a known instrument costs no call");
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, instruments_do_nothing_after_the_sdk_is_gone) {
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    fake_destroy(sdk);
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 0));
    fake_free(sdk);
    tacho_counter_add(counter, 7, TACHO_NO_ATTRS); /* AddressSanitizer watches */
    cr_assert(eq(int, tacho_counter_enabled(counter, NULL), false));
    cr_assert(eq(ptr, counter, tacho_meter_create_counter(meter_named("m"), "c", NULL)));
}

/* API-07: what a meter does is its provider's to say, also when that is another one */
Test(global, instruments_follow_from_one_provider_to_the_next) {
    struct fake_provider *first = fake_create_provider();
    struct fake_provider *second = fake_create_provider();
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    install(first);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, install(second), TACHO_OK));
    tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_meter_provider_set_global(NULL), TACHO_OK));
    tacho_counter_add(counter, 4, TACHO_NO_ATTRS);
    cr_assert(eq(int, install(first), TACHO_OK));
    tacho_counter_add(counter, 8, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(first, "c"), 9));
    cr_assert(eq(i64, fake_sum(second, "c"), 2));
    fake_destroy(second); /* not installed: nothing changes */
    tacho_counter_add(counter, 16, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(first, "c"), 25));
    fake_destroy(first);
    fake_free(first);
    fake_free(second);
}

Test(global, installing_the_same_provider_again_changes_nothing) {
    struct fake_provider *sdk = fake_create_provider();
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    install(sdk);
    size_t calls = sdk->create_calls;
    cr_assert(eq(int, install(sdk), TACHO_OK));
    cr_assert(eq(sz, sdk->create_calls, calls));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 1));
    fake_destroy(sdk);
    fake_free(sdk);
}

/* rule 6 of proxy.h */
Test(global, a_provider_of_another_sdk_is_refused_after_the_first) {
    struct fake_provider *sdk = fake_create_provider();
    struct fake_provider *foreign = fake_create_provider();
    const tacho_spi_provider_ops other_ops = fake_provider_ops;
    atomic_store_explicit(&foreign->handle.ops, &other_ops, memory_order_relaxed);
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    install(sdk);
    cr_assert(eq(int, install(foreign), TACHO_E_UNSUPPORTED));
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 1), "the first one stays installed");
    fake_destroy(sdk);
    cr_assert(eq(int, install(foreign), TACHO_E_UNSUPPORTED));
    fake_free(sdk);
    fake_free(foreign);
}

Test(global, what_an_sdk_refuses_does_nothing_and_is_asked_for_again) {
    struct fake_provider *sdk = fake_create_provider();
    sdk->refuse.instruments = true;
    tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), "c", NULL);
    install(sdk);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    sdk->refuse.instruments = false;
    cr_assert(eq(ptr, counter, tacho_meter_create_counter(meter_named("m"), "c", NULL)));
    tacho_counter_add(counter, 2, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 2));
    fake_destroy(sdk);
    fake_free(sdk);
}

static void create_another(void *user) {
    static int depth;
    if (depth++ == 0) {
        tacho_counter *counter = tacho_meter_create_counter(meter_named("m"), user, NULL);
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    }
}

Test(global, an_sdk_may_call_the_api_while_it_is_asked, .timeout = 10) {
    struct fake_provider *sdk = fake_create_provider();
    char name[] = "inner";
    sdk->on_create = create_another;
    sdk->on_user = name;
    tacho_meter_create_counter(meter_named("m"), "outer", NULL);
    install(sdk);
    cr_assert(eq(i64, fake_sum(sdk, "inner"), 1));
    fake_destroy(sdk);
    fake_free(sdk);
}

static void fork_inside(void *user) {
    *(pid_t *)user = fork();
}

Test(global, a_child_forked_inside_the_sdk_can_end_its_provider, .timeout = 30) {
    struct fake_provider *sdk = fake_create_provider();
    pid_t child = -1;
    sdk->on_create = fork_inside;
    sdk->on_user = &child;
    install(sdk);
    tacho_meter_create_counter(meter_named("m"), "c", NULL);
    if (child == 0) {
        alarm(20); /* ends a child that is stuck */
        fake_destroy(sdk);
        _exit(sdk->violations == 0 && tachoi_proxies.targets == NULL ? 0 : 1);
    }
    int status = -1;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_assert(eq(int, status, 0));
    fake_destroy(sdk);
    fake_free(sdk);
}

/* meter.h: 4096 meters, 65536 instruments */
Test(global, meters_beyond_the_limit_do_nothing_and_then_belong_to_the_sdk) {
    char name[16];
    for (size_t i = 0; i < TACHOI_METERS_MAX; i++) {
        snprintf(name, sizeof(name), "m%zu", i);
        meter_named(name);
    }
    tacho_meter *noop = tacho_meter_provider_get_meter(NULL, "", NULL);
    cr_assert(ne(ptr, meter_named("m0"), noop));
    cr_assert(eq(ptr, meter_named("one more"), noop));
    struct fake_provider *sdk = fake_create_provider();
    install(sdk);
    tacho_meter *direct = meter_named("one more");
    cr_assert(eq(ptr, (void *)direct, (void *)&sdk->meters[0]));
    tacho_counter *counter = tacho_meter_create_counter(direct, "c", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 1));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, instruments_beyond_the_limit_do_nothing_and_then_belong_to_the_sdk) {
    char name[16];
    tacho_meter *meter = meter_named("m");
    for (size_t i = 0; i < TACHOI_INSTRUMENTS_MAX; i++) {
        snprintf(name, sizeof(name), "i%zu", i);
        tacho_meter_create_counter(meter, name, NULL);
    }
    tacho_counter *noop = tacho_meter_create_counter(NULL, "", NULL);
    cr_assert(ne(ptr, tacho_meter_create_counter(meter, "i0", NULL), noop));
    cr_assert(eq(ptr, tacho_meter_create_counter(meter, "one more", NULL), noop));
    struct fake_provider *sdk = fake_create_provider();
    sdk->refuse.instruments = true; /* 65536 are too many for the fake */
    install(sdk);
    cr_assert(eq(sz, sdk->create_calls, TACHOI_INSTRUMENTS_MAX));
    sdk->refuse.instruments = false;
    tacho_counter *direct = tacho_meter_create_counter(meter, "one more", NULL);
    cr_assert(eq(ptr, (void *)direct, (void *)fake_find(sdk, "one more")));
    tacho_bound_counter *bound = tacho_counter_bind(direct, TACHO_NO_ATTRS);
    tacho_bound_counter_add(bound, 3);
    tacho_bound_counter_release(bound);
    cr_assert(eq(sz, sdk->release_calls, 1));
    cr_assert(eq(i64, fake_sum(sdk, "one more"), 3));
    fake_destroy(sdk);
    fake_free(sdk);
}

Test(global, without_memory_there_are_noop_objects) {
    tacho_meter *noop_meter = tacho_meter_provider_get_meter(NULL, "", NULL);
    tachoi_api_fail_allocation(1);
    cr_assert(eq(ptr, meter_named("m"), noop_meter));
    tacho_meter *meter = meter_named("m");
    cr_assert(ne(ptr, meter, noop_meter));
    tachoi_api_fail_allocation(1);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    cr_assert(eq(ptr, counter, tacho_meter_create_counter(NULL, "c", NULL)));
    cr_assert(ne(ptr, tacho_meter_create_counter(meter, "c", NULL), counter));

    struct fake_provider *sdk = fake_create_provider();
    tachoi_api_fail_allocation(1);
    cr_assert(eq(int, install(sdk), TACHO_E_NO_MEMORY));
    cr_assert(eq(ptr, tacho_spi_resolve(tacho_meter_provider_global()), NULL));
    cr_assert(eq(int, install(sdk), TACHO_OK));
    tachoi_api_fail_allocation(1);
    tacho_counter *direct = tacho_meter_create_counter(meter, "d", NULL);
    cr_assert(eq(ptr, (void *)direct, (void *)fake_find(sdk, "d")));
    fake_destroy(sdk);
    fake_free(sdk);
}
