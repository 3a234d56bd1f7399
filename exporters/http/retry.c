/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the retry policy. See retry.h. */
#include "http/retry.h"

#include <string.h>

#include "base/env.h"

static enum tachoi_http_verdict judge_status(long status, bool retry_on_429) {
    if (status >= 200 && status < 300) {
        return TACHOI_HTTP_SUCCESS;
    }
    if (status >= 500 && status < 600) {
        return TACHOI_HTTP_RETRY;
    }
    if (status == 413) {
        return TACHOI_HTTP_SPLIT;
    }
    if (status == 429 && retry_on_429) {
        return TACHOI_HTTP_RETRY;
    }
    return TACHOI_HTTP_DROP;
}

/* Failures that come back with every attempt until a certificate, a file or a setting is mended. */
static bool needs_a_person(CURLcode code) {
    static const CURLcode codes[] = {CURLE_PEER_FAILED_VERIFICATION,
                                     CURLE_SSL_CACERT_BADFILE,
                                     CURLE_SSL_CERTPROBLEM,
                                     CURLE_SSL_ISSUER_ERROR,
                                     CURLE_SSL_CRL_BADFILE,
                                     CURLE_SSL_PINNEDPUBKEYNOTMATCH,
                                     CURLE_SSL_INVALIDCERTSTATUS,
                                     CURLE_UNSUPPORTED_PROTOCOL,
                                     CURLE_NOT_BUILT_IN,
                                     CURLE_URL_MALFORMAT};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return false;
}

enum tachoi_http_verdict tachoi_http_judge(CURLcode code, long status, bool retry_on_429) {
    /* An interim answer (100, 103) is none: what broke behind it is a failure of the network. */
    if (status >= 200) {
        return judge_status(status, retry_on_429);
    }
    return needs_a_person(code) ? TACHOI_HTTP_RETRY_SLOWLY : TACHOI_HTTP_RETRY;
}

static uint32_t clamp_seconds(uint64_t seconds, uint32_t max_ms) {
    return seconds > max_ms / 1000 ? max_ms : (uint32_t)seconds * 1000;
}

static bool is_all_digits(const char *text) {
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static bool starts_with_letter(const char *text) {
    return (text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z');
}

uint32_t tachoi_http_retry_after_ms(const char *value, int64_t now_unix_s, uint32_t max_ms) {
    if (value == NULL) {
        return 0;
    }
    if (is_all_digits(value)) {
        uint64_t seconds = UINT64_MAX; /* more digits than fit are a very long time */
        (void)tachoi_parse_u64(value, strlen(value), UINT64_MAX, &seconds);
        return clamp_seconds(seconds, max_ms);
    }
    if (!starts_with_letter(value)) { /* every form of an HTTP date begins with a weekday */
        return 0;
    }
    time_t date = curl_getdate(value, NULL);
    if (date == -1 || (int64_t)date <= now_unix_s) {
        return 0;
    }
    return clamp_seconds((uint64_t)((int64_t)date - now_unix_s), max_ms);
}

const char *tachoi_http_status_hint(long status) {
    switch (status) {
    case 401:
        return "check user name, password or token";
    case 403:
        return "these credentials may not write; check them and the tenant header";
    case 404:
        return "check the path of the endpoint; Prometheus needs "
               "--web.enable-remote-write-receiver";
    case 405:
        return "this address does not take remote write; check the path of the endpoint";
    case 415:
        return "this address does not take this version of remote write; check the path of the "
               "endpoint, and protocol";
    default:
        return "";
    }
}

const char *tachoi_http_failure_hint(CURLcode code, const char *error) {
    if (code == CURLE_SSL_CACERT_BADFILE) {
        return "check tls_ca_file: it must hold certificates in PEM";
    }
    if (code == CURLE_SSL_CERTPROBLEM) {
        return "check tls_cert_file and tls_key_file: they must hold a certificate and its own "
               "key, in PEM and without a passphrase";
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return "check tls_ca_file, which must hold the authority of the receiver's certificate, "
               "and that the certificate names the host of endpoint";
    }
    /* What the TLS libraries say has no code of its own: OpenSSL's words, then GnuTLS's. */
    if (strstr(error, "wrong version number") != NULL ||
        strstr(error, "unexpected TLS packet") != NULL) {
        return "this port does not speak TLS; check endpoint and proxy_url: http:// or https://";
    }
    if (strstr(error, "certificate required") != NULL) {
        return "the receiver wants a client certificate: set tls_cert_file and tls_key_file";
    }
    return "";
}
