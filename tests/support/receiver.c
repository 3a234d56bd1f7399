/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the server of a test: libmicrohttpd on one thread of its own. See receiver.h. */
#include "support/receiver.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HEADERS_KEPT 24

struct header {
    char *name;
    char *value;
};

/* A request that came in whole. */
struct request {
    struct header headers[HEADERS_KEPT];
    size_t header_count;
    char *target;
    char *body;
    size_t length;
    size_t capacity;
    size_t sample_count;
    int version;
};

struct receiver {
    struct MHD_Daemon *daemon;
    char url[64];
    bool wants_client_certificate;

    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* guarded by lock */
    struct receiver_step *steps;
    size_t step_count;
    size_t next_step;
    size_t max_samples;
    const char *refused_series;
    const char *failing_series;
    const char *authorization;
    struct request **requests;
    size_t request_count;
    size_t connection_count;
    size_t closed_count;
    size_t bodies_to_cut;
    struct receiver_sample *samples;
    size_t sample_count;
    struct receiver_exemplar *exemplars;
    size_t exemplar_count;
    struct receiver_metadata *metadata;
    size_t metadata_count;
    enum receiver_protocols protocols;
    char problem[256];
    struct MHD_Connection *hanging[16];
    size_t hanging_count;
    bool is_stopping;
};

static void must(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "test receiver: %s\n", what);
        abort();
    }
}

/* Room for one more, doubled whenever it is used up. */
static void *grow(void *items, size_t count, size_t size) {
    if ((count & (count - 1)) != 0) {
        return items;
    }
    void *grown = realloc(items, (count == 0 ? 1 : 2 * count) * size);
    must(grown != NULL, "out of memory");
    return grown;
}

static void note_problem(struct receiver *receiver, const char *text) {
    if (receiver->problem[0] == '\0' && text[0] != '\0') {
        (void)snprintf(receiver->problem, sizeof receiver->problem, "%s", text);
    }
}

/* --- a request comes in --- */

static enum MHD_Result keep_header(void *user, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
    struct request *request = user;
    (void)kind;
    if (request->header_count < HEADERS_KEPT) {
        struct header *header = &request->headers[request->header_count++];
        header->name = strdup(name);
        header->value = strdup(value != NULL ? value : "");
    }
    return MHD_YES;
}

static void append_body(struct request *request, const char *data, size_t length) {
    if (request->capacity - request->length < length) {
        request->capacity = (request->length + length) * 2;
        request->body = realloc(request->body, request->capacity);
        must(request->body != NULL, "out of memory");
    }
    memcpy(request->body + request->length, data, length);
    request->length += length;
}

static void free_request(struct request *request) {
    for (size_t i = 0; i < request->header_count; i++) {
        free(request->headers[i].name);
        free(request->headers[i].value);
    }
    free(request->target);
    free(request->body);
    free(request);
}

static const char *header_of(const struct request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0) {
            return request->headers[i].value;
        }
    }
    return "";
}

static void check_header(struct receiver *receiver, const struct request *request, const char *name,
                         const char *wanted) {
    const char *value = header_of(request, name);
    if (strcmp(value, wanted) != 0) {
        char text[200];
        (void)snprintf(text, sizeof text, "%s is \"%.60s\"", name, value);
        note_problem(receiver, text);
    }
}

#define TYPE_OF_1 "application/x-protobuf"
#define TYPE_OF_2 "application/x-protobuf;proto=io.prometheus.write.v2.Request"

/* RW2-01: as strict as the strictest receiver. */
static int version_of(const struct request *request) {
    return strcmp(header_of(request, "Content-Type"), TYPE_OF_2) == 0 ? 2 : 1;
}

