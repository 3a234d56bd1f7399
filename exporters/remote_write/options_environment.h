/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of options from the environment: TACHO_REMOTE_WRITE_ and the option's name in
 * capitals. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_ENVIRONMENT_H
#define TACHOI_REMOTE_WRITE_OPTIONS_ENVIRONMENT_H

#include "remote_write/options.h"
#include "remote_write/options_table.h"

/**
 * Sets the option as its variable says, if there is one. What a number, a truth value or a word
 * should be and is not is told and passed over; a list that cannot be read is refused. TACHO_OK,
 * TACHO_E_INVALID, TACHO_E_NO_MEMORY.
 */
int tachoi_option_from_environment(struct tachoi_remote_write_config *config,
                                   const struct tachoi_option *option, tacho_error *error);

#endif
