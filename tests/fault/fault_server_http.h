/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what fault_server must understand of HTTP/1.1 messages. Pure. */
#ifndef TACHO_FAULT_SERVER_HTTP_H
#define TACHO_FAULT_SERVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The length of the message's head with the empty line that ends it; 0 if it is not complete. */
size_t fault_http_head_length(const char *data, size_t length);

/** Copies the value of a header into `out`, cut to its size; false, and "", if there is none. */
bool fault_http_header(const char *head, size_t head_length, const char *name, char *out,
                       size_t size);

/** Content-Length; 0 if there is none that makes sense. */
uint64_t fault_http_content_length(const char *head, size_t head_length);

/** Copies a head without its header Connection and with `connection` in its place ("" = none).
 * Returns the new length; `out` must have room for head_length + 32 bytes. */
size_t fault_http_set_connection(const char *head, size_t head_length, const char *connection,
                                 char *out);

/** Whether the end of an answer is known without the end of its connection. */
bool fault_http_answer_has_end(const char *head, size_t head_length);

/** The status of an answer; 0 if it is none. */
int fault_http_status(const char *head, size_t head_length);

/** Prints `text` as a string of JSON, with quotes. What is not printable becomes a question mark.
 */
void fault_json_text(const char *text, size_t length, char *out, size_t size);

#endif