/* RW1-02, RW2-01, RW2-02, HTTP-08 */
static void check_headers(struct receiver *receiver, const struct request *request) {
    const bool is_2 = request->version == 2;
    check_header(receiver, request, "Content-Type", is_2 ? TYPE_OF_2 : TYPE_OF_1);
    check_header(receiver, request, "Content-Encoding", "snappy");
    check_header(receiver, request, "X-Prometheus-Remote-Write-Version", is_2 ? "2.0.0" : "0.1.0");
    check_header(receiver, request, "Expect", "");
    if (strncmp(header_of(request, "User-Agent"), "tacho/", 6) != 0) {
        note_problem(receiver, "User-Agent is not tacho's");
    }
}

/* RW1-09: against what was accepted before. */
static void check_order(struct receiver *receiver, const struct receiver_sample *sample) {
    for (size_t i = receiver->sample_count; i > 0; i--) {
        const struct receiver_sample *before = &receiver->samples[i - 1];
        if (strcmp(before->series, sample->series) == 0) {
            if (before->time_ms > sample->time_ms ||
                (before->time_ms == sample->time_ms && before->value_bits != sample->value_bits)) {
                note_problem(receiver, "a sample came after a newer one");
            }
            return;
        }
    }
}

/* Takes the samples over. */
static void accept_samples(struct receiver *receiver, struct receiver_decoded *decoded) {
    for (size_t i = 0; i < decoded->count; i++) {
        check_order(receiver, &decoded->samples[i]);
        receiver->samples =
            grow(receiver->samples, receiver->sample_count, sizeof *receiver->samples);
        receiver->samples[receiver->sample_count++] = decoded->samples[i];
        decoded->samples[i].series = NULL;
    }
    for (size_t i = 0; i < decoded->exemplar_count; i++) {
        receiver->exemplars =
            grow(receiver->exemplars, receiver->exemplar_count, sizeof *receiver->exemplars);
        receiver->exemplars[receiver->exemplar_count++] = decoded->exemplars[i];
        decoded->exemplars[i] = (struct receiver_exemplar){0};
    }
    for (size_t i = 0; i < decoded->metadata_count; i++) {
        receiver->metadata =
            grow(receiver->metadata, receiver->metadata_count, sizeof *receiver->metadata);
        receiver->metadata[receiver->metadata_count++] = decoded->metadata[i];
        decoded->metadata[i] = (struct receiver_metadata){0};
    }
}

static bool holds_series(const struct receiver_decoded *decoded, const char *series) {
    for (size_t i = 0; i < decoded->count; i++) {
        if (series != NULL && strcmp(decoded->samples[i].series, series) == 0) {
            return true;
        }
    }
    return false;
}

static struct receiver_step choose_step(struct receiver *receiver, const struct request *request,
                                        const struct receiver_decoded *decoded) {
    if (receiver->authorization != NULL &&
        strcmp(header_of(request, "Authorization"), receiver->authorization) != 0) {
        return (struct receiver_step){.status = MHD_HTTP_UNAUTHORIZED};
    }
    if (request->version == 2 && receiver->protocols == RECEIVER_1_REFUSES_2) {
        return (struct receiver_step){.status = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE};
    }
    if ((receiver->max_samples > 0 && decoded->count > receiver->max_samples) ||
        holds_series(decoded, receiver->refused_series)) {
        return (struct receiver_step){.status = MHD_HTTP_CONTENT_TOO_LARGE};
    }
    if (holds_series(decoded, receiver->failing_series)) {
        return (struct receiver_step){.status = MHD_HTTP_INTERNAL_SERVER_ERROR};
    }
    if (receiver->next_step < receiver->step_count) {
        return receiver->steps[receiver->next_step++];
    }
    return (struct receiver_step){0};
}

/* What an answer tells of a request. */
struct receiver_counts {
    bool is_told;
    size_t samples;
    size_t histograms;
    size_t exemplars;
};

static bool is_success(const struct receiver_step *step) {
    return step->status >= 200 && step->status < 300;
}

