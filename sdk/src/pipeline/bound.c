/* SPDX-License-Identifier: Apache-2.0 */
/* Bound handles: an instrument joined to one series in each of its streams. The instrument keeps a
 * list of them, so that destroying the provider frees those that nobody gave back. A handle keeps
 * the attributes that were bound where exemplars may want those that a stream leaves out. */
#include <float.h>
#include <stddef.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/fork.h"
#include "pipeline/instrument.h"
#include "pipeline/report.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"
#include "storage/series_record.h"

/* The attributes that were bound, copied with all that they point to. */
struct kept_attributes {
    tacho_attributes attributes;
    struct tachoi_arena arena; /* of the copies */
};

/* What recording reads of a handle with one series lies at its beginning. It is copied from the
 * objects that own it, so that no load waits for another one: the atomic instruction in the middle
 * of a measurement waits for all of them. */
struct tachoi_bound {
    tacho_spi_bound handle; /* first: what the API calls a bound instrument */

    /* immutable after creation */
    struct tachoi_instrument *instrument;
    struct tachoi_series *only_series;       /* the first one */
    struct tachoi_stripes *only_stripes;     /* its own; NULL of a last value */
    unsigned char *cells;                    /* of these stripes */
    const tacho_spi_context_slot *exemplars; /* see tachoi_exemplars_switch */
    uint32_t stripe_mask;                    /* as in these stripes */
    uint32_t stride;
    const double *bounds; /* of an explicit histogram, as in its aggregation */
    size_t bound_count;
    struct tachoi_few_bounds few_bounds; /* the same, where they are few */
    struct kept_attributes *kept;        /* NULL where there never are exemplars */
    size_t series_count;

    /* guarded by the pipeline's lock */
    struct tachoi_bound *next;
    struct tachoi_bound **link; /* what points to this one */

    struct tachoi_bound_series *series[]; /* immutable; one for each outlet of the instrument */
};

_Static_assert(offsetof(struct tachoi_bound, bounds) <= 64,
               "recording into a bound sum reads one cache line of its handle");

static const tacho_attributes *attributes_of(const struct tachoi_bound *bound) {
    return bound->kept != NULL ? &bound->kept->attributes : NULL;
}

static void bound_record_i64(void *self, int64_t value) {
    struct tachoi_bound *bound = self;
    if (!tachoi_instrument_is_live(bound->instrument) ||
        tachoi_instrument_judge_i64(bound->instrument, value) == TACHOI_AUDIENCE_NONE) {
        return;
    }
    for (size_t i = 0; i < bound->series_count; i++) {
        tachoi_bound_series_record_i64(bound->series[i], value, attributes_of(bound));
    }
}

static void bound_record_f64(void *self, double value) {
    struct tachoi_bound *bound = self;
    struct tachoi_instrument *instrument = bound->instrument;
    if (!tachoi_instrument_is_live(instrument)) {
        return;
    }
    const enum tachoi_audience audience = tachoi_instrument_judge_f64(instrument, value);
    if (audience == TACHOI_AUDIENCE_NONE) {
        return;
    }
    bool is_refused = false;
    for (size_t i = 0; i < bound->series_count; i++) {
        if (tachoi_outlet_takes(&instrument->outlets[i], audience)) {
            tachoi_bound_series_record_f64(bound->series[i], value, attributes_of(bound));
        } else {
            is_refused = true;
        }
    }
    if (is_refused) {
        tachoi_instrument_refuse(instrument, audience);
    }
}

/* --- recording into the one series of a handle --- */

/* What most handles are; all in one function, which calls nothing but at its end, so that no
 * register is saved: an atomic addition waits for the stores before it. Whatever is out of the
 * ordinary goes the general way: values that some stream may refuse, exemplars, a stopped
 * instrument, the first measurement of a thread. */

static inline bool is_ordinary(const struct tachoi_bound *bound) {
    /* acquire; pairs with the release of the API's store: the hook is complete */
    const uintptr_t hook = (uintptr_t)atomic_load_explicit(bound->exemplars, memory_order_acquire);
    const uintptr_t state = atomic_load_explicit(&bound->instrument->state, memory_order_relaxed);
    return ((state ^ TACHOI_INSTRUMENT_RECORDING) | hook) == 0; /* one branch */
}

static inline bool is_ordinary_i64(const struct tachoi_bound *bound, int64_t value) {
    return (value >= 0 || !bound->instrument->is_counter) && is_ordinary(bound);
}

