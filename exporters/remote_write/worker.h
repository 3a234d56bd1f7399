/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the sending thread and the life of delivery: accepting records, flushing, closing. It knows
 * records and shards, not metrics. One thread drives all shards; flushing and closing are in
 * worker_close.c.
 *
 *   open --close--> closing --the thread is told to stop--> closed
 *
 * Which calls may run together on one worker: accept is called by one thread at a time; flush,
 * close and account by any, at any time between create and destroy. None of them waits for the
 * network longer than its deadline. No call of user code (diagnostics) is made under the lock.
 *
 * The account's lock guards the queues, the account and the life; it is held for short copies only.
 * The thread encodes and transfers without it. */
#ifndef TACHOI_REMOTE_WRITE_WORKER_H
#define TACHOI_REMOTE_WRITE_WORKER_H

#include "remote_write/batch_sizes.h"
#include "remote_write/metadata_sender.h"
#include "remote_write/series_cache.h"
#include "remote_write/shard.h"
#include "remote_write/startup_sender.h"

/** How long after its deadline a shutdown may still wait for the thread to end. */
#define TACHOI_STOP_GRACE_MS 100

/** How long destruction waits for it before it is abandoned: longer than a starved processor needs
 * for the longest step, loading the certificates of the system. */
#define TACHOI_END_PATIENCE_MS 1000

enum tachoi_worker_life { TACHOI_WORKER_OPEN, TACHOI_WORKER_CLOSING, TACHOI_WORKER_CLOSED };

struct tachoi_worker {
    /* immutable after start */
    const struct tachoi_remote_write_config *config;
    struct tachoi_http_client *client;
    pthread_t thread;
    void (*release)(void *owner); /* frees the worker's owner, if it was abandoned */
    void *owner;
    size_t shard_count;

    struct tachoi_account account;
    struct tachoi_endpoint endpoint;
    struct tachoi_shard *shards;
    struct tachoi_metadata_sender metadata;
    struct tachoi_startup_sender startup;

    /* guarded by the account's lock */
    enum tachoi_worker_life life;
    int close_status;   /* once closed */
    uint64_t lost_told; /* samples lost that a flush has told */
    bool is_hurried;    /* a flush waits: cut one backoff short */
    bool must_stop;     /* told to the thread */
    bool has_left;      /* the thread makes no more requests; the client may not be woken */
    bool has_ended;     /* it touches nothing any more, but for what is_abandoned tells */
    bool is_abandoned;  /* nobody waits for it: it calls `release` as the last thing */
    bool is_joined;
    size_t series_cached; /* for the statistics */
    uint64_t gathered;    /* samples of a collection of which batches are to come; pending */
};

/** What a batch yields, and the cache its series are from. */
struct tachoi_worker_batch {
    /** Records of the collection, queued now and taken out: a run for each shard, in their order.
     * NULL while more batches of it are to come: what this one yields is accepted and waits, in the
     * caller's runs, for the last one. */
    struct tachoi_run *runs;
    size_t run_count;  /* of shards; those behind get nothing */
    uint64_t accepted; /* samples of the batch: those for the runs and the invalid ones */
    uint64_t invalid;
    uint64_t stale_markers;      /* of those for the runs */
    uint64_t filtered;           /* series */
    uint64_t unsupported;        /* points */
    uint64_t exemplars;          /* not sent */
    uint64_t exemplars_accepted; /* in the records for the runs */
    uint64_t collisions_merged;  /* points */
    uint64_t collisions_dropped;
    /** New metadata for 1.0, taken over whatever is returned; NULL = none. */
    struct tachoi_metadata_bodies *metadata;
    int64_t time_ms;
    struct tachoi_series_cache *cache; /* finished; gives up what it sorted out */
};

/** Makes the client and the shards and starts the thread. `config` is borrowed and must outlive
 * the worker. On failure nothing is left. `release` is called with `owner`, on the thread and as
 * its last act, if end had to abandon it. Returns TACHO_OK; TACHO_E_INVALID, errno set, if the
 * password file cannot be read; TACHO_E_NO_MEMORY, TACHO_E_SYSTEM, TACHO_E_UNSUPPORTED. */