/* Judges and keeps the request; tells what to do with it. */
static struct receiver_step take_request(struct receiver *receiver, struct request *request,
                                         bool is_known_client, struct receiver_counts *counts) {
    struct receiver_decoded decoded;
    request->version = version_of(request);
    receiver_decode_version(request->version, request->body, request->length, &decoded);
    pthread_mutex_lock(&receiver->lock);
    request->sample_count = decoded.count;
    *counts = (struct receiver_counts){.is_told = request->version == 2 &&
                                                  receiver->protocols == RECEIVER_BOTH,
                                       .samples = decoded.count - decoded.histogram_count,
                                       .histograms = decoded.histogram_count,
                                       .exemplars = decoded.exemplar_count};
    note_problem(receiver, decoded.problem);
    check_headers(receiver, request);
    struct receiver_step step = choose_step(receiver, request, &decoded);
    if (!is_known_client) {
        step = (struct receiver_step){.status = MHD_HTTP_FORBIDDEN};
    }
    step.status = step.status == 0 ? MHD_HTTP_NO_CONTENT : step.status;
    const bool is_lost = request->version == 2 && receiver->protocols != RECEIVER_BOTH;
    if (step.action == RECEIVER_ANSWER && is_success(&step) && !is_lost) {
        accept_samples(receiver, &decoded);
    }
    receiver->requests =
        grow(receiver->requests, receiver->request_count, sizeof(struct request *));
    receiver->requests[receiver->request_count++] = request;
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
    receiver_decoded_free(&decoded);
    return step;
}

/* --- the answer --- */

static void add_written(struct MHD_Response *response, const char *name, size_t count,
                        const struct receiver_step *step) {
    char text[24];
    if ((!is_success(step) && step->written != RECEIVER_WRITTEN_LESS) ||
        step->written == RECEIVER_WRITTEN_ZERO) {
        count = 0;
    } else if (step->written == RECEIVER_WRITTEN_MORE) {
        count += 10;
    }
    (void)snprintf(text, sizeof text, "%zu", count);
    (void)MHD_add_response_header(response, name,
                                  step->written == RECEIVER_WRITTEN_MALFORMED ? "many" : text);
}

/* RW2-12..15: an answer to 2.0 tells what was written. */
static void add_all_written(struct MHD_Response *response, const struct receiver_step *step,
                            const struct receiver_counts *counts) {
    const bool is_told = step->written == RECEIVER_WRITTEN_AUTO
                             ? counts->is_told
                             : step->written != RECEIVER_WRITTEN_ABSENT;
    if (!is_told) {
        return;
    }
    const bool is_less = step->written == RECEIVER_WRITTEN_LESS;
    const size_t less_samples = is_less && counts->samples > 0 ? 1 : 0;
    const size_t less_histograms = is_less && less_samples == 0 && counts->histograms > 0 ? 1 : 0;
    add_written(response, "X-Prometheus-Remote-Write-Samples-Written",
                counts->samples - less_samples, step);
    add_written(response, "X-Prometheus-Remote-Write-Histograms-Written",
                counts->histograms - less_histograms, step);
    add_written(response, "X-Prometheus-Remote-Write-Exemplars-Written", counts->exemplars, step);
}

static enum MHD_Result answer(struct MHD_Connection *connection, const struct receiver_step *step,
                              const struct receiver_counts *counts) {
    size_t length = step->body_length > 0 ? step->body_length
                    : step->body != NULL  ? strlen(step->body)
                                          : 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        length, (void *)(length > 0 ? step->body : ""), MHD_RESPMEM_MUST_COPY);
    if (step->retry_after != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, step->retry_after);
    }
    if (step->location != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, step->location);
    }
    if (step->version != NULL) {
        (void)MHD_add_response_header(response, "X-Prometheus-Remote-Write-Version", step->version);
    }
    add_all_written(response, step, counts);
    enum MHD_Result result = MHD_queue_response(connection, step->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result hang(struct receiver *receiver, struct MHD_Connection *connection) {
    enum MHD_Result result = MHD_NO;
    pthread_mutex_lock(&receiver->lock);
    if (!receiver->is_stopping) {
        must(receiver->hanging_count < 16, "too many hanging requests");
        MHD_suspend_connection(connection);
        receiver->hanging[receiver->hanging_count++] = connection;
        result = MHD_YES;
    }
    pthread_mutex_unlock(&receiver->lock);
    return result;
}

static bool shows_certificate(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned problems = 1;
    return info != NULL &&
           gnutls_certificate_verify_peers2((gnutls_session_t)info->tls_session, &problems) == 0 &&
           problems == 0;
}

static bool must_cut(struct receiver *receiver) {
    pthread_mutex_lock(&receiver->lock);
    bool is_cut = receiver->bodies_to_cut > 0;
    receiver->bodies_to_cut -= is_cut ? 1 : 0;
    pthread_mutex_unlock(&receiver->lock);
    return is_cut;
}

static struct request *begin_request(struct MHD_Connection *connection, const char *target) {
    struct request *request = calloc(1, sizeof *request);
    must(request != NULL, "out of memory");
    request->target = strdup(target);
    must(request->target != NULL, "out of memory");
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, request);
    return request;
}

