/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the selection of instruments: the criteria of a view and whether an instrument meets them.
 * Knows nothing of what a view does with its instruments. Pure. (VIEW-02..05) */
#ifndef TACHOI_PIPELINE_VIEW_MATCH_H
#define TACHOI_PIPELINE_VIEW_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/instrument_about.h"
#include "tacho/sdk/metric_data.h"

/** All criteria that are given must be met. Texts are borrowed; NULL = any. */
struct tachoi_view_selector {
    const char *instrument_name; /* with wildcards, without regard to ASCII case */
    uint32_t instrument_types;   /* bits by kind; 0 = any */
    const char *unit;
    const char *meter_name; /* with wildcards */
    const char *meter_version;
    const char *meter_schema_url;
};

bool tachoi_view_selects(const struct tachoi_view_selector *selector, const tacho_scope *scope,
                         const struct tachoi_instrument_about *about);

/** Whether a pattern can match more than one text. */
bool tachoi_glob_has_wildcards(const char *pattern);

/**
 * Whether the pattern matches all of the text: `*` any characters, none included, `?` one (of
 * UTF-8). There is no way to mean these two themselves; no name of an instrument has them. Needs no
 * memory; time grows at worst with the product of the lengths.
 */
bool tachoi_glob_matches(const char *pattern, tacho_string text, bool ignores_case);

#endif
