/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the two built-in reservoirs: what they keep, how evenly they choose, and that no thread
 * waits or reads half an exemplar. Who may become an exemplar: storage_exemplars_test.c. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregation/exemplar_reservoir.h"
#include "base/alloc.h"

enum { MAX_TAKEN = 64 };

/* What a collection handed out; attributes only as long as they are looked at in the sink. */
struct taken {
    size_t count;
    tacho_exemplar items[MAX_TAKEN];
    char keys[MAX_TAKEN][64]; /* of all attributes, joined */
    size_t text_length[MAX_TAKEN];
};

static void take(void *self, const tacho_exemplar *exemplar) {
    struct taken *taken = self;
    cr_assert(lt(sz, taken->count, MAX_TAKEN));
    taken->items[taken->count] = *exemplar;
    char *keys = taken->keys[taken->count];
    keys[0] = '\0';
    for (size_t i = 0; i < exemplar->filtered_attributes.count; i++) {
        const tacho_attribute *attr = &exemplar->filtered_attributes.items[i];
        (void)strncat(keys, attr->key.data, attr->key.length);
        if (attr->value.type == TACHO_VALUE_STRING) {
            taken->text_length[taken->count] = attr->value.as.string.length;
        }
    }
    taken->count++;
}

static const double bounds[] = {10, 20, 30};

static tacho_exemplar_reservoir_config config_of(tacho_temporality temporality) {
    return (tacho_exemplar_reservoir_config){.struct_size = sizeof(tacho_exemplar_reservoir_config),
                                             .kind = TACHO_INSTRUMENT_HISTOGRAM,
                                             .number_type = TACHO_NUMBER_F64,
                                             .temporality = temporality};
}

static tacho_exemplar_reservoir_config histogram_config(tacho_temporality temporality) {
    tacho_exemplar_reservoir_config config = config_of(temporality);
    config.boundaries = bounds;
    config.boundary_count = sizeof bounds / sizeof bounds[0];
    return config;
}

static struct tachoi_exemplar_reservoir *simple(size_t places, tacho_temporality temporality) {
    const tacho_exemplar_reservoir_config config = config_of(temporality);
    void *reservoir =
        tacho_simple_fixed_size_reservoir()->create(TACHO_RESERVOIR_SIZE(places), &config);
    cr_assert(ne(ptr, reservoir, NULL));
    tachoi_exemplar_reservoir_seed(reservoir, 42);
    return reservoir;
}

static struct tachoi_exemplar_reservoir *aligned(tacho_temporality temporality) {
    const tacho_exemplar_reservoir_config config = histogram_config(temporality);
    void *reservoir = tacho_aligned_histogram_bucket_reservoir()->create(NULL, &config);
    cr_assert(ne(ptr, reservoir, NULL));
    tachoi_exemplar_reservoir_seed(reservoir, 42);
    return reservoir;
}

static tacho_exemplar_measurement measured(double value) {
    return (tacho_exemplar_measurement){.struct_size = sizeof(tacho_exemplar_measurement),
                                        .number_type = TACHO_NUMBER_F64,
                                        .value.f64 = value,
                                        .time_unix_nano = 1000};
}

static void offer(struct tachoi_exemplar_reservoir *reservoir, double value) {
    const tacho_exemplar_measurement measurement = measured(value);
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
}

static struct taken collect(struct tachoi_exemplar_reservoir *reservoir) {
    struct taken taken = {.count = 0};
    tachoi_exemplar_reservoir_collect(reservoir, take, &taken);
    return taken;
}

/* EXM-08, EXM-15 */
Test(exemplar_reservoir, the_tables_are_complete) {
    const tacho_exemplar_reservoir_ops *tables[] = {tacho_simple_fixed_size_reservoir(),
                                                    tacho_aligned_histogram_bucket_reservoir()};
    for (size_t i = 0; i < 2; i++) {
        cr_assert(eq(sz, tables[i]->struct_size, sizeof(tacho_exemplar_reservoir_ops)));
        const tacho_exemplar_reservoir_config config = histogram_config(TACHO_TEMPORALITY_DELTA);
        void *reservoir = tables[i]->create(NULL, &config);
        const tacho_exemplar_measurement measurement = measured(7);
        struct taken taken = {.count = 0};
        tables[i]->offer(reservoir, &measurement);
        tables[i]->collect(reservoir, take, &taken);
        cr_assert(eq(sz, taken.count, 1));
        cr_assert(eq(dbl, taken.items[0].value.f64, 7.0));
        tables[i]->destroy(reservoir);
        tables[i]->destroy(NULL);
    }
}

