/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the text of options that are lists. See options_list_text.h. */
#include "remote_write/options_list_text.h"

#include <string.h>

#include "base/env.h"
#include "remote_write/options_relabel.h"

/* --- name=value,name=value --- */

struct pair {
    const char *name;
    const char *value;
};

struct pair_list {
    struct tachoi_arena *memory;
    struct pair *items; /* NULL while counting */
    size_t count;
    bool has_nul;
    bool no_memory;
};

static bool add_pair(const char *key, size_t key_length, const char *value, size_t value_length,
                     void *user) {
    struct pair_list *list = user;
    list->has_nul = list->has_nul || memchr(key, '\0', key_length) != NULL ||
                    memchr(value, '\0', value_length) != NULL;
    if (list->items != NULL) {
        struct pair *pair = &list->items[list->count];
        pair->name = tachoi_arena_strndup(list->memory, key, key_length);
        pair->value = tachoi_arena_strndup(list->memory, value, value_length);
        list->no_memory = list->no_memory || pair->name == NULL || pair->value == NULL;
    }
    list->count++;
    return !list->has_nul && !list->no_memory;
}

static int parse_pairs(struct pair_list *list, const char *text) {
    int status = tachoi_parse_pairs(text, add_pair, list);
    if (status != TACHO_OK) {
        return status;
    }
    list->items = tachoi_arena_alloc(list->memory, list->count + 1, sizeof *list->items);
    list->count = 0;
    return list->items != NULL && tachoi_parse_pairs(text, add_pair, list) == TACHO_OK
               ? TACHO_OK
               : TACHO_E_NO_MEMORY;
}

static bool keep_headers(tacho_remote_write_options *values, const struct pair_list *list) {
    tacho_remote_write_header *headers =
        tachoi_arena_alloc(list->memory, list->count + 1, sizeof *headers);
    for (size_t i = 0; i < list->count && headers != NULL; i++) {
        headers[i] = (tacho_remote_write_header){list->items[i].name, list->items[i].value};
    }
    values->headers = headers;
    values->header_count = list->count;
    return headers != NULL;
}

static bool keep_labels(tacho_remote_write_options *values, const struct pair_list *list) {
    tacho_remote_write_label *labels =
        tachoi_arena_alloc(list->memory, list->count + 1, sizeof *labels);
    for (size_t i = 0; i < list->count && labels != NULL; i++) {
        labels[i] = (tacho_remote_write_label){list->items[i].name, list->items[i].value};
    }
    values->external_labels = labels;
    values->external_label_count = list->count;
    return labels != NULL;
}

static int parse_pair_option(struct tachoi_remote_write_config *config,
                             const struct tachoi_option *option, const char *variable,
                             const char *text, tacho_error *error) {
    struct pair_list list = {.memory = &config->memory};
    int status = parse_pairs(&list, text);
    if (status == TACHO_E_INVALID) {
        return tachoi_remote_write_refuse(
            error, status, option->name,
            "%s is not a list of %s=value,%s2=value2 with percent-encoding", variable,
            option->kind == TACHOI_OPTION_HEADERS ? "Name" : "name",
            option->kind == TACHOI_OPTION_HEADERS ? "Name" : "name");
    }
    if (status == TACHO_OK) {
        bool is_kept = option->kind == TACHOI_OPTION_HEADERS ? keep_headers(&config->values, &list)
                                                             : keep_labels(&config->values, &list);
        status = is_kept ? TACHO_OK : TACHO_E_NO_MEMORY;
    }
    return status;
}

/* --- key,key --- */

/* The item before the next comma, blanks around it left out; moves `*text` behind the comma. */
static tacho_string next_item(const char **text) {
    size_t length = strcspn(*text, ",");
    tacho_string item = {*text, length};
    *text += length + ((*text)[length] == ',' ? 1 : 0);
    while (item.length > 0 && (item.data[0] == ' ' || item.data[0] == '\t')) {
        item.data++;
        item.length--;
    }
    while (item.length > 0 &&
           (item.data[item.length - 1] == ' ' || item.data[item.length - 1] == '\t')) {
        item.length--;
    }
    return item;
}

static size_t count_items(const char *text) {
    size_t count = 1;
    for (; *text != '\0'; text++) {
        count += *text == ',' ? 1 : 0;
    }
    return count;
}

/* One item, undone from its percent-encoding. NULL if it is empty or malformed, or if memory is
 * short, which `no_memory` tells. */
static const char *decode_item(struct tachoi_arena *memory, tacho_string item, bool *no_memory) {
    char *decoded = tachoi_arena_alloc(memory, item.length + 1, 1);
    size_t length = 0;
    *no_memory = decoded == NULL;
    if (decoded == NULL || !tachoi_percent_decode(item.data, item.length, decoded, &length) ||
        length == 0 || memchr(decoded, '\0', length) != NULL) {
        return NULL;
    }
    decoded[length] = '\0';
    return decoded;
}

static int parse_text_option(struct tachoi_remote_write_config *config,
                             const struct tachoi_option *option, const char *variable,
                             const char *text, tacho_error *error) {
    size_t count = count_items(text);
    const char **items = tachoi_arena_alloc(&config->memory, count, sizeof(const char *));
    bool no_memory = items == NULL;
    for (size_t i = 0; i < count && !no_memory; i++) {
        items[i] = decode_item(&config->memory, next_item(&text), &no_memory);
        if (items[i] == NULL && !no_memory) {
            return tachoi_remote_write_refuse(error, TACHO_E_INVALID, option->name,
                                              "%s is not a list of key,key with percent-encoding",
                                              variable);
        }
    }
    config->values.promote_resource_attributes = items;
    config->values.promote_resource_attribute_count = count;
    return no_memory ? TACHO_E_NO_MEMORY : TACHO_OK;
}

int tachoi_option_list_parse(struct tachoi_remote_write_config *config,
                             const struct tachoi_option *option, const char *variable,
                             const char *text, tacho_error *error) {
    if (option->kind == TACHOI_OPTION_TEXTS) {
        return parse_text_option(config, option, variable, text, error);
    }
    if (option->kind == TACHOI_OPTION_RELABEL_CONFIGS) {
        return tachoi_option_relabel_parse(config, variable, text, error);
    }
    return parse_pair_option(config, option, variable, text, error);
}
