/* SPDX-License-Identifier: Apache-2.0 */
/* The manual reader: no thread, nothing but its options. */
#include <string.h>

#include "pipeline/setup.h"
#include "reader/reader.h"

static int read_options(struct tachoi_setup *setup, const tacho_manual_reader_options *options,
                        tacho_manual_reader_options *known, tacho_metric_reader **out) {
    int status =
        tachoi_setup_copy(setup, options, known, sizeof *known, TACHOI_FIRST_MANUAL_READER_OPTIONS,
                          offsetof(tacho_manual_reader_options, error));
    if (status == TACHO_E_UNSUPPORTED) {
        memcpy(known, options, sizeof *known); /* what it lists is consumed */
    }
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
    int status = read_options(&setup, options, &known, out);
    const struct tachoi_reader_options shared = TACHOI_READER_OPTIONS(known);
    if (status != TACHO_OK) {
        tachoi_reader_dismiss(exporter, &shared);
        return status;
    }
    status = tachoi_reader_create(&setup, exporter, &shared, &reader);
    if (status == TACHO_OK) {
        *out = reader;
    }
    return status;
}
