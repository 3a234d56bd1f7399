/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which streams an instrument has: views alone and composed, against advice, readers and
 * defaults. What the streams then record is the pipeline's. */
#include "aggregation/explicit_histogram.h"
#include "pipeline/view.h"
#include "sdk_fixture.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__})
#define BOUNDS(...) ((const double[]){__VA_ARGS__})
#define STRING(text) ((tacho_string){text, sizeof(text) - 1})
#define AGGREGATION(kind, ...)                                                                     \
    (&(tacho_aggregation){                                                                         \
        .struct_size = sizeof(tacho_aggregation), .type = TACHO_AGGREGATION_##kind, __VA_ARGS__})
#define TYPE(kind) AGGREGATION(kind, .max_size = 0)
#define OPTIONS(...) (&(tacho_view_options){.struct_size = sizeof(tacho_view_options), __VA_ARGS__})

/* --- what is resolved, and what comes out --- */

static const tacho_scope scope = {.name = {"meter", 5}};

/* An instrument of the kind; `x` unless told otherwise. */
static struct tachoi_instrument_about instrument(tacho_instrument_kind kind) {
    bool is_double = kind == TACHO_INSTRUMENT_HISTOGRAM;
    return (struct tachoi_instrument_about){
        .kind = kind,
        .number_type = is_double ? TACHO_NUMBER_F64 : TACHO_NUMBER_I64,
        .name = STRING("x"),
        .unit = STRING("s"),
        .description = STRING("its own"),
    };
}

struct streams {
    tacho_view *views[8];
    size_t view_count;
    bool are_composable;
    struct tachoi_collector_config reader;
    struct tachoi_stream_plan *plans;
    size_t count;
};

static struct streams begin(void) {
    struct streams streams = {0};
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        streams.reader.cardinality_limits[kind] = 2000 + (uint32_t)kind;
        streams.reader.temporalities[kind] = TACHO_TEMPORALITY_CUMULATIVE;
    }
    capture_diagnostics();
    return streams;
}

static void add_view(struct streams *streams, const tacho_view_options *options) {
    tacho_view *view = NULL;
    cr_assert(eq(int, tacho_view_create(options, &view), TACHO_OK));
    streams->views[streams->view_count++] = view;
}

static int try_resolve(struct streams *streams, const struct tachoi_instrument_about *about) {
    const struct tachoi_view_set set = {streams->views, streams->view_count,
                                        streams->are_composable};
    return tachoi_views_resolve(&set, &scope, about, &streams->reader, &streams->plans,
                                &streams->count);
}

static void resolve(struct streams *streams, const struct tachoi_instrument_about *about) {
    cr_assert(eq(int, try_resolve(streams, about), TACHO_OK));
}

static void end(struct streams *streams) {
    tachoi_stream_plans_free(streams->plans, streams->count);
    for (size_t i = 0; i < streams->view_count; i++) {
        tacho_view_destroy(streams->views[i]);
    }
}

/* With one view, or without any for NULL. */
static struct streams resolve_one(const tacho_view_options *options,
                                  const struct tachoi_instrument_about *about) {
    struct streams streams = begin();
    if (options != NULL) {
        add_view(&streams, options);
    }
    resolve(&streams, about);
    return streams;
}

static bool is_text(tacho_string text, const char *wanted) {
    return text.length == strlen(wanted) && memcmp(text.data, wanted, text.length) == 0;
}

#define EXPECT_TEXT(text, wanted)                                                                  \
    cr_assert(is_text((text), (wanted)), "`%.*s`, not `%s`", (int)(text).length, (text).data,      \
              (wanted))

static void expect_bounds(const struct tachoi_stream_plan *plan, const double *bounds,
                          size_t count) {
    cr_assert(eq(int, (int)plan->aggregation.kind, TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM));
    cr_assert(eq(sz, plan->aggregation.bound_count, count));
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(dbl, plan->aggregation.bounds[i], bounds[i]), "bound %zu", i);
    }
}

/* `kept` of the keys a b c d, as a text of those letters. */
static void expect_kept(const struct tachoi_stream_plan *plan, const char *kept) {
    char got[8] = "";
    static const char *const keys[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        if (tachoi_attribute_filter_keeps(plan->filter, tacho_string_from(keys[i]))) {
            strcat(got, keys[i]);
        }
    }
    cr_assert(eq(str, got, (char *)kept));
}

