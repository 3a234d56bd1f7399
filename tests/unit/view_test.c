/* SPDX-License-Identifier: Apache-2.0 */
/* Tests views as such: what makes a view and what is refused with which words, the copying, the
 * owner, the selection of instruments, aggregations as options, and temporality preferences. */
#include <math.h>

#include "pipeline/view.h"
#include "pipeline/view_match.h"
#include "pipeline/view_parts.h"
#include "sdk_fixture.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__})
#define BOUNDS(...) ((const double[]){__VA_ARGS__})

/* --- creating --- */

static void *reservoir_create(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)config;
    return user;
}

static void reservoir_offer(void *self, const tacho_exemplar_measurement *measurement) {
    (void)self;
    (void)measurement;
}

static void reservoir_collect(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    (void)self;
    (void)sink;
    (void)sink_self;
}

static const tacho_exemplar_reservoir_ops reservoir = {
    .struct_size = sizeof(tacho_exemplar_reservoir_ops),
    .create = reservoir_create,
    .offer = reservoir_offer,
    .collect = reservoir_collect,
};

static const tacho_aggregation explicit_aggregation = {
    .struct_size = sizeof(tacho_aggregation),
    .type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
    .boundaries = (const double[]){1, 2},
    .boundary_count = 2,
};

/* One with everything that can be given. */
static const tacho_view_options everything = {
    .struct_size = sizeof(tacho_view_options),
    .instrument_name = "request.duration",
    .instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_HISTOGRAM),
    .unit = "s",
    .meter_name = "http.*",
    .meter_version = "1.0",
    .meter_schema_url = "https://example.com/schema",
    .name = "duration",
    .description = "how long",
    .included_keys = (const char *const[]){"method", "status"},
    .included_key_count = 2,
    .excluded_keys = (const char *const[]){"client"},
    .excluded_key_count = 1,
    .aggregation = &explicit_aggregation,
    .exemplar_reservoir = &reservoir,
    .cardinality_limit = 10,
    .idle_timeout_ms = 1000,
};

/* VIEW-01, VIEW-03, VIEW-07 */
Test(view_create, takes_all_criteria_and_all_properties_and_needs_none) {
    tacho_view *view = NULL;
    cr_assert(eq(int, tacho_view_create(&everything, &view), TACHO_OK));
    tacho_view_destroy(view);
    view = NULL;
    const tacho_view_options nothing = {.struct_size = sizeof nothing};
    cr_assert(eq(int, tacho_view_create(&nothing, &view), TACHO_OK));
    tacho_view_destroy(view);
    view = NULL;
    cr_assert(eq(int, tacho_view_create(NULL, &view), TACHO_OK));
    tacho_view_destroy(view);
}

Test(view_create, copies_what_it_is_given) {
    char name[] = "request.duration";
    char key[] = "method";
    const char *keys[] = {key};
    double bounds[] = {1, 2};
    tacho_aggregation aggregation = explicit_aggregation;
    aggregation.boundaries = bounds;
    tacho_view_options options = {.struct_size = sizeof options,
                                  .instrument_name = name,
                                  .included_keys = keys,
                                  .included_key_count = 1,
                                  .aggregation = &aggregation};
    tacho_view *view = NULL;
    cr_assert(eq(int, tacho_view_create(&options, &view), TACHO_OK));
    memset(name, 'x', sizeof name - 1);
    memset(key, 'x', sizeof key - 1);
    keys[0] = NULL;
    bounds[1] = -1;
    memset(&aggregation, 0, sizeof aggregation);
    cr_assert(eq(str, (char *)view->selector.instrument_name, "request.duration"));
    cr_assert(eq(sz, view->included.count, 1));
    cr_assert(eq(str, (char *)view->included.items[0].data, "method"));
    cr_assert(eq(int, (int)view->aggregation->type, TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM));
    cr_assert(eq(sz, view->aggregation->boundary_count, 2));
    cr_assert(eq(dbl, view->aggregation->boundaries[1], 2.0));
    tacho_view_destroy(view);
}

/* VIEW-12 */
Test(view_create, an_empty_list_of_keys_is_not_none) {
    tacho_view *view = NULL;
    tacho_view_options options = {.struct_size = sizeof options, .included_keys = KEYS("x")};
    cr_assert(eq(int, tacho_view_create(&options, &view), TACHO_OK));
    cr_assert(ne(ptr, (void *)view->included.items, NULL));
    cr_assert(eq(sz, view->included.count, 0));
    cr_assert(eq(ptr, (void *)view->excluded.items, NULL));
    tacho_view_destroy(view);
}

