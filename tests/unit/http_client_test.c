/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what the HTTP client keeps of an answer, and what it does when a kept connection turns out
 * to be dead, against a server that answers byte by byte as it is told. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/client.h"
#include "tacho/status.h"

#define PATIENCE_NS (UINT64_C(20) * TACHOI_NS_PER_S)
#define LARGE ((size_t)8 * 1024 * 1024)
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"

/* --- a server --- */

enum step_kind {
    ANSWER,      /* with these bytes, after the whole request */
    CLOSE,       /* after the whole request, without a byte */
    CUT,         /* resets the connection when the head has come and the body has not */
    CUT_HALFWAY, /* as ANSWER, with less bytes than it should have, and closes then */
};

struct step {
    enum step_kind kind;
    const char *bytes;
};

static struct {
    const struct step *steps;
    size_t count;
    int listener;
    unsigned port;
    pthread_t thread;
    atomic_size_t connections;
    atomic_size_t requests;
    char heads[8][2048]; /* of the requests; the server's until it is joined */
} server;

/* Reads a head, byte by byte so that the body stays; false at the end of the connection. */
static bool read_head(int fd, char *head, size_t size) {
    size_t length = 0;
    while (length < size - 1 && read(fd, head + length, 1) == 1) {
        head[++length] = '\0';
        if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0) {
            return true;
        }
    }
    return false;
}

static bool read_body(int fd, const char *head) {
    static char buffer[65536];
    const char *header = strstr(head, "Content-Length: ");
    size_t left = header != NULL ? strtoul(header + strlen("Content-Length: "), NULL, 10) : 0;
    while (left > 0) {
        ssize_t count = read(fd, buffer, left < sizeof buffer ? left : sizeof buffer);
        if (count <= 0) {
            return false;
        }
        left -= (size_t)count;
    }
    return true;
}

static void reset(int fd) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* One request; whether the connection goes on. */
static bool serve(int fd) {
    size_t index = atomic_load(&server.requests);
    if (index >= server.count) {
        return false;
    }
    char *head = server.heads[index];
    if (!read_head(fd, head, sizeof server.heads[0])) {
        return false;
    }
    const struct step *step = &server.steps[index];
    atomic_fetch_add(&server.requests, 1);
    if (step->kind == CUT) {
        reset(fd);
        return false;
    }
    if (!read_body(fd, head) || step->kind == CLOSE) {
        return false;
    }
    return write(fd, step->bytes, strlen(step->bytes)) == (ssize_t)strlen(step->bytes) &&
           step->kind == ANSWER;
}

static void *serve_all(void *argument) {
    (void)argument;
    while (atomic_load(&server.requests) < server.count) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0) {
            break; /* the listener was shut down */
        }
        atomic_fetch_add(&server.connections, 1);
        while (serve(fd)) {
        }
        close(fd);
    }
    return NULL;
}

static void start_server(const struct step *steps, size_t count) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    server.steps = steps;
    server.count = count;
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(eq(int, bind(server.listener, (struct sockaddr *)&address, sizeof address), 0));
    cr_assert(eq(int, listen(server.listener, 8), 0));
    cr_assert(eq(int, getsockname(server.listener, (struct sockaddr *)&address, &length), 0));
    server.port = ntohs(address.sin_port);
    cr_assert(eq(int, pthread_create(&server.thread, NULL, serve_all, NULL), 0));
}

static void stop_server(void) {
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
}

#define SERVE(...)                                                                                 \
    static const struct step steps[] = {__VA_ARGS__};                                              \
    start_server(steps, sizeof steps / sizeof steps[0])

/* --- sending that fails --- */

static atomic_int sends_until_failure; /* 0 = none fails */

/* In the place of libc's, for libcurl: only the client sends by it. */
ssize_t send(int fd, const void *data, size_t length, int flags) {
    int left = atomic_load(&sends_until_failure);
    while (left > 0 && !atomic_compare_exchange_weak(&sends_until_failure, &left, left - 1)) {
    }
    if (left == 1) {
        errno = ECONNRESET;
        return -1;
    }
    return (ssize_t)syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
}

