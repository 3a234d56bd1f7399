/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words of the sending side's messages. See report.h. */
#include "remote_write/report.h"

#include <stdio.h>

#include "http/retry.h"
#include "http/url.h"
#include "remote_write/options.h"
#include "tacho/sdk/diagnostics.h"

/* What fits beside the rest of a message. */
#define EXCERPT_SHOWN 300

void tachoi_outcome_describe(const struct tachoi_http_response *response, char *out,
                             size_t out_size) {
    if (response->status >= 200) {
        (void)snprintf(out, out_size, "HTTP %ld", response->status);
    } else {
        (void)snprintf(out, out_size, "no answer (%s)", response->error);
    }
}

/* The answer's own words, quoted, or where a redirect points to. */
static void describe_answer(const struct tachoi_http_response *response, char *out,
                            size_t out_size) {
    out[0] = '\0';
    if (response->status >= 300 && response->status < 400 && response->location[0] != '\0') {
        char location[256];
        tachoi_http_url_redact(response->location, location, sizeof location);
        (void)snprintf(out, out_size, "; redirects are not followed: %s", location);
    } else if (response->excerpt_length > 0) {
        (void)snprintf(out, out_size, "; it answered `%.*s`", EXCERPT_SHOWN, response->excerpt);
    }
}

void tachoi_report_refused(const char *url, const struct tachoi_http_response *response,
                           size_t samples, const char *example) {
    char outcome[300];
    char answer[EXCERPT_SHOWN + 64];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    describe_answer(response, answer, sizeof answer);
    const char *hint = tachoi_http_status_hint(response->status);
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "refused",
                             "%s from %s: %zu samples are lost, for example of %s%s%s%s", outcome,
                             url, samples, example, answer, hint[0] != '\0' ? "; " : "", hint);
}

void tachoi_report_retry(const char *url, const struct tachoi_http_response *response) {
    char outcome[300];
    char answer[EXCERPT_SHOWN + 64];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    describe_answer(response, answer, sizeof answer);
    const char *hint =
        response->status >= 200 ? "" : tachoi_http_failure_hint(response->code, response->error);
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "retry",
                             "%s from %s: samples wait and will be sent again%s%s%s", outcome, url,
                             answer, hint[0] != '\0' ? "; " : "", hint);
}

void tachoi_report_dropped(const char *kind, uint64_t samples, const char *why) {
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, kind,
                             "%llu samples dropped: %s", (unsigned long long)samples, why);
}

void tachoi_report_shutdown_loss(const char *url, uint64_t samples, const char *last_error) {
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "shutdown_loss",
                             "%llu samples for %s were not delivered before the deadline; the last "
                             "attempt: %s",
                             (unsigned long long)samples, url,
                             last_error[0] != '\0' ? last_error : "no answer yet");
}
