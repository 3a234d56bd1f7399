/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how something is timed and printed. A program names its cases and what each is compared
 * with; then all cases are timed in turn, round by round, so that what disturbs the machine
 * disturbs a case and its floor alike. The figure to quote is a ratio: of one thread that of the
 * fastest rounds, else the median over the rounds of the case's time by the other's of the same
 * round. Nothing here knows what is timed. */
#ifndef TACHO_BENCH_H
#define TACHO_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_THREADS_MAX = 8 };

/** Does `iterations` of what is timed; `thread` counts from 0. */
typedef void (*bench_run_fn)(void *state, unsigned thread, uint64_t iterations);

/** Gives one figure of a round. */
typedef double (*bench_figure_fn)(void *state);

/** How many of all iterations have arrived where they belong. */
typedef uint64_t (*bench_arrived_fn)(void *state);

struct bench_case {
    const char *name;
    const char *unit;       /* NULL: "ns/op" */
    unsigned threads;       /* 0 counts as 1; they run at once, on one state */
    bench_run_fn run;       /* its processor time is taken, per iteration and thread */
    double operations;      /* by which an iteration's time is divided; 0 counts as 1 */
    uint64_t most;          /* iterations of a round; 0: as many as fill its time */
    bench_figure_fn figure; /* instead of run: a figure that is no time */
    /* NULL: nothing can be lost. Else it is asked before and after each round of the case, which
     * nothing else may add to meanwhile; what did not arrive is printed beside the case, and of one
     * thread it is a failure. */
    bench_arrived_fn arrived;
    void *state;
};

/** Adds a case; what `name` points to must stay. */
void bench_add(const struct bench_case *added);

/** Prints the ratio of `name` to `against`, both cases of this program, and whether it is over
 * `target` (0: none). */
void bench_compare(const char *name, const char *against, double target);

/** Prints whether `name` itself, in its worst round, is over `target`. */
void bench_limit(const char *name, double target);

/** Has `call` called after each round; what a program does now and then, as collecting. */
void bench_after_round(void (*call)(void));

/** Times the cases added by `set_up` and prints them: as a table, or with --json as one object per
 * line. Options: --json, --rounds N (at least 7), --filter TEXT (cases whose name contains it; and
 * what they are compared with); --only CASE N: does N iterations of that case and nothing else, for
 * a tool that counts instructions. Returns the exit status: 1 if one thread lost something. */
int bench_main(int argc, char **argv, const char *program, void (*set_up)(void));

/** Makes the compiler believe that the memory is read and written. */
#define BENCH_TOUCH(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/** Ends the program with a message; for set-up that failed. */
_Noreturn void bench_die(const char *what);

/** Processor time of this thread, wall time; nanoseconds. */
uint64_t bench_thread_ns(void);
uint64_t bench_wall_ns(void);

#endif
