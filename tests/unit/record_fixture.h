/* SPDX-License-Identifier: Apache-2.0 */
/* Owns records of every kind for tests of the encoders, made without a converter: series from
 * labels that are given, with a shape as the exporting side makes it, and a run of records. Labels
 * need no order; those that are own differ from series to series of a shape. */
#ifndef TACHO_TESTS_UNIT_RECORD_FIXTURE_H
#define TACHO_TESTS_UNIT_RECORD_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "remote_write/encoder.h"
#include "remote_write_v1.pb-c.h"

enum { FIXTURE_TIME = 1000000, FIXTURE_SERIES = 2048 };

struct fixture_label {
    const char *name;
    const char *value;
    bool is_own;
};

struct fixture {
    struct tachoi_series_shapes shapes;
    struct tachoi_run run;
    struct tachoi_encoder encoder;
    struct tachoi_encoded_series *series[FIXTURE_SERIES];
    size_t series_count;
};

/* What a series is made of. */
struct fixture_series {
    enum tachoi_encoded_series_kind kind;
    const char *name; /* without a suffix */
    const struct fixture_label *labels;
    size_t label_count;
    const double *bounds; /* or quantiles */
    size_t bound_count;
    const struct tachoi_prometheus_family *family;
    bool is_utf8;
    uint64_t dropped_parts; /* a bit for each component that relabelling has dropped */
};

static inline void fixture_init(struct fixture *fixture) {
    *fixture = (struct fixture){0};
    tachoi_encoder_init(&fixture->encoder, &(struct tachoi_encoder_options){0});
}

static inline void fixture_fini(struct fixture *fixture) {
    tachoi_run_fini(&fixture->run);
    for (size_t i = 0; i < fixture->series_count; i++) {
        tachoi_encoded_series_destroy(fixture->series[i], &fixture->shapes);
    }
    tachoi_series_shapes_fini(&fixture->shapes);
    tachoi_encoder_fini(&fixture->encoder);
}

/* --- labels of a component --- */

static inline size_t fixture_components(const struct fixture_series *source) {
    switch (source->kind) {
    case TACHOI_ENCODED_HISTOGRAM:
        return source->bound_count + 3;
    case TACHOI_ENCODED_CUSTOM_HISTOGRAM:
        return source->bound_count + 4;
    case TACHOI_ENCODED_SUMMARY:
        return source->bound_count + 2;
    case TACHOI_ENCODED_COUNTER:
    case TACHOI_ENCODED_UP_DOWN_COUNTER:
    case TACHOI_ENCODED_GAUGE:
    case TACHOI_ENCODED_EXPONENTIAL:
        break;
    }
    return 1;
}

/* Suffix of a component, and the name of its label of which `value` becomes the text. */
static inline const char *fixture_suffix(const struct fixture_series *source, size_t component,
                                         const char **label, char value[32]) {
    const bool is_summary = source->kind == TACHOI_ENCODED_SUMMARY;
    const bool is_custom = source->kind == TACHOI_ENCODED_CUSTOM_HISTOGRAM;
    const size_t buckets = source->bound_count + (is_summary ? 0 : 1);
    const size_t at = component - (is_custom ? 1 : 0);
    *label = NULL;
    if (fixture_components(source) == 1 || (is_custom && component == 0)) {
        return "";
    }
    if (at >= buckets) {
        return at == buckets ? "_count" : "_sum";
    }
    *label = is_summary ? "quantile" : "le";
    (void)snprintf(value, 32, "+Inf");
    if (at < source->bound_count) {
        (void)snprintf(value, 32, "%g", source->bounds[at]);
    }
    return is_summary ? "" : "_bucket";
}

static inline int fixture_by_name(const void *a, const void *b) {
    return strcmp(((const struct fixture_label *)a)->name, ((const struct fixture_label *)b)->name);
}

static inline void fixture_pack(struct tachoi_wire *out, const struct fixture_label *from) {
    Prometheus__Label label = PROMETHEUS__LABEL__INIT;
    label.name = (char *)from->name;
    label.value = (char *)from->value;
    Prometheus__TimeSeries message = PROMETHEUS__TIME_SERIES__INIT;
    message.n_labels = 1;
    message.labels = (Prometheus__Label *[]){&label};
    cr_assert(tachoi_wire_reserve(out, prometheus__time_series__get_packed_size(&message)));
    out->length += prometheus__time_series__pack(&message, out->data + out->length);
}

