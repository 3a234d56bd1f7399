/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what resolved options must satisfy: URLs, files that can be read, headers that may be sent,
 * names that can be had, options that do not contradict each other. Opens files; no network.
 *
 * Each returns TACHO_OK, or TACHO_E_INVALID with the field and the reason in `error` (may be NULL)
 * and in a diagnostic, or TACHO_E_NO_MEMORY. Messages never hold a secret, nor a URL that could
 * hold one. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_CHECK_H
#define TACHOI_REMOTE_WRITE_OPTIONS_CHECK_H

#include "tacho/exporters/remote_write.h"

/** All that follows. */
int tachoi_remote_write_options_check(const tacho_remote_write_options *values, tacho_error *error);

/** How requests travel: URLs, credentials, headers, TLS. */
int tachoi_remote_write_check_transport(const tacho_remote_write_options *values,
                                        tacho_error *error);

/** What names and labels are made of; external labels are looked at when they are translated
 * (options_derived.h). */
int tachoi_remote_write_check_conversion(const tacho_remote_write_options *values,
                                         tacho_error *error);

/** Refuses an option with words that follow its name. */
int tachoi_remote_write_invalid(tacho_error *error, const char *field, const char *reason);

#endif
