/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the simple reservoir's table: one stratum with all places. */
#include "aggregation/exemplar_reservoir.h"

static void *create(void *user, const tacho_exemplar_reservoir_config *config) {
    return tachoi_exemplar_reservoir_create(config, 1, tachoi_exemplar_places(config, user));
}

const tacho_exemplar_reservoir_ops *tacho_simple_fixed_size_reservoir(void) {
    static const tacho_exemplar_reservoir_ops ops = {.struct_size = sizeof ops,
                                                     .create = create,
                                                     .offer = tachoi_exemplar_reservoir_offer,
                                                     .collect = tachoi_exemplar_reservoir_collect,
                                                     .destroy = tachoi_exemplar_reservoir_destroy};
    return &ops;
}
