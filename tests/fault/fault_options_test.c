/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that wrong options are refused with the field and the reason, secrets untold, and that the
 * environment is read as documented. */
#include <stdlib.h>
#include <unistd.h>

#include "fault/fault_fixture.h"

#define GOOD_URL "http://127.0.0.1:9/api/v1/write"

static tacho_metric_exporter *exporter;
static tacho_error error;

static void begin(void) {
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
}

static void end(void) {
    tacho_metric_exporter_destroy(exporter);
}

TestSuite(options, .init = begin, .fini = end);

static int try_create(tacho_remote_write_options options) {
    options.struct_size = sizeof options;
    options.error = &error;
    return tacho_remote_write_exporter_create(&options, &exporter);
}

#define WITH(...)                                                                                  \
    (tacho_remote_write_options) {                                                                 \
        .endpoint = GOOD_URL, __VA_ARGS__                                                          \
    }

static void expect_refusal(tacho_remote_write_options options, const char *field,
                           const char *reason) {
    error = (tacho_error){0};
    cr_assert(eq(int, try_create(options), TACHO_E_INVALID), "%s", field);
    cr_assert(eq(ptr, exporter, NULL));
    cr_assert(eq(int, error.status, TACHO_E_INVALID));
    cr_assert(eq(str, error.field, (char *)field), "%s", error.message);
    cr_assert(ne(ptr, strstr(error.message, reason), NULL), "%s: %s", field, error.message);
    cr_assert(eq(ptr, strstr(error.message, "s3cret"), NULL), "%s", error.message);
    cr_assert(eq(ptr, strstr(fault_log.text, "s3cret"), NULL), "%s", fault_log.text);
}

