/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how requests travel: with credentials, and through proxies. */
#include <stdlib.h>

#include "fault/fault_fixture.h"

/* A name that no name server knows: only a proxy can be asked for it. */
#define FAR_URL "http://receiver.invalid/api/v1/write"

static struct receiver *receiver;
static tacho_resource *resource;

static void begin(void) {
    receiver = receiver_start();
    resource = batch_resource();
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}

TestSuite(http, .init = begin, .fini = end);

static void deliver(const tacho_remote_write_options *options) {
    tacho_metric_exporter *exporter = create(options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK), "%s", fault_log.text);
    cr_assert(eq(sz, receiver_request_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}

/* AUTH-01 */
Test(http, user_name_and_password_arrive) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.basic_auth_username = "Aladdin";
    options.basic_auth_password = "open sesame";
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Authorization"),
                 "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_assert(eq(str, (char *)receiver_target(receiver, 0), "/api/v1/write"));
}

Test(http, a_user_name_alone_has_an_empty_password) {
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.basic_auth_username = "Aladdin";
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Authorization"), "Basic QWxhZGRpbjo="));
}

Test(http, without_credentials_none_are_sent) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Authorization"), ""));
}

/* The receiver as a proxy: it is asked for the whole URL. */
static const char *proxy_address(const char *user) {
    static char address[128];
    unsigned port = 0;
    cr_assert(eq(int, sscanf(receiver_url(receiver), "http://127.0.0.1:%u/", &port), 1));
    snprintf(address, sizeof address, "http://%s127.0.0.1:%u", user, port);
    return address;
}

/* HTTP-12 */
Test(http, a_proxy_is_asked_for_the_whole_url) {
    tacho_remote_write_options options = fast_options(FAR_URL);
    options.proxy_url = proxy_address("");
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_target(receiver, 0), FAR_URL));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Host"), "receiver.invalid"));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Proxy-Authorization"), ""));
}

Test(http, a_proxy_gets_its_own_credentials_only) {
    tacho_remote_write_options options = fast_options(FAR_URL);
    options.proxy_url = proxy_address("Aladdin:open%20sesame@");
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Proxy-Authorization"),
                 "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "Authorization"), ""));
}

Test(http, the_environments_proxy_is_used_where_none_is_given) {
    tacho_remote_write_options options = fast_options(FAR_URL);
    options.proxy_url = NULL;
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("http_proxy", proxy_address(""), 1);
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_target(receiver, 0), FAR_URL));
}

Test(http, an_empty_proxy_keeps_the_environments_away) {
    const tacho_remote_write_options options = fast_options(receiver_url(receiver));
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    deliver(&options);
    cr_assert(eq(str, (char *)receiver_target(receiver, 0), "/api/v1/write"));
}
