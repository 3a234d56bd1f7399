/* SPDX-License-Identifier: Apache-2.0 */
/* Owns HTTP POSTs over libcurl's multi interface. See client.h. */
#include "http/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "http/answer.h"
#include "http/global.h"
#include "http/secret_file.h"
#include "http/sockets.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/status.h"

#define CONNECT_TIMEOUT_MS 10000L
#define CONNECTION_LIFE_S 300L

struct tachoi_http_client {
    /* immutable after create */
    const char *component;
    CURLM *multi;
    CURL *settings;             /* never performed: what every exchange's handle is copied from */
    struct curl_slist *headers; /* of every POST */
    void (*on_refresh)(void *user, bool is_success);
    void *user;

    /* the client's thread only */
    struct tachoi_secret_file password; /* path NULL if there is none */
    uint64_t password_number;           /* how often it changed */
};

struct tachoi_http_exchange {
    /* immutable after create */
    struct tachoi_http_client *client;
    CURL *easy;

    /* the client's thread only */
    struct curl_slist *headers; /* of the POST under way */
    struct tachoi_http_response response;
    uint64_t password_number; /* of the last POST */
    bool is_active;           /* added to the multi handle */
    bool is_done;             /* ended, not taken */
    bool is_second; /* the POST met a connection that had been closed, and is made again */
};

/* --- settings --- */

static size_t receive_body(char *data, size_t size, size_t count, void *user) {
    struct tachoi_http_exchange *exchange = user;
    size_t length = size * count;
    return tachoi_http_response_body(&exchange->response, data, length) ? length : 0;
}

static size_t receive_head_line(char *data, size_t size, size_t count, void *user) {
    struct tachoi_http_exchange *exchange = user;
    tachoi_http_response_head_line(&exchange->response, data, size * count);
    return size * count;
}

static void keep_first_error(CURLcode *rc, CURLcode next) {
    *rc = *rc == CURLE_OK ? next : *rc;
}

static CURLcode set_transfer(CURL *easy, const struct tachoi_http_config *config) {
    CURLcode rc = CURLE_OK;
    long timeout_ms = config->timeout_ms == UINT32_MAX ? 0L
                      : config->timeout_ms > INT_MAX   ? (long)INT_MAX
                                                       : (long)config->timeout_ms;
    const long life_s =
        config->connection_life_s == 0 ? CONNECTION_LIFE_S : (long)config->connection_life_s;
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_URL, config->url));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_POST, 1L));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_USERAGENT, "tacho/" TACHO_VERSION));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, life_s));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
    keep_first_error(&rc,
                     curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, tachoi_http_socket_open));
    keep_first_error(&rc,
                     curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, tachoi_http_socket_close));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_head_line));
    if (config->proxy_url != NULL) {
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy_url));
    }
    return rc;
}

static CURLcode set_security(CURL *easy, const struct tachoi_http_config *config) {
    CURLcode rc = CURLE_OK;
    long verify = config->tls_insecure_skip_verify ? 0L : 1L;
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify));
    keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify * 2L));
    if (config->tls_ca_file != NULL) {
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_CAINFO, config->tls_ca_file));
        /* instead of the system's, not besides them */
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
    }
    if (config->tls_cert_file != NULL) {
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_SSLCERT, config->tls_cert_file));
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_SSLKEY, config->tls_key_file));
    }
    if (config->username != NULL) {
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC));
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_USERNAME, config->username));
        keep_first_error(&rc, curl_easy_setopt(easy, CURLOPT_PASSWORD,
                                               config->password != NULL ? config->password : ""));
    }
    return rc;
}

static int status_of(CURLcode rc) {
    if (rc == CURLE_OK) {
        return TACHO_OK;
    }
    return rc == CURLE_OUT_OF_MEMORY ? TACHO_E_NO_MEMORY : TACHO_E_UNSUPPORTED;
}

/* --- password file --- */

static void refresh_password(struct tachoi_http_client *client) {
    if (client->password.path == NULL) {
        return;
    }
    enum tachoi_secret_result result = tachoi_secret_file_refresh(&client->password);
    if (result == TACHOI_SECRET_UNREADABLE || result == TACHOI_SECRET_MALFORMED) {
        tacho_diagnostics_report(
            TACHO_SEVERITY_WARNING, client->component, "password_file",
            "cannot read the password file, the former password stays in use: %s",
            result == TACHOI_SECRET_MALFORMED ? "too large, or a NUL in it" : strerror(errno));
    }
    client->password_number += result == TACHOI_SECRET_CHANGED ? 1 : 0;
    if (result != TACHOI_SECRET_UNCHANGED && client->on_refresh != NULL) {
        client->on_refresh(client->user, result == TACHOI_SECRET_CHANGED);
    }
}

