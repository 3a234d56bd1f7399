/* SPDX-License-Identifier: Apache-2.0 */
/* Resources: copies of typed attributes, defaults, the environment, and who wins. */
#include <errno.h>

#include "sdk_fixture.h"

static const tacho_value *value_in(tacho_attributes attributes, const char *key) {
    for (size_t i = 0; i < attributes.count; i++) {
        tacho_string found = attributes.items[i].key;
        if (found.length == strlen(key) && memcmp(found.data, key, found.length) == 0) {
            return &attributes.items[i].value;
        }
    }
    return NULL;
}

/* What a provider exports of itself, as text "key=value;", for strings. */
struct described {
    char text[2048];
    char schema_url[64];
};

static int describe(const tacho_metric_batch *batch, void *user) {
    struct described *described = user;
    tacho_attributes attributes = tacho_resource_attributes(batch->resource);
    size_t used = 0;
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attr = &attributes.items[i];
        tacho_string value = attr->value.as.string;
        if (attr->value.type != TACHO_VALUE_STRING) {
            value = tacho_string_from("?");
        }
        used +=
            (size_t)snprintf(described->text + used, sizeof described->text - used, "%.*s=%.*s;",
                             (int)attr->key.length, attr->key.data, (int)value.length, value.data);
    }
    snprintf(described->schema_url, sizeof described->schema_url, "%s",
             tacho_resource_schema_url(batch->resource));
    return TACHO_OK;
}

static struct described described_provider(tacho_attributes user) {
    struct described described = {0};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_resource *resource = NULL;
    tacho_meter_provider *provider = NULL;
    if (user.count > 0) {
        int created = tacho_resource_create(
            TACHO_OPTIONS(tacho_resource_options, .attributes = user, .schema_url = "schema"),
            &resource);
        cr_assert(eq(int, created, TACHO_OK));
    }
    int status = tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                           .resource = resource, .readers = &reader,
                                                           .reader_count = 1),
                                             &provider);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_metric_reader_collect_with(reader, 0, describe, &described);
    tacho_meter_provider_destroy(provider);
    return described;
}

static bool has(const struct described *described, const char *part) {
    return strstr(described->text, part) != NULL;
}

/* RES-02, RES-03, RES-04, RES-15 */
Test(resource, defaults_say_what_measures) {
    struct described first = described_provider(TACHO_NO_ATTRS);
    struct described second = described_provider(TACHO_NO_ATTRS);
    char expected[256];
    snprintf(expected, sizeof expected, "service.name=unknown_service:%s;",
             program_invocation_short_name);
    cr_expect(has(&first, expected), "%s", first.text);
    cr_expect(has(&first, "telemetry.sdk.name=tacho;"));
    cr_expect(has(&first, "telemetry.sdk.language=c;"));
    cr_expect(has(&first, "telemetry.sdk.version=" TACHO_VERSION ";"));
    const char *id = strstr(first.text, "service.instance.id=");
    cr_assert(ne(ptr, (void *)id, NULL));
    id += strlen("service.instance.id=");
    cr_expect(eq(chr, id[14], '4'), "a UUID of version 4: %.36s", id);
    cr_expect(eq(chr, id[36], ';'));
    cr_expect(ne(str, first.text, second.text), "each provider is an instance");
}

/* RES-06, RES-09, RES-10, ENV-10, ENV-11, SDK-01, SDK-18 */
Test(resource, the_user_beats_the_service_name_variable_beats_the_list_beats_defaults) {
    setenv("OTEL_RESOURCE_ATTRIBUTES",
           "service.name=from-list,service.instance.id=i1,deployment=a%2Cb%3D,empty=", 1);
    struct described list = described_provider(TACHO_NO_ATTRS);
    cr_expect(has(&list, "service.name=from-list;"));
    cr_expect(has(&list, "service.instance.id=i1;"));
    cr_expect(has(&list, "deployment=a,b=;")); /* RES-10 */
    cr_expect(has(&list, "empty=;"));
    setenv("OTEL_SERVICE_NAME", "from-variable", 1);
    struct described variable = described_provider(TACHO_NO_ATTRS);
    cr_expect(has(&variable, "service.name=from-variable;"));
    struct described user = described_provider(
        TACHO_ATTRS(TACHO_STR("service.name", "from-user"), TACHO_STR("deployment", "")));
    cr_expect(has(&user, "service.name=from-user;"));
    cr_expect(has(&user, "deployment=;")); /* RES-06: wins even when empty */
    cr_expect(has(&user, "service.instance.id=i1;"));
    cr_expect(has(&user, "telemetry.sdk.name=tacho;"));
    cr_expect(eq(str, user.schema_url, (char *)"schema"));
}

