/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of options from the environment. See options_environment.h. */
#include "remote_write/options_environment.h"

#include "base/env.h"
#include "base/text.h"
#include "remote_write/options_list_text.h"
#include "tacho/sdk/diagnostics.h"

#define PREFIX "TACHO_REMOTE_WRITE_"

struct variable_name {
    char text[64];
};

static struct variable_name variable_of(const struct tachoi_option *option) {
    struct variable_name variable = {PREFIX};
    size_t length = sizeof PREFIX - 1;
    for (const char *at = option->name; *at != '\0' && length < sizeof variable.text - 1; at++) {
        char character = *at;
        if (character >= 'a' && character <= 'z') {
            character = (char)(character - 'a' + 'A');
        }
        variable.text[length++] = character;
    }
    return variable;
}

static enum tachoi_env_result read_word(const struct tachoi_option *option, const char *variable,
                                        uint64_t *number) {
    const char *text = tachoi_env_get(variable);
    if (text == NULL) {
        return TACHOI_ENV_UNSET;
    }
    for (size_t i = 0; option->words[i] != NULL; i++) {
        if (tachoi_ascii_equal_ignoring_case(text, option->words[i])) {
            *number = i;
            return TACHOI_ENV_OK;
        }
    }
    return TACHOI_ENV_INVALID;
}

static enum tachoi_env_result read_number(const struct tachoi_option *option, const char *variable,
                                          uint64_t *number) {
    if (option->words != NULL) {
        return read_word(option, variable, number);
    }
    if (option->kind == TACHOI_OPTION_BOOL) {
        bool is_set = false;
        enum tachoi_env_result result = tachoi_env_bool(variable, &is_set);
        *number = is_set ? 1 : 0;
        return result;
    }
    enum tachoi_env_result result = tachoi_env_u64(variable, option->most, number);
    return result == TACHOI_ENV_OK && *number < option->least ? TACHOI_ENV_INVALID : result;
}

/* What cannot be read is told and ignored, as OpenTelemetry has it (ENV-05): a typing error in a
 * tuning variable must not silence the program's metrics. */
static void number_from_environment(tacho_remote_write_options *values,
                                    const struct tachoi_option *option, const char *variable) {
    uint64_t number = 0;
    enum tachoi_env_result result = read_number(option, variable, &number);
    if (result == TACHOI_ENV_OK) {
        tachoi_option_write(values, option, number);
    } else if (result == TACHOI_ENV_INVALID) {
        bool is_counted = option->words == NULL && option->kind != TACHOI_OPTION_BOOL;
        struct tachoi_range_text range = tachoi_option_range(option);
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "bad_environment",
                                 "%s is ignored: must be %s%s", variable,
                                 is_counted ? "a number " : "", range.text);
    }
}

int tachoi_option_from_environment(struct tachoi_remote_write_config *config,
                                   const struct tachoi_option *option, tacho_error *error) {
    struct variable_name variable = variable_of(option);
    const char *text = tachoi_env_get(variable.text);
    if (text == NULL) {
        return TACHO_OK;
    }
    if (tachoi_option_is_list(option)) {
        return tachoi_option_list_parse(config, option, variable.text, text, error);
    }
    if (tachoi_option_is_number(option)) {
        number_from_environment(&config->values, option, variable.text);
    } else {
        *(const char **)tachoi_option_member(&config->values, option) = text;
    }
    return TACHO_OK;
}
