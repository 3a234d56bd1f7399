/* SPDX-License-Identifier: Apache-2.0 */
/* Owns making the body of a request from a range of a run: a protocol's message, then snappy's
 * block format (RW1-01), within limits (QUEUE-03). Pure but for its buffers. One thread at a time.
 */
#ifndef TACHOI_REMOTE_WRITE_ENCODER_H
#define TACHOI_REMOTE_WRITE_ENCODER_H

#include "remote_write/label_refs.h"
#include "remote_write/negotiation.h"
#include "remote_write/run.h"
#include "remote_write/wire.h"

/** Longest message before compression: receivers refuse more than 32 MiB. */
#define TACHOI_MESSAGE_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct tachoi_encoder;

/** What differs between the versions of remote write. */
struct tachoi_protocol {
    int version;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    /** Appends the message for the samples from `begin` to before `end` to encoder->message, and
     * counts in encoder->content what it says; false when it is too long or memory is short, as the
     * message's wire tells. */
    bool (*append)(struct tachoi_encoder *encoder, const struct tachoi_run *run, size_t begin,
                   size_t end);
};

extern const struct tachoi_protocol tachoi_protocol_v1;
extern const struct tachoi_protocol tachoi_protocol_v2;

/** What a message says. */
struct tachoi_content {
    struct tachoi_written sent;     /* of each kind, as on the wire */
    uint64_t unsupported_samples;   /* of those asked for: the version has no words for them */
    uint64_t unsupported_exemplars; /* likewise */
};

/** What 1.0 says though its specification does not (RW1-12). */
struct tachoi_encoder_options {
    bool exemplars_with_v1;
    bool native_histograms_with_v1;
};

struct tachoi_encoder {
    struct tachoi_encoder_options options; /* immutable after init */
    struct tachoi_wire message;            /* before compression */
    struct tachoi_content content;
    struct tachoi_wire series;     /* 2.0: time series, until the symbols before them are known */
    struct tachoi_wire exemplars;  /* 2.0: of one time series */
    struct tachoi_label_refs refs; /* 2.0 */
    struct tachoi_arena scratch;   /* of one record */
    unsigned char *body;
    size_t body_length;
    size_t body_capacity;
};

enum tachoi_encode_result {
    TACHOI_ENCODE_OK,
    TACHOI_ENCODE_TOO_LARGE, /* the message, or the body: send less at once */
    TACHOI_ENCODE_NO_MEMORY
};

void tachoi_encoder_init(struct tachoi_encoder *encoder,
                         const struct tachoi_encoder_options *options);
void tachoi_encoder_fini(struct tachoi_encoder *encoder);

/** Makes encoder->body and encoder->content of the samples from `begin` to before `end`. */
enum tachoi_encode_result tachoi_encoder_encode(struct tachoi_encoder *encoder,
                                                const struct tachoi_protocol *protocol,
                                                const struct tachoi_run *run, size_t begin,
                                                size_t end, size_t max_body_bytes);

#endif
