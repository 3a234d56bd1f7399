/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the tests of the Prometheus translation beside its golden vectors (tests/conformance): lack
 * of memory, large inputs, and outputs that failures leave alone. */
#include <stdio.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "prometheus/family.h"
#include "prometheus/labels.h"
#include "prometheus/names.h"
#include "prometheus/value_text.h"
#include "sample_batch.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

static struct sample_batch sample;

static void begin(void) {
    tacho_resource *resource = NULL;
    const tacho_resource_options options = {
        .struct_size = sizeof(options),
        .attributes =
            TACHO_ATTRS(TACHO_STR("host.name", "h"), TACHO_STR("service.instance.id", "i"),
                        TACHO_STR("service.name", "n"), TACHO_STR("service.namespace", "s")),
    };
    cr_assert(eq(int, tacho_resource_create(&options, &resource), TACHO_OK));
    sample_batch_init(&sample, resource);
}

static void end(void) {
    tacho_resource_destroy(sample.resource);
}

TestSuite(prometheus, .init = begin, .fini = end);

static struct tachoi_prometheus_options options; /* all zero unless a test says otherwise */

static enum tachoi_prometheus_result point_labels(tacho_attributes attributes,
                                                  struct tachoi_arena *arena,
                                                  struct tachoi_prometheus_labels *labels) {
    const struct tachoi_prometheus_conversion conversion = {sample.resource, &options};
    const struct tachoi_prometheus_component component = {"_bucket", "le", "+Inf"};
    return tachoi_prometheus_point_labels(&conversion, &sample.scope, &sample.metrics[0].metric,
                                          attributes, &component, arena, labels);
}

static enum tachoi_prometheus_result target_labels(tacho_attributes unused,
                                                   struct tachoi_arena *arena,
                                                   struct tachoi_prometheus_labels *labels) {
    (void)unused;
    const struct tachoi_prometheus_conversion conversion = {sample.resource, &options};
    return tachoi_prometheus_target_info_labels(&conversion, arena, labels);
}

typedef enum tachoi_prometheus_result (*labels_fn)(tacho_attributes, struct tachoi_arena *,
                                                   struct tachoi_prometheus_labels *);

/* Runs `make` with the k-th allocation failing, for all k, until none fails. */
static void check_every_failure(labels_fn make, tacho_attributes attributes, size_t count) {
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_NO_MEMORY;
    uint64_t k = 0;
    while (result != TACHOI_PROMETHEUS_OK) {
        struct tachoi_arena arena;
        tachoi_arena_init(&arena, 0);
        tachoi_alloc_fail_at(++k);
        result = make(attributes, &arena, &labels);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, (int)result,
                     (int)(has_failed ? TACHOI_PROMETHEUS_NO_MEMORY : TACHOI_PROMETHEUS_OK)),
                  "allocation %d", (int)k);
        cr_assert(eq(sz, labels.count, has_failed ? 0 : count));
        tachoi_arena_fini(&arena);
    }
    cr_expect(gt(u64, k, 2));
}

Test(prometheus, labels_report_every_lack_of_memory) {
    /* 11 attributes with a value, __name__, job, instance, le, 3 + 1 of the scope */
    check_every_failure(point_labels, tacho_attributes_from(sample.values, 12), 19);
    check_every_failure(target_labels, TACHO_NO_ATTRS, 7);
}

/* Promoted attributes, external labels, names in UTF-8, rules. */
Test(prometheus, labels_with_options_report_every_lack_of_memory) {
    static const struct tachoi_prometheus_extra_label external[] = {{{"cluster", 7}, {"c", 1}},
                                                                    {{"job", 3}, {"lost", 4}}};
    static const char *const sources[] = {"cluster"};
    static const struct tachoi_relabel_rule rules[] = {
        {.source_labels = sources, .source_label_count = 1, .target_label = "where"},
        {.action = TACHOI_RELABEL_LABEL_DROP, .regex = "le"},
    };
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(rules, 2, true, &relabel, &problem), TACHO_OK));
    options = (struct tachoi_prometheus_options){
        .naming = {.strategy = TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES, .prefix = "app"},
        .promote_all = true,
        .external = external,
        .external_count = 2,
        .relabel = relabel,
    };
    /* as without options, and host.name, cluster, where, but no le */
    check_every_failure(point_labels, tacho_attributes_from(sample.values, 12), 21);
    check_every_failure(target_labels, TACHO_NO_ATTRS, 9);
    tachoi_relabel_destroy(relabel);
    options = (struct tachoi_prometheus_options){0};
}

Test(prometheus, a_full_arena_is_a_lack_of_memory) {
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    for (size_t max_bytes = 1; max_bytes < 3000; max_bytes += 97) {
        struct tachoi_arena arena;
        tachoi_arena_init(&arena, max_bytes);
        const enum tachoi_prometheus_result result =
            point_labels(tacho_attributes_from(sample.values, 12), &arena, &labels);
        cr_assert(eq(int, (int)(result == TACHOI_PROMETHEUS_OK), (int)(labels.count > 0)));
        tachoi_arena_fini(&arena);
        labels.count = 0;
    }
}

Test(prometheus, an_invalid_point_leaves_the_output_alone) {
    struct tachoi_arena arena;
    struct tachoi_prometheus_label item;
    struct tachoi_prometheus_labels labels = {&item, 7, 3};
    tachoi_arena_init(&arena, 0);
    cr_expect(eq(int, (int)point_labels(TACHO_ATTRS(TACHO_STR("_", "x")), &arena, &labels),
                 (int)TACHOI_PROMETHEUS_INVALID));
    cr_expect(eq(ptr, labels.items, &item));
    cr_expect(eq(sz, labels.count, 7));
    tachoi_arena_fini(&arena);
}

