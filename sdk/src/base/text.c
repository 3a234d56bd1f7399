/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the growing string. */
#include "base/text.h"

#include <string.h>

#include "base/alloc.h"

#define FIRST_CAPACITY ((size_t)64)

void tachoi_text_init(struct tachoi_text *text, size_t max_length) {
    *text = (struct tachoi_text){.max_length = max_length};
}

void tachoi_text_fini(struct tachoi_text *text) {
    if (text == NULL) {
        return;
    }
    tachoi_free(text->data);
    *text = (struct tachoi_text){.max_length = text->max_length};
}

void tachoi_text_clear(struct tachoi_text *text) {
    text->length = 0;
    text->failed = false;
    if (text->data != NULL) {
        text->data[0] = '\0';
    }
}

/* Makes room for `length` more characters and the NUL. */
static bool reserve(struct tachoi_text *text, size_t length) {
    size_t wanted;
    if (!tachoi_size_add(text->length, length, &wanted) ||
        (text->max_length != 0 && wanted > text->max_length) ||
        !tachoi_size_add(wanted, 1, &wanted)) {
        return false;
    }
    if (wanted <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity != 0 ? text->capacity : FIRST_CAPACITY;
    while (capacity < wanted) {
        capacity = capacity > SIZE_MAX / 2 ? wanted : 2 * capacity;
    }
    char *data = tachoi_realloc_array(text->data, capacity, 1);
    if (data == NULL) {
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void tachoi_text_append(struct tachoi_text *text, const char *data, size_t length) {
    if (text->failed || !reserve(text, length)) {
        text->failed = true;
        return;
    }
    if (length != 0) {
        memcpy(text->data + text->length, data, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
}

void tachoi_text_append_string(struct tachoi_text *text, const char *string) {
    tachoi_text_append(text, string, strlen(string));
}

void tachoi_text_append_char(struct tachoi_text *text, char character) {
    tachoi_text_append(text, &character, 1);
}

/* Written from the back; 20 digits hold every 64-bit number. */
void tachoi_text_append_u64(struct tachoi_text *text, uint64_t value) {
    char digits[20];
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    tachoi_text_append(text, digits + first, sizeof digits - first);
}

void tachoi_text_append_i64(struct tachoi_text *text, int64_t value) {
    if (value < 0) {
        tachoi_text_append_char(text, '-');
        tachoi_text_append_u64(text, UINT64_C(0) - (uint64_t)value);
    } else {
        tachoi_text_append_u64(text, (uint64_t)value);
    }
}

static int ascii_lower(char character) {
    return character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character;
}

bool tachoi_ascii_equal_ignoring_case(const char *a, const char *b) {
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return ascii_lower(*a) == ascii_lower(*b);
}
