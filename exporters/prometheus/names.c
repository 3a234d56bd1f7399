/* SPDX-License-Identifier: Apache-2.0 */
/* Owns how name, unit and type suffix are put together by the four strategies. Must not know
 * labels, points or protocols.
 *
 * "Ends with" is meant for whole words: "milliseconds" does not end with the unit "seconds",
 * whereas "wait_seconds" and, in UTF-8, "wait.seconds" do. A monotonic sum that is already called
 * ..._total keeps that suffix last: "sent_total" in By is sent_bytes_total. */
#include "prometheus/names.h"

#include <string.h>

#include "prometheus/name_text.h"
#include "prometheus/parity_names.h"

static const char total[] = "total";

/* Appends the unit's word to the name that begins at `start`, unless the name ends with it. */
static void append_unit(const struct tachoi_prometheus_naming *naming, struct tachoi_text *out,
                        size_t start, tacho_string unit) {
    const size_t name_end = out->length;
    tachoi_name_append_underscore(out, start);
    const size_t word = out->length;
    tachoi_prometheus_unit_word(naming, unit, out);
    if (out->failed) {
        return;
    }
    const tacho_string unit_word = {out->data + word, out->length - word};
    if (unit_word.length == 0 ||
        tachoi_name_ends_with_word(out->data + start, name_end - start, unit_word)) {
        tachoi_name_truncate(out, name_end);
    }
}

/* Takes _total off the name that begins at `start`; a name that is just "total" stays. */
static void strip_total(struct tachoi_text *out, size_t start) {
    const tacho_string word = {total, sizeof(total) - 1};
    const size_t length = out->length - start;
    if (!out->failed && length > word.length &&
        tachoi_name_ends_with_word(out->data + start, length, word)) {
        tachoi_name_truncate(out, out->length - word.length - 1);
    }
}

static void append_suffixes(const struct tachoi_prometheus_naming *naming, struct tachoi_text *out,
                            size_t start, const tacho_metric *metric) {
    const bool is_counter = metric->type == TACHO_METRIC_SUM && metric->is_monotonic;
    if (is_counter) {
        strip_total(out, start);
    }
    append_unit(naming, out, start, metric->unit);
    if (is_counter) {
        tachoi_name_append_underscore(out, start);
        tachoi_text_append_string(out, total);
    }
}

static void append_part(const struct tachoi_prometheus_naming *naming, struct tachoi_text *out,
                        size_t start, tacho_string part) {
    if (tachoi_prometheus_is_utf8(naming)) {
        tachoi_utf8_append_repaired(out, part.data, part.length);
        return;
    }
    if (out->length == start && tachoi_name_is_digit(part.data[0])) {
        tachoi_text_append_char(out, '_');
    }
    tachoi_name_append_escaped(out, start, part, true);
}

/* The prefix and the underscore behind it; nothing if there is none. */
static void append_prefix(const struct tachoi_prometheus_naming *naming, struct tachoi_text *out,
                          size_t start) {
    const tacho_string prefix = tacho_string_from(naming->prefix != NULL ? naming->prefix : "");
    if (prefix.length > 0 &&
        (tachoi_prometheus_is_utf8(naming) || tachoi_name_has_kept(prefix, true))) {
        append_part(naming, out, start, prefix);
        tachoi_name_append_underscore(out, start);
    }
}

static bool has_nul(tacho_string string) {
    return string.length > 0 && memchr(string.data, '\0', string.length) != NULL;
}

static bool is_usable(const struct tachoi_prometheus_naming *naming, tacho_string name) {
    return tachoi_prometheus_is_utf8(naming) ? name.length > 0 && !has_nul(name)
                                             : tachoi_name_has_kept(name, true);
}

bool tachoi_prometheus_metric_name(const struct tachoi_prometheus_naming *naming,
                                   const tacho_metric *metric, struct tachoi_text *out) {
    if (!is_usable(naming, metric->name)) {
        return false;
    }
    const size_t start = out->length;
    if (naming->has_parity && naming->strategy != TACHOI_NO_TRANSLATION) {
        tachoi_parity_metric_name(naming, metric, out);
        return true;
    }
    append_prefix(naming, out, start);
    append_part(naming, out, start, metric->name);
    if (tachoi_prometheus_has_suffixes(naming)) {
        append_suffixes(naming, out, start, metric);
    }
    return true;
}

static bool utf8_label_name(tacho_string key, struct tachoi_text *out) {
    size_t underscores = 0;
    while (underscores < key.length && key.data[underscores] == '_') {
        underscores++;
    }
    if (underscores == key.length || has_nul(key)) {
        return false;
    }
    if (underscores > 1) {
        key.data += underscores - 1;
        key.length -= underscores - 1;
    }
    tachoi_utf8_append_repaired(out, key.data, key.length);
    return true;
}

bool tachoi_prometheus_label_name(const struct tachoi_prometheus_naming *naming, tacho_string key,
                                  struct tachoi_text *out) {
    if (tachoi_prometheus_is_utf8(naming)) {
        return utf8_label_name(key, out);
    }
    if (!tachoi_name_has_kept(key, false)) {
        return false;
    }
    if (tachoi_name_is_digit(key.data[0])) {
        tachoi_text_append_string(out, "key_");
    }
    tachoi_name_append_escaped(out, out->length, key, false);
    return true;
}

static bool is_legacy(tacho_string name, bool has_colons) {
    if (name.length == 0 || tachoi_name_is_digit(name.data[0])) {
        return false;
    }
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] != '_' && !tachoi_name_is_kept(name.data[i], has_colons)) {
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
