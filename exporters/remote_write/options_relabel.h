/* SPDX-License-Identifier: Apache-2.0 */
/* Owns write_relabel_configs between the public options and the relabelling of prometheus/: the
 * text of rules in the environment, and their compilation. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_RELABEL_H
#define TACHOI_REMOTE_WRITE_OPTIONS_RELABEL_H

#include "remote_write/options.h"

/** Sets the rules to what `text`, the value of `variable`, says. TACHO_OK; TACHO_E_INVALID with the
 * place; TACHO_E_NO_MEMORY. */
int tachoi_option_relabel_parse(struct tachoi_remote_write_config *config, const char *variable,
                                const char *text, tacho_error *error);

/** Compiles the rules to config->relabel. TACHO_OK; TACHO_E_INVALID with the rule and its member;
 * TACHO_E_NO_MEMORY. */
int tachoi_option_relabel_compile(struct tachoi_remote_write_config *config, tacho_error *error);

#endif