/* RES-11 */
Test(resource, one_malformed_part_discards_the_whole_variable) {
    static const char *const malformed[] = {"a=1,b", "a=1,=2", "a=1,b=%zz", "a=1,b=%2"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        setenv("OTEL_RESOURCE_ATTRIBUTES", malformed[i], 1);
        if (i == 0) {
            capture_diagnostics();
        }
        struct described described = described_provider(TACHO_NO_ATTRS);
        cr_expect(not(has(&described, "a=1;")), "%s", malformed[i]);
        cr_expect(has(&described, "service.name=unknown_service"));
    }
    cr_expect(was_told("environment_invalid", "OTEL_RESOURCE_ATTRIBUTES"));
}

/* ATTR-02, RES-01, RES-08 */
Test(resource, attributes_of_all_types_are_copied_and_sorted) {
    char text[] = "text";
    int64_t numbers[] = {1, 2, 3};
    tacho_value array = {.type = TACHO_VALUE_I64_ARRAY};
    array.as.i64s.items = numbers;
    array.as.i64s.count = 3;
    tacho_resource *resource = NULL;
    int status = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options,
                      .attributes = TACHO_ATTRS(TACHO_VALUE("z", array), TACHO_F64("f", 0.5),
                                                TACHO_BOOL("b", true), TACHO_STR("a", text),
                                                TACHO_I64("a2", -1))),
        &resource);
    cr_assert(eq(int, status, TACHO_OK));
    memset(text, 'x', sizeof text - 1);
    memset(numbers, 0, sizeof numbers);
    tacho_attributes attributes = tacho_resource_attributes(resource);
    cr_assert(eq(sz, attributes.count, 5));
    for (size_t i = 1; i < attributes.count; i++) {
        cr_expect(lt(
            int, memcmp(attributes.items[i - 1].key.data, attributes.items[i].key.data, 1) * 2, 1));
    }
    cr_expect(eq(int, memcmp(value_in(attributes, "a")->as.string.data, "text", 4), 0));
    cr_expect(eq(i64, value_in(attributes, "z")->as.i64s.items[2], 3));
    cr_expect(eq(dbl, value_in(attributes, "f")->as.f64, 0.5));
    cr_expect(eq(int, value_in(attributes, "b")->as.boolean, true));
    cr_expect(eq(i64, value_in(attributes, "a2")->as.i64, -1));
    cr_expect(eq(str, (char *)tacho_resource_schema_url(resource), (char *)""));
    tacho_resource_destroy(resource);
}

Test(resource, wrong_input_is_refused_with_the_field) {
    tacho_error error = {0};
    tacho_resource *resource = NULL;
    int status = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options,
                      .attributes = TACHO_ATTRS(TACHO_STR("a", "1"), TACHO_STR("", "2")),
                      .error = &error),
        &resource);
    cr_expect(eq(int, status, TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"attributes"));
    cr_expect(eq(int, tacho_resource_create(NULL, NULL), TACHO_E_INVALID));
    cr_expect(eq(ptr, resource, NULL));
}

Test(resource, attributes_without_a_pointer_are_refused_and_told) {
    tacho_error error = {0};
    tacho_resource *resource = NULL;
    const tacho_resource_options options = {
        .struct_size = sizeof options, .attributes = {.items = NULL, .count = 2}, .error = &error};
    capture_diagnostics();
    cr_expect(eq(int, tacho_resource_create(&options, &resource), TACHO_E_INVALID));
    cr_expect(eq(str, error.field, (char *)"attributes"));
    cr_expect(was_told("setup_failed", "tacho_resource_options.attributes: "));
    cr_expect(eq(ptr, resource, NULL));
}

Test(resource, a_missing_struct_size_is_told_with_its_cure) {
    tacho_resource *resource = NULL;
    const tacho_resource_options options = {.schema_url = "u"};
    capture_diagnostics();
    cr_expect(eq(int, tacho_resource_create(&options, &resource), TACHO_E_INVALID));
    cr_expect(was_told("setup_failed", "tacho_resource_create failed: "
                                       "tacho_resource_options.struct_size: it is 0; set it to "
                                       "sizeof(tacho_resource_options), or use TACHO_OPTIONS"),
              "%s", diagnostic_of("setup_failed"));
}

