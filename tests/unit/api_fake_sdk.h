/* SPDX-License-Identifier: Apache-2.0 */
/* Owns an SDK for tests of the API, made of nothing but spi.h: it gives equal requests equal
 * objects, counts what it is asked, and keeps its memory until fake_free, also after fake_destroy,
 * as recorders and unregistering may come late. What must not happen after fake_destroy is counted
 * in `violations`.
 * Any thread. */
#ifndef TACHO_TESTS_API_FAKE_SDK_H
#define TACHO_TESTS_API_FAKE_SDK_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tacho/spi.h"
#include "tacho/tacho.h"

#define FAKE_MAX 64
#define FAKE_NAME_SIZE 32          /* bytes of a name, longer ones are cut */
#define FAKE_UNIT_SIZE 64          /* 63 characters (API-15) */
#define FAKE_DESCRIPTION_SIZE 3072 /* 1023 characters of three bytes (API-17) */

struct fake_provider;

struct fake_meter {
    tacho_spi_meter handle;
    struct fake_provider *provider;
    char name[FAKE_NAME_SIZE];
    char version[FAKE_NAME_SIZE];
    char schema_url[FAKE_NAME_SIZE];
    size_t attribute_count;
};

struct fake_instrument {
    tacho_spi_instrument handle;
    struct fake_provider *provider;
    struct fake_meter *meter;
    tacho_instrument_kind kind;
    tacho_number_type number_type;
    char name[FAKE_NAME_SIZE];
    char unit[FAKE_UNIT_SIZE];
    char description[FAKE_DESCRIPTION_SIZE];
    bool has_boundaries;
    size_t boundary_count;
    double last_boundary;
    bool has_keys;
    size_t key_count;
    char keys[4][FAKE_NAME_SIZE]; /* the first ones; "(null)" for NULL */
    _Atomic(int64_t) calls;
    _Atomic(int64_t) sum; /* of both number types */
    _Atomic(size_t) last_attribute_count;
};

struct fake_bound {
    tacho_spi_bound handle;
    struct fake_instrument *instrument;
    struct fake_bound *next;
    _Atomic(int64_t) sum;
    _Atomic(bool) released;
};

struct fake_callback {
    tacho_spi_callback handle;
    struct fake_provider *provider;
    struct fake_callback *next;
    tacho_observe_fn run;
    void *user;
    size_t count;
    struct fake_instrument *instruments[8];
    /* guarded by the provider's lock */
    bool unregistered;
    int running;
    pthread_t runner;
};

/** What to refuse. */
struct fake_refusals {
    bool meters;
    bool instruments;
    bool binds;
    int register_status;
};

struct fake_provider {
    tacho_spi_provider handle;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fake_refusals refuse;
    bool is_collecting;
    bool is_shut_down;
    bool destroyed;
    size_t violations;
    size_t installed_calls;
    size_t get_meter_calls;
    size_t create_calls;
    size_t bind_calls;
    size_t release_calls;
    size_t remove_calls;
    size_t series_count_calls;
    size_t register_calls;
    size_t unregister_calls;
    size_t meter_options_size; /* struct_size of the last request; others than ours are not read */
    size_t instrument_options_size; /* the same for instruments */
    size_t meter_count;
    struct fake_meter meters[FAKE_MAX];
    size_t instrument_count;
    struct fake_instrument instruments[FAKE_MAX];
    struct fake_bound *bounds;
    struct fake_callback *callbacks;
    struct fake_callback *last_callback;
    void (*on_bind)(tacho_attributes attributes, void *user); /* called without the lock */
    void (*on_create)(void *user);                            /* the same */
    void *on_user;
};

static inline void fake_enter(struct fake_provider *provider, size_t *calls) {
    pthread_mutex_lock(&provider->lock);
    (*calls)++;
    provider->violations += provider->destroyed ? 1 : 0;
}

static inline void fake_leave(struct fake_provider *provider) {
    pthread_mutex_unlock(&provider->lock);
}

static inline void fake_text(char *out, size_t size, const char *text) {
    size_t length = text != NULL ? strlen(text) : 0;
    length = length < size ? length : size - 1;
    memcpy(out, text != NULL ? text : "", length);
    out[length] = '\0';
}

