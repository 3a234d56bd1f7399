/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of metric and label names. Where Prometheus' own translator gives another
 * result than the OpenTelemetry specification, the vector says so. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/names.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

enum kind { COUNTER, UP_DOWN, GAUGE, HISTOGRAM };

struct vector {
    const char *name;
    const char *unit;
    enum kind kind;
    const char *expected; /* NULL: no usable name */
};

static const struct tachoi_prometheus_naming naming;

static const char invalid[] = "(invalid)";

static tacho_metric metric_of(const struct vector *vector) {
    return (tacho_metric){
        .name = tacho_string_from(vector->name),
        .unit = tacho_string_from(vector->unit),
        .type = vector->kind == GAUGE       ? TACHO_METRIC_GAUGE
                : vector->kind == HISTOGRAM ? TACHO_METRIC_HISTOGRAM
                                            : TACHO_METRIC_SUM,
        .is_monotonic = vector->kind == COUNTER,
    };
}

/* Each vector twice: into an empty text, and behind something that must not matter. */
static void check_name(const struct vector *vector, const char *before) {
    const tacho_metric metric = metric_of(vector);
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_text_append_string(&text, before);
    const bool is_valid = tachoi_prometheus_metric_name(&naming, &metric, &text);
    const char *actual = is_valid ? text.data + strlen(before) : invalid;
    const char *expected = vector->expected != NULL ? vector->expected : invalid;
    cr_expect(not(text.failed));
    cr_expect(eq(str, (char *)actual, (char *)expected), "name \"%s\" unit \"%s\" kind %d",
              vector->name, vector->unit, (int)vector->kind);
    tachoi_text_fini(&text);
}

static void check_names(const struct vector *vectors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        check_name(&vectors[i], "");
        check_name(&vectors[i], "seconds_total_");
    }
}

#define CHECK_NAMES(vectors) check_names((vectors), sizeof(vectors) / sizeof((vectors)[0]))

