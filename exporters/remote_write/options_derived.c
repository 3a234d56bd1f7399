/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what follows from options that have been checked. See options_derived.h. */
#include "remote_write/options_derived.h"

#include <stdio.h>
#include <string.h>

#include "http/url.h"
#include "remote_write/converter_options.h"
#include "remote_write/options_relabel.h"

/* --- headers --- */

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

/* --- the endpoint's name --- */

static int derive_name(struct tachoi_remote_write_config *config) {
    char host[256];
    tachoi_http_url_redact(config->values.endpoint, config->redacted_url,
                           sizeof config->redacted_url);
    if (config->values.name != NULL) {
        return TACHO_OK;
    }
    tachoi_http_url_host(config->values.endpoint, host, sizeof host);
    config->values.name = tachoi_arena_strndup(&config->memory, host, strlen(host));
    return config->values.name != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
}

/* --- external labels --- */

static bool is_equal(tacho_string a, tacho_string b) {
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* Translates a name; its data is NULL if nothing usable is left of it, or if memory is short, which
 * `no_memory` tells. */
static tacho_string translate(struct tachoi_remote_write_config *config, const char *name,
                              bool *no_memory) {
    const struct tachoi_prometheus_naming naming = tachoi_remote_write_naming(&config->values);
    struct tachoi_text text;
    tacho_string translated = {0};
    tachoi_text_init(&text, 0);
    bool is_usable = tachoi_prometheus_label_name(&naming, tacho_string_from(name), &text);
    *no_memory = text.failed;
    if (is_usable && !text.failed) {
        translated = (tacho_string){tachoi_arena_strndup(&config->memory, text.data, text.length),
                                    text.length};
        *no_memory = translated.data == NULL;
    }
    tachoi_text_fini(&text);
    return translated;
}

static int refuse_label(tacho_error *error, size_t index, const char *reason) {
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "external_labels", "label %zu %s",
                                      index + 1, reason);
}

static int derive_label(struct tachoi_remote_write_config *config,
                        struct tachoi_prometheus_extra_label *labels, size_t index,
                        tacho_error *error) {
    const tacho_remote_write_label *label = &config->values.external_labels[index];
    bool no_memory = false;
    tacho_string name = translate(config, label->name, &no_memory);
    if (no_memory) {
        return TACHO_E_NO_MEMORY;
    }
    if (name.data == NULL) {
        return refuse_label(error, index, "has a name without any letter or digit");
    }
    if (name.length >= 2 && memcmp(name.data, "__", 2) == 0) {
        return refuse_label(error, index, "begins with __, which Prometheus keeps for itself");
    }
    for (size_t i = 0; i < index; i++) {
        if (is_equal(labels[i].name, name)) {
            return refuse_label(error, index, "has the name of another one, once translated");
        }
    }
    labels[index] = (struct tachoi_prometheus_extra_label){name, tacho_string_from(label->value)};
    return TACHO_OK;
}

static int derive_labels(struct tachoi_remote_write_config *config, tacho_error *error) {
    size_t count = config->values.external_label_count;
    struct tachoi_prometheus_extra_label *labels =
        tachoi_arena_alloc(&config->memory, count + 1, sizeof *labels);
    int status = labels != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
    for (size_t i = 0; i < count && status == TACHO_OK; i++) {
        status = derive_label(config, labels, i, error);
    }
    config->external = labels;
    return status;
}

int tachoi_remote_write_options_derive(struct tachoi_remote_write_config *config,
                                       tacho_error *error) {
    int status = compose_header_lines(config);
    status = status == TACHO_OK ? derive_name(config) : status;
    status = status == TACHO_OK ? derive_labels(config, error) : status;
    return status == TACHO_OK ? tachoi_option_relabel_compile(config, error) : status;
}