/* --- without views --- */

/* AGG-03, AGG-04, VIEW-16, VIEW-19, VIEW-23, CARD-02 */
Test(view_resolve, each_kind_has_its_default_stream) {
    static const struct {
        enum tachoi_aggregation_kind kind;
        bool is_monotonic;
    } wanted[TACHO_INSTRUMENT_KINDS] = {
        [TACHO_INSTRUMENT_COUNTER] = {TACHOI_AGGREGATION_SUM, true},
        [TACHO_INSTRUMENT_UP_DOWN_COUNTER] = {TACHOI_AGGREGATION_SUM, false},
        [TACHO_INSTRUMENT_GAUGE] = {TACHOI_AGGREGATION_LAST_VALUE, false},
        [TACHO_INSTRUMENT_HISTOGRAM] = {TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM, false},
        [TACHO_INSTRUMENT_OBSERVABLE_COUNTER] = {TACHOI_AGGREGATION_SUM, true},
        [TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER] = {TACHOI_AGGREGATION_SUM, false},
        [TACHO_INSTRUMENT_OBSERVABLE_GAUGE] = {TACHOI_AGGREGATION_LAST_VALUE, false},
    };
    const tacho_view_options *no_match = OPTIONS(.instrument_name = "other");
    for (unsigned i = 0; i < 2 * TACHO_INSTRUMENT_KINDS; i++) {
        tacho_instrument_kind kind = (tacho_instrument_kind)(i / 2);
        struct tachoi_instrument_about about = instrument(kind);
        struct streams streams = resolve_one(i % 2 == 0 ? NULL : no_match, &about);
        cr_assert(eq(sz, streams.count, 1), "kind %d", (int)kind);
        const struct tachoi_stream_plan *plan = streams.plans;
        cr_assert(eq(int, (int)plan->aggregation.kind, (int)wanted[kind].kind), "kind %d",
                  (int)kind);
        cr_assert(eq(int, plan->aggregation.is_monotonic, wanted[kind].is_monotonic), "kind %d",
                  (int)kind);
        cr_assert(eq(int, (int)plan->aggregation.number_type, (int)about.number_type));
        cr_assert(eq(int, (int)plan->temporality, TACHO_TEMPORALITY_CUMULATIVE));
        cr_assert(eq(u32, plan->cardinality_limit, 2000 + (uint32_t)kind));
        cr_assert(eq(u32, plan->idle_timeout_ms, 0));
        cr_assert(eq(ptr, (void *)plan->filter, NULL));
        cr_assert(eq(ptr, (void *)plan->reservoir, NULL));
        cr_assert(not(plan->has_view_name));
        cr_assert(not(plan->has_view_description));
        EXPECT_TEXT(plan->name, "x");
        EXPECT_TEXT(plan->description, "its own");
        end(&streams);
    }
}

Test(view_resolve, no_set_of_views_is_an_empty_one) {
    struct streams streams = begin();
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    cr_assert(eq(
        int,
        tachoi_views_resolve(NULL, &scope, &about, &streams.reader, &streams.plans, &streams.count),
        TACHO_OK));
    cr_assert(eq(sz, streams.count, 1));
    end(&streams);
}

/* --- names, limits, reservoirs --- */

static const tacho_exemplar_reservoir_ops *some_reservoir(void) {
    return tacho_simple_fixed_size_reservoir();
}

/* VIEW-07, VIEW-17, VIEW-18, CARD-02 */
Test(view_resolve, a_view_beats_instrument_and_reader) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams =
        resolve_one(OPTIONS(.instrument_name = "X", .name = "not a name!", .description = "",
                            .unit = "s", .cardinality_limit = 7, .idle_timeout_ms = 60000,
                            .exemplar_reservoir = some_reservoir(),
                            .exemplar_reservoir_user = TACHO_RESERVOIR_SIZE(3)),
                    &about);
    cr_assert(eq(sz, streams.count, 1));
    const struct tachoi_stream_plan *plan = streams.plans;
    EXPECT_TEXT(plan->name, "not a name!");
    EXPECT_TEXT(plan->description, "");
    cr_assert(plan->has_view_name);
    cr_assert(plan->has_view_description);
    cr_assert(eq(u32, plan->cardinality_limit, 7));
    cr_assert(eq(u32, plan->idle_timeout_ms, 60000));
    cr_assert(eq(ptr, (void *)plan->reservoir, (void *)some_reservoir()));
    cr_assert(eq(ptr, plan->reservoir_user, TACHO_RESERVOIR_SIZE(3)));
    end(&streams);
}

