/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is kept of an answer: status, the headers that matter, the first bytes of the body in a
 * form that is safe to print (HTTP-04, HTTP-05). Bodies are never interpreted. Pure. */
#ifndef TACHOI_HTTP_RESPONSE_H
#define TACHOI_HTTP_RESPONSE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A larger body ends the transfer: whoever sends it is no remote-write receiver. */
#define TACHOI_HTTP_BODY_MAX ((size_t)64 * 1024)
#define TACHOI_HTTP_EXCERPT_MAX ((size_t)1024)

/** A header whose absence means something. */
struct tachoi_http_field {
    bool is_present;
    char text[40]; /* "" if absent; cut if longer, and then full to the last byte */
};

struct tachoi_http_response {
    CURLcode code;
    long status;          /* 0 if no answer came, or not all of its head */
    uint64_t duration_ns; /* from the start of the POST to the end of the answer */
    size_t body_length;   /* bytes received */
    char retry_after[64]; /* "" if absent; cut if longer */
    char location[256];   /* "" if absent */
    char date[40];        /* "" if absent; the receiver's clock */

    /* X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written, as they came */
    struct tachoi_http_field samples_written;
    struct tachoi_http_field histograms_written;
    struct tachoi_http_field exemplars_written;

    bool has_head; /* all of the last head has come */
    char excerpt[TACHOI_HTTP_EXCERPT_MAX + 1];
    size_t excerpt_length;
    char error[CURL_ERROR_SIZE]; /* libcurl's words, "" if it had none */
};

/** Forgets the former answer. */
void tachoi_http_response_clear(struct tachoi_http_response *response);

/** Takes a line of a head: of an interim answer's, or of the last one's. */
void tachoi_http_response_head_line(struct tachoi_http_response *response, const char *line,
                                    size_t length);

/** Takes a part of the body; false when it is more than the maximum and the transfer should end. */
bool tachoi_http_response_body(struct tachoi_http_response *response, const char *data,
                               size_t length);

/** Makes text from a stranger harmless to print, in place: control characters become blanks, and
 * what is not UTF-8 question marks. Keeps the length, but for a character cut off at the end.
 * Returns the length. */
size_t tachoi_http_clean_text(char *text, size_t length);

#endif
