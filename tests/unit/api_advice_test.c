/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the proof that what an instrument is described with and advised of goes through the global
 * provider unharmed: texts of any length, lists of keys, options of an older version. */
#include <stdio.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "api_fake_sdk.h"
#include "memory.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static tacho_meter *meter(void) {
    return tacho_meter_provider_get_meter(tacho_meter_provider_global(), "m", NULL);
}

static struct fake_provider *install(void) {
    struct fake_provider *sdk = fake_create_provider();
    cr_assert(eq(int, tacho_meter_provider_set_global(fake_handle(sdk)), TACHO_OK));
    return sdk;
}

static void end(struct fake_provider *sdk) {
    fake_destroy(sdk);
    fake_free(sdk);
}

static tacho_counter *counter_with_keys(const char *name, const char *const *keys, size_t count) {
    return tacho_meter_create_counter(meter(), name,
                                      TACHO_OPTIONS(tacho_instrument_options,
                                                    .attribute_keys = keys,
                                                    .attribute_key_count = count));
}

/* API-18 API-22: each constructor takes all of them, or none */
Test(advice, every_kind_is_described) {
    const double bounds[] = {1.0, 5.0};
    const char *const keys[] = {"k"};
    const tacho_instrument_options *options =
        TACHO_OPTIONS(tacho_instrument_options, .unit = "u", .description = "d",
                      .explicit_bucket_boundaries = bounds, .explicit_bucket_boundary_count = 2,
                      .attribute_keys = keys, .attribute_key_count = 1);
    for (int i = 0; i < 2; i++) {
        const tacho_instrument_options *given = i == 0 ? options : NULL;
        tacho_meter *owner = tacho_meter_provider_get_meter(tacho_meter_provider_global(),
                                                            i == 0 ? "full" : "bare", NULL);
        tacho_meter_create_counter(owner, "c", given);
        tacho_meter_create_up_down_counter(owner, "u", given);
        tacho_meter_create_gauge(owner, "g", given);
        tacho_meter_create_histogram(owner, "h", given);
        tacho_meter_create_observable_counter(owner, "oc", given, NULL, NULL);
        tacho_meter_create_observable_up_down_counter(owner, "ou", given, NULL, NULL);
        tacho_meter_create_observable_gauge(owner, "og", given, NULL, NULL);
    }
    struct fake_provider *sdk = install();
    cr_assert(eq(sz, sdk->instrument_count, 14));
    for (size_t i = 0; i < 14; i++) {
        const struct fake_instrument *fake = &sdk->instruments[i];
        bool is_full = i < 7;
        cr_assert(eq(int, (int)fake->kind, (int)sdk->instruments[i % 7].kind));
        cr_assert(eq(str, (char *)fake->unit, (char *)(is_full ? "u" : "")));
        cr_assert(eq(str, (char *)fake->description, (char *)(is_full ? "d" : "")));
        cr_assert(eq(sz, fake->boundary_count, is_full ? 2 : 0));
        cr_assert(eq(sz, fake->key_count, is_full ? 1 : 0));
    }
    end(sdk);
}

/* API-15 */
Test(advice, units_differ_by_case_and_may_be_long) {
    char longest[64];
    memset(longest, 'u', 63);
    longest[63] = '\0';
    tacho_counter *lower = tacho_meter_create_counter(
        meter(), "a", TACHO_OPTIONS(tacho_instrument_options, .unit = "kb"));
    tacho_counter *upper = tacho_meter_create_counter(
        meter(), "a", TACHO_OPTIONS(tacho_instrument_options, .unit = "kB"));
    tacho_meter_create_counter(meter(), "b",
                               TACHO_OPTIONS(tacho_instrument_options, .unit = longest));
    cr_assert(ne(ptr, lower, upper));
    struct fake_provider *sdk = install();
    cr_assert(eq(str, sdk->instruments[0].unit, (char *)"kb"));
    cr_assert(eq(str, sdk->instruments[1].unit, (char *)"kB"));
    cr_assert(eq(str, fake_find(sdk, "b")->unit, longest));
    end(sdk);
}

/* API-17: 1023 characters of the Basic Multilingual Plane */
Test(advice, a_description_may_be_long) {
    static char text[1023 * 3 + 1];
    for (size_t i = 0; i < 1023; i++) {
        memcpy(&text[i * 3], "\xe2\x82\xac", 3);
    }
    tacho_meter_create_counter(meter(), "c",
                               TACHO_OPTIONS(tacho_instrument_options, .description = text));
    struct fake_provider *sdk = install();
    cr_assert(eq(str, fake_find(sdk, "c")->description, text));
    end(sdk);
}

