/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words of a failed creation. See exporter_setup.h. */
#include "setup/exporter_setup.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "tacho/sdk/diagnostics.h"

/* A larger struct_size was never set, so that no other member is to be believed either. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

static size_t size_of(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

int tachoi_exporter_setup_fail(const struct tachoi_exporter_setup *setup, int status,
                               const char *field, const char *format, ...) {
    tacho_error details = {0};
    va_list arguments;
    va_start(arguments, format);
    (void)tachoi_error_set_list(&details, status, field, format, arguments);
    va_end(arguments);
    const bool has_field = field[0] != '\0';
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, setup->component, "setup_failed",
                             "%s failed: %s%s%s%s%s", setup->function, has_field ? setup->type : "",
                             has_field ? "." : "", field, has_field ? ": " : "", details.message);
    if (setup->error != NULL) {
        *setup->error = details;
    }
    return status;
}

static int fail_size(const struct tachoi_exporter_setup *setup, int status, size_t size,
                     size_t known_size) {
    if (status == TACHO_E_UNSUPPORTED) {
        return tachoi_exporter_setup_fail(
            setup, status, "struct_size",
            "it is %zu, but this version of tacho knows %zu bytes, and what follows them is not "
            "zero; set it to sizeof(%s), or use the newer version",
            size, known_size, setup->type);
    }
    return tachoi_exporter_setup_fail(setup, status, "struct_size",
                                      "it is %zu; set it to sizeof(%s), or use TACHO_OPTIONS", size,
                                      setup->type);
}

int tachoi_exporter_setup_copy(struct tachoi_exporter_setup *setup, const void *given, void *known,
                               size_t known_size, size_t first_size, size_t error_offset) {
    if (given == NULL) {
        return TACHO_OK;
    }
    const size_t size = size_of(given);
    if (size >= error_offset + sizeof(tacho_error *) && size <= known_size + MAX_UNKNOWN_BYTES) {
        memcpy(&setup->error, (const char *)given + error_offset, sizeof(tacho_error *));
    }
    const int status = tachoi_options_copy(given, known, known_size, first_size);
    return status == TACHO_OK ? TACHO_OK : fail_size(setup, status, size, known_size);
}

int tachoi_exporter_setup_finish(const struct tachoi_exporter_setup *setup,
                                 const tacho_metric_exporter_ops *ops, void *self,
                                 tacho_metric_exporter **out) {
    int status = TACHO_E_NO_MEMORY;
    if (out == NULL) {
        status = TACHO_E_INVALID;
        if (self != NULL) {
            ops->destroy(self);
        }
        return tachoi_exporter_setup_fail(setup, status, "",
                                          "out is NULL; say where the exporter goes");
    }
    if (self != NULL) {
        status = tacho_metric_exporter_create(ops, self, out);
    }
    return status == TACHO_OK
               ? TACHO_OK
               : tachoi_exporter_setup_fail(setup, status, "", "%s", tacho_status_text(status));
}
