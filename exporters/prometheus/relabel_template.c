/* SPDX-License-Identifier: Apache-2.0 */
/* Owns parsing and expansion of templates. See relabel_template.h. */
#include "prometheus/relabel_template.h"

#include <string.h>

#include "base/env.h"
#include "tacho/status.h"

enum { TOKEN_DOLLAR = 1, TOKEN_BRACED = 2, TOKEN_BARE = 3 };

int tachoi_template_compile_tokens(struct tachoi_regexes *regexes, pcre2_code **out) {
    char reason[1];
    return tachoi_regexes_compile(regexes,
                                  "\\$(?:(\\$)|\\{([\\p{L}\\p{Nd}_]++)\\}|([\\p{L}\\p{Nd}_]++))", 0,
                                  out, reason, sizeof(reason));
}

/* The number of the group that is meant; beyond the group count if there is none. */
static uint32_t group_of(const pcre2_code *code, tacho_string name) {
    char terminated[64];
    uint64_t number = 0;
    const bool has_leading_zero = name.length > 1 && name.data[0] == '0';
    if (tachoi_parse_u64(name.data, name.length, UINT32_MAX, &number)) {
        return has_leading_zero ? UINT32_MAX : (uint32_t)number;
    }
    if (name.length >= sizeof(terminated)) {
        return UINT32_MAX;
    }
    memcpy(terminated, name.data, name.length);
    terminated[name.length] = '\0';
    const int found = pcre2_substring_number_from_name(code, (PCRE2_SPTR)terminated);
    return found > 0 ? (uint32_t)found : UINT32_MAX;
}

static void add_text(struct tachoi_template *it, tacho_string text) {
    if (text.length > 0) {
        it->pieces[it->count++] = (struct tachoi_template_piece){.text = text};
    }
}

/* What the token of the last match stands for. */
static void add_token(struct tachoi_template *it, const struct tachoi_regexes *regexes,
                      const pcre2_code *code, tacho_string rest) {
    const tacho_string dollar = tachoi_regexes_group(regexes, rest, TOKEN_DOLLAR);
    tacho_string name = tachoi_regexes_group(regexes, rest, TOKEN_BRACED);
    if (name.length == 0) {
        name = tachoi_regexes_group(regexes, rest, TOKEN_BARE);
    }
    add_text(it, dollar);
    if (name.length > 0) {
        const uint32_t group = group_of(code, name);
        if (group <= tachoi_regex_group_count(code)) {
            it->pieces[it->count++] =
                (struct tachoi_template_piece){.group = group, .is_group = true};
        }
    }
}

int tachoi_template_parse(struct tachoi_regexes *regexes, const pcre2_code *tokens,
                          const pcre2_code *code, const char *text, struct tachoi_arena *arena,
                          struct tachoi_template *out) {
    tacho_string rest = {text, strlen(text)};
    size_t room = 1;
    for (size_t i = 0; i < rest.length; i++) {
        room += rest.data[i] == '$' ? 2 : 0;
    }
    struct tachoi_template it = {tachoi_arena_alloc(arena, room, sizeof(*it.pieces)), 0};
    enum tachoi_regex_result found =
        it.pieces != NULL ? TACHOI_REGEX_MATCH : TACHOI_REGEX_NO_MEMORY;
    while (found == TACHOI_REGEX_MATCH) {
        found = tachoi_regexes_match(regexes, tokens, rest);
        if (found == TACHOI_REGEX_MATCH) {
            const tacho_string token = tachoi_regexes_group(regexes, rest, 0);
            const size_t before = (size_t)(token.data - rest.data);
            add_text(&it, (tacho_string){rest.data, before});
            add_token(&it, regexes, code, rest);
            rest.data += before + token.length;
            rest.length -= before + token.length;
        }
    }
    if (found == TACHOI_REGEX_NO_MEMORY) {
        return TACHO_E_NO_MEMORY;
    }
    add_text(&it, rest);
    *out = it;
    return TACHO_OK;
}

static tacho_string piece_text(const struct tachoi_template_piece *piece,
                               const struct tachoi_regexes *regexes, tacho_string subject) {
    return piece->is_group ? tachoi_regexes_group(regexes, subject, piece->group) : piece->text;
}

bool tachoi_template_expand(const struct tachoi_template *it, const struct tachoi_regexes *regexes,
                            tacho_string subject, struct tachoi_arena *arena, tacho_string *out) {
    size_t length = 0;
    for (size_t i = 0; i < it->count; i++) {
        length += piece_text(&it->pieces[i], regexes, subject).length;
    }
    if (it->count <= 1) {
        *out =
            it->count == 0 ? (tacho_string){"", 0} : piece_text(&it->pieces[0], regexes, subject);
        return true;
    }
    char *text = tachoi_arena_alloc(arena, length + 1, 1);
    if (text == NULL) {
        return false;
    }
    size_t written = 0;
    for (size_t i = 0; i < it->count; i++) {
        const tacho_string piece = piece_text(&it->pieces[i], regexes, subject);
        if (piece.length > 0) {
            memcpy(text + written, piece.data, piece.length);
            written += piece.length;
        }
    }
    *out = (tacho_string){text, length};
    return true;
}
