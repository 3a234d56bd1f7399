/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making the requests that tell 1.0 of all metric families (metadata_sender.h), anew when the
 * families have changed. Exporting side only. */
#ifndef TACHOI_REMOTE_WRITE_METADATA_BODIES_H
#define TACHOI_REMOTE_WRITE_METADATA_BODIES_H

#include "remote_write/metadata_message.h"
#include "remote_write/metadata_sender.h"

/** Zero-initialised before use, but for max_count. */
struct tachoi_metadata_maker {
    size_t max_count; /* families in one request */
    uint64_t changes; /* of the families, when the last ones were made */
    struct tachoi_metadata_message message;
};

void tachoi_metadata_maker_fini(struct tachoi_metadata_maker *maker);

/** The bodies if the families have changed since the last ones, for the caller to hand over; NULL
 * if not, or when memory is short: then the next call tries again. */
struct tachoi_metadata_bodies *
tachoi_metadata_maker_make(struct tachoi_metadata_maker *maker,
                           const struct tachoi_metric_families *families);

#endif
