/* SPDX-License-Identifier: Apache-2.0 */
/* Requirements on the API that need an SDK behind it to be seen, or silence. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk_fixture.h"

/* --- no-op --- */

static const double falling[] = {2, (double)NAN};
static const char *const no_keys[] = {NULL, ""};

static void run_nothing(tacho_observer *observer, void *user) {
    (void)observer;
    (void)user;
}

/* All calls that a no-op meter takes for one kind, with nothing right in them. */
#define MISUSE(noun, verb, value)                                                                  \
    do {                                                                                           \
        tacho_##noun *made = tacho_meter_create_##noun(meter, "1 not/a\nname", options);           \
        tacho_##noun##_##verb(made, (value),                                                       \
                              TACHO_ATTRS(TACHO_STR(NULL, NULL), TACHO_I64("", 1)));               \
        tacho_bound_##noun *bound = tacho_##noun##_bind(made, TACHO_ATTRS(TACHO_STR(NULL, NULL))); \
        tacho_bound_##noun##_##verb(bound, (value));                                               \
        cr_assert(ne(ptr, made, NULL));                                                            \
        cr_assert(ne(ptr, bound, NULL));                                                           \
        cr_assert(eq(ptr, tacho_bound_##noun##_release(bound), NULL));                             \
    } while (0)

static void misuse_everything(tacho_meter *meter, const tacho_instrument_options *options) {
    MISUSE(counter, add, -1);
    MISUSE(counter_f64, add, -(double)INFINITY);
    MISUSE(up_down_counter, add, INT64_MIN);
    MISUSE(up_down_counter_f64, add, (double)NAN);
    MISUSE(gauge, record, INT64_MAX);
    MISUSE(gauge_f64, record, (double)NAN);
    MISUSE(histogram, record, (double)NAN);
    tacho_observable *observables[] = {
        tacho_meter_create_observable_counter(meter, NULL, options, run_nothing, NULL),
        tacho_meter_create_observable_gauge_f64(meter, "", options, run_nothing, NULL), NULL};
    cr_assert(
        eq(int, tacho_meter_register_callback(meter, NULL, NULL, observables, 3, NULL), TACHO_OK));
    cr_assert(
        eq(int, tacho_meter_register_callback(meter, run_nothing, NULL, NULL, 9, NULL), TACHO_OK));
    tacho_observe_i64(NULL, observables[0], -1, TACHO_NO_ATTRS);
    tacho_observe_f64(NULL, observables[1], (double)NAN, TACHO_NO_ATTRS);
}

/* NOOP-03, NOOP-04: options, names, attributes and values are wrong in every way */
Test(noop, misuse_is_neither_refused_nor_told) {
    char path[] = "/tmp/tacho_noop_XXXXXX";
    struct stat written = {.st_size = -1};
    const tacho_instrument_options options[] = {{.struct_size = 0, .unit = "u"},
                                                {.struct_size = 3},
                                                {.struct_size = sizeof options[0],
                                                 .unit = "\xff",
                                                 .description = "\xfe",
                                                 .explicit_bucket_boundaries = falling,
                                                 .explicit_bucket_boundary_count = 2,
                                                 .attribute_keys = no_keys,
                                                 .attribute_key_count = 2}};
    const tacho_scope_options scope = {.struct_size = 1, .version = "v"};
    setenv("OTEL_LOG_LEVEL", "debug", 1);
    capture_diagnostics();
    int file = mkstemp(path);
    cr_assert(ge(int, file, 0));
    int saved[] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    tacho_meter_provider *noop = tacho_meter_provider_noop();
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        misuse_everything(tacho_meter_provider_get_meter(noop, NULL, &scope), &options[i]);
        misuse_everything(tacho_meter_provider_get_meter(noop, "m", NULL), &options[i]);
    }
    fflush(NULL);
    dup2(saved[0], STDOUT_FILENO);
    dup2(saved[1], STDERR_FILENO);
    cr_expect(eq(int, fstat(file, &written), 0));
    cr_expect(eq(int, (int)written.st_size, 0), "something was printed");
    cr_expect(eq(sz, diagnostics_log.count, 0), "%s", diagnostics_log.messages[0]);
    close(file);
    unlink(path);
}

static void instrument_something(tacho_meter_provider *provider) {
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "lib", NULL);
    tacho_counter_add(tacho_meter_create_counter(meter, "jobs", NULL), 2, TACHO_NO_ATTRS);
}

