/* SPDX-License-Identifier: Apache-2.0 */
/* Removing series through an instrument, over all of its streams. */
#include <sys/wait.h>
#include <unistd.h>

#include "sdk_fixture.h"

#define A TACHO_ATTRS(TACHO_I64("a", 1))
#define A_AND_B TACHO_ATTRS(TACHO_I64("a", 1), TACHO_I64("b", 2))

Test(removal, a_removed_series_is_exported_once_more_and_then_gone_for_all_readers) {
    tacho_metric_reader *readers[] = {make_manual_reader(), DELTA_READER()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_counter *counter = tacho_meter_create_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "c", NULL);
    cr_expect(eq(int, tacho_counter_remove(counter, A), TACHO_E_NOT_FOUND));
    cr_expect(eq(sz, tacho_counter_series_count(counter), 0));
    tacho_counter_add(counter, 5, A);
    cr_expect(eq(sz, tacho_counter_series_count(counter), 2), "one for each reader");
    cr_expect(eq(int, tacho_counter_remove(counter, A), TACHO_OK));
    for (int i = 0; i < 2; i++) {
        cr_expect(eq(i64, value_of(readers[i], "c"), 5));
        cr_expect(eq(i64, value_of(readers[i], "c"), INT64_MIN));
    }
    tacho_counter_add(counter, 1, A);
    cr_expect(eq(i64, value_of(readers[0], "c"), 1), "it begins anew from zero");
    tacho_meter_provider_destroy(provider);
}

Test(removal, a_bound_series_is_busy_and_nothing_is_removed) {
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "c"), VIEW(.instrument_name = "c", .name = "d"));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, A);
    tacho_bound_counter_add(bound, 1);
    cr_expect(eq(int, tacho_counter_remove(counter, A), TACHO_E_BUSY));
    free(collect(sdk.reader));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 2), "both streams still have it");
    free(collected);
    tacho_bound_counter_release(bound);
    cr_expect(eq(int, tacho_counter_remove(counter, A), TACHO_OK));
    free(collect(sdk.reader));
    collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 0));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static tacho_counter *described(tacho_meter *meter, const char *description) {
    return tacho_meter_create_counter(
        meter, "c", TACHO_OPTIONS(tacho_instrument_options, .description = description));
}

/* Two instruments that share one of two streams: the series of the shared one is bound. */
Test(removal, what_is_bound_in_one_stream_is_removed_from_none) {
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .name = "own"),
                       VIEW(.instrument_name = "c", .name = "shared", .description = "the view's"));
    capture_diagnostics();
    tacho_counter *counter = described(sdk.meter, "one");
    tacho_bound_counter *bound = tacho_counter_bind(described(sdk.meter, "two"), A);
    tacho_counter_add(counter, 1, A);
    cr_expect(eq(int, tacho_counter_remove(counter, A), TACHO_E_BUSY));
    free(collect(sdk.reader));
    tacho_counter_add(counter, 2, A);
    struct collected *collected = collect(sdk.reader);
    cr_assert(ne(ptr, (void *)point_of(collected, "own", 0), NULL));
    cr_expect(eq(i64, point_of(collected, "own", 0)->i64, 3), "it was not removed");
    cr_expect(eq(i64, point_of(collected, "shared", 0)->i64, 3));
    free(collected);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(removal, a_stream_whose_view_leaves_attributes_out_keeps_what_belongs_to_others_too) {
    static const char *const keys[] = {"a"};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "c"),
                                    VIEW(.instrument_name = "c", .name = "reduced",
                                         .included_keys = keys, .included_key_count = 1));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, A);
    tacho_counter_add(counter, 3, A_AND_B);
    cr_expect(eq(int, tacho_counter_remove(counter, A_AND_B), TACHO_OK),
              "the reduced series that is bound is not meant");
    free(collect(sdk.reader));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(ptr, (void *)point_with(collected, "c", "a=1,b=2"), NULL));
    const struct seen_point *reduced = point_with(collected, "reduced", "a=1");
    cr_assert(ne(ptr, (void *)reduced, NULL));
    cr_expect(eq(i64, reduced->i64, 3));
    free(collected);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(removal, every_synchronous_kind_can_remove) {
    struct sdk sdk = make_sdk();
    tacho_counter_f64 *counter = tacho_meter_create_counter_f64(sdk.meter, "c", NULL);
    tacho_up_down_counter *up_down = tacho_meter_create_up_down_counter(sdk.meter, "u", NULL);
    tacho_gauge_f64 *gauge = tacho_meter_create_gauge_f64(sdk.meter, "g", NULL);
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    tacho_counter_f64_add(counter, 1, A);
    tacho_up_down_counter_add(up_down, 1, A);
    tacho_gauge_f64_record(gauge, 1, A);
    tacho_histogram_record(histogram, 1, A);
    cr_expect(eq(int, tacho_counter_f64_remove(counter, A), TACHO_OK));
    cr_expect(eq(int, tacho_up_down_counter_remove(up_down, A), TACHO_OK));
    cr_expect(eq(int, tacho_gauge_f64_remove(gauge, A), TACHO_OK));
    cr_expect(eq(int, tacho_histogram_remove(histogram, A), TACHO_OK));
    free(collect(sdk.reader));
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->count, 0));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

Test(removal, a_forked_child_is_told_so) {
    struct sdk sdk = make_sdk();
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_counter_add(counter, 1, A);
    pid_t child = fork();
    cr_assert(ge(int, child, 0));
    if (child == 0) {
        _exit(tacho_counter_remove(counter, A) == TACHO_E_FORKED ? 0 : 1);
    }
    int status = 0;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    bool is_told = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    cr_expect(is_told);
    cr_expect(eq(i64, value_of(sdk.reader, "c"), 1));
    tacho_meter_provider_destroy(sdk.provider);
}
