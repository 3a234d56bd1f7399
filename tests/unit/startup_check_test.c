/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the check at the start: the empty requests, and the words for their answers. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <snappy-c.h>
#include <stdio.h>
#include <string.h>

#include "remote_write/startup_check.h"
#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"

#define URL "http://receiver:9090/api/v1/write"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NOW_S INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

#define AUTO TACHO_REMOTE_WRITE_PROTOCOL_AUTO
#define ONE TACHO_REMOTE_WRITE_PROTOCOL_1
#define TWO TACHO_REMOTE_WRITE_PROTOCOL_2

static struct tachoi_startup_findings findings;

static void judge(int version, tacho_remote_write_protocol configured,
                  const struct tachoi_http_response *response) {
    const struct tachoi_startup_request request = {URL, version, configured};
    findings.count = 99;
    tachoi_startup_check_judge(&request, response, NOW_S, &findings);
}

static void judge_status(int version, tacho_remote_write_protocol configured, long status) {
    const struct tachoi_http_response response = {.status = status};
    judge(version, configured, &response);
}

static void expect_text(const char *text) {
    cr_assert(eq(sz, findings.count, 1));
    cr_assert(ne(ptr, strstr(findings.items[0].text, text), NULL), "`%s` is not in: %s", text,
              findings.items[0].text);
}

/* --- the body --- */

static size_t uncompress(struct tachoi_startup_body body, char *out, size_t out_size) {
    size_t length = out_size;
    cr_assert(
        eq(int, snappy_uncompress((const char *)body.data, body.length, out, &length), SNAPPY_OK));
    return length;
}

Test(startup_check, the_request_of_1_is_an_empty_message) {
    char message[16];
    size_t length = uncompress(tachoi_startup_check_body(1), message, sizeof message);
    cr_assert(eq(sz, length, 0));
    Prometheus__WriteRequest *request =
        prometheus__write_request__unpack(NULL, length, (const uint8_t *)message);
    cr_assert(ne(ptr, request, NULL));
    cr_assert(eq(sz, request->n_timeseries, 0));
    prometheus__write_request__free_unpacked(request, NULL);
}

/* RW2-03 */
Test(startup_check, the_request_of_2_holds_the_empty_symbol_alone) {
    char message[16];
    size_t length = uncompress(tachoi_startup_check_body(2), message, sizeof message);
    Io__Prometheus__Write__V2__Request *request =
        io__prometheus__write__v2__request__unpack(NULL, length, (const uint8_t *)message);
    cr_assert(ne(ptr, request, NULL));
    cr_assert(eq(sz, request->n_symbols, 1));
    cr_assert(eq(str, request->symbols[0], ""));
    cr_assert(eq(sz, request->n_timeseries, 0));
    io__prometheus__write__v2__request__free_unpacked(request, NULL);
}

/* --- answers --- */

Test(startup_check, a_success_and_a_refusal_of_the_emptiness_are_silent) {
    static const long statuses[] = {200, 202, 204, 299, 400, 413, 422, 429};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        judge_status(1, ONE, statuses[i]);
        cr_assert(eq(sz, findings.count, 0), "%ld", statuses[i]);
        judge_status(2, AUTO, statuses[i]);
        cr_assert(eq(sz, findings.count, 0), "%ld", statuses[i]);
    }
}

