/* SPDX-License-Identifier: Apache-2.0 */
/* The manual reader: no thread, nothing but its options. */
#include "base/options.h"
#include "reader/reader.h"

static int configure(tacho_metric_reader *reader, const tacho_manual_reader_options *options) {
    tacho_manual_reader_options known = {0};
    int status = tachoi_options_copy(options, &known, sizeof known, sizeof known);
    if (status != TACHO_OK) {
        return status;
    }
    if (known.cardinality_limit != 0) {
        reader->cardinality_limit = known.cardinality_limit;
    }
    return TACHO_OK;
}

static tacho_error *error_of(const tacho_manual_reader_options *options) {
    return options != NULL && options->struct_size >= sizeof *options ? options->error : NULL;
}

int tacho_manual_reader_create(tacho_metric_exporter *exporter,
                               const tacho_manual_reader_options *options,
                               tacho_metric_reader **out) {
    tacho_error *error = error_of(options);
    tacho_metric_reader *reader = NULL;
    int status = tachoi_reader_create(exporter, &reader);
    if (status != TACHO_OK) {
        return tachoi_error_set(error, status, "exporter", "%s",
                                status == TACHO_E_INVALID ? "it belongs to another reader"
                                                          : tacho_status_text(status));
    }
    status = configure(reader, options);
    if (status == TACHO_OK && out == NULL) {
        status = TACHO_E_INVALID;
    }
    if (status != TACHO_OK) {
        tachoi_reader_free(reader);
        return tachoi_error_set(error, status, "options", "%s", tacho_status_text(status));
    }
    *out = reader;
    return TACHO_OK;
}
