/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how labels of different origin become one set: all candidates are listed, sorted by name,
 * and each run of equal names becomes one label or none. Knows no samples, encodings or names. */
#ifndef TACHOI_PROMETHEUS_LABEL_SET_H
#define TACHOI_PROMETHEUS_LABEL_SET_H

#include "base/text.h"
#include "prometheus/labels.h"

/** Where a label comes from, and what that means where names are equal. */
enum tachoi_label_origin {
    TACHOI_LABEL_GENERATED, /* wins */
    TACHOI_LABEL_SHARED,    /* of scope or resource; joined with the next two */
    TACHOI_LABEL_POINT,     /* an attribute of the point */
    TACHOI_LABEL_PROMOTED,  /* of the resource; gives way to attributes of the point */
    TACHOI_LABEL_EXTERNAL   /* gives way to all others */
};

struct tachoi_label_candidate {
    tacho_string name;
    tacho_string value;
    tacho_string key; /* what it was called before it became a label */
    enum tachoi_label_origin origin;
    size_t index; /* makes the order total */
};

/** A set in the making. After a failure everything else is a no-op. */
struct tachoi_label_set {
    struct tachoi_arena *arena;
    struct tachoi_text text; /* scratch */
    struct tachoi_label_candidate *candidates;
    size_t count;
    size_t overridden;
    enum tachoi_prometheus_result result;
};

/** `candidate_max` is above 0. */
void tachoi_label_set_init(struct tachoi_label_set *set, struct tachoi_arena *arena,
                           size_t candidate_max);
void tachoi_label_set_fini(struct tachoi_label_set *set);

/** The first failure counts. */
void tachoi_label_set_fail(struct tachoi_label_set *set, enum tachoi_prometheus_result result);

/** Moves the scratch text into the arena. */
tacho_string tachoi_label_set_take_text(struct tachoi_label_set *set);

/** Strings are borrowed until the arena is reset. */
void tachoi_label_set_add(struct tachoi_label_set *set, enum tachoi_label_origin origin,
                          tacho_string name, tacho_string key, tacho_string value);

/** Sorts and merges the candidates into `out`, which stays as it is unless the result is OK. */
enum tachoi_prometheus_result tachoi_label_set_finish(struct tachoi_label_set *set,
                                                      struct tachoi_prometheus_labels *out);

#endif
