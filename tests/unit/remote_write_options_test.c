/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the configuration of the remote-write exporter: each option of the public header has a row,
 * a default, a range and a variable; what contradicts is refused with the field's name; what is
 * kept is the exporter's own; the converter gets what it needs. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "remote_write/converter_options.h"
#include "remote_write/options_table.h"
#include "tacho/sdk/diagnostics.h"

#define URL "http://127.0.0.1:9/api/v1/write"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct tachoi_remote_write_config config;
static tacho_error error;
static char told[4096];

static void keep(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s: %s\n", diagnostic->kind,
             diagnostic->message);
}

static void begin(void) {
    tacho_diagnostics_set_handler(keep, NULL);
}

TestSuite(remote_write_options, .init = begin);

static int init(tacho_remote_write_options options) {
    options.struct_size = sizeof options;
    options.error = &error;
    error = (tacho_error){0};
    return tachoi_remote_write_config_init(&config, &options);
}

#define WITH(...) ((tacho_remote_write_options){.endpoint = URL, __VA_ARGS__})

static void expect_config(tacho_remote_write_options options) {
    cr_assert(eq(int, init(options), TACHO_OK), "%s: %s", error.field, error.message);
}

static void expect_refusal(tacho_remote_write_options options, const char *field,
                           const char *reason) {
    cr_assert(eq(int, init(options), TACHO_E_INVALID), "%s: %s", field, reason);
    cr_assert(eq(str, error.field, (char *)field), "%s", error.message);
    cr_assert(ne(ptr, strstr(error.message, reason), NULL), "%s: %s", field, error.message);
}

/* --- the table --- */

struct expected_default {
    const char *name;
    uint64_t value;
};

/* As the public header has them. */
static const struct expected_default defaults[] = {
    {"protocol", 0},
    {"require_written_headers", 0},
    {"send_exemplars", 0},
    {"send_native_histograms", 0},
    {"convert_classic_histograms_to_nhcb", 0},
    {"disable_metadata", 0},
    {"metadata_send_interval_ms", 60000},
    {"metadata_max_samples_per_send", 2000},
    {"timeout_ms", 30000},
    {"tls_insecure_skip_verify", 0},
    {"max_samples_per_send", 2000},
    {"max_bytes_per_send", 1024 * 1024},
    {"batch_send_deadline_ms", 0},
    {"max_shards", 1},
    {"capacity", 0},
    {"queue_max_bytes", 64 * 1024 * 1024},
    {"sample_age_limit_ms", 2 * 3600 * 1000},
    {"min_backoff_ms", 250},
    {"max_backoff_ms", 30000},
    {"max_retry_after_ms", 300000},
    {"disable_retry_on_http_429", 0},
    {"translation_strategy", 0},
    {"prometheus_name_parity", 0},
    {"le_format", 0},
    {"disable_target_info", 0},
    {"disable_scope_info", 0},
    {"promote_all_resource_attributes", 0},
    {"stale_on_shutdown", 0},
    {"disable_startup_check", 0},
    {"validate", 0},
    {"thread_stack_size", 512 * 1024},
    {"flush_at_exit", 0},
};

static const struct tachoi_option *row(const char *name) {
    for (size_t i = 0; i < TACHOI_REMOTE_WRITE_OPTION_COUNT; i++) {
        if (strcmp(tachoi_remote_write_option_table[i].name, name) == 0) {
            return &tachoi_remote_write_option_table[i];
        }
    }
    cr_fatal("no row for %s", name);
    return NULL;
}

Test(remote_write_options, numbers_have_the_defaults_of_the_header) {
    expect_config(WITH(.name = "x"));
    size_t numbers = 0;
    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        cr_assert(
            eq(u64, tachoi_option_read(&config.values, row(defaults[i].name)), defaults[i].value),
            "%s", defaults[i].name);
    }
    for (size_t i = 0; i < TACHOI_REMOTE_WRITE_OPTION_COUNT; i++) {
        numbers += tachoi_option_is_number(&tachoi_remote_write_option_table[i]) ? 1 : 0;
    }
    cr_assert(eq(sz, numbers, COUNT_OF(defaults)));
    tachoi_remote_write_config_fini(&config);
}

