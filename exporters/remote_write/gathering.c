/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a collection in the making. See gathering.h. */
#include "remote_write/gathering.h"

#include "remote_write/options.h"
#include "tacho/sdk/diagnostics.h"

void tachoi_gathering_init(struct tachoi_gathering *gathering, size_t shard_count) {
    *gathering = (struct tachoi_gathering){.shard_count = shard_count > 0 ? shard_count : 1};
}

void tachoi_gathering_fini(struct tachoi_gathering *gathering) {
    for (size_t i = 0; i < gathering->shard_count; i++) {
        tachoi_run_fini(&gathering->runs[i]);
    }
    tachoi_collisions_fini(&gathering->collisions);
}

void tachoi_gathering_begin(struct tachoi_gathering *gathering) {
    for (size_t i = 0; i < gathering->shard_count; i++) {
        tachoi_run_clear(&gathering->runs[i]);
    }
    if (gathering->compares_all) { /* its table was as large as the collection */
        tachoi_collisions_fini(&gathering->collisions);
    }
    tachoi_collisions_begin(&gathering->collisions);
    gathering->must_compare_all = gathering->compares_all = false;
}

void tachoi_gathering_clear_counts(struct tachoi_gathering *gathering) {
    gathering->accepted = gathering->invalid = gathering->stale_markers = 0;
    gathering->exemplars = gathering->unsupported = gathering->unsupported_exemplars = 0;
    gathering->collisions_merged = gathering->collisions_dropped = 0;
    gathering->lacked_memory = false;
}

/* --- equal labels --- */

static void report_collision(const struct tachoi_encoded_series *series) {
    char text[256];
    tachoi_encoded_series_describe(series, 0, text, sizeof text);
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, TACHOI_REMOTE_WRITE, "label_collision",
                             "another instrument already gives the series of %s; the later one is "
                             "dropped: rename it or its attributes",
                             text);
}

static size_t components_of(const struct tachoi_gathering *gathering) {
    size_t components = 0;
    for (size_t i = 0; i < gathering->shard_count; i++) {
        struct tachoi_run_walk walk = tachoi_run_walk(&gathering->runs[i]);
        for (const struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
             record = tachoi_run_next(&walk)) {
            components += record->series->shape->component_count;
        }
    }
    return components;
}

/* A series turned out to be contested by one that may have a record already: from now on all
 * records of the collection are compared. False when memory is short. */
static bool compare_all(struct tachoi_gathering *gathering) {
    tachoi_collisions_begin(&gathering->collisions);
    if (!tachoi_collisions_reserve(&gathering->collisions, components_of(gathering))) {
        return false;
    }
    for (size_t i = 0; i < gathering->shard_count; i++) {
        struct tachoi_run_walk walk = tachoi_run_walk(&gathering->runs[i]);
        for (struct tachoi_record *record = tachoi_run_next(&walk); record != NULL;
             record = tachoi_run_next(&walk)) {
            tachoi_collisions_add(&gathering->collisions, record);
        }
    }
    gathering->compares_all = true;
    return true;
}

void tachoi_gathering_place(struct tachoi_gathering *gathering, struct tachoi_cached_series *entry,
                            struct tachoi_record *record, bool is_new_contest) {
    const size_t samples = tachoi_record_samples(record);
    gathering->must_compare_all = gathering->must_compare_all || is_new_contest;
    if ((gathering->must_compare_all && !gathering->compares_all && !compare_all(gathering)) ||
        !tachoi_collisions_reserve(&gathering->collisions,
                                   record->series->shape->component_count)) {
        tachoi_gathering_lack_memory(gathering, samples);
        return;
    }
    struct tachoi_record *owner = tachoi_collisions_find(&gathering->collisions, record->series);
    if (owner == NULL) {
        tachoi_collisions_add(&gathering->collisions, record);
        tachoi_gathering_commit(gathering, entry, record);
    } else if (tachoi_record_can_merge(owner, record)) {
        tachoi_record_merge(owner, record);
        gathering->collisions_merged++;
    } else {
        tachoi_gathering_count_invalid(gathering, samples);
        gathering->collisions_dropped++;
        report_collision(record->series);
    }
}

bool tachoi_gathering_has_equal(const struct tachoi_gathering *gathering,
                                const struct tachoi_encoded_series *series) {
    return gathering->collisions.slot_count > 0 &&
           tachoi_collisions_find(&gathering->collisions, series) != NULL;
}
