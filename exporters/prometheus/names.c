/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the words: which characters a Prometheus name may hold, what a UCUM unit is called, and how
 * name, unit and type suffix are put together. Must not know labels, points or protocols.
 *
 * "Ends with" is meant for whole words: "milliseconds" does not end with the unit "seconds",
 * whereas "wait_seconds" does. A monotonic sum that is already called ..._total keeps that suffix
 * last: "sent_total" in By is sent_bytes_total. */
#include "prometheus/names.h"

#include <string.h>

struct unit_word {
    const char *unit;
    const char *word;
};

static const struct unit_word unit_words[] = {
    {"d", "days"},         {"h", "hours"},         {"min", "minutes"},
    {"s", "seconds"},      {"ms", "milliseconds"}, {"us", "microseconds"},
    {"ns", "nanoseconds"}, {"By", "bytes"},        {"KiBy", "kibibytes"},
    {"MiBy", "mebibytes"}, {"GiBy", "gibibytes"},  {"TiBy", "tebibytes"},
    {"kBy", "kilobytes"},  {"KBy", "kilobytes"},   {"MBy", "megabytes"},
    {"GBy", "gigabytes"},  {"TBy", "terabytes"},   {"m", "meters"},
    {"V", "volts"},        {"A", "amperes"},       {"J", "joules"},
    {"W", "watts"},        {"g", "grams"},         {"Cel", "celsius"},
    {"Hz", "hertz"},       {"%", "percent"},       {"1", ""},
};

/* Behind a slash the translators take "m" for a minute, not for a metre (PROM-04). */
static const struct unit_word rate_words[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"},
    {"w", "week"},   {"mo", "month"}, {"y", "year"}, {"1", ""},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char total_suffix[] = "_total";

static bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

/* What stays as it is, the underscore aside: that one is subject to collapsing. */
static bool is_kept(char character, bool keep_colon) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           is_digit(character) || (keep_colon && character == ':');
}

static bool has_kept(tacho_string string, bool keep_colon) {
    for (size_t i = 0; i < string.length; i++) {
        if (is_kept(string.data[i], keep_colon)) {
            return true;
        }
    }
    return false;
}

static void truncate_text(struct tachoi_text *text, size_t length) {
    if (text->length > length) {
        text->length = length;
        text->data[length] = '\0';
    }
}

/* One underscore, unless the part from `start` on ends with one already. */
static void append_underscore(struct tachoi_text *out, size_t start) {
    if (out->length == start || out->data[out->length - 1] != '_') {
        tachoi_text_append_char(out, '_');
    }
}

static void append_escaped(struct tachoi_text *out, tacho_string string, bool keep_colon) {
    const size_t start = out->length;
    for (size_t i = 0; i < string.length; i++) {
        if (is_kept(string.data[i], keep_colon)) {
            tachoi_text_append_char(out, string.data[i]);
        } else {
            append_underscore(out, start);
        }
    }
}

static tacho_string trim(tacho_string string) {
    while (string.length > 0 && string.data[0] == ' ') {
        string.data++;
        string.length--;
    }
    while (string.length > 0 && string.data[string.length - 1] == ' ') {
        string.length--;
    }
    return string;
}

static const char *find_word(tacho_string unit, const struct unit_word *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i].unit) == unit.length &&
            memcmp(words[i].unit, unit.data, unit.length) == 0) {
            return words[i].word;
        }
    }
    return NULL;
}

/* A unit that no table knows: its own text, without underscores around it. */
static void append_unknown_unit(struct tachoi_text *out, tacho_string unit) {
    while (unit.length > 0 && !is_kept(unit.data[0], true)) {
        unit.data++;
        unit.length--;
    }
    while (unit.length > 0 && !is_kept(unit.data[unit.length - 1], true)) {
        unit.length--;
    }
    append_escaped(out, unit, true);
}

static void append_unit_part(struct tachoi_text *out, tacho_string part,
                             const struct unit_word *words, size_t count) {
    part = trim(part);
    if (part.length == 0) {
        return;
    }
    const char *word = find_word(part, words, count);
    if (word != NULL) {
        tachoi_text_append_string(out, word);
    } else {
        append_unknown_unit(out, part);
    }
}

static void append_without_braces(struct tachoi_text *out, tacho_string unit) {
    size_t depth = 0;
    for (size_t i = 0; i < unit.length; i++) {
        if (unit.data[i] == '{') {
            depth++;
        } else if (unit.data[i] == '}') {
            depth -= depth > 0;
        } else if (depth == 0) {
            tachoi_text_append_char(out, unit.data[i]);
        }
    }
}

