/* SPDX-License-Identifier: Apache-2.0 */
/* Meters and instruments made, made again in other spellings and with other descriptions, and
 * switched off and on by meter configurators, while threads record through them and two readers
 * collect, one with a filter; for ThreadSanitizer. What all threads added to the instruments of one
 * name, which a view makes one stream, is exported by one series, exactly once; of a meter that was
 * disabled at times nothing is exported that was not recorded.
 * CONC-01, INST-07, INST-08, SDK-09, SDK-16, SDK-22, FLT-04 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

enum { CREATORS = 3, NAMES = 8, RUN_MS = 2000 };

static struct {
    tacho_meter_provider *provider;
    tacho_metric_reader *readers[2]; /* the second has a filter */
    _Atomic(bool) stop;
    _Atomic(unsigned) failures;
    _Atomic(uint64_t) kept[NAMES];
    _Atomic(uint64_t) toggled;
    _Atomic(uint64_t) rounds;
} all;

static void expect(bool is_right, const char *what) {
    if (!is_right) {
        atomic_fetch_add_explicit(&all.failures, 1, memory_order_relaxed);
        (void)fprintf(stderr, "FAILED: %s\n", what);
    }
}

static void ignore_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

/* --- what users bring --- */

static bool disable_toggled(const tacho_scope *scope, tacho_meter_config *out, void *user) {
    out->disabled = scope->name.length == strlen("toggled") &&
                    memcmp(scope->name.data, "toggled", scope->name.length) == 0;
    return user == NULL;
}

static tacho_metric_filter_result choose(void *user, const tacho_metric_identity *metric) {
    _Atomic(unsigned) *questions = user;
    (void)metric;
    unsigned question = atomic_fetch_add_explicit(questions, 1, memory_order_relaxed);
    return (tacho_metric_filter_result)(question % 3);
}

static bool choose_point(void *user, const tacho_metric_identity *metric,
                         tacho_attributes attributes) {
    (void)user;
    (void)metric;
    return attributes.count == 0;
}

/* --- threads --- */

static tacho_counter *make(const char *scope, unsigned number, unsigned spelling) {
    static const char *const prefixes[] = {"name", "NAME", "Name"};
    static const char *const descriptions[] = {"", "one", "another"};
    char name[16];
    (void)snprintf(name, sizeof name, "%s%u", prefixes[spelling % 3], number);
    return tacho_meter_create_counter(
        tacho_meter_provider_get_meter(all.provider, scope, NULL), name,
        TACHO_OPTIONS(tacho_instrument_options, .description = descriptions[spelling % 3]));
}

static void *create_and_record(void *argument) {
    const unsigned me = *(const unsigned *)argument;
    for (unsigned i = 0; !atomic_load_explicit(&all.stop, memory_order_relaxed); i++) {
        const unsigned number = i % NAMES;
        tacho_counter_add(make("kept", number, i / NAMES + me), 1, TACHO_NO_ATTRS);
        atomic_fetch_add_explicit(&all.kept[number], 1, memory_order_relaxed);
        tacho_counter_add(make("toggled", 0, 0), 1, TACHO_NO_ATTRS);
        atomic_fetch_add_explicit(&all.toggled, 1, memory_order_relaxed);
        char scope[16];
        (void)snprintf(scope, sizeof scope, "scope%u", i % 64);
        (void)tacho_counter_enabled(make(scope, me, 0), NULL);
        atomic_fetch_add_explicit(&all.rounds, 1, memory_order_relaxed);
    }
    return NULL;
}

static void *toggle(void *argument) {
    int silent = 0;
    (void)argument;
    for (unsigned i = 0; !atomic_load_explicit(&all.stop, memory_order_relaxed); i++) {
        int status = tacho_meter_provider_set_meter_configurator(all.provider, disable_toggled,
                                                                 i % 2 == 0 ? NULL : &silent);
        expect(status == TACHO_OK, "the configurator was not set");
    }
    expect(tacho_meter_provider_set_meter_configurator(all.provider, NULL, NULL) == TACHO_OK,
           "the configurator was not taken away");
    return NULL;
}

