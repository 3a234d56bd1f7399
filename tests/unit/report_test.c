/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what people are told: a hint for each cause that receivers name, sentences with status,
 * address, an example and what to do, and never a secret. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "remote_write/refusal_hint.h"
#include "remote_write/report.h"

#define URL "http://receiver:9090/api/v1/write"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char told[8192];

static void keep(const tacho_diagnostic *diagnostic, void *user) {
    static const char *const severities[] = {"none", "error", "warn", "info", "debug"};
    (void)user;
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s: %s: %s\n", severities[diagnostic->severity],
             diagnostic->kind, diagnostic->message);
}

static void begin(void) {
    setenv("OTEL_LOG_LEVEL", "info", 1);
    tacho_diagnostics_set_handler(keep, NULL);
}

TestSuite(report, .init = begin);

static struct tachoi_http_response answer(long status, const char *excerpt) {
    struct tachoi_http_response response = {.status = status};
    response.excerpt_length = strlen(excerpt);
    snprintf(response.excerpt, sizeof response.excerpt, "%s", excerpt);
    return response;
}

static void expect_told(const char *text) {
    cr_assert(ne(ptr, strstr(told, text), NULL), "`%s` is not in: %s", text, told);
}

/* --- causes --- */

/* The receivers' own sentences, as Prometheus, Mimir, Cortex, Thanos and AWS write them. */
Test(report, each_cause_that_receivers_name_has_its_hint) {
    static const struct {
        long status;
        const char *excerpt;
        const char *hint;
    } cases[] = {
        {400, "out of order sample", "service.instance.id"},
        {400,
         "the sample has been rejected because another sample with a more recent timestamp "
         "has already been ingested (err-mimir-sample-out-of-order)",
         "newer sample"},
        {409, "store locally for endpoint: Out Of Order", "newer sample"},
        {400, "duplicate sample for timestamp 123 for series x", "two places"},
        {400, "(err-mimir-sample-duplicate-timestamp). The affected sample", "two places"},
        {400, "out of bounds", "sample_age_limit_ms"},
        {400, "too old sample", "sample_age_limit_ms"},
        {400, "err-mimir-sample-timestamp-too-old", "sample_age_limit_ms"},
        {400, "err-mimir-too-far-in-past", "sample_age_limit_ms"},
        {400, "out of bounds: timestamp is too far in the future", "clock of this machine"},
        {400,
         "received a sample whose timestamp is too far in the future "
         "(err-mimir-too-far-in-future)",
         "clock of this machine"},
        {400, "err-mimir-labels-not-sorted", "translation_strategy"},
        {400, "err-mimir-duplicate-label-names", "translation_strategy"},
        {400, "err-mimir-metric-name-invalid", "translation_strategy"},
        {400, "err-mimir-missing-metric-name", "translation_strategy"},
        {400, "err-mimir-max-label-names-per-series", "more or longer labels"},
        {400, "err-mimir-label-name-too-long", "more or longer labels"},
        {400, "err-mimir-label-value-too-long", "more or longer labels"},
        {429,
         "the request has been rejected because the tenant exceeded the ingestion rate limit "
         "(err-mimir-tenant-max-ingestion-rate)",
         "limits the rate"},
        {429, "err-mimir-tenant-max-request-rate", "limits the rate"},
        {400, "per-user series limit of 150000 exceeded", "limit for series"},
        {400, "err-mimir-max-series-per-user", "limit for series"},
        {429, "per-metric series limit of 20000 exceeded", "limit for series"},
        {400, "err-mimir-distributor-max-write-message-size", "max_bytes_per_send"},
        {413, "<title>413 Request Entity Too Large</title>", "max_bytes_per_send"},
        {400, "err-mimir-native-histogram-buckets-count-mismatch", "native histograms"},
        {400, "native histograms are disabled", "native histograms"},
        {400, "3 observations found in buckets, but the Count field is 4", "native histograms"},
        {400, "out of order exemplar", "send_exemplars"},
        {400, "err-mimir-exemplar-series-missing", "send_exemplars"},
        {400, "err-mimir-exemplar-labels-missing", "send_exemplars"},
        {403, "The request signature we calculated does not match", "the clock of this machine"},
        {403, "The security token included in the request is expired", "keys"},
        {401, "no org id", "X-Scope-OrgID"},
        {409, "", "service.instance.id"},
        {415, "Unsupported proto io.prometheus.write.v2.Request", "protocol"},
        /* no words: the status */
        {401, "go away", "password or token"},
        {403, "", "tenant header"},
        {404, "", "--web.enable-remote-write-receiver"},
        {405, "", "does not take remote write"},
        {415, "", "protocol"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *hint = tachoi_refusal_hint(cases[i].status, cases[i].excerpt);
        cr_assert(ne(ptr, strstr(hint, cases[i].hint), NULL), "%ld `%s`: `%s`, wanted `%s`",
                  cases[i].status, cases[i].excerpt, hint, cases[i].hint);
    }
}

Test(report, what_no_receiver_says_has_no_hint) {
    static const char *const excerpts[] = {"",   "bad request", "<html>", "exemplar_total",
                                           "ou", "signature"};
    for (size_t i = 0; i < COUNT_OF(excerpts); i++) {
        cr_assert(eq(str, (char *)tachoi_refusal_hint(400, excerpts[i]), (char *)""), "%s",
                  excerpts[i]);
    }
}

/* --- sentences --- */

Test(report, a_refusal_is_told_with_all_that_helps) {
    const struct tachoi_http_response response = answer(400, "out of order sample");
    tachoi_report_refused(URL, &response, 17, "jobs_total{a=\"b\"}");
    expect_told("error: refused: HTTP 400 from " URL
                ": 17 samples are lost, for example of jobs_total{a=\"b\"}; it answered `out of "
                "order sample`; a newer sample of the series was there before");
}

Test(report, falling_back_is_no_alarm) {
    const struct tachoi_http_response response = answer(415, "");
    tachoi_report_fallback(URL, &response);
    cr_assert(eq(str, told,
                 (char *)"info: protocol_fallback: HTTP 415 from " URL
                         ": remote write 1.0 is spoken, and 2.0 tried again in an hour\n"));
}

Test(report, falling_back_for_missing_headers_names_the_option) {
    const struct tachoi_http_response response = answer(204, "");
    tachoi_report_fallback(URL, &response);
    expect_told("warn: protocol_fallback: HTTP 204 from " URL " without *-Written headers");
    expect_told("set require_written_headers to never");
}

Test(report, an_insisted_2_that_is_not_known_names_the_option) {
    const struct tachoi_http_response response = answer(415, "what?");
    tachoi_report_not_written(URL, &response, 3, "up{}");
    expect_told("error: not_written: HTTP 415 from " URL
                ": 3 samples are lost, for example of up{}; it answered `what?`; the receiver does "
                "not know remote write 2.0, and protocol is 2; set it to auto or 1");
}

Test(report, an_insisted_2_without_headers_names_both_options) {
    const struct tachoi_http_response response = answer(204, "");
    tachoi_report_not_written(URL, &response, 3, "up{}");
    expect_told("set it to auto, or require_written_headers to never");
}

/* RW2-13 */
Test(report, a_success_that_wrote_nothing_is_told_as_that) {
    struct tachoi_http_response response = answer(204, "");
    response.exemplars_written = (struct tachoi_http_field){true, "0"};
    tachoi_report_not_written(URL, &response, 3, "up{}");
    expect_told("says that it wrote nothing of it");
}

/* RW2-14 */
Test(report, a_mismatch_shows_what_was_sent_and_what_came_back) {
    const struct tachoi_written sent = {10, 2, 1};
    const struct tachoi_written written = {9, 2, 0};
    struct tachoi_http_response response = answer(204, "");
    response.samples_written = (struct tachoi_http_field){true, "9"};
    response.histograms_written = (struct tachoi_http_field){true, "seven"};
    tachoi_report_mismatch(URL, &response, &sent, &written, "up{}");
    expect_told("warn: written_mismatch: HTTP 204 from " URL
                ": sent 10 samples, 2 native histograms and 1 exemplars, for example of up{}; "
                "counted as written: 9, 2 and 0; the receiver's headers: `9`, `seven` and ``");
}

Test(report, findings_of_the_start_are_told_one_by_one) {
    const struct tachoi_startup_findings findings = {
        .items = {{TACHO_SEVERITY_ERROR, "startup_check", "one % thing"},
                  {TACHO_SEVERITY_WARNING, "clock_skew", "another"}},
        .count = 2};
    tachoi_report_startup(&findings);
    cr_assert(
        eq(str, told, (char *)"error: startup_check: one % thing\nwarn: clock_skew: another\n"));
}
