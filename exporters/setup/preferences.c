/* SPDX-License-Identifier: Apache-2.0 */
/* Owns the copying and the answers of an exporter's preferences. See preferences.h. */
#include "setup/preferences.h"

#include <string.h>

#include "base/options.h"

#define FIRST_AGGREGATION TACHOI_SIZE_UP_TO(tacho_aggregation, disable_min_max)

static int take_temporalities(struct tachoi_exporter_preferences *preferences,
                              const struct tachoi_exporter_setup *setup,
                              tacho_temporality_preference preference,
                              const tacho_temporality *temporalities) {
    if (preference > TACHO_TEMPORALITY_PREFER_LOW_MEMORY) {
        return tachoi_exporter_setup_fail(setup, TACHO_E_INVALID, "temporality_preference",
                                          "it is %d; use one of tacho_temporality_preference",
                                          (int)preference);
    }
    for (int kind = 0; kind < TACHO_INSTRUMENT_KINDS; kind++) {
        tacho_temporality *taken = &preferences->temporalities[kind];
        *taken = temporalities[kind];
        if (*taken > TACHO_TEMPORALITY_CUMULATIVE) {
            return tachoi_exporter_setup_fail(
                setup, TACHO_E_INVALID, "temporalities",
                "that of kind %d is %d; use one of tacho_temporality, or 0", kind, (int)*taken);
        }
        if (*taken == TACHO_TEMPORALITY_UNSPECIFIED) {
            *taken = tacho_temporality_of(preference, (tacho_instrument_kind)kind);
        }
    }
    return TACHO_OK;
}

/* Makes the boundaries this side's; those of other types are ignored, and may be anything. */
static int take_boundaries(struct tachoi_exporter_preferences *preferences,
                           const struct tachoi_exporter_setup *setup, tacho_aggregation *taken) {
    const double *given = taken->boundaries;
    if (taken->type != TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM || given == NULL) {
        taken->boundaries = NULL;
        if (taken->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM &&
            taken->boundary_count > 0) {
            return tachoi_exporter_setup_fail(setup, TACHO_E_INVALID, "default_aggregations",
                                              "boundaries is NULL, but boundary_count is %zu",
                                              taken->boundary_count);
        }
        taken->boundary_count = 0;
        return TACHO_OK;
    }
    /* one more: an empty list is not an absent one */
    double *copy = tachoi_arena_alloc(&preferences->memory, taken->boundary_count + 1,
                                      sizeof *taken->boundaries);
    if (copy == NULL) {
        return tachoi_exporter_setup_fail(setup, TACHO_E_NO_MEMORY, "", "%s",
                                          tacho_status_text(TACHO_E_NO_MEMORY));
    }
    if (taken->boundary_count > 0) {
        memcpy(copy, given, taken->boundary_count * sizeof *given);
    }
    taken->boundaries = copy;
    return TACHO_OK;
}

static int take_aggregation(struct tachoi_exporter_preferences *preferences,
                            const struct tachoi_exporter_setup *setup, int kind,
                            const tacho_aggregation *given) {
    tacho_aggregation *taken = &preferences->aggregations[kind];
    const int status = tachoi_options_copy(given, taken, sizeof *taken, FIRST_AGGREGATION);
    if (status != TACHO_OK) {
        return tachoi_exporter_setup_fail(setup, status, "default_aggregations",
                                          "struct_size of that of kind %d is %zu; set it to "
                                          "sizeof(tacho_aggregation)",
                                          kind, given->struct_size);
    }
    return given != NULL ? take_boundaries(preferences, setup, taken) : TACHO_OK;
}

int tachoi_exporter_preferences_init(
    struct tachoi_exporter_preferences *preferences, const struct tachoi_exporter_setup *setup,
    tacho_temporality_preference temporality_preference,
    const tacho_temporality temporalities[TACHO_INSTRUMENT_KINDS],
    const tacho_aggregation *const default_aggregations[TACHO_INSTRUMENT_KINDS]) {
    memset(preferences, 0, sizeof *preferences);
    tachoi_arena_init(&preferences->memory, 0);
    int status = take_temporalities(preferences, setup, temporality_preference, temporalities);
    for (int kind = 0; status == TACHO_OK && kind < TACHO_INSTRUMENT_KINDS; kind++) {
        status = take_aggregation(preferences, setup, kind, default_aggregations[kind]);
    }
    if (status != TACHO_OK) {
        tachoi_exporter_preferences_fini(preferences);
    }
    return status;
}

void tachoi_exporter_preferences_fini(struct tachoi_exporter_preferences *preferences) {
    tachoi_arena_fini(&preferences->memory);
}

tacho_temporality
tachoi_exporter_preferences_temporality(const struct tachoi_exporter_preferences *preferences,
                                        tacho_instrument_kind kind) {
    return (unsigned)kind < TACHO_INSTRUMENT_KINDS ? preferences->temporalities[kind]
                                                   : TACHO_TEMPORALITY_CUMULATIVE;
}

void tachoi_exporter_preferences_aggregation(const struct tachoi_exporter_preferences *preferences,
                                             tacho_instrument_kind kind, tacho_aggregation *out) {
    if ((unsigned)kind >= TACHO_INSTRUMENT_KINDS) {
        return;
    }
    /* the SDK's struct may be shorter or longer than the one known here */
    const size_t size = out->struct_size;
    memcpy(out, &preferences->aggregations[kind], size < sizeof *out ? size : sizeof *out);
    out->struct_size = size;
}
