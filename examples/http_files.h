/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the serving of files over HTTP for http_service, by libmicrohttpd. Knows nothing of metrics:
 * it says when a request begins and how it ended. */
#ifndef EXAMPLES_HTTP_FILES_H
#define EXAMPLES_HTTP_FILES_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Daemon;

/** A server. Fill in all but the last, and keep it in place until it is stopped. */
struct http_files {
    const char *root; /**< as realpath makes it; what is served lies below */

    /** Called by the server's threads. What `begin` returns is given to `end`; NULL hangs up. */
    void *(*begin)(const char *method);
    /** The answer is sent, or the client has gone: then the status is 499. */
    void (*end)(void *request, int status);

    struct MHD_Daemon *daemon;
};

/**
 * Serves GET and HEAD of regular files on 127.0.0.1, at `port` or at any free one (0), and prints
 * the address. Returns whether it could; libmicrohttpd says on standard error what was wrong.
 */
bool http_files_start(struct http_files *files, uint16_t port);

/** Returns when no request is under way any more. */
void http_files_stop(struct http_files *files);

#endif