/* PROM-02 CONV-04: the whole table; PROM-07: KBy beside kBy */
Test(names, every_unit_of_the_table_has_its_word) {
    static const struct vector vectors[] = {
        {"x", "d", GAUGE, "x_days"},          {"x", "h", GAUGE, "x_hours"},
        {"x", "min", GAUGE, "x_minutes"},     {"x", "s", GAUGE, "x_seconds"},
        {"x", "ms", GAUGE, "x_milliseconds"}, {"x", "us", GAUGE, "x_microseconds"},
        {"x", "ns", GAUGE, "x_nanoseconds"},  {"x", "By", GAUGE, "x_bytes"},
        {"x", "KiBy", GAUGE, "x_kibibytes"},  {"x", "MiBy", GAUGE, "x_mebibytes"},
        {"x", "GiBy", GAUGE, "x_gibibytes"},  {"x", "TiBy", GAUGE, "x_tebibytes"},
        {"x", "kBy", GAUGE, "x_kilobytes"},   {"x", "KBy", GAUGE, "x_kilobytes"},
        {"x", "MBy", GAUGE, "x_megabytes"},   {"x", "GBy", GAUGE, "x_gigabytes"},
        {"x", "TBy", GAUGE, "x_terabytes"},   {"x", "m", GAUGE, "x_meters"},
        {"x", "V", GAUGE, "x_volts"},         {"x", "A", GAUGE, "x_amperes"},
        {"x", "J", GAUGE, "x_joules"},        {"x", "W", GAUGE, "x_watts"},
        {"x", "g", GAUGE, "x_grams"},         {"x", "Cel", GAUGE, "x_celsius"},
        {"x", "Hz", GAUGE, "x_hertz"},        {"x", "%", GAUGE, "x_percent"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-06: no _ratio (the translator adds it to gauges); what is unknown passes through */
Test(names, units_outside_the_table) {
    static const struct vector vectors[] = {
        {"x", "", GAUGE, "x"},
        {"x", "1", GAUGE, "x"},
        {"x", "1", COUNTER, "x_total"},
        {"x", "1", HISTOGRAM, "x"},
        {"x", "foo", GAUGE, "x_foo"},
        {"x", "S", GAUGE, "x_S"},
        {"x", "by", GAUGE, "x_by"},
        {"x", "m2", GAUGE, "x_m2"},
        {"x", "kW.h", GAUGE, "x_kW_h"},
        {"x", "°C", GAUGE, "x_C"},
        {"x", "€", GAUGE, "x"},
        {"x", "_odd__unit_", GAUGE, "x_odd_unit"},
        {"x", "mm[Hg]", GAUGE, "x_mm_Hg"},
        {"x", " s ", GAUGE, "x_seconds"},
        {"x", "  ", GAUGE, "x"},
        {"x", "10*3", GAUGE, "x_10_3"},
        {"x", "seconds", GAUGE, "x_seconds"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-03: what stands in braces does not exist */
Test(names, braces_are_dropped) {
    static const struct vector vectors[] = {
        {"x", "{packet}", GAUGE, "x"},
        {"x", "{packet}", COUNTER, "x_total"},
        {"x", "{request}/s", GAUGE, "x_per_second"},
        {"x", "By{transmitted}", GAUGE, "x_bytes"},
        {"x", "{wire}By", GAUGE, "x_bytes"},
        {"x", "By/{packet}", GAUGE, "x_bytes"},
        {"x", "{request/s}", GAUGE, "x"},
        {"x", "{a}{b}", GAUGE, "x"},
        {"x", "{a{b}c}s", GAUGE, "x_seconds"},
        {"x", "s{open", GAUGE, "x_seconds"},
        {"x", "s}", GAUGE, "x_seconds"},
        {"x", "{}", GAUGE, "x"},
        {"x", "1{thing}", GAUGE, "x"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-04 CONV-04 */
Test(names, rates_become_words) {
    static const struct vector vectors[] = {
        {"x", "m/s", GAUGE, "x_meters_per_second"},
        {"x", "By/s", GAUGE, "x_bytes_per_second"},
        {"x", "By/m", GAUGE, "x_bytes_per_minute"},
        {"x", "By/h", GAUGE, "x_bytes_per_hour"},
        {"x", "By/d", GAUGE, "x_bytes_per_day"},
        {"x", "By/w", GAUGE, "x_bytes_per_week"},
        {"x", "By/mo", GAUGE, "x_bytes_per_month"},
        {"x", "By/y", GAUGE, "x_bytes_per_year"},
        {"x", "By/min", GAUGE, "x_bytes_per_min"},
        {"x", "W/kg", GAUGE, "x_watts_per_kg"},
        {"x", "1/s", GAUGE, "x_per_second"},
        {"x", "/s", GAUGE, "x_per_second"},
        {"x", "By/", GAUGE, "x_bytes"},
        {"x", "By/1", GAUGE, "x_bytes"},
        {"x", "/", GAUGE, "x"},
        {"x", " By / s ", GAUGE, "x_bytes_per_second"},
        {"x", "m/s/s", GAUGE, "x_meters_per_s_s"},
        {"x", "By/s", COUNTER, "x_bytes_per_second_total"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-01 PROM-08 CONV-03 */
Test(names, characters_are_escaped_and_runs_collapse) {
    static const struct vector vectors[] = {
        {"http.server.request.duration", "s", HISTOGRAM, "http_server_request_duration_seconds"},
        {"a-b/c d", "", GAUGE, "a_b_c_d"},
        {"a..b", "", GAUGE, "a_b"},
        {"a._.b", "", GAUGE, "a_b"},
        {"a____b", "", GAUGE, "a_b"},
        {"a__", "", GAUGE, "a_"},
        {"__a", "", GAUGE, "_a"},
        {".a", "", GAUGE, "_a"},
        {"CamelCase", "", GAUGE, "CamelCase"},
        {"recording:rule:x", "", GAUGE, "recording:rule:x"},
        {":x", "", GAUGE, ":x"},
        {"a:.:b", "", GAUGE, "a:_:b"},
        {"1st", "", GAUGE, "_1st"},
        {"2xx.responses", "", COUNTER, "_2xx_responses_total"},
        {"9", "", GAUGE, "_9"},
        {"temp\xc3\xa9rature", "Cel", GAUGE, "temp_rature_celsius"},
        {"\xe6\xb8\xa9\xe5\xba\xa6.in", "", GAUGE, "_in"},
        {"bad\xff\xfe"
         "bytes",
         "", GAUGE, "bad_bytes"},
        {"new\nline", "", GAUGE, "new_line"},
        {"a_", "s", GAUGE, "a_seconds"},
        {"a.", "", COUNTER, "a_total"},
        {"a.", "s", COUNTER, "a_seconds_total"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-08 CONV-03 */
Test(names, a_name_without_letter_digit_or_colon_is_invalid) {
    static const struct vector vectors[] = {
        {"", "", GAUGE, NULL},
        {"", "s", COUNTER, NULL},
        {"_", "", GAUGE, NULL},
        {"____", "", GAUGE, NULL},
        {"___", "s", COUNTER, NULL},
        {"...", "By", GAUGE, NULL},
        {"\xe6\xb8\xa9", "s", GAUGE, NULL},
        {" ", "", GAUGE, NULL},
    };
    CHECK_NAMES(vectors);
}

/* PROM-05: the unit is looked for at the end, as a whole word, before the type suffix */
Test(names, a_unit_that_is_there_already_is_not_repeated) {
    static const struct vector vectors[] = {
        {"wait.seconds", "s", GAUGE, "wait_seconds"},
        {"seconds", "s", GAUGE, "seconds"},
        {"wait_seconds", "ms", GAUGE, "wait_seconds_milliseconds"},
        {"wait_milliseconds", "s", GAUGE, "wait_milliseconds_seconds"},
        {"disk.usage.percent", "%", GAUGE, "disk_usage_percent"},
        {"speed_meters_per_second", "m/s", GAUGE, "speed_meters_per_second"},
        {"sent_bytes", "By/s", GAUGE, "sent_bytes_bytes_per_second"},
        {"cpu_seconds_total", "s", COUNTER, "cpu_seconds_total"},
        {"cpu_total", "s", COUNTER, "cpu_seconds_total"},
        {"sent.bytes", "By", COUNTER, "sent_bytes_total"},
        /* the translator finds the unit anywhere and adds nothing */
        {"bytes.sent", "By", GAUGE, "bytes_sent_bytes"},
        {"x_foo", "foo", GAUGE, "x_foo"},
        {"x.kW.h", "kW.h", GAUGE, "x_kW_h"},
    };
    CHECK_NAMES(vectors);
}

/* PROM-07 PROM-09: only what ends in _total is left alone */
Test(names, monotonic_sums_end_in_total_once) {
    static const struct vector vectors[] = {
        {"requests", "", COUNTER, "requests_total"},
        {"requests_total", "", COUNTER, "requests_total"},
        {"requests.total", "", COUNTER, "requests_total"},
        {"requests__total", "", COUNTER, "requests_total"},
        {"requests_total_total", "", COUNTER, "requests_total_total"},
        {"subtotal", "", COUNTER, "subtotal_total"},
        {"total", "", COUNTER, "total_total"},
        {"_total", "", COUNTER, "_total"},
        /* the translator takes every "total" out: requests_total */
        {"total.requests", "", COUNTER, "total_requests_total"},
        {"requests_Total", "", COUNTER, "requests_Total_total"},
        {"queue", "", UP_DOWN, "queue"},
        {"queue_total", "", UP_DOWN, "queue_total"},
        {"queue_total", "By", UP_DOWN, "queue_total_bytes"},
        {"latency", "s", HISTOGRAM, "latency_seconds"},
        {"latency_total", "s", HISTOGRAM, "latency_total_seconds"},
        {"level", "", GAUGE, "level"},
    };
    CHECK_NAMES(vectors);
}

static void check_label(const char *key, const char *expected) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    const bool is_valid = tachoi_prometheus_label_name(&naming, tacho_string_from(key), &text);
    const char *actual = is_valid ? text.data : invalid;
    cr_expect(eq(str, (char *)actual, (char *)(expected != NULL ? expected : invalid)),
              "key \"%s\"", key);
    tachoi_text_fini(&text);
}

/* PROM-14 PROM-17 RW1-03 RW1-07 CONV-06 */
Test(names, label_names) {
    check_label("method", "method");
    check_label("http.request.method", "http_request_method");
    check_label("Zone", "Zone");
    check_label("a:b", "a_b");
    check_label("a..b", "a_b");
    check_label("a__b", "a_b");
    check_label("a.", "a_");
    check_label("_a", "_a");
    check_label("__a", "_a");
    check_label("__name__", "_name_");
    check_label("__x__", "_x_");
    check_label("..x", "_x");
    check_label("1st", "key_1st");
    check_label("404", "key_404");
    check_label("caf\xc3\xa9", "caf_");
    check_label("\xff"
                "a",
                "_a");
    check_label("", NULL);
    check_label("_", NULL);
    check_label("...", NULL);
    check_label(":", NULL);
    check_label("\xe6\xb8\xa9\xe5\xba\xa6", NULL);
}