/* Bytes of a member, for the map of what the table reaches. */
static size_t size_of(const struct tachoi_option *option) {
    switch (option->kind) {
    case TACHOI_OPTION_BOOL:
        return sizeof(bool);
    case TACHOI_OPTION_U32:
    case TACHOI_OPTION_ENUM:
        return 4;
    case TACHOI_OPTION_U64:
        return 8;
    case TACHOI_OPTION_SIZE:
        return sizeof(size_t);
    case TACHOI_OPTION_TEXT:
    case TACHOI_OPTION_HEADERS:
    case TACHOI_OPTION_LABELS:
    case TACHOI_OPTION_TEXTS:
    case TACHOI_OPTION_RELABEL_CONFIGS:
        break;
    }
    return sizeof(void *);
}

/* A member of the struct without a row would be a gap that padding does not explain. */
Test(remote_write_options, every_member_has_a_row) {
    unsigned char reached[sizeof(tacho_remote_write_options)] = {0};
    for (size_t i = 0; i < TACHOI_REMOTE_WRITE_OPTION_COUNT; i++) {
        const struct tachoi_option *option = &tachoi_remote_write_option_table[i];
        memset(reached + option->offset, 1, size_of(option));
        if (tachoi_option_is_list(option)) {
            memset(reached + option->count_offset, 1, sizeof(size_t));
        }
    }
    static const size_t others[] = {offsetof(tacho_remote_write_options, struct_size),
                                    offsetof(tacho_remote_write_options, on_request),
                                    offsetof(tacho_remote_write_options, on_drop),
                                    offsetof(tacho_remote_write_options, user),
                                    offsetof(tacho_remote_write_options, error)};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        memset(reached + others[i], 1, sizeof(void *));
    }
    size_t gap = 0;
    for (size_t i = 0; i < sizeof reached; i++) {
        gap = reached[i] != 0 ? 0 : gap + 1;
        /* A byte where a bool may stand: only before one that needs its alignment is it padding. */
        cr_assert(lt(sz, gap, 8), "byte %zu of the struct has no option", i);
        if (reached[i] == 0 && i % 4 == 0) {
            cr_assert(i % 8 == 4, "the four bytes at %zu have no option", i);
        }
    }
}

/* --- the environment --- */

static const char *variable_of(const char *name) {
    static char variable[80];
    snprintf(variable, sizeof variable, "TACHO_REMOTE_WRITE_%s", name);
    for (char *at = variable; *at != '\0'; at++) {
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    }
    return variable;
}

static void expect_from_environment(const char *name, const char *text, uint64_t value) {
    setenv(variable_of(name), text, 1);
    expect_config(WITH(.name = "x"));
    cr_assert(eq(u64, tachoi_option_read(&config.values, row(name)), value), "%s=%s", name, text);
    tachoi_remote_write_config_fini(&config);
    unsetenv(variable_of(name));
}

Test(remote_write_options, every_number_can_be_set_by_its_variable) {
    for (size_t i = 0; i < TACHOI_REMOTE_WRITE_OPTION_COUNT; i++) {
        const struct tachoi_option *option = &tachoi_remote_write_option_table[i];
        char text[32];
        if (option->kind == TACHOI_OPTION_BOOL) {
            expect_from_environment(option->name, "TRUE", 1);
        } else if (option->kind == TACHOI_OPTION_ENUM) {
            for (size_t word = 0; option->words[word] != NULL; word++) {
                expect_from_environment(option->name, option->words[word], word);
            }
        } else if (tachoi_option_is_number(option)) {
            /* between the defaults of its neighbours, so that nothing contradicts */
            uint64_t value = option->fallback == 0                     ? 2500
                             : strcmp(option->name, "max_shards") == 0 ? 3
                             : strcmp(option->name, "sample_age_limit_ms") == 0
                                 ? 5000
                                 : option->fallback + 1;
            snprintf(text, sizeof text, "%llu", (unsigned long long)value);
            expect_from_environment(option->name, text, value);
        }
    }
}

Test(remote_write_options, words_are_those_of_prometheus_in_any_case) {
    expect_from_environment("protocol", "AUTO", TACHO_REMOTE_WRITE_PROTOCOL_AUTO);
    expect_from_environment("protocol", "1", TACHO_REMOTE_WRITE_PROTOCOL_1);
    expect_from_environment("protocol", "2", TACHO_REMOTE_WRITE_PROTOCOL_2);
    expect_from_environment("require_written_headers", "always", TACHO_REMOTE_WRITE_ALWAYS);
    expect_from_environment("validate", "Never", TACHO_REMOTE_WRITE_NEVER);
    expect_from_environment("translation_strategy", "underscoreEscapingWithoutSuffixes",
                            TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES);
    expect_from_environment("translation_strategy", "NoUTF8EscapingWithSuffixes",
                            TACHO_REMOTE_WRITE_NO_UTF8_ESCAPING_WITH_SUFFIXES);
    expect_from_environment("translation_strategy", "NoTranslation",
                            TACHO_REMOTE_WRITE_NO_TRANSLATION);
    expect_from_environment("le_format", "openmetrics", TACHO_REMOTE_WRITE_LE_OPENMETRICS);
}

