/* SPDX-License-Identifier: Apache-2.0 */
/* Random programs against a model: several readers with temporalities, limits and views of their
 * own; instruments of all kinds are recorded, bound, released, removed, observed and collected in
 * any order, and each collection must hold exactly the points that the model tells, value by value.
 * One thread: what races do is the business of the other stress programs.
 *
 *     model_stress [SEED [PROGRAMS]]     a failure prints the seed of its program
 *
 * A plain program: exit code 0 and one line.
 * TIME-01, TIME-02, TIME-03, TIME-04, TIME-06, TIME-07, TIME-09, TIME-12, CARD-01, CARD-04,
 * CARD-05, CARD-06, CARD-08, VIEW-12, VIEW-13, VIEW-20, AGG-03, AGG-09, EXPH-10, ASYNC-05, RDR-03,
 * RDR-04, INST-19, INST-20 */
#include <inttypes.h>
#include <stdio.h>

#include "stress/model.h"
#include "stress/model_instruments.h"
#include "tacho/sdk/diagnostics.h"
#include "tacho/sdk/meter_provider.h"
#include "tacho/tacho.h"

enum { READERS_MAX = 3, VIEWS_MAX = 4, STREAMS_MAX = VIEWS_MAX + 1, BOUND_MAX = 6 };
enum { STEPS = 300, PROGRAMS = 1000 };
#define TICK_NS UINT64_C(5000000)

static const double default_bounds[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                        500, 750, 1000, 2500, 5000, 7500, 10000};
static const double few_bounds[] = {-2, 0, 3};

/* --- one program --- */

struct view {
    int instrument;
    char name[40]; /* of its stream */
    tacho_aggregation_type type;
    int max_size;
    bool keeps_a;
    bool keeps_b;
    bool has_filter;
    uint32_t limit; /* 0 = the reader's */
};

struct stream {
    int instrument;
    struct model_stream model;
};

struct reader {
    tacho_metric_reader *handle;
    tacho_temporality_preference preference;
    uint32_t limit;
    struct stream streams[INSTRUMENTS * STREAMS_MAX];
    size_t stream_count;
};

struct bound {
    int instrument;
    void *handle; /* NULL = free */
    int places[READERS_MAX][INSTRUMENTS * STREAMS_MAX];
};

struct observation {
    int set;
    double value;
};

struct program {
    uint64_t seed;
    uint64_t state;
    int step;
    uint64_t now;
    struct view views[VIEWS_MAX];
    size_t view_count;
    struct reader readers[READERS_MAX];
    size_t reader_count;
    tacho_meter_provider *provider;
    void *handles[INSTRUMENTS];
    struct bound bound[BOUND_MAX];
    struct observation observations[INSTRUMENTS][12]; /* what callbacks report now */
    size_t observation_counts[INSTRUMENTS];
};

static struct program program;

#define MODEL_FAIL(...)                                                                            \
    do {                                                                                           \
        (void)fprintf(stderr, "model_stress: seed %" PRIu64 ", step %d: ", program.seed,           \
                      program.step);                                                               \
        (void)fprintf(stderr, __VA_ARGS__);                                                        \
        (void)fputc('\n', stderr);                                                                 \
        exit(1);                                                                                   \
    } while (false)

#include "stress/model_compare.h"

