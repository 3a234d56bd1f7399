/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a request as text for people: its body uncompressed, decoded by protobuf-c and written field
 * by field from protobuf-c's own descriptions, so that it says what a receiver reads and not what
 * was meant. Labels are written as {name="value"}, references of 2.0 as what they refer to. Pure.
 */
#ifndef TACHOI_REMOTE_WRITE_REQUEST_TEXT_H
#define TACHOI_REMOTE_WRITE_REQUEST_TEXT_H

#include <stdbool.h>

#include "base/text.h"

/** The most that a body may hold, uncompressed. */
#define TACHOI_REQUEST_TEXT_BODY_MAX ((size_t)32 * 1024 * 1024)

/** Appends the request of this version; false, with the reason appended, if it cannot be decoded.
 * Where out->max_length is reached the rest is missing, as out->failed tells. */
bool tachoi_request_text_append(struct tachoi_text *out, int version, const void *body,
                                size_t body_length);

#endif
