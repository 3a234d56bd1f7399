/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the walk over a batch that copies all of it into one arena; only the resource, which is
 * opaque, is an object of its own. Must not know how batches are kept. */
#include "memory/batch_copy.h"

#include <string.h>

#include "base/alloc.h"
#include "tacho/exporters/memory.h"

/* Where a copy goes. Once memory was short, `failed` stays set and the copy is thrown away. */
struct copier {
    struct tachoi_arena *arena;
    bool failed;
};

/* NULL for no elements, and on failure. */
static void *reserve(struct copier *copier, size_t count, size_t size) {
    if (count == 0) {
        return NULL;
    }
    void *memory = tachoi_arena_alloc(copier->arena, count, size);
    copier->failed = copier->failed || memory == NULL;
    return memory;
}

static void *copy_array(struct copier *copier, const void *items, size_t count, size_t size) {
    void *memory = reserve(copier, count, size);
    if (memory != NULL) {
        memcpy(memory, items, count * size);
    }
    return memory;
}

/* With a NUL behind it, for the convenience of tests. */
static tacho_string copy_string(struct copier *copier, tacho_string string) {
    const char *data = string.length > 0 ? string.data : "";
    tacho_string copy = {tachoi_arena_strndup(copier->arena, data, string.length), string.length};
    if (copy.data == NULL) {
        copier->failed = true;
        copy.length = 0;
    }
    return copy;
}

static const tacho_string *copy_strings(struct copier *copier, const tacho_string *strings,
                                        size_t count) {
    tacho_string *copies = reserve(copier, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = copy_string(copier, strings[i]);
    }
    return copies;
}

static tacho_value copy_value(struct copier *copier, const tacho_value *source);

static const tacho_value *copy_values(struct copier *copier, const tacho_value *values,
                                      size_t count) {
    tacho_value *copies = reserve(copier, count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = copy_value(copier, &values[i]);
    }
    return copies;
}

static tacho_attributes copy_attributes(struct copier *copier, tacho_attributes source) {
    tacho_attribute *copies = reserve(copier, source.count, sizeof(*copies));
    for (size_t i = 0; copies != NULL && i < source.count; i++) {
        copies[i].key = copy_string(copier, source.items[i].key);
        copies[i].value = copy_value(copier, &source.items[i].value);
    }
    return tacho_attributes_from(copies, copies != NULL ? source.count : 0);
}

static tacho_value copy_value(struct copier *copier, const tacho_value *source) {
    tacho_value copy = *source;
    switch (source->type) {
    case TACHO_VALUE_STRING:
    case TACHO_VALUE_BYTES:
        copy.as.string = copy_string(copier, source->as.string);
        break;
    case TACHO_VALUE_STRING_ARRAY:
        copy.as.strings.items =
            copy_strings(copier, source->as.strings.items, source->as.strings.count);
        break;
    case TACHO_VALUE_BOOL_ARRAY:
        copy.as.booleans.items =
            copy_array(copier, source->as.booleans.items, source->as.booleans.count, sizeof(bool));
        break;
    case TACHO_VALUE_I64_ARRAY:
        copy.as.i64s.items =
            copy_array(copier, source->as.i64s.items, source->as.i64s.count, sizeof(int64_t));
        break;
    case TACHO_VALUE_F64_ARRAY:
        copy.as.f64s.items =
            copy_array(copier, source->as.f64s.items, source->as.f64s.count, sizeof(double));
        break;
    case TACHO_VALUE_ARRAY:
        copy.as.values.items =
            copy_values(copier, source->as.values.items, source->as.values.count);
        break;
    case TACHO_VALUE_MAP:
        copy.as.map.items = copy_attributes(copier, tacho_attributes_from(source->as.map.items,
                                                                          source->as.map.count))
                                .items;
        break;
    case TACHO_VALUE_EMPTY:
    case TACHO_VALUE_BOOL:
    case TACHO_VALUE_I64:
    case TACHO_VALUE_F64:
    default:
        break;
    }
    return copy;
}

static void copy_number_points(struct copier *copier, const tacho_metric *source,
                               tacho_metric *copy) {
    tacho_number_point *points = reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        points[i] = *tacho_metric_number_point(source, i);
        points[i].attributes = copy_attributes(copier, points[i].attributes);
    }
    copy->points = points;
    copy->point_size = sizeof(*points);
}

static void copy_histogram_points(struct copier *copier, const tacho_metric *source,
                                  tacho_metric *copy) {
    tacho_histogram_point *points = reserve(copier, source->point_count, sizeof(*points));
    for (size_t i = 0; points != NULL && i < source->point_count; i++) {
        tacho_histogram_point *point = &points[i];
        *point = *tacho_metric_histogram_point(source, i);
        point->attributes = copy_attributes(copier, point->attributes);
        point->bounds =
            copy_array(copier, point->bounds, point->bound_count, sizeof(*point->bounds));
        point->bucket_counts = copy_array(copier, point->bucket_counts, point->bound_count + 1,
                                          sizeof(*point->bucket_counts));
    }
    copy->points = points;
    copy->point_size = sizeof(*points);
}

