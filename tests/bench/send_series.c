/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the series of send_bench. See send_series.h. */
#include "bench/send_series.h"

#include <stdio.h>

enum { METHODS = 4, STATUSES = 5, HANDLERS = 50, HOSTS = 5 };

void send_series_fill(uint32_t number, struct send_series *out) {
    static const char *const methods[METHODS] = {"GET", "POST", "PUT", "DELETE"};
    static const int64_t statuses[STATUSES] = {200, 201, 400, 404, 500};
    static const char *const nouns[] = {"orders", "users",    "carts",   "payments", "invoices",
                                        "items",  "sessions", "reviews", "stocks",   "reports"};
    uint32_t rest = number;
    out->method = methods[rest % METHODS];
    rest /= METHODS;
    out->status = statuses[rest % STATUSES];
    rest /= STATUSES;
    (void)snprintf(out->handler, sizeof out->handler, "/api/v%u/%s/{id}",
                   (unsigned)(rest % HANDLERS / 10 + 1), nouns[rest % 10]);
    rest /= HANDLERS;
    (void)snprintf(out->host, sizeof out->host, "ip-10-20-30-%u.eu-west-1.compute.internal",
                   (unsigned)(rest % HOSTS + 40));
    (void)snprintf(out->customer, sizeof out->customer, "c-%06u",
                   (unsigned)(rest / HOSTS * 7919 + 1000));
}
