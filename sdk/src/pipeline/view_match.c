/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/view_match.h"

#include <string.h>

#include "pipeline/names.h"

bool tachoi_glob_has_wildcards(const char *pattern) {
    return strpbrk(pattern, "*?") != NULL;
}

static int folded(char character, bool ignores_case) {
    return ignores_case && character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

/* Where the character that begins at `at` ends: bytes 10xxxxxx go on with it. */
static size_t character_end(tacho_string text, size_t at) {
    do {
        at++;
    } while (at < text.length && ((unsigned char)text.data[at] & 0xC0U) == 0x80U);
    return at;
}

/* Only the last `*` is ever tried again: if what lies between two of them has been found at all,
 * its first place leaves the most to the rest. So one place to go back to is enough. */
bool tachoi_glob_matches(const char *pattern, tacho_string text, bool ignores_case) {
    const char *after_star = NULL;
    size_t retry = 0; /* where the last `*` ended its run */
    size_t at = 0;
    while (at < text.length) {
        if (*pattern == '*') {
            after_star = ++pattern;
            retry = at;
        } else if (*pattern == '?') {
            pattern++;
            at = character_end(text, at);
        } else if (*pattern != '\0' &&
                   folded(*pattern, ignores_case) == folded(text.data[at], ignores_case)) {
            pattern++;
            at++;
        } else if (after_star != NULL) {
            pattern = after_star;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool is_exactly(const char *wanted, tacho_string text) {
    return wanted == NULL || tachoi_string_equals(tacho_string_from(wanted), text);
}

bool tachoi_view_selects(const struct tachoi_view_selector *selector, const tacho_scope *scope,
                         const struct tachoi_instrument_about *about) {
    return (selector->instrument_types == 0 ||
            (selector->instrument_types >> (unsigned)about->kind & 1U) != 0) &&
           is_exactly(selector->unit, about->unit) &&
           is_exactly(selector->meter_version, scope->version) &&
           is_exactly(selector->meter_schema_url, scope->schema_url) &&
           (selector->instrument_name == NULL ||
            tachoi_glob_matches(selector->instrument_name, about->name, true)) &&
           (selector->meter_name == NULL ||
            tachoi_glob_matches(selector->meter_name, scope->name, false));
}
