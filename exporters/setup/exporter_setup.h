/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a failed creation of an exporter says: one diagnostic and the caller's tacho_error, in
 * the same words; and how options of other versions are taken in. For exporters whose options are
 * few; knows nothing of what they hold. */
#ifndef TACHOI_SETUP_EXPORTER_SETUP_H
#define TACHOI_SETUP_EXPORTER_SETUP_H

#include <stddef.h>

#include "tacho/sdk/metric_exporter.h"

/** Which call makes what. */
struct tachoi_exporter_setup {
    const char *component; /* as in diagnostics: "console" */
    const char *function;  /* "tacho_console_exporter_create" */
    const char *type;      /* of its options: "tacho_console_options" */
    tacho_error *error;    /* the caller's; NULL if not wanted or not to be read */
};

/** Copies options (NULL = all zero) into `known`, zeroed; `error_offset` is that of their member
 * `error`, which goes to setup->error where it can be read. TACHO_OK, TACHO_E_INVALID or
 * TACHO_E_UNSUPPORTED, which is told. `first_size`: the least that struct_size may be. */
int tachoi_exporter_setup_copy(struct tachoi_exporter_setup *setup, const void *given, void *known,
                               size_t known_size, size_t first_size, size_t error_offset);

/** Tells that the call fails because of a field of its options, or "" and why; returns `status`. */
int tachoi_exporter_setup_fail(const struct tachoi_exporter_setup *setup, int status,
                               const char *field, const char *format, ...) TACHO_PRINTF(4, 5);

/** Puts the exporter behind its door; takes `self` (NULL = memory was short) over in any case.
 * TACHO_OK, TACHO_E_INVALID (no `out`), TACHO_E_NO_MEMORY, all told. */
int tachoi_exporter_setup_finish(const struct tachoi_exporter_setup *setup,
                                 const tacho_metric_exporter_ops *ops, void *self,
                                 tacho_metric_exporter **out);

#endif
