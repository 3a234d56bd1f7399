/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the golden vectors of attribute values as text. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "prometheus/value_text.h"

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void check(tacho_attribute attr, const char *expected) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_value_to_text(&attr.value, &text);
    cr_expect(eq(int, text.failed, false));
    cr_expect(eq(str, text.length > 0 ? text.data : (char *)"", (char *)expected));
    tachoi_text_fini(&text);
}

static tacho_value array_of(const tacho_value *items, size_t count) {
    tacho_value value = {.type = TACHO_VALUE_ARRAY};
    value.as.values.items = items;
    value.as.values.count = count;
    return value;
}

static tacho_value map_of(const tacho_attribute *items, size_t count) {
    tacho_value value = {.type = TACHO_VALUE_MAP};
    value.as.map.items = items;
    value.as.map.count = count;
    return value;
}

/* ATTR-10 RW1-03 */
Test(values, strings_are_themselves) {
    check(TACHO_STR("k", "GET"), "GET");
    check(TACHO_STR("k", ""), "");
    check(TACHO_STR("k", NULL), "");
    check(TACHO_STR("k", "a \"quoted\" \\ line\n"), "a \"quoted\" \\ line\n");
    check(TACHO_STR("k", "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    check(TACHO_STRN("k", "GETxx", 3), "GET");
}

/* P-05 */
Test(values, ill_formed_utf8_is_repaired) {
    check(TACHO_STR("k", "a\xff"
                         "b"),
          "a\xef\xbf\xbd"
          "b");
    check(TACHO_STR("k", "\xc3"), "\xef\xbf\xbd");
    check(TACHO_STRN("k", "a\0b", 3), "a\xef\xbf\xbd"
                                      "b");
}

/* ATTR-11 ATTR-12 */
Test(values, booleans_and_integers_are_json) {
    check(TACHO_BOOL("k", true), "true");
    check(TACHO_BOOL("k", false), "false");
    check(TACHO_I64("k", 0), "0");
    check(TACHO_I64("k", -1), "-1");
    check(TACHO_I64("k", INT64_MAX), "9223372036854775807");
    check(TACHO_I64("k", INT64_MIN), "-9223372036854775808");
}

/* ATTR-13 CONV-10 CONV-11 */
Test(values, doubles_are_the_shortest_json_numbers) {
    check(TACHO_F64("k", 0.0), "0");
    check(TACHO_F64("k", 1.0), "1");
    check(TACHO_F64("k", 0.1), "0.1");
    check(TACHO_F64("k", -2.5), "-2.5");
    check(TACHO_F64("k", 1.0 / 3.0), "0.3333333333333333");
    check(TACHO_F64("k", 123456789012345680.0), "123456789012345680");
    check(TACHO_F64("k", 1e21), "1e+21");
    check(TACHO_F64("k", 1e-7), "1e-7");
    check(TACHO_F64("k", DBL_MAX), "1.7976931348623157e+308");
    check(TACHO_F64("k", 5e-324), "5e-324");
}

/* ATTR-13: not Prometheus' +Inf */
Test(values, doubles_that_are_no_numbers_have_names) {
    check(TACHO_F64("k", (double)NAN), "NaN");
    check(TACHO_F64("k", (double)INFINITY), "Infinity");
    check(TACHO_F64("k", -(double)INFINITY), "-Infinity");
}

/* ATTR-14 */
Test(values, bytes_are_base64) {
    check(TACHO_BYTES("k", "", 0), "");
    check(TACHO_BYTES("k", "f", 1), "Zg==");
    check(TACHO_BYTES("k", "fo", 2), "Zm8=");
    check(TACHO_BYTES("k", "foo", 3), "Zm9v");
    check(TACHO_BYTES("k", "foobar", 6), "Zm9vYmFy");
    check(TACHO_BYTES("k", "\x00\xff\xfe\xfb", 4), "AP/++w==");
    check(TACHO_BYTES("k", "hello world", 11), "aGVsbG8gd29ybGQ=");
}

/* ATTR-15 */
Test(values, the_empty_value_is_the_empty_string) {
    check(TACHO_VALUE("k", (tacho_value){.type = TACHO_VALUE_EMPTY}), "");
}

/* ATTR-16 */
Test(values, homogeneous_arrays_are_json) {
    const tacho_string strings[] = {{"a", 1}, {"b\"c", 3}, {NULL, 0}};
    const bool booleans[] = {true, false};
    const int64_t i64s[] = {1, -2, INT64_MIN};
    const double f64s[] = {1.5, (double)NAN, (double)INFINITY, -(double)INFINITY, 2};
    tacho_value value = {.type = TACHO_VALUE_STRING_ARRAY};
    value.as.strings.items = strings;
    value.as.strings.count = COUNT_OF(strings);
    check(TACHO_VALUE("k", value), "[\"a\",\"b\\\"c\",\"\"]");
    value.type = TACHO_VALUE_BOOL_ARRAY;
    value.as.booleans.items = booleans;
    value.as.booleans.count = COUNT_OF(booleans);
    check(TACHO_VALUE("k", value), "[true,false]");
    value.type = TACHO_VALUE_I64_ARRAY;
    value.as.i64s.items = i64s;
    value.as.i64s.count = COUNT_OF(i64s);
    check(TACHO_VALUE("k", value), "[1,-2,-9223372036854775808]");
    value.type = TACHO_VALUE_F64_ARRAY;
    value.as.f64s.items = f64s;
    value.as.f64s.count = COUNT_OF(f64s);
    check(TACHO_VALUE("k", value), "[1.5,\"NaN\",\"Infinity\",\"-Infinity\",2]");
}

/* ATTR-16 ATTR-03 */
Test(values, empty_arrays_and_maps_are_kept) {
    tacho_value value = {.type = TACHO_VALUE_STRING_ARRAY};
    value.as.strings.items = NULL;
    value.as.strings.count = 0;
    check(TACHO_VALUE("k", value), "[]");
    check(TACHO_VALUE("k", array_of(NULL, 0)), "[]");
    check(TACHO_VALUE("k", map_of(NULL, 0)), "{}");
}

/* ATTR-16 */
Test(values, nested_values_are_json_with_strings_for_what_json_lacks) {
    const tacho_attribute inner[] = {
        TACHO_BYTES("bytes", "hello world", 11),
        TACHO_VALUE("empty", (tacho_value){.type = TACHO_VALUE_EMPTY}),
        TACHO_F64("nan", (double)NAN),
        TACHO_STR("text", "tab\t\"\x01\xff"),
    };
    const tacho_value items[] = {
        TACHO_I64("", 1).value,         TACHO_F64("", -(double)INFINITY).value,
        TACHO_STR("", "a").value,       TACHO_BOOL("", true).value,
        map_of(inner, COUNT_OF(inner)),
    };
    check(TACHO_VALUE("k", array_of(items, COUNT_OF(items))),
          "[1,\"-Infinity\",\"a\",true,{\"bytes\":\"aGVsbG8gd29ybGQ=\",\"empty\":null,"
          "\"nan\":\"NaN\",\"text\":\"tab\\t\\\"\\u0001\xef\xbf\xbd\"}]");
}

/* ATTR-16 */
Test(values, keys_of_maps_are_escaped) {
    const tacho_attribute pairs[] = {TACHO_STRN("a\"\\\n\r\0", "", 0), TACHO_I64("gr\xc3\xbc", 2)};
    check(TACHO_VALUE("k", map_of(pairs, COUNT_OF(pairs))),
          "{\"a\\\"\\\\\\n\\r\":\"\",\"gr\xc3\xbc\":2}");
}

/* ATTR-02: 64 levels; what lies below is the empty value */
Test(values, nesting_ends_at_64_levels) {
    tacho_value levels[70];
    levels[0] = TACHO_I64("", 7).value;
    for (size_t i = 1; i < COUNT_OF(levels); i++) {
        levels[i] = array_of(&levels[i - 1], 1);
    }
    char expected[256] = "";
    (void)memset(expected, '[', 64);
    expected[64] = '7';
    (void)memset(expected + 65, ']', 64);
    expected[129] = '\0';
    check(TACHO_VALUE("k", levels[64]), expected);
    (void)memset(expected, '[', 65);
    (void)memcpy(expected + 65, "null", 4);
    (void)memset(expected + 69, ']', 65);
    expected[134] = '\0';
    check(TACHO_VALUE("k", levels[69]), expected);
}

static bool set_comma_locale(void) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* CONV-11 */
Test(values, numbers_do_not_depend_on_the_locale) {
    char digits[TACHOI_F64_TEXT_MAX];
    if (!set_comma_locale()) {
        cr_skip_test("no locale with a decimal comma is installed");
    }
    cr_assert(eq(str, localeconv()->decimal_point, (char *)","));
    check(TACHO_F64("k", 1234567.5), "1234567.5");
    (void)tachoi_f64_to_text(0.005, digits);
    cr_assert(eq(str, digits, (char *)"0.005"));
}

/* CONV-11: the text of le */
Test(values, bounds_are_plain_decimals) {
    static const struct {
        double bound;
        const char *text;
    } vectors[] = {
        {0, "0"},
        {5, "5"},
        {0.005, "0.005"},
        {2.5, "2.5"},
        {10000, "10000"},
        {1e10, "10000000000"},
        {-1, "-1"},
        {1e-7, "0.0000001"},
        {(double)INFINITY, "+Inf"},
        {0.1, "0.1"},
        {7500, "7500"},
    };
    char digits[TACHOI_F64_TEXT_MAX];
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        const size_t length = tachoi_f64_to_text(vectors[i].bound, digits);
        cr_expect(eq(str, digits, (char *)vectors[i].text));
        cr_expect(eq(sz, length, strlen(vectors[i].text)));
    }
}
