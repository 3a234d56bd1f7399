/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the callback registrations of the global provider. The target runs the user's function
 * itself, so what unregistering promises about a running callback is kept by the target. A target
 * that was taken away for a time keeps its registrations, as it may still collect; they are given
 * back when the caller unregisters. */
#include "memory.h"
#include "noop.h"
#include "proxy.h"

static void unregister(void *self);

static const tacho_spi_callback_ops callback_ops = {
    .struct_size = sizeof(tacho_spi_callback_ops),
    .unregister = unregister,
};

struct callback_request {
    tacho_observe_fn run;
    void *user;
    const tacho_spi_instrument *const *observables;
    size_t count; /* of the observables, and room for as many in the copy */
};

static void *lay_out_callback(struct tachoi_block *block, const void *source) {
    const struct callback_request *request = source;
    struct tachoi_proxy_callback *callback =
        tachoi_block_take(block, 1, sizeof(*callback), _Alignof(struct tachoi_proxy_callback));
    void *instruments = tachoi_block_take(block, request->count, sizeof(void *), _Alignof(void *));
    void *linked = tachoi_block_take(block, request->count, sizeof(void *), _Alignof(void *));
    if (callback != NULL) {
        *callback = (struct tachoi_proxy_callback){.run = request->run,
                                                   .user = request->user,
                                                   .instruments = instruments,
                                                   .linked_instruments = linked};
        atomic_init(&callback->handle.ops, &callback_ops);
        atomic_init(&callback->handle.self, callback);
    }
    return callback;
}

enum observables {
    OBSERVABLES_NONE,   /* no-op objects only */
    OBSERVABLES_OURS,   /* proxies of the meter, perhaps no-op objects with them */
    OBSERVABLES_DIRECT, /* at least one that is not the API's: the target's, perhaps */
    OBSERVABLES_WRONG   /* NULL, or a proxy of another meter */
};

static enum observables judge_locked(const struct tachoi_proxy_meter *meter,
                                     const struct callback_request *request) {
    enum observables verdict = OBSERVABLES_NONE;
    for (size_t i = 0; i < request->count; i++) {
        const tacho_spi_instrument *observable = request->observables[i];
        const struct tachoi_proxy_instrument *instrument =
            tachoi_proxy_instrument_find_locked(observable);
        if (observable == NULL || (instrument != NULL && instrument->meter != meter)) {
            return OBSERVABLES_WRONG;
        }
        if (instrument == NULL && !tachoi_noop_is_instrument(observable)) {
            verdict = OBSERVABLES_DIRECT;
        } else if (instrument != NULL && verdict == OBSERVABLES_NONE) {
            verdict = OBSERVABLES_OURS;
        }
    }
    return verdict;
}

/* Adds it, marked busy; NULL when there is no room. */
static struct tachoi_proxy_callback *add_locked(const struct callback_request *request) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    struct tachoi_proxy_callback *callback = NULL;
    if (all->callback_count < TACHOI_CALLBACKS_MAX) {
        callback = tachoi_block_create(lay_out_callback, request);
    }
    if (callback == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < request->count; i++) {
        struct tachoi_proxy_instrument *instrument =
            tachoi_proxy_instrument_find_locked(request->observables[i]);
        if (instrument != NULL) {
            callback->instruments[callback->count++] = instrument;
        }
    }
    callback->busy = true;
    callback->previous = all->last_callback;
    *(all->callbacks != NULL ? &all->last_callback->next : &all->callbacks) = callback;
    all->last_callback = callback;
    all->callback_count++;
    return callback;
}

static void remove_locked(struct tachoi_proxy_callback *callback) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    *(callback->previous != NULL ? &callback->previous->next : &all->callbacks) = callback->next;
    *(callback->next != NULL ? &callback->next->previous : &all->last_callback) =
        callback->previous;
    all->callback_count--;
}

