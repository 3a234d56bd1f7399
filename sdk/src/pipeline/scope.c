/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/scope.h"

#include <string.h>

#include "attributes/attribute_set.h"
#include "base/hash.h"
#include "base/text.h"
#include "pipeline/state.h"

static bool string_equals(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static unsigned fold(char character) {
    unsigned value = (unsigned char)character;
    return value >= 'A' && value <= 'Z' ? value + ('a' - 'A') : value;
}

static bool folded_equals(tacho_string a, tacho_string b) {
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (fold(a.data[i]) != fold(b.data[i])) {
            return false;
        }
    }
    return true;
}

/* FNV-1a: names have at most 255 characters, folded one by one. */
static uint64_t folded_hash(tacho_string name) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < name.length; i++) {
        hash = (hash ^ fold(name.data[i])) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool copy_string(struct tachoi_arena *arena, tacho_string from, tacho_string *out) {
    char *copy = tachoi_arena_strndup(arena, from.length > 0 ? from.data : "", from.length);
    *out = (tacho_string){.data = copy, .length = from.length};
    return copy != NULL;
}

/* --- scopes --- */

static uint64_t scope_hash(const tacho_scope *identity, const struct tachoi_attribute_key *key) {
    uint64_t hash = key->hash;
    hash = tachoi_hash_bytes(identity->name.data, identity->name.length, hash);
    hash = tachoi_hash_bytes(identity->version.data, identity->version.length, hash);
    return tachoi_hash_bytes(identity->schema_url.data, identity->schema_url.length, hash);
}

static bool scope_is(const struct tachoi_scope *scope, const tacho_scope *identity, uint64_t hash,
                     const struct tachoi_attribute_key *key) {
    return scope->hash == hash && string_equals(scope->identity.name, identity->name) &&
           string_equals(scope->identity.version, identity->version) &&
           string_equals(scope->identity.schema_url, identity->schema_url) &&
           tachoi_attribute_key_equals(key, scope->packed_attributes, scope->packed_size);
}

/* What a failure leaves behind stays in the arena until the pipeline goes. */
static struct tachoi_scope *scope_create_locked(struct tachoi_pipeline *pipeline,
                                                const tacho_scope *identity, uint64_t hash,
                                                const struct tachoi_attribute_key *key) {
    struct tachoi_arena *arena = &pipeline->arena;
    size_t packed_size = tachoi_attribute_key_size(key);
    struct tachoi_scope *scope = tachoi_arena_alloc(arena, 1, sizeof *scope);
    unsigned char *packed = tachoi_arena_alloc(arena, packed_size + 1, 1);
    if (scope == NULL || packed == NULL) {
        return NULL;
    }
    memset(scope, 0, sizeof *scope);
    tachoi_attribute_key_write(key, packed);
    if (!copy_string(arena, identity->name, &scope->identity.name) ||
        !copy_string(arena, identity->version, &scope->identity.version) ||
        !copy_string(arena, identity->schema_url, &scope->identity.schema_url) ||
        !tachoi_attributes_unpack(packed, packed_size, arena, &scope->identity.attributes)) {
        return NULL;
    }
    scope->pipeline = pipeline;
    scope->hash = hash;
    scope->packed_attributes = packed;
    scope->packed_size = packed_size;
    atomic_init(&scope->handle.self, scope);
    atomic_init(&scope->handle.ops, pipeline->meter_ops);
    return scope;
}

static void append_scope_locked(struct tachoi_pipeline *pipeline, struct tachoi_scope *scope) {
    if (pipeline->last_scope == NULL) {
        pipeline->first_scope = scope;
    } else {
        pipeline->last_scope->next = scope;
    }
    pipeline->last_scope = scope;
    pipeline->scope_count++;
}

struct tachoi_scope *tachoi_pipeline_scope(struct tachoi_pipeline *pipeline,
                                           const tacho_scope *identity) {
    if (!tachoi_pipeline_is_open(pipeline)) {
        return NULL;
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, identity->attributes);
    uint64_t hash = scope_hash(identity, &key);
    pthread_mutex_lock(&pipeline->lock);
    struct tachoi_scope *scope = pipeline->first_scope;
    while (scope != NULL && !scope_is(scope, identity, hash, &key)) {
        scope = scope->next;
    }
    if (scope == NULL) {
        scope = scope_create_locked(pipeline, identity, hash, &key);
        if (scope != NULL) {
            append_scope_locked(pipeline, scope);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    return scope;
}

/* --- instruments of a scope --- */

static bool is_identical(const struct tachoi_instrument_about *a,
                         const struct tachoi_instrument_about *b) {
    return a->kind == b->kind && a->number_type == b->number_type &&
           string_equals(a->unit, b->unit) && string_equals(a->description, b->description);
}

static bool has_same_advice(const struct tachoi_instrument_about *a,
                            const struct tachoi_instrument_about *b) {
    if (a->bounds == NULL || b->bounds == NULL) {
        return a->bounds == b->bounds;
    }
    return a->bound_count == b->bound_count &&
           (a->bound_count == 0 ||
            memcmp(a->bounds, b->bounds, a->bound_count * sizeof a->bounds[0]) == 0);
}

/* The identical instrument if there is one. Else the oldest of the same name, whose spelling
 * counts, is left in the verdict. */
static struct tachoi_instrument *find_locked(struct tachoi_scope *scope,
                                             const struct tachoi_instrument_about *about,
                                             uint64_t name_hash,
                                             struct tachoi_instrument_verdict *verdict) {
    struct tachoi_instrument *instrument = scope->buckets[name_hash % TACHOI_INSTRUMENT_BUCKETS];
    for (; instrument != NULL; instrument = instrument->next_in_bucket) {
        if (instrument->name_hash != name_hash ||
            !folded_equals(instrument->about.name, about->name)) {
            continue;
        }
        verdict->seen = instrument;
        if (is_identical(&instrument->about, about)) {
            return instrument;
        }
    }
    return NULL;
}

static void judge(struct tachoi_instrument_verdict *verdict, bool is_found,
                  const struct tachoi_instrument_about *about) {
    if (verdict->seen == NULL) {
        return;
    }
    if (!string_equals(verdict->seen->about.name, about->name)) {
        verdict->conflicts |= TACHOI_CONFLICT_CASING;
    }
    if (!is_found) {
        verdict->conflicts |= TACHOI_CONFLICT_IDENTITY;
    } else if (!has_same_advice(&verdict->seen->about, about)) {
        verdict->conflicts |= TACHOI_CONFLICT_ADVISORY;
    }
}

static bool copy_about(struct tachoi_arena *arena, const struct tachoi_instrument_about *about,
                       const struct tachoi_instrument *seen, struct tachoi_instrument_about *out) {
    *out = *about;
    if (about->bounds != NULL) {
        size_t room = about->bound_count > 0 ? about->bound_count : 1; /* none is not NULL */
        double *bounds = tachoi_arena_alloc(arena, room, sizeof bounds[0]);
        if (bounds == NULL) {
            return false;
        }
        if (about->bound_count > 0) {
            memcpy(bounds, about->bounds, about->bound_count * sizeof bounds[0]);
        }
        out->bounds = bounds;
    }
    return copy_string(arena, seen != NULL ? seen->about.name : about->name, &out->name) &&
           copy_string(arena, about->unit, &out->unit) &&
           copy_string(arena, about->description, &out->description);
}

static void append_instrument_locked(struct tachoi_scope *scope,
                                     struct tachoi_instrument *instrument, uint64_t name_hash) {
    struct tachoi_instrument **bucket = &scope->buckets[name_hash % TACHOI_INSTRUMENT_BUCKETS];
    instrument->name_hash = name_hash;
    instrument->next_in_bucket = *bucket;
    *bucket = instrument;
    if (scope->last_instrument == NULL) {
        scope->first_instrument = instrument;
    } else {
        scope->last_instrument->next = instrument;
    }
    scope->last_instrument = instrument;
    scope->instrument_count++;
    scope->pipeline->instrument_count++;
}

static struct tachoi_instrument *create_locked(struct tachoi_scope *scope,
                                               const struct tachoi_instrument_about *about,
                                               const struct tachoi_instrument *seen,
                                               uint64_t name_hash, uint64_t now_unix_nano) {
    struct tachoi_instrument_about copy;
    if (!copy_about(&scope->pipeline->arena, about, seen, &copy)) {
        return NULL;
    }
    struct tachoi_instrument *instrument = tachoi_instrument_create(scope, &copy, now_unix_nano);
    if (instrument != NULL) {
        append_instrument_locked(scope, instrument, name_hash);
    }
    return instrument;
}

struct tachoi_instrument *tachoi_scope_instrument(struct tachoi_scope *scope,
                                                  const struct tachoi_instrument_about *about,
                                                  struct tachoi_instrument_verdict *verdict) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    *verdict = (struct tachoi_instrument_verdict){0};
    if (!tachoi_pipeline_is_open(pipeline)) {
        return NULL;
    }
    uint64_t name_hash = folded_hash(about->name);
    uint64_t now_unix_nano = pipeline->clock.unix_ns(pipeline->clock.user);
    struct tachoi_instrument *instrument = NULL;
    pthread_mutex_lock(&pipeline->lock);
    if (tachoi_pipeline_is_open(pipeline)) { /* again: stopping holds the lock */
        instrument = find_locked(scope, about, name_hash, verdict);
        judge(verdict, instrument != NULL, about);
        if (instrument == NULL) {
            instrument = create_locked(scope, about, verdict->seen, name_hash, now_unix_nano);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    return instrument;
}
