/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the characters of Prometheus' old names, and the small operations by which names are put
 * together at the end of a text. `start` is where the name begins in it. Knows no metrics. */
#ifndef TACHOI_PROMETHEUS_NAME_TEXT_H
#define TACHOI_PROMETHEUS_NAME_TEXT_H

#include <stdbool.h>

#include "base/text.h"
#include "tacho/attributes.h"

static inline bool tachoi_name_is_digit(char character) {
    return character >= '0' && character <= '9';
}

/** Whether a character stays as it is when names are escaped. The underscore aside: that one is
 * subject to collapsing. */
bool tachoi_name_is_kept(char character, bool keep_colon);
bool tachoi_name_has_kept(tacho_string string, bool keep_colon);

/** Cuts the text; does nothing to one that is shorter. */
void tachoi_name_truncate(struct tachoi_text *text, size_t length);

/** One underscore, unless the name ends with one already. */
void tachoi_name_append_underscore(struct tachoi_text *out, size_t start);

/** Whatever is not kept becomes an underscore, runs of them one. */
void tachoi_name_append_escaped(struct tachoi_text *out, size_t start, tacho_string string,
                                bool keep_colon);

/** Whether the name ends with the word: as a whole, or behind a character of ASCII that is neither
 * letter nor digit nor colon. `length` is that of the name. */
bool tachoi_name_ends_with_word(const char *name, size_t length, tacho_string word);

/** Without the spaces around it. */
tacho_string tachoi_name_trim(tacho_string string);

#endif
