/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/names.h"

#include <string.h>

bool tachoi_string_equals(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static unsigned fold(char character) {
    unsigned value = (unsigned char)character;
    return value >= 'A' && value <= 'Z' ? value + ('a' - 'A') : value;
}

bool tachoi_name_equals(tacho_string a, tacho_string b) {
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (fold(a.data[i]) != fold(b.data[i])) {
            return false;
        }
    }
    return true;
}

/* FNV-1a: names are short, and folded one character after the other. */
uint64_t tachoi_name_hash(tacho_string name) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ fold(name.data[i])) * UINT64_C(0x100000001b3);
    }
    return hash;
}
