/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting batches into parts of limited size: alone, and on the way from a reader to its exporter.
 */
#include "reader/batch_split.h"

#include "sdk_fixture.h"

/* --- batches --- */

#define MAX_METRICS 16
#define MAX_POINTS 64

/* A batch of metrics with so many points each; point ids count from 1 through all of them. */
struct made_batch {
    tacho_metric_batch batch;
    tacho_scope scopes[MAX_METRICS];
    tacho_scope_metrics scope_metrics[MAX_METRICS];
    tacho_metric metrics[MAX_METRICS];
    tacho_number_point points[MAX_POINTS];
};

/* `shape` lists the points of each metric; a negative number begins a new scope before it. */
static struct made_batch *make_batch(const int *shape, size_t count) {
    struct made_batch *made = calloc(1, sizeof *made);
    cr_assert(ne(ptr, made, NULL));
    size_t used = 0;
    tacho_scope_metrics *scope = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || shape[i] < 0) {
            scope = &made->scope_metrics[made->batch.scope_count];
            *scope = (tacho_scope_metrics){.scope = &made->scopes[made->batch.scope_count++],
                                           .metrics = &made->metrics[i],
                                           .metric_size = sizeof(tacho_metric)};
        }
        made->metrics[i] = (tacho_metric){.name = tacho_string_from("metric"),
                                          .type = TACHO_METRIC_SUM,
                                          .temporality = TACHO_TEMPORALITY_CUMULATIVE,
                                          .points = &made->points[used],
                                          .point_count = (size_t)abs(shape[i]),
                                          .point_size = sizeof(tacho_number_point)};
        for (size_t j = 0; j < made->metrics[i].point_count; j++, used++) {
            made->points[used].series.id = used + 1;
        }
        scope->metric_count++;
    }
    made->batch.struct_size = sizeof made->batch;
    made->batch.time_unix_nano = 17;
    made->batch.scopes = made->scope_metrics;
    made->batch.scope_size = sizeof(tacho_scope_metrics);
    made->batch.point_count = used;
    return made;
}

/* Where a part's points stand: checks that each is in its own metric and scope, in order. */
static void check_part(const struct made_batch *made, const tacho_metric_batch *part,
                       uint64_t *last_id) {
    size_t seen = 0;
    for (size_t i = 0; i < part->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(part, i);
        cr_expect(gt(sz, scope->metric_count, 0));
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            cr_expect(gt(sz, metric->point_count, 0));
            for (size_t k = 0; k < metric->point_count; k++, seen++) {
                uint64_t id = tacho_metric_number_point(metric, k)->series.id;
                cr_expect(eq(u64, id, *last_id + 1), "points come in order, each once");
                *last_id = id;
            }
        }
    }
    cr_expect(eq(sz, seen, part->point_count));
    cr_expect(eq(u64, part->time_unix_nano, made->batch.time_unix_nano));
}

static void check_split(const int *shape, size_t count, size_t max_points) {
    struct made_batch *made = make_batch(shape, count);
    size_t total = made->batch.point_count;
    struct tachoi_arena arena;
    struct tachoi_batch_split split;
    tacho_metric_batch part;
    uint64_t last_id = 0;
    size_t parts = 0;
    tachoi_arena_init(&arena, 0);
    cr_assert(tachoi_batch_split_init(&split, &made->batch, max_points, &arena));
    while (tachoi_batch_split_next(&split, &part)) {
        parts++;
        check_part(made, &part, &last_id);
        size_t left = total - (size_t)last_id;
        cr_expect(eq(int, part.has_more, left > 0), "%zu of %zu", (size_t)last_id, total);
        cr_expect(left == 0 || part.point_count == max_points, "a part of %zu points, %zu fit",
                  part.point_count, max_points);
        cr_expect(le(sz, part.point_count, max_points));
        cr_assert(le(sz, parts, total + 1));
    }
    cr_expect(eq(sz, (size_t)last_id, total));
    cr_expect(eq(sz, parts, total == 0 ? 1 : (total + max_points - 1) / max_points));
    tachoi_arena_fini(&arena);
    free(made);
}

