/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the list of batches that the in-memory exporter keeps, and its public functions. Must not
 * look inside a batch.
 *
 * One lock guards the list; copies are made before it is taken and freed after it was released,
 * except the one handed out, whose source must stay. A forked child cannot know in which state its
 * parent's threads left lock and list: there the exporter takes nothing and shows nothing. */
#include "tacho/exporters/memory.h"

#include "base/alloc.h"
#include "base/fork.h"
#include "base/options.h"
#include "base/thread.h"
#include "memory/batch_copy.h"
#include "setup/preferences.h"

#define DEFAULT_MAX_BATCHES 1024
#define DEFAULT_WAIT_MS 5000

struct memory_exporter {
    /* immutable after create */
    uint32_t max_batches;
    uint32_t fork_generation;
    struct tachoi_exporter_preferences preferences;
    pthread_mutex_t lock;
    pthread_cond_t exported_more;
    /* guarded by lock */
    struct tachoi_memory_batch *oldest;
    struct tachoi_memory_batch *newest;
    size_t batch_count;
    size_t exported_count; /* since creation, forgotten batches included */
    bool is_shut_down;
};

static bool belongs_to_parent(const struct memory_exporter *exporter) {
    return exporter->fork_generation != tachoi_fork_generation();
}

static void append_locked(struct memory_exporter *exporter, struct tachoi_memory_batch *copy) {
    if (exporter->newest != NULL) {
        exporter->newest->next = copy;
    } else {
        exporter->oldest = copy;
    }
    exporter->newest = copy;
    exporter->batch_count++;
}

/* Takes the oldest batch out if there are more than may be kept. */
static struct tachoi_memory_batch *take_surplus_locked(struct memory_exporter *exporter) {
    if (exporter->batch_count <= exporter->max_batches) {
        return NULL;
    }
    struct tachoi_memory_batch *surplus = exporter->oldest;
    exporter->oldest = surplus->next;
    exporter->batch_count--;
    surplus->next = NULL;
    return surplus;
}

static struct tachoi_memory_batch *take_all_locked(struct memory_exporter *exporter) {
    struct tachoi_memory_batch *all = exporter->oldest;
    exporter->oldest = NULL;
    exporter->newest = NULL;
    exporter->batch_count = 0;
    return all;
}

static void destroy_list(struct tachoi_memory_batch *list) {
    while (list != NULL) {
        struct tachoi_memory_batch *next = list->next;
        tacho_memory_batch_destroy(&list->batch);
        list = next;
    }
}

static int memory_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)deadline_ns;
    struct memory_exporter *exporter = self;
    if (belongs_to_parent(exporter)) {
        return TACHO_E_FORKED;
    }
    struct tachoi_memory_batch *copy = tachoi_memory_batch_copy(batch);
    if (copy == NULL) {
        return TACHO_E_NO_MEMORY;
    }
    struct tachoi_memory_batch *unwanted = copy;
    int rc = TACHO_E_SHUTDOWN;
    (void)pthread_mutex_lock(&exporter->lock);
    if (!exporter->is_shut_down) {
        append_locked(exporter, copy);
        exporter->exported_count++;
        unwanted = take_surplus_locked(exporter);
        (void)pthread_cond_broadcast(&exporter->exported_more);
        rc = TACHO_OK;
    }
    (void)pthread_mutex_unlock(&exporter->lock);
    destroy_list(unwanted);
    return rc;
}

static int memory_shutdown(void *self, uint64_t deadline_ns) {
    (void)deadline_ns;
    struct memory_exporter *exporter = self;
    if (belongs_to_parent(exporter)) {
        return TACHO_E_FORKED;
    }
    (void)pthread_mutex_lock(&exporter->lock);
    exporter->is_shut_down = true;
    (void)pthread_mutex_unlock(&exporter->lock);
    return TACHO_OK;
}

static void memory_destroy(void *self) {
    struct memory_exporter *exporter = self;
    if (belongs_to_parent(exporter)) {
        return; /* another thread may have been in the middle of the list at fork */
    }
    destroy_list(exporter->oldest);
    (void)pthread_cond_destroy(&exporter->exported_more);
    (void)pthread_mutex_destroy(&exporter->lock);
    tachoi_exporter_preferences_fini(&exporter->preferences);
    tachoi_free(exporter);
}

static tacho_temporality memory_temporality(void *self, tacho_instrument_kind kind) {
    const struct memory_exporter *exporter = self;
    return tachoi_exporter_preferences_temporality(&exporter->preferences, kind);
}

static void memory_default_aggregation(void *self, tacho_instrument_kind kind,
                                       tacho_aggregation *out) {
    const struct memory_exporter *exporter = self;
    tachoi_exporter_preferences_aggregation(&exporter->preferences, kind, out);
}

