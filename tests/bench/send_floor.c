/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the floors of sending. See send_floor.h. */
#include "bench/send_floor.h"

#include <curl/curl.h>
#include <snappy-c.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 1000, NO_CONTENT = 204, FIRST_SERIES = 1024 };

/* A time series of 1.0, with its sample. */
struct floor_series {
    uint32_t length;
    unsigned char bytes[380];
};

struct send_floor {
    CURLM *multi;
    struct curl_slist *headers;
    CURL **easy; /* of each connection */
    uint32_t count;
    unsigned char *body;
    size_t body_capacity;
    struct floor_series *series;
    size_t count_series;
    size_t capacity;
};

_Noreturn static void die(const char *what) {
    (void)fprintf(stderr, "send_bench: floor: %s\n", what);
    exit(1);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        die("memory is short");
    }
    return memory;
}

/* --- sending --- */

static CURL *connection(const char *url, struct curl_slist *headers) {
    CURL *easy = curl_easy_init();
    if (easy == NULL || curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        die("no handle");
    }
    return easy;
}

struct send_floor *send_floor_create(const char *url, uint32_t connections) {
    static const char *const lines[] = {
        "Expect:", "Content-Type: application/x-protobuf", "Content-Encoding: snappy",
        "X-Prometheus-Remote-Write-Version: 0.1.0", "User-Agent: floor"};
    struct send_floor *floor = allocate(1, sizeof *floor);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        floor->headers = curl_slist_append(floor->headers, lines[i]);
    }
    floor->multi = curl_multi_init();
    floor->count = connections;
    floor->easy = allocate(connections, sizeof(CURL *));
    for (uint32_t i = 0; i < connections; i++) {
        floor->easy[i] = connection(url, floor->headers);
    }
    return floor;
}

void send_floor_destroy(struct send_floor *floor) {
    for (uint32_t i = 0; i < floor->count; i++) {
        curl_easy_cleanup(floor->easy[i]);
    }
    (void)curl_multi_cleanup(floor->multi);
    curl_slist_free_all(floor->headers);
    free((void *)floor->easy);
    free(floor->body);
    free(floor->series);
    free(floor);
}

/* What it is does not matter to those who copy it. */
static void reserve_body(struct send_floor *floor, size_t length) {
    if (length > floor->body_capacity) {
        free(floor->body);
        floor->body = allocate(length, 1);
        floor->body_capacity = length;
    }
}

static void start(const struct send_floor *floor, CURL *easy, size_t length) {
    if (curl_easy_setopt(easy, CURLOPT_POSTFIELDS, floor->body) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length) != CURLE_OK ||
        curl_multi_add_handle(floor->multi, easy) != CURLM_OK) {
        die("cannot send");
    }
}

/* Takes the answers that are there; returns how many, and begins anew where more are to go. */
static uint64_t go_on(const struct send_floor *floor, uint64_t to_start, size_t length) {
    uint64_t ended = 0;
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(floor->multi, &left); message != NULL;
         message = curl_multi_info_read(floor->multi, &left)) {
        CURL *easy = message->easy_handle;
        long status = 0;
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result != CURLE_OK || status != NO_CONTENT) {
            die("the server does not answer 204");
        }
        (void)curl_multi_remove_handle(floor->multi, easy);
        if (ended < to_start) {
            start(floor, easy, length);
        }
        ended++;
    }
    return ended;
}

void send_floor_post(struct send_floor *floor, uint64_t count, size_t length) {
    uint64_t started = 0;
    reserve_body(floor, length);
    for (; started < count && started < floor->count; started++) {
        start(floor, floor->easy[started], length);
    }
    for (uint64_t ended = 0; ended < count;) {
        int running = 0;
        (void)curl_multi_perform(floor->multi, &running);
        const uint64_t now = go_on(floor, count - started, length);
        ended += now;
        started += now < count - started ? now : count - started;
        if (ended < count && curl_multi_poll(floor->multi, NULL, 0, WAIT_MS, NULL) != CURLM_OK) {
            die("cannot wait");
        }
    }
}

/* --- compressing --- */

enum { VALUE_BYTES = 8, TIME_BYTES = 6, SAMPLE_BYTES = VALUE_BYTES + TIME_BYTES + 4 };

static void reserve(struct send_floor *floor) {
    if (floor->count_series == floor->capacity) {
        floor->capacity = floor->capacity == 0 ? FIRST_SERIES : floor->capacity * 2;
        floor->series = realloc(floor->series, floor->capacity * sizeof floor->series[0]);
        if (floor->series == NULL) {
            die("memory is short");
        }
    }
}