/** `least`: of the values that the stream takes, 0 or -DBL_MAX. */
static inline bool is_ordinary_f64(const struct tachoi_bound *bound, double value, double least) {
    return value >= least && value <= DBL_MAX && is_ordinary(bound);
}

/** Of a histogram: neither negative nor NaN nor infinite, told by the bits in one comparison. */
static inline bool is_ordinary_observation(const struct tachoi_bound *bound, double value) {
    const uint64_t infinity = UINT64_C(0x7ff0000000000000);
    return tachoi_bits_of_f64(value) < infinity && is_ordinary(bound);
}

static inline size_t stripe_of(const struct tachoi_bound *bound) {
    return tachoi_stripes_find_masked(bound->only_stripes, bound->stripe_mask,
                                      tachoi_thread_hint());
}

static inline struct tachoi_cell_head *cell_of(const struct tachoi_bound *bound, size_t index) {
    return (struct tachoi_cell_head *)(void *)(bound->cells + index * bound->stride);
}

static void add_i64(void *self, int64_t value) {
    const struct tachoi_bound *bound = self;
    const size_t index = stripe_of(bound);
    if (index != TACHOI_NO_STRIPE && is_ordinary_i64(bound, value)) {
        tachoi_series_add_i64_to_cell(bound->only_series, bound->cells, index, value);
    } else {
        bound_record_i64(self, value);
    }
}

static inline void add_f64_from(void *self, double value, double least) {
    const struct tachoi_bound *bound = self;
    const size_t index = stripe_of(bound);
    if (index == TACHOI_NO_STRIPE || !is_ordinary_f64(bound, value, least) ||
        !tachoi_series_try_add_f64_to_cell(bound->only_series, bound->cells, index, value)) {
        bound_record_f64(self, value);
    }
}

static void add_f64(void *self, double value) {
    add_f64_from(self, value, -DBL_MAX);
}

static void add_f64_monotonic(void *self, double value) {
    add_f64_from(self, value, 0);
}

static void store_i64(void *self, int64_t value) {
    const struct tachoi_bound *bound = self;
    if (is_ordinary_i64(bound, value)) {
        tachoi_series_record_last(bound->only_series, (uint64_t)value);
    } else {
        bound_record_i64(self, value);
    }
}

static void store_f64(void *self, double value) {
    const struct tachoi_bound *bound = self;
    const double least = bound->instrument->is_counter ? 0 : -DBL_MAX;
    if (is_ordinary_f64(bound, value, least)) {
        tachoi_series_record_last(bound->only_series, tachoi_bits_of_f64(value));
    } else {
        bound_record_f64(self, value);
    }
}

/* Part of both its callers: neither asks at each measurement which one it is. */
__attribute__((always_inline)) static inline void observe_buckets(struct tachoi_bound *bound,
                                                                  double value, bool is_few) {
    const size_t index = stripe_of(bound);
    if (index == TACHOI_NO_STRIPE || !is_ordinary_observation(bound, value)) {
        bound_record_f64(bound, value);
        return;
    }
    struct tachoi_series *series = bound->only_series;
    const size_t bucket = is_few
                              ? tachoi_few_bounds_bucket(&bound->few_bounds, value)
                              : tachoi_histogram_bucket(bound->bounds, bound->bound_count, value);
    if (!tachoi_series_try_explicit_cell(series, cell_of(bound, index), bucket, value)) {
        tachoi_series_record_contended(series, bound->only_stripes, index + 1, bucket, value);
    }
}

static void observe_few(void *self, double value) {
    observe_buckets(self, value, true);
}

static void observe_many(void *self, double value) {
    observe_buckets(self, value, false);
}

static void observe_exponential(void *self, double value) {
    const struct tachoi_bound *bound = self;
    const size_t index = stripe_of(bound);
    if (index == TACHOI_NO_STRIPE || !is_ordinary_observation(bound, value)) {
        bound_record_f64(self, value);
        return;
    }
    struct tachoi_series *series = bound->only_series;
    if (!tachoi_series_try_exponential_cell(series, cell_of(bound, index), value)) {
        tachoi_series_record_contended(series, bound->only_stripes, index + 1,
                                       TACHOI_BUCKET_BY_SCALE, value);
    }
}

/* --- life --- */

