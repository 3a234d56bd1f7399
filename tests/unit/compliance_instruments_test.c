/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements on providers, meters and instruments of the SDK that need a whole provider to be
 * seen: bound recording against unbound recording, texts of full length, who owns what. */
#include <math.h>

#include "pipeline/instrument.h"
#include "pipeline/scope.h"
#include "pipeline/state.h"
#include "sdk_fixture.h"
#include "storage/sync_storage.h"

/* --- provider and meters --- */

/* SDK-06 */
Test(meters, an_empty_name_stays_as_it_is) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_meter *meter = tacho_meter_provider_get_meter(
        sdk.provider, NULL, TACHO_OPTIONS(tacho_scope_options, .version = "1"));
    tacho_counter_add(tacho_meter_create_counter(meter, "c", NULL), 1, TACHO_NO_ATTRS);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1));
    cr_expect(eq(str, collected->points[0].scope, ""));
    cr_expect(was_told("meter_name_empty", "name"), "%s", diagnostic_of("meter_name_empty"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-17: of one namespace are requests for equal meters, also when they come one by one */
Test(meters, equal_ones_share_a_namespace) {
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    tacho_meter *meters[2];
    for (size_t i = 0; i < 2; i++) {
        meters[i] = tacho_meter_provider_get_meter(
            sdk.provider, "lib",
            TACHO_OPTIONS(tacho_scope_options, .version = "1",
                          .attributes = TACHO_ATTRS(TACHO_I64("a", 1))));
    }
    tacho_counter *counter = tacho_meter_create_counter(meters[0], "c", NULL);
    cr_expect(eq(ptr, counter, tacho_meter_create_counter(meters[1], "c", NULL)));
    cr_expect(eq(sz, diagnostics_log.count, 0));
    (void)tacho_meter_create_gauge(meters[1], "C", NULL);
    cr_expect(ne(ptr, (void *)diagnostic_of("duplicate_instrument"), NULL));
    tacho_meter_provider_destroy(sdk.provider);
}

/* SDK-07: readers with their exporters; views are elsewhere */
Test(provider, readers_and_exporters_live_and_end_with_it) {
    struct test_exporter test = {0};
    tacho_metric_exporter *exporter = make_exporter(&test);
    tacho_metric_reader *reader = NULL;
    cr_assert(eq(int, tacho_manual_reader_create(exporter, NULL, &reader), TACHO_OK));
    tacho_meter_provider *provider = make_provider(&reader, 1);
    capture_diagnostics();
    tacho_metric_reader_destroy(reader);
    tacho_metric_exporter_destroy(exporter);
    cr_expect(eq(u32, atomic_load(&test.destroys), 0), "they are the provider's");
    cr_expect(eq(int, tacho_metric_reader_collect(reader, 0), TACHO_OK));
    tacho_meter_provider_destroy(provider);
    cr_expect(eq(u32, atomic_load(&test.shutdowns), 1));
    cr_expect(eq(u32, atomic_load(&test.destroys), 1));
}

/* SDK-15: the exporter is stuck, the caller is not */
Test(provider, a_flush_ends_within_its_timeout_and_says_so) {
    struct latch hold = LATCH_INITIALIZER;
    struct test_exporter test = {.hold = &hold};
    tacho_metric_reader *reader = make_periodic_reader(&test, 3600 * 1000);
    tacho_meter_provider *provider = make_provider(&reader, 1);
    const uint64_t begin_ns = tachoi_monotonic_ns();
    cr_expect(eq(int, tacho_meter_provider_force_flush(provider, 50), TACHO_E_TIMEOUT));
    const uint64_t took_ms = (tachoi_monotonic_ns() - begin_ns) / TACHOI_NS_PER_MS;
    cr_expect(ge(u64, took_ms, 49));
    cr_expect(lt(u64, took_ms, FIXTURE_TIMEOUT_MS / 2));
    latch_open(&hold);
    tacho_meter_provider_destroy(provider);
}

/* --- what makes an instrument what it is --- */

/* API-12, API-13: each of name, kind, number type, unit and description; not advice */
Test(instruments, what_identifies_one_and_what_does_not) {
    static const char *const keys[] = {"k"};
    struct sdk sdk = make_sdk();
    capture_diagnostics();
#define COUNTER(name, ...)                                                                         \
    tacho_meter_create_counter(sdk.meter, (name),                                                  \
                               TACHO_OPTIONS(tacho_instrument_options, __VA_ARGS__))
    tacho_counter *counter = COUNTER("c", .unit = "u", .description = "d");
    cr_expect(eq(ptr, counter, COUNTER("c", .unit = "u", .description = "d")));
    cr_expect(eq(sz, diagnostics_log.count, 0));
    cr_expect(eq(ptr, counter,
                 COUNTER("c", .unit = "u", .description = "d", .attribute_keys = keys,
                         .attribute_key_count = 1)));
    void *const others[] = {
        COUNTER("C2", .unit = "u", .description = "d"),
        COUNTER("c", .unit = "U", .description = "d"),
        COUNTER("c", .unit = "u", .description = "D"),
        tacho_meter_create_up_down_counter(
            sdk.meter, "c",
            TACHO_OPTIONS(tacho_instrument_options, .unit = "u", .description = "d")),
        tacho_meter_create_counter_f64(
            sdk.meter, "c",
            TACHO_OPTIONS(tacho_instrument_options, .unit = "u", .description = "d")),
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect(ne(ptr, (void *)counter, others[i]), "%zu", i);
        for (size_t j = 0; j < i; j++) {
            cr_expect(ne(ptr, others[j], others[i]), "%zu and %zu", j, i);
        }
    }
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- texts --- */

struct texts {
    char unit[2][128];
    char description[2][4096];
    size_t count;
};

static int see_texts(const tacho_metric_batch *batch, void *user) {
    struct texts *texts = user;
    const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, 0);
    for (texts->count = 0; texts->count < scope->metric_count && texts->count < 2; texts->count++) {
        const tacho_metric *metric = tacho_scope_metrics_metric(scope, texts->count);
        copy_text(texts->unit[texts->count], sizeof texts->unit[0], metric->unit);
        copy_text(texts->description[texts->count], sizeof texts->description[0],
                  metric->description);
    }
    return TACHO_OK;
}

/* API-15, API-17: 63 characters of a unit, in either case, and 1023 of three bytes each arrive */
Test(instruments, long_units_and_descriptions_are_exported_whole) {
    static char description[1023 * 3 + 1];
    static struct texts texts;
    char units[2][64];
    struct sdk sdk = make_sdk();
    capture_diagnostics();
    for (size_t i = 0; i < 1023; i++) {
        for (size_t j = 0; j < 3; j++) {
            description[i * 3 + j] = "\xef\xbf\xbd"[j];
        }
    }
    for (size_t i = 0; i < 2; i++) {
        snprintf(units[i], sizeof units[i], "%062d%c", 0, i == 0 ? 'b' : 'B');
        tacho_counter_add(
            tacho_meter_create_counter(sdk.meter, "c",
                                       TACHO_OPTIONS(tacho_instrument_options, .unit = units[i],
                                                     .description = description)),
            1, TACHO_NO_ATTRS);
    }
    cr_expect(eq(sz, diagnostics_log.count, 1), "kb and kB are two units, which is a conflict");
    tacho_metric_reader_collect_with(sdk.reader, 0, see_texts, &texts);
    cr_assert(eq(sz, texts.count, 2));
    for (size_t i = 0; i < 2; i++) {
        cr_expect(eq(str, texts.unit[i], units[i]));
        cr_expect(eq(str, texts.description[i], description));
    }
    tacho_meter_provider_destroy(sdk.provider);
}

static void add_nested(tacho_counter *counter, size_t depth, int64_t leaf) {
    tacho_value levels[80] = {{.type = TACHO_VALUE_I64, .as.i64 = leaf}};
    for (size_t i = 1; i <= depth; i++) {
        levels[i] = (tacho_value){.type = TACHO_VALUE_ARRAY};
        levels[i].as.values.items = &levels[i - 1];
        levels[i].as.values.count = 1;
    }
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_VALUE("k", levels[depth])));
}

