/* SPDX-License-Identifier: Apache-2.0 */
/* One pool of threads, one exchange per request; libmicrohttpd carries it from call to call. */
#include "http_files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 4, CLIENT_GONE = 499 };

struct exchange {
    void *request; /* the owner's */
    int status;
};

/* A descriptor of the regular file that `url` names below `root` (which realpath made), or -1.
 * Links and dots are resolved before the comparison, so nothing outside can be reached. */
static int open_below(const char *root, const char *url, struct stat *status) {
    char wanted[PATH_MAX];
    char path[PATH_MAX];
    size_t root_length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    int length = snprintf(wanted, sizeof wanted, "%s/%s", root, url);
    if (length < 0 || (size_t)length >= sizeof wanted || realpath(wanted, path) == NULL ||
        strncmp(path, root, root_length) != 0 || path[root_length] != '/') {
        return -1;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file >= 0 && (fstat(file, status) != 0 || !S_ISREG(status->st_mode))) {
        (void)close(file);
        return -1;
    }
    return file;
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct exchange *exchange,
                              const char *root, const char *url, const char *method) {
    static char nothing[] = "";
    struct MHD_Response *response = NULL;
    struct stat file_status;
    exchange->status = MHD_HTTP_METHOD_NOT_ALLOWED;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        int file = open_below(root, url, &file_status);
        exchange->status = file >= 0 ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND;
        if (file >= 0) {
            response = MHD_create_response_from_fd64((uint64_t)file_status.st_size, file);
        }
    }
    if (response == NULL) {
        response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    }
    enum MHD_Result result =
        MHD_queue_response(connection, (unsigned int)exchange->status, response);
    MHD_destroy_response(response);
    return result;
}

static struct exchange *begin(const struct http_files *files, const char *method) {
    struct exchange *exchange = malloc(sizeof *exchange);
    if (exchange != NULL) {
        *exchange = (struct exchange){.request = files->begin(method), .status = CLIENT_GONE};
        if (exchange->request == NULL) {
            free(exchange);
            return NULL;
        }
    }
    return exchange;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_length, void **state) {
    const struct http_files *files = user;
    (void)version;
    (void)upload;
    if (*state == NULL) { /* the headers are here */
        *state = begin(files, method);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_length > 0) { /* nobody wants the body */
        *upload_length = 0;
        return MHD_YES;
    }
    return answer(connection, *state, files->root, url, method);
}

/* The answer is sent, or the client has gone. */
static void end(void *user, struct MHD_Connection *connection, void **state,
                enum MHD_RequestTerminationCode code) {
    const struct http_files *files = user;
    struct exchange *exchange = *state;
    (void)connection;
    (void)code;
    if (exchange != NULL) {
        files->end(exchange->request, exchange->status);
    }
    free(exchange);
    *state = NULL;
}

bool http_files_start(struct http_files *files, uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    files->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL,
                                     NULL, handle, files, MHD_OPTION_SOCK_ADDR, &address,
                                     MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS,
                                     MHD_OPTION_NOTIFY_COMPLETED, end, files, MHD_OPTION_END);
    if (files->daemon == NULL) {
        return false;
    }
    (void)printf("http://127.0.0.1:%u/\n",
                 MHD_get_daemon_info(files->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    return true;
}

void http_files_stop(struct http_files *files) {
    MHD_stop_daemon(files->daemon);
    files->daemon = NULL;
}
