/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the instruments of the global provider. Equal requests to a meter give one proxy; the
 * comparison is exact and takes the advice in, so whatever an SDK may have an opinion about
 * (case, conflicting units, another advice) reaches it as a request of its own. */
#include <stddef.h>
#include <string.h>

#include "memory.h"
#include "noop.h"
#include "proxy.h"

struct instrument_request {
    struct tachoi_proxy_meter *meter;
    tacho_spi_instrument_request request; /* its options are unused */
    tacho_instrument_options options;
};

/* The empty list is what it was: read_request has made it the one that never goes. */
static const double *copy_boundaries(struct tachoi_block *block,
                                     const tacho_instrument_options *options) {
    size_t count = options->explicit_bucket_boundary_count;
    if (count == 0) {
        return options->explicit_bucket_boundaries;
    }
    double *copy = tachoi_block_take(block, count, sizeof(double), _Alignof(double));
    if (copy != NULL) {
        memcpy(copy, options->explicit_bucket_boundaries, count * sizeof(double));
    }
    return copy;
}

static const char *const *copy_keys(struct tachoi_block *block,
                                    const tacho_instrument_options *options) {
    size_t count = options->attribute_key_count;
    if (count == 0) {
        return options->attribute_keys;
    }
    const char **copy = tachoi_block_take(block, count, sizeof(char *), _Alignof(char *));
    for (size_t i = 0; i < count && !block->failed; i++) {
        const char *key = tachoi_block_text(block, options->attribute_keys[i]);
        if (copy != NULL) {
            copy[i] = key;
        }
    }
    return copy;
}

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
    filled.options.explicit_bucket_boundaries = copy_boundaries(block, &wanted->options);
    filled.options.attribute_key_count = wanted->options.attribute_key_count;
    filled.options.attribute_keys = copy_keys(block, &wanted->options);
    if (instrument != NULL) {
        *instrument = filled;
        instrument->request.options = &instrument->options;
        atomic_init(&instrument->handle.ops, &tachoi_noop_instrument_ops);
        atomic_init(&instrument->handle.self, NULL);
    }
    return instrument;
}

/* The size of the first version of the options. */
#define OPTIONS_MINIMUM offsetof(tacho_instrument_options, attribute_keys)

/* A list without memory is none given; an empty one is kept as the one that never goes. */
static void read_request(struct tachoi_proxy_meter *meter,
                         const tacho_spi_instrument_request *request,
                         struct instrument_request *out) {
    *out = (struct instrument_request){.meter = meter, .request = *request};
    tachoi_proxy_read_options(request->options, &out->options, sizeof(out->options),
                              OPTIONS_MINIMUM);
    if (out->options.explicit_bucket_boundaries == NULL) {
        out->options.explicit_bucket_boundary_count = 0;
    } else if (out->options.explicit_bucket_boundary_count == 0) {
        out->options.explicit_bucket_boundaries = TACHO_NO_BOUNDARIES;
    }
    if (out->options.attribute_keys == NULL) {
        out->options.attribute_key_count = 0;
    } else if (out->options.attribute_key_count == 0) {
        out->options.attribute_keys = tacho_empty_list();
    }
}

static bool boundaries_equal(const tacho_instrument_options *a, const tacho_instrument_options *b) {
    size_t count = a->explicit_bucket_boundary_count;
    return count == b->explicit_bucket_boundary_count &&
           (a->explicit_bucket_boundaries == NULL) == (b->explicit_bucket_boundaries == NULL) &&
           (count == 0 || memcmp(a->explicit_bucket_boundaries, b->explicit_bucket_boundaries,
                                 count * sizeof(double)) == 0);
}

static bool keys_equal(const tacho_instrument_options *a, const tacho_instrument_options *b) {
    bool equal = a->attribute_key_count == b->attribute_key_count &&
                 (a->attribute_keys == NULL) == (b->attribute_keys == NULL);
    for (size_t i = 0; equal && i < a->attribute_key_count; i++) {
        equal = tachoi_proxy_text_equal(a->attribute_keys[i], b->attribute_keys[i]);
    }
    return equal;
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
            boundaries_equal(&instrument->options, &wanted->options) &&
            keys_equal(&instrument->options, &wanted->options)) {
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

/* Unlike recording, which may outlast the target, these calls want all of its memory; so they enter
 * it. */
tacho_spi_instrument *tachoi_proxy_instrument_enter(tacho_spi_instrument *handle,
                                                    struct tachoi_proxy_target **target) {
    tachoi_proxy_lock();
    struct tachoi_proxy_instrument *instrument = tachoi_proxy_instrument_find_locked(handle);
    *target = instrument != NULL ? tachoi_proxy_enter_locked() : NULL;
    tachoi_proxy_unlock();
    if (instrument == NULL) {
        return handle;
    }
    return *target != NULL ? tachoi_proxy_instrument_link(instrument, *target) : NULL;
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
