/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/meter_config.h"

#include "base/alloc.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

bool tachoi_meter_rule_disables(const struct tachoi_meter_rule *rule, const tacho_scope *scope) {
    tacho_meter_config config = {.struct_size = sizeof config};
    return rule->configurator != NULL && rule->configurator(scope, &config, rule->user) &&
           config.disabled;
}

void tachoi_scope_set_disabled_locked(struct tachoi_scope *scope, bool is_disabled) {
    scope->is_disabled = is_disabled;
    struct tachoi_instrument *instrument = scope->first_instrument;
    for (; instrument != NULL; instrument = instrument->next) {
        tachoi_instrument_update_state_locked(instrument);
    }
}

/* A scope and what the new configurator says of it. */
struct answer {
    struct tachoi_scope *scope;
    bool is_disabled;
};

/* Sets the rule and lists the scopes there are; those that come later ask it by themselves. */
static struct answer *replace_locked(struct tachoi_pipeline *pipeline,
                                     struct tachoi_meter_rule *rule, size_t *count) {
    struct answer *answers = tachoi_calloc(pipeline->scope_count + 1, sizeof answers[0]);
    if (answers == NULL) {
        return NULL;
    }
    rule->version = pipeline->meter_rule.version + 1;
    pipeline->meter_rule = *rule;
    *count = 0;
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        answers[(*count)++].scope = scope;
    }
    return answers;
}

int tachoi_pipeline_configure_meters(struct tachoi_pipeline *pipeline,
                                     tacho_meter_configurator_fn configurator, void *user) {
    struct tachoi_meter_rule rule = {.configurator = configurator, .user = user};
    size_t count = 0;
    pthread_mutex_lock(&pipeline->lock);
    struct answer *answers = replace_locked(pipeline, &rule, &count);
    pthread_mutex_unlock(&pipeline->lock);
    if (answers == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        answers[i].is_disabled = tachoi_meter_rule_disables(&rule, &answers[i].scope->identity);
    }
    pthread_mutex_lock(&pipeline->lock);
    if (pipeline->meter_rule.version == rule.version) {
        for (size_t i = 0; i < count; i++) {
            tachoi_scope_set_disabled_locked(answers[i].scope, answers[i].is_disabled);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    tachoi_free(answers);
    return TACHO_OK;
}
