/* SPDX-License-Identifier: Apache-2.0 */
/* Owns which exemplars of a record go into which of its time series. No wire format. */
#ifndef TACHOI_REMOTE_WRITE_EXEMPLARS_H
#define TACHOI_REMOTE_WRITE_EXEMPLARS_H

#include "base/arena.h"
#include "remote_write/record.h"

/** A walk over the exemplars of a record, component by component. */
struct tachoi_component_exemplars {
    struct tachoi_exemplar_walk walk;
    struct tachoi_record_exemplar next;
    bool has_next;
};

void tachoi_component_exemplars_init(struct tachoi_component_exemplars *exemplars,
                                     const struct tachoi_record *record);

/** The next one of a component, oldest first; false when there is no more. Components may be asked
 * for in their order only; exemplars of those left out are passed over. */
bool tachoi_component_exemplars_next(struct tachoi_component_exemplars *exemplars, size_t component,
                                     struct tachoi_record_exemplar *out);

/** All exemplars of a record by their time, oldest first, in the arena; NULL when memory is short.
 */
struct tachoi_record_exemplar *tachoi_exemplars_by_time(const struct tachoi_record *record,
                                                        size_t *count, struct tachoi_arena *arena);

#endif
