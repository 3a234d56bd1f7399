/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the rules about native histograms (RW1-11, RW2-20..22, CONV-31). See validate_rules.h. */
#include <math.h>
#include <string.h>

#include "remote_write/validate_rules.h"

enum { SCHEMA_CUSTOM = -53, SCHEMA_MIN = -4, SCHEMA_MAX = 8 };

static bool is_stale(double sum) {
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits == UINT64_C(0x7ff0000000000002);
}

/* --- buckets of one sign --- */

/* Where the last bucket ends, to `*end`. */
static const char *check_spans(const struct tachoi_checked_buckets *buckets, bool is_custom,
                               int64_t *end) {
    uint64_t lengths = 0;
    *end = 0;
    for (size_t i = 0; i < buckets->span_count; i++) {
        if (buckets->spans[i].offset < 0 && (i > 0 || is_custom)) {
            return "RW2-21: a span has a negative offset";
        }
        lengths += buckets->spans[i].length;
        *end += (int64_t)buckets->spans[i].offset + buckets->spans[i].length;
        if (*end > INT32_MAX) {
            return "RW2-21: a bucket's index is out of range";
        }
    }
    return lengths == buckets->delta_count ? NULL : "RW2-21: spans and buckets differ in number";
}

/* Adds the counts to `*total`. */
static const char *check_counts(const struct tachoi_checked_buckets *buckets, uint64_t *total) {
    int64_t count = 0;
    for (size_t i = 0; i < buckets->delta_count; i++) {
        if (__builtin_add_overflow(count, buckets->deltas[i], &count) || count < 0) {
            return "RW2-21: a bucket's count is negative";
        }
        if (__builtin_add_overflow(*total, (uint64_t)count, total)) {
            return "RW2-21: buckets hold more than a count can tell";
        }
    }
    return NULL;
}

/* --- the two families of schemas --- */

static bool is_empty(const struct tachoi_checked_buckets *buckets) {
    return buckets->span_count == 0 && buckets->delta_count == 0;
}

static const char *check_custom(const struct tachoi_checked_histogram *histogram, int64_t end) {
    if (!is_empty(&histogram->negative) || histogram->zero_count != 0 ||
        histogram->zero_threshold != 0) {
        return "RW2-20: a histogram of custom buckets has negative ones or a zero bucket";
    }
    for (size_t i = 0; i < histogram->custom_value_count; i++) {
        if (!isfinite(histogram->custom_values[i])) {
            return "RW2-20: a bound is not finite";
        }
        if (i > 0 && !(histogram->custom_values[i - 1] < histogram->custom_values[i])) {
            return "RW2-20: bounds do not increase";
        }
    }
    return end > (int64_t)histogram->custom_value_count + 1 ? "RW2-20: a bucket has no bound"
                                                            : NULL;
}

static const char *check_exponential(const struct tachoi_checked_histogram *histogram) {
    if (histogram->schema < SCHEMA_MIN || histogram->schema > SCHEMA_MAX) {
        return "RW2-21: receivers do not know the schema";
    }
    if (histogram->custom_value_count > 0) {
        return "RW2-21: an exponential histogram has bounds";
    }
    return isfinite(histogram->zero_threshold) && histogram->zero_threshold >= 0
               ? NULL
               : "RW2-21: the zero threshold is no width";
}

/* --- all --- */

static const char *check_stale(const struct tachoi_checked_histogram *histogram) {
    return histogram->count == 0 && histogram->zero_count == 0 && is_empty(&histogram->positive) &&
                   is_empty(&histogram->negative)
               ? NULL
               : "CONV-31: the end of a histogram has counts";
}

static const char *check_total(const struct tachoi_checked_histogram *histogram) {
    uint64_t total = histogram->zero_count;
    const char *broken = check_counts(&histogram->positive, &total);
    broken = broken != NULL ? broken : check_counts(&histogram->negative, &total);
    if (broken != NULL) {
        return broken;
    }
    if (isnan(histogram->sum)) { /* NaN is observed, and in no bucket */
        return total <= histogram->count ? NULL : "RW2-21: buckets hold more than the count";
    }
    return total == histogram->count ? NULL : "RW2-21: count and buckets disagree";
}

const char *tachoi_check_histogram(const struct tachoi_checked_histogram *histogram, int version) {
    const bool is_custom = histogram->schema == SCHEMA_CUSTOM;
    int64_t end = 0;
    int64_t negative_end = 0;
    if (is_custom && version == 1) {
        return "RW1-11: 1.0 has no custom buckets";
    }
    if (!histogram->has_integer_counts) {
        return "RW2-21: a histogram has floating-point counts, or none";
    }
    if (histogram->has_reset_hint) {
        return "RW2-22: a cumulative histogram has a reset hint";
    }
    const char *broken =
        tachoi_check_sample(histogram->sum, histogram->time_ms, histogram->start_ms);
    if (broken == NULL) {
        broken = check_spans(&histogram->positive, is_custom, &end);
    }
    if (broken == NULL) {
        broken = check_spans(&histogram->negative, is_custom, &negative_end);
    }
    if (broken == NULL) {
        broken = is_custom ? check_custom(histogram, end) : check_exponential(histogram);
    }
    if (broken == NULL) {
        broken = is_stale(histogram->sum) ? check_stale(histogram) : check_total(histogram);
    }
    return broken;
}
