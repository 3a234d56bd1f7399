/* SPDX-License-Identifier: Apache-2.0 */
/* Owns judging a decoded request of 1.0. See validate_judge.h. */
#include <string.h>

#include "base/text.h"
#include "remote_write/validate_judge.h"

static struct tachoi_checked_labels *labels_v1(struct tachoi_judge *judge,
                                               Prometheus__Label *const *from, size_t count) {
    struct tachoi_checked_labels *labels = tachoi_judge_take(judge, 1, sizeof *labels);
    struct tachoi_checked_label *items = tachoi_judge_take(judge, count, sizeof *items);
    if (labels == NULL || items == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        tachoi_judge_known(judge, &from[i]->base, NULL);
        items[i] = (struct tachoi_checked_label){from[i]->name, from[i]->value};
    }
    *labels = (struct tachoi_checked_labels){items, count};
    return labels;
}

/* Decoded anew as 2.0's, which numbers the fields alike and has one more. */
static void take_histogram_v1(struct tachoi_judge *judge, struct tachoi_judge_times *times,
                              const Prometheus__Histogram *histogram) {
    ProtobufCAllocator allocator = tachoi_judge_allocator(judge);
    uint8_t *packed =
        tachoi_judge_take(judge, prometheus__histogram__get_packed_size(histogram), 1);
    tachoi_judge_known(judge, &histogram->base, times->labels);
    if (packed == NULL) {
        return;
    }
    const size_t length = prometheus__histogram__pack(histogram, packed);
    const Io__Prometheus__Write__V2__Histogram *same =
        io__prometheus__write__v2__histogram__unpack(&allocator, length, packed);
    if (same != NULL) {
        tachoi_judge_histogram(judge, times, same);
    }
}

static void judge_series_v1(struct tachoi_judge *judge, const Prometheus__TimeSeries *series) {
    const struct tachoi_checked_labels *labels = labels_v1(judge, series->labels, series->n_labels);
    if (labels == NULL) {
        return;
    }
    struct tachoi_judge_times times =
        tachoi_judge_begin_series(judge, labels, series->n_samples, series->n_histograms);
    tachoi_judge_known(judge, &series->base, labels);
    for (size_t i = 0; i < series->n_samples; i++) {
        const Prometheus__Sample *sample = series->samples[i];
        tachoi_judge_known(judge, &sample->base, labels);
        tachoi_judge_note(judge, tachoi_check_sample(sample->value, sample->timestamp, 0), labels);
        tachoi_judge_time(judge, &times, sample->timestamp);
    }
    for (size_t i = 0; i < series->n_histograms && !tachoi_judge_is_done(judge); i++) {
        take_histogram_v1(judge, &times, series->histograms[i]);
    }
    struct tachoi_judge_times exemplar_times = {.labels = labels};
    for (size_t i = 0; i < series->n_exemplars; i++) {
        const Prometheus__Exemplar *exemplar = series->exemplars[i];
        const struct tachoi_checked_labels *own =
            labels_v1(judge, exemplar->labels, exemplar->n_labels);
        tachoi_judge_known(judge, &exemplar->base, labels);
        if (own != NULL) {
            tachoi_judge_exemplar(judge, &exemplar_times, own, exemplar->timestamp);
        }
    }
}

/* RW1-13 */
static void judge_metadata_v1(struct tachoi_judge *judge, const Prometheus__WriteRequest *request) {
    for (size_t i = 0; i < request->n_metadata; i++) {
        const Prometheus__MetricMetadata *metadata = request->metadata[i];
        tachoi_judge_known(judge, &metadata->base, NULL);
        tachoi_judge_note(judge, tachoi_check_name(metadata->metric_family_name, true, 1), NULL);
        if (!tachoi_utf8_is_valid(metadata->help, strlen(metadata->help)) ||
            !tachoi_utf8_is_valid(metadata->unit, strlen(metadata->unit))) {
            tachoi_judge_note(judge, "P-05: a text of metadata is not UTF-8", NULL);
        }
        if ((int)metadata->type < 0 ||
            metadata->type > PROMETHEUS__METRIC_METADATA__METRIC_TYPE__STATESET) {
            tachoi_judge_note(judge, "RW1-13: metadata is of no known type", NULL);
        }
    }
}

void tachoi_judge_v1(struct tachoi_judge *judge, const Prometheus__WriteRequest *request) {
    size_t count = 0;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        count += request->timeseries[i]->n_samples + request->timeseries[i]->n_histograms;
    }
    tachoi_judge_known(judge, &request->base, NULL);
    judge_metadata_v1(judge, request);
    if (!tachoi_judge_begin_points(judge, count)) {
        return;
    }
    for (size_t i = 0; i < request->n_timeseries && !tachoi_judge_is_done(judge); i++) {
        judge_series_v1(judge, request->timeseries[i]);
    }
}
