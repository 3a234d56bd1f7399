/* SPDX-License-Identifier: Apache-2.0 */
/* Counts bytes as they come; a character may begin in one buffer and end in the next. */
#include "batch_count.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

struct scanner {
    struct batch_counts counts;
    mbstate_t state;
    bool in_word;
};

/* As wc sees it: ASCII's white space, and other spaces that can be printed, unbreakable ones too.
 */
static bool separates_words(wint_t character) {
    if (character < 0x80) {
        return iswspace(character);
    }
    return (iswprint(character) && iswspace(character)) || character == 0xA0 ||
           character == 0x2007 || character == 0x202F || character == 0x2060;
}

static void scan(struct scanner *scanner, char byte) {
    bool was_initial = mbsinit(&scanner->state) != 0;
    wchar_t character = L'\0';
    size_t length = mbrtowc(&character, &byte, 1, &scanner->state);
    if (length == (size_t)-1) { /* not a character: neither part of a word nor between words */
        memset(&scanner->state, 0, sizeof scanner->state);
        if (!was_initial) { /* the byte cut another one short; it may begin its own */
            scan(scanner, byte);
        }
        return;
    }
    if (length == (size_t)-2) { /* the beginning of one */
        return;
    }
    scanner->counts.lines += character == L'\n';
    if (separates_words((wint_t)character)) {
        scanner->in_word = false;
    } else if (!scanner->in_word && iswprint((wint_t)character)) {
        scanner->in_word = true;
        scanner->counts.words++;
    }
}

bool batch_count_file(const char *path, struct batch_counts *counts) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    struct scanner scanner = {0};
    char buffer[65536];
    size_t length = 0;
    errno = 0;
    while ((length = fread(buffer, 1, sizeof buffer, file)) > 0) {
        scanner.counts.bytes += (int64_t)length;
        for (size_t i = 0; i < length; i++) {
            scan(&scanner, buffer[i]);
        }
    }
    bool complete = ferror(file) == 0;
    int read_errno = errno;
    (void)fclose(file);
    errno = read_errno;
    *counts = scanner.counts;
    return complete;
}
