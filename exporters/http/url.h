/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the judgement of URLs from configuration and their form for messages. Uses libcurl's parser;
 * no network. Texts it returns never hold user information or a query. */
#ifndef TACHOI_HTTP_URL_H
#define TACHOI_HTTP_URL_H

#include <stddef.h>

enum tachoi_http_url_use {
    TACHOI_HTTP_URL_ENDPOINT, /* http or https, a host, no user information */
    TACHOI_HTTP_URL_PROXY     /* http, https or socks*; the scheme may be missing */
};

/** Why the URL cannot be used, as a sentence's end without the URL itself; NULL if it can. */
const char *tachoi_http_url_problem(const char *url, enum tachoi_http_url_use use);

/** Writes scheme, host, port and path, cut to fit, always ending in NUL; "(url)" if it cannot be
 * parsed or memory is short. */
void tachoi_http_url_redact(const char *url, char *out, size_t out_size);

/** Writes host[:port], as the URL has them; "(url)" if it cannot be parsed or memory is short. */
void tachoi_http_url_host(const char *url, char *out, size_t out_size);

#endif
