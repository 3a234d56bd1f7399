/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the resolution of options from code, environment and defaults. See options.h. */
#include "remote_write/options.h"

#include <string.h>

#include "base/options.h"
#include "remote_write/options_check.h"
#include "remote_write/options_derived.h"
#include "remote_write/options_environment.h"
#include "remote_write/options_lists.h"
#include "remote_write/options_table.h"
#include "tacho/sdk/diagnostics.h"

/* What options were in version 0.1; members that come later may be absent. */
#define FIRST_SIZE TACHOI_SIZE_UP_TO_ERROR(tacho_remote_write_options)

/* A larger struct_size was never set, so that no other member is to be believed either. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

#define OPTION_COUNT TACHOI_REMOTE_WRITE_OPTION_COUNT

/* --- refusals --- */

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

/* --- code, then the environment --- */

static int resolve_one(struct tachoi_remote_write_config *config,
                       const struct tachoi_option *option, bool reads_environment,
                       tacho_error *error) {
    int status = TACHO_OK;
    if (reads_environment) {
        status = tachoi_option_from_environment(config, option, error);
    }
    if (status == TACHO_OK && option->kind == TACHOI_OPTION_TEXT) {
        const char **text = tachoi_option_member(&config->values, option);
        if (*text != NULL) {
            *text = tachoi_arena_strndup(&config->memory, *text, strlen(*text));
            status = *text != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
        }
    }
    return status;
}

static int resolve(struct tachoi_remote_write_config *config, bool reads_environment,
                   tacho_error *error) {
    bool is_in_code[OPTION_COUNT];
    bool is_group_in_code[TACHOI_GROUP_COUNT] = {false};
    int status = TACHO_OK;
    for (size_t i = 0; i < OPTION_COUNT && status == TACHO_OK; i++) {
        const struct tachoi_option *option = &tachoi_remote_write_option_table[i];
        is_in_code[i] = tachoi_option_read(&config->values, option) != 0;
        is_group_in_code[option->group] |= is_in_code[i];
        if (tachoi_option_is_list(option)) {
            status = tachoi_option_list_copy(config, option, error);
        }
    }
    is_group_in_code[TACHOI_GROUP_NONE] = false;
    for (size_t i = 0; i < OPTION_COUNT && status == TACHO_OK; i++) {
        const struct tachoi_option *option = &tachoi_remote_write_option_table[i];
        status = resolve_one(
            config, option, reads_environment && !is_in_code[i] && !is_group_in_code[option->group],
            error);
    }
    return status;
}

/* --- defaults and ranges --- */

/* Where two options bound each other, what was not given follows what was. */
static void follow(tacho_remote_write_options *values) {
    if (values->min_backoff_ms == 0 && values->max_backoff_ms != 0 &&
        values->max_backoff_ms < 250) {
        values->min_backoff_ms = values->max_backoff_ms;
    }
    if (values->max_backoff_ms == 0 && values->min_backoff_ms > 30000) {
        values->max_backoff_ms = values->min_backoff_ms;
    }
    if (values->max_samples_per_send == 0 && values->capacity != 0 && values->capacity < 2000) {
        values->max_samples_per_send = values->capacity;
    }
}

static int fill_and_range(tacho_remote_write_options *values, tacho_error *error) {
    follow(values);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct tachoi_option *option = &tachoi_remote_write_option_table[i];
        if (!tachoi_option_is_number(option)) {
            continue;
        }
        uint64_t number = tachoi_option_read(values, option);
        if (number == 0) {
            tachoi_option_write(values, option, option->fallback);
        } else if (number < option->least || number > option->most) {
            struct tachoi_range_text range = tachoi_option_range(option);
            return tachoi_remote_write_refuse(error, TACHO_E_INVALID, option->name,
                                              "must be %s, and is %llu", range.text,
                                              (unsigned long long)number);
        }
    }
    return TACHO_OK;
}

/* --- all of it --- */

int tachoi_remote_write_config_init_nth(struct tachoi_remote_write_config *config,
                                        const tacho_remote_write_options *options, size_t index,
                                        tacho_error *error) {
    memset(config, 0, sizeof *config);
    tachoi_arena_init(&config->memory, 0);
    int status = tachoi_options_copy(options, &config->values, sizeof config->values, FIRST_SIZE);
    if (status != TACHO_OK) {
        return tachoi_remote_write_refuse_size(error, status, options->struct_size, sizeof *options,
                                               "tacho_remote_write_options",
                                               ", or use TACHO_OPTIONS");
    }
    config->values.error = error;
    status = resolve(config, index == 0, error);
    status = status == TACHO_OK ? fill_and_range(&config->values, error) : status;
    status =
        status == TACHO_OK ? tachoi_remote_write_options_check(&config->values, error) : status;
    status = status == TACHO_OK ? tachoi_remote_write_options_derive(config, error) : status;
    if (status != TACHO_OK) {
        tachoi_remote_write_config_fini(config);
    }
    return status;
}

int tachoi_remote_write_config_init(struct tachoi_remote_write_config *config,
                                    const tacho_remote_write_options *options) {
    return tachoi_remote_write_config_init_nth(config, options, 0,
                                               tachoi_remote_write_error_of(options));
}

void tachoi_remote_write_config_fini(struct tachoi_remote_write_config *config) {
    tachoi_relabel_destroy(config->relabel);
    config->relabel = NULL;
    tachoi_arena_fini(&config->memory);
}
