/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the global provider and which target its proxies follow: installing, taking away for a time
 * (another one is installed, or none) and for good (the SDK destroys it). See proxy.h. */
#include "memory.h"
#include "proxy.h"

static const tacho_spi_provider_ops global_ops = {
    .struct_size = sizeof(tacho_spi_provider_ops),
    .get_meter = tachoi_proxy_get_meter,
};

static tacho_spi_provider global = {.ops = &global_ops};

tacho_meter_provider *tacho_meter_provider_global(void) {
    return (tacho_meter_provider *)&global;
}

static struct tachoi_proxy_target *find_target_locked(const tacho_meter_provider *provider) {
    struct tachoi_proxy_target *target = tachoi_proxies.targets;
    while (target != NULL && target->provider != provider) {
        target = target->next;
    }
    return target;
}

/* The target of a provider that may be installed, made when it is the first time. */
static int target_of_locked(tacho_meter_provider *provider, struct tachoi_proxy_target **out) {
    const tacho_spi_provider_ops *sdk =
        atomic_load_explicit(&((tacho_spi_provider *)provider)->ops, memory_order_acquire);
    if (tachoi_proxies.sdk != NULL && tachoi_proxies.sdk != sdk) {
        return TACHO_E_UNSUPPORTED;
    }
    struct tachoi_proxy_target *target = find_target_locked(provider);
    if (target != NULL) {
        *out = target;
        return target->closing ? TACHO_E_INVALID : TACHO_OK;
    }
    target = tachoi_api_malloc(sizeof(*target));
    if (target == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    *target = (struct tachoi_proxy_target){.provider = provider, .next = tachoi_proxies.targets};
    tachoi_proxies.targets = target;
    tachoi_proxies.sdk = sdk;
    *out = target;
    return TACHO_OK;
}

/* The caller is inside the target, so that the SDK knows before it can be asked to go. */
static void tell_installed(const struct tachoi_proxy_target *target) {
    tacho_spi_provider *handle = (tacho_spi_provider *)target->provider;
    const tacho_spi_provider_ops *ops = atomic_load_explicit(&handle->ops, memory_order_acquire);
    if (ops->struct_size >= offsetof(tacho_spi_provider_ops, installed) + sizeof(ops->installed) &&
        ops->installed != NULL) {
        ops->installed(atomic_load_explicit(&handle->self, memory_order_acquire));
    }
}

static void set_current_locked(struct tachoi_proxy_target *target) {
    if (tachoi_proxies.current != target) {
        tachoi_proxy_instruments_unlink_locked();
        tachoi_proxy_bounds_unlink_locked();
        tachoi_proxies.current = target;
    }
}

int tacho_meter_provider_set_global(tacho_meter_provider *provider) {
    if (provider == tacho_meter_provider_global()) {
        return TACHO_E_INVALID;
    }
    struct tachoi_proxy_target *target = NULL;
    int status = TACHO_OK;
    tachoi_proxy_lock();
    if (provider != NULL && provider != tacho_meter_provider_noop()) {
        status = target_of_locked(provider, &target);
    }
    if (status == TACHO_OK) {
        set_current_locked(target);
        target = tachoi_proxy_enter_locked();
    }
    tachoi_proxy_unlock();
    if (status == TACHO_OK && target != NULL) {
        tell_installed(target);
        tachoi_proxy_instruments_link_all(target);
        tachoi_proxy_bounds_link_all(target);
        tachoi_proxy_callbacks_link_all(target);
        tachoi_proxy_leave(target);
    }
    return status;
}

tacho_meter_provider *tacho_spi_resolve(tacho_meter_provider *provider) {
    if (provider != tacho_meter_provider_global()) {
        return provider;
    }
    tachoi_proxy_lock();
    struct tachoi_proxy_target *target = tachoi_proxies.current;
    tacho_meter_provider *installed = target != NULL ? target->provider : NULL;
    tachoi_proxy_unlock();
    return installed;
}

static void remove_target_locked(struct tachoi_proxy_target *target) {
    struct tachoi_proxy_target **link = &tachoi_proxies.targets;
    while (*link != target) {
        link = &(*link)->next;
    }
    *link = target->next;
}

void tacho_spi_uninstall(tacho_meter_provider *provider) {
    tachoi_proxy_lock();
    struct tachoi_proxy_target *target = find_target_locked(provider);
    if (target != NULL && !target->closing) {
        target->closing = true;
        if (tachoi_proxies.current == target) {
            set_current_locked(NULL);
        }
        while (target->users != 0) {
            (void)pthread_cond_wait(&tachoi_proxies.changed, &tachoi_proxies.lock);
        }
        tachoi_proxy_bounds_forget_locked(target);
        tachoi_proxy_callbacks_forget_locked(target);
        remove_target_locked(target);
        tachoi_api_free(target);
    }
    tachoi_proxy_unlock();
}
