/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a connection. See fault_server_connection.h.
 *
 * RECEIVING -> (rule taken with the head) -> WAITING -> [FORWARDING -> RELAYING] -> ANSWERING, then
 * what the rule says follows: RECEIVING again, SILENT, or DONE. */
#include "fault/fault_server_connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/fault_server_http.h"

void fault_connection_init(struct fault_connection *connection, int fd, bool is_control,
                           uint64_t number) {
    *connection = (struct fault_connection){
        .fd = fd, .is_control = is_control, .number = number, .upstream_fd = -1};
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void close_upstream(struct fault_connection *connection) {
    if (connection->upstream_fd >= 0) {
        (void)close(connection->upstream_fd);
        connection->upstream_fd = -1;
    }
}

void fault_connection_fini(struct fault_connection *connection) {
    close_upstream(connection);
    (void)close(connection->fd);
    free(connection->in.data);
    free(connection->out.data);
}

bool fault_connection_is_idle(const struct fault_connection *connection) {
    return connection->state == FAULT_RECEIVING && connection->in.length == 0;
}

void fault_connection_wants(const struct fault_connection *connection, struct pollfd out[2]) {
    const bool is_writing = connection->state == FAULT_ANSWERING && connection->wake_ms == 0;
    /* The peer's end is always waited for, but nothing is read while an answer is under way. */
    const bool is_reading =
        connection->state == FAULT_RECEIVING || connection->state == FAULT_SILENT;
    out[0] = (struct pollfd){
        .fd = connection->fd,
        .events = (short)((is_reading ? POLLIN : POLLRDHUP) | (is_writing ? POLLOUT : 0))};
    out[1] = (struct pollfd){.fd = connection->upstream_fd,
                             .events = connection->state == FAULT_FORWARDING ? POLLOUT : POLLIN};
}

/* --- the end of a request --- */

/** One line of the ledger. */
static void tell(const struct fault_connection *connection, const struct fault_server *server,
                 const char *outcome, uint64_t now_ms) {
    fault_ledger_print(connection, connection->begin_ms - server->begin_ms,
                       now_ms - server->begin_ms, outcome);
}

/** The connection breaks so that the peer gets an RST. */
static void reset_connection(struct fault_connection *connection) {
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection->state = FAULT_DONE;
}

/** Goes over to the next request. */
static void forget_request(struct fault_connection *connection) {
    connection->in.length = 0; /* no more than the request is read */
    connection->out.length = 0;
    connection->sent = connection->head_length = connection->answer_head = 0;
    connection->forwarded = 0;
    connection->has_waited = false;
    connection->status = 0;
    connection->state = FAULT_RECEIVING;
}

/** The request is told, and what the rule says follows. */
static void finish(struct fault_connection *connection, struct fault_server *server,
                   const char *outcome, uint64_t now_ms) {
    if (!connection->is_control) {
        tell(connection, server, outcome, now_ms);
    }
    close_upstream(connection);
    connection->wake_ms = 0;
    switch (connection->rule.end) {
    case FAULT_KEEP:
        forget_request(connection);
        break;
    case FAULT_CLOSE:
        connection->state = FAULT_DONE;
        break;
    case FAULT_RESET:
        reset_connection(connection);
        break;
    case FAULT_HALF_CLOSE:
        (void)shutdown(connection->fd, SHUT_WR);
        connection->state = FAULT_SILENT;
        break;
    case FAULT_STALL:
        connection->state = FAULT_SILENT;
        break;
    }
}

/** The peer went away. */
static void lose(struct fault_connection *connection, struct fault_server *server,
                 uint64_t now_ms) {
    const bool is_in_request = connection->head_length > 0 && connection->state != FAULT_SILENT;
    if (is_in_request && !connection->is_control) {
        tell(connection, server, "lost", now_ms);
    }
    connection->state = FAULT_DONE;
}

/* --- answers --- */

static void begin_answer(struct fault_connection *connection, const char *data, size_t length) {
    connection->out.length = 0;
    if (!fault_buffer_append(&connection->out, data, length)) {
        connection->state = FAULT_DONE;
        return;
    }
    connection->answer_head = fault_http_head_length(data, length);
    connection->status = fault_http_status(data, connection->answer_head);
    connection->state = FAULT_ANSWERING;
}

static void answer(struct fault_connection *connection, int status, const char *headers,
                   const char *body) {
    char data[3 * FAULT_TEXT_MAX];
    char length[64] = "";
    if (status != 204) {
        (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    }
    const char *connection_line =
        connection->rule.end == FAULT_CLOSE ? "Connection: close\r\n" : "";
    const int bytes = snprintf(data, sizeof data, "HTTP/1.1 %d Scripted\r\n%s%s%s\r\n%s", status,
                               length, headers, connection_line, status != 204 ? body : "");
    begin_answer(connection, data, (size_t)bytes);
}

static void send_answer(struct fault_connection *connection, struct fault_server *server,
                        uint64_t now_ms) {
    const struct fault_rule *rule = &connection->rule;
    const size_t end =
        connection->out.length < rule->cut ? connection->out.length : (size_t)rule->cut;
    connection->wake_ms = 0;
    while (connection->sent < end) {
        const bool is_in_head = connection->sent < connection->answer_head;
        size_t most =
            (is_in_head && connection->answer_head < end ? connection->answer_head : end) -
            connection->sent;
        if (!is_in_head && !connection->has_waited && rule->body_delay_ms > 0) {
            connection->has_waited = true;
            connection->wake_ms = now_ms + rule->body_delay_ms;
            return;
        }
        const bool is_dripping = !is_in_head && rule->drip_ms > 0;
        most = is_dripping ? 1 : most;
        const ssize_t length =
            send(connection->fd, connection->out.data + connection->sent, most, MSG_NOSIGNAL);
        if (length < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                lose(connection, server, now_ms);
            }
            return;
        }
        connection->sent += (size_t)length;
        if (is_dripping && connection->sent < end) {
            connection->wake_ms = now_ms + rule->drip_ms;
            return;
        }
    }
    finish(connection, server, "done", now_ms);
}

/* --- the upstream server --- */

static void give_up_upstream(struct fault_connection *connection) {
    close_upstream(connection);
    answer(connection, 502, "", "fault_server: the upstream server does not answer\n");
}

static void connect_upstream(struct fault_connection *connection, struct fault_server *server) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)server->upstream_port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connection->upstream_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->upstream_port == 0 || connection->upstream_fd < 0 ||
        (connect(connection->upstream_fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
         errno != EINPROGRESS)) {
        give_up_upstream(connection);
        return;
    }
    /* The request as it came, but for one connection each. */
    char *head = malloc(connection->head_length + 32);
    connection->out.length = 0;
    if (head == NULL ||
        !fault_buffer_append(&connection->out, head,
                             fault_http_set_connection(connection->in.data, connection->head_length,
                                                       "close", head)) ||
        !fault_buffer_append(&connection->out, connection->in.data + connection->head_length,
                             (size_t)connection->body_length)) {
        connection->state = FAULT_DONE;
    } else {
        connection->state = FAULT_FORWARDING;
    }
    free(head);
}

