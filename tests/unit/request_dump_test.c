/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the text of refused requests, and the files that hold it. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "remote_write/request_dump.h"
#include "remote_write/request_text.h"
#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"
#include "tacho/sdk/diagnostics.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* --- bodies --- */

struct body {
    char data[4096];
    size_t length;
};

static struct body compress(const void *message, size_t length) {
    struct body body = {.length = sizeof body.data};
    cr_assert(eq(int, snappy_compress(message, length, body.data, &body.length), SNAPPY_OK));
    return body;
}

static struct body packed(const ProtobufCMessage *message) {
    uint8_t buffer[2048];
    cr_assert(lt(sz, protobuf_c_message_get_packed_size(message), sizeof buffer));
    return compress(buffer, protobuf_c_message_pack(message, buffer));
}

static double stale(void) {
    const uint64_t bits = UINT64_C(0x7ff0000000000002);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static struct body body_v1(void) {
    Prometheus__Label labels[] = {PROMETHEUS__LABEL__INIT, PROMETHEUS__LABEL__INIT};
    labels[0].name = "__name__";
    labels[0].value = "jobs_total";
    labels[1].name = "path";
    labels[1].value = "a\"b\\c\nd";
    Prometheus__Label *label_list[] = {&labels[0], &labels[1]};
    Prometheus__Sample samples[] = {PROMETHEUS__SAMPLE__INIT, PROMETHEUS__SAMPLE__INIT};
    samples[0].value = 0.5;
    samples[0].timestamp = 1700000000000;
    samples[1].value = stale();
    samples[1].timestamp = 1700000000001;
    Prometheus__Sample *sample_list[] = {&samples[0], &samples[1]};
    Prometheus__TimeSeries series = PROMETHEUS__TIME_SERIES__INIT;
    series.labels = label_list;
    series.n_labels = 2;
    series.samples = sample_list;
    series.n_samples = 2;
    Prometheus__TimeSeries *series_list[] = {&series};
    Prometheus__WriteRequest request = PROMETHEUS__WRITE_REQUEST__INIT;
    request.timeseries = series_list;
    request.n_timeseries = 1;
    return packed(&request.base);
}

static struct body body_v2(void) {
    char *symbols[] = {"", "__name__", "latency", "how long", "seconds", "trace_id", "abc", "a.b"};
    uint32_t labels[] = {1, 2, 7, 2};
    uint32_t exemplar_labels[] = {5, 6, 1, 99, 98};
    Io__Prometheus__Write__V2__BucketSpan span = IO__PROMETHEUS__WRITE__V2__BUCKET_SPAN__INIT;
    span.offset = -3;
    span.length = 2;
    Io__Prometheus__Write__V2__BucketSpan *spans[] = {&span};
    int64_t deltas[] = {2, -1};
    Io__Prometheus__Write__V2__Histogram histogram = IO__PROMETHEUS__WRITE__V2__HISTOGRAM__INIT;
    histogram.count_case = IO__PROMETHEUS__WRITE__V2__HISTOGRAM__COUNT_COUNT_INT;
    histogram.count_int = 3;
    histogram.sum = 1.5;
    histogram.schema = -1;
    histogram.positive_spans = spans;
    histogram.n_positive_spans = 1;
    histogram.positive_deltas = deltas;
    histogram.n_positive_deltas = 2;
    histogram.timestamp = 1700000000000;
    histogram.start_timestamp = 1600000000000;
    Io__Prometheus__Write__V2__Histogram *histograms[] = {&histogram};
    Io__Prometheus__Write__V2__Exemplar exemplar = IO__PROMETHEUS__WRITE__V2__EXEMPLAR__INIT;
    exemplar.labels_refs = exemplar_labels;
    exemplar.n_labels_refs = 5;
    exemplar.value = 7;
    exemplar.timestamp = 1700000000000;
    Io__Prometheus__Write__V2__Exemplar *exemplars[] = {&exemplar};
    Io__Prometheus__Write__V2__Metadata metadata = IO__PROMETHEUS__WRITE__V2__METADATA__INIT;
    metadata.type = IO__PROMETHEUS__WRITE__V2__METADATA__METRIC_TYPE__METRIC_TYPE_HISTOGRAM;
    metadata.help_ref = 3;
    metadata.unit_ref = 4;
    Io__Prometheus__Write__V2__TimeSeries series = IO__PROMETHEUS__WRITE__V2__TIME_SERIES__INIT;
    series.labels_refs = labels;
    series.n_labels_refs = 4;
    series.histograms = histograms;
    series.n_histograms = 1;
    series.exemplars = exemplars;
    series.n_exemplars = 1;
    series.metadata = &metadata;
    Io__Prometheus__Write__V2__TimeSeries *series_list[] = {&series};
    Io__Prometheus__Write__V2__Request request = IO__PROMETHEUS__WRITE__V2__REQUEST__INIT;
    request.symbols = symbols;
    request.n_symbols = COUNT_OF(symbols);
    request.timeseries = series_list;
    request.n_timeseries = 1;
    return packed(&request.base);
}

/* --- the text --- */

static void expect_text(int version, const struct body *body, bool is_decoded,
                        const char *expected) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    cr_assert(
        eq(int, tachoi_request_text_append(&text, version, body->data, body->length), is_decoded));
    cr_assert(eq(str, text.data != NULL ? text.data : "", (char *)expected));
    tachoi_text_fini(&text);
}

