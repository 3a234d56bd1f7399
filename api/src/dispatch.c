/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the calls that lead from a provider to a meter, from a meter to an instrument and from an
 * instrument to a bound one: NULL gives a no-op, and so does a table that answers NULL. Beside
 * them, what is asked about an instrument's series. */
#include "dispatch.h"

#include <stddef.h>

#include "noop.h"
#include "proxy.h"

static const double empty_list;

const void *tacho_empty_list(void) {
    return &empty_list;
}

tacho_meter *tacho_meter_provider_get_meter(tacho_meter_provider *provider, const char *name,
                                            const tacho_scope_options *options) {
    tacho_spi_provider *handle = (tacho_spi_provider *)provider;
    tacho_spi_meter *meter = NULL;
    if (handle != NULL) {
        const tacho_spi_provider_ops *ops =
            atomic_load_explicit(&handle->ops, memory_order_acquire);
        meter = ops->get_meter(atomic_load_explicit(&handle->self, memory_order_acquire), name,
                               options);
    }
    return (tacho_meter *)(meter != NULL ? meter : tachoi_noop_meter());
}

tacho_spi_instrument *tachoi_api_create_instrument(tacho_meter *meter,
                                                   const tacho_spi_instrument_request *request) {
    tacho_spi_meter *handle = (tacho_spi_meter *)meter;
    tacho_spi_instrument *instrument = NULL;
    if (handle != NULL) {
        const tacho_spi_meter_ops *ops = atomic_load_explicit(&handle->ops, memory_order_acquire);
        instrument = ops->create_instrument(
            atomic_load_explicit(&handle->self, memory_order_acquire), request);
    }
    return instrument != NULL ? instrument : tachoi_noop_instrument(request->kind);
}

tacho_spi_bound *tachoi_api_bind(tacho_spi_instrument *instrument, tacho_attributes attributes) {
    tacho_spi_bound *bound = NULL;
    if (instrument != NULL && !tachoi_noop_is_instrument(instrument) &&
        !tachoi_proxy_bind(instrument, attributes, &bound)) {
        const tacho_spi_instrument_ops *ops =
            atomic_load_explicit(&instrument->ops, memory_order_acquire);
        if (ops->bind != NULL) {
            bound = ops->bind(atomic_load_explicit(&instrument->self, memory_order_acquire),
                              attributes);
        }
    }
    return bound != NULL ? bound : tachoi_noop_bound();
}

void tachoi_api_release(tacho_spi_bound *bound) {
    if (bound == NULL || bound == tachoi_noop_bound() || tachoi_proxy_release(bound)) {
        return;
    }
    const tacho_spi_bound_ops *ops = atomic_load_explicit(&bound->ops, memory_order_acquire);
    if (ops->release != NULL) {
        ops->release(atomic_load_explicit(&bound->self, memory_order_acquire));
    }
}

/* Whether the table goes as far as this entry, and has it: an SDK may be older than the entry. */
#define HAS_ENTRY(ops, entry)                                                                      \
    ((ops)->struct_size >= offsetof(tacho_spi_instrument_ops, entry) + sizeof((ops)->entry) &&     \
     (ops)->entry != NULL)

int tachoi_api_remove(tacho_spi_instrument *instrument, tacho_attributes attributes) {
    if (instrument == NULL) {
        return TACHO_E_INVALID;
    }
    int status = TACHO_E_NOT_FOUND;
    struct tachoi_proxy_target *target = NULL;
    tacho_spi_instrument *working = tachoi_proxy_instrument_enter(instrument, &target);
    if (working != NULL) {
        const tacho_spi_instrument_ops *ops =
            atomic_load_explicit(&working->ops, memory_order_acquire);
        if (HAS_ENTRY(ops, remove)) {
            status =
                ops->remove(atomic_load_explicit(&working->self, memory_order_acquire), attributes);
        }
    }
    tachoi_proxy_leave(target);
    return status;
}

size_t tachoi_api_series_count(tacho_spi_instrument *instrument) {
    size_t count = 0;
    struct tachoi_proxy_target *target = NULL;
    tacho_spi_instrument *working = tachoi_proxy_instrument_enter(instrument, &target);
    if (working != NULL) {
        const tacho_spi_instrument_ops *ops =
            atomic_load_explicit(&working->ops, memory_order_acquire);
        if (HAS_ENTRY(ops, series_count)) {
            count = ops->series_count(atomic_load_explicit(&working->self, memory_order_acquire));
        }
    }
    tachoi_proxy_leave(target);
    return count;
}
