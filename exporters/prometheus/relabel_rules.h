/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the compiled form of relabelling rules, which relabel.c makes and relabel_apply.c applies.
 * For them alone. */
#ifndef TACHOI_PROMETHEUS_RELABEL_RULES_H
#define TACHOI_PROMETHEUS_RELABEL_RULES_H

#include "prometheus/relabel.h"
#include "prometheus/relabel_template.h"

struct tachoi_relabel_compiled {
    enum tachoi_relabel_action action;
    tacho_string *sources;
    size_t source_count;
    tacho_string separator;
    pcre2_code *regex;             /* of a case, for lowercase and uppercase; NULL for *equal */
    tacho_string target_label;     /* where it is no template */
    struct tachoi_template target; /* of replace */
    struct tachoi_template replacement;
};

struct tachoi_relabel {
    struct tachoi_arena arena; /* all that rules hold but expressions */
    struct tachoi_relabel_compiled *rules;
    size_t count;
    bool is_utf8;
    struct tachoi_regexes *regexes; /* scratch memory: not constant where the rest is */
};

/** Whether a label may have that name. */
bool tachoi_relabel_is_label_name(bool is_utf8, tacho_string name);

#endif