static const tacho_metric_exporter_ops memory_ops = {
    .struct_size = sizeof(memory_ops),
    .name = "memory",
    .export_batch = memory_export,
    .shutdown = memory_shutdown,
    .destroy = memory_destroy,
    .temporality = memory_temporality,
    .default_aggregation = memory_default_aggregation,
};

static struct memory_exporter *create_self(const tacho_memory_options *options) {
    struct memory_exporter *self = tachoi_calloc(1, sizeof(*self));
    if (self == NULL || !tachoi_fork_watch()) {
        goto failed;
    }
    self->max_batches = options->max_batches > 0 ? options->max_batches : DEFAULT_MAX_BATCHES;
    self->fork_generation = tachoi_fork_generation();
    if (pthread_mutex_init(&self->lock, NULL) != 0) {
        goto failed;
    }
    if (tachoi_cond_init(&self->exported_more) != 0) {
        (void)pthread_mutex_destroy(&self->lock);
        goto failed;
    }
    return self;
failed:
    tachoi_free(self);
    return NULL;
}

/* What options were in version 0.1. */
#define FIRST_SIZE TACHOI_SIZE_UP_TO_ERROR(tacho_memory_options)

int tacho_memory_exporter_create(const tacho_memory_options *options, tacho_metric_exporter **out) {
    struct tachoi_exporter_setup setup = {.component = "memory",
                                          .function = "tacho_memory_exporter_create",
                                          .type = "tacho_memory_options"};
    struct tachoi_exporter_preferences preferences;
    tacho_memory_options known = {0};
    int rc = tachoi_exporter_setup_copy(&setup, options, &known, sizeof(known), FIRST_SIZE,
                                        offsetof(tacho_memory_options, error));
    if (rc == TACHO_OK) {
        rc = tachoi_exporter_preferences_init(&preferences, &setup, known.temporality_preference,
                                              known.temporalities, known.default_aggregations);
    }
    if (rc != TACHO_OK) {
        return rc;
    }
    struct memory_exporter *self = create_self(&known);
    if (self != NULL) {
        self->preferences = preferences;
    } else {
        tachoi_exporter_preferences_fini(&preferences);
    }
    return tachoi_exporter_setup_finish(&setup, &memory_ops, self, out);
}

/* NULL if it is of another type, or of the parent process. */
static struct memory_exporter *self_of(const tacho_metric_exporter *exporter) {
    struct memory_exporter *self = NULL;
    if (exporter != NULL) {
        self = tacho_metric_exporter_self(exporter, &memory_ops);
    }
    return self != NULL && !belongs_to_parent(self) ? self : NULL;
}

size_t tacho_memory_exporter_batch_count(const tacho_metric_exporter *exporter) {
    struct memory_exporter *self = self_of(exporter);
    if (self == NULL) {
        return 0;
    }
    (void)pthread_mutex_lock(&self->lock);
    const size_t count = self->batch_count;
    (void)pthread_mutex_unlock(&self->lock);
    return count;
}

tacho_metric_batch *tacho_memory_exporter_batch(const tacho_metric_exporter *exporter,
                                                size_t index) {
    struct memory_exporter *self = self_of(exporter);
    struct tachoi_memory_batch *copy = NULL;
    if (self == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&self->lock);
    const struct tachoi_memory_batch *source = self->oldest;
    for (; source != NULL && index > 0; index--) {
        source = source->next;
    }
    if (source != NULL) {
        copy = tachoi_memory_batch_copy(&source->batch);
    }
    (void)pthread_mutex_unlock(&self->lock);
    return copy != NULL ? &copy->batch : NULL;
}

int tacho_memory_exporter_wait(const tacho_metric_exporter *exporter, size_t count,
                               uint32_t timeout_ms) {
    struct memory_exporter *self = self_of(exporter);
    if (self == NULL) {
        return TACHO_E_INVALID;
    }
    const uint64_t deadline_ns =
        tacho_deadline_from_timeout(timeout_ms > 0 ? timeout_ms : DEFAULT_WAIT_MS);
    bool in_time = true;
    (void)pthread_mutex_lock(&self->lock);
    while (self->exported_count < count && in_time) {
        in_time = tachoi_cond_wait_until(&self->exported_more, &self->lock, deadline_ns);
    }
    const bool enough = self->exported_count >= count;
    (void)pthread_mutex_unlock(&self->lock);
    return enough ? TACHO_OK : TACHO_E_TIMEOUT;
}

void tacho_memory_exporter_reset(tacho_metric_exporter *exporter) {
    struct memory_exporter *self = self_of(exporter);
    if (self == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&self->lock);
    struct tachoi_memory_batch *forgotten = take_all_locked(self);
    (void)pthread_mutex_unlock(&self->lock);
    destroy_list(forgotten);
}
