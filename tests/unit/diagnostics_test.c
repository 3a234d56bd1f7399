/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics: the level, the rate limit, the default lines, and handlers among threads. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/report.h"
#include "sdk_fixture.h"

static void report(tacho_severity severity, const char *kind) {
    tacho_diagnostics_report(severity, "test", kind, "message of %s", kind);
}

static void report_all_severities(void) {
    report(TACHO_SEVERITY_ERROR, "error");
    report(TACHO_SEVERITY_WARNING, "warning");
    report(TACHO_SEVERITY_INFO, "info");
    report(TACHO_SEVERITY_DEBUG, "debug");
}

/* ERR-08 */
Test(diagnostics, a_handler_gets_warnings_and_errors) {
    capture_diagnostics();
    report_all_severities();
    cr_expect(eq(sz, diagnostics_log.count, 2));
    cr_expect(was_told("error", "message of error"));
    cr_expect(was_told("warning", "message of warning"));
}

/* ENV-12 */
Test(diagnostics, the_level_comes_from_the_environment) {
    setenv("OTEL_LOG_LEVEL", "DEBUG", 1);
    capture_diagnostics();
    report_all_severities();
    cr_expect(eq(sz, diagnostics_log.count, 4));
}

Test(diagnostics, the_level_none_silences_all) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    capture_diagnostics();
    report_all_severities();
    cr_expect(eq(sz, diagnostics_log.count, 0));
}

/* ENV-08 */
Test(diagnostics, an_unknown_level_is_told_and_means_warn) {
    setenv("OTEL_LOG_LEVEL", "loud", 1);
    capture_diagnostics();
    report_all_severities();
    cr_expect(was_told("environment_invalid", "OTEL_LOG_LEVEL=loud"));
    cr_expect(eq(sz, diagnostics_log.count, 3));
}

static uint64_t last_suppressed;

static void keep_suppressed(const tacho_diagnostic *diagnostic, void *user) {
    _Atomic(unsigned) *calls = user;
    cr_expect(eq(sz, diagnostic->struct_size, sizeof *diagnostic));
    last_suppressed = diagnostic->suppressed;
    atomic_fetch_add(calls, 1);
}

Test(diagnostics, of_one_kind_one_message_a_minute_gets_through) {
    _Atomic(unsigned) calls = 0;
    tacho_diagnostics_set_handler(keep_suppressed, &calls);
    for (int i = 0; i < 100; i++) {
        report(TACHO_SEVERITY_WARNING, "often");
    }
    cr_expect(eq(u32, atomic_load(&calls), 1));
    cr_expect(eq(u64, last_suppressed, 0));
    report(TACHO_SEVERITY_WARNING, "other");
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "component", "often", "x");
    cr_expect(eq(u32, atomic_load(&calls), 3));
}

Test(diagnostics, of_set_up_each_subject_gets_through) {
    _Atomic(unsigned) calls = 0;
    tacho_diagnostics_set_handler(keep_suppressed, &calls);
    for (unsigned i = 0; i < 10; i++) {
        char subject[8];
        snprintf(subject, sizeof subject, "s%u", i % 3);
        tachoi_report(TACHO_SEVERITY_WARNING, "test", "set_up", subject, "about %s", subject);
        tachoi_report(TACHO_SEVERITY_WARNING, "test", "set_up", NULL, "about none");
    }
    cr_expect(eq(u32, atomic_load(&calls), 4));
}

Test(diagnostics, a_message_has_no_line_break_and_an_end) {
    char longest[3000];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    capture_diagnostics();
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "test", "lines", "a\nb\r\tc\x1b[31m\x7f%s",
                             "\n");
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "test", "long", "%s", longest);
    cr_expect(eq(str, (char *)diagnostic_of("lines"), (char *)"a b  c [31m  "));
    cr_expect(eq(sz, strlen(diagnostic_of("long")), sizeof diagnostics_log.messages[0] - 1));
}

/* --- the default handler --- */

/* What `act` writes to standard error, in `text`. */
static void catch_stderr(void (*act)(void), char *text, size_t size) {
    int ends[2];
    cr_assert(eq(int, pipe(ends), 0));
    int before = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    act();
    dup2(before, STDERR_FILENO);
    close(ends[1]);
    ssize_t length = read(ends[0], text, size - 1);
    text[length > 0 ? length : 0] = '\0';
    close(ends[0]);
    close(before);
}

Test(diagnostics, the_default_is_a_line_on_standard_error) {
    char text[512];
    tacho_diagnostics_set_handler(NULL, NULL);
    catch_stderr(report_all_severities, text, sizeof text);
    cr_expect(eq(str, text,
                 (char *)"tacho: error: test: message of error\n"
                         "tacho: warning: test: message of warning\n"));
}

