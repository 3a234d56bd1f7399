/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/drops.h"

#include <inttypes.h>
#include <stdio.h>

#include "pipeline/scope.h"
#include "pipeline/state.h"
#include "tacho/sdk/diagnostics.h"

static const struct {
    const char *kind;
    const char *reason;
    tacho_severity severity;
} texts[TACHOI_DROP_KINDS] = {
    [TACHOI_DROP_NEGATIVE] = {"negative_value", "negative value on a counter or a monotonic sum",
                              TACHO_SEVERITY_WARNING},
    [TACHOI_DROP_NOT_FINITE] = {"not_finite", "NaN or infinity", TACHO_SEVERITY_WARNING},
    [TACHOI_DROP_LATE] = {"late", "recorded after shutdown", TACHO_SEVERITY_INFO},
    [TACHOI_DROP_CONTENDED] = {"contended", "all cells of the series were busy",
                               TACHO_SEVERITY_WARNING},
    [TACHOI_DROP_NO_MEMORY] = {"no_memory", "no memory for a new series", TACHO_SEVERITY_ERROR},
    [TACHOI_DROP_FORKED] = {"forked", "new series in a forked child", TACHO_SEVERITY_WARNING},
};

static void count(struct tachoi_pipeline *pipeline, enum tachoi_drop kind, uint64_t number) {
    if (number > 0) {
        atomic_fetch_add_explicit(&pipeline->dropped[kind], number, memory_order_relaxed);
    }
}

void tachoi_drops_add_storage(struct tachoi_pipeline *pipeline,
                              const struct tachoi_storage_drops *drops) {
    count(pipeline, TACHOI_DROP_CONTENDED, drops->contended);
    count(pipeline, TACHOI_DROP_NO_MEMORY, drops->no_memory);
    count(pipeline, TACHOI_DROP_FORKED, drops->forked);
}

/* Whose measurements were newly dropped for one reason. */
struct culprits {
    const struct tachoi_instrument *first; /* NULL = a storage counted, which knows no instrument */
    size_t count;
};

/* Moves what the instrument counted to the pipeline and remembers whose it was. */
static void take(struct tachoi_pipeline *pipeline, struct tachoi_instrument *instrument,
                 struct culprits culprits[TACHOI_DROP_KINDS]) {
    for (int kind = 0; kind < TACHOI_DROPS_WHEN_RECORDING; kind++) {
        if (atomic_load_explicit(&instrument->dropped[kind], memory_order_relaxed) == 0) {
            continue;
        }
        count(pipeline, (enum tachoi_drop)kind,
              atomic_exchange_explicit(&instrument->dropped[kind], 0, memory_order_relaxed));
        if (culprits[kind].count++ == 0) {
            culprits[kind].first = instrument;
        }
    }
}

static void gather(struct tachoi_pipeline *pipeline, struct culprits culprits[TACHOI_DROP_KINDS]) {
    pthread_mutex_lock(&pipeline->lock);
    for (struct tachoi_scope *scope = pipeline->first_scope; scope != NULL; scope = scope->next) {
        struct tachoi_instrument *instrument = scope->first_instrument;
        for (; instrument != NULL; instrument = instrument->next) {
            take(pipeline, instrument, culprits);
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
}

static void tell(enum tachoi_drop kind, uint64_t number, const struct culprits *culprits) {
    char where[384] = "";
    if (culprits->count == 1) {
        snprintf(where, sizeof where, "; the latest on `%s`", culprits->first->about.name.data);
    } else if (culprits->count > 1) {
        snprintf(where, sizeof where, "; the latest on `%s` and %zu more",
                 culprits->first->about.name.data, culprits->count - 1);
    }
    tacho_diagnostics_report(texts[kind].severity, "meter_provider", texts[kind].kind,
                             "measurements dropped so far: %" PRIu64 ", %s%s", number,
                             texts[kind].reason, where);
}

void tachoi_drops_report(struct tachoi_pipeline *pipeline) {
    struct culprits culprits[TACHOI_DROP_KINDS] = {{0}};
    gather(pipeline, culprits);
    for (int kind = 0; kind < TACHOI_DROP_KINDS; kind++) {
        uint64_t number = atomic_load_explicit(&pipeline->dropped[kind], memory_order_relaxed);
        /* an exchange: of two collections that look at once, one tells */
        uint64_t told =
            atomic_exchange_explicit(&pipeline->told[kind], number, memory_order_relaxed);
        if (number > told) {
            tell((enum tachoi_drop)kind, number, &culprits[kind]);
        }
    }
}

void tachoi_pipeline_drops(struct tachoi_pipeline *pipeline, uint64_t out[TACHOI_DROP_KINDS]) {
    struct culprits culprits[TACHOI_DROP_KINDS] = {{0}};
    gather(pipeline, culprits);
    for (int kind = 0; kind < TACHOI_DROP_KINDS; kind++) {
        out[kind] = atomic_load_explicit(&pipeline->dropped[kind], memory_order_relaxed);
    }
}
