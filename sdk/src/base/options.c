/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the copying of size-tagged options and the filling of tacho_error. */
#include "base/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* No version will grow by more; a larger struct_size was never set and must not be read along. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

static bool is_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

int tachoi_options_copy(const void *given, void *known, size_t known_size, size_t minimum_size) {
    if (given == NULL) {
        return TACHO_OK;
    }
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < minimum_size) {
        return TACHO_E_INVALID;
    }
    if (size > known_size) {
        const unsigned char *unknown = (const unsigned char *)given + known_size;
        if (size - known_size > MAX_UNKNOWN_BYTES || !is_zero(unknown, size - known_size)) {
            return TACHO_E_UNSUPPORTED;
        }
        size = known_size;
    }
    memcpy(known, given, size);
    return TACHO_OK;
}

int tachoi_error_set_list(tacho_error *error, int status, const char *field, const char *format,
                          va_list arguments) {
    if (error != NULL) {
        error->status = status;
        (void)snprintf(error->field, sizeof error->field, "%s", field != NULL ? field : "");
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    }
    return status;
}

int tachoi_error_set(tacho_error *error, int status, const char *field, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)tachoi_error_set_list(error, status, field, format, arguments);
    va_end(arguments);
    return status;
}
