/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of producers may be of older, smaller versions than those of this SDK: scopes and metrics
 * are copied into current ones, zero where the old ones end; points stay where they are, under
 * their own size, as their array may be large. */
#include "reader/gather.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/report.h"
#include "pipeline/setup.h"
#include "reader/produced_check.h"
#include "reader/producer.h"
#include "reader/reader.h"

#define FIRST_SCOPE_METRICS TACHOI_SIZE_UP_TO(tacho_scope_metrics, metric_size)
#define FIRST_METRIC TACHOI_SIZE_UP_TO(tacho_metric, point_size)
#define NAME_SHOWN 64

/* One producer's answer. */
struct answer {
    const char *name;
    tacho_produced produced;
};

/* What is being put together. */
struct merge {
    const struct tachoi_gather *gather;
    const char *producer; /* whose answer is read */
    tacho_scope_metrics *scopes;
    size_t scope_count;
    size_t point_count;
    bool is_out_of_memory;
};

static void *take(struct merge *merge, size_t count, size_t size) {
    void *memory = tachoi_arena_alloc(merge->gather->arena, count, size);
    merge->is_out_of_memory = merge->is_out_of_memory || memory == NULL;
    return memory;
}

/* A struct of `size` bytes as one of `known_size`. */
static void copy_struct(void *known, size_t known_size, const void *given, size_t size) {
    memset(known, 0, known_size);
    memcpy(known, given, size < known_size ? size : known_size);
}

/* --- asking --- */

static int outcome(int status) {
    return status == TACHO_OK || status == TACHO_E_TIMEOUT ? status : TACHO_E_FAILED;
}

static int ask(const tacho_metric_producer *producer, const tacho_produce_request *request,
               struct answer *answer) {
    *answer = (struct answer){.name = producer->ops.name,
                              .produced = {.struct_size = sizeof answer->produced}};
    int status = producer->ops.produce(producer->self, request, &answer->produced);
    if (status != TACHO_OK) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "produce_failed", answer->name,
                      "producer %s: %s; what it gave is exported all the same", answer->name,
                      tacho_status_text(status));
    }
    const tacho_produced *produced = &answer->produced;
    if (!tachoi_produced_array_is_walkable(produced->scopes, produced->scope_count,
                                           produced->scope_size, FIRST_SCOPE_METRICS)) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "produced_invalid", answer->name,
                      "producer %s is left out: its scopes are NULL, or scope_size is not "
                      "sizeof(tacho_scope_metrics)",
                      answer->name);
        answer->produced.scope_count = 0;
        status = tachoi_status_join(status, TACHO_E_FAILED);
    }
    return outcome(status);
}

/* --- choosing --- */

/* What the filter is told of a producer's metric. */
static tacho_instrument_kind fitting_kind(const tacho_metric *metric) {
    switch (metric->type) {
    case TACHO_METRIC_SUM:
        return metric->is_monotonic ? TACHO_INSTRUMENT_COUNTER : TACHO_INSTRUMENT_UP_DOWN_COUNTER;
    case TACHO_METRIC_GAUGE:
        return TACHO_INSTRUMENT_GAUGE;
    case TACHO_METRIC_HISTOGRAM:
    case TACHO_METRIC_EXPONENTIAL_HISTOGRAM:
    case TACHO_METRIC_SUMMARY:
        break;
    }
    return TACHO_INSTRUMENT_HISTOGRAM;
}

/* FLT-02: the metric with the points that are wanted alone. */
static void choose_points(struct merge *merge, const tacho_metric_identity *identity,
                          tacho_metric *metric) {
    const tacho_metric_filter *filter = merge->gather->filter;
    char *points = take(merge, metric->point_count, metric->point_size);
    size_t count = 0;
    for (size_t i = 0; points != NULL && i < metric->point_count; i++) {
        if (filter->test_attributes(filter->user, identity, *tachoi_point_attributes(metric, i))) {
            memcpy(points + count * metric->point_size,
                   (const char *)metric->points + i * metric->point_size, metric->point_size);
            count++;
        }
    }
    metric->points = points;
    metric->point_count = count;
}

static bool is_wanted(struct merge *merge, const tacho_scope *scope, tacho_metric *metric) {
    const tacho_metric_filter *filter = merge->gather->filter;
    if (filter == NULL || metric->point_count == 0) {
        return metric->point_count > 0;
    }
    const tacho_metric_identity identity = {.struct_size = sizeof identity,
                                            .scope = scope,
                                            .name = metric->name,
                                            .unit = metric->unit,
                                            .type = metric->type,
                                            .kind = fitting_kind(metric)};
    switch (filter->test_metric(filter->user, &identity)) {
    case TACHO_METRIC_DROP:
        return false;
    case TACHO_METRIC_ACCEPT_PARTIAL:
        if (filter->test_attributes != NULL) {
            choose_points(merge, &identity, metric);
        }
        break;
    case TACHO_METRIC_ACCEPT:
        break;
    }
    return metric->point_count > 0;
}

