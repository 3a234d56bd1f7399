/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the end of a process, and of exporters, with several endpoints: none waits in another's
 * time, at exit() nor where their hooks do not return. */
#include <dirent.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/fault_fixture.h"
#include "remote_write/fan_out.h"

enum { ENDPOINTS = 6, URL_BYTES = 64 };

static const tacho_metric_exporter_ops *const ops = &tachoi_remote_write_fan_out_ops;

/* --- a process that exits --- */

static bool is_child;

/* A process that exits without shutting down leaves its memory to the system. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return is_child;
}

struct child {
    pid_t pid;
    int urls; /* written to */
};

/* A child that waits for two URLs, does `body` with them, and exits. Forked before this process has
 * threads: a lock of theirs would be held for ever in it. */
static struct child child_begin(void (*body)(const char *first, const char *second)) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    const pid_t pid = fork();
    cr_assert(ge(i32, pid, 0));
    if (pid == 0) {
        char urls[2][URL_BYTES] = {"", ""};
        is_child = true;
        (void)close(ends[1]);
        if (read(ends[0], urls, sizeof urls) == (ssize_t)sizeof urls) {
            body(urls[0], urls[1]);
        }
        exit(0);
    }
    (void)close(ends[0]);
    return (struct child){.pid = pid, .urls = ends[1]};
}

static void child_go_on(const struct child *child, const char *first, const char *second) {
    char urls[2][URL_BYTES] = {"", ""};
    (void)snprintf(urls[0], URL_BYTES, "%s", first);
    (void)snprintf(urls[1], URL_BYTES, "%s", second);
    cr_assert(eq(int, (int)write(child->urls, urls, sizeof urls), (int)sizeof urls));
    (void)close(child->urls);
}

static void child_end(const struct child *child) {
    int status = 0;
    cr_assert(eq(i32, waitpid(child->pid, &status, 0), child->pid));
    cr_assert(eq(int, WIFEXITED(status) ? 1 : 0, 1));
    cr_assert(eq(int, WEXITSTATUS(status), 0));
}

/* What fails in a child is seen in its exit status. */
static void child_export(tacho_metric_exporter *exporter, size_t gauges) {
    struct batch batch;
    batch_init(&batch, batch_resource(), 1000);
    batch_add_gauges(&batch, "level", 1, gauges);
    if (ops->export_batch(tacho_metric_exporter_self(exporter, ops), &batch.batch,
                          TACHO_NO_DEADLINE) != TACHO_OK) {
        _exit(8);
    }
}

static tacho_metric_exporter *child_create(const tacho_remote_write_options *const *options,
                                           size_t count) {
    tacho_metric_exporter *exporter = NULL;
    if (tacho_remote_write_exporter_create_many(options, count, &exporter) != TACHO_OK) {
        _exit(9);
    }
    return exporter;
}

static void exit_with_two(const char *good, const char *bad) {
    tacho_remote_write_options first = fast_options(good);
    tacho_remote_write_options second = fast_options(bad);
    first.name = "good";
    second.name = "bad"; /* the last one made is the first one closed */
    first.flush_at_exit = second.flush_at_exit = true;
    first.batch_send_deadline_ms = second.batch_send_deadline_ms = 60000;
    const tacho_remote_write_options *options[] = {&first, &second};
    child_export(child_create(options, 2), 10);
}

