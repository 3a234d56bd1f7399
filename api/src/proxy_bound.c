/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the bound handles of the global provider. Unlike instruments they end: a program may bind
 * and release for each request, and nothing of it stays. */
#include "attributes_copy.h"
#include "memory.h"
#include "noop.h"
#include "proxy.h"

struct bound_request {
    struct tachoi_proxy_instrument *instrument;
    tacho_attributes attributes;
};

static void *lay_out_bound(struct tachoi_block *block, const void *source) {
    const struct bound_request *request = source;
    struct tachoi_proxy_bound *bound =
        tachoi_block_take(block, 1, sizeof(*bound), _Alignof(struct tachoi_proxy_bound));
    tacho_attributes attributes = tachoi_api_attributes_copy(block, request->attributes);
    if (bound != NULL) {
        *bound = (struct tachoi_proxy_bound){.instrument = request->instrument,
                                             .attributes = attributes};
        atomic_init(&bound->handle.ops, &tachoi_noop_bound_ops);
        atomic_init(&bound->handle.self, NULL);
    }
    return bound;
}

static struct tachoi_proxy_bound *find_locked(const tacho_spi_bound *handle) {
    struct tachoi_table_node *node =
        tachoi_table_find(&tachoi_proxies.bounds_by_address, tachoi_table_hash_address(handle));
    while (node != NULL && node->owner != handle) {
        node = tachoi_table_find_next(node);
    }
    return node != NULL ? node->owner : NULL;
}

static struct tachoi_proxy_bound *add_locked(struct tachoi_proxy_instrument *instrument,
                                             tacho_attributes attributes) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    const struct bound_request request = {instrument, attributes};
    struct tachoi_proxy_bound *bound = NULL;
    if (all->bounds_by_address.count < TACHOI_BOUNDS_MAX) {
        bound = tachoi_block_create(lay_out_bound, &request);
    }
    if (bound != NULL) {
        tachoi_table_insert(&all->bounds_by_address, &bound->by_address,
                            tachoi_table_hash_address(bound), bound);
        bound->previous = all->last_bound;
        *(all->bounds != NULL ? &all->last_bound->next : &all->bounds) = bound;
        all->last_bound = bound;
    }
    return bound;
}

static void remove_from_list_locked(struct tachoi_proxy_bound *bound) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    *(bound->previous != NULL ? &bound->previous->next : &all->bounds) = bound->next;
    *(bound->next != NULL ? &bound->next->previous : &all->last_bound) = bound->previous;
}

static void give_back(void *object) {
    tacho_spi_bound *bound = object;
    const tacho_spi_bound_ops *ops = atomic_load_explicit(&bound->ops, memory_order_acquire);
    ops->release(atomic_load_explicit(&bound->self, memory_order_acquire));
}

/* Takes a bound handle that is released and not pinned out of the list, so that end_bound can
 * follow without the lock. */
static bool end_begins_locked(struct tachoi_proxy_bound *bound) {
    if (!bound->released || bound->pins != 0) {
        return false;
    }
    remove_from_list_locked(bound);
    for (struct tachoi_proxy_link *link = bound->links; link != NULL; link = link->next) {
        link->target->users++; /* left when its object has been given back */
    }
    return true;
}

static void end_bound(struct tachoi_proxy_bound *bound) {
    while (bound->links != NULL) {
        struct tachoi_proxy_link *link = bound->links;
        bound->links = link->next;
        give_back(link->object);
        tachoi_proxy_leave(link->target);
        tachoi_api_free(link);
    }
    tachoi_api_free(bound);
}

static void unpin(struct tachoi_proxy_bound *bound) {
    tachoi_proxy_lock();
    bound->pins -= bound->pins > 0 ? 1 : 0; /* 0 in the child of a fork() made meanwhile */
    bool ends = end_begins_locked(bound);
    tachoi_proxy_unlock();
    if (ends) {
        end_bound(bound);
    }
}

static tacho_spi_bound *target_bind(struct tachoi_proxy_instrument *instrument,
                                    tacho_attributes attributes,
                                    struct tachoi_proxy_target *target) {
    tacho_spi_instrument *linked = tachoi_proxy_instrument_link(instrument, target);
    if (linked == NULL) {
        return NULL;
    }
    const tacho_spi_instrument_ops *ops = atomic_load_explicit(&linked->ops, memory_order_acquire);
    return ops->bind != NULL
               ? ops->bind(atomic_load_explicit(&linked->self, memory_order_acquire), attributes)
               : NULL;
}

