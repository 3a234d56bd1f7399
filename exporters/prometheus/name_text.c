/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the characters of names. See name_text.h. */
#include "prometheus/name_text.h"

#include <string.h>

bool tachoi_name_is_kept(char character, bool keep_colon) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           tachoi_name_is_digit(character) || (keep_colon && character == ':');
}

bool tachoi_name_has_kept(tacho_string string, bool keep_colon) {
    for (size_t i = 0; i < string.length; i++) {
        if (tachoi_name_is_kept(string.data[i], keep_colon)) {
            return true;
        }
    }
    return false;
}

void tachoi_name_truncate(struct tachoi_text *text, size_t length) {
    if (text->length > length) {
        text->length = length;
        text->data[length] = '\0';
    }
}

void tachoi_name_append_underscore(struct tachoi_text *out, size_t start) {
    if (out->length == start || out->data[out->length - 1] != '_') {
        tachoi_text_append_char(out, '_');
    }
}

void tachoi_name_append_escaped(struct tachoi_text *out, size_t start, tacho_string string,
                                bool keep_colon) {
    for (size_t i = 0; i < string.length; i++) {
        if (tachoi_name_is_kept(string.data[i], keep_colon)) {
            tachoi_text_append_char(out, string.data[i]);
        } else {
            tachoi_name_append_underscore(out, start);
        }
    }
}

/* Parts of a larger character of UTF-8 are none. */
static bool is_border(char character) {
    return (unsigned char)character < 0x80 && !tachoi_name_is_kept(character, true);
}

bool tachoi_name_ends_with_word(const char *name, size_t length, tacho_string word) {
    if (length < word.length || word.length == 0 ||
        memcmp(name + length - word.length, word.data, word.length) != 0) {
        return false;
    }
    return length == word.length || is_border(name[length - word.length - 1]);
}

tacho_string tachoi_name_trim(tacho_string string) {
    while (string.length > 0 && string.data[0] == ' ') {
        string.data++;
        string.length--;
    }
    while (string.length > 0 && string.data[string.length - 1] == ' ') {
        string.length--;
    }
    return string;
}