/* VIEW-09, VIEW-11, VIEW-16, VIEW-18 */
Test(view_resolve, what_a_view_does_not_say_is_the_instruments_or_the_readers) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin();
    streams.reader.temporalities[TACHO_INSTRUMENT_COUNTER] = TACHO_TEMPORALITY_DELTA;
    add_view(&streams, OPTIONS(.instrument_name = "*"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "x");
    EXPECT_TEXT(streams.plans->description, "its own");
    cr_assert(eq(int, (int)streams.plans->aggregation.kind, TACHOI_AGGREGATION_SUM));
    cr_assert(eq(int, (int)streams.plans->temporality, TACHO_TEMPORALITY_DELTA));
    cr_assert(eq(u32, streams.plans->cardinality_limit, 2000));
    end(&streams);
}

/* --- aggregation --- */

static void expect_aggregation(const tacho_aggregation *by_view, const tacho_aggregation *by_reader,
                               const struct tachoi_instrument_about *about,
                               struct tachoi_aggregation wanted) {
    struct streams streams = begin();
    streams.reader.aggregations[about->kind] = by_reader;
    if (by_view != NULL) {
        add_view(&streams, OPTIONS(.aggregation = by_view));
    }
    resolve(&streams, about);
    cr_assert(eq(sz, streams.count, 1));
    const struct tachoi_aggregation *got = &streams.plans->aggregation;
    cr_assert(eq(int, (int)got->kind, (int)wanted.kind));
    cr_assert(eq(int, (int)got->number_type, (int)wanted.number_type));
    cr_assert(eq(int, got->is_monotonic, wanted.is_monotonic));
    cr_assert(eq(int, got->omits_sum, wanted.omits_sum));
    cr_assert(eq(int, got->omits_min_max, wanted.omits_min_max));
    cr_assert(eq(u32, got->max_size, wanted.max_size));
    cr_assert(eq(i32, got->max_scale, wanted.max_scale));
    end(&streams);
}

/* VIEW-16, AGG-01, AGG-05, EXPH-01 */
Test(view_resolve, view_beats_reader_beats_default) {
    struct tachoi_instrument_about counter = instrument(TACHO_INSTRUMENT_COUNTER);
    const struct tachoi_aggregation sum = {.kind = TACHOI_AGGREGATION_SUM, .is_monotonic = true};
    const struct tachoi_aggregation last = {.kind = TACHOI_AGGREGATION_LAST_VALUE};
    const struct tachoi_aggregation exponential = {.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
                                                   .number_type = TACHO_NUMBER_F64,
                                                   .max_size = 160,
                                                   .max_scale = 20};
    const tacho_aggregation *histogram = TYPE(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM);
    expect_aggregation(TYPE(LAST_VALUE), histogram, &counter, last);
    expect_aggregation(TYPE(DEFAULT), histogram, &counter, exponential);
    expect_aggregation(NULL, histogram, &counter, exponential);
    expect_aggregation(TYPE(DEFAULT), TYPE(DEFAULT), &counter, sum);
    expect_aggregation(TYPE(SUM), TYPE(LAST_VALUE), &counter, sum);
}

/* EXPH-01 */
Test(view_resolve, parameters_of_exponential_histograms) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    struct tachoi_aggregation wanted = {.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
                                        .number_type = TACHO_NUMBER_F64,
                                        .omits_min_max = true,
                                        .max_size = 2,
                                        .max_scale = -10};
    expect_aggregation(AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_size = 2,
                                   .max_scale = -10, .disable_min_max = true),
                       NULL, &about, wanted);
    wanted = (struct tachoi_aggregation){.kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
                                         .number_type = TACHO_NUMBER_F64,
                                         .max_size = 160,
                                         .max_scale = 0};
    expect_aggregation(
        AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_scale = TACHO_MAX_SCALE_ZERO), NULL,
        &about, wanted);
}

