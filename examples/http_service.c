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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tacho/tacho.h>

#include "common.h"
#include "http_files.h"

enum { DEADLINE_MS = 5000 };

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

static void *begin_request(const char *method) {
    struct request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->method = known_method(method);
        (void)clock_gettime(CLOCK_MONOTONIC, &request->start);
        tacho_up_down_counter_add(http.active, 1,
                                  TACHO_ATTRS(TACHO_STR("http.request.method", request->method)));
    }
    return request;
}

static void end_request(void *ended, int status) {
    struct request *request = ended;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    double seconds = (double)(now.tv_sec - request->start.tv_sec) +
                     (double)(now.tv_nsec - request->start.tv_nsec) / 1e9;
    tacho_attribute method = TACHO_STR("http.request.method", request->method);
    tacho_attributes attrs = TACHO_ATTRS(method, TACHO_I64("http.response.status_code", status));
    tacho_counter_add(http.requests, 1, attrs);
    tacho_histogram_record(http.duration, seconds, attrs);
    tacho_up_down_counter_add(http.active, -1, TACHO_ATTRS(method));
    free(request);
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
    struct http_files files = {.root = root, .begin = begin_request, .end = end_request};
    bool is_serving = http_files_start(&files, (uint16_t)port);
    if (is_serving) {
        example_wait(&signals, 0);
        http_files_stop(&files);
    }
    return example_stop(provider, DEADLINE_MS) && is_serving ? 0 : 1;
}
