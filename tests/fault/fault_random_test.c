/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the account of samples and exemplars holds whatever a receiver answers: every kind of
 * point, several shards, and answers drawn at random from a seed that is printed. */
#include <stdlib.h>

#include "fault/fault_fixture.h"

static struct receiver *receiver;
static tacho_resource *resource;

static void begin(void) {
    receiver = receiver_start();
    resource = batch_resource();
}

static void end(void) {
    cr_expect(eq(str, (char *)receiver_problem(receiver), ""));
    receiver_stop(receiver);
    tacho_resource_destroy(resource);
}

TestSuite(random, .init = begin, .fini = end);

static uint64_t state;

static uint64_t draw(uint64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static struct receiver_step draw_step(void) {
    static const unsigned statuses[] = {204, 204, 204, 204, 204, 503, 500, 500,
                                        500, 500, 413, 400, 429, 415, 404, 204};
    struct receiver_step step = {.status = statuses[draw(16)]};
    if (draw(12) == 0) {
        step.action = RECEIVER_RESET;
    }
    if (draw(6) == 0) {
        step.written = (enum receiver_written)draw(6);
    }
    return step;
}

static void draw_script(void) {
    struct receiver_step steps[12];
    for (size_t i = 0; i < 12; i++) {
        steps[i] = draw_step();
    }
    receiver_script(receiver, steps, 12);
}

#define HISTOGRAMS 6
#define COUNTERS 12

/* Exemplars have labels, so that they are sent. */
static tacho_exemplar exemplar_at(uint64_t ms, double value) {
    tacho_exemplar exemplar = {.number_type = TACHO_NUMBER_F64,
                               .value.f64 = value,
                               .time_unix_nano = BATCH_UNIX_NS + ms * TACHOI_NS_PER_MS,
                               .has_span = true};
    exemplar.trace_id[0] = exemplar.span_id[0] = 1;
    return exemplar;
}

static int export_all(tacho_metric_exporter *exporter, uint64_t at_ms) {
    static const double bounds[] = {1, 2, 3};
    static const uint64_t counts[] = {1, 2, 3, 4};
    static char names[HISTOGRAMS + COUNTERS][16];
    const tacho_exemplar items[] = {exemplar_at(at_ms + 1, 0.5), exemplar_at(at_ms + 2, 2.5)};
    const tacho_exemplars exemplars = {items, 1 + draw(2), sizeof items[0]};
    struct batch batch;
    batch_init(&batch, resource, at_ms);
    for (size_t i = 0; i < COUNTERS; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        batch_add_counter(&batch, names[i], 1 + i, (int64_t)at_ms, TACHO_NO_ATTRS);
        if (draw(3) == 0) {
            ((tacho_number_point *)batch.metrics[i].points)->exemplars = exemplars;
        }
    }
    for (size_t i = 0; i < HISTOGRAMS; i++) {
        char *name = names[COUNTERS + i];
        snprintf(name, sizeof names[0], "h%zu", i);
        if (draw(8) == 0) {
            continue; /* it ends */
        }
        if (i % 2 == 0) {
            batch_add_histogram(&batch, name, 100 + i, bounds, counts, 3, 9, TACHO_NO_ATTRS);
        } else {
            batch_add_exponential_histogram(&batch, name, 100 + i, TACHO_NO_ATTRS);
        }
        if (draw(3) == 0 && i % 2 == 0) {
            tacho_metric *metric = &batch.metrics[batch.scope_metrics.metric_count - 1];
            ((tacho_histogram_point *)metric->points)->exemplars = exemplars;
        }
    }
    const int status = export_one(exporter, &batch);
    batch_fini(&batch);
    return status;
}

static void expect_account(const tacho_metric_exporter *exporter) {
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.exemplars_accepted,
                 stats.exemplars_acknowledged + stats.exemplars_failed + stats.exemplars_dropped +
                     stats.exemplars_pending));
    cr_assert(le(u64, stats.exemplars_pending, stats.exemplars_accepted));
    cr_assert(le(u64, stats.pending, stats.accepted));
}

static void expect_nothing_pending(const tacho_metric_exporter *exporter) {
    expect_account(exporter);
    const tacho_remote_write_stats stats = stats_of(exporter);
    cr_assert(eq(u64, stats.pending, 0));
    cr_assert(eq(u64, stats.exemplars_pending, 0));
    cr_assert(eq(u64, stats.dropped_invalid, 0), "%s", fault_log.text);
}

static void run(uint64_t seed) {
    state = seed;
    tacho_remote_write_options options = fast_options(receiver_url(receiver));
    options.protocol =
        draw(2) == 0 ? TACHO_REMOTE_WRITE_PROTOCOL_AUTO : TACHO_REMOTE_WRITE_PROTOCOL_2;
    options.max_shards = 1 + (uint32_t)draw(3);
    options.max_samples_per_send = 3 + (uint32_t)draw(20);
    options.convert_classic_histograms_to_nhcb = draw(2) == 0;
    options.send_exemplars = draw(2) == 0 ? TACHO_REMOTE_WRITE_ALWAYS : TACHO_REMOTE_WRITE_AUTO;
    options.send_native_histograms =
        draw(2) == 0 ? TACHO_REMOTE_WRITE_ALWAYS : TACHO_REMOTE_WRITE_AUTO;
    options.stale_on_shutdown = TACHO_REMOTE_WRITE_ALWAYS;
    options.max_backoff_ms = 2;
    options.sample_age_limit_ms = draw(3) == 0 ? 10 : 0; /* some give up while they wait */
    tacho_metric_exporter *exporter = create(&options);
    for (uint64_t round = 1; round <= 12; round++) {
        draw_script();
        receiver_fail_at(receiver,
                         draw(3) == 0
                             ? "c3_total{instance=\"one\",job=\"svc\",otel_scope_name=\"test\"}"
                             : NULL);
        cr_assert(eq(int, export_all(exporter, seed * 1000 + round * 10), TACHO_OK));
        expect_account(exporter);
        if (draw(2) == 0) {
            (void)flush(exporter, 50);
            expect_account(exporter);
        }
    }
    receiver_script(receiver, &(struct receiver_step){.status = 204}, 1);
    receiver_fail_at(receiver, NULL);
    cr_assert(ne(int, flush(exporter, PATIENCE_MS), TACHO_E_TIMEOUT));
    expect_nothing_pending(exporter); /* a shutdown would settle what was forgotten */
    cr_assert(ne(int, shut_down(exporter, PATIENCE_MS), TACHO_E_TIMEOUT));
    expect_nothing_pending(exporter);
    tacho_metric_exporter_destroy(exporter);
}

Test(random, the_account_holds_whatever_is_answered, .timeout = 200) {
    const char *from = getenv("SEED");
    const uint64_t first = from != NULL ? strtoull(from, NULL, 10) : 1;
    const uint64_t count = from != NULL ? 1 : 15;
    for (uint64_t seed = first; seed < first + count; seed++) {
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
}
