/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/worker.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/thread.h"

struct tachoi_worker {
    /* immutable after create */
    uint64_t interval_ns;
    uint32_t timeout_ms;
    size_t stack_size;

    tacho_metric_reader *reader; /* written by start, before the thread runs */

    /* provider's set-up and shutdown only */
    pthread_t handle;
    bool is_joined;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* any field below */
    /* guarded by lock */
    bool is_running;
    pthread_t thread; /* valid while is_running */
    uint64_t flush_requested;
    uint64_t flush_completed;
    uint64_t flush_deadline_ns; /* the latest of those who wait */
    int flush_status;           /* of the last flush */
    bool is_stop_requested;
    uint64_t stop_deadline_ns;
    bool has_finished;
    int finish_status;
};

struct tachoi_worker *tachoi_worker_create(uint32_t interval_ms, uint32_t timeout_ms,
                                           size_t stack_size) {
    struct tachoi_worker *worker = tachoi_calloc(1, sizeof *worker);
    if (worker == NULL || tachoi_cond_init(&worker->changed) != 0) {
        tachoi_free(worker);
        return NULL;
    }
    pthread_mutex_init(&worker->lock, NULL);
    worker->interval_ns = interval_ms * TACHOI_NS_PER_MS;
    worker->timeout_ms = timeout_ms;
    worker->stack_size = stack_size;
    return worker;
}

void tachoi_worker_destroy(struct tachoi_worker *worker) {
    if (worker == NULL) {
        return;
    }
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->changed);
    tachoi_free(worker);
}

/* --- the thread --- */

enum task { TASK_TICK, TASK_FLUSH, TASK_STOP };

struct order {
    enum task task;
    uint64_t ticket;
    uint64_t deadline_ns;
};

/* Waits for the next tick or a request. */
static struct order next_order(struct tachoi_worker *worker, uint64_t tick_ns) {
    struct order order = {.task = TASK_TICK};
    pthread_mutex_lock(&worker->lock);
    while (!worker->is_stop_requested && worker->flush_requested == worker->flush_completed &&
           tachoi_monotonic_ns() < tick_ns) {
        tachoi_cond_wait_until(&worker->changed, &worker->lock, tick_ns);
    }
    order.ticket = worker->flush_requested;
    if (worker->is_stop_requested) {
        order.task = TASK_STOP;
        order.deadline_ns = worker->stop_deadline_ns;
    } else if (worker->flush_requested != worker->flush_completed) {
        order.task = TASK_FLUSH;
        order.deadline_ns = worker->flush_deadline_ns;
        worker->flush_deadline_ns = 0;
    } else {
        order.deadline_ns = tachoi_deadline_after_ms(tachoi_monotonic_ns(), worker->timeout_ms);
    }
    pthread_mutex_unlock(&worker->lock);
    return order;
}

static void complete_flush(struct tachoi_worker *worker, uint64_t ticket, int status) {
    pthread_mutex_lock(&worker->lock);
    worker->flush_completed = ticket;
    worker->flush_status = status;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

static void complete_stop(struct tachoi_worker *worker, int status) {
    pthread_mutex_lock(&worker->lock);
    worker->flush_completed = worker->flush_requested;
    worker->flush_status = status;
    worker->finish_status = status;
    worker->has_finished = true;
    worker->is_running = false;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

/* The first tick after now on the grid that began at `tick_ns`. */
static uint64_t tick_after(const struct tachoi_worker *worker, uint64_t tick_ns) {
    uint64_t now_ns = tachoi_monotonic_ns();
    if (now_ns < tick_ns) {
        return tick_ns; /* a flush came in between */
    }
    return tick_ns + ((now_ns - tick_ns) / worker->interval_ns + 1) * worker->interval_ns;
}

static void *worker_run(void *argument) {
    struct tachoi_worker *worker = argument;
    pthread_mutex_lock(&worker->lock);
    worker->thread = pthread_self();
    worker->is_running = true;
    pthread_mutex_unlock(&worker->lock);
    uint64_t tick_ns = tachoi_monotonic_ns() + worker->interval_ns;
    struct order order = next_order(worker, tick_ns);
    while (order.task != TASK_STOP) {
        int status = tachoi_reader_collect(worker->reader, order.deadline_ns, false, NULL, NULL);
        if (order.task == TASK_FLUSH) {
            complete_flush(worker, order.ticket, status);
        }
        tick_ns = tick_after(worker, tick_ns);
        order = next_order(worker, tick_ns);
    }
    complete_stop(worker, tachoi_reader_finish(worker->reader, order.deadline_ns));
    return NULL;
}

/* --- its masters --- */

int tachoi_worker_start(struct tachoi_worker *worker, tacho_metric_reader *reader) {
    worker->reader = reader;
    return tachoi_thread_start(&worker->handle, "tacho-reader", worker->stack_size, worker_run,
                               worker);
}

bool tachoi_worker_is_here(struct tachoi_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool is_here = worker->is_running && pthread_equal(worker->thread, pthread_self());
    pthread_mutex_unlock(&worker->lock);
    return is_here;
}

void tachoi_worker_flush(struct tachoi_worker *worker, uint64_t deadline_ns) {
    pthread_mutex_lock(&worker->lock);
    worker->flush_requested++;
    if (worker->flush_deadline_ns < deadline_ns) {
        worker->flush_deadline_ns = deadline_ns;
    }
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

int tachoi_worker_await_flush(struct tachoi_worker *worker, uint64_t deadline_ns) {
    bool is_in_time = true;
    pthread_mutex_lock(&worker->lock);
    uint64_t ticket = worker->flush_requested;
    while (worker->flush_completed < ticket && !worker->has_finished && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&worker->changed, &worker->lock, deadline_ns);
    }
    int status = TACHO_E_TIMEOUT;
    if (worker->flush_completed >= ticket) {
        status = worker->flush_status;
    } else if (worker->has_finished) {
        status = TACHO_E_SHUTDOWN;
    }
    pthread_mutex_unlock(&worker->lock);
    return status;
}

void tachoi_worker_stop(struct tachoi_worker *worker, uint64_t deadline_ns) {
    pthread_mutex_lock(&worker->lock);
    worker->is_stop_requested = true;
    worker->stop_deadline_ns = deadline_ns;
    pthread_cond_broadcast(&worker->changed);
    pthread_mutex_unlock(&worker->lock);
}

bool tachoi_worker_await_stop(struct tachoi_worker *worker, uint64_t deadline_ns, int *status) {
    bool is_in_time = true;
    pthread_mutex_lock(&worker->lock);
    while (!worker->has_finished && is_in_time) {
        is_in_time = tachoi_cond_wait_until(&worker->changed, &worker->lock, deadline_ns);
    }
    bool has_finished = worker->has_finished;
    *status = worker->finish_status;
    pthread_mutex_unlock(&worker->lock);
    if (has_finished && !worker->is_joined) {
        pthread_join(worker->handle, NULL); /* it has nothing left to do but return */
        worker->is_joined = true;
    }
    return has_finished;
}