/* INST-24: as deep as attributes.h promises, whatever a limit for other signals says */
Test(instruments, deep_values_are_kept_to_the_last_level) {
    setenv("OTEL_ATTRIBUTE_VALUE_DEPTH_LIMIT", "2", 1);
    static const size_t depths[] = {1, 3, 64};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        struct sdk sdk = make_sdk();
        tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
        add_nested(counter, depths[i], 1);
        add_nested(counter, depths[i], 2);
        add_nested(counter, depths[i], 2);
        struct collected *collected = collect(sdk.reader);
        cr_expect(eq(sz, collected->count, 2), "%zu levels", depths[i]);
        free(collected);
        tacho_meter_provider_destroy(sdk.provider);
    }
}

/* --- enabled --- */

static bool disable_off(const tacho_scope *scope, tacho_meter_config *out, void *user) {
    (void)user;
    out->disabled = scope->name.length == 3 && memcmp(scope->name.data, "off", 3) == 0;
    return true;
}

#define EXPECT_ENABLED(noun)                                                                       \
    do {                                                                                           \
        tacho_##noun *kept = tacho_meter_create_##noun(on, #noun, NULL);                           \
        tacho_##noun *dropped = tacho_meter_create_##noun(on, "dropped." #noun, NULL);             \
        tacho_##noun *disabled = tacho_meter_create_##noun(off, #noun, NULL);                      \
        const tacho_enabled_options options = {.struct_size = sizeof options};                     \
        cr_expect(tacho_##noun##_enabled(kept, NULL), #noun);                                      \
        cr_expect(tacho_##noun##_enabled(kept, &options), #noun);                                  \
        cr_expect(not(tacho_##noun##_enabled(dropped, NULL)), #noun);                              \
        cr_expect(not(tacho_##noun##_enabled(disabled, NULL)), #noun);                             \
    } while (0)

/* INST-18, API-42, SDK-22: each kind, by its views and by its meter */
Test(instruments, every_kind_tells_when_it_is_dropped_or_disabled) {
    const tacho_aggregation drop = {.struct_size = sizeof drop, .type = TACHO_AGGREGATION_DROP};
    tacho_metric_reader *reader = make_manual_reader();
    tacho_view *view = VIEW(.instrument_name = "dropped.*", .aggregation = &drop);
    tacho_meter_provider *provider = NULL;
    cr_assert(
        eq(int,
           tacho_meter_provider_create(
               TACHO_OPTIONS(tacho_meter_provider_options, .readers = &reader, .reader_count = 1,
                             .views = &view, .view_count = 1, .meter_configurator = disable_off),
               &provider),
           TACHO_OK));
    tacho_meter *on = tacho_meter_provider_get_meter(provider, "on", NULL);
    tacho_meter *off = tacho_meter_provider_get_meter(provider, "off", NULL);
    EXPECT_ENABLED(counter);
    EXPECT_ENABLED(counter_f64);
    EXPECT_ENABLED(up_down_counter);
    EXPECT_ENABLED(up_down_counter_f64);
    EXPECT_ENABLED(gauge);
    EXPECT_ENABLED(gauge_f64);
    EXPECT_ENABLED(histogram);
    tacho_meter_provider_destroy(provider);
}

/* --- bound against unbound: both record the same, and all that comes out is compared --- */

enum { LINES = 400, LINE_BYTES = 1400 };

struct dump {
    char lines[LINES][LINE_BYTES];
    size_t count;
    size_t used; /* of the line that is written */
};

__attribute__((format(printf, 2, 3))) static void put(struct dump *dump, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *line = dump->lines[dump->count];
    const size_t room = LINE_BYTES - dump->used;
    const int length = vsnprintf(line + dump->used, room, format, arguments);
    va_end(arguments);
    cr_assert(length >= 0 && (size_t)length < room, "the line is full");
    dump->used += (size_t)length;
}

static void put_attributes(struct dump *dump, tacho_attributes attributes) {
    for (size_t i = 0; i < attributes.count; i++) {
        const tacho_attribute *attribute = &attributes.items[i];
        put(dump, " %.*s=", (int)attribute->key.length, attribute->key.data);
        if (attribute->value.type == TACHO_VALUE_STRING) {
            put(dump, "'%.*s'", (int)attribute->value.as.string.length,
                attribute->value.as.string.data);
        } else if (attribute->value.type == TACHO_VALUE_BOOL) {
            put(dump, "%d", attribute->value.as.boolean);
        } else {
            put(dump, "%lld", (long long)attribute->value.as.i64);
        }
    }
}

static void put_exemplars(struct dump *dump, const tacho_exemplars *exemplars) {
    for (size_t i = 0; i < exemplars->count; i++) {
        const tacho_exemplar *exemplar = tacho_exemplars_at(exemplars, i);
        put(dump, " | %lld at %llu span %d %d",
            (long long)(exemplar->number_type == TACHO_NUMBER_I64 ? exemplar->value.i64
                                                                  : (int64_t)exemplar->value.f64),
            (unsigned long long)exemplar->time_unix_nano, exemplar->has_span, exemplar->span_id[0]);
        put_attributes(dump, exemplar->filtered_attributes);
    }
}

static void put_counts(struct dump *dump, const uint64_t *counts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put(dump, " %llu", (unsigned long long)counts[i]);
    }
}

static void put_point(struct dump *dump, const tacho_metric *metric, size_t index) {
    const tacho_number_point *any =
        (const void *)((const char *)metric->points + index * metric->point_size);
    put(dump, "%.*s %d %d %d:", (int)metric->name.length, metric->name.data, (int)metric->type,
        (int)metric->temporality, metric->is_monotonic);
    put_attributes(dump, any->attributes); /* all kinds of points begin alike */
    put(dump, " (%llu %llu]", (unsigned long long)any->start_time_unix_nano,
        (unsigned long long)any->time_unix_nano);
    if (metric->type == TACHO_METRIC_HISTOGRAM) {
        const tacho_histogram_point *point = tacho_metric_histogram_point(metric, index);
        put(dump, " %llu %d %a %d %a %a", (unsigned long long)point->count, point->has_sum,
            point->sum, point->has_min_max, point->min, point->max);
        put_counts(dump, point->bucket_counts, point->bound_count + 1);
        put_exemplars(dump, &point->exemplars);
    } else if (metric->type == TACHO_METRIC_EXPONENTIAL_HISTOGRAM) {
        const tacho_exponential_histogram_point *point =
            tacho_metric_exponential_histogram_point(metric, index);
        put(dump, " %llu %a %a %a %d %llu %d/%d", (unsigned long long)point->count, point->sum,
            point->min, point->max, point->scale, (unsigned long long)point->zero_count,
            point->positive.offset, point->negative.offset);
        put_counts(dump, point->positive.counts, point->positive.count);
        put(dump, " and");
        put_counts(dump, point->negative.counts, point->negative.count);
        put_exemplars(dump, &point->exemplars);
    } else {
        const tacho_number_point *point = tacho_metric_number_point(metric, index);
        if (metric->number_type == TACHO_NUMBER_I64) {
            put(dump, " %lld", (long long)point->value.i64);
        } else {
            put(dump, " %a", point->value.f64);
        }
        put_exemplars(dump, &point->exemplars);
    }
}

static int dump_batch(const tacho_metric_batch *batch, void *user) {
    struct dump *dump = user;
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            for (size_t k = 0; k < metric->point_count; k++) {
                cr_assert(lt(sz, dump->count, LINES));
                dump->used = 0;
                put_point(dump, metric, k);
                dump->count++;
            }
        }
    }
    return TACHO_OK;
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(a, b);
}

/* To be freed. */
static struct dump *dump_of(tacho_metric_reader *reader) {
    struct dump *dump = calloc(1, sizeof *dump);
    cr_assert(ne(ptr, dump, NULL));
    tacho_metric_reader_collect_with(reader, 0, dump_batch, dump);
    qsort(dump->lines, dump->count, LINE_BYTES, compare_lines);
    return dump;
}

/* A reservoir without chance: it keeps the last offer. */
struct last_offer {
    tacho_exemplar exemplar;
    tacho_attribute filtered[4];
    char texts[4][16];
    bool is_there;
};

static unsigned reservoirs_made;
static size_t baggage_seen;

static void *make_last_offer(void *user, const tacho_exemplar_reservoir_config *config) {
    (void)user;
    (void)config;
    reservoirs_made++;
    return calloc(1, sizeof(struct last_offer));
}

static void keep_offer(void *self, const tacho_exemplar_measurement *measurement) {
    struct last_offer *last = self;
    const tacho_attributes filtered = measurement->filtered_attributes;
    cr_assert(le(sz, filtered.count, 4));
    *last = (struct last_offer){.is_there = true};
    for (size_t i = 0; i < filtered.count; i++) {
        last->filtered[i] = filtered.items[i];
        if (filtered.items[i].value.type == TACHO_VALUE_STRING) { /* borrowed for the call */
            copy_text(last->texts[i], sizeof last->texts[i], filtered.items[i].value.as.string);
            last->filtered[i] = TACHO_STR("", last->texts[i]);
        }
        last->filtered[i].key = tacho_string_from(filtered.items[i].key.data[0] == 'x'   ? "x"
                                                  : filtered.items[i].key.data[0] == 'y' ? "y"
                                                                                         : "other");
    }
    last->exemplar.number_type = measurement->number_type;
    memcpy(&last->exemplar.value, &measurement->value, sizeof last->exemplar.value);
    last->exemplar.time_unix_nano = measurement->time_unix_nano;
    last->exemplar.filtered_attributes = tacho_attributes_from(last->filtered, filtered.count);
    if (measurement->context != NULL) {
        last->exemplar.has_span = true;
        last->exemplar.span_id[0] = measurement->context->span_id[0];
        baggage_seen = measurement->context->baggage.count;
    }
}

static void hand_out_last(void *self, tacho_exemplar_sink_fn sink, void *sink_self) {
    struct last_offer *last = self;
    if (last->is_there) {
        sink(sink_self, &last->exemplar);
    }
    last->is_there = false;
}

static const tacho_exemplar_reservoir_ops last_offer_ops = {.struct_size = sizeof last_offer_ops,
                                                            .create = make_last_offer,
                                                            .offer = keep_offer,
                                                            .collect = hand_out_last,
                                                            .destroy = free};

enum { SETS = 5 };

/* As a caller may have them: unsorted, one key twice, one that the view leaves out. */
static tacho_attributes set_of(size_t set, tacho_attribute items[4]) {
    size_t count = 0;
    if (set > 0) {
        items[count++] = TACHO_STR("x", set % 2 == 0 ? "even" : "odd");
        items[count++] = TACHO_I64("b", 7);
        items[count++] = TACHO_I64("a", (int64_t)(set + 1) / 2); /* two sets of one series */
        items[count++] = TACHO_I64("b", (int64_t)set / 4);
    }
    return tacho_attributes_from(items, count);
}

#define KINDS(X)                                                                                   \
    X(counter, add, int64_t)                                                                       \
    X(counter_f64, add, double)                                                                    \
    X(up_down_counter, add, int64_t)                                                               \
    X(up_down_counter_f64, add, double)                                                            \
    X(gauge, record, int64_t)                                                                      \
    X(gauge_f64, record, double)                                                                   \
    X(histogram, record, double)

#define MEMBERS(noun, verb, type)                                                                  \
    tacho_##noun *made_##noun;                                                                     \
    tacho_bound_##noun *bound_##noun[SETS];

/* One provider with an instrument of each kind. */
struct side {
    struct fake_time time;
    tacho_metric_reader *readers[3];
    tacho_meter_provider *provider;
    KINDS(MEMBERS)
};

static void begin_side(struct side *side) {
    static const char *const excluded[] = {"x"};
    const tacho_aggregation exponential = {.struct_size = sizeof exponential,
                                           .type =
                                               TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
                                           .max_size = 4};
    const tacho_clock clock = {.struct_size = sizeof clock,
                               .unix_ns = fake_unix_ns,
                               .monotonic_ns = fake_monotonic_ns,
                               .user = &side->time};
    *side = (struct side){.time = {.unix_ns = 1000000000}};
    side->readers[0] = make_manual_reader();
    side->readers[1] =
        READER(.temporality_preference = TACHO_TEMPORALITY_PREFER_DELTA, .cardinality_limit = 2);
    side->readers[2] =
        READER(.default_aggregations = {[TACHO_INSTRUMENT_HISTOGRAM] = &exponential,
                                        [TACHO_INSTRUMENT_UP_DOWN_COUNTER] = &exponential});
    tacho_view *view = VIEW(.instrument_name = "*", .excluded_keys = excluded,
                            .excluded_key_count = 1, .exemplar_reservoir = &last_offer_ops);
    int status = tacho_meter_provider_create(
        TACHO_OPTIONS(tacho_meter_provider_options, .readers = side->readers, .reader_count = 3,
                      .views = &view, .view_count = 1, .clock = &clock,
                      .exemplar_filter = TACHO_EXEMPLAR_FILTER_ALWAYS_ON),
        &side->provider);
    cr_assert(eq(int, status, TACHO_OK));
    tacho_meter *meter = tacho_meter_provider_get_meter(side->provider, "m", NULL);
#define CREATE(noun, verb, type) side->made_##noun = tacho_meter_create_##noun(meter, #noun, NULL);
    KINDS(CREATE)
}

static void bind_all(struct side *side) {
    for (size_t set = 0; set < SETS; set++) {
        tacho_attribute items[4];
        const tacho_attributes attributes = set_of(set, items);
#define BIND(noun, verb, type)                                                                     \
    side->bound_##noun[set] = tacho_##noun##_bind(side->made_##noun, attributes);
        KINDS(BIND)
        memset(items, 0xee, sizeof items); /* whoever looked at them later would be found out */
    }
}

static void release_all(struct side *side) {
    for (size_t set = 0; set < SETS; set++) {
#define RELEASE(noun, verb, type) tacho_bound_##noun##_release(side->bound_##noun[set]);
        KINDS(RELEASE)
    }
}

static void record_in(struct side *side, bool is_bound, size_t set, double value) {
    tacho_attribute items[4];
    const tacho_attributes attributes = set_of(set, items);
#define TO_i64(value) (isfinite(value) ? (int64_t)(value) : INT64_MIN)
#define RECORD(noun, verb, type)                                                                   \
    do {                                                                                           \
        const type given = _Generic((type)0, int64_t : TO_i64(value), default : value);            \
        if (is_bound) {                                                                            \
            tacho_bound_##noun##_##verb(side->bound_##noun[set], given);                           \
        } else {                                                                                   \
            tacho_##noun##_##verb(side->made_##noun, given, attributes);                           \
        }                                                                                          \
    } while (0);
    KINDS(RECORD)
}

static bool span_of_test(tacho_context *out, void *user) {
    *out = *(const tacho_context *)user;
    return true;
}

static void expect_equal(struct side *unbound, struct side *bound, size_t reader, int round) {
    struct dump *wanted = dump_of(unbound->readers[reader]);
    struct dump *got = dump_of(bound->readers[reader]);
    cr_expect(eq(sz, got->count, wanted->count), "reader %zu, round %d", reader, round);
    for (size_t i = 0; i < wanted->count && i < got->count; i++) {
        cr_expect(eq(str, got->lines[i], wanted->lines[i]), "reader %zu, round %d", reader, round);
    }
    cr_expect(gt(sz, wanted->count, 6));
    free(wanted);
    free(got);
}

/* INST-19, API-37, API-46: every kind, with and without attributes, values good and bad;
 * temporalities, limits, filters, both histograms, exemplars. Sets are measured in each interval in
 * the order in which they were bound, as where the limit is reached depends on it. */
Test(bound, everything_that_comes_out_is_as_if_it_had_not_been_bound) {
    static const double values[] = {
        3, -2, 0, 0.5, (double)NAN, 1e18, -0.0, (double)INFINITY, 2500, -(double)INFINITY};
    static struct side unbound;
    static struct side bound;
    tacho_context context = {.struct_size = sizeof context, .trace_flags = TACHO_TRACE_SAMPLED};
    setenv("OTEL_LOG_LEVEL", "none", 1);
    cr_assert(eq(int, tacho_context_set_hook(span_of_test, &context), TACHO_OK));
    begin_side(&unbound);
    begin_side(&bound);
    bind_all(&bound);
    uint64_t random = 11;
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < 40; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            const size_t set = i < SETS ? i : (random >> 33) % SETS;
            const double value = values[(random >> 40) % (sizeof values / sizeof values[0])];
            context.span_id[0] = (uint8_t)i;
            record_in(&unbound, false, set, i < SETS ? 1 : value);
            record_in(&bound, true, set, i < SETS ? 1 : value);
        }
        unbound.time.unix_ns += 1000000000;
        bound.time.unix_ns += 1000000000;
        for (size_t reader = 0; reader < 3; reader++) {
            expect_equal(&unbound, &bound, reader, round);
        }
    }
    tacho_context_set_hook(NULL, NULL);
    release_all(&bound);
    tacho_meter_provider_destroy(unbound.provider);
    tacho_meter_provider_destroy(bound.provider);
}

/* INST-20, INST-21: whose place it is was decided when it was bound, and stays decided */
Test(bound, each_bind_is_judged_at_its_moment_and_keeps_its_verdict) {
    struct sdk sdk = SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .cardinality_limit = 1));
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *first = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 1)));
    tacho_counter_add(counter, 1, TACHO_ATTRS(TACHO_I64("a", 2)));
    tacho_bound_counter_add(first, 10);
    tacho_bound_counter *late = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 2)));
    tacho_bound_counter_add(late, 100);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(i64, point_with(collected, "c", "a=1")->i64, 10), "bound before it was measured");
    cr_expect(eq(i64, point_with(collected, "c", "otel.metric.overflow=true")->i64, 101));
    free(collected);
    tacho_bound_counter_release(first);
    cr_assert(eq(int, tacho_counter_remove(counter, TACHO_ATTRS(TACHO_I64("a", 1))), TACHO_OK));
    free(collect(sdk.reader)); /* now there is a place */
    tacho_bound_counter *own = tacho_counter_bind(counter, TACHO_ATTRS(TACHO_I64("a", 2)));
    for (int i = 0; i < 3; i++) {
        tacho_bound_counter_add(late, 1000);
        tacho_bound_counter_add(own, 10000);
        free(collect(sdk.reader));
    }
    collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    cr_expect(eq(i64, point_with(collected, "c", "otel.metric.overflow=true")->i64, 3101));
    cr_expect(eq(i64, point_with(collected, "c", "a=2")->i64, 30000), "equal attributes, another");
    free(collected);
    tacho_bound_counter_release(late);
    tacho_bound_counter_release(own);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-22, API-46: the context counts in which it records, not that in which it was bound */
