/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is told of a metric beside its values: type, help, unit (RW1-13, RW2-07). One family is
 * shared by all shapes that are of it, and lives as long as they do. Made, found and freed on the
 * exporting side; a family does not change, and the sending side reads it. */
#ifndef TACHOI_REMOTE_WRITE_METRIC_FAMILY_H
#define TACHOI_REMOTE_WRITE_METRIC_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prometheus/family.h"
#include "remote_write/hash_chains.h"

struct tachoi_metric_family {
    struct tachoi_chained link;         /* exporting side only */
    struct tachoi_prometheus_family is; /* texts lie behind the struct */

    /* exporting side only */
    struct tachoi_metric_family *next; /* in the list of all, oldest first */
    struct tachoi_metric_family *previous;
    size_t users; /* shapes */
};

/** All families; zero-initialised before use. */
struct tachoi_metric_families {
    struct tachoi_metric_family *first;
    struct tachoi_metric_family *last;
    struct tachoi_hash_chains chains;
    uint64_t changes; /* families that came or went */
};

/** Frees all families, used or not. */
void tachoi_metric_families_fini(struct tachoi_metric_families *families);

/** The family that is so, made if it is not there, without a user more. NULL when memory is short.
 */
struct tachoi_metric_family *
tachoi_metric_families_get(struct tachoi_metric_families *families,
                           const struct tachoi_prometheus_family *source);

/** Frees the family if it has no users. NULL is allowed. */
void tachoi_metric_families_tidy(struct tachoi_metric_families *families,
                                 struct tachoi_metric_family *family);

#endif