static void forward(struct fault_connection *connection) {
    while (connection->forwarded < connection->out.length) {
        const ssize_t length =
            send(connection->upstream_fd, connection->out.data + connection->forwarded,
                 connection->out.length - connection->forwarded, MSG_NOSIGNAL);
        if (length < 0) {
            if (errno == EPIPE) {
                break; /* an answer may lie there: it did not want the rest */
            }
            if (errno != EAGAIN && errno != EINTR) {
                give_up_upstream(connection);
            }
            return;
        }
        connection->forwarded += (size_t)length;
    }
    connection->out.length = 0;
    connection->state = FAULT_RELAYING;
}

/** The answer is complete when the upstream server closes, which it was asked to do. */
static void relay(struct fault_connection *connection) {
    if (fault_buffer_read(&connection->out, connection->upstream_fd, FAULT_BUFFER_MAX) ==
        FAULT_READ_MORE) {
        return;
    }
    const size_t head_length = fault_http_head_length(connection->out.data, connection->out.length);
    const struct fault_buffer got = connection->out;
    char *changed = malloc(got.length + 32);
    if (head_length == 0 || changed == NULL) {
        free(changed);
        give_up_upstream(connection);
        return;
    }
    const bool has_end = fault_http_answer_has_end(got.data, head_length);
    if (!has_end && connection->rule.end == FAULT_KEEP) {
        connection->rule.end = FAULT_CLOSE;
    }
    const size_t length =
        fault_http_set_connection(got.data, head_length, has_end ? "" : "close", changed);
    memcpy(changed + length, got.data + head_length, got.length - head_length);
    begin_answer(connection, changed, length + got.length - head_length);
    free(changed);
}

/* --- requests --- */

/** POST replaces the script; everything else gets the account. */
static void answer_control(struct fault_connection *connection, struct fault_server *server,
                           uint64_t now_ms) {
    char text[2 * FAULT_TEXT_MAX] = "";
    int status = 200;
    if (memcmp(connection->in.data, "POST ", 5) == 0) {
        struct fault_script script;
        char *source = calloc(1, (size_t)connection->body_length + 1);
        if (source != NULL) {
            memcpy(source, connection->in.data + connection->head_length,
                   (size_t)connection->body_length);
            if (fault_script_parse(source, now_ms, &script, text, sizeof text / 4)) {
                server->script = script;
            } else {
                status = 400;
            }
        }
        free(source);
    } else {
        (void)snprintf(text, FAULT_TEXT_MAX / 2,
                       "{\"connections\": %llu, \"requests\": %llu, \"body_bytes\": %llu, "
                       "\"rule\": %zu, \"rules\": %zu}\n",
                       (unsigned long long)server->connections,
                       (unsigned long long)server->requests, (unsigned long long)server->body_bytes,
                       server->script.current, server->script.count);
    }
    answer(connection, status, "", text);
}

