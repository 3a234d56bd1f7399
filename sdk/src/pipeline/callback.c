/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/callback.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fork.h"
#include "base/thread.h"
#include "pipeline/state.h"
#include "tacho/sdk/diagnostics.h"

struct tachoi_callback {
    tacho_spi_callback handle; /* first: what the API calls a callback */

    /* immutable after creation */
    struct tachoi_pipeline *pipeline;
    tacho_observe_fn observe;
    void *user;
    uint64_t id;

    /* guarded by the pipeline's lock */
    struct tachoi_callback *previous;
    struct tachoi_callback *next;
    bool is_unregistered;
    size_t run_count;
    size_t waiter_count;

    size_t instrument_count; /* immutable after creation */
    struct tachoi_instrument *instruments[];
};

/* --- ending a registration --- */

static struct tachoi_callback *running_on(struct tachoi_collector *collector) {
    return atomic_load_explicit(&collector->running, memory_order_relaxed);
}

static bool is_this_thread(struct tachoi_collector *collector) {
    pthread_t thread = atomic_load_explicit(&collector->thread, memory_order_relaxed);
    return running_on(collector) != NULL && pthread_equal(thread, pthread_self());
}

static bool runs_here_locked(struct tachoi_pipeline *pipeline,
                             const struct tachoi_callback *callback) {
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        struct tachoi_collector *collector = &pipeline->collectors[i];
        if (running_on(collector) == callback && is_this_thread(collector)) {
            return true;
        }
    }
    return false;
}

/* Whether the end of a run of `callback` may depend on this thread's going on. The runs that wait
 * for each other form no circle, since nobody starts a wait that would close one: so this ends. */
static bool depends_on_us_locked(struct tachoi_pipeline *pipeline,
                                 const struct tachoi_callback *callback) {
    if (runs_here_locked(pipeline, callback)) {
        return true;
    }
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        struct tachoi_collector *collector = &pipeline->collectors[i];
        if (running_on(collector) == callback && collector->waits_for != NULL &&
            depends_on_us_locked(pipeline, collector->waits_for)) {
            return true;
        }
    }
    return false;
}

static void set_wait_locked(struct tachoi_pipeline *pipeline, struct tachoi_callback *waits_for) {
    for (size_t i = 0; i < pipeline->collector_count; i++) {
        if (is_this_thread(&pipeline->collectors[i])) {
            pipeline->collectors[i].waits_for = waits_for;
        }
    }
}

static void wait_until_idle_locked(struct tachoi_callback *callback) {
    struct tachoi_pipeline *pipeline = callback->pipeline;
    callback->waiter_count++;
    while (callback->run_count > 0 && !depends_on_us_locked(pipeline, callback)) {
        set_wait_locked(pipeline, callback);
        tachoi_cond_wait_until(&pipeline->callback_done, &pipeline->lock, UINT64_MAX);
    }
    set_wait_locked(pipeline, NULL);
    callback->waiter_count--;
}

static void discard_if_idle_locked(struct tachoi_callback *callback) {
    struct tachoi_pipeline *pipeline = callback->pipeline;
    if (!callback->is_unregistered || callback->run_count > 0 || callback->waiter_count > 0) {
        return;
    }
    *(callback->previous != NULL ? &callback->previous->next : &pipeline->first_callback) =
        callback->next;
    *(callback->next != NULL ? &callback->next->previous : &pipeline->last_callback) =
        callback->previous;
    tachoi_free(callback);
}

static void callback_unregister(void *self) {
    struct tachoi_callback *callback = self;
    struct tachoi_pipeline *pipeline = callback->pipeline;
    if (pipeline->fork_generation != tachoi_fork_generation()) {
        return; /* a child leaves what is its parent's */
    }
    pthread_mutex_lock(&pipeline->lock);
    callback->is_unregistered = true;
    wait_until_idle_locked(callback);
    discard_if_idle_locked(callback);
    pthread_mutex_unlock(&pipeline->lock);
}

static const tacho_spi_callback_ops callback_ops = {
    .struct_size = sizeof(tacho_spi_callback_ops),
    .unregister = callback_unregister,
};

/* --- registering --- */

