/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the choice of attributes by key: a list of those to keep, a list of those to leave out, or
 * both. Immutable, so any thread may use it. Knows nothing of views. (VIEW-12..14, INST-17) */
#ifndef TACHOI_ATTRIBUTES_ATTRIBUTE_FILTER_H
#define TACHOI_ATTRIBUTES_ATTRIBUTE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "tacho/attributes.h"

struct tachoi_attribute_filter;

/** Keys as text; items NULL = no such list, which differs from an empty one. */
struct tachoi_key_list {
    const tacho_string *items;
    size_t count;
};

/** Keys are copied. Key order and repetition do not matter. `excluded` beats `included`. `*out` is
 * NULL if both lists leave everything in. TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_attribute_filter_create(struct tachoi_key_list included, struct tachoi_key_list excluded,
                                   struct tachoi_attribute_filter **out);
void tachoi_attribute_filter_destroy(struct tachoi_attribute_filter *filter);

/** Whether two filters, each may be NULL (keeps all), keep the same by the same kind of list: what
 * is included and excluded both is as if it were not included. */
bool tachoi_attribute_filter_equals(const struct tachoi_attribute_filter *a,
                                    const struct tachoi_attribute_filter *b);

/* In the following `filter` may be NULL. None allocates; async-signal-safe. */

bool tachoi_attribute_filter_keeps(const struct tachoi_attribute_filter *filter, tacho_string key);

/** Whether nothing is left out. Pairs with an empty key do not count, here and below. */
bool tachoi_attribute_filter_keeps_all(const struct tachoi_attribute_filter *filter,
                                       tacho_attributes attributes);

/** Copies the pairs (shallowly, as given) that the filter leaves out, as many as there is room for;
 * returns how many there are. */
size_t tachoi_attribute_filter_left_out(const struct tachoi_attribute_filter *filter,
                                        tacho_attributes attributes, tacho_attribute *out,
                                        size_t room);

#endif
