/* SPDX-License-Identifier: Apache-2.0 */
/* See observations.h. */
#include "bench/observations.h"

#include <string.h>

#include "bench/bench.h"

struct account {
    const char *name;
    uint64_t observations;
};

static uint64_t count_of(const tacho_metric *metric, size_t point) {
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        return tacho_metric_histogram_point(metric, point)->count;
    }
    if (metric->type == TACHO_METRIC_EXPONENTIAL_HISTOGRAM) {
        return tacho_metric_exponential_histogram_point(metric, point)->count;
    }
    return 0;
}

static void add_metric(struct account *account, const tacho_metric *metric) {
    if (metric->name.length != strlen(account->name) ||
        memcmp(metric->name.data, account->name, metric->name.length) != 0) {
        return;
    }
    for (size_t i = 0; i < metric->point_count; i++) {
        account->observations += count_of(metric, i);
    }
}

static int add_batch(const tacho_metric_batch *batch, void *user) {
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            add_metric(user, tacho_scope_metrics_metric(scope, j));
        }
    }
    return TACHO_OK;
}

uint64_t bench_observations(tacho_metric_reader *reader, const char *name) {
    struct account account = {.name = name};
    if (tacho_metric_reader_collect_with(reader, TACHO_NO_TIMEOUT, add_batch, &account) !=
        TACHO_OK) {
        bench_die("a collection failed");
    }
    return account.observations;
}
