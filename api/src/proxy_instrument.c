/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the instruments of the global provider. Equal requests to a meter give one proxy; the
 * comparison is exact and takes the boundaries in, so whatever an SDK may have an opinion about
 * (case, conflicting units, another advice) reaches it as a request of its own. */
#include <string.h>

#include "memory.h"
#include "noop.h"
#include "proxy.h"

struct instrument_request {
    struct tachoi_proxy_meter *meter;
    tacho_spi_instrument_request request; /* its options are unused */
    tacho_instrument_options options;
};

static void *lay_out_instrument(struct tachoi_block *block, const void *source) {
    const struct instrument_request *wanted = source;
    struct tachoi_proxy_instrument *instrument =
        tachoi_block_take(block, 1, sizeof(*instrument), _Alignof(struct tachoi_proxy_instrument));
    struct tachoi_proxy_instrument filled = {.meter = wanted->meter, .request = wanted->request};
    filled.request.name = tachoi_block_text(block, wanted->request.name);
    filled.options.struct_size = wanted->options.struct_size;
    filled.options.unit = tachoi_block_text(block, wanted->options.unit);
    filled.options.description = tachoi_block_text(block, wanted->options.description);
    filled.options.explicit_bucket_boundary_count = wanted->options.explicit_bucket_boundary_count;
    filled.options.explicit_bucket_boundaries = wanted->options.explicit_bucket_boundaries;
    if (wanted->options.explicit_bucket_boundary_count > 0) {
        double *boundaries =
            tachoi_block_take(block, wanted->options.explicit_bucket_boundary_count, sizeof(double),
                              _Alignof(double));
        if (boundaries != NULL) {
            memcpy(boundaries, wanted->options.explicit_bucket_boundaries,
                   wanted->options.explicit_bucket_boundary_count * sizeof(double));
        }
        filled.options.explicit_bucket_boundaries = boundaries;
    }
    if (instrument != NULL) {
        *instrument = filled;
        instrument->request.options = &instrument->options;
        atomic_init(&instrument->handle.ops, &tachoi_noop_instrument_ops);
        atomic_init(&instrument->handle.self, NULL);
    }
    return instrument;
}

/* Boundaries without memory are none given; an empty list is kept as the one that never goes. */
static void read_request(struct tachoi_proxy_meter *meter,
                         const tacho_spi_instrument_request *request,
                         struct instrument_request *out) {
    *out = (struct instrument_request){.meter = meter, .request = *request};
    tachoi_proxy_read_options(request->options, &out->options, sizeof(out->options),
                              sizeof(out->options));
    if (out->options.explicit_bucket_boundaries == NULL) {
        out->options.explicit_bucket_boundary_count = 0;
    } else if (out->options.explicit_bucket_boundary_count == 0) {
        out->options.explicit_bucket_boundaries = TACHO_NO_BOUNDARIES;
    }
}

static bool boundaries_equal(const tacho_instrument_options *a, const tacho_instrument_options *b) {
    size_t count = a->explicit_bucket_boundary_count;
    return count == b->explicit_bucket_boundary_count &&
           (a->explicit_bucket_boundaries == NULL) == (b->explicit_bucket_boundaries == NULL) &&
           (count == 0 || memcmp(a->explicit_bucket_boundaries, b->explicit_bucket_boundaries,
                                 count * sizeof(double)) == 0);
}

static uint64_t hash_of(const struct instrument_request *wanted) {
    uint64_t hash = tachoi_table_hash_number(0, (uint64_t)(uintptr_t)wanted->meter);
    hash = tachoi_table_hash_number(hash, (uint64_t)wanted->request.kind);
    hash = tachoi_table_hash_number(hash, (uint64_t)wanted->request.number_type);
    hash = tachoi_table_hash_text(hash, wanted->request.name);
    hash = tachoi_table_hash_text(hash, wanted->options.unit);
    return tachoi_table_hash_text(hash, wanted->options.description);
}

static struct tachoi_proxy_instrument *find_equal_locked(const struct instrument_request *wanted,
                                                         uint64_t hash) {
    struct tachoi_table_node *node =
        tachoi_table_find(&tachoi_proxies.instruments_by_identity, hash);
    for (; node != NULL; node = tachoi_table_find_next(node)) {
        struct tachoi_proxy_instrument *instrument = node->owner;
        if (instrument->meter == wanted->meter &&
            instrument->request.kind == wanted->request.kind &&
            instrument->request.number_type == wanted->request.number_type &&
            instrument->options.struct_size == wanted->options.struct_size &&
            tachoi_proxy_text_equal(instrument->request.name, wanted->request.name) &&
            tachoi_proxy_text_equal(instrument->options.unit, wanted->options.unit) &&
            tachoi_proxy_text_equal(instrument->options.description, wanted->options.description) &&
            boundaries_equal(&instrument->options, &wanted->options)) {
            return instrument;
        }
    }
    return NULL;
}