static void kept_free(struct kept_attributes *kept) {
    if (kept != NULL) {
        tachoi_arena_fini(&kept->arena);
        tachoi_free(kept);
    }
}

static void bound_free(struct tachoi_bound *bound) {
    for (size_t i = 0; i < bound->series_count; i++) {
        tachoi_bound_series_release(bound->series[i]);
    }
    kept_free(bound->kept);
    tachoi_free(bound);
}

static void bound_release(void *self) {
    struct tachoi_bound *bound = self;
    struct tachoi_pipeline *pipeline = bound->instrument->scope->pipeline;
    if (pipeline->fork_generation != tachoi_fork_generation()) {
        return; /* a child leaves what is its parent's */
    }
    pthread_mutex_lock(&pipeline->lock);
    *bound->link = bound->next;
    if (bound->next != NULL) {
        bound->next->link = bound->link;
    }
    pthread_mutex_unlock(&pipeline->lock);
    bound_free(bound);
}

/* How a handle records: the general way, or what its only series is. */
enum way {
    WAY_GENERAL,
    WAY_SUM,
    WAY_MONOTONIC_SUM,
    WAY_LAST_VALUE,
    WAY_FEW_BUCKETS, /* of explicit bounds */
    WAY_MANY_BUCKETS,
    WAY_EXPONENTIAL_HISTOGRAM,
    WAYS
};

#define BOUND_OPS(...)                                                                             \
    { .struct_size = sizeof(tacho_spi_bound_ops), .release = bound_release, __VA_ARGS__ }

static const tacho_spi_bound_ops i64_ops[WAYS] = {
    [WAY_GENERAL] = BOUND_OPS(.record_i64 = bound_record_i64),
    [WAY_SUM] = BOUND_OPS(.record_i64 = add_i64),
    [WAY_MONOTONIC_SUM] = BOUND_OPS(.record_i64 = add_i64),
    [WAY_LAST_VALUE] = BOUND_OPS(.record_i64 = store_i64),
    /* histograms of integers, which a view may make of a counter, go the general way */
    [WAY_FEW_BUCKETS] = BOUND_OPS(.record_i64 = bound_record_i64),
    [WAY_MANY_BUCKETS] = BOUND_OPS(.record_i64 = bound_record_i64),
    [WAY_EXPONENTIAL_HISTOGRAM] = BOUND_OPS(.record_i64 = bound_record_i64),
};

static const tacho_spi_bound_ops f64_ops[WAYS] = {
    [WAY_GENERAL] = BOUND_OPS(.record_f64 = bound_record_f64),
    [WAY_SUM] = BOUND_OPS(.record_f64 = add_f64),
    [WAY_MONOTONIC_SUM] = BOUND_OPS(.record_f64 = add_f64_monotonic),
    [WAY_LAST_VALUE] = BOUND_OPS(.record_f64 = store_f64),
    [WAY_FEW_BUCKETS] = BOUND_OPS(.record_f64 = observe_few),
    [WAY_MANY_BUCKETS] = BOUND_OPS(.record_f64 = observe_many),
    [WAY_EXPONENTIAL_HISTOGRAM] = BOUND_OPS(.record_f64 = observe_exponential),
};

static enum way way_of(const struct tachoi_instrument *instrument) {
    if (instrument->outlet_count != 1) {
        return WAY_GENERAL;
    }
    const struct tachoi_aggregation *aggregation =
        &instrument->only_outlet.stream->plan.aggregation;
    switch (aggregation->kind) {
    case TACHOI_AGGREGATION_SUM:
        return aggregation->is_monotonic ? WAY_MONOTONIC_SUM : WAY_SUM;
    case TACHOI_AGGREGATION_LAST_VALUE:
        return WAY_LAST_VALUE;
    case TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM:
        return aggregation->bound_count <= TACHOI_BOUNDS_FEW ? WAY_FEW_BUCKETS : WAY_MANY_BUCKETS;
    case TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        return WAY_EXPONENTIAL_HISTOGRAM;
    }
    return WAY_GENERAL;
}