/* GEN-04: the same instrumentation runs on both */
Test(noop, beside_it_there_is_an_sdk_that_measures) {
    struct sdk sdk = make_sdk();
    instrument_something(tacho_meter_provider_noop());
    cr_expect(eq(i64, value_of(sdk.reader, "jobs"), INT64_MIN));
    instrument_something(sdk.provider);
    cr_expect(eq(i64, value_of(sdk.reader, "jobs"), 2));
    tacho_meter_provider_destroy(sdk.provider);
}

/* --- signatures --- */

/* API-38: an assignment of another type would not compile */
Test(signatures, no_recording_function_returns_anything) {
    void (*const i64[])(tacho_counter *, int64_t, tacho_attributes) = {tacho_counter_add};
    void (*const i64_up[])(tacho_up_down_counter *, int64_t,
                           tacho_attributes) = {tacho_up_down_counter_add};
    void (*const i64_gauge[])(tacho_gauge *, int64_t, tacho_attributes) = {tacho_gauge_record};
    void (*const f64[])(tacho_counter_f64 *, double, tacho_attributes) = {tacho_counter_f64_add};
    void (*const f64_up[])(tacho_up_down_counter_f64 *, double,
                           tacho_attributes) = {tacho_up_down_counter_f64_add};
    void (*const f64_gauge[])(tacho_gauge_f64 *, double,
                              tacho_attributes) = {tacho_gauge_f64_record};
    void (*const f64_histogram[])(tacho_histogram *, double,
                                  tacho_attributes) = {tacho_histogram_record};
    i64[0](NULL, 1, TACHO_NO_ATTRS);
    i64_up[0](NULL, 1, TACHO_NO_ATTRS);
    i64_gauge[0](NULL, 1, TACHO_NO_ATTRS);
    f64[0](NULL, 1, TACHO_NO_ATTRS);
    f64_up[0](NULL, 1, TACHO_NO_ATTRS);
    f64_gauge[0](NULL, 1, TACHO_NO_ATTRS);
    f64_histogram[0](NULL, 1, TACHO_NO_ATTRS);
}

/* --- callbacks --- */

/* Observes one set of its own for each of its instruments and counts its runs. */
struct source {
    tacho_observable *observables[3];
    size_t count;
    int64_t set;
    unsigned runs;
};

static void observe_set(tacho_observer *observer, void *user) {
    struct source *source = user;
    source->runs++;
    for (size_t i = 0; i < source->count; i++) {
        tacho_observe_i64(observer, source->observables[i], (int64_t)source->runs,
                          TACHO_ATTRS(TACHO_I64("set", source->set)));
    }
}

static tacho_observable *make_gauge(tacho_meter *meter, tacho_observe_fn callback, void *user) {
    return tacho_meter_create_observable_gauge(meter, "g", NULL, callback, user);
}

/* API-25, API-26, API-27: none at creation, one or, by asking again, several, all for good; more
 * later, until they are undone */
Test(callbacks, any_number_is_given_at_creation_and_more_can_come_and_go) {
    struct sdk sdk = make_sdk();
    struct source sources[4] = {{.count = 0}};
    tacho_callback *callback = NULL;
    tacho_observable *gauge = make_gauge(sdk.meter, NULL, NULL);
    free(collect(sdk.reader));
    for (int64_t i = 0; i < 4; i++) {
        sources[i] = (struct source){.observables = {gauge}, .count = 1, .set = i};
    }
    cr_expect(eq(ptr, make_gauge(sdk.meter, observe_set, &sources[0]), gauge));
    cr_expect(eq(ptr, make_gauge(sdk.meter, observe_set, &sources[1]), gauge));
    cr_assert(
        eq(int, tacho_meter_register_callback(sdk.meter, observe_set, &sources[2], &gauge, 1, NULL),
           TACHO_OK));
    cr_assert(
        eq(int,
           tacho_meter_register_callback(sdk.meter, observe_set, &sources[3], &gauge, 1, &callback),
           TACHO_OK));
    for (int64_t round = 1; round <= 4; round++) {
        struct collected *collected = collect(sdk.reader);
        const size_t wanted = round <= 2 ? 4 : 3;
        cr_expect(eq(sz, collected->count, wanted), "round %d", (int)round);
        for (size_t i = 0; i < wanted; i++) {
            char attrs[16];
            snprintf(attrs, sizeof attrs, "set=%zu", i);
            cr_assert(ne(ptr, (void *)point_with(collected, "g", attrs), NULL), "%s", attrs);
            cr_expect(eq(i64, point_with(collected, "g", attrs)->i64, round));
        }
        free(collected);
        callback = round == 2 ? tacho_callback_unregister(callback) : callback;
    }
    tacho_meter_provider_destroy(sdk.provider);
}

