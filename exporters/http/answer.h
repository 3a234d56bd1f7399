/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading an answer out of libcurl's handle: what response.h keeps of it. */
#ifndef TACHOI_HTTP_ANSWER_H
#define TACHOI_HTTP_ANSWER_H

#include "http/response.h"

/** Completes the answer to a transfer that has ended with `code`; its body is there already. */
void tachoi_http_answer_read(CURL *easy, CURLcode code, struct tachoi_http_response *response);

#endif
