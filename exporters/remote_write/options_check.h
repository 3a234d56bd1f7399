/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what resolved options must satisfy: URLs, files that can be read, headers that may be sent,
 * options that do not contradict each other. Opens files; no network. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_CHECK_H
#define TACHOI_REMOTE_WRITE_OPTIONS_CHECK_H

#include "tacho/exporters/remote_write.h"

/** TACHO_OK, or TACHO_E_INVALID with the field and the reason in `error` (may be NULL) and in a
 * diagnostic. Messages never hold a secret, nor a URL that could hold one. */
int tachoi_remote_write_options_check(const tacho_remote_write_options *values, tacho_error *error);

#endif
