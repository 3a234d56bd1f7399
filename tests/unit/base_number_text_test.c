/* SPDX-License-Identifier: Apache-2.0 */
/* Tests doubles as text: layout, exactness, independence of the locale. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text.h"

static const struct {
    double value;
    const char *text;
    const char *json;
} cases[] = {
    {0.0, "0", "0"},
    {-0.0, "-0", "-0"},
    {5.0, "5", "5"},
    {-5.0, "-5", "-5"},
    {0.005, "0.005", "0.005"},
    {0.1, "0.1", "0.1"},
    {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"},
    {2.5, "2.5", "2.5"},
    {1234.5678, "1234.5678", "1234.5678"},
    {1e10, "10000000000", "10000000000"},
    {1e-6, "0.000001", "0.000001"},
    {1.5e-7, "0.00000015", "1.5e-7"},
    {-1e-7, "-0.0000001", "-1e-7"},
    {1e20, "100000000000000000000", "100000000000000000000"},
    {1e21, "1000000000000000000000", "1e+21"},
    {-1.25e22, "-12500000000000000000000", "-1.25e+22"},
    {9007199254740993.0, "9007199254740992", "9007199254740992"},
    {1.0 / 3.0, "0.3333333333333333", "0.3333333333333333"},
    {DBL_MAX, NULL, "1.7976931348623157e+308"},
    {DBL_MIN, NULL, "2.2250738585072014e-308"},
    {5e-324, NULL, "5e-324"},
    {-5e-324, NULL, "-5e-324"},
    {DBL_EPSILON, "0.0000000000000002220446049250313", "2.220446049250313e-16"},
};

static void check_cases(void) {
    char out[TACHOI_F64_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].text != NULL) {
            cr_assert(eq(sz, tachoi_f64_to_text(cases[i].value, out), strlen(cases[i].text)));
            cr_assert(eq(str, out, (char *)cases[i].text));
        }
        cr_assert(eq(sz, tachoi_f64_to_json(cases[i].value, out), strlen(cases[i].json)));
        cr_assert(eq(str, out, (char *)cases[i].json));
    }
}

/* ATTR-12, ATTR-13 */
Test(number_text, has_the_layout_of_the_table) {
    check_cases();
}

/* ATTR-13 */
Test(number_text, names_what_is_no_number) {
    char out[TACHOI_F64_TEXT_MAX];
    cr_assert(eq(sz, tachoi_f64_to_text((double)NAN, out), 3));
    cr_assert(eq(str, out, "NaN"));
    tachoi_f64_to_text((double)INFINITY, out);
    cr_assert(eq(str, out, "+Inf"));
    tachoi_f64_to_text(-(double)INFINITY, out);
    cr_assert(eq(str, out, "-Inf"));
    cr_assert(eq(sz, tachoi_f64_to_json(-(double)NAN, out), 3));
    cr_assert(eq(str, out, "NaN"));
    tachoi_f64_to_json((double)INFINITY, out);
    cr_assert(eq(str, out, "Infinity"));
    tachoi_f64_to_json(-(double)INFINITY, out);
    cr_assert(eq(str, out, "-Infinity"));
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double f64_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Both forms read back as the same bits; the tests run in the locale "C". */
static void check_exact(double value) {
    char out[TACHOI_F64_TEXT_MAX];
    size_t length = tachoi_f64_to_text(value, out);
    cr_assert(eq(sz, length, strlen(out)));
    cr_assert(lt(sz, length, TACHOI_F64_TEXT_MAX));
    cr_assert(eq(sz, strspn(out, "-.0123456789"), length), "%s", out);
    cr_assert(eq(u64, bits_of(strtod(out, NULL)), bits_of(value)), "%s", out);
    length = tachoi_f64_to_json(value, out);
    cr_assert(eq(sz, length, strlen(out)));
    cr_assert(le(sz, length, 25), "%s", out);
    cr_assert(eq(u64, bits_of(strtod(out, NULL)), bits_of(value)), "%s", out);
}

Test(number_text, reads_back_exactly) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 2024);
    for (int i = 0; i < 20000; i++) {
        double value = f64_of(tachoi_rng_next(&rng));
        if (isfinite(value)) {
            check_exact(value);
        }
    }
    for (int i = 0; i < 5000; i++) { /* subnormal */
        check_exact(f64_of(tachoi_rng_next(&rng) >> 12U));
    }
    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        check_exact(f64_of(exponent << 52U));
        check_exact(f64_of((exponent << 52U) | ((UINT64_C(1) << 52U) - 1)));
    }
}

/* A decimal of at most 15 digits comes back as it was written, so nothing shorter was overlooked.
 */
Test(number_text, is_short) {
    struct tachoi_rng rng;
    tachoi_rng_seed(&rng, 2025);
    for (int i = 0; i < 5000; i++) {
        char wanted[64];
        char out[TACHOI_F64_TEXT_MAX];
        uint64_t whole = tachoi_rng_upto(&rng, 99999);
        uint64_t part = tachoi_rng_upto(&rng, 99999) * 10 + 1 + tachoi_rng_upto(&rng, 8);
        snprintf(wanted, sizeof wanted, "%llu.%06llu", (unsigned long long)whole,
                 (unsigned long long)part);
        tachoi_f64_to_text(strtod(wanted, NULL), out);
        cr_assert(eq(str, out, wanted));
    }
}

/* Sets a locale with a decimal comma: one that is installed, else one that is made on the spot. */
static bool set_comma_locale(char *folder) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    char command[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            return true;
        }
    }
    if (mkdtemp(folder) == NULL) {
        return false;
    }
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", folder);
    if (system(command) == -1) { /* NOLINT(cert-env33-c): a fixed command of a test */
        return false;
    }
    setenv("LOCPATH", folder, 1);
    return setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

static void remove_folder(const char *folder) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect(eq(int, system(command), 0)); /* NOLINT(cert-env33-c): a fixed command of a test */
}

Test(number_text, a_decimal_comma_never_shows) {
    char folder[] = "/tmp/tacho-locale-XXXXXX";
    bool is_set = set_comma_locale(folder);
    if (access(folder, F_OK) == 0) {
        remove_folder(folder);
    }
    if (!is_set) {
        cr_skip("no locale with a decimal comma: install the packages locales or locales-all");
    }
    char check[8];
    snprintf(check, sizeof check, "%.1f", 0.5);
    cr_assert(eq(str, check, "0,5"));
    check_cases();
}
