/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the resolution of options from code, environment and defaults. What they must satisfy
 * together is in options_check.c. See options.h. */
#include "remote_write/options.h"

#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/options.h"
#include "http/url.h"
#include "remote_write/options_check.h"
#include "tacho/sdk/diagnostics.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

/* What options were in version 0.1; members that come later may be absent. */
#define FIRST_SIZE (offsetof(tacho_remote_write_options, error) + sizeof(tacho_error *))

/* A larger struct_size was never set, so that no other member is to be believed either. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

enum option_kind { OPTION_TEXT, OPTION_HEADERS, OPTION_BOOL, OPTION_U32, OPTION_U64, OPTION_SIZE };

/* Options of one group belong together: when one of them is given in code, the environment's are
 * left alone. */
enum option_group { ALONE, BASIC_AUTH, CLIENT_CERTIFICATE };

/* field, kind, default, least, most, group */
#define OPTIONS(X)                                                                                 \
    X(endpoint, OPTION_TEXT, 0, 0, 0, ALONE)                                                       \
    X(basic_auth_username, OPTION_TEXT, 0, 0, 0, BASIC_AUTH)                                       \
    X(basic_auth_password, OPTION_TEXT, 0, 0, 0, BASIC_AUTH)                                       \
    X(basic_auth_password_file, OPTION_TEXT, 0, 0, 0, BASIC_AUTH)                                  \
    X(headers, OPTION_HEADERS, 0, 0, 0, ALONE)                                                     \
    X(timeout_ms, OPTION_U32, 30000, 1, UINT32_MAX, ALONE)                                         \
    X(proxy_url, OPTION_TEXT, 0, 0, 0, ALONE)                                                      \
    X(tls_ca_file, OPTION_TEXT, 0, 0, 0, ALONE)                                                    \
    X(tls_cert_file, OPTION_TEXT, 0, 0, 0, CLIENT_CERTIFICATE)                                     \
    X(tls_key_file, OPTION_TEXT, 0, 0, 0, CLIENT_CERTIFICATE)                                      \
    X(tls_insecure_skip_verify, OPTION_BOOL, 0, 0, 1, ALONE)                                       \
    X(max_samples_per_send, OPTION_U32, 2000, 1, 1000000, ALONE)                                   \
    X(max_bytes_per_send, OPTION_U32, MIB, KIB, 32 * MIB, ALONE)                                   \
    X(queue_max_bytes, OPTION_U64, 64 * MIB, 64 * KIB, UINT64_MAX, ALONE)                          \
    X(sample_age_limit_ms, OPTION_U32, 7200000, 1, UINT32_MAX, ALONE)                              \
    X(min_backoff_ms, OPTION_U32, 250, 1, 3600000, ALONE)                                          \
    X(max_backoff_ms, OPTION_U32, 30000, 1, 3600000, ALONE)                                        \
    X(max_retry_after_ms, OPTION_U32, 300000, 1, 86400000, ALONE)                                  \
    X(disable_retry_on_http_429, OPTION_BOOL, 0, 0, 1, ALONE)                                      \
    X(disable_target_info, OPTION_BOOL, 0, 0, 1, ALONE)                                            \
    X(disable_scope_info, OPTION_BOOL, 0, 0, 1, ALONE)                                             \
    X(thread_stack_size, OPTION_SIZE, 512 * KIB, 64 * KIB, 1024 * MIB, ALONE)                      \
    X(flush_at_exit, OPTION_BOOL, 0, 0, 1, ALONE)

struct option {
    const char *name;
    enum option_kind kind;
    enum option_group group;
    size_t offset; /* in tacho_remote_write_options */
    uint64_t fallback;
    uint64_t least;
    uint64_t most;
};

static const struct option table[] = {
#define ROW(field, kind, fallback, least, most, group)                                             \
    {#field, kind, group, offsetof(tacho_remote_write_options, field), fallback, least, most},
    OPTIONS(ROW)
#undef ROW
};

#define OPTION_COUNT (sizeof table / sizeof table[0])

int tachoi_remote_write_refuse(tacho_error *error, int status, const char *field,
                               const char *format, ...) {
    tacho_error details = {0};
    va_list arguments;
    va_start(arguments, format);
    (void)tachoi_error_set_list(&details, status, field, format, arguments);
    va_end(arguments);
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "bad_option", "%s: %s",
                             field, details.message);
    if (error != NULL) {
        *error = details;
    }
    return status;
}