/* AGG-04, AGG-07 */
Test(view_resolve, sums_and_histograms_by_whether_values_can_be_negative) {
    static const bool only_grows[TACHO_INSTRUMENT_KINDS] = {
        [TACHO_INSTRUMENT_COUNTER] = true,
        [TACHO_INSTRUMENT_HISTOGRAM] = true,
        [TACHO_INSTRUMENT_OBSERVABLE_COUNTER] = true,
    };
    for (unsigned i = 0; i < TACHO_INSTRUMENT_KINDS; i++) {
        struct tachoi_instrument_about about = instrument((tacho_instrument_kind)i);
        expect_aggregation(TYPE(SUM), NULL, &about,
                           (struct tachoi_aggregation){.kind = TACHOI_AGGREGATION_SUM,
                                                       .number_type = about.number_type,
                                                       .is_monotonic = only_grows[i]});
        if (!tachoi_kind_is_observable(about.kind)) {
            expect_aggregation(
                TYPE(EXPLICIT_BUCKET_HISTOGRAM), NULL, &about,
                (struct tachoi_aggregation){.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                            .number_type = TACHO_NUMBER_F64,
                                            .omits_sum = !only_grows[i]});
        }
    }
}

/* INST-14, INST-15, INST-16, AGG-08 */
Test(view_resolve, whose_boundaries_count) {
    const double mine[] = {1, 2};
    const double advice[] = {7};
    const tacho_aggregation *bare = TYPE(EXPLICIT_BUCKET_HISTOGRAM);
    const tacho_aggregation *full =
        AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM, .boundaries = mine, .boundary_count = 2);
    const struct {
        const tacho_aggregation *by_view;
        const tacho_aggregation *by_reader;
        bool has_advice;
        const double *bounds;
        size_t count;
    } cases[] = {
        {NULL, NULL, false, tachoi_default_bounds, 15},
        {NULL, NULL, true, advice, 1},
        {TYPE(DEFAULT), NULL, true, advice, 1},
        {bare, NULL, true, tachoi_default_bounds, 15},
        {full, NULL, true, mine, 2},
        {bare, full, true, tachoi_default_bounds, 15},
        {NULL, bare, true, advice, 1},
        {NULL, full, true, advice, 1},
        {NULL, full, false, mine, 2},
        {NULL, bare, false, tachoi_default_bounds, 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
        about.bounds = cases[i].has_advice ? advice : NULL;
        about.bound_count = cases[i].has_advice ? 1 : 0;
        struct streams streams = begin();
        streams.reader.aggregations[TACHO_INSTRUMENT_HISTOGRAM] = cases[i].by_reader;
        add_view(&streams, OPTIONS(.aggregation = cases[i].by_view));
        resolve(&streams, &about);
        expect_bounds(streams.plans, cases[i].bounds, cases[i].count);
        end(&streams);
    }
}

/* AGG-09, INST-16 */
Test(view_resolve, no_boundaries_at_all_is_one_bucket) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    about.bounds = TACHO_NO_BOUNDARIES;
    struct streams streams = resolve_one(NULL, &about);
    expect_bounds(streams.plans, NULL, 0);
    end(&streams);
    about.bounds = NULL;
    streams = resolve_one(OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM,
                                                             .boundaries = TACHO_NO_BOUNDARIES)),
                          &about);
    expect_bounds(streams.plans, NULL, 0);
    end(&streams);
}

/* AGG-08: exactly these */
Test(view_resolve, the_default_boundaries) {
    static const double wanted[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                    500, 750, 1000, 2500, 5000, 7500, 10000};
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    struct streams streams = resolve_one(NULL, &about);
    expect_bounds(streams.plans, wanted, sizeof wanted / sizeof wanted[0]);
    cr_assert(not(streams.plans->aggregation.omits_min_max));
    end(&streams);
}

/* --- views that cannot be applied --- */

