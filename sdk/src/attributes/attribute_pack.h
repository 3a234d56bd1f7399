/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the packed form of attributes and the writing of it through a window of memory of any size,
 * so that hashing, comparing and copying share one writer and none of them allocates. Private to
 * this folder.
 *
 *   set     = map
 *   map     = count pair*            pairs in strictly rising order of their keys
 *   pair    = string value
 *   string  = length byte*
 *   value   = type payload           type is one byte, tacho_value_type
 *   payload = nothing                EMPTY
 *           | string                 STRING, BYTES
 *           | byte                   BOOL: 0 or 1
 *           | 8 bytes                I64, F64: as in memory
 *           | count string*          STRING_ARRAY
 *           | count byte*            BOOL_ARRAY
 *           | count (8 bytes)*       I64_ARRAY, F64_ARRAY
 *           | count value*           ARRAY
 *           | map                    MAP
 *
 * count and length are little-endian base-128 numbers of as few bytes as possible. Each part tells
 * its own length, so equal bytes mean equal sets. Keys are ordered as unsigned bytes, a prefix
 * before what continues it. */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_PACK_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_PACK_H

#include "attributes/attribute_filter.h"
#include "tacho/attributes.h"

/** The memory that is written next. */
struct tachoi_pack_window {
    unsigned char *begin;
    unsigned char *end;
    /** Called when [begin, end) is full: takes the bytes away and returns where to go on with room
     * for at least one, or NULL to stop the writing. */
    unsigned char *(*make_room)(struct tachoi_pack_window *window);
};

/** For windows that cannot be emptied. */
unsigned char *tachoi_pack_stop(struct tachoi_pack_window *window);

/** Writes the packed form from `begin` on. Returns the end of what was written since the last
 * make_room, NULL if that stopped it. Never allocates; its stack is bounded by the depth limit. */
unsigned char *tachoi_attributes_pack(struct tachoi_pack_window *window,
                                      tacho_attributes attributes);

/** The same of the attributes that the filter (NULL = all) keeps; what maps hold is not asked for.
 */
unsigned char *tachoi_attributes_pack_kept(struct tachoi_pack_window *window,
                                           tacho_attributes attributes,
                                           const struct tachoi_attribute_filter *filter);

#endif
