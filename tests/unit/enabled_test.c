/* SPDX-License-Identifier: Apache-2.0 */
/* When instruments say that they are worth a measurement. */
#include "sdk_fixture.h"

/* INST-18, VIEW-24 */
Test(enabled, what_all_views_drop_is_not) {
    const tacho_aggregation drop = {.struct_size = sizeof drop, .type = TACHO_AGGREGATION_DROP};
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "dropped", .aggregation = &drop),
                                    VIEW(.instrument_name = "both", .aggregation = &drop),
                                    VIEW(.instrument_name = "both"));
    tacho_counter *dropped = tacho_meter_create_counter(sdk.meter, "dropped", NULL);
    tacho_counter *both = tacho_meter_create_counter(sdk.meter, "both", NULL);
    tacho_counter *unseen = tacho_meter_create_counter(sdk.meter, "unseen", NULL);
    capture_diagnostics();
    cr_expect(not(tacho_counter_enabled(dropped, NULL)));
    cr_expect(tacho_counter_enabled(both, NULL));
    cr_expect(tacho_counter_enabled(unseen, NULL));
    tacho_counter_add(dropped, 1, TACHO_NO_ATTRS);
    tacho_counter_add(dropped, -1, TACHO_NO_ATTRS);
    tacho_counter_add(both, 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].name, "both"));
    cr_expect(eq(sz, diagnostics_log.count, 0), "what nobody wants is not lost");
    cr_expect(eq(sz, tacho_counter_series_count(dropped), 0));
    cr_expect(eq(int, tacho_counter_remove(dropped, TACHO_NO_ATTRS), TACHO_E_NOT_FOUND));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-18: an aggregation of the reader may drop as well */
Test(enabled, what_one_of_two_readers_drops_is) {
    const tacho_aggregation drop = {.struct_size = sizeof drop, .type = TACHO_AGGREGATION_DROP};
    tacho_metric_reader *readers[] = {
        READER(.default_aggregations =
                   {[TACHO_INSTRUMENT_COUNTER] = &drop, [TACHO_INSTRUMENT_GAUGE] = &drop}),
        READER(.default_aggregations = {[TACHO_INSTRUMENT_GAUGE] = &drop})};
    tacho_meter_provider *provider = make_provider(readers, 2);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "c", NULL);
    tacho_gauge *gauge = tacho_meter_create_gauge(meter, "g", NULL);
    cr_expect(tacho_counter_enabled(counter, NULL));
    cr_expect(not(tacho_gauge_enabled(gauge, NULL)));
    tacho_counter_add(counter, 3, TACHO_NO_ATTRS);
    cr_expect(eq(i64, value_of(readers[0], "c"), INT64_MIN));
    cr_expect(eq(i64, value_of(readers[1], "c"), 3));
    tacho_meter_provider_destroy(provider);
}
