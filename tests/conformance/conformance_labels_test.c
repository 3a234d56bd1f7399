/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of label sets: which labels a series has, in which order, and what
 * happens where names collide. */
#include "labels_fixture.h"

TestSuite(labels, .init = begin, .fini = end);

/* RW1-04 */
Test(labels, a_point_without_anything_has_its_name) {
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\"}");
}

/* RW1-04 RW1-05: an upper-case name comes before __name__ */
Test(labels, are_sorted_by_bytes) {
    EXPECT_LABELS(
        labels_of(TACHO_ATTRS(TACHO_STR("b", "1"), TACHO_STR("Zone", "2"), TACHO_STR("a", "3"),
                              TACHO_STR("_x", "4"), TACHO_STR("A1", "5"), TACHO_STR("aa", "6"),
                              TACHO_STR("a1", "7"), TACHO_STR("a_", "8"))),
        "{A1=\"5\",Zone=\"2\",__name__=\"m\",_x=\"4\",a=\"3\",a1=\"7\",a_=\"8\",aa=\"6\",b=\"1\"}");
}

/* RW1-06: sorted after escaping, where '.' (0x2e) would come before a digit and '_' after it */
Test(labels, are_sorted_after_escaping) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a.b", "1"), TACHO_STR("a0", "2"),
                                        TACHO_STR("1a", "3"), TACHO_STR("l", "4"))),
                  "{__name__=\"m\",a0=\"2\",a_b=\"1\",key_1a=\"3\",l=\"4\"}");
}

/* PROM-25 */
Test(labels, the_parts_of_a_histogram) {
    metric =
        (tacho_metric){.name = {"latency", 7}, .unit = {"s", 1}, .type = TACHO_METRIC_HISTOGRAM};
    const tacho_attributes attributes = TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("z", "2"));
    EXPECT_LABELS(labels_with(attributes, "_bucket", "0.5"),
                  "{__name__=\"latency_seconds_bucket\",a=\"1\",le=\"0.5\",z=\"2\"}");
    EXPECT_LABELS(labels_with(attributes, "_bucket", "+Inf"),
                  "{__name__=\"latency_seconds_bucket\",a=\"1\",le=\"+Inf\",z=\"2\"}");
    EXPECT_LABELS(labels_with(attributes, "_sum", NULL),
                  "{__name__=\"latency_seconds_sum\",a=\"1\",z=\"2\"}");
    EXPECT_LABELS(labels_with(attributes, "_count", NULL),
                  "{__name__=\"latency_seconds_count\",a=\"1\",z=\"2\"}");
}

Test(labels, are_copies_of_what_they_were_made_from) {
    char le[] = "0.5";
    char value[] = "v";
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    const struct tachoi_prometheus_component component = {"", "le", le};
    const enum tachoi_prometheus_result result = tachoi_prometheus_point_labels(
        &conversion, &scope, &metric, TACHO_ATTRS(TACHO_STR("k", value)), &component, &arena,
        &labels);
    le[0] = '9';
    value[0] = '9';
    EXPECT_LABELS(text_of(result, &labels), "{__name__=\"m\",k=\"v\",le=\"0.5\"}");
}

/* PROM-15 CONV-06 */
Test(labels, that_collide_are_joined_in_the_order_of_their_keys) {
    EXPECT_LABELS(
        labels_of(TACHO_ATTRS(TACHO_STR("a_b", "3"), TACHO_STR("a.b", "2"), TACHO_STR("a-b", "1"))),
        "{__name__=\"m\",a_b=\"1;2;3\"}");
    EXPECT_LABELS(
        labels_of(TACHO_ATTRS(TACHO_STR("a__b", "2"), TACHO_STR("a/b", "1"), TACHO_I64("a..b", 0))),
        "{__name__=\"m\",a_b=\"0;1;2\"}");
}

/* PROM-15: {a.b="", a_b="x"} and {a_b="x"} stay two series */
Test(labels, empty_values_take_part_in_a_join) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a.b", ""), TACHO_STR("a_b", "x"))),
                  "{__name__=\"m\",a_b=\";x\"}");
}