/* ENV-04, ENV-05; a message a minute gets through, so each has a test of its own. */
Test(remote_write_options, a_wrong_word_in_the_environment_is_told_and_ignored) {
    setenv("TACHO_REMOTE_WRITE_PROTOCOL", "3", 1);
    expect_config(WITH(.name = "x"));
    cr_assert(eq(int, (int)config.values.protocol, (int)TACHO_REMOTE_WRITE_PROTOCOL_AUTO));
    cr_assert(eq(str, told,
                 (char *)"bad_environment: TACHO_REMOTE_WRITE_PROTOCOL is ignored: must be one of "
                         "auto, 1, 2\n"));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, a_wrong_number_in_the_environment_is_told_and_ignored) {
    setenv("TACHO_REMOTE_WRITE_MAX_SHARDS", "65", 1);
    expect_config(WITH(.name = "x"));
    cr_assert(eq(u32, config.values.max_shards, 1));
    cr_assert(eq(str, told,
                 (char *)"bad_environment: TACHO_REMOTE_WRITE_MAX_SHARDS is ignored: must be a "
                         "number from 1 to 64\n"));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, lists_can_be_set_by_their_variables) {
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-Scope-OrgID=a%20b", 1);
    setenv("TACHO_REMOTE_WRITE_EXTERNAL_LABELS", "region=eu%2Cwest, data.centre=3", 1);
    setenv("TACHO_REMOTE_WRITE_PROMOTE_RESOURCE_ATTRIBUTES", "host.name , cloud%2Cregion", 1);
    setenv("TACHO_REMOTE_WRITE_WRITE_RELABEL_CONFIGS",
           "action=drop,source_labels=__name__|env,regex=debug_.*;target_label=team,"
           "replacement=core",
           1);
    setenv("TACHO_REMOTE_WRITE_NAME", "mimir", 1);
    setenv("TACHO_REMOTE_WRITE_METRIC_NAMESPACE", "shop", 1);
    expect_config(WITH(.max_shards = 2));
    const tacho_remote_write_options *values = &config.values;
    cr_assert(eq(str, (char *)config.header_lines[0], "X-Scope-OrgID: a b"));
    cr_assert(eq(sz, values->external_label_count, 2));
    cr_assert(eq(str, (char *)values->external_labels[0].name, "region"));
    cr_assert(eq(str, (char *)values->external_labels[0].value, "eu,west"));
    cr_assert(eq(str, (char *)values->external_labels[1].name, "data.centre"));
    cr_assert(eq(str, (char *)config.external[1].name.data, "data_centre"));
    cr_assert(eq(sz, values->promote_resource_attribute_count, 2));
    cr_assert(eq(str, (char *)values->promote_resource_attributes[0], "host.name"));
    cr_assert(eq(str, (char *)values->promote_resource_attributes[1], "cloud,region"));
    cr_assert(eq(sz, values->write_relabel_config_count, 2));
    cr_assert(eq(int, (int)values->write_relabel_configs[0].action,
                 (int)TACHO_REMOTE_WRITE_RELABEL_DROP));
    cr_assert(eq(str, (char *)values->write_relabel_configs[0].source_labels[1], "env"));
    cr_assert(eq(str, (char *)values->write_relabel_configs[1].target_label, "team"));
    cr_assert(ne(ptr, config.relabel, NULL));
    cr_assert(eq(str, (char *)values->name, "mimir"));
    cr_assert(eq(str, (char *)values->metric_namespace, "shop"));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, lists_in_the_environment_that_cannot_be_read_are_refused) {
    static const struct {
        const char *name;
        const char *field;
        const char *text;
        const char *reason;
    } cases[] = {
        {"EXTERNAL_LABELS", "external_labels", "region", "name=value"},
        {"EXTERNAL_LABELS", "external_labels", "a=%zz", "name=value"},
        {"EXTERNAL_LABELS", "external_labels", "a=1,", "name=value"},
        {"EXTERNAL_LABELS", "external_labels", "a=", "no value"},
        {"PROMOTE_RESOURCE_ATTRIBUTES", "promote_resource_attributes", "a,,b", "key,key"},
        {"PROMOTE_RESOURCE_ATTRIBUTES", "promote_resource_attributes", "a,", "key,key"},
        {"PROMOTE_RESOURCE_ATTRIBUTES", "promote_resource_attributes", "a%0", "key,key"},
        {"PROMOTE_RESOURCE_ATTRIBUTES", "promote_resource_attributes", "a%00", "key,key"},
        {"PROMOTE_RESOURCE_ATTRIBUTES", "promote_resource_attributes", "...", "key 1"},
        {"WRITE_RELABEL_CONFIGS", "write_relabel_configs", "action=jump",
         "TACHO_REMOTE_WRITE_WRITE_RELABEL_CONFIGS: rule 1"},
        {"WRITE_RELABEL_CONFIGS", "write_relabel_configs", "action=keep,source_labels=a,regex=(",
         "TACHO_REMOTE_WRITE_WRITE_RELABEL_CONFIGS: rule 1: regex"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        setenv(variable_of(cases[i].name), cases[i].text, 1);
        expect_refusal(WITH(.max_shards = 2), cases[i].field, cases[i].reason);
        unsetenv(variable_of(cases[i].name));
    }
}

Test(remote_write_options, code_beats_the_environment) {
    setenv("TACHO_REMOTE_WRITE_PROTOCOL", "2", 1);
    setenv("TACHO_REMOTE_WRITE_EXTERNAL_LABELS", "a=env", 1);
    setenv("TACHO_REMOTE_WRITE_PROMOTE_RESOURCE_ATTRIBUTES", "host.name", 1);
    setenv("TACHO_REMOTE_WRITE_WRITE_RELABEL_CONFIGS", "action=jump", 1);
    const tacho_remote_write_label none;
    const tacho_remote_write_relabel_config no_rule = {.regex = "a"};
    expect_config(WITH(.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1, .external_labels = &none,
                       .promote_all_resource_attributes = true, .write_relabel_configs = &no_rule));
    cr_assert(eq(int, (int)config.values.protocol, (int)TACHO_REMOTE_WRITE_PROTOCOL_1));
    cr_assert(eq(sz, config.values.external_label_count, 0)); /* an empty list is one */
    cr_assert(eq(sz, config.values.promote_resource_attribute_count, 0));
    cr_assert(eq(ptr, config.relabel, NULL));
    tachoi_remote_write_config_fini(&config);
}

/* --- what is refused --- */

Test(remote_write_options, words_that_there_are_not_are_refused) {
    expect_refusal(WITH(.protocol = (tacho_remote_write_protocol)3), "protocol",
                   "must be one of auto, 1, 2, and is 3");
    expect_refusal(WITH(.require_written_headers = (tacho_remote_write_when)9),
                   "require_written_headers", "one of auto, always, never");
    expect_refusal(WITH(.send_exemplars = (tacho_remote_write_when)-1), "send_exemplars", "one of");
    expect_refusal(WITH(.send_native_histograms = (tacho_remote_write_when)3),
                   "send_native_histograms", "one of");
    expect_refusal(WITH(.stale_on_shutdown = (tacho_remote_write_when)3), "stale_on_shutdown",
                   "one of");
    expect_refusal(WITH(.validate = (tacho_remote_write_when)3), "validate", "one of");
    expect_refusal(WITH(.translation_strategy = (tacho_remote_write_translation_strategy)4),
                   "translation_strategy", "NoTranslation, and is 4");
    expect_refusal(WITH(.le_format = (tacho_remote_write_le_format)2), "le_format",
                   "otel, openmetrics");
}

Test(remote_write_options, numbers_out_of_range_are_refused) {
    expect_refusal(WITH(.max_shards = 65), "max_shards", "from 1 to 64, and is 65");
    expect_refusal(WITH(.metadata_send_interval_ms = 999), "metadata_send_interval_ms", "1000");
    expect_refusal(WITH(.metadata_max_samples_per_send = 1000001), "metadata_max_samples_per_send",
                   "1000000");
    expect_refusal(WITH(.batch_send_deadline_ms = 3600001), "batch_send_deadline_ms", "3600000");
    expect_refusal(WITH(.max_retry_after_ms = 86400001), "max_retry_after_ms", "86400000");
    expect_config(WITH(.max_shards = 64, .metadata_send_interval_ms = 1000));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, what_protocol_1_cannot_do_is_refused_with_it) {
    static const tacho_remote_write_translation_strategy strategies[] = {
        TACHO_REMOTE_WRITE_NO_UTF8_ESCAPING_WITH_SUFFIXES, TACHO_REMOTE_WRITE_NO_TRANSLATION};
    static const tacho_remote_write_protocol others[] = {TACHO_REMOTE_WRITE_PROTOCOL_AUTO,
                                                         TACHO_REMOTE_WRITE_PROTOCOL_2};
    for (size_t i = 0; i < 2; i++) {
        expect_refusal(
            WITH(.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1, .translation_strategy = strategies[i]),
            "translation_strategy", "protocol 1");
        expect_config(WITH(.protocol = others[i], .translation_strategy = strategies[i],
                           .require_written_headers = TACHO_REMOTE_WRITE_ALWAYS,
                           .convert_classic_histograms_to_nhcb = true));
        tachoi_remote_write_config_fini(&config);
    }
    expect_refusal(WITH(.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1,
                        .require_written_headers = TACHO_REMOTE_WRITE_ALWAYS),
                   "require_written_headers", "protocol 1");
    expect_refusal(
        WITH(.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1, .convert_classic_histograms_to_nhcb = true),
        "convert_classic_histograms_to_nhcb", "protocol 1");
    expect_config(
        WITH(.protocol = TACHO_REMOTE_WRITE_PROTOCOL_1,
             .require_written_headers = TACHO_REMOTE_WRITE_NEVER,
             .translation_strategy = TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, contradictory_limits_are_refused) {
    expect_refusal(WITH(.capacity = 999, .max_samples_per_send = 1000), "capacity",
                   "must hold one request: it is 999, and max_samples_per_send is 1000");
    expect_refusal(WITH(.batch_send_deadline_ms = 1001, .sample_age_limit_ms = 1000),
                   "batch_send_deadline_ms", "sample_age_limit_ms");
    expect_refusal(WITH(.max_shards = 2, .queue_max_bytes = 131071), "queue_max_bytes",
                   "65536 for each of the 2 shards, and is 131071");
    expect_config(WITH(.max_shards = 2, .queue_max_bytes = 131072, .capacity = 1000,
                       .max_samples_per_send = 1000, .batch_send_deadline_ms = 1000,
                       .sample_age_limit_ms = 1000));
    tachoi_remote_write_config_fini(&config);
    expect_config(WITH(.batch_send_deadline_ms = 3600000, .sample_age_limit_ms = TACHO_NO_LIMIT));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, what_was_not_given_follows_what_was) {
    expect_config(WITH(.capacity = 500, .max_backoff_ms = 100));
    cr_assert(eq(u32, config.values.max_samples_per_send, 500));
    cr_assert(eq(u32, config.values.min_backoff_ms, 100));
    tachoi_remote_write_config_fini(&config);
    expect_config(WITH(.capacity = 5000, .min_backoff_ms = 40000));
    cr_assert(eq(u32, config.values.max_samples_per_send, 2000));
    cr_assert(eq(u32, config.values.max_backoff_ms, 40000));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, names_of_endpoints_are_printable) {
    char longest[130];
    memset(longest, 'x', sizeof longest);
    longest[129] = '\0';
    expect_refusal(WITH(.name = ""), "name", "empty");
    expect_refusal(WITH(.name = "a\nb"), "name", "not printable");
    expect_refusal(WITH(.name = "a\x7f"), "name", "not printable");
    expect_refusal(WITH(.name = "a\xc2\x85"), "name", "not printable");
    expect_refusal(WITH(.name = "\xff"), "name", "not printable");
    expect_refusal(WITH(.name = longest), "name", "128");
    longest[128] = '\0';
    expect_config(WITH(.name = longest));
    tachoi_remote_write_config_fini(&config);
    expect_config(WITH(.name = "K\xc3\xb6ln \xc2\xa0 2"));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, an_endpoint_without_a_name_is_called_by_its_host) {
    static const struct {
        const char *url;
        const char *name;
    } cases[] = {
        {"http://127.0.0.1:9090/api/v1/write", "127.0.0.1:9090"},
        {"https://prometheus.example/api/v1/write?token=secret", "prometheus.example"},
        {"http://[::1]:9090/write", "[::1]:9090"},
        {"http://host", "host"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_config((tacho_remote_write_options){.endpoint = cases[i].url});
        cr_assert(eq(str, (char *)config.values.name, (char *)cases[i].name));
        tachoi_remote_write_config_fini(&config);
    }
}

Test(remote_write_options, a_namespace_must_leave_something) {
    expect_refusal(WITH(.metric_namespace = ""), "metric_namespace", "nothing");
    expect_refusal(WITH(.metric_namespace = "..."), "metric_namespace", "nothing");
    expect_refusal(WITH(.metric_namespace = "a\xff"), "metric_namespace", "UTF-8");
    expect_config(WITH(.metric_namespace = "shop.eu"));
    tachoi_remote_write_config_fini(&config);
}

static void expect_label_refusal(const char *name, const char *value, const char *reason) {
    const tacho_remote_write_label labels[] = {{"good", "1"}, {name, value}};
    expect_refusal(WITH(.external_labels = labels, .external_label_count = 2), "external_labels",
                   reason);
    cr_assert(ne(ptr, strstr(error.message, "label 2 "), NULL), "%s", error.message);
}

/* CONV-21 */
Test(remote_write_options, external_labels_must_have_names_and_values) {
    expect_label_refusal(NULL, "v", "no name");
    expect_label_refusal("", "v", "no name");
    expect_label_refusal("a", NULL, "no value");
    expect_label_refusal("a", "", "no value");
    expect_label_refusal("a\xff", "v", "UTF-8");
    expect_label_refusal("a", "\xff", "UTF-8");
    expect_label_refusal("...", "v", "nothing is left");
    expect_label_refusal("good", "2", "another one");
    expect_refusal(WITH(.external_label_count = 2), "external_labels",
                   "is NULL, but external_label_count is 2");
}

Test(remote_write_options, external_labels_that_translation_makes_equal_are_refused) {
    const tacho_remote_write_label labels[] = {{"a.b", "1"}, {"a_b", "2"}};
    expect_refusal(WITH(.external_labels = labels, .external_label_count = 2), "external_labels",
                   "label 2 has the name of another one");
}

/* CONV-05, RW1-07 */
Test(remote_write_options, external_labels_are_left_as_they_are_where_names_are) {
    const tacho_remote_write_label labels[] = {{"data.centre", "eu"}, {"data_centre", "us"}};
    const tacho_remote_write_label reserved[] = {{"__name__", "x"}};
    expect_config(WITH(.translation_strategy = TACHO_REMOTE_WRITE_NO_TRANSLATION,
                       .external_labels = labels, .external_label_count = 2));
    cr_assert(eq(str, (char *)config.external[0].name.data, "data.centre"));
    cr_assert(eq(str, (char *)config.external[1].name.data, "data_centre"));
    tachoi_remote_write_config_fini(&config);
    expect_refusal(WITH(.translation_strategy = TACHO_REMOTE_WRITE_NO_TRANSLATION,
                        .external_labels = reserved, .external_label_count = 1),
                   "external_labels", "name of the series");
}

Test(remote_write_options, promoted_attributes_must_give_labels) {
    static const char *const keys[] = {"host.name", "..."};
    static const char *const empty[] = {""};
    static const char *const absent[] = {NULL};
    static const char *const good[] = {"host.name"};
    expect_refusal(WITH(.promote_resource_attributes = keys, .promote_resource_attribute_count = 2),
                   "promote_resource_attributes", "key 2 gives no name");
    expect_refusal(
        WITH(.promote_resource_attributes = empty, .promote_resource_attribute_count = 1),
        "promote_resource_attributes", "key 1");
    expect_refusal(
        WITH(.promote_resource_attributes = absent, .promote_resource_attribute_count = 1),
        "promote_resource_attributes", "key 1");
    expect_refusal(WITH(.promote_resource_attributes = good, .promote_resource_attribute_count = 1,
                        .promote_all_resource_attributes = true),
                   "promote_resource_attributes", "contradicts promote_all_resource_attributes");
    expect_refusal(WITH(.promote_resource_attribute_count = 1), "promote_resource_attributes",
                   "is NULL");
}

static void expect_rule_refusal(tacho_remote_write_relabel_config rule, const char *reason) {
    static const char *const source[] = {"a"};
    const tacho_remote_write_relabel_config rules[] = {{.action = TACHO_REMOTE_WRITE_RELABEL_KEEP,
                                                        .source_labels = source,
                                                        .source_label_count = 1},
                                                       rule};
    expect_refusal(WITH(.write_relabel_configs = rules, .write_relabel_config_count = 2),
                   "write_relabel_configs", reason);
    cr_assert(ne(ptr, strstr(error.message, "rule 2: "), NULL), "%s", error.message);
}

Test(remote_write_options, relabelling_rules_that_make_no_sense_are_refused) {
    expect_rule_refusal((tacho_remote_write_relabel_config){.regex = "(", .target_label = "t"},
                        "regex");
    expect_rule_refusal((tacho_remote_write_relabel_config){.regex = "a"}, "target_label");
    expect_rule_refusal(
        (tacho_remote_write_relabel_config){.action = (tacho_remote_write_relabel_action)10,
                                            .target_label = "t"},
        "action is 10");
    expect_rule_refusal(
        (tacho_remote_write_relabel_config){.source_label_count = 1, .target_label = "t"},
        "source_labels is NULL");
    expect_refusal(WITH(.write_relabel_config_count = 1), "write_relabel_configs", "is NULL");
}

Test(remote_write_options, the_folder_for_refused_requests_must_be_there) {
    char file[] = "/tmp/tacho-options-XXXXXX";
    close(mkstemp(file));
    expect_refusal(WITH(.refused_request_folder = file), "refused_request_folder",
                   "Not a directory");
    expect_refusal(WITH(.refused_request_folder = "/nonexistent/folder"), "refused_request_folder",
                   "cannot use `/nonexistent/folder`: No such file");
    expect_refusal(WITH(.refused_request_folder = ""), "refused_request_folder", "No such file");
    unlink(file);
    expect_config(WITH(.refused_request_folder = "/tmp"));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, the_folder_for_refused_requests_must_be_writable) {
    char folder[] = "/tmp/tacho-options-XXXXXX";
    if (geteuid() == 0) {
        cr_skip("root may write everywhere");
    }
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
    cr_assert(eq(int, chmod(folder, 0500), 0));
    expect_refusal(WITH(.refused_request_folder = folder), "refused_request_folder",
                   "Permission denied");
    rmdir(folder);
}

/* --- what is kept --- */

/* The caller's memory is gone before anything is looked at. */
Test(remote_write_options, all_texts_and_lists_are_copied) {
    char *texts[12];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        texts[i] = malloc(16);
        snprintf(texts[i], 16, "text%zu", i);
    }
    tacho_remote_write_label *labels = malloc(sizeof *labels);
    labels[0] = (tacho_remote_write_label){texts[0], texts[1]};
    const char **keys = malloc(sizeof *keys);
    keys[0] = texts[2];
    const char **sources = malloc(sizeof *sources);
    sources[0] = texts[3];
    tacho_remote_write_relabel_config *rules = malloc(sizeof *rules);
    rules[0] = (tacho_remote_write_relabel_config){.source_labels = sources,
                                                   .source_label_count = 1,
                                                   .separator = texts[4],
                                                   .regex = texts[5],
                                                   .target_label = texts[6],
                                                   .replacement = texts[7]};
    tacho_remote_write_header *headers = malloc(sizeof *headers);
    headers[0] = (tacho_remote_write_header){texts[8], texts[9]};
    expect_config(WITH(.name = texts[10], .metric_namespace = texts[11], .external_labels = labels,
                       .external_label_count = 1, .promote_resource_attributes = keys,
                       .promote_resource_attribute_count = 1, .write_relabel_configs = rules,
                       .write_relabel_config_count = 1, .headers = headers, .header_count = 1));
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        free(texts[i]);
    }
    free(labels);
    free(keys);
    free(sources);
    free(rules);
    free(headers);
    const tacho_remote_write_options *values = &config.values;
    const char *const kept[] = {values->external_labels[0].name,
                                values->external_labels[0].value,
                                values->promote_resource_attributes[0],
                                values->write_relabel_configs[0].source_labels[0],
                                values->write_relabel_configs[0].separator,
                                values->write_relabel_configs[0].regex,
                                values->write_relabel_configs[0].target_label,
                                values->write_relabel_configs[0].replacement,
                                values->headers[0].name,
                                values->headers[0].value,
                                values->name,
                                values->metric_namespace};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "text%zu", i);
        cr_assert(eq(str, (char *)kept[i], expected));
    }
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, lack_of_memory_is_told_and_leaves_nothing) {
    const tacho_remote_write_label labels[] = {{"a.b", "1"}};
    static const char *const keys[] = {"host.name"};
    static const char *const source[] = {"a"};
    const tacho_remote_write_relabel_config rules[] = {
        {.source_labels = source, .source_label_count = 1, .target_label = "t"}};
    const tacho_remote_write_options options =
        WITH(.metric_namespace = "shop", .external_labels = labels, .external_label_count = 1,
             .promote_resource_attributes = keys, .promote_resource_attribute_count = 1,
             .write_relabel_configs = rules, .write_relabel_config_count = 1);
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-A=a", 1);
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        tachoi_alloc_fail_at(k);
        int status = init(options);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, status, has_failed ? TACHO_E_NO_MEMORY : TACHO_OK), "%s: %s", error.field,
                  error.message);
        if (status == TACHO_OK) {
            tachoi_remote_write_config_fini(&config);
        }
        cr_assert(lt(u64, k, 100));
    }
}