/* --- bound handles --- */

static inline void fake_bound_record_i64(void *self, int64_t value) {
    struct fake_bound *bound = self;
    atomic_fetch_add_explicit(&bound->sum, value, memory_order_relaxed);
    atomic_fetch_add_explicit(&bound->instrument->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bound->instrument->sum, value, memory_order_relaxed);
}

static inline void fake_bound_record_f64(void *self, double value) {
    fake_bound_record_i64(self, (int64_t)value);
}

static inline void fake_bound_release(void *self) {
    struct fake_bound *bound = self;
    struct fake_provider *provider = bound->instrument->provider;
    fake_enter(provider, &provider->release_calls);
    if (atomic_exchange_explicit(&bound->released, true, memory_order_relaxed)) {
        provider->violations++;
    }
    fake_leave(provider);
}

static const tacho_spi_bound_ops fake_bound_i64_ops = {
    sizeof(tacho_spi_bound_ops), fake_bound_record_i64, NULL, fake_bound_release};
static const tacho_spi_bound_ops fake_bound_f64_ops = {sizeof(tacho_spi_bound_ops), NULL,
                                                       fake_bound_record_f64, fake_bound_release};

/* --- instruments --- */

static inline void fake_record_i64(void *self, int64_t value, tacho_attributes attributes) {
    struct fake_instrument *instrument = self;
    atomic_fetch_add_explicit(&instrument->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&instrument->sum, value, memory_order_relaxed);
    atomic_store_explicit(&instrument->last_attribute_count, attributes.count,
                          memory_order_relaxed);
}

static inline void fake_record_f64(void *self, double value, tacho_attributes attributes) {
    fake_record_i64(self, (int64_t)value, attributes);
}

static inline bool fake_enabled(void *self, const tacho_enabled_options *options) {
    (void)self;
    return options == NULL || options->struct_size == sizeof(*options);
}

static inline tacho_spi_bound *fake_bind(void *self, tacho_attributes attributes) {
    struct fake_instrument *instrument = self;
    struct fake_provider *provider = instrument->provider;
    struct fake_bound *bound = provider->refuse.binds ? NULL : calloc(1, sizeof(*bound));
    fake_enter(provider, &provider->bind_calls);
    if (bound != NULL) {
        atomic_init(&bound->handle.ops, instrument->number_type == TACHO_NUMBER_I64
                                            ? &fake_bound_i64_ops
                                            : &fake_bound_f64_ops);
        atomic_init(&bound->handle.self, bound);
        bound->instrument = instrument;
        bound->next = provider->bounds;
        provider->bounds = bound;
    }
    fake_leave(provider);
    if (provider->on_bind != NULL) {
        provider->on_bind(attributes, provider->on_user);
    }
    return bound != NULL ? &bound->handle : NULL;
}

/** Finds what has attributes, for the sake of an answer that a test can choose. */
static inline int fake_remove(void *self, tacho_attributes attributes) {
    struct fake_instrument *instrument = self;
    fake_enter(instrument->provider, &instrument->provider->remove_calls);
    atomic_store_explicit(&instrument->last_attribute_count, attributes.count,
                          memory_order_relaxed);
    fake_leave(instrument->provider);
    return attributes.count > 0 ? TACHO_OK : TACHO_E_BUSY;
}

/** As many as there were records. */
static inline size_t fake_series_count(void *self) {
    struct fake_instrument *instrument = self;
    fake_enter(instrument->provider, &instrument->provider->series_count_calls);
    fake_leave(instrument->provider);
    return (size_t)atomic_load_explicit(&instrument->calls, memory_order_relaxed);
}

static const tacho_spi_instrument_ops fake_i64_ops = {sizeof(tacho_spi_instrument_ops),
                                                      fake_record_i64,
                                                      NULL,
                                                      fake_enabled,
                                                      fake_bind,
                                                      fake_remove,
                                                      fake_series_count};
static const tacho_spi_instrument_ops fake_f64_ops = {sizeof(tacho_spi_instrument_ops),
                                                      NULL,
                                                      fake_record_f64,
                                                      fake_enabled,
                                                      fake_bind,
                                                      fake_remove,
                                                      fake_series_count};