Test(exiting, delivers_to_one_beside_another_that_hangs) {
    const struct child child = child_begin(exit_with_two);
    struct receiver *good = receiver_start();
    struct receiver *bad = receiver_start();
    receiver_script(good, &(struct receiver_step){.status = 503}, 1);
    receiver_script(bad, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    child_go_on(&child, receiver_url(good), receiver_url(bad));
    child_end(&child);
    cr_expect(eq(sz, receiver_sample_count(good), 10));
    receiver_stop(good);
    receiver_stop(bad);
}

/* --- hooks that do not return --- */

static _Atomic(unsigned) hooks_entered;
static _Atomic(unsigned) hooks_left;
static _Atomic(unsigned) late_calls; /* of hooks, after the exporter was destroyed */
static _Atomic(bool) is_destroyed;
static _Atomic(bool) may_return;

static void note_call(void) {
    if (is_destroyed) {
        late_calls++;
    }
}

static void hang(void *user, const tacho_remote_write_result *result) {
    (void)user;
    (void)result;
    note_call();
    hooks_entered++;
    while (!may_return) {
        (void)usleep(1000);
    }
    hooks_left++;
}

static void note_drop(void *user, uint64_t samples, const char *reason, const char *series) {
    (void)user;
    (void)samples;
    (void)reason;
    (void)series;
    note_call();
}

/* ENDPOINTS of them to one URL, with hooks that hang. */
static tacho_metric_exporter *create_hanging(const char *url) {
    static char names[ENDPOINTS][8];
    static tacho_remote_write_options all[ENDPOINTS];
    const tacho_remote_write_options *options[ENDPOINTS];
    for (size_t i = 0; i < ENDPOINTS; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%zu", i);
        all[i] = fast_options(url);
        all[i].name = names[i];
        all[i].max_samples_per_send = 1;
        all[i].flush_at_exit = true;
        all[i].on_request = hang;
        all[i].on_drop = note_drop;
        options[i] = &all[i];
    }
    return child_create(options, ENDPOINTS);
}

static void await(const _Atomic(unsigned) *number, unsigned least) {
    const uint64_t start_ns = tachoi_monotonic_ns();
    while (atomic_load(number) < least && passed_ms(start_ns) < PATIENCE_MS) {
        (void)usleep(1000);
    }
}

/* Sending threads of this process. */
static size_t count_senders(void) {
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (const struct dirent *it = readdir(tasks); it != NULL; it = readdir(tasks)) {
        char path[300];
        char name[32] = "";
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", it->d_name);
        FILE *file = fopen(path, "r"); /* a thread may have ended meanwhile */
        if (file != NULL) {
            count +=
                fgets(name, sizeof name, file) != NULL && strcmp(name, "tacho-remote-wr\n") == 0
                    ? 1
                    : 0;
            (void)fclose(file);
        }
    }
    (void)closedir(tasks);
    return count;
}

static void await_no_senders(void) {
    const uint64_t start_ns = tachoi_monotonic_ns();
    while (count_senders() > 0 && passed_ms(start_ns) < PATIENCE_MS) {
        (void)usleep(1000);
    }
    cr_assert(eq(sz, count_senders(), 0));
}

static uint64_t exit_begin_ns;

static void judge_time(void) {
    if (passed_ms(exit_begin_ns) > 200 + 250) { /* 600 were it 100 for each */
        _exit(7);
    }
}

static void exit_with_hanging(const char *url, const char *unused) {
    (void)unused;
    (void)atexit(judge_time); /* runs last */
    child_export(create_hanging(url), 3);
    await(&hooks_entered, ENDPOINTS);
    exit_begin_ns = tachoi_monotonic_ns();
}

Test(exiting, takes_200_ms_for_all_of_them) {
    const struct child child = child_begin(exit_with_hanging);
    struct receiver *receiver = receiver_start();
    child_go_on(&child, receiver_url(receiver), "");
    child_end(&child);
    receiver_stop(receiver);
}

static void *shut_down_slowly(void *exporter) {
    (void)ops->shutdown(tacho_metric_exporter_self(exporter, ops),
                        tacho_deadline_from_timeout(20000));
    return NULL;
}

/* Who shuts down may still be joining the thread. */
static void judge_threads(void) {
    judge_time();
    for (int i = 0; i < 200 && count_senders() > 0; i++) {
        (void)usleep(1000);
    }
    if (count_senders() > 0) {
        _exit(6);
    }
}

static void exit_while_shutting_down(const char *url, const char *unused) {
    pthread_t thread;
    tacho_remote_write_options options = fast_options(url);
    const tacho_remote_write_options *list[] = {&options};
    (void)unused;
    (void)atexit(judge_threads); /* runs last */
    tacho_metric_exporter *exporter = child_create(list, 1);
    child_export(exporter, 3);
    if (pthread_create(&thread, NULL, shut_down_slowly, exporter) != 0) {
        _exit(5);
    }
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    do { /* until the request hangs, and the shutdown has begun */
        (void)usleep(20000);
        (void)tacho_remote_write_exporter_stats(exporter, &stats);
    } while (stats.requests == 0);
    (void)usleep(20000);
    exit_begin_ns = tachoi_monotonic_ns();
}

Test(exiting, stops_a_sender_whose_shutdown_is_under_way) {
    const struct child child = child_begin(exit_while_shutting_down);
    struct receiver *receiver = receiver_start();
    receiver_script(receiver, &(struct receiver_step){.action = RECEIVER_HANG}, 1);
    child_go_on(&child, receiver_url(receiver), "");
    child_end(&child);
    receiver_stop(receiver);
}

/* Destruction waits a second for the threads, for all of them together. */
Test(destruction, abandons_hooks_that_hang_together_and_calls_none_afterwards) {
    struct receiver *receiver = receiver_start();
    tacho_resource *resource = batch_resource();
    tacho_diagnostics_set_handler(keep_diagnostic, NULL);
    tacho_metric_exporter *exporter = create_hanging(receiver_url(receiver));
    struct batch batch;
    batch_init(&batch, resource, 1000);
    batch_add_gauges(&batch, "level", 1, 3);
    cr_assert(eq(int,
                 ops->export_batch(tacho_metric_exporter_self(exporter, ops), &batch.batch,
                                   TACHO_NO_DEADLINE),
                 TACHO_OK));
    batch_fini(&batch);
    await(&hooks_entered, ENDPOINTS);
    cr_assert(eq(u32, hooks_entered, ENDPOINTS));
    (void)ops->shutdown(tacho_metric_exporter_self(exporter, ops), tacho_deadline_from_timeout(10));
    const uint64_t start_ns = tachoi_monotonic_ns();
    tacho_metric_exporter_destroy(exporter);
    cr_expect(lt(u32, passed_ms(start_ns), 2000));
    is_destroyed = true;
    may_return = true;
    await(&hooks_left, ENDPOINTS);
    cr_assert(eq(u32, hooks_left, ENDPOINTS));
    await_no_senders(); /* they free what is theirs */
    cr_expect(eq(u32, late_calls, 0));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}
