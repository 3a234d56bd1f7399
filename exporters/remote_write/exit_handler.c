/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what happens to workers at exit. See exit_handler.h.
 *
 * The list and its lock belong to one process: a fork may happen while another thread holds the
 * lock, so a child never touches its parent's list. It makes one of its own when it needs one; the
 * parent's stays reachable behind it, unused. */
#include "remote_write/exit_handler.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork.h"

#define EXIT_BUDGET_MS 200
/* What of it is for delivering, where that is wanted; the rest is for stopping. */
#define EXIT_FLUSH_MS 100

struct exit_list {
    /* immutable */
    uint32_t generation; /* of the process it belongs to */
    struct exit_list *parents;

    pthread_mutex_t lock;
    struct tachoi_exit_entry *first; /* guarded by lock */
};

static _Atomic(struct exit_list *) current; /* set by release, read by acquire */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_registered; /* written under `once` */

static struct exit_list *list_of_this_process(void) {
    struct exit_list *list = atomic_load_explicit(&current, memory_order_acquire);
    return list != NULL && list->generation == tachoi_fork_generation() ? list : NULL;
}

/* The first entry from this one on whose thread is another one: exit() may be called on a sending
 * thread itself. */
static struct tachoi_exit_entry *other_than_this(struct tachoi_exit_entry *entry) {
    while (entry != NULL && tachoi_worker_is_current(entry->worker)) {
        entry = entry->next;
    }
    return entry;
}

/* Each step for all workers, so that none waits in another's time. */
static void close_all(struct tachoi_exit_entry *all) {
    const uint64_t start_ns = tachoi_monotonic_ns();
    const uint64_t flush_until_ns = tachoi_deadline_after_ms(start_ns, EXIT_FLUSH_MS);
    const uint64_t end_ns = tachoi_deadline_after_ms(start_ns, EXIT_BUDGET_MS);
    struct tachoi_exit_entry *const first = other_than_this(all);
    for (struct tachoi_exit_entry *it = first; it != NULL; it = other_than_this(it->next)) {
        tachoi_worker_close_begin(it->worker, &it->wait);
    }
    for (struct tachoi_exit_entry *it = first; it != NULL; it = other_than_this(it->next)) {
        tachoi_worker_close_settle(it->worker, &it->wait,
                                   it->wants_flush ? flush_until_ns : start_ns);
    }
    for (struct tachoi_exit_entry *it = first; it != NULL; it = other_than_this(it->next)) {
        tachoi_worker_stop(it->worker); /* also where a shutdown is under way */
    }
    for (struct tachoi_exit_entry *it = first; it != NULL; it = other_than_this(it->next)) {
        (void)tachoi_worker_close_end(it->worker, &it->wait, end_ns, end_ns);
    }
}

static void at_exit(void) {
    struct exit_list *list = list_of_this_process();
    if (list == NULL) {
        return;
    }
    pthread_mutex_lock(&list->lock);
    close_all(list->first);
    pthread_mutex_unlock(&list->lock);
}

static void register_handler(void) {
    is_registered = atexit(at_exit) == 0;
}

/* The list of this process, made if there is none. NULL when memory is short. */
static struct exit_list *make_list(void) {
    struct exit_list *list = list_of_this_process();
    if (list != NULL) {
        return list;
    }
    struct exit_list *made = tachoi_calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        tachoi_free(made);
        return NULL;
    }
    made->generation = tachoi_fork_generation();
    made->parents = atomic_load_explicit(&current, memory_order_acquire);
    while (made->parents == NULL || made->parents->generation != made->generation) {
        /* Release: pairs with the acquire of whoever finds the list. */
        if (atomic_compare_exchange_weak_explicit(&current, &made->parents, made,
                                                  memory_order_release, memory_order_acquire)) {
            return made;
        }
    }
    list = made->parents; /* another thread was faster */
    (void)pthread_mutex_destroy(&made->lock);
    tachoi_free(made);
    return list;
}

int tachoi_exit_handler_add(struct tachoi_exit_entry *entry, struct tachoi_worker *worker,
                            bool wants_flush) {
    struct exit_list *list = make_list();
    if (list == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    (void)pthread_once(&once, register_handler);
    if (!is_registered) {
        return TACHO_E_SYSTEM;
    }
    *entry = (struct tachoi_exit_entry){.worker = worker, .wants_flush = wants_flush};
    pthread_mutex_lock(&list->lock);
    entry->next = list->first;
    list->first = entry;
    pthread_mutex_unlock(&list->lock);
    return TACHO_OK;
}

void tachoi_exit_handler_remove(struct tachoi_exit_entry *entry) {
    struct exit_list *list = list_of_this_process();
    if (list == NULL) {
        return;
    }
    pthread_mutex_lock(&list->lock);
    struct tachoi_exit_entry **link = &list->first;
    while (*link != NULL && *link != entry) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = entry->next;
    }
    pthread_mutex_unlock(&list->lock);
}
