/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the growing string, the comparison of names, UTF-8. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

Test(text, grows_and_ends_in_nul) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    for (int i = 0; i < 1000; i++) {
        tachoi_text_append_string(&text, "abc");
        tachoi_text_append_char(&text, '.');
    }
    cr_assert(not(text.failed));
    cr_assert(eq(sz, text.length, 4000));
    cr_assert(eq(sz, strlen(text.data), 4000));
    cr_assert(eq(str, text.data + 3992, "abc.abc."));
    tachoi_text_clear(&text);
    cr_assert(eq(sz, text.length, 0));
    cr_assert(eq(str, text.data, ""));
    tachoi_text_fini(&text);
    tachoi_text_fini(&text);
    tachoi_text_fini(NULL);
}

Test(text, an_empty_append_makes_an_empty_string) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_text_append(&text, NULL, 0);
    cr_assert(eq(str, text.data, ""));
    tachoi_text_fini(&text);
}

Test(text, the_maximum_is_reached_but_not_passed) {
    struct tachoi_text text;
    tachoi_text_init(&text, 5);
    tachoi_text_append_string(&text, "12345");
    cr_assert(not(text.failed));
    tachoi_text_append_char(&text, '6');
    cr_assert(text.failed);
    cr_assert(eq(str, text.data, "12345"));
    tachoi_text_clear(&text);
    tachoi_text_append_string(&text, "1234");
    tachoi_text_append_string(&text, "56"); /* too long: nothing of it */
    tachoi_text_append_string(&text, "5");  /* would fit, but a part is missing before it */
    cr_assert(text.failed);
    cr_assert(eq(str, text.data, "1234"));
    tachoi_text_fini(&text);
}

Test(text, short_memory_is_seen_at_the_end) {
    for (uint64_t k = 1;; k++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_alloc_fail_at(k);
        for (int i = 0; i < 100; i++) {
            tachoi_text_append_string(&text, "0123456789");
        }
        bool has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(eq(int, text.failed, has_failed));
        cr_assert(eq(int, text.length == 1000, !has_failed));
        tachoi_text_fini(&text);
        if (!has_failed) {
            cr_assert(gt(u64, k, 2));
            break;
        }
    }
}

Test(text, whole_numbers_up_to_their_limits) {
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_text_append_i64(&text, 0);
    tachoi_text_append_char(&text, ' ');
    tachoi_text_append_i64(&text, INT64_MIN);
    tachoi_text_append_char(&text, ' ');
    tachoi_text_append_i64(&text, INT64_MAX);
    tachoi_text_append_char(&text, ' ');
    tachoi_text_append_u64(&text, UINT64_MAX);
    cr_assert(
        eq(str, text.data, "0 -9223372036854775808 9223372036854775807 18446744073709551615"));
    tachoi_text_fini(&text);
}

Test(ascii, equality_ignores_the_case_of_letters_only) {
    cr_assert(tachoi_ascii_equal_ignoring_case("Http.Requests", "hTTP.rEQUESTS"));
    cr_assert(tachoi_ascii_equal_ignoring_case("", ""));
    cr_assert(not(tachoi_ascii_equal_ignoring_case("a", "ab")));
    cr_assert(not(tachoi_ascii_equal_ignoring_case("ab", "a")));
    cr_assert(not(tachoi_ascii_equal_ignoring_case("[", "{")));
    cr_assert(not(tachoi_ascii_equal_ignoring_case("\xc3\x84", "\xc3\xa4")));
}

/* --- UTF-8: what is whole stays, each part that cannot be completed becomes one U+FFFD --- */

#define R "\xef\xbf\xbd"

static const struct {
    const char *data;
    size_t length;
    const char *repaired; /* NULL = well-formed */
} utf8_cases[] = {
    {"", 0, NULL},
    {"plain", 5, NULL},
    {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", 11, NULL},
    {"\x7f", 1, NULL},
    {"\xc2\x80\xdf\xbf", 4, NULL},
    {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, NULL},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, NULL},
    {"a\0b", 3, "a" R "b"},
    {"\x80", 1, R},
    {"\xbf\xbf", 2, R R},
    {"\xc0\x80", 2, R R},             /* overlong NUL */
    {"\xc1\xbf", 2, R R},             /* overlong */
    {"\xe0\x9f\xbf", 3, R R R},       /* overlong */
    {"\xf0\x8f\xbf\xbf", 4, R R R R}, /* overlong */
    {"\xed\xa0\x80", 3, R R R},       /* surrogate */
    {"\xf4\x90\x80\x80", 4, R R R R}, /* above U+10FFFF */
    {"\xf5\x80\xfe\xff", 4, R R R R}, /* no lead bytes */
    {"\xe2\x82", 2, R},               /* cut off */
    {"\xf0\x9f\x98", 3, R},           /* cut off */
    {"\xf0\x9f\x98z", 4, R "z"},      /* broken off */
    {"\xe2\x82\xe2\x82\xac", 5, R "\xe2\x82\xac"},
    {"caf\xe9!", 5, "caf" R "!"}, /* Latin-1 */
};

Test(utf8, is_judged_and_repaired) {
    for (size_t i = 0; i < sizeof utf8_cases / sizeof utf8_cases[0]; i++) {
        struct tachoi_text text;
        tachoi_text_init(&text, 0);
        tachoi_text_append(&text, "", 0);
        const char *repaired = utf8_cases[i].repaired;
        bool is_valid = tachoi_utf8_is_valid(utf8_cases[i].data, utf8_cases[i].length);
        cr_assert(eq(int, is_valid, repaired == NULL), "case %zu", i);
        tachoi_utf8_append_repaired(&text, utf8_cases[i].data, utf8_cases[i].length);
        const char *wanted = repaired != NULL ? repaired : utf8_cases[i].data;
        cr_assert(eq(str, text.data, (char *)wanted), "case %zu", i);
        cr_assert(tachoi_utf8_is_valid(text.data, text.length));
        tachoi_text_fini(&text);
    }
}