/* AUTH-11 */
Test(startup_check, a_wrong_address_or_right_is_told_with_the_cure) {
    static const struct {
        long status;
        const char *hint;
    } cases[] = {
        {401, "check user name, password or token"},
        {403, "may not write"},
        {404, "check the path of the endpoint"},
        {405, "does not take remote write"},
        {407, "proxy_url"},
        {410, "samples will be refused"},
        {415, "this version of remote write"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char beginning[80];
        judge_status(1, ONE, cases[i].status);
        snprintf(beginning, sizeof beginning, "HTTP %ld from " URL ": ", cases[i].status);
        expect_text(beginning);
        expect_text(cases[i].hint);
        cr_assert(eq(int, (int)findings.items[0].severity, (int)TACHO_SEVERITY_ERROR));
        cr_assert(eq(str, (char *)findings.items[0].kind, (char *)"startup_check"));
    }
}

Test(startup_check, a_receiver_that_does_not_know_2_is_told_only_where_that_is_insisted_on) {
    judge_status(2, AUTO, 415);
    cr_assert(eq(sz, findings.count, 0));
    judge_status(2, TWO, 415);
    expect_text("does not know remote write 2.0, and protocol is 2");
    judge_status(1, AUTO, 415);
    expect_text("HTTP 415");
}

/* HTTP-06 */
Test(startup_check, a_redirect_is_told_with_where_it_points_to) {
    struct tachoi_http_response response = {
        .status = 308, .location = "https://user:s3cret@new.example/write?token=s3cret"};
    judge(1, ONE, &response);
    expect_text("points to https://new.example/write: make that the endpoint");
    cr_assert(eq(ptr, strstr(findings.items[0].text, "s3cret"), NULL));
    judge_status(1, ONE, 302);
    expect_text("nowhere");
}

Test(startup_check, a_receiver_that_is_not_ready_is_a_warning) {
    judge_status(2, AUTO, 503);
    expect_text("HTTP 503 from " URL);
    expect_text("samples will wait");
    cr_assert(eq(int, (int)findings.items[0].severity, (int)TACHO_SEVERITY_WARNING));
}

/* --- no answer --- */

Test(startup_check, a_receiver_that_cannot_be_reached_is_told_with_the_reason) {
    static const struct {
        CURLcode code;
        const char *error;
        tacho_severity severity;
        const char *hint;
    } cases[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "Could not resolve host: receiver", TACHO_SEVERITY_WARNING,
         "no name server knows the host"},
        {CURLE_COULDNT_RESOLVE_PROXY, "Could not resolve proxy: p", TACHO_SEVERITY_WARNING,
         "proxy_url"},
        {CURLE_COULDNT_CONNECT, "Connection refused", TACHO_SEVERITY_WARNING,
         "nothing listens there"},
        {CURLE_OPERATION_TIMEDOUT, "Timeout was reached", TACHO_SEVERITY_WARNING,
         "nothing answers there"},
        {CURLE_GOT_NOTHING, "Empty reply from server", TACHO_SEVERITY_WARNING,
         "does not speak HTTP"},
        {CURLE_SSL_CONNECT_ERROR, "wrong version number", TACHO_SEVERITY_WARNING,
         "does not speak TLS"},
        {CURLE_SSL_CONNECT_ERROR, "alert handshake failure", TACHO_SEVERITY_WARNING, "TLS"},
        {CURLE_PEER_FAILED_VERIFICATION, "certificate problem", TACHO_SEVERITY_ERROR,
         "tls_ca_file"},
        {CURLE_SEND_ERROR, "Broken pipe", TACHO_SEVERITY_WARNING, "(Broken pipe)"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tachoi_http_response response = {.code = cases[i].code};
        snprintf(response.error, sizeof response.error, "%s", cases[i].error);
        judge(2, AUTO, &response);
        expect_text(URL " cannot be reached (");
        expect_text(cases[i].error);
        expect_text(cases[i].hint);
        cr_assert(eq(int, (int)findings.items[0].severity, (int)cases[i].severity), "%s",
                  cases[i].error);
    }
}

/* --- the clock --- */

static void judge_clock(long status, const char *date) {
    struct tachoi_http_response response = {.status = status};
    snprintf(response.date, sizeof response.date, "%s", date);
    judge(1, ONE, &response);
}

Test(startup_check, a_clock_that_differs_is_told_by_how_much) {
    static const struct {
        const char *date;
        const char *text; /* NULL = silent */
        tacho_severity severity;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", NULL, 0},
        {"Sun, 06 Nov 1994 08:48:37 GMT", NULL, 0},
        {"Sun, 06 Nov 1994 08:50:37 GMT", NULL, 0},
        {"Sun, 06 Nov 1994 08:48:36 GMT", "61 s ahead of that of " URL, TACHO_SEVERITY_WARNING},
        {"Sun, 06 Nov 1994 08:50:38 GMT", "61 s behind that of " URL, TACHO_SEVERITY_WARNING},
        {"Sun, 06 Nov 1994 08:39:37 GMT", "600 s ahead", TACHO_SEVERITY_WARNING},
        {"Sun, 06 Nov 1994 08:39:36 GMT", "601 s ahead", TACHO_SEVERITY_ERROR},
        {"Sun, 06 Nov 1994 08:59:38 GMT", "601 s behind", TACHO_SEVERITY_ERROR},
        {"", NULL, 0},
        {"yesterday", NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        judge_clock(204, cases[i].date);
        if (cases[i].text == NULL) {
            cr_assert(eq(sz, findings.count, 0), "%s", cases[i].date);
            continue;
        }
        expect_text(cases[i].text);
        cr_assert(eq(int, (int)findings.items[0].severity, (int)cases[i].severity), "%s",
                  cases[i].date);
        cr_assert(eq(str, (char *)findings.items[0].kind, (char *)"clock_skew"));
    }
}

Test(startup_check, answer_and_clock_may_both_be_wrong) {
    judge_clock(403, "Sun, 06 Nov 1994 07:49:37 GMT");
    cr_assert(eq(sz, findings.count, 2));
    cr_assert(eq(str, (char *)findings.items[0].kind, (char *)"startup_check"));
    cr_assert(eq(str, (char *)findings.items[1].kind, (char *)"clock_skew"));
    cr_assert(ne(ptr, strstr(findings.items[1].text, "3600 s"), NULL), "%s",
              findings.items[1].text);
}