Test(bound, the_context_of_each_measurement_goes_to_filter_and_reservoir) {
    const tacho_attribute baggage[] = {TACHO_I64("user", 1), TACHO_I64("tenant", 2)};
    tacho_context context = {.struct_size = sizeof context, .trace_flags = TACHO_TRACE_SAMPLED};
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "c", .exemplar_reservoir = &last_offer_ops));
    cr_assert(eq(int, tacho_context_set_hook(span_of_test, &context), TACHO_OK));
    context.span_id[0] = 1;
    tacho_counter *counter = tacho_meter_create_counter(sdk.meter, "c", NULL);
    tacho_bound_counter *bound = tacho_counter_bind(counter, TACHO_NO_ATTRS);
    context.span_id[0] = 2;
    context.baggage = tacho_attributes_from(baggage, 2);
    tacho_bound_counter_add(bound, 5);
    context.span_id[0] = 3;
    context.trace_flags = 0; /* no candidate */
    tacho_bound_counter_add(bound, 6);
    struct dump *dump = dump_of(sdk.reader);
    cr_assert(eq(sz, dump->count, 1));
    cr_expect(ne(ptr, strstr(dump->lines[0], " 11 | 5 at "), NULL), "%s", dump->lines[0]);
    cr_expect(ne(ptr, strstr(dump->lines[0], " span 1 2"), NULL), "%s", dump->lines[0]);
    cr_expect(eq(sz, baggage_seen, 2));
    cr_expect(eq(u32, reservoirs_made, 1));
    free(dump);
    tacho_context_set_hook(NULL, NULL);
    tacho_bound_counter_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

