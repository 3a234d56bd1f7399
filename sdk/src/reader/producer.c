/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/producer.h"

#include "base/alloc.h"
#include "base/fork.h"
#include "pipeline/setup.h"
#include "storage/series.h"
#include "tacho/sdk/diagnostics.h"

#define FIRST_PRODUCER_OPS TACHOI_SIZE_UP_TO(tacho_metric_producer_ops, destroy)

static int copy_ops(struct tachoi_setup *setup, const tacho_metric_producer_ops *ops,
                    tacho_metric_producer_ops *known) {
    if (ops == NULL) {
        return tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "ops",
                                          "it is NULL; give the producer's table");
    }
    int status = tachoi_setup_copy(setup, ops, known, sizeof *known, FIRST_PRODUCER_OPS, 0);
    if (status == TACHO_OK && known->name == NULL) {
        status = tachoi_setup_fail(setup, TACHO_E_INVALID, "name",
                                   "it is NULL; every producer needs a name");
    }
    if (status == TACHO_OK && known->produce == NULL) {
        status = tachoi_setup_fail(setup, TACHO_E_INVALID, "produce",
                                   "it is NULL; every producer needs this function");
    }
    return status;
}

static int make_producer(struct tachoi_setup *setup, const tacho_metric_producer_ops *ops,
                         void *self, tacho_metric_producer **out) {
    tacho_metric_producer_ops known = {0};
    int status = copy_ops(setup, ops, &known);
    if (status != TACHO_OK) {
        return status;
    }
    tacho_metric_producer *producer = tachoi_calloc(1, sizeof *producer);
    if (producer == NULL || !tachoi_fork_watch()) {
        tachoi_free(producer);
        return tachoi_setup_fail_argument(setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    producer->ops = known;
    producer->self = self;
    producer->fork_generation = tachoi_fork_generation();
    *out = producer;
    return TACHO_OK;
}

int tacho_metric_producer_create(const tacho_metric_producer_ops *ops, void *self,
                                 tacho_metric_producer **out) {
    struct tachoi_setup setup = {.component = "metric_producer",
                                 .function = "tacho_metric_producer_create",
                                 .type = "tacho_metric_producer_ops"};
    int status = tachoi_setup_check_out(&setup, out);
    if (status == TACHO_OK) {
        status = make_producer(&setup, ops, self, out);
    }
    if (status != TACHO_OK && ops != NULL &&
        ops->struct_size >= TACHOI_SIZE_UP_TO(tacho_metric_producer_ops, destroy) &&
        ops->destroy != NULL) {
        ops->destroy(self);
    }
    return status;
}

int tachoi_producer_claim(tacho_metric_producer *producer) {
    if (producer == NULL) {
        return TACHO_E_INVALID;
    }
    if (producer->fork_generation != tachoi_fork_generation()) {
        return TACHO_E_FORKED;
    }
    bool was_owned = atomic_exchange_explicit(&producer->is_owned, true, memory_order_relaxed);
    return was_owned ? TACHO_E_BUSY : TACHO_OK;
}

void tachoi_producer_free(tacho_metric_producer *producer) {
    if (producer == NULL) {
        return;
    }
    if (producer->ops.destroy != NULL) {
        producer->ops.destroy(producer->self);
    }
    tachoi_free(producer);
}

void tacho_metric_producer_destroy(tacho_metric_producer *producer) {
    int status = tachoi_producer_claim(producer);
    if (status == TACHO_OK) {
        tachoi_producer_free(producer);
    } else if (status == TACHO_E_BUSY) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_producer", "destroy_refused",
                                 "a producer that belongs to a reader is destroyed with it");
    }
}

uint64_t tacho_series_id_next(void) {
    return tachoi_series_next_id();
}
