/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the timing of cases and the printing of results. See bench.h. */
#include "bench/bench.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CASES_MAX = 256, COMPARISONS_MAX = 256, ROUNDS_MAX = 101, ROUNDS_LEAST = 7 };

/* How long a case is timed in a round, and how often threads that run together look at the clock.
 */
#define ROUND_NS UINT64_C(20000000)
#define SLICE_NS UINT64_C(100000)

struct timed_case {
    struct bench_case about;
    bool is_wanted;
    uint64_t slice; /* iterations between two looks at the clock */
    uint64_t done;  /* iterations of all rounds and threads, and how many did not arrive */
    uint64_t lost;
    double figures[ROUNDS_MAX];
};

struct comparison {
    const char *name;
    const char *against; /* NULL: with the target itself */
    double target;
};

static struct timed_case cases[CASES_MAX];
static size_t case_count;
static struct comparison comparisons[COMPARISONS_MAX];
static size_t comparison_count;
static void (*after_round)(void);

void bench_die(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(2);
}

static uint64_t now(clockid_t clock) {
    struct timespec time;
    (void)clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

uint64_t bench_thread_ns(void) {
    return now(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t bench_wall_ns(void) {
    return now(CLOCK_MONOTONIC);
}

void bench_add(const struct bench_case *added) {
    if (case_count == CASES_MAX) {
        bench_die("too many cases");
    }
    struct timed_case *timed = &cases[case_count++];
    timed->about = *added;
    timed->about.unit = added->unit != NULL ? added->unit : "ns/op";
    timed->about.threads = added->threads != 0 ? added->threads : 1;
    timed->about.operations = added->operations > 0 ? added->operations : 1;
}

static void add_comparison(const char *name, const char *against, double target) {
    if (comparison_count == COMPARISONS_MAX) {
        bench_die("too many comparisons");
    }
    comparisons[comparison_count++] = (struct comparison){name, against, target};
}

void bench_compare(const char *name, const char *against, double target) {
    add_comparison(name, against, target);
}

void bench_limit(const char *name, double target) {
    add_comparison(name, NULL, target);
}

static struct timed_case *find(const char *name) {
    for (size_t i = 0; i < case_count; i++) {
        if (strcmp(cases[i].about.name, name) == 0) {
            return &cases[i];
        }
    }
    fprintf(stderr, "bench: there is no case %s\n", name);
    exit(2);
}

void bench_after_round(void (*call)(void)) {
    after_round = call;
}

/* --- timing --- */

/** What is slow once, because its memory is new or it was interrupted, is not slow three times. */
static uint64_t fastest_of_three(const struct bench_case *about, uint64_t iterations) {
    uint64_t fastest = UINT64_MAX;
    for (int i = 0; i < 3; i++) {
        const uint64_t begin = bench_thread_ns();
        about->run(about->state, 0, iterations);
        const uint64_t ns = bench_thread_ns() - begin;
        fastest = ns < fastest ? ns : fastest;
    }
    return fastest;
}

/** Finds how many iterations a slice needs, and warms everything up. */
static void calibrate(struct timed_case *timed) {
    const struct bench_case *about = &timed->about;
    if (about->most != 0) {
        about->run(about->state, 0, 1); /* what is made when it is first wanted is made now */
        timed->slice = about->most;
        return;
    }
    timed->slice = 1;
    while (fastest_of_three(about, timed->slice) < SLICE_NS && timed->slice < UINT64_MAX / 4) {
        timed->slice *= 2;
    }
}

struct team {
    const struct timed_case *timed;
    _Atomic(unsigned) ready;
    _Atomic(bool) is_over;
};

struct member {
    struct team *team;
    unsigned number;
    uint64_t iterations;
    uint64_t ns;
};

/** All threads run until the first has run for the round's time, so that they run together. */
static void *run_member(void *given) {
    struct member *member = given;
    struct team *team = member->team;
    const struct timed_case *timed = team->timed;
    atomic_fetch_add(&team->ready, 1);
    while (atomic_load(&team->ready) < timed->about.threads) {
    }
    const uint64_t begin = bench_thread_ns();
    do {
        timed->about.run(timed->about.state, member->number, timed->slice);
        member->iterations += timed->slice;
        member->ns = bench_thread_ns() - begin;
        if (timed->about.most != 0 || member->ns >= ROUND_NS) {
            atomic_store_explicit(&team->is_over, true, memory_order_relaxed);
        }
    } while (!atomic_load_explicit(&team->is_over, memory_order_relaxed));
    return NULL;
}

/** Nanoseconds of processor time that one iteration took one thread. */
static double time_threads(struct timed_case *timed) {
    struct team team = {.timed = timed};
    struct member members[BENCH_THREADS_MAX];
    pthread_t threads[BENCH_THREADS_MAX];
    const unsigned count = timed->about.threads;
    for (unsigned i = 0; i < count; i++) {
        members[i] = (struct member){.team = &team, .number = i};
        if (i > 0 && pthread_create(&threads[i], NULL, run_member, &members[i]) != 0) {
            bench_die("no thread");
        }
    }
    (void)run_member(&members[0]);
    double ns = (double)members[0].ns;
    double iterations = (double)members[0].iterations;
    for (unsigned i = 1; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        ns += (double)members[i].ns;
        iterations += (double)members[i].iterations;
    }
    timed->done += (uint64_t)iterations;
    return ns / iterations / timed->about.operations;
}

/** The same, with an account of what arrived. */
static double time_once(struct timed_case *timed) {
    const struct bench_case *about = &timed->about;
    if (about->arrived == NULL) {
        return time_threads(timed);
    }
    const uint64_t done = timed->done;
    const uint64_t arrived = about->arrived(about->state);
    const double ns = time_threads(timed);
    timed->lost += timed->done - done - (about->arrived(about->state) - arrived);
    return ns;
}

static void time_all(size_t rounds) {
    for (size_t i = 0; i < case_count; i++) {
        if (cases[i].is_wanted && cases[i].about.figure == NULL) {
            calibrate(&cases[i]);
        }
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < case_count; i++) {
            const struct bench_case *about = &cases[i].about;
            if (cases[i].is_wanted) {
                cases[i].figures[round] =
                    about->figure != NULL ? about->figure(about->state) : time_once(&cases[i]);
            }
        }
        if (after_round != NULL) {
            after_round();
        }
    }
}

/* --- printing --- */

struct spread {
    double min;
    double median;
    double max;
};

static int compare_doubles(const void *left, const void *right) {
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

static struct spread spread_of(const double *figures, size_t count) {
    double sorted[ROUNDS_MAX];
    memcpy(sorted, figures, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_doubles);
    return (struct spread){sorted[0], sorted[count / 2], sorted[count - 1]};
}

/** The ratios of the rounds; where one thread runs, the middle one is that of the fastest rounds,
 * which tells what the code costs when the machine does nothing else. Threads that run together may
 * miss each other in a round, so there it is the median. */
static bool is_of_fastest(const struct timed_case *timed, const struct timed_case *against) {
    return timed->about.run != NULL && timed->about.threads == 1 && against->about.threads == 1;
}

static struct spread ratio_of(const struct timed_case *timed, const struct timed_case *against,
                              size_t rounds) {
    double ratios[ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        ratios[round] = timed->figures[round] / against->figures[round];
    }
    struct spread spread = spread_of(ratios, rounds);
    if (is_of_fastest(timed, against)) {
        spread.median =
            spread_of(timed->figures, rounds).min / spread_of(against->figures, rounds).min;
    }
    return spread;
}

static void print_case(const char *program, const struct timed_case *timed, size_t rounds,
                       bool is_json) {
    const struct bench_case *about = &timed->about;
    const struct spread spread = spread_of(timed->figures, rounds);
    if (is_json) {
        printf("{\"program\":\"%s\",\"case\":\"%s\",\"unit\":\"%s\",\"threads\":%u,\"rounds\":%zu,"
               "\"min\":%.4g,\"median\":%.4g,\"max\":%.4g",
               program, about->name, about->unit, about->threads, rounds, spread.min, spread.median,
               spread.max);
        if (about->arrived != NULL) {
            printf(",\"done\":%" PRIu64 ",\"dropped\":%" PRIu64, timed->done, timed->lost);
        }
        puts("}");
        return;
    }
    printf("%-44s %10.2f %10.2f %10.2f  %s", about->name, spread.min, spread.median, spread.max,
           about->unit);
    if (about->arrived != NULL) {
        printf(", dropped %" PRIu64 " of %" PRIu64, timed->lost, timed->done);
    }
    putchar('\n');
}

static void print_comparison(const char *program, const struct comparison *comparison,
                             size_t rounds, bool is_json) {
    const struct timed_case *timed = find(comparison->name);
    struct spread ratio = spread_of(timed->figures, rounds);
    ratio.median = ratio.max; /* a limit holds in each round */
    if (comparison->against != NULL) {
        ratio = ratio_of(timed, find(comparison->against), rounds);
    }
    const char *against = comparison->against != NULL ? comparison->against : "";
    const char *rule = "most"; /* merge.jq reads it */
    if (comparison->against != NULL) {
        rule = is_of_fastest(timed, find(against)) ? "fastest" : "median";
    }
    if (is_json) {
        printf("{\"program\":\"%s\",\"case\":\"%s\",\"against\":\"%s\",\"min\":%.4g,"
               "\"ratio\":%.4g,\"max\":%.4g,\"target\":%.4g,\"rule\":\"%s\"}\n",
               program, comparison->name, against, ratio.min, ratio.median, ratio.max,
               comparison->target, rule);
        return;
    }
    printf("%-44s %10.2f %10.2f %10.2f  %s%s", comparison->name, ratio.min, ratio.median, ratio.max,
           comparison->against != NULL ? "x " : timed->about.unit, against);
    if (comparison->target > 0) {
        printf(" (at most %.4g)%s", comparison->target,
               ratio.median > comparison->target ? "  OVER" : "");
    }
    putchar('\n');
}

static void print_all(const char *program, size_t rounds, bool is_json) {
    if (!is_json) {
        printf("%s, %zu rounds\n%-44s %10s %10s %10s\n", program, rounds, "case", "min", "median",
               "max");
    }
    for (size_t i = 0; i < case_count; i++) {
        if (cases[i].is_wanted) {
            print_case(program, &cases[i], rounds, is_json);
        }
    }
    for (size_t i = 0; i < comparison_count; i++) {
        if (find(comparisons[i].name)->is_wanted) {
            print_comparison(program, &comparisons[i], rounds, is_json);
        }
    }
}

/* --- the program --- */

/** Wants the cases whose names hold the text (NULL: all), and what they are compared with. */
static void want(const char *filter) {
    for (size_t i = 0; i < case_count; i++) {
        cases[i].is_wanted = filter == NULL || strstr(cases[i].about.name, filter) != NULL;
    }
    for (size_t times = 0; times < comparison_count; times++) { /* and so on */
        for (size_t i = 0; i < comparison_count; i++) {
            if (find(comparisons[i].name)->is_wanted && comparisons[i].against != NULL) {
                find(comparisons[i].against)->is_wanted = true;
            }
        }
    }
}

/** Nobody is in the way of one thread, so it loses nothing. */
static bool has_lost_alone(void) {
    bool has_lost = false;
    for (size_t i = 0; i < case_count; i++) {
        if (cases[i].about.threads == 1 && cases[i].lost != 0) {
            fprintf(stderr, "bench: %s: one thread lost %" PRIu64 " of %" PRIu64 "\n",
                    cases[i].about.name, cases[i].lost, cases[i].done);
            has_lost = true;
        }
    }
    return has_lost;
}

static int run_only(const char *name, uint64_t iterations) {
    const struct bench_case *about = &find(name)->about;
    if (about->run == NULL) {
        bench_die("a figure does not run");
    }
    about->run(about->state, 0, iterations);
    return 0;
}

int bench_main(int argc, char **argv, const char *program, void (*set_up)(void)) {
    bool is_json = false;
    size_t rounds = 11;
    const char *filter = NULL;
    if (argc == 4 && strcmp(argv[1], "--only") == 0) {
        set_up();
        return run_only(argv[2], strtoull(argv[3], NULL, 10));
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            is_json = true;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) {
            filter = argv[++i];
        } else {
            fprintf(stderr, "usage: %s [--json] [--rounds N] [--filter TEXT] | --only CASE N\n",
                    argv[0]);
            return 2;
        }
    }
    if (rounds < ROUNDS_LEAST || rounds > ROUNDS_MAX) {
        bench_die("--rounds wants a number from 7 to 101");
    }
    set_up();
    want(filter);
    time_all(rounds);
    print_all(program, rounds, is_json);
    return has_lost_alone() ? 1 : 0;
}
