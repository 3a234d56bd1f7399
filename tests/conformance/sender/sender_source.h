/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a metric producer of points that no instrument makes: summaries, histograms without a value
 * or with very many, negative ranges. */
#ifndef TACHO_TESTS_CONFORMANCE_SENDER_SOURCE_H
#define TACHO_TESTS_CONFORMANCE_SENDER_SOURCE_H

#include "conformance/sender/sender_fixture.h"
#include "tacho/sdk/metric_producer.h"

enum { SOURCE_METRICS = 4 };

/** What it produces at each collection. */
static struct {
    tacho_scope scope;
    tacho_scope_metrics scope_metrics;
    tacho_metric metrics[SOURCE_METRICS];
} source;

UNUSED static int source_produce(void *self, const tacho_produce_request *request,
                                 tacho_produced *out) {
    (void)self;
    (void)request;
    out->scopes = &source.scope_metrics;
    out->scope_count = 1;
    out->scope_size = sizeof source.scope_metrics;
    return TACHO_OK;
}

UNUSED static tacho_series_ref source_series(void) {
    return (tacho_series_ref){.id = tacho_series_id_next(), .generation = 1};
}

/** A second ago. */
UNUSED static uint64_t source_start(void) {
    return tachoi_unix_ns() - 1000 * TACHOI_NS_PER_MS;
}

/** Adds a metric of one point, which must outlive the provider. */
UNUSED static void source_add(const char *name, tacho_metric_type type, const void *point,
                              size_t point_size) {
    const size_t count = source.scope_metrics.metric_count++;
    cr_assert(lt(sz, count, SOURCE_METRICS));
    source.metrics[count] = (tacho_metric){.name = tacho_string_from(name),
                                           .description = tacho_string_from("From elsewhere."),
                                           .type = type,
                                           .temporality = TACHO_TEMPORALITY_CUMULATIVE,
                                           .points = point,
                                           .point_count = 1,
                                           .point_size = point_size};
}

/** Makes the producer that sender_start takes. */
UNUSED static void source_use(void) {
    static const tacho_metric_producer_ops ops = {
        .struct_size = sizeof ops, .name = "source", .produce = source_produce};
    source.scope = (tacho_scope){.name = {"test", 4}};
    source.scope_metrics.scope = &source.scope;
    source.scope_metrics.metrics = source.metrics;
    source.scope_metrics.metric_size = sizeof source.metrics[0];
    cr_assert(eq(int, tacho_metric_producer_create(&ops, &source, &sender.producer), TACHO_OK));
}

#endif
