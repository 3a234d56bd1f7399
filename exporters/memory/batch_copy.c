/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the walk over a batch that copies all of it into one arena; only the resource, which is
 * opaque, is an object of its own. Must not know how batches are kept. */
#include "memory/batch_copy.h"

#include <string.h>

#include "base/alloc.h"
#include "memory/point_copy.h"
#include "tacho/exporters/memory.h"

static void copy_metric(struct tachoi_copier *copier, const tacho_metric *source,
                        tacho_metric *copy) {
    *copy = *source;
    copy->name = tachoi_copier_string(copier, source->name);
    copy->description = tachoi_copier_string(copier, source->description);
    copy->unit = tachoi_copier_string(copier, source->unit);
    copy->metadata = tachoi_copier_attributes(copier, source->metadata);
    tachoi_copy_points(copier, source, copy);
}

static void copy_scope(struct tachoi_copier *copier, const tacho_scope_metrics *source,
                       tacho_scope_metrics *copy) {
    tacho_scope *scope = tachoi_copier_reserve(copier, 1, sizeof(*scope));
    tacho_metric *metrics = tachoi_copier_reserve(copier, source->metric_count, sizeof(*metrics));
    if (scope != NULL) {
        scope->name = tachoi_copier_string(copier, source->scope->name);
        scope->version = tachoi_copier_string(copier, source->scope->version);
        scope->schema_url = tachoi_copier_string(copier, source->scope->schema_url);
        scope->attributes = tachoi_copier_attributes(copier, source->scope->attributes);
    }
    for (size_t i = 0; metrics != NULL && i < source->metric_count; i++) {
        copy_metric(copier, tacho_scope_metrics_metric(source, i), &metrics[i]);
    }
    *copy = (tacho_scope_metrics){scope, metrics, source->metric_count, sizeof(*metrics)};
}

static tacho_resource *copy_resource(struct tachoi_copier *copier, const tacho_resource *source) {
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
    struct tachoi_copier copier = {&copy->arena, false};
    copy->resource = copy_resource(&copier, source->resource);
    tacho_scope_metrics *scopes =
        tachoi_copier_reserve(&copier, source->scope_count, sizeof(*scopes));
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
        .has_more = source->has_more,
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