/* RES-05 */
Test(resource, no_options_make_an_empty_one_and_null_is_none) {
    tacho_resource *resource = NULL;
    cr_assert(eq(int, tacho_resource_create(NULL, &resource), TACHO_OK));
    cr_expect(eq(sz, tacho_resource_attributes(resource).count, 0));
    cr_expect(eq(sz, tacho_resource_attributes(NULL).count, 0));
    cr_expect(eq(str, (char *)tacho_resource_schema_url(NULL), (char *)""));
    tacho_resource_destroy(resource);
    tacho_resource_destroy(NULL);
}

/* --- merging --- */

static tacho_resource *make_resource(tacho_attributes attributes, const char *schema_url) {
    tacho_resource *resource = NULL;
    int status = tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options, .attributes = attributes, .schema_url = schema_url),
        &resource);
    cr_assert(eq(int, status, TACHO_OK));
    return resource;
}

static tacho_resource *merge(const tacho_resource *old, const tacho_resource *updating) {
    tacho_resource *merged = NULL;
    cr_assert(eq(int, tacho_resource_merge(old, updating, &merged), TACHO_OK));
    return merged;
}

/* RES-06, RES-01: the union, and neither part is changed */
Test(resource, merging_takes_all_and_the_updating_one_wins_also_when_empty) {
    tacho_resource *old = make_resource(
        TACHO_ATTRS(TACHO_STR("a", "old"), TACHO_STR("b", "old"), TACHO_I64("d", 4)), NULL);
    tacho_resource *updating = make_resource(
        TACHO_ATTRS(TACHO_STR("c", "new"), TACHO_STR("b", ""), TACHO_STR("d", "text")), NULL);
    tacho_resource *merged = merge(old, updating);
    tacho_attributes attributes = tacho_resource_attributes(merged);
    cr_assert(eq(sz, attributes.count, 4));
    cr_expect(eq(sz, value_in(attributes, "b")->as.string.length, 0));
    cr_expect(eq(int, (int)value_in(attributes, "d")->type, TACHO_VALUE_STRING));
    cr_expect(eq(int, memcmp(value_in(attributes, "a")->as.string.data, "old", 3), 0));
    cr_expect(eq(int, memcmp(value_in(attributes, "c")->as.string.data, "new", 3), 0));
    cr_expect(eq(sz, tacho_resource_attributes(old).count, 3));
    cr_expect(eq(i64, value_in(tacho_resource_attributes(old), "d")->as.i64, 4));
    tacho_resource_destroy(old);
    tacho_resource_destroy(updating);
    cr_expect(eq(int, memcmp(value_in(attributes, "a")->as.string.data, "old", 3), 0), "a copy");
    tacho_resource_destroy(merged);
}

/* RES-07, RES-13: what contradicts itself is told, and there is a resource all the same */
Test(resource, schema_urls_merge_unless_they_contradict_each_other) {
    static const struct {
        const char *old;
        const char *updating;
        const char *merged;
        bool is_told;
    } cases[] = {{"", "", "", false},
                 {"u1", "", "u1", false},
                 {"", "u2", "u2", false},
                 {"u1", "u1", "u1", false},
                 {"u1", "u2", "", true}};
    capture_diagnostics();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tacho_resource *old = make_resource(TACHO_ATTRS(TACHO_I64("a", 1)), cases[i].old);
        tacho_resource *updating = make_resource(TACHO_ATTRS(TACHO_I64("b", 1)), cases[i].updating);
        tacho_resource *merged = merge(old, updating);
        cr_expect(eq(str, (char *)tacho_resource_schema_url(merged), (char *)cases[i].merged));
        cr_expect(eq(sz, tacho_resource_attributes(merged).count, 2));
        cr_expect(eq(int, diagnostic_of("schema_url_conflict") != NULL, cases[i].is_told));
        tacho_resource_destroy(old);
        tacho_resource_destroy(updating);
        tacho_resource_destroy(merged);
    }
    cr_expect(was_told("schema_url_conflict", "u1 and u2"));
}

