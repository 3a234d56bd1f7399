/* SPDX-License-Identifier: Apache-2.0 */
/* A user's program: every library is linked, one value goes through to the in-memory exporter. */
#include <stdio.h>

#include <tacho/exporters/console.h>
#include <tacho/exporters/memory.h>
#include <tacho/exporters/remote_write.h>
#include <tacho/sdk/meter_provider.h>
#include <tacho/tacho.h>

static int value_of(const tacho_metric_exporter *memory, long long *out) {
    tacho_metric_batch *batch = tacho_memory_exporter_batch(memory, 0);
    const tacho_metric *metric = batch != NULL ? tacho_memory_batch_find(batch, "orders") : NULL;
    if (metric != NULL && metric->point_count == 1) {
        *out = (long long)tacho_metric_number_point(metric, 0)->value.i64;
    }
    tacho_memory_batch_destroy(batch);
    return metric != NULL;
}

int main(void) {
    tacho_metric_exporter *remote_write = NULL;
    tacho_metric_exporter *console = NULL;
    if (tacho_remote_write_exporter_create(
            TACHO_OPTIONS(tacho_remote_write_options, .endpoint = "http://127.0.0.1:9/write"),
            &remote_write) != TACHO_OK ||
        tacho_console_exporter_create(NULL, &console) != TACHO_OK) {
        fputs("an exporter could not be made\n", stderr);
        return 1;
    }
    tacho_metric_exporter_destroy(remote_write);
    tacho_metric_exporter_destroy(console);

    tacho_metric_exporter *memory = NULL;
    tacho_metric_reader *reader = NULL;
    tacho_meter_provider *provider = NULL;
    if (tacho_memory_exporter_create(NULL, &memory) != TACHO_OK ||
        tacho_manual_reader_create(memory, NULL, &reader) != TACHO_OK ||
        tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1),
            &provider) != TACHO_OK) {
        fputs("no provider\n", stderr);
        return 1;
    }
    tacho_meter_provider_set_global(provider);
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "user", NULL);
    tacho_counter *orders = tacho_meter_create_counter(meter, "orders", NULL);
    tacho_counter_add(orders, 2, TACHO_NO_ATTRS);
    tacho_counter_add(orders, 3, TACHO_NO_ATTRS);
    int rc = tacho_metric_reader_collect(reader, 0);
    long long value = 0;
    int found = value_of(memory, &value);
    tacho_meter_provider_destroy(provider);
    printf("collect: %s, orders = %lld\n", tacho_status_text(rc), value);
    return rc == TACHO_OK && found && value == 5 ? 0 : 1;
}
