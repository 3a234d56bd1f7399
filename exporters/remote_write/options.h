/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the configuration of the remote-write exporter: what applies, and what follows from it. Its
 * parts:
 *
 *   options_table.h         each option's kind, default, range and words
 *   options_environment.h   and its variable; options_list_text.h: the text of lists
 *   options_lists.h         copies of lists
 *   options_check.h         what options must satisfy, alone and together
 *   options_relabel.h       relabelling rules
 *   converter_options.h     what the converter needs of all that
 *
 * Reads the environment and looks at files; knows nothing of threads or transfers. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_H
#define TACHOI_REMOTE_WRITE_OPTIONS_H

#include "base/arena.h"
#include "prometheus/labels.h"
#include "tacho/exporters/remote_write.h"

/** The component name in diagnostics. */
#define TACHOI_REMOTE_WRITE "remote_write"

/** What applies: code over environment over default; every number is set and within its range,
 * but for batch_send_deadline_ms and capacity, where 0 is "none". */
struct tachoi_remote_write_config {
    tacho_remote_write_options values; /* texts and lists lie in `memory` */
    const char *const *header_lines;   /* values.header_count texts as libcurl takes them */
    char redacted_url[256];            /* of the endpoint, for messages */
    /** values.external_label_count, with names as series have them. */
    const struct tachoi_prometheus_extra_label *external;
    struct tachoi_relabel *relabel; /* NULL if there are no rules */
    const char *relabel_variable;   /* that the rules are from; NULL where they are from code */
    struct tachoi_arena memory;
};

/**
 * Resolves and checks options (NULL = the environment only). On failure the field and the reason
 * are in options->error, and in a diagnostic; `config` then needs no fini. Returns TACHO_OK,
 * TACHO_E_INVALID, TACHO_E_UNSUPPORTED, TACHO_E_NO_MEMORY.
 */
int tachoi_remote_write_config_init(struct tachoi_remote_write_config *config,
                                    const tacho_remote_write_options *options);
/** The same for one of several endpoints, with the details in `error` (may be NULL). The
 * environment speaks of the first alone: the others are what code says. */
int tachoi_remote_write_config_init_nth(struct tachoi_remote_write_config *config,
                                        const tacho_remote_write_options *options, size_t index,
                                        tacho_error *error);
void tachoi_remote_write_config_fini(struct tachoi_remote_write_config *config);

/** The place for details that the caller gave, NULL if none or if the struct is too short. */
tacho_error *tachoi_remote_write_error_of(const tacho_remote_write_options *options);

/** Refuses a struct_size; `status` is that of tachoi_options_copy, `cure` ends the sentence. */
int tachoi_remote_write_refuse_size(tacho_error *error, int status, size_t size, size_t known_size,
                                    const char *type, const char *cure);

/** Reports a failure of set-up: fills `error` (may be NULL), tells diagnostics, returns `status`.
 */
int tachoi_remote_write_refuse(tacho_error *error, int status, const char *field,
                               const char *format, ...) TACHO_PRINTF(4, 5);

#endif
