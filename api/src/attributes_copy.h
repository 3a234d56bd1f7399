/* SPDX-License-Identifier: Apache-2.0 */
/* Owns deep copies of attributes and their comparison, for scopes and bound instruments that wait
 * for an SDK. Does not judge attributes: an empty key, a key given twice and ill-formed text are
 * copied as they are. */
#ifndef TACHOI_ATTRIBUTES_COPY_H
#define TACHOI_ATTRIBUTES_COPY_H

#include "memory.h"
#include "tacho/attributes.h"

/** Values that nest deeper than this fail the block. */
#define TACHOI_ATTRIBUTES_DEPTH_MAX 64

/** A copy in the block; see there for what it is worth while measuring. */
tacho_attributes tachoi_api_attributes_copy(struct tachoi_block *block,
                                            tacho_attributes attributes);

/**
 * Whether both mean the same: order does not matter, types do, of a key given twice the last one
 * counts; doubles are compared by their bits. The time grows with the square of the count.
 * `stored` was made by tachoi_api_attributes_copy, which bounds the depth of the comparison.
 */
bool tachoi_api_attributes_equal(tacho_attributes stored, tacho_attributes other);

#endif
