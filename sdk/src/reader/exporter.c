/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/exporter.h"

#include "base/alloc.h"
#include "base/fork.h"
#include "pipeline/setup.h"
#include "tacho/sdk/diagnostics.h"

#define DESTROY_TIMEOUT_MS 5000

static int copy_ops(struct tachoi_setup *setup, const tacho_metric_exporter_ops *ops,
                    tacho_metric_exporter_ops *known) {
    if (ops == NULL) {
        return tachoi_setup_fail_argument(setup, TACHO_E_INVALID, "ops",
                                          "it is NULL; give the exporter's table");
    }
    int status = tachoi_setup_copy(setup, ops, known, sizeof *known, TACHOI_FIRST_EXPORTER_OPS, 0);
    if (status == TACHO_OK && known->name == NULL) {
        status = tachoi_setup_fail(setup, TACHO_E_INVALID, "name",
                                   "it is NULL; every exporter needs a name");
    }
    if (status == TACHO_OK && known->export_batch == NULL) {
        status = tachoi_setup_fail(setup, TACHO_E_INVALID, "export_batch",
                                   "it is NULL; every exporter needs this function");
    }
    return status;
}

static int make_exporter(struct tachoi_setup *setup, const tacho_metric_exporter_ops *ops,
                         void *self, tacho_metric_exporter **out) {
    tacho_metric_exporter_ops known = {0};
    int status = copy_ops(setup, ops, &known);
    if (status != TACHO_OK) {
        return status;
    }
    tacho_metric_exporter *exporter = tachoi_calloc(1, sizeof *exporter);
    if (exporter == NULL || !tachoi_fork_watch() || !tachoi_gate_init(&exporter->flush_gate)) {
        tachoi_free(exporter);
        return tachoi_setup_fail_argument(setup, TACHO_E_NO_MEMORY, "", "memory is short");
    }
    exporter->table = ops;
    exporter->ops = known;
    exporter->self = self;
    exporter->fork_generation = tachoi_fork_generation();
    *out = exporter;
    return TACHO_OK;
}

int tacho_metric_exporter_create(const tacho_metric_exporter_ops *ops, void *self,
                                 tacho_metric_exporter **out) {
    struct tachoi_setup setup = {.component = "metric_exporter",
                                 .function = "tacho_metric_exporter_create",
                                 .type = "tacho_metric_exporter_ops"};
    int status = tachoi_setup_check_out(&setup, out);
    if (status == TACHO_OK) {
        status = make_exporter(&setup, ops, self, out);
    }
    if (status != TACHO_OK && ops != NULL &&
        ops->struct_size >= TACHOI_SIZE_UP_TO(tacho_metric_exporter_ops, destroy) &&
        ops->destroy != NULL) {
        ops->destroy(self);
    }
    return status;
}

int tachoi_exporter_claim(tacho_metric_exporter *exporter) {
    if (exporter == NULL) {
        return TACHO_E_INVALID;
    }
    if (exporter->fork_generation != tachoi_fork_generation()) {
        return TACHO_E_FORKED;
    }
    bool was_owned = atomic_exchange_explicit(&exporter->is_owned, true, memory_order_relaxed);
    return was_owned ? TACHO_E_INVALID : TACHO_OK;
}

int tachoi_exporter_export(tacho_metric_exporter *exporter, const tacho_metric_batch *batch,
                           uint64_t deadline_ns) {
    if (atomic_load_explicit(&exporter->is_shut_down, memory_order_acquire)) {
        return TACHO_E_SHUTDOWN;
    }
    return exporter->ops.export_batch(exporter->self, batch, deadline_ns);
}

static int outcome(int status) {
    return status == TACHO_OK || status == TACHO_E_TIMEOUT ? status : TACHO_E_FAILED;
}

int tachoi_exporter_force_flush(tacho_metric_exporter *exporter, uint64_t deadline_ns) {
    if (exporter->ops.force_flush == NULL) {
        return TACHO_OK;
    }
    int status = tachoi_gate_enter(&exporter->flush_gate, deadline_ns);
    if (status != TACHO_OK) {
        return status;
    }
    status = outcome(exporter->ops.force_flush(exporter->self, deadline_ns));
    tachoi_gate_leave(&exporter->flush_gate);
    return status;
}

int tachoi_exporter_shutdown(tacho_metric_exporter *exporter, uint64_t deadline_ns) {
    /* acq_rel: of two callers one gets in; the release pairs with the acquire in export */
    if (atomic_exchange_explicit(&exporter->is_shut_down, true, memory_order_acq_rel) ||
        exporter->ops.shutdown == NULL) {
        return TACHO_OK;
    }
    return outcome(exporter->ops.shutdown(exporter->self, deadline_ns));
}

void tachoi_exporter_observe(tacho_metric_exporter *exporter, tacho_meter_provider *provider) {
    if (exporter->ops.observe != NULL) {
        exporter->ops.observe(exporter->self, provider);
    }
}

bool tachoi_exporter_is_here(tacho_metric_exporter *exporter) {
    return tachoi_gate_is_mine(&exporter->flush_gate);
}

void tachoi_exporter_destroy(tacho_metric_exporter *exporter) {
    if (exporter == NULL || exporter->fork_generation != tachoi_fork_generation()) {
        return;
    }
    tachoi_exporter_shutdown(exporter, tacho_deadline_from_timeout(DESTROY_TIMEOUT_MS));
    if (exporter->ops.destroy != NULL) {
        exporter->ops.destroy(exporter->self);
    }
    tachoi_gate_fini(&exporter->flush_gate);
    tachoi_free(exporter);
}

void tacho_metric_exporter_destroy(tacho_metric_exporter *exporter) {
    if (exporter != NULL && atomic_load_explicit(&exporter->is_owned, memory_order_relaxed)) {
        tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "metric_exporter", "destroy_refused",
                                 "an exporter that belongs to a reader is destroyed with it");
        return;
    }
    tachoi_exporter_destroy(exporter);
}

void *tacho_metric_exporter_self(const tacho_metric_exporter *exporter,
                                 const tacho_metric_exporter_ops *ops) {
    return exporter != NULL && exporter->table == ops ? exporter->self : NULL;
}

void tacho_metric_exporter_delivery(const tacho_metric_exporter *exporter, tacho_delivery *out) {
    if (out == NULL) {
        return;
    }
    tacho_delivery account = {.struct_size = sizeof account};
    if (exporter != NULL && exporter->ops.delivery != NULL &&
        exporter->fork_generation == tachoi_fork_generation()) {
        exporter->ops.delivery(exporter->self, &account);
    }
    account.struct_size = sizeof account;
    *out = account;
}
