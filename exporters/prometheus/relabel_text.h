/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the reading of relabelling rules from one text, as an environment variable has them:
 *
 *   action=drop,source_labels=__name__|env,regex=debug_.%2A;target_label=team,replacement=core
 *
 * Rules are separated by ';', the members of a rule by ','. A member is key=value, blanks around
 * both left out, both percent-encoded where they need one of , ; % or blanks at their ends. Keys:
 * action, source_labels (names separated by '|'), separator, regex, target_label, replacement.
 * Whether the rules make sense is for tachoi_relabel_compile to say. Pure. */
#ifndef TACHOI_PROMETHEUS_RELABEL_TEXT_H
#define TACHOI_PROMETHEUS_RELABEL_TEXT_H

#include "prometheus/relabel.h"

struct tachoi_relabel_rules {
    struct tachoi_relabel_rule *items;
    size_t count;
};

/** Parses the rules into the arena; blank text has none. TACHO_OK; TACHO_E_INVALID with `problem`;
 * TACHO_E_NO_MEMORY. */
int tachoi_relabel_rules_parse(const char *text, size_t length, struct tachoi_arena *arena,
                               struct tachoi_relabel_rules *out,
                               struct tachoi_relabel_problem *problem);

#endif
