/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what all that is sent to one endpoint shares. See endpoint.h. */
#include "remote_write/endpoint.h"

#include "base/clock.h"
#include "http/retry.h"
#include "remote_write/report.h"

/* By version. */
static const struct tachoi_protocol *const protocols[] = {NULL, &tachoi_protocol_v1,
                                                          &tachoi_protocol_v2};

/* Whether `auto` means on: in debug builds. */
#ifdef NDEBUG
#define VALIDATES_BY_ITSELF false
#else
#define VALIDATES_BY_ITSELF true
#endif

void tachoi_endpoint_init(struct tachoi_endpoint *endpoint,
                          const struct tachoi_remote_write_config *config,
                          struct tachoi_account *account, struct tachoi_http_client *client) {
    const tacho_remote_write_options *values = &config->values;
    *endpoint = (struct tachoi_endpoint){
        .config = config,
        .account = account,
        .client = client,
        .validates = values->validate == TACHO_REMOTE_WRITE_ALWAYS ||
                     (values->validate == TACHO_REMOTE_WRITE_AUTO && VALIDATES_BY_ITSELF)};
    tachoi_request_metrics_init(&endpoint->metrics);
    tachoi_negotiation_init(&endpoint->negotiation, values->protocol,
                            values->require_written_headers);
    tachoi_request_dump_init(&endpoint->dump, values->refused_request_folder);
    account->protocol = endpoint->negotiation.version;
}

void tachoi_endpoint_fini(struct tachoi_endpoint *endpoint) {
    tachoi_request_metrics_fini(&endpoint->metrics);
}

const struct tachoi_protocol *tachoi_endpoint_protocol(struct tachoi_endpoint *endpoint,
                                                       uint64_t now_ns) {
    return protocols[tachoi_negotiation_version(&endpoint->negotiation, now_ns)];
}

const struct tachoi_protocol *tachoi_endpoint_protocol_now(const struct tachoi_endpoint *endpoint) {
    return protocols[endpoint->negotiation.version];
}

enum tachoi_negotiation_verdict
tachoi_endpoint_negotiate(struct tachoi_endpoint *endpoint, int version,
                          const struct tachoi_written *sent,
                          const struct tachoi_http_response *response, uint64_t now_ns) {
    const int before = endpoint->negotiation.version;
    const enum tachoi_negotiation_verdict verdict =
        tachoi_negotiation_take(&endpoint->negotiation, version, sent, response, now_ns);
    if (endpoint->negotiation.version < before) {
        pthread_mutex_lock(&endpoint->account->lock);
        endpoint->account->protocol_fallbacks++;
        endpoint->account->protocol = endpoint->negotiation.version;
        pthread_mutex_unlock(&endpoint->account->lock);
        tachoi_report_fallback(endpoint->config->redacted_url, response);
    }
    return verdict;
}

uint32_t tachoi_endpoint_retry_after_ms(const struct tachoi_endpoint *endpoint,
                                        const struct tachoi_http_response *response) {
    const int64_t now_unix_s = (int64_t)(tachoi_unix_ns() / TACHOI_NS_PER_S);
    return tachoi_http_retry_after_ms(response->retry_after, now_unix_s,
                                      endpoint->config->values.max_retry_after_ms);
}

void tachoi_endpoint_keep_refused(struct tachoi_endpoint *endpoint,
                                  const struct tachoi_protocol *protocol,
                                  const struct tachoi_encoder *encoder,
                                  const struct tachoi_http_response *response) {
    const struct tachoi_remote_write_config *config = endpoint->config;
    (void)tachoi_request_dump_write(
        &endpoint->dump, &(struct tachoi_refused_request){
                             .url = config->redacted_url,
                             .version = protocol->version,
                             .body = encoder->body,
                             .body_length = encoder->body_length,
                             .headers = protocol->headers,
                             .header_count = protocol->header_count,
                             .user_headers = config->header_lines,
                             .user_header_count = config->values.header_count,
                             .response = response,
                             .time_unix_ms = (int64_t)(tachoi_unix_ns() / TACHOI_NS_PER_MS)});
}

void tachoi_endpoint_silence(struct tachoi_endpoint *endpoint) {
    atomic_store_explicit(&endpoint->is_silent, true, memory_order_relaxed);
}

static bool is_silent(const struct tachoi_endpoint *endpoint) {
    return atomic_load_explicit(&endpoint->is_silent, memory_order_relaxed);
}

void tachoi_endpoint_tell_dropped(const struct tachoi_endpoint *endpoint, uint64_t samples,
                                  const char *reason, const char *series) {
    const tacho_remote_write_options *values = &endpoint->config->values;
    if (samples > 0 && values->on_drop != NULL && !is_silent(endpoint)) {
        values->on_drop(values->user, samples, reason, series);
    }
}

void tachoi_endpoint_tell_request(const struct tachoi_endpoint *endpoint,
                                  const tacho_remote_write_result *result) {
    const tacho_remote_write_options *values = &endpoint->config->values;
    if (values->on_request != NULL && !is_silent(endpoint)) {
        values->on_request(values->user, result);
    }
}
