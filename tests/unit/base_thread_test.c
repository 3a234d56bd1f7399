/* SPDX-License-Identifier: Apache-2.0 */
/* Tests threads, timed waiting and the knowledge of fork. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/thread.h"
#include "tacho/status.h"

struct facts {
    pthread_mutex_t lock;
    pthread_cond_t named;
    bool is_named;
    sigset_t mask;
    char name[16];
    size_t stack_bytes;
};

/* The name is given by the creator: the thread waits until that is done before it looks. */
static void *gather(void *argument) {
    struct facts *facts = argument;
    pthread_mutex_lock(&facts->lock);
    while (!facts->is_named) {
        pthread_cond_wait(&facts->named, &facts->lock);
    }
    pthread_mutex_unlock(&facts->lock);
    pthread_sigmask(SIG_SETMASK, NULL, &facts->mask);
    pthread_getname_np(pthread_self(), facts->name, sizeof facts->name);
    pthread_attr_t attr;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstacksize(&attr, &facts->stack_bytes);
    pthread_attr_destroy(&attr);
    return facts;
}

static void run_thread(struct facts *facts, const char *name, size_t stack_bytes) {
    *facts = (struct facts){.lock = PTHREAD_MUTEX_INITIALIZER, .named = PTHREAD_COND_INITIALIZER};
    pthread_t thread;
    cr_assert(eq(int, tachoi_thread_start(&thread, name, stack_bytes, gather, facts), TACHO_OK));
    pthread_mutex_lock(&facts->lock);
    facts->is_named = true;
    pthread_cond_signal(&facts->named);
    pthread_mutex_unlock(&facts->lock);
    void *result = NULL;
    pthread_join(thread, &result);
    cr_assert(eq(ptr, result, facts));
}

Test(thread, runs_with_all_signals_blocked_and_its_name) {
    struct facts facts;
    run_thread(&facts, "tacho-test", 0);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGALRM, SIGPROF};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        cr_assert(eq(int, sigismember(&facts.mask, signals[i]), 1), "signal %d", signals[i]);
    }
    cr_assert(eq(str, facts.name, "tacho-test"));
    cr_assert(ge(sz, facts.stack_bytes, TACHOI_DEFAULT_STACK_BYTES));
}

Test(thread, the_creators_mask_is_as_before) {
    sigset_t wanted;
    sigset_t after;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &wanted, NULL);
    struct facts facts;
    run_thread(&facts, "tacho-test", 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    cr_assert(eq(int, sigismember(&after, SIGUSR2), 1));
    cr_assert(eq(int, sigismember(&after, SIGUSR1), 0));
    cr_assert(eq(int, sigismember(&after, SIGTERM), 0));
}

Test(thread, small_and_odd_stack_sizes_are_made_usable) {
    struct facts facts;
    run_thread(&facts, "tacho-small", 1);
    cr_assert(ge(sz, facts.stack_bytes, (size_t)PTHREAD_STACK_MIN));
    size_t odd = 1024 * 1024 + 1;
    run_thread(&facts, "tacho-odd", odd);
    cr_assert(ge(sz, facts.stack_bytes, odd));
}

Test(thread, an_impossible_stack_is_an_error) {
    pthread_t thread = pthread_self();
    int status = tachoi_thread_start(&thread, "tacho-huge", SIZE_MAX, gather, NULL);
    cr_assert(eq(int, status, TACHO_E_SYSTEM));
    cr_assert(pthread_equal(thread, pthread_self()));
}

Test(cond, a_wait_ends_at_the_deadline) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    cr_assert(eq(int, tachoi_cond_init(&cond), 0));
    pthread_mutex_lock(&lock);
    uint64_t deadline = tachoi_deadline_after_ms(tachoi_monotonic_ns(), 5);
    while (tachoi_cond_wait_until(&cond, &lock, deadline)) {
    }
    cr_assert(ge(u64, tachoi_monotonic_ns(), deadline));
    cr_assert(not(tachoi_cond_wait_until(&cond, &lock, 0)));
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&cond);
}

struct baton {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool is_passed;
};

static void *pass(void *argument) {
    struct baton *baton = argument;
    pthread_mutex_lock(&baton->lock);
    baton->is_passed = true;
    pthread_cond_signal(&baton->cond);
    pthread_mutex_unlock(&baton->lock);
    return NULL;
}

Test(cond, a_signal_ends_a_wait_without_deadline) {
    struct baton baton = {.lock = PTHREAD_MUTEX_INITIALIZER};
    cr_assert(eq(int, tachoi_cond_init(&baton.cond), 0));
    pthread_mutex_lock(&baton.lock);
    pthread_t thread;
    cr_assert(eq(int, tachoi_thread_start(&thread, "tacho-pass", 0, pass, &baton), TACHO_OK));
    while (!baton.is_passed) {
        cr_assert(tachoi_cond_wait_until(&baton.cond, &baton.lock, UINT64_MAX));
    }
    pthread_mutex_unlock(&baton.lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&baton.cond);
}

/* The exit code of a child that runs `judge`. */
static int in_child(int (*judge)(void)) {
    pid_t child = fork();
    if (child == 0) {
        _exit(judge());
    }
    int status = 0;
    cr_assert(eq(int, waitpid(child, &status, 0), child));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int generation(void) {
    return (int)tachoi_fork_generation();
}

static int generation_of_grandchild(void) {
    return in_child(generation);
}

Test(fork, each_generation_has_its_number) {
    cr_assert(eq(u32, tachoi_fork_generation(), 1));
    cr_assert(tachoi_fork_watch());
    cr_assert(tachoi_fork_watch()); /* registers nothing again */
    cr_assert(eq(int, in_child(generation), 2));
    cr_assert(eq(int, in_child(generation_of_grandchild), 3));
    cr_assert(eq(u32, tachoi_fork_generation(), 1));
}
