/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the exporter leaves the process it lives in alone: its signals, the programs it
 * executes, the children it forks. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/fault_fixture.h"
#include "support/tls_identity.h"

static struct receiver *receiver;
static tacho_resource *resource;
static char url[100]; /* the receiver's */

static void begin(void) {
    receiver = receiver_start();
    resource = batch_resource();
    (void)snprintf(url, sizeof url, "%s", receiver_url(receiver));
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}

TestSuite(guest, .init = begin, .fini = end);

static tacho_metric_exporter *create_and_deliver(void) {
    const tacho_remote_write_options options = fast_options(url);
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_counter(exporter, resource, 1), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    return exporter;
}

/* --- signals --- */

/* A field of /proc/self/task/TASK/status as a number; false if it cannot be read. */
static bool read_mask(const char *task, const char *field, unsigned long long *out) {
    char path[300];
    char line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    FILE *file = fopen(path, "re");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, field, strlen(field)) == 0;
        if (found) {
            *out = strtoull(line + strlen(field), NULL, 16);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool is_sending_thread(const char *task) {
    char path[300];
    char name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task);
    FILE *file = fopen(path, "re");
    bool found = file != NULL && fgets(name, sizeof name, file) != NULL &&
                 strcmp(name, "tacho-remote-wr\n") == 0;
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

/* The signals that the sending thread blocks, bit n - 1 for signal n; 0 if there is no thread. */
static unsigned long long blocked_by_sending_thread(void) {
    unsigned long long mask = 0;
    DIR *tasks = opendir("/proc/self/task");
    cr_assert(ne(ptr, tasks, NULL));
    for (struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks)) {
        if (is_sending_thread(task->d_name)) {
            cr_assert(read_mask(task->d_name, "SigBlk:", &mask));
        }
    }
    closedir(tasks);
    return mask;
}

Test(guest, the_sending_thread_blocks_the_signals_of_the_host) {
    static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1,
                                  SIGUSR2, SIGCHLD, SIGURG,  SIGPROF, SIGIO,   SIGWINCH};
    tacho_metric_exporter *exporter = create_and_deliver();
    unsigned long long mask = blocked_by_sending_thread();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        cr_assert(ne(u64, mask >> (signals[i] - 1) & 1, 0), "%d in %llx", signals[i], mask);
    }
    tacho_metric_exporter_destroy(exporter);
}

/* Each connection is closed by the receiver while the body is written: what the sender writes then,
 * the end of TLS included, goes to a connection that is no more. */
static void survive_broken_connections(struct receiver *cutter, size_t count) {
    tacho_remote_write_options options = fast_options(receiver_url(cutter));
    options.tls_insecure_skip_verify = true;
    options.max_samples_per_send = 50000;
    options.max_bytes_per_send = 32 << 20;
    signal(SIGPIPE, SIG_DFL);
    receiver_cut_bodies(cutter, count);
    receiver_script(cutter, &(struct receiver_step){.status = 400}, 1); /* those that follow */
    tacho_metric_exporter *exporter = create(&options);
    cr_assert(eq(int, export_gauges(exporter, resource, 1, 50000, 1000), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_E_FAILED), "%s", fault_log.text);
    cr_assert(eq(u64, stats_of(exporter).failed, 50000));
    cr_assert(eq(u64, stats_of(exporter).retries, count));
    struct sigaction action;
    sigset_t pending;
    cr_assert(eq(int, sigaction(SIGPIPE, NULL, &action), 0));
    cr_assert(action.sa_handler == SIG_DFL);
    cr_assert(eq(int, sigpending(&pending), 0));
    cr_assert(eq(int, sigismember(&pending, SIGPIPE), 0));
    tacho_metric_exporter_destroy(exporter);
}

Test(guest, a_connection_that_breaks_in_mid_body_does_not_kill_the_host) {
    survive_broken_connections(receiver, 20);
}

Test(guest, a_tls_connection_that_breaks_in_mid_body_does_not_kill_the_host) {
    struct receiver *cutter = receiver_start_tls(tls_identity_certificate, tls_identity_key, NULL);
    survive_broken_connections(cutter, 20);
    receiver_stop(cutter);
}

/* --- descriptors --- */