/* Of a path, and of a whole URL. */
static bool is_write_target(const char *target) {
    static const char path[] = "/api/v1/write";
    size_t length = strlen(target);
    return length >= sizeof path - 1 && strcmp(target + length - (sizeof path - 1), path) == 0;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **state) {
    struct receiver *receiver = user;
    (void)version;
    if (*state == receiver) { /* resumed at the end of the test */
        return MHD_NO;
    }
    struct request *request = *state;
    if (request == NULL) {
        *state = begin_request(connection, url);
        return MHD_YES;
    }
    if (*length > 0) {
        if (must_cut(receiver)) {
            return MHD_NO;
        }
        append_body(request, data, *length);
        *length = 0;
        return MHD_YES;
    }
    *state = receiver; /* the request is not this call's any more */
    if (strcmp(method, "POST") != 0 || !is_write_target(url)) {
        pthread_mutex_lock(&receiver->lock);
        note_problem(receiver, "not a POST to /api/v1/write");
        pthread_mutex_unlock(&receiver->lock);
    }
    bool is_known_client = !receiver->wants_client_certificate || shows_certificate(connection);
    struct receiver_counts counts;
    struct receiver_step step = take_request(receiver, request, is_known_client, &counts);
    switch (step.action) {
    case RECEIVER_HANG:
        return hang(receiver, connection);
    case RECEIVER_RESET:
        return MHD_NO;
    case RECEIVER_ANSWER:
        break;
    }
    return answer(connection, &step, &counts);
}

static void ended(void *user, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    if (*state != NULL && *state != user) { /* cut off before it was whole */
        free_request(*state);
    }
    *state = NULL;
}

static void count_connection(void *user, struct MHD_Connection *connection, void **state,
                             enum MHD_ConnectionNotificationCode code) {
    struct receiver *receiver = user;
    (void)connection;
    (void)state;
    pthread_mutex_lock(&receiver->lock);
    receiver->connection_count += code == MHD_CONNECTION_NOTIFY_STARTED ? 1 : 0;
    receiver->closed_count += code == MHD_CONNECTION_NOTIFY_CLOSED ? 1 : 0;
    pthread_cond_broadcast(&receiver->changed);
    pthread_mutex_unlock(&receiver->lock);
}

/* --- life --- */

static struct receiver *start(unsigned flags, const struct MHD_OptionItem *more,
                              const char *scheme) {
    struct receiver *receiver = calloc(1, sizeof *receiver);
    must(receiver != NULL, "out of memory");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&receiver->lock, NULL);
    (void)pthread_cond_init(&receiver->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    receiver->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME | flags, 0, NULL, NULL, handle,
        receiver, MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)&address,
        MHD_OPTION_NOTIFY_COMPLETED, ended, receiver, MHD_OPTION_NOTIFY_CONNECTION,
        count_connection, receiver, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
    must(receiver->daemon != NULL, "cannot start");
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_BIND_PORT);
    must(info != NULL, "has no port");
    (void)snprintf(receiver->url, sizeof receiver->url, "%s://127.0.0.1:%u/api/v1/write", scheme,
                   info->port);
    return receiver;
}

