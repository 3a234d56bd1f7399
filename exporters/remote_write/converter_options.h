/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the conversion takes from the configuration. Pure. */
#ifndef TACHOI_REMOTE_WRITE_CONVERTER_OPTIONS_H
#define TACHOI_REMOTE_WRITE_CONVERTER_OPTIONS_H

#include "remote_write/converter.h"
#include "remote_write/options.h"

/** The converter's options; they point into `config`, which must outlive it. */
void tachoi_remote_write_converter_options(const struct tachoi_remote_write_config *config,
                                           struct tachoi_converter_options *out);

/** How names are made. */
struct tachoi_prometheus_naming
tachoi_remote_write_naming(const tacho_remote_write_options *values);

/** Whether names may hold any UTF-8 (CONV-05). */
bool tachoi_remote_write_is_utf8(const tacho_remote_write_options *values);

#endif