Test(options, a_bad_endpoint_is_refused_without_repeating_it) {
    static const struct {
        const char *url;
        const char *reason;
    } cases[] = {
        {NULL, "TACHO_REMOTE_WRITE_ENDPOINT"},
        {"", "empty"},
        {"127.0.0.1:9090/api/v1/write", "http:// or https://"},
        {"localhost", "http:// or https://"},
        {"ftp://127.0.0.1/api/v1/write", "http:// or https://"},
        {"file:///etc/passwd", "http:// or https://"},
        {"http://user:s3cret@127.0.0.1/", "basic_auth"},
        {"http://s3cret@127.0.0.1/", "basic_auth"},
        {"http:///path", "host"},
        {"http://127.0.0.1:99999/", "Port"},
        {"http://127.0.0.1:port/", "ort"},
        {"http://a b/", ""},
        {"http://[::1/", ""},
        {"http://127.0.0.1/\r\nX: y", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_refusal((tacho_remote_write_options){.endpoint = cases[i].url}, "endpoint",
                       cases[i].reason);
    }
    cr_assert(was_told("bad_option: endpoint: "), "%s", fault_log.text);
}

Test(options, contradictions_and_ranges_are_refused) {
    expect_refusal(WITH(.basic_auth_password = "s3cret"), "basic_auth_username", "missing");
    expect_refusal(WITH(.basic_auth_username = "u", .basic_auth_password = "s3cret",
                        .basic_auth_password_file = "/etc/hostname"),
                   "basic_auth_password_file", "contradicts");
    expect_refusal(WITH(.basic_auth_username = "a:b"), "basic_auth_username", "colon");
    expect_refusal(WITH(.tls_cert_file = "/etc/hostname"), "tls_key_file", "missing");
    expect_refusal(WITH(.tls_key_file = "/etc/hostname"), "tls_cert_file", "missing");
    expect_refusal(WITH(.min_backoff_ms = 100, .max_backoff_ms = 50), "min_backoff_ms", "larger");
    expect_refusal(WITH(.queue_max_bytes = 1000), "queue_max_bytes",
                   "must be at least 65536, and is 1000");
    expect_refusal(WITH(.max_bytes_per_send = 10), "max_bytes_per_send", "1024");
    expect_refusal(WITH(.max_samples_per_send = 2000000), "max_samples_per_send", "1000000");
    expect_refusal(WITH(.thread_stack_size = 1000), "thread_stack_size", "65536");
    expect_refusal(WITH(.proxy_url = "ftp://127.0.0.1"), "proxy_url", "proxy");
    expect_refusal(WITH(.proxy_url = "http://u:s3cret@:99999999"), "proxy_url", "");
}

struct pem_file {
    char path[32];
};

/* A file with a PEM block behind other text. */
static struct pem_file make_pem(const char *before) {
    struct pem_file file = {"/tmp/tacho-pem-XXXXXX"};
    FILE *stream = fdopen(mkstemp(file.path), "we");
    cr_assert(ne(ptr, stream, NULL));
    fprintf(stream, "%s-----BEGIN CERTIFICATE-----\n", before);
    fclose(stream);
    return file;
}

static void expect_pem_refusal(const char *path, const char *reason) {
    struct pem_file pem = make_pem("");
    expect_refusal(WITH(.tls_ca_file = path), "tls_ca_file", reason);
    expect_refusal(WITH(.tls_cert_file = path, .tls_key_file = pem.path), "tls_cert_file", reason);
    expect_refusal(WITH(.tls_cert_file = pem.path, .tls_key_file = path), "tls_key_file", reason);
    unlink(pem.path);
}

Test(options, tls_files_without_a_pem_block_are_refused) {
    expect_pem_refusal("/etc/hostname", "cannot use `/etc/hostname`: it holds no PEM block");
    expect_pem_refusal("/dev/null", "no regular file");
    expect_pem_refusal("/dev/zero", "no regular file");
}

Test(options, a_pem_block_is_found_wherever_it_begins) {
    static char before[9000];
    memset(before, '-', sizeof before - 1);
    for (size_t length = 4070; length <= 4110; length++) { /* around the end of what is read */
        before[length] = '\0';
        struct pem_file pem = make_pem(before);
        before[length] = '-';
        cr_assert(eq(int, try_create(WITH(.tls_ca_file = pem.path)), TACHO_OK), "%zu: %s", length,
                  error.message);
        tacho_metric_exporter_destroy(exporter);
        exporter = NULL;
        unlink(pem.path);
    }
    struct pem_file pem = make_pem(before);
    cr_assert(eq(int, try_create(WITH(.tls_ca_file = pem.path)), TACHO_OK), "%s", error.message);
    unlink(pem.path);
}

Test(options, unreadable_files_are_refused_with_the_reason) {
    static const char missing[] = "/nonexistent/file";
    expect_refusal(WITH(.tls_ca_file = missing), "tls_ca_file", "No such file");
    expect_refusal(WITH(.tls_ca_file = "/tmp"), "tls_ca_file", "directory");
    expect_refusal(WITH(.tls_ca_file = ""), "tls_ca_file", "No such file");
    struct pem_file pem = make_pem("");
    expect_refusal(WITH(.tls_cert_file = missing, .tls_key_file = pem.path), "tls_cert_file",
                   "No such file");
    expect_refusal(WITH(.tls_cert_file = pem.path, .tls_key_file = missing), "tls_key_file",
                   "No such file");
    unlink(pem.path);
    expect_refusal(WITH(.basic_auth_username = "u", .basic_auth_password_file = missing),
                   "basic_auth_password_file", "No such file");
    expect_refusal(WITH(.basic_auth_username = "u", .basic_auth_password_file = "/dev/zero"),
                   "basic_auth_password_file", "Invalid");
}

/* HTTP-02 */
Test(options, headers_that_must_not_be_sent_are_refused) {
    static const struct {
        tacho_remote_write_header header;
        const char *reason;
    } cases[] = {
        {{"X-A", "s3cret\r\nHost: evil"}, "line break"},
        {{"X-A\n", "v"}, "line break"},
        {{"", "v"}, "no name"},
        {{NULL, "v"}, "no name"},
        {{"X-A", NULL}, "no value"},
        {{"X A", "v"}, "not allowed"},
        {{"X:A", "v"}, "not allowed"},
        {{"X-A", "s3cret\x01"}, "control"},
        {{"host", "v"}, "set by tacho"},
        {{"Content-TYPE", "v"}, "set by tacho"},
        {{"X-Prometheus-Remote-Write-Version", "9"}, "set by tacho"},
        {{"user-agent", "v"}, "set by tacho"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_refusal(WITH(.headers = &cases[i].header, .header_count = 1), "headers",
                       cases[i].reason);
    }
    const tacho_remote_write_header authorization = {"Authorization", "Bearer s3cret"};
    expect_refusal(WITH(.headers = &authorization, .header_count = 1, .basic_auth_username = "u"),
                   "headers", "contradicts");
}

static void expect_header_message(const tacho_remote_write_header *headers, size_t count,
                                  const char *message) {
    expect_refusal(WITH(.headers = headers, .header_count = count), "headers", "");
    cr_assert(eq(str, error.message, (char *)message));
}

Test(options, a_header_is_told_by_its_place_and_name) {
    const tacho_remote_write_header headers[] = {{"X-A", "v"}, {"Host", "v"}};
    expect_header_message(headers, 2, "header 2 (`Host`) is set by tacho and cannot be replaced");
    expect_header_message(&headers[1], 1,
                          "header 1 (`Host`) is set by tacho and cannot be replaced");
    expect_header_message(&(tacho_remote_write_header){NULL, "v"}, 1, "header 1 has no name");
    expect_header_message(&(tacho_remote_write_header){"X-A", NULL}, 1,
                          "header 1 (`X-A`) has no value");
    expect_header_message(&(tacho_remote_write_header){"X\n", "v"}, 1,
                          "header 1 holds a line break");
}

Test(options, a_count_of_headers_without_headers_is_refused) {
    expect_header_message(NULL, 1, "is NULL, but header_count is 1");
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-A=a", 1);
    expect_header_message(NULL, 2, "is NULL, but header_count is 2");
}

Test(options, a_forgotten_struct_size_is_told_with_the_cure) {
    const tacho_remote_write_options forgotten = {.endpoint = GOOD_URL};
    cr_assert(eq(int, tacho_remote_write_exporter_create(&forgotten, &exporter), TACHO_E_INVALID));
    cr_assert(was_told("bad_option: struct_size: is 0; set it to "
                       "sizeof(tacho_remote_write_options), or use TACHO_OPTIONS"),
              "%s", fault_log.text);
}

Test(options, a_struct_size_that_was_never_set_leaves_the_rest_unread) {
    tacho_remote_write_options garbage = {.struct_size = SIZE_MAX / 2, .endpoint = GOOD_URL};
    garbage.error = (tacho_error *)8; /* as memory that nobody wrote may hold */
    cr_assert(
        eq(int, tacho_remote_write_exporter_create(&garbage, &exporter), TACHO_E_UNSUPPORTED));
}

Test(options, structs_of_other_versions_are_refused) {
    struct {
        tacho_remote_write_options options;
        uint64_t future;
    } newer = {.options = {.struct_size = sizeof newer, .endpoint = GOOD_URL, .error = &error},
               .future = 1};
    cr_assert(eq(int, tacho_remote_write_exporter_create(&newer.options, &exporter),
                 TACHO_E_UNSUPPORTED));
    newer.options.struct_size = 3;
    cr_assert(
        eq(int, tacho_remote_write_exporter_create(&newer.options, &exporter), TACHO_E_INVALID));
    cr_assert(eq(int, tacho_remote_write_exporter_create(NULL, NULL), TACHO_E_INVALID));
}

Test(options, a_place_for_the_exporter_is_asked_for) {
    const tacho_remote_write_options options = {
        .struct_size = sizeof options, .endpoint = GOOD_URL, .error = &error};
    cr_assert(eq(int, tacho_remote_write_exporter_create(&options, NULL), TACHO_E_INVALID));
    cr_assert(eq(str, error.field, (char *)"out"));
}

Test(options, the_environment_alone_is_enough_and_code_beats_it) {
    struct receiver *receiver = receiver_start();
    tacho_resource *resource = batch_resource();
    setenv("TACHO_REMOTE_WRITE_ENDPOINT", receiver_url(receiver), 1);
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-Scope-OrgID=team%20one,X-Other=2", 1);
    setenv("TACHO_REMOTE_WRITE_DISABLE_TARGET_INFO", "true", 1);
    cr_assert(eq(int, tacho_remote_write_exporter_create(NULL, &exporter), TACHO_OK));
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(sz, receiver_sample_count(receiver), 1));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "X-Scope-OrgID"), "team one"));
    cr_assert(eq(str, (char *)receiver_header(receiver, 0, "X-Other"), "2"));
    tacho_metric_exporter_destroy(exporter);
    exporter = NULL;
    setenv("TACHO_REMOTE_WRITE_ENDPOINT", "ftp://nowhere", 1);
    setenv("TACHO_REMOTE_WRITE_BASIC_AUTH_PASSWORD_FILE", "/nonexistent/file", 1);
    cr_assert(eq(int,
                 try_create((tacho_remote_write_options){.endpoint = receiver_url(receiver),
                                                         .basic_auth_username = "u",
                                                         .basic_auth_password = "p"}),
                 TACHO_OK),
              "%s: %s", error.field, error.message);
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}

