/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words of the sending side's messages. See report.h. */
#include "remote_write/report.h"

#include <stdio.h>

#include "http/retry.h"
#include "http/url.h"
#include "remote_write/options.h"
#include "remote_write/refusal_hint.h"
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
    const char *hint = tachoi_refusal_hint(response->status, response->excerpt);
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

/* --- 2.0 --- */

static bool is_success(const struct tachoi_http_response *response) {
    return response->status >= 200 && response->status < 300;
}

void tachoi_report_fallback(const char *url, const struct tachoi_http_response *response) {
    char outcome[300];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    tacho_diagnostics_report(
        is_success(response) ? TACHO_SEVERITY_WARNING : TACHO_SEVERITY_INFO, TACHOI_REMOTE_WRITE,
        "protocol_fallback",
        "%s from %s%s: remote write 1.0 is spoken, and 2.0 tried again in an "
        "hour%s",
        outcome, url, is_success(response) ? " without *-Written headers" : "",
        is_success(response)
            ? "; if something on the way removes them, set require_written_headers to never"
            : "");
}

/* Why nothing counts as written, and what to do. */
static const char *not_written_why(const struct tachoi_http_response *response) {
    if (!is_success(response)) {
        return "the receiver does not know remote write 2.0, and protocol is 2; set it to auto or "
               "1";
    }
    if (response->samples_written.is_present || response->histograms_written.is_present ||
        response->exemplars_written.is_present) {
        return "it took the request and says that it wrote nothing of it; look at its own messages";
    }
    return "it does not say what it wrote, as receivers of remote write 2.0 do, and protocol is 2; "
           "set it to auto, or require_written_headers to never if something on the way removes "
           "the headers";
}

void tachoi_report_not_written(const char *url, const struct tachoi_http_response *response,
                               size_t samples, const char *example) {
    char outcome[300];
    char answer[EXCERPT_SHOWN + 64];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    describe_answer(response, answer, sizeof answer);
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, TACHOI_REMOTE_WRITE, "not_written",
                             "%s from %s: %zu samples are lost, for example of %s%s; %s", outcome,
                             url, samples, example, answer, not_written_why(response));
}

void tachoi_report_mismatch(const char *url, const struct tachoi_http_response *response,
                            const struct tachoi_written *sent, const struct tachoi_written *written,
                            const char *example) {
    char outcome[300];
    tachoi_outcome_describe(response, outcome, sizeof outcome);
    tacho_diagnostics_report(
        TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "written_mismatch",
        "%s from %s: sent %llu samples, %llu native histograms and %llu exemplars, for example of "
        "%s; counted as written: %llu, %llu and %llu; the receiver's headers: `%s`, `%s` and `%s`",
        outcome, url, (unsigned long long)sent->samples, (unsigned long long)sent->histograms,
        (unsigned long long)sent->exemplars, example, (unsigned long long)written->samples,
        (unsigned long long)written->histograms, (unsigned long long)written->exemplars,
        response->samples_written.text, response->histograms_written.text,
        response->exemplars_written.text);
}

void tachoi_report_startup(const struct tachoi_startup_findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        const struct tachoi_startup_finding *finding = &findings->items[i];
        tacho_diagnostics_report(finding->severity, TACHOI_REMOTE_WRITE, finding->kind, "%s",
                                 finding->text);
    }
}

/* --- losses without an answer --- */

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
