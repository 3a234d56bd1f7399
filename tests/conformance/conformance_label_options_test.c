/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of what options make of label sets: promoted attributes of the resource,
 * external labels, names in UTF-8, relabelling. */
#include "labels_fixture.h"

static struct tachoi_relabel *rules;

static void begin_options(void) {
    begin();
    rules = NULL;
}

static void end_options(void) {
    tachoi_relabel_destroy(rules);
    end();
}

TestSuite(label_options, .init = begin_options, .fini = end_options);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SAMPLE(text)                                                                               \
    { (text), sizeof(text) - 1 }

static void use_shop(void) {
    use_resource(TACHO_ATTRS(TACHO_STR("cloud.region", "eu"), TACHO_STR("host.name", "h"),
                             TACHO_STR("service.instance.id", "i"), TACHO_STR("service.name", "n"),
                             TACHO_STR("service.namespace", "s")));
}

static void promote(const char *const *keys, size_t count) {
    translation.promoted = keys;
    translation.promoted_count = count;
}

static void use_external(const struct tachoi_prometheus_extra_label *labels, size_t count) {
    translation.external = labels;
    translation.external_count = count;
}

static void use_rules(const struct tachoi_relabel_rule *list, size_t count) {
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(list, count, true, &rules, &problem), TACHO_OK));
    translation.relabel = rules;
}

/* CONV-19 PROM-43 */
Test(label_options, nothing_is_promoted_by_default) {
    use_shop();
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",instance=\"i\",job=\"s/n\"}");
}

/* CONV-19 */
Test(label_options, a_list_of_attributes_is_promoted) {
    static const char *const keys[] = {"host.name", "absent", "service.name"};
    use_shop();
    promote(keys, COUNT_OF(keys));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",host_name=\"h\",instance=\"i\","
                                             "job=\"s/n\",service_name=\"n\"}");
    translation.naming.strategy = TACHOI_NO_TRANSLATION;
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",host.name=\"h\",instance=\"i\","
                                             "job=\"s/n\",service.name=\"n\"}");
}

/* CONV-19 */
Test(label_options, all_attributes_but_the_identity_are_promoted) {
    static const char *const keys[] = {"service.namespace"};
    use_shop();
    translation.promote_all = true;
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",cloud_region=\"eu\",host_name=\"h\","
                                             "instance=\"i\",job=\"s/n\"}");
    promote(keys, 1);
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{__name__=\"m\",cloud_region=\"eu\",host_name=\"h\","
                                             "instance=\"i\",job=\"s/n\",service_namespace=\"s\"}");
}

/* CONV-19: as Prometheus' promote_resource_attributes */
Test(label_options, promoted_ones_give_way_to_those_of_the_point) {
    use_shop();
    translation.promote_all = true;
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("host_name", "point"))),
                  "{__name__=\"m\",cloud_region=\"eu\",host_name=\"point\",instance=\"i\","
                  "job=\"s/n\"}");
    cr_expect(eq(sz, overridden, 0));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("host-name", "1"), TACHO_STR("host.name", "2"))),
                  "{__name__=\"m\",cloud_region=\"eu\",host_name=\"1;2\",instance=\"i\","
                  "job=\"s/n\"}");
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("host.name", ""))),
                  "{__name__=\"m\",cloud_region=\"eu\",host_name=\"h\",instance=\"i\","
                  "job=\"s/n\"}");
}

/* PROM-15 CONV-07 CONV-19 */
Test(label_options, promoted_ones_that_collide_are_joined) {
    use_resource(TACHO_ATTRS(TACHO_STR("a.b", "2"), TACHO_STR("a-b", "1"), TACHO_STR("job", "evil"),
                             TACHO_STR("service.name", "n"), TACHO_STR("otel.scope.name", "r"),
                             TACHO_STR("\xe6\xb8\xa9", "left out"), TACHO_STR("empty", "")));
    scope.name = tacho_string_from("http");
    translation.promote_all = true;
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS),
                  "{__name__=\"m\",a_b=\"1;2\",job=\"n\",otel_scope_name=\"r;http\"}");
    cr_expect(eq(sz, overridden, 1));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("otel_scope_name", "p"))),
                  "{__name__=\"m\",a_b=\"1;2\",job=\"n\",otel_scope_name=\"http;p\"}");
}

