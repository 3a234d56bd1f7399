/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one request as it came over the wire, of either version, in one form: unpacked by snappy and
 * protobuf-c alone, nothing of it judged, so that tests judge for themselves. */
#ifndef TACHO_TESTS_CONFORMANCE_SENT_H
#define TACHO_TESTS_CONFORMANCE_SENT_H

#include <stddef.h>
#include <stdint.h>

#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"

struct sent_label {
    const char *name;
    const char *value;
};

struct sent_sample {
    double value;
    uint64_t bits;
    int64_t time_ms;
    int64_t start_ms; /* 2.0; 0 = none */
};

struct sent_exemplar {
    struct sent_label *labels;
    size_t label_count;
    double value;
    int64_t time_ms;
};

struct sent_series {
    struct sent_label *labels; /* in the order of the wire */
    size_t label_count;
    struct sent_sample *samples;
    size_t sample_count;
    size_t histogram_count;
    const Io__Prometheus__Write__V2__Histogram *histogram; /* the first one, of 2.0 */
    struct sent_exemplar *exemplars;
    size_t exemplar_count;
    int type;         /* of 2.0's metadata; -1 = none */
    const char *help; /* "" = none */
    const char *unit;
};

struct sent {
    int version;
    struct sent_series *series;
    size_t series_count;
    const Io__Prometheus__Write__V2__Request *v2; /* NULL if it is of 1.0 */
    const Prometheus__WriteRequest *v1;           /* NULL if it is of 2.0 */
};

/** Unpacks a body; NULL if it is none of this version or refers to symbols that it does not have.
 */
struct sent *sent_unpack(int version, const void *body, size_t length);

/** Frees all that sent_unpack has made. */
void sent_free_all(void);

/** The value of a label, "" if the series has none of that name. */
const char *sent_label_of(const struct sent_series *series, const char *name);

/** The first series of that name that has this label (NULL = any); NULL if there is none. */
const struct sent_series *sent_find(const struct sent *sent, const char *name, const char *label,
                                    const char *value);

#endif