/* VIEW-10 */
Test(view_create, takes_any_text_as_name) {
    static const char *const names[] = {"1 with spaces", "täglich", "a\nb", "*"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tacho_view *view = NULL;
        tacho_view_options options = {
            .struct_size = sizeof options, .instrument_name = "x", .name = names[i]};
        cr_assert(eq(int, tacho_view_create(&options, &view), TACHO_OK), "%s", names[i]);
        cr_assert(eq(str, (char *)view->name, (char *)names[i]));
        tacho_view_destroy(view);
    }
}

/* --- refusing --- */

/* The status, the field and a part of the words; the diagnostic says the same. */
static void expect_refusal(tacho_view_options options, int status, const char *field,
                           const char *part) {
    tacho_error error = {0};
    tacho_view *view = NULL;
    capture_diagnostics();
    options.struct_size = options.struct_size != 0 ? options.struct_size : sizeof options;
    options.error = &error;
    int got = tacho_view_create(&options, &view);
    cr_assert(eq(int, got, status), "%s: %s", field, part);
    cr_assert(eq(ptr, view, NULL), "%s: %s", field, part);
    cr_assert(eq(int, error.status, status), "%s: %s", field, part);
    cr_assert(eq(str, error.field, (char *)field), "%s", error.message);
    cr_assert(ne(ptr, strstr(error.message, part), NULL), "`%s` is not in `%s`", part,
              error.message);
    cr_assert(was_told("setup_failed", error.message), "`%s` is not in `%s`", error.message,
              diagnostic_of("setup_failed"));
}

static void expect_invalid(tacho_view_options options, const char *field, const char *part) {
    expect_refusal(options, TACHO_E_INVALID, field, part);
}

/* VIEW-08 */
Test(view_refuse, a_name_for_several_instruments) {
    expect_invalid((tacho_view_options){.name = "all"}, "name", "`all`, but instrument_name is");
    cr_assert(was_told("setup_failed", "tacho_view_options.name"), "%s",
              diagnostic_of("setup_failed"));
    expect_invalid((tacho_view_options){.name = "all", .instrument_name = "http.*"}, "name",
                   "`http.*` has wildcards");
    expect_invalid((tacho_view_options){.name = "all", .instrument_name = "a?"}, "name",
                   "`a?` has wildcards");
    cr_assert(was_told("setup_failed", "tacho_view_create failed for `a?`: "));
    expect_invalid((tacho_view_options){.name = "", .instrument_name = "a"}, "name", "it is empty");
}

/* VIEW-13 */
Test(view_refuse, a_key_in_both_lists) {
    expect_invalid((tacho_view_options){.included_keys = KEYS("a", "b"),
                                        .included_key_count = 2,
                                        .excluded_keys = KEYS("c", "b"),
                                        .excluded_key_count = 2},
                   "excluded_keys", "`b` is among");
}

Test(view_refuse, keys_that_are_none) {
    expect_invalid((tacho_view_options){.included_keys = KEYS("a", NULL), .included_key_count = 2},
                   "included_keys", "number 2 of 2 is NULL");
    expect_invalid((tacho_view_options){.included_keys = KEYS(""), .included_key_count = 1},
                   "included_keys", "number 1 of 1 is empty");
    expect_invalid((tacho_view_options){.excluded_keys = KEYS("a", NULL), .excluded_key_count = 2},
                   "excluded_keys", "number 2 of 2 is NULL");
    expect_invalid((tacho_view_options){.excluded_keys = KEYS(""), .excluded_key_count = 1},
                   "excluded_keys", "number 1 of 1 is empty");
    expect_invalid((tacho_view_options){.included_key_count = 3}, "included_keys",
                   "its count is 3");
    expect_invalid((tacho_view_options){.excluded_key_count = 4}, "excluded_keys",
                   "its count is 4");
}

Test(view_refuse, criteria_that_no_instrument_meets) {
    expect_invalid((tacho_view_options){.instrument_types = 1U << TACHO_INSTRUMENT_KINDS},
                   "instrument_types", "0x80");
    expect_invalid((tacho_view_options){.instrument_name = ""}, "instrument_name", "empty");
}

#define AGGREGATION(...)                                                                           \
    (&(tacho_aggregation){.struct_size = sizeof(tacho_aggregation), __VA_ARGS__})