static struct tachoi_proxy_instrument *add_locked(const struct instrument_request *wanted,
                                                  uint64_t hash) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    struct tachoi_proxy_instrument *instrument = NULL;
    if (all->instruments_by_identity.count < TACHOI_INSTRUMENTS_MAX) {
        instrument = tachoi_block_create(lay_out_instrument, wanted);
    }
    if (instrument != NULL) {
        tachoi_table_insert(&all->instruments_by_identity, &instrument->by_identity, hash,
                            instrument);
        tachoi_table_insert(&all->instruments_by_address, &instrument->by_address,
                            tachoi_table_hash_address(instrument), instrument);
        *(all->instruments != NULL ? &all->last_instrument->next : &all->instruments) = instrument;
        all->last_instrument = instrument;
    }
    return instrument;
}

static tacho_spi_instrument *target_instrument(struct tachoi_proxy_meter *meter,
                                               const tacho_spi_instrument_request *request,
                                               struct tachoi_proxy_target *target) {
    tacho_spi_meter *linked = tachoi_proxy_meter_link(meter, target);
    if (linked == NULL) {
        return NULL;
    }
    const tacho_spi_meter_ops *ops = atomic_load_explicit(&linked->ops, memory_order_acquire);
    return ops->create_instrument(atomic_load_explicit(&linked->self, memory_order_acquire),
                                  request);
}

tacho_spi_instrument *tachoi_proxy_create_instrument(void *self,
                                                     const tacho_spi_instrument_request *request) {
    struct instrument_request wanted;
    read_request(self, request, &wanted);
    uint64_t hash = hash_of(&wanted);

    tachoi_proxy_lock();
    struct tachoi_proxy_instrument *instrument = find_equal_locked(&wanted, hash);
    if (instrument == NULL) {
        instrument = add_locked(&wanted, hash);
    }
    bool is_linked = instrument != NULL && instrument->linked != NULL;
    struct tachoi_proxy_target *target = is_linked ? NULL : tachoi_proxy_enter_locked();
    tachoi_proxy_unlock();

    tacho_spi_instrument *result = instrument != NULL ? &instrument->handle : NULL;
    if (target != NULL && instrument != NULL) {
        (void)tachoi_proxy_instrument_link(instrument, target);
    } else if (target != NULL) {
        result = target_instrument(self, request, target);
    }
    tachoi_proxy_leave(target);
    return result;
}

tacho_spi_instrument *tachoi_proxy_instrument_link(struct tachoi_proxy_instrument *instrument,
                                                   struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    bool is_current = tachoi_proxies.current == target;
    tacho_spi_instrument *linked = is_current ? instrument->linked : NULL;
    tachoi_proxy_unlock();
    if (linked != NULL || !is_current) {
        return linked;
    }
    linked = target_instrument(instrument->meter, &instrument->request, target);
    if (linked == NULL) {
        return NULL;
    }
    tachoi_proxy_lock();
    if (tachoi_proxies.current == target) {
        const tacho_spi_instrument_ops *ops =
            atomic_load_explicit(&linked->ops, memory_order_acquire);
        void *object = atomic_load_explicit(&linked->self, memory_order_acquire);
        instrument->linked = linked;
        /* release, in this order: pair with the acquire loads of `ops`, then `self`, in each call
         */
        atomic_store_explicit(&instrument->handle.self, object, memory_order_release);
        atomic_store_explicit(&instrument->handle.ops, ops, memory_order_release);
    }
    tachoi_proxy_unlock();
    return linked;
}

struct tachoi_proxy_instrument *
tachoi_proxy_instrument_find_locked(const tacho_spi_instrument *handle) {
    struct tachoi_table_node *node = tachoi_table_find(&tachoi_proxies.instruments_by_address,
                                                       tachoi_table_hash_address(handle));
    while (node != NULL && node->owner != handle) {
        node = tachoi_table_find_next(node);
    }
    return node != NULL ? node->owner : NULL;
}

void tachoi_proxy_instruments_link_all(struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    struct tachoi_proxy_instrument *instrument = tachoi_proxies.instruments;
    while (instrument != NULL && tachoi_proxies.current == target) {
        tachoi_proxy_unlock();
        (void)tachoi_proxy_instrument_link(instrument, target);
        tachoi_proxy_lock();
        instrument = instrument->next;
    }
    tachoi_proxy_unlock();
}

void tachoi_proxy_instruments_unlink_locked(void) {
    for (struct tachoi_proxy_meter *meter = tachoi_proxies.meters; meter != NULL;
         meter = meter->next) {
        meter->linked = NULL;
    }
    for (struct tachoi_proxy_instrument *instrument = tachoi_proxies.instruments;
         instrument != NULL; instrument = instrument->next) {
        instrument->linked = NULL;
        /* release for uniformity: the no-op table is constant and fits any `self` */
        atomic_store_explicit(&instrument->handle.ops, &tachoi_noop_instrument_ops,
                              memory_order_release);
    }
}
