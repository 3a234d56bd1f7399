/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the comparison of names and other texts of instruments and streams: names mean the same
 * whatever the case of their ASCII letters, in any locale; all else must be equal byte for byte.
 * Pure. (API-14, INST-01) */
#ifndef TACHOI_PIPELINE_NAMES_H
#define TACHOI_PIPELINE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "tacho/attributes.h"

bool tachoi_string_equals(tacho_string a, tacho_string b);
bool tachoi_name_equals(tacho_string a, tacho_string b);
/** Equal for names that mean the same. */
uint64_t tachoi_name_hash(tacho_string name);

#endif
