/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the files in refused_request_folder: one for each request that was refused for good, as
 * text, for whoever wants to know what the receiver did not like (RWOBS-08). At most 16 files are
 * in the folder, whoever wrote them; the first ones stay, since the first refusal is the telling
 * one. Files are readable by their owner alone and appear complete. They hold labels and values,
 * but no header's value that a user gave, no password and no query of a URL.
 *
 * Sending thread only; blocks for local file I/O. What fails here is told once and stops nothing.
 */
#ifndef TACHOI_REMOTE_WRITE_REQUEST_DUMP_H
#define TACHOI_REMOTE_WRITE_REQUEST_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/response.h"

#define TACHOI_DUMP_FILES_MAX 16
/** The rest of a longer text is left out. */
#define TACHOI_DUMP_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct tachoi_request_dump {
    const char *folder; /* NULL = none: nothing is written */
    bool has_told;      /* that it does not work, or that the folder is full */
};

/** A request and its answer; everything is borrowed. */
struct tachoi_refused_request {
    const char *url; /* redacted */
    int version;
    const void *body;
    size_t body_length;
    const char *const *headers; /* of the protocol, "Name: value" */
    size_t header_count;
    const char *const *user_headers; /* of the user; only their names are written */
    size_t user_header_count;
    const struct tachoi_http_response *response;
    int64_t time_unix_ms;
};

/** The folder is borrowed. */
void tachoi_request_dump_init(struct tachoi_request_dump *dump, const char *folder);

/** Writes a file, if there is a folder and room in it. Whether it did. */
bool tachoi_request_dump_write(struct tachoi_request_dump *dump,
                               const struct tachoi_refused_request *request);

#endif
