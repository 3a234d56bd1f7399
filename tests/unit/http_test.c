/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the parts of the HTTP layer that need no server: header rules, URLs, answers, secrets. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "http/client.h"
#include "http/header.h"
#include "http/response.h"
#include "http/secret_file.h"
#include "http/url.h"
#include "tacho/status.h"

/* HTTP-02 */
Test(http_header, only_harmless_fields_may_be_added) {
    cr_assert(eq(ptr, (void *)tachoi_http_header_problem("X-Scope-OrgID", "team"), NULL));
    cr_assert(eq(ptr, (void *)tachoi_http_header_problem("authorization", "Bearer x"), NULL));
    cr_assert(eq(ptr, (void *)tachoi_http_header_problem("X", "tab\tand \xc3\xa4"), NULL));
    static const char *const reserved[] = {"Host",
                                           "CONTENT-LENGTH",
                                           "content-type",
                                           "Content-Encoding",
                                           "user-agent",
                                           "Connection",
                                           "keep-alive",
                                           "Transfer-Encoding",
                                           "Accept-Encoding",
                                           "Proxy-Authorization",
                                           "Proxy-Authenticate",
                                           "WWW-Authenticate",
                                           "X-Prometheus-Remote-Write-Version",
                                           "X-Prometheus-Remote-Read-Version",
                                           "X-Amz-Date",
                                           "X-Amz-Security-Token",
                                           "X-Amz-Content-SHA256",
                                           "Retry-Attempt",
                                           "Expect"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        cr_assert(ne(ptr, (void *)tachoi_http_header_problem(reserved[i], "v"), NULL), "%s",
                  reserved[i]);
    }
    static const char *const bad_values[] = {"a\rb", "a\nb", "\x7f", "\x1b[0m"};
    for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
        cr_assert(ne(ptr, (void *)tachoi_http_header_problem("X", bad_values[i]), NULL));
    }
}

/* HTTP-01, HTTP-15 */
Test(http_url, endpoints_are_whole_http_urls_without_a_user) {
    static const char *const good[] = {"http://127.0.0.1:9090/api/v1/write",
                                       "https://host.example/x?api-version=1", "HTTPS://host",
                                       "http://[::1]:9090/write", "http://host/a/../b%20c"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *problem = tachoi_http_url_problem(good[i], TACHOI_HTTP_URL_ENDPOINT);
        cr_assert(eq(ptr, (void *)problem, NULL), "%s: %s", good[i], problem);
    }
    static const char *const bad[] = {"",
                                      "x",
                                      "ftp://h",
                                      "http://u@h",
                                      "http://u:p@h",
                                      "//h/x",
                                      "http://h:0x1",
                                      "http://h\n",
                                      "unix:///x",
                                      "socks5://h"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(ne(ptr, (void *)tachoi_http_url_problem(bad[i], TACHOI_HTTP_URL_ENDPOINT), NULL),
                  "%s", bad[i]);
    }
}

Test(http_url, proxies_may_be_http_or_socks_and_short) {
    static const char *const good[] = {"http://proxy:3128", "https://proxy", "socks5h://u:p@proxy",
                                       "proxy.example:3128", "127.0.0.1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *problem = tachoi_http_url_problem(good[i], TACHOI_HTTP_URL_PROXY);
        cr_assert(eq(ptr, (void *)problem, NULL), "%s: %s", good[i], problem);
    }
    cr_assert(ne(ptr, (void *)tachoi_http_url_problem("ftp://proxy", TACHOI_HTTP_URL_PROXY), NULL));
}

Test(http_url, messages_show_neither_user_nor_query) {
    char text[64];
    tachoi_http_url_redact("https://user:secret@host:8443/api/write?token=secret#secret", text,
                           sizeof text);
    cr_assert(eq(str, text, "https://host:8443/api/write"));
    tachoi_http_url_redact("not a url secret", text, sizeof text);
    cr_assert(eq(str, text, "(url)"));
    char small[8];
    tachoi_http_url_redact("https://host/long/path", small, sizeof small);
    cr_assert(eq(str, small, "https:/"));
}

/* HTTP-05 */
Test(http_response, bodies_are_kept_in_part_and_ended_when_too_long) {
    static struct tachoi_http_response response;
    tachoi_http_response_clear(&response);
    char part[1000];
    memset(part, 'x', sizeof part);
    size_t parts = 0;
    while (tachoi_http_response_body(&response, part, sizeof part)) {
        parts++;
    }
    cr_assert(eq(sz, parts, TACHOI_HTTP_BODY_MAX / sizeof part));
    cr_assert(eq(sz, response.excerpt_length, TACHOI_HTTP_EXCERPT_MAX));
    tachoi_http_response_clear(&response);
    cr_assert(tachoi_http_response_body(&response, NULL, 0));
    cr_assert(eq(sz, response.excerpt_length, 0));
}

