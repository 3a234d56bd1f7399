/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the metric families. See metric_family.h. */
#include "remote_write/metric_family.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

static uint64_t hash_text(tacho_string text, uint64_t seed) {
    return tachoi_hash_bytes(text.data, text.length, seed + text.length);
}

static uint64_t hash_of(const struct tachoi_prometheus_family *source) {
    uint64_t hash = hash_text(source->name, tachoi_hash_seed() + (uint64_t)source->type);
    hash = hash_text(source->help, hash);
    return hash_text(source->unit, hash);
}

static bool is_same_text(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool is_same(const struct tachoi_metric_family *family,
                    const struct tachoi_prometheus_family *source) {
    return family->is.type == source->type && is_same_text(family->is.name, source->name) &&
           is_same_text(family->is.help, source->help) &&
           is_same_text(family->is.unit, source->unit);
}

void tachoi_metric_families_fini(struct tachoi_metric_families *families) {
    tachoi_hash_chains_fini(&families->chains);
    *families = (struct tachoi_metric_families){0};
}

static tacho_string copy_text(char **at, tacho_string text) {
    tacho_string copy = {*at, text.length};
    if (text.length > 0) {
        memcpy(*at, text.data, text.length);
    }
    *at += text.length;
    return copy;
}

static struct tachoi_metric_family *create(const struct tachoi_prometheus_family *source) {
    size_t size = sizeof(struct tachoi_metric_family) + 1;
    if (!tachoi_size_add(size, source->name.length, &size) ||
        !tachoi_size_add(size, source->help.length, &size) ||
        !tachoi_size_add(size, source->unit.length, &size)) {
        return NULL;
    }
    struct tachoi_metric_family *family = tachoi_calloc(1, size);
    if (family != NULL) {
        char *at = (char *)(family + 1);
        family->is.type = source->type;
        family->is.name = copy_text(&at, source->name);
        family->is.help = copy_text(&at, source->help);
        family->is.unit = copy_text(&at, source->unit);
    }
    return family;
}

struct tachoi_metric_family *
tachoi_metric_families_get(struct tachoi_metric_families *families,
                           const struct tachoi_prometheus_family *source) {
    const uint64_t hash = hash_of(source);
    struct tachoi_chained *it = tachoi_hash_chains_first(&families->chains, hash);
    while (it != NULL && !is_same((struct tachoi_metric_family *)it, source)) {
        it = tachoi_hash_chains_next(it);
    }
    if (it != NULL) {
        return (struct tachoi_metric_family *)it;
    }
    struct tachoi_metric_family *family = create(source);
    if (family == NULL || !tachoi_hash_chains_add(&families->chains, &family->link, hash)) {
        tachoi_free(family);
        return NULL;
    }
    family->previous = families->last;
    *(families->last != NULL ? &families->last->next : &families->first) = family;
    families->last = family;
    families->changes++;
    return family;
}

void tachoi_metric_families_tidy(struct tachoi_metric_families *families,
                                 struct tachoi_metric_family *family) {
    if (family == NULL || family->users > 0) {
        return;
    }
    *(family->previous != NULL ? &family->previous->next : &families->first) = family->next;
    *(family->next != NULL ? &family->next->previous : &families->last) = family->previous;
    tachoi_hash_chains_remove(&families->chains, &family->link);
    families->changes++;
    tachoi_free(family);
}
