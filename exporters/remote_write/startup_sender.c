/* SPDX-License-Identifier: Apache-2.0 */
/* Owns sending the check at the start. See startup_sender.h. */
#include "remote_write/startup_sender.h"

#include "base/clock.h"
#include "remote_write/report.h"
#include "remote_write/startup_check.h"

void tachoi_startup_sender_init(struct tachoi_startup_sender *sender,
                                struct tachoi_endpoint *endpoint) {
    *sender = (struct tachoi_startup_sender){.endpoint = endpoint};
    if (!endpoint->config->values.disable_startup_check) {
        (void)tachoi_http_exchange_create(endpoint->client, &sender->exchange);
    }
}

void tachoi_startup_sender_disconnect(struct tachoi_startup_sender *sender) {
    tachoi_http_exchange_destroy(sender->exchange);
    sender->exchange = NULL;
}

static bool begin(struct tachoi_startup_sender *sender, uint64_t now_ns) {
    const struct tachoi_protocol *protocol = tachoi_endpoint_protocol(sender->endpoint, now_ns);
    const struct tachoi_startup_body body = tachoi_startup_check_body(protocol->version);
    const struct tachoi_http_post post = {.body = body.data,
                                          .body_length = body.length,
                                          .headers = protocol->headers,
                                          .header_count = protocol->header_count};
    sender->protocol = protocol;
    return tachoi_http_exchange_start(sender->exchange, &post) == TACHO_OK;
}

/* Other answers may be for the emptiness of the request alone. */
static bool tells_version(const struct tachoi_http_response *response) {
    return response->status == 415 || response->samples_written.is_present ||
           response->histograms_written.is_present || response->exemplars_written.is_present;
}

static void conclude(struct tachoi_startup_sender *sender,
                     const struct tachoi_http_response *response, uint64_t now_ns) {
    const struct tachoi_remote_write_config *config = sender->endpoint->config;
    const struct tachoi_written nothing = {0};
    const struct tachoi_startup_request request = {.url = config->redacted_url,
                                                   .version = sender->protocol->version,
                                                   .configured = config->values.protocol};
    struct tachoi_startup_findings findings;
    tachoi_startup_check_judge(&request, response, (int64_t)(tachoi_unix_ns() / TACHOI_NS_PER_S),
                               &findings);
    tachoi_report_startup(&findings);
    if (tells_version(response)) {
        (void)tachoi_endpoint_negotiate(sender->endpoint, request.version, &nothing, response,
                                        now_ns);
    }
}

void tachoi_startup_sender_step(struct tachoi_startup_sender *sender, uint64_t now_ns) {
    if (sender->exchange == NULL) {
        return;
    }
    bool is_over = false;
    if (sender->protocol == NULL) {
        is_over = !begin(sender, now_ns);
    } else {
        const struct tachoi_http_response *response = tachoi_http_exchange_take(sender->exchange);
        is_over = response != NULL;
        if (is_over) {
            conclude(sender, response, now_ns);
        }
    }
    if (is_over) {
        tachoi_startup_sender_disconnect(sender);
    }
}