struct receiver *receiver_start(void) {
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    return start(0, none, "http");
}

struct receiver *receiver_start_tls(const char *certificate, const char *key,
                                    const char *client_authority) {
    const struct MHD_OptionItem identity[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {client_authority != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
         (void *)client_authority},
        {MHD_OPTION_END, 0, NULL}};
    struct receiver *receiver = start(MHD_USE_TLS, identity, "https");
    receiver->wants_client_certificate = client_authority != NULL; /* nobody knows its port yet */
    return receiver;
}

void receiver_stop(struct receiver *receiver) {
    pthread_mutex_lock(&receiver->lock);
    receiver->is_stopping = true;
    for (size_t i = 0; i < receiver->hanging_count; i++) {
        MHD_resume_connection(receiver->hanging[i]);
    }
    pthread_mutex_unlock(&receiver->lock);
    MHD_stop_daemon(receiver->daemon);
    for (size_t i = 0; i < receiver->request_count; i++) {
        free_request(receiver->requests[i]);
    }
    for (size_t i = 0; i < receiver->sample_count; i++) {
        free(receiver->samples[i].series);
    }
    for (size_t i = 0; i < receiver->exemplar_count; i++) {
        free(receiver->exemplars[i].series);
        free(receiver->exemplars[i].labels);
    }
    for (size_t i = 0; i < receiver->metadata_count; i++) {
        free(receiver->metadata[i].family);
        free(receiver->metadata[i].help);
        free(receiver->metadata[i].unit);
    }
    free(receiver->exemplars);
    free(receiver->metadata);
    free(receiver->requests);
    free(receiver->samples);
    free(receiver->steps);
    (void)pthread_cond_destroy(&receiver->changed);
    (void)pthread_mutex_destroy(&receiver->lock);
    free(receiver);
}

const char *receiver_url(const struct receiver *receiver) {
    return receiver->url;
}

/* --- telling it what to do --- */

