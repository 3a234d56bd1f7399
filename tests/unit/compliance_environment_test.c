/* SPDX-License-Identifier: Apache-2.0 */
/* What distinguishes one program's streams from another's, and variables that make no sense. */
#include "sdk_fixture.h"

#include "tacho/sdk/metric_data.h"

struct identity {
    char instance[64];
};

static int see_instance(const tacho_metric_batch *batch, void *user) {
    struct identity *identity = user;
    const tacho_attributes attributes = tacho_resource_attributes(batch->resource);
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_string key = attributes.items[i].key;
        if (key.length == strlen("service.instance.id") &&
            memcmp(key.data, "service.instance.id", key.length) == 0) {
            copy_text(identity->instance, sizeof identity->instance,
                      attributes.items[i].value.as.string);
        }
    }
    return TACHO_OK;
}

/* DM-10, RES-15: the resource tells the streams of two writers apart, and stays the same */
Test(compliance_environment, each_provider_writes_streams_of_its_own) {
    struct identity seen[3] = {{""}, {""}, {""}};
    struct sdk sdks[] = {make_sdk(), make_sdk()};
    for (size_t i = 0; i < 3; i++) {
        cr_assert(
            eq(int, tacho_metric_reader_collect_with(sdks[i % 2].reader, 0, see_instance, &seen[i]),
               TACHO_OK));
        cr_expect(eq(sz, strlen(seen[i].instance), 36));
    }
    cr_expect(ne(str, seen[0].instance, seen[1].instance));
    cr_expect(eq(str, seen[0].instance, seen[2].instance));
    tacho_meter_provider_destroy(sdks[0].provider);
    tacho_meter_provider_destroy(sdks[1].provider);
}

/* DM-10: whoever asks for an instrument again writes into the same stream */
Test(compliance_environment, one_stream_has_one_writer_however_often_it_is_asked_for) {
    struct sdk sdk = make_sdk();
    for (int i = 0; i < 3; i++) {
        tacho_meter *meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
        tacho_counter_add(tacho_meter_create_counter(meter, i == 1 ? "C" : "c", NULL), 1,
                          TACHO_ATTRS(TACHO_I64("a", 1)));
    }
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->metric_count, 1));
    cr_expect(eq(sz, collected->scope_count, 1));
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(i64, collected->points[0].i64, 3));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

static _Atomic(uint64_t) seen_deadline_ns;

static int keep_deadline(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)batch;
    atomic_store(&seen_deadline_ns, deadline_ns);
    atomic_fetch_add((_Atomic(unsigned) *)self, 1);
    return TACHO_OK;
}

/* ENV-04, ENV-06: in the words of the user, and the default holds */
Test(compliance_environment, a_duration_that_makes_no_sense_is_told_and_ignored) {
    static const tacho_metric_exporter_ops ops = {
        .struct_size = sizeof ops, .name = "deadline", .export_batch = keep_deadline};
    static const char *const bad[] = {"-1", "5s", "1.5", "4294967296", " 7"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char told[64];
        _Atomic(unsigned) exports = 0;
        tacho_metric_exporter *exporter = NULL;
        tacho_metric_reader *reader = NULL;
        snprintf(told, sizeof told, "OTEL_METRIC_EXPORT_TIMEOUT=%s ", bad[i]);
        setenv("OTEL_METRIC_EXPORT_TIMEOUT", bad[i], 1);
        if (i == 0) {
            capture_diagnostics();
        }
        cr_assert(eq(int, tacho_metric_exporter_create(&ops, &exports, &exporter), TACHO_OK));
        int status = tacho_periodic_reader_create(
            exporter, TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = 1), &reader);
        cr_assert(eq(int, status, TACHO_OK));
        if (i == 0) { /* later ones are of the same kind: one message a minute */
            cr_expect(was_told("environment_invalid", told), "%s",
                      diagnostic_of("environment_invalid"));
        }
        tacho_meter_provider *provider = make_provider(&reader, 1);
        cr_assert(await_count(&exports, 1));
        const uint32_t left_ms = tacho_deadline_remaining_ms(atomic_load(&seen_deadline_ns));
        cr_expect(gt(u32, left_ms, 20000), "%s", bad[i]);
        cr_expect(le(u32, left_ms, 30000), "%s", bad[i]);
        tacho_meter_provider_destroy(provider);
    }
}
