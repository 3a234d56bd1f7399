/* SPDX-License-Identifier: Apache-2.0 */
/* Owns write_relabel_configs. See options_relabel.h. */
#include "remote_write/options_relabel.h"

#include <string.h>

#include "base/alloc.h"
#include "prometheus/relabel_text.h"
#include "remote_write/converter_options.h"

#define FIELD "write_relabel_configs"

_Static_assert((int)TACHO_REMOTE_WRITE_RELABEL_REPLACE == (int)TACHOI_RELABEL_REPLACE &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_KEEP == (int)TACHOI_RELABEL_KEEP &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_DROP == (int)TACHOI_RELABEL_DROP &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_LABEL_DROP == (int)TACHOI_RELABEL_LABEL_DROP &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_LABEL_KEEP == (int)TACHOI_RELABEL_LABEL_KEEP &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_LABEL_MAP == (int)TACHOI_RELABEL_LABEL_MAP &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_LOWERCASE == (int)TACHOI_RELABEL_LOWERCASE &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_UPPERCASE == (int)TACHOI_RELABEL_UPPERCASE &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_KEEP_EQUAL == (int)TACHOI_RELABEL_KEEP_EQUAL &&
                   (int)TACHO_REMOTE_WRITE_RELABEL_DROP_EQUAL == (int)TACHOI_RELABEL_DROP_EQUAL,
               "both lists of actions have one order");

static struct tachoi_relabel_rule rule_of(const tacho_remote_write_relabel_config *config) {
    return (struct tachoi_relabel_rule){.action = (enum tachoi_relabel_action)config->action,
                                        .source_labels = config->source_labels,
                                        .source_label_count = config->source_label_count,
                                        .separator = config->separator,
                                        .regex = config->regex,
                                        .target_label = config->target_label,
                                        .replacement = config->replacement};
}

static int refuse(const struct tachoi_remote_write_config *config,
                  const struct tachoi_relabel_problem *problem, tacho_error *error) {
    const char *where = config->relabel_variable != NULL ? config->relabel_variable : "";
    const char *member = problem->member != NULL ? problem->member : "";
    return tachoi_remote_write_refuse(error, TACHO_E_INVALID, FIELD, "%s%srule %zu: %s%s%s", where,
                                      where[0] != '\0' ? ": " : "", problem->rule + 1, member,
                                      member[0] != '\0' ? " " : "", problem->reason);
}

/* --- the environment's text --- */

static tacho_remote_write_relabel_config config_of(const struct tachoi_relabel_rule *rule) {
    return (tacho_remote_write_relabel_config){.action =
                                                   (tacho_remote_write_relabel_action)rule->action,
                                               .source_labels = rule->source_labels,
                                               .source_label_count = rule->source_label_count,
                                               .separator = rule->separator,
                                               .regex = rule->regex,
                                               .target_label = rule->target_label,
                                               .replacement = rule->replacement};
}

int tachoi_option_relabel_parse(struct tachoi_remote_write_config *config, const char *variable,
                                const char *text, tacho_error *error) {
    struct tachoi_relabel_rules rules = {0};
    struct tachoi_relabel_problem problem = {0};
    config->relabel_variable = tachoi_arena_strndup(&config->memory, variable, strlen(variable));
    int status = tachoi_relabel_rules_parse(text, strlen(text), &config->memory, &rules, &problem);
    if (status != TACHO_OK) {
        return status == TACHO_E_INVALID ? refuse(config, &problem, error) : status;
    }
    tacho_remote_write_relabel_config *configs =
        tachoi_arena_alloc(&config->memory, rules.count + 1, sizeof *configs);
    if (configs == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < rules.count; i++) {
        configs[i] = config_of(&rules.items[i]);
    }
    config->values.write_relabel_configs = configs;
    config->values.write_relabel_config_count = rules.count;
    return TACHO_OK;
}

/* --- compiling --- */

/* What a cast could hide: the number of an action that there is not. */
static int check_actions(const tacho_remote_write_options *values, tacho_error *error) {
    for (size_t i = 0; i < values->write_relabel_config_count; i++) {
        unsigned action = (unsigned)values->write_relabel_configs[i].action;
        if (action > TACHO_REMOTE_WRITE_RELABEL_DROP_EQUAL) {
            return tachoi_remote_write_refuse(error, TACHO_E_INVALID, FIELD,
                                              "rule %zu: action is %u, which is none", i + 1,
                                              action);
        }
    }
    return TACHO_OK;
}

int tachoi_option_relabel_compile(struct tachoi_remote_write_config *config, tacho_error *error) {
    const tacho_remote_write_options *values = &config->values;
    size_t count = values->write_relabel_config_count;
    int status = check_actions(values, error);
    if (count == 0 || status != TACHO_OK) {
        return status;
    }
    struct tachoi_relabel_rule *rules = tachoi_calloc(count, sizeof *rules);
    if (rules == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        rules[i] = rule_of(&values->write_relabel_configs[i]);
    }
    struct tachoi_relabel_problem problem = {0};
    status = tachoi_relabel_compile(rules, count, tachoi_remote_write_is_utf8(values),
                                    &config->relabel, &problem);
    tachoi_free(rules);
    return status == TACHO_E_INVALID ? refuse(config, &problem, error) : status;
}