/* RDR-19: in order, each part full, whatever the shape and the size */
Test(batch_split, parts_are_full_and_hold_every_point_once) {
    static const struct {
        int shape[8];
        size_t count;
    } shapes[] = {{{0}, 0},
                  {{1}, 1},
                  {{7}, 1},
                  {{3, 3, 3}, 3},
                  {{1, 1, 1, 1, 1, 1, 1, 1}, 8},
                  {{2, -5, 1, -1, 4}, 5},
                  {{9, -1, -9}, 3},
                  {{1, -10, 1, -1, 2, 3, -4, 5}, 8}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t max_points = 1; max_points <= 30; max_points++) {
            check_split(shapes[i].shape, shapes[i].count, max_points);
        }
    }
}

/* RDR-19: metrics without points take no part of their own */
Test(batch_split, metrics_without_points_make_no_parts) {
    static const int shape[] = {0, 2, 0, 0, 1, 0};
    for (size_t max_points = 1; max_points < 3; max_points++) {
        check_split(shape, 6, max_points);
    }
}

Test(batch_split, larger_and_smaller_structs_are_walked_by_their_size) {
    static const int shape[] = {3};
    struct made_batch *made = make_batch(shape, 1);
    struct {
        tacho_number_point point;
        uint64_t more;
    } large[3];
    memset(large, 0, sizeof large);
    for (size_t i = 0; i < 3; i++) {
        large[i].point.series.id = 100 + i;
    }
    made->metrics[0].points = large;
    made->metrics[0].point_size = sizeof large[0];
    struct tachoi_arena arena;
    struct tachoi_batch_split split;
    tacho_metric_batch part;
    tachoi_arena_init(&arena, 0);
    cr_assert(tachoi_batch_split_init(&split, &made->batch, 1, &arena));
    for (uint64_t i = 0; tachoi_batch_split_next(&split, &part); i++) {
        const tacho_metric *metric =
            tacho_scope_metrics_metric(tacho_metric_batch_scope(&part, 0), 0);
        cr_expect(eq(u64, tacho_metric_number_point(metric, 0)->series.id, 100 + i));
    }
    tachoi_arena_fini(&arena);
    free(made);
}

Test(batch_split, failed_allocations_are_told_before_the_first_part) {
    static const int shape[] = {3, 3};
    struct made_batch *made = make_batch(shape, 2);
    struct tachoi_batch_split split;
    bool is_ready = false;
    uint64_t k = 1;
    for (; !is_ready && k < 10; k++) {
        struct tachoi_arena arena;
        tachoi_arena_init(&arena, 0);
        tachoi_alloc_fail_at(k);
        is_ready = tachoi_batch_split_init(&split, &made->batch, 2, &arena);
        tachoi_alloc_fail_at(0);
        tachoi_arena_fini(&arena);
    }
    cr_expect(is_ready);
    cr_expect(gt(u64, k, 2));
    free(made);
}

/* --- from a reader to its exporter --- */

struct part_log {
    size_t count;
    size_t points[64];
    bool has_more[64];
    uint64_t times[64];
    uint64_t deadlines[64];
    size_t fails_at; /* the part of this number, from 1; 0 = none */
    int failure;
};

static int log_part(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    struct part_log *log = self;
    cr_assert(lt(sz, log->count, 64));
    log->points[log->count] = batch->point_count;
    log->has_more[log->count] = batch->has_more;
    log->times[log->count] = batch->time_unix_nano;
    log->deadlines[log->count] = deadline_ns;
    log->count++;
    return log->count == log->fails_at ? log->failure : TACHO_OK;
}

static const tacho_metric_exporter_ops part_log_ops = {
    .struct_size = sizeof part_log_ops, .name = "part_log", .export_batch = log_part};

static int make_split_reader(struct part_log *log, size_t max_points, tacho_metric_reader **out) {
    tacho_metric_exporter *exporter = NULL;
    int status = tacho_metric_exporter_create(&part_log_ops, log, &exporter);
    return status != TACHO_OK
               ? status
               : tacho_manual_reader_create(exporter,
                                            TACHO_OPTIONS(tacho_manual_reader_options,
                                                          .max_export_batch_size = max_points),
                                            out);
}

