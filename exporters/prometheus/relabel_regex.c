/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the use of PCRE2. See relabel_regex.h. */
#include "prometheus/relabel_regex.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tacho/status.h"

static void *allocate(size_t size, void *unused) {
    (void)unused;
    return tachoi_malloc(size);
}

static void release(void *memory, void *unused) {
    (void)unused;
    tachoi_free(memory);
}

/* --- set-up --- */

int tachoi_regexes_init(struct tachoi_regexes *regexes) {
    *regexes =
        (struct tachoi_regexes){.memory = pcre2_general_context_create(allocate, release, NULL)};
    if (regexes->memory == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    regexes->compiling = pcre2_compile_context_create(regexes->memory);
    regexes->matching = pcre2_match_context_create(regexes->memory);
    regexes->groups = pcre2_match_data_create(1, regexes->memory);
    if (regexes->compiling == NULL || regexes->matching == NULL || regexes->groups == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    (void)pcre2_set_newline(regexes->compiling, PCRE2_NEWLINE_LF);
    (void)pcre2_set_max_pattern_length(regexes->compiling, TACHOI_REGEX_LENGTH_MAX);
    (void)pcre2_set_match_limit(regexes->matching, TACHOI_REGEX_STEPS_MAX);
    (void)pcre2_set_heap_limit(regexes->matching, TACHOI_REGEX_KILOBYTES_MAX);
    return TACHO_OK;
}

void tachoi_regexes_fini(struct tachoi_regexes *regexes) {
    pcre2_match_data_free(regexes->groups);
    pcre2_match_context_free(regexes->matching);
    pcre2_compile_context_free(regexes->compiling);
    pcre2_general_context_free(regexes->memory);
    *regexes = (struct tachoi_regexes){.gave_up = regexes->gave_up};
}

/* Makes room for the groups of an expression. */
static bool reserve_groups(struct tachoi_regexes *regexes, const pcre2_code *code) {
    const uint32_t pairs = tachoi_regex_group_count(code) + 1;
    if (pairs <= pcre2_get_ovector_count(regexes->groups)) {
        return true;
    }
    pcre2_match_data *groups = pcre2_match_data_create(pairs, regexes->memory);
    if (groups == NULL) {
        return false;
    }
    pcre2_match_data_free(regexes->groups);
    regexes->groups = groups;
    return true;
}

static int refuse(int error, size_t offset, char *reason, size_t reason_size) {
    PCRE2_UCHAR message[120];
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY) {
        return TACHO_E_NO_MEMORY;
    }
    message[0] = '\0';
    (void)pcre2_get_error_message(error, message, sizeof(message));
    (void)snprintf(reason, reason_size, "is not valid: %s at offset %zu", (const char *)message,
                   offset);
    return TACHO_E_INVALID;
}

int tachoi_regexes_compile(struct tachoi_regexes *regexes, const char *pattern, uint32_t options,
                           pcre2_code **out, char *reason, size_t reason_size) {
    const uint32_t common =
        PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    int error = 0;
    size_t offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, common | options,
                                     &error, &offset, regexes->compiling);
    if (code == NULL) {
        return refuse(error, offset, reason, reason_size);
    }
    if (!reserve_groups(regexes, code)) {
        pcre2_code_free(code);
        return TACHO_E_NO_MEMORY;
    }
    *out = code;
    return TACHO_OK;
}

uint32_t tachoi_regex_group_count(const pcre2_code *code) {
    uint32_t count = 0;
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &count);
    return count;
}

/* --- matching --- */

enum tachoi_regex_result tachoi_regexes_match(struct tachoi_regexes *regexes,
                                              const pcre2_code *code, tacho_string subject) {
    const int rc = pcre2_match(code, (PCRE2_SPTR)(subject.length > 0 ? subject.data : ""),
                               subject.length, 0, 0, regexes->groups, regexes->matching);
    if (rc >= 0) {
        return TACHOI_REGEX_MATCH;
    }
    if (rc == PCRE2_ERROR_NOMEMORY) {
        return TACHOI_REGEX_NO_MEMORY;
    }
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT ||
        rc == PCRE2_ERROR_DEPTHLIMIT) {
        regexes->gave_up++;
    }
    return TACHOI_REGEX_NO_MATCH;
}

tacho_string tachoi_regexes_group(const struct tachoi_regexes *regexes, tacho_string subject,
                                  uint32_t number) {
    const size_t *ends = pcre2_get_ovector_pointer(regexes->groups);
    const size_t begin = ends[(size_t)2 * number];
    const size_t end = ends[(size_t)2 * number + 1];
    if (begin == PCRE2_UNSET || end <= begin) {
        return (tacho_string){"", 0};
    }
    return (tacho_string){subject.data + begin, end - begin};
}

/* --- case --- */

/* PCRE2 has one partner of the other case for each letter, which of some in Latin and Greek is not
 * their capital (iota would become its own subscript): these are groups of their own. */
static const char upper_pattern[] = "([^ßıſµμις]+)|(ß)|(ı)|(ſ)|([µμ])|(ι)|(ς)";
static const char upper_replacement[] =
    "\\U$1\\E$2${3:+I:}${4:+S:}${5:+\xce\x9c:}${6:+\xce\x99:}${7:+\xce\xa3:}";
static const char lower_pattern[] = ".+";
static const char lower_replacement[] = "\\L$0";

int tachoi_regexes_compile_case(struct tachoi_regexes *regexes, bool is_upper, pcre2_code **out) {
    char reason[1];
    return tachoi_regexes_compile(regexes, is_upper ? upper_pattern : lower_pattern, 0, out, reason,
                                  sizeof(reason));
}

bool tachoi_regexes_change_case(struct tachoi_regexes *regexes, const pcre2_code *code,
                                bool is_upper, tacho_string text, struct tachoi_arena *arena,
                                tacho_string *out) {
    const uint32_t options =
        PCRE2_SUBSTITUTE_EXTENDED | PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY;
    const char *replacement = is_upper ? upper_replacement : lower_replacement;
    size_t length = 2 * text.length + 1; /* a letter's partner takes at most a byte more */
    char *changed = tachoi_arena_alloc(arena, text.length + 1, 2);
    if (changed == NULL) {
        return false;
    }
    const int rc =
        pcre2_substitute(code, (PCRE2_SPTR)(text.length > 0 ? text.data : ""), text.length, 0,
                         options, regexes->groups, regexes->matching, (PCRE2_SPTR)replacement,
                         PCRE2_ZERO_TERMINATED, (PCRE2_UCHAR *)changed, &length);
    *out = rc >= 0 ? (tacho_string){changed, length} : text; /* as it is if it is not UTF-8 */
    return rc != PCRE2_ERROR_NOMEMORY;
}