/* PROM-15: without a promoted one, empty values take part */
Test(label_options, promotion_leaves_joins_of_others_alone) {
    scope.name = tacho_string_from("http");
    translation.promote_all = true;
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a.b", ""), TACHO_STR("a_b", ""),
                                        TACHO_STR("otel.scope.name", ""))),
                  "{__name__=\"m\",a_b=\";\",otel_scope_name=\";http\"}");
}

/* PROM-43: they are on target_info anyway */
Test(label_options, promotion_leaves_target_info_alone) {
    use_shop();
    static const char expected[] =
        "{__name__=\"target_info\",cloud_region=\"eu\",host_name=\"h\",instance=\"i\","
        "job=\"s/n\",service_instance_id=\"i\",service_name=\"n\",service_namespace=\"s\"}";
    EXPECT_LABELS(target_info(), expected);
    translation.promote_all = true;
    EXPECT_LABELS(target_info(), expected);
}

/* CONV-21 */
Test(label_options, external_labels_are_added_where_there_is_none) {
    static const struct tachoi_prometheus_extra_label labels[] = {
        {SAMPLE("Zone"), SAMPLE("z")},       {SAMPLE("job"), SAMPLE("external")},
        {SAMPLE("cluster"), SAMPLE("c")},    {SAMPLE("host_name"), SAMPLE("external")},
        {SAMPLE("cluster"), SAMPLE("late")}, {SAMPLE("__name__"), SAMPLE("evil")}};
    use_external(labels, COUNT_OF(labels));
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "{Zone=\"z\",__name__=\"m\",cluster=\"c\","
                                             "host_name=\"external\",job=\"external\"}");
    use_shop();
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("cluster", "point"))),
                  "{Zone=\"z\",__name__=\"m\",cluster=\"point\",host_name=\"external\","
                  "instance=\"i\",job=\"s/n\"}");
    translation.promote_all = true;
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("cluster", ""))),
                  "{Zone=\"z\",__name__=\"m\",cloud_region=\"eu\",cluster=\"c\","
                  "host_name=\"h\",instance=\"i\",job=\"s/n\"}");
    cr_expect(eq(sz, overridden, 0));
}

/* CONV-21 */
Test(label_options, external_labels_are_on_target_info) {
    static const struct tachoi_prometheus_extra_label labels[] = {
        {SAMPLE("cluster"), SAMPLE("c")}, {SAMPLE("host_name"), SAMPLE("external")}};
    use_external(labels, COUNT_OF(labels));
    EXPECT_LABELS(target_info(), "");
    use_resource(TACHO_ATTRS(TACHO_STR("host.name", "h"), TACHO_STR("service.name", "n")));
    EXPECT_LABELS(target_info(), "{__name__=\"target_info\",cluster=\"c\",host_name=\"h\","
                                 "job=\"n\",service_name=\"n\"}");
}

static void check_external(tacho_string name, const char *value,
                           enum tachoi_prometheus_strategy strategy, const char *expected) {
    const struct tachoi_prometheus_naming naming = {.strategy = strategy};
    const struct tachoi_prometheus_extra_label label = {name, tacho_string_from(value)};
    struct tachoi_text out;
    tachoi_text_init(&out, 0);
    tachoi_text_append_string(&out, "");
    const char *problem = tachoi_prometheus_external_label(&naming, &label, &out);
    cr_expect(eq(str, (char *)(problem != NULL ? problem : out.data), (char *)expected),
              "external label %s", name.data);
    tachoi_text_fini(&out);
}

/* CONV-21 */
Test(label_options, names_of_external_labels_are_made_by_the_strategy) {
    static const struct {
        const char *name;
        const char *value;
        const char *escaped;
        const char *utf8;
    } vectors[] = {
        {"cluster", "c", "cluster", "cluster"},
        {"k8s.cluster", "c", "k8s_cluster", "k8s.cluster"},
        {"1st", "c", "key_1st", "1st"},
        {"__x", "c", "_x", "_x"},
        {"", "c", "has no name", "has no name"},
        {"a", "", "has no value", "has no value"},
        {"__name__", "c", "is the name of the series", "is the name of the series"},
        {"a", "\xff", "is not valid UTF-8", "is not valid UTF-8"},
        {"\xff", "c", "is not valid UTF-8", "is not valid UTF-8"},
        {"\xe6\xb8\xa9", "c", "has a name of which nothing is left when it is escaped",
         "\xe6\xb8\xa9"},
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const tacho_string name = tacho_string_from(vectors[i].name);
        check_external(name, vectors[i].value, TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
                       vectors[i].escaped);
        check_external(name, vectors[i].value, TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES,
                       vectors[i].utf8);
    }
    check_external((tacho_string){"a\0b", 3}, "c", TACHOI_NO_TRANSLATION, "is not valid UTF-8");
}

