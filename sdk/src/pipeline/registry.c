/* SPDX-License-Identifier: Apache-2.0 */
/* The instruments of a scope: finding the identical one, else making one and joining it to the
 * streams there are. An instrument and its streams are made without the lock, since views may
 * report and memory is allocated; linking them under it allocates nothing and cannot fail. If
 * another thread has made the instrument meanwhile, that one counts. */
#include "pipeline/about.h"
#include "pipeline/names.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"

/* --- finding --- */

/* The identical instrument if there is one. Else the oldest of the same name, whose spelling
 * counts, is left in the verdict. */
static struct tachoi_instrument *find_locked(struct tachoi_scope *scope,
                                             const struct tachoi_instrument_about *about,
                                             uint64_t name_hash,
                                             struct tachoi_instrument_verdict *verdict) {
    struct tachoi_instrument *instrument = scope->instruments[name_hash % TACHOI_SCOPE_BUCKETS];
    for (; instrument != NULL; instrument = instrument->next_in_bucket) {
        if (instrument->name_hash != name_hash ||
            !tachoi_name_equals(instrument->about.name, about->name)) {
            continue;
        }
        verdict->seen = instrument;
        if (tachoi_about_is_identical(&instrument->about, about)) {
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
    const struct tachoi_instrument_about *seen = &verdict->seen->about;
    if (!tachoi_string_equals(seen->name, about->name)) {
        verdict->conflicts |= TACHOI_CONFLICT_CASING;
    }
    if (is_found && !tachoi_about_has_same_advice(seen, about)) {
        verdict->conflicts |= TACHOI_CONFLICT_ADVISORY;
    }
}

/* Its name as it is spelled in this scope, all else its own. */
static bool copy_locked(struct tachoi_scope *scope, const struct tachoi_instrument *seen,
                        struct tachoi_instrument_about *about) {
    struct tachoi_arena *arena = &scope->pipeline->arena;
    if (seen != NULL) {
        about->name = seen->about.name;
    } else if (!tachoi_string_copy(arena, &about->name)) {
        return false;
    }
    return tachoi_about_copy(arena, about);
}

/* --- linking --- */

static struct tachoi_stream *find_twin_locked(const struct tachoi_scope *scope,
                                              const struct tachoi_stream *stream) {
    struct tachoi_stream *twin = scope->streams[stream->name_hash % TACHOI_SCOPE_BUCKETS];
    while (twin != NULL && !tachoi_stream_equals(twin, stream)) {
        twin = twin->next_in_bucket;
    }
    return twin;
}

/* Whether two instruments were seen to conflict already in streams of this name, for another
 * reader. */
static bool is_known(const struct tachoi_instrument_verdict *verdict,
                     const struct tachoi_stream *stream, const struct tachoi_stream *seen) {
    for (size_t i = 0; i < verdict->stream_count; i++) {
        const struct tachoi_stream_conflict *noted = &verdict->streams[i];
        if (noted->stream->collector != stream->collector && noted->seen->about == seen->about &&
            noted->stream->name_hash == stream->name_hash) {
            return true;
        }
    }
    return false;
}

/* Streams of one instrument are the views' matter. `about` is that of the new instrument. */
static void note(struct tachoi_instrument_verdict *verdict,
                 const struct tachoi_instrument_about *about, const struct tachoi_stream *stream,
                 const struct tachoi_stream *seen) {
    if (about != seen->about && verdict->stream_count < TACHOI_STREAM_CONFLICTS &&
        !is_known(verdict, stream, seen)) {
        verdict->streams[verdict->stream_count++] =
            (struct tachoi_stream_conflict){.about = about, .stream = stream, .seen = seen};
    }
}

static void note_conflicts_locked(struct tachoi_stream *stream, const struct tachoi_scope *scope,
                                  struct tachoi_instrument_verdict *verdict) {
    struct tachoi_stream *seen = scope->streams[stream->name_hash % TACHOI_SCOPE_BUCKETS];
    for (; seen != NULL; seen = seen->next_in_bucket) {
        if (!tachoi_stream_has_name_of(seen, stream)) {
            continue;
        }
        tachoi_stream_meet_locked(seen, stream);
        note(verdict, stream->about, stream, seen);
    }
}

static void append_stream_locked(struct tachoi_scope *scope, struct tachoi_stream *stream) {
    struct tachoi_stream **bucket = &scope->streams[stream->name_hash % TACHOI_SCOPE_BUCKETS];
    struct tachoi_stream_list *list = &scope->collected[stream->collector->index];
    stream->next_in_bucket = *bucket;
    *bucket = stream;
    *(list->last != NULL ? &list->last->next : &list->first) = stream;
    list->last = stream;
    list->count++;
}

/* The stream is the scope's now, or an equal one takes its place and it is put before `unused`. */
static void link_stream_locked(struct tachoi_scope *scope, struct tachoi_outlet *outlet,
                               struct tachoi_instrument_verdict *verdict,
                               struct tachoi_stream **unused) {
    struct tachoi_stream *stream = outlet->stream;
    struct tachoi_stream *twin = find_twin_locked(scope, stream);
    if (twin != NULL) {
        if (!tachoi_name_equals(stream->about->name, twin->about->name)) {
            note(verdict, stream->about, twin, twin);
        }
        stream->next = *unused;
        *unused = stream;
        *outlet = (struct tachoi_outlet){.sync = twin->sync, .stream = twin};
    } else {
        note_conflicts_locked(stream, scope, verdict);
        append_stream_locked(scope, stream);
    }
}

static void link_locked(struct tachoi_instrument *instrument,
                        struct tachoi_instrument_verdict *verdict, struct tachoi_stream **unused) {
    struct tachoi_scope *scope = instrument->scope;
    struct tachoi_instrument **bucket =
        &scope->instruments[instrument->name_hash % TACHOI_SCOPE_BUCKETS];
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        link_stream_locked(scope, &instrument->outlets[i], verdict, unused);
    }
    instrument->next_in_bucket = *bucket;
    *bucket = instrument;
    *(scope->last_instrument != NULL ? &scope->last_instrument->next : &scope->first_instrument) =
        instrument;
    scope->last_instrument = instrument;
    tachoi_instrument_update_state_locked(instrument);
}

/* --- requests --- */

/* Links what was made without the lock, unless an identical instrument has come meanwhile, or one
 * of another spelling, which then counts: the verdict tells. */
static struct tachoi_instrument *settle(struct tachoi_instrument *made,
                                        const struct tachoi_instrument_about *about,
                                        struct tachoi_instrument_verdict *verdict) {
    struct tachoi_scope *scope = made->scope;
    struct tachoi_pipeline *pipeline = scope->pipeline;
    struct tachoi_stream *unused = NULL;
    struct tachoi_instrument *found = NULL;
    pthread_mutex_lock(&pipeline->lock);
    if (tachoi_pipeline_is_open(pipeline)) { /* again: stopping holds the lock */
        found = find_locked(scope, about, made->name_hash, verdict);
        judge(verdict, found != NULL, about);
        if (found == NULL && (verdict->seen == NULL ||
                              tachoi_string_equals(verdict->seen->about.name, made->about.name))) {
            link_locked(made, verdict, &unused);
            found = made;
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    while (unused != NULL) {
        struct tachoi_stream *stream = unused;
        unused = stream->next;
        tachoi_stream_destroy(stream);
    }
    if (found != made) {
        tachoi_instrument_discard(made);
    }
    return found;
}

/* The instrument if it exists; else `about` becomes a copy to make it of, its name as it is spelled
 * in this scope; false if memory is short for that. */
static bool find_or_copy(struct tachoi_scope *scope, struct tachoi_instrument_about *about,
                         uint64_t name_hash, struct tachoi_instrument_verdict *verdict,
                         struct tachoi_instrument **found) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    pthread_mutex_lock(&pipeline->lock);
    *verdict = (struct tachoi_instrument_verdict){0};
    *found = find_locked(scope, about, name_hash, verdict);
    judge(verdict, *found != NULL, about);
    bool is_done = *found != NULL || copy_locked(scope, verdict->seen, about);
    pthread_mutex_unlock(&pipeline->lock);
    return is_done;
}

struct tachoi_instrument *tachoi_scope_instrument(struct tachoi_scope *scope,
                                                  const struct tachoi_instrument_about *about,
                                                  struct tachoi_instrument_verdict *verdict) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    const uint64_t name_hash = tachoi_name_hash(about->name);
    const uint64_t now_unix_nano = pipeline->clock.unix_ns(pipeline->clock.user);
    struct tachoi_instrument *instrument = NULL;
    *verdict = (struct tachoi_instrument_verdict){0};
    /* A second round only where another thread gave the name its spelling during the first. */
    while (instrument == NULL && tachoi_pipeline_is_open(pipeline)) {
        struct tachoi_instrument_about copy = *about;
        if (!find_or_copy(scope, &copy, name_hash, verdict, &instrument)) {
            return NULL;
        }
        if (instrument == NULL) {
            struct tachoi_instrument *made = tachoi_instrument_create(scope, &copy, now_unix_nano);
            if (made == NULL) {
                return NULL;
            }
            made->name_hash = name_hash;
            instrument = settle(made, about, verdict);
        }
    }
    return instrument;
}

void tachoi_scope_destroy_instruments(struct tachoi_scope *scope) {
    struct tachoi_instrument *instrument = scope->first_instrument;
    while (instrument != NULL) {
        struct tachoi_instrument *next = instrument->next;
        tachoi_instrument_destroy(instrument);
        instrument = next;
    }
    for (size_t i = 0; i < scope->pipeline->collector_count; i++) {
        struct tachoi_stream *stream = scope->collected[i].first;
        while (stream != NULL) {
            struct tachoi_stream *next = stream->next;
            tachoi_stream_destroy(stream);
            stream = next;
        }
    }
}
