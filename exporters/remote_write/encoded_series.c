/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the encoding of label blocks. See encoded_series.h. */
#include "remote_write/encoded_series.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "http/response.h"
#include "remote_write/wire.h"
#include "remote_write_v1.pb-c.h"

enum tachoi_encoded_series_kind tachoi_encoded_series_kind_of(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return metric->is_monotonic ? TACHOI_ENCODED_COUNTER : TACHOI_ENCODED_UP_DOWN_COUNTER;
    case TACHO_METRIC_HISTOGRAM:
        return TACHOI_ENCODED_HISTOGRAM;
    case TACHO_METRIC_GAUGE:
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
        break;
    }
    return TACHOI_ENCODED_GAUGE;
}

/* --- label blocks, packed by protobuf-c --- */

/* A time series without samples: its bytes are the label block. NULL when memory is short. */
static const Prometheus__TimeSeries *labelled(const struct tachoi_prometheus_labels *labels,
                                              struct tachoi_arena *arena) {
    Prometheus__TimeSeries *message = tachoi_arena_alloc(arena, 1, sizeof *message);
    Prometheus__Label *items = tachoi_arena_alloc(arena, labels->count, sizeof *items);
    Prometheus__Label **pointers =
        tachoi_arena_alloc(arena, labels->count, sizeof(Prometheus__Label *));
    if (message == NULL || items == NULL || pointers == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_prometheus_label *label = &labels->items[i];
        prometheus__label__init(&items[i]);
        items[i].name = tachoi_arena_strndup(arena, label->name.data, label->name.length);
        items[i].value = tachoi_arena_strndup(arena, label->value.data, label->value.length);
        if (items[i].name == NULL || items[i].value == NULL) {
            return NULL;
        }
        pointers[i] = &items[i];
    }
    prometheus__time_series__init(message);
    message->n_labels = labels->count;
    message->labels = pointers;
    return message;
}

bool tachoi_encoded_series_is_equal_block(const struct tachoi_encoded_series *a, size_t i,
                                          const struct tachoi_encoded_series *b, size_t j) {
    const struct tachoi_label_block *x = &a->blocks[i];
    const struct tachoi_label_block *y = &b->blocks[j];
    return x->hash == y->hash && x->length == y->length &&
           memcmp(tachoi_label_block_bytes(a, x), tachoi_label_block_bytes(b, y), x->length) == 0;
}

static struct tachoi_encoded_series *allocate(tacho_series_ref ref,
                                              enum tachoi_encoded_series_kind kind,
                                              size_t component_count, size_t block_count,
                                              size_t text_length) {
    size_t size = block_count * sizeof(struct tachoi_label_block); /* few: cannot overflow */
    if (!tachoi_size_add(size, sizeof(struct tachoi_encoded_series), &size) ||
        !tachoi_size_add(size, text_length, &size) || size > UINT32_MAX) {
        return NULL;
    }
    struct tachoi_encoded_series *series = tachoi_calloc(1, size);
    if (series != NULL) {
        series->ref = ref;
        series->kind = kind;
        series->component_count = (uint32_t)component_count;
        series->size_bytes = size;
    }
    return series;
}

/* Whether neighbours are one time series: a bound that is infinite, or not a number, would be. */
static bool has_equal_neighbours(const struct tachoi_encoded_series *series) {
    for (size_t i = 1; i < series->component_count; i++) {
        if (tachoi_encoded_series_is_equal_block(series, i - 1, series, i)) {
            return true;
        }
    }
    return false;
}

