/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the reading of environment variables. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/env.h"
#include "base/text.h"
#include "tacho/status.h"

/* ENV-02 */
Test(env, an_empty_variable_is_unset) {
    uint64_t number = 7;
    bool flag = true;
    setenv("TACHO_TEST", "", 1);
    cr_assert(eq(ptr, (void *)tachoi_env_get("TACHO_TEST"), NULL));
    cr_assert(eq(int, tachoi_env_u64("TACHO_TEST", 10, &number), TACHOI_ENV_UNSET));
    cr_assert(eq(int, tachoi_env_bool("TACHO_TEST", &flag), TACHOI_ENV_UNSET));
    unsetenv("TACHO_TEST");
    cr_assert(eq(ptr, (void *)tachoi_env_get("TACHO_TEST"), NULL));
    cr_assert(eq(u64, number, 7));
    cr_assert(flag);
    setenv("TACHO_TEST", " x ", 1);
    cr_assert(eq(str, (char *)tachoi_env_get("TACHO_TEST"), " x "));
}

/* ENV-03 */
Test(env, booleans_are_true_or_false_in_any_case) {
    static const struct {
        const char *text;
        enum tachoi_env_result result;
        bool value;
    } cases[] = {
        {"true", TACHOI_ENV_OK, true},        {"TRUE", TACHOI_ENV_OK, true},
        {"tRuE", TACHOI_ENV_OK, true},        {"false", TACHOI_ENV_OK, false},
        {"False", TACHOI_ENV_OK, false},      {"1", TACHOI_ENV_INVALID, false},
        {"yes", TACHOI_ENV_INVALID, false},   {"on", TACHOI_ENV_INVALID, false},
        {"true ", TACHOI_ENV_INVALID, false}, {"truee", TACHOI_ENV_INVALID, false},
        {"tru", TACHOI_ENV_INVALID, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool value = !cases[i].value;
        setenv("TACHO_TEST", cases[i].text, 1);
        cr_assert(eq(int, tachoi_env_bool("TACHO_TEST", &value), cases[i].result), "%s",
                  cases[i].text);
        cr_assert(eq(int, value, cases[i].value), "%s", cases[i].text);
    }
}

/* ENV-04, ENV-05, ENV-06 */
Test(env, numbers_are_decimal_digits_within_the_maximum) {
    uint64_t value = 0;
    setenv("TACHO_TEST", "2147483647", 1);
    cr_assert(eq(int, tachoi_env_u64("TACHO_TEST", UINT32_MAX, &value), TACHOI_ENV_OK));
    cr_assert(eq(u64, value, 2147483647));
    static const char *const bad[] = {"-1",  "+1",  " 1",  "1 ",        "1s",
                                      "0x1", "1e3", "1.0", "4294967296"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("TACHO_TEST", bad[i], 1);
        cr_assert(eq(int, tachoi_env_u64("TACHO_TEST", UINT32_MAX, &value), TACHOI_ENV_INVALID),
                  "%s", bad[i]);
    }
    cr_assert(eq(u64, value, 2147483647));
}

Test(parse_u64, knows_its_limits) {
    uint64_t value = 0;
    cr_assert(tachoi_parse_u64("18446744073709551615", 20, UINT64_MAX, &value));
    cr_assert(eq(u64, value, UINT64_MAX));
    cr_assert(not(tachoi_parse_u64("18446744073709551616", 20, UINT64_MAX, &value)));
    cr_assert(not(tachoi_parse_u64("99999999999999999999", 20, UINT64_MAX, &value)));
    cr_assert(not(tachoi_parse_u64("", 0, UINT64_MAX, &value)));
    cr_assert(tachoi_parse_u64("0000000000000000000000007x", 25, 7, &value));
    cr_assert(eq(u64, value, 7));
    cr_assert(not(tachoi_parse_u64("8", 1, 7, &value)));
    cr_assert(tachoi_parse_u64("0", 1, 0, &value));
    cr_assert(eq(u64, value, 0));
}

/* RES-10 */
Test(percent_decode, undoes_escapes_and_refuses_broken_ones) {
    char out[16];
    size_t length = 99;
    cr_assert(tachoi_percent_decode("a%2Cb%3db%25", 12, out, &length));
    cr_assert(eq(sz, length, 6));
    cr_assert(eq(int, memcmp(out, "a,b=b%", 6), 0));
    static const char *const bad[] = {"%", "%2", "a%", "%g0", "%0g", "%%20"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(not(tachoi_percent_decode(bad[i], strlen(bad[i]), out, &length)), "%s", bad[i]);
    }
    cr_assert(tachoi_percent_decode("%00", 3, out, &length));
    cr_assert(eq(sz, length, 1));
    cr_assert(eq(int, out[0], 0));
}

/* Writes what it is given as [key|value]; refuses the key "stop". */
static bool note(const char *key, size_t key_length, const char *value, size_t value_length,
                 void *user) {
    struct tachoi_text *text = user;
    tachoi_text_append_char(text, '[');
    tachoi_text_append(text, key, key_length);
    tachoi_text_append_char(text, '|');
    tachoi_text_append(text, value, value_length);
    tachoi_text_append_char(text, ']');
    return !(key_length == 4 && memcmp(key, "stop", 4) == 0);
}

/* RES-10, RES-11 */
Test(parse_pairs, reads_the_language_of_resource_attributes) {
    static const struct {
        const char *text;
        bool is_good;
        const char *noted;
    } cases[] = {
        {"a=1", true, "[a|1]"},
        {"a=1,b=2", true, "[a|1][b|2]"},
        {" a\t=  1 2 ,\tb = 2 ", true, "[a|1 2][b|2]"},
        {"a=,b=x%2Cy", true, "[a|][b|x,y]"},
        {"%61=%20x%20", true, "[a| x ]"},
        {"a=b=c", true, "[a|b=c]"},
        {"a=1,a=2", true, "[a|1][a|2]"},
        {"", false, ""},
        {"a", false, ""},
        {"=1", false, ""},
        {"  =1", false, ""},
        {"a=1,", false, "[a|1]"},
        {"a=1,,b=2", false, "[a|1]"},
        {"a=%zz", false, ""},
        {"a%=1", false, ""},
        {"a=1,stop=2,b=3", false, "[a|1][stop|2]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_text_append(&text, "", 0);
        cr_assert(
            eq(int, tachoi_parse_pairs(cases[i].text, note, &text) == TACHO_OK, cases[i].is_good),
            "%s", cases[i].text);
        cr_assert(eq(str, text.data, (char *)cases[i].noted));
        tachoi_text_fini(&text);
    }
}

Test(parse_pairs, says_no_when_memory_is_short) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_alloc_fail_at(1);
    cr_assert(eq(int, tachoi_parse_pairs("a=1", note, &text), TACHO_E_NO_MEMORY));
    cr_assert(not(tachoi_alloc_fail_pending()));
    cr_assert(eq(sz, text.length, 0));
    tachoi_text_fini(&text);
}