static int target_register(struct tachoi_proxy_meter *meter, struct tachoi_proxy_target *target,
                           const struct callback_request *request, tacho_spi_callback **out) {
    tacho_spi_meter *linked = tachoi_proxy_meter_link(meter, target);
    if (linked == NULL) {
        return TACHO_OK; /* a meter that does nothing */
    }
    const tacho_spi_meter_ops *ops = atomic_load_explicit(&linked->ops, memory_order_acquire);
    return ops->register_callback(atomic_load_explicit(&linked->self, memory_order_acquire),
                                  request->run, request->user, request->observables, request->count,
                                  out);
}

/* The caller is in charge of the callback and inside the target. The target gets its own
 * instruments, not the proxies, which another thread may be pointing to another target. */
static int link_callback(struct tachoi_proxy_callback *callback,
                         struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    bool is_linked = tachoi_proxy_link_find(callback->links, target) != NULL;
    tachoi_proxy_unlock();
    if (is_linked) {
        return TACHO_OK;
    }
    size_t count = 0;
    for (size_t i = 0; i < callback->count; i++) {
        tacho_spi_instrument *linked =
            tachoi_proxy_instrument_link(callback->instruments[i], target);
        if (linked != NULL) {
            callback->linked_instruments[count++] = linked;
        }
    }
    if (count == 0) {
        return TACHO_OK; /* nothing to observe in this target */
    }
    struct tachoi_proxy_link *link = tachoi_api_malloc(sizeof(*link));
    if (link == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    const struct callback_request request = {callback->run, callback->user,
                                             callback->linked_instruments, count};
    tacho_spi_callback *registered = NULL;
    int status = target_register(callback->instruments[0]->meter, target, &request, &registered);
    if (status != TACHO_OK || registered == NULL) {
        tachoi_api_free(link);
        return status;
    }
    tachoi_proxy_lock();
    *link = (struct tachoi_proxy_link){target, registered, callback->links};
    callback->links = link;
    tachoi_proxy_unlock();
    return TACHO_OK;
}

/* Links the callback, which the caller has marked busy, to the current target, and again if that
 * has changed meanwhile. Holds the lock but for the calls. Returns what the last target said. */
static int follow_locked(struct tachoi_proxy_callback *callback) {
    int status = TACHO_OK;
    struct tachoi_proxy_target *target = tachoi_proxy_enter_locked();
    while (target != NULL) {
        tachoi_proxy_unlock();
        status = link_callback(callback, target);
        tachoi_proxy_lock();
        bool again = tachoi_proxies.current != target && !callback->removed;
        struct tachoi_proxy_target *next = again ? tachoi_proxy_enter_locked() : NULL;
        tachoi_proxy_leave_locked(target);
        target = next;
    }
    callback->busy = false;
    (void)pthread_cond_broadcast(&tachoi_proxies.changed);
    return status;
}

/* A callback that stays for ever, for one instrument, is kept once however often it is given: a
 * program that creates its instruments again and again does not collect registrations. */
static bool is_permanent_locked(const struct callback_request *request) {
    struct tachoi_proxy_instrument *instrument =
        request->count == 1 ? tachoi_proxy_instrument_find_locked(request->observables[0]) : NULL;
    struct tachoi_proxy_callback *callback = instrument != NULL ? instrument->permanent : NULL;
    while (callback != NULL && (callback->run != request->run || callback->user != request->user)) {
        callback = callback->next_permanent;
    }
    return callback != NULL;
}

static void keep_permanent_locked(struct tachoi_proxy_callback *callback) {
    if (callback->count == 1) {
        callback->next_permanent = callback->instruments[0]->permanent;
        callback->instruments[0]->permanent = callback;
    }
}

static int register_locked(const struct callback_request *request, bool is_permanent,
                           struct tachoi_proxy_callback **out) {
    struct tachoi_proxy_callback *callback = add_locked(request);
    if (callback == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    int status = follow_locked(callback);
    if (status != TACHO_OK) {
        remove_locked(callback);
        tachoi_api_free(callback);
        return status;
    }
    if (is_permanent) {
        keep_permanent_locked(callback);
    }
    *out = callback;
    return TACHO_OK;
}

/* The target keeps what the API cannot: callbacks of its own instruments, and what exceeds the
 * limit. */
static int register_directly(struct tachoi_proxy_meter *meter,
                             const struct callback_request *request, int status_without_target,
                             tacho_spi_callback **out) {
    tachoi_proxy_lock();
    struct tachoi_proxy_target *target = tachoi_proxy_enter_locked();
    tachoi_proxy_unlock();
    int status = status_without_target;
    if (target != NULL) {
        status = target_register(meter, target, request, out);
        tachoi_proxy_leave(target);
    }
    return status;
}

int tachoi_proxy_register_callback(void *self, tacho_observe_fn callback, void *user,
                                   const tacho_spi_instrument *const *observables, size_t count,
                                   tacho_spi_callback **out) {
    const struct callback_request request = {callback, user, observables, count};
    struct tachoi_proxy_callback *added = NULL;
    int status = TACHO_OK;
    if (callback == NULL || observables == NULL || count == 0) {
        return TACHO_E_INVALID;
    }
    tachoi_proxy_lock();
    enum observables verdict = judge_locked(self, &request);
    if (verdict == OBSERVABLES_WRONG) {
        status = TACHO_E_INVALID;
    } else if (verdict == OBSERVABLES_OURS && !(out == NULL && is_permanent_locked(&request))) {
        status = register_locked(&request, out == NULL, &added);
    }
    tachoi_proxy_unlock();
    if (verdict == OBSERVABLES_DIRECT) {
        return register_directly(self, &request, TACHO_E_INVALID, out);
    }
    if (verdict == OBSERVABLES_OURS && status == TACHO_E_NO_MEMORY) {
        return register_directly(self, &request, status, out);
    }
    if (out != NULL && status == TACHO_OK) {
        *out = added != NULL ? &added->handle : NULL;
    }
    return status;
}

static void give_back(void *object) {
    tacho_spi_callback *callback = object;
    const tacho_spi_callback_ops *ops = atomic_load_explicit(&callback->ops, memory_order_acquire);
    ops->unregister(atomic_load_explicit(&callback->self, memory_order_acquire));
}

/* Inside the callback itself this waits for nothing: who is busy with it is in an SDK's
 * register_callback, which does not wait for callbacks, and the SDK's unregister knows. The SDK is
 * called without entering the target, which may be gone by then: see rule 1. */
static void unregister(void *self) {
    struct tachoi_proxy_callback *callback = self;
    tachoi_proxy_lock();
    callback->removed = true;
    while (callback->busy) {
        (void)pthread_cond_wait(&tachoi_proxies.changed, &tachoi_proxies.lock);
    }
    remove_locked(callback); /* from here on the links are ours alone */
    tachoi_proxy_unlock();
    while (callback->links != NULL) {
        struct tachoi_proxy_link *link = callback->links;
        callback->links = link->next;
        give_back(link->object);
        tachoi_api_free(link);
    }
    tachoi_api_free(callback);
}

void tachoi_proxy_callbacks_link_all(struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    struct tachoi_proxy_callback *callback = tachoi_proxies.callbacks;
    while (callback != NULL && tachoi_proxies.current == target) {
        if (!callback->busy && !callback->removed) {
            callback->busy = true;
            (void)follow_locked(callback);
        }
        /* still in the list: the lock has been held since it was last busy */
        callback = callback->next;
    }
    tachoi_proxy_unlock();
}

void tachoi_proxy_callbacks_forget_locked(const struct tachoi_proxy_target *target) {
    for (struct tachoi_proxy_callback *callback = tachoi_proxies.callbacks; callback != NULL;
         callback = callback->next) {
        tachoi_proxy_link_drop(&callback->links, target);
    }
}
