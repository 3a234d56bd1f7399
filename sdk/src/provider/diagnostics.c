/* SPDX-License-Identifier: Apache-2.0 */
/* The diagnostics of the process: a level, a rate limit and a handler, with one reporter at a time.
 *
 * A reporter takes the *turn*, asks the rate limit, calls the handler and gives the turn back. The
 * turn is a word, not a mutex, for two reasons: it carries the fork generation, so that a child is
 * not stuck with a turn that a thread of its parent held; and it serialises long user code, which
 * polling, at the pace of one message a minute and kind, may wait for. A handler that hangs does
 * not hang others: who has waited for PATIENCE_NS lets its message go and counts it. */
#include "tacho/sdk/diagnostics.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/event_log.h"
#include "base/fork.h"
#include "base/hash.h"
#include "base/text.h"
#include "pipeline/report.h"

#define MESSAGE_BYTES 2048 /* a duplicate instrument shows three names and a unit of 255 bytes */
#define LINE_BYTES (MESSAGE_BYTES + 192)
#define PATIENCE_NS (100 * TACHOI_NS_PER_MS)
#define POLL_NS (TACHOI_NS_PER_MS / 2)

struct handler {
    tacho_diagnostics_fn call;
    void *user;
};

static struct {
    /* atomic: generation << 1 | taken. Acquire on taking pairs with release on giving back. */
    _Atomic(uint64_t) turn;
    /* atomic: who has the turn; relaxed, only compared with the reader's own thread */
    _Atomic(pthread_t) holder;
    /* atomic: level + 1, 0 = not read yet; every reader computes the same */
    _Atomic(unsigned) level;
    _Atomic(uint64_t) given_up; /* messages that did not get the turn */

    /* by the holder of the turn */
    struct tachoi_event_log log;
    uint64_t log_generation;
    struct handler handlers[2]; /* the one not in use is written, then switched to: whole at fork */
    _Atomic(unsigned) current;  /* release on switching, for the child of a fork */
} state;

/* --- the turn --- */

static uint64_t taken_turn(void) {
    return (uint64_t)tachoi_fork_generation() << 1 | 1;
}

static bool is_my_turn(void) {
    return atomic_load_explicit(&state.turn, memory_order_relaxed) == taken_turn() &&
           pthread_equal(atomic_load_explicit(&state.holder, memory_order_relaxed), pthread_self());
}

static bool try_turn(void) {
    uint64_t taken = taken_turn();
    uint64_t seen = atomic_load_explicit(&state.turn, memory_order_relaxed);
    if (seen == taken ||
        !atomic_compare_exchange_strong_explicit(&state.turn, &seen, taken, memory_order_acquire,
                                                 memory_order_relaxed)) {
        return false;
    }
    atomic_store_explicit(&state.holder, pthread_self(), memory_order_relaxed);
    if (state.log_generation != tachoi_fork_generation()) { /* fork may have torn it */
        memset(&state.log, 0, sizeof state.log);
        state.log_generation = tachoi_fork_generation();
    }
    return true;
}

static bool take_turn(uint64_t deadline_ns) {
    const struct timespec pause = tachoi_timespec_from_ns(POLL_NS);
    (void)tachoi_fork_watch();
    while (!try_turn()) {
        if (tachoi_monotonic_ns() >= deadline_ns) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

static void give_turn(void) {
    atomic_store_explicit(&state.holder, (pthread_t)0, memory_order_relaxed);
    atomic_store_explicit(&state.turn, taken_turn() - 1, memory_order_release);
}

/* --- the default handler --- */

static const char *severity_text(tacho_severity severity) {
    switch (severity) {
    case TACHO_SEVERITY_ERROR:
        return "error";
    case TACHO_SEVERITY_WARNING:
        return "warning";
    case TACHO_SEVERITY_INFO:
        return "info";
    case TACHO_SEVERITY_DEBUG:
        break;
    }
    return "debug";
}

/* One write, so that lines of several processes do not mix; without the SIGPIPE that a closed
 * standard error would give the host. */
static void write_line(const char *line, size_t length) {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    int errno_before = errno;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    bool is_blocked = pthread_sigmask(SIG_BLOCK, &pipe_signal, &before) == 0;
    bool was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
    ssize_t written = write(STDERR_FILENO, line, length);
    if (written < 0 && errno == EPIPE && is_blocked && !was_pending) {
        const struct timespec at_once = {0};
        sigtimedwait(&pipe_signal, NULL, &at_once);
    }
    if (is_blocked) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    errno = errno_before;
}

static void write_to_stderr(const tacho_diagnostic *diagnostic) {
    char suppressed[64] = "";
    if (diagnostic->suppressed > 0) {
        snprintf(suppressed, sizeof suppressed, " (%" PRIu64 " more not shown)",
                 diagnostic->suppressed);
    }
    char line[LINE_BYTES];
    int length = snprintf(line, sizeof line - 1, "tacho: %s: %.64s: %s%s",
                          severity_text(diagnostic->severity), diagnostic->component,
                          diagnostic->message, suppressed);
    if (length < 0) {
        return;
    }
    size_t end = (size_t)length < sizeof line - 2 ? (size_t)length : sizeof line - 2;
    line[end] = '\n';
    write_line(line, end + 1);
}

/* --- reporting --- */

/* What OTEL_LOG_LEVEL lets through: severities up to the result; 0 = none. (ENV-12) */
static unsigned level_from_environment(bool *is_valid) {
    static const char *const names[] = {"none", "error", "warn", "info", "debug"};
    const char *value = tachoi_env_get("OTEL_LOG_LEVEL");
    *is_valid = true;
    for (unsigned i = 0; value != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (tachoi_ascii_equal_ignoring_case(value, names[i])) {
            return i;
        }
    }
    *is_valid = value == NULL;
    return TACHO_SEVERITY_WARNING;
}

static unsigned level(void) {
    unsigned known = atomic_load_explicit(&state.level, memory_order_relaxed);
    if (known != 0) {
        return known - 1;
    }
    bool is_valid;
    unsigned value = level_from_environment(&is_valid);
    known = atomic_exchange_explicit(&state.level, value + 1, memory_order_relaxed);
    if (known == 0 && !is_valid) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "diagnostics", "environment_invalid",
                                 "OTEL_LOG_LEVEL=%s is none of none, error, warn, info, debug; "
                                 "warn is used",
                                 tachoi_env_get("OTEL_LOG_LEVEL"));
    }
    return value;
}

