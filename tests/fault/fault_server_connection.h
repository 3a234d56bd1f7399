/* SPDX-License-Identifier: Apache-2.0 */
/* Owns one connection of fault_server: requests are read, the script's rule is carried out, and a
 * line tells of each. Non-blocking: the caller polls what fault_connection_wants says and calls
 * fault_connection_step. Speaks as much of HTTP/1.1 as senders of remote write need: bodies with a
 * Content-Length, connections that stay open, `Expect: 100-continue`. */
#ifndef TACHO_FAULT_SERVER_CONNECTION_H
#define TACHO_FAULT_SERVER_CONNECTION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "fault/fault_server_buffer.h"
#include "fault/fault_server_script.h"

/** What all connections share. */
struct fault_server {
    struct fault_script script;
    int upstream_port; /* 0 = none: `proxy` answers 502 */
    uint64_t begin_ms;
    /* the account of all that has been read */
    uint64_t connections;
    uint64_t requests;
    uint64_t body_bytes;
};

enum fault_state {
    FAULT_RECEIVING,  /* the head, then the body */
    FAULT_WAITING,    /* for the answer's delay */
    FAULT_FORWARDING, /* the request to the upstream server */
    FAULT_RELAYING,   /* its answer, until it closes */
    FAULT_ANSWERING,
    FAULT_SILENT, /* nothing more is sent; until the peer closes */
    FAULT_DONE    /* to be closed */
};

struct fault_connection {
    int fd;
    bool is_control;
    uint64_t number;
    enum fault_state state;
    struct fault_buffer in;
    struct fault_buffer out;
    size_t sent;            /* of out */
    size_t answer_head;     /* bytes of out before its body */
    bool has_waited;        /* before the answer's body */
    uint64_t wake_ms;       /* 0 = not before something happens on a socket */
    int upstream_fd;        /* -1 = none */
    size_t forwarded;       /* of the request */
    size_t head_length;     /* 0 = the head is not complete */
    uint64_t body_length;   /* as announced */
    uint64_t begin_ms;      /* of the request */
    uint64_t request;       /* its number */
    int status;             /* answered; 0 = nothing was */
    struct fault_rule rule; /* of the request, from when its head is complete */
};

/** Takes `fd`. */
void fault_connection_init(struct fault_connection *connection, int fd, bool is_control,
                           uint64_t number);

/** Closes what is open. */
void fault_connection_fini(struct fault_connection *connection);

/** Fills in what to wait for: `out[0]` for the peer, `out[1]` for the upstream server. */
void fault_connection_wants(const struct fault_connection *connection, struct pollfd out[2]);

/** Goes on as far as possible, after a poll. */
void fault_connection_step(struct fault_connection *connection, struct fault_server *server,
                           const struct pollfd polled[2], uint64_t now_ms);

/** Whether it lies between two requests. */
bool fault_connection_is_idle(const struct fault_connection *connection);

/** Prints the request as one line of JSON; times since the server began. `outcome`: "done", or
 * "lost" where the peer went away before the end. */
void fault_ledger_print(const struct fault_connection *connection, uint64_t begin_ms,
                        uint64_t end_ms, const char *outcome);

#endif