/* --- one member of the options struct --- */

static void *member(tacho_remote_write_options *values, const struct option *option) {
    return (char *)values + option->offset;
}

static uint64_t read_number(tacho_remote_write_options *values, const struct option *option) {
    const void *at = member(values, option);
    switch (option->kind) {
    case OPTION_BOOL:
        return *(const bool *)at ? 1 : 0;
    case OPTION_U32:
        return *(const uint32_t *)at;
    case OPTION_U64:
        return *(const uint64_t *)at;
    case OPTION_SIZE:
        return *(const size_t *)at;
    case OPTION_TEXT:
    case OPTION_HEADERS:
        break;
    }
    return *(const void *const *)at != NULL ? 1 : 0;
}

static void write_number(tacho_remote_write_options *values, const struct option *option,
                         uint64_t number) {
    void *at = member(values, option);
    switch (option->kind) {
    case OPTION_BOOL:
        *(bool *)at = number != 0;
        break;
    case OPTION_U32:
        *(uint32_t *)at = (uint32_t)number;
        break;
    case OPTION_U64:
        *(uint64_t *)at = number;
        break;
    case OPTION_SIZE:
        *(size_t *)at = (size_t)number;
        break;
    case OPTION_TEXT:
    case OPTION_HEADERS:
        break;
    }
}

static bool copy_text(struct tachoi_arena *memory, const char **text) {
    if (*text != NULL) {
        *text = tachoi_arena_strndup(memory, *text, strlen(*text));
        return *text != NULL;
    }
    return true;
}

/* --- headers --- */

static bool copy_headers(struct tachoi_remote_write_config *config) {
    tacho_remote_write_options *values = &config->values;
    tacho_remote_write_header *copy =
        tachoi_arena_alloc(&config->memory, values->header_count + 1, sizeof *copy);
    if (copy == NULL) {
        return false;
    }
    for (size_t i = 0; i < values->header_count; i++) {
        copy[i] = values->headers[i];
        if (!copy_text(&config->memory, &copy[i].name) ||
            !copy_text(&config->memory, &copy[i].value)) {
            return false;
        }
    }
    values->headers = copy;
    return true;
}

struct header_list {
    struct tachoi_arena *memory;
    tacho_remote_write_header *items; /* NULL while counting */
    size_t count;
    bool has_nul;
    bool no_memory;
};

static bool add_header(const char *key, size_t key_length, const char *value, size_t value_length,
                       void *user) {
    struct header_list *list = user;
    list->has_nul = list->has_nul || memchr(key, '\0', key_length) != NULL ||
                    memchr(value, '\0', value_length) != NULL;
    if (list->items != NULL) {
        tacho_remote_write_header *header = &list->items[list->count];
        header->name = tachoi_arena_strndup(list->memory, key, key_length);
        header->value = tachoi_arena_strndup(list->memory, value, value_length);
        list->no_memory = list->no_memory || header->name == NULL || header->value == NULL;
    }
    list->count++;
    return !list->has_nul && !list->no_memory;
}

static int parse_headers(struct tachoi_remote_write_config *config, const char *text,
                         tacho_error *error) {
    struct header_list list = {.memory = &config->memory};
    int status = tachoi_parse_pairs(text, add_header, &list);
    if (status == TACHO_E_INVALID) {
        return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "headers",
                                          "TACHO_REMOTE_WRITE_HEADERS is not a list of "
                                          "Name=value,Name2=value2 with percent-encoding");
    }
    list.items = tachoi_arena_alloc(&config->memory, list.count + 1, sizeof *list.items);
    list.count = 0;
    if (status != TACHO_OK || list.items == NULL ||
        tachoi_parse_pairs(text, add_header, &list) != TACHO_OK) {
        return TACHO_E_NO_MEMORY;
    }
    config->values.headers = list.items;
    config->values.header_count = list.count;
    return TACHO_OK;
}