static const tacho_spi_instrument_ops fake_observable_ops = {
    .struct_size = sizeof(tacho_spi_instrument_ops), .series_count = fake_series_count};

static inline struct fake_instrument *fake_instrument_of(const tacho_spi_instrument *handle) {
    const tacho_spi_instrument_ops *ops = atomic_load_explicit(&handle->ops, memory_order_acquire);
    bool is_mine = ops == &fake_i64_ops || ops == &fake_f64_ops || ops == &fake_observable_ops;
    return is_mine ? atomic_load_explicit(&handle->self, memory_order_acquire) : NULL;
}

/* --- callbacks --- */

static inline void fake_unregister(void *self) {
    struct fake_callback *callback = self;
    struct fake_provider *provider = callback->provider;
    pthread_mutex_lock(&provider->lock);
    provider->unregister_calls++; /* may come after fake_destroy */
    provider->violations += callback->unregistered ? 1 : 0;
    callback->unregistered = true;
    while (callback->running > 0 && !pthread_equal(callback->runner, pthread_self())) {
        pthread_cond_wait(&provider->changed, &provider->lock);
    }
    fake_leave(provider);
}

static const tacho_spi_callback_ops fake_callback_ops = {sizeof(tacho_spi_callback_ops),
                                                         fake_unregister};

struct fake_observer {
    tacho_spi_observer handle;
    struct fake_callback *callback;
};

static inline void fake_observe_i64(void *self, const tacho_spi_instrument *handle, int64_t value,
                                    tacho_attributes attributes) {
    struct fake_observer *observer = self;
    struct fake_instrument *instrument = fake_instrument_of(handle);
    for (size_t i = 0; i < observer->callback->count; i++) {
        if (observer->callback->instruments[i] == instrument) {
            fake_record_i64(instrument, value, attributes);
        }
    }
}

static inline void fake_observe_f64(void *self, const tacho_spi_instrument *handle, double value,
                                    tacho_attributes attributes) {
    fake_observe_i64(self, handle, (int64_t)value, attributes);
}

static const tacho_spi_observer_ops fake_observer_ops = {sizeof(tacho_spi_observer_ops),
                                                         fake_observe_i64, fake_observe_f64};

/** Runs all callbacks once; does nothing while another thread collects, and after shutdown. */
static inline void fake_collect(struct fake_provider *provider) {
    pthread_mutex_lock(&provider->lock);
    bool goes = !provider->is_collecting && !provider->is_shut_down;
    provider->is_collecting = provider->is_collecting || goes;
    for (struct fake_callback *callback = provider->callbacks; goes && callback != NULL;
         callback = callback->next) {
        if (callback->unregistered) {
            continue;
        }
        struct fake_observer observer = {{&fake_observer_ops, NULL}, callback};
        observer.handle.self = &observer;
        callback->running++;
        callback->runner = pthread_self();
        pthread_mutex_unlock(&provider->lock);
        callback->run((tacho_observer *)&observer, callback->user);
        pthread_mutex_lock(&provider->lock);
        callback->running--;
        pthread_cond_broadcast(&provider->changed);
    }
    if (goes) {
        provider->is_collecting = false;
        pthread_cond_broadcast(&provider->changed);
    }
    pthread_mutex_unlock(&provider->lock);
}

static inline int fake_register(void *self, tacho_observe_fn run, void *user,
                                const tacho_spi_instrument *const *observables, size_t count,
                                tacho_spi_callback **out) {
    struct fake_meter *meter = self;
    struct fake_provider *provider = meter->provider;
    int status = count <= 8 ? provider->refuse.register_status : TACHO_E_NO_MEMORY;
    struct fake_callback *callback = status == TACHO_OK ? calloc(1, sizeof(*callback)) : NULL;
    fake_enter(provider, &provider->register_calls);
    for (size_t i = 0; callback != NULL && i < count; i++) {
        callback->instruments[i] = fake_instrument_of(observables[i]);
        if (callback->instruments[i] == NULL || callback->instruments[i]->meter != meter) {
            status = TACHO_E_INVALID;
        }
    }
    if (callback != NULL && status == TACHO_OK) {
        atomic_init(&callback->handle.ops, &fake_callback_ops);
        atomic_init(&callback->handle.self, callback);
        callback->provider = provider;
        callback->run = run;
        callback->user = user;
        callback->count = count;
        *(provider->callbacks != NULL ? &provider->last_callback->next : &provider->callbacks) =
            callback;
        provider->last_callback = callback;
        if (out != NULL) {
            *out = &callback->handle;
        }
    } else {
        free(callback);
    }
    fake_leave(provider);
    return status;
}