/* VIEW-22 */
Test(view_resolve, a_histogram_of_an_observable_instrument_is_no_view) {
    for (unsigned i = TACHO_INSTRUMENT_OBSERVABLE_COUNTER; i < TACHO_INSTRUMENT_KINDS; i++) {
        struct tachoi_instrument_about about = instrument((tacho_instrument_kind)i);
        char name[] = {'o', (char)('0' + i), '\0'};
        about.name = tacho_string_from(name);
        struct streams streams =
            resolve_one(OPTIONS(.instrument_name = "o*", .description = "not to be seen",
                                .aggregation = TYPE(EXPLICIT_BUCKET_HISTOGRAM)),
                        &about);
        cr_assert(eq(sz, streams.count, 1), "kind %u", i);
        cr_assert(
            ne(int, (int)streams.plans->aggregation.kind, TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM));
        EXPECT_TEXT(streams.plans->description, "its own");
        cr_assert(was_told("view_not_applicable", name), "kind %u", i);
        cr_assert(was_told("view_not_applicable", "views[0] (instrument_name `o*`)"), "%s",
                  diagnostic_of("view_not_applicable"));
        end(&streams);
    }
}

/* VIEW-22 */
Test(view_resolve, beside_a_view_that_cannot_be_applied_the_others_count) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_OBSERVABLE_GAUGE);
    struct streams streams = begin();
    add_view(&streams, OPTIONS(.aggregation = TYPE(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM)));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "y"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "y");
    end(&streams);
}

Test(view_resolve, a_readers_histogram_for_an_observable_kind_is_the_default) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_OBSERVABLE_COUNTER);
    expect_aggregation(
        NULL, TYPE(EXPLICIT_BUCKET_HISTOGRAM), &about,
        (struct tachoi_aggregation){.kind = TACHOI_AGGREGATION_SUM, .is_monotonic = true});
}

/* --- drop, several views --- */

/* AGG-01 */
Test(view_resolve, what_is_dropped_has_no_stream) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = resolve_one(OPTIONS(.aggregation = TYPE(DROP)), &about);
    cr_assert(eq(sz, streams.count, 0));
    end(&streams);
    streams = begin();
    streams.reader.aggregations[TACHO_INSTRUMENT_COUNTER] = TYPE(DROP);
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 0));
    end(&streams);
}

/* VIEW-24 */
Test(view_resolve, drop_all_and_name_one) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin();
    add_view(&streams, OPTIONS(.instrument_name = "*", .aggregation = TYPE(DROP)));
    add_view(&streams, OPTIONS(.instrument_name = "x"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "x");
    cr_assert(eq(sz, diagnostics_log.count, 0));
    end(&streams);
}

/* VIEW-20 */
Test(view_resolve, each_view_has_a_stream_in_order) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin();
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "b", .cardinality_limit = 5));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "a", .description = "second"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 2));
    EXPECT_TEXT(streams.plans[0].name, "b");
    EXPECT_TEXT(streams.plans[0].description, "its own");
    cr_assert(eq(u32, streams.plans[0].cardinality_limit, 5));
    EXPECT_TEXT(streams.plans[1].name, "a");
    EXPECT_TEXT(streams.plans[1].description, "second");
    cr_assert(eq(u32, streams.plans[1].cardinality_limit, 2000));
    cr_assert(eq(sz, diagnostics_log.count, 0));
    end(&streams);
}

/* VIEW-21 */
Test(view_resolve, different_streams_of_one_name_are_kept_and_told) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin();
    add_view(&streams, OPTIONS(.instrument_name = "x"));
    add_view(&streams,
             OPTIONS(.instrument_name = "x", .name = "X", .aggregation = TYPE(LAST_VALUE)));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 2));
    cr_assert(was_told("view_conflict", "instrument `x`"));
    end(&streams);
}

/* VIEW-21 */
Test(view_resolve, equal_streams_come_once_and_are_told) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    struct streams streams = begin();
    for (unsigned i = 0; i < 3; i++) {
        add_view(&streams, OPTIONS(.instrument_name = i == 0 ? "x" : "*",
                                   .included_keys = KEYS("a"), .included_key_count = 1,
                                   .aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM,
                                                              .boundaries = BOUNDS(1, 2),
                                                              .boundary_count = 2)));
    }
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    cr_assert(was_told("view_duplicate", "instrument `x`"));
    cr_assert(eq(ptr, (void *)diagnostic_of("view_conflict"), NULL));
    end(&streams);
}