/* A provider with 5 series of one counter and 2 of another, read in parts. */
static struct sdk make_split_sdk(struct part_log *log, size_t max_points) {
    struct sdk sdk = {.reader = NULL};
    cr_assert(eq(int, make_split_reader(log, max_points, &sdk.reader), TACHO_OK));
    sdk.provider = make_provider(&sdk.reader, 1);
    sdk.meter = tacho_meter_provider_get_meter(sdk.provider, "test", NULL);
    tacho_counter *many = tacho_meter_create_counter(sdk.meter, "many", NULL);
    tacho_counter *few = tacho_meter_create_counter(sdk.meter, "few", NULL);
    for (int64_t i = 0; i < 5; i++) {
        tacho_counter_add(many, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    for (int64_t i = 0; i < 2; i++) {
        tacho_counter_add(few, 1, TACHO_ATTRS(TACHO_I64("i", i)));
    }
    return sdk;
}

/* RDR-19, RDR-20: 3 + 3 + 1 of the first collection, then 3 + 3 + 1 of the second */
Test(batch_split, a_reader_exports_one_collection_after_the_other_in_parts) {
    static const size_t expected[] = {3, 3, 1, 3, 3, 1};
    struct part_log log = {.count = 0};
    struct sdk sdk = make_split_sdk(&log, 3);
    for (size_t i = 0; i < 2; i++) {
        cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_OK));
    }
    cr_assert(eq(sz, log.count, 6));
    for (size_t i = 0; i < 6; i++) {
        cr_expect(eq(sz, log.points[i], expected[i]), "part %zu", i);
        cr_expect(eq(int, log.has_more[i], i % 3 < 2), "part %zu", i);
        cr_expect(eq(u64, log.times[i], log.times[i - i % 3]), "parts do not mix collections");
        cr_expect(eq(u64, log.deadlines[i], log.deadlines[i - i % 3]), "one deadline for all");
    }
    cr_expect(lt(u64, log.times[0], log.times[3]));
    tacho_meter_provider_destroy(sdk.provider);
}

/* RDR-19 */
Test(batch_split, what_fits_and_what_has_no_limit_is_exported_whole) {
    static const size_t limits[] = {0, 7, 8};
    for (size_t i = 0; i < 3; i++) {
        struct part_log log = {.count = 0};
        struct sdk sdk = make_split_sdk(&log, limits[i]);
        cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_OK));
        cr_assert(eq(sz, log.count, 1));
        cr_expect(eq(sz, log.points[0], 7));
        cr_expect(not(log.has_more[0]));
        tacho_meter_provider_destroy(sdk.provider);
    }
}

/* RDR-17, RDR-19, EXP-07: the part that failed is lost, the others are not */
Test(batch_split, after_a_part_that_fails_the_next_ones_are_exported) {
    struct part_log log = {.fails_at = 1, .failure = TACHO_E_UNSUPPORTED};
    struct sdk sdk = make_split_sdk(&log, 2);
    capture_diagnostics();
    cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_E_UNSUPPORTED));
    cr_expect(eq(sz, log.count, 4));
    cr_expect(was_told("export_failed", "2 points"));
    log.fails_at = 6;
    cr_expect(eq(int, tacho_meter_provider_force_flush(sdk.provider, 0), TACHO_E_FAILED));
    cr_expect(eq(sz, log.count, 8));
    tacho_meter_provider_destroy(sdk.provider);
}

Test(batch_split, a_consumer_gets_the_whole_batch) {
    struct part_log log = {.count = 0};
    struct sdk sdk = make_split_sdk(&log, 2);
    struct collected *collected = collect(sdk.reader);
    cr_expect(eq(sz, collected->point_count, 7));
    cr_expect(eq(sz, log.count, 0));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* RDR-19: without memory all of a collection is exported, or nothing of it */
Test(batch_split, a_collection_without_memory_exports_all_parts_or_none) {
    setenv("OTEL_LOG_LEVEL", "none", 1);
    bool has_failed = true;
    unsigned failures = 0;
    for (uint64_t k = 1; has_failed && k < 100; k++) {
        struct part_log log = {.count = 0};
        struct sdk sdk = make_split_sdk(&log, 2);
        tachoi_alloc_fail_at(k);
        int status = tacho_metric_reader_collect(sdk.reader, 0);
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        cr_assert(status == TACHO_OK || status == TACHO_E_NO_MEMORY, "%d", status);
        cr_expect(log.count == 0 || !log.has_more[log.count - 1]);
        failures += status != TACHO_OK;
        log.count = 0;
        cr_expect(eq(int, tacho_metric_reader_collect(sdk.reader, 0), TACHO_OK));
        cr_expect(eq(sz, log.count, 4));
        log.count = 0;
        tacho_meter_provider_destroy(sdk.provider);
    }
    cr_expect(not(has_failed));
    cr_expect(gt(u32, failures, 0));
}
