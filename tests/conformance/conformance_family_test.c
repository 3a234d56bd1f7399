/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of metadata: family names, types, help and units of metrics. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/family.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

struct vector {
    tacho_metric_type type;
    bool is_monotonic;
    enum tachoi_prometheus_strategy strategy;
    enum tachoi_prometheus_type expected;
    const char *name;
    const char *unit;
};

#define EXPECT_TEXT(actual, expected)                                                              \
    do {                                                                                           \
        char copy[64] = {0};                                                                       \
        cr_assert(lt(sz, (actual).length, sizeof(copy)));                                          \
        memcpy(copy, (actual).data, (actual).length);                                              \
        cr_expect(eq(str, copy, (char *)(expected)));                                              \
    } while (0)

/* PROM-05 PROM-10 PROM-18 PROM-20 PROM-24 PROM-30 PROM-38 CONV-02 RW1-13 */
Test(family, of_each_type) {
    static const struct vector vectors[] = {
        {TACHO_METRIC_SUM, true, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_COUNTER, "net_io_bytes_total", "bytes"},
        {TACHO_METRIC_SUM, true, TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
         TACHOI_PROMETHEUS_COUNTER, "net_io", "bytes"},
        {TACHO_METRIC_SUM, true, TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES, TACHOI_PROMETHEUS_COUNTER,
         "net.io_bytes_total", "bytes"},
        {TACHO_METRIC_SUM, true, TACHOI_NO_TRANSLATION, TACHOI_PROMETHEUS_COUNTER, "net.io", "By"},
        {TACHO_METRIC_SUM, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES, TACHOI_PROMETHEUS_GAUGE,
         "net_io_bytes", "bytes"},
        {TACHO_METRIC_GAUGE, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_GAUGE, "net_io_bytes", "bytes"},
        {TACHO_METRIC_HISTOGRAM, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_HISTOGRAM, "net_io_bytes", "bytes"},
        {TACHO_METRIC_EXPONENTIAL_HISTOGRAM, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_HISTOGRAM, "net_io_bytes", "bytes"},
        {TACHO_METRIC_SUMMARY, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_SUMMARY, "net_io_bytes", "bytes"},
        {(tacho_metric_type)99, false, TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES,
         TACHOI_PROMETHEUS_UNKNOWN, "net_io_bytes", "bytes"},
    };
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct tachoi_prometheus_naming naming = {.strategy = vectors[i].strategy};
        const tacho_metric metric = {.name = tacho_string_from("net.io"),
                                     .description = tacho_string_from("Bytes."),
                                     .unit = tacho_string_from("By"),
                                     .type = vectors[i].type,
                                     .is_monotonic = vectors[i].is_monotonic};
        struct tachoi_prometheus_family family;
        cr_assert(eq(int, (int)tachoi_prometheus_family_of(&naming, &metric, &arena, &family),
                     (int)TACHOI_PROMETHEUS_OK));
        cr_expect(eq(int, (int)family.type, (int)vectors[i].expected), "vector %d", (int)i);
        EXPECT_TEXT(family.name, vectors[i].name);
        EXPECT_TEXT(family.help, "Bytes.");
        EXPECT_TEXT(family.unit, vectors[i].unit);
    }
    tachoi_arena_fini(&arena);
}