Test(request_text, a_request_of_1_shows_its_series) {
    const struct body body = body_v1();
    expect_text(1, &body, true,
                "timeseries {\n"
                "  labels {__name__=\"jobs_total\", path=\"a\\\"b\\\\c\\x0ad\"}\n"
                "  samples {\n"
                "    value: 0.5\n"
                "    timestamp: 1700000000000\n"
                "  }\n"
                "  samples {\n"
                "    value: stale\n"
                "    timestamp: 1700000000001\n"
                "  }\n"
                "}\n");
}

Test(request_text, a_request_of_2_shows_what_its_references_mean) {
    const struct body body = body_v2();
    expect_text(2, &body, true,
                "timeseries {\n"
                "  labels {__name__=\"latency\", \"a.b\"=\"latency\"}\n"
                "  histograms {\n"
                "    count_int: 3\n"
                "    sum: 1.5\n"
                "    schema: -1\n"
                "    zero_threshold: 0\n"
                "    positive_spans {\n"
                "      offset: -3\n"
                "      length: 2\n"
                "    }\n"
                "    positive_deltas: 2 -1\n"
                "    timestamp: 1700000000000\n"
                "    start_timestamp: 1600000000000\n"
                "  }\n"
                "  exemplars {\n"
                "    labels {trace_id=\"abc\", __name__=(no symbol 99), (no symbol 98)}\n"
                "    value: 7\n"
                "    timestamp: 1700000000000\n"
                "  }\n"
                "  metadata {\n"
                "    type: METRIC_TYPE_HISTOGRAM\n"
                "    help_ref: \"how long\"\n"
                "    unit_ref: \"seconds\"\n"
                "  }\n"
                "}\n");
}

Test(request_text, what_is_no_request_is_said_to_be_none) {
    const struct body empty = compress("", 0);
    const struct body broken = compress("\xff\xff\xff", 3);
    const struct body raw = {.data = "\xff\xff\xff\xff\xff\xff", .length = 6};
    const struct body bomb = {.data = "\xff\xff\xff\xff\x0f", .length = 5};
    const struct body cut = {.data = "\x05\x10", .length = 2};
    expect_text(1, &empty, true, "");
    expect_text(2, &empty, true, "");
    expect_text(1, &broken, false, "(the body is no message of this version)\n");
    expect_text(2, &broken, false, "(the body is no message of this version)\n");
    expect_text(1, &raw, false, "(the body is not compressed by snappy, or too large)\n");
    expect_text(1, &bomb, false, "(the body is not compressed by snappy, or too large)\n");
    expect_text(1, &cut, false, "(the body is not compressed by snappy)\n");
}

