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
#include "tacho/sdk/diagnostics.h"

struct console_exporter {
    /* immutable after create */
    FILE *stream;
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

static const tacho_metric_exporter_ops console_ops = {
    .struct_size = sizeof(console_ops),
    .name = "console",
    .export_batch = console_export,
    .shutdown = console_shutdown,
    .destroy = tachoi_free,
};

/* No version will grow by more. */
#define MAX_UNKNOWN_BYTES ((size_t)16 * 1024)

static int refuse(tacho_error *error, int status, const char *field, const char *reason) {
    tacho_diagnostics_report(TACHO_SEVERITY_ERROR, "console", "setup_failed",
                             "tacho_console_exporter_create failed: %s: %s", field, reason);
    return tachoi_error_set(error, status, field, "%s", reason);
}

static int refuse_size(const tacho_console_options *options, int status) {
    char reason[160];
    if (status == TACHO_E_UNSUPPORTED) {
        /* a size that was never set says that `error` was not either */
        bool is_credible = options->struct_size <= sizeof(*options) + MAX_UNKNOWN_BYTES;
        return refuse(is_credible ? options->error : NULL, status, "struct_size",
                      "asks for something that this version lacks");
    }
    (void)snprintf(reason, sizeof reason,
                   "is %zu; set it to sizeof(tacho_console_options), or use TACHO_OPTIONS",
                   options->struct_size);
    return refuse(NULL, status, "struct_size", reason); /* so small, it has no member `error` */
}

int tacho_console_exporter_create(const tacho_console_options *options,
                                  tacho_metric_exporter **out) {
    tacho_console_options known = {0};
    int rc = tachoi_options_copy(options, &known, sizeof(known), sizeof(known));
    if (rc != TACHO_OK) {
        return refuse_size(options, rc);
    }
    if (out == NULL) {
        return refuse(known.error, TACHO_E_INVALID, "out", "must not be NULL");
    }
    struct console_exporter *self = tachoi_calloc(1, sizeof(*self));
    if (self != NULL) {
        self->stream = known.stream != NULL ? known.stream : stdout;
        atomic_init(&self->is_shut_down, false);
    }
    rc = self != NULL ? tacho_metric_exporter_create(&console_ops, self, out) : TACHO_E_NO_MEMORY;
    if (rc != TACHO_OK) {
        return tachoi_error_set(known.error, rc, "", "%s", tacho_status_text(rc));
    }
    return TACHO_OK;
}
