/* SPDX-License-Identifier: Apache-2.0 */
/* The manual reader: no thread, nothing but its options. */
#include "reader/reader.h"
#include "reader/setup.h"

static int configure(struct tachoi_setup *setup, const tacho_manual_reader_options *options,
                     tacho_manual_reader_options *known, tacho_metric_reader **out) {
    int status =
        tachoi_setup_copy(setup, options, known, sizeof *known, TACHOI_FIRST_MANUAL_READER_OPTIONS,
                          offsetof(tacho_manual_reader_options, error));
    return status == TACHO_OK ? tachoi_setup_check_out(setup, out) : status;
}

int tacho_manual_reader_create(tacho_metric_exporter *exporter,
                               const tacho_manual_reader_options *options,
                               tacho_metric_reader **out) {
    struct tachoi_setup setup = {.component = "metric_reader",
                                 .function = "tacho_manual_reader_create",
                                 .type = "tacho_manual_reader_options"};
    tacho_manual_reader_options known = {0};
    tacho_metric_reader *reader = NULL;
    int status = configure(&setup, options, &known, out);
    if (status != TACHO_OK) {
        tachoi_reader_dismiss(exporter);
        return status;
    }
    status = tachoi_reader_create(&setup, exporter, &reader);
    if (status != TACHO_OK) {
        return status;
    }
    if (known.cardinality_limit != 0) {
        reader->cardinality_limit = known.cardinality_limit;
    }
    *out = reader;
    return TACHO_OK;
}
