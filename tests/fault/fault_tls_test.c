/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the receiver's certificate is verified, unless one asked not to (HTTP-13). */
#include <stdlib.h>
#include <unistd.h>

#include "fault/fault_fixture.h"
#include "support/tls_identity.h"

static struct receiver *receiver;
static tacho_resource *resource;
static char ca_file[] = "/tmp/tacho-ca-XXXXXX";

static void begin(void) {
    receiver = receiver_start_tls(tls_identity_certificate, tls_identity_key);
    resource = batch_resource();
    int fd = mkstemp(ca_file);
    cr_assert(eq(i64,
                 (int64_t)write(fd, tls_identity_certificate, sizeof tls_identity_certificate - 1),
                 (int64_t)sizeof tls_identity_certificate - 1));
    close(fd);
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
    unlink(ca_file);
}

TestSuite(tls, .init = begin, .fini = end);

Test(tls, an_unknown_certificate_is_refused_and_waited_for_slowly) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.max_backoff_ms = 3600000;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(will_be_told("certificate"), "%s", fault_log.text);
    cr_assert(eq(int, flush(exporter, 50), TACHO_E_TIMEOUT));
    tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.pending, 1));
    cr_assert(le(u64, stats.requests, 2)); /* the first, and the one of the flush */
    cr_assert(eq(sz, receiver_request_count(receiver), 0));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    tacho_metric_exporter_destroy(exporter);
}

Test(tls, the_certificate_of_the_ca_file_is_trusted) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_ca_file = ca_file;
    tacho_metric_exporter *exporter = create(&options);
    for (int64_t value = 1; value <= 3; value++) {
        cr_assert(eq(int, export_counter(exporter, resource, value), TACHO_OK));
        cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    }
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2 3"));
    cr_assert(eq(sz, receiver_connection_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

Test(tls, skipping_the_verification_accepts_any_certificate) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_insecure_skip_verify = true;
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

Test(tls, a_file_without_a_certificate_is_told) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.tls_ca_file = "/dev/null";
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(will_be_told("retry: no answer"), "%s", fault_log.text);
    cr_assert(eq(u64, stats_of(exporter).pending, 1));
    cr_assert(eq(int, shut_down(exporter, 10), TACHO_E_TIMEOUT));
    tacho_metric_exporter_destroy(exporter);
}
