/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the decoding of a request's body and the judgement of what it holds (RW1-01, RW1-03..08,
 * RW2-03..10). Independent of tacho's encoder: snappy and protobuf-c, and the validator, which is
 * tested by itself. */
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_write/validate.h"
#include "remote_write_v1.pb-c.h"
#include "remote_write_v2.pb-c.h"
#include "support/receiver.h"

typedef Io__Prometheus__Write__V2__Request request_v2;
typedef Io__Prometheus__Write__V2__TimeSeries series_v2;
typedef Io__Prometheus__Write__V2__Histogram histogram_v2;

/* The first one is enough. */
static void problem(struct receiver_decoded *out, const char *what, const char *which) {
    if (out->problem[0] == '\0') {
        (void)snprintf(out->problem, sizeof out->problem, "%s%.180s", what, which);
    }
}

/* --- labels as people write them --- */

struct pair {
    const char *name;
    const char *value;
};

static char *describe(const struct pair *pairs, size_t count) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    const char *before = "{";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, "__name__") == 0) {
            (void)fputs(pairs[i].value, stream);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, "__name__") != 0) {
            (void)fprintf(stream, "%s%s=\"%s\"", before, pairs[i].name, pairs[i].value);
            before = ",";
        }
    }
    if (before[0] == ',') {
        (void)fputc('}', stream);
    }
    (void)fclose(stream);
    return text;
}

static char *describe_v1(Prometheus__Label *const *labels, size_t count) {
    struct pair *pairs = calloc(count + 1, sizeof *pairs);
    for (size_t i = 0; i < count; i++) {
        pairs[i] = (struct pair){labels[i]->name, labels[i]->value};
    }
    char *text = describe(pairs, count);
    free(pairs);
    return text;
}

static char *describe_v2(const request_v2 *request, const uint32_t *refs, size_t count) {
    struct pair *pairs = calloc(count / 2 + 1, sizeof *pairs);
    for (size_t i = 0; i + 1 < count; i += 2) {
        pairs[i / 2] = (struct pair){request->symbols[refs[i]], request->symbols[refs[i + 1]]};
    }
    char *text = describe(pairs, count / 2);
    free(pairs);
    return text;
}

/* --- what is kept --- */

static struct receiver_sample *add_sample(struct receiver_decoded *out, char *series, double value,
                                          int64_t time_ms) {
    struct receiver_sample *sample = &out->samples[out->count++];
    *sample = (struct receiver_sample){.series = series,
                                       .value = value,
                                       .time_ms = time_ms,
                                       .metadata_type = -1,
                                       .help = "",
                                       .unit = ""};
    memcpy(&sample->value_bits, &value, sizeof sample->value_bits);
    return sample;
}

static void add_exemplar(struct receiver_decoded *out, char *series, char *labels, double value,
                         int64_t time_ms) {
    out->exemplars[out->exemplar_count++] =
        (struct receiver_exemplar){series, labels, value, time_ms};
}

static void make_room(struct receiver_decoded *out, size_t samples, size_t exemplars) {
    out->samples = calloc(samples + 1, sizeof *out->samples);
    out->exemplars = calloc(exemplars + 1, sizeof *out->exemplars);
}

static void keep_series_v1(const Prometheus__TimeSeries *series, struct receiver_decoded *out) {
    for (size_t i = 0; i < series->n_samples; i++) {
        (void)add_sample(out, describe_v1(series->labels, series->n_labels),
                         series->samples[i]->value, series->samples[i]->timestamp);
    }
    for (size_t i = 0; i < series->n_histograms; i++) {
        const Prometheus__Histogram *histogram = series->histograms[i];
        struct receiver_sample *sample =
            add_sample(out, describe_v1(series->labels, series->n_labels), histogram->sum,
                       histogram->timestamp);
        sample->is_histogram = true;
        sample->count = histogram->count_int;
        sample->schema = histogram->schema;
        sample->span_count = histogram->n_positive_spans + histogram->n_negative_spans;
        out->histogram_count++;
    }
    for (size_t i = 0; i < series->n_exemplars; i++) {
        const Prometheus__Exemplar *exemplar = series->exemplars[i];
        add_exemplar(out, describe_v1(series->labels, series->n_labels),
                     describe_v1(exemplar->labels, exemplar->n_labels), exemplar->value,
                     exemplar->timestamp);
    }
}

static void keep_v1(const Prometheus__WriteRequest *request, struct receiver_decoded *out) {
    size_t samples = 0;
    size_t exemplars = 0;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        samples += request->timeseries[i]->n_samples + request->timeseries[i]->n_histograms;
        exemplars += request->timeseries[i]->n_exemplars;
    }
    make_room(out, samples, exemplars);
    for (size_t i = 0; i < request->n_timeseries; i++) {
        keep_series_v1(request->timeseries[i], out);
    }
    out->metadata = calloc(request->n_metadata + 1, sizeof *out->metadata);
    for (size_t i = 0; i < request->n_metadata; i++) {
        const Prometheus__MetricMetadata *metadata = request->metadata[i];
        out->metadata[out->metadata_count++] =
            (struct receiver_metadata){strdup(metadata->metric_family_name), strdup(metadata->help),
                                       strdup(metadata->unit), (int)metadata->type};
    }
}

