/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the aligned reservoir's table: a stratum of one place for each bucket, or, without buckets,
 * what the simple reservoir has. */
#include "aggregation/exemplar_reservoir.h"

static void *create(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)user;
    if (config->boundaries == NULL || config->boundary_count == 0) {
        return tachoi_exemplar_reservoir_create(config, 1, tachoi_exemplar_places(config, NULL));
    }
    return tachoi_exemplar_reservoir_create(config, config->boundary_count + 1, 1);
}

const tacho_exemplar_reservoir_ops *tacho_aligned_histogram_bucket_reservoir(void) {
    static const tacho_exemplar_reservoir_ops ops = {.struct_size = sizeof ops,
                                                     .create = create,
                                                     .offer = tachoi_exemplar_reservoir_offer,
                                                     .collect = tachoi_exemplar_reservoir_collect,
                                                     .destroy = tachoi_exemplar_reservoir_destroy};
    return &ops;
}
