/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the judgement of URLs and their form for messages. See url.h. */
#include "http/url.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
static bool has_scheme(CURLU *url, const char *const *schemes, size_t count) {
    char *scheme = NULL;
    bool found = false;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        return false;
    }
    for (size_t i = 0; i < count && !found; i++) {
        found = tachoi_ascii_equal_ignoring_case(scheme, schemes[i]);
    }
    curl_free(scheme);
    return found;
}

static const char *endpoint_problem(CURLU *handle, const char *url) {
    static const char *const schemes[] = {"http", "https"};
    CURLUcode rc =
        curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER);
    if (rc == CURLUE_USER_NOT_ALLOWED) {
        return "must not hold a user name or password; use the basic_auth options";
    }
    if (rc == CURLUE_BAD_SCHEME || rc == CURLUE_BAD_SLASHES ||
        (rc == CURLUE_OK && !has_scheme(handle, schemes, 2))) {
        return "must begin with http:// or https://";
    }
    if (rc == CURLUE_NO_HOST || strstr(url, ":///") != NULL) { /* libcurl overlooks one slash */
        return "has no host";
    }
    return rc == CURLUE_OK ? NULL : curl_url_strerror(rc);
}

static const char *proxy_problem(CURLU *handle, const char *url) {
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    CURLUcode rc =
        curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
    if (rc != CURLUE_OK) {
        return curl_url_strerror(rc);
    }
    /* A guessed scheme comes from the host's name ("ftp.example"); libcurl takes it as http. */
    if (strstr(url, "://") != NULL && !has_scheme(handle, schemes, 6)) {
        return "must be an http, https or socks proxy";
    }
    return NULL;
}

const char *tachoi_http_url_problem(const char *url, enum tachoi_http_url_use use) {
    if (url[0] == '\0') {
        return "is empty";
    }
    CURLU *handle = curl_url();
    if (handle == NULL) {
        return "cannot be checked: no memory";
    }
    const char *problem = use == TACHOI_HTTP_URL_ENDPOINT ? endpoint_problem(handle, url)
                                                          : proxy_problem(handle, url);
    curl_url_cleanup(handle);
    return problem;
}

void tachoi_http_url_redact(const char *url, char *out, size_t out_size) {
    CURLU *handle = curl_url();
    char *text = NULL;
    if (handle != NULL &&
        curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_OPTIONS, NULL, 0) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_QUERY, NULL, 0) == CURLUE_OK &&
        curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK) {
        (void)curl_url_get(handle, CURLUPART_URL, &text, 0);
    }
    (void)snprintf(out, out_size, "%s", text != NULL ? text : "(url)");
    curl_free(text);
    curl_url_cleanup(handle);
}

void tachoi_http_url_host(const char *url, char *out, size_t out_size) {
    CURLU *handle = curl_url();
    char *host = NULL;
    char *port = NULL;
    if (handle != NULL &&
        curl_url_set(handle, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl_url_get(handle, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        (void)curl_url_get(handle, CURLUPART_PORT, &port, 0);
    }
    (void)snprintf(out, out_size, "%s%s%s", host != NULL ? host : "(url)", port != NULL ? ":" : "",
                   port != NULL ? port : "");
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(handle);
}
