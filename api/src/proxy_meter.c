/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the meters of the global provider, one for each scope. */
#include "attributes_copy.h"
#include "proxy.h"

static const tacho_spi_meter_ops meter_ops = {
    .struct_size = sizeof(tacho_spi_meter_ops),
    .create_instrument = tachoi_proxy_create_instrument,
    .register_callback = tachoi_proxy_register_callback,
};

struct meter_request {
    const char *name;
    tacho_scope_options scope;
};

static void *lay_out_meter(struct tachoi_block *block, const void *source) {
    const struct meter_request *request = source;
    struct tachoi_proxy_meter *meter =
        tachoi_block_take(block, 1, sizeof(*meter), _Alignof(struct tachoi_proxy_meter));
    struct tachoi_proxy_meter filled = {.name = tachoi_block_text(block, request->name)};
    filled.scope.struct_size = request->scope.struct_size;
    filled.scope.version = tachoi_block_text(block, request->scope.version);
    filled.scope.schema_url = tachoi_block_text(block, request->scope.schema_url);
    filled.scope.attributes = tachoi_api_attributes_copy(block, request->scope.attributes);
    if (meter != NULL) {
        *meter = filled;
        atomic_init(&meter->handle.ops, &meter_ops);
        atomic_init(&meter->handle.self, meter);
    }
    return meter;
}

static struct tachoi_proxy_meter *find_locked(const struct meter_request *request, uint64_t hash) {
    struct tachoi_table_node *node = tachoi_table_find(&tachoi_proxies.meters_by_scope, hash);
    for (; node != NULL; node = tachoi_table_find_next(node)) {
        struct tachoi_proxy_meter *meter = node->owner;
        if (meter->scope.struct_size == request->scope.struct_size &&
            tachoi_proxy_text_equal(meter->name, request->name) &&
            tachoi_proxy_text_equal(meter->scope.version, request->scope.version) &&
            tachoi_proxy_text_equal(meter->scope.schema_url, request->scope.schema_url) &&
            tachoi_api_attributes_equal(meter->scope.attributes, request->scope.attributes)) {
            return meter;
        }
    }
    return NULL;
}

static struct tachoi_proxy_meter *add_locked(const struct meter_request *request, uint64_t hash) {
    struct tachoi_proxy_registry *all = &tachoi_proxies;
    struct tachoi_proxy_meter *meter = NULL;
    if (all->meters_by_scope.count < TACHOI_METERS_MAX) {
        meter = tachoi_block_create(lay_out_meter, request);
    }
    if (meter != NULL) {
        tachoi_table_insert(&all->meters_by_scope, &meter->by_scope, hash, meter);
        *(all->meters != NULL ? &all->last_meter->next : &all->meters) = meter;
        all->last_meter = meter;
    }
    return meter;
}

static tacho_spi_meter *target_meter(struct tachoi_proxy_target *target, const char *name,
                                     const tacho_scope_options *options) {
    tacho_spi_provider *provider = (tacho_spi_provider *)target->provider;
    const tacho_spi_provider_ops *ops = atomic_load_explicit(&provider->ops, memory_order_acquire);
    return ops->get_meter(atomic_load_explicit(&provider->self, memory_order_acquire), name,
                          options);
}

tacho_spi_meter *tachoi_proxy_get_meter(void *self, const char *name,
                                        const tacho_scope_options *options) {
    (void)self;
    struct meter_request request = {.name = name};
    tachoi_proxy_read_options(options, &request.scope, sizeof(request.scope),
                              sizeof(request.scope));
    uint64_t hash = tachoi_table_hash_text(0, name);
    hash = tachoi_table_hash_text(hash, request.scope.version);
    hash = tachoi_table_hash_text(hash, request.scope.schema_url);

    tachoi_proxy_lock();
    struct tachoi_proxy_meter *meter = find_locked(&request, hash);
    if (meter == NULL) {
        meter = add_locked(&request, hash);
    }
    struct tachoi_proxy_target *target = meter == NULL ? tachoi_proxy_enter_locked() : NULL;
    tachoi_proxy_unlock();
    if (meter != NULL) {
        return &meter->handle;
    }
    tacho_spi_meter *direct = target != NULL ? target_meter(target, name, options) : NULL;
    tachoi_proxy_leave(target);
    return direct;
}

tacho_spi_meter *tachoi_proxy_meter_link(struct tachoi_proxy_meter *meter,
                                         struct tachoi_proxy_target *target) {
    tachoi_proxy_lock();
    bool is_current = tachoi_proxies.current == target;
    tacho_spi_meter *linked = is_current ? meter->linked : NULL;
    tachoi_proxy_unlock();
    if (linked == NULL && is_current) {
        linked = target_meter(target, meter->name, &meter->scope);
        tachoi_proxy_lock();
        if (tachoi_proxies.current == target) {
            meter->linked = linked;
        }
        tachoi_proxy_unlock();
    }
    return linked;
}
