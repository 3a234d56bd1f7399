/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the objects of the global provider. They are proxies: they belong to the API, keep a copy of
 * what they were asked for, and follow the provider that is installed behind the global one.
 *
 * Words. A *target* is an SDK's provider that has been installed, from then until the SDK takes it
 * away for good (tacho_spi_uninstall). The *current* target is the one that the proxies follow. To
 * *link* a proxy is to ask the target for the object that it stands for. An instrument or a bound
 * proxy is linked while its pair {ops, self} is that object's; else its `ops` are the no-op table.
 *
 * Rules, which the functions below keep:
 *
 *  1. No function of an SDK is called with the lock held: a callback, a diagnostics handler or an
 *     SDK's own thread may need the API meanwhile. Who calls an SDK *enters* the target first
 *     (users + 1), which needs the lock, and leaves it afterwards. tacho_spi_uninstall waits until
 *     nobody is inside, so a target's memory is there for whoever is in it. There is one exception:
 *     the SDK's unregister waits for the user's callback, which may never return, and uninstalling
 *     must not wait for that; so it is called without entering. The links are taken under the lock,
 *     before their target can be gone, and an SDK keeps the registrations of a provider that was
 *     installed (spi.h): the call may begin late and last as long as it likes.
 *  2. A proxy is put into its list, and `current` is read, under one hold of the lock; `current` is
 *     set under the lock before the lists are walked. So either the creator of a proxy sees the
 *     target and links, or the installer sees the proxy and links; perhaps both do.
 *  3. Linking twice does no harm: an SDK answers equal requests with equal objects, a bound handle
 *     too many is released, and of a callback one thread at a time is in charge (`busy`). Who comes
 *     back from the SDK and finds another target current publishes nothing.
 *  4. Memory that another thread walks over stays: meters and instruments for ever, bound handles
 *     while `pins` is not 0, callbacks while `busy`. Releasing leaves the end to the last pin;
 *     unregistering waits until the callback is not busy, as it has to be over when it returns.
 *  5. A bound handle or a callback keeps a link for each target that gave it something, so that it
 *     can be given back when the caller is done with it, and not earlier: a recorder on another
 *     thread may have loaded it. When a target goes for good its links are dropped without a call;
 *     the objects are the SDK's to end.
 *  6. `ops` may go from one table to the no-op table and back to the same table, never to another:
 *     a recorder that has loaded `ops` loads `self` next, and must find one that fits. This is why
 *     only providers of one SDK can be installed in the life of a process.
 *
 * What a recorder sees: `self` is stored before `ops`, both with release, and loaded in the other
 * order, both with acquire. It may reach a target that was taken away, as long as its call lasts;
 * SDKs keep their objects until they are destroyed.
 *
 * Fork: the handler takes the lock before fork() and gives it back in both processes, so the child
 * finds the lists whole. Threads that were inside a target are not in the child: it forgets users,
 * pins and busy marks. */
#ifndef TACHOI_PROXY_H
#define TACHOI_PROXY_H

#include <pthread.h>

#include "table.h"
#include "tacho/spi.h"

#define TACHOI_METERS_MAX ((size_t)4096)
#define TACHOI_INSTRUMENTS_MAX ((size_t)65536)
#define TACHOI_BOUNDS_MAX ((size_t)65536)
#define TACHOI_CALLBACKS_MAX ((size_t)65536)

struct tachoi_proxy_target {
    tacho_meter_provider *provider; /* immutable after create */
    /* guarded by lock */
    size_t users; /* threads that are calling it now */
    bool closing; /* going for good: it cannot become current again */
    struct tachoi_proxy_target *next;
};

/** What one target gave to one proxy; guarded by lock. */
struct tachoi_proxy_link {
    struct tachoi_proxy_target *target;
    void *object; /* tacho_spi_bound or tacho_spi_callback */
    struct tachoi_proxy_link *next;
};

