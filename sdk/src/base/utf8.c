/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the judgement of UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 * NUL counts as ill-formed, since the formats that are written cannot carry it safely. */
#include "base/text.h"

struct utf8_part {
    size_t length; /* at least 1 */
    bool is_valid;
};

/* What a lead byte asks for: how many bytes follow, and the range of the first of them, which is
 * where overlong forms, surrogates and too large numbers show. */
struct utf8_lead {
    size_t following;
    unsigned char low;
    unsigned char high;
};

static struct utf8_lead judge_lead(unsigned char lead) {
    struct utf8_lead wanted = {.following = 0, .low = 0x80, .high = 0xbf};
    if (lead >= 0xc2 && lead <= 0xdf) {
        wanted.following = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        wanted.following = 2;
        wanted.low = lead == 0xe0 ? 0xa0 : 0x80;
        wanted.high = lead == 0xed ? 0x9f : 0xbf;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        wanted.following = 3;
        wanted.low = lead == 0xf0 ? 0x90 : 0x80;
        wanted.high = lead == 0xf4 ? 0x8f : 0xbf;
    }
    return wanted;
}

/* The character at data[0], or the longest beginning of one that cannot be completed (what Unicode
 * recommends to replace as one). size > 0. */
static struct utf8_part next_part(const unsigned char *data, size_t size) {
    struct utf8_part part = {.length = 1, .is_valid = data[0] != 0 && data[0] < 0x80};
    struct utf8_lead wanted = judge_lead(data[0]);
    if (wanted.following == 0) {
        return part;
    }
    while (part.length < size && part.length <= wanted.following &&
           data[part.length] >= wanted.low && data[part.length] <= wanted.high) {
        part.length++;
        wanted.low = 0x80;
        wanted.high = 0xbf;
    }
    part.is_valid = part.length == wanted.following + 1;
    return part;
}

/* The number of bytes at the beginning that are well-formed. */
static size_t valid_prefix(const unsigned char *data, size_t size) {
    size_t length = 0;
    while (length < size) {
        struct utf8_part part = next_part(data + length, size - length);
        if (!part.is_valid) {
            break;
        }
        length += part.length;
    }
    return length;
}

bool tachoi_utf8_is_valid(const char *data, size_t length) {
    return valid_prefix((const unsigned char *)data, length) == length;
}

void tachoi_utf8_append_repaired(struct tachoi_text *text, const char *data, size_t length) {
    const unsigned char *bytes = (const unsigned char *)data;
    while (length > 0) {
        size_t good = valid_prefix(bytes, length);
        tachoi_text_append(text, (const char *)bytes, good);
        bytes += good;
        length -= good;
        if (length > 0) {
            size_t bad = next_part(bytes, length).length;
            tachoi_text_append_string(text, "\xef\xbf\xbd");
            bytes += bad;
            length -= bad;
        }
    }
}