/* splitmix64 */
static uint64_t next_random(void) {
    uint64_t z = program.state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static int pick(int below) {
    return (int)(next_random() % (uint64_t)below);
}

static bool chance(int percent) {
    return pick(100) < percent;
}

static uint64_t read_now(void *user) {
    (void)user;
    return program.now;
}

static void ignore_diagnostic(const tacho_diagnostic *diagnostic, void *user) {
    (void)diagnostic;
    (void)user;
}

/* --- attributes --- */

static tacho_attributes attributes_of(int set, tacho_attribute items[2]) {
    size_t count = 0;
    if (b_of(set) != 0) { /* not in the order of keys */
        items[count++] = TACHO_STR("b", b_of(set) == 1 ? "x" : b_of(set) == 2 ? "y" : "z");
    }
    if (a_of(set) != 0) {
        items[count++] = TACHO_I64("a", a_of(set));
    }
    return (tacho_attributes){items, count};
}

/* --- making a program --- */

static const tacho_aggregation_type types[] = {
    TACHO_AGGREGATION_DEFAULT,
    TACHO_AGGREGATION_DROP,
    TACHO_AGGREGATION_SUM,
    TACHO_AGGREGATION_LAST_VALUE,
    TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
    TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM,
};

static void make_view(struct view *view, size_t index, tacho_view **out) {
    static const int sizes[] = {2, 4, 20, 160};
    view->instrument = pick(INSTRUMENTS);
    view->type = types[pick(6)];
    view->max_size = sizes[pick(4)];
    view->keeps_a = chance(60);
    view->keeps_b = chance(60);
    view->limit = chance(40) ? (uint32_t)pick(5) + 1 : 0;
    (void)snprintf(view->name, sizeof view->name, "view.%zu", index);
    const char *keys[2];
    size_t key_count = 0;
    const bool includes = chance(50);
    if (view->keeps_a == includes) {
        keys[key_count++] = "a";
    }
    if (view->keeps_b == includes) {
        keys[key_count++] = "b";
    }
    view->has_filter = includes || key_count > 0;
    const bool is_explicit = view->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    const tacho_aggregation aggregation = {.struct_size = sizeof aggregation,
                                           .type = view->type,
                                           .boundaries = is_explicit ? few_bounds : NULL,
                                           .boundary_count = is_explicit ? 3 : 0,
                                           .max_size = (uint32_t)view->max_size};
    const tacho_view_options options = {
        .struct_size = sizeof options,
        .instrument_name = instruments[view->instrument].name,
        .name = view->name,
        .included_keys = includes ? keys : NULL,
        .included_key_count = includes ? key_count : 0,
        .excluded_keys = includes ? NULL : keys,
        .excluded_key_count = includes ? 0 : key_count,
        .aggregation = &aggregation,
        .cardinality_limit = view->limit,
    };
    if (tacho_view_create(&options, out) != TACHO_OK) {
        MODEL_FAIL("a view was refused");
    }
}

static bool is_histogram(tacho_aggregation_type type) {
    return type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM ||
           type == TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM;
}

/* Observable instruments have no histograms: such a view is as if it were not there. */
static bool view_applies(const struct view *view, int instrument) {
    return view->instrument == instrument &&
           !(instrument >= FIRST_OBSERVABLE && is_histogram(view->type));
}

static tacho_aggregation_type default_type(tacho_instrument_kind kind) {
    if (kind == TACHO_INSTRUMENT_GAUGE || kind == TACHO_INSTRUMENT_OBSERVABLE_GAUGE) {
        return TACHO_AGGREGATION_LAST_VALUE;
    }
    return kind == TACHO_INSTRUMENT_HISTOGRAM ? TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM
                                              : TACHO_AGGREGATION_SUM;
}

static bool is_delta(tacho_temporality_preference preference, tacho_instrument_kind kind) {
    if (kind == TACHO_INSTRUMENT_COUNTER || kind == TACHO_INSTRUMENT_HISTOGRAM) {
        return preference != TACHO_TEMPORALITY_PREFER_CUMULATIVE;
    }
    return preference == TACHO_TEMPORALITY_PREFER_DELTA &&
           (kind == TACHO_INSTRUMENT_OBSERVABLE_COUNTER || kind == TACHO_INSTRUMENT_GAUGE ||
            kind == TACHO_INSTRUMENT_OBSERVABLE_GAUGE);
}

static void make_stream(struct reader *reader, int instrument, const struct view *view) {
    struct stream *stream = &reader->streams[reader->stream_count++];
    struct model_stream *model = &stream->model;
    *stream = (struct stream){.instrument = instrument};
    (void)snprintf(model->name, sizeof model->name, "%s",
                   view != NULL ? view->name : instruments[instrument].name);
    model->kind = instruments[instrument].kind;
    model->number_type = instruments[instrument].number_type;
    model->type = view != NULL && view->type != TACHO_AGGREGATION_DEFAULT
                      ? view->type
                      : default_type(model->kind);
    const bool has_bounds =
        view != NULL && view->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    model->bounds = has_bounds ? few_bounds : default_bounds;
    model->bound_count = has_bounds ? 3 : 15;
    model->max_size = view != NULL ? view->max_size : 160;
    model->keeps_a = view == NULL || view->keeps_a;
    model->keeps_b = view == NULL || view->keeps_b;
    model->has_filter = view != NULL && view->has_filter;
    model->limit = view != NULL && view->limit != 0 ? view->limit : reader->limit;
    model->is_delta = is_delta(reader->preference, model->kind);
    model_start(model, program.now);
}

static void make_streams(struct reader *reader, int instrument) {
    bool is_selected = false;
    for (size_t i = 0; i < program.view_count; i++) {
        const struct view *view = &program.views[i];
        if (view_applies(view, instrument)) {
            is_selected = true;
            if (view->type != TACHO_AGGREGATION_DROP) {
                make_stream(reader, instrument, view);
            }
        }
    }
    if (!is_selected) {
        make_stream(reader, instrument, NULL);
    }
}

static void make_provider(void) {
    tacho_view *views[VIEWS_MAX];
    tacho_metric_reader *readers[READERS_MAX];
    const tacho_clock clock = {
        .struct_size = sizeof clock, .unix_ns = read_now, .monotonic_ns = read_now};
    program.view_count = (size_t)pick(VIEWS_MAX + 1);
    for (size_t i = 0; i < program.view_count; i++) {
        make_view(&program.views[i], i, &views[i]);
    }
    program.reader_count = (size_t)pick(READERS_MAX) + 1;
    for (size_t i = 0; i < program.reader_count; i++) {
        struct reader *reader = &program.readers[i];
        reader->preference = (tacho_temporality_preference)(pick(3) + 1);
        reader->limit = chance(70) ? (uint32_t)pick(8) + 1 : TACHO_NO_LIMIT;
        if (tacho_manual_reader_create(NULL,
                                       TACHO_OPTIONS(tacho_manual_reader_options,
                                                     .cardinality_limit = reader->limit,
                                                     .temporality_preference = reader->preference),
                                       &readers[i]) != TACHO_OK) {
            MODEL_FAIL("a reader was refused");
        }
        reader->handle = readers[i];
    }
    if (tacho_meter_provider_create(
            TACHO_OPTIONS(tacho_meter_provider_options, .readers = readers,
                          .reader_count = program.reader_count, .clock = &clock, .views = views,
                          .view_count = program.view_count,
                          .exemplar_filter = (tacho_exemplar_filter)(pick(3) + 1)),
            &program.provider) != TACHO_OK) {
        MODEL_FAIL("the provider was refused");
    }
}

/* --- instruments --- */

static void observe(tacho_observer *observer, void *user) {
    const int instrument = (int)(intptr_t)user;
    for (size_t i = 0; i < program.observation_counts[instrument]; i++) {
        const struct observation *observation = &program.observations[instrument][i];
        tacho_attribute items[2];
        tacho_observe_f64(observer, program.handles[instrument], observation->value,
                          attributes_of(observation->set, items));
    }
}

static void make_instruments(void) {
    tacho_meter *meter = tacho_meter_provider_get_meter(program.provider, "model", NULL);
    void **handles = program.handles;
    handles[0] = tacho_meter_create_counter(meter, instruments[0].name, NULL);
    handles[1] = tacho_meter_create_counter_f64(meter, instruments[1].name, NULL);
    handles[2] = tacho_meter_create_up_down_counter(meter, instruments[2].name, NULL);
    handles[3] = tacho_meter_create_up_down_counter_f64(meter, instruments[3].name, NULL);
    handles[4] = tacho_meter_create_gauge(meter, instruments[4].name, NULL);
    handles[5] = tacho_meter_create_gauge_f64(meter, instruments[5].name, NULL);
    handles[6] = tacho_meter_create_histogram(meter, instruments[6].name, NULL);
    handles[7] = tacho_meter_create_observable_counter(meter, instruments[7].name, NULL, observe,
                                                       (void *)(intptr_t)7);
    handles[8] = tacho_meter_create_observable_up_down_counter_f64(meter, instruments[8].name, NULL,
                                                                   observe, (void *)(intptr_t)8);
    handles[9] = tacho_meter_create_observable_gauge_f64(meter, instruments[9].name, NULL, observe,
                                                         (void *)(intptr_t)9);
    for (size_t i = 0; i < program.reader_count; i++) {
        for (int instrument = 0; instrument < INSTRUMENTS; instrument++) {
            make_streams(&program.readers[i], instrument);
        }
    }
}

/* --- recording --- */

/* Eighths, so that sums are exact in any order. */
static double random_value(int instrument) {
    const bool is_i64 = instruments[instrument].number_type == TACHO_NUMBER_I64;
    if (!is_i64 && chance(3)) {
        return chance(50) ? (double)NAN : (double)INFINITY;
    }
    const double value = (double)(pick(2200) - 200) * (chance(20) ? 100 : 1);
    return is_i64 ? value : value / 8;
}

static void keep(struct model_stream *model, int place, double value) {
    if (model_accepts(model, value)) {
        model_keep(&model->series[place], value, program.now);
    }
}

static void step_record(void) {
    const int instrument = pick(FIRST_OBSERVABLE);
    const int set = pick(SET_COUNT);
    const double value = random_value(instrument);
    tacho_attribute items[2];
    record(instrument, program.handles[instrument], value, attributes_of(set, items));
    if (!instrument_accepts(instrument, value)) {
        return;
    }
    for (size_t r = 0; r < program.reader_count; r++) {
        for (size_t s = 0; s < program.readers[r].stream_count; s++) {
            struct stream *stream = &program.readers[r].streams[s];
            if (stream->instrument == instrument && model_accepts(&stream->model, value)) {
                keep(&stream->model, model_place(&stream->model, set, program.now), value);
            }
        }
    }
}

/* --- binding --- */

/* All kinds release alike. */
static void release(struct bound *bound) {
    if (bound->handle == NULL) {
        return;
    }
    (void)tacho_bound_counter_release(bound->handle);
    bound->handle = NULL;
    for (size_t r = 0; r < program.reader_count; r++) {
        for (size_t s = 0; s < program.readers[r].stream_count; s++) {
            struct stream *stream = &program.readers[r].streams[s];
            if (stream->instrument == bound->instrument) {
                stream->model.series[bound->places[r][s]].pins--;
            }
        }
    }
}

static void step_bind(void) {
    struct bound *bound = &program.bound[pick(BOUND_MAX)];
    release(bound);
    if (chance(20)) {
        return;
    }
    const int set = pick(SET_COUNT);
    tacho_attribute items[2];
    bound->instrument = pick(FIRST_OBSERVABLE);
    bound->handle =
        bind(bound->instrument, program.handles[bound->instrument], attributes_of(set, items));
    for (size_t r = 0; r < program.reader_count; r++) {
        for (size_t s = 0; s < program.readers[r].stream_count; s++) {
            struct stream *stream = &program.readers[r].streams[s];
            if (stream->instrument == bound->instrument) {
                bound->places[r][s] = model_place(&stream->model, set, program.now);
                stream->model.series[bound->places[r][s]].pins++;
            }
        }
    }
}

static void step_record_bound(void) {
    const struct bound *bound = &program.bound[pick(BOUND_MAX)];
    if (bound->handle == NULL) {
        return;
    }
    const double value = random_value(bound->instrument);
    record_bound(bound->instrument, bound->handle, value);
    if (!instrument_accepts(bound->instrument, value)) {
        return;
    }
    for (size_t r = 0; r < program.reader_count; r++) {
        for (size_t s = 0; s < program.readers[r].stream_count; s++) {
            struct stream *stream = &program.readers[r].streams[s];
            if (stream->instrument == bound->instrument) {
                keep(&stream->model, bound->places[r][s], value);
            }
        }
    }
}

/* --- removing --- */

static int model_remove_everywhere(int instrument, int set) {
    bool is_bound = false;
    bool is_found = false;
    for (int pass = 0; pass < 2 && !is_bound; pass++) {
        for (size_t r = 0; r < program.reader_count; r++) {
            for (size_t s = 0; s < program.readers[r].stream_count; s++) {
                struct stream *stream = &program.readers[r].streams[s];
                if (stream->instrument != instrument) {
                    continue;
                }
                if (pass == 0) {
                    is_bound |= model_is_bound(&stream->model, set);
                } else {
                    is_found |= model_remove(&stream->model, set);
                }
            }
        }
    }
    return is_bound ? TACHO_E_BUSY : is_found ? TACHO_OK : TACHO_E_NOT_FOUND;
}

static void step_remove(void) {
    const int instrument = pick(FIRST_OBSERVABLE);
    const int set = pick(SET_COUNT);
    tacho_attribute items[2];
    const int status =
        remove_series(instrument, program.handles[instrument], attributes_of(set, items));
    const int expected = model_remove_everywhere(instrument, set);
    if (status != expected && !(expected == TACHO_E_NOT_FOUND && status == TACHO_OK)) {
        MODEL_FAIL("removing set %d of %s gave %d instead of %d", set, instruments[instrument].name,
                   status, expected);
    }
}

static int compare_batch(const tacho_metric_batch *batch, void *user) {
    struct reader *reader = user;
    size_t metric_count = 0;
    for (size_t s = 0; s < reader->stream_count; s++) {
        struct stream *stream = &reader->streams[s];
        const tacho_metric *found = NULL;
        for (size_t i = 0; batch->scope_count > 0 && i < batch->scopes->metric_count; i++) {
            const tacho_metric *metric = tacho_scope_metrics_metric(batch->scopes, i);
            if (strcmp(metric->name.data, stream->model.name) == 0) {
                found = metric;
                metric_count++;
            }
        }
        compare_metric(&stream->model, found, program.now);
    }
    if (batch->scope_count > 0 && metric_count != batch->scopes->metric_count) {
        MODEL_FAIL("there are metrics of no known stream");
    }
    return TACHO_OK;
}

/* --- collecting --- */

static void choose_observations(void) {
    for (int instrument = FIRST_OBSERVABLE; instrument < INSTRUMENTS; instrument++) {
        program.observation_counts[instrument] = (size_t)pick(13);
        for (size_t i = 0; i < program.observation_counts[instrument]; i++) {
            double value = random_value(instrument);
            program.observations[instrument][i] =
                (struct observation){.set = pick(SET_COUNT), .value = value};
        }
    }
}

static void model_run_callbacks(struct stream *stream) {
    const int instrument = stream->instrument;
    model_begin_observing(&stream->model);
    for (size_t i = 0; i < program.observation_counts[instrument]; i++) {
        const struct observation *observation = &program.observations[instrument][i];
        if (instrument_accepts(instrument, observation->value) &&
            model_accepts(&stream->model, observation->value)) {
            model_observe(&stream->model, observation->set, observation->value, program.now);
        }
    }
}

static void collect(struct reader *reader) {
    program.now += TICK_NS;
    choose_observations();
    for (size_t s = 0; s < reader->stream_count; s++) {
        if (model_is_observable(&reader->streams[s].model)) {
            model_run_callbacks(&reader->streams[s]);
        }
    }
    const int status = tacho_metric_reader_collect_with(reader->handle, 0, compare_batch, reader);
    if (status != TACHO_OK) {
        MODEL_FAIL("collecting gave %d", status);
    }
    for (size_t s = 0; s < reader->stream_count; s++) {
        model_collected(&reader->streams[s].model, program.now);
    }
}

static void run_program(uint64_t seed) {
    memset(&program, 0, sizeof program);
    program.seed = seed;
    program.state = seed;
    program.now = UINT64_C(1800000000000000000);
    make_provider();
    make_instruments();
    for (program.step = 0; program.step < STEPS; program.step++) {
        program.now += TICK_NS;
        const int action = pick(100);
        if (action < 55) {
            step_record();
        } else if (action < 70) {
            step_record_bound();
        } else if (action < 77) {
            step_bind();
        } else if (action < 87) {
            step_remove();
        } else {
            collect(&program.readers[pick((int)program.reader_count)]);
        }
    }
    for (size_t r = 0; r < program.reader_count; r++) {
        collect(&program.readers[r]);
    }
    for (size_t i = 0; i < BOUND_MAX; i++) {
        release(&program.bound[i]);
    }
    tacho_meter_provider_destroy(program.provider);
    for (size_t r = 0; r < program.reader_count; r++) {
        for (size_t s = 0; s < program.readers[r].stream_count; s++) {
            model_end(&program.readers[r].streams[s].model);
        }
    }
}

int main(int argc, char **argv) {
    const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const uint64_t programs = argc > 2 ? strtoull(argv[2], NULL, 10) : PROGRAMS;
    tacho_diagnostics_set_handler(ignore_diagnostic, NULL);
    for (uint64_t i = 0; i < programs; i++) {
        run_program(seed + i);
    }
    (void)printf("model_stress: %" PRIu64 " programs of %d steps agree with the model\n", programs,
                 (int)STEPS);
    return 0;
}
