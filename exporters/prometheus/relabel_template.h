/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the templates of relabelling: texts with $1, ${1}, ${name} and $$ in them, by the rules of
 * Go's Regexp.Expand. A name is as long as can be ($1x is ${1x}); a group that the expression lacks
 * is empty; a dollar that begins nothing of these stands for itself. */
#ifndef TACHOI_PROMETHEUS_RELABEL_TEMPLATE_H
#define TACHOI_PROMETHEUS_RELABEL_TEMPLATE_H

#include "prometheus/relabel_regex.h"

struct tachoi_template_piece {
    tacho_string text;
    uint32_t group;
    bool is_group;
};

struct tachoi_template {
    struct tachoi_template_piece *pieces;
    size_t count;
};

/** Compiles the expression that finds what begins with a dollar. */
int tachoi_template_compile_tokens(struct tachoi_regexes *regexes, pcre2_code **out);

/** Parses `text`, which outlives the template, for the groups of `code`. TACHO_OK or
 * TACHO_E_NO_MEMORY. */
int tachoi_template_parse(struct tachoi_regexes *regexes, const pcre2_code *tokens,
                          const pcre2_code *code, const char *text, struct tachoi_arena *arena,
                          struct tachoi_template *out);

/** The text for the last match of `subject`; in the arena, unless it is one piece. False when
 * memory is short. */
bool tachoi_template_expand(const struct tachoi_template *it, const struct tachoi_regexes *regexes,
                            tacho_string subject, struct tachoi_arena *arena, tacho_string *out);

#endif
