/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the retry policy: from the outcome of a transfer to what is to be done with the data, and
 * the meaning of Retry-After. Pure: no I/O, no clock, no state. (remote-write.md RETRY, HTTP-06) */
#ifndef TACHOI_HTTP_RETRY_H
#define TACHOI_HTTP_RETRY_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum tachoi_http_verdict {
    TACHOI_HTTP_SUCCESS,      /* the receiver has it */
    TACHOI_HTTP_RETRY,        /* send the same again, later */
    TACHOI_HTTP_RETRY_SLOWLY, /* as RETRY, but a person must mend something first */
    TACHOI_HTTP_SPLIT,        /* too large: send it in parts */
    TACHOI_HTTP_DROP          /* refused for good */
};

/**
 * Judges a transfer. `status` is 0 if no answer came; where one came it counts, also if reading
 * the body failed afterwards.
 */
enum tachoi_http_verdict tachoi_http_judge(CURLcode code, long status, bool retry_on_429);

/**
 * The delay that a Retry-After value asks for, in ms, at most `max_ms`: decimal seconds, or an HTTP
 * date compared with `now_unix_s`. 0 if it is missing (NULL), in the past or garbage (RETRY-02).
 */
uint32_t tachoi_http_retry_after_ms(const char *value, int64_t now_unix_s, uint32_t max_ms);

/** A hint for the person who reads the message, "" where there is none (AUTH-11): about a status,
 * and about a transfer without an answer, for which libcurl had the words `error`. */
const char *tachoi_http_status_hint(long status);
const char *tachoi_http_failure_hint(CURLcode code, const char *error);

#endif