/* API-31 */
Test(callbacks, one_for_several_instruments_has_those_of_its_own_meter_alone) {
    struct sdk sdk = make_sdk();
    tacho_meter *other = tacho_meter_provider_get_meter(sdk.provider, "other", NULL);
    struct source source = {.count = 2};
    source.observables[0] = make_gauge(sdk.meter, NULL, NULL);
    source.observables[1] = make_gauge(other, NULL, NULL);
    capture_diagnostics();
    cr_expect(eq(
        int,
        tacho_meter_register_callback(sdk.meter, observe_set, &source, source.observables, 2, NULL),
        TACHO_E_INVALID));
    cr_expect(was_told("callback_refused", "of this very meter"));
    cr_assert(eq(
        int,
        tacho_meter_register_callback(sdk.meter, observe_set, &source, source.observables, 1, NULL),
        TACHO_OK));
    struct collected *collected = collect(sdk.reader);
    cr_assert(eq(sz, collected->count, 1), "the other one is observed, but was not declared");
    cr_expect(eq(str, collected->points[0].scope, "test"));
    free(collected);
    tacho_meter_provider_destroy(sdk.provider);
}

/* API-28: once for all of its instruments together, and what it reports is in that collection */
Test(callbacks, one_for_several_instruments_runs_once_before_any_is_read) {
    struct sdk sdk = make_sdk();
    struct source source = {.count = 3};
    source.observables[0] = tacho_meter_create_observable_counter(sdk.meter, "a", NULL, NULL, NULL);
    source.observables[1] =
        tacho_meter_create_observable_up_down_counter(sdk.meter, "b", NULL, NULL, NULL);
    source.observables[2] = tacho_meter_create_observable_gauge(sdk.meter, "c", NULL, NULL, NULL);
    cr_assert(eq(
        int,
        tacho_meter_register_callback(sdk.meter, observe_set, &source, source.observables, 3, NULL),
        TACHO_OK));
    for (unsigned round = 1; round <= 3; round++) {
        struct collected *collected = collect(sdk.reader);
        cr_expect(eq(u32, source.runs, round));
        cr_assert(eq(sz, collected->count, 3));
        for (size_t i = 0; i < 3; i++) {
            cr_expect(eq(i64, collected->points[i].i64, round));
        }
        free(collected);
    }
    tacho_meter_provider_destroy(sdk.provider);
}

struct ticking {
    struct fake_time *time;
    tacho_observable *counter;
    tacho_observable *gauge;
};

static void observe_while_time_passes(tacho_observer *observer, void *user) {
    struct ticking *ticking = user;
    for (int64_t i = 0; i < 3; i++) {
        ticking->time->unix_ns += 100;
        ticking->time->monotonic_ns += 100;
        tacho_observe_i64(observer, ticking->counter, i, TACHO_ATTRS(TACHO_I64("i", i)));
        ticking->time->unix_ns += 100;
        tacho_observe_f64(observer, ticking->gauge, 0.5, TACHO_ATTRS(TACHO_I64("i", i)));
    }
}

/* API-33: the clock goes on between observations, of several instruments and sets */
Test(callbacks, all_observations_of_one_run_have_one_timestamp) {
    struct fake_time time = {.unix_ns = 1000};
    tacho_metric_reader *readers[] = {DELTA_READER(), make_manual_reader()};
    tacho_meter_provider *provider = make_timed_provider(readers, 2, &time);
    tacho_meter *meter = tacho_meter_provider_get_meter(provider, "test", NULL);
    struct ticking ticking = {.time = &time};
    ticking.counter = tacho_meter_create_observable_counter(meter, "c", NULL, NULL, NULL);
    ticking.gauge = tacho_meter_create_observable_gauge_f64(meter, "g", NULL, NULL, NULL);
    tacho_observable *both[] = {ticking.counter, ticking.gauge};
    cr_assert(
        eq(int,
           tacho_meter_register_callback(meter, observe_while_time_passes, &ticking, both, 2, NULL),
           TACHO_OK));
    for (int round = 0; round < 4; round++) {
        const uint64_t begin = time.unix_ns;
        struct collected *collected = collect(readers[round % 2]);
        cr_assert(eq(u64, time.unix_ns, begin + 600));
        cr_assert(eq(sz, collected->count, 6));
        for (size_t i = 0; i < 6; i++) {
            cr_expect(eq(u64, collected->points[i].time, collected->points[0].time));
        }
        free(collected);
    }
    tacho_meter_provider_destroy(provider);
}