/* INST-23: without tables each look-up would crash, and each lock would be waited for in vain */
Test(bound, recording_touches_neither_table_nor_lock) {
    struct sdk sdk =
        SDK_WITH_VIEWS(VIEW(.instrument_name = "h"), VIEW(.instrument_name = "h", .name = "twice"));
    tacho_histogram *histogram = tacho_meter_create_histogram(sdk.meter, "h", NULL);
    tacho_bound_histogram *bound =
        tacho_histogram_bind(histogram, TACHO_ATTRS(TACHO_STR("a", "b")));
    struct tachoi_instrument *instrument = atomic_load(&((tacho_spi_instrument *)histogram)->self);
    struct tachoi_series_table *tables[2];
    cr_assert(eq(sz, instrument->outlet_count, 2));
    pthread_mutex_lock(&instrument->scope->pipeline->lock);
    for (size_t i = 0; i < 2; i++) {
        struct tachoi_series_map *map = &instrument->outlets[i].sync->map;
        tables[i] = atomic_exchange(&map->table, NULL);
        pthread_mutex_lock(&map->lock);
    }
    tacho_bound_histogram_record(bound, 3);
    for (size_t i = 0; i < 2; i++) {
        struct tachoi_series_map *map = &instrument->outlets[i].sync->map;
        pthread_mutex_unlock(&map->lock);
        atomic_store(&map->table, tables[i]);
    }
    pthread_mutex_unlock(&instrument->scope->pipeline->lock);
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 2));
    for (size_t i = 0; i < 2; i++) {
        cr_expect(eq(u64, collected->points[i].count, 1));
        cr_expect(eq(str, collected->points[i].attrs, "a=b"));
    }
    free(collected);
    tacho_bound_histogram_release(bound);
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- observable instruments --- */