struct fixture_division {
    struct tachoi_wire pieces;
    struct tachoi_wire own;
    uint32_t lengths[512];
    size_t length_count;
    uint32_t ends[16];
    size_t own_count;
};

static inline void fixture_divide(const struct fixture_series *source, size_t component,
                                  bool is_first, struct fixture_division *out) {
    struct fixture_label labels[32];
    char name[128];
    char value[32];
    size_t count = source->label_count;
    const char *extra;
    (void)snprintf(name, sizeof name, "%s%s", source->name,
                   fixture_suffix(source, component, &extra, value));
    if (count > 0) {
        memcpy(labels, source->labels, count * sizeof labels[0]);
    }
    labels[count++] = (struct fixture_label){"__name__", name, false};
    if (extra != NULL) {
        labels[count++] = (struct fixture_label){extra, value, false};
    }
    qsort(labels, count, sizeof labels[0], fixture_by_name);
    size_t begin = out->pieces.length;
    for (size_t i = 0; i < count; i++) {
        const bool was_own = i > 0 && labels[i - 1].is_own;
        if (labels[i].is_own && !was_own) {
            out->lengths[out->length_count++] = (uint32_t)(out->pieces.length - begin);
            begin = out->pieces.length;
        }
        if (!labels[i].is_own) {
            fixture_pack(&out->pieces, &labels[i]);
        } else if (is_first) {
            fixture_pack(&out->own, &labels[i]);
            out->own_count += was_own ? 0 : 1;
            out->ends[out->own_count - 1] = (uint32_t)out->own.length;
        }
    }
    out->lengths[out->length_count++] = (uint32_t)(out->pieces.length - begin);
}

/* --- series and records --- */

static inline struct tachoi_encoded_series *fixture_add(struct fixture *fixture,
                                                        const struct fixture_series *source) {
    struct fixture_division division = {0};
    const size_t all = fixture_components(source);
    uint32_t parts[64];
    size_t components = 0;
    cr_assert(all <= 64);
    for (size_t i = 0; i < all; i++) {
        if (i >= 64 || (source->dropped_parts >> i & 1) == 0) {
            fixture_divide(source, i, components == 0, &division);
            parts[components++] = (uint32_t)i;
        }
    }
    const struct tachoi_series_shape_source wanted = {
        .kind = source->kind,
        .bounds = source->bounds,
        .bound_count = source->bound_count,
        .component_count = components,
        .own_count = division.own_count,
        .lengths = division.lengths,
        .parts = parts,
        .bytes = division.pieces.data,
        .is_utf8 = source->is_utf8,
        .family = source->family == NULL
                      ? NULL
                      : tachoi_metric_families_get(&fixture->shapes.families, source->family),
    };
    struct tachoi_series_shape *shape = tachoi_series_shapes_find(&fixture->shapes, &wanted);
    shape = shape != NULL ? shape : tachoi_series_shapes_add(&fixture->shapes, &wanted);
    cr_assert(shape != NULL);
    const size_t ends = division.own_count * sizeof(uint32_t);
    struct tachoi_encoded_series *series =
        tachoi_malloc(sizeof *series + ends + division.own.length);
    cr_assert(series != NULL && fixture->series_count < FIXTURE_SERIES);
    *series = (struct tachoi_encoded_series){.shape = shape};
    shape->users++;
    if (ends > 0) {
        memcpy(series->own_ends, division.ends, ends);
        memcpy(series->own_ends + division.own_count, division.own.data, division.own.length);
    }
    tachoi_wire_fini(&division.pieces);
    tachoi_wire_fini(&division.own);
    fixture->series[fixture->series_count++] = series;
    return series;
}

/* Room for a record at the end of the run, its head filled, all other words zero. */
static inline struct tachoi_record *fixture_record(struct fixture *fixture,
                                                   struct tachoi_encoded_series *series,
                                                   size_t extra_words, int64_t start_ms) {
    const size_t words = series->shape->record_words + extra_words;
    struct tachoi_record *record = tachoi_run_prepare(&fixture->run, words);
    cr_assert(record != NULL);
    memset(record, 0, words * sizeof(uint64_t));
    tachoi_record_set_head(record, series, FIXTURE_TIME, start_ms);
    return record;
}

