/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what a UCUM unit is called in Prometheus. Must not know metrics.
 * Source: OpenTelemetry, compatibility/prometheus_and_openmetrics.md; the words behind a slash are
 * those of the translators. */
#include "prometheus/unit_word.h"

#include <string.h>

#include "prometheus/name_text.h"
#include "prometheus/names.h"
#include "prometheus/parity_names.h"

enum users { BOTH, SPECIFICATION, TRANSLATOR };

struct unit_word {
    const char *unit;
    const char *word;
    enum users users;
};

static const struct unit_word unit_words[] = {
    {"d", "days", BOTH},
    {"h", "hours", BOTH},
    {"min", "minutes", BOTH},
    {"s", "seconds", BOTH},
    {"ms", "milliseconds", BOTH},
    {"us", "microseconds", BOTH},
    {"ns", "nanoseconds", BOTH},
    {"By", "bytes", BOTH},
    {"KiBy", "kibibytes", BOTH},
    {"MiBy", "mebibytes", BOTH},
    {"GiBy", "gibibytes", BOTH},
    {"TiBy", "tebibytes", SPECIFICATION},
    {"TiBy", "tibibytes", TRANSLATOR},
    {"kBy", "kilobytes", SPECIFICATION},
    {"KBy", "kilobytes", BOTH},
    {"MBy", "megabytes", BOTH},
    {"GBy", "gigabytes", BOTH},
    {"TBy", "terabytes", BOTH},
    {"m", "meters", BOTH},
    {"V", "volts", BOTH},
    {"A", "amperes", BOTH},
    {"J", "joules", BOTH},
    {"W", "watts", BOTH},
    {"g", "grams", BOTH},
    {"Cel", "celsius", BOTH},
    {"Hz", "hertz", BOTH},
    {"%", "percent", BOTH},
    {"1", "", BOTH},
};

/* Behind a slash the translators take "m" for a minute, not for a metre (PROM-04). */
static const struct unit_word rate_words[] = {
    {"s", "second", BOTH}, {"m", "minute", BOTH}, {"h", "hour", BOTH}, {"d", "day", BOTH},
    {"w", "week", BOTH},   {"mo", "month", BOTH}, {"y", "year", BOTH}, {"1", "", SPECIFICATION},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *tachoi_unit_word_find(tacho_string unit, bool is_rate, bool is_parity) {
    const struct unit_word *words = is_rate ? rate_words : unit_words;
    const size_t count = is_rate ? COUNT_OF(rate_words) : COUNT_OF(unit_words);
    const enum users others = is_parity ? SPECIFICATION : TRANSLATOR;
    for (size_t i = 0; i < count; i++) {
        if (words[i].users != others && strlen(words[i].unit) == unit.length &&
            memcmp(words[i].unit, unit.data, unit.length) == 0) {
            return words[i].word;
        }
    }
    return NULL;
}

/* A unit that the table does not know: its own text, without underscores around it. */
static void append_unknown(struct tachoi_text *out, tacho_string unit, bool is_utf8) {
    if (is_utf8) {
        tachoi_utf8_append_repaired(out, unit.data, unit.length);
        return;
    }
    while (unit.length > 0 && !tachoi_name_is_kept(unit.data[0], true)) {
        unit.data++;
        unit.length--;
    }
    while (unit.length > 0 && !tachoi_name_is_kept(unit.data[unit.length - 1], true)) {
        unit.length--;
    }
    tachoi_name_append_escaped(out, out->length, unit, true);
}

static void append_part(struct tachoi_text *out, tacho_string part, bool is_rate, bool is_utf8) {
    part = tachoi_name_trim(part);
    if (part.length == 0) {
        return;
    }
    const char *word = tachoi_unit_word_find(part, is_rate, false);
    if (word != NULL) {
        tachoi_text_append_string(out, word);
    } else {
        append_unknown(out, part, is_utf8);
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

static void append_rate(struct tachoi_text *out, size_t start, tacho_string denominator,
                        bool is_utf8) {
    const size_t before = out->length;
    tachoi_text_append_string(out, before > start ? "_per_" : "per_");
    const size_t after = out->length;
    append_part(out, denominator, true, is_utf8);
    if (out->length == after) {
        tachoi_name_truncate(out, before);
    }
}

static void append_word(struct tachoi_text *out, tacho_string unit, bool is_utf8) {
    struct tachoi_text plain;
    tachoi_text_init(&plain, 0);
    append_without_braces(&plain, unit);
    if (plain.failed) {
        out->failed = true;
    } else if (plain.length > 0) {
        const size_t start = out->length;
        const char *slash = memchr(plain.data, '/', plain.length);
        const size_t numerator = slash != NULL ? (size_t)(slash - plain.data) : plain.length;
        append_part(out, (tacho_string){plain.data, numerator}, false, is_utf8);
        if (slash != NULL) {
            const tacho_string denominator = {slash + 1, plain.length - numerator - 1};
            append_rate(out, start, denominator, is_utf8);
        }
    }
    tachoi_text_fini(&plain);
}

void tachoi_prometheus_unit_word(const struct tachoi_prometheus_naming *naming, tacho_string unit,
                                 struct tachoi_text *out) {
    if (unit.length == 0) {
        return;
    }
    if (naming->strategy == TACHOI_NO_TRANSLATION) {
        tachoi_utf8_append_repaired(out, unit.data, unit.length);
    } else if (naming->has_parity) {
        tachoi_parity_unit_word(naming, unit, out);
    } else {
        append_word(out, unit, tachoi_prometheus_is_utf8(naming));
    }
}