int tachoi_worker_start(struct tachoi_worker *worker,
                        const struct tachoi_remote_write_config *config,
                        void (*release)(void *owner), void *owner);

/** Whether it has not been closed. */
bool tachoi_worker_is_open(struct tachoi_worker *worker);

/** Gives chunks that are free again to the runs that a collection is to be gathered in, one for
 * each shard. */
void tachoi_worker_lend(struct tachoi_worker *worker, struct tachoi_run *runs, size_t run_count);

/** Accepts a batch, and queues its collection. TACHO_OK; TACHO_E_SHUTDOWN, then nothing was
 * counted or taken. Never waits for the network. */
int tachoi_worker_accept(struct tachoi_worker *worker, const struct tachoi_worker_batch *batch);

/** Counts samples as accepted and dropped, because the clock is unusable. */
void tachoi_worker_drop_for_clock(struct tachoi_worker *worker,
                                  const struct tachoi_batch_sizes *sizes);

/** Makes the thread look at what has changed, unless it has left. */
void tachoi_worker_wake_locked(struct tachoi_worker *worker);

/** Fills the account. */
void tachoi_worker_tell(struct tachoi_worker *worker, tacho_remote_write_stats *out);

/** Copies how often each status was answered. */
void tachoi_worker_tell_answers(struct tachoi_worker *worker,
                                struct tachoi_answers answers[TACHOI_ANSWER_KINDS]);

/** Samples waiting or in flight. */
uint64_t tachoi_worker_pending_locked(const struct tachoi_worker *worker);

/** Flushing and closing go in steps, for several workers under one deadline: each step is done for
 * all of them before the next one, so that they work at once and none waits in another's time. */
struct tachoi_worker_wait {
    bool is_mine; /* a flush that goes on; a close that is the first one */
    int status;
    uint64_t dropped_before;             /* dropped_shutdown, when the close began */
    uint64_t targets[TACHOI_SHARDS_MAX]; /* the records before them are to be settled */
};

void tachoi_worker_flush_begin(struct tachoi_worker *worker, struct tachoi_worker_wait *wait);
/** Waits until what was queued when it began is settled: TACHO_OK, TACHO_E_TIMEOUT,
 * TACHO_E_SHUTDOWN, or TACHO_E_FAILED if any sample was lost since the last flush that ended in
 * time: a refusal that was faster than the caller is told too, and every loss once. */
int tachoi_worker_flush_end(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                            uint64_t deadline_ns);

/** Begins to close; settle waits for what is queued, until the deadline; stop tells the thread to
 * end; end waits for that until `grace_ns`: what is left is counted dropped_shutdown and reported.
 * The first to begin counts, the others wait for it until the deadline and return its result. Ends
 * as flush does. */
void tachoi_worker_close_begin(struct tachoi_worker *worker, struct tachoi_worker_wait *wait);
void tachoi_worker_close_settle(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                                uint64_t deadline_ns);
void tachoi_worker_close_stop(struct tachoi_worker *worker, const struct tachoi_worker_wait *wait);
int tachoi_worker_close_end(struct tachoi_worker *worker, struct tachoi_worker_wait *wait,
                            uint64_t deadline_ns, uint64_t grace_ns);

/** Tells the thread to end, whoever closes: at exit(), where nobody waits for a shutdown. */
void tachoi_worker_stop(struct tachoi_worker *worker);

/** When to stop waiting for threads: `grace_ms` after the deadline, or after now if that has passed
 * or never comes. */
uint64_t tachoi_worker_grace_after(uint64_t deadline_ns, uint32_t grace_ms);

/** Waits until then for the thread's end; the worker must be closed. False if the thread would not
 * end in time: it is abandoned, calls no hook any more, and calls `release` when it ends. */
bool tachoi_worker_end(struct tachoi_worker *worker, uint64_t until_ns);

/** Frees what start made, once the thread has ended. */
void tachoi_worker_fini(struct tachoi_worker *worker);

/** Whether the caller runs on the worker's thread (in a diagnostics handler). */
bool tachoi_worker_is_current(const struct tachoi_worker *worker);

#endif
