/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of the exporter's options. See options_table.h. */
#include "remote_write/options_table.h"

#include <stdio.h>
#include <string.h>

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define HOUR_MS 3600000
#define DAY_MS 86400000

static const char *const protocol_words[] = {"auto", "1", "2", NULL};
static const char *const when_words[] = {"auto", "always", "never", NULL};
static const char *const le_format_words[] = {"otel", "openmetrics", NULL};
static const char *const strategy_words[] = {"UnderscoreEscapingWithSuffixes",
                                             "UnderscoreEscapingWithoutSuffixes",
                                             "NoUTF8EscapingWithSuffixes", "NoTranslation", NULL};

#define OFFSET(field) offsetof(tacho_remote_write_options, field)
#define LAST_OF(words) (sizeof(words) / sizeof((words)[0]) - 2)

#define TEXT(field, of_group)                                                                      \
    { .name = #field, .kind = TACHOI_OPTION_TEXT, .offset = OFFSET(field), .group = (of_group) }
#define BOOL(field)                                                                                \
    { .name = #field, .kind = TACHOI_OPTION_BOOL, .offset = OFFSET(field), .most = 1 }
#define NUMBER(field, of_kind, default_value, from, to)                                            \
    {                                                                                              \
        .name = #field, .kind = (of_kind), .offset = OFFSET(field), .fallback = (default_value),   \
        .least = (from), .most = (to)                                                              \
    }
#define U32(field, default_value, from, to)                                                        \
    NUMBER(field, TACHOI_OPTION_U32, default_value, from, to)
#define ENUM(field, its_words)                                                                     \
    {                                                                                              \
        .name = #field, .kind = TACHOI_OPTION_ENUM, .offset = OFFSET(field),                       \
        .most = LAST_OF(its_words), .words = (its_words)                                           \
    }
#define LIST(field, count, of_kind, of_group)                                                      \
    {                                                                                              \
        .name = #field, .kind = (of_kind), .offset = OFFSET(field), .count_offset = OFFSET(count), \
        .count_name = #count, .group = (of_group)                                                  \
    }

const struct tachoi_option tachoi_remote_write_option_table[] = {
    TEXT(endpoint, TACHOI_GROUP_NONE),
    TEXT(name, TACHOI_GROUP_NONE),
    ENUM(protocol, protocol_words),
    ENUM(require_written_headers, when_words),
    ENUM(send_exemplars, when_words),
    ENUM(send_native_histograms, when_words),
    BOOL(convert_classic_histograms_to_nhcb),
    BOOL(disable_metadata),
    U32(metadata_send_interval_ms, 60000, 1000, DAY_MS),
    U32(metadata_max_samples_per_send, 2000, 1, 1000000),

    TEXT(basic_auth_username, TACHOI_GROUP_BASIC_AUTH),
    TEXT(basic_auth_password, TACHOI_GROUP_BASIC_AUTH),
    TEXT(basic_auth_password_file, TACHOI_GROUP_BASIC_AUTH),
    LIST(headers, header_count, TACHOI_OPTION_HEADERS, TACHOI_GROUP_NONE),
    U32(timeout_ms, 30000, 1, UINT32_MAX),
    TEXT(proxy_url, TACHOI_GROUP_NONE),
    TEXT(tls_ca_file, TACHOI_GROUP_NONE),
    TEXT(tls_cert_file, TACHOI_GROUP_CLIENT_CERTIFICATE),
    TEXT(tls_key_file, TACHOI_GROUP_CLIENT_CERTIFICATE),
    BOOL(tls_insecure_skip_verify),

    U32(max_samples_per_send, 2000, 1, 1000000),
    U32(max_bytes_per_send, MIB, KIB, 32 * MIB),
    U32(batch_send_deadline_ms, 0, 0, HOUR_MS),
    U32(max_shards, 1, 1, TACHOI_SHARDS_MAX),
    U32(capacity, 0, 0, UINT32_MAX),
    NUMBER(queue_max_bytes, TACHOI_OPTION_U64, 64 * MIB, 64 * KIB, UINT64_MAX),
    U32(sample_age_limit_ms, 7200000, 1, UINT32_MAX),
    U32(min_backoff_ms, 250, 1, HOUR_MS),
    U32(max_backoff_ms, 30000, 1, HOUR_MS),
    U32(max_retry_after_ms, 300000, 1, DAY_MS),
    BOOL(disable_retry_on_http_429),

    ENUM(translation_strategy, strategy_words),
    TEXT(metric_namespace, TACHOI_GROUP_NONE),
    BOOL(prometheus_name_parity),
    ENUM(le_format, le_format_words),
    BOOL(disable_target_info),
    BOOL(disable_scope_info),
    LIST(promote_resource_attributes, promote_resource_attribute_count, TACHOI_OPTION_TEXTS,
         TACHOI_GROUP_PROMOTION),
    {.name = "promote_all_resource_attributes",
     .kind = TACHOI_OPTION_BOOL,
     .offset = OFFSET(promote_all_resource_attributes),
     .group = TACHOI_GROUP_PROMOTION,
     .most = 1},
    LIST(external_labels, external_label_count, TACHOI_OPTION_LABELS, TACHOI_GROUP_NONE),
    LIST(write_relabel_configs, write_relabel_config_count, TACHOI_OPTION_RELABEL_CONFIGS,
         TACHOI_GROUP_NONE),
    ENUM(stale_on_shutdown, when_words),

    BOOL(disable_startup_check),
    ENUM(validate, when_words),
    TEXT(refused_request_folder, TACHOI_GROUP_NONE),

    NUMBER(thread_stack_size, TACHOI_OPTION_SIZE, 512 * KIB, 64 * KIB, 1024 * MIB),
    BOOL(flush_at_exit),
    {.name = NULL},
};

_Static_assert(sizeof tachoi_remote_write_option_table /
                       sizeof tachoi_remote_write_option_table[0] ==
                   TACHOI_REMOTE_WRITE_OPTION_COUNT + 1,
               "the number of rows");
_Static_assert(sizeof(tacho_remote_write_protocol) == sizeof(unsigned) &&
                   sizeof(tacho_remote_write_when) == sizeof(unsigned) &&
                   sizeof(tacho_remote_write_translation_strategy) == sizeof(unsigned) &&
                   sizeof(tacho_remote_write_le_format) == sizeof(unsigned),
               "enumerations are read as unsigned numbers");

bool tachoi_option_is_list(const struct tachoi_option *option) {
    return option->count_name != NULL;
}

bool tachoi_option_is_number(const struct tachoi_option *option) {
    return option->kind != TACHOI_OPTION_TEXT && !tachoi_option_is_list(option);
}

void *tachoi_option_member(tacho_remote_write_options *values, const struct tachoi_option *option) {
    return (char *)values + option->offset;
}

uint64_t tachoi_option_read(tacho_remote_write_options *values,
                            const struct tachoi_option *option) {
    const void *at = tachoi_option_member(values, option);
    unsigned choice = 0;
    switch (option->kind) {
    case TACHOI_OPTION_BOOL:
        return *(const bool *)at ? 1 : 0;
    case TACHOI_OPTION_U32:
        return *(const uint32_t *)at;
    case TACHOI_OPTION_U64:
        return *(const uint64_t *)at;
    case TACHOI_OPTION_SIZE:
        return *(const size_t *)at;
    case TACHOI_OPTION_ENUM:
        memcpy(&choice, at, sizeof choice);
        return choice;
    case TACHOI_OPTION_TEXT:
    case TACHOI_OPTION_HEADERS:
    case TACHOI_OPTION_LABELS:
    case TACHOI_OPTION_TEXTS:
    case TACHOI_OPTION_RELABEL_CONFIGS:
        break;
    }
    return *(const void *const *)at != NULL ? 1 : 0;
}

void tachoi_option_write(tacho_remote_write_options *values, const struct tachoi_option *option,
                         uint64_t number) {
    void *at = tachoi_option_member(values, option);
    unsigned choice = (unsigned)number;
    switch (option->kind) {
    case TACHOI_OPTION_BOOL:
        *(bool *)at = number != 0;
        break;
    case TACHOI_OPTION_U32:
        *(uint32_t *)at = (uint32_t)number;
        break;
    case TACHOI_OPTION_U64:
        *(uint64_t *)at = number;
        break;
    case TACHOI_OPTION_SIZE:
        *(size_t *)at = (size_t)number;
        break;
    case TACHOI_OPTION_ENUM:
        memcpy(at, &choice, sizeof choice);
        break;
    case TACHOI_OPTION_TEXT:
    case TACHOI_OPTION_HEADERS:
    case TACHOI_OPTION_LABELS:
    case TACHOI_OPTION_TEXTS:
    case TACHOI_OPTION_RELABEL_CONFIGS:
        break;
    }
}

static void list_words(const struct tachoi_option *option, struct tachoi_range_text *range) {
    size_t length = (size_t)snprintf(range->text, sizeof range->text, "one of ");
    for (size_t i = 0; option->words[i] != NULL && length < sizeof range->text; i++) {
        length += (size_t)snprintf(range->text + length, sizeof range->text - length, "%s%s",
                                   i > 0 ? ", " : "", option->words[i]);
    }
}

struct tachoi_range_text tachoi_option_range(const struct tachoi_option *option) {
    struct tachoi_range_text range;
    unsigned long long least = option->least;
    unsigned long long most = option->most;
    if (option->words != NULL) {
        list_words(option, &range);
    } else if (option->kind == TACHOI_OPTION_BOOL) {
        (void)snprintf(range.text, sizeof range.text, "true or false");
    } else if (most == UINT64_MAX) {
        (void)snprintf(range.text, sizeof range.text, "at least %llu", least);
    } else {
        (void)snprintf(range.text, sizeof range.text, "from %llu to %llu", least, most);
    }
    return range;
}
