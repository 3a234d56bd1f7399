/* SPDX-License-Identifier: Apache-2.0 */
/* What fault_server prints of requests. See fault_server_connection.h. */
#include <stdio.h>
#include <string.h>

#include "fault/fault_server_connection.h"
#include "fault/fault_server_http.h"

enum { VALUE_BYTES = 160 };

static void print_header(const char *key, const struct fault_connection *connection,
                         const char *name) {
    char value[VALUE_BYTES];
    char text[2 * VALUE_BYTES];
    (void)fault_http_header(connection->in.data, connection->head_length, name, value,
                            sizeof value);
    fault_json_text(value, strlen(value), text, sizeof text);
    (void)printf(", \"%s\": %s", key, text);
}

static void print_target(const struct fault_connection *connection) {
    char text[2 * VALUE_BYTES];
    const char *target = memchr(connection->in.data, ' ', connection->head_length);
    target = target != NULL ? target + 1 : "";
    fault_json_text(target, strcspn(target, " \r"), text, sizeof text);
    (void)printf(", \"target\": %s", text);
}

void fault_ledger_print(const struct fault_connection *connection, uint64_t begin_ms,
                        uint64_t end_ms, const char *outcome) {
    (void)printf("{\"request\": %llu, \"connection\": %llu, \"begin_ms\": %llu, \"end_ms\": %llu",
                 (unsigned long long)connection->request, (unsigned long long)connection->number,
                 (unsigned long long)begin_ms, (unsigned long long)end_ms);
    print_target(connection);
    print_header("content_type", connection, "Content-Type");
    print_header("retry_attempt", connection, "Retry-Attempt");
    (void)printf(", \"body_bytes\": %zu, \"announced_bytes\": %llu, \"decision\": \"%s\", "
                 "\"end\": \"%s\", \"status\": %d, \"sent_bytes\": %zu, \"outcome\": \"%s\"}\n",
                 connection->in.length - connection->head_length,
                 (unsigned long long)connection->body_length, connection->rule.name,
                 fault_end_text(connection->rule.end), connection->status, connection->sent,
                 outcome);
    (void)fflush(stdout);
}
