/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of the texts of bounds and quantiles, the labels le and quantile, in both
 * formats, and that no locale changes them. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/names.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

struct vector {
    double bound;
    const char *otel;
    const char *openmetrics;
};

static const struct vector vectors[] = {
    {0, "0", "0.0"},
    {-0.0, "-0", "0.0"},
    {1, "1", "1.0"},
    {-1, "-1", "-1.0"},
    {5, "5", "5.0"},
    {2.5, "2.5", "2.5"},
    {-7.25, "-7.25", "-7.25"},
    {0.1, "0.1", "0.1"},
    {0.01, "0.01", "0.01"},
    {0.005, "0.005", "0.005"},
    {0.001, "0.001", "0.001"},
    {0.0001, "0.0001", "0.0001"},
    {0.00012, "0.00012", "0.00012"},
    {0.00001, "0.00001", "1e-05"},
    {0.000025, "0.000025", "2.5e-05"},
    {1e-6, "0.000001", "1e-06"},
    {1e-9, "0.000000001", "1e-09"},
    {1e-10, "0.0000000001", "1e-10"},
    {10, "10", "10.0"},
    {100, "100", "100.0"},
    {1000, "1000", "1000.0"},
    {7500, "7500", "7500.0"},
    {10000, "10000", "10000.0"},
    {100000, "100000", "100000.0"},
    {123456, "123456", "123456.0"},
    {123456.75, "123456.75", "123456.75"},
    {999999, "999999", "999999.0"},
    {1e6, "1000000", "1e+06"},
    {1234567, "1234567", "1.234567e+06"},
    {-1234567.5, "-1234567.5", "-1.2345675e+06"},
    {5242880, "5242880", "5.24288e+06"},
    {1e7, "10000000", "1e+07"},
    {1e9, "1000000000", "1e+09"},
    {1e10, "10000000000", "1e+10"},
    {9007199254740992.0, "9007199254740992", "9.007199254740992e+15"},
    {1e21, "1000000000000000000000", "1e+21"},
    {1e22, "10000000000000000000000", "1e+22"},
    {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"},
    {1.0 / 3, "0.3333333333333333", "0.3333333333333333"},
    {0.99, "0.99", "0.99"},
    {0.999, "0.999", "0.999"},
};

static char *text_of(double bound, bool is_openmetrics) {
    static struct tachoi_text text;
    const struct tachoi_prometheus_naming naming = {.is_openmetrics_le = is_openmetrics};
    tachoi_text_clear(&text);
    tachoi_text_append_string(&text, "");
    tachoi_prometheus_bound_text(&naming, bound, &text);
    return text.data;
}

static void check_all(void) {
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        cr_expect(eq(str, text_of(vectors[i].bound, false), (char *)vectors[i].otel));
        cr_expect(eq(str, text_of(vectors[i].bound, true), (char *)vectors[i].openmetrics));
    }
}

/* CONV-11 PROM-38 */
Test(bounds, have_a_text_in_either_format) {
    check_all();
}

/* CONV-11 */
Test(bounds, that_are_not_finite_have_words) {
    for (int i = 0; i < 2; i++) {
        cr_expect(eq(str, text_of((double)INFINITY, i == 1), (char *)"+Inf"));
        cr_expect(eq(str, text_of(-(double)INFINITY, i == 1), (char *)"-Inf"));
        cr_expect(eq(str, text_of((double)NAN, i == 1), (char *)"NaN"));
    }
}

/* CONV-11: the smallest and the largest doubles, and those around */
Test(bounds, of_extreme_size) {
    cr_expect(eq(str, text_of(5e-324, true), (char *)"5e-324"));
    cr_expect(eq(str, text_of(-5e-324, true), (char *)"-5e-324"));
    cr_expect(eq(str, text_of(1.5e-320, true), (char *)"1.5e-320"));
    cr_expect(eq(str, text_of(DBL_MIN, true), (char *)"2.2250738585072014e-308"));
    cr_expect(eq(str, text_of(DBL_MAX, true), (char *)"1.7976931348623157e+308"));
    char *plain = text_of(5e-324, false);
    cr_expect(eq(sz, strlen(plain), 326));
    cr_expect(eq(int, plain[325], '5'));
    plain = text_of(DBL_MAX, false);
    cr_expect(eq(sz, strlen(plain), 309));
}

/* CONV-11: both read back as the number, and powers of ten are one digit */
Test(bounds, read_back_as_what_they_were) {
    for (int exponent = -307; exponent <= 308; exponent++) {
        char literal[16];
        (void)snprintf(literal, sizeof(literal), "1e%d", exponent);
        const double bound = strtod(literal, NULL);
        (void)snprintf(literal, sizeof(literal), "1e%+03d", exponent);
        cr_expect(eq(dbl, strtod(text_of(bound, false), NULL), bound), "1e%d", exponent);
        char *openmetrics = text_of(bound, true);
        cr_expect(eq(dbl, strtod(openmetrics, NULL), bound), "1e%d", exponent);
        if (exponent < -4 || exponent > 5) {
            cr_expect(eq(str, openmetrics, literal));
        }
        const double third = bound / 3;
        cr_expect(eq(dbl, strtod(text_of(third, true), NULL), third), "1e%d / 3", exponent);
    }
}

static bool set_comma_locale(void) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* CONV-11 */
Test(bounds, do_not_depend_on_the_locale) {
    if (!set_comma_locale()) {
        cr_skip_test("no locale with a decimal comma is installed");
    }
    cr_assert(eq(str, localeconv()->decimal_point, (char *)","));
    check_all();
}
