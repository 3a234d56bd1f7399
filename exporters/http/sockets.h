/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the open sockets of all clients of the process, so that a forked child closes its copies: a
 * connection then ends when the parent ends it, however long the child lives. libcurl is not
 * involved: its handles are the parent's, in whatever state its thread left them.
 *
 * The functions may be called by any threads at once and never wait. A fork in the very moment in
 * which a socket is opened or closed may leave that one open in the child. */
#ifndef TACHOI_HTTP_SOCKETS_H
#define TACHOI_HTTP_SOCKETS_H

#include <curl/curl.h>

/** Closes in children what is open here when they are forked; once per process. Where memory is
 * short for it, children keep their copies. */
void tachoi_http_sockets_watch_fork(void);

/** For CURLOPT_OPENSOCKETFUNCTION: a socket that is closed on exec. */
curl_socket_t tachoi_http_socket_open(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address);

/** For CURLOPT_CLOSESOCKETFUNCTION. */
int tachoi_http_socket_close(void *user, curl_socket_t fd);

#endif
