/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making the body of a request. See encoder.h. */
#include "remote_write/encoder.h"

#include <snappy-c.h>

#include "base/alloc.h"

void tachoi_encoder_init(struct tachoi_encoder *encoder,
                         const struct tachoi_encoder_options *options) {
    *encoder = (struct tachoi_encoder){.options = *options,
                                       .message = {.max_length = TACHOI_MESSAGE_BYTES_MAX}};
}

void tachoi_encoder_fini(struct tachoi_encoder *encoder) {
    tachoi_wire_fini(&encoder->message);
    tachoi_wire_fini(&encoder->series);
    tachoi_wire_fini(&encoder->exemplars);
    tachoi_label_refs_fini(&encoder->refs);
    tachoi_arena_fini(&encoder->scratch);
    tachoi_free(encoder->body);
    encoder->body = NULL;
    encoder->body_length = encoder->body_capacity = 0;
}

static bool reserve_body(struct tachoi_encoder *encoder, size_t capacity) {
    if (capacity <= encoder->body_capacity) {
        return true;
    }
    tachoi_free(encoder->body); /* its content is of no use any more */
    encoder->body = tachoi_malloc(capacity);
    encoder->body_capacity = encoder->body != NULL ? capacity : 0;
    return encoder->body != NULL;
}

enum tachoi_encode_result tachoi_encoder_encode(struct tachoi_encoder *encoder,
                                                const struct tachoi_protocol *protocol,
                                                const struct tachoi_run *run, size_t begin,
                                                size_t end, size_t max_body_bytes) {
    struct tachoi_wire *message = &encoder->message;
    message->length = 0;
    message->is_too_long = false;
    encoder->content = (struct tachoi_content){0};
    if (!protocol->append(encoder, run, begin, end)) {
        return message->is_too_long ? TACHOI_ENCODE_TOO_LARGE : TACHOI_ENCODE_NO_MEMORY;
    }
    if (!reserve_body(encoder, snappy_max_compressed_length(message->length))) {
        return TACHOI_ENCODE_NO_MEMORY;
    }
    encoder->body_length = encoder->body_capacity;
    if (snappy_compress((const char *)message->data, message->length, (char *)encoder->body,
                        &encoder->body_length) != SNAPPY_OK) {
        return TACHOI_ENCODE_NO_MEMORY; /* the room is right, so nothing else can fail */
    }
    return encoder->body_length > max_body_bytes ? TACHOI_ENCODE_TOO_LARGE : TACHOI_ENCODE_OK;
}
