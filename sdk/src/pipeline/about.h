/* SPDX-License-Identifier: Apache-2.0 */
/* Owns what is done with the description of an instrument: whether two mean the same instrument,
 * whether they advise the same, and a copy that lives as long as its arena. (API-12, INST-07,
 * INST-13) */
#ifndef TACHOI_PIPELINE_ABOUT_H
#define TACHOI_PIPELINE_ABOUT_H

#include "base/arena.h"
#include "pipeline/instrument_about.h"

/** Whether kind, number type, unit and description are equal; the names are the caller's matter. */
bool tachoi_about_is_identical(const struct tachoi_instrument_about *a,
                               const struct tachoi_instrument_about *b);

/** Whether boundaries and attribute keys (in any order) are equal. */
bool tachoi_about_has_same_advice(const struct tachoi_instrument_about *a,
                                  const struct tachoi_instrument_about *b);

/** Lets all that `about` points to, but the name, point to copies; false when memory is short. What
 * a failure leaves behind stays in the arena. */
bool tachoi_about_copy(struct tachoi_arena *arena, struct tachoi_instrument_about *about);

/** A copy with a NUL behind it in place of the string; false when memory is short. */
bool tachoi_string_copy(struct tachoi_arena *arena, tacho_string *string);

#endif