bool tachoi_http_exchange_password_changed(struct tachoi_http_exchange *exchange) {
    refresh_password(exchange->client);
    return exchange->password_number != exchange->client->password_number;
}

static int open_password(struct tachoi_http_client *client, const char *path) {
    if (!tachoi_secret_file_init(&client->password, path)) {
        return TACHO_E_NO_MEMORY;
    }
    enum tachoi_secret_result result = tachoi_secret_file_refresh(&client->password);
    if (result == TACHOI_SECRET_MALFORMED) {
        errno = EINVAL;
    }
    return result == TACHOI_SECRET_CHANGED     ? TACHO_OK
           : result == TACHOI_SECRET_NO_MEMORY ? TACHO_E_NO_MEMORY
                                               : TACHO_E_INVALID;
}

/* --- client --- */

static bool append_header(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    *list = longer != NULL ? longer : *list;
    return longer != NULL;
}

static bool keep_headers(struct tachoi_http_client *client,
                         const struct tachoi_http_config *config) {
    /* No "Expect: 100-continue": it costs a second where the receiver does not answer it. */
    bool ok = append_header(&client->headers, "Expect:");
    for (size_t i = 0; ok && i < config->header_count; i++) {
        ok = append_header(&client->headers, config->headers[i]);
    }
    return ok;
}

/* A multi handle closes its connections through a handle of its own, which learns from the last
 * handle added that it must leave SIGPIPE's disposition alone; teach it before anything is sent. */
static bool teach_no_signal(struct tachoi_http_client *client) {
    return curl_multi_add_handle(client->multi, client->settings) == CURLM_OK &&
           curl_multi_remove_handle(client->multi, client->settings) == CURLM_OK;
}

int tachoi_http_client_create(const struct tachoi_http_config *config,
                              struct tachoi_http_client **out) {
    if (!tachoi_http_global_init()) {
        return TACHO_E_UNSUPPORTED;
    }
    struct tachoi_http_client *client = tachoi_calloc(1, sizeof *client);
    if (client == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    client->component = config->component;
    client->on_refresh = config->on_refresh;
    client->user = config->user;
    client->multi = curl_multi_init();
    client->settings = curl_easy_init();
    int status = TACHO_E_NO_MEMORY;
    if (client->multi == NULL || client->settings == NULL || !keep_headers(client, config)) {
        goto out;
    }
    CURLcode rc = set_transfer(client->settings, config);
    keep_first_error(&rc, set_security(client->settings, config));
    status = status_of(rc);
    if (status == TACHO_OK && !teach_no_signal(client)) {
        status = TACHO_E_NO_MEMORY;
    }
    if (status == TACHO_OK && config->password_file != NULL) {
        status = open_password(client, config->password_file);
    }
out:
    if (status != TACHO_OK) {
        int reason = errno;
        tachoi_http_client_destroy(client);
        errno = reason;
        return status;
    }
    *out = client;
    return TACHO_OK;
}

void tachoi_http_client_destroy(struct tachoi_http_client *client) {
    if (client == NULL) {
        return;
    }
    curl_easy_cleanup(client->settings);
    curl_slist_free_all(client->headers);
    if (client->multi != NULL) {
        (void)curl_multi_cleanup(client->multi);
    }
    tachoi_secret_file_fini(&client->password);
    tachoi_free(client);
}

static void end_transfer(struct tachoi_http_exchange *exchange) {
    if (exchange->is_active) {
        (void)curl_multi_remove_handle(exchange->client->multi, exchange->easy);
        exchange->is_active = false;
    }
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
}

static void complete(struct tachoi_http_exchange *exchange, CURLcode code) {
    tachoi_http_answer_read(exchange->easy, code, &exchange->response);
    end_transfer(exchange);
    exchange->is_done = true;
}

/* Whether the POST met the end of an idle connection (HTTP-12). libcurl makes it again by itself
 * where it learns of that by reading, but not where it learns of it by sending. */
static bool met_closed_connection(const struct tachoi_http_exchange *exchange, CURLcode code) {
    long connects = 1;
    long head_bytes = 1;
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &connects);
    (void)curl_easy_getinfo(exchange->easy, CURLINFO_HEADER_SIZE, &head_bytes);
    return code == CURLE_SEND_ERROR && connects == 0 && head_bytes == 0;
}

