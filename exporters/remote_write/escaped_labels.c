/* SPDX-License-Identifier: Apache-2.0 */
/* Owns saying labels to 1.0 whose names it cannot carry. See escaped_labels.h. */
#include "remote_write/escaped_labels.h"

#include <stdlib.h>
#include <string.h>

#include "remote_write_v1.pb-c.h"

struct label {
    char *name; /* escaped, as the value of __name__ is; both end in NUL */
    char *value;
    size_t index; /* where it was: the order of the unescaped names */
};

static const char metric_name[] = "__name__";

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* In place: bytes that may not be in a name become '_', neighbours a single one. False if no letter
 * or digit is left of a name that was none. */
static bool escape(char *text, bool allows_colon) {
    char *out = text;
    bool is_usable = false;
    bool was_name = true;
    bool was_escaped = false;
    for (const char *c = text; *c != '\0'; c++) {
        const bool is_allowed = is_letter_or_digit(*c) || *c == '_' || (allows_colon && *c == ':');
        if (is_allowed || !was_escaped) {
            *out++ = (char)(is_allowed ? *c : '_');
        }
        was_escaped = !is_allowed;
        was_name = was_name && is_allowed;
        is_usable = is_usable || (is_allowed && *c != '_');
    }
    *out = '\0';
    return is_usable || (was_name && text[0] != '\0');
}

/* A digit may not come first. */
static char *before_digit(char *text, const char *prefix, struct tachoi_arena *arena) {
    if (text[0] < '0' || text[0] > '9') {
        return text;
    }
    char *longer = tachoi_arena_alloc(arena, strlen(prefix) + strlen(text) + 1, 1);
    if (longer != NULL) {
        (void)stpcpy(stpcpy(longer, prefix), text);
    }
    return longer;
}

enum tachoi_escape_result tachoi_escape_metric_name(tacho_string name, struct tachoi_arena *arena,
                                                    char **out) {
    char *text = tachoi_arena_strndup(arena, name.data, name.length);
    if (text != NULL && !escape(text, true)) {
        return TACHOI_ESCAPE_IMPOSSIBLE;
    }
    *out = text != NULL ? before_digit(text, "_", arena) : NULL;
    return *out != NULL ? TACHOI_ESCAPE_OK : TACHOI_ESCAPE_NO_MEMORY;
}

static enum tachoi_escape_result escape_label_name(tacho_string name, struct tachoi_arena *arena,
                                                   char **out) {
    char *text = tachoi_arena_strndup(arena, name.data, name.length);
    if (text != NULL && (!escape(text, false) || strcmp(text, metric_name) == 0)) {
        return TACHOI_ESCAPE_IMPOSSIBLE;
    }
    *out = text != NULL ? before_digit(text, "key_", arena) : NULL;
    return *out != NULL ? TACHOI_ESCAPE_OK : TACHOI_ESCAPE_NO_MEMORY;
}

static enum tachoi_escape_result escape_label(struct label *label, tacho_string name,
                                              tacho_string value, struct tachoi_arena *arena) {
    if (name.length == sizeof metric_name - 1 &&
        memcmp(name.data, metric_name, sizeof metric_name - 1) == 0) {
        label->name = (char *)metric_name;
        return tachoi_escape_metric_name(value, arena, &label->value);
    }
    label->value = tachoi_arena_strndup(arena, value.data, value.length);
    return label->value != NULL ? escape_label_name(name, arena, &label->name)
                                : TACHOI_ESCAPE_NO_MEMORY;
}

static int by_name(const void *a, const void *b) {
    const struct label *x = a;
    const struct label *y = b;
    const int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* Joins labels of one name; false when memory is short. */
static bool join_equal(struct label *labels, size_t *count, struct tachoi_arena *arena) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (kept == 0 || strcmp(labels[kept - 1].name, labels[i].name) != 0) {
            labels[kept++] = labels[i];
            continue;
        }
        struct label *into = &labels[kept - 1];
        const size_t length = strlen(into->value) + strlen(labels[i].value);
        char *joined = tachoi_arena_alloc(arena, length + 2, 1);
        if (joined == NULL) {
            return false;
        }
        (void)stpcpy(stpcpy(stpcpy(joined, into->value), ";"), labels[i].value);
        into->value = joined;
    }
    *count = kept;
    return true;
}

/* As encoded_series.c has it: by protobuf-c. */
static bool pack(const struct label *labels, size_t count, struct tachoi_wire *out) {
    out->length = 0;
    for (size_t i = 0; i < count; i++) {
        Prometheus__Label label = PROMETHEUS__LABEL__INIT;
        label.name = labels[i].name;
        label.value = labels[i].value;
        Prometheus__TimeSeries message = PROMETHEUS__TIME_SERIES__INIT;
        message.n_labels = 1;
        message.labels = (Prometheus__Label *[]){&label};
        if (!tachoi_wire_reserve(out, prometheus__time_series__get_packed_size(&message))) {
            return false;
        }
        out->length += prometheus__time_series__pack(&message, out->data + out->length);
    }
    return true;
}

static size_t count_labels(const struct tachoi_encoded_series *series, size_t component) {
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    size_t count = 0;
    tachoi_label_reader_init(&reader, series, component);
    while (tachoi_label_reader_next(&reader, &name, &value)) {
        count++;
    }
    return count;
}

enum tachoi_escape_result tachoi_escape_labels(const struct tachoi_encoded_series *series,
                                               size_t component, struct tachoi_arena *arena,
                                               struct tachoi_wire *out) {
    size_t count = count_labels(series, component);
    struct label *labels = tachoi_arena_alloc(arena, count + 1, sizeof *labels);
    if (labels == NULL) {
        return TACHOI_ESCAPE_NO_MEMORY;
    }
    struct tachoi_label_reader reader;
    tacho_string name;
    tacho_string value;
    tachoi_label_reader_init(&reader, series, component);
    for (size_t i = 0; i < count && tachoi_label_reader_next(&reader, &name, &value); i++) {
        labels[i].index = i;
        const enum tachoi_escape_result result = escape_label(&labels[i], name, value, arena);
        if (result != TACHOI_ESCAPE_OK) {
            return result;
        }
    }
    qsort(labels, count, sizeof *labels, by_name);
    return join_equal(labels, &count, arena) && pack(labels, count, out) ? TACHOI_ESCAPE_OK
                                                                         : TACHOI_ESCAPE_NO_MEMORY;
}