/* PROM-16 CONV-08 RW1-04 */
Test(labels, without_a_value_are_omitted) {
    EXPECT_LABELS(
        labels_of(TACHO_ATTRS(TACHO_STR("a", ""), TACHO_STR("b", "1"), TACHO_BYTES("c", "", 0),
                              TACHO_VALUE("d", (tacho_value){.type = TACHO_VALUE_EMPTY}))),
        "{__name__=\"m\",b=\"1\"}");
}

/* CONV-10 */
Test(labels, values_of_all_types_are_text) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_BOOL("a", true), TACHO_I64("b", -5),
                                        TACHO_F64("c", 0.5), TACHO_BYTES("d", "foo", 3))),
                  "{__name__=\"m\",a=\"true\",b=\"-5\",c=\"0.5\",d=\"Zm9v\"}");
}

/* RW1-03 P-05 */
Test(labels, values_are_repaired_to_utf8) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a", "x\xff"
                                                       "y"),
                                        TACHO_STRN("b", "\0", 1))),
                  "{__name__=\"m\",a=\"x\xef\xbf\xbd"
                  "y\",b=\"\xef\xbf\xbd\"}");
}

/* CONV-07 */
Test(labels, generated_ones_win_over_attributes) {
    use_resource(
        TACHO_ATTRS(TACHO_STR("service.instance.id", "i"), TACHO_STR("service.name", "n")));
    metric.type = TACHO_METRIC_HISTOGRAM;
    EXPECT_LABELS(
        labels_with(TACHO_ATTRS(TACHO_STR("__name__", "evil"), TACHO_STR("instance", "evil"),
                                TACHO_STR("job", "evil"), TACHO_STR("le", "evil")),
                    "_bucket", "1"),
        "{__name__=\"m_bucket\",instance=\"i\",job=\"n\",le=\"1\"}");
    cr_expect(eq(sz, overridden, 4));
}

/* CONV-07 */
Test(labels, attributes_keep_names_that_are_not_generated) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("instance", "a"), TACHO_STR("job", "b"),
                                        TACHO_STR("le", "c"), TACHO_STR("quantile", "d"))),
                  "{__name__=\"m\",instance=\"a\",job=\"b\",le=\"c\",quantile=\"d\"}");
    cr_expect(eq(sz, overridden, 0));
}

/* CONV-07 RW1-07 */
Test(labels, never_begin_with_two_underscores_but_for_the_name) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("__address__", "a"), TACHO_STR("__name__", "b"),
                                        TACHO_STR("__x", "c"))),
                  "{__name__=\"m\",_address_=\"a\",_x=\"c\"}");
    cr_expect(eq(sz, overridden, 1));
}

/* CONV-23 */
Test(labels, the_overflow_series_keeps_its_mark) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_BOOL("otel.metric.overflow", true))),
                  "{__name__=\"m\",otel_metric_overflow=\"true\"}");
}

/* PROM-08 CONV-06 */
Test(labels, a_point_without_usable_names_is_invalid) {
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("\xe6\xb8\xa9", "a"))), "invalid");
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("ok", "a"), TACHO_STR("__", "b"))), "invalid");
    metric.name = tacho_string_from("___");
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "invalid");
}

/* PROM-44 CONV-17 */
Test(labels, job_and_instance_come_from_the_resource) {
    use_resource(TACHO_ATTRS(TACHO_STR("host.name", "h"), TACHO_STR("service.instance.id", "i-1"),
                             TACHO_STR("service.name", "shop"),
                             TACHO_STR("service.namespace", "prod")));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",instance=\"i-1\",job=\"prod/shop\"}");
}

/* PROM-44 CONV-17 */
Test(labels, job_is_the_name_alone_without_namespace_and_instance_is_omitted) {
    use_resource(TACHO_ATTRS(TACHO_STR("service.instance.id", ""),
                             TACHO_STR("service.name", "shop"),
                             TACHO_STR("service.namespace", "")));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",job=\"shop\"}");
}