/* What the last collection says of the names. */
struct totals {
    uint64_t kept[NAMES];
    size_t series[NAMES];
    uint64_t toggled;
};

static int read_batch(const tacho_metric_batch *batch, void *user) {
    struct totals *totals = user;
    *totals = (struct totals){0};
    for (size_t i = 0; i < batch->scope_count; i++) {
        const tacho_scope_metrics *scope = tacho_metric_batch_scope(batch, i);
        for (size_t j = 0; j < scope->metric_count; j++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(scope, j);
            const uint64_t value = (uint64_t)tacho_metric_number_point(metric, 0)->value.i64;
            const unsigned number = (unsigned)(metric->name.data[4] - '0');
            if (scope->scope->name.data[0] == 't') {
                totals->toggled = value;
            } else if (scope->scope->name.data[0] == 'k') {
                totals->kept[number] = value;
                totals->series[number]++;
            }
        }
    }
    return TACHO_OK;
}

static void *collect_often(void *argument) {
    struct totals totals;
    while (!atomic_load_explicit(&all.stop, memory_order_relaxed)) {
        (void)tacho_metric_reader_collect_with(argument, 0, read_batch, &totals);
    }
    return NULL;
}

/* --- all of it --- */

static void set_up(const tacho_metric_filter *filter) {
    tacho_view *view = NULL;
    expect(tacho_view_create(TACHO_OPTIONS(tacho_view_options, .description = "the view's"),
                             &view) == TACHO_OK,
           "no view");
    expect(tacho_manual_reader_create(NULL, NULL, &all.readers[0]) == TACHO_OK, "no reader");
    expect(tacho_manual_reader_create(
               NULL, TACHO_OPTIONS(tacho_manual_reader_options, .metric_filter = filter),
               &all.readers[1]) == TACHO_OK,
           "no reader with a filter");
    expect(tacho_meter_provider_create(TACHO_OPTIONS(tacho_meter_provider_options,
                                                     .readers = all.readers, .reader_count = 2,
                                                     .views = &view, .view_count = 1),
                                       &all.provider) == TACHO_OK,
           "no provider");
}

static void check_totals(void) {
    struct totals totals;
    int status = tacho_metric_reader_collect_with(all.readers[0], 0, read_batch, &totals);
    expect(status == TACHO_OK, "the last collection failed");
    for (size_t i = 0; i < NAMES; i++) {
        expect(totals.series[i] == 1, "instruments of one name are not one stream");
        expect(totals.kept[i] == atomic_load(&all.kept[i]), "a sum is wrong");
    }
    expect(totals.toggled <= atomic_load(&all.toggled), "more was exported than recorded");
    printf("%" PRIu64 " rounds, %" PRIu64 " of %" PRIu64 " kept by the toggled meter\n",
           atomic_load(&all.rounds), totals.toggled, atomic_load(&all.toggled));
}

int main(void) {
    static const unsigned numbers[CREATORS] = {0, 1, 2};
    _Atomic(unsigned) questions = 0;
    const tacho_metric_filter filter = {.struct_size = sizeof filter,
                                        .test_metric = choose,
                                        .test_attributes = choose_point,
                                        .user = &questions};
    pthread_t threads[CREATORS + 3];
    tacho_diagnostics_set_handler(ignore_diagnostic, NULL);
    set_up(&filter);
    for (size_t i = 0; i < CREATORS; i++) {
        pthread_create(&threads[i], NULL, create_and_record, (void *)&numbers[i]);
    }
    pthread_create(&threads[CREATORS], NULL, toggle, NULL);
    for (size_t i = 0; i < 2; i++) {
        pthread_create(&threads[CREATORS + 1 + i], NULL, collect_often, all.readers[i]);
    }
    const uint64_t end_ns = tachoi_monotonic_ns() + RUN_MS * TACHOI_NS_PER_MS;
    while (tachoi_monotonic_ns() < end_ns) {
        const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
    atomic_store(&all.stop, true);
    for (size_t i = 0; i < CREATORS + 3; i++) {
        pthread_join(threads[i], NULL);
    }
    check_totals();
    tacho_meter_provider_destroy(all.provider);
    return atomic_load(&all.failures) == 0 ? 0 : 1;
}
