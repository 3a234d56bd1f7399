/* SPDX-License-Identifier: Apache-2.0 */
/* write_request: builds a remote-write body of any labels and samples, right or wrong, and prints
 * it compressed, for curl to send.
 *
 *     write_request [--raw] { --series | LABEL=VALUE | @TIMESTAMP=VALUE }...
 *
 * --series begins the next series; --raw leaves the compression out. Knows nothing of the rules. */
#include <snappy-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote_write_v1.pb-c.h"

enum { MAX_ITEMS = 16 };

/* One series and room for what belongs to it. */
struct series {
    Prometheus__TimeSeries message;
    Prometheus__Label labels[MAX_ITEMS], *label_pointers[MAX_ITEMS];
    Prometheus__Sample samples[MAX_ITEMS], *sample_pointers[MAX_ITEMS];
};

static struct series all[MAX_ITEMS];
static Prometheus__TimeSeries *pointers[MAX_ITEMS];

static void init_series(struct series *series) {
    prometheus__time_series__init(&series->message);
    series->message.labels = series->label_pointers;
    series->message.samples = series->sample_pointers;
    for (size_t i = 0; i < MAX_ITEMS; i++) {
        prometheus__label__init(&series->labels[i]);
        prometheus__sample__init(&series->samples[i]);
        series->label_pointers[i] = &series->labels[i];
        series->sample_pointers[i] = &series->samples[i];
    }
}

/* Splits "left=right" and adds it. */
static bool add(struct series *series, char *argument) {
    char *equals = strchr(argument, '=');
    if (equals == NULL || series->message.n_labels == MAX_ITEMS ||
        series->message.n_samples == MAX_ITEMS) {
        return false;
    }
    *equals = '\0';
    if (argument[0] == '@') {
        Prometheus__Sample *sample = &series->samples[series->message.n_samples++];
        sample->timestamp = strtoll(argument + 1, NULL, 10);
        sample->value = strtod(equals + 1, NULL);
    } else {
        Prometheus__Label *label = &series->labels[series->message.n_labels++];
        label->name = argument;
        label->value = equals + 1;
    }
    return true;
}

static bool print(const Prometheus__WriteRequest *request, bool raw) {
    size_t length = prometheus__write_request__get_packed_size(request);
    size_t out_length = snappy_max_compressed_length(length);
    uint8_t *body = malloc(length + 1);
    char *out = malloc(out_length);
    bool is_done = false;
    if (body != NULL && out != NULL) {
        (void)prometheus__write_request__pack(request, body);
        is_done =
            raw ? fwrite(body, 1, length, stdout) == length
                : snappy_compress((const char *)body, length, out, &out_length) == SNAPPY_OK &&
                      fwrite(out, 1, out_length, stdout) == out_length;
    }
    free(body);
    free(out);
    return is_done;
}

int main(int argc, char **argv) {
    Prometheus__WriteRequest request = PROMETHEUS__WRITE_REQUEST__INIT;
    bool raw = false;
    size_t last = 0;
    for (size_t i = 0; i < MAX_ITEMS; i++) {
        init_series(&all[i]);
        pointers[i] = &all[i].message;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--raw") == 0) {
            raw = true;
        } else if (strcmp(argv[i], "--series") == 0 && last + 1 < MAX_ITEMS) {
            last++;
        } else if (!add(&all[last], argv[i])) {
            (void)fprintf(stderr, "write_request: cannot use \"%s\"\n", argv[i]);
            return 2;
        }
    }
    request.timeseries = pointers;
    request.n_timeseries = last + 1;
    return print(&request, raw) ? 0 : 1;
}
