/* SPDX-License-Identifier: Apache-2.0 */
/* remote_write_options: a program that says how its metrics are sent, and what became of them.
 *
 *     remote_write_options [--endpoint URL] [--orders N]
 *
 * The lesson: all of it is decided where the exporter is made, in code or by TACHO_REMOTE_WRITE_*;
 * what is measured does not know. Here each series gets a label of the cluster, metrics called
 * debug_* stay at home, and answers and losses are told to the program. A view asks for exponential
 * buckets, which travel as a native histogram, and a hook gives exemplars their trace. That takes
 * remote write 2.0; a receiver of 1.0 gets the rest, and the account says what it did not get.
 *
 * Prints the account, one "name value" a line. In Prometheus 3:
 *
 *     histogram_quantile(0.9, shop_order_value_euros)
 *
 * Exit status: 0 all arrived, 1 not all did, 2 wrong usage or set-up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tacho/exporters/remote_write.h>
#include <tacho/tacho.h>

#include "common.h"

enum { DEADLINE_MS = 5000 };

/* --- what is told while it runs --- */

static void on_request(void *user, const tacho_remote_write_result *result) {
    (void)user;
    if (result->failed > 0 || result->http_status == 0) {
        (void)fprintf(stderr, "%s: status %d, %s%s\n", result->url, result->http_status,
                      result->error, result->example);
    }
}

static void on_drop(void *user, uint64_t samples, const char *reason, const char *series) {
    (void)user;
    (void)fprintf(stderr, "%" PRIu64 " samples were dropped (%s): %s\n", samples, reason, series);
}

/* A real program asks its tracer which span is active. */
static bool active_span(tacho_context *out, void *user) {
    (void)user;
    memset(out->trace_id, 0x0a, sizeof out->trace_id);
    memset(out->span_id, 0x0b, sizeof out->span_id);
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}

/* --- how it is sent --- */

static int create_exporter(const char *endpoint, tacho_metric_exporter **out) {
    static const char *const metric_name[] = {"__name__"};
    static const tacho_remote_write_label external[] = {{"cluster", "eu-1"}};
    static const tacho_remote_write_relabel_config rules[] = {
        {.action = TACHO_REMOTE_WRITE_RELABEL_DROP,
         .source_labels = metric_name,
         .source_label_count = 1,
         .regex = "debug_.*"},
        {.action = TACHO_REMOTE_WRITE_RELABEL_LABEL_DROP, .regex = "otel_scope_.*"},
    };
    return tacho_remote_write_exporter_create(
        TACHO_OPTIONS(tacho_remote_write_options, .endpoint = endpoint, .external_labels = external,
                      .external_label_count = 1, .write_relabel_configs = rules,
                      .write_relabel_config_count = 2, .on_request = on_request,
                      .on_drop = on_drop),
        out);
}

static int create_view(tacho_view **out) {
    const tacho_aggregation exponential = {
        .struct_size = sizeof exponential,
        .type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
    };
    return tacho_view_create(TACHO_OPTIONS(tacho_view_options,
                                           .instrument_name = "shop.order.value",
                                           .aggregation = &exponential),
                             out);
}

/* Each takes over the one before, also when it fails. NULL: the reason is on standard error. */
static tacho_meter_provider *start(tacho_metric_exporter *exporter) {
    tacho_metric_reader *reader = NULL;
    tacho_view *view = NULL;
    tacho_meter_provider *provider = NULL;
    if (tacho_periodic_reader_create(exporter, NULL, &reader) != TACHO_OK) {
        return NULL;
    }
    if (create_view(&view) != TACHO_OK) {
        tacho_metric_reader_destroy(reader);
        return NULL;
    }
    (void)tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                    .readers = &reader, .reader_count = 1,
                                                    .views = &view, .view_count = 1),
                                      &provider);
    return provider;
}

/* --- what is measured --- */

static void sell(tacho_meter *meter, uint32_t orders) {
    tacho_counter *sold = tacho_meter_create_counter(meter, "shop.orders", NULL);
    tacho_counter *debug = tacho_meter_create_counter(meter, "debug.steps", NULL);
    tacho_histogram *value = tacho_meter_create_histogram(
        meter, "shop.order.value", TACHO_OPTIONS(tacho_instrument_options, .unit = "euros"));
    for (uint32_t i = 0; i < orders; i++) {
        tacho_attributes country = TACHO_ATTRS(TACHO_STR("country", i % 2 == 0 ? "DE" : "FR"));
        tacho_counter_add(sold, 1, country);
        tacho_counter_add(debug, 1, TACHO_NO_ATTRS);
        tacho_histogram_record(value, 1.0 + i, TACHO_NO_ATTRS);
    }
}

static void print_account(const tacho_metric_exporter *exporter) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    if (tacho_remote_write_exporter_stats(exporter, &stats) != TACHO_OK) {
        return;
    }
    (void)printf("protocol %d\n", stats.protocol);
    (void)printf("accepted %" PRIu64 "\n", stats.accepted);
    (void)printf("acknowledged %" PRIu64 "\n", stats.acknowledged);
    (void)printf("failed %" PRIu64 "\n", stats.failed);
    (void)printf("dropped_unsupported %" PRIu64 "\n", stats.dropped_unsupported);
    (void)printf("series_filtered %" PRIu64 "\n", stats.series_filtered);
    (void)printf("exemplars_acknowledged %" PRIu64 "\n", stats.exemplars_acknowledged);
}

int main(int argc, char **argv) {
    const char *endpoint = example_endpoint();
    uint32_t orders = 100;
    (void)example_parse(argc, argv,
                        (const struct example_option[]){
                            {"endpoint", &endpoint, NULL}, {"orders", NULL, &orders}, {0}},
                        "remote_write_options [--endpoint URL] [--orders N]");
    tacho_metric_exporter *exporter = NULL;
    tacho_meter_provider *provider = NULL;
    if (create_exporter(endpoint, &exporter) != TACHO_OK || (provider = start(exporter)) == NULL) {
        return 2;
    }
    (void)tacho_context_set_hook(active_span, NULL);
    sell(tacho_meter_provider_get_meter(provider, "remote_write_options", NULL), orders);
    int rc = tacho_meter_provider_shutdown(provider, DEADLINE_MS);
    print_account(exporter); /* the exporter is the provider's, and there until that is destroyed */
    tacho_meter_provider_destroy(provider);
    return rc == TACHO_OK ? 0 : 1;
}
