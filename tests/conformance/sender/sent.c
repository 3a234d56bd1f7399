/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the unpacking of requests. See sent.h. */
#include "conformance/sender/sent.h"

#include <snappy-c.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef Io__Prometheus__Write__V2__Request request_v2;
typedef Io__Prometheus__Write__V2__TimeSeries series_v2;

/* What was made, last first. */
struct kept {
    struct kept *next;
    struct sent sent;
    request_v2 *v2;
    Prometheus__WriteRequest *v1;
};
static struct kept *all;

static void *zeroed(size_t count, size_t size) {
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static struct sent_sample sample_of(double value, int64_t time_ms, int64_t start_ms) {
    struct sent_sample sample = {.value = value, .time_ms = time_ms, .start_ms = start_ms};
    memcpy(&sample.bits, &value, sizeof sample.bits);
    return sample;
}

/* --- 1.0 --- */

static struct sent_label *labels_of_v1(Prometheus__Label *const *labels, size_t count) {
    struct sent_label *out = zeroed(count, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct sent_label){labels[i]->name, labels[i]->value};
    }
    return out;
}

static void take_series_v1(const Prometheus__TimeSeries *series, struct sent_series *out) {
    *out = (struct sent_series){.labels = labels_of_v1(series->labels, series->n_labels),
                                .label_count = series->n_labels,
                                .samples = zeroed(series->n_samples, sizeof *out->samples),
                                .sample_count = series->n_samples,
                                .histogram_count = series->n_histograms,
                                .exemplars = zeroed(series->n_exemplars, sizeof *out->exemplars),
                                .exemplar_count = series->n_exemplars,
                                .type = -1,
                                .help = "",
                                .unit = ""};
    for (size_t i = 0; i < series->n_samples; i++) {
        out->samples[i] = sample_of(series->samples[i]->value, series->samples[i]->timestamp, 0);
    }
    for (size_t i = 0; i < series->n_exemplars; i++) {
        const Prometheus__Exemplar *exemplar = series->exemplars[i];
        out->exemplars[i] =
            (struct sent_exemplar){labels_of_v1(exemplar->labels, exemplar->n_labels),
                                   exemplar->n_labels, exemplar->value, exemplar->timestamp};
    }
}

static bool take_v1(struct kept *kept, const void *plain, size_t length) {
    kept->v1 = prometheus__write_request__unpack(NULL, length, plain);
    if (kept->v1 == NULL) {
        return false;
    }
    kept->sent.v1 = kept->v1;
    kept->sent.series_count = kept->v1->n_timeseries;
    kept->sent.series = zeroed(kept->v1->n_timeseries, sizeof *kept->sent.series);
    for (size_t i = 0; i < kept->v1->n_timeseries; i++) {
        take_series_v1(kept->v1->timeseries[i], &kept->sent.series[i]);
    }
    return true;
}

/* --- 2.0 --- */

static bool are_known(const request_v2 *request, const uint32_t *refs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (refs[i] >= request->n_symbols) {
            return false;
        }
    }
    return true;
}

static bool series_is_known(const request_v2 *request, const series_v2 *series) {
    bool known = are_known(request, series->labels_refs, series->n_labels_refs);
    for (size_t i = 0; i < series->n_exemplars; i++) {
        known = known && are_known(request, series->exemplars[i]->labels_refs,
                                   series->exemplars[i]->n_labels_refs);
    }
    return known &&
           (series->metadata == NULL || (are_known(request, &series->metadata->help_ref, 1) &&
                                         are_known(request, &series->metadata->unit_ref, 1)));
}

static struct sent_label *labels_of_v2(const request_v2 *request, const uint32_t *refs,
                                       size_t count) {
    struct sent_label *out = zeroed(count / 2, sizeof *out);
    for (size_t i = 0; i < count / 2; i++) {
        out[i] =
            (struct sent_label){request->symbols[refs[2 * i]], request->symbols[refs[2 * i + 1]]};
    }
    return out;
}

static void take_metadata(const request_v2 *request, const series_v2 *series,
                          struct sent_series *out) {
    if (series->metadata != NULL) {
        out->type = (int)series->metadata->type;
        out->help = request->symbols[series->metadata->help_ref];
        out->unit = request->symbols[series->metadata->unit_ref];
    }
}