static void append_locked(struct tachoi_pipeline *pipeline, struct tachoi_callback *callback) {
    callback->id = pipeline->next_callback_id++;
    callback->previous = pipeline->last_callback;
    *(callback->previous != NULL ? &callback->previous->next : &pipeline->first_callback) =
        callback;
    pipeline->last_callback = callback;
}

int tachoi_scope_register_callback(struct tachoi_scope *scope, tacho_observe_fn observe, void *user,
                                   const tacho_spi_instrument *const *observables, size_t count,
                                   tacho_spi_callback **out) {
    struct tachoi_pipeline *pipeline = scope->pipeline;
    if (observe == NULL || observables == NULL || count == 0) {
        return TACHO_E_INVALID;
    }
    if (!tachoi_pipeline_is_open(pipeline)) {
        if (out != NULL) {
            *out = NULL; /* as a no-op meter does */
        }
        return TACHO_OK;
    }
    size_t size;
    struct tachoi_callback *callback = NULL;
    if (tachoi_size_mul(count, sizeof(struct tachoi_instrument *), &size) &&
        tachoi_size_add(size, sizeof *callback, &size)) {
        callback = tachoi_calloc(1, size);
    }
    if (callback == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    for (; callback->instrument_count < count; callback->instrument_count++) {
        size_t i = callback->instrument_count;
        callback->instruments[i] = tachoi_observable_from_handle(observables[i]);
        if (callback->instruments[i] == NULL || callback->instruments[i]->scope != scope) {
            tachoi_free(callback);
            return TACHO_E_INVALID;
        }
    }
    callback->pipeline = pipeline;
    callback->observe = observe;
    callback->user = user;
    atomic_init(&callback->handle.ops, &callback_ops);
    atomic_init(&callback->handle.self, callback);
    pthread_mutex_lock(&pipeline->lock);
    append_locked(pipeline, callback);
    pthread_mutex_unlock(&pipeline->lock);
    if (out != NULL) {
        *out = &callback->handle;
    }
    return TACHO_OK;
}

void tachoi_callbacks_destroy(struct tachoi_pipeline *pipeline) {
    while (pipeline->first_callback != NULL) {
        struct tachoi_callback *callback = pipeline->first_callback;
        pipeline->first_callback = callback->next;
        tachoi_free(callback);
    }
    pipeline->last_callback = NULL;
}

/* --- running --- */

static void run_unlocked(struct tachoi_collector *collector, struct tachoi_callback *callback,
                         uint64_t deadline_ns) {
    callback->observe((tacho_observer *)&collector->observer, callback->user);
    if (tachoi_monotonic_ns() > deadline_ns) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "meter_provider", "callback_overran",
                                 "the deadline of a collection passed in a callback of `%s`; the "
                                 "callbacks after it are left out",
                                 callback->instruments[0]->about.name.data);
    }
}

/* Whether one of its instruments has a stream that takes observations in this collection: not if
 * their meter is disabled, views or the filter drop them all, or nobody reads them (FLT-03). */
static bool is_needed_locked(const struct tachoi_collector *collector,
                             const struct tachoi_callback *callback) {
    for (size_t i = 0; i < callback->instrument_count; i++) {
        const struct tachoi_instrument *instrument = callback->instruments[i];
        for (size_t j = 0; j < instrument->outlet_count; j++) {
            if (tachoi_collector_observes(collector, instrument->outlets[j].stream)) {
                return true;
            }
        }
    }
    return false;
}

/* Gives up the lock while the callback runs. */
static void run_pinned_locked(struct tachoi_collector *collector, struct tachoi_callback *callback,
                              uint64_t deadline_ns) {
    struct tachoi_pipeline *pipeline = collector->pipeline;
    callback->run_count++;
    atomic_store_explicit(&collector->thread, pthread_self(), memory_order_relaxed);
    atomic_store_explicit(&collector->running, callback, memory_order_relaxed);
    pthread_mutex_unlock(&pipeline->lock);
    run_unlocked(collector, callback, deadline_ns);
    pthread_mutex_lock(&pipeline->lock);
    atomic_store_explicit(&collector->running, NULL, memory_order_relaxed);
    callback->run_count--;
    pthread_cond_broadcast(&pipeline->callback_done);
}

