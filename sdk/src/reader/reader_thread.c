/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reader_thread.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"

struct tachoi_reader_thread {
    /* immutable after create */
    struct tachoi_reader_thread_config config;
    uint64_t interval_ns;

    tacho_metric_reader *reader; /* written by start, before the thread runs */

    /* provider's set-up and shutdown only */
    pthread_t handle;
    bool is_joined;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* any field below */
    /* guarded by lock */
    bool is_running;
    pthread_t id; /* valid while is_running */
    uint64_t flush_requested;
    uint64_t flush_completed;
    uint64_t flush_deadline_ns; /* the latest of those who wait */
    int flush_status;           /* of the last flush */
    bool is_stop_requested;
    uint64_t stop_deadline_ns;
    bool has_finished;
    int finish_status;
};

struct tachoi_reader_thread *
tachoi_reader_thread_create(const struct tachoi_reader_thread_config *config) {
    struct tachoi_reader_thread *thread = tachoi_calloc(1, sizeof *thread);
    if (thread == NULL || tachoi_cond_init(&thread->changed) != 0) {
        tachoi_free(thread);
        return NULL;
    }
    pthread_mutex_init(&thread->lock, NULL);
    thread->config = *config;
    thread->interval_ns = config->interval_ms * TACHOI_NS_PER_MS;
    return thread;
}

void tachoi_reader_thread_destroy(struct tachoi_reader_thread *thread) {
    if (thread == NULL) {
        return;
    }
    pthread_mutex_destroy(&thread->lock);
    pthread_cond_destroy(&thread->changed);
    tachoi_free(thread);
}

/* --- the thread --- */

enum task { TASK_TICK, TASK_FLUSH, TASK_STOP };

struct order {
    enum task task;
    uint64_t ticket;
    uint64_t deadline_ns;
};

/* Waits for the next tick or a request. */
static struct order next_order(struct tachoi_reader_thread *thread, uint64_t tick_ns) {
    struct order order = {.task = TASK_TICK};
    pthread_mutex_lock(&thread->lock);
    while (!thread->is_stop_requested && thread->flush_requested == thread->flush_completed &&
           tachoi_monotonic_ns() < tick_ns) {
        tachoi_cond_wait_until(&thread->changed, &thread->lock, tick_ns);
    }
    order.ticket = thread->flush_requested;
    if (thread->is_stop_requested) {
        order.task = TASK_STOP;
        order.deadline_ns = thread->stop_deadline_ns;
    } else if (thread->flush_requested != thread->flush_completed) {
        order.task = TASK_FLUSH;
        order.deadline_ns = thread->flush_deadline_ns;
        thread->flush_deadline_ns = 0;
    } else {
        order.deadline_ns =
            tachoi_deadline_after_ms(tachoi_monotonic_ns(), thread->config.timeout_ms);
    }
    pthread_mutex_unlock(&thread->lock);
    return order;
}

static void complete_flush(struct tachoi_reader_thread *thread, uint64_t ticket, int status) {
    pthread_mutex_lock(&thread->lock);
    thread->flush_completed = ticket;
    thread->flush_status = status;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

static void complete_stop(struct tachoi_reader_thread *thread, int status) {
    pthread_mutex_lock(&thread->lock);
    thread->flush_completed = thread->flush_requested;
    thread->flush_status = status;
    thread->finish_status = status;
    thread->has_finished = true;
    thread->is_running = false;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

/* The first tick after now on the grid that began at `tick_ns`. */
static uint64_t tick_after(const struct tachoi_reader_thread *thread, uint64_t tick_ns) {
    uint64_t now_ns = tachoi_monotonic_ns();
    if (now_ns < tick_ns) {
        return tick_ns; /* a flush came in between */
    }
    return tick_ns + ((now_ns - tick_ns) / thread->interval_ns + 1) * thread->interval_ns;
}

static void *thread_run(void *argument) {
    struct tachoi_reader_thread *thread = argument;
    pthread_mutex_lock(&thread->lock);
    thread->id = pthread_self();
    thread->is_running = true;
    pthread_mutex_unlock(&thread->lock);
    uint64_t tick_ns = tachoi_monotonic_ns() + thread->config.first_ns;
    struct order order = next_order(thread, tick_ns);
    while (order.task != TASK_STOP) {
        int status = tachoi_reader_collect(thread->reader, order.deadline_ns, false, NULL, NULL);
        if (order.task == TASK_FLUSH) {
            complete_flush(thread, order.ticket, status);
        }
        tick_ns = tick_after(thread, tick_ns);
        order = next_order(thread, tick_ns);
    }
    complete_stop(thread, tachoi_reader_finish(thread->reader, order.deadline_ns));
    return NULL;
}

/* --- its masters --- */

int tachoi_reader_thread_start(struct tachoi_reader_thread *thread, tacho_metric_reader *reader) {
    thread->reader = reader;
    return tachoi_thread_start(&thread->handle, "tacho-reader", thread->config.stack_size,
                               thread_run, thread);
}

bool tachoi_reader_thread_is_here(struct tachoi_reader_thread *thread) {
    pthread_mutex_lock(&thread->lock);
    bool is_here = thread->is_running && pthread_equal(thread->id, pthread_self());
    pthread_mutex_unlock(&thread->lock);
    return is_here;
}

void tachoi_reader_thread_flush(struct tachoi_reader_thread *thread, uint64_t deadline_ns) {
    pthread_mutex_lock(&thread->lock);
    thread->flush_requested++;
    if (thread->flush_deadline_ns < deadline_ns) {
        thread->flush_deadline_ns = deadline_ns;
    }
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

int tachoi_reader_thread_await_flush(struct tachoi_reader_thread *thread, uint64_t deadline_ns) {
    bool is_in_time = true;
    pthread_mutex_lock(&thread->lock);
    uint64_t ticket = thread->flush_requested;
    while (thread->flush_completed < ticket && !thread->has_finished && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&thread->changed, &thread->lock, deadline_ns);
    }
    int status = TACHO_E_TIMEOUT;
    if (thread->flush_completed >= ticket) {
        status = thread->flush_status;
    } else if (thread->has_finished) {
        status = TACHO_E_SHUTDOWN;
    }
    pthread_mutex_unlock(&thread->lock);
    return status;
}

void tachoi_reader_thread_stop(struct tachoi_reader_thread *thread, uint64_t deadline_ns) {
    pthread_mutex_lock(&thread->lock);
    thread->is_stop_requested = true;
    thread->stop_deadline_ns = deadline_ns;
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->lock);
}

bool tachoi_reader_thread_await_stop(struct tachoi_reader_thread *thread, uint64_t deadline_ns,
                                     int *status) {
    bool is_in_time = true;
    pthread_mutex_lock(&thread->lock);
    while (!thread->has_finished && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&thread->changed, &thread->lock, deadline_ns);
    }
    bool has_finished = thread->has_finished;
    *status = thread->finish_status;
    pthread_mutex_unlock(&thread->lock);
    if (has_finished && !thread->is_joined) {
        pthread_join(thread->handle, NULL); /* it has nothing left to do but return */
        thread->is_joined = true;
    }
    return has_finished;
}
