/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the conversion takes from the configuration. See converter_options.h. */
#include "remote_write/converter_options.h"

_Static_assert((int)TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITH_SUFFIXES ==
                       (int)TACHOI_UNDERSCORE_ESCAPING_WITH_SUFFIXES &&
                   (int)TACHO_REMOTE_WRITE_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES ==
                       (int)TACHOI_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES &&
                   (int)TACHO_REMOTE_WRITE_NO_UTF8_ESCAPING_WITH_SUFFIXES ==
                       (int)TACHOI_NO_UTF8_ESCAPING_WITH_SUFFIXES &&
                   (int)TACHO_REMOTE_WRITE_NO_TRANSLATION == (int)TACHOI_NO_TRANSLATION,
               "both lists of strategies have one order");

bool tachoi_remote_write_is_utf8(const tacho_remote_write_options *values) {
    return values->translation_strategy == TACHO_REMOTE_WRITE_NO_UTF8_ESCAPING_WITH_SUFFIXES ||
           values->translation_strategy == TACHO_REMOTE_WRITE_NO_TRANSLATION;
}

struct tachoi_prometheus_naming
tachoi_remote_write_naming(const tacho_remote_write_options *values) {
    return (struct tachoi_prometheus_naming){
        .strategy = (enum tachoi_prometheus_strategy)values->translation_strategy,
        .prefix = values->metric_namespace,
        .has_parity = values->prometheus_name_parity,
        .is_openmetrics_le = values->le_format == TACHO_REMOTE_WRITE_LE_OPENMETRICS};
}

/* Whether something that 2.0 can carry, and 1.0 only on demand, is sent at all. */
static bool is_sent(const tacho_remote_write_options *values, tacho_remote_write_when when) {
    switch (when) {
    case TACHO_REMOTE_WRITE_ALWAYS:
        return true;
    case TACHO_REMOTE_WRITE_NEVER:
        return false;
    case TACHO_REMOTE_WRITE_AUTO:
        break;
    }
    return values->protocol != TACHO_REMOTE_WRITE_PROTOCOL_1;
}

void tachoi_remote_write_converter_options(const struct tachoi_remote_write_config *config,
                                           struct tachoi_converter_options *out) {
    const tacho_remote_write_options *values = &config->values;
    *out = (struct tachoi_converter_options){
        .prometheus = {.naming = tachoi_remote_write_naming(values),
                       .disable_scope_info = values->disable_scope_info,
                       .promoted = values->promote_resource_attributes,
                       .promoted_count = values->promote_resource_attribute_count,
                       .promote_all = values->promote_all_resource_attributes,
                       .external = config->external,
                       .external_count = values->external_label_count,
                       .relabel = config->relabel},
        .disable_target_info = values->disable_target_info,
        .disable_metadata = values->disable_metadata,
        .sends_exemplars = is_sent(values, values->send_exemplars),
        .sends_native_histograms = is_sent(values, values->send_native_histograms),
        .converts_to_custom = values->convert_classic_histograms_to_nhcb,
        .shard_count = values->max_shards,
    };
}