/* CONV-05 PROM-15: only equal keys collide */
Test(label_options, utf8_keys_stay_as_they_are) {
    translation.naming.strategy = TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES;
    metric.name = tacho_string_from("http.time");
    metric.unit = tacho_string_from("s");
    EXPECT_LABELS(
        labels_of(TACHO_ATTRS(TACHO_STR("a.b", "1"), TACHO_STR("a_b", "2"), TACHO_STR("1", "3"),
                              TACHO_STR("\xe6\xb8\xa9", "4"), TACHO_STR("__name__", "5"))),
        "{1=\"3\",__name__=\"http.time_seconds\",a.b=\"1\",a_b=\"2\",\xe6\xb8\xa9=\"4\"}");
    cr_expect(eq(sz, overridden, 1));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a\xfe", "1"), TACHO_STR("a\xff", "2"))),
                  "{__name__=\"http.time_seconds\",a\xef\xbf\xbd=\"1;2\"}");
}

/* CONV-05 PROM-12 PROM-13 */
Test(label_options, utf8_scopes_keep_their_keys) {
    translation.naming.strategy = TACHOI_NO_TRANSLATION;
    scope.name = tacho_string_from("http");
    scope.attributes = TACHO_ATTRS(TACHO_STR("name", "evil"), TACHO_STR("schema.url", "kept"),
                                   TACHO_STR("team.name", "blue"));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("otel.scope.name", "p"))),
                  "{__name__=\"m\",otel.scope.name=\"p\",otel_scope_name=\"http\","
                  "otel_scope_schema.url=\"kept\",otel_scope_team.name=\"blue\"}");
    cr_expect(eq(sz, overridden, 1));
}

/* CONV-05 P-05 */
Test(label_options, utf8_keys_with_nul_make_a_point_invalid) {
    tacho_attribute attribute = TACHO_STR("", "v");
    attribute.key = (tacho_string){"a\0b", 3};
    EXPECT_LABELS(labels_of(tacho_attributes_from(&attribute, 1)), "{__name__=\"m\",a_b=\"v\"}");
    translation.naming.strategy = TACHOI_NO_TRANSLATION;
    EXPECT_LABELS(labels_of(tacho_attributes_from(&attribute, 1)), "invalid");
    scope.attributes = tacho_attributes_from(&attribute, 1);
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "invalid");
}

/* PROM-25 CONV-05: histograms have their suffixes, whatever the strategy */
Test(label_options, components_have_suffixes_under_all_strategies) {
    metric = (tacho_metric){.name = {"a.b", 3}, .unit = {"s", 1}, .type = TACHO_METRIC_HISTOGRAM};
    translation.naming.prefix = "app";
    translation.naming.strategy = TACHOI_NO_TRANSLATION;
    EXPECT_LABELS(labels_with(TACHO_NO_ATTRS, "_bucket", "1"),
                  "{__name__=\"app_a.b_bucket\",le=\"1\"}");
    translation.naming.strategy = TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES;
    EXPECT_LABELS(labels_with(TACHO_NO_ATTRS, "_count", NULL), "{__name__=\"app_a_b_count\"}");
    translation.naming.strategy = TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES;
    EXPECT_LABELS(labels_with(TACHO_NO_ATTRS, "_sum", NULL), "{__name__=\"app_a.b_seconds_sum\"}");
}

/* PROM-38 CONV-07 */
Test(label_options, a_quantile_wins_over_an_attribute_of_that_name) {
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    const struct tachoi_prometheus_component component = {"", "quantile", "0.99"};
    metric.type = TACHO_METRIC_SUMMARY;
    const enum tachoi_prometheus_result result = tachoi_prometheus_point_labels(
        &conversion, &scope, &metric,
        TACHO_ATTRS(TACHO_STR("le", "kept"), TACHO_STR("quantile", "evil")), &component, &arena,
        &labels);
    EXPECT_LABELS(text_of(result, &labels), "{__name__=\"m\",le=\"kept\",quantile=\"0.99\"}");
    cr_expect(eq(sz, overridden, 1));
}

/* --- relabelling --- */

static const char *const name_label[] = {"__name__"};
static const char *const cluster_label[] = {"cluster"};

