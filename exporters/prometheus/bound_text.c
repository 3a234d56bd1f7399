/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the text of bounds and quantiles: the label values le and quantile. Must not know series. */
#include <math.h>
#include <string.h>

#include "prometheus/names.h"

/* Prometheus formats with Go's 'g': exponents from these on. */
#define EXPONENT_BELOW (-4)
#define EXPONENT_FROM 6

/* The exponent of the first digit that is not zero of a plain decimal number, not zero. */
static int exponent_of(const char *plain, size_t length) {
    const char *point = memchr(plain, '.', length);
    const int whole = point != NULL ? (int)(point - plain) : (int)length;
    const int first = (int)strspn(plain, "0.");
    return first < whole ? whole - 1 - first : whole - first;
}

/* One digit, the point, the others without zeros at the end, and the exponent. */
static void append_scientific(struct tachoi_text *out, const char *plain, size_t length,
                              int exponent) {
    const size_t first = strspn(plain, "0.");
    while (plain[length - 1] == '0') {
        length--;
    }
    tachoi_text_append_char(out, plain[first]);
    for (size_t i = first + 1, digits = 0; i < length; i++) {
        if (plain[i] != '.') {
            if (digits++ == 0) {
                tachoi_text_append_char(out, '.');
            }
            tachoi_text_append_char(out, plain[i]);
        }
    }
    const int magnitude = exponent < 0 ? -exponent : exponent;
    tachoi_text_append_string(out, exponent < 0 ? "e-" : "e+");
    if (magnitude < 10) {
        tachoi_text_append_char(out, '0');
    }
    tachoi_text_append_i64(out, magnitude);
}

/* `plain` is a number that is neither zero nor negative. */
static void append_openmetrics(struct tachoi_text *out, const char *plain, size_t length) {
    const int exponent = exponent_of(plain, length);
    if (exponent < EXPONENT_BELOW || exponent >= EXPONENT_FROM) {
        append_scientific(out, plain, length, exponent);
        return;
    }
    tachoi_text_append(out, plain, length);
    if (memchr(plain, '.', length) == NULL) {
        tachoi_text_append_string(out, ".0");
    }
}

void tachoi_prometheus_bound_text(const struct tachoi_prometheus_naming *naming, double bound,
                                  struct tachoi_text *out) {
    char plain[TACHOI_F64_TEXT_MAX];
    const size_t length = tachoi_f64_to_text(bound, plain);
    if (!naming->is_openmetrics_le || !isfinite(bound)) {
        tachoi_text_append(out, plain, length);
    } else if (bound == 0) {
        tachoi_text_append_string(out, "0.0");
    } else {
        const size_t sign = plain[0] == '-' ? 1 : 0;
        tachoi_text_append(out, plain, sign);
        append_openmetrics(out, plain + sign, length - sign);
    }
}