Test(request_text, a_text_that_is_too_long_is_cut) {
    const struct body body = body_v2();
    struct tachoi_text whole;
    tachoi_text_init(&whole, 0);
    cr_assert(tachoi_request_text_append(&whole, 2, body.data, body.length));
    for (size_t most = 1; most <= whole.length; most++) {
        struct tachoi_text text;
        tachoi_text_init(&text, most);
        (void)tachoi_request_text_append(&text, 2, body.data, body.length);
        cr_expect(le(sz, text.length, most));
        cr_expect(eq(int, text.failed, most < whole.length), "%zu of %zu", most, whole.length);
        tachoi_text_fini(&text);
    }
    tachoi_text_fini(&whole);
}

/* --- files --- */

static char folder[] = "/tmp/tacho-dump-XXXXXX";
static char told[4096];

static void keep(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s: %s\n", diagnostic->kind,
             diagnostic->message);
}

static void make_folder(void) {
    tacho_diagnostics_set_handler(keep, NULL);
    cr_assert(ne(ptr, mkdtemp(folder), NULL));
}

static const char *path_of(const char *name) {
    static char path[sizeof folder + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t count_files(void) {
    DIR *directory = opendir(folder);
    size_t count = 0;
    cr_assert(ne(ptr, directory, NULL));
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(directory);
    return count;
}

static void remove_folder(void) {
    for (unsigned i = 0; i < TACHOI_DUMP_FILES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "tacho-refused-%02u.txt", i);
        unlink(path_of(name));
        rmdir(path_of(name));
    }
    cr_expect(eq(int, rmdir(folder), 0), "something is left in %s", folder);
}

TestSuite(request_dump, .init = make_folder, .fini = remove_folder);

static bool write_one(struct tachoi_request_dump *dump) {
    static struct body body;
    static struct tachoi_http_response response = {.status = 400, .excerpt = "out of order"};
    static const char *const headers[] = {"Content-Encoding: snappy"};
    static const char *const user_headers[] = {"Authorization: Bearer s3cret", "X-Empty;"};
    body = body_v1();
    const struct tachoi_refused_request request = {.url = "http://receiver/write",
                                                   .version = 1,
                                                   .body = body.data,
                                                   .body_length = body.length,
                                                   .headers = headers,
                                                   .header_count = 1,
                                                   .user_headers = user_headers,
                                                   .user_header_count = 2,
                                                   .response = &response,
                                                   .time_unix_ms = 784111777042};
    return tachoi_request_dump_write(dump, &request);
}

static const char *content_of(const char *name) {
    static char content[8192];
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    cr_assert(ge(int, fd, 0), "%s", name);
    ssize_t length = read(fd, content, sizeof content - 1);
    cr_assert(ge(int, (int)length, 0));
    content[length] = '\0';
    close(fd);
    return content;
}

/* RWOBS-08 */
Test(request_dump, a_file_holds_the_request_and_the_answer_and_no_secret) {
    struct tachoi_request_dump dump;
    tachoi_request_dump_init(&dump, folder);
    cr_assert(write_one(&dump));
    const char *content = content_of("tacho-refused-00.txt");
    static const char head[] = "A request of remote write that was refused.\n\n"
                               "time: 1994-11-06T08:49:37.042Z\n"
                               "endpoint: http://receiver/write\n"
                               "protocol: 1.0\n"
                               "status: 400\n"
                               "answer: out of order\n"
                               "header: Content-Encoding: snappy\n"
                               "header: Authorization: (not shown)\n"
                               "header: X-Empty: (not shown)\n"
                               "body: ";
    cr_assert(eq(int, strncmp(content, head, sizeof head - 1), 0), "%s", content);
    cr_assert(ne(ptr, strstr(content, "labels {__name__=\"jobs_total\""), NULL), "%s", content);
    cr_assert(eq(ptr, strstr(content, "s3cret"), NULL), "%s", content);
    cr_assert(eq(sz, count_files(), 1));
}

Test(request_dump, files_are_their_owners_alone) {
    struct tachoi_request_dump dump;
    struct stat information;
    tachoi_request_dump_init(&dump, folder);
    mode_t former = umask(0);
    cr_assert(write_one(&dump));
    umask(former);
    cr_assert(eq(int, stat(path_of("tacho-refused-00.txt"), &information), 0));
    cr_assert(eq(int, (int)(information.st_mode & 07777), 0600));
}

Test(request_dump, sixteen_files_are_enough_for_all_exporters) {
    struct tachoi_request_dump first;
    struct tachoi_request_dump second;
    setenv("OTEL_LOG_LEVEL", "info", 1);
    tachoi_request_dump_init(&first, folder);
    tachoi_request_dump_init(&second, folder);
    for (size_t i = 0; i < TACHOI_DUMP_FILES_MAX / 2; i++) {
        cr_assert(write_one(&first));
        cr_assert(write_one(&second));
    }
    cr_assert(not(write_one(&first)));
    cr_assert(not(write_one(&second)));
    cr_assert(eq(sz, count_files(), TACHOI_DUMP_FILES_MAX));
    cr_assert(first.has_told);
    unlink(path_of("tacho-refused-03.txt"));
    cr_assert(write_one(&first)); /* somebody took it away to look at it */
    cr_assert(gt(sz, strlen(content_of("tacho-refused-03.txt")), 0));
}

Test(request_dump, what_is_there_is_not_written_through) {
    char target[sizeof folder + 16];
    struct tachoi_request_dump dump;
    snprintf(target, sizeof target, "%s-target", folder);
    cr_assert(eq(int, symlink(target, path_of("tacho-refused-00.txt")), 0));
    tachoi_request_dump_init(&dump, folder);
    cr_assert(write_one(&dump));
    cr_assert(ne(int, access(target, F_OK), 0));
    cr_assert(gt(sz, strlen(content_of("tacho-refused-01.txt")), 0));
}

/* A crash may have left a text under its first name. */
Test(request_dump, a_left_over_is_told_once_and_removed) {
    struct tachoi_request_dump dump;
    cr_assert(eq(int, symlink("/nonexistent", path_of("tacho-refused-00.txt.tmp")), 0));
    tachoi_request_dump_init(&dump, folder);
    cr_assert(not(write_one(&dump)));
    cr_assert(eq(sz, count_files(), 0));
    cr_assert(ne(ptr, strstr(told, "refused_request: cannot write refused requests to"), NULL),
              "%s", told);
    cr_assert(write_one(&dump));
}

Test(request_dump, a_folder_that_is_gone_is_told_once) {
    struct tachoi_request_dump dump;
    tachoi_request_dump_init(&dump, "/nonexistent/folder");
    cr_assert(not(write_one(&dump)));
    cr_assert(not(write_one(&dump)));
    cr_assert(
        eq(str, told,
           (char *)"refused_request: cannot write refused requests to /nonexistent/folder: No "
                   "such file or directory\n"));
}

Test(request_dump, without_a_folder_nothing_is_written) {
    struct tachoi_request_dump dump;
    tachoi_request_dump_init(&dump, NULL);
    cr_assert(not(write_one(&dump)));
    cr_assert(eq(str, told, (char *)""));
}

Test(request_dump, lack_of_memory_leaves_no_empty_file) {
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        struct tachoi_request_dump dump;
        tachoi_request_dump_init(&dump, folder);
        tachoi_alloc_fail_at(k);
        bool is_written = write_one(&dump);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(is_written || has_failed);
        cr_assert(eq(sz, count_files(), is_written ? 1 : 0));
        if (is_written) {
            cr_assert(gt(sz, strlen(content_of("tacho-refused-00.txt")), 0));
            unlink(path_of("tacho-refused-00.txt"));
        }
        cr_assert(lt(u64, k, 100));
    }
}
