/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what the tests of storages share: Criterion, a clock that is set by hand, aggregations, and
 * finding a point. */
#ifndef TESTS_UNIT_STORAGE_FIXTURE_H
#define TESTS_UNIT_STORAGE_FIXTURE_H

#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregation/explicit_histogram.h"
#include "aggregation/exponential_histogram.h"
#include "base/alloc.h"
#include "storage/storage.h"
#include "tacho/sdk/metric_data.h"
#include "tacho/sdk/metric_reader.h"

#define UNUSED __attribute__((unused))

static uint64_t fake_unix_ns = 1000;

static uint64_t read_fake_clock(void *user) {
    (void)user;
    return fake_unix_ns;
}

static const tacho_clock fake_clock UNUSED = {
    .struct_size = sizeof fake_clock, .unix_ns = read_fake_clock, .monotonic_ns = read_fake_clock};

static const struct tachoi_aggregation sum_i64 UNUSED = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true};
static const struct tachoi_aggregation sum_f64 UNUSED = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_F64, .is_monotonic = true};
static const struct tachoi_aggregation last_i64 UNUSED = {.kind = TACHOI_AGGREGATION_LAST_VALUE,
                                                          .number_type = TACHO_NUMBER_I64};
static const struct tachoi_aggregation last_f64 UNUSED = {.kind = TACHOI_AGGREGATION_LAST_VALUE,
                                                          .number_type = TACHO_NUMBER_F64};
static const struct tachoi_aggregation histogram UNUSED = {
    .kind = TACHOI_AGGREGATION_EXPLICIT_HISTOGRAM,
    .number_type = TACHO_NUMBER_F64,
    .bounds = tachoi_default_bounds,
    .bound_count = TACHOI_DEFAULT_BOUND_COUNT};

static const struct tachoi_aggregation exponential UNUSED = {
    .kind = TACHOI_AGGREGATION_EXPONENTIAL_HISTOGRAM,
    .number_type = TACHO_NUMBER_F64,
    .max_size = TACHOI_EXPONENTIAL_MAX_SIZE,
    .max_scale = TACHOI_EXPONENTIAL_MAX_SCALE};

/** {"id" = id}: the test's n-th set. Valid to the end of the enclosing block. */
#define SET(id) TACHO_ATTRS(TACHO_I64("id", (id)))

/** The point of SET(id), or of the overflow series for id -1; NULL if there is none. All kinds of
 * points begin alike. */
UNUSED static const void *find_point(const struct tachoi_points *points, int64_t id) {
    for (size_t i = 0; i < points->count; i++) {
        const tacho_number_point *point =
            (const void *)((const char *)points->items + i * points->size);
        const tacho_attribute *attr = point->attributes.items;
        if (point->attributes.count != 1) {
            continue;
        }
        if (attr->value.type == TACHO_VALUE_I64 ? attr->value.as.i64 == id : id == -1) {
            return point;
        }
    }
    return NULL;
}

/** Makes a storage on the fake clock, created at its present time. */
UNUSED static struct tachoi_sync_storage *
create_sync_of(const struct tachoi_storage_config *config) {
    struct tachoi_sync_storage *storage = NULL;
    struct tachoi_storage_config complete = *config;
    complete.clock = &fake_clock;
    complete.creation_unix_nano = fake_unix_ns;
    cr_assert(eq(int, tachoi_sync_storage_create(&complete, &storage), TACHO_OK));
    return storage;
}

UNUSED static struct tachoi_sync_storage *create_sync(const struct tachoi_aggregation *aggregation,
                                                      uint32_t limit) {
    return create_sync_of(
        &(struct tachoi_storage_config){.aggregation = aggregation, .limit = limit});
}

UNUSED static struct tachoi_points collect_sync(struct tachoi_sync_storage *storage,
                                                struct tachoi_arena *arena) {
    struct tachoi_points points = {0};
    const struct tachoi_moment now = {fake_unix_ns, fake_unix_ns};
    tachoi_arena_reset(arena);
    cr_assert(tachoi_sync_storage_collect(storage, now, arena, &points));
    return points;
}

/** Whether `is_good`, run in a forked child, returns true. The child ends without clean-up. */
UNUSED static bool holds_in_child(bool (*is_good)(void *user), void *user) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(20); /* a child that blocks must not block the test */
        _exit(is_good(user) ? 0 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

#endif