/* PROM-44 */
Test(labels, there_is_no_job_without_a_service_name) {
    use_resource(
        TACHO_ATTRS(TACHO_STR("service.name", ""), TACHO_STR("service.namespace", "prod")));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\"}");
}

/* PROM-12 CONV-20 */
Test(labels, the_scope_is_on_every_point) {
    const tacho_attributes attributes =
        TACHO_ATTRS(TACHO_STR("team.name", "blue"), TACHO_I64("tier", 1));
    scope = (tacho_scope){tacho_string_from("http"), tacho_string_from("1.2"),
                          tacho_string_from("https://x/1"), attributes};
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("p", "q"))),
                  "{__name__=\"m\",otel_scope_name=\"http\",otel_scope_schema_url=\"https://x/1\","
                  "otel_scope_team_name=\"blue\",otel_scope_tier=\"1\",otel_scope_version=\"1.2\","
                  "p=\"q\"}");
    translation.disable_scope_info = true;
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("p", "q"))), "{__name__=\"m\",p=\"q\"}");
}

/* PROM-16 */
Test(labels, empty_parts_of_the_scope_are_omitted) {
    scope.name = tacho_string_from("http");
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",otel_scope_name=\"http\"}");
}

/* PROM-13 */
Test(labels, scope_attributes_do_not_replace_name_version_and_schema_url) {
    scope.name = tacho_string_from("http");
    scope.attributes = TACHO_ATTRS(TACHO_STR("name", "evil"), TACHO_STR("ok", "1"),
                                   TACHO_STR("schema.url", "evil"), TACHO_STR("schema_url", "evil"),
                                   TACHO_STR("version", "evil"));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS),
                  "{__name__=\"m\",otel_scope_name=\"http\",otel_scope_ok=\"1\"}");
    cr_expect(eq(sz, overridden, 4));
}

/* PROM-15 */
Test(labels, attributes_that_collide_with_the_scope_are_joined) {
    scope.name = tacho_string_from("http");
    scope.attributes = TACHO_ATTRS(TACHO_STR("a.b", "1"), TACHO_STR("a_b", "2"));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("otel.scope.name", "first"),
                                        TACHO_STR("otel_scope_a_b", "3"),
                                        TACHO_STR("otel_scope_name", "last"))),
                  "{__name__=\"m\",otel_scope_a_b=\"1;2;3\",otel_scope_name=\"first;http;last\"}");
}

/* PROM-42 PROM-43 PROM-44 CONV-18 */
Test(target_info, has_the_resource_and_its_identity, .init = begin, .fini = end) {
    use_resource(TACHO_ATTRS(TACHO_STR("host.name", "h"), TACHO_I64("process.pid", 42),
                             TACHO_STR("service.instance.id", "i"), TACHO_STR("service.name", "n"),
                             TACHO_STR("service.namespace", "s"), TACHO_STR("empty", "")));
    EXPECT_LABELS(target_info(),
                  "{__name__=\"target_info\",host_name=\"h\",instance=\"i\",job=\"s/n\","
                  "process_pid=\"42\",service_instance_id=\"i\",service_name=\"n\","
                  "service_namespace=\"s\"}");
}

/* PROM-42 */
Test(target_info, does_not_exist_for_an_empty_resource, .init = begin, .fini = end) {
    EXPECT_LABELS(target_info(), "");
    use_resource(TACHO_ATTRS(TACHO_STR("a", "")));
    EXPECT_LABELS(target_info(), "");
}

/* PROM-15 CONV-06 CONV-07 */
Test(target_info, follows_the_rules_of_labels, .init = begin, .fini = end) {
    use_resource(TACHO_ATTRS(TACHO_STR("Zone", "z"), TACHO_STR("a.b", "1"), TACHO_STR("a_b", "2"),
                             TACHO_STR("job", "evil"), TACHO_STR("service.name", "n"),
                             TACHO_STR("\xe6\xb8\xa9", "left out")));
    EXPECT_LABELS(target_info(), "{Zone=\"z\",__name__=\"target_info\",a_b=\"1;2\",job=\"n\","
                                 "service_name=\"n\"}");
}