/* Control characters could break the line or a terminal. */
static void clean(char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            *text = ' ';
        }
    }
}

/* With the turn. */
static void hand_over(tacho_diagnostic *diagnostic, const char *subject) {
    uint64_t subject_hash =
        subject != NULL ? tachoi_hash_bytes(subject, strlen(subject), 0) | 1 : 0;
    if (!tachoi_event_log_admit(&state.log, diagnostic->component, diagnostic->kind, subject_hash,
                                tachoi_monotonic_ns(), &diagnostic->suppressed)) {
        return;
    }
    diagnostic->suppressed += atomic_exchange_explicit(&state.given_up, 0, memory_order_relaxed);
    struct handler handler =
        state.handlers[atomic_load_explicit(&state.current, memory_order_relaxed)];
    if (handler.call != NULL) {
        handler.call(diagnostic, handler.user);
    } else {
        write_to_stderr(diagnostic);
    }
}

static bool is_wanted(tacho_severity severity, const char *component, const char *kind,
                      const char *format) {
    return (unsigned)severity <= level() && component != NULL && kind != NULL && format != NULL &&
           !is_my_turn(); /* the last: from inside the handler */
}

static void TACHO_PRINTF(5, 0)
    report(tacho_severity severity, const char *component, const char *kind, const char *subject,
           const char *format, va_list arguments) {
    char message[MESSAGE_BYTES];
    if (vsnprintf(message, sizeof message, format, arguments) < 0) {
        message[0] = '\0';
    }
    clean(message);
    tacho_diagnostic diagnostic = {.struct_size = sizeof diagnostic,
                                   .severity = severity,
                                   .component = component,
                                   .kind = kind,
                                   .message = message};
    if (!take_turn(tachoi_monotonic_ns() + PATIENCE_NS)) {
        atomic_fetch_add_explicit(&state.given_up, 1, memory_order_relaxed);
        return;
    }
    hand_over(&diagnostic, subject);
    give_turn();
}

void tacho_diagnostics_report(tacho_severity severity, const char *component, const char *kind,
                              const char *format, ...) {
    if (is_wanted(severity, component, kind, format)) {
        va_list arguments;
        va_start(arguments, format);
        report(severity, component, kind, NULL, format, arguments);
        va_end(arguments);
    }
}

void tachoi_report(tacho_severity severity, const char *component, const char *kind,
                   const char *subject, const char *format, ...) {
    if (is_wanted(severity, component, kind, format)) {
        va_list arguments;
        va_start(arguments, format);
        report(severity, component, kind, subject, format, arguments);
        va_end(arguments);
    }
}

void tacho_diagnostics_set_handler(tacho_diagnostics_fn handler, void *user) {
    bool is_inside = is_my_turn();
    if (!is_inside) {
        take_turn(UINT64_MAX);
    }
    unsigned next = 1 - atomic_load_explicit(&state.current, memory_order_relaxed);
    state.handlers[next] = (struct handler){.call = handler, .user = user};
    atomic_store_explicit(&state.current, next, memory_order_release);
    if (!is_inside) {
        give_turn();
    }
}
