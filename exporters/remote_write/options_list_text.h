/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the text of options that are lists, as the environment has it: name=value,name=value for
 * headers and labels, key,key for keys, both percent-encoded. What they hold is judged elsewhere.
 */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_LIST_TEXT_H
#define TACHOI_REMOTE_WRITE_OPTIONS_LIST_TEXT_H

#include "remote_write/options.h"
#include "remote_write/options_table.h"

/** Sets the list to what `text`, the value of `variable`, says. TACHO_OK; TACHO_E_INVALID with what
 * it should look like; TACHO_E_NO_MEMORY. */
int tachoi_option_list_parse(struct tachoi_remote_write_config *config,
                             const struct tachoi_option *option, const char *variable,
                             const char *text, tacho_error *error);

#endif