Test(http_response, text_from_strangers_is_made_printable) {
    static const struct {
        const char *text;
        const char *cleaned;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"a\r\nb\tc\x1b[31m\x7f", "a  b c [31m "},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xc2\x9b"
         "31m",
         "  31m"},
        {"cut \xe2\x82", "cut "},
        {"cut \xf0\x9f\x98", "cut "},
        {"whole \xe2\x82\xac", "whole \xe2\x82\xac"},
        {"bad \xff\xfe bytes", "bad ?? bytes"},
        {"\x80\x80\x80\x80\x80", "?????"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        text[tachoi_http_clean_text(text, strlen(text))] = '\0';
        cr_assert(eq(str, text, (char *)cases[i].cleaned));
    }
}

/* --- secrets --- */

static char path[] = "/tmp/tacho-secret-XXXXXX";

static void write_secret(const char *data, size_t length) {
    FILE *file = fopen(path, "we");
    cr_assert(ne(ptr, file, NULL));
    cr_assert(eq(sz, fwrite(data, 1, length, file), length));
    fclose(file);
}

static void make_file(void) {
    close(mkstemp(path));
}

static void remove_file(void) {
    unlink(path);
}

TestSuite(secret_file, .init = make_file, .fini = remove_file);

/* AUTH-02 */
Test(secret_file, is_read_once_and_again_when_it_changes) {
    struct tachoi_secret_file file;
    write_secret("first\n", 6);
    cr_assert(tachoi_secret_file_init(&file, path));
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_CHANGED));
    cr_assert(eq(str, file.value, "first"));
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_UNCHANGED));
    write_secret("second\r\n", 8);
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_CHANGED));
    cr_assert(eq(str, file.value, "second"));
    write_secret("second", 6); /* the same secret, written anew */
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_UNCHANGED));
    tachoi_secret_file_fini(&file);
}

Test(secret_file, loses_one_line_break_only) {
    static const struct {
        const char *text;
        const char *secret;
    } cases[] = {{"a\n\n", "a\n"}, {"a\r", "a\r"}, {"\n", ""}, {"", ""}, {" a ", " a "}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tachoi_secret_file file;
        write_secret(cases[i].text, strlen(cases[i].text));
        cr_assert(tachoi_secret_file_init(&file, path));
        cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_CHANGED));
        cr_assert(eq(str, file.value, (char *)cases[i].secret));
        tachoi_secret_file_fini(&file);
    }
}

Test(secret_file, keeps_the_former_secret_when_the_file_becomes_unusable) {
    struct tachoi_secret_file file;
    write_secret("good", 4);
    cr_assert(tachoi_secret_file_init(&file, path));
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_CHANGED));
    write_secret("with\0nul", 8);
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_MALFORMED));
    char *large = calloc(1, 70000);
    memset(large, 'x', 70000);
    write_secret(large, 70000);
    free(large);
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_MALFORMED));
    unlink(path);
    cr_assert(eq(int, tachoi_secret_file_refresh(&file), TACHOI_SECRET_UNREADABLE));
    cr_assert(eq(int, errno, ENOENT));
    cr_assert(eq(str, file.value, "good"));
    tachoi_secret_file_fini(&file);
}

Test(secret_file, survives_lack_of_memory) {
    write_secret("good", 4);
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        struct tachoi_secret_file file;
        tachoi_alloc_fail_at(k);
        if (tachoi_secret_file_init(&file, path) &&
            tachoi_secret_file_refresh(&file) == TACHOI_SECRET_CHANGED) {
            cr_assert(eq(str, file.value, "good"));
        }
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        tachoi_secret_file_fini(&file);
        cr_assert(lt(u64, k, 10));
    }
}

Test(http_client, survives_lack_of_memory_at_creation) {
    const struct tachoi_http_config config = {
        .component = "test", .url = "http://127.0.0.1:9/", .timeout_ms = 1000};
    bool has_failed = true;
    for (uint64_t k = 1; has_failed; k++) {
        struct tachoi_http_client *client = NULL;
        struct tachoi_http_exchange *exchange = NULL;
        tachoi_alloc_fail_at(k);
        int status = tachoi_http_client_create(&config, &client);
        if (status == TACHO_OK) {
            status = tachoi_http_exchange_create(client, &exchange);
        }
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, status, has_failed ? TACHO_E_NO_MEMORY : TACHO_OK));
        tachoi_http_exchange_destroy(exchange);
        tachoi_http_client_destroy(client);
        cr_assert(lt(u64, k, 10));
    }
}