/* --- a client --- */

static struct tachoi_http_client *client;
static struct tachoi_http_exchange *exchange;
static char *large;

static void begin(void) {
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    large = calloc(1, LARGE);
    cr_assert(ne(ptr, large, NULL));
}

static void connect_with(struct tachoi_http_config config) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/write?a=b%%20c", server.port);
    config.component = "test";
    config.url = url;
    config.proxy_url = "";
    config.timeout_ms = 20000;
    cr_assert(eq(int, tachoi_http_client_create(&config, &client), TACHO_OK));
    cr_assert(eq(int, tachoi_http_exchange_create(client, &exchange), TACHO_OK));
}

static void connect_with_password(const char *password_file) {
    connect_with((struct tachoi_http_config){.username = "user", .password_file = password_file});
}

static void connect_client(void) {
    connect_with((struct tachoi_http_config){0});
}

static void end(void) {
    tachoi_http_exchange_destroy(exchange);
    tachoi_http_client_destroy(client);
    free(large);
    stop_server();
}

TestSuite(http_client_server, .init = begin, .fini = end);

static const struct tachoi_http_response *post(size_t length) {
    const struct tachoi_http_post post = {.body = large, .body_length = length};
    const struct tachoi_http_response *response = NULL;
    uint64_t deadline_ns = tachoi_monotonic_ns() + PATIENCE_NS;
    cr_assert(eq(int, tachoi_http_exchange_start(exchange, &post), TACHO_OK));
    while (response == NULL && tachoi_monotonic_ns() < deadline_ns) {
        tachoi_http_client_drive(client);
        response = tachoi_http_exchange_take(exchange);
        if (response == NULL) {
            tachoi_http_client_wait(client, 1000);
        }
    }
    cr_assert(ne(ptr, (void *)response, NULL), "no end of the transfer");
    return response;
}

static void expect_seen(size_t connections, size_t requests) {
    cr_assert(eq(sz, atomic_load(&server.connections), connections));
    cr_assert(eq(sz, atomic_load(&server.requests), requests));
}

/* --- what is kept --- */

/* RW2-14, HTTP-05 */
Test(http_client_server, the_headers_that_matter_are_kept) {
    SERVE({ANSWER, "HTTP/1.1 400 Bad Request\r\n"
                   "x-prometheus-remote-write-samples-written: 12\r\n"
                   "X-Prometheus-Remote-Write-Histograms-Written:\r\n"
                   "X-Prometheus-Remote-Write-Version: 2.0.0\r\n"
                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                   "Retry-After: 7\r\n"
                   "Content-Length: 5\r\n\r\nsorry"});
    connect_client();
    const struct tachoi_http_response *response = post(10);
    cr_assert(eq(int, (int)response->status, 400));
    cr_assert(response->samples_written.is_present);
    cr_assert(eq(str, (char *)response->samples_written.text, "12"));
    cr_assert(response->histograms_written.is_present);
    cr_assert(eq(str, (char *)response->histograms_written.text, ""));
    cr_assert(not(response->exemplars_written.is_present));
    cr_assert(eq(str, (char *)response->date, "Sun, 06 Nov 1994 08:49:37 GMT"));
    cr_assert(eq(str, (char *)response->retry_after, "7"));
    cr_assert(eq(str, (char *)response->excerpt, "sorry"));
    cr_assert(gt(u64, response->duration_ns, 0));
    cr_assert(lt(u64, response->duration_ns, PATIENCE_NS));
}

