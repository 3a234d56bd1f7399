/* SPDX-License-Identifier: Apache-2.0 */
/* http_service: a file server that tells how many requests it has served, how many it is serving,
 * and how long they took.
 *
 *     http_service [--port N] [--root FOLDER] [--endpoint URL] [--interval-ms N]
 *
 * The lesson: three instruments describe a server: a counter, an up-down counter and a histogram.
 * The histogram's default boundaries are made for milliseconds; one in seconds needs its own, or
 * everything falls into the first bucket. Attributes come from short, closed lists: neither the
 * path that a client asks for nor the method that it invents may become a series.
 *
 * Serves GET and HEAD of regular files below --root on 127.0.0.1; port 0 (the default) takes any
 * free one and prints it. Ends on SIGINT and SIGTERM. In Prometheus:
 *
 *     histogram_quantile(0.99, rate(http_server_request_duration_seconds_bucket[1m])) */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tacho/tacho.h>

#include "common.h"

enum { DEADLINE_MS = 5000, THREADS = 4, CLIENT_GONE = 499 };

static struct {
    tacho_counter *requests;
    tacho_up_down_counter *active;
    tacho_histogram *duration;
} http;

static void create_instruments(void) {
    static const double seconds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075,
                                     0.1,    0.25,  0.5,    0.75,  1,    2.5,   5,    10};
    tacho_meter *meter =
        tacho_meter_provider_get_meter(tacho_meter_provider_global(), "http_service", NULL);
    http.requests =
        tacho_meter_create_counter(meter, "http.server.requests",
                                   TACHO_OPTIONS(tacho_instrument_options, .unit = "{request}",
                                                 .description = "Requests that were answered"));
    http.active = tacho_meter_create_up_down_counter(
        meter, "http.server.active_requests",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "{request}",
                      .description = "Requests that are being answered"));
    http.duration = tacho_meter_create_histogram(
        meter, "http.server.request.duration",
        TACHO_OPTIONS(tacho_instrument_options, .unit = "s",
                      .description = "From the request's headers to the answer's last byte",
                      .explicit_bucket_boundaries = seconds,
                      .explicit_bucket_boundary_count = sizeof seconds / sizeof seconds[0]));
}

struct request {
    struct timespec start;
    const char *method; /* one of the list in known_method */
    int status;
};

static const char *known_method(const char *method) {
    static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(method, methods[i]) == 0) {
            return methods[i];
        }
    }
    return "_OTHER";
}

static struct request *begin_request(const char *method) {
    struct request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->method = known_method(method);
        request->status = CLIENT_GONE; /* until it is answered */
        (void)clock_gettime(CLOCK_MONOTONIC, &request->start);
        tacho_up_down_counter_add(http.active, 1,
                                  TACHO_ATTRS(TACHO_STR("http.request.method", request->method)));
    }
    return request;
}

/* Called by libmicrohttpd when the answer is sent, or the client has gone. */
static void end_request(void *user, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code) {
    struct request *request = *state;
    (void)user;
    (void)connection;
    (void)code;
    if (request == NULL) {
        return;
    }
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)(now.tv_sec - request->start.tv_sec) +
                     (double)(now.tv_nsec - request->start.tv_nsec) / 1e9;
    tacho_attribute method = TACHO_STR("http.request.method", request->method);
    tacho_attributes attrs =
        TACHO_ATTRS(method, TACHO_I64("http.response.status_code", request->status));
    tacho_counter_add(http.requests, 1, attrs);
    tacho_histogram_record(http.duration, seconds, attrs);
    tacho_up_down_counter_add(http.active, -1, TACHO_ATTRS(method));
    free(request);
    *state = NULL;
}

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

static enum MHD_Result answer(struct MHD_Connection *connection, struct request *request,
                              const char *root, const char *url) {
    static char nothing[] = "";
    struct MHD_Response *response = NULL;
    struct stat file_status;
    request->status = MHD_HTTP_METHOD_NOT_ALLOWED;
    if (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0) {
        int file = open_below(root, url, &file_status);
        request->status = file >= 0 ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND;
        if (file >= 0) {
            response = MHD_create_response_from_fd64((uint64_t)file_status.st_size, file);
        }
    }
    if (response == NULL) {
        response = MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    }
    enum MHD_Result result =
        MHD_queue_response(connection, (unsigned int)request->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_length, void **state) {
    (void)version;
    (void)upload;
    if (*state == NULL) { /* the headers are here */
        *state = begin_request(method);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_length > 0) { /* nobody wants the body */
        *upload_length = 0;
        return MHD_YES;
    }
    return answer(connection, *state, user, url);
}

static struct MHD_Daemon *serve(uint16_t port, char *root) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, root,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL, MHD_OPTION_END);
    if (daemon != NULL) {
        (void)printf("http://127.0.0.1:%u/\n",
                     MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
        (void)fflush(stdout);
    }
    return daemon;
}

int main(int argc, char **argv) {
    const char *endpoint = example_endpoint();
    const char *folder = ".";
    uint32_t port = 0;
    uint32_t interval_ms = 1000;
    (void)example_parse(argc, argv,
                        (const struct example_option[]){{"port", NULL, &port},
                                                        {"root", &folder, NULL},
                                                        {"endpoint", &endpoint, NULL},
                                                        {"interval-ms", NULL, &interval_ms},
                                                        {0}},
                        "http_service [--port N] [--root FOLDER] [--endpoint URL] "
                        "[--interval-ms N]");
    char root[PATH_MAX];
    if (port > UINT16_MAX || realpath(folder, root) == NULL) {
        (void)fprintf(stderr, "no such %s\n", port > UINT16_MAX ? "port" : "folder");
        return 2;
    }
    sigset_t signals;
    example_block_signals(&signals);
    tacho_meter_provider *provider = example_start("http_service", endpoint, interval_ms);
    if (provider == NULL) {
        return 2;
    }
    create_instruments();
    struct MHD_Daemon *daemon = serve((uint16_t)port, root);
    if (daemon != NULL) {
        example_wait(&signals, 0);
        MHD_stop_daemon(daemon);
    }
    return example_stop(provider, DEADLINE_MS) && daemon != NULL ? 0 : 1;
}