#define EXPLICIT(...) AGGREGATION(.type = TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, __VA_ARGS__)
#define EXPONENTIAL(...)                                                                           \
    AGGREGATION(.type = TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, __VA_ARGS__)

/* AGG-08, AGG-09, EXPH-01 */
Test(view_refuse, aggregations_with_wrong_parameters) {
    const double infinite = (double)INFINITY;
    const struct {
        const tacho_aggregation *aggregation;
        const char *part;
    } cases[] = {
        {EXPLICIT(.boundaries = BOUNDS(1, (double)NAN), .boundary_count = 2),
         "tacho_aggregation.boundaries[1] is NaN"},
        {EXPLICIT(.boundaries = BOUNDS(1, infinite), .boundary_count = 2),
         "tacho_aggregation.boundaries[1] is Infinity"},
        {EXPLICIT(.boundaries = BOUNDS(-infinite, 1), .boundary_count = 2),
         "tacho_aggregation.boundaries[0] is -Infinity"},
        {EXPLICIT(.boundaries = BOUNDS(1, 5, 3.5), .boundary_count = 3),
         "tacho_aggregation.boundaries[2] is 3.5"},
        {EXPLICIT(.boundaries = BOUNDS(1, 1), .boundary_count = 2),
         "tacho_aggregation.boundaries[1] is 1"},
        {EXPLICIT(.boundaries = BOUNDS(1, -1e300, 5), .boundary_count = 3),
         "tacho_aggregation.boundaries[1] is -1e+300"},
        {EXPLICIT(.boundary_count = 2), "tacho_aggregation.boundaries: it is NULL"},
        {AGGREGATION(.boundaries = BOUNDS(1, 2), .boundary_count = 2),
         "tacho_aggregation.boundaries: only explicit-bucket histograms"},
        {EXPONENTIAL(.max_size = 1), "tacho_aggregation.max_size is 1"},
        {EXPONENTIAL(.max_size = 16385), "tacho_aggregation.max_size is 16385"},
        {EXPONENTIAL(.max_scale = 21), "tacho_aggregation.max_scale is 21"},
        {EXPONENTIAL(.max_scale = -11), "tacho_aggregation.max_scale is -11"},
        {AGGREGATION(.type = (tacho_aggregation_type)6), "tacho_aggregation.type is 6"},
        {&(tacho_aggregation){.type = TACHO_AGGREGATION_SUM}, "tacho_aggregation.struct_size"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_invalid((tacho_view_options){.aggregation = cases[i].aggregation}, "aggregation",
                       cases[i].part);
    }
}

Test(view_refuse, an_aggregation_of_a_newer_version) {
    struct {
        tacho_aggregation known;
        uint64_t unknown;
    } newer = {.known = {.struct_size = sizeof newer, .type = TACHO_AGGREGATION_SUM}};
    tacho_view *view = NULL;
    const tacho_view_options options = {.struct_size = sizeof options, .aggregation = &newer.known};
    cr_assert(eq(int, tacho_view_create(&options, &view), TACHO_OK));
    tacho_view_destroy(view);
    newer.unknown = 1;
    expect_refusal(options, TACHO_E_UNSUPPORTED, "aggregation", "tacho_aggregation.struct_size");
}

/* VIEW-17 */
Test(view_refuse, a_reservoir_that_lacks_a_function) {
    tacho_exemplar_reservoir_ops ops = reservoir;
    ops.create = NULL;
    expect_invalid((tacho_view_options){.exemplar_reservoir = &ops}, "exemplar_reservoir",
                   "`create` is NULL");
    ops = reservoir;
    ops.offer = NULL;
    expect_invalid((tacho_view_options){.exemplar_reservoir = &ops}, "exemplar_reservoir",
                   "`offer` is NULL");
    ops = reservoir;
    ops.collect = NULL;
    expect_invalid((tacho_view_options){.exemplar_reservoir = &ops}, "exemplar_reservoir",
                   "`collect` is NULL");
    ops = reservoir;
    ops.struct_size = 8;
    expect_invalid((tacho_view_options){.exemplar_reservoir = &ops}, "exemplar_reservoir",
                   "struct_size");
}

Test(view_refuse, options_of_another_size) {
    struct {
        tacho_view_options known;
        uint64_t unknown;
    } newer = {.known = {.struct_size = sizeof newer}, .unknown = 1};
    tacho_error error = {0};
    newer.known.error = &error;
    tacho_view *view = NULL;
    cr_assert(eq(int, tacho_view_create(&newer.known, &view), TACHO_E_UNSUPPORTED));
    cr_assert(eq(str, error.field, "struct_size"));
    newer.known.struct_size = 16;
    cr_assert(eq(int, tacho_view_create(&newer.known, &view), TACHO_E_INVALID));
    cr_assert(eq(ptr, view, NULL));
    cr_assert(eq(int, tacho_view_create(NULL, NULL), TACHO_E_INVALID));
}

Test(view_create, survives_each_failing_allocation) {
    uint64_t failing = 1;
    for (;; failing++) {
        tacho_view *view = NULL;
        tachoi_alloc_fail_at(failing);
        int status = tacho_view_create(&everything, &view);
        bool is_through = tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        if (is_through) {
            cr_assert(eq(int, status, TACHO_OK));
            tacho_view_destroy(view);
            break;
        }
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY), "allocation %llu",
                  (unsigned long long)failing);
        cr_assert(eq(ptr, view, NULL));
    }
    cr_assert(gt(u64, failing, 3));
}