static void append_rate(struct tachoi_text *out, size_t start, tacho_string denominator) {
    const size_t before = out->length;
    tachoi_text_append_string(out, before > start ? "_per_" : "per_");
    const size_t after = out->length;
    append_unit_part(out, denominator, rate_words, COUNT_OF(rate_words));
    if (out->length == after) {
        truncate_text(out, before);
    }
}

void tachoi_prometheus_unit_word(tacho_string unit, struct tachoi_text *out) {
    if (unit.length == 0) {
        return;
    }
    struct tachoi_text plain;
    tachoi_text_init(&plain, 0);
    append_without_braces(&plain, unit);
    if (plain.failed) {
        out->failed = true;
    } else if (plain.length > 0) {
        const size_t start = out->length;
        const char *slash = memchr(plain.data, '/', plain.length);
        const size_t numerator = slash != NULL ? (size_t)(slash - plain.data) : plain.length;
        append_unit_part(out, (tacho_string){plain.data, numerator}, unit_words,
                         COUNT_OF(unit_words));
        if (slash != NULL) {
            append_rate(out, start, (tacho_string){slash + 1, plain.length - numerator - 1});
        }
    }
    tachoi_text_fini(&plain);
}

/* Whether the name ends with the word: as a whole, or behind an underscore. */
static bool ends_with_word(const char *name, size_t name_length, const char *word,
                           size_t word_length) {
    if (name_length < word_length ||
        memcmp(name + name_length - word_length, word, word_length) != 0) {
        return false;
    }
    return name_length == word_length || name[name_length - word_length - 1] == '_';
}

/* Appends the unit's word to the name that begins at `start`, unless the name ends with it. */
static void append_unit(struct tachoi_text *out, size_t start, tacho_string unit) {
    const size_t name_end = out->length;
    append_underscore(out, start);
    const size_t word = out->length;
    tachoi_prometheus_unit_word(unit, out);
    if (out->failed) {
        return;
    }
    if (out->length == word ||
        ends_with_word(out->data + start, name_end - start, out->data + word, out->length - word)) {
        truncate_text(out, name_end);
    }
}

/* Takes _total off the name that begins at `start`. */
static void strip_total(struct tachoi_text *out, size_t start) {
    const size_t suffix = sizeof(total_suffix) - 1;
    if (!out->failed && out->length - start >= suffix &&
        memcmp(out->data + out->length - suffix, total_suffix, suffix) == 0) {
        truncate_text(out, out->length - suffix);
    }
}

void tachoi_prometheus_bound_text(const struct tachoi_prometheus_naming *naming, double bound,
                                  struct tachoi_text *out) {
    char text[TACHOI_F64_TEXT_MAX];
    (void)naming;
    tachoi_text_append(out, text, tachoi_f64_to_text(bound, text));
}

bool tachoi_prometheus_metric_name(const struct tachoi_prometheus_naming *naming,
                                   const tacho_metric *metric, struct tachoi_text *out) {
    (void)naming;
    if (!has_kept(metric->name, true)) {
        return false;
    }
    const size_t start = out->length;
    if (is_digit(metric->name.data[0])) {
        tachoi_text_append_char(out, '_');
    }
    append_escaped(out, metric->name, true);
    const bool is_counter = metric->type == TACHO_METRIC_SUM && metric->is_monotonic;
    if (is_counter) {
        strip_total(out, start);
    }
    append_unit(out, start, metric->unit);
    if (is_counter) {
        append_underscore(out, start);
        tachoi_text_append_string(out, total_suffix + 1);
    }
    return true;
}

bool tachoi_prometheus_label_name(const struct tachoi_prometheus_naming *naming, tacho_string key,
                                  struct tachoi_text *out) {
    (void)naming;
    if (!has_kept(key, false)) {
        return false;
    }
    if (is_digit(key.data[0])) {
        tachoi_text_append_string(out, "key_");
    }
    append_escaped(out, key, false);
    return true;
}

static bool is_legacy(tacho_string name, bool has_colons) {
    if (name.length == 0 || is_digit(name.data[0])) {
        return false;
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] != '_' && !is_kept(name.data[i], has_colons)) {
            return false;
        }
    }
    return true;
}

bool tachoi_prometheus_is_legacy_metric_name(tacho_string name) {
    return is_legacy(name, true);
}

bool tachoi_prometheus_is_legacy_label_name(tacho_string name) {
    return is_legacy(name, false);
}