/* The texts of metadata lie behind that of the series. */
static char *describe_series_v2(const request_v2 *request, const series_v2 *series,
                                const char **help, const char **unit) {
    char *text = describe_v2(request, series->labels_refs, series->n_labels_refs);
    const char *texts[2] = {"", ""};
    if (series->metadata != NULL) {
        texts[0] = request->symbols[series->metadata->help_ref];
        texts[1] = request->symbols[series->metadata->unit_ref];
    }
    const size_t length = strlen(text) + 1;
    const size_t help_length = strlen(texts[0]) + 1;
    text = realloc(text, length + help_length + strlen(texts[1]) + 1);
    *help = strcpy(text + length, texts[0]);
    *unit = strcpy(text + length + help_length, texts[1]);
    return text;
}

static struct receiver_sample *add_sample_v2(const request_v2 *request, const series_v2 *series,
                                             double value, int64_t time_ms, int64_t start_ms,
                                             struct receiver_decoded *out) {
    const char *help;
    const char *unit;
    char *text = describe_series_v2(request, series, &help, &unit);
    struct receiver_sample *sample = add_sample(out, text, value, time_ms);
    sample->start_ms = start_ms;
    sample->metadata_type = series->metadata != NULL ? (int)series->metadata->type : -1;
    sample->help = help;
    sample->unit = unit;
    return sample;
}

static void keep_series_v2(const request_v2 *request, const series_v2 *series,
                           struct receiver_decoded *out) {
    for (size_t i = 0; i < series->n_samples; i++) {
        const Io__Prometheus__Write__V2__Sample *sample = series->samples[i];
        (void)add_sample_v2(request, series, sample->value, sample->timestamp,
                            sample->start_timestamp, out);
    }
    for (size_t i = 0; i < series->n_histograms; i++) {
        const histogram_v2 *histogram = series->histograms[i];
        struct receiver_sample *sample = add_sample_v2(
            request, series, histogram->sum, histogram->timestamp, histogram->start_timestamp, out);
        sample->is_histogram = true;
        sample->count = histogram->count_int;
        sample->schema = histogram->schema;
        sample->bound_count = histogram->n_custom_values;
        sample->span_count = histogram->n_positive_spans + histogram->n_negative_spans;
        out->histogram_count++;
    }
    for (size_t i = 0; i < series->n_exemplars; i++) {
        const Io__Prometheus__Write__V2__Exemplar *exemplar = series->exemplars[i];
        add_exemplar(out, describe_v2(request, series->labels_refs, series->n_labels_refs),
                     describe_v2(request, exemplar->labels_refs, exemplar->n_labels_refs),
                     exemplar->value, exemplar->timestamp);
    }
}

static void keep_v2(const request_v2 *request, struct receiver_decoded *out) {
    size_t samples = 0;
    size_t exemplars = 0;
    for (size_t i = 0; i < request->n_timeseries; i++) {
        samples += request->timeseries[i]->n_samples + request->timeseries[i]->n_histograms;
        exemplars += request->timeseries[i]->n_exemplars;
    }
    make_room(out, samples, exemplars);
    for (size_t i = 0; i < request->n_timeseries; i++) {
        keep_series_v2(request, request->timeseries[i], out);
    }
}

/* --- a body --- */

static void take_v1(const void *plain, size_t length, struct receiver_decoded *out) {
    Prometheus__WriteRequest *request = prometheus__write_request__unpack(NULL, length, plain);
    if (request == NULL) {
        problem(out, "the body is not a WriteRequest", "");
        return;
    }
    keep_v1(request, out);
    prometheus__write_request__free_unpacked(request, NULL);
}

static void take_v2(const void *plain, size_t length, struct receiver_decoded *out) {
    if (out->problem[0] != '\0') {
        return; /* references may lead nowhere */
    }
    request_v2 *request = io__prometheus__write__v2__request__unpack(NULL, length, plain);
    if (request == NULL) {
        problem(out, "the body is not a Request", "");
        return;
    }
    keep_v2(request, out);
    io__prometheus__write__v2__request__free_unpacked(request, NULL);
}

void receiver_decode_version(int version, const void *body, size_t length,
                             struct receiver_decoded *out) {
    *out = (struct receiver_decoded){0};
    char text[TACHOI_VALIDATE_TEXT_MAX];
    size_t plain_length = 0;
    if (tachoi_validate_body(version, body, length, text) != TACHOI_VALIDATE_OK) {
        problem(out, text, "");
    }
    if (snappy_uncompressed_length(body, length, &plain_length) != SNAPPY_OK) {
        return;
    }
    char *plain = malloc(plain_length + 1);
    if (snappy_uncompress(body, length, plain, &plain_length) == SNAPPY_OK) {
        (version == 1 ? take_v1 : take_v2)(plain, plain_length, out);
    }
    free(plain);
}

void receiver_decode(const void *body, size_t length, struct receiver_decoded *out) {
    receiver_decode_version(1, body, length, out);
}

void receiver_decoded_free(struct receiver_decoded *decoded) {
    for (size_t i = 0; i < decoded->count; i++) {
        free(decoded->samples[i].series);
    }
    for (size_t i = 0; i < decoded->exemplar_count; i++) {
        free(decoded->exemplars[i].series);
        free(decoded->exemplars[i].labels);
    }
    for (size_t i = 0; i < decoded->metadata_count; i++) {
        free(decoded->metadata[i].family);
        free(decoded->metadata[i].help);
        free(decoded->metadata[i].unit);
    }
    free(decoded->samples);
    free(decoded->exemplars);
    free(decoded->metadata);
    *decoded = (struct receiver_decoded){0};
}