struct numbered {
    tacho_observable *observable;
    struct latch entered;
    struct latch hold;
    _Atomic(unsigned) runs;
};

/* Its first run is held up between two observations. */
static void observe_number_of_run(tacho_observer *observer, void *user) {
    struct numbered *numbered = user;
    const int64_t run = atomic_fetch_add(&numbered->runs, 1);
    tacho_observe_i64(observer, numbered->observable, 1,
                      TACHO_ATTRS(TACHO_I64("part", 1), TACHO_I64("run", run)));
    if (run == 0) {
        latch_open(&numbered->entered);
        latch_wait(&numbered->hold);
    }
    tacho_observe_i64(observer, numbered->observable, 1,
                      TACHO_ATTRS(TACHO_I64("part", 2), TACHO_I64("run", run)));
}

static void *collect_thread(void *reader) {
    return collect(reader);
}

/* ASYNC-01: the collection of one reader lies within a run of the other's callback */
Test(observables, what_runs_for_one_reader_does_not_reach_the_other) {
    tacho_metric_reader *readers[] = {make_manual_reader(), make_manual_reader()};
    tacho_meter_provider *provider = make_provider(readers, 2);
    struct numbered numbered = {.entered = LATCH_INITIALIZER, .hold = LATCH_INITIALIZER};
    pthread_t thread;
    void *first = NULL;
    numbered.observable = tacho_meter_create_observable_up_down_counter(
        tacho_meter_provider_get_meter(provider, "test", NULL), "o", NULL, observe_number_of_run,
        &numbered);
    cr_assert(eq(int, pthread_create(&thread, NULL, collect_thread, readers[0]), 0));
    cr_assert(latch_wait(&numbered.entered));
    struct collected *second = collect(readers[1]);
    latch_open(&numbered.hold);
    pthread_join(thread, &first);
    cr_assert(eq(sz, second->count, 2));
    cr_expect(ne(ptr, (void *)point_with(second, "o", "part=1,run=1"), NULL));
    cr_expect(ne(ptr, (void *)point_with(second, "o", "part=2,run=1"), NULL));
    cr_assert(eq(sz, ((struct collected *)first)->count, 2));
    cr_expect(ne(ptr, (void *)point_with(first, "o", "part=1,run=0"), NULL));
    cr_expect(ne(ptr, (void *)point_with(first, "o", "part=2,run=0"), NULL));
    free(first);
    free(second);
    tacho_meter_provider_destroy(provider);
}
