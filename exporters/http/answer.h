/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading an answer out of libcurl's handle: what response.h keeps of it, and whether it was
 * one at all. */
#ifndef TACHOI_HTTP_ANSWER_H
#define TACHOI_HTTP_ANSWER_H

#include "http/response.h"

/** Completes the answer to a transfer that has ended with `code`; its body is there already. */
void tachoi_http_answer_read(CURL *easy, CURLcode code, struct tachoi_http_response *response);

/** How long the transfer took. */
uint64_t tachoi_http_answer_duration_ns(CURL *easy);

/** Whether a kept connection turned out to be dead: it broke before a byte of an answer (HTTP-12).
 * libcurl repeats such a POST by itself, unless the break shows while the body is being sent. */
bool tachoi_http_answer_is_dead_connection(CURL *easy, CURLcode code);

#endif
