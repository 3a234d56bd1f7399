/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the account of the remote-write exporter for collections that come in several batches and
 * for points that it cannot send. No receiver: nothing is ever acknowledged. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "remote_write/exporter.h"
#include "support/batch.h"
#include "tacho/sdk/diagnostics.h"

static tacho_resource *resource;
static tacho_metric_exporter *exporter;
static struct batch batch;

static void ignore(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

static void begin(void) {
    tacho_diagnostics_set_handler(ignore, NULL);
    resource = batch_resource();
    batch_init(&batch, resource, 0);
    cr_assert(eq(
        int,
        tacho_remote_write_exporter_create(
            TACHO_OPTIONS(tacho_remote_write_options, .endpoint = "http://127.0.0.1:1/nobody",
                          .proxy_url = "", .disable_target_info = true,
                          .disable_startup_check = true, .protocol = TACHO_REMOTE_WRITE_PROTOCOL_1),
            &exporter),
        TACHO_OK));
}

static void end(void) {
    tacho_metric_exporter_destroy(exporter);
    batch_fini(&batch);
    tacho_resource_destroy(resource);
}

TestSuite(collection, .init = begin, .fini = end, .timeout = 60);

static void *self(void) {
    return tacho_metric_exporter_self(exporter, &tachoi_remote_write_ops);
}

static void export_next(uint64_t offset_ms, size_t gauges, bool has_more) {
    batch_fini(&batch);
    batch_init(&batch, resource, offset_ms);
    batch.batch.has_more = has_more;
    batch_add_gauges(&batch, "level", has_more ? 1000 : 1, gauges);
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_OK));
}

static tacho_remote_write_stats account(void) {
    tacho_remote_write_stats stats = {.struct_size = sizeof stats};
    cr_assert(eq(int, tacho_remote_write_exporter_stats(exporter, &stats), TACHO_OK));
    cr_expect(eq(u64, stats.accepted,
                 stats.acknowledged + stats.failed + stats.dropped_queue_full +
                     stats.dropped_too_old + stats.dropped_shutdown + stats.dropped_clock +
                     stats.dropped_invalid + stats.dropped_unsupported + stats.pending));
    return stats;
}

/* RDR-20 */
Test(collection, samples_are_pending_from_their_first_batch_on) {
    export_next(0, 5, true);
    cr_expect(eq(u64, account().accepted, 5));
    cr_expect(eq(u64, account().pending, 5));
    cr_expect(eq(sz, account().series_cached, 0)); /* none queued yet */
    batch_fini(&batch);
    batch_init(&batch, resource, 0);
    batch_add_counter(&batch, "jobs", 1, 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_OK));
    cr_expect(eq(u64, account().pending, 6));
    cr_expect(eq(sz, account().series_cached, 6)); /* those of both batches */
}

Test(collection, one_that_is_given_up_in_the_middle_is_sent_as_far_as_it_came) {
    export_next(0, 5, true);
    export_next(10, 3, false); /* of another collection, with labels of the first three */
    cr_expect(eq(u64, account().accepted, 8 + 2)); /* the ends of the others */
    cr_expect(eq(u64, account().pending, 8 + 2));
}

/* SDK-13 */
Test(collection, one_that_a_shutdown_cuts_off_is_counted_as_dropped) {
    export_next(0, 5, true);
    cr_expect(ne(int, tachoi_remote_write_ops.shutdown(self(), 1), TACHO_OK));
    cr_expect(eq(u64, account().dropped_shutdown, 5));
    cr_expect(eq(u64, account().pending, 0));
}

/* EXP-01 */
Test(collection, unsupported_points_are_outside_the_account_of_samples) {
    batch_add_exponential_histogram(&batch, "rtt", 1, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "jobs", 2, 1, TACHO_NO_ATTRS);
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_OK));
    cr_expect(eq(u64, account().accepted, 1));
    cr_expect(eq(u64, account().unsupported_points, 1));
    cr_expect(eq(u64, account().pending, 1));
}

/* RWOBS-04 */
Test(collection, series_of_equal_labels_are_counted_as_added_or_dropped) {
    batch_add_counter(&batch, "jobs", 1, 1, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "jobs", 2, 1, TACHO_ATTRS(TACHO_STR("empty", "")));
    batch_add_gauge(&batch, "jobs_total", 3, 1, TACHO_NO_ATTRS);
    for (uint64_t collections = 1; collections <= 2; collections++) {
        batch.batch.time_unix_nano += 1000000000;
        batch.batch.time_monotonic_ns += 1000000000;
        cr_assert(eq(int,
                     tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                     TACHO_OK));
        cr_expect(eq(u64, account().label_collisions_merged, collections));
        cr_expect(eq(u64, account().label_collisions_dropped, collections));
        cr_expect(eq(u64, account().dropped_invalid, collections));
        cr_expect(eq(u64, account().accepted, 2 * collections));
    }
}

/* EXP-01 */
Test(collection, exemplars_are_counted_whatever_becomes_of_their_point) {
    static const tacho_exemplar items[2];
    const tacho_exemplars exemplars = {items, 2, sizeof items[0]};
    batch_add_counter(&batch, "jobs", 1, 1, TACHO_NO_ATTRS);
    ((tacho_number_point *)batch.metrics[0].points)->exemplars = exemplars;
    batch_add_exponential_histogram(&batch, "rtt", 2, TACHO_NO_ATTRS);
    ((tacho_exponential_histogram_point *)batch.metrics[1].points)->exemplars = exemplars;
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_OK));
    cr_expect(eq(u64, account().accepted, 1));
    cr_expect(eq(u64, account().unsupported_exemplars, 4));
    ((tacho_number_point *)batch.metrics[0].points)->flags = TACHO_POINT_NO_RECORDED_VALUE;
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_OK));
    cr_expect(eq(u64, account().unsupported_exemplars, 6), "an ended series has none");
}

/* EXP-01 */
Test(collection, what_cannot_be_sent_is_counted_when_the_clock_is_unusable_too) {
    batch_add_exponential_histogram(&batch, "rtt", 1, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "jobs", 2, 1, TACHO_NO_ATTRS);
    batch.batch.time_unix_nano = 1;
    cr_assert(eq(int, tachoi_remote_write_ops.export_batch(self(), &batch.batch, TACHO_NO_DEADLINE),
                 TACHO_E_FAILED));
    cr_expect(eq(u64, account().dropped_clock, 1));
    cr_expect(eq(u64, account().unsupported_points, 1));
}

/* EXP-01, RDR-01 */
Test(collection, cumulative_temporality_is_asked_for_whatever_the_kind) {
    for (int kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        cr_expect(eq(int,
                     (int)tachoi_remote_write_ops.temporality(self(), (tacho_instrument_kind)kind),
                     (int)TACHO_TEMPORALITY_CUMULATIVE));
    }
}

/* VER-02: the caller's struct of version 0.1 lacks the last member */
Test(collection, statistics_of_the_first_version_are_filled_as_far_as_they_go) {
    struct {
        tacho_remote_write_stats stats;
    } small;
    memset(&small, 0xff, sizeof small);
    small.stats.struct_size = offsetof(tacho_remote_write_stats, unsupported_points);
    cr_assert(eq(int, tacho_remote_write_exporter_stats(exporter, &small.stats), TACHO_OK));
    cr_expect(eq(sz, small.stats.series_cached, 0));
    cr_expect(eq(u64, small.stats.unsupported_points, UINT64_MAX));
}