/* Makes the POST once more; false if it cannot be. */
static bool begin_again(struct tachoi_http_exchange *exchange) {
    tachoi_http_response_clear(&exchange->response);
    exchange->is_second = true;
    return curl_multi_remove_handle(exchange->client->multi, exchange->easy) == CURLM_OK &&
           curl_multi_add_handle(exchange->client->multi, exchange->easy) == CURLM_OK;
}

static void conclude(struct tachoi_http_exchange *exchange, CURLcode code) {
    if (exchange->is_second || !met_closed_connection(exchange, code) || !begin_again(exchange)) {
        complete(exchange, code);
    }
}

void tachoi_http_client_drive(struct tachoi_http_client *client) {
    int running = 0;
    (void)curl_multi_perform(client->multi, &running);
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(client->multi, &left); message != NULL;
         message = curl_multi_info_read(client->multi, &left)) {
        struct tachoi_http_exchange *exchange = NULL;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange) == CURLE_OK) {
            conclude(exchange, message->data.result);
        }
    }
}

void tachoi_http_client_wait(struct tachoi_http_client *client, uint32_t timeout_ms) {
    int timeout = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    if (curl_multi_poll(client->multi, NULL, 0, timeout, NULL) != CURLM_OK) {
        (void)poll(NULL, 0, timeout < 10 ? timeout : 10); /* short of memory: no hot loop */
    }
}

void tachoi_http_client_wake(struct tachoi_http_client *client) {
    (void)curl_multi_wakeup(client->multi);
}

/* --- exchange --- */

int tachoi_http_exchange_create(struct tachoi_http_client *client,
                                struct tachoi_http_exchange **out) {
    struct tachoi_http_exchange *exchange = tachoi_calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    exchange->client = client;
    exchange->easy = curl_easy_duphandle(client->settings);
    if (exchange->easy == NULL ||
        curl_easy_setopt(exchange->easy, CURLOPT_PRIVATE, exchange) != CURLE_OK ||
        curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange) != CURLE_OK ||
        curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange) != CURLE_OK ||
        curl_easy_setopt(exchange->easy, CURLOPT_ERRORBUFFER, exchange->response.error) !=
            CURLE_OK) {
        tachoi_http_exchange_destroy(exchange);
        return TACHO_E_NO_MEMORY;
    }
    *out = exchange;
    return TACHO_OK;
}

void tachoi_http_exchange_destroy(struct tachoi_http_exchange *exchange) {
    if (exchange != NULL) {
        end_transfer(exchange);
        curl_easy_cleanup(exchange->easy);
        tachoi_free(exchange);
    }
}

static bool build_headers(struct tachoi_http_exchange *exchange,
                          const struct tachoi_http_post *post) {
    bool ok = true;
    for (const struct curl_slist *line = exchange->client->headers; ok && line != NULL;
         line = line->next) {
        ok = append_header(&exchange->headers, line->data);
    }
    for (size_t i = 0; ok && i < post->header_count; i++) {
        ok = append_header(&exchange->headers, post->headers[i]);
    }
    if (ok && post->attempt > 0) {
        char line[40];
        (void)snprintf(line, sizeof line, "Retry-Attempt: %u", post->attempt);
        ok = append_header(&exchange->headers, line);
    }
    return ok;
}

static bool set_post(struct tachoi_http_exchange *exchange, const struct tachoi_http_post *post) {
    CURL *easy = exchange->easy;
    const struct tachoi_secret_file *password = &exchange->client->password;
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_length) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
           (password->path == NULL ||
            curl_easy_setopt(easy, CURLOPT_PASSWORD, password->value) == CURLE_OK);
}

int tachoi_http_exchange_start(struct tachoi_http_exchange *exchange,
                               const struct tachoi_http_post *post) {
    tachoi_http_response_clear(&exchange->response);
    exchange->is_done = exchange->is_second = false;
    refresh_password(exchange->client);
    exchange->password_number = exchange->client->password_number;
    if (!build_headers(exchange, post) || !set_post(exchange, post) ||
        curl_multi_add_handle(exchange->client->multi, exchange->easy) != CURLM_OK) {
        end_transfer(exchange);
        return TACHO_E_NO_MEMORY;
    }
    exchange->is_active = true;
    return TACHO_OK;
}

const struct tachoi_http_response *
tachoi_http_exchange_take(struct tachoi_http_exchange *exchange) {
    if (!exchange->is_done) {
        return NULL;
    }
    exchange->is_done = false;
    return &exchange->response;
}
