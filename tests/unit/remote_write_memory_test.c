/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that what lack of memory costs the converter is samples and exemplars, which are counted,
 * and nothing else. */
#pragma GCC diagnostic ignored "-Wconversion" /* in Criterion's own macros */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/alloc.h"
#include "unit/converter_fixture.h"

static void begin(void) {
    converter_begin(&(struct tachoi_converter_options){
        .disable_target_info = true, .sends_exemplars = true, .sends_native_histograms = true});
}

TestSuite(memory, .init = begin, .fini = converter_end);

static void add_everything(void) {
    static const double bounds[] = {1, 2};
    static const uint64_t counts[] = {1, 2, 3};
    static tacho_attribute attributes[2];
    static tacho_exemplar item;
    item = (tacho_exemplar){.number_type = TACHO_NUMBER_F64,
                            .value.f64 = 1.5,
                            .time_unix_nano = BATCH_UNIX_NS,
                            .has_span = true};
    const tacho_exemplars exemplars = {&item, 1, sizeof item};
    attributes[0] = TACHO_STR("empty", "");
    attributes[1] = TACHO_STR("a", "1");
    batch_add_counter(&batch, "jobs", 1, 3, TACHO_NO_ATTRS);
    batch_add_counter(&batch, "jobs", 2, 4, (tacho_attributes){&attributes[0], 1});
    batch_add_histogram(&batch, "h", 3, bounds, counts, 2, 9,
                        (tacho_attributes){&attributes[1], 1});
    batch_add_exponential_histogram(&batch, "e", 4, TACHO_NO_ATTRS);
    batch_add_summary(&batch, "s", 5, TACHO_NO_ATTRS);
    ((tacho_number_point *)batch.metrics[0].points)->exemplars = exemplars;
    ((tacho_histogram_point *)batch.metrics[2].points)->exemplars = exemplars;
    ((tacho_exponential_histogram_point *)batch.metrics[3].points)->exemplars = exemplars;
    batch.metrics[3].temporality = TACHO_TEMPORALITY_DELTA;
}

/* Whatever fails, nothing but samples and exemplars is lost, and all of them are counted. */
Test(memory, without_memory_every_sample_of_every_kind_is_counted) {
    static const char *const name[] = {"__name__"};
    const struct tachoi_relabel_rule rule = {.action = TACHOI_RELABEL_DROP,
                                             .source_labels = name,
                                             .source_label_count = 1,
                                             .regex = "h_sum"};
    struct tachoi_relabel *relabel = NULL;
    struct tachoi_relabel_problem problem;
    cr_assert(eq(int, tachoi_relabel_compile(&rule, 1, false, &relabel, &problem), TACHO_OK));
    struct tachoi_converter_options options = converter.options;
    options.prometheus.relabel = relabel;
    options.converts_to_custom = true;
    options.shard_count = 2;
    bool has_failed = true;
    uint64_t k = 1;
    for (; has_failed; k++) {
        tachoi_converter_fini(&converter);
        tachoi_converter_init(&converter, &options);
        renew();
        add_everything();
        tachoi_alloc_fail_at(k);
        convert();
        has_failed = !tachoi_alloc_fail_pending();
        tachoi_alloc_fail_at(0);
        const size_t samples =
            converter.gathering.runs[0].sample_count + converter.gathering.runs[1].sample_count;
        cr_assert(eq(u64, converter.gathering.invalid + samples, converter.gathering.accepted));
        cr_assert(
            eq(u64, converter.gathering.exemplars + converter.gathering.unsupported_exemplars, 3),
            "allocation %llu", (unsigned long long)k);
        enqueue();
        renew();
        tachoi_alloc_fail_at(k / 4 + 1);
        convert(); /* all series end */
        tachoi_alloc_fail_at(0);
        enqueue();
        (void)tachoi_queue_clear_locked(&queue);
        tachoi_series_cache_free(&converter.cache, tachoi_queue_take_gone_locked(&queue));
        cr_assert(eq(sz, converter.cache.shapes.chains.count, 0));
        cr_assert(eq(sz, converter.cache.shapes.families.chains.count, 0));
        cr_assert(le(sz, converter.memories.count, 3)); /* they outlive their series */
        cr_assert(lt(u64, k, 5000));
    }
    cr_assert(gt(u64, k, 50));
    converter.options.prometheus.relabel = NULL;
    tachoi_relabel_destroy(relabel);
}
