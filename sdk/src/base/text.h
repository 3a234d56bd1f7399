/* SPDX-License-Identifier: Apache-2.0 */
/* Owns text: a growing string, numbers as text without the locale, UTF-8. */
#ifndef TACHOI_BASE_TEXT_H
#define TACHOI_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A growing string, always ending in NUL once something was appended. When memory is short or
 * max_length is reached `failed` is set and stays: append at will and look once. */
struct tachoi_text {
    char *data;
    size_t length;
    size_t capacity;
    size_t max_length; /* 0 = unlimited */
    bool failed;
};

void tachoi_text_init(struct tachoi_text *text, size_t max_length);
void tachoi_text_fini(struct tachoi_text *text);
/** Empties it, keeps the memory, forgets a failure. */
void tachoi_text_clear(struct tachoi_text *text);
void tachoi_text_append(struct tachoi_text *text, const char *data, size_t length);
void tachoi_text_append_string(struct tachoi_text *text, const char *string);
void tachoi_text_append_char(struct tachoi_text *text, char character);
void tachoi_text_append_i64(struct tachoi_text *text, int64_t value);
void tachoi_text_append_u64(struct tachoi_text *text, uint64_t value);

/** Bytes that the longest double needs, NUL included. */
#define TACHOI_F64_TEXT_MAX 352

/** The value rounded to as few decimal digits as still read back as it, without exponent, without
 * ".0": 5, 0.005, 10000000000, -0, NaN, +Inf, -Inf. Returns its length. */
size_t tachoi_f64_to_text(double value, char out[TACHOI_F64_TEXT_MAX]);

/** The same for JSON-like text: exponents below 1e-6 and from 1e21 on, as JavaScript does; NaN,
 * Infinity, -Infinity (ATTR-13). */
size_t tachoi_f64_to_json(double value, char out[TACHOI_F64_TEXT_MAX]);

/** Whether two strings are equal but for the case of ASCII letters, whatever the locale. */
bool tachoi_ascii_equal_ignoring_case(const char *a, const char *b);

/** Whether all of it is well-formed UTF-8 (RFC 3629) without NUL. */
bool tachoi_utf8_is_valid(const char *data, size_t length);

/** Appends the text with each ill-formed part and each NUL replaced by U+FFFD. */
void tachoi_utf8_append_repaired(struct tachoi_text *text, const char *data, size_t length);

#endif
