/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the decoding of a request's body and the judgement of what it holds (RW1-01, RW1-03..08).
 * Independent of tacho's encoder: snappy and protobuf-c only. */
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_write_v1.pb-c.h"
#include "support/receiver.h"

/* The first one is enough. */
static void problem(struct receiver_decoded *out, const char *what, const char *which) {
    if (out->problem[0] == '\0') {
        (void)snprintf(out->problem, sizeof out->problem, "%s%.180s", what, which);
    }
}

static bool is_name(const char *name, bool allows_colon) {
    for (const char *c = name; *c != '\0'; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        bool is_digit = *c >= '0' && *c <= '9';
        if (!is_letter && !(is_digit && c != name) && !(allows_colon && *c == ':')) {
            return false;
        }
    }
    return name[0] != '\0';
}

static void check_labels(const Prometheus__TimeSeries *series, struct receiver_decoded *out) {
    bool has_name = false;
    for (size_t i = 0; i < series->n_labels; i++) {
        const Prometheus__Label *label = series->labels[i];
        bool is_metric_name = strcmp(label->name, "__name__") == 0;
        has_name = has_name || is_metric_name;
        if (!is_name(label->name, false)) {
            problem(out, "not a label name: ", label->name);
        } else if (is_metric_name && !is_name(label->value, true)) {
            problem(out, "not a metric name: ", label->value);
        } else if (label->value[0] == '\0') {
            problem(out, "empty label: ", label->name);
        } else if (i > 0 && strcmp(series->labels[i - 1]->name, label->name) >= 0) {
            problem(out, "label not sorted or not unique: ", label->name);
        }
    }
    if (!has_name) {
        problem(out, "a series has no __name__", "");
    }
    if (series->n_samples == 0) {
        problem(out, "a series has no samples", "");
    }
    if (series->n_histograms > 0 || series->n_exemplars > 0) {
        problem(out, "a series holds what 1.0 does not have", "");
    }
}

static char *describe(const Prometheus__TimeSeries *series) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    const char *before = "{";
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "__name__") == 0) {
            (void)fputs(series->labels[i]->value, stream);
        }
    }
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "__name__") != 0) {
            (void)fprintf(stream, "%s%s=\"%s\"", before, series->labels[i]->name,
                          series->labels[i]->value);
            before = ",";
        }
    }
    if (before[0] == ',') {
        (void)fputc('}', stream);
    }
    (void)fclose(stream);
    return text;
}

static int by_series_and_time(const void *a, const void *b) {
    const struct receiver_sample *x = *(const struct receiver_sample *const *)a;
    const struct receiver_sample *y = *(const struct receiver_sample *const *)b;
    int order = strcmp(x->series, y->series);
    return order != 0 ? order : (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* No two samples of one series and one millisecond (CONV-09). */
static void check_unique(struct receiver_decoded *out) {
    const struct receiver_sample **sorted =
        calloc(out->count + 1, sizeof(struct receiver_sample *));
    for (size_t i = 0; i < out->count; i++) {
        sorted[i] = &out->samples[i];
    }
    qsort(sorted, out->count, sizeof(struct receiver_sample *), by_series_and_time);
    for (size_t i = 1; i < out->count; i++) {
        if (by_series_and_time(&sorted[i - 1], &sorted[i]) == 0) {
            problem(out, "two samples of one time: ", sorted[i]->series);
        }
    }
    free(sorted);
}

static void take(const Prometheus__TimeSeries *series, struct receiver_decoded *out) {
    for (size_t i = 0; i < series->n_samples; i++) {
        struct receiver_sample *sample = &out->samples[out->count++];
        sample->series = describe(series);
        sample->value = series->samples[i]->value;
        memcpy(&sample->value_bits, &series->samples[i]->value, sizeof sample->value_bits);
        sample->time_ms = series->samples[i]->timestamp;
        if (i > 0 && sample[-1].time_ms >= sample->time_ms) {
            problem(out, "not in time order: ", sample->series);
        }
    }
}

static void take_request(const Prometheus__WriteRequest *request, struct receiver_decoded *out) {
    size_t count = 0;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        count += request->timeseries[i]->n_samples;
    }
    out->samples = calloc(count + 1, sizeof *out->samples);
    for (size_t i = 0; i < request->n_timeseries; i++) {
        check_labels(request->timeseries[i], out);
        take(request->timeseries[i], out);
    }
    if (request->n_timeseries == 0) {
        problem(out, "the request is empty", "");
    }
    check_unique(out);
}

void receiver_decode(const void *body, size_t length, struct receiver_decoded *out) {
    *out = (struct receiver_decoded){0};
    size_t plain_length = 0;
    if (snappy_uncompressed_length(body, length, &plain_length) != SNAPPY_OK) {
        problem(out, "the body is not in snappy's block format", "");
        return;
    }
    char *plain = malloc(plain_length + 1);
    Prometheus__WriteRequest *request = NULL;
    if (snappy_uncompress(body, length, plain, &plain_length) == SNAPPY_OK) {
        request = prometheus__write_request__unpack(NULL, plain_length, (const uint8_t *)plain);
    }
    if (request != NULL) {
        take_request(request, out);
        prometheus__write_request__free_unpacked(request, NULL);
    } else {
        problem(out, "the body is not a WriteRequest", "");
    }
    free(plain);
}

void receiver_decoded_free(struct receiver_decoded *decoded) {
    for (size_t i = 0; i < decoded->count; i++) {
        free(decoded->samples[i].series);
    }
    free(decoded->samples);
    *decoded = (struct receiver_decoded){0};
}
