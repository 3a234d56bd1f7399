/* SPDX-License-Identifier: Apache-2.0 */
/* Owns saying labels to 1.0 whose names it cannot carry (RW1-03, RW2-18): escaped with underscores,
 * sorted anew, those whose names have become one joined with ';'. A slow path: names are as a rule
 * escaped before. */
#ifndef TACHOI_REMOTE_WRITE_ESCAPED_LABELS_H
#define TACHOI_REMOTE_WRITE_ESCAPED_LABELS_H

#include "base/arena.h"
#include "remote_write/encoded_series.h"
#include "remote_write/wire.h"

enum tachoi_escape_result {
    TACHOI_ESCAPE_OK,
    TACHOI_ESCAPE_IMPOSSIBLE, /* nothing is left of a name */
    TACHOI_ESCAPE_NO_MEMORY
};

/** Makes `out` the label block of a component with escaped names. The arena is for scratch. */
enum tachoi_escape_result tachoi_escape_labels(const struct tachoi_encoded_series *series,
                                               size_t component, struct tachoi_arena *arena,
                                               struct tachoi_wire *out);

/** Makes `*out` an escaped metric name in the arena, with a NUL behind it. */
enum tachoi_escape_result tachoi_escape_metric_name(tacho_string name, struct tachoi_arena *arena,
                                                    char **out);

#endif
