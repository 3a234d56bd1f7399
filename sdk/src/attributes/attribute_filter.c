/* SPDX-License-Identifier: Apache-2.0 */
/* Owns filters as one sorted list: of the keys that are kept if there was a list of those, else of
 * the keys that are left out. Keys are ordered by length first, which decides most steps of the
 * search without looking at a byte. */
#include "attributes/attribute_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tacho/status.h"

struct tachoi_attribute_filter {
    bool is_of_kept; /* the keys are those to keep, all others go; else the other way round */
    size_t count;
    tacho_string keys[]; /* sorted, unique; the text lies behind them */
};

/* A key without text is an empty one, whatever its length says. */
static inline size_t length_of(tacho_string key) {
    return key.data != NULL ? key.length : 0;
}

static inline int compare(tacho_string a, tacho_string b) {
    const size_t a_length = length_of(a);
    const size_t b_length = length_of(b);
    if (a_length != b_length) {
        return a_length < b_length ? -1 : 1;
    }
    return a_length != 0 ? memcmp(a.data, b.data, a_length) : 0;
}

static int compare_items(const void *a, const void *b) {
    return compare(*(const tacho_string *)a, *(const tacho_string *)b);
}

static bool contains(const tacho_string *keys, size_t count, tacho_string key) {
    size_t first = 0;
    while (count > 0) {
        const size_t half = count / 2;
        const int order = compare(key, keys[first + half]);
        if (order == 0) {
            return true;
        }
        if (order > 0) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return false;
}

/* --- making ---------------------------------------------------------------------------------- */

static bool is_named(struct tachoi_key_list list, tacho_string key) {
    for (size_t i = 0; i < list.count; i++) {
        if (compare(list.items[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static size_t remove_repeated(tacho_string *keys, size_t count) {
    size_t unique = 0;
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || compare(keys[unique - 1], keys[i]) != 0) {
            keys[unique++] = keys[i];
        }
    }
    return unique;
}

/* The keys of `list` that are not in `without`, still the caller's text. */
static void fill(struct tachoi_attribute_filter *filter, struct tachoi_key_list list,
                 struct tachoi_key_list without) {
    for (size_t i = 0; i < list.count; i++) {
        if (!is_named(without, list.items[i])) {
            filter->keys[filter->count++] = list.items[i];
        }
    }
    if (filter->count > 1) {
        qsort(filter->keys, filter->count, sizeof filter->keys[0], compare_items);
    }
    filter->count = remove_repeated(filter->keys, filter->count);
}

static void take_text(struct tachoi_attribute_filter *filter, char *text) {
    for (size_t i = 0; i < filter->count; i++) {
        const size_t length = length_of(filter->keys[i]);
        if (length != 0) {
            memcpy(text, filter->keys[i].data, length);
        }
        filter->keys[i] = (tacho_string){.data = text, .length = length};
        text += length;
    }
}

/* Bytes for the keys and the text of the list; false on overflow. */
static bool measure(struct tachoi_key_list list, size_t *out) {
    size_t size;
    if (!tachoi_size_mul(list.count, sizeof(tacho_string), &size) ||
        !tachoi_size_add(size, sizeof(struct tachoi_attribute_filter), &size)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        if (!tachoi_size_add(size, length_of(list.items[i]), &size)) {
            return false;
        }
    }
    *out = size;
    return true;
}

int tachoi_attribute_filter_create(struct tachoi_key_list included, struct tachoi_key_list excluded,
                                   struct tachoi_attribute_filter **out) {
    const bool has_excluded = excluded.items != NULL && excluded.count != 0;
    const bool has_included = included.items != NULL;
    if (!has_included && !has_excluded) {
        *out = NULL;
        return TACHO_OK;
    }
    const struct tachoi_key_list none = {NULL, 0};
    const struct tachoi_key_list list = has_included ? included : excluded;
    size_t size;
    struct tachoi_attribute_filter *filter = measure(list, &size) ? tachoi_malloc(size) : NULL;
    if (filter == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    filter->is_of_kept = has_included;
    filter->count = 0;
    fill(filter, list, has_included && has_excluded ? excluded : none);
    take_text(filter, (char *)&filter->keys[list.count]);
    *out = filter;
    return TACHO_OK;
}

void tachoi_attribute_filter_destroy(struct tachoi_attribute_filter *filter) {
    tachoi_free(filter);
}

/* --- asking ---------------------------------------------------------------------------------- */

bool tachoi_attribute_filter_equals(const struct tachoi_attribute_filter *a,
                                    const struct tachoi_attribute_filter *b) {
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->is_of_kept != b->is_of_kept || a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (compare(a->keys[i], b->keys[i]) != 0) {
            return false;
        }
    }
    return true;
}

bool tachoi_attribute_filter_keeps(const struct tachoi_attribute_filter *filter, tacho_string key) {
    return filter == NULL || contains(filter->keys, filter->count, key) == filter->is_of_kept;
}

size_t tachoi_attribute_filter_left_out(const struct tachoi_attribute_filter *filter,
                                        tacho_attributes attributes, tacho_attribute *out,
                                        size_t room) {
    size_t count = 0;
    if (filter == NULL || attributes.items == NULL) {
        return 0;
    }
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_string key = attributes.items[i].key;
        if (length_of(key) == 0 || tachoi_attribute_filter_keeps(filter, key)) {
            continue;
        }
        if (count < room) {
            out[count] = attributes.items[i];
        }
        count++;
    }
    return count;
}

bool tachoi_attribute_filter_keeps_all(const struct tachoi_attribute_filter *filter,
                                       tacho_attributes attributes) {
    return tachoi_attribute_filter_left_out(filter, attributes, NULL, 0) == 0;
}