/* --- what the converter gets --- */

Test(remote_write_options, the_converter_gets_what_it_needs) {
    const tacho_remote_write_label labels[] = {{"data.centre", "eu"}};
    static const char *const keys[] = {"host.name"};
    static const char *const source[] = {"a"};
    const tacho_remote_write_relabel_config rules[] = {
        {.source_labels = source, .source_label_count = 1, .target_label = "t"}};
    expect_config(
        WITH(.translation_strategy = TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES,
             .metric_namespace = "shop", .prometheus_name_parity = true,
             .le_format = TACHO_REMOTE_WRITE_LE_OPENMETRICS, .disable_scope_info = true,
             .disable_target_info = true, .disable_metadata = true,
             .convert_classic_histograms_to_nhcb = true, .max_shards = 3, .external_labels = labels,
             .external_label_count = 1, .promote_resource_attributes = keys,
             .promote_resource_attribute_count = 1, .write_relabel_configs = rules,
             .write_relabel_config_count = 1));
    struct tachoi_converter_options out;
    tachoi_remote_write_converter_options(&config, &out);
    cr_assert(eq(int, (int)out.prometheus.naming.strategy,
                 (int)TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES));
    cr_assert(eq(str, (char *)out.prometheus.naming.prefix, "shop"));
    cr_assert(out.prometheus.naming.has_parity);
    cr_assert(out.prometheus.naming.is_openmetrics_le);
    cr_assert(out.prometheus.disable_scope_info);
    cr_assert(eq(sz, out.prometheus.promoted_count, 1));
    cr_assert(eq(str, (char *)out.prometheus.promoted[0], "host.name"));
    cr_assert(not(out.prometheus.promote_all));
    cr_assert(eq(sz, out.prometheus.external_count, 1));
    cr_assert(eq(str, (char *)out.prometheus.external[0].name.data, "data_centre"));
    cr_assert(eq(sz, out.prometheus.external[0].name.length, strlen("data_centre")));
    cr_assert(eq(str, (char *)out.prometheus.external[0].value.data, "eu"));
    cr_assert(eq(sz, out.prometheus.external[0].value.length, 2));
    cr_assert(eq(ptr, (void *)out.prometheus.relabel, (void *)config.relabel));
    cr_assert(ne(ptr, (void *)out.prometheus.relabel, NULL));
    cr_assert(out.disable_target_info && out.disable_metadata && out.converts_to_custom);
    cr_assert(eq(sz, out.shard_count, 3));
    tachoi_remote_write_config_fini(&config);
}