static void publish_locked(struct tachoi_proxy_bound *bound, const tacho_spi_bound *linked) {
    const tacho_spi_bound_ops *ops = atomic_load_explicit(&linked->ops, memory_order_acquire);
    void *object = atomic_load_explicit(&linked->self, memory_order_acquire);
    /* release, in this order: pair with the acquire loads of `ops`, then `self`, in each call */
    atomic_store_explicit(&bound->handle.self, object, memory_order_release);
    atomic_store_explicit(&bound->handle.ops, ops, memory_order_release);
}

/* Publishes what the target gave before; false if it gave nothing yet. */
static bool relink(struct tachoi_proxy_bound *bound, struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    const struct tachoi_proxy_link *link = tachoi_proxy_link_find(bound->links, target);
    if (link != NULL && tachoi_proxies.current == target) {
        publish_locked(bound, link->object);
    }
    tachoi_proxy_unlock();
    return link != NULL;
}

/* The caller has pinned the bound handle and is inside the target. */
static void link_bound(struct tachoi_proxy_bound *bound, struct tachoi_proxy_target *target) {
    if (relink(bound, target)) {
        return;
    }
    tacho_spi_bound *given = target_bind(bound->instrument, bound->attributes, target);
    if (given == NULL) {
        return;
    }
    struct tachoi_proxy_link *link = tachoi_api_malloc(sizeof(*link));
    tachoi_proxy_lock();
    if (link != NULL && tachoi_proxy_link_find(bound->links, target) == NULL) {
        *link = (struct tachoi_proxy_link){target, given, bound->links};
        bound->links = link;
        if (tachoi_proxies.current == target) {
            publish_locked(bound, given);
        }
        link = NULL;
        given = NULL;
    }
    tachoi_proxy_unlock();
    tachoi_api_free(link);
    if (given != NULL) {
        give_back(given); /* no memory, or another thread was first */
    }
}

bool tachoi_proxy_bind(tacho_spi_instrument *handle, tacho_attributes attributes,
                       tacho_spi_bound **out) {
    tachoi_proxy_lock();
    struct tachoi_proxy_instrument *instrument = tachoi_proxy_instrument_find_locked(handle);
    if (instrument == NULL) {
        tachoi_proxy_unlock();
        return false;
    }
    struct tachoi_proxy_bound *bound = add_locked(instrument, attributes);
    struct tachoi_proxy_target *target = tachoi_proxy_enter_locked();
    if (bound != NULL && target != NULL) {
        bound->pins++;
    }
    tachoi_proxy_unlock();

    if (bound != NULL) {
        *out = &bound->handle;
        if (target != NULL) {
            link_bound(bound, target);
            unpin(bound);
        }
    } else if (target != NULL) {
        *out = target_bind(instrument, attributes, target);
    }
    tachoi_proxy_leave(target);
    return true;
}

bool tachoi_proxy_release(tacho_spi_bound *handle) {
    tachoi_proxy_lock();
    struct tachoi_proxy_bound *bound = find_locked(handle);
    bool ends = false;
    if (bound != NULL) {
        tachoi_table_remove(&tachoi_proxies.bounds_by_address, &bound->by_address);
        bound->released = true;
        ends = end_begins_locked(bound);
    }
    tachoi_proxy_unlock();
    if (ends) {
        end_bound(bound);
    }
    return bound != NULL;
}

/* The first one from here on that is not released, pinned. */
static struct tachoi_proxy_bound *pin_from_locked(struct tachoi_proxy_bound *bound) {
    while (bound != NULL && bound->released) {
        bound = bound->next;
    }
    if (bound != NULL) {
        bound->pins++;
    }
    return bound;
}

void tachoi_proxy_bounds_link_all(struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    struct tachoi_proxy_bound *bound = pin_from_locked(tachoi_proxies.bounds);
    bool is_current = tachoi_proxies.current == target;
    tachoi_proxy_unlock();
    while (bound != NULL) {
        if (is_current) {
            link_bound(bound, target);
        }
        tachoi_proxy_lock();
        is_current = tachoi_proxies.current == target;
        /* the next one is pinned while this one is, which keeps it in the list */
        struct tachoi_proxy_bound *next = is_current ? pin_from_locked(bound->next) : NULL;
        tachoi_proxy_unlock();
        unpin(bound);
        bound = next;
    }
}

void tachoi_proxy_bounds_unlink_locked(void) {
    for (struct tachoi_proxy_bound *bound = tachoi_proxies.bounds; bound != NULL;
         bound = bound->next) {
        /* release for uniformity: the no-op table is constant and fits any `self` */
        atomic_store_explicit(&bound->handle.ops, &tachoi_noop_bound_ops, memory_order_release);
    }
}

void tachoi_proxy_bounds_forget_locked(const struct tachoi_proxy_target *target) {
    for (struct tachoi_proxy_bound *bound = tachoi_proxies.bounds; bound != NULL;
         bound = bound->next) {
        tachoi_proxy_link_drop(&bound->links, target);
    }
}
