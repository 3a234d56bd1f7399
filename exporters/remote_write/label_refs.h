/* SPDX-License-Identifier: Apache-2.0 */
/* Owns turning label blocks into references to symbols, for one 2.0 request after the other. What
 * series share is turned once per request and kept at their shape; of what is their own, labels are
 * compared with those of the series before, and with some that the request has turned; only others
 * are taken apart and looked up. References are kept as they are on the wire. Memory is kept from
 * request to request; sending thread only. */
#ifndef TACHOI_REMOTE_WRITE_LABEL_REFS_H
#define TACHOI_REMOTE_WRITE_LABEL_REFS_H

#include "base/arena.h"
#include "remote_write/encoded_series.h"
#include "remote_write/symbols.h"

/** What references are copied in steps of: so many bytes behind the last may be read, and behind
 * the room for all may be written. */
#define TACHOI_REFS_STEP ((size_t)16)

/** The pieces of a component as references, one behind the other. */
struct tachoi_piece_refs {
    const unsigned char *bytes; /* NULL: not turned yet */
    const uint32_t *lengths;    /* of each */
    uint32_t length;            /* of all */
};

/** References of a label at most: two of 4 bytes. */
#define TACHOI_LABEL_REFS_MAX ((size_t)8)

/** A label that the request has turned. Its text is in the series that had it first. */
struct tachoi_turned_label {
    const unsigned char *label; /* as a block has it, name and value included */
    uint32_t label_length;
    uint32_t name_length; /* 0 if the label is a long one */
    uint32_t name_ref;
    uint32_t refs_length;
    unsigned char refs[TACHOI_LABEL_REFS_MAX]; /* as they are on the wire */
};

/** Places of the table of turned labels; a power of two. */
#define TACHOI_TURNED_LABELS ((size_t)256)

/** What a request has made of a shape. */
struct tachoi_shape_refs {
    struct tachoi_piece_refs *components;
    struct tachoi_turned_label *last; /* of the series before: of each place among the own labels,
                                         as many as the first series had */
    size_t last_count;
    size_t metadata_length;
    unsigned char metadata[TACHOI_REFS_STEP]; /* the field of a TimeSeries; nothing if the shape has
                                                 no family (RW2-07) */
};

/** Zero-initialised before use. */
struct tachoi_label_refs {
    uint64_t request; /* no other request of the process has this number */
    struct tachoi_symbols symbols;
    struct tachoi_arena arena;
    struct tachoi_wire own; /* references of the own texts of the series at hand */
    uint32_t *own_ends;     /* of each text's in it */
    size_t own_capacity;
    struct tachoi_wire scratch;
    struct tachoi_turned_label turned[TACHOI_TURNED_LABELS]; /* by a hash; the last one stays */
};

void tachoi_label_refs_fini(struct tachoi_label_refs *refs);

/** Begins a request whose symbols go to `out`. All that follows returns false, or NULL, when the
 * message is too long, as `out` tells, or memory is short. */
bool tachoi_label_refs_begin(struct tachoi_label_refs *refs, struct tachoi_wire *out);

/** What the request has of the shape of a series. */
const struct tachoi_shape_refs *tachoi_label_refs_make(struct tachoi_label_refs *refs,
                                                       const struct tachoi_encoded_series *series);
static inline const struct tachoi_shape_refs *
tachoi_label_refs_shape(struct tachoi_label_refs *refs,
                        const struct tachoi_encoded_series *series) {
    return series->shape->refs_request == refs->request ? series->shape->refs
                                                        : tachoi_label_refs_make(refs, series);
}

/** The pieces of a component. */
const struct tachoi_piece_refs *
tachoi_label_refs_make_pieces(struct tachoi_label_refs *refs,
                              const struct tachoi_encoded_series *series, size_t component);
static inline const struct tachoi_piece_refs *
tachoi_label_refs_pieces(struct tachoi_label_refs *refs, const struct tachoi_encoded_series *series,
                         size_t component) {
    const struct tachoi_piece_refs *pieces = &series->shape->refs->components[component];
    return pieces->bytes != NULL ? pieces : tachoi_label_refs_make_pieces(refs, series, component);
}

/** Turns the own texts of a series, after its shape: refs->own and refs->own_ends until the next
 * series. */
bool tachoi_label_refs_own(struct tachoi_label_refs *refs,
                           const struct tachoi_encoded_series *series);

/** Writes the references of a component, after its pieces and its own texts; at `out` there is room
 * for them and TACHOI_REFS_STEP more. Returns their end. */
unsigned char *tachoi_label_refs_put(const struct tachoi_label_refs *refs,
                                     const struct tachoi_encoded_series *series, size_t component,
                                     unsigned char *out);

/** Appends the references of a label block, as an exemplar has one, to `out`. */
bool tachoi_label_refs_append_block(struct tachoi_label_refs *refs, const unsigned char *block,
                                    size_t length, struct tachoi_wire *out);

#endif
