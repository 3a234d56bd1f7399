/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "pipeline/report.h"

/* A larger struct_size was never set: then its neighbours are not to be trusted either. */
#define MAX_SIZE ((size_t)16 * 1024)

static size_t size_of(const void *given) {
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

/* `owner` is what the field belongs to, with its dot; "" for arguments. Each mistake is told, as
 * often as it is another one: the rate limit sees the whole message. */
static int TACHO_PRINTF(5, 0) fail(const struct tachoi_setup *setup, int status, const char *owner,
                                   const char *field, const char *format, va_list arguments) {
    char why[sizeof((tacho_error *)NULL)->message];
    char message[sizeof why + 256];
    (void)vsnprintf(why, sizeof why, format, arguments);
    (void)tachoi_error_set(setup->error, status, field, "%s", why);
    (void)snprintf(message, sizeof message, "%s failed%s%.80s%s: %s%s%s%s%s", setup->function,
                   setup->object != NULL ? " for `" : "",
                   setup->object != NULL ? setup->object : "", setup->object != NULL ? "`" : "",
                   owner[0] != '\0' ? setup->type : "", owner, field, field[0] != '\0' ? ": " : "",
                   why);
    tachoi_report(TACHO_SEVERITY_ERROR, setup->component, "setup_failed", message, "%s", message);
    return status;
}

int tachoi_setup_fail(const struct tachoi_setup *setup, int status, const char *field,
                      const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fail(setup, status, ".", field, format, arguments);
    va_end(arguments);
    return status;
}

int tachoi_setup_fail_argument(const struct tachoi_setup *setup, int status, const char *argument,
                               const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fail(setup, status, "", argument, format, arguments);
    va_end(arguments);
    return status;
}

/* Tables and clocks outlive the block that TACHO_OPTIONS would put them into. */
static bool is_options(const char *type) {
    static const char ending[] = "_options";
    size_t length = strlen(type);
    return length >= sizeof ending && strcmp(type + length - (sizeof ending - 1), ending) == 0;
}

void tachoi_setup_describe_size(char *out, size_t out_size, int status, const void *given,
                                size_t known_size, const char *type) {
    const char *macro = is_options(type) ? ", or use TACHO_OPTIONS" : "";
    size_t size = size_of(given);
    if (status != TACHO_E_INVALID) {
        (void)snprintf(
            out, out_size,
            "it is %zu, but this version of tacho knows %zu bytes, and what follows them "
            "is not zero; set it to sizeof(%s), or use the newer version",
            size, known_size, type);
    } else {
        (void)snprintf(out, out_size, "it is %zu%s; set it to sizeof(%s)%s", size,
                       size > 0 ? ", which is too small" : "", type, macro);
    }
}

int tachoi_setup_copy(struct tachoi_setup *setup, const void *given, void *known, size_t known_size,
                      size_t first_size, size_t error_offset) {
    if (given == NULL) {
        return TACHO_OK;
    }
    int status = tachoi_options_copy(given, known, known_size, first_size);
    if (error_offset != 0 && size_of(given) <= known_size + MAX_SIZE &&
        size_of(given) >= error_offset + sizeof(tacho_error *)) {
        memcpy(&setup->error, (const char *)given + error_offset, sizeof(tacho_error *));
    }
    if (status == TACHO_OK) {
        return TACHO_OK;
    }
    char why[TACHOI_SIZE_TEXT_BYTES];
    tachoi_setup_describe_size(why, sizeof why, status, given, known_size, setup->type);
    return tachoi_setup_fail(setup, status, "struct_size", "%s", why);
}
