/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the division of label sets: the components of a series are put together of pieces, which
 * other series of the shape have too, and of texts of the series' own, which all its components
 * have (series_shape.h). One division is filled component by component. Knows nothing of metrics.
 *
 * Between two own texts stand the other labels of a component, maybe none. The first component says
 * how many own texts there are, and how many labels each has. */
#ifndef TACHOI_REMOTE_WRITE_LABEL_DIVISION_H
#define TACHOI_REMOTE_WRITE_LABEL_DIVISION_H

#include "prometheus/labels.h"
#include "remote_write/wire.h"

struct tachoi_label_division {
    struct tachoi_arena *arena;
    bool is_private; /* all labels go into pieces */
    bool is_single;  /* each own label is a text alone: other components have labels between them */
    bool is_utf8;    /* a name is not one that 1.0 can carry */
    size_t own_count;       /* own texts */
    size_t *own_labels;     /* in each, own_count */
    size_t component_count; /* divided so far */
    size_t component_capacity;
    uint32_t *lengths; /* of the pieces, own_count + 1 for each component */
    uint32_t *parts;   /* of the point that the components are */
    struct tachoi_wire pieces;
    struct tachoi_wire own;
    uint32_t *own_ends;
};

enum tachoi_division_result {
    TACHOI_DIVISION_OK,
    TACHOI_DIVISION_DIFFERENT, /* the own labels are not those of the first component */
    TACHOI_DIVISION_NO_MEMORY
};

/** For so many components. Set is_private and is_single before the first one. */
void tachoi_label_division_init(struct tachoi_label_division *division, struct tachoi_arena *arena,
                                size_t component_capacity);
void tachoi_label_division_fini(struct tachoi_label_division *division);

/** Divides the labels of the next component, which is this part of a point. After anything but OK
 * the division is of no more use. */
enum tachoi_division_result tachoi_label_division_add(struct tachoi_label_division *division,
                                                      const struct tachoi_prometheus_labels *labels,
                                                      uint32_t part);

/** Appends one label as the field of a 1.0 TimeSeries or Exemplar; false when memory is short. */
bool tachoi_append_label(struct tachoi_wire *wire, tacho_string name, tacho_string value,
                         struct tachoi_arena *arena);

#endif
