/* SPDX-License-Identifier: Apache-2.0 */
/* Counterparts of the suite's label cases, with both versions where both have them. */
#include <ctype.h>

#include "conformance/sender/sender_fixture.h"

TestSuite(labels, .init = sender_init, .fini = sender_fini);

static void for_each_series(const struct sent *sent, void (*judge)(const struct sent_series *)) {
    cr_assert(gt(sz, sent->series_count, 0));
    for (size_t i = 0; i < sent->series_count; i++) {
        judge(&sent->series[i]);
    }
}

/* A series whose attributes come in no order, one sorting before __name__. */
static const struct sent *send_unsorted(void) {
    tacho_gauge *gauge = tacho_meter_create_gauge(sender.meter, "level", NULL);
    tacho_gauge_record(gauge, 1,
                       TACHO_ATTRS(TACHO_STR("zone", "z"), TACHO_STR("Zone", "Z"),
                                   TACHO_STR("b", "2"), TACHO_STR("a", "1"), TACHO_STR("_x", "u"),
                                   TACHO_STR("a.b", "dotted")));
    return sender_flushed();
}

static void is_sorted(const struct sent_series *series) {
    for (size_t i = 1; i < series->label_count; i++) {
        cr_assert(lt(str, (char *)series->labels[i - 1].name, (char *)series->labels[i].name));
    }
}

/* RW1-04, RW1-05, RW2-09
 * cases: TestLabelValidation/label_lexicographic_ordering */
Test(labels, are_sorted_by_bytes) {
    sender_start_usual();
    const struct sent *sent = send_unsorted();
    for_each_series(sent, is_sorted);
    cr_assert(eq(str, (char *)sent->series[0].labels[0].name, "Zone"));
    cr_assert(eq(str, (char *)sent_label_of(&sent->series[0], "a_b"), "dotted"));
}

/* cases: 1.0/SortedLabels */
Test(labels, are_sorted_by_bytes_with_1) {
    sender_start_1();
    const struct sent *sent = send_unsorted();
    for_each_series(sent, is_sorted);
    cr_assert(ne(ptr, (void *)sent_find(sent, "level", "a", "1"), NULL));
}

/* Metrics of each kind with awkward names. */
static const struct sent *send_awkward_names(void) {
    sender_start_usual();
    set_gauge("gauge.of/water-level", 1);
    tacho_counter_add(counter_of("Requests"), 1,
                      TACHO_ATTRS(TACHO_STR("http.method", "GET"), TACHO_STR("2nd", "digit"),
                                  TACHO_STR("caf\xc3\xa9", "utf8"), TACHO_STR("a b", "space")));
    tacho_histogram_record(tacho_meter_create_histogram(sender.meter, "size", NULL), 3,
                           TACHO_NO_ATTRS);
    return sender_flushed();
}

static bool is_word(const char *text, const char *more) {
    bool good = text[0] != '\0' && !isdigit((unsigned char)text[0]);
    for (size_t i = 0; text[i] != '\0'; i++) {
        good = good && ((unsigned char)text[i] < 0x80) &&
               (isalnum((unsigned char)text[i]) || strchr(more, text[i]) != NULL);
    }
    return good;
}

static void has_valid_name(const struct sent_series *series) {
    const char *name = sent_label_of(series, "__name__");
    cr_assert(is_word(name, "_:"), "%s", name);
}

/* RW1-03
 * cases: TestLabelValidation/metric_name_label_present,
 * TestLabelValidation/metric_name_format_valid */
Test(labels, each_series_has_a_metric_name_of_the_legacy_form) {
    const struct sent *sent = send_awkward_names();
    for_each_series(sent, has_valid_name);
    (void)need(sent, "gauge_of_water_level", NULL, NULL);
    (void)need(sent, "Requests_total", NULL, NULL);
}

