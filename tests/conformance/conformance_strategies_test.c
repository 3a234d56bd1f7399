/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of metric and label names under the four translation strategies, with a
 * prefix, and in the manner of Prometheus' own translator. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/names.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

enum kind { COUNTER, UP_DOWN, GAUGE, HISTOGRAM, EXPONENTIAL, SUMMARY };

#define STRATEGIES 4

/* In the order of the strategies; NULL: no usable name. */
struct vector {
    const char *name;
    const char *unit;
    enum kind kind;
    const char *expected[STRATEGIES];
};

static const char invalid[] = "(invalid)";

static tacho_metric metric_of(const char *name, const char *unit, enum kind kind) {
    static const tacho_metric_type types[] = {TACHO_METRIC_SUM,
                                              TACHO_METRIC_SUM,
                                              TACHO_METRIC_GAUGE,
                                              TACHO_METRIC_HISTOGRAM,
                                              TACHO_METRIC_EXPONENTIAL_HISTOGRAM,
                                              TACHO_METRIC_SUMMARY};
    return (tacho_metric){.name = tacho_string_from(name),
                          .unit = tacho_string_from(unit),
                          .type = types[kind],
                          .is_monotonic = kind == COUNTER};
}

/* Into an empty text, and behind something that must not matter. */
static void check(const struct tachoi_prometheus_naming *naming, const tacho_metric *metric,
                  const char *expected) {
    static const char *const before[] = {"", "seconds_total_", "ratio"};
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_text_append_string(&text, before[i]);
        const bool is_valid = tachoi_prometheus_metric_name(naming, metric, &text);
        const char *actual = is_valid ? text.data + strlen(before[i]) : invalid;
        cr_expect(not(text.failed));
        cr_expect(eq(str, (char *)actual, (char *)(expected != NULL ? expected : invalid)),
                  "name \"%s\" unit \"%s\" strategy %d prefix \"%s\" parity %d", metric->name.data,
                  metric->unit.data, (int)naming->strategy,
                  naming->prefix != NULL ? naming->prefix : "", (int)naming->has_parity);
        tachoi_text_fini(&text);
    }
}

