/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the receiver's certificate is verified unless one asked not to (HTTP-13), that the
 * sender shows its own, and that wrong files are told with the option to mend. The authorities are
 * files of one certificate: loading the system's takes seconds where the processor is busy. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault/fault_fixture.h"
#include "support/tls_identity.h"

#define BROKEN_PEM "-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n"

struct file {
    char path[32];
};

static struct receiver *receiver;
static tacho_resource *resource;
static struct file receivers_certificate;
static struct file certificate;
static struct file key;
static struct file broken;

static struct file make_file(const char *text) {
    struct file file = {"/tmp/tacho-tls-XXXXXX"};
    int fd = mkstemp(file.path);
    cr_assert(eq(i64, (int64_t)write(fd, text, strlen(text)), (int64_t)strlen(text)));
    close(fd);
    return file;
}

static void begin(void) {
    receiver = receiver_start_tls(tls_identity_certificate, tls_identity_key, NULL);
    resource = batch_resource();
    receivers_certificate = make_file(tls_identity_certificate);
    certificate = make_file(tls_identity_client_certificate);
    key = make_file(tls_identity_client_key);
    broken = make_file(BROKEN_PEM);
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
    unlink(receivers_certificate.path);
    unlink(certificate.path);
    unlink(key.path);
    unlink(broken.path);
}

TestSuite(tls, .init = begin, .fini = end);

static tacho_remote_write_options trusting_options(void) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_ca_file = receivers_certificate.path;
    return options;
}

static void expect_delivery(const tacho_remote_write_options *options) {
    tacho_metric_exporter *exporter = create(options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK), "%s", fault_log.text);
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1"));
    tacho_metric_exporter_destroy(exporter);
}

/* Nothing is delivered, and the message names what to mend. */
static void expect_trouble(const tacho_remote_write_options *options, const char *hint) {
    tacho_metric_exporter *exporter = create(options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(will_be_told("retry: no answer"), "%s", fault_log.text);
    cr_assert(was_told(hint), "%s", fault_log.text);
    cr_assert(eq(u64, stats_of(exporter).pending, 1));
    cr_assert(eq(sz, receiver_request_count(receiver), 0));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    tacho_metric_exporter_destroy(exporter);
}

/* --- the receiver's certificate --- */

Test(tls, an_unknown_certificate_is_refused_and_waited_for_slowly) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_ca_file = certificate.path; /* another one's */
    options.max_backoff_ms = 3600000;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(will_be_told("check tls_ca_file"), "%s", fault_log.text);
    cr_assert(eq(int, flush(exporter, 50), TACHO_E_TIMEOUT));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.pending, 1));
    cr_assert(le(u64, stats.requests, 2)); /* the first, and the one of the flush */
    cr_assert(eq(sz, receiver_request_count(receiver), 0));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    tacho_metric_exporter_destroy(exporter);
}

/* HTTP-13 */
Test(tls, the_certificate_of_the_ca_file_is_trusted) {
    const tacho_remote_write_options options = trusting_options();
    tacho_metric_exporter *exporter = create(&options);
    for (int64_t value = 1; value <= 3; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2 3"));
    cr_assert(eq(sz, receiver_connection_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

/* The receiver by a name that its certificate does not hold. */
static const char *url_of_localhost(void) {
    static char url[64];
    unsigned port = 0;
    cr_assert(eq(int, sscanf(receiver_url(receiver), "https://127.0.0.1:%u/", &port), 1));
    snprintf(url, sizeof url, "https://localhost:%u/api/v1/write", port);
    return url;
}

Test(tls, a_certificate_for_another_host_is_refused) {
    tacho_remote_write_options options = trusting_options();
    options.endpoint = url_of_localhost();
    expect_trouble(&options, "names the host of endpoint");
}

Test(tls, skipping_the_verification_accepts_any_certificate_and_host) {
    tacho_remote_write_options options = fast_options(url_of_localhost());
    options.tls_ca_file = certificate.path;
    options.tls_insecure_skip_verify = true;
    expect_delivery(&options);
}

Test(tls, the_environment_can_say_that_nothing_is_skipped) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_ca_file = certificate.path;
    setenv("TACHO_REMOTE_WRITE_TLS_INSECURE_SKIP_VERIFY", "false", 1);
    expect_trouble(&options, "check tls_ca_file");
    setenv("TACHO_REMOTE_WRITE_TLS_INSECURE_SKIP_VERIFY", "true", 1);
    expect_delivery(&options);
}

/* --- the sender's certificate --- */

static void want_client_certificate(void) {
    receiver_stop(receiver);
    receiver = receiver_start_tls(tls_identity_certificate, tls_identity_key,
                                  tls_identity_client_certificate);
}

Test(tls, the_senders_certificate_is_shown) {
    want_client_certificate();
    tacho_remote_write_options options = trusting_options();
    options.tls_cert_file = certificate.path;
    options.tls_key_file = key.path;
    expect_delivery(&options);
}

Test(tls, without_a_certificate_a_receiver_that_wants_one_refuses) {
    want_client_certificate();
    const tacho_remote_write_options options = trusting_options();
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED));
    cr_assert(was_told("refused: HTTP 403"), "%s", fault_log.text);
    cr_assert(eq(sz, receiver_sample_count(receiver), 0));
    tacho_metric_exporter_destroy(exporter);
}

/* --- wrong files --- */

Test(tls, a_ca_file_that_holds_no_certificate_is_told) {
    tacho_remote_write_options options = trusting_options();
    options.tls_ca_file = broken.path;
    expect_trouble(&options, "check tls_ca_file: it must hold certificates");
}

Test(tls, a_broken_certificate_of_the_sender_is_told) {
    tacho_remote_write_options options = trusting_options();
    options.tls_cert_file = broken.path;
    options.tls_key_file = key.path;
    expect_trouble(&options, "check tls_cert_file and tls_key_file");
}

Test(tls, a_key_of_another_certificate_is_told) {
    struct file others_key = make_file(tls_identity_key);
    tacho_remote_write_options options = trusting_options();
    options.tls_cert_file = certificate.path;
    options.tls_key_file = others_key.path;
    expect_trouble(&options, "check tls_cert_file and tls_key_file");
    unlink(others_key.path);
}

/* Answers in plain HTTP and leaves the connection open, so that the answer is surely read. */
Test(tls, https_to_a_port_that_speaks_http_is_told) {
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(eq(int, bind(server, (struct sockaddr *)&address, length), 0));
    cr_assert(eq(int, listen(server, 8), 0));
    cr_assert(eq(int, getsockname(server, (struct sockaddr *)&address, &length), 0));
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/api/v1/write", ntohs(address.sin_port));
    tacho_remote_write_options options = trusting_options();
    options.endpoint = url;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    int client = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    cr_assert(eq(i64, (int64_t)send(client, reply, sizeof reply - 1, MSG_NOSIGNAL),
                 (int64_t)sizeof reply - 1));
    cr_assert(will_be_told("retry: no answer"), "%s", fault_log.text);
    cr_assert(was_told("does not speak TLS"), "%s", fault_log.text);
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    tacho_metric_exporter_destroy(exporter);
    close(client);
    close(server);
}