static struct tachoi_encoded_series *pack(tacho_series_ref ref,
                                          enum tachoi_encoded_series_kind kind,
                                          const Prometheus__TimeSeries *const *components,
                                          size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += prometheus__time_series__get_packed_size(components[i]);
    }
    struct tachoi_encoded_series *series = allocate(ref, kind, count, count, length);
    if (series == NULL) {
        return NULL;
    }
    size_t offset = sizeof *series + count * sizeof series->blocks[0];
    for (size_t i = 0; i < count; i++) {
        unsigned char *bytes = (unsigned char *)series + offset;
        size_t packed = prometheus__time_series__pack(components[i], bytes);
        series->blocks[i] = (struct tachoi_label_block){
            .hash = tachoi_hash_bytes(bytes, packed, tachoi_hash_seed()),
            .offset = (uint32_t)offset,
            .length = (uint32_t)packed};
        offset += packed;
    }
    series->is_invalid = has_equal_neighbours(series);
    return series;
}

static struct tachoi_encoded_series *
create_invalid(tacho_series_ref ref, enum tachoi_encoded_series_kind kind, size_t component_count) {
    struct tachoi_encoded_series *series = allocate(ref, kind, component_count, 0, 0);
    if (series != NULL) {
        series->is_invalid = true;
    }
    return series;
}

/* --- components of a point --- */

/* Name suffix and le of component `index`; `le` is scratch memory. */
static const char *suffix_of(const struct tachoi_encoded_series_source *source, size_t index,
                             char *le, const char **le_value) {
    *le_value = NULL;
    if (tachoi_encoded_series_kind_of(source->metric) != TACHOI_ENCODED_HISTOGRAM) {
        return "";
    }
    if (index > source->bound_count) {
        return index == source->bound_count + 1 ? "_count" : "_sum";
    }
    if (index == source->bound_count) {
        *le_value = "+Inf";
    } else {
        (void)tachoi_f64_to_text(source->bounds[index], le);
        *le_value = le;
    }
    return "_bucket";
}

static enum tachoi_prometheus_result component(const struct tachoi_encoded_series_source *source,
                                               size_t index, struct tachoi_arena *arena,
                                               const Prometheus__TimeSeries **out,
                                               bool *has_overridden) {
    char le[TACHOI_F64_TEXT_MAX];
    const char *le_value;
    const char *suffix = suffix_of(source, index, le, &le_value);
    struct tachoi_prometheus_labels labels;
    enum tachoi_prometheus_result result =
        tachoi_prometheus_point_labels(source->conversion, source->scope, source->metric,
                                       source->attributes, suffix, le_value, arena, &labels);
    if (result == TACHOI_PROMETHEUS_OK) {
        *has_overridden = *has_overridden || labels.overridden > 0;
        *out = labelled(&labels, arena);
        result = *out != NULL ? TACHOI_PROMETHEUS_OK : TACHOI_PROMETHEUS_NO_MEMORY;
    }
    return result;
}

struct tachoi_encoded_series *
tachoi_encoded_series_create(const struct tachoi_encoded_series_source *source,
                             struct tachoi_arena *arena) {
    enum tachoi_encoded_series_kind kind = tachoi_encoded_series_kind_of(source->metric);
    size_t count = kind == TACHOI_ENCODED_HISTOGRAM
                       ? tachoi_histogram_components(source->bound_count, true)
                       : 1;
    struct tachoi_encoded_series *series = NULL;
    bool has_overridden = false;
    enum tachoi_prometheus_result result = TACHOI_PROMETHEUS_NO_MEMORY;
    const Prometheus__TimeSeries **components =
        tachoi_arena_alloc(arena, count, sizeof(Prometheus__TimeSeries *));
    if (components != NULL) {
        result = TACHOI_PROMETHEUS_OK;
    }
    for (size_t i = 0; i < count && result == TACHOI_PROMETHEUS_OK; i++) {
        result = component(source, i, arena, &components[i], &has_overridden);
    }
    if (result == TACHOI_PROMETHEUS_OK) {
        series = pack(source->ref, kind, components, count);
    } else if (result == TACHOI_PROMETHEUS_INVALID) {
        series = create_invalid(source->ref, kind, count);
    }
    if (series != NULL) {
        series->has_overridden = has_overridden;
        series->bound_count = kind == TACHOI_ENCODED_HISTOGRAM ? (uint32_t)source->bound_count : 0;
    }
    tachoi_arena_reset(arena);
    return series;
}

