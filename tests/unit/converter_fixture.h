/* SPDX-License-Identifier: Apache-2.0 */
/* Owns a converter under test with its queue and a batch. For test files that include it once. */
#ifndef TACHO_TESTS_UNIT_CONVERTER_FIXTURE_H
#define TACHO_TESTS_UNIT_CONVERTER_FIXTURE_H

#include "remote_write/converter.h"
#include "remote_write/queue.h"
#include "support/batch.h"

static tacho_resource *resource;
static struct tachoi_converter converter;
static struct tachoi_queue queue;
static struct batch batch;
static int64_t now_ms;

static void converter_begin(const struct tachoi_converter_options *options) {
    resource = batch_resource();
    tachoi_converter_init(&converter, options);
    tachoi_queue_init(&queue, UINT64_MAX);
    batch_init(&batch, resource, 0);
    now_ms = BATCH_UNIX_MS;
}

static void converter_end(void) {
    batch_fini(&batch);
    (void)tachoi_queue_clear_locked(&queue);
    cr_expect(eq(u64, queue.bytes, 0));
    tachoi_queue_fini(&queue);
    tachoi_converter_fini(&converter);
    tacho_resource_destroy(resource);
}

/* The next collection has other points. */
static inline void renew(void) {
    batch_fini(&batch);
    batch_init(&batch, resource, 0);
}

static void retire(const struct tachoi_cached_series *entry, void *user) {
    tachoi_queue_retire_locked(user, entry->series, entry->records);
}

/* What the worker does with a collection. */
static void enqueue(void) {
    for (size_t i = 0; i < converter.gathering.shard_count; i++) {
        tachoi_queue_append_locked(&queue, &converter.gathering.runs[i]);
    }
    tachoi_series_cache_retire_locked(&converter.cache, retire, &queue);
    tachoi_series_cache_free(&converter.cache, tachoi_queue_take_gone_locked(&queue));
}

/* Converts the batch as a collection a second after the last one. */
static void convert(void) {
    now_ms += 1000;
    tachoi_converter_convert(&converter, &batch.batch, now_ms);
}

/* Record `index` of a shard's run; NULL behind the last one. */
static struct tachoi_record *record_in(size_t shard, size_t index) {
    struct tachoi_run_walk walk = tachoi_run_walk(&converter.gathering.runs[shard]);
    struct tachoi_record *record = tachoi_run_next(&walk);
    for (size_t i = 0; i < index && record != NULL; i++) {
        record = tachoi_run_next(&walk);
    }
    return record;
}

static inline struct tachoi_record *record_at(size_t index) {
    return record_in(0, index);
}

static inline double word_as_double(const struct tachoi_record *record, size_t index) {
    double value;
    memcpy(&value, &record->words[index], sizeof value);
    return value;
}

#endif
