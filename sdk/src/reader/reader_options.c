/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reader_options.h"

#include "base/alloc.h"
#include "base/options.h"
#include "pipeline/report.h"
#include "pipeline/setup.h"
#include "pipeline/view.h"
#include "reader/producer.h"
#include "reader/reader.h"

#define CARDINALITY_LIMIT 2000
#define FIRST_METRIC_FILTER TACHOI_SIZE_UP_TO(tacho_metric_filter, user)

/* By their number, as in the names of the specification's configuration. */
static const char *const kind_names[TACHO_INSTRUMENT_KINDS] = {
    "counter",         "up_down_counter",    "gauge",
    "histogram",       "observable_counter", "observable_up_down_counter",
    "observable_gauge"};

/* --- producers --- */

static const char *producer_fault(const tacho_metric_producer *producer, int status) {
    if (producer == NULL) {
        return "is NULL; look at what its create function returned";
    }
    return status == TACHO_E_BUSY ? "belongs to a reader already; make one for each"
                                  : tacho_status_text(status);
}

/* All that can be taken are, whatever happens: they are consumed. */
static int take_producers(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                          const struct tachoi_reader_options *options) {
    int status = TACHO_OK;
    for (size_t i = 0; i < options->producer_count; i++) {
        tacho_metric_producer *producer = options->producers[i];
        int claimed = tachoi_producer_claim(producer);
        if (claimed == TACHO_OK) {
            reader->producers[reader->producer_count++] = producer;
        } else if (status == TACHO_OK) {
            status = tachoi_setup_fail(setup, claimed, "producers", "producer %zu %s", i,
                                       producer_fault(producer, claimed));
        }
    }
    return status;
}

static int read_producers(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                          const struct tachoi_reader_options *options) {
    if (options->producers == NULL && options->producer_count > 0) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "producers",
                                 "there is a number of them, %zu, but no pointer",
                                 options->producer_count);
    }
    if (options->producer_count == 0) {
        return TACHO_OK;
    }
    reader->producers = tachoi_calloc(options->producer_count, sizeof(tacho_metric_producer *));
    if (reader->producers == NULL) {
        tachoi_reader_dismiss_producers(options);
        return tachoi_setup_fail(setup, TACHO_E_NO_MEMORY, "producers", "memory is short");
    }
    return take_producers(reader, setup, options);
}

void tachoi_reader_dismiss_producers(const struct tachoi_reader_options *options) {
    for (size_t i = 0; options->producers != NULL && i < options->producer_count; i++) {
        if (tachoi_producer_claim(options->producers[i]) == TACHO_OK) {
            tachoi_producer_free(options->producers[i]);
        }
    }
}

/* --- by kind --- */

static void read_limits(struct tachoi_collector_config *config,
                        const struct tachoi_reader_options *options) {
    uint32_t otherwise =
        options->cardinality_limit != 0 ? options->cardinality_limit : CARDINALITY_LIMIT;
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        uint32_t limit = options->cardinality_limits[kind];
        config->cardinality_limits[kind] = limit != 0 ? limit : otherwise;
    }
}

static bool is_temporality(tacho_temporality temporality) {
    return temporality == TACHO_TEMPORALITY_DELTA || temporality == TACHO_TEMPORALITY_CUMULATIVE;
}

/* EXP-01; an answer that makes no sense is no reason to go without metrics. */
static tacho_temporality preferred_temporality(const tacho_metric_exporter *exporter,
                                               tacho_instrument_kind kind) {
    if (exporter == NULL || exporter->ops.temporality == NULL) {
        return TACHO_TEMPORALITY_CUMULATIVE;
    }
    tacho_temporality answer = exporter->ops.temporality(exporter->self, kind);
    if (is_temporality(answer)) {
        return answer;
    }
    if (answer != TACHO_TEMPORALITY_UNSPECIFIED) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "exporter_preference_invalid",
                      kind_names[kind],
                      "exporter %s prefers a temporality for %s that there is not, %d; cumulative "
                      "is used",
                      exporter->ops.name, kind_names[kind], (int)answer);
    }
    return TACHO_TEMPORALITY_CUMULATIVE;
}

static bool is_preference(tacho_temporality_preference preference) {
    return preference >= TACHO_TEMPORALITY_PREFER_DEFAULT &&
           preference <= TACHO_TEMPORALITY_PREFER_LOW_MEMORY;
}