struct tachoi_proxy_meter {
    tacho_spi_meter handle; /* first member; never changes */
    /* immutable after create */
    const char *name; /* NULL if that was given */
    tacho_scope_options scope;
    struct tachoi_table_node by_scope;
    /* guarded by lock */
    tacho_spi_meter *linked; /* of the current target; NULL = not asked for yet */
    struct tachoi_proxy_meter *next;
};

struct tachoi_proxy_callback;

struct tachoi_proxy_instrument {
    tacho_spi_instrument handle; /* first member; atomic, stored under lock */
    /* immutable after create */
    struct tachoi_proxy_meter *meter;
    tacho_spi_instrument_request request; /* its options are the next member */
    tacho_instrument_options options;
    struct tachoi_table_node by_identity;
    struct tachoi_table_node by_address;
    /* guarded by lock */
    tacho_spi_instrument *linked;            /* of the current target; NULL = not linked */
    struct tachoi_proxy_callback *permanent; /* callbacks for this instrument alone, for ever */
    struct tachoi_proxy_instrument *next;
};

struct tachoi_proxy_bound {
    tacho_spi_bound handle; /* first member; atomic, stored under lock */
    /* immutable after create */
    struct tachoi_proxy_instrument *instrument;
    tacho_attributes attributes;
    struct tachoi_table_node by_address;
    /* guarded by lock */
    unsigned pins; /* threads that are linking it */
    bool released; /* by the caller */
    struct tachoi_proxy_link *links;
    struct tachoi_proxy_bound *previous;
    struct tachoi_proxy_bound *next;
};

struct tachoi_proxy_callback {
    tacho_spi_callback handle; /* first member; never changes */
    /* immutable after create */
    tacho_observe_fn run;
    void *user;
    struct tachoi_proxy_instrument **instruments;
    const tacho_spi_instrument **linked_instruments; /* whoever is in charge writes them */
    size_t count;
    struct tachoi_proxy_callback *next_permanent; /* in its instrument's list */
    /* guarded by lock */
    bool busy;    /* a thread is linking it */
    bool removed; /* the caller has unregistered it */
    struct tachoi_proxy_link *links;
    struct tachoi_proxy_callback *previous;
    struct tachoi_proxy_callback *next;
};

/** All that the global provider remembers; lists are in the order of creation, which is the order
 * in which a target is asked, so that what was first seen is first seen there too. */
struct tachoi_proxy_registry {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a target lost a user, or a callback is not busy any more */
    /* guarded by lock */
    struct tachoi_proxy_target *current;
    struct tachoi_proxy_target *targets;
    const tacho_spi_provider_ops *sdk; /* whose providers can be installed; NULL before the first */
    struct tachoi_table meters_by_scope;
    struct tachoi_proxy_meter *meters;
    struct tachoi_proxy_meter *last_meter;
    struct tachoi_table instruments_by_identity;
    struct tachoi_table instruments_by_address;
    struct tachoi_proxy_instrument *instruments;
    struct tachoi_proxy_instrument *last_instrument;
    struct tachoi_table bounds_by_address;
    struct tachoi_proxy_bound *bounds;
    struct tachoi_proxy_bound *last_bound;
    struct tachoi_proxy_callback *callbacks;
    struct tachoi_proxy_callback *last_callback;
    size_t callback_count;
};

extern struct tachoi_proxy_registry tachoi_proxies;

/* --- proxy_target.c: the lock, targets, links --- */

void tachoi_proxy_lock(void);
void tachoi_proxy_unlock(void);

/** Enters the current target; NULL if there is none. Needs the lock. */
struct tachoi_proxy_target *tachoi_proxy_enter_locked(void);
/** Leaves it (NULL does nothing). The first takes the lock, the second needs it. */
void tachoi_proxy_leave(struct tachoi_proxy_target *target);
void tachoi_proxy_leave_locked(struct tachoi_proxy_target *target);