static void check_all(const struct vector *vectors, size_t count, const char *prefix,
                      bool has_parity) {
    for (size_t i = 0; i < count; i++) {
        const tacho_metric metric = metric_of(vectors[i].name, vectors[i].unit, vectors[i].kind);
        for (int strategy = 0; strategy < STRATEGIES; strategy++) {
            const struct tachoi_prometheus_naming naming = {
                .strategy = (enum tachoi_prometheus_strategy)strategy,
                .prefix = prefix,
                .has_parity = has_parity};
            check(&naming, &metric, vectors[i].expected[strategy]);
        }
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* CONV-05 PROM-01 PROM-05 PROM-09 */
Test(strategies, decide_on_escaping_and_on_suffixes) {
    static const struct vector vectors[] = {
        {"http.requests",
         "",
         COUNTER,
         {"http_requests_total", "http_requests", "http.requests_total", "http.requests"}},
        {"http.requests",
         "1",
         COUNTER,
         {"http_requests_total", "http_requests", "http.requests_total", "http.requests"}},
        {"http.requests",
         "{request}",
         COUNTER,
         {"http_requests_total", "http_requests", "http.requests_total", "http.requests"}},
        {"network.io",
         "By",
         COUNTER,
         {"network_io_bytes_total", "network_io", "network.io_bytes_total", "network.io"}},
        {"network.io",
         "By/s",
         GAUGE,
         {"network_io_bytes_per_second", "network_io", "network.io_bytes_per_second",
          "network.io"}},
        {"queue.length",
         "{job}",
         UP_DOWN,
         {"queue_length", "queue_length", "queue.length", "queue.length"}},
        {"room.temperature",
         "Cel",
         GAUGE,
         {"room_temperature_celsius", "room_temperature", "room.temperature_celsius",
          "room.temperature"}},
        {"request.duration",
         "s",
         HISTOGRAM,
         {"request_duration_seconds", "request_duration", "request.duration_seconds",
          "request.duration"}},
        {"request.duration",
         "ms",
         EXPONENTIAL,
         {"request_duration_milliseconds", "request_duration", "request.duration_milliseconds",
          "request.duration"}},
        {"rpc", "s", SUMMARY, {"rpc_seconds", "rpc", "rpc_seconds", "rpc"}},
        {"cpu.usage", "1", GAUGE, {"cpu_usage", "cpu_usage", "cpu.usage", "cpu.usage"}},
    };
    check_all(vectors, COUNT_OF(vectors), NULL, false);
}

/* CONV-05 PROM-01 PROM-08: what may stand in a name */
Test(strategies, keep_or_escape_characters) {
    static const struct vector vectors[] = {
        {"temp\xc3\xa9rature",
         "",
         GAUGE,
         {"temp_rature", "temp_rature", "temp\xc3\xa9rature", "temp\xc3\xa9rature"}},
        {"\xe6\xb8\xa9\xe5\xba\xa6",
         "Cel",
         GAUGE,
         {NULL, NULL, "\xe6\xb8\xa9\xe5\xba\xa6_celsius", "\xe6\xb8\xa9\xe5\xba\xa6"}},
        {"a b\"c\\\n", "", GAUGE, {"a_b_c_", "a_b_c_", "a b\"c\\\n", "a b\"c\\\n"}},
        {"a..b__c", "", GAUGE, {"a_b_c", "a_b_c", "a..b__c", "a..b__c"}},
        {"1st", "", GAUGE, {"_1st", "_1st", "1st", "1st"}},
        {"9", "s", COUNTER, {"_9_seconds_total", "_9", "9_seconds_total", "9"}},
        {"a:b", "", GAUGE, {"a:b", "a:b", "a:b", "a:b"}},
        {"bad\xff\xfe!",
         "",
         GAUGE,
         {"bad_", "bad_", "bad\xef\xbf\xbd\xef\xbf\xbd!", "bad\xef\xbf\xbd\xef\xbf\xbd!"}},
        {"cut\xe6\xb8",
         "s",
         GAUGE,
         {"cut_seconds", "cut_", "cut\xef\xbf\xbd_seconds", "cut\xef\xbf\xbd"}},
        {"", "s", COUNTER, {NULL, NULL, NULL, NULL}},
        {"_", "", GAUGE, {NULL, NULL, "_", "_"}},
        {"...", "", COUNTER, {NULL, NULL, "..._total", "..."}},
    };
    check_all(vectors, COUNT_OF(vectors), NULL, false);
}

/* CONV-05 P-05 */
Test(strategies, refuse_nul_where_they_do_not_escape) {
    tacho_metric metric = metric_of("", "", GAUGE);
    metric.name = (tacho_string){"a\0b", 3};
    for (int strategy = 0; strategy < STRATEGIES; strategy++) {
        const struct tachoi_prometheus_naming naming = {
            .strategy = (enum tachoi_prometheus_strategy)strategy};
        check(&naming, &metric, strategy < TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES ? "a_b" : NULL);
    }
}

/* PROM-05 PROM-09: in UTF-8 any ASCII character that is no letter, digit or colon ends a word */
Test(strategies, find_suffixes_that_are_there_already) {
    static const struct vector vectors[] = {
        {"requests.total",
         "",
         COUNTER,
         {"requests_total", "requests_total", "requests_total", "requests.total"}},
        {"requests_total",
         "",
         COUNTER,
         {"requests_total", "requests_total", "requests_total", "requests_total"}},
        {"subtotal", "", COUNTER, {"subtotal_total", "subtotal", "subtotal_total", "subtotal"}},
        {"caf\xc3\xa9total",
         "",
         COUNTER,
         {"caf_total", "caf_total", "caf\xc3\xa9total_total", "caf\xc3\xa9total"}},
        {"total", "", COUNTER, {"total_total", "total", "total_total", "total"}},
        {".total", "", COUNTER, {"_total", "_total", "_total", ".total"}},
        {"sent.total",
         "By",
         COUNTER,
         {"sent_bytes_total", "sent_total", "sent_bytes_total", "sent.total"}},
        {"sent.bytes.total",
         "By",
         COUNTER,
         {"sent_bytes_total", "sent_bytes_total", "sent.bytes_total", "sent.bytes.total"}},
        {"wait.seconds",
         "s",
         GAUGE,
         {"wait_seconds", "wait_seconds", "wait.seconds", "wait.seconds"}},
        {"wait.milliseconds",
         "s",
         GAUGE,
         {"wait_milliseconds_seconds", "wait_milliseconds", "wait.milliseconds_seconds",
          "wait.milliseconds"}},
        {"total", "", GAUGE, {"total", "total", "total", "total"}},
    };
    check_all(vectors, COUNT_OF(vectors), NULL, false);
}

/* CONV-05 PROM-06: units that no table knows are escaped where names are */
Test(strategies, keep_unknown_units_in_utf8) {
    static const struct vector vectors[] = {
        {"x",
         "\xc2\xb0"
         "C",
         GAUGE,
         {"x_C", "x",
          "x_\xc2\xb0"
          "C",
          "x"}},
        {"x", "kW.h", GAUGE, {"x_kW_h", "x", "x_kW.h", "x"}},
        {"x", "kW.h/{device}", GAUGE, {"x_kW_h", "x", "x_kW.h", "x"}},
        {"x", "mol/m2", GAUGE, {"x_mol_per_m2", "x", "x_mol_per_m2", "x"}},
        {"x", "bad\xff", GAUGE, {"x_bad", "x", "x_bad\xef\xbf\xbd", "x"}},
        {"x", "_", GAUGE, {"x", "x", "x__", "x"}},
    };
    check_all(vectors, COUNT_OF(vectors), NULL, false);
}

/* CONV-03 */
Test(strategies, put_the_prefix_before_the_name_once) {
    static const struct vector vectors[] = {
        {"http.requests",
         "",
         COUNTER,
         {"my_app_http_requests_total", "my_app_http_requests", "my.app_http.requests_total",
          "my.app_http.requests"}},
        {"1st", "", GAUGE, {"my_app_1st", "my_app_1st", "my.app_1st", "my.app_1st"}},
        {"_a", "", GAUGE, {"my_app_a", "my_app_a", "my.app__a", "my.app__a"}},
        {"my.app.x",
         "",
         GAUGE,
         {"my_app_my_app_x", "my_app_my_app_x", "my.app_my.app.x", "my.app_my.app.x"}},
        {"seconds",
         "s",
         GAUGE,
         {"my_app_seconds", "my_app_seconds", "my.app_seconds", "my.app_seconds"}},
        {"total", "", COUNTER, {"my_app_total", "my_app_total", "my.app_total", "my.app_total"}},
        {"...", "", GAUGE, {NULL, NULL, "my.app_...", "my.app_..."}},
    };
    check_all(vectors, COUNT_OF(vectors), "my.app", false);
}

/* CONV-03 PROM-08 */
Test(strategies, escape_the_prefix_as_they_do_names) {
    const tacho_metric metric = metric_of("x", "", GAUGE);
    static const struct {
        const char *prefix;
        const char *escaped;
        const char *utf8;
    } vectors[] = {
        {"", "x", "x"},
        {"app_", "app_x", "app_x"},
        {"2nd", "_2nd_x", "2nd_x"},
        {"a..b", "a_b_x", "a..b_x"},
        {"..", "x", ".._x"},
        {"caf\xc3\xa9", "caf_x", "caf\xc3\xa9_x"},
        {"a:b", "a:b_x", "a:b_x"},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        for (int strategy = 0; strategy < STRATEGIES; strategy++) {
            const struct tachoi_prometheus_naming naming = {
                .strategy = (enum tachoi_prometheus_strategy)strategy, .prefix = vectors[i].prefix};
            const bool is_escaped = strategy < TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES;
            check(&naming, &metric, is_escaped ? vectors[i].escaped : vectors[i].utf8);
        }
    }
}

/* PROM-06 PROM-07: each differs from what the strategy gives without parity in at least one */
Test(parity, names_of_the_translator) {
    static const struct vector vectors[] = {
        /* _ratio, on gauges alone */
        {"cpu.usage", "1", GAUGE, {"cpu_usage_ratio", "cpu_usage", "cpu.usage_ratio", "cpu.usage"}},
        {"cpu.ratio", "1", GAUGE, {"cpu_ratio", "cpu_ratio", "cpu_ratio", "cpu.ratio"}},
        {"ratio.of.cpu",
         "1",
         GAUGE,
         {"of_cpu_ratio", "ratio_of_cpu", "ratio.of.cpu_ratio", "ratio.of.cpu"}},
        {"cpu.usage", " 1", GAUGE, {"cpu_usage", "cpu_usage", "cpu.usage", "cpu.usage"}},
        {"cpu.usage", "1", UP_DOWN, {"cpu_usage", "cpu_usage", "cpu.usage", "cpu.usage"}},
        {"cpu.usage",
         "1",
         COUNTER,
         {"cpu_usage_total", "cpu_usage", "cpu.usage_total", "cpu.usage"}},
        {"cpu.usage", "1", HISTOGRAM, {"cpu_usage", "cpu_usage", "cpu.usage", "cpu.usage"}},
        /* a unit anywhere in the name */
        {"bytes.sent",
         "By",
         COUNTER,
         {"bytes_sent_total", "bytes_sent", "bytes.sent_bytes_total", "bytes.sent"}},
        {"seconds.per.step",
         "s",
         GAUGE,
         {"seconds_per_step", "seconds_per_step", "seconds.per.step_seconds", "seconds.per.step"}},
        {"speed_meters_per_second",
         "m/s",
         GAUGE,
         {"speed_meters_per_second_per_second", "speed_meters_per_second",
          "speed_meters_per_second", "speed_meters_per_second"}},
        {"sent.bytes",
         "By/s",
         GAUGE,
         {"sent_bytes_per_second", "sent_bytes", "sent.bytes_per_second", "sent.bytes"}},
        {"wait.milliseconds",
         "s",
         GAUGE,
         {"wait_milliseconds_seconds", "wait_milliseconds", "wait.milliseconds",
          "wait.milliseconds"}},
        /* every total makes room for the last */
        {"total.requests",
         "",
         COUNTER,
         {"requests_total", "total_requests", "total.requests_total", "total.requests"}},
        {"a.total.b.total",
         "By",
         COUNTER,
         {"a_b_bytes_total", "a_total_b_total", "a.total.b_bytes_total", "a.total.b.total"}},
        {"total", "", COUNTER, {"total", "total", "total_total", "total"}},
        {"subtotal", "", COUNTER, {"subtotal_total", "subtotal", "su_total", "subtotal"}},
        {"caf\xc3\xa9total",
         "",
         COUNTER,
         {"caf_total", "caf_total", "caf_total", "caf\xc3\xa9total"}},
        {".total", "", COUNTER, {"total", "total", ".total_total", ".total"}},
        {"requests.total",
         "",
         GAUGE,
         {"requests_total", "requests_total", "requests.total", "requests.total"}},
        /* kBy and TiBy; braces; unknown units */
        {"x", "kBy", GAUGE, {"x_kBy", "x", "x_kBy", "x"}},
        {"x", "TiBy", GAUGE, {"x_tibibytes", "x", "x_tibibytes", "x"}},
        {"x", "KBy", GAUGE, {"x_kilobytes", "x", "x_kilobytes", "x"}},
        {"x", "By{sent}", GAUGE, {"x", "x", "x", "x"}},
        {"x", "{wire}By/s", GAUGE, {"x_per_second", "x", "x_per_second", "x"}},
        {"x", "By/1", GAUGE, {"x_bytes_per_1", "x", "x_bytes_per_1", "x"}},
        {"x", "mm[Hg]", GAUGE, {"x_mm_Hg_", "x", "x_mm[Hg]", "x"}},
        {"x", "mm[Hg]/s", GAUGE, {"x_mm_Hg_per_second", "x", "x_mm[Hg]_per_second", "x"}},
        {"x",
         "\xc2\xb0"
         "C",
         GAUGE,
         {"x_C", "x",
          "x_\xc2\xb0"
          "C",
          "x"}},
        {"x", "By/\xe2\x82\xac", GAUGE, {"x_bytes", "x", "x_bytes_per_\xe2\x82\xac", "x"}},
        /* underscores: none at the ends; runs without suffixes stay */
        {"_a_", "", GAUGE, {"a", "_a_", "_a_", "_a_"}},
        {".a__b..c.", "", GAUGE, {"a_b_c", "a__b_c", ".a__b..c.", ".a__b..c."}},
        {"_1st", "", GAUGE, {"_1st", "_1st", "_1st", "_1st"}},
        {"1st", "s", COUNTER, {"_1st_seconds_total", "_1st", "1st_seconds_total", "1st"}},
        {"_", "", GAUGE, {NULL, NULL, "_", "_"}},
    };
    check_all(vectors, COUNT_OF(vectors), NULL, true);
}

/* PROM-07 CONV-03 */
Test(parity, puts_the_prefix_first) {
    static const struct vector vectors[] = {
        {"total.requests",
         "By",
         COUNTER,
         {"app_requests_bytes_total", "app_total_requests", "app_total.requests_bytes_total",
          "app_total.requests"}},
        {"1st", "", GAUGE, {"app_1st", "app_1st", "app_1st", "app_1st"}},
        {"total", "", COUNTER, {"app_total", "app_total", "app_total", "app_total"}},
    };
    check_all(vectors, COUNT_OF(vectors), "app", true);
}

static void check_unit(enum tachoi_prometheus_strategy strategy, bool has_parity, const char *unit,
                       const char *expected) {
    const struct tachoi_prometheus_naming naming = {.strategy = strategy, .has_parity = has_parity};
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_text_append_string(&text, "");
    tachoi_prometheus_unit_word(&naming, tacho_string_from(unit), &text);
    cr_expect(eq(str, text.data, (char *)expected), "unit \"%s\" strategy %d parity %d", unit,
              (int)strategy, (int)has_parity);
    tachoi_text_fini(&text);
}

/* PROM-02 PROM-04 PROM-05: the unit of the metadata */
Test(strategies, have_words_for_units) {
    for (int i = 0; i < STRATEGIES; i++) {
        const enum tachoi_prometheus_strategy strategy = (enum tachoi_prometheus_strategy)i;
        const bool is_raw = strategy == TACHOI_NO_TRANSLATION;
        check_unit(strategy, false, "By/s", is_raw ? "By/s" : "bytes_per_second");
        check_unit(strategy, true, "By/s", is_raw ? "By/s" : "bytes_per_second");
        check_unit(strategy, false, "kBy", is_raw ? "kBy" : "kilobytes");
        check_unit(strategy, true, "kBy", "kBy");
        check_unit(strategy, false, "By{x}", is_raw ? "By{x}" : "bytes");
        check_unit(strategy, true, "By{x}", is_raw ? "By{x}" : "");
        check_unit(strategy, false, "1/s", is_raw ? "1/s" : "per_second");
        check_unit(strategy, true, "1/s", is_raw ? "1/s" : "per_second");
        check_unit(strategy, false, "1", is_raw ? "1" : "");
        check_unit(strategy, false, "", "");
    }
    check_unit(TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES, true, "mm[Hg]", "mm_Hg");
    check_unit(TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES, true, "mm[Hg]", "mm[Hg]");
    check_unit(TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES, true, "_x_", "x");
    check_unit(TACHOI_NO_TRANSLATION, false, "bad\xff", "bad\xef\xbf\xbd");
}

static void check_label(enum tachoi_prometheus_strategy strategy, tacho_string key,
                        const char *expected) {
    const struct tachoi_prometheus_naming naming = {.strategy = strategy, .has_parity = true};
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    const bool is_valid = tachoi_prometheus_label_name(&naming, key, &text);
    cr_expect(eq(str, (char *)(is_valid ? text.data : invalid),
                 (char *)(expected != NULL ? expected : invalid)),
              "key \"%s\" strategy %d", key.data, (int)strategy);
    tachoi_text_fini(&text);
}

/* CONV-05 CONV-06 PROM-14 RW1-07: suffixes and parity do not matter */
Test(strategies, decide_on_label_names) {
    static const struct {
        const char *key;
        const char *escaped;
        const char *utf8;
    } vectors[] = {
        {"http.method", "http_method", "http.method"},
        {"a..b", "a_b", "a..b"},
        {"404", "key_404", "404"},
        {"a:b", "a_b", "a:b"},
        {"caf\xc3\xa9", "caf_", "caf\xc3\xa9"},
        {"\xe6\xb8\xa9", NULL, "\xe6\xb8\xa9"},
        {"bad\xff", "bad_", "bad\xef\xbf\xbd"},
        {"_a", "_a", "_a"},
        {"__x__", "_x_", "_x__"},
        {"___x", "_x", "_x"},
        {"a__b", "a_b", "a__b"},
        {"", NULL, NULL},
        {"_", NULL, NULL},
        {"___", NULL, NULL},
        {".", NULL, "."},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const tacho_string key = tacho_string_from(vectors[i].key);
        check_label(TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES, key, vectors[i].escaped);
        check_label(TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES, key, vectors[i].escaped);
        check_label(TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES, key, vectors[i].utf8);
        check_label(TACHOI_NO_TRANSLATION, key, vectors[i].utf8);
    }
    check_label(TACHOI_NO_TRANSLATION, (tacho_string){"a\0b", 3}, NULL);
    check_label(TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES, (tacho_string){"a\0b", 3}, "a_b");
}

/* RW1-03: what escaping makes is what 1.0 can carry */
Test(strategies, tell_what_the_first_protocol_can_carry) {
    static const struct {
        const char *name;
        bool is_metric;
        bool is_label;
    } vectors[] = {
        {"a", true, true},     {"_1", true, true}, {"a:b", true, false},
        {"1a", false, false},  {"", false, false}, {"a.b", false, false},
        {"A_z09", true, true}, {":", true, false}, {"caf\xc3\xa9", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const tacho_string name = tacho_string_from(vectors[i].name);
        cr_expect(eq(int, tachoi_prometheus_is_legacy_metric_name(name), vectors[i].is_metric),
                  "metric \"%s\"", vectors[i].name);
        cr_expect(eq(int, tachoi_prometheus_is_legacy_label_name(name), vectors[i].is_label),
                  "label \"%s\"", vectors[i].name);
    }
}
