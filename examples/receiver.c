/* SPDX-License-Identifier: Apache-2.0 */
/* receiver: prints what a remote-write sender sends, and says what is wrong with it.
 *
 *     receiver [--port N | --endpoint URL]
 *     curl http://127.0.0.1:9090/series
 *
 * The lesson: remote write 1.0 is an HTTP POST of a snappy-compressed protobuf message; here is
 * the other side of it: HTTP in this file, compression in receiver_body.c, what is allowed in
 * receiver_rules.c. Prints one line per sample: name{labels} value timestamp.
 *
 *     POST /api/v1/write   204, or 4xx and the reason
 *     GET /series          the last sample of every series
 *
 * It listens on 127.0.0.1, at --port (0 takes any free one and prints it), else at the port of
 * --endpoint, whose default is that of all examples. Ends on SIGINT and SIGTERM. */
#include <arpa/inet.h>
#include <locale.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "receiver_body.h"
#include "receiver_rules.h"
#include "receiver_series.h"

enum { NOT_GIVEN = UINT16_MAX + 1 };

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status, char *text,
                             enum MHD_ResponseMemoryMode mode) {
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, mode);
    (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const char *header(struct MHD_Connection *connection, const char *name) {
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value != NULL ? value : "";
}

static bool take_body(struct series_store *store, const struct receiver_body *body,
                      struct refusal *refusal) {
    size_t length = 0;
    uint8_t *data = receiver_body_uncompress(body, &length, refusal);
    bool is_taken = data != NULL && series_store_take(store, data, length, stdout, refusal);
    free(data);
    return is_taken;
}

static enum MHD_Result answer_write(struct MHD_Connection *connection, struct series_store *store,
                                    const struct receiver_body *body) {
    struct refusal refusal = {"the body is too long"};
    unsigned int status = MHD_HTTP_CONTENT_TOO_LARGE;
    if (!body->is_too_long) {
        const struct request_headers headers = {
            .content_encoding = header(connection, "Content-Encoding"),
            .content_type = header(connection, "Content-Type"),
            .version = header(connection, "X-Prometheus-Remote-Write-Version"),
            .user_agent = header(connection, "User-Agent")};
        status = receiver_check_headers(&headers, &refusal);
    }
    if (status == 0) {
        status = take_body(store, body, &refusal) ? MHD_HTTP_NO_CONTENT : MHD_HTTP_BAD_REQUEST;
    }
    if (status == MHD_HTTP_NO_CONTENT) {
        refusal.reason[0] = '\0';
    } else {
        (void)fprintf(stderr, "refused: %s\n", refusal.reason);
    }
    return reply(connection, status, refusal.reason, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result answer_series(struct MHD_Connection *connection,
                                     const struct series_store *store) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        return MHD_NO;
    }
    series_store_print(store, out);
    (void)fclose(out);
    return text != NULL ? reply(connection, MHD_HTTP_OK, text, MHD_RESPMEM_MUST_FREE) : MHD_NO;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_length, void **state) {
    static char not_found[] = "POST /api/v1/write or GET /series\n";
    struct series_store *store = user;
    (void)version;
    if (*state == NULL) { /* the headers are here */
        *state = calloc(1, sizeof(struct receiver_body));
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*upload_length > 0) {
        receiver_body_append(*state, upload, *upload_length);
        *upload_length = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/series") == 0 && strcmp(method, "GET") == 0) {
        return answer_series(connection, store);
    }
    bool is_write = strcmp(url, "/api/v1/write") == 0;
    if (is_write && strcmp(method, "POST") == 0) {
        return answer_write(connection, store, *state);
    }
    return reply(connection, is_write ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND, not_found,
                 MHD_RESPMEM_PERSISTENT);
}

static void end_request(void *user, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code) {
    (void)user;
    (void)connection;
    (void)code;
    receiver_body_destroy(*state);
    *state = NULL;
}

static uint16_t port_of(const char *endpoint) {
    const char *host = strstr(endpoint, "://");
    const char *colon = host != NULL ? strchr(host + 3, ':') : NULL;
    return colon != NULL ? (uint16_t)strtoul(colon + 1, NULL, 10) : 80;
}

int main(int argc, char **argv) {
    const char *endpoint = example_endpoint();
    uint32_t port = NOT_GIVEN;
    (void)example_parse(
        argc, argv,
        (const struct example_option[]){{"port", NULL, &port}, {"endpoint", &endpoint, NULL}, {0}},
        "receiver [--port N | --endpoint URL]");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons(port < NOT_GIVEN ? (uint16_t)port : port_of(endpoint));
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* the rules about text do not depend on the user's */
    sigset_t signals;
    example_block_signals(&signals);

    struct series_store store = {0};
    /* One thread for all connections: the store needs no lock. */
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle,
                         &store, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
                         end_request, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        return 1;
    }
    (void)printf("# http://127.0.0.1:%u/api/v1/write\n",
                 MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    (void)fflush(stdout);
    example_wait(&signals, 0);
    MHD_stop_daemon(daemon);
    series_store_fini(&store);
    return 0;
}
