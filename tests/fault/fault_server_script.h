/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the script of fault_server: which requests are answered, how, and what goes wrong. Pure: no
 * socket and no clock; times are handed in.
 *
 * One rule a line; `#` begins a comment. A rule applies to the next so many requests (`3`), for so
 * long since it became the current one (`500ms`, `5s`), or for ever (`*`); then comes the next, and
 * after the last one every request is answered 204.
 *
 *     3 proxy                                       to the upstream server, and its answer back
 *     2 proxy end=reset cut=0                       the upstream has it, the sender never learns
 *     1 respond status=429 header="Retry-After: 1"  instead of the upstream
 *     5s respond status=503 body="not now"
 *     1 reset after=100                             RST once 100 bytes of the body have come
 *     1 close after=0                               FIN as soon as the head has come
 *     1 half-close                                  FIN after the request, reading goes on
 *     1 stall                                       no answer, ever
 *     2s refuse                                     no connection: nobody listens
 *     * proxy
 *
 * Options of `respond` and `proxy`: delay=T before the answer, body-delay=T between its head and
 * its body, drip=T for each byte of its body, cut=N sends only its first N bytes,
 * end=keep|close|reset|half-close|stall what follows (keep; close where it is cut). Of `respond`:
 * status=N (204), header="Name: value" (several), body="text". Of the others: after=N. */
#ifndef TACHO_FAULT_SERVER_SCRIPT_H
#define TACHO_FAULT_SERVER_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAULT_RULES_MAX = 64, FAULT_TEXT_MAX = 512 };

enum fault_action {
    FAULT_RESPOND,
    FAULT_PROXY,
    FAULT_SILENCE, /* no answer: what `end` says, once `after` bytes of the body have come */
    FAULT_REFUSE
};

enum fault_end { FAULT_KEEP, FAULT_CLOSE, FAULT_RESET, FAULT_HALF_CLOSE, FAULT_STALL };

struct fault_rule {
    enum fault_action action;
    enum fault_end end;
    uint64_t requests;    /* 0 = not limited by number */
    uint64_t duration_ms; /* 0 = not limited by time */
    uint64_t after;       /* UINT64_MAX = the whole body */
    uint64_t cut;         /* UINT64_MAX = the whole answer */
    uint64_t delay_ms;
    uint64_t body_delay_ms;
    uint64_t drip_ms;
    int status;
    char headers[FAULT_TEXT_MAX]; /* lines, each with CR LF */
    char body[FAULT_TEXT_MAX];
    char name[16]; /* the word in the script, for the ledger */
};

struct fault_script {
    struct fault_rule rules[FAULT_RULES_MAX];
    size_t count;
    size_t current;    /* count = all are over */
    uint64_t taken;    /* requests that the current rule has had */
    uint64_t since_ms; /* when it became the current one */
};

/** Reads a script, whose first rule begins at `now_ms`. On failure false, with a message in `error`
 * that names the line; `out` is then undefined. */
bool fault_script_parse(const char *text, uint64_t now_ms, struct fault_script *out, char *error,
                        size_t error_size);

/** The rule that applies now. Valid until the next call. */
const struct fault_rule *fault_script_now(struct fault_script *script, uint64_t now_ms);

/** The same, for a request, which counts. */
const struct fault_rule *fault_script_take(struct fault_script *script, uint64_t now_ms);

/** The word for `end`. */
const char *fault_end_text(enum fault_end end);

#endif