static struct tachoi_bound *bound_alloc(struct tachoi_instrument *instrument) {
    size_t size;
    if (!tachoi_size_mul(instrument->outlet_count, sizeof(struct tachoi_bound_series *), &size) ||
        !tachoi_size_add(size, sizeof(struct tachoi_bound), &size)) {
        return NULL;
    }
    struct tachoi_bound *bound = tachoi_calloc_aligned(1, size);
    if (bound != NULL) {
        bound->instrument = instrument;
        atomic_init(&bound->handle.self, bound);
        const tacho_spi_bound_ops *ops =
            instrument->about.number_type == TACHO_NUMBER_F64 ? f64_ops : i64_ops;
        atomic_init(&bound->handle.ops, &ops[way_of(instrument)]);
    }
    return bound;
}

/* Strings, arrays and maps too: the caller's may be gone when the handle records. NULL when memory
 * is short. */
static struct kept_attributes *keep_attributes(tacho_attributes attributes) {
    struct kept_attributes *kept = tachoi_calloc(1, sizeof *kept);
    if (kept == NULL) {
        return NULL;
    }
    struct tachoi_attribute_key key;
    tachoi_attribute_key_init(&key, attributes);
    tachoi_arena_init(&kept->arena, 0);
    size_t size = tachoi_attribute_key_size(&key);
    unsigned char *packed = tachoi_arena_alloc(&kept->arena, size + 1, 1);
    if (packed != NULL) {
        tachoi_attribute_key_write(&key, packed);
    }
    if (packed == NULL ||
        !tachoi_attributes_unpack(packed, size, &kept->arena, &kept->attributes)) {
        kept_free(kept);
        return NULL;
    }
    return kept;
}

static bool bind_series(struct tachoi_bound *bound, tacho_attributes attributes) {
    const struct tachoi_instrument *instrument = bound->instrument;
    for (; bound->series_count < instrument->outlet_count; bound->series_count++) {
        size_t i = bound->series_count;
        bound->series[i] = tachoi_sync_storage_bind(instrument->outlets[i].sync, attributes);
        if (bound->series[i] == NULL) {
            return false;
        }
    }
    return true;
}

static struct tachoi_bound *bound_create(struct tachoi_instrument *instrument,
                                         tacho_attributes attributes) {
    struct tachoi_bound *bound = bound_alloc(instrument);
    if (bound == NULL) {
        return NULL;
    }
    bool has_exemplars = tachoi_pipeline_has_exemplars(instrument->scope->pipeline);
    bound->kept = has_exemplars ? keep_attributes(attributes) : NULL;
    if ((has_exemplars && bound->kept == NULL) || !bind_series(bound, attributes)) {
        bound_free(bound);
        return NULL;
    }
    bound->only_series = tachoi_bound_series_unwrap(bound->series[0]);
    bound->only_stripes = tachoi_series_stripes(bound->only_series);
    if (bound->only_stripes != NULL) {
        bound->cells = tachoi_stripes_cells(bound->only_stripes);
        bound->stripe_mask = bound->only_stripes->mask;
        bound->stride = bound->only_stripes->stride;
    }
    bound->bounds = bound->only_series->family->aggregation.bounds;
    bound->bound_count = bound->only_series->family->aggregation.bound_count;
    tachoi_few_bounds_init(&bound->few_bounds, bound->bounds, bound->bound_count);
    bound->exemplars = tachoi_exemplars_switch(bound->only_series->family->exemplars);
    return bound;
}

tacho_spi_bound *tachoi_instrument_bind(void *self, tacho_attributes attributes) {
    struct tachoi_instrument *instrument = self;
    struct tachoi_pipeline *pipeline = instrument->scope->pipeline;
    if (instrument->outlet_count == 0 || pipeline->fork_generation != tachoi_fork_generation()) {
        return NULL;
    }
    struct tachoi_bound *bound = bound_create(instrument, attributes);
    if (bound == NULL) {
        tachoi_report(
            TACHO_SEVERITY_ERROR, "meter_provider", "bind_failed", instrument->about.name.data,
            "no memory to bind instrument `%s`; it records nothing", instrument->about.name.data);
        return NULL;
    }
    pthread_mutex_lock(&pipeline->lock);
    bound->next = instrument->first_bound;
    bound->link = &instrument->first_bound;
    if (bound->next != NULL) {
        bound->next->link = &bound->next;
    }
    instrument->first_bound = bound;
    pthread_mutex_unlock(&pipeline->lock);
    return &bound->handle;
}

void tachoi_instrument_release_all(struct tachoi_instrument *instrument) {
    while (instrument->first_bound != NULL) {
        struct tachoi_bound *bound = instrument->first_bound;
        instrument->first_bound = bound->next;
        bound_free(bound);
    }
}