static bool is_connected_to_receiver(int fd) {
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    char peers_url[64];
    if (getpeername(fd, (struct sockaddr *)&peer, &length) != 0 || peer.sin_family != AF_INET) {
        return false;
    }
    snprintf(peers_url, sizeof peers_url, "http://127.0.0.1:%u/api/v1/write", ntohs(peer.sin_port));
    return strcmp(peers_url, url) == 0;
}

static int connected_descriptor(void) {
    for (int fd = 3; fd < 256; fd++) {
        if (is_connected_to_receiver(fd)) {
            return fd;
        }
    }
    return -1;
}

Test(guest, sockets_are_closed_on_exec) {
    tacho_metric_exporter *exporter = create_and_deliver();
    int fd = connected_descriptor();
    cr_assert(ne(int, fd, -1));
    cr_assert(ne(int, fcntl(fd, F_GETFD) & FD_CLOEXEC, 0));
    tacho_metric_exporter_destroy(exporter);
}

/* --- fork --- */

/* Ends the process unless the condition holds; for children, whose assertions nobody sees. */
static void must(bool condition, int exit_status) {
    if (!condition) {
        _exit(exit_status);
    }
}

/* Reads the receiver's URL, delivers, forks a child that lives until the pipe is closed at its
 * other end, and ends. */
static void deliver_fork_and_end(int until, int unwanted) {
    must(read(until, url, sizeof url) == (ssize_t)sizeof url, 3);
    resource = batch_resource();
    tacho_metric_exporter *exporter = create_and_deliver();
    must(connected_descriptor() != -1, 1);
    pid_t child = fork();
    if (child == 0) {
        char nothing;
        close(unwanted);
        (void)!read(until, &nothing, 1);
        _exit(0);
    }
    must(child > 0 && exporter != NULL, 2);
    _exit(0);
}

/* The parent makes an exporter, so it is forked before this process has threads: a lock of the
 * allocator that one of them holds would be held in it for ever. */
Test(forking_guest, a_child_does_not_keep_the_parents_connection_open) {
    int ends[2];
    cr_assert(eq(int, pipe2(ends, O_CLOEXEC), 0));
    pid_t parent = fork();
    if (parent == 0) {
        deliver_fork_and_end(ends[0], ends[1]);
    }
    begin();
    cr_assert(eq(i64, (int64_t)write(ends[1], url, sizeof url), (int64_t)sizeof url));
    int status = -1;
    cr_assert(eq(int, waitpid(parent, &status, 0), parent));
    cr_assert(eq(int, status, 0));
    /* The child lives: it reads from the pipe whose other end is here. */
    cr_assert(receiver_wait_closed(receiver, 1, 5000));
    cr_assert(eq(sz, receiver_connection_count(receiver), 1));
    close(ends[1]);
    close(ends[0]);
    end();
}

/* A descriptor of the host that has taken the number of a socket is none of tacho's business. */
Test(guest, a_forked_child_keeps_descriptors_that_are_not_sockets_of_the_exporter) {
    tacho_metric_exporter *exporter = create_and_deliver();
    int fd = connected_descriptor();
    cr_assert(ne(int, fd, -1));
    int pair[2];
    cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0));
    cr_assert(eq(int, dup3(pair[0], fd, O_CLOEXEC), fd));
    pid_t child = fork();
    if (child == 0) {
        must(fcntl(fd, F_GETFD) != -1, 1);
        must(fcntl(pair[0], F_GETFD) != -1, 2);
        _exit(0);
    }
    int status = -1;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_assert(eq(int, status, 0));
    (void)shut_down(exporter, 10);
    tacho_metric_exporter_destroy(exporter);
    close(pair[0]);
    close(pair[1]);
}

Test(guest, a_parent_goes_on_with_its_connection_after_fork) {
    tacho_metric_exporter *exporter = create_and_deliver();
    pid_t child = fork();
    if (child == 0) {
        must(connected_descriptor() == -1, 1);
        _exit(0);
    }
    int status = -1;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_assert(eq(int, status, 0));
    cr_assert(eq(int, export_counter(exporter, resource, 2), TACHO_OK));
    cr_assert(eq(int, flush(exporter, PATIENCE_MS), TACHO_OK));
    cr_assert(eq(str, (char *)values_of(receiver, COUNTER), "1 2"));
    cr_assert(eq(sz, receiver_connection_count(receiver), 1));
    tacho_metric_exporter_destroy(exporter);
}
