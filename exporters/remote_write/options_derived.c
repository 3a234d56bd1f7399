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

static int refuse_label(tacho_error *error, size_t index, const char *reason) {
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, "external_labels", "label %zu %s",
                                      index + 1, reason);
}

/* Gives the label the name that series have it under; `*problem` says why it cannot be one. */
static int translate(struct tachoi_remote_write_config *config,
                     struct tachoi_prometheus_extra_label *label, const char **problem) {
    const struct tachoi_prometheus_naming naming = tachoi_remote_write_naming(&config->values);
    struct tachoi_text name;
    tachoi_text_init(&name, 0);
    *problem = tachoi_prometheus_external_label(&naming, label, &name);
    int status = name.failed ? TACHO_E_NO_MEMORY : *problem != NULL ? TACHO_E_INVALID : TACHO_OK;
    if (status == TACHO_OK) {
        label->name = (tacho_string){tachoi_arena_strndup(&config->memory, name.data, name.length),
                                     name.length};
        status = label->name.data != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
    }
    tachoi_text_fini(&name);
    return status;
}

static int derive_label(struct tachoi_remote_write_config *config,
                        struct tachoi_prometheus_extra_label *labels, size_t index,
                        tacho_error *error) {
    const tacho_remote_write_label *given = &config->values.external_labels[index];
    struct tachoi_prometheus_extra_label label = {tacho_string_from(given->name),
                                                  tacho_string_from(given->value)};
    const char *problem = NULL;
    int status = translate(config, &label, &problem);
    if (status != TACHO_OK) {
        return status == TACHO_E_INVALID ? refuse_label(error, index, problem) : status;
    }
    for (size_t i = 0; i < index; i++) {
        if (is_equal(labels[i].name, label.name)) {
            return refuse_label(error, index, "has the name of another one, once translated");
        }
    }
    labels[index] = label;
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