static int read_temporalities(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                              const struct tachoi_reader_options *options) {
    tacho_temporality_preference preference = options->temporality_preference;
    if (!is_preference(preference)) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "temporality_preference",
                                 "there is none of the number %d; use a TACHO_TEMPORALITY_PREFER_*",
                                 (int)preference);
    }
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        tacho_temporality temporality = options->temporalities[kind];
        if (temporality == TACHO_TEMPORALITY_UNSPECIFIED) {
            temporality =
                preference != TACHO_TEMPORALITY_PREFER_DEFAULT
                    ? tacho_temporality_of(preference, (tacho_instrument_kind)kind)
                    : preferred_temporality(reader->exporter, (tacho_instrument_kind)kind);
        } else if (!is_temporality(temporality)) {
            return tachoi_setup_fail(setup, TACHO_E_INVALID, "temporalities",
                                     "that of %s, %d, does not exist; use delta or cumulative",
                                     kind_names[kind], (int)temporality);
        }
        reader->config.temporalities[kind] = temporality;
    }
    return TACHO_OK;
}

/* What the exporter wants, in `*answer`; false if nothing, or nothing that makes sense. */
static bool preferred_aggregation(const tacho_metric_exporter *exporter, tacho_instrument_kind kind,
                                  tacho_aggregation *answer) {
    *answer = (tacho_aggregation){.struct_size = sizeof *answer};
    if (exporter == NULL || exporter->ops.default_aggregation == NULL) {
        return false;
    }
    exporter->ops.default_aggregation(exporter->self, kind, answer);
    char why[TACHOI_AGGREGATION_TEXT_BYTES];
    int status = tachoi_aggregation_check(answer, why, sizeof why);
    if (status != TACHO_OK) {
        tachoi_report(TACHO_SEVERITY_WARNING, "metric_reader", "exporter_preference_invalid",
                      kind_names[kind],
                      "exporter %s prefers an aggregation for %s that is wrong: %s; the default "
                      "one is used",
                      exporter->ops.name, kind_names[kind], why);
    }
    return status == TACHO_OK && answer->type != TACHO_AGGREGATION_DEFAULT;
}

static int read_aggregation(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                            const tacho_aggregation *given, tacho_instrument_kind kind) {
    tacho_aggregation preferred;
    char why[TACHOI_AGGREGATION_TEXT_BYTES];
    int status = given != NULL ? tachoi_aggregation_check(given, why, sizeof why) : TACHO_OK;
    if (status != TACHO_OK) {
        return tachoi_setup_fail(setup, status, "default_aggregations", "that of %s: %s",
                                 kind_names[kind], why);
    }
    if (given == NULL && preferred_aggregation(reader->exporter, kind, &preferred)) {
        given = &preferred;
    }
    if (given == NULL) {
        return TACHO_OK;
    }
    reader->config.aggregations[kind] = tachoi_aggregation_copy(given);
    return reader->config.aggregations[kind] != NULL
               ? TACHO_OK
               : tachoi_setup_fail(setup, TACHO_E_NO_MEMORY, "default_aggregations",
                                   "memory is short");
}

static int read_aggregations(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                             const struct tachoi_reader_options *options) {
    int status = TACHO_OK;
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS && status == TACHO_OK; kind++) {
        status = read_aggregation(reader, setup, options->default_aggregations[kind],
                                  (tacho_instrument_kind)kind);
    }
    return status;
}

void tachoi_collector_config_fini(struct tachoi_collector_config *config) {
    for (size_t kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        tachoi_free((void *)config->aggregations[kind]);
        config->aggregations[kind] = NULL;
    }
}

/* --- the filter --- */

static int read_filter(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                       const struct tachoi_reader_options *options) {
    const tacho_metric_filter *given = options->metric_filter;
    if (given == NULL) {
        return TACHO_OK;
    }
    int status = tachoi_options_copy(given, &reader->filter_memory, sizeof reader->filter_memory,
                                     FIRST_METRIC_FILTER);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, given, sizeof *given,
                                   "tacho_metric_filter");
        return tachoi_setup_fail(setup, status, "metric_filter",
                                 "tacho_metric_filter.struct_size: %s", why);
    }
    if (reader->filter_memory.test_metric == NULL) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "metric_filter",
                                 "test_metric is NULL; a filter needs this function");
    }
    reader->filter = &reader->filter_memory;
    return TACHO_OK;
}

int tachoi_reader_configure(tacho_metric_reader *reader, const struct tachoi_setup *setup,
                            const struct tachoi_reader_options *options) {
    int status = read_producers(reader, setup, options);
    if (status == TACHO_OK) {
        status = read_temporalities(reader, setup, options);
    }
    if (status == TACHO_OK) {
        status = read_aggregations(reader, setup, options);
    }
    if (status == TACHO_OK) {
        status = read_filter(reader, setup, options);
    }
    read_limits(&reader->config, options);
    reader->max_export_batch_size = options->max_export_batch_size;
    return status;
}