Test(diagnostics, a_closed_standard_error_does_not_kill_the_host) {
    int ends[2];
    signal(SIGPIPE, SIG_DFL);
    cr_assert(eq(int, pipe(ends), 0));
    int before = dup(STDERR_FILENO);
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    report_all_severities();
    sigset_t pending;
    sigpending(&pending);
    dup2(before, STDERR_FILENO);
    cr_expect(eq(int, sigismember(&pending, SIGPIPE), 0));
}

/* --- threads --- */

static void report_again(const tacho_diagnostic *diagnostic, void *user) {
    _Atomic(unsigned) *calls = user;
    (void)diagnostic;
    atomic_fetch_add(calls, 1);
    report(TACHO_SEVERITY_ERROR, "from inside");
}

Test(diagnostics, a_report_from_inside_the_handler_goes_nowhere) {
    _Atomic(unsigned) calls = 0;
    tacho_diagnostics_set_handler(report_again, &calls);
    report(TACHO_SEVERITY_ERROR, "first");
    cr_expect(eq(u32, atomic_load(&calls), 1));
    report(TACHO_SEVERITY_ERROR, "second");
    cr_expect(eq(u32, atomic_load(&calls), 2));
}

static void replace_itself(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    tacho_diagnostics_set_handler(log_diagnostic, user);
}

Test(diagnostics, a_handler_may_replace_itself) {
    diagnostics_log.count = 0;
    tacho_diagnostics_set_handler(replace_itself, &diagnostics_log);
    report(TACHO_SEVERITY_ERROR, "first");
    report(TACHO_SEVERITY_ERROR, "second");
    cr_expect(eq(sz, diagnostics_log.count, 1));
    cr_expect(was_told("second", ""));
}

struct slow_handler {
    struct latch entered;
    struct latch hold;
    _Atomic(unsigned) inside;
    _Atomic(unsigned) most_inside;
    _Atomic(unsigned) calls;
};

static void handle_slowly(const tacho_diagnostic *diagnostic, void *user) {
    struct slow_handler *slow = user;
    (void)diagnostic;
    unsigned inside = atomic_fetch_add(&slow->inside, 1) + 1;
    if (inside > atomic_load(&slow->most_inside)) {
        atomic_store(&slow->most_inside, inside);
    }
    latch_open(&slow->entered);
    latch_wait(&slow->hold);
    atomic_fetch_sub(&slow->inside, 1);
    atomic_fetch_add(&slow->calls, 1);
}

static void *report_thread(void *argument) {
    report(TACHO_SEVERITY_ERROR, argument);
    return NULL;
}

Test(diagnostics, replacing_a_handler_waits_for_its_run_and_runs_do_not_overlap) {
    struct slow_handler slow = {.entered = LATCH_INITIALIZER, .hold = LATCH_INITIALIZER};
    pthread_t threads[2];
    tacho_diagnostics_set_handler(handle_slowly, &slow);
    cr_assert(eq(int, pthread_create(&threads[0], NULL, report_thread, (void *)"a"), 0));
    cr_assert(latch_wait(&slow.entered));
    uint64_t begin_ns = tachoi_monotonic_ns();
    report(TACHO_SEVERITY_ERROR, "b"); /* gives up instead of waiting for ever */
    cr_expect(lt(u64, tachoi_monotonic_ns() - begin_ns, 2 * TACHOI_NS_PER_S));
    cr_assert(eq(int, pthread_create(&threads[1], NULL, report_thread, (void *)"c"), 0));
    latch_open(&slow.hold);
    tacho_diagnostics_set_handler(NULL, NULL);
    cr_expect(eq(u32, atomic_load(&slow.inside), 0));
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    cr_expect(ge(u32, atomic_load(&slow.calls), 1));
    cr_expect(eq(u32, atomic_load(&slow.most_inside), 1));
}

Test(diagnostics, a_child_forked_while_a_handler_runs_can_report) {
    struct slow_handler slow = {.entered = LATCH_INITIALIZER, .hold = LATCH_INITIALIZER};
    pthread_t thread;
    tacho_diagnostics_set_handler(handle_slowly, &slow);
    cr_assert(eq(int, pthread_create(&thread, NULL, report_thread, (void *)"a"), 0));
    cr_assert(latch_wait(&slow.entered));
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        diagnostics_log.count = 0;
        tacho_diagnostics_set_handler(log_diagnostic, &diagnostics_log);
        report(TACHO_SEVERITY_ERROR, "a");
        _exit(diagnostics_log.count == 1 ? 0 : 1);
    }
    int status = 0;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    cr_expect(eq(int, status, 0));
    latch_open(&slow.hold);
    pthread_join(thread, NULL);
}