/* Each of these makes another stream of what else would be equal. */
Test(view_resolve, streams_that_differ_in_anything_are_two) {
    const tacho_view_options *others[] = {
        OPTIONS(.instrument_name = "x", .name = "y"),
        OPTIONS(.description = "other"),
        OPTIONS(.included_keys = KEYS("a"), .included_key_count = 1),
        OPTIONS(.excluded_keys = KEYS("a"), .excluded_key_count = 1),
        OPTIONS(.cardinality_limit = 1),
        OPTIONS(.idle_timeout_ms = 1),
        OPTIONS(.exemplar_reservoir = some_reservoir()),
        OPTIONS(.aggregation = TYPE(SUM)),
        OPTIONS(.aggregation = TYPE(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM)),
        OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM, .disable_min_max = true)),
        OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM, .boundaries = BOUNDS(1),
                                           .boundary_count = 1)),
    };
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct streams streams = begin();
        add_view(&streams, OPTIONS(.instrument_name = "x"));
        add_view(&streams, others[i]);
        resolve(&streams, &about);
        cr_assert(eq(sz, streams.count, 2), "case %zu", i);
        end(&streams);
    }
}

/* The same where both views say something. */
Test(view_resolve, streams_that_differ_in_a_parameter_are_two) {
    const tacho_view_options *pairs[][2] = {
        {OPTIONS(.exemplar_reservoir = some_reservoir()),
         OPTIONS(.exemplar_reservoir = some_reservoir(),
                 .exemplar_reservoir_user = TACHO_RESERVOIR_SIZE(2))},
        {OPTIONS(.aggregation = AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_size = 2)),
         OPTIONS(.aggregation = AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_size = 3))},
        {OPTIONS(.aggregation = AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_scale = 2)),
         OPTIONS(.aggregation = AGGREGATION(BASE2_EXPONENTIAL_BUCKET_HISTOGRAM, .max_scale = 3))},
        {OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM, .boundaries = BOUNDS(1),
                                            .boundary_count = 1)),
         OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM, .boundaries = BOUNDS(2),
                                            .boundary_count = 1))},
    };
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct streams streams = begin();
        add_view(&streams, pairs[i][0]);
        add_view(&streams, pairs[i][1]);
        add_view(&streams, pairs[i][1]);
        resolve(&streams, &about);
        cr_assert(eq(sz, streams.count, 2), "case %zu", i);
        end(&streams);
    }
}

/* --- attributes --- */

/* VIEW-12, VIEW-13, VIEW-14, INST-17 */
Test(view_resolve, whose_keys_count) {
    const tacho_string advised[] = {STRING("a"), STRING("b")};
    const char *const a[] = {"a"};
    const char *const c[] = {"c"};
    const struct {
        const tacho_view_options *view; /* NULL = none */
        bool has_advice;
        const char *kept;
    } cases[] = {
        {NULL, false, "abcd"},
        {NULL, true, "ab"},
        {OPTIONS(.instrument_name = "*"), false, "abcd"},
        {OPTIONS(.instrument_name = "*"), true, "ab"},
        {OPTIONS(.included_keys = c, .included_key_count = 1), false, "c"},
        {OPTIONS(.included_keys = c, .included_key_count = 1), true, "c"},
        {OPTIONS(.included_keys = c), true, ""},
        {OPTIONS(.excluded_keys = a, .excluded_key_count = 1), false, "bcd"},
        {OPTIONS(.excluded_keys = a, .excluded_key_count = 1), true, "bcd"},
        {OPTIONS(.excluded_keys = a), true, "abcd"},
        {OPTIONS(.included_keys = c, .included_key_count = 1, .excluded_keys = a,
                 .excluded_key_count = 1),
         true, "c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
        about.attribute_keys = cases[i].has_advice ? advised : NULL;
        about.attribute_key_count = cases[i].has_advice ? 2 : 0;
        struct streams streams = resolve_one(cases[i].view, &about);
        cr_assert(eq(sz, streams.count, 1), "case %zu", i);
        expect_kept(streams.plans, cases[i].kept);
        end(&streams);
    }
}

/* --- composable views --- */

static struct streams begin_composable(void) {
    struct streams streams = begin();
    streams.are_composable = true;
    return streams;
}

/* VIEW-27 */
Test(view_compose, unnamed_views_make_one_stream_of_the_instruments_name) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.description = "first", .cardinality_limit = 5));
    add_view(&streams, OPTIONS(.cardinality_limit = 6));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "x");
    EXPECT_TEXT(streams.plans->description, "first");
    cr_assert(eq(u32, streams.plans->cardinality_limit, 6));
    end(&streams);
}