/* ENV-04 */
Test(options, numbers_in_the_environment_that_make_no_sense_are_told_and_ignored) {
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {
        {"TACHO_REMOTE_WRITE_TIMEOUT_MS", "soon"},
        {"TACHO_REMOTE_WRITE_QUEUE_MAX_BYTES", "12"},
        {"TACHO_REMOTE_WRITE_MAX_SAMPLES_PER_SEND", "-1"},
        {"TACHO_REMOTE_WRITE_FLUSH_AT_EXIT", "yes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv(cases[i].name, cases[i].value, 1);
        cr_assert(eq(int, try_create(WITH(.min_backoff_ms = 0)), TACHO_OK), "%s", cases[i].name);
        cr_assert(i > 0 || was_told(cases[i].name), "%s", fault_log.text); /* one a minute */
        tacho_metric_exporter_destroy(exporter);
        exporter = NULL;
        unsetenv(cases[i].name);
    }
}

Test(options, wrong_texts_in_the_environment_are_refused) {
    setenv("TACHO_REMOTE_WRITE_HEADERS", "no pairs", 1);
    expect_refusal(WITH(.min_backoff_ms = 0), "headers", "Name=value");
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-A=a%0d%0aHost:b", 1);
    expect_refusal(WITH(.min_backoff_ms = 0), "headers", "line break");
    setenv("TACHO_REMOTE_WRITE_HEADERS", "X-A=a%00b", 1);
    expect_refusal(WITH(.min_backoff_ms = 0), "headers", "");
    unsetenv("TACHO_REMOTE_WRITE_HEADERS");
    setenv("TACHO_REMOTE_WRITE_ENDPOINT", "gopher://x", 1);
    expect_refusal((tacho_remote_write_options){0}, "endpoint", "http://");
}

Test(options, stats_are_refused_for_other_exporters) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    cr_assert(eq(int, tacho_remote_write_exporter_stats(NULL, &stats), TACHO_E_INVALID));
    cr_assert(eq(int, try_create(WITH(.min_backoff_ms = 0)), TACHO_OK));
    cr_assert(eq(int, tacho_remote_write_exporter_stats(exporter, NULL), TACHO_E_INVALID));
    stats.struct_size = 0;
    cr_assert(eq(int, tacho_remote_write_exporter_stats(exporter, &stats), TACHO_E_INVALID));
    cr_assert(was_told("struct_size: is 0; set it to sizeof(tacho_remote_write_stats)"), "%s",
              fault_log.text);
}