#define MANY 3000

/* RW1-04 */
Test(prometheus, thousands_of_labels_are_sorted_and_unique) {
    static tacho_attribute attributes[MANY];
    static char keys[MANY][16];
    struct tachoi_arena arena;
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    for (int i = 0; i < MANY; i++) {
        /* every name twice: k.1 and k_1 */
        (void)snprintf(keys[i], sizeof(keys[i]), i % 2 == 0 ? "k.%d" : "k_%d", i / 2 * 7 % 1500);
        attributes[i] = TACHO_I64(keys[i], i);
    }
    tachoi_arena_init(&arena, 0);
    cr_assert(eq(int, (int)point_labels(tacho_attributes_from(attributes, MANY), &arena, &labels),
                 (int)TACHOI_PROMETHEUS_OK));
    cr_expect(eq(sz, labels.count, MANY / 2 + 8));
    for (size_t i = 1; i < labels.count; i++) {
        cr_assert(lt(int, strcmp(labels.items[i - 1].name.data, labels.items[i].name.data), 0),
                  "%s before %s", labels.items[i - 1].name.data, labels.items[i].name.data);
    }
    tachoi_arena_fini(&arena);
}

static void check_name_failures(const struct tachoi_prometheus_naming *naming,
                                const char *expected) {
    bool is_done = false;
    for (uint64_t k = 1; !is_done; k++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_alloc_fail_at(k);
        cr_assert(
            eq(int, tachoi_prometheus_metric_name(naming, &sample.metrics[0].metric, &text), true));
        is_done = tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, text.failed, !is_done), "allocation %d", (int)k);
        if (is_done) {
            cr_expect(eq(str, text.data, (char *)expected));
        }
        tachoi_text_fini(&text);
    }
}

Test(prometheus, names_report_every_lack_of_memory_in_the_text) {
    static const char *const names[] = {
        "my_app_http_requests_bytes_per_second_total", "my_app_http_requests",
        "my.app_http.requests_bytes_per_second_total", "my.app_http.requests"};
    sample.metrics[0].metric.unit = tacho_string_from("By/s");
    for (int strategy = 0; strategy < 4; strategy++) {
        struct tachoi_prometheus_naming naming = {
            .strategy = (enum tachoi_prometheus_strategy)strategy, .prefix = "my.app"};
        check_name_failures(&naming, names[strategy]);
        naming.has_parity = true;
        check_name_failures(&naming, names[strategy]);
    }
}

Test(prometheus, families_report_every_lack_of_memory) {
    struct tachoi_prometheus_family family = {.type = TACHOI_PROMETHEUS_INFO};
    sample.metrics[0].metric.unit = tacho_string_from("By/s");
    for (int has_parity = 0; has_parity < 2; has_parity++) {
        const struct tachoi_prometheus_naming naming = {.has_parity = has_parity == 1};
        enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_NO_MEMORY;
        for (uint64_t k = 1; result != TACHOI_PROMETHEUS_OK; k++) {
            struct tachoi_arena arena;
            tachoi_arena_init(&arena, 0);
            family.type = TACHOI_PROMETHEUS_INFO;
            tachoi_alloc_fail_at(k);
            result =
                tachoi_prometheus_family_of(&naming, &sample.metrics[0].metric, &arena, &family);
            const bool has_failed = !tachoi_alloc_fail_pending();
            tachoi_alloc_fail_at(0);
            cr_assert(eq(int, (int)result,
                         (int)(has_failed ? TACHOI_PROMETHEUS_NO_MEMORY : TACHOI_PROMETHEUS_OK)),
                      "allocation %d", (int)k);
            cr_assert(eq(int, (int)family.type,
                         (int)(has_failed ? TACHOI_PROMETHEUS_INFO : TACHOI_PROMETHEUS_COUNTER)));
            tachoi_arena_fini(&arena);
        }
    }
}

Test(prometheus, bounds_report_a_lack_of_memory_in_the_text) {
    for (int format = 0; format < 2; format++) {
        const struct tachoi_prometheus_naming naming = {.is_openmetrics_le = format == 1};
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_alloc_fail_at(1);
        tachoi_prometheus_bound_text(&naming, -1.5e9, &text);
        cr_expect(eq(int, tachoi_alloc_fail_pending(), false));
        tachoi_alloc_fail_at(0);
        cr_expect(eq(int, text.failed, true));
        tachoi_text_fini(&text);
    }
}

Test(prometheus, a_text_that_is_full_fails_instead_of_cutting_a_name) {
    for (size_t max_length = 1; max_length < 19; max_length++) {
        struct tachoi_text text;
        tachoi_text_init(&text, max_length);
        cr_assert(eq(
            int, tachoi_prometheus_metric_name(&options.naming, &sample.metrics[0].metric, &text),
            true));
        cr_expect(eq(int, text.failed, true), "at most %d", (int)max_length);
        tachoi_text_fini(&text);
    }
}

Test(prometheus, values_report_a_lack_of_memory_in_the_text) {
    for (size_t i = 0; i < 12; i++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_alloc_fail_at(1);
        tachoi_value_to_text(&sample.values[i].value, &text);
        const bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_expect(eq(int, text.failed, has_failed));
        cr_expect(eq(int, has_failed, sample.values[i].value.type != TACHO_VALUE_EMPTY));
        tachoi_text_fini(&text);
    }
}
