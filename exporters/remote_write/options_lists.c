/* SPDX-License-Identifier: Apache-2.0 */
/* Owns options that are lists. See options_lists.h. */
#include "remote_write/options_lists.h"

#include <string.h>

static bool copy_text(struct tachoi_arena *memory, const char **text) {
    if (*text != NULL) {
        *text = tachoi_arena_strndup(memory, *text, strlen(*text));
        return *text != NULL;
    }
    return true;
}

static bool copy_headers(tacho_remote_write_options *values, struct tachoi_arena *memory) {
    size_t count = values->header_count;
    tacho_remote_write_header *copy = tachoi_arena_alloc(memory, count + 1, sizeof *copy);
    bool ok = copy != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        copy[i] = values->headers[i];
        ok = copy_text(memory, &copy[i].name) && copy_text(memory, &copy[i].value);
    }
    values->headers = copy;
    return ok;
}

static bool copy_labels(tacho_remote_write_options *values, struct tachoi_arena *memory) {
    size_t count = values->external_label_count;
    tacho_remote_write_label *copy = tachoi_arena_alloc(memory, count + 1, sizeof *copy);
    bool ok = copy != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        copy[i] = values->external_labels[i];
        ok = copy_text(memory, &copy[i].name) && copy_text(memory, &copy[i].value);
    }
    values->external_labels = copy;
    return ok;
}

static bool copy_texts(const char *const **texts, size_t count, struct tachoi_arena *memory) {
    const char **copy = tachoi_arena_alloc(memory, count + 1, sizeof(const char *));
    bool ok = copy != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        copy[i] = (*texts)[i];
        ok = copy_text(memory, &copy[i]);
    }
    *texts = copy;
    return ok;
}

static bool copy_rule(tacho_remote_write_relabel_config *rule, struct tachoi_arena *memory) {
    return copy_texts(&rule->source_labels, rule->source_label_count, memory) &&
           copy_text(memory, &rule->separator) && copy_text(memory, &rule->regex) &&
           copy_text(memory, &rule->target_label) && copy_text(memory, &rule->replacement);
}

static bool copy_rules(tacho_remote_write_options *values, struct tachoi_arena *memory) {
    size_t count = values->write_relabel_config_count;
    tacho_remote_write_relabel_config *copy = tachoi_arena_alloc(memory, count + 1, sizeof *copy);
    bool ok = copy != NULL;
    for (size_t i = 0; i < count && ok; i++) {
        copy[i] = values->write_relabel_configs[i];
        ok = copy_rule(&copy[i], memory);
    }
    values->write_relabel_configs = copy;
    return ok;
}

static bool copy_list(tacho_remote_write_options *values, const struct tachoi_option *option,
                      struct tachoi_arena *memory) {
    if (option->kind == TACHOI_OPTION_HEADERS) {
        return copy_headers(values, memory);
    }
    if (option->kind == TACHOI_OPTION_LABELS) {
        return copy_labels(values, memory);
    }
    if (option->kind == TACHOI_OPTION_TEXTS) {
        return copy_texts(&values->promote_resource_attributes,
                          values->promote_resource_attribute_count, memory);
    }
    return copy_rules(values, memory);
}

/* A count without a list: in the option itself, or in one of its rules. */
static int check_counts(tacho_remote_write_options *values, const struct tachoi_option *option,
                        tacho_error *error) {
    size_t count = *(const size_t *)((const char *)values + option->count_offset);
    if (tachoi_option_read(values, option) == 0) {
        return count == 0 ? TACHO_OK
                          : tachoi_remote_write_refuse(error, TACHO_E_INVALID, option->name,
                                                       "is NULL, but %s is %zu", option->count_name,
                                                       count);
    }
    for (size_t i = 0; option->kind == TACHOI_OPTION_RELABEL_CONFIGS && i < count; i++) {
        const tacho_remote_write_relabel_config *rule = &values->write_relabel_configs[i];
        if (rule->source_labels == NULL && rule->source_label_count > 0) {
            return tachoi_remote_write_refuse(
                error, TACHO_E_INVALID, option->name,
                "rule %zu: source_labels is NULL, but source_label_count is %zu", i + 1,
                rule->source_label_count);
        }
    }
    return TACHO_OK;
}

int tachoi_option_list_copy(struct tachoi_remote_write_config *config,
                            const struct tachoi_option *option, tacho_error *error) {
    int status = check_counts(&config->values, option, error);
    if (status != TACHO_OK || tachoi_option_read(&config->values, option) == 0) {
        return status;
    }
    return copy_list(&config->values, option, &config->memory) ? TACHO_OK : TACHO_E_NO_MEMORY;
}