static unsigned char *put_text(unsigned char *out, unsigned char tag, const char *text) {
    const size_t length = strlen(text);
    *out++ = tag;
    *out++ = (unsigned char)length;
    memcpy(out, text, length);
    return out + length;
}

static unsigned char *put_label(unsigned char *out, const char *name, const char *value) {
    unsigned char *const begin = out;
    out = put_text(begin + 2, 0x0a, name);
    out = put_text(out, 0x12, value);
    begin[0] = 0x0a;
    begin[1] = (unsigned char)(out - begin - 2);
    return out;
}

/* Some time of 6 bytes; all samples have it. */
static unsigned char *put_sample(unsigned char *out, double value) {
    static const unsigned char time[TIME_BYTES] = {0x99, 0xf2, 0xcd, 0xfe, 0x9f, 0x34};
    *out++ = 0x12;
    *out++ = SAMPLE_BYTES - 2;
    *out++ = 0x09;
    memcpy(out, &value, VALUE_BYTES);
    out += VALUE_BYTES;
    *out++ = 0x10;
    memcpy(out, time, TIME_BYTES);
    return out + TIME_BYTES;
}

void send_floor_add_series(struct send_floor *floor, const char *const *labels, double value) {
    reserve(floor);
    struct floor_series *series = &floor->series[floor->count_series++];
    unsigned char *const begin = series->bytes + 3; /* two bytes of length, as it has 128 or more */
    unsigned char *out = begin;
    for (size_t i = 0; labels[i] != NULL; i += 2) {
        if (strlen(labels[i]) + strlen(labels[i + 1]) + SAMPLE_BYTES + 6 >
            (size_t)(series->bytes + sizeof series->bytes - out)) {
            die("too many labels");
        }
        out = put_label(out, labels[i], labels[i + 1]);
    }
    out = put_sample(out, value);
    const size_t length = (size_t)(out - begin);
    series->bytes[0] = 0x0a;
    series->bytes[1] = (unsigned char)(length | 0x80);
    series->bytes[2] = (unsigned char)(length >> 7);
    series->length = (uint32_t)(out - series->bytes);
}

static size_t compressed(const unsigned char *message, size_t length, char *out, size_t room) {
    if (snappy_compress((const char *)message, length, out, &room) != SNAPPY_OK) {
        die("snappy fails");
    }
    return room;
}

/* Puts the messages together as it goes, as every sender must. With `equal` all have the labels of
 * the first. */
static size_t compress_all(const struct send_floor *floor, size_t request_samples, bool equal) {
    const size_t most = request_samples * sizeof floor->series[0].bytes;
    const size_t room = snappy_max_compressed_length(most);
    unsigned char *message = allocate(most, 1);
    char *out = allocate(room, 1);
    size_t length = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < floor->count_series; i++) {
        const struct floor_series *series = &floor->series[i];
        const struct floor_series *labels = equal ? &floor->series[0] : series;
        memcpy(message + length, labels->bytes, labels->length - SAMPLE_BYTES);
        length += labels->length - SAMPLE_BYTES;
        memcpy(message + length, series->bytes + series->length - SAMPLE_BYTES, SAMPLE_BYTES);
        length += SAMPLE_BYTES;
        if ((i + 1) % request_samples == 0 || i + 1 == floor->count_series) {
            bytes += compressed(message, length, out, room);
            length = 0;
        }
    }
    free(message);
    free(out);
    return bytes;
}

size_t send_floor_compress(const struct send_floor *floor, size_t request_samples) {
    return compress_all(floor, request_samples, false);
}

double send_floor_equal_labels(const struct send_floor *floor, size_t request_samples) {
    return (double)compress_all(floor, request_samples, true) / (double)floor->count_series;
}

double send_floor_values(const double *values, size_t count, size_t request_samples) {
    const size_t room = snappy_max_compressed_length(request_samples * sizeof values[0]);
    char *out = allocate(room, 1);
    size_t bytes = 0;
    for (size_t begin = 0; begin < count; begin += request_samples) {
        const size_t samples = count - begin < request_samples ? count - begin : request_samples;
        bytes += compressed((const unsigned char *)(values + begin), samples * sizeof values[0],
                            out, room);
    }
    free(out);
    return (double)bytes / (double)count;
}
