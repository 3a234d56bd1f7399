/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and making scopes. Their instruments are in registry.c. */
#include "pipeline/scope.h"

#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "pipeline/about.h"
#include "pipeline/names.h"
#include "pipeline/state.h"

/* A scope to look for. */
struct wanted_scope {
    const tacho_scope *identity;
    struct tachoi_attribute_key attributes;
    uint64_t hash;
};

static uint64_t scope_hash(const tacho_scope *identity, uint64_t attributes_hash) {
    uint64_t hash = attributes_hash;
    hash = tachoi_hash_bytes(identity->name.data, identity->name.length, hash);
    hash = tachoi_hash_bytes(identity->version.data, identity->version.length, hash);
    return tachoi_hash_bytes(identity->schema_url.data, identity->schema_url.length, hash);
}

static bool scope_is(const struct tachoi_scope *scope, const struct wanted_scope *wanted) {
    return scope->hash == wanted->hash &&
           tachoi_string_equals(scope->identity.name, wanted->identity->name) &&
           tachoi_string_equals(scope->identity.version, wanted->identity->version) &&
           tachoi_string_equals(scope->identity.schema_url, wanted->identity->schema_url) &&
           tachoi_attribute_key_equals(&wanted->attributes, scope->packed_attributes,
                                       scope->packed_size);
}

static struct tachoi_scope *find_locked(struct tachoi_pipeline *pipeline,
                                        const struct wanted_scope *wanted) {
    struct tachoi_scope *scope = pipeline->first_scope;
    while (scope != NULL && !scope_is(scope, wanted)) {
        scope = scope->next;
    }
    return scope;
}

/* What a failure leaves behind stays in the arena until the pipeline goes. */
static bool copy_identity_locked(struct tachoi_scope *scope, const struct wanted_scope *wanted) {
    struct tachoi_arena *arena = &scope->pipeline->arena;
    size_t packed_size = tachoi_attribute_key_size(&wanted->attributes);
    unsigned char *packed = tachoi_arena_alloc(arena, packed_size + 1, 1);
    if (packed == NULL) {
        return false;
    }
    tachoi_attribute_key_write(&wanted->attributes, packed);
    scope->packed_attributes = packed;
    scope->packed_size = packed_size;
    scope->identity = *wanted->identity;
    return tachoi_string_copy(arena, &scope->identity.name) &&
           tachoi_string_copy(arena, &scope->identity.version) &&
           tachoi_string_copy(arena, &scope->identity.schema_url) &&
           tachoi_attributes_unpack(packed, packed_size, arena, &scope->identity.attributes);
}

static struct tachoi_scope *create_locked(struct tachoi_pipeline *pipeline,
                                          const struct wanted_scope *wanted) {
    size_t size;
    if (!tachoi_size_mul(pipeline->collector_count, sizeof(struct tachoi_stream_list), &size) ||
        !tachoi_size_add(size, sizeof(struct tachoi_scope), &size)) {
        return NULL;
    }
    struct tachoi_scope *scope = tachoi_arena_alloc(&pipeline->arena, 1, size);
    if (scope == NULL) {
        return NULL;
    }
    memset(scope, 0, size);
    scope->pipeline = pipeline;
    scope->hash = wanted->hash;
    atomic_init(&scope->handle.self, scope);
    atomic_init(&scope->handle.ops, pipeline->meter_ops);
    return copy_identity_locked(scope, wanted) ? scope : NULL;
}

static void append_locked(struct tachoi_pipeline *pipeline, struct tachoi_scope *scope) {
    *(pipeline->last_scope != NULL ? &pipeline->last_scope->next : &pipeline->first_scope) = scope;
    pipeline->last_scope = scope;
    pipeline->scope_count++;
}

/* Asks the meter configurator about a scope in no list; gives up the lock meanwhile. */
static void configure_locked(struct tachoi_scope *scope) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    struct tachoi_meter_rule rule;
    do {
        rule = pipeline->meter_rule;
        if (rule.configurator == NULL) {
            scope->is_disabled = false;
            return;
        }
        pthread_mutex_unlock(&pipeline->lock);
        scope->is_disabled = tachoi_meter_rule_disables(&rule, &scope->identity);
        pthread_mutex_lock(&pipeline->lock);
    } while (rule.version != pipeline->meter_rule.version);
}

/* The scope that `made` is for: another thread may have been quicker; then `made` stays unused in
 * the arena. */
static struct tachoi_scope *add_locked(struct tachoi_scope *made,
                                       const struct wanted_scope *wanted) {
    configure_locked(made);
    struct tachoi_scope *scope = find_locked(made->pipeline, wanted);
    if (scope == NULL) {
        append_locked(made->pipeline, made);
        scope = made;
    }
    return scope;
}

struct tachoi_scope *tachoi_pipeline_scope(struct tachoi_pipeline *pipeline,
                                           const tacho_scope *identity) {
    if (!tachoi_pipeline_is_open(pipeline)) {
        return NULL;
    }
    struct wanted_scope wanted = {.identity = identity};
    tachoi_attribute_key_init(&wanted.attributes, identity->attributes);
    wanted.hash = scope_hash(identity, wanted.attributes.hash);
    pthread_mutex_lock(&pipeline->lock);
    struct tachoi_scope *scope = find_locked(pipeline, &wanted);
    if (scope == NULL) {
        scope = create_locked(pipeline, &wanted);
        scope = scope != NULL ? add_locked(scope, &wanted) : NULL;
    }
    pthread_mutex_unlock(&pipeline->lock);
    return scope;
}