/* --- meters, provider --- */

static inline tacho_spi_instrument *fake_create(void *self,
                                                const tacho_spi_instrument_request *request) {
    struct fake_meter *meter = self;
    struct fake_provider *provider = meter->provider;
    tacho_instrument_options options = {0};
    size_t options_size = sizeof(options);
    if (request->options != NULL) {
        options_size = request->options->struct_size;
    }
    if (request->options != NULL && options_size == sizeof(options)) {
        options = *request->options;
    }
    struct fake_instrument wanted = {.provider = provider, .meter = meter};
    wanted.kind = request->kind;
    wanted.number_type = request->number_type;
    fake_text(wanted.name, sizeof(wanted.name), request->name);
    fake_text(wanted.unit, sizeof(wanted.unit), options.unit);
    fake_text(wanted.description, sizeof(wanted.description), options.description);
    fake_enter(provider, &provider->create_calls);
    provider->instrument_options_size = options_size;
    struct fake_instrument *found = NULL;
    for (size_t i = 0; i < provider->instrument_count && found == NULL; i++) {
        struct fake_instrument *other = &provider->instruments[i];
        if (other->meter == meter && other->kind == wanted.kind &&
            other->number_type == wanted.number_type && strcmp(other->name, wanted.name) == 0 &&
            strcmp(other->unit, wanted.unit) == 0 &&
            strcmp(other->description, wanted.description) == 0) {
            found = other;
        }
    }
    if (found == NULL && !provider->refuse.instruments && provider->instrument_count < FAKE_MAX) {
        found = &provider->instruments[provider->instrument_count++];
        found->provider = provider;
        found->meter = meter;
        found->kind = wanted.kind;
        found->number_type = wanted.number_type;
        memcpy(found->name, wanted.name, sizeof(wanted.name));
        memcpy(found->unit, wanted.unit, sizeof(wanted.unit));
        memcpy(found->description, wanted.description, sizeof(wanted.description));
        found->has_boundaries = options.explicit_bucket_boundaries != NULL;
        found->boundary_count = options.explicit_bucket_boundary_count;
        if (found->boundary_count > 0) {
            found->last_boundary = options.explicit_bucket_boundaries[found->boundary_count - 1];
        }
        found->has_keys = options.attribute_keys != NULL;
        found->key_count = options.attribute_key_count;
        for (size_t i = 0; i < found->key_count && i < 4; i++) {
            const char *key = options.attribute_keys[i];
            fake_text(found->keys[i], FAKE_NAME_SIZE, key != NULL ? key : "(null)");
        }
        const tacho_spi_instrument_ops *ops =
            request->kind >= TACHO_INSTRUMENT_OBSERVABLE_COUNTER ? &fake_observable_ops
            : request->number_type == TACHO_NUMBER_I64           ? &fake_i64_ops
                                                                 : &fake_f64_ops;
        atomic_init(&found->handle.ops, ops);
        atomic_init(&found->handle.self, found);
    }
    fake_leave(provider);
    if (provider->on_create != NULL) {
        provider->on_create(provider->on_user);
    }
    return found != NULL ? &found->handle : NULL;
}

static const tacho_spi_meter_ops fake_meter_ops = {sizeof(tacho_spi_meter_ops), fake_create,
                                                   fake_register};

