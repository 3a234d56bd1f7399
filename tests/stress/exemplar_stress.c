/* SPDX-License-Identifier: Apache-2.0 */
/* Exemplars under fire: threads record into a few series, whose reservoirs they make together,
 * while the hook comes and goes and a collector collects. Every exemplar must be a measurement that
 * was offered, all of its parts must belong to that one, and delta points must not see it twice.
 * A plain program: exit code 0 and one line. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attributes/attribute_set.h"
#include "base/alloc.h"
#include "storage/exemplars.h"
#include "tacho/status.h"

enum { RECORDERS = 4, RECORDS = 100000, MAX_TEXT = 300 };
enum { MAX_NUMBERS = RECORDERS * RECORDS + 16 }; /* with those at the end */

static const double bounds[] = {10000, 20000, 30000, 60000};
static const struct tachoi_aggregation sum = {.kind = TACHOI_AGGREGATION_SUM,
                                              .number_type = TACHO_NUMBER_F64};
static const struct tachoi_aggregation histogram = {.kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
                                                    .number_type = TACHO_NUMBER_F64,
                                                    .bounds = bounds,
                                                    .bound_count = 4};
static const struct tachoi_aggregation exponential = {.kind =
                                                          TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
                                                      .number_type = TACHO_NUMBER_F64,
                                                      .max_size = 160};

struct series {
    struct tachoi_exemplar_policy policy;
    struct tachoi_series_exemplars exemplars;
    bool was_seen[MAX_NUMBERS]; /* collector only */
    size_t collected;
};

enum { SERIES = 5 };
static struct series all[SERIES];
static struct tachoi_attribute_set *set;
static _Atomic(size_t) running;
static _Atomic(uint64_t) next_number = 1;
static char text[MAX_TEXT];

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "exemplar_stress: %s\n", what);
        exit(1);
    }
}

/* --- what belongs to a number ---------------------------------------------------------------- */

static _Thread_local uint64_t current; /* the number that this thread records */

static uint64_t read_clock(void *user) {
    (void)user;
    return current;
}
static const tacho_clock clock_of_stress = {
    .struct_size = sizeof clock_of_stress, .unix_ns = read_clock, .monotonic_ns = read_clock};

static bool current_span(tacho_context *out, void *user) {
    (void)user;
    memcpy(out->trace_id, &current, sizeof current);
    memcpy(out->trace_id + 8, &current, sizeof current);
    memcpy(out->span_id, &current, sizeof current);
    out->trace_flags = TACHO_TRACE_SAMPLED;
    return true;
}
static const tacho_spi_context_hook hook = {.hook = current_span};
static tacho_spi_context_slot slot;

static void record(struct series *series, uint64_t number) {
    const struct tachoi_exemplar_target target = {
        .exemplars = &series->exemplars, .attributes = set->bytes, .attributes_size = set->size};
    current = number;
    if (tachoi_exemplars_are_on(&series->policy)) {
        tachoi_exemplars_consider(
            &series->policy, &target, (union tachoi_measured){.f64 = (double)number},
            TACHO_ATTRS(TACHO_STRN("text", text, number % MAX_TEXT), TACHO_STR("kept", "k"),
                        TACHO_I64("number", (int64_t)number)),
            true);
    }
}

static void check(struct series *series, const tacho_exemplar *exemplar) {
    const uint64_t number = exemplar->time_unix_nano;
    require(number > 0 && number < atomic_load(&next_number), "an exemplar nobody offered");
    require(exemplar->value.f64 == (double)number, "the value is of another measurement");
    /* with AlwaysOn the hook may have been away */
    require(exemplar->has_span || series->policy.filter == TACHO_EXEMPLAR_FILTER_ALWAYS_ON,
            "no span though the filter wants one");
    if (exemplar->has_span) {
        require(memcmp(exemplar->trace_id, &number, 8) == 0 &&
                    memcmp(exemplar->trace_id + 8, &number, 8) == 0 &&
                    memcmp(exemplar->span_id, &number, 8) == 0,
                "the span is of another measurement");
    }
    const tacho_attribute *items = exemplar->filtered_attributes.items;
    require(exemplar->filtered_attributes.count == 2, "attributes are missing");
    require(items[0].value.as.i64 == (int64_t)number, "an attribute is of another measurement");
    require(items[1].value.as.string.length == number % MAX_TEXT, "a text of the wrong length");
    for (size_t i = 0; i < items[1].value.as.string.length; i++) {
        require(items[1].value.as.string.data[i] == 'x', "a text of the wrong bytes");
    }
    require(series->policy.temporality != TACHO_TEMPORALITY_DELTA || !series->was_seen[number],
            "delta points saw an exemplar twice");
    series->was_seen[number] = true;
    series->collected++;
}

