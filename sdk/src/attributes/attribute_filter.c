/* SPDX-License-Identifier: Apache-2.0 */
#include "attributes/attribute_filter.h"

#include "tacho/status.h"

int tachoi_attribute_filter_create(struct tachoi_key_list included, struct tachoi_key_list excluded,
                                   struct tachoi_attribute_filter **out) {
    (void)included;
    (void)excluded;
    *out = NULL;
    return TACHO_OK;
}

void tachoi_attribute_filter_destroy(struct tachoi_attribute_filter *filter) {
    (void)filter;
}

bool tachoi_attribute_filter_equals(const struct tachoi_attribute_filter *a,
                                    const struct tachoi_attribute_filter *b) {
    return a == b;
}

bool tachoi_attribute_filter_keeps(const struct tachoi_attribute_filter *filter, tacho_string key) {
    (void)filter;
    (void)key;
    return true;
}

bool tachoi_attribute_filter_keeps_all(const struct tachoi_attribute_filter *filter,
                                       tacho_attributes attributes) {
    (void)filter;
    (void)attributes;
    return true;
}

size_t tachoi_attribute_filter_left_out(const struct tachoi_attribute_filter *filter,
                                        tacho_attributes attributes, tacho_attribute *out,
                                        size_t room) {
    (void)filter;
    (void)attributes;
    (void)out;
    (void)room;
    return 0;
}
