/* SPDX-License-Identifier: Apache-2.0 */
/* Tests one exporter to several endpoints before anything is sent: what is refused and how that is
 * told, what the environment speaks of, and sums of accounts. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "remote_write/fan_out.h"
#include "remote_write/stats.h"
#include "tacho/exporters/memory.h"
#include "tacho/sdk/diagnostics.h"

#define URL "http://127.0.0.1:9/api/v1/write"
#define OTHER_URL "http://127.0.0.1:10/api/v1/write"

static char told[4096];

static void keep(const tacho_diagnostic *diagnostic, void *user) {
    (void)user;
    size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s: %s\n", diagnostic->kind,
             diagnostic->message);
}

static void begin(void) {
    tacho_diagnostics_set_handler(keep, NULL);
}

TestSuite(remote_write_endpoints, .init = begin);

static tacho_remote_write_options options_of(const char *endpoint, const char *name) {
    return (tacho_remote_write_options){.struct_size = sizeof(tacho_remote_write_options),
                                        .endpoint = endpoint,
                                        .name = name,
                                        .disable_startup_check = true,
                                        .proxy_url = ""};
}

static size_t thread_count(void) {
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    cr_assert(ne(ptr, tasks, NULL));
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

/* QUEUE-10 */
Test(remote_write_endpoints, each_has_a_thread_of_its_own) {
    const tacho_remote_write_options first = options_of(URL, NULL);
    const tacho_remote_write_options second = options_of(OTHER_URL, NULL);
    const tacho_remote_write_options *list[] = {&first, &second};
    tacho_metric_exporter *exporter = NULL;
    const size_t threads = thread_count();
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_OK), "%s",
              told);
    cr_assert(eq(sz, tacho_remote_write_exporter_endpoint_count(exporter), 2));
    cr_assert(eq(sz, thread_count(), threads + 2));
    tacho_metric_exporter_destroy(exporter);
    cr_assert(eq(sz, thread_count(), threads));
}

Test(remote_write_endpoints, one_name_for_two_is_refused_with_the_number_of_the_second) {
    tacho_error errors[3] = {{0}, {0}, {0}};
    tacho_remote_write_options options[3] = {options_of(URL, NULL), options_of(OTHER_URL, NULL),
                                             options_of(URL, NULL)};
    const tacho_remote_write_options *list[3];
    for (size_t i = 0; i < 3; i++) {
        options[i].error = &errors[i];
        list[i] = &options[i];
    }
    tacho_metric_exporter *exporter = NULL;
    const size_t threads = thread_count();
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(list, 3, &exporter), TACHO_E_INVALID));
    cr_assert(eq(ptr, exporter, NULL));
    cr_assert(eq(sz, thread_count(), threads)); /* the others are gone */
    cr_assert(eq(str, errors[2].field, "name"), "%s", errors[2].message);
    cr_assert(ne(ptr, strstr(errors[2].message, "endpoint 3: "), NULL), "%s", errors[2].message);
    cr_assert(ne(ptr, strstr(errors[2].message, "of endpoint 1,"), NULL), "%s", errors[2].message);
    cr_assert(eq(str, errors[0].message, errors[2].message));
    cr_assert(eq(str, errors[1].message, ""));
    options[2].name = "the third";
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 3, &exporter), TACHO_OK));
    tacho_metric_exporter_destroy(exporter);
}

Test(remote_write_endpoints, what_is_wrong_with_one_is_told_with_its_field_and_number) {
    tacho_error error = {0};
    tacho_remote_write_options first = options_of(URL, NULL);
    tacho_remote_write_options second = options_of(OTHER_URL, NULL);
    const tacho_remote_write_options *list[] = {&first, &second};
    tacho_metric_exporter *exporter = NULL;
    first.error = &error;
    second.max_shards = 1000;
    const size_t threads = thread_count();
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_E_INVALID));
    cr_assert(eq(sz, thread_count(), threads));
    cr_assert(eq(int, error.status, TACHO_E_INVALID));
    cr_assert(eq(str, error.field, "max_shards"));
    cr_assert(eq(int, strncmp(error.message, "endpoint 2: ", 12), 0), "%s", error.message);
}

Test(remote_write_endpoints, the_environment_speaks_of_the_first_alone) {
    tacho_error error = {0};
    tacho_metric_exporter *exporter = NULL;
    setenv("TACHO_REMOTE_WRITE_ENDPOINT", URL, 1);
    setenv("TACHO_REMOTE_WRITE_NAME", "of the environment", 1);
    tacho_remote_write_options second = options_of(OTHER_URL, NULL);
    const tacho_remote_write_options *list[] = {NULL, &second};
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_OK), "%s",
              told);
    const tacho_remote_write_options *values =
        &tachoi_remote_write_exporter_config(tachoi_remote_write_endpoint(exporter, 0))->values;
    cr_assert(eq(str, (char *)values->name, "of the environment"));
    values =
        &tachoi_remote_write_exporter_config(tachoi_remote_write_endpoint(exporter, 1))->values;
    cr_assert(eq(str, (char *)values->name, "127.0.0.1:10"));
    tacho_metric_exporter_destroy(exporter);

    second = options_of(NULL, NULL);
    second.error = &error;
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(list, 2, &exporter), TACHO_E_INVALID));
    cr_assert(eq(str, error.field, "endpoint"), "%s", error.message);
}