/* Those of an interim answer are not the answer's. */
Test(http_client_server, each_answer_has_its_own_headers) {
    SERVE({ANSWER, "HTTP/1.1 103 Early Hints\r\n"
                   "X-Prometheus-Remote-Write-Exemplars-Written: 9\r\n\r\n"
                   "HTTP/1.1 204 No Content\r\n"
                   "X-Prometheus-Remote-Write-Samples-Written: "
                   "1234567890123456789012345678901234567890123456789\r\n\r\n"},
          {ANSWER, NO_CONTENT});
    connect_client();
    const struct tachoi_http_response *response = post(10);
    cr_assert(eq(int, (int)response->status, 204));
    cr_assert(not(response->exemplars_written.is_present));
    cr_assert(
        eq(sz, strlen(response->samples_written.text), sizeof response->samples_written.text - 1));
    response = post(10);
    cr_assert(not(response->samples_written.is_present));
    cr_assert(eq(str, (char *)response->samples_written.text, ""));
    cr_assert(eq(str, (char *)response->date, ""));
    expect_seen(1, 2);
}

/* Nobody knows what the rest of the head would have said: it is no answer. */
Test(http_client_server, an_answer_cut_off_in_its_head_is_none) {
    SERVE({CUT_HALFWAY, "HTTP/1.1 200 OK\r\nX-Prometheus-Remote-Wri"},
          {CUT_HALFWAY, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"},
          {CUT_HALFWAY, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 0));
    const struct tachoi_http_response *response = post(10);
    cr_assert(eq(int, (int)response->status, 0));
    cr_assert(ne(int, (int)response->code, CURLE_OK));
    cr_assert(eq(int, (int)post(10)->status, 200)); /* the body is of no interest */
}

/* --- what is sent --- */

/* HTTP-01, HTTP-07, HTTP-08, HTTP-10 */
Test(http_client_server, requests_are_plain_and_their_connection_is_kept) {
    SERVE({ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(LARGE)->status, 204));
    cr_assert(eq(int, (int)post(10)->status, 204));
    expect_seen(1, 2);
    const char *head = server.heads[0];
    static const char line[] = "POST /write?a=b%20c HTTP/1.1\r\n";
    cr_assert(eq(int, strncmp(head, line, sizeof line - 1), 0), "%s", head);
    cr_assert(eq(ptr, strcasestr(head, "\nExpect:"), NULL), "%s", head);
    cr_assert(eq(ptr, strcasestr(head, "\nConnection:"), NULL), "%s", head);
    cr_assert(eq(ptr, strcasestr(head, "\nRetry-Attempt:"), NULL), "%s", head);
    cr_assert(ne(ptr, strstr(head, "Content-Length: 8388608\r\n"), NULL), "%s", head);
}

/* --- connections that have died --- */

/* HTTP-11: libcurl counts whole seconds */
Test(http_client_server, a_connection_does_not_live_for_ever) {
    SERVE({ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT},
          {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT});
    connect_with((struct tachoi_http_config){.connection_life_s = 1});
    post(10);
    post(10);
    expect_seen(1, 2);
    for (size_t i = 2; i < server.count && atomic_load(&server.connections) == 1; i++) {
        (void)usleep(500000);
        post(10);
    }
    cr_assert(eq(sz, atomic_load(&server.connections), 2));
}

/* HTTP-12 */
Test(http_client_server, a_kept_connection_that_closes_without_a_byte_is_no_failure) {
    SERVE({ANSWER, NO_CONTENT}, {CLOSE, NULL}, {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 204));
    cr_assert(eq(int, (int)post(10)->status, 204));
    expect_seen(2, 3);
}

Test(http_client_server, a_kept_connection_that_breaks_while_the_body_is_sent_is_no_failure) {
    SERVE({ANSWER, NO_CONTENT}, {CUT, NULL}, {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 204));
    const struct tachoi_http_response *response = post(LARGE);
    cr_assert(eq(int, (int)response->status, 204), "%s", response->error);
    cr_assert(eq(int, (int)response->code, (int)CURLE_OK));
    expect_seen(2, 3);
    cr_assert(eq(ptr, strcasestr(server.heads[2], "\nRetry-Attempt:"), NULL), "%s",
              server.heads[2]);
}

/* HTTP-12: the first part of the body goes, the next one meets the end of the connection */
Test(http_client_server, a_kept_connection_on_which_sending_fails_is_no_failure) {
    SERVE({ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 204));
    atomic_store(&sends_until_failure, 2);
    const struct tachoi_http_response *response = post(LARGE);
    cr_assert(eq(int, atomic_load(&sends_until_failure), 0), "no send has failed");
    cr_assert(eq(int, (int)response->status, 204), "%s", response->error);
    expect_seen(2, 3);
}

Test(http_client_server, a_new_connection_on_which_sending_fails_is_a_failure) {
    SERVE({ANSWER, NO_CONTENT}, {ANSWER, NO_CONTENT});
    connect_client();
    atomic_store(&sends_until_failure, 2);
    cr_assert(eq(int, (int)post(LARGE)->code, (int)CURLE_SEND_ERROR));
    cr_assert(eq(int, (int)post(10)->status, 204));
}

Test(http_client_server, a_new_connection_that_breaks_is_a_failure) {
    SERVE({CUT, NULL}, {ANSWER, NO_CONTENT});
    connect_client();
    const struct tachoi_http_response *response = post(LARGE);
    cr_assert(eq(int, (int)response->status, 0));
    cr_assert(ne(int, (int)response->code, (int)CURLE_OK));
    expect_seen(1, 1);
    cr_assert(eq(int, (int)post(10)->status, 204));
}

Test(http_client_server, a_second_try_that_breaks_is_a_failure) {
    SERVE({ANSWER, NO_CONTENT}, {CUT, NULL}, {CUT, NULL}, {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 204));
    cr_assert(eq(int, (int)post(LARGE)->status, 0));
    expect_seen(2, 3);
    cr_assert(eq(int, (int)post(10)->status, 204));
    expect_seen(3, 4);
}

/* What the receiver has begun to answer it may have stored: that is for the caller to judge. */
Test(http_client_server, an_answer_that_breaks_off_is_not_asked_for_again) {
    SERVE({ANSWER, NO_CONTENT}, {CUT_HALFWAY, "HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\nsor"},
          {ANSWER, NO_CONTENT});
    connect_client();
    cr_assert(eq(int, (int)post(10)->status, 204));
    const struct tachoi_http_response *response = post(10);
    cr_assert(ne(int, (int)response->code, (int)CURLE_OK));
    cr_assert(eq(int, (int)response->status, 400));
    cr_assert(eq(str, (char *)response->excerpt, "sor"));
    expect_seen(1, 2);
    cr_assert(eq(int, (int)post(10)->status, 204));
}

/* --- the password --- */

static void write_password(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    cr_assert(ne(ptr, file, NULL));
    fputs(text, file);
    fclose(file);
}

/* AUTH-02: of two POSTs with the old password each is told, whichever asks first. */
Test(http_client_server, a_new_password_is_told_to_each_that_had_the_old_one) {
    char path[] = "/tmp/tacho-password-XXXXXX";
    struct tachoi_http_exchange *other = NULL;
    close(mkstemp(path));
    write_password(path, "old");
    SERVE({ANSWER, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"},
          {ANSWER, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"}, {ANSWER, NO_CONTENT});
    connect_with_password(path);
    cr_assert(eq(int, tachoi_http_exchange_create(client, &other), TACHO_OK));
    cr_assert(eq(int, (int)post(10)->status, 401));
    struct tachoi_http_exchange *first = exchange;
    exchange = other;
    cr_assert(eq(int, (int)post(10)->status, 401));
    cr_expect(not(tachoi_http_exchange_password_changed(first)));
    write_password(path, "newer");
    cr_expect(tachoi_http_exchange_password_changed(first));
    cr_expect(tachoi_http_exchange_password_changed(other));
    cr_expect(tachoi_http_exchange_password_changed(first)); /* until it is sent again */
    cr_assert(eq(int, (int)post(10)->status, 204));
    cr_expect(not(tachoi_http_exchange_password_changed(other)));
    cr_expect(tachoi_http_exchange_password_changed(first));
    tachoi_http_exchange_destroy(first);
    unlink(path);
}