struct tachoi_encoded_series *tachoi_target_info_create(const tacho_resource *resource,
                                                        tacho_series_ref ref,
                                                        struct tachoi_arena *arena) {
    struct tachoi_prometheus_labels labels;
    struct tachoi_encoded_series *series = NULL;
    enum tachoi_prometheus_result result =
        tachoi_prometheus_target_info_labels(resource, arena, &labels);
    if (result == TACHOI_PROMETHEUS_OK && labels.count > 0) {
        const Prometheus__TimeSeries *message = labelled(&labels, arena);
        series = message != NULL ? pack(ref, TACHOI_ENCODED_GAUGE, &message, 1) : NULL;
    } else if (result != TACHOI_PROMETHEUS_NO_MEMORY) {
        series = create_invalid(ref, TACHOI_ENCODED_GAUGE, 0);
    }
    tachoi_arena_reset(arena);
    return series;
}

void tachoi_encoded_series_destroy(struct tachoi_encoded_series *series) {
    tachoi_free(series);
}

bool tachoi_encoded_series_has_equal_labels(const struct tachoi_encoded_series *a,
                                            const struct tachoi_encoded_series *b) {
    if (a->component_count != b->component_count) {
        return false;
    }
    for (size_t i = 0; i < a->component_count; i++) {
        if (!tachoi_encoded_series_is_equal_block(a, i, b, i)) {
            return false;
        }
    }
    return true;
}

/* --- reading a block back --- */

static bool next_text(const unsigned char **at, const unsigned char *end, unsigned char tag,
                      tacho_string *out) {
    uint64_t length = 0;
    if (*at >= end || **at != tag) {
        return false;
    }
    (*at)++;
    if (!tachoi_wire_read_varint(at, end, &length) || length > (uint64_t)(end - *at)) {
        return false;
    }
    out->data = (const char *)*at;
    out->length = (size_t)length;
    *at += length;
    return true;
}

bool tachoi_label_next(const unsigned char **at, const unsigned char *end, tacho_string *name,
                       tacho_string *value) {
    tacho_string label;
    if (!next_text(at, end, 0x0a, &label)) { /* TimeSeries.labels */
        return false;
    }
    const unsigned char *inner = (const unsigned char *)label.data;
    const unsigned char *inner_end = inner + label.length;
    return next_text(&inner, inner_end, 0x0a, name) && next_text(&inner, inner_end, 0x12, value);
}

void tachoi_encoded_series_describe(const struct tachoi_encoded_series *series, size_t component,
                                    char *out, size_t out_size) {
    out[0] = '\0';
    if (series->is_invalid || component >= series->component_count) {
        return;
    }
    const struct tachoi_label_block *block = &series->blocks[component];
    const unsigned char *begin = tachoi_label_block_bytes(series, block);
    const unsigned char *end = begin + block->length;
    tacho_string name;
    tacho_string value;
    struct tachoi_text text;
    tachoi_text_init(&text, out_size - 1);
    for (const unsigned char *at = begin; tachoi_label_next(&at, end, &name, &value);) {
        if (name.length == 8 && memcmp(name.data, "__name__", 8) == 0) {
            tachoi_text_append(&text, value.data, value.length);
        }
    }
    const char *before = "{";
    for (const unsigned char *at = begin; tachoi_label_next(&at, end, &name, &value);) {
        if (name.length == 8 && memcmp(name.data, "__name__", 8) == 0) {
            continue;
        }
        tachoi_text_append_string(&text, before);
        tachoi_text_append(&text, name.data, name.length);
        tachoi_text_append_string(&text, "=\"");
        tachoi_text_append(&text, value.data, value.length);
        tachoi_text_append_char(&text, '"');
        before = ",";
    }
    if (before[0] == ',') {
        tachoi_text_append_char(&text, '}');
    }
    (void)snprintf(out, out_size, "%s", text.data != NULL ? text.data : "");
    (void)tachoi_http_clean_text(out, strlen(out));
    tachoi_text_fini(&text);
}