/* libcurl sends a header without a value only in the form "Name;". */
static const char *header_line(struct tachoi_arena *memory,
                               const tacho_remote_write_header *header) {
    size_t size = strlen(header->name) + strlen(header->value) + 3;
    char *line = tachoi_arena_alloc(memory, size, 1);
    if (line != NULL && header->value[0] != '\0') {
        (void)snprintf(line, size, "%s: %s", header->name, header->value);
    } else if (line != NULL) {
        (void)snprintf(line, size, "%s;", header->name);
    }
    return line;
}

static int compose_header_lines(struct tachoi_remote_write_config *config) {
    size_t count = config->values.header_count;
    const char **lines = tachoi_arena_alloc(&config->memory, count + 1, sizeof(const char *));
    if (lines == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        lines[i] = header_line(&config->memory, &config->values.headers[i]);
        if (lines[i] == NULL) {
            return TACHO_E_NO_MEMORY;
        }
    }
    config->header_lines = lines;
    return TACHO_OK;
}

/* --- ranges in words --- */

struct range_text {
    char text[64];
};

static struct range_text range_of(const struct option *option) {
    struct range_text range;
    unsigned long long least = option->least;
    unsigned long long most = option->most;
    if (most == UINT64_MAX) {
        (void)snprintf(range.text, sizeof range.text, "at least %llu", least);
    } else {
        (void)snprintf(range.text, sizeof range.text, "from %llu to %llu", least, most);
    }
    return range;
}

/* --- environment --- */

#define VARIABLE_PREFIX "TACHO_REMOTE_WRITE_"

struct variable_name {
    char text[64];
};

static struct variable_name variable_of(const struct option *option) {
    struct variable_name variable = {VARIABLE_PREFIX};
    size_t length = sizeof VARIABLE_PREFIX - 1;
    for (const char *at = option->name; *at != '\0' && length < sizeof variable.text - 1; at++) {
        char character = *at;
        if (character >= 'a' && character <= 'z') {
            character = (char)(character - 'a' + 'A');
        }
        variable.text[length++] = character;
    }
    return variable;
}

/* A number or truth value that cannot be read is told and ignored, as OpenTelemetry has it
 * (ENV-05): a typing error in a tuning variable must not silence the program's metrics. */
static void number_from_environment(tacho_remote_write_options *values, const struct option *option,
                                    const char *variable) {
    enum tachoi_env_result result;
    uint64_t number = 0;
    if (option->kind == OPTION_BOOL) {
        bool is_set = false;
        result = tachoi_env_bool(variable, &is_set);
        number = is_set ? 1 : 0;
    } else {
        result = tachoi_env_u64(variable, option->most, &number);
        result = result == TACHOI_ENV_OK && number < option->least ? TACHOI_ENV_INVALID : result;
    }
    if (result == TACHOI_ENV_OK) {
        write_number(values, option, number);
    } else if (result == TACHOI_ENV_INVALID && option->kind == OPTION_BOOL) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "bad_environment",
                                 "%s is ignored: must be true or false", variable);
    } else if (result == TACHOI_ENV_INVALID) {
        struct range_text range = range_of(option);
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "bad_environment",
                                 "%s is ignored: must be a number %s", variable, range.text);
    }
}

static int from_environment(struct tachoi_remote_write_config *config, const struct option *option,
                            tacho_error *error) {
    struct variable_name variable = variable_of(option);
    const char *text = tachoi_env_get(variable.text);
    if (text == NULL) {
        return TACHO_OK;
    }
    switch (option->kind) {
    case OPTION_TEXT:
        *(const char **)member(&config->values, option) = text;
        return TACHO_OK;
    case OPTION_HEADERS:
        return parse_headers(config, text, error);
    case OPTION_BOOL:
    case OPTION_U32:
    case OPTION_U64:
    case OPTION_SIZE:
        break;
    }
    number_from_environment(&config->values, option, variable.text);
    return TACHO_OK;
}

/* --- all of them --- */