/* --- the owner --- */

Test(view_owner, only_one_provider_takes_a_view_and_only_it_destroys_it) {
    tacho_view *view = NULL;
    capture_diagnostics();
    cr_assert(eq(int, tacho_view_create(&everything, &view), TACHO_OK));
    cr_assert(eq(int, tachoi_view_claim(NULL), TACHO_E_INVALID));
    cr_assert(eq(int, tachoi_view_claim(view), TACHO_OK));
    cr_assert(eq(int, tachoi_view_claim(view), TACHO_E_BUSY));
    tacho_view_destroy(view);
    cr_assert(was_told("destroy_refused", "belongs to a provider"));
    cr_assert(eq(str, (char *)view->name, "duration")); /* it is still there */
    tachoi_view_free(view);
    tachoi_view_free(NULL);
    tacho_view_destroy(NULL);
}

/* --- wildcards --- */

/* VIEW-04, VIEW-05 */
Test(view_glob, wildcards) {
    static const struct {
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"abcd", "abc", false},
        {"*", "", true},
        {"*", "anything.at/all", true},
        {"**", "", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a*c", "ac", true},
        {"a*c", "abbbc", true},
        {"a*c", "abbbd", false},
        {"*c", "abcabc", true},
        {"*abc", "ababc", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXcYb", false},
        {"*a*a*", "a", false},
        {"*a*a*", "aa", true},
        {"*?", "", false},
        {"?*?", "a", false},
        {"?*?", "ab", true},
        {"http.*.duration", "http.server.duration", true},
        {"http.*.duration", "http.duration", false},
        {"m?tre", "m\xc3\xa8tre", true}, /* one character of two bytes */
        {"m??tre", "m\xc3\xa8tre", false},
        {"*\xc3\xa8*", "m\xc3\xa8tre", true},
        {"a.c", "abc", false},
        {"[a]", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tacho_string text = tacho_string_from(cases[i].text);
        bool got = tachoi_glob_matches(cases[i].pattern, text, false);
        cr_assert(eq(int, got, cases[i].matches), "`%s` and `%s`", cases[i].pattern, cases[i].text);
    }
}

/* VIEW-05 */
Test(view_glob, case_is_ignored_only_where_asked) {
    tacho_string text = tacho_string_from("Http.Requests");
    cr_assert(tachoi_glob_matches("hTTP.*s", text, true));
    cr_assert(not(tachoi_glob_matches("hTTP.*s", text, false)));
    cr_assert(tachoi_glob_matches("Http.*s", text, false));
    cr_assert(not(tachoi_glob_matches("[", tacho_string_from("{"), true))); /* letters only */
}

/* A matcher that tries all ends of a run, as a reference. */
static bool matches_slowly(const char *pattern, const char *text) {
    if (*pattern == '\0') {
        return *text == '\0';
    }
    if (*pattern == '*') {
        return matches_slowly(pattern + 1, text) ||
               (*text != '\0' && matches_slowly(pattern, text + 1));
    }
    return *text != '\0' && (*pattern == '?' || *pattern == *text) &&
           matches_slowly(pattern + 1, text + 1);
}

static void spell(char *out, size_t length, const char *letters, size_t letter_count,
                  unsigned number) {
    for (size_t i = 0; i < length; i++) {
        out[i] = letters[number % letter_count];
        number /= (unsigned)letter_count;
    }
    out[length] = '\0';
}

/* VIEW-05: all patterns of up to 5 of a b * ? against all texts of up to 5 of a b */
Test(view_glob, agrees_with_a_slow_matcher) {
    char pattern[8];
    char text[8];
    for (unsigned p = 0; p < 6 * 1024; p++) {
        spell(pattern, p / 1024, "ab*?", 4, p % 1024);
        for (unsigned t = 0; t < 6 * 32; t++) {
            spell(text, t / 32, "ab", 2, t % 32);
            bool got = tachoi_glob_matches(pattern, tacho_string_from(text), false);
            bool wanted = matches_slowly(pattern, text);
            if (got != wanted) {
                cr_fail("`%s` and `%s`: %d, not %d", pattern, text, got, wanted);
            }
        }
    }
}

/* Exponential matchers take longer than the world is old. */
Test(view_glob, hostile_patterns_end_soon, .timeout = 20) {
    char pattern[201];
    char text[10001];
    for (size_t i = 0; i < 200; i += 2) {
        pattern[i] = 'a';
        pattern[i + 1] = '*';
    }
    strcpy(pattern + 198, "b");
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    cr_assert(not(tachoi_glob_matches(pattern, tacho_string_from(text), true)));
}

/* --- selection --- */

#define STRING(text) ((tacho_string){text, sizeof(text) - 1})

static const tacho_scope scope = {
    .name = {"http.server", 11}, .version = {"1.2", 3}, .schema_url = {"https://a/b", 11}};
static const struct tachoi_instrument_about about = {
    .kind = TACHO_INSTRUMENT_GAUGE, .name = {"Pool.size", 9}, .unit = {"{connection}", 12}};

/* VIEW-02, VIEW-03, VIEW-04 */
Test(view_select, each_criterion_counts) {
    const struct {
        struct tachoi_view_selector selector;
        bool selects;
    } cases[] = {
        {{0}, true},
        {{.instrument_name = "*"}, true},
        {{.instrument_name = "Pool.size"}, true},
        {{.instrument_name = "pool.SIZE"}, true},
        {{.instrument_name = "pool.*"}, true},
        {{.instrument_name = "pool"}, false},
        {{.instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_GAUGE)}, true},
        {{.instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_GAUGE) |
                              TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_COUNTER)},
         true},
        {{.instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_COUNTER)}, false},
        {{.instrument_types = TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_OBSERVABLE_GAUGE)}, false},
        {{.unit = "{connection}"}, true},
        {{.unit = "{Connection}"}, false},
        {{.unit = "*"}, false},
        {{.unit = ""}, false},
        {{.meter_name = "http.server"}, true},
        {{.meter_name = "http.*"}, true},
        {{.meter_name = "Http.*"}, false},
        {{.meter_version = "1.2"}, true},
        {{.meter_version = "1.*"}, false},
        {{.meter_version = ""}, false},
        {{.meter_schema_url = "https://a/b"}, true},
        {{.meter_schema_url = "https://a/c"}, false},
        {{.instrument_name = "pool.*", .unit = "s"}, false},
        {{.instrument_name = "pool.*", .unit = "{connection}", .meter_version = "1.2"}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool got = tachoi_view_selects(&cases[i].selector, &scope, &about);
        cr_assert(eq(int, got, cases[i].selects), "case %zu", i);
    }
}

