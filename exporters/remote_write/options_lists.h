/* SPDX-License-Identifier: Apache-2.0 */
/* Owns options that are lists: headers, labels, keys, relabelling rules. Copies those given in
 * code; what they hold is judged elsewhere. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_LISTS_H
#define TACHOI_REMOTE_WRITE_OPTIONS_LISTS_H

#include "remote_write/options.h"
#include "remote_write/options_table.h"

/** Replaces the list in config->values by a copy of itself with all its texts. TACHO_OK;
 * TACHO_E_INVALID for a count without a list, and for a rule's; TACHO_E_NO_MEMORY. */
int tachoi_option_list_copy(struct tachoi_remote_write_config *config,
                            const struct tachoi_option *option, tacho_error *error);

#endif