/* API-24: the list and its keys are copied */
Test(advice, keys_are_copied) {
    char first[] = "first";
    const char *keys[] = {first, "second", NULL, ""};
    counter_with_keys("c", keys, 4);
    first[0] = 'X';
    keys[1] = "changed";
    struct fake_provider *sdk = install();
    const struct fake_instrument *fake = fake_find(sdk, "c");
    cr_assert(eq(sz, fake->key_count, 4));
    cr_assert(eq(str, (char *)fake->keys[0], (char *)"first"));
    cr_assert(eq(str, (char *)fake->keys[1], (char *)"second"));
    cr_assert(eq(str, (char *)fake->keys[2], (char *)"(null)"), "the SDK judges it");
    cr_assert(eq(str, (char *)fake->keys[3], (char *)""));
    end(sdk);
}

/* API-24: an empty list is not the absence of one; a count without a list is */
Test(advice, an_empty_list_of_keys_stays_one) {
    {
        const char *const gone[] = {"not read"};
        counter_with_keys("empty", gone, 0);
    }
    counter_with_keys("none", NULL, 3);
    struct fake_provider *sdk = install();
    cr_assert(eq(int, fake_find(sdk, "empty")->has_keys, true));
    cr_assert(eq(sz, fake_find(sdk, "empty")->key_count, 0));
    cr_assert(eq(int, fake_find(sdk, "none")->has_keys, false));
    cr_assert(eq(sz, fake_find(sdk, "none")->key_count, 0));
    end(sdk);
}

/* API-12: advice does not identify an instrument, but each advice reaches the SDK, which answers
 * with the instrument that it has */
Test(advice, another_advice_is_a_request_of_its_own) {
    const char *const keys[] = {"a", "b"};
    const char *const equal[] = {"a", "b"};
    const char *const turned[] = {"b", "a"};
    const char *const holes[] = {"a", NULL};
    tacho_counter *first = counter_with_keys("c", keys, 2);
    cr_assert(eq(ptr, first, counter_with_keys("c", equal, 2)));
    tacho_counter *others[] = {
        counter_with_keys("c", turned, 2), counter_with_keys("c", keys, 1),
        counter_with_keys("c", keys, 0),   counter_with_keys("c", NULL, 0),
        counter_with_keys("c", holes, 2),
    };
    for (size_t i = 0; i < 5; i++) {
        cr_assert(ne(ptr, first, others[i]));
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(ptr, others[i], others[j]));
        }
    }
    struct fake_provider *sdk = install();
    cr_assert(eq(sz, sdk->create_calls, 6));
    cr_assert(eq(sz, sdk->instrument_count, 1), "to the SDK they are one");
    tacho_counter_add(first, 1, TACHO_NO_ATTRS);
    tacho_counter_add(others[0], 1, TACHO_NO_ATTRS);
    cr_assert(eq(i64, fake_sum(sdk, "c"), 2));
    end(sdk);
}

/* API-49: instrumentation that was compiled before attribute_keys was added */
Test(advice, options_without_keys_are_read) {
    const double bounds[] = {1.0, 5.0};
    const char *const keys[] = {"beyond its size"};
    tacho_instrument_options options = {.struct_size =
                                            offsetof(tacho_instrument_options, attribute_keys),
                                        .unit = "s",
                                        .explicit_bucket_boundaries = bounds,
                                        .explicit_bucket_boundary_count = 2,
                                        .attribute_keys = keys,
                                        .attribute_key_count = 1};
    tacho_histogram *old = tacho_meter_create_histogram(meter(), "h", &options);
    options.struct_size = sizeof(options);
    options.attribute_keys = NULL;
    cr_assert(eq(ptr, old, tacho_meter_create_histogram(meter(), "h", &options)));
    struct fake_provider *sdk = install();
    const struct fake_instrument *fake = fake_find(sdk, "h");
    cr_assert(eq(str, (char *)fake->unit, (char *)"s"));
    cr_assert(eq(sz, fake->boundary_count, 2));
    cr_assert(eq(int, fake->has_keys, false));
    cr_assert(eq(sz, sdk->instrument_options_size, sizeof(tacho_instrument_options)));
    end(sdk);
}

Test(advice, keys_without_memory_make_a_noop) {
    const char *const keys[] = {"a", "b"};
    tacho_counter *noop = tacho_meter_create_counter(NULL, "c", NULL);
    meter();
    tachoi_api_fail_allocation(1);
    cr_assert(eq(ptr, counter_with_keys("c", keys, 2), noop));
    cr_assert(ne(ptr, counter_with_keys("c", keys, 2), noop));
    cr_assert(eq(ptr, counter_with_keys("d", keys, SIZE_MAX), noop), "its size overflows");
}