void receiver_script(struct receiver *receiver, const struct receiver_step *steps, size_t count) {
    struct receiver_step *copy = calloc(count + 1, sizeof *copy);
    must(copy != NULL, "out of memory");
    memcpy(copy, steps, count * sizeof *copy);
    pthread_mutex_lock(&receiver->lock);
    free(receiver->steps);
    receiver->steps = copy;
    receiver->step_count = count;
    receiver->next_step = 0;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_refuse_larger(struct receiver *receiver, size_t max_samples, const char *series) {
    pthread_mutex_lock(&receiver->lock);
    receiver->max_samples = max_samples;
    receiver->refused_series = series;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_fail_at(struct receiver *receiver, const char *series) {
    pthread_mutex_lock(&receiver->lock);
    receiver->failing_series = series;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_set_protocols(struct receiver *receiver, enum receiver_protocols protocols) {
    pthread_mutex_lock(&receiver->lock);
    receiver->protocols = protocols;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_require_authorization(struct receiver *receiver, const char *value) {
    pthread_mutex_lock(&receiver->lock);
    receiver->authorization = value;
    pthread_mutex_unlock(&receiver->lock);
}

void receiver_cut_bodies(struct receiver *receiver, size_t count) {
    pthread_mutex_lock(&receiver->lock);
    receiver->bodies_to_cut = count;
    pthread_mutex_unlock(&receiver->lock);
}

/* --- asking --- */

static bool wait_for(struct receiver *receiver, const size_t *number, size_t count,
                     uint32_t timeout_ms) {
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += timeout_ms / 1000;
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    pthread_mutex_lock(&receiver->lock);
    int error = 0;
    while (*number < count && error == 0) {
        error = pthread_cond_timedwait(&receiver->changed, &receiver->lock, &deadline);
    }
    bool has_them = *number >= count;
    pthread_mutex_unlock(&receiver->lock);
    return has_them;
}

bool receiver_wait_requests(struct receiver *receiver, size_t count, uint32_t timeout_ms) {
    return wait_for(receiver, &receiver->request_count, count, timeout_ms);
}

bool receiver_wait_samples(struct receiver *receiver, size_t count, uint32_t timeout_ms) {
    return wait_for(receiver, &receiver->sample_count, count, timeout_ms);
}

bool receiver_wait_closed(struct receiver *receiver, size_t count, uint32_t timeout_ms) {
    return wait_for(receiver, &receiver->closed_count, count, timeout_ms);
}

static size_t read_number(struct receiver *receiver, const size_t *number) {
    pthread_mutex_lock(&receiver->lock);
    size_t value = *number;
    pthread_mutex_unlock(&receiver->lock);
    return value;
}

size_t receiver_request_count(struct receiver *receiver) {
    return read_number(receiver, &receiver->request_count);
}

size_t receiver_connection_count(struct receiver *receiver) {
    return read_number(receiver, &receiver->connection_count);
}

size_t receiver_sample_count(struct receiver *receiver) {
    return read_number(receiver, &receiver->sample_count);
}

const char *receiver_problem(struct receiver *receiver) {
    return receiver->problem; /* written once */
}

size_t receiver_samples(struct receiver *receiver, const char *series, struct receiver_sample *out,
                        size_t max) {
    size_t count = 0;
    pthread_mutex_lock(&receiver->lock);
    for (size_t i = 0; i < receiver->sample_count; i++) {
        if (strcmp(receiver->samples[i].series, series) == 0) {
            if (count < max) {
                out[count] = receiver->samples[i];
            }
            count++;
        }
    }
    pthread_mutex_unlock(&receiver->lock);
    return count;
}

struct receiver_sample receiver_sample(struct receiver *receiver, size_t index) {
    pthread_mutex_lock(&receiver->lock);
    must(index < receiver->sample_count, "has no such sample");
    struct receiver_sample sample = receiver->samples[index];
    pthread_mutex_unlock(&receiver->lock);
    return sample;
}

static const struct request *request_at(struct receiver *receiver, size_t index) {
    pthread_mutex_lock(&receiver->lock);
    must(index < receiver->request_count, "has no such request");
    const struct request *request = receiver->requests[index];
    pthread_mutex_unlock(&receiver->lock);
    return request;
}

const char *receiver_header(struct receiver *receiver, size_t index, const char *name) {
    return header_of(request_at(receiver, index), name);
}

const char *receiver_target(struct receiver *receiver, size_t index) {
    return request_at(receiver, index)->target;
}

const void *receiver_body(struct receiver *receiver, size_t index, size_t *length) {
    const struct request *request = request_at(receiver, index);
    *length = request->length;
    return request->body;
}

size_t receiver_request_samples(struct receiver *receiver, size_t index) {
    return request_at(receiver, index)->sample_count;
}

int receiver_request_version(struct receiver *receiver, size_t index) {
    return request_at(receiver, index)->version;
}

size_t receiver_exemplar_count(struct receiver *receiver) {
    return read_number(receiver, &receiver->exemplar_count);
}

struct receiver_exemplar receiver_exemplar(struct receiver *receiver, size_t index) {
    pthread_mutex_lock(&receiver->lock);
    must(index < receiver->exemplar_count, "has no such exemplar");
    struct receiver_exemplar exemplar = receiver->exemplars[index];
    pthread_mutex_unlock(&receiver->lock);
    return exemplar;
}

size_t receiver_metadata_count(struct receiver *receiver) {
    return read_number(receiver, &receiver->metadata_count);
}

struct receiver_metadata receiver_metadata(struct receiver *receiver, size_t index) {
    pthread_mutex_lock(&receiver->lock);
    must(index < receiver->metadata_count, "has no such metadata");
    struct receiver_metadata metadata = receiver->metadata[index];
    pthread_mutex_unlock(&receiver->lock);
    return metadata;
}