/* VIEW-03 */
Test(view_select, an_empty_text_selects_what_has_none) {
    const tacho_scope bare_scope = {.name = STRING("x")};
    const struct tachoi_instrument_about bare = {.name = STRING("x")};
    const struct tachoi_view_selector selector = {
        .unit = "", .meter_version = "", .meter_schema_url = ""};
    cr_assert(tachoi_view_selects(&selector, &bare_scope, &bare));
    cr_assert(not(tachoi_view_selects(&selector, &scope, &about)));
}

/* --- aggregations as options --- */

/* AGG-01 */
Test(aggregation_option, all_types_and_the_ends_of_all_ranges_are_good) {
    const tacho_aggregation *good[] = {
        NULL,
        AGGREGATION(.type = TACHO_AGGREGATION_DEFAULT),
        AGGREGATION(.type = TACHO_AGGREGATION_DROP),
        AGGREGATION(.type = TACHO_AGGREGATION_SUM, .max_size = 1), /* not its parameter */
        AGGREGATION(.type = TACHO_AGGREGATION_LAST_VALUE, .boundary_count = 7),
        EXPLICIT(.boundaries = NULL),
        EXPLICIT(.boundaries = TACHO_NO_BOUNDARIES),
        EXPLICIT(.boundaries = BOUNDS(-1e300, -0.0, 1e300), .boundary_count = 3),
        EXPONENTIAL(.max_size = 0),
        EXPONENTIAL(.max_size = 2, .max_scale = -10),
        EXPONENTIAL(.max_size = 16384, .max_scale = 20),
        EXPONENTIAL(.max_scale = TACHO_MAX_SCALE_ZERO),
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char why[TACHOI_AGGREGATION_TEXT_BYTES] = "";
        cr_assert(eq(int, tachoi_aggregation_check(good[i], why, sizeof why), TACHO_OK),
                  "case %zu: %s", i, why);
    }
}

