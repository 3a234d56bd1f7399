/* SPDX-License-Identifier: Apache-2.0 */
/* Owns names in the manner of Prometheus' translator. See parity_names.h. A name is made in three
 * parts, each a text of its own: the name's words, the unit, and the unit behind the slash. */
#include "prometheus/parity_names.h"

#include <string.h>

#include "prometheus/name_text.h"
#include "prometheus/unit_word.h"

struct parts {
    struct tachoi_text name;
    struct tachoi_text unit; /* "bytes" */
    struct tachoi_text rate; /* "per_second" */
};

static void parts_init(struct parts *parts) {
    tachoi_text_init(&parts->name, 0);
    tachoi_text_init(&parts->unit, 0);
    tachoi_text_init(&parts->rate, 0);
}

static void parts_fini(struct parts *parts) {
    tachoi_text_fini(&parts->name);
    tachoi_text_fini(&parts->unit);
    tachoi_text_fini(&parts->rate);
}

static bool has_failed(const struct parts *parts) {
    return parts->name.failed || parts->unit.failed || parts->rate.failed;
}

static tacho_string string_of(const struct tachoi_text *text) {
    return (tacho_string){text->length > 0 ? text->data : "", text->length};
}

static bool is_equal(tacho_string a, tacho_string b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool ends_with(const struct tachoi_text *text, tacho_string end) {
    return text->length >= end.length && end.length > 0 &&
           memcmp(text->data + text->length - end.length, end.data, end.length) == 0;
}

static void trim_underscore(struct tachoi_text *text) {
    if (text->length > 0 && text->data[text->length - 1] == '_') {
        tachoi_name_truncate(text, text->length - 1);
    }
}

/* --- units --- */

static void append_unit_part(struct tachoi_text *out, tacho_string part, bool is_rate,
                             bool is_utf8) {
    part = tachoi_name_trim(part);
    if (part.length == 0 || memchr(part.data, '{', part.length) != NULL ||
        memchr(part.data, '}', part.length) != NULL) {
        return;
    }
    const char *word = tachoi_unit_word_find(part, is_rate, true);
    const tacho_string text = word != NULL ? tacho_string_from(word) : part;
    if (is_rate) {
        tachoi_text_append_string(out, "per_");
    }
    if (is_utf8) {
        tachoi_utf8_append_repaired(out, text.data, text.length);
        return;
    }
    tachoi_name_append_escaped(out, 0, text, true);
    if (out->length > 0 && out->data[0] == '_') {
        memmove(out->data, out->data + 1, out->length--);
    }
}

static void make_unit(const struct tachoi_prometheus_naming *naming, tacho_string unit,
                      struct parts *parts) {
    const bool is_utf8 = tachoi_prometheus_is_utf8(naming);
    const char *slash = unit.length > 0 ? memchr(unit.data, '/', unit.length) : NULL;
    const size_t numerator = slash != NULL ? (size_t)(slash - unit.data) : unit.length;
    append_unit_part(&parts->unit, (tacho_string){unit.data, numerator}, false, is_utf8);
    if (slash != NULL) {
        const tacho_string denominator = {slash + 1, unit.length - numerator - 1};
        append_unit_part(&parts->rate, denominator, true, is_utf8);
    }
}

void tachoi_parity_unit_word(const struct tachoi_prometheus_naming *naming, tacho_string unit,
                             struct tachoi_text *out) {
    struct parts parts;
    parts_init(&parts);
    make_unit(naming, unit, &parts);
    if (parts.unit.length > 0 && parts.rate.length > 0) {
        tachoi_text_append_char(&parts.unit, '_');
    }
    const tacho_string rate = string_of(&parts.rate);
    tachoi_text_append(&parts.unit, rate.data, rate.length);
    trim_underscore(&parts.unit);
    tacho_string word = string_of(&parts.unit);
    if (word.length > 0 && word.data[0] == '_') {
        word.data++;
        word.length--;
    }
    tachoi_text_append(out, word.data, word.length);
    out->failed = out->failed || has_failed(&parts);
    parts_fini(&parts);
}

/* --- escaped names --- */

static void append_word(struct tachoi_text *name, tacho_string word) {
    if (name->length > 0) {
        tachoi_text_append_char(name, '_');
    }
    tachoi_text_append(name, word.data, word.length);
}

/* The word of the name that begins at `from` or behind it; empty at the end. */
static tacho_string next_word(tacho_string name, size_t from) {
    while (from < name.length && !tachoi_name_is_kept(name.data[from], true)) {
        from++;
    }
    size_t end = from;
    while (end < name.length && tachoi_name_is_kept(name.data[end], true)) {
        end++;
    }
    return (tacho_string){name.data + from, end - from};
}

/* Appends the words of the name but `suffix`; whether `unit` is one of them. */
static bool append_words(struct tachoi_text *out, tacho_string name, tacho_string suffix,
                         tacho_string unit) {
    bool is_there = false;
    tacho_string word = next_word(name, 0);
    while (word.length > 0) {
        is_there = is_there || is_equal(word, unit);
        if (!is_equal(word, suffix)) {
            append_word(out, word);
        }
        word = next_word(name, (size_t)(word.data + word.length - name.data));
    }
    return is_there;
}

static void make_with_suffixes(struct parts *parts, tacho_string name, tacho_string suffix) {
    const bool has_rate =
        parts->rate.length > 0 && !is_equal(string_of(&parts->rate), tacho_string_from("per_"));
    const bool has_unit = append_words(&parts->name, name, suffix, string_of(&parts->unit)) ||
                          is_equal(string_of(&parts->unit), suffix);
    if (parts->unit.length > 0 && !has_unit) {
        if (has_rate) {
            trim_underscore(&parts->unit);
        }
        append_word(&parts->name, string_of(&parts->unit));
    }
    if (has_rate) {
        trim_underscore(&parts->rate);
        append_word(&parts->name, string_of(&parts->rate));
    }
    if (suffix.length > 0) {
        append_word(&parts->name, suffix);
    }
}

/* Without what is not kept at both ends; runs of underscores stay, other runs become one. */
static void make_without_suffixes(struct parts *parts, tacho_string name) {
    bool is_behind = false;
    for (size_t i = 0; i < name.length; i++) {
        const bool is_kept = name.data[i] == '_' || tachoi_name_is_kept(name.data[i], true);
        if (is_kept && is_behind && parts->name.length > 0) {
            tachoi_text_append_char(&parts->name, '_');
        }
        if (is_kept) {
            tachoi_text_append_char(&parts->name, name.data[i]);
        }
        is_behind = !is_kept;
    }
}

/* --- names in UTF-8 --- */

/* Takes the suffix off the name, and the character before it. */
static void strip_utf8(struct tachoi_text *name, tacho_string suffix) {
    if (!ends_with(name, suffix) || name->length <= suffix.length + 1) {
        return;
    }
    size_t length = name->length - suffix.length - 1;
    while (length > 0 && ((unsigned char)name->data[length] & 0xc0U) == 0x80) {
        length--;
    }
    tachoi_name_truncate(name, length);
}

static void append_behind(struct tachoi_text *name, tacho_string suffix) {
    if (suffix.length > 0) {
        tachoi_text_append_char(name, '_');
        tachoi_text_append(name, suffix.data, suffix.length);
    }
}

static void make_utf8(struct parts *parts, tacho_string name, tacho_string suffix) {
    tachoi_utf8_append_repaired(&parts->name, name.data, name.length);
    strip_utf8(&parts->name, suffix);
    strip_utf8(&parts->name, string_of(&parts->rate));
    if (!ends_with(&parts->name, string_of(&parts->unit))) {
        append_behind(&parts->name, string_of(&parts->unit));
    }
    append_behind(&parts->name, string_of(&parts->rate));
    append_behind(&parts->name, suffix);
}

/* --- both --- */

static const char *suffix_of(const tacho_metric *metric) {
    if (metric->type == TACHO_METRIC_SUM && metric->is_monotonic) {
        return "total";
    }
    if (metric->type == TACHO_METRIC_GAUGE && is_equal(metric->unit, tacho_string_from("1"))) {
        return "ratio";
    }
    return "";
}

/* Into an empty text. */
static void append_prefix(struct tachoi_text *out, const char *prefix, bool is_utf8) {
    const tacho_string string = tacho_string_from(prefix != NULL ? prefix : "");
    if (is_utf8 && string.length > 0) {
        tachoi_utf8_append_repaired(out, string.data, string.length);
    } else if (!is_utf8 && tachoi_name_has_kept(string, true)) {
        tachoi_name_append_escaped(out, 0, string, true);
    } else {
        return;
    }
    tachoi_name_append_underscore(out, 0);
}

void tachoi_parity_metric_name(const struct tachoi_prometheus_naming *naming,
                               const tacho_metric *metric, struct tachoi_text *out) {
    const bool is_utf8 = tachoi_prometheus_is_utf8(naming);
    const tacho_string suffix = tacho_string_from(suffix_of(metric));
    struct parts parts;
    parts_init(&parts);
    make_unit(naming, metric->unit, &parts);
    if (is_utf8) {
        append_prefix(&parts.name, naming->prefix, is_utf8);
        make_utf8(&parts, metric->name, suffix);
    } else if (tachoi_prometheus_has_suffixes(naming)) {
        make_with_suffixes(&parts, metric->name, suffix);
    } else {
        make_without_suffixes(&parts, metric->name);
    }
    struct tachoi_text whole;
    tachoi_text_init(&whole, 0);
    if (!is_utf8) {
        append_prefix(&whole, naming->prefix, is_utf8);
    }
    const tacho_string name = string_of(&parts.name);
    tachoi_text_append(&whole, name.data, name.length);
    const tacho_string text = string_of(&whole);
    if (!is_utf8 && text.length > 0 && tachoi_name_is_digit(text.data[0])) {
        tachoi_text_append_char(out, '_');
    }
    tachoi_text_append(out, text.data, text.length);
    out->failed = out->failed || whole.failed || has_failed(&parts);
    tachoi_text_fini(&whole);
    parts_fini(&parts);
}
