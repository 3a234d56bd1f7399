/* SPDX-License-Identifier: Apache-2.0 */
/* Owns relabelling in the manner of Prometheus' write_relabel_configs (CONV-24): rules over the
 * labels of a series, with PCRE2 for the regular expressions, which are anchored at both ends.
 * Knows nothing of options structs or of remote write. A compiled list is immutable; applying it
 * needs its scratch memory: one thread at a time.
 *
 * Where it is not Prometheus: PCRE2's syntax for RE2's; labelmap passes over names that no label
 * may have; a few rare letters have other capitals; hashmod is missing. Labels that begin with __
 * stay, as there after write relabelling. */
#ifndef TACHOI_PROMETHEUS_RELABEL_H
#define TACHOI_PROMETHEUS_RELABEL_H

#include <stdbool.h>
#include <stdint.h>

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

/** Prometheus' name of an action, in any case. */
bool tachoi_relabel_action_of(const char *name, enum tachoi_relabel_action *out);

/** Why a rule cannot be had: the member ("" = the rule as such) and the rest of a sentence,
 * "write_relabel_configs[2].regex is not valid: missing closing parenthesis at offset 3". */
struct tachoi_relabel_problem {
    size_t rule;
    const char *member; /* lives for ever */
    char reason[160];
};

/** Fills in member and reason: `before`, `text` in quotation marks (NULL = none), `after`. Returns
 * TACHO_E_INVALID. */
int tachoi_relabel_refuse(struct tachoi_relabel_problem *problem, const char *member,
                          const char *before, const char *text, const char *after);

struct tachoi_relabel;

/** Compiles rules. TACHO_OK; TACHO_E_INVALID with `problem`; TACHO_E_NO_MEMORY. With `is_utf8`
 * label names may be any UTF-8, else only Prometheus' old ones. What Prometheus refuses is refused;
 * like there, $ and a group that the expression lacks is an empty text. */
int tachoi_relabel_compile(const struct tachoi_relabel_rule *rules, size_t count, bool is_utf8,
                           struct tachoi_relabel **out, struct tachoi_relabel_problem *problem);
void tachoi_relabel_destroy(struct tachoi_relabel *relabel); /* NULL is allowed */

struct tachoi_relabel_label {
    tacho_string name;
    tacho_string value;
    /* Of the series alone. What a rule sets has it if a source label has; what a rule leaves alone,
     * because it does not match, keeps its own. */
    bool is_points;
};

enum tachoi_relabel_result {
    TACHOI_RELABEL_OK,
    TACHOI_RELABEL_DROPPED, /* a rule drops the series, or it has no label left */
    TACHOI_RELABEL_NO_MEMORY
};

/** Labels in byte order of their names, unique, UTF-8. */
struct tachoi_relabel_labels {
    struct tachoi_relabel_label *items;
    size_t count;
};

/** Replaces `labels` by the result, in the arena: sorted, unique, without empty ones. Texts are in
 * the arena, in the labels given or in `relabel`. On another result `labels` is as it was. */
enum tachoi_relabel_result tachoi_relabel_apply(const struct tachoi_relabel *relabel,
                                                struct tachoi_relabel_labels *labels,
                                                struct tachoi_arena *arena);

/** How many matches took too much work since compiling (1,000,000 steps or 4 MiB) and counted as
 * none: worth a warning that names the rules. */
uint64_t tachoi_relabel_gave_up(const struct tachoi_relabel *relabel);

#endif