static int resolve(struct tachoi_remote_write_config *config, tacho_error *error) {
    bool is_in_code[OPTION_COUNT];
    bool is_group_in_code[CLIENT_CERTIFICATE + 1] = {false};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        is_in_code[i] = read_number(&config->values, &table[i]) != 0;
        is_group_in_code[table[i].group] |= is_in_code[i];
    }
    is_group_in_code[ALONE] = false;
    if (config->values.headers == NULL && config->values.header_count > 0) {
        return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "headers",
                                          "is NULL, but header_count is %zu",
                                          config->values.header_count);
    }
    if (config->values.headers != NULL && !copy_headers(config)) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        int status = TACHO_OK;
        if (!is_in_code[i] && !is_group_in_code[table[i].group]) {
            status = from_environment(config, &table[i], error);
        }
        if (status == TACHO_OK && table[i].kind == OPTION_TEXT &&
            !copy_text(&config->memory, member(&config->values, &table[i]))) {
            status = TACHO_E_NO_MEMORY;
        }
        if (status != TACHO_OK) {
            return status;
        }
    }
    return TACHO_OK;
}

/* The two ends of the backoff: what was not given follows what was. */
static void default_backoff(tacho_remote_write_options *values) {
    if (values->min_backoff_ms == 0 && values->max_backoff_ms != 0 &&
        values->max_backoff_ms < 250) {
        values->min_backoff_ms = values->max_backoff_ms;
    }
    if (values->max_backoff_ms == 0 && values->min_backoff_ms > 30000) {
        values->max_backoff_ms = values->min_backoff_ms;
    }
}

static int fill_and_range(tacho_remote_write_options *values, tacho_error *error) {
    default_backoff(values);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &table[i];
        if (option->kind == OPTION_TEXT || option->kind == OPTION_HEADERS) {
            continue;
        }
        uint64_t number = read_number(values, option);
        if (number == 0) {
            write_number(values, option, option->fallback);
        } else if (number < option->least || number > option->most) {
            struct range_text range = range_of(option);
            return tachoi_remote_write_refuse(error, TACHO_E_INVALID, option->name,
                                              "must be %s, and is %llu", range.text,
                                              (unsigned long long)number);
        }
    }
    return TACHO_OK;
}

tacho_error *tachoi_remote_write_error_of(const tacho_remote_write_options *options) {
    bool is_credible = options != NULL && options->struct_size >= FIRST_SIZE &&
                       options->struct_size <= sizeof *options + MAX_UNKNOWN_BYTES;
    return is_credible ? options->error : NULL;
}

int tachoi_remote_write_refuse_size(tacho_error *error, int status, size_t size, size_t known_size,
                                    const char *type, const char *cure) {
    if (status == TACHO_E_UNSUPPORTED) {
        return tachoi_remote_write_refuse(
            error, status, "struct_size",
            "is %zu, but this version of tacho knows %zu bytes, and what follows them is not "
            "zero; set it to sizeof(%s), or use the newer version",
            size, known_size, type);
    }
    return tachoi_remote_write_refuse(error, status, "struct_size",
                                      "is %zu; set it to sizeof(%s)%s", size, type, cure);
}

int tachoi_remote_write_config_init(struct tachoi_remote_write_config *config,
                                    const tacho_remote_write_options *options) {
    memset(config, 0, sizeof *config);
    tachoi_arena_init(&config->memory, 0);
    tacho_error *error = tachoi_remote_write_error_of(options);
    int status = tachoi_options_copy(options, &config->values, sizeof config->values, FIRST_SIZE);
    if (status != TACHO_OK) {
        return tachoi_remote_write_refuse_size(error, status, options->struct_size, sizeof *options,
                                               "tacho_remote_write_options",
                                               ", or use TACHO_OPTIONS");
    }
    status = resolve(config, error);
    if (status == TACHO_OK) {
        status = fill_and_range(&config->values, error);
    }
    if (status == TACHO_OK) {
        status = tachoi_remote_write_options_check(&config->values, error);
    }
    if (status == TACHO_OK) {
        status = compose_header_lines(config);
    }
    if (status != TACHO_OK) {
        tachoi_remote_write_config_fini(config);
        return status;
    }
    tachoi_http_url_redact(config->values.endpoint, config->redacted_url,
                           sizeof config->redacted_url);
    return TACHO_OK;
}

void tachoi_remote_write_config_fini(struct tachoi_remote_write_config *config) {
    tachoi_arena_fini(&config->memory);
}