Test(remote_write_endpoints, an_impossible_number_of_them_is_refused) {
    const tacho_remote_write_options options = options_of(URL, NULL);
    const tacho_remote_write_options *list[] = {&options};
    tacho_metric_exporter *exporter = NULL;
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(list, 0, &exporter), TACHO_E_INVALID));
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(list, 101, &exporter), TACHO_E_INVALID));
    cr_assert(
        eq(int, tacho_remote_write_exporter_create_many(NULL, 1, &exporter), TACHO_E_INVALID));
    cr_assert(eq(int, tacho_remote_write_exporter_create_many(list, 1, NULL), TACHO_E_INVALID));
    cr_assert(eq(ptr, exporter, NULL));
}

Test(remote_write_endpoints, memory_that_is_short_leaves_nothing_behind) {
    const tacho_remote_write_options first = options_of(URL, NULL);
    const tacho_remote_write_options second = options_of(OTHER_URL, NULL);
    const tacho_remote_write_options *list[] = {&first, &second};
    const size_t threads = thread_count();
    int status = TACHO_E_NO_MEMORY;
    for (uint64_t k = 1; k < 1000 && status != TACHO_OK; k++) {
        tacho_metric_exporter *exporter = NULL;
        tachoi_alloc_fail_at(k);
        status = tacho_remote_write_exporter_create_many(list, 2, &exporter);
        tachoi_alloc_fail_at(0);
        if (status == TACHO_OK) {
            cr_assert(gt(u64, k, 10));
            tacho_metric_exporter_destroy(exporter);
        } else {
            cr_assert(eq(ptr, exporter, NULL));
        }
        cr_assert(eq(sz, thread_count(), threads), "%llu", (unsigned long long)k);
    }
    cr_assert(eq(int, status, TACHO_OK));
}

/* --- accounts --- */

Test(remote_write_endpoints, accounts_of_endpoints_there_are_not_are_refused) {
    const tacho_remote_write_options options = options_of(URL, NULL);
    tacho_metric_exporter *one = NULL;
    tacho_metric_exporter *other = NULL;
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    cr_assert(eq(int, tacho_remote_write_exporter_create(&options, &one), TACHO_OK));
    cr_assert(eq(int, tacho_memory_exporter_create(NULL, &other), TACHO_OK));
    cr_assert(eq(sz, tacho_remote_write_exporter_endpoint_count(one), 1));
    cr_assert(eq(sz, tacho_remote_write_exporter_endpoint_count(other), 0));
    cr_assert(eq(sz, tacho_remote_write_exporter_endpoint_count(NULL), 0));
    cr_assert(eq(int, tacho_remote_write_exporter_endpoint_stats(one, 0, &stats), TACHO_OK));
    cr_assert(eq(int, tacho_remote_write_exporter_endpoint_stats(one, 1, &stats), TACHO_E_INVALID));
    cr_assert(eq(int, tacho_remote_write_exporter_endpoint_stats(one, 0, NULL), TACHO_E_INVALID));
    cr_assert(
        eq(int, tacho_remote_write_exporter_endpoint_stats(other, 0, &stats), TACHO_E_INVALID));
    stats.struct_size = 0;
    cr_assert(eq(int, tacho_remote_write_exporter_endpoint_stats(one, 0, &stats), TACHO_E_INVALID));
    tacho_metric_exporter_destroy(one);
    tacho_metric_exporter_destroy(other);
}

/* Numbers that are one apart, so that no two members can be mistaken for each other. */
static tacho_remote_write_stats numbered(uint64_t first) {
    tacho_remote_write_stats stats;
    unsigned char *bytes = (unsigned char *)&stats;
    memset(&stats, 0, sizeof stats);
    for (size_t at = sizeof stats.struct_size; at + sizeof first <= sizeof stats;
         at += sizeof first) {
        memcpy(bytes + at, &first, sizeof first);
        first++;
    }
    return stats;
}

Test(remote_write_endpoints, all_numbers_are_added) {
    const tacho_remote_write_stats one = numbered(1000);
    const tacho_remote_write_stats two = numbered(5000);
    tacho_remote_write_stats sum;
    memset(&sum, 0, sizeof sum);
    tachoi_remote_write_stats_add(&sum, &one);
    tachoi_remote_write_stats_add(&sum, &two);
    for (size_t at = sizeof sum.struct_size; at + sizeof(uint64_t) <= sizeof sum;
         at += sizeof(uint64_t)) {
        uint64_t a = 0;
        uint64_t b = 0;
        uint64_t c = 0;
        if (at == offsetof(tacho_remote_write_stats, last_http_status) ||
            at == offsetof(tacho_remote_write_stats, highest_timestamp_ms) ||
            at == offsetof(tacho_remote_write_stats, highest_sent_timestamp_ms)) {
            continue; /* and the protocol, which lies behind the status */
        }
        memcpy(&a, (const unsigned char *)&one + at, sizeof a);
        memcpy(&b, (const unsigned char *)&two + at, sizeof b);
        memcpy(&c, (const unsigned char *)&sum + at, sizeof c);
        cr_assert(eq(u64, c, a + b), "at %zu", at);
    }
    cr_assert(eq(i64, sum.highest_timestamp_ms, two.highest_timestamp_ms));
    cr_assert(eq(i64, sum.highest_sent_timestamp_ms, two.highest_sent_timestamp_ms));
}

Test(remote_write_endpoints, the_lowest_protocol_and_the_first_status_of_no_success_count) {
    const tacho_remote_write_stats list[] = {{.protocol = 2, .last_http_status = 204},
                                             {.protocol = 1, .last_http_status = 503},
                                             {.protocol = 2, .last_http_status = 400}};
    tacho_remote_write_stats sum;
    memset(&sum, 0, sizeof sum);
    for (size_t i = 0; i < 3; i++) {
        tachoi_remote_write_stats_add(&sum, &list[i]);
    }
    cr_assert(eq(int, sum.protocol, 1));
    cr_assert(eq(int, sum.last_http_status, 503));
}