bool tachoi_callbacks_run(struct tachoi_collector *collector, uint64_t end_id,
                          uint64_t deadline_ns) {
    struct tachoi_pipeline *pipeline = collector->pipeline;
    bool is_in_time = true;
    pthread_mutex_lock(&pipeline->lock);
    struct tachoi_callback *callback = pipeline->first_callback;
    while (callback != NULL && callback->id < end_id && is_in_time) {
        is_in_time = tachoi_monotonic_ns() <= deadline_ns;
        if (is_in_time && !callback->is_unregistered && is_needed_locked(collector, callback)) {
            run_pinned_locked(collector, callback, deadline_ns);
        }
        struct tachoi_callback *next = callback->next;
        discard_if_idle_locked(callback);
        callback = next;
    }
    pthread_mutex_unlock(&pipeline->lock);
    return is_in_time;
}

/* --- observing --- */

static struct tachoi_instrument *observed(struct tachoi_collector *collector,
                                          const tacho_spi_instrument *handle) {
    struct tachoi_callback *callback = running_on(collector);
    struct tachoi_instrument *instrument = tachoi_observable_from_handle(handle);
    if (callback == NULL || instrument == NULL || !is_this_thread(collector)) {
        return NULL;
    }
    for (size_t i = 0; i < callback->instrument_count; i++) {
        if (callback->instruments[i] == instrument) {
            return instrument;
        }
    }
    return NULL;
}

static void keep_i64(const struct tachoi_collector *collector, struct tachoi_instrument *instrument,
                     int64_t value, tacho_attributes attributes) {
    if (tachoi_instrument_judge_i64(instrument, value) == TACHOI_AUDIENCE_NONE) {
        return;
    }
    for (size_t i = 0; i < instrument->outlet_count; i++) {
        struct tachoi_stream *stream = instrument->outlets[i].stream;
        if (tachoi_collector_observes(collector, stream)) {
            tachoi_async_storage_observe_i64(stream->async, value, attributes);
        }
    }
}

static void keep_f64(const struct tachoi_collector *collector, struct tachoi_instrument *instrument,
                     double value, tacho_attributes attributes) {
    const enum tachoi_audience audience = tachoi_instrument_judge_f64(instrument, value);
    bool is_refused = false;
    for (size_t i = 0; audience != TACHOI_AUDIENCE_NONE && i < instrument->outlet_count; i++) {
        struct tachoi_stream *stream = instrument->outlets[i].stream;
        if (!tachoi_collector_observes(collector, stream)) {
            continue;
        }
        if (tachoi_outlet_takes(&instrument->outlets[i], audience)) {
            tachoi_async_storage_observe_f64(stream->async, value, attributes);
        } else {
            is_refused = true;
        }
    }
    if (is_refused) {
        tachoi_instrument_refuse(instrument, audience);
    }
}

static void observe_i64(void *self, const tacho_spi_instrument *handle, int64_t value,
                        tacho_attributes attributes) {
    struct tachoi_collector *collector = self;
    struct tachoi_instrument *instrument = observed(collector, handle);
    if (instrument == NULL) {
        return;
    }
    if (instrument->about.number_type == TACHO_NUMBER_I64) {
        keep_i64(collector, instrument, value, attributes);
    } else {
        keep_f64(collector, instrument, (double)value, attributes);
    }
}

/* Towards zero; what lies outside the range becomes its end. */
static int64_t i64_from_f64(double value) {
    if (value >= 0x1p63) {
        return INT64_MAX;
    }
    return value <= -0x1p63 ? INT64_MIN : (int64_t)value;
}

static void observe_f64(void *self, const tacho_spi_instrument *handle, double value,
                        tacho_attributes attributes) {
    struct tachoi_collector *collector = self;
    struct tachoi_instrument *instrument = observed(collector, handle);
    if (instrument == NULL) {
        return;
    }
    if (instrument->about.number_type == TACHO_NUMBER_F64) {
        keep_f64(collector, instrument, value, attributes);
    } else if (isfinite(value)) {
        keep_i64(collector, instrument, i64_from_f64(value), attributes);
    } else {
        tachoi_instrument_drop(instrument, TACHOI_DROP_NOT_FINITE);
    }
}

const tacho_spi_observer_ops tachoi_observer_ops = {
    .struct_size = sizeof(tacho_spi_observer_ops),
    .observe_i64 = observe_i64,
    .observe_f64 = observe_f64,
};