/* --- threads --------------------------------------------------------------------------------- */

static void *record_many(void *self) {
    (void)self;
    for (size_t i = 0; i < RECORDS; i++) {
        const uint64_t number = atomic_fetch_add(&next_number, 1);
        record(&all[i % SERIES], number);
    }
    atomic_fetch_sub(&running, 1);
    return NULL;
}

static void collect(struct series *series, struct tachoi_arena *arena) {
    tacho_exemplars exemplars;
    tachoi_arena_reset(arena);
    tachoi_exemplars_collect(&series->policy, &series->exemplars, arena, &exemplars);
    for (size_t i = 0; i < exemplars.count; i++) {
        check(series, tacho_exemplars_at(&exemplars, i));
    }
}

static void collect_until_over(void) {
    struct tachoi_arena arena;
    tachoi_arena_init(&arena, 0);
    for (size_t round = 0; atomic_load(&running) != 0; round++) {
        atomic_store(&slot, round % 8 == 7 ? NULL : &hook);
        for (size_t i = 0; i < SERIES; i++) {
            collect(&all[i], &arena);
        }
    }
    /* quiet now: what is offered is sampled */
    atomic_store(&slot, &hook);
    for (size_t i = 0; i < SERIES; i++) {
        collect(&all[i], &arena);
        const size_t before = all[i].collected;
        record(&all[i], atomic_fetch_add(&next_number, 1));
        collect(&all[i], &arena);
        require(all[i].collected > before, "nothing was sampled in quiet");
    }
    tachoi_arena_fini(&arena);
}

static void set_up(struct tachoi_attribute_filter *filter) {
    const struct tachoi_aggregation *aggregations[SERIES] = {&sum, &histogram, &exponential,
                                                             &histogram, &sum};
    for (size_t i = 0; i < SERIES; i++) {
        all[i].policy = (struct tachoi_exemplar_policy){
            .filter = i < 3 ? TACHO_EXEMPLAR_FILTER_TRACE_BASED : TACHO_EXEMPLAR_FILTER_ALWAYS_ON,
            .context = &slot,
            .clock = &clock_of_stress,
            .kind = TACHO_INSTRUMENT_HISTOGRAM,
            .number_type = TACHO_NUMBER_F64,
            .temporality = i % 2 == 0 ? TACHO_TEMPORALITY_DELTA : TACHO_TEMPORALITY_CUMULATIVE,
            .attribute_filter = filter,
            /* the first has so many places that most offers are stored */
            .ops = i == 0 ? tacho_simple_fixed_size_reservoir() : NULL,
            .user = i == 0 ? TACHO_RESERVOIR_SIZE(512) : NULL,
            .aggregation = aggregations[i]};
    }
}

int main(void) {
    const tacho_string key = tacho_string_from("kept");
    struct tachoi_attribute_filter *filter = NULL;
    struct tachoi_attribute_key packed;
    require(tachoi_attribute_filter_create((struct tachoi_key_list){&key, 1},
                                           (struct tachoi_key_list){NULL, 0}, &filter) == TACHO_OK,
            "no filter");
    tachoi_attribute_key_init(&packed, TACHO_ATTRS(TACHO_STR("kept", "k")));
    set = tachoi_attribute_set_create(&packed);
    require(set != NULL, "no memory");
    memset(text, 'x', sizeof text);
    set_up(filter);
    pthread_t threads[RECORDERS];
    atomic_store(&running, RECORDERS);
    for (size_t i = 0; i < RECORDERS; i++) {
        require(pthread_create(&threads[i], NULL, record_many, NULL) == 0, "no thread");
    }
    collect_until_over();
    size_t collected = 0;
    for (size_t i = 0; i < RECORDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < SERIES; i++) {
        collected += all[i].collected;
        tachoi_exemplars_fini(&all[i].policy, &all[i].exemplars);
    }
    tachoi_free(set);
    tachoi_attribute_filter_destroy(filter);
    printf("exemplar_stress: %" PRIu64 " measurements, %zu exemplars\n",
           atomic_load(&next_number) - 1, collected);
    return 0;
}