/* VIEW-27 */
Test(view_compose, unnamed_views_join_each_name) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "one", .cardinality_limit = 1));
    add_view(&streams, OPTIONS(.description = "of both", .idle_timeout_ms = 9));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "two", .cardinality_limit = 2));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "ONE", .idle_timeout_ms = 8));
    add_view(&streams, OPTIONS(.instrument_name = "other", .name = "three"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 2));
    cr_assert(eq(u32, streams.plans[0].cardinality_limit, 1));
    cr_assert(eq(u32, streams.plans[0].idle_timeout_ms, 8));
    EXPECT_TEXT(streams.plans[0].name, "ONE");
    EXPECT_TEXT(streams.plans[0].description, "of both");
    EXPECT_TEXT(streams.plans[1].name, "two");
    EXPECT_TEXT(streams.plans[1].description, "of both");
    cr_assert(eq(u32, streams.plans[1].cardinality_limit, 2));
    cr_assert(eq(u32, streams.plans[1].idle_timeout_ms, 9));
    cr_assert(eq(sz, diagnostics_log.count, 0));
    end(&streams);
}

/* VIEW-28 */
Test(view_compose, the_last_aggregation_counts_as_a_whole) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    const double advice[] = {7};
    about.bounds = advice;
    about.bound_count = 1;
    struct streams streams = begin_composable();
    add_view(&streams,
             OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM,
                                                .boundaries = BOUNDS(1, 2), .boundary_count = 2)));
    add_view(&streams, OPTIONS(.aggregation = AGGREGATION(EXPLICIT_BUCKET_HISTOGRAM,
                                                          .disable_min_max = true)));
    add_view(&streams, OPTIONS(.description = "no aggregation"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    expect_bounds(streams.plans, tachoi_default_bounds, TACHOI_DEFAULT_BOUND_COUNT);
    cr_assert(streams.plans->aggregation.omits_min_max);
    end(&streams);
}

/* VIEW-28, INST-16: the default is a choice like the others, no view's silence is one */
Test(view_compose, a_later_default_takes_an_earlier_aggregation_back) {
    const double advice[] = {7};
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_HISTOGRAM);
    about.bounds = advice;
    about.bound_count = 1;
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.aggregation = TYPE(DROP)));
    add_view(&streams, OPTIONS(.instrument_name = "x", .aggregation = TYPE(DEFAULT)));
    add_view(&streams, OPTIONS(.description = "no aggregation"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    expect_bounds(streams.plans, advice, 1);
    end(&streams);
}

/* VIEW-28 */
Test(view_compose, the_last_reservoir_counts_with_its_user) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.exemplar_reservoir = some_reservoir(),
                               .exemplar_reservoir_user = TACHO_RESERVOIR_SIZE(2)));
    add_view(&streams, OPTIONS(.exemplar_reservoir = some_reservoir()));
    add_view(&streams,
             OPTIONS(.exemplar_reservoir_user = TACHO_RESERVOIR_SIZE(3))); /* of nothing */
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    cr_assert(eq(ptr, (void *)streams.plans->reservoir, (void *)some_reservoir()));
    cr_assert(eq(ptr, streams.plans->reservoir_user, NULL));
    end(&streams);
}