/* --- merging --- */

static bool is_good(const struct merge *merge, const tacho_metric *metric) {
    const char *fault = tachoi_produced_metric_fault(metric);
    if (fault != NULL) {
        char name[NAME_SHOWN + 1] = "";
        if (metric->name.data != NULL) {
            (void)snprintf(
                name, sizeof name, "%.*s",
                (int)(metric->name.length < NAME_SHOWN ? metric->name.length : NAME_SHOWN),
                metric->name.data);
        }
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "produced_metric_invalid", name,
                      "metric `%s` of producer %s is left out: %s", name, merge->producer, fault);
    }
    return fault == NULL;
}

static const char *scope_fault(const tacho_scope_metrics *scope) {
    if (scope->scope == NULL ||
        !tachoi_produced_array_is_walkable(scope->metrics, scope->metric_count, scope->metric_size,
                                           FIRST_METRIC)) {
        return "scope or metrics is NULL, or metric_size is not sizeof(tacho_metric)";
    }
    return tachoi_produced_scope_fault(scope->scope);
}

static void add_scope(struct merge *merge, const void *given, size_t size) {
    tacho_scope_metrics scope;
    copy_struct(&scope, sizeof scope, given, size);
    const char *fault = scope_fault(&scope);
    if (fault != NULL) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "produced_invalid", merge->producer,
                      "a scope of producer %s is left out: %s", merge->producer, fault);
        return;
    }
    tacho_metric *metrics = take(merge, scope.metric_count, sizeof metrics[0]);
    size_t count = 0;
    for (size_t i = 0; metrics != NULL && i < scope.metric_count; i++) {
        copy_struct(&metrics[count], sizeof metrics[0], tacho_scope_metrics_metric(&scope, i),
                    scope.metric_size);
        if (is_good(merge, &metrics[count]) && is_wanted(merge, scope.scope, &metrics[count])) {
            merge->point_count += metrics[count++].point_count;
        }
    }
    if (count > 0) {
        merge->scopes[merge->scope_count++] =
            (tacho_scope_metrics){.scope = scope.scope,
                                  .metrics = metrics,
                                  .metric_count = count,
                                  .metric_size = sizeof metrics[0]};
    }
}

static void add_answer(struct merge *merge, const struct answer *answer) {
    const tacho_produced *produced = &answer->produced;
    merge->producer = answer->name;
    for (size_t i = 0; i < produced->scope_count; i++) {
        add_scope(merge, (const char *)produced->scopes + i * produced->scope_size,
                  produced->scope_size);
    }
}

static size_t count_scopes(const struct answer *answers, size_t count) {
    size_t scopes = 0;
    for (size_t i = 0; i < count; i++) {
        scopes += answers[i].produced.scope_count;
    }
    return scopes;
}

static bool merge_answers(struct merge *merge, const struct answer *answers,
                          const tacho_metric_batch *batch, const tacho_metric_batch **out) {
    size_t produced = count_scopes(answers, merge->gather->producer_count);
    if (produced == 0) {
        return true;
    }
    tacho_metric_batch *merged = take(merge, 1, sizeof *merged);
    merge->scopes = take(merge, batch->scope_count + produced, sizeof merge->scopes[0]);
    if (merge->is_out_of_memory) {
        return false;
    }
    for (; merge->scope_count < batch->scope_count; merge->scope_count++) {
        merge->scopes[merge->scope_count] = *tacho_metric_batch_scope(batch, merge->scope_count);
    }
    for (size_t i = 0; i < merge->gather->producer_count; i++) {
        add_answer(merge, &answers[i]);
    }
    *merged = *batch;
    merged->scopes = merge->scopes;
    merged->scope_count = merge->scope_count;
    merged->scope_size = sizeof merge->scopes[0];
    merged->point_count += merge->point_count;
    *out = merged;
    return !merge->is_out_of_memory;
}

int tachoi_gather(const struct tachoi_gather *gather, const tacho_metric_batch *batch,
                  const tacho_metric_batch **out) {
    const tacho_produce_request request = {.struct_size = sizeof request,
                                           .time_unix_nano = batch->time_unix_nano,
                                           .deadline_ns = gather->deadline_ns,
                                           .resource = batch->resource,
                                           .temporalities = gather->temporalities,
                                           .filter = gather->filter};
    struct merge merge = {.gather = gather};
    *out = batch;
    struct answer *answers = take(&merge, gather->producer_count, sizeof answers[0]);
    int status = answers != NULL ? TACHO_OK : TACHO_E_NO_MEMORY;
    for (size_t i = 0; answers != NULL && i < gather->producer_count; i++) {
        status = tachoi_status_join(status, ask(gather->producers[i], &request, &answers[i]));
    }
    if (answers == NULL || !merge_answers(&merge, answers, batch, out)) {
        tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "metric_reader", "produced_lost",
                                 "memory is short; metrics of producers are left out");
        status = tachoi_status_join(status, TACHO_E_NO_MEMORY);
    }
    return status;
}