/* EXM-03, EXM-10 */
Test(exemplar_reservoir, an_exemplar_has_all_that_was_offered_but_the_points_attributes) {
    struct tachoi_exemplar_reservoir *reservoir = simple(2, TACHO_TEMPORALITY_CUMULATIVE);
    const tacho_context context = {.struct_size = sizeof context,
                                   .trace_id = {1, 2, 3},
                                   .span_id = {4, 5},
                                   .trace_flags = TACHO_TRACE_SAMPLED};
    tacho_exemplar_measurement measurement = {
        .struct_size = sizeof measurement,
        .number_type = TACHO_NUMBER_I64,
        .value.i64 = INT64_MIN,
        .time_unix_nano = 77,
        .attributes = TACHO_ATTRS(TACHO_I64("b", 1), TACHO_I64("p", 1), TACHO_I64("a", 2)),
        .filtered_attributes = TACHO_ATTRS(TACHO_I64("b", 1), TACHO_I64("a", 2)),
        .context = &context};
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
    measurement.context = NULL;
    measurement.filtered_attributes = TACHO_NO_ATTRS;
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
    const struct taken taken = collect(reservoir);
    cr_assert(eq(sz, taken.count, 2));
    const tacho_exemplar *exemplar = &taken.items[0];
    cr_assert(eq(int, exemplar->number_type, TACHO_NUMBER_I64));
    cr_assert(eq(i64, exemplar->value.i64, INT64_MIN));
    cr_assert(eq(u64, exemplar->time_unix_nano, 77));
    cr_assert(exemplar->has_span);
    cr_assert(eq(int, memcmp(exemplar->trace_id, context.trace_id, 16), 0));
    cr_assert(eq(int, memcmp(exemplar->span_id, context.span_id, 8), 0));
    cr_assert(eq(str, (char *)taken.keys[0], "ab"));
    cr_assert(not(taken.items[1].has_span));
    cr_assert(eq(u8, taken.items[1].trace_id[0], 0));
    cr_assert(eq(sz, taken.items[1].filtered_attributes.count, 0));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* A hook may tell of baggage alone. */
Test(exemplar_reservoir, a_context_of_zeros_is_no_span) {
    struct tachoi_exemplar_reservoir *reservoir = simple(1, TACHO_TEMPORALITY_CUMULATIVE);
    const tacho_context context = {.struct_size = sizeof context, .trace_id = {1}};
    tacho_exemplar_measurement measurement = measured(1);
    measurement.context = &context;
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
    cr_assert(not(collect(reservoir).items[0].has_span));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* --- how many ----------------------------------------------------------------------------------
 */

static size_t places_of(const tacho_exemplar_reservoir_ops *ops, void *user, uint32_t max_size) {
    tacho_exemplar_reservoir_config config = config_of(TACHO_TEMPORALITY_DELTA);
    config.max_size = max_size;
    struct tachoi_exemplar_reservoir *reservoir = ops->create(user, &config);
    for (int i = 0; i < 200; i++) {
        offer(reservoir, i);
    }
    const size_t count = collect(reservoir).count;
    ops->destroy(reservoir);
    return count;
}

/* EXM-18, EXM-21 */
Test(exemplar_reservoir, the_simple_one_has_as_many_places_as_wanted) {
    const tacho_exemplar_reservoir_ops *ops = tacho_simple_fixed_size_reservoir();
    cr_assert(eq(sz, places_of(ops, NULL, 0), 1));
    cr_assert(eq(sz, places_of(ops, TACHO_RESERVOIR_SIZE(7), 0), 7));
    cr_assert(eq(sz, places_of(ops, NULL, 160), 20));
    cr_assert(eq(sz, places_of(ops, NULL, 5), 5));
    cr_assert(eq(sz, places_of(ops, TACHO_RESERVOIR_SIZE(30), 5), 30));
}

/* EXM-19 */
Test(exemplar_reservoir, without_buckets_the_aligned_one_is_a_simple_one) {
    const tacho_exemplar_reservoir_ops *ops = tacho_aligned_histogram_bucket_reservoir();
    cr_assert(eq(sz, places_of(ops, TACHO_RESERVOIR_SIZE(7), 0), 1));
    cr_assert(eq(sz, places_of(ops, NULL, 160), 20));
}

/* EXM-04, EXM-19 */
Test(exemplar_reservoir, the_aligned_one_keeps_one_exemplar_of_each_bucket) {
    struct tachoi_exemplar_reservoir *reservoir = aligned(TACHO_TEMPORALITY_DELTA);
    /* two of each: at or below the bound, above all bounds */
    static const double values[] = {-1, 10, 10.5, 20, 20.5, 30, 30.5, (double)INFINITY};
    for (size_t i = 0; i < 8; i++) {
        offer(reservoir, values[i]);
    }
    const struct taken taken = collect(reservoir);
    cr_assert(eq(sz, taken.count, 4));
    for (size_t bucket = 0; bucket < 4; bucket++) {
        const double value = taken.items[bucket].value.f64;
        cr_assert(value == values[2 * bucket] || value == values[2 * bucket + 1], "%g in %zu",
                  value, bucket);
    }
    tacho_exemplar_measurement whole = {
        .struct_size = sizeof whole, .number_type = TACHO_NUMBER_I64, .value.i64 = 20};
    tachoi_exemplar_reservoir_offer(reservoir, &whole);
    offer(reservoir, 20.5);
    cr_assert(eq(sz, collect(reservoir).count, 2));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* --- chance ------------------------------------------------------------------------------------
 */

enum { ROUNDS = 20000, OFFERED = 20 };

/* Of OFFERED measurements each is sampled with the probability `share`. The counts' deviations are
 * measured as for a chi-square test with OFFERED - 1 degrees of freedom, of which one in a million
 * is above 62. */
static void check_uniform(const uint64_t counts[OFFERED], double share) {
    const double expected = ROUNDS * share;
    double sum = 0;
    for (size_t i = 0; i < OFFERED; i++) {
        const double deviation = (double)counts[i] - expected;
        sum += deviation * deviation / (expected * (1 - share));
    }
    cr_assert(lt(dbl, sum, 62.0));
}

/* EXM-16 */
Test(exemplar_reservoir, the_simple_one_samples_all_alike) {
    static const size_t places[] = {1, 4, 19};
    for (size_t i = 0; i < 3; i++) {
        struct tachoi_exemplar_reservoir *reservoir = simple(places[i], TACHO_TEMPORALITY_DELTA);
        uint64_t counts[OFFERED] = {0};
        for (size_t round = 0; round < ROUNDS; round++) {
            for (size_t value = 0; value < OFFERED; value++) {
                offer(reservoir, (double)value);
            }
            const struct taken taken = collect(reservoir);
            cr_assert(eq(sz, taken.count, places[i]));
            for (size_t j = 0; j < taken.count; j++) {
                counts[(size_t)taken.items[j].value.f64]++;
            }
        }
        check_uniform(counts, (double)places[i] / OFFERED);
        tachoi_exemplar_reservoir_destroy(reservoir);
    }
}

/* EXM-19: each bucket apart, though one gets ten times as much as the other. */
Test(exemplar_reservoir, the_aligned_one_samples_all_of_a_bucket_alike) {
    struct tachoi_exemplar_reservoir *reservoir = aligned(TACHO_TEMPORALITY_DELTA);
    uint64_t counts[2][OFFERED] = {{0}};
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < OFFERED; i++) {
            for (size_t j = 0; j < 10; j++) {
                offer(reservoir, 10.1 + (double)i * 0.2);
            }
            offer(reservoir, 100 + (double)i);
        }
        const struct taken taken = collect(reservoir);
        cr_assert(eq(sz, taken.count, 2));
        counts[0][(size_t)lround((taken.items[0].value.f64 - 10.1) / 0.2)]++;
        counts[1][(size_t)(taken.items[1].value.f64 - 100)]++;
    }
    check_uniform(counts[0], 1.0 / OFFERED);
    check_uniform(counts[1], 1.0 / OFFERED);
    tachoi_exemplar_reservoir_destroy(reservoir);
}

Test(exemplar_reservoir, two_reservoirs_draw_differently) {
    const tacho_exemplar_reservoir_config config = config_of(TACHO_TEMPORALITY_DELTA);
    struct tachoi_exemplar_reservoir *one = tachoi_exemplar_reservoir_create(&config, 1, 10);
    struct tachoi_exemplar_reservoir *other = tachoi_exemplar_reservoir_create(&config, 1, 10);
    for (int i = 0; i < 1000; i++) {
        offer(one, i);
        offer(other, i);
    }
    const struct taken a = collect(one);
    const struct taken b = collect(other);
    size_t same = 0;
    for (size_t i = 0; i < 10; i++) {
        same += a.items[i].value.f64 == b.items[i].value.f64 ? 1 : 0;
    }
    cr_assert(lt(sz, same, 10));
    tachoi_exemplar_reservoir_destroy(one);
    tachoi_exemplar_reservoir_destroy(other);
}

/* --- rounds ------------------------------------------------------------------------------------
 */

/* EXM-17: else the first after many would have one chance in ten thousand. */
Test(exemplar_reservoir, a_collection_begins_a_new_round) {
    const tacho_temporality temporalities[] = {TACHO_TEMPORALITY_DELTA,
                                               TACHO_TEMPORALITY_CUMULATIVE};
    for (size_t i = 0; i < 4; i++) {
        struct tachoi_exemplar_reservoir *reservoir =
            i < 2 ? simple(1, temporalities[i]) : aligned(temporalities[i - 2]);
        for (int value = 1; value <= 5; value++) {
            for (int j = 0; j < 10000; j++) {
                offer(reservoir, 0);
            }
            (void)collect(reservoir);
            offer(reservoir, value);
            const struct taken taken = collect(reservoir);
            cr_assert(eq(sz, taken.count, 1));
            cr_assert(eq(dbl, taken.items[0].value.f64, value));
        }
        tachoi_exemplar_reservoir_destroy(reservoir);
    }
}

/* EXM-12 */
Test(exemplar_reservoir, delta_forgets_what_it_handed_out) {
    struct tachoi_exemplar_reservoir *reservoir = simple(3, TACHO_TEMPORALITY_DELTA);
    offer(reservoir, 1);
    offer(reservoir, 2);
    cr_assert(eq(sz, collect(reservoir).count, 2));
    cr_assert(eq(sz, collect(reservoir).count, 0));
    offer(reservoir, 3);
    const struct taken taken = collect(reservoir);
    cr_assert(eq(sz, taken.count, 1));
    cr_assert(eq(dbl, taken.items[0].value.f64, 3.0));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* EXM-12 */
Test(exemplar_reservoir, cumulative_keeps_exemplars_until_others_replace_them) {
    struct tachoi_exemplar_reservoir *reservoir = simple(2, TACHO_TEMPORALITY_CUMULATIVE);
    offer(reservoir, 1);
    offer(reservoir, 2);
    cr_assert(eq(sz, collect(reservoir).count, 2));
    offer(reservoir, 3);
    const struct taken taken = collect(reservoir);
    cr_assert(eq(sz, taken.count, 2));
    cr_assert(eq(dbl, taken.items[0].value.f64, 3.0));
    cr_assert(eq(dbl, taken.items[1].value.f64, 2.0));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* --- memory ------------------------------------------------------------------------------------
 */

static char text[4000];

static void offer_text(struct tachoi_exemplar_reservoir *reservoir, size_t length) {
    memset(text, 'x', sizeof text);
    tacho_exemplar_measurement measurement = measured((double)length);
    measurement.filtered_attributes = TACHO_ATTRS(TACHO_STRN("text", text, length));
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
}

/* EXM-13: around what lies in the slot itself and what its packer holds at once. */
Test(exemplar_reservoir, attributes_of_any_size_are_kept_whole) {
    static const size_t lengths[] = {0, 55, 56, 57, 58, 990, 1000, 4000, 3, 2000};
    struct tachoi_exemplar_reservoir *reservoir = simple(1, TACHO_TEMPORALITY_CUMULATIVE);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        offer_text(reservoir, lengths[i]);
        const struct taken taken = collect(reservoir);
        cr_assert(eq(sz, taken.count, 1));
        cr_assert(eq(str, (char *)taken.keys[0], "text"));
        cr_assert(eq(sz, taken.text_length[0], lengths[i]));
    }
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* EXM-14 */
Test(exemplar_reservoir, sampling_does_not_allocate) {
    struct tachoi_exemplar_reservoir *reservoir = simple(1, TACHO_TEMPORALITY_DELTA);
    tachoi_alloc_fail_at(1);
    for (size_t i = 0; i < 100; i++) {
        offer_text(reservoir, 50);
    }
    cr_assert(tachoi_alloc_fail_pending());
    tachoi_alloc_fail_at(0);
    cr_assert(eq(sz, collect(reservoir).count, 1));
    for (size_t i = 0; i < 3; i++) {
        offer_text(reservoir, 4000); /* the largest so far: once */
        (void)collect(reservoir);
        tachoi_alloc_fail_at(1);
        offer_text(reservoir, 3999);
        cr_assert(tachoi_alloc_fail_pending());
        tachoi_alloc_fail_at(0);
        cr_assert(eq(sz, collect(reservoir).text_length[0], 3999));
    }
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* EXM-14 */
Test(exemplar_reservoir, what_there_is_no_memory_for_is_not_sampled) {
    struct tachoi_exemplar_reservoir *reservoir = simple(1, TACHO_TEMPORALITY_CUMULATIVE);
    offer_text(reservoir, 1000);
    (void)collect(reservoir);
    tachoi_alloc_fail_at(1);
    offer_text(reservoir, 2000);
    cr_assert(not(tachoi_alloc_fail_pending()));
    const struct taken taken = collect(reservoir);
    cr_assert(eq(sz, taken.count, 1));
    cr_assert(eq(dbl, taken.items[0].value.f64, 1000.0));
    cr_assert(eq(sz, taken.text_length[0], 1000));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

Test(exemplar_reservoir, a_reservoir_and_a_collection_need_memory) {
    const tacho_exemplar_reservoir_config config = histogram_config(TACHO_TEMPORALITY_CUMULATIVE);
    tachoi_alloc_fail_at(1);
    cr_assert(eq(ptr, tacho_simple_fixed_size_reservoir()->create(NULL, &config), NULL));
    tachoi_alloc_fail_at(1);
    cr_assert(eq(ptr, tacho_aligned_histogram_bucket_reservoir()->create(NULL, &config), NULL));
    cr_assert(
        eq(ptr, tacho_simple_fixed_size_reservoir()->create((void *)UINTPTR_MAX, &config), NULL));

    struct tachoi_exemplar_reservoir *reservoir = simple(2, TACHO_TEMPORALITY_CUMULATIVE);
    offer_text(reservoir, 4000);
    offer_text(reservoir, 3900);
    uint64_t failures = 0;
    for (bool has_failed = true; has_failed; failures += has_failed ? 1 : 0) {
        tachoi_alloc_fail_at(failures + 1);
        const struct taken taken = collect(reservoir);
        has_failed = !tachoi_alloc_fail_pending();
        cr_assert(has_failed ? taken.count < 2 : taken.count == 2);
    }
    tachoi_alloc_fail_at(0);
    cr_assert(gt(u64, failures, 1));
    tachoi_exemplar_reservoir_destroy(reservoir);
}

/* --- threads -----------------------------------------------------------------------------------
 */

enum { THREADS = 4, OFFERS = 20000 };

/* Of measurement n all parts follow from n. */
static void offer_number(struct tachoi_exemplar_reservoir *reservoir, uint64_t number) {
    tacho_context context = {.struct_size = sizeof context, .trace_flags = TACHO_TRACE_SAMPLED};
    memcpy(context.trace_id, &number, sizeof number);
    memcpy(context.span_id, &number, sizeof number);
    tacho_exemplar_measurement measurement = measured((double)number);
    measurement.time_unix_nano = number;
    measurement.context = &context;
    measurement.filtered_attributes =
        TACHO_ATTRS(TACHO_I64("number", (int64_t)number), TACHO_STRN("text", text, number % 200));
    tachoi_exemplar_reservoir_offer(reservoir, &measurement);
}

static void check_number(void *self, const tacho_exemplar *exemplar) {
    const uint64_t number = exemplar->time_unix_nano;
    ++*(size_t *)self;
    cr_assert(eq(dbl, exemplar->value.f64, (double)number));
    cr_assert(exemplar->has_span);
    cr_assert(eq(int, memcmp(exemplar->trace_id, &number, sizeof number), 0));
    cr_assert(eq(int, memcmp(exemplar->span_id, &number, sizeof number), 0));
    cr_assert(eq(sz, exemplar->filtered_attributes.count, 2));
    const tacho_attribute *items = exemplar->filtered_attributes.items;
    cr_assert(eq(i64, items[0].value.as.i64, (int64_t)number));
    cr_assert(eq(sz, items[1].value.as.string.length, number % 200));
}

struct offering {
    struct tachoi_exemplar_reservoir *reservoir;
    _Atomic(size_t) running;
};

static void *offer_many(void *self) {
    struct offering *offering = self;
    for (uint64_t number = 1; number <= OFFERS; number++) {
        offer_number(offering->reservoir, number);
    }
    atomic_fetch_sub(&offering->running, 1);
    return NULL;
}

/* EXM-24 */
Test(exemplar_reservoir, threads_offer_while_one_collects) {
    const tacho_temporality temporalities[] = {TACHO_TEMPORALITY_DELTA,
                                               TACHO_TEMPORALITY_CUMULATIVE};
    for (size_t i = 0; i < 2; i++) {
        struct offering offering = {.reservoir = simple(256, temporalities[i]), .running = THREADS};
        pthread_t threads[THREADS];
        for (size_t j = 0; j < THREADS; j++) {
            cr_assert(eq(int, pthread_create(&threads[j], NULL, offer_many, &offering), 0));
        }
        size_t seen = 0;
        while (atomic_load(&offering.running) != 0) {
            tachoi_exemplar_reservoir_collect(offering.reservoir, check_number, &seen);
        }
        for (size_t j = 0; j < THREADS; j++) {
            cr_assert(eq(int, pthread_join(threads[j], NULL), 0));
        }
        offer_number(offering.reservoir, 5);
        tachoi_exemplar_reservoir_collect(offering.reservoir, check_number, &seen);
        cr_assert(gt(sz, seen, 0));
        tachoi_exemplar_reservoir_destroy(offering.reservoir);
    }
}

/* --- fork --------------------------------------------------------------------------------------
 */

enum { PAGES = 2, FORKS = 60, FORK_PLACES = 20, PAGE_BYTES = 1 << 17 };

static char pages[PAGES][PAGE_BYTES]; /* of one letter each; the value tells which page it is */

static void *offer_until_over(void *self) {
    struct offering *offering = self;
    for (uint64_t i = 0; atomic_load(&offering->running) != 0; i++) {
        const size_t page = (i * i / 7) % PAGES; /* no place gets the same one again and again */
        tacho_exemplar_measurement measurement = measured((double)page);
        measurement.filtered_attributes =
            TACHO_ATTRS(TACHO_STRN("text", pages[page], sizeof pages[page]));
        tachoi_exemplar_reservoir_offer(offering->reservoir, &measurement);
    }
    return NULL;
}

struct page_check {
    size_t count;
    bool is_good;
};

static void check_page(void *self, const tacho_exemplar *exemplar) {
    struct page_check *check = self;
    const tacho_attributes left = exemplar->filtered_attributes;
    check->count++;
    if (left.count != 0) { /* none are offered by the child */
        const char *page = pages[(size_t)exemplar->value.f64];
        check->is_good = check->is_good && left.items[0].value.as.string.length == PAGE_BYTES &&
                         memcmp(left.items[0].value.as.string.data, page, PAGE_BYTES) == 0;
    }
}

static bool samples_in_child(struct tachoi_exemplar_reservoir *reservoir) {
    struct page_check check = {.is_good = true};
    tachoi_exemplar_reservoir_collect(reservoir, check_page, &check);
    for (int i = 0; i < FORK_PLACES; i++) {
        offer(reservoir, 4);
    }
    check.count = 0;
    tachoi_exemplar_reservoir_collect(reservoir, check_page, &check);
    return check.is_good && check.count == FORK_PLACES;
}

/* EXM-24: a thread that is mostly inside an offer does not exist in the child. */
Test(exemplar_reservoir, a_lock_that_fork_left_behind_holds_nobody) {
    struct offering offering = {.reservoir = simple(FORK_PLACES, TACHO_TEMPORALITY_CUMULATIVE),
                                .running = 1};
    pthread_t thread;
    memset(pages[0], 'x', sizeof pages[0]);
    memset(pages[1], 'y', sizeof pages[1]);
    cr_assert(eq(int, pthread_create(&thread, NULL, offer_until_over, &offering), 0));
    struct page_check check = {.is_good = true};
    while (check.count < FORK_PLACES) { /* all places have their memory from then on */
        check.count = 0;
        tachoi_exemplar_reservoir_collect(offering.reservoir, check_page, &check);
    }
    for (int i = 0; i < FORKS; i++) {
        /* a new round: every offer is stored at first */
        tachoi_exemplar_reservoir_collect(offering.reservoir, check_page, &check);
        const pid_t child = fork();
        if (child == 0) {
            alarm(20); /* a child that hangs must not block the test */
            _exit(samples_in_child(offering.reservoir) ? 0 : 1);
        }
        int status = 0;
        cr_assert(eq(int, waitpid(child, &status, 0), child));
        const bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        cr_assert(is_good, "status %x", (unsigned)status);
    }
    atomic_store(&offering.running, 0);
    cr_assert(eq(int, pthread_join(thread, NULL), 0));
    cr_assert(check.is_good);
    tachoi_exemplar_reservoir_destroy(offering.reservoir);
}
