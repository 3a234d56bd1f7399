/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the retry policy and the backoff: pure functions. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "http/backoff.h"
#include "http/retry.h"

/* The RETRY table, HTTP-06 */
Test(retry, the_status_decides_what_becomes_of_the_data) {
    static const struct {
        long status;
        enum tachoi_http_verdict verdict;
    } cases[] = {
        {200, TACHOI_HTTP_SUCCESS}, {202, TACHOI_HTTP_SUCCESS}, {204, TACHOI_HTTP_SUCCESS},
        {299, TACHOI_HTTP_SUCCESS}, {301, TACHOI_HTTP_DROP},    {302, TACHOI_HTTP_DROP},
        {304, TACHOI_HTTP_DROP},    {307, TACHOI_HTTP_DROP},    {400, TACHOI_HTTP_DROP},
        {401, TACHOI_HTTP_DROP},    {403, TACHOI_HTTP_DROP},    {404, TACHOI_HTTP_DROP},
        {405, TACHOI_HTTP_DROP},    {408, TACHOI_HTTP_DROP},    {409, TACHOI_HTTP_DROP},
        {410, TACHOI_HTTP_DROP},    {413, TACHOI_HTTP_SPLIT},   {415, TACHOI_HTTP_DROP},
        {422, TACHOI_HTTP_DROP},    {425, TACHOI_HTTP_DROP},    {429, TACHOI_HTTP_RETRY},
        {499, TACHOI_HTTP_DROP},    {500, TACHOI_HTTP_RETRY},   {502, TACHOI_HTTP_RETRY},
        {503, TACHOI_HTTP_RETRY},   {504, TACHOI_HTTP_RETRY},   {599, TACHOI_HTTP_RETRY},
        {600, TACHOI_HTTP_DROP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(eq(int, tachoi_http_judge(CURLE_OK, cases[i].status, true), cases[i].verdict),
                  "%ld", cases[i].status);
    }
    cr_assert(eq(int, tachoi_http_judge(CURLE_OK, 429, false), TACHOI_HTTP_DROP));
}

Test(retry, without_an_answer_it_is_an_outage) {
    static const CURLcode codes[] = {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
                                     CURLE_OPERATION_TIMEDOUT,   CURLE_SEND_ERROR,
                                     CURLE_RECV_ERROR,           CURLE_GOT_NOTHING,
                                     CURLE_SSL_CONNECT_ERROR,    CURLE_OUT_OF_MEMORY};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_assert(eq(int, tachoi_http_judge(codes[i], 0, true), TACHOI_HTTP_RETRY), "%d",
                  (int)codes[i]);
    }
    cr_assert(eq(int, tachoi_http_judge(CURLE_PEER_FAILED_VERIFICATION, 0, true),
                 TACHOI_HTTP_RETRY_SLOWLY));
    cr_assert(
        eq(int, tachoi_http_judge(CURLE_SSL_CACERT_BADFILE, 0, true), TACHOI_HTTP_RETRY_SLOWLY));
}

/* A connection that breaks behind "100 Continue" or "103 Early Hints" has given no answer. */
Test(retry, an_interim_answer_is_none) {
    cr_assert(eq(int, tachoi_http_judge(CURLE_GOT_NOTHING, 100, true), TACHOI_HTTP_RETRY));
    cr_assert(eq(int, tachoi_http_judge(CURLE_OPERATION_TIMEDOUT, 103, true), TACHOI_HTTP_RETRY));
}

/* HTTP-05 */
Test(retry, a_status_counts_though_the_body_was_cut_off) {
    cr_assert(eq(int, tachoi_http_judge(CURLE_WRITE_ERROR, 204, true), TACHOI_HTTP_SUCCESS));
    cr_assert(eq(int, tachoi_http_judge(CURLE_WRITE_ERROR, 400, true), TACHOI_HTTP_DROP));
    cr_assert(eq(int, tachoi_http_judge(CURLE_PARTIAL_FILE, 503, true), TACHOI_HTTP_RETRY));
}

