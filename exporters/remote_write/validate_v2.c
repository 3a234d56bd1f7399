/* SPDX-License-Identifier: Apache-2.0 */
/* Owns judging a decoded request of 2.0. See validate_judge.h. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "remote_write/validate_judge.h"

/* RW2-03. NULL, and a note, where a reference leads nowhere. */
static struct tachoi_checked_labels *labels_v2(struct tachoi_judge *judge, const uint32_t *refs,
                                               size_t count) {
    struct tachoi_checked_labels *labels = tachoi_judge_take(judge, 1, sizeof *labels);
    struct tachoi_checked_label *items = tachoi_judge_take(judge, count / 2, sizeof *items);
    if (labels == NULL || items == NULL) {
        return NULL;
    }
    *labels = (struct tachoi_checked_labels){items, 0};
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (refs[i] >= judge->symbol_count || refs[i + 1] >= judge->symbol_count) {
            tachoi_judge_note(judge, "RW2-03: a label refers to no symbol", labels);
            return NULL;
        }
        items[i / 2] =
            (struct tachoi_checked_label){judge->symbols[refs[i]], judge->symbols[refs[i + 1]]};
        labels->count++;
    }
    if (count % 2 != 0) {
        tachoi_judge_note(judge, "RW2-03: labels_refs are not pairs", labels);
        return NULL;
    }
    return labels;
}

static void judge_metadata_v2(struct tachoi_judge *judge,
                              const Io__Prometheus__Write__V2__Metadata *it,
                              const struct tachoi_checked_labels *culprit) {
    if (it == NULL) {
        return;
    }
    tachoi_judge_known(judge, &it->base, culprit);
    if ((int)it->type < 0 ||
        it->type > IO__PROMETHEUS__WRITE__V2__METADATA__METRIC_TYPE__METRIC_TYPE_STATESET) {
        tachoi_judge_note(judge, "RW2-07: metadata is of no known type", culprit);
    }
    if (it->help_ref >= judge->symbol_count || it->unit_ref >= judge->symbol_count) {
        tachoi_judge_note(judge, "RW2-03: metadata refers to no symbol", culprit);
    }
}

static void judge_exemplars_v2(struct tachoi_judge *judge,
                               const struct tachoi_checked_labels *labels,
                               Io__Prometheus__Write__V2__Exemplar *const *exemplars,
                               size_t count) {
    struct tachoi_judge_times times = {.labels = labels};
    for (size_t i = 0; i < count && !tachoi_judge_is_done(judge); i++) {
        const Io__Prometheus__Write__V2__Exemplar *exemplar = exemplars[i];
        const struct tachoi_checked_labels *own =
            labels_v2(judge, exemplar->labels_refs, exemplar->n_labels_refs);
        tachoi_judge_known(judge, &exemplar->base, labels);
        if (own != NULL) {
            tachoi_judge_exemplar(judge, &times, own, exemplar->timestamp);
        }
    }
}

static void judge_series_v2(struct tachoi_judge *judge,
                            const Io__Prometheus__Write__V2__TimeSeries *series) {
    const struct tachoi_checked_labels *labels =
        labels_v2(judge, series->labels_refs, series->n_labels_refs);
    if (labels == NULL) {
        return;
    }
    struct tachoi_judge_times times =
        tachoi_judge_begin_series(judge, labels, series->n_samples, series->n_histograms);
    tachoi_judge_known(judge, &series->base, labels);
    for (size_t i = 0; i < series->n_samples; i++) {
        const Io__Prometheus__Write__V2__Sample *sample = series->samples[i];
        tachoi_judge_known(judge, &sample->base, labels);
        tachoi_judge_note(
            judge, tachoi_check_sample(sample->value, sample->timestamp, sample->start_timestamp),
            labels);
        tachoi_judge_time(judge, &times, sample->timestamp);
    }
    for (size_t i = 0; i < series->n_histograms && !tachoi_judge_is_done(judge); i++) {
        tachoi_judge_histogram(judge, &times, series->histograms[i]);
    }
    judge_exemplars_v2(judge, labels, series->exemplars, series->n_exemplars);
    judge_metadata_v2(judge, series->metadata, labels);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* RW2-03 */
static void judge_symbols(struct tachoi_judge *judge) {
    char **sorted = tachoi_judge_take(judge, judge->symbol_count, sizeof(char *));
    if (judge->symbol_count == 0 || judge->symbols[0][0] != '\0') {
        tachoi_judge_note(judge, "RW2-03: the first symbol is not empty", NULL);
    }
    for (size_t i = 0; sorted != NULL && i < judge->symbol_count; i++) {
        sorted[i] = judge->symbols[i];
        if (!tachoi_utf8_is_valid(sorted[i], strlen(sorted[i]))) {
            tachoi_judge_note(judge, "P-05: a symbol is not UTF-8", NULL);
        }
    }
    if (sorted == NULL || tachoi_judge_is_done(judge)) {
        return;
    }
    qsort(sorted, judge->symbol_count, sizeof(char *), by_text);
    for (size_t i = 1; i < judge->symbol_count; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0) {
            tachoi_judge_note(judge, "RW2-03: a symbol is there twice", NULL);
        }
    }
}

void tachoi_judge_v2(struct tachoi_judge *judge,
                     const Io__Prometheus__Write__V2__Request *request) {
    size_t count = 0;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        count += request->timeseries[i]->n_samples + request->timeseries[i]->n_histograms;
    }
    judge->symbols = request->symbols;
    judge->symbol_count = request->n_symbols;
    tachoi_judge_known(judge, &request->base, NULL);
    judge_symbols(judge);
    if (!tachoi_judge_begin_points(judge, count)) {
        return;
    }
    for (size_t i = 0; i < request->n_timeseries && !tachoi_judge_is_done(judge); i++) {
        judge_series_v2(judge, request->timeseries[i]);
    }
}
