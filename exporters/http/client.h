/* SPDX-License-Identifier: Apache-2.0 */
/* Owns HTTP POSTs over libcurl's multi interface: connections, TLS, authentication, proxy. Knows
 * nothing of remote write, of retries or of queues.
 *
 * A client drives any number of exchanges, each of which has at most one POST under way, from one
 * thread. Which calls may be made where:
 *
 *   create, destroy                   before the thread starts and after it ended, or on it
 *   start, abort, take, drive, wait   the thread only
 *   wake                              any thread, between create and destroy
 *
 * All blocking happens in wait (and in reading the password file, at start). Aborting never blocks,
 * also not while a name is being resolved: the resolver's thread is left to itself
 * (CURLOPT_QUICK_EXIT). Sockets to receivers are closed on exec and in forked children. The client
 * never touches signal handlers; its thread must block SIGPIPE.
 *
 * HTTP/1.1, kept alive: one connection for each exchange, as a rule, so that shards do not share a
 * stream of TCP (HTTP-07). A connection is used for some minutes at most, so that changes of names
 * and load balancers are seen (HTTP-11). A receiver may close an idle one just when it is used
 * again; a POST that meets that before a byte of an answer is made once more at once, on another
 * connection and as the same exchange (HTTP-12). */
#ifndef TACHOI_HTTP_CLIENT_H
#define TACHOI_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/response.h"

/** Borrowed by create, which copies what it keeps, but for `component`, which lives on. All texts
 * have been checked. NULL means absent unless told otherwise. */
struct tachoi_http_config {
    const char *component; /* who speaks in diagnostics */
    const char *url;
    const char *const *headers; /* sent with every POST; lines as libcurl takes them */
    size_t header_count;
    const char *username;
    const char *password;
    const char *password_file;
    /* Told that the password file was read again, with a new password or in vain; on the client's
     * thread, as part of the calls for it. */
    void (*on_refresh)(void *user, bool is_success);
    void *user;            /* handed to it; lives on */
    const char *proxy_url; /* NULL = the environment's, "" = none */
    const char *tls_ca_file;
    const char *tls_cert_file;
    const char *tls_key_file;
    bool tls_insecure_skip_verify;
    uint32_t timeout_ms;        /* UINT32_MAX = none */
    uint32_t connection_life_s; /* how long it may be used; 0 = five minutes */
};

/** One POST. Everything is borrowed until its answer was taken or it was aborted. */
struct tachoi_http_post {
    const void *body;
    size_t body_length;
    const char *const *headers; /* "Name: value" */
    size_t header_count;
    uint32_t attempt; /* 0 for the first; n of a resend is told as "Retry-Attempt: n" */
};

struct tachoi_http_client;
struct tachoi_http_exchange;

/** TACHO_OK; TACHO_E_INVALID, errno set, if the password file cannot be read; TACHO_E_NO_MEMORY;
 * TACHO_E_UNSUPPORTED if libcurl lacks TLS or a protocol that the configuration needs. */
int tachoi_http_client_create(const struct tachoi_http_config *config,
                              struct tachoi_http_client **out);

/** Destroys the client; its exchanges must be destroyed before. NULL is allowed. */
void tachoi_http_client_destroy(struct tachoi_http_client *client);

int tachoi_http_exchange_create(struct tachoi_http_client *client,
                                struct tachoi_http_exchange **out);
/** Aborts what is under way. NULL is allowed. */
void tachoi_http_exchange_destroy(struct tachoi_http_exchange *exchange);

/** Starts a POST; none may be under way. TACHO_OK or TACHO_E_NO_MEMORY. */
int tachoi_http_exchange_start(struct tachoi_http_exchange *exchange,
                               const struct tachoi_http_post *post);

/** The answer if the POST has ended, once; valid until the next start. NULL while it goes on. */
const struct tachoi_http_response *tachoi_http_exchange_take(struct tachoi_http_exchange *exchange);

/** Whether there is another password than the one that the last POST was sent with (AUTH-02: one
 * more attempt), whoever has noticed that the file changed. */
bool tachoi_http_exchange_password_changed(struct tachoi_http_exchange *exchange);

/** Moves all transfers on. */
void tachoi_http_client_drive(struct tachoi_http_client *client);

/** Blocks until a transfer can move, someone wakes the client, or the time is over. */
void tachoi_http_client_wait(struct tachoi_http_client *client, uint32_t timeout_ms);

/** Ends a wait, or the next one. */
void tachoi_http_client_wake(struct tachoi_http_client *client);

#endif
