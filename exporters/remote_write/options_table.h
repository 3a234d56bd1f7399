/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the table of the exporter's options: kind, default, range, words; and the access to a member
 * of the options struct by its row. Reads no environment and judges nothing but ranges. */
#ifndef TACHOI_REMOTE_WRITE_OPTIONS_TABLE_H
#define TACHOI_REMOTE_WRITE_OPTIONS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tacho/exporters/remote_write.h"

/** The most that max_shards may be. */
#define TACHOI_SHARDS_MAX 64

enum tachoi_option_kind {
    TACHOI_OPTION_TEXT,
    TACHOI_OPTION_BOOL,
    TACHOI_OPTION_U32,
    TACHOI_OPTION_U64,
    TACHOI_OPTION_SIZE,
    TACHOI_OPTION_ENUM,
    /* lists: a pointer and a count */
    TACHOI_OPTION_HEADERS,
    TACHOI_OPTION_LABELS,
    TACHOI_OPTION_TEXTS,
    TACHOI_OPTION_RELABEL_CONFIGS
};

/** Options of one group belong together: when one of them is given in code, the environment's are
 * left alone. */
enum tachoi_option_group {
    TACHOI_GROUP_NONE,
    TACHOI_GROUP_BASIC_AUTH,
    TACHOI_GROUP_CLIENT_CERTIFICATE,
    TACHOI_GROUP_PROMOTION,
    TACHOI_GROUP_COUNT
};

struct tachoi_option {
    const char *name;
    enum tachoi_option_kind kind;
    enum tachoi_option_group group;
    size_t offset;       /* in tacho_remote_write_options */
    size_t count_offset; /* of a list's size_t */
    const char *count_name;
    uint64_t fallback; /* the value of one that was not given */
    uint64_t least;
    uint64_t most;
    const char *const *words; /* of an enumeration, in its order, NULL at the end */
};

/** All of them; ends with one without a name. */
extern const struct tachoi_option tachoi_remote_write_option_table[];
#define TACHOI_REMOTE_WRITE_OPTION_COUNT ((size_t)47)

bool tachoi_option_is_number(const struct tachoi_option *option); /* truth values, words too */
bool tachoi_option_is_list(const struct tachoi_option *option);

void *tachoi_option_member(tacho_remote_write_options *values, const struct tachoi_option *option);

/** The number; of texts and lists, whether there is one. */
uint64_t tachoi_option_read(tacho_remote_write_options *values, const struct tachoi_option *option);
void tachoi_option_write(tacho_remote_write_options *values, const struct tachoi_option *option,
                         uint64_t number);

/** What a number must be, in words: "from 1 to 64", "one of auto, 1, 2". */
struct tachoi_range_text {
    char text[160];
};
struct tachoi_range_text tachoi_option_range(const struct tachoi_option *option);

#endif
