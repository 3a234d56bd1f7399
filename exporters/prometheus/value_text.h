/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the text of attribute values for protocols that know only strings (ATTR-10..16). Pure. */
#ifndef TACHOI_PROMETHEUS_VALUE_TEXT_H
#define TACHOI_PROMETHEUS_VALUE_TEXT_H

#include "base/text.h"
#include "tacho/attributes.h"

/** Appends the value as text: strings as they are (ill-formed UTF-8 repaired), numbers and booleans
 * as JSON, bytes as Base64, arrays and maps as JSON. Locale-independent. */
void tachoi_value_to_text(const tacho_value *value, struct tachoi_text *out);

#endif
