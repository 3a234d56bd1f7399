/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the tests of label sets start from, and sets as text: {name="value",...}. */
#ifndef TACHO_TESTS_LABELS_FIXTURE_H
#define TACHO_TESTS_LABELS_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "base/text.h"
#include "prometheus/labels.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

/* What a case starts from; each test changes what it is about. */
static struct tachoi_prometheus_options translation;
static struct tachoi_prometheus_conversion conversion;
static tacho_resource *resource;
static tacho_scope scope;
static tacho_metric metric;
static struct tachoi_arena arena;
static struct tachoi_text text;
static size_t overridden;

static void begin(void) {
    resource = NULL;
    translation = (struct tachoi_prometheus_options){.disable_scope_info = false};
    conversion = (struct tachoi_prometheus_conversion){.options = &translation};
    scope = (tacho_scope){.name = {"", 0}};
    metric = (tacho_metric){.name = {"m", 1}, .type = TACHO_METRIC_GAUGE};
    tachoi_arena_init(&arena, 0);
    tachoi_text_init(&text, 0);
    overridden = 0;
}

static void end(void) {
    tacho_resource_destroy(resource);
    tachoi_arena_fini(&arena);
    tachoi_text_fini(&text);
}

static void use_resource(tacho_attributes attributes) {
    const tacho_resource_options options = {.struct_size = sizeof(options),
                                            .attributes = attributes};
    cr_assert(eq(int, tacho_resource_create(&options, &resource), TACHO_OK));
    conversion.resource = resource;
}

static char *text_of(enum tachoi_prometheus_result result,
                     const struct tachoi_prometheus_labels *labels) {
    static char none[] = "";
    tachoi_text_clear(&text);
    if (result != TACHOI_PROMETHEUS_OK) {
        tachoi_text_append_string(&text,
                                  result == TACHOI_PROMETHEUS_FILTERED ? "filtered" : "invalid");
        return text.data;
    }
    overridden = labels->overridden;
    for (size_t i = 0; i < labels->count; i++) {
        tachoi_text_append_char(&text, i == 0 ? '{' : ',');
        tachoi_text_append(&text, labels->items[i].name.data, labels->items[i].name.length);
        tachoi_text_append_string(&text, "=\"");
        tachoi_text_append(&text, labels->items[i].value.data, labels->items[i].value.length);
        tachoi_text_append_char(&text, '"');
    }
    if (labels->count > 0) {
        tachoi_text_append_char(&text, '}');
    }
    return text.length > 0 ? text.data : none;
}

static char *labels_with(tacho_attributes attributes, const char *suffix, const char *le) {
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    const struct tachoi_prometheus_component component = {suffix, le != NULL ? "le" : NULL, le};
    const enum tachoi_prometheus_result result = tachoi_prometheus_point_labels(
        &conversion, &scope, &metric, attributes, &component, &arena, &labels);
    return text_of(result, &labels);
}

static char *labels_of(tacho_attributes attributes) {
    return labels_with(attributes, "", NULL);
}

static char *target_info(void) {
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    const enum tachoi_prometheus_result result =
        tachoi_prometheus_target_info_labels(&conversion, &arena, &labels);
    return text_of(result, &labels);
}

#define EXPECT_LABELS(actual, expected) cr_expect(eq(str, (actual), (char *)(expected)))

#endif
