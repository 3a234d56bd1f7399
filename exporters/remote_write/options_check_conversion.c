/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what options must satisfy that say what series look like. See options_check.h. */
#include <string.h>

#include "remote_write/converter_options.h"
#include "remote_write/options.h"
#include "remote_write/options_check.h"

static bool is_utf8(const char *text) {
    return tachoi_utf8_is_valid(text, strlen(text));
}

/* TACHO_OK if translation leaves something of the name. */
static int try_label_name(const tacho_remote_write_options *values, const char *name) {
    const struct tachoi_prometheus_naming naming = tachoi_remote_write_naming(values);
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    bool is_usable = tachoi_prometheus_label_name(&naming, tacho_string_from(name), &text);
    bool no_memory = text.failed;
    tachoi_text_fini(&text);
    return no_memory ? TACHO_E_NO_MEMORY : is_usable ? TACHO_OK : TACHO_E_INVALID;
}

/* The namespace alone, taken for the name of a metric. */
static int try_metric_name(const tacho_remote_write_options *values, const char *name) {
    struct tachoi_prometheus_naming naming = tachoi_remote_write_naming(values);
    const tacho_metric metric = {.name = tacho_string_from(name), .type = TACHO_METRIC_GAUGE};
    struct tachoi_text text;
    naming.prefix = NULL;
    tachoi_text_init(&text, 0);
    bool is_usable = tachoi_prometheus_metric_name(&naming, &metric, &text);
    bool no_memory = text.failed;
    tachoi_text_fini(&text);
    return no_memory ? TACHO_E_NO_MEMORY : is_usable ? TACHO_OK : TACHO_E_INVALID;
}

static int check_namespace(const tacho_remote_write_options *values, tacho_error *error) {
    const char *name = values->metric_namespace;
    if (name == NULL) {
        return TACHO_OK;
    }
    if (!is_utf8(name)) {
        return tachoi_remote_write_invalid(error, "metric_namespace", "is not UTF-8");
    }
    int status = name[0] != '\0' ? try_metric_name(values, name) : TACHO_E_INVALID;
    return status != TACHO_E_INVALID
               ? status
               : tachoi_remote_write_invalid(error, "metric_namespace",
                                             "holds nothing that a metric's name may have; leave "
                                             "it out for none");
}

static int check_promotion(const tacho_remote_write_options *values, tacho_error *error) {
    static const char field[] = "promote_resource_attributes";
    size_t count = values->promote_resource_attribute_count;
    if (count > 0 && values->promote_all_resource_attributes) {
        return tachoi_remote_write_invalid(
            error, field, "contradicts promote_all_resource_attributes: give one of them");
    }
    for (size_t i = 0; i < count; i++) {
        const char *key = values->promote_resource_attributes[i];
        int status = key != NULL && key[0] != '\0' && is_utf8(key) ? try_label_name(values, key)
                                                                   : TACHO_E_INVALID;
        if (status == TACHO_E_INVALID) {
            return tachoi_remote_write_refuse(error, status, field,
                                              "key %zu gives no name for a label", i + 1);
        }
        if (status != TACHO_OK) {
            return status;
        }
    }
    return TACHO_OK;
}

int tachoi_remote_write_check_conversion(const tacho_remote_write_options *values,
                                         tacho_error *error) {
    int status = check_namespace(values, error);
    return status == TACHO_OK ? check_promotion(values, error) : status;
}
