/* SPDX-License-Identifier: Apache-2.0 */
/* A series map that grows under fire: threads record the same many sets, each in another order of
 * sets and of attributes, so that old tables are given back while others look at them; in every
 * other life a removal begins the counting of visits on the way. Each set must have one series, and
 * that all of its measurements. A plain program: exit code 0 and one line. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/sync_storage.h"
#include "tacho/status.h"

enum { RECORDERS = 4, LIVES = 30, SETS = 20011, VICTIM = SETS };

static const struct tachoi_aggregation sum = {
    .kind = TACHOI_AGGREGATION_SUM, .number_type = TACHO_NUMBER_I64, .is_monotonic = true};
static struct tachoi_sync_storage *storage;
static bool removes;

static void require(bool condition, const char *what) {
    if (!condition) {
        (void)fprintf(stderr, "growth_stress: %s\n", what);
        exit(1);
    }
}

static uint64_t read_clock(void *user) {
    (void)user;
    return 1;
}
static const tacho_clock clock_of_stress = {
    .struct_size = sizeof clock_of_stress, .unix_ns = read_clock, .monotonic_ns = read_clock};

static void record(int64_t id, bool is_falling) {
    if (is_falling) {
        tachoi_sync_storage_record_i64(storage, 1,
                                       TACHO_ATTRS(TACHO_I64("set", id), TACHO_STR("all", "x")));
    } else {
        tachoi_sync_storage_record_i64(storage, 1,
                                       TACHO_ATTRS(TACHO_STR("all", "x"), TACHO_I64("set", id)));
    }
}

static void *record_all(void *self) {
    const int64_t number = (int64_t)(intptr_t)self;
    for (int64_t i = 0; i < SETS; i++) {
        record(i * (2 * number + 1) % SETS, number % 2 == 0); /* a prime number of sets */
        if (removes && number == 0 && i == SETS / 3) {
            record(VICTIM, false);
            require(tachoi_sync_storage_remove(
                        storage, TACHO_ATTRS(TACHO_STR("all", "x"), TACHO_I64("set", VICTIM))) ==
                        TACHO_OK,
                    "the victim cannot be removed");
        }
    }
    return NULL;
}

static void check(void) {
    struct tachoi_series *series = storage->map.overflow;
    size_t count = tachoi_series_map_count(&storage->map);
    require(count == SETS + 1 + (size_t)removes, "a set has no series of its own");
    require(tachoi_series_read_i64(series) == 0, "a measurement went to the overflow series");
    for (; count > 1; count--) {
        series = tachoi_series_map_next(series);
        require(tachoi_series_read_i64(series) == RECORDERS ||
                    tachoi_series_map_has_ended(&storage->map, series),
                "a series has not got what was recorded for it");
    }
}

static void live(void) {
    const struct tachoi_storage_config config = {
        .aggregation = &sum, .limit = UINT32_MAX, .clock = &clock_of_stress};
    pthread_t threads[RECORDERS];
    require(tachoi_sync_storage_create(&config, &storage) == TACHO_OK, "no storage");
    for (intptr_t i = 0; i < RECORDERS; i++) {
        require(pthread_create(&threads[i], NULL, record_all, (void *)i) == 0, "no thread");
    }
    for (size_t i = 0; i < RECORDERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    check();
    tachoi_sync_storage_destroy(storage);
}

int main(void) {
    for (int i = 0; i < LIVES; i++) {
        removes = i % 2 != 0;
        live();
    }
    (void)printf("growth_stress: %d lives of %d sets\n", LIVES, SETS);
    return 0;
}
