/* SPDX-License-Identifier: Apache-2.0 */
/* Owns regular expressions: everything that is PCRE2's, with its memory from base and its work
 * bounded, so that no expression makes an export hang on the text of a label. Knows nothing of
 * rules. Texts are UTF-8. One thread at a time. */
#ifndef TACHOI_PROMETHEUS_RELABEL_REGEX_H
#define TACHOI_PROMETHEUS_RELABEL_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/arena.h"
#include "tacho/attributes.h"

/** Bounds of one match: steps, and kilobytes for places to go back to. */
#define TACHOI_REGEX_STEPS_MAX 1000000U
#define TACHOI_REGEX_KILOBYTES_MAX 4096U
/** Bytes of an expression. */
#define TACHOI_REGEX_LENGTH_MAX 16384U

struct tachoi_regexes {
    pcre2_general_context *memory;
    pcre2_compile_context *compiling;
    pcre2_match_context *matching;
    pcre2_match_data *groups; /* room for the most groups of all; of the last match */
    uint64_t gave_up;         /* matches that were ended by a bound */
};

/** TACHO_OK or TACHO_E_NO_MEMORY; fini after both. */
int tachoi_regexes_init(struct tachoi_regexes *regexes);
/** After all expressions were freed. */
void tachoi_regexes_fini(struct tachoi_regexes *regexes);

/**
 * Compiles an expression, in which a dot matches a line's end too; freed with pcre2_code_free. With
 * PCRE2_ANCHORED | PCRE2_ENDANCHORED among `options` it matches whole texts only. TACHO_OK;
 * TACHO_E_INVALID, `reason` being PCRE2's words and the offset; TACHO_E_NO_MEMORY.
 */
int tachoi_regexes_compile(struct tachoi_regexes *regexes, const char *pattern, uint32_t options,
                           pcre2_code **out, char *reason, size_t reason_size);

/** How many groups the expression has, the whole not counted. */
uint32_t tachoi_regex_group_count(const pcre2_code *code);

enum tachoi_regex_result {
    TACHOI_REGEX_MATCH,
    TACHOI_REGEX_NO_MATCH, /* also beyond a bound (counted), and for what is not UTF-8 */
    TACHOI_REGEX_NO_MEMORY
};

enum tachoi_regex_result tachoi_regexes_match(struct tachoi_regexes *regexes,
                                              const pcre2_code *code, tacho_string subject);

/** The text of a group (0 = all) in the last match, which was one, of `subject`; empty if it has no
 * part in it. `number` is at most the expression's group count. */
tacho_string tachoi_regexes_group(const struct tachoi_regexes *regexes, tacho_string subject,
                                  uint32_t number);

/**
 * Changes the case of letters one for one by Unicode's tables, whatever the locale. `code` is of
 * tachoi_regexes_compile_case for the same case. False when memory is short.
 */
int tachoi_regexes_compile_case(struct tachoi_regexes *regexes, bool is_upper, pcre2_code **out);
bool tachoi_regexes_change_case(struct tachoi_regexes *regexes, const pcre2_code *code,
                                bool is_upper, tacho_string text, struct tachoi_arena *arena,
                                tacho_string *out);

#endif
