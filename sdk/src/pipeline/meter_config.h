/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the meter configurator: asking it about scopes, without a lock, and bringing its answers to
 * their instruments. An answer counts only if no other configurator was set meanwhile. (SDK-08,
 * SDK-09, SDK-20..22) */
#ifndef TACHOI_PIPELINE_METER_CONFIG_H
#define TACHOI_PIPELINE_METER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "tacho/sdk/meter_provider.h"

struct tachoi_scope;

/** Who says how meters work; a copy may be asked without a lock. */
struct tachoi_meter_rule {
    tacho_meter_configurator_fn configurator; /* NULL = all meters by default */
    void *user;
    uint64_t version; /* another one after each replacement */
};

/** Whether the rule switches the meter of the scope off. Runs user code: no lock held. */
bool tachoi_meter_rule_disables(const struct tachoi_meter_rule *rule, const tacho_scope *scope);

/** Switches the instruments of a scope on or off. */
void tachoi_scope_set_disabled_locked(struct tachoi_scope *scope, bool is_disabled);

#endif
