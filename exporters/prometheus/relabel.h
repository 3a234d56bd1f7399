/* SPDX-License-Identifier: Apache-2.0 */
/* Owns relabelling in the manner of Prometheus' write_relabel_configs: rules over the labels of a
 * series, with PCRE2 for the regular expressions, which are anchored at both ends. Knows nothing of
 * options structs or of remote write. A compiled list is immutable; applying it needs its scratch
 * memory: one thread at a time. */
#ifndef TACHOI_PROMETHEUS_RELABEL_H
#define TACHOI_PROMETHEUS_RELABEL_H

#include <stdbool.h>

#include "base/arena.h"
#include "tacho/attributes.h"

enum tachoi_relabel_action {
    TACHOI_RELABEL_REPLACE,
    TACHOI_RELABEL_KEEP,
    TACHOI_RELABEL_DROP,
    TACHOI_RELABEL_LABEL_DROP,
    TACHOI_RELABEL_LABEL_KEEP,
    TACHOI_RELABEL_LABEL_MAP,
    TACHOI_RELABEL_LOWERCASE,
    TACHOI_RELABEL_UPPERCASE,
    TACHOI_RELABEL_KEEP_EQUAL,
    TACHOI_RELABEL_DROP_EQUAL
};

/** One rule; NULL texts have Prometheus' defaults. Borrowed during compile. */
struct tachoi_relabel_rule {
    enum tachoi_relabel_action action;
    const char *const *source_labels;
    size_t source_label_count;
    const char *separator;
    const char *regex;
    const char *target_label;
    const char *replacement;
};

/** Why a rule cannot be had: the member and the rest of a sentence, "write_relabel_configs[2].regex
 * is not valid: missing closing parenthesis at offset 3". */
struct tachoi_relabel_problem {
    size_t rule;
    const char *member;
    char reason[160];
};

struct tachoi_relabel;

/** Compiles rules. TACHO_OK; TACHO_E_INVALID with `problem`; TACHO_E_NO_MEMORY. With `is_utf8`
 * label names may be any UTF-8, else only Prometheus' old ones. */
int tachoi_relabel_compile(const struct tachoi_relabel_rule *rules, size_t count, bool is_utf8,
                           struct tachoi_relabel **out, struct tachoi_relabel_problem *problem);
void tachoi_relabel_destroy(struct tachoi_relabel *relabel); /* NULL is allowed */

struct tachoi_relabel_label {
    tacho_string name;
    tacho_string value;
    bool is_points; /* of the series alone: handed on to what a rule makes of it */
};

enum tachoi_relabel_result {
    TACHOI_RELABEL_OK,
    TACHOI_RELABEL_DROPPED, /* a rule drops the series, or it has no label left */
    TACHOI_RELABEL_NO_MEMORY
};

/** Labels in byte order of their names, unique. `items` has room for `count`; apply replaces both,
 * in the arena, sorted and without empty ones. */
struct tachoi_relabel_labels {
    struct tachoi_relabel_label *items;
    size_t count;
};

enum tachoi_relabel_result tachoi_relabel_apply(const struct tachoi_relabel *relabel,
                                                struct tachoi_relabel_labels *labels,
                                                struct tachoi_arena *arena);

#endif
