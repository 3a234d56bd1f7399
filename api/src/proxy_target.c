/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what all proxies share: the lock and its way through fork, entering and leaving a target,
 * and the lists of what targets gave. The rules stand in proxy.h. */
#include "proxy.h"

#include <string.h>

#include "memory.h"

/* No version will grow by more; a larger struct_size was never set and must not be read along. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

struct tachoi_proxy_registry tachoi_proxies = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void before_fork(void) {
    (void)pthread_mutex_lock(&tachoi_proxies.lock);
}

static void after_fork_in_parent(void) {
    (void)pthread_mutex_unlock(&tachoi_proxies.lock);
}

/* The threads that were inside a target, were linking or waited do not exist here. What they were
 * about to give back stays as it is: a few objects that nobody uses. */
static void after_fork_in_child(void) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    for (struct tachoi_proxy_target *target = all->targets; target; target = target->next) {
        target->users = 0;
    }
    for (struct tachoi_proxy_bound *bound = all->bounds; bound != NULL; bound = bound->next) {
        bound->pins = 0;
    }
    for (struct tachoi_proxy_callback *callback = all->callbacks; callback != NULL;
         callback = callback->next) {
        callback->busy = false;
    }
    all->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    (void)pthread_mutex_unlock(&all->lock);
}

/* Where memory is too short for the handlers, fork is as unsafe as without them. */
static void watch_fork(void) {
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* The handlers are registered at the first use of the lock, as there are no constructors; a process
 * that has no proxies has no handlers either. pthread_once makes sure that nobody holds the lock
 * before they stand. The lock is held for list operations only, never while foreign code runs, so
 * taking it before fork() waits for nothing. */
void tachoi_proxy_lock(void) {
    (void)pthread_once(&fork_once, watch_fork);
    (void)pthread_mutex_lock(&tachoi_proxies.lock);
}

void tachoi_proxy_unlock(void) {
    (void)pthread_mutex_unlock(&tachoi_proxies.lock);
}

struct tachoi_proxy_target *tachoi_proxy_enter_locked(void) {
    struct tachoi_proxy_target *target = tachoi_proxies.current;
    if (target != NULL) {
        target->users++;
    }
    return target;
}

/* In the child of a fork() that was called inside the target, nobody is inside any more. */
void tachoi_proxy_leave_locked(struct tachoi_proxy_target *target) {
    if (target != NULL && target->users > 0 && --target->users == 0) {
        (void)pthread_cond_broadcast(&tachoi_proxies.changed);
    }
}

void tachoi_proxy_leave(struct tachoi_proxy_target *target) {
    if (target != NULL) {
        tachoi_proxy_lock();
        tachoi_proxy_leave_locked(target);
        tachoi_proxy_unlock();
    }
}

static bool is_zero(const unsigned char *bytes, size_t size) {
    while (size > 0 && bytes[size - 1] == 0) {
        size--;
    }
    return size == 0;
}

static bool has_unknown_members(const void *given, size_t size, size_t known_size) {
    return size > known_size &&
           (size - known_size > MAX_UNKNOWN_BYTES ||
            !is_zero((const unsigned char *)given + known_size, size - known_size));
}

void tachoi_proxy_read_options(const void *given, void *known, size_t known_size,
                               size_t minimum_size) {
    size_t size = known_size;
    memset(known, 0, known_size);
    if (given != NULL) {
        memcpy(&size, given, sizeof(size));
        if (has_unknown_members(given, size, known_size)) {
            size = TACHOI_OPTIONS_UNKNOWN;
        } else if (size >= minimum_size) {
            memcpy(known, given, size < known_size ? size : known_size);
            size = known_size;
        }
    }
    memcpy(known, &size, sizeof(size));
}

bool tachoi_proxy_text_equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

struct tachoi_proxy_link *tachoi_proxy_link_find(struct tachoi_proxy_link *links,
                                                 const struct tachoi_proxy_target *target) {
    while (links != NULL && links->target != target) {
        links = links->next;
    }
    return links;
}

void tachoi_proxy_link_drop(struct tachoi_proxy_link **links,
                            const struct tachoi_proxy_target *target) {
    while (*links != NULL) {
        struct tachoi_proxy_link *link = *links;
        if (link->target == target) {
            *links = link->next;
            tachoi_api_free(link);
        } else {
            links = &link->next;
        }
    }
}
