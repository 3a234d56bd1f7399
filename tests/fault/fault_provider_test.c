/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the whole path in one process: instrument, provider, exporter, receiver. */
#include "fault/fault_fixture.h"

static struct receiver *receiver;

static void begin(void) {
    receiver = receiver_start();
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
}

TestSuite(provider_path, .init = begin, .fini = end);

static tacho_meter_provider *create_provider(uint32_t interval_ms,
                                             tacho_metric_exporter **exporter) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    *exporter = create(&options);
    cr_assert(eq(int,
                 tacho_periodic_reader_create(
                     *exporter,
                     TACHO_OPTIONS(tacho_periodic_reader_options, .interval_ms = interval_ms,
                                   .first_collection = TACHO_FIRST_COLLECTION_AFTER_INTERVAL),
                     &reader),
                 TACHO_OK));
    cr_assert(eq(int,
                 tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .readers = &reader, .reader_count = 1),
                                             &provider),
                 TACHO_OK));
    return provider;
}

static double value_of_series(const char *name) {
    for (size_t i = receiver_sample_count(receiver); i > 0; i--) {
        struct receiver_sample sample = receiver_sample(receiver, i - 1);
        size_t length = strlen(name);
        if (strncmp(sample.series, name, length) == 0 && sample.series[length] == '{') {
            return sample.value;
        }
    }
    return -1;
}

Test(provider_path, one_increment_arrives_at_shutdown_though_the_interval_is_an_hour) {
    tacho_metric_exporter *exporter;
    tacho_meter_provider *provider = create_provider(3600000, &exporter);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "jobs", NULL);
    tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, 5000), TACHO_OK));
    cr_assert(eq(dbl, value_of_series("jobs_total"), 1.0));
    tacho_delivery account = {.struct_size = sizeof account};
    tacho_meter_provider_delivery(provider, &account);
    cr_assert(eq(u64, account.accepted, 1));
    cr_assert(eq(u64, account.acknowledged, 1));
    tacho_meter_provider_destroy(provider);
}

Test(provider_path, shutdown_keeps_its_deadline_when_the_receiver_never_answers) {
    tacho_metric_exporter *exporter;
    tacho_meter_provider *provider = create_provider(3600000, &exporter);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    tacho_counter_add(tacho_meter_create_counter(meter, "jobs", NULL), 1, TACHO_NO_ATTRS);
    uint64_t start_ns = tachoi_monotonic_ns();
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, 500), TACHO_E_TIMEOUT));
    cr_assert(le(u32, passed_ms(start_ns), 700));
    cr_assert(was_told("shutdown_loss: 1 samples"), "%s", fault_log.text);
    tacho_meter_provider_destroy(provider);
}

Test(provider_path, flushes_between_increments_give_every_value_in_order) {
    tacho_metric_exporter *exporter;
    tacho_meter_provider *provider = create_provider(3600000, &exporter);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    tacho_counter *counter = tacho_meter_create_counter(meter, "jobs", NULL);
    receiver_script(
        receiver,
        (struct receiver_step[]){{.status = 204}, {.status = 503}, {.status = 503}, {0}, {0}}, 5);
    for (size_t i = 1; i <= 5; i++) {
        tacho_counter_add(counter, 1, TACHO_NO_ATTRS);
        cr_assert(eq(int, tacho_meter_provider_force_flush(provider, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(sz, receiver_sample_count(receiver), 5));
    for (size_t i = 0; i < 5; i++) {
        cr_assert(eq(dbl, receiver_sample(receiver, i).value, (double)(i + 1)));
    }
    cr_assert(eq(int, tacho_meter_provider_shutdown(provider, PATIENCE_MS), TACHO_OK));
    tacho_meter_provider_destroy(provider);
}