/* RES-05: nothing is an empty resource */
Test(resource, merging_with_nothing_gives_a_copy) {
    tacho_resource *one = make_resource(TACHO_ATTRS(TACHO_I64("a", 1)), "u");
    tacho_resource *merged[] = {merge(one, NULL), merge(NULL, one), merge(NULL, NULL)};
    for (size_t i = 0; i < 3; i++) {
        cr_expect(eq(sz, tacho_resource_attributes(merged[i]).count, i < 2 ? 1 : 0));
        cr_expect(
            eq(str, (char *)tacho_resource_schema_url(merged[i]), (char *)(i < 2 ? "u" : "")));
        tacho_resource_destroy(merged[i]);
    }
    cr_expect(eq(int, tacho_resource_merge(one, one, NULL), TACHO_E_INVALID));
    tacho_resource_destroy(one);
}

/* As a library of a platform would: what it found, with the schema that it follows. Finding nothing
 * is an empty resource without a schema. */
static int detect_host(const char *name, tacho_resource **out) {
    if (name == NULL) {
        return tacho_resource_create(NULL, out);
    }
    return tacho_resource_create(
        TACHO_OPTIONS(tacho_resource_options, .schema_url = "host/1",
                      .attributes = TACHO_ATTRS(TACHO_STR("host.name", name))),
        out);
}

/* RES-12, RES-13: detectors live outside and join by merging */
Test(resource, detectors_outside_the_sdk_join_by_merging) {
    static const char *const found[] = {"h1", NULL};
    for (size_t i = 0; i < 2; i++) {
        tacho_resource *own = make_resource(TACHO_ATTRS(TACHO_STR("service.name", "shop")), NULL);
        tacho_resource *host = NULL;
        cr_assert(eq(int, detect_host(found[i], &host), TACHO_OK));
        tacho_resource *merged = merge(host, own);
        tacho_attributes attributes = tacho_resource_attributes(merged);
        cr_expect(eq(int, value_in(attributes, "host.name") != NULL, found[i] != NULL));
        cr_expect(ne(ptr, (void *)value_in(attributes, "service.name"), NULL));
        cr_expect(eq(str, (char *)tacho_resource_schema_url(merged),
                     (char *)(found[i] != NULL ? "host/1" : "")));
        tacho_resource_destroy(own);
        tacho_resource_destroy(host);
        tacho_resource_destroy(merged);
    }
}

/* RES-16, ENV-31 */
Test(resource, attributes_are_not_limited_in_number_or_length) {
    enum { COUNT = 300, LENGTH = 5000 };
    setenv("OTEL_ATTRIBUTE_COUNT_LIMIT", "1", 1);
    setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1", 1);
    static char keys[COUNT][8];
    static char value[LENGTH + 1];
    static tacho_attribute items[COUNT];
    memset(value, 'v', LENGTH);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        items[i] = TACHO_STR(keys[i], value);
    }
    tacho_resource *resource = make_resource(tacho_attributes_from(items, COUNT), NULL);
    tacho_attributes attributes = tacho_resource_attributes(resource);
    cr_expect(eq(sz, attributes.count, COUNT));
    cr_expect(eq(sz, value_in(attributes, "k299")->as.string.length, LENGTH));
    tacho_resource_destroy(resource);
}

Test(resource, every_failed_allocation_of_merging_is_survived) {
    tacho_resource *one = make_resource(TACHO_ATTRS(TACHO_STR("a", "1")), "u");
    setenv("OTEL_LOG_LEVEL", "none", 1);
    int status = TACHO_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status == TACHO_E_NO_MEMORY && k < 50; k++) {
        tacho_resource *merged = NULL;
        tachoi_alloc_fail_at(k);
        status = tacho_resource_merge(one, one, &merged);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, merged != NULL, status == TACHO_OK));
        tacho_resource_destroy(merged);
    }
    cr_expect(eq(int, status, TACHO_OK));
    cr_expect(gt(u64, k, 4));
    tacho_resource_destroy(one);
}

Test(resource, every_failed_allocation_is_survived) {
    int status = TACHO_E_NO_MEMORY;
    uint64_t k = 1;
    for (; status == TACHO_E_NO_MEMORY && k < 50; k++) {
        tacho_resource *resource = NULL;
        tachoi_alloc_fail_at(k);
        status = tacho_resource_create(
            TACHO_OPTIONS(tacho_resource_options, .attributes = TACHO_ATTRS(TACHO_STR("a", "1"))),
            &resource);
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, resource != NULL, status == TACHO_OK));
        tacho_resource_destroy(resource);
    }
    cr_expect(eq(int, status, TACHO_OK));
    cr_expect(gt(u64, k, 3));
}
