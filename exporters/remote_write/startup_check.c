/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the check at the start. See startup_check.h. */
#include "remote_write/startup_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "http/retry.h"
#include "http/url.h"
#include "remote_write/refusal_hint.h"

/* Snappy's block format: the length of the message, then a literal of two bytes: field 4, empty. */
static const unsigned char empty_v1[] = {0x00};
static const unsigned char empty_v2[] = {0x02, 0x04, 0x22, 0x00};

struct tachoi_startup_body tachoi_startup_check_body(int version) {
    return version == 1 ? (struct tachoi_startup_body){empty_v1, sizeof empty_v1}
                        : (struct tachoi_startup_body){empty_v2, sizeof empty_v2};
}

static void find(struct tachoi_startup_findings *out, tacho_severity severity, const char *kind,
                 const char *format, ...) TACHO_PRINTF(4, 5);

static void find(struct tachoi_startup_findings *out, tacho_severity severity, const char *kind,
                 const char *format, ...) {
    struct tachoi_startup_finding *finding = &out->items[out->count++];
    va_list arguments;
    va_start(arguments, format);
    finding->severity = severity;
    finding->kind = kind;
    (void)vsnprintf(finding->text, sizeof finding->text, format, arguments);
    va_end(arguments);
}

/* --- no answer --- */

/* Failures before a receiver speaks; those of TLS have hints of their own. */
static const char *connection_hint(CURLcode code, const char *error) {
    static const struct {
        CURLcode code;
        const char *hint;
    } hints[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "no name server knows the host; check endpoint"},
        {CURLE_COULDNT_RESOLVE_PROXY, "no name server knows the proxy; check proxy_url"},
        {CURLE_COULDNT_CONNECT,
         "nothing listens there; check host and port of endpoint, and whether the receiver runs"},
        {CURLE_OPERATION_TIMEDOUT,
         "nothing answers there; check host and port of endpoint, firewalls, and timeout_ms"},
        {CURLE_GOT_NOTHING, "something listens there, but does not speak HTTP; check endpoint"},
        {CURLE_WEIRD_SERVER_REPLY,
         "something listens there, but does not speak HTTP; check endpoint"},
        {CURLE_SSL_CONNECT_ERROR, "TLS could not be agreed on; check the scheme of endpoint"},
    };
    const char *hint = tachoi_http_failure_hint(code, error);
    for (size_t i = 0; hint[0] == '\0' && i < sizeof hints / sizeof hints[0]; i++) {
        hint = hints[i].code == code ? hints[i].hint : "";
    }
    return hint;
}

static void judge_failure(const struct tachoi_startup_request *request,
                          const struct tachoi_http_response *response,
                          struct tachoi_startup_findings *out) {
    bool needs_a_person =
        tachoi_http_judge(response->code, response->status, true) == TACHOI_HTTP_RETRY_SLOWLY;
    const char *hint = connection_hint(response->code, response->error);
    find(out, needs_a_person ? TACHO_SEVERITY_ERROR : TACHO_SEVERITY_WARNING, "startup_check",
         "%s cannot be reached (%s); samples will wait%s%s", request->url, response->error,
         hint[0] != '\0' ? "; " : "", hint);
}

/* --- an answer --- */

static void judge_redirect(const struct tachoi_startup_request *request,
                           const struct tachoi_http_response *response,
                           struct tachoi_startup_findings *out) {
    char location[256] = "nowhere";
    if (response->location[0] != '\0') {
        tachoi_http_url_redact(response->location, location, sizeof location);
    }
    find(out, TACHO_SEVERITY_ERROR, "startup_check",
         "HTTP %ld from %s: samples will be refused; redirects are not followed, and this one "
         "points to %s: make that the endpoint",
         response->status, request->url, location);
}

/* Whether every request will get this answer, with whatever in it. */
static bool is_for_all(const struct tachoi_startup_request *request, long status) {
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 410:
        return true;
    case 415:
        return request->version == 1 ||
               request->configured == TACHO_REMOTE_WRITE_PROTOCOL_2; /* else 1.0 follows */
    default:
        return false;
    }
}

static const char *answer_hint(const struct tachoi_startup_request *request,
                               const struct tachoi_http_response *response) {
    if (response->status == 407) {
        return "the proxy wants a user name and a password; check proxy_url";
    }
    if (response->status == 415 && request->version == 2) {
        return "the receiver does not know remote write 2.0, and protocol is 2; set it to auto or "
               "1";
    }
    return tachoi_refusal_hint(response->status, response->excerpt);
}

static void judge_status(const struct tachoi_startup_request *request,
                         const struct tachoi_http_response *response,
                         struct tachoi_startup_findings *out) {
    if (response->status >= 300 && response->status < 400) {
        judge_redirect(request, response, out);
    } else if (is_for_all(request, response->status)) {
        const char *hint = answer_hint(request, response);
        find(out, TACHO_SEVERITY_ERROR, "startup_check",
             "HTTP %ld from %s: samples will be refused%s%s", response->status, request->url,
             hint[0] != '\0' ? "; " : "", hint);
    } else if (response->status >= 500) {
        find(out, TACHO_SEVERITY_WARNING, "startup_check",
             "HTTP %ld from %s: the receiver, or what stands before it, is not ready; samples will "
             "wait",
             response->status, request->url);
    }
}

/* --- the clock --- */

static void judge_clock(const struct tachoi_startup_request *request, const char *date,
                        int64_t now_unix_s, struct tachoi_startup_findings *out) {
    time_t receiver_s = date[0] != '\0' ? curl_getdate(date, NULL) : -1;
    if (receiver_s == -1) {
        return;
    }
    int64_t ahead_s = now_unix_s - (int64_t)receiver_s;
    int64_t skew_s = ahead_s < 0 ? -ahead_s : ahead_s;
    if (skew_s <= TACHOI_CLOCK_SKEW_WARNING_S) {
        return;
    }
    bool is_error = skew_s > TACHOI_CLOCK_SKEW_ERROR_S;
    find(out, is_error ? TACHO_SEVERITY_ERROR : TACHO_SEVERITY_WARNING, "clock_skew",
         "the clock of this machine is %lld s %s that of %s%s; set the wrong one of them",
         (long long)skew_s, ahead_s < 0 ? "behind" : "ahead of", request->url,
         is_error ? ", and receivers refuse samples so far off" : "");
}

void tachoi_startup_check_judge(const struct tachoi_startup_request *request,
                                const struct tachoi_http_response *response, int64_t now_unix_s,
                                struct tachoi_startup_findings *out) {
    out->count = 0;
    if (response->status < 200) {
        judge_failure(request, response, out);
        return;
    }
    judge_status(request, response, out);
    judge_clock(request, response->date, now_unix_s, out);
}