Test(remote_write_options, what_some_protocol_may_carry_is_converted) {
    static const struct {
        tacho_remote_write_protocol protocol;
        tacho_remote_write_when when;
        bool is_sent;
    } cases[] = {
        {TACHO_REMOTE_WRITE_PROTOCOL_AUTO, TACHO_REMOTE_WRITE_AUTO, true},
        {TACHO_REMOTE_WRITE_PROTOCOL_2, TACHO_REMOTE_WRITE_AUTO, true},
        {TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_AUTO, false},
        {TACHO_REMOTE_WRITE_PROTOCOL_1, TACHO_REMOTE_WRITE_ALWAYS, true},
        {TACHO_REMOTE_WRITE_PROTOCOL_2, TACHO_REMOTE_WRITE_NEVER, false},
        {TACHO_REMOTE_WRITE_PROTOCOL_AUTO, TACHO_REMOTE_WRITE_NEVER, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tachoi_converter_options out;
        expect_config(WITH(.protocol = cases[i].protocol, .send_exemplars = cases[i].when));
        tachoi_remote_write_converter_options(&config, &out);
        cr_assert(eq(int, out.sends_exemplars, cases[i].is_sent), "%zu", i);
        tachoi_remote_write_config_fini(&config);
        expect_config(WITH(.protocol = cases[i].protocol, .send_native_histograms = cases[i].when));
        tachoi_remote_write_converter_options(&config, &out);
        cr_assert(eq(int, out.sends_native_histograms, cases[i].is_sent), "%zu", i);
        tachoi_remote_write_config_fini(&config);
    }
}