static void has_valid_label_names(const struct sent_series *series) {
    for (size_t i = 0; i < series->label_count; i++) {
        const char *name = series->labels[i].name;
        cr_assert(is_word(name, "_"), "%s", name);
        cr_assert(strncmp(name, "__", 2) != 0 || strcmp(name, "__name__") == 0, "%s", name);
    }
}

/* cases: TestLabelValidation/label_name_format_valid, TestLabelValidation/label_names_not_empty */
Test(labels, names_have_the_legacy_form) {
    const struct sent *sent = send_awkward_names();
    for_each_series(sent, has_valid_label_names);
    const struct sent_series *series = need(sent, "Requests_total", NULL, NULL);
    cr_assert(eq(str, (char *)sent_label_of(series, "http_method"), "GET"));
    cr_assert(eq(str, (char *)sent_label_of(series, "key_2nd"), "digit"));
    cr_assert(eq(str, (char *)sent_label_of(series, "a_b"), "space"));
}

/* RW1-07
 * cases: TestLabelValidation/reserved_label_prefix */
Test(labels, no_attribute_takes_a_name_that_the_receiver_needs) {
    sender_start_usual();
    tacho_counter_add(counter_of("jobs"), 1,
                      TACHO_ATTRS(TACHO_STR("__name__", "stolen"), TACHO_STR("__address__", "here"),
                                  TACHO_STR("__a", "b")));
    const struct sent *sent = sender_flushed();
    const struct sent_series *series = need(sent, "jobs_total", NULL, NULL);
    for (size_t i = 0; i < series->label_count; i++) {
        cr_expect(strncmp(series->labels[i].name, "__", 2) != 0 ||
                      strcmp(series->labels[i].name, "__name__") == 0,
                  "%s", series->labels[i].name);
        cr_expect(ne(str, (char *)series->labels[i].value, "stolen"));
    }
}

static void has_no_duplicates(const struct sent_series *series) {
    for (size_t i = 0; i < series->label_count; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(ne(str, (char *)series->labels[i].name, (char *)series->labels[j].name));
        }
    }
}

static const struct sent *send_repeated(void) {
    tacho_counter_add(counter_of("jobs"), 1,
                      TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("a", "2"), TACHO_STR("b.c", "x"),
                                  TACHO_STR("b_c", "y"), TACHO_STR("job", "mine")));
    return sender_flushed();
}

/* RW1-06, CONV-06
 * cases: TestLabelValidation/no_duplicate_label_names */
Test(labels, repeated_and_colliding_attributes_become_one_label) {
    sender_start_usual();
    const struct sent *sent = send_repeated();
    for_each_series(sent, has_no_duplicates);
    const struct sent_series *series = need(sent, "jobs_total", NULL, NULL);
    cr_assert(eq(str, (char *)sent_label_of(series, "a"), "2")); /* the last one counts */
    cr_assert(eq(str, (char *)sent_label_of(series, "b_c"), "x;y"));
}

/* cases: 1.0/RepeatedLabels */
Test(labels, repeated_and_colliding_attributes_become_one_label_with_1) {
    sender_start_1();
    const struct sent *sent = send_repeated();
    for_each_series(sent, has_no_duplicates);
    (void)need(sent, "jobs_total", "a", "2");
    cr_assert(eq(sz, sent->series_count, 1));
}

/* CONV-07: what a scraper would call exported_job.
 * cases: 1.0/HonorLabels */
Test(labels, job_and_instance_are_the_resources_whatever_attributes_say) {
    sender_start_1();
    tacho_counter_add(counter_of("jobs"), 1,
                      TACHO_ATTRS(TACHO_STR("job", "original"), TACHO_STR("instance", "foo")));
    const struct sent_series *series = need(sender_flushed(), "jobs_total", NULL, NULL);
    cr_assert(eq(str, (char *)sent_label_of(series, "job"), "svc"));
    cr_assert(eq(str, (char *)sent_label_of(series, "instance"), "one"));
}

