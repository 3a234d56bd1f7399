/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rule for size-tagged options (design: grow at the end, unknown tails refused) and the
 * filling of tacho_error. */
#ifndef TACHOI_BASE_OPTIONS_H
#define TACHOI_BASE_OPTIONS_H

#include <stdarg.h>
#include <stddef.h>

#include "tacho/status.h"

/** The least that struct_size may be: up to the last member of a struct's first release. Members
 * that came later are absent in programs compiled before, and count as zero. */
#define TACHOI_SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
#define TACHOI_SIZE_UP_TO_ERROR(type) (offsetof(type, error) + sizeof(tacho_error *))

/**
 * Copies the options that the caller gave (their first member is struct_size) into `known`, a
 * zeroed struct of `known_size` bytes. NULL options leave it zeroed. Returns TACHO_OK,
 * TACHO_E_INVALID if struct_size is smaller than `minimum_size` (the size of the first released
 * version), TACHO_E_UNSUPPORTED if the part this version does not know is not all zero.
 */
int tachoi_options_copy(const void *given, void *known, size_t known_size, size_t minimum_size);

/** Fills `error` (may be NULL) and returns `status`. */
int tachoi_error_set(tacho_error *error, int status, const char *field, const char *format, ...)
    TACHO_PRINTF(4, 5);
int tachoi_error_set_list(tacho_error *error, int status, const char *field, const char *format,
                          va_list arguments) TACHO_PRINTF(4, 0);

#endif
