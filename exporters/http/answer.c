/* SPDX-License-Identifier: Apache-2.0 */
/* Owns reading an answer out of libcurl's handle. See answer.h. */
#include "http/answer.h"

#include <stdio.h>
#include <string.h>

/* Copies the last answer's header; false if it has none of that name. */
static bool keep_header(CURL *easy, const char *name, char *out, size_t out_size) {
    struct curl_header *header = NULL;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
        return false;
    }
    size_t length = strnlen(header->value, out_size - 1);
    memcpy(out, header->value, length);
    length = tachoi_http_clean_text(out, length);
    while (length > 0 && out[length - 1] == ' ') { /* libcurl leaves an empty one its CR */
        length--;
    }
    out[length] = '\0';
    return true;
}

static void keep_field(CURL *easy, const char *name, struct tachoi_http_field *field) {
    field->is_present = keep_header(easy, name, field->text, sizeof field->text);
}

static uint64_t duration_ns(CURL *easy) {
    curl_off_t microseconds = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &microseconds);
    return microseconds > 0 ? (uint64_t)microseconds * 1000 : 0;
}

void tachoi_http_answer_read(CURL *easy, CURLcode code, struct tachoi_http_response *response) {
    response->code = code;
    response->duration_ns = duration_ns(easy);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &response->status);
    if (!response->has_head) { /* what the rest would have said is not known */
        response->status = 0;
        response->code = code == CURLE_OK ? CURLE_RECV_ERROR : code;
    }
    (void)keep_header(easy, "Retry-After", response->retry_after, sizeof response->retry_after);
    (void)keep_header(easy, "Location", response->location, sizeof response->location);
    (void)keep_header(easy, "Date", response->date, sizeof response->date);
    keep_field(easy, "X-Prometheus-Remote-Write-Samples-Written", &response->samples_written);
    keep_field(easy, "X-Prometheus-Remote-Write-Histograms-Written", &response->histograms_written);
    keep_field(easy, "X-Prometheus-Remote-Write-Exemplars-Written", &response->exemplars_written);
    response->excerpt_length = tachoi_http_clean_text(response->excerpt, response->excerpt_length);
    response->excerpt[response->excerpt_length] = '\0';
    if (response->error[0] == '\0') {
        (void)snprintf(response->error, sizeof response->error, "%s",
                       curl_easy_strerror(response->code));
    }
}