/* VIEW-28 */
Test(view_compose, keys_must_pass_all_lists) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    const tacho_string advised[] = {STRING("d")};
    about.attribute_keys = advised;
    about.attribute_key_count = 1;
    const tacho_view_options *abc = OPTIONS(.included_keys = KEYS("a", "b", "c"), //
                                            .included_key_count = 3);
    const tacho_view_options *bcd = OPTIONS(.included_keys = KEYS("d", "c", "b"), //
                                            .included_key_count = 3);
    const tacho_view_options *not_b = OPTIONS(.excluded_keys = KEYS("b"), .excluded_key_count = 1);
    const tacho_view_options *not_a = OPTIONS(.excluded_keys = KEYS("a"), .excluded_key_count = 1);
    const tacho_view_options *only_a = OPTIONS(.included_keys = KEYS("a"), .included_key_count = 1);
    const tacho_view_options *silent = OPTIONS(.description = "no keys");
    const struct {
        const tacho_view_options *views[3];
        const char *kept;
    } cases[] = {
        {{abc, silent, bcd}, "bc"},   {{abc, not_b, bcd}, "c"},    {{not_b, silent, not_a}, "cd"},
        {{not_a, only_a, abc}, ""},   {{only_a, bcd, silent}, ""}, {{silent, silent, silent}, "d"},
        {{silent, abc, not_a}, "bc"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct streams streams = begin_composable();
        for (size_t k = 0; k < 3; k++) {
            add_view(&streams, cases[i].views[k]);
        }
        resolve(&streams, &about);
        cr_assert(eq(sz, streams.count, 1), "case %zu", i);
        expect_kept(streams.plans, cases[i].kept);
        end(&streams);
    }
}

/* VIEW-29 */
Test(view_compose, an_aggregation_that_does_not_suit_gives_way_to_an_earlier_one) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_OBSERVABLE_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.aggregation = TYPE(LAST_VALUE)));
    add_view(&streams,
             OPTIONS(.aggregation = TYPE(EXPLICIT_BUCKET_HISTOGRAM), .description = "kept"));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    cr_assert(eq(int, (int)streams.plans->aggregation.kind, TACHOI_AGGREGATION_LAST_VALUE));
    EXPECT_TEXT(streams.plans->description, "kept");
    cr_assert(was_told("view_not_applicable", "views[1]"), "%s",
              diagnostic_of("view_not_applicable"));
    end(&streams);
}

/* VIEW-29 */
Test(view_compose, without_an_earlier_aggregation_it_gives_way_to_the_default) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_OBSERVABLE_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.aggregation = TYPE(EXPLICIT_BUCKET_HISTOGRAM)));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    cr_assert(eq(int, (int)streams.plans->aggregation.kind, TACHOI_AGGREGATION_SUM));
    end(&streams);
}

/* VIEW-28 */
Test(view_compose, a_group_whose_last_aggregation_drops_has_no_stream) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.aggregation = TYPE(DROP)));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "one"));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "two", .aggregation = TYPE(SUM)));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "two");
    end(&streams);
}

/* VIEW-23, VIEW-27 */
Test(view_compose, without_a_match_there_is_the_default_stream) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin_composable();
    add_view(&streams, OPTIONS(.instrument_name = "other", .aggregation = TYPE(DROP)));
    resolve(&streams, &about);
    cr_assert(eq(sz, streams.count, 1));
    EXPECT_TEXT(streams.plans->name, "x");
    end(&streams);
}

/* --- memory --- */

static void survive_failing_allocations(bool are_composable) {
    struct tachoi_instrument_about about = instrument(TACHO_INSTRUMENT_COUNTER);
    struct streams streams = begin();
    streams.are_composable = are_composable;
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "a", .included_keys = KEYS("a"),
                               .included_key_count = 1));
    add_view(&streams, OPTIONS(.excluded_keys = KEYS("b"), .excluded_key_count = 1));
    add_view(&streams, OPTIONS(.instrument_name = "x", .name = "c", .included_keys = KEYS("c"),
                               .included_key_count = 1));
    uint64_t failing = 1;
    for (;; failing++) {
        tachoi_alloc_fail_at(failing);
        int status = try_resolve(&streams, &about);
        bool is_through = tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        if (is_through) {
            cr_assert(eq(int, status, TACHO_OK));
            break;
        }
        cr_assert(eq(int, status, TACHO_E_NO_MEMORY), "allocation %llu",
                  (unsigned long long)failing);
        cr_assert(eq(ptr, (void *)streams.plans, NULL));
        cr_assert(eq(sz, streams.count, 0));
    }
    cr_assert(gt(u64, failing, 6));
    cr_assert(eq(sz, streams.count, are_composable ? 2 : 3));
    end(&streams);
}

Test(view_resolve, survives_each_failing_allocation) {
    survive_failing_allocations(false);
}

Test(view_compose, survives_each_failing_allocation) {
    survive_failing_allocations(true);
}
