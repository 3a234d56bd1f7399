/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rules about labels, samples and exemplars. See validate_rules.h. */
#include "remote_write/validate_rules.h"

#include <string.h>

#include "base/text.h"

enum { EXEMPLAR_CHARACTERS_MAX = 128 };

/* --- names --- */

static bool is_legacy(const char *name, bool allows_colon) {
    for (const char *c = name; *c != '\0'; c++) {
        const bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        const bool is_digit = *c >= '0' && *c <= '9';
        if (!is_letter && !(is_digit && c != name) && !(allows_colon && *c == ':')) {
            return false;
        }
    }
    return true;
}

static bool is_utf8(const char *text) {
    return tachoi_utf8_is_valid(text, strlen(text));
}

const char *tachoi_check_name(const char *name, bool is_metric, int version) {
    if (name[0] == '\0') {
        return "RW1-04: a name is empty";
    }
    if (!is_utf8(name)) {
        return "P-05: a name is not UTF-8";
    }
    if (version == 1 && !is_legacy(name, is_metric)) {
        return is_metric ? "RW1-03: not a metric name of 1.0" : "RW1-03: not a label name of 1.0";
    }
    return NULL;
}

/* --- labels --- */

static const char *check_value(const struct tachoi_checked_label *label, int version) {
    if (label->value[0] == '\0') {
        return "RW1-04: a label is empty";
    }
    if (!is_utf8(label->value)) {
        return "P-05: a label's value is not UTF-8";
    }
    return strcmp(label->name, "__name__") == 0 ? tachoi_check_name(label->value, true, version)
                                                : NULL;
}

const char *tachoi_check_labels(const struct tachoi_checked_labels *labels, int version) {
    bool has_name = false;
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_checked_label *label = &labels->items[i];
        const char *broken = tachoi_check_name(label->name, false, version);
        broken = broken != NULL ? broken : check_value(label, version);
        if (broken != NULL) {
            return broken;
        }
        const int order = i == 0 ? -1 : strcmp(labels->items[i - 1].name, label->name);
        if (order >= 0) {
            return order == 0 ? "RW1-04: a label is there twice" : "RW1-04: labels are not sorted";
        }
        has_name = has_name || strcmp(label->name, "__name__") == 0;
    }
    return has_name ? NULL : "RW1-04: a series has no __name__";
}

/* --- samples --- */

/* P-06: a NaN is the marker or an ordinary quiet one; the marker made quiet by arithmetic is
 * neither. */
static bool is_sound_value(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    const bool is_nan = (bits >> 52 & 0x7ff) == 0x7ff && mantissa != 0;
    const bool is_quiet = (bits >> 51 & 1) != 0;
    return !is_nan || bits == UINT64_C(0x7ff0000000000002) ||
           (is_quiet && bits != UINT64_C(0x7ff8000000000002));
}

const char *tachoi_check_sample(double value, int64_t time_ms, int64_t start_ms) {
    if (!is_sound_value(value)) {
        return "P-06: a value is a signalling NaN or a spoilt stale marker";
    }
    return start_ms != 0 && start_ms >= time_ms ? "RW2-08: a start is not before its sample" : NULL;
}

/* --- exemplars --- */

static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

const char *tachoi_check_exemplar(const struct tachoi_checked_labels *labels, int64_t time_ms) {
    size_t total = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const struct tachoi_checked_label *label = &labels->items[i];
        if (label->name[0] == '\0' || label->value[0] == '\0') {
            return "CONV-22: a label of an exemplar is empty";
        }
        if (!is_utf8(label->name) || !is_utf8(label->value)) {
            return "P-05: a label of an exemplar is not UTF-8";
        }
        total += characters(label->name) + characters(label->value);
        if (total > EXEMPLAR_CHARACTERS_MAX) {
            return "CONV-22: the labels of an exemplar are too long";
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(labels->items[j].name, label->name) == 0) {
                return "CONV-22: a label of an exemplar is there twice";
            }
        }
    }
    return time_ms == 0 ? "RW2-06: an exemplar has no timestamp" : NULL;
}
