/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the last sample of every series, in a tree (tsearch) whose key is the series as text. */
#include "receiver_series.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "receiver_rules.h"
#include "remote_write_v1.pb-c.h"

struct series {
    char *text; /* name{label="value",...}; first, for the comparison */
    int64_t timestamp;
    double value;
};

/* Tells NaNs apart, which == cannot. */
static uint64_t bits_of(double value) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void print_value(FILE *out, double value) {
    static const uint64_t stale_marker = 0x7ff0000000000002; /* a NaN that says: it has ended */
    if (bits_of(value) == stale_marker) {
        (void)fputs("stale", out);
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    (void)fputs(text, out);
}

static void print_series(FILE *out, const struct series *series) {
    (void)fprintf(out, "%s ", series->text);
    print_value(out, series->value);
    (void)fprintf(out, " %" PRId64 "\n", series->timestamp);
}

static void print_label(FILE *out, const Prometheus__Label *label, const char *separator) {
    (void)fprintf(out, "%s%s=\"", separator, label->name);
    for (const char *c = label->value; *c != '\0'; c++) {
        if (*c == '\n') {
            (void)fputs("\\n", out);
        } else {
            (void)fprintf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
        }
    }
    (void)putc('"', out);
}

/* The series as text, to be freed; NULL without memory. */
static char *series_text(const Prometheus__TimeSeries *series) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "__name__") == 0) {
            (void)fputs(series->labels[i]->value, out);
        }
    }
    const char *separator = "{";
    for (size_t i = 0; i < series->n_labels; i++) {
        if (strcmp(series->labels[i]->name, "__name__") != 0) {
            print_label(out, series->labels[i], separator);
            separator = ",";
        }
    }
    (void)fputs(separator[0] == ',' ? "}" : "", out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- the store ---- */

static int compare(const void *left, const void *right) {
    return strcmp(((const struct series *)left)->text, ((const struct series *)right)->text);
}

static void destroy(void *node) {
    struct series *series = node;
    if (series != NULL) {
        free(series->text);
    }
    free(series);
}

/* The series with that text, which is taken over; a new one has the earliest time there is. */
static struct series *find_or_add(struct series_store *store, char *text) {
    struct series *series = malloc(sizeof *series);
    if (series == NULL || text == NULL) {
        free(series);
        free(text);
        return NULL;
    }
    *series = (struct series){.text = text, .timestamp = INT64_MIN};
    struct series **place = tsearch(series, &store->tree, compare);
    if (place == NULL || *place != series) {
        destroy(series);
    }
    return place != NULL ? *place : NULL;
}

static bool take_sample(struct series *series, const Prometheus__Sample *sample, FILE *log,
                        struct refusal *refusal) {
    if (sample->timestamp < series->timestamp) {
        return receiver_refuse(refusal, "out of order: %.300s at %" PRId64 " after %" PRId64,
                               series->text, sample->timestamp, series->timestamp);
    }
    if (sample->timestamp == series->timestamp) {
        /* The same sample again is a repeated request, whose first answer got lost. */
        return bits_of(sample->value) == bits_of(series->value) ||
               receiver_refuse(refusal, "two values for %.300s at %" PRId64, series->text,
                               sample->timestamp);
    }
    series->timestamp = sample->timestamp;
    series->value = sample->value;
    print_series(log, series);
    return true;
}

static bool take(struct series_store *store, const Prometheus__WriteRequest *request, FILE *log,
                 struct refusal *refusal) {
    for (size_t i = 0; i < request->n_timeseries; i++) {
        if (!receiver_check_labels(request->timeseries[i], refusal)) {
            return false;
        }
        if (request->timeseries[i]->n_samples == 0) {
            return receiver_refuse(refusal, "a series has no samples");
        }
    }
    for (size_t i = 0; i < request->n_timeseries; i++) {
        const Prometheus__TimeSeries *received = request->timeseries[i];
        struct series *series = find_or_add(store, series_text(received));
        if (series == NULL) {
            return receiver_refuse(refusal, "out of memory");
        }
        for (size_t k = 0; k < received->n_samples; k++) {
            if (!take_sample(series, received->samples[k], log, refusal)) {
                return false;
            }
        }
    }
    return true;
}

bool series_store_take(struct series_store *store, const uint8_t *data, size_t length, FILE *log,
                       struct refusal *refusal) {
    Prometheus__WriteRequest *request = prometheus__write_request__unpack(NULL, length, data);
    if (request == NULL) {
        return receiver_refuse(refusal,
                               "the body is not a protobuf message prometheus.WriteRequest");
    }
    bool is_taken = take(store, request, log, refusal);
    (void)fflush(log);
    prometheus__write_request__free_unpacked(request, NULL);
    return is_taken;
}

static void print_node(const void *node, VISIT visit, void *out) {
    if (visit == postorder || visit == leaf) { /* "postorder" is between the two subtrees */
        print_series(out, *(struct series *const *)node);
    }
}

void series_store_print(const struct series_store *store, FILE *out) {
    twalk_r(store->tree, print_node, out);
}

void series_store_fini(struct series_store *store) {
    tdestroy(store->tree, destroy);
    store->tree = NULL;
}