static void has_no_empty_label(const struct sent_series *series) {
    for (size_t i = 0; i < series->label_count; i++) {
        cr_assert(ne(str, (char *)series->labels[i].value, ""), "%s", series->labels[i].name);
    }
}

static void send_empty_value(void) {
    tacho_counter_add(counter_of("jobs"), 1,
                      TACHO_ATTRS(TACHO_STR("empty", ""), TACHO_STR("full", "x")));
    const struct sent *sent = sender_flushed();
    for_each_series(sent, has_no_empty_label);
    (void)need(sent, "jobs_total", "full", "x");
}

/* CONV-08
 * cases: TestLabelValidation/label_values_may_be_empty */
Test(labels, an_empty_value_is_no_label) {
    sender_start_usual();
    send_empty_value();
}

/* cases: 1.0/EmptyLabels */
Test(labels, an_empty_value_is_no_label_with_1) {
    sender_start_1();
    send_empty_value();
}

/* Sends these values as one label each and wants them back byte by byte. */
static void values_survive(const char *const *values, size_t count) {
    sender_start_usual();
    tacho_counter *counter = counter_of("jobs");
    for (size_t i = 0; i < count; i++) {
        tacho_counter_add(counter, (int64_t)i + 1, TACHO_ATTRS(TACHO_STR("value", values[i])));
    }
    const struct sent *sent = sender_flushed();
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(dbl, value_of(sent, "jobs_total", "value", values[i]), (double)(i + 1)));
    }
}

/* cases: TestLabelValidation/unicode_in_label_values, TestEdgeCases/unicode_in_labels */
Test(labels, unicode_values_arrive_unchanged) {
    static const char *const values[] = {
        "\xe4\xb8\xad\xe6\x96\x87",         /* Chinese */
        "\xf0\x9f\x9a\x80",                 /* beyond the first plane */
        "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a", /* right to left */
        "e\xcc\x81",
        "\xc3\xa9",
        "\xef\xbf\xbd\x7f" /* decomposed and composed stay two */
    };
    values_survive(values, sizeof values / sizeof values[0]);
}

/* cases: TestLabelValidation/special_chars_in_label_values */
Test(labels, special_characters_arrive_unchanged) {
    static const char *const values[] = {"a\\b",  "say \"hi\"", "line\nbreak", "tab\tend",
                                         "{a=b}", "a,b;c",      " ",           "#%&=?/+"};
    values_survive(values, sizeof values / sizeof values[0]);
}

static const char *long_text(size_t length, char letter) {
    static char text[2][16384];
    static size_t next;
    char *out = text[next++ % 2];
    memset(out, letter, length);
    out[length] = '\0';
    return out;
}

/* cases: TestLabelValidation/very_long_label_names, TestLabelValidation/very_long_label_values,
 * TestEdgeCases/huge_label_values */
Test(labels, long_names_and_values_arrive_whole) {
    sender_start_usual();
    const char *name = long_text(1000, 'n');
    const char *value = long_text(12000, 'v');
    tacho_counter_add(counter_of("jobs"), 7, TACHO_ATTRS(TACHO_STR(name, value)));
    cr_assert(eq(dbl, value_of(sender_flushed(), "jobs_total", name, value), 7.0));
}

/* cases: TestLabelValidation/many_labels_per_series */
Test(labels, fifty_labels_on_one_series_arrive) {
    enum { COUNT = 50 };
    tacho_attribute attributes[COUNT];
    char names[COUNT][8];
    sender_start_usual();
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "k%02zu", i);
        attributes[i] = TACHO_STR(names[i], names[i]);
    }
    tacho_counter_add(counter_of("jobs"), 7, tacho_attributes_from(attributes, COUNT));
    const struct sent_series *series = need(sender_flushed(), "jobs_total", NULL, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(eq(str, (char *)sent_label_of(series, names[i]), names[i]));
    }
}