static inline tacho_spi_meter *fake_get_meter(void *self, const char *name,
                                              const tacho_scope_options *options) {
    struct fake_provider *provider = self;
    char wanted[FAKE_NAME_SIZE];
    char version[FAKE_NAME_SIZE];
    size_t options_size = options != NULL ? options->struct_size : sizeof(*options);
    if (options_size != sizeof(*options)) {
        options = NULL;
    }
    fake_text(wanted, sizeof(wanted), name);
    fake_text(version, sizeof(version), options != NULL ? options->version : NULL);
    fake_enter(provider, &provider->get_meter_calls);
    provider->meter_options_size = options_size;
    struct fake_meter *found = NULL;
    for (size_t i = 0; i < provider->meter_count && found == NULL; i++) {
        if (strcmp(provider->meters[i].name, wanted) == 0 &&
            strcmp(provider->meters[i].version, version) == 0) {
            found = &provider->meters[i];
        }
    }
    if (found == NULL && !provider->refuse.meters && provider->meter_count < FAKE_MAX) {
        found = &provider->meters[provider->meter_count++];
        memcpy(found->name, wanted, sizeof(wanted));
        memcpy(found->version, version, sizeof(version));
        fake_text(found->schema_url, sizeof(found->schema_url),
                  options != NULL ? options->schema_url : NULL);
        found->attribute_count = options != NULL ? options->attributes.count : 0;
        found->provider = provider;
        atomic_init(&found->handle.ops, &fake_meter_ops);
        atomic_init(&found->handle.self, found);
    }
    fake_leave(provider);
    return found != NULL ? &found->handle : NULL;
}

static inline void fake_installed(void *self) {
    struct fake_provider *provider = self;
    fake_enter(provider, &provider->installed_calls);
    fake_leave(provider);
}

static const tacho_spi_provider_ops fake_provider_ops = {
    .struct_size = sizeof(tacho_spi_provider_ops),
    .get_meter = fake_get_meter,
    .installed = fake_installed,
};

static inline struct fake_provider *fake_create_provider(void) {
    struct fake_provider *provider = calloc(1, sizeof(*provider));
    if (provider == NULL) {
        abort();
    }
    pthread_mutex_init(&provider->lock, NULL);
    pthread_cond_init(&provider->changed, NULL);
    atomic_init(&provider->handle.ops, &fake_provider_ops);
    atomic_init(&provider->handle.self, provider);
    return provider;
}

static inline tacho_meter_provider *fake_handle(struct fake_provider *provider) {
    return (tacho_meter_provider *)&provider->handle;
}

/** What an SDK does when it is destroyed, but for the freeing: no collection any more, then no call
 * of the API any more. */
static inline void fake_destroy(struct fake_provider *provider) {
    pthread_mutex_lock(&provider->lock);
    provider->is_shut_down = true;
    while (provider->is_collecting) {
        pthread_cond_wait(&provider->changed, &provider->lock);
    }
    pthread_mutex_unlock(&provider->lock);
    tacho_spi_uninstall(fake_handle(provider));
    pthread_mutex_lock(&provider->lock);
    provider->destroyed = true;
    pthread_mutex_unlock(&provider->lock);
}

static inline void fake_free(struct fake_provider *provider) {
    while (provider->bounds != NULL) {
        struct fake_bound *bound = provider->bounds;
        provider->bounds = bound->next;
        free(bound);
    }
    while (provider->callbacks != NULL) {
        struct fake_callback *callback = provider->callbacks;
        provider->callbacks = callback->next;
        free(callback);
    }
    pthread_cond_destroy(&provider->changed);
    pthread_mutex_destroy(&provider->lock);
    free(provider);
}

/** The instrument of that name, NULL if it was not asked for. */
static inline struct fake_instrument *fake_find(struct fake_provider *provider, const char *name) {
    for (size_t i = 0; i < provider->instrument_count; i++) {
        if (strcmp(provider->instruments[i].name, name) == 0) {
            return &provider->instruments[i];
        }
    }
    return NULL;
}

/** Sum of what was recorded or observed; 0 for an instrument that does not exist. */
static inline int64_t fake_sum(struct fake_provider *provider, const char *name) {
    struct fake_instrument *instrument = fake_find(provider, name);
    return instrument != NULL ? atomic_load_explicit(&instrument->sum, memory_order_relaxed) : 0;
}

static inline size_t fake_last_attribute_count(struct fake_provider *provider, const char *name) {
    struct fake_instrument *instrument = fake_find(provider, name);
    return instrument != NULL
               ? atomic_load_explicit(&instrument->last_attribute_count, memory_order_relaxed)
               : 0;
}

#endif
