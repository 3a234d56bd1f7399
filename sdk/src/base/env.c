/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of environment variables and of the small languages in them. */
#include "base/env.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "tacho/status.h"

const char *tachoi_env_get(const char *name) {
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool tachoi_parse_u64(const char *data, size_t length, uint64_t max, uint64_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (data[i] < '0' || data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(data[i] - '0');
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (length == 0) {
        return false;
    }
    *out = value;
    return true;
}

enum tachoi_env_result tachoi_env_u64(const char *name, uint64_t max, uint64_t *out) {
    const char *value = tachoi_env_get(name);
    if (value == NULL) {
        return TACHOI_ENV_UNSET;
    }
    return tachoi_parse_u64(value, strlen(value), max, out) ? TACHOI_ENV_OK : TACHOI_ENV_INVALID;
}

enum tachoi_env_result tachoi_env_bool(const char *name, bool *out) {
    const char *value = tachoi_env_get(name);
    if (value == NULL) {
        return TACHOI_ENV_UNSET;
    }
    *out = tachoi_ascii_equal_ignoring_case(value, "true");
    return *out || tachoi_ascii_equal_ignoring_case(value, "false") ? TACHOI_ENV_OK
                                                                    : TACHOI_ENV_INVALID;
}

/* The value of a hexadecimal digit, -1 if it is none. */
static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

bool tachoi_percent_decode(const char *data, size_t length, char *out, size_t *out_length) {
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        char character = data[i];
        if (character == '%') {
            int high = length - i > 2 ? hex_value(data[i + 1]) : -1;
            int low = length - i > 2 ? hex_value(data[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            character = (char)(high * 16 + low);
            i += 2;
        }
        out[written++] = character;
    }
    *out_length = written;
    return true;
}

static bool is_blank(char character) {
    return character == ' ' || character == '\t';
}

/* Decodes data[0..length), blanks around it left out, to `out`. */
static bool decode_part(const char *data, size_t length, char *out, size_t *out_length) {
    while (length > 0 && is_blank(data[0])) {
        data++;
        length--;
    }
    while (length > 0 && is_blank(data[length - 1])) {
        length--;
    }
    return tachoi_percent_decode(data, length, out, out_length);
}

typedef bool pair_fn(const char *key, size_t key_length, const char *value, size_t value_length,
                     void *user);

/* One key=value in item[0..length). `buffer` has `length` bytes: the decoded parts are never
 * longer than the encoded ones. */
static bool parse_pair(const char *item, size_t length, char *buffer, pair_fn *each, void *user) {
    const char *equals = memchr(item, '=', length);
    if (equals == NULL) {
        return false;
    }
    size_t key_length;
    size_t value_length;
    if (!decode_part(item, (size_t)(equals - item), buffer, &key_length) || key_length == 0) {
        return false;
    }
    const char *value = equals + 1;
    char *value_buffer = buffer + key_length;
    return decode_part(value, (size_t)(item + length - value), value_buffer, &value_length) &&
           each(buffer, key_length, value_buffer, value_length, user);
}

int tachoi_parse_pairs(const char *text,
                       bool (*each)(const char *key, size_t key_length, const char *value,
                                    size_t value_length, void *user),
                       void *user) {
    char *buffer = tachoi_malloc(strlen(text));
    if (buffer == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    bool is_good = true;
    while (is_good) {
        size_t length = strcspn(text, ",");
        is_good = parse_pair(text, length, buffer, each, user);
        if (text[length] == '\0') {
            break;
        }
        text += length + 1;
    }
    tachoi_free(buffer);
    return is_good ? TACHO_OK : TACHO_E_INVALID;
}
