/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what follows from options that have been checked: the lines of headers, the name of the
 * endpoint, external labels under the names that series have, compiled rules. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_DERIVED_H
#define TACHOI_REMOTE_WRITE_OPTIONS_DERIVED_H

#include "remote_write/options.h"

/** Fills the rest of `config`. TACHO_OK; TACHO_E_INVALID for a label or a rule that cannot be had;
 * TACHO_E_NO_MEMORY. */
int tachoi_remote_write_options_derive(struct tachoi_remote_write_config *config,
                                       tacho_error *error);

#endif