/* Counts the record that was filled. */
static inline void fixture_commit(struct fixture *fixture, const struct tachoi_record *record) {
    tachoi_run_commit(&fixture->run, tachoi_record_words(record), tachoi_record_samples(record));
}

static inline void fixture_number(struct fixture *fixture, struct tachoi_encoded_series *series,
                                  double value, int64_t start_ms) {
    struct tachoi_record *record = fixture_record(fixture, series, 0, start_ms);
    tachoi_record_set_number(record, value);
    fixture_commit(fixture, record);
}

/* An exemplar with one label, trace_id="t"; `words` of fixture_record has room for it. */
enum { FIXTURE_EXEMPLAR_WORDS = 3 + 2 };
static inline void fixture_exemplar(struct tachoi_record *record, size_t component, double value,
                                    int64_t time_ms) {
    struct tachoi_wire labels = {0};
    fixture_pack(&labels, &(struct fixture_label){"trace_id", "t", false});
    cr_assert(labels.length <= 2 * sizeof(uint64_t));
    tachoi_record_add_exemplar(record, &(struct tachoi_record_exemplar){
                                           .value_bits = tachoi_value_bits(value),
                                           .time_ms = time_ms,
                                           .component = (uint32_t)component,
                                           .labels_length = (uint32_t)labels.length,
                                           .labels = labels.data,
                                       });
    tachoi_wire_fini(&labels);
}

static inline void fixture_histogram(struct fixture *fixture, struct tachoi_encoded_series *series,
                                     const uint64_t *counts, double sum) {
    struct tachoi_record *record = fixture_record(fixture, series, 0, FIXTURE_TIME - 500);
    const tacho_histogram_point point = {.bucket_counts = (uint64_t *)counts,
                                         .bound_count = series->shape->bound_count,
                                         .sum = sum,
                                         .has_sum = true};
    tachoi_record_fill_histogram(record, &point);
    for (size_t i = 0; i <= point.bound_count; i++) {
        record->words[TACHOI_HISTOGRAM_COUNT] += counts[i];
    }
    fixture_commit(fixture, record);
}

/* An exponential histogram of positive buckets from `offset` on, and of one negative bucket. */
static inline void fixture_exponential(struct fixture *fixture,
                                       struct tachoi_encoded_series *series, int32_t offset,
                                       const uint64_t *counts, size_t count, uint64_t negative) {
    struct tachoi_record *record = fixture_record(fixture, series, count + 1, FIXTURE_TIME - 500);
    uint64_t *extra = (uint64_t *)(void *)record + series->shape->record_words;
    record->words[TACHOI_EXPONENTIAL_COUNT] = 2 + negative; /* two zeros */
    for (size_t i = 0; i < count; i++) {
        extra[i] = counts[i];
        record->words[TACHOI_EXPONENTIAL_COUNT] += counts[i];
    }
    extra[count] = negative;
    record->words[TACHOI_EXPONENTIAL_SUM] = tachoi_value_bits(7.5);
    record->words[TACHOI_EXPONENTIAL_ZERO_COUNT] = 2;
    record->words[TACHOI_EXPONENTIAL_ZERO_THRESHOLD] = tachoi_value_bits(1e-128);
    record->words[TACHOI_EXPONENTIAL_SCHEMA] = (uint64_t)INT64_C(-2);
    record->words[TACHOI_EXPONENTIAL_POSITIVE] = (uint64_t)(uint32_t)offset << 32 | count;
    record->words[TACHOI_EXPONENTIAL_NEGATIVE] = 1;
    tachoi_record_add_extra_words(record, count + 1);
    fixture_commit(fixture, record);
}

static inline void fixture_stale(struct fixture *fixture, struct tachoi_encoded_series *series,
                                 bool has_sum) {
    struct tachoi_record *record = fixture_record(fixture, series, 0, FIXTURE_TIME - 500);
    tachoi_record_fill_stale(record, has_sum);
    fixture_commit(fixture, record);
}

static inline enum tachoi_encode_result fixture_encode_range(struct fixture *fixture,
                                                             const struct tachoi_protocol *protocol,
                                                             size_t begin, size_t end) {
    return tachoi_encoder_encode(&fixture->encoder, protocol, &fixture->run, begin, end, SIZE_MAX);
}

static inline enum tachoi_encode_result fixture_encode(struct fixture *fixture,
                                                       const struct tachoi_protocol *protocol) {
    return fixture_encode_range(fixture, protocol, 0, fixture->run.sample_count);
}

#endif
