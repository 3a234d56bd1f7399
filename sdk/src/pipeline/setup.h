/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a failed set-up call says: one diagnostic and the caller's tacho_error, in the same
 * words; and how large the public structs were when they were first released. */
#ifndef TACHOI_PIPELINE_SETUP_H
#define TACHOI_PIPELINE_SETUP_H

#include <stddef.h>

#include "base/options.h"
#include "tacho/sdk/meter_provider.h"

/* --- first released sizes ---
 * See base/options.h. Members that come after version 0.1 do not change these lines, so that
 * programs compiled before go on. */

#define TACHOI_FIRST_SCOPE_OPTIONS TACHOI_SIZE_UP_TO(tacho_scope_options, attributes)
#define TACHOI_FIRST_INSTRUMENT_OPTIONS                                                            \
    TACHOI_SIZE_UP_TO(tacho_instrument_options, explicit_bucket_boundary_count)
#define TACHOI_FIRST_CLOCK TACHOI_SIZE_UP_TO(tacho_clock, user)
#define TACHOI_FIRST_EXPORTER_OPS TACHOI_SIZE_UP_TO(tacho_metric_exporter_ops, delivery)
#define TACHOI_FIRST_RESOURCE_OPTIONS TACHOI_SIZE_UP_TO_ERROR(tacho_resource_options)
#define TACHOI_FIRST_PERIODIC_READER_OPTIONS TACHOI_SIZE_UP_TO_ERROR(tacho_periodic_reader_options)
#define TACHOI_FIRST_MANUAL_READER_OPTIONS TACHOI_SIZE_UP_TO_ERROR(tacho_manual_reader_options)
#define TACHOI_FIRST_PROVIDER_OPTIONS TACHOI_SIZE_UP_TO_ERROR(tacho_meter_provider_options)
#define TACHOI_FIRST_VIEW_OPTIONS TACHOI_SIZE_UP_TO_ERROR(tacho_view_options)
#define TACHOI_FIRST_AGGREGATION TACHOI_SIZE_UP_TO(tacho_aggregation, disable_min_max)
#define TACHOI_FIRST_RESERVOIR_OPS TACHOI_SIZE_UP_TO(tacho_exemplar_reservoir_ops, destroy)

/* --- failures --- */

/** Which call sets something up, with what. */
struct tachoi_setup {
    const char *component; /* as in diagnostics: "metric_reader" */
    const char *function;  /* "tacho_periodic_reader_create" */
    const char *type;      /* of its options: "tacho_periodic_reader_options" */
    const char *object;    /* which of several it is, for messages; NULL if there is no telling */
    tacho_error *error;    /* the caller's; NULL if not wanted or not to be read */
};

/** tachoi_options_copy; a failure is told. `error_offset` is that of the struct's member `error`,
 * which goes to setup->error where it can be read; 0 if it has none. */
int tachoi_setup_copy(struct tachoi_setup *setup, const void *given, void *known, size_t known_size,
                      size_t first_size, size_t error_offset);

/** Tells that the call fails because of a field of its options, and why and what helps; returns
 * `status`. */
int tachoi_setup_fail(const struct tachoi_setup *setup, int status, const char *field,
                      const char *format, ...) TACHO_PRINTF(4, 5);

/** The same, because of an argument of the function; "" if none is to blame. */
int tachoi_setup_fail_argument(const struct tachoi_setup *setup, int status, const char *argument,
                               const char *format, ...) TACHO_PRINTF(4, 5);

/** Whether there is a place for the result: TACHO_OK, or TACHO_E_INVALID, which is told. */
static inline int tachoi_setup_check_out(const struct tachoi_setup *setup, const void *out) {
    if (out != NULL) {
        return TACHO_OK;
    }
    (void)tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "out",
                                     "it is NULL; say where the result goes");
    return TACHO_E_INVALID;
}

/** What is wrong with the struct_size for which tachoi_options_copy gave `status`, and what helps.
 */
void tachoi_setup_describe_size(char *out, size_t out_size, int status, const void *given,
                                size_t known_size, const char *type);
#define TACHOI_SIZE_TEXT_BYTES 224

#endif