static void begin_request(struct fault_connection *connection, struct fault_server *server,
                          uint64_t now_ms) {
    connection->body_length =
        fault_http_content_length(connection->in.data, connection->head_length);
    connection->begin_ms = now_ms;
    if (connection->is_control) {
        connection->rule = (struct fault_rule){.cut = UINT64_MAX, .after = UINT64_MAX};
    } else {
        connection->rule = *fault_script_take(&server->script, now_ms);
        connection->request = ++server->requests;
    }
    char value[32];
    if (connection->rule.end == FAULT_KEEP &&
        fault_http_header(connection->in.data, connection->head_length, "Connection", value,
                          sizeof value) &&
        strcasecmp(value, "close") == 0) {
        connection->rule.end = FAULT_CLOSE;
    }
    if (connection->rule.action != FAULT_SILENCE &&
        fault_http_header(connection->in.data, connection->head_length, "Expect", value,
                          sizeof value)) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        (void)send(connection->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL);
    }
}

/** How far the request is to be read, from the beginning of its head. */
static uint64_t wanted_bytes(const struct fault_connection *connection) {
    const uint64_t after = connection->rule.after;
    return connection->head_length +
           (after < connection->body_length ? after : connection->body_length);
}

static void carry_out(struct fault_connection *connection, struct fault_server *server,
                      uint64_t now_ms) {
    server->body_bytes += connection->in.length - connection->head_length;
    if (connection->is_control) {
        answer_control(connection, server, now_ms);
    } else if (connection->rule.action == FAULT_SILENCE) {
        finish(connection, server, "done", now_ms);
    } else {
        connection->state = FAULT_WAITING;
        connection->wake_ms = now_ms + connection->rule.delay_ms;
    }
}

/** Byte by byte, so that no more of the body is read than a rule may allow. */
static enum fault_read receive_head(struct fault_connection *connection) {
    struct fault_buffer *in = &connection->in;
    for (;;) {
        const size_t before = in->length;
        const enum fault_read result = fault_buffer_read(in, connection->fd, 1);
        if (in->length == before) {
            return result;
        }
        connection->head_length = fault_http_head_length(in->data, in->length);
        if (connection->head_length > 0) {
            return FAULT_READ_MORE;
        }
    }
}

static void receive(struct fault_connection *connection, struct fault_server *server,
                    uint64_t now_ms) {
    enum fault_read result = FAULT_READ_MORE;
    if (connection->head_length == 0) {
        result = receive_head(connection);
        if (connection->head_length > 0) {
            begin_request(connection, server, now_ms);
        }
    }
    if (connection->head_length > 0) {
        const uint64_t wanted = wanted_bytes(connection);
        result = fault_buffer_read(&connection->in, connection->fd, wanted - connection->in.length);
        if (connection->in.length == wanted) {
            carry_out(connection, server, now_ms);
            return;
        }
    }
    if (result != FAULT_READ_MORE) {
        lose(connection, server, now_ms);
    }
}

static void swallow(struct fault_connection *connection) {
    connection->in.length = 0;
    if (fault_buffer_read(&connection->in, connection->fd, FAULT_BUFFER_MAX) != FAULT_READ_MORE) {
        connection->state = FAULT_DONE;
    }
}

static void end_wait(struct fault_connection *connection, struct fault_server *server) {
    connection->wake_ms = 0;
    if (connection->rule.action == FAULT_PROXY) {
        connect_upstream(connection, server);
    } else {
        answer(connection, connection->rule.status, connection->rule.headers,
               connection->rule.body);
    }
}

void fault_connection_step(struct fault_connection *connection, struct fault_server *server,
                           const struct pollfd polled[2], uint64_t now_ms) {
    const bool is_due = connection->wake_ms != 0 && now_ms >= connection->wake_ms;
    const bool is_broken = (polled[0].revents & (POLLERR | POLLHUP)) != 0;
    if (is_broken && connection->state != FAULT_RECEIVING) {
        lose(connection, server, now_ms);
    }
    if (connection->state == FAULT_RECEIVING && polled[0].revents != 0) {
        receive(connection, server, now_ms);
    } else if (connection->state == FAULT_SILENT && polled[0].revents != 0) {
        swallow(connection);
    } else if (connection->state == FAULT_WAITING && is_due) {
        end_wait(connection, server);
    } else if (connection->state == FAULT_FORWARDING && polled[1].revents != 0) {
        forward(connection);
    } else if (connection->state == FAULT_RELAYING && polled[1].revents != 0) {
        relay(connection);
    }
    if (connection->state == FAULT_ANSWERING && (connection->wake_ms == 0 || is_due)) {
        send_answer(connection, server, now_ms);
    }
}