/* CONV-24 */
Test(label_options, relabelling_comes_after_external_labels) {
    static const struct tachoi_prometheus_extra_label labels[] = {{SAMPLE("cluster"), SAMPLE("c")}};
    static const struct tachoi_relabel_rule list[] = {
        {.source_labels = cluster_label, .source_label_count = 1, .target_label = "where"},
        {.action = TACHOI_RELABEL_LABEL_DROP, .regex = "cluster|b"},
    };
    use_external(labels, 1);
    use_rules(list, COUNT_OF(list));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2"))),
                  "{__name__=\"m\",a=\"1\",where=\"c\"}");
    use_resource(TACHO_ATTRS(TACHO_STR("b", "x"), TACHO_STR("d", "y")));
    EXPECT_LABELS(target_info(), "{__name__=\"target_info\",d=\"y\",where=\"c\"}");
}

/* CONV-24 */
Test(label_options, relabelling_can_drop_a_series) {
    static const struct tachoi_relabel_rule list[] = {
        {.action = TACHOI_RELABEL_DROP,
         .source_labels = name_label,
         .source_label_count = 1,
         .regex = "m|target_info"},
    };
    use_rules(list, COUNT_OF(list));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a", "1"))), "filtered");
    EXPECT_LABELS(labels_with(TACHO_NO_ATTRS, "_sum", NULL), "{__name__=\"m_sum\"}");
    EXPECT_LABELS(target_info(), "");
    use_resource(TACHO_ATTRS(TACHO_STR("d", "y")));
    EXPECT_LABELS(target_info(), "filtered");
}

/* CONV-24 RW1-04 */
Test(label_options, relabelling_must_leave_a_name) {
    static const struct tachoi_relabel_rule list[] = {
        {.action = TACHOI_RELABEL_LABEL_DROP, .regex = "__name__"},
    };
    use_rules(list, COUNT_OF(list));
    EXPECT_LABELS(labels_of(TACHO_ATTRS(TACHO_STR("a", "1"))), "invalid");
    EXPECT_LABELS(labels_of(TACHO_NO_ATTRS), "filtered");
}

/* CONV-24: the generated parts are the user's to drop */
Test(label_options, relabelling_can_take_le_away) {
    static const struct tachoi_relabel_rule list[] = {
        {.action = TACHOI_RELABEL_LABEL_DROP, .regex = "le"},
    };
    use_rules(list, COUNT_OF(list));
    EXPECT_LABELS(labels_with(TACHO_NO_ATTRS, "_bucket", "1"), "{__name__=\"m_bucket\"}");
}

static char *points_of(tacho_attributes attributes) {
    static char marks[16];
    struct tachoi_prometheus_labels labels = {NULL, 0, 0};
    const struct tachoi_prometheus_component component = {"", NULL, NULL};
    cr_assert(eq(int,
                 (int)tachoi_prometheus_point_labels(&conversion, &scope, &metric, attributes,
                                                     &component, &arena, &labels),
                 (int)TACHOI_PROMETHEUS_OK));
    for (size_t i = 0; i < labels.count; i++) {
        marks[i] = labels.items[i].is_points ? 'p' : '-';
    }
    marks[labels.count] = '\0';
    return marks;
}

/* Which labels are the series' own: a label that has nothing of the point may be shared. */
Test(label_options, labels_know_whether_the_point_has_part_in_them) {
    static const struct tachoi_prometheus_extra_label labels[] = {{SAMPLE("cluster"), SAMPLE("c")}};
    static const struct tachoi_relabel_rule list[] = {
        {.action = TACHOI_RELABEL_LABEL_DROP, .regex = "b"},
    };
    use_shop();
    scope.name = tacho_string_from("http");
    use_external(labels, 1);
    translation.promote_all = true;
    /* __name__ cloud_region cluster host_name instance job otel_scope_name */
    EXPECT_LABELS(points_of(TACHO_NO_ATTRS), "-------");
    EXPECT_LABELS(points_of(TACHO_ATTRS(TACHO_STR("cluster", ""), TACHO_STR("host.name", ""))),
                  "-------");
    EXPECT_LABELS(points_of(TACHO_ATTRS(TACHO_STR("cluster", "p"), TACHO_STR("host.name", "p"),
                                        TACHO_STR("job", "p"), TACHO_STR("otel_scope_name", "p"))),
                  "--pp--p");
    EXPECT_LABELS(points_of(TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2"))), "-pp------");
    use_rules(list, COUNT_OF(list));
    EXPECT_LABELS(points_of(TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("b", "2"))), "-p------");
}
