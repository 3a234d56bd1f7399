/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the description of an instrument, as views and pipeline see it. */
#ifndef TACHOI_PIPELINE_INSTRUMENT_ABOUT_H
#define TACHOI_PIPELINE_INSTRUMENT_ABOUT_H

#include <stdbool.h>

#include "tacho/attributes.h"
#include "tacho/meter.h"

/** What identifies and advises an instrument. Texts are never NULL. */
struct tachoi_instrument_about {
    tacho_instrument_kind kind;
    tacho_number_type number_type;
    tacho_string name;
    tacho_string unit;
    tacho_string description;
    const double *bounds; /* advisory; NULL = none given, which differs from none at all */
    size_t bound_count;
    const tacho_string *attribute_keys; /* advisory; NULL = none given */
    size_t attribute_key_count;
};

/** Whether the kind is asked by callbacks. */
static inline bool tachoi_kind_is_observable(tacho_instrument_kind kind) {
    return kind >= TACHO_INSTRUMENT_OBSERVABLE_COUNTER;
}

#endif
