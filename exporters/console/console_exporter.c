/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the console exporter: it turns a batch into text and hands that to the stream in one write,
 * so that batches are not torn by what others print. Must not know the layout. A stream that blocks
 * blocks the export: it is the application's. */
#include "tacho/exporters/console.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/options.h"
#include "console/batch_text.h"
#include "setup/preferences.h"
#include "tacho/sdk/diagnostics.h"

struct console_exporter {
    /* immutable after create */
    FILE *stream;
    struct tachoi_exporter_preferences preferences;
    /* atomic: relaxed, since it guards no data */
    atomic_bool is_shut_down;
};

static int write_text(FILE *stream, const struct tachoi_text *text) {
    errno = 0;
    const bool is_written = fwrite(text->data, 1, text->length, stream) == text->length;
    if (is_written && fflush(stream) == 0) {
        return TACHO_OK;
    }
    const int error = errno;
    tacho_diagnostics_report(TACHO_SEVERITY_WARNING, "console", "write_failed",
                             "a batch could not be written to the stream (errno %d)", error);
    return TACHO_E_FAILED;
}

static int console_export(void *self, const tacho_metric_batch *batch, uint64_t deadline_ns) {
    (void)deadline_ns;
    struct console_exporter *exporter = self;
    if (atomic_load_explicit(&exporter->is_shut_down, memory_order_relaxed)) {
        return TACHO_E_SHUTDOWN;
    }
    struct tachoi_text text;
    tachoi_text_init(&text, 0);
    tachoi_console_batch_text(batch, &text);
    const int rc = text.failed ? TACHO_E_NO_MEMORY : write_text(exporter->stream, &text);
    tachoi_text_fini(&text);
    return rc;
}

static int console_shutdown(void *self, uint64_t deadline_ns) {
    (void)deadline_ns;
    struct console_exporter *exporter = self;
    atomic_store_explicit(&exporter->is_shut_down, true, memory_order_relaxed);
    return TACHO_OK;
}

static void console_destroy(void *self) {
    struct console_exporter *exporter = self;
    tachoi_exporter_preferences_fini(&exporter->preferences);
    tachoi_free(exporter);
}

static tacho_temporality console_temporality(void *self, tacho_instrument_kind kind) {
    const struct console_exporter *exporter = self;
    return tachoi_exporter_preferences_temporality(&exporter->preferences, kind);
}

static void console_default_aggregation(void *self, tacho_instrument_kind kind,
                                        tacho_aggregation *out) {
    const struct console_exporter *exporter = self;
    tachoi_exporter_preferences_aggregation(&exporter->preferences, kind, out);
}

static const tacho_metric_exporter_ops console_ops = {
    .struct_size = sizeof(console_ops),
    .name = "console",
    .export_batch = console_export,
    .shutdown = console_shutdown,
    .destroy = console_destroy,
    .temporality = console_temporality,
    .default_aggregation = console_default_aggregation,
};

/* What options were in version 0.1. */
#define FIRST_SIZE TACHOI_SIZE_UP_TO_ERROR(tacho_console_options)

int tacho_console_exporter_create(const tacho_console_options *options,
                                  tacho_metric_exporter **out) {
    struct tachoi_exporter_setup setup = {.component = "console",
                                          .function = "tacho_console_exporter_create",
                                          .type = "tacho_console_options"};
    struct tachoi_exporter_preferences preferences;
    tacho_console_options known = {0};
    int rc = tachoi_exporter_setup_copy(&setup, options, &known, sizeof(known), FIRST_SIZE,
                                        offsetof(tacho_console_options, error));
    if (rc == TACHO_OK) {
        rc = tachoi_exporter_preferences_init(&preferences, &setup, known.temporality_preference,
                                              known.temporalities, known.default_aggregations);
    }
    if (rc != TACHO_OK) {
        return rc;
    }
    struct console_exporter *self = tachoi_calloc(1, sizeof(*self));
    if (self != NULL) {
        self->stream = known.stream != NULL ? known.stream : stdout;
        self->preferences = preferences;
        atomic_init(&self->is_shut_down, false);
    } else {
        tachoi_exporter_preferences_fini(&preferences);
    }
    return tachoi_exporter_setup_finish(&setup, &console_ops, self, out);
}