/* RETRY-02 */
Test(retry, retry_after_is_seconds_or_a_date_and_clamped) {
    const int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *value;
        uint32_t delay_ms;
    } cases[] = {
        {"0", 0},
        {"1", 1000},
        {"120", 120000},
        {"300", 300000},
        {"301", 300000},
        {"99999999999999999999999", 300000},
        {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10000},
        {"Sun Nov  6 08:49:47 1994", 10000},
        {"Sun, 06 Nov 2094 08:49:37 GMT", 300000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Sun, 06 Nov 1993 08:49:37 GMT", 0},
        {"-5", 0},
        {"+5", 0},
        {"1.5", 0},
        {"5 s", 0},
        {" 5", 0},
        {"soon", 0},
        {"", 0},
        {"2094-11-06", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(
            eq(u32, tachoi_http_retry_after_ms(cases[i].value, now, 300000), cases[i].delay_ms),
            "%s", cases[i].value);
    }
    cr_assert(eq(u32, tachoi_http_retry_after_ms(NULL, now, 300000), 0));
    cr_assert(eq(u32, tachoi_http_retry_after_ms("5", now, 10), 10));
    cr_assert(eq(u32, tachoi_http_retry_after_ms("4294968", now, UINT32_MAX), UINT32_MAX));
}

/* RETRY-01 */
Test(backoff, delays_spread_below_a_ceiling_that_doubles) {
    struct tachoi_backoff backoff;
    tachoi_backoff_init(&backoff, 100, 1000, 7);
    static const uint32_t ceilings[] = {100, 200, 400, 800, 1000, 1000};
    uint32_t largest[6] = {0};
    uint32_t smallest[6] = {1000, 1000, 1000, 1000, 1000, 1000};
    for (size_t round = 0; round < 2000; round++) {
        tachoi_backoff_reset(&backoff);
        for (size_t i = 0; i < 6; i++) {
            uint32_t delay = tachoi_backoff_next_ms(&backoff);
            cr_assert(le(u32, delay, ceilings[i]));
            cr_assert(ge(u32, delay, 1));
            largest[i] = delay > largest[i] ? delay : largest[i];
            smallest[i] = delay < smallest[i] ? delay : smallest[i];
        }
    }
    for (size_t i = 0; i < 6; i++) { /* full jitter: all of the range is used */
        cr_assert(gt(u32, largest[i], ceilings[i] * 9 / 10));
        cr_assert(lt(u32, smallest[i], ceilings[i] / 10));
    }
}

Test(backoff, equal_seeds_give_equal_delays) {
    struct tachoi_backoff a;
    struct tachoi_backoff b;
    tachoi_backoff_init(&a, 100, 30000, 42);
    tachoi_backoff_init(&b, 100, 30000, 42);
    for (size_t i = 0; i < 20; i++) {
        cr_assert(eq(u32, tachoi_backoff_next_ms(&a), tachoi_backoff_next_ms(&b)));
    }
}

Test(backoff, the_slow_delay_is_in_the_upper_half) {
    struct tachoi_backoff backoff;
    tachoi_backoff_init(&backoff, 1, 1000, 7);
    for (size_t i = 0; i < 100; i++) {
        uint32_t delay = tachoi_backoff_slow_ms(&backoff);
        cr_assert(ge(u32, delay, 500));
        cr_assert(le(u32, delay, 1000));
    }
    tachoi_backoff_init(&backoff, 1, 1, 7);
    cr_assert(le(u32, tachoi_backoff_slow_ms(&backoff), 1));
}

/* AUTH-11 */
Test(retry, failures_of_tls_have_a_hint_that_names_the_option) {
    static const struct {
        CURLcode code;
        const char *error;
        const char *hint;
    } cases[] = {
        {CURLE_SSL_CACERT_BADFILE, "", "tls_ca_file"},
        {CURLE_PEER_FAILED_VERIFICATION, "", "tls_ca_file"},
        {CURLE_SSL_CERTPROBLEM, "", "tls_cert_file and tls_key_file"},
        {CURLE_SSL_CONNECT_ERROR, "error:0A00010B:SSL routines::wrong version number", "endpoint"},
        {CURLE_SSL_CONNECT_ERROR, "An unexpected TLS packet was received.", "endpoint"},
        {CURLE_RECV_ERROR, "tlsv13 alert certificate required", "tls_cert_file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *hint = tachoi_http_failure_hint(cases[i].code, cases[i].error);
        cr_assert(ne(ptr, strstr(hint, cases[i].hint), NULL), "%s", hint);
    }
    cr_assert(
        eq(str, (char *)tachoi_http_failure_hint(CURLE_COULDNT_CONNECT, "refused"), (char *)""));
}