/* PROM-18 PROM-20 */
Test(family, of_a_gauge_may_be_another_by_its_metadata) {
    static const struct {
        const char *word;
        enum tachoi_prometheus_type expected;
    } vectors[] = {{"unknown", TACHOI_PROMETHEUS_UNKNOWN}, {"unkown", TACHOI_PROMETHEUS_UNKNOWN},
                   {"info", TACHOI_PROMETHEUS_INFO},       {"stateset", TACHOI_PROMETHEUS_STATESET},
                   {"gauge", TACHOI_PROMETHEUS_GAUGE},     {"counter", TACHOI_PROMETHEUS_GAUGE},
                   {"", TACHOI_PROMETHEUS_GAUGE}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const tacho_attribute items[] = {TACHO_STR("prometheus.name", "info"),
                                         TACHO_STR("prometheus.type", vectors[i].word)};
        tacho_metric metric = {.type = TACHO_METRIC_GAUGE, .metadata = {items, 2}};
        cr_expect(eq(int, (int)tachoi_prometheus_type_of(&metric), (int)vectors[i].expected), "%s",
                  vectors[i].word);
        metric.type = TACHO_METRIC_SUM;
        cr_expect(eq(int, (int)tachoi_prometheus_type_of(&metric), (int)vectors[i].expected), "%s",
                  vectors[i].word);
        metric.is_monotonic = true;
        cr_expect(eq(int, (int)tachoi_prometheus_type_of(&metric), (int)TACHOI_PROMETHEUS_COUNTER));
    }
    const tacho_attribute number = TACHO_I64("prometheus.type", 1);
    const tacho_metric metric = {.type = TACHO_METRIC_GAUGE, .metadata = {&number, 1}};
    cr_expect(eq(int, (int)tachoi_prometheus_type_of(&metric), (int)TACHOI_PROMETHEUS_GAUGE));
}

/* PROM-10 P-05 */
Test(family, texts_are_repaired) {
    const struct tachoi_prometheus_naming naming = {.strategy = TACHOI_NO_TRANSLATION};
    const tacho_metric metric = {.name = {"a\xff", 2},
                                 .description = {"b\0c\xfe", 4},
                                 .unit = {"d\xfd", 2},
                                 .type = TACHO_METRIC_GAUGE};
    struct tachoi_prometheus_family family;
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    cr_assert(eq(int, (int)tachoi_prometheus_family_of(&naming, &metric, &arena, &family),
                 (int)TACHOI_PROMETHEUS_OK));
    EXPECT_TEXT(family.name, "a\xef\xbf\xbd");
    EXPECT_TEXT(family.help, "b\xef\xbf\xbd"
                             "c\xef\xbf\xbd");
    EXPECT_TEXT(family.unit, "d\xef\xbf\xbd");
    tachoi_arena_fini(&arena);
}

/* PROM-08 */
Test(family, of_a_metric_without_a_usable_name_is_invalid) {
    const struct tachoi_prometheus_naming naming = {.prefix = "app"};
    const tacho_metric metric = {.name = {"...", 3}, .type = TACHO_METRIC_GAUGE};
    struct tachoi_prometheus_family family = {.type = TACHOI_PROMETHEUS_INFO};
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    cr_expect(eq(int, (int)tachoi_prometheus_family_of(&naming, &metric, &arena, &family),
                 (int)TACHOI_PROMETHEUS_INVALID));
    cr_expect(eq(int, (int)family.type, (int)TACHOI_PROMETHEUS_INFO));
    tachoi_arena_fini(&arena);
}

/* PROM-42 */
Test(family, of_target_info_is_a_gauge) {
    const struct tachoi_prometheus_family family = tachoi_prometheus_target_info_family();
    cr_expect(eq(int, (int)family.type, (int)TACHOI_PROMETHEUS_GAUGE));
    EXPECT_TEXT(family.name, "target_info");
    EXPECT_TEXT(family.unit, "");
    cr_expect(gt(sz, family.help.length, 0));
}

/* RW1-13 */
Test(family, name_is_that_of_a_series_without_its_suffix) {
    static const struct {
        const char *series;
        const char *suffix;
        const char *expected;
    } vectors[] = {
        {"x_bucket", "_bucket", "x"},
        {"x_count", "_count", "x"},
        {"x_sum", "_sum", "x"},
        {"x_total", "", "x_total"},
        {"x_count", "", "x_count"},
        {"renamed", "_sum", "renamed"},
        {"_sum", "_sum", "_sum"},
        {"x_sum_sum", "_sum", "x_sum"},
        {"", "_sum", ""},
    };
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const tacho_string name =
            tachoi_prometheus_family_name(tacho_string_from(vectors[i].series), vectors[i].suffix);
        EXPECT_TEXT(name, vectors[i].expected);
    }
}