Test(aggregation_option, a_fault_names_its_field) {
    char why[TACHOI_AGGREGATION_TEXT_BYTES];
    const tacho_aggregation *unsorted = EXPLICIT(.boundaries = BOUNDS(2, 1), .boundary_count = 2);
    cr_assert(eq(int, tachoi_aggregation_check(unsorted, why, sizeof why), TACHO_E_INVALID));
    cr_assert(ne(ptr, strstr(why, "tacho_aggregation.boundaries[1] is 1: "), NULL), "%s", why);
    const tacho_aggregation *tiny = EXPONENTIAL(.max_size = 1);
    cr_assert(eq(int, tachoi_aggregation_check(tiny, why, sizeof why), TACHO_E_INVALID));
    cr_assert(ne(ptr, strstr(why, "tacho_aggregation.max_size is 1: "), NULL), "%s", why);
}

Test(aggregation_option, a_copy_tells_no_boundaries_from_none_given) {
    tacho_aggregation *none = tachoi_aggregation_copy(EXPLICIT(.boundaries = TACHO_NO_BOUNDARIES));
    cr_assert(ne(ptr, (void *)none->boundaries, NULL));
    cr_assert(eq(sz, none->boundary_count, 0));
    tachoi_free(none);
    tacho_aggregation *absent = tachoi_aggregation_copy(EXPLICIT(.disable_min_max = true));
    cr_assert(eq(ptr, (void *)absent->boundaries, NULL));
    cr_assert(absent->disable_min_max);
    tachoi_free(absent);
}

Test(aggregation_option, a_copy_without_memory_is_null) {
    tachoi_alloc_fail_at(1);
    tacho_aggregation *copy = tachoi_aggregation_copy(&explicit_aggregation);
    cr_assert(eq(ptr, copy, NULL));
}

/* --- temporality --- */

/* TIME-11 */
Test(temporality, each_preference_means_one_for_each_kind) {
    enum { D = TACHO_TEMPORALITY_DELTA, C = TACHO_TEMPORALITY_CUMULATIVE };
    static const struct {
        tacho_instrument_kind kind;
        int cumulative;
        int delta;
        int low_memory;
    } cases[TACHO_INSTRUMENT_KINDS] = {
        {TACHO_INSTRUMENT_COUNTER, C, D, D},
        {TACHO_INSTRUMENT_OBSERVABLE_COUNTER, C, D, C},
        {TACHO_INSTRUMENT_HISTOGRAM, C, D, D},
        {TACHO_INSTRUMENT_UP_DOWN_COUNTER, C, C, C},
        {TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER, C, C, C},
        {TACHO_INSTRUMENT_GAUGE, C, D, C}, /* which series persist */
        {TACHO_INSTRUMENT_OBSERVABLE_GAUGE, C, D, C},
    };
    for (size_t i = 0; i < TACHO_INSTRUMENT_KINDS; i++) {
        tacho_instrument_kind kind = cases[i].kind;
        int by_default = (int)tacho_temporality_of(TACHO_TEMPORALITY_PREFER_DEFAULT, kind);
        int cumulative = (int)tacho_temporality_of(TACHO_TEMPORALITY_PREFER_CUMULATIVE, kind);
        int delta = (int)tacho_temporality_of(TACHO_TEMPORALITY_PREFER_DELTA, kind);
        int low_memory = (int)tacho_temporality_of(TACHO_TEMPORALITY_PREFER_LOW_MEMORY, kind);
        cr_assert(eq(int, by_default, C), "kind %d", (int)kind);
        cr_assert(eq(int, cumulative, cases[i].cumulative), "kind %d", (int)kind);
        cr_assert(eq(int, delta, cases[i].delta), "kind %d", (int)kind);
        cr_assert(eq(int, low_memory, cases[i].low_memory), "kind %d", (int)kind);
    }
}
