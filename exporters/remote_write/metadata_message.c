/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the requests in which 1.0 tells what metric families are. See metadata_message.h. */
#include "remote_write/metadata_message.h"

#include <snappy-c.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "remote_write/escaped_labels.h"
#include "remote_write_v1.pb-c.h"

void tachoi_metadata_message_fini(struct tachoi_metadata_message *message) {
    tachoi_free(message->body);
    *message = (struct tachoi_metadata_message){0};
}

/* Texts get a NUL at their end in the arena. */
static enum tachoi_escape_result fill(Prometheus__MetricMetadata *out,
                                      const struct tachoi_prometheus_family *family,
                                      struct tachoi_arena *arena) {
    prometheus__metric_metadata__init(out);
    out->type = (Prometheus__MetricMetadata__MetricType)family->type;
    out->help = tachoi_arena_strndup(arena, family->help.data, family->help.length);
    out->unit = tachoi_arena_strndup(arena, family->unit.data, family->unit.length);
    if (out->help == NULL || out->unit == NULL) {
        return TACHOI_ESCAPE_NO_MEMORY;
    }
    return tachoi_escape_metric_name(family->name, arena, &out->metric_family_name);
}

/* The message being put together. */
struct draft {
    struct tachoi_arena arena;
    Prometheus__WriteRequest request;
    size_t size;
};

/* Adds a family. */
static enum tachoi_encode_result add(struct draft *draft,
                                     const struct tachoi_prometheus_family *family) {
    Prometheus__MetricMetadata *metadata = tachoi_arena_alloc(&draft->arena, 1, sizeof *metadata);
    const enum tachoi_escape_result result =
        metadata != NULL ? fill(metadata, family, &draft->arena) : TACHOI_ESCAPE_NO_MEMORY;
    if (result == TACHOI_ESCAPE_NO_MEMORY) {
        return TACHOI_ENCODE_NO_MEMORY;
    }
    if (result == TACHOI_ESCAPE_IMPOSSIBLE) {
        return TACHOI_ENCODE_OK;
    }
    const size_t length = prometheus__metric_metadata__get_packed_size(metadata);
    const size_t size = 1 + tachoi_varint_size(length) + length;
    if (size > TACHOI_MESSAGE_BYTES_MAX - draft->size) {
        return TACHOI_ENCODE_TOO_LARGE;
    }
    draft->size += size;
    draft->request.metadata[draft->request.n_metadata++] = metadata;
    return TACHOI_ENCODE_OK;
}

static enum tachoi_encode_result add_all(struct draft *draft,
                                         const struct tachoi_prometheus_family *const *families,
                                         size_t count, size_t *taken) {
    *taken = 0;
    draft->request.metadata =
        tachoi_arena_alloc(&draft->arena, count + 1, sizeof(Prometheus__MetricMetadata *));
    if (draft->request.metadata == NULL) {
        return TACHOI_ENCODE_NO_MEMORY;
    }
    enum tachoi_encode_result result = TACHOI_ENCODE_OK;
    while (*taken < count && result == TACHOI_ENCODE_OK) {
        result = add(draft, families[*taken]);
        *taken += result == TACHOI_ENCODE_OK ? 1 : 0;
    }
    if (result == TACHOI_ENCODE_TOO_LARGE && *taken > 0) {
        return TACHOI_ENCODE_OK; /* the next message begins with it */
    }
    *taken += result == TACHOI_ENCODE_TOO_LARGE ? 1 : 0;
    return result;
}

static bool reserve(struct tachoi_metadata_message *message, size_t capacity) {
    if (capacity > message->body_capacity) {
        tachoi_free(message->body);
        message->body = tachoi_malloc(capacity);
        message->body_capacity = message->body != NULL ? capacity : 0;
    }
    return message->body != NULL;
}

static enum tachoi_encode_result compress(struct tachoi_metadata_message *message,
                                          struct draft *draft) {
    uint8_t *plain = tachoi_arena_alloc(&draft->arena, draft->size + 1, 1);
    if (plain == NULL || !reserve(message, snappy_max_compressed_length(draft->size))) {
        return TACHOI_ENCODE_NO_MEMORY;
    }
    const size_t length = prometheus__write_request__pack(&draft->request, plain);
    message->body_length = message->body_capacity;
    message->family_count = draft->request.n_metadata;
    return snappy_compress((const char *)plain, length, (char *)message->body,
                           &message->body_length) == SNAPPY_OK
               ? TACHOI_ENCODE_OK
               : TACHOI_ENCODE_NO_MEMORY; /* the room is right, so nothing else can fail */
}

enum tachoi_encode_result
tachoi_metadata_message_make(struct tachoi_metadata_message *message,
                             const struct tachoi_prometheus_family *const *families, size_t count,
                             size_t max_count, size_t *taken) {
    struct draft draft = {.request = PROMETHEUS__WRITE_REQUEST__INIT};
    tachoi_arena_init(&draft.arena, 0);
    message->body_length = message->family_count = 0;
    enum tachoi_encode_result result =
        add_all(&draft, families, count < max_count ? count : max_count, taken);
    if (result == TACHOI_ENCODE_OK) {
        result = compress(message, &draft);
    }
    tachoi_arena_fini(&draft.arena);
    return result;
}