static void copy_metric(struct copier *copier, const tacho_metric *source, tacho_metric *copy) {
    *copy = *source;
    copy->name = copy_string(copier, source->name);
    copy->description = copy_string(copier, source->description);
    copy->unit = copy_string(copier, source->unit);
    switch (source->type) {
    case TACHO_METRIC_SUM:
    case TACHO_METRIC_GAUGE:
        copy_number_points(copier, source, copy);
        break;
    case TACHO_METRIC_HISTOGRAM:
        copy_histogram_points(copier, source, copy);
        break;
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
    default: /* of a later SDK: points that this version cannot read */
        copy->points = NULL;
        copy->point_count = 0;
        break;
    }
}

static void copy_scope(struct copier *copier, const tacho_scope_metrics *source,
                       tacho_scope_metrics *copy) {
    tacho_scope *scope = reserve(copier, 1, sizeof(*scope));
    tacho_metric *metrics = reserve(copier, source->metric_count, sizeof(*metrics));
    if (scope != NULL) {
        scope->name = copy_string(copier, source->scope->name);
        scope->version = copy_string(copier, source->scope->version);
        scope->schema_url = copy_string(copier, source->scope->schema_url);
        scope->attributes = copy_attributes(copier, source->scope->attributes);
    }
    for (size_t i = 0; metrics != NULL && i < source->metric_count; i++) {
        copy_metric(copier, tacho_scope_metrics_metric(source, i), &metrics[i]);
    }
    *copy = (tacho_scope_metrics){scope, metrics, source->metric_count, sizeof(*metrics)};
}

static tacho_resource *copy_resource(struct copier *copier, const tacho_resource *source) {
    tacho_resource *copy = NULL;
    if (source == NULL) {
        return NULL;
    }
    const tacho_resource_options options = {
        .struct_size = sizeof(options),
        .attributes = tacho_resource_attributes(source),
        .schema_url = tacho_resource_schema_url(source),
    };
    copier->failed = copier->failed || tacho_resource_create(&options, &copy) != TACHO_OK;
    return copy;
}

struct tachoi_memory_batch *tachoi_memory_batch_copy(const tacho_metric_batch *source) {
    struct tachoi_memory_batch *copy = tachoi_calloc(1, sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    tachoi_arena_init(&copy->arena, 0);
    struct copier copier = {&copy->arena, false};
    copy->resource = copy_resource(&copier, source->resource);
    tacho_scope_metrics *scopes = reserve(&copier, source->scope_count, sizeof(*scopes));
    for (size_t i = 0; scopes != NULL && i < source->scope_count; i++) {
        copy_scope(&copier, tacho_metric_batch_scope(source, i), &scopes[i]);
    }
    copy->batch = (tacho_metric_batch){
        .struct_size = sizeof(copy->batch),
        .resource = copy->resource,
        .time_unix_nano = source->time_unix_nano,
        .time_monotonic_ns = source->time_monotonic_ns,
        .scopes = scopes,
        .scope_count = source->scope_count,
        .scope_size = sizeof(*scopes),
        .point_count = source->point_count,
    };
    if (copier.failed) {
        tacho_memory_batch_destroy(&copy->batch);
        return NULL;
    }
    return copy;
}

void tacho_memory_batch_destroy(tacho_metric_batch *batch) {
    if (batch == NULL) {
        return;
    }
    struct tachoi_memory_batch *copy = (struct tachoi_memory_batch *)(void *)batch;
    tacho_resource_destroy(copy->resource);
    tachoi_arena_fini(&copy->arena);
    tachoi_free(copy);
}

static const tacho_metric *find_in_scope(const tacho_scope_metrics *scope, tacho_string name) {
    for (size_t i = 0; i < scope->metric_count; i++) {
        const tacho_metric *metric = tacho_scope_metrics_metric(scope, i);
        if (metric->name.length == name.length && name.length > 0 &&
            memcmp(metric->name.data, name.data, name.length) == 0) {
            return metric;
        }
    }
    return NULL;
}

const tacho_metric *tacho_memory_batch_find(const tacho_metric_batch *batch, const char *name) {
    const tacho_metric *found = NULL;
    for (size_t i = 0; batch != NULL && found == NULL && i < batch->scope_count; i++) {
        found = find_in_scope(tacho_metric_batch_scope(batch, i), tacho_string_from(name));
    }
    return found;
}
