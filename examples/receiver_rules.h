/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what remote write 1.0 allows in a request's headers and in the labels of a series. Pure: no
 * HTTP library, nothing is kept. */
#ifndef EXAMPLES_RECEIVER_RULES_H
#define EXAMPLES_RECEIVER_RULES_H

#include <stdbool.h>

#include "remote_write_v1.pb-c.h"

/** Why a request was refused. */
struct refusal {
    char reason[512];
};

/** The headers that count; "" where one is missing. */
struct request_headers {
    const char *content_encoding;
    const char *content_type;
    const char *version; /**< X-Prometheus-Remote-Write-Version */
    const char *user_agent;
};

/** Writes the reason and returns false, to be returned. */
__attribute__((format(printf, 2, 3))) bool receiver_refuse(struct refusal *refusal,
                                                           const char *format, ...);

/** The HTTP status that the headers alone demand, with the reason; 0 if they are right. */
unsigned int receiver_check_headers(const struct request_headers *headers, struct refusal *refusal);

/** Labels sorted by bytes, unique, not empty, well-named, UTF-8 (by LC_CTYPE), with __name__. */
bool receiver_check_labels(const Prometheus__TimeSeries *series, struct refusal *refusal);

#endif