/** Stands in struct_size where members were set that this version does not know. */
#define TACHOI_OPTIONS_UNKNOWN SIZE_MAX

/** Copies size-tagged options as far as both sides know them; the rest, and all of it where `given`
 * is NULL, becomes zero, and struct_size `known_size`. Options that are wrong become zero but for a
 * struct_size that says why: less than `minimum_size`, the size of the first version, as it was
 * given, or TACHOI_OPTIONS_UNKNOWN. So the target judges and reports them. */
void tachoi_proxy_read_options(const void *given, void *known, size_t known_size,
                               size_t minimum_size);

/** Whether both are NULL or the same text. */
bool tachoi_proxy_text_equal(const char *a, const char *b);

struct tachoi_proxy_link *tachoi_proxy_link_find(struct tachoi_proxy_link *links,
                                                 const struct tachoi_proxy_target *target);
/** Forgets what the target gave, without a call. Needs the lock. */
void tachoi_proxy_link_drop(struct tachoi_proxy_link **links,
                            const struct tachoi_proxy_target *target);

/* --- proxy_meter.c --- */

/** get_meter of the global provider. */
tacho_spi_meter *tachoi_proxy_get_meter(void *self, const char *name,
                                        const tacho_scope_options *options);
/** The target's meter, NULL if it has none. The caller is inside `target`, without the lock. */
tacho_spi_meter *tachoi_proxy_meter_link(struct tachoi_proxy_meter *meter,
                                         struct tachoi_proxy_target *target);

/* --- proxy_instrument.c --- */

tacho_spi_instrument *tachoi_proxy_create_instrument(void *self,
                                                     const tacho_spi_instrument_request *request);
/** As tachoi_proxy_meter_link; publishes the pair if the target is the current one. */
tacho_spi_instrument *tachoi_proxy_instrument_link(struct tachoi_proxy_instrument *instrument,
                                                   struct tachoi_proxy_target *target);
/**
 * The instrument that a call about `handle` goes to: `handle` itself if it is no proxy, else the
 * current target's, NULL if there is none. `*target` is entered, for the caller to leave; NULL
 * where there was nothing to enter.
 */
tacho_spi_instrument *tachoi_proxy_instrument_enter(tacho_spi_instrument *handle,
                                                    struct tachoi_proxy_target **target);
/** The proxy behind a handle, NULL if it is none. Reads nothing through it. Needs the lock. */
struct tachoi_proxy_instrument *
tachoi_proxy_instrument_find_locked(const tacho_spi_instrument *handle);
/** Links all; stops when another target becomes current. The caller is inside `target`. */
void tachoi_proxy_instruments_link_all(struct tachoi_proxy_target *target);
/** All instruments and meters do nothing from now on. */
void tachoi_proxy_instruments_unlink_locked(void);

/* --- proxy_bound.c --- */

/** False if `instrument` is not a proxy. Else `*out` is a handle, NULL for one that does nothing.
 */
bool tachoi_proxy_bind(tacho_spi_instrument *instrument, tacho_attributes attributes,
                       tacho_spi_bound **out);
/** False if `bound` is not a proxy. */
bool tachoi_proxy_release(tacho_spi_bound *bound);
void tachoi_proxy_bounds_link_all(struct tachoi_proxy_target *target);
void tachoi_proxy_bounds_unlink_locked(void);
void tachoi_proxy_bounds_forget_locked(const struct tachoi_proxy_target *target);

/* --- proxy_callback.c --- */

int tachoi_proxy_register_callback(void *self, tacho_observe_fn callback, void *user,
                                   const tacho_spi_instrument *const *observables, size_t count,
                                   tacho_spi_callback **out);
void tachoi_proxy_callbacks_link_all(struct tachoi_proxy_target *target);
void tachoi_proxy_callbacks_forget_locked(const struct tachoi_proxy_target *target);

#endif