static void take_series_v2(const request_v2 *request, const series_v2 *series,
                           struct sent_series *out) {
    *out = (struct sent_series){
        .labels = labels_of_v2(request, series->labels_refs, series->n_labels_refs),
        .label_count = series->n_labels_refs / 2,
        .samples = zeroed(series->n_samples, sizeof *out->samples),
        .sample_count = series->n_samples,
        .histogram_count = series->n_histograms,
        .histogram = series->n_histograms > 0 ? series->histograms[0] : NULL,
        .exemplars = zeroed(series->n_exemplars, sizeof *out->exemplars),
        .exemplar_count = series->n_exemplars,
        .type = -1,
        .help = "",
        .unit = ""};
    take_metadata(request, series, out);
    for (size_t i = 0; i < series->n_samples; i++) {
        const Io__Prometheus__Write__V2__Sample *sample = series->samples[i];
        out->samples[i] = sample_of(sample->value, sample->timestamp, sample->start_timestamp);
    }
    for (size_t i = 0; i < series->n_exemplars; i++) {
        const Io__Prometheus__Write__V2__Exemplar *exemplar = series->exemplars[i];
        out->exemplars[i] = (struct sent_exemplar){
            labels_of_v2(request, exemplar->labels_refs, exemplar->n_labels_refs),
            exemplar->n_labels_refs / 2, exemplar->value, exemplar->timestamp};
    }
}

static bool take_v2(struct kept *kept, const void *plain, size_t length) {
    kept->v2 = io__prometheus__write__v2__request__unpack(NULL, length, plain);
    if (kept->v2 == NULL) {
        return false;
    }
    kept->sent.v2 = kept->v2;
    kept->sent.series = zeroed(kept->v2->n_timeseries, sizeof *kept->sent.series);
    for (size_t i = 0; i < kept->v2->n_timeseries; i++) {
        if (!series_is_known(kept->v2, kept->v2->timeseries[i])) {
            return false;
        }
        take_series_v2(kept->v2, kept->v2->timeseries[i], &kept->sent.series[i]);
        kept->sent.series_count++;
    }
    return true;
}

struct sent *sent_unpack(int version, const void *body, size_t length) {
    size_t plain_length = 0;
    if (snappy_uncompressed_length(body, length, &plain_length) != SNAPPY_OK) {
        return NULL;
    }
    char *plain = zeroed(plain_length, 1);
    struct kept *kept = zeroed(1, sizeof *kept);
    kept->next = all;
    all = kept;
    kept->sent.version = version;
    const bool is_good = snappy_uncompress(body, length, plain, &plain_length) == SNAPPY_OK &&
                         (version == 1 ? take_v1 : take_v2)(kept, plain, plain_length);
    free(plain);
    return is_good ? &kept->sent : NULL;
}

static void free_kept(struct kept *kept) {
    for (size_t i = 0; i < kept->sent.series_count; i++) {
        struct sent_series *series = &kept->sent.series[i];
        for (size_t j = 0; j < series->exemplar_count; j++) {
            free(series->exemplars[j].labels);
        }
        free(series->labels);
        free(series->samples);
        free(series->exemplars);
    }
    free(kept->sent.series);
    if (kept->v1 != NULL) {
        prometheus__write_request__free_unpacked(kept->v1, NULL);
    }
    if (kept->v2 != NULL) {
        io__prometheus__write__v2__request__free_unpacked(kept->v2, NULL);
    }
    free(kept);
}

void sent_free_all(void) {
    while (all != NULL) {
        struct kept *kept = all;
        all = kept->next;
        free_kept(kept);
    }
}

/* --- looking things up --- */

const char *sent_label_of(const struct sent_series *series, const char *name) {
    for (size_t i = 0; i < series->label_count; i++) {
        if (strcmp(series->labels[i].name, name) == 0) {
            return series->labels[i].value;
        }
    }
    return "";
}

const struct sent_series *sent_find(const struct sent *sent, const char *name, const char *label,
                                    const char *value) {
    for (size_t i = 0; i < sent->series_count; i++) {
        const struct sent_series *series = &sent->series[i];
        if (strcmp(sent_label_of(series, "__name__"), name) == 0 &&
            (label == NULL || strcmp(sent_label_of(series, label), value) == 0)) {
            return series;
        }
    }
    return NULL;
}
