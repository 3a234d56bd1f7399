/* SPDX-License-Identifier: Apache-2.0 */
/* The choices of aggregation and temporality that users hand in: whether they are good, copies of
 * them, and what a preference means. Pure but for the memory of copies. (AGG-01, AGG-08, EXPH-01,
 * TIME-11) */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregation/explicit_histogram.h"
#include "base/alloc.h"
#include "base/options.h"
#include "base/text.h"
#include "pipeline/setup.h"
#include "pipeline/view.h"

#define LEAST_MAX_SIZE 2
#define LARGEST_MAX_SIZE 16384
#define LEAST_MAX_SCALE (-10)
#define LARGEST_MAX_SCALE 20

/* --- checking --- */

static const char *boundaries_fault(const tacho_aggregation *aggregation) {
    if (aggregation->boundaries == NULL) {
        return aggregation->boundary_count > 0
                   ? "it is NULL, but boundary_count is not 0; give the boundaries, or set the "
                     "count to 0"
                   : NULL;
    }
    return tachoi_bounds_are_valid(aggregation->boundaries, aggregation->boundary_count)
               ? NULL
               : "boundaries must be finite and each greater than the one before";
}

static const char *exponential_fault(const tacho_aggregation *aggregation, const char **field) {
    if (aggregation->max_size != 0 &&
        (aggregation->max_size < LEAST_MAX_SIZE || aggregation->max_size > LARGEST_MAX_SIZE)) {
        *field = "max_size";
        return "it must be from 2 to 16384, or 0 for 160";
    }
    if (aggregation->max_scale != TACHO_MAX_SCALE_ZERO &&
        (aggregation->max_scale < LEAST_MAX_SCALE || aggregation->max_scale > LARGEST_MAX_SCALE)) {
        *field = "max_scale";
        return "it must be from -10 to 20, where 0 stands for 20 and TACHO_MAX_SCALE_ZERO for 0";
    }
    return NULL;
}

/* Of an aggregation whose struct_size is good. */
static const char *parameter_fault(const tacho_aggregation *aggregation, const char **field) {
    if (aggregation->type != TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM &&
        aggregation->boundaries != NULL) {
        *field = "boundaries";
        return "only explicit-bucket histograms have them; set type to "
               "TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, or leave them out";
    }
    switch (aggregation->type) {
    case TACHO_AGGREGATION_DEFAULT:
    case TACHO_AGGREGATION_DROP:
    case TACHO_AGGREGATION_SUM:
    case TACHO_AGGREGATION_LAST_VALUE:
        return NULL;
    case TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM:
        *field = "boundaries";
        return boundaries_fault(aggregation);
    case TACHO_AGGREGATION_BASE2_EXPONENTIAL_BUCKET_HISTOGRAM:
        return exponential_fault(aggregation, field);
    }
    *field = "type";
    return "this version of tacho knows no such type; use one of tacho_aggregation_type";
}

/* NULL if all is good, else what is wrong, with the name of the field in `*field`. */
static const char *aggregation_fault(const tacho_aggregation *aggregation, const char **field) {
    tacho_aggregation known = {0};
    int status = tachoi_options_copy(aggregation, &known, sizeof known, TACHOI_FIRST_AGGREGATION);
    if (status == TACHO_OK) {
        return parameter_fault(&known, field);
    }
    *field = "struct_size";
    return status == TACHO_E_UNSUPPORTED
               ? "there is more than this version of tacho knows; set it to "
                 "sizeof(tacho_aggregation), or use the newer version"
               : "it is too small; set it to sizeof(tacho_aggregation)";
}

/* The boundaries are not valid: the first one to blame. */
static size_t first_bad_boundary(const tacho_aggregation *aggregation) {
    size_t good = 0;
    while (tachoi_bounds_are_valid(aggregation->boundaries, good + 1)) {
        good++;
    }
    return good;
}

static void describe_boundary(char *out, size_t out_size, const tacho_aggregation *aggregation,
                              const char *fault) {
    char value[TACHOI_F64_TEXT_MAX];
    size_t index = first_bad_boundary(aggregation);
    (void)tachoi_f64_to_json(aggregation->boundaries[index], value);
    (void)snprintf(out, out_size, "tacho_aggregation.boundaries[%zu] is %.24s: %s", index, value,
                   fault);
}

int tachoi_aggregation_check(const tacho_aggregation *aggregation, char *out, size_t out_size) {
    const char *field = "";
    const char *fault = aggregation_fault(aggregation, &field);
    if (fault == NULL) {
        return TACHO_OK;
    }
    bool is_size = strcmp(field, "struct_size") == 0;
    if (strcmp(field, "boundaries") == 0 &&
        aggregation->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM &&
        aggregation->boundaries != NULL) {
        describe_boundary(out, out_size, aggregation, fault);
    } else if (strcmp(field, "type") == 0) {
        (void)snprintf(out, out_size, "tacho_aggregation.type is %d: %s", (int)aggregation->type,
                       fault);
    } else if (strcmp(field, "max_size") == 0) {
        (void)snprintf(out, out_size, "tacho_aggregation.max_size is %u: %s",
                       (unsigned)aggregation->max_size, fault);
    } else if (strcmp(field, "max_scale") == 0) {
        (void)snprintf(out, out_size, "tacho_aggregation.max_scale is %d: %s",
                       (int)aggregation->max_scale, fault);
    } else {
        (void)snprintf(out, out_size, "tacho_aggregation.%s: %s", field, fault);
    }
    return is_size && aggregation->struct_size > sizeof *aggregation ? TACHO_E_UNSUPPORTED
                                                                     : TACHO_E_INVALID;
}

/* --- copying --- */

tacho_aggregation *tachoi_aggregation_copy(const tacho_aggregation *aggregation) {
    bool has_bounds = aggregation->type == TACHO_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM &&
                      aggregation->boundaries != NULL;
    size_t size = 0;
    if (has_bounds &&
        !tachoi_size_mul(aggregation->boundary_count, sizeof *aggregation->boundaries, &size)) {
        return NULL;
    }
    size_t total = 0;
    if (!tachoi_size_add(sizeof *aggregation, size, &total)) {
        return NULL;
    }
    tacho_aggregation *copy = tachoi_malloc(total);
    if (copy == NULL) {
        return NULL;
    }
    memset(copy, 0, sizeof *copy);
    (void)tachoi_options_copy(aggregation, copy, sizeof *copy, TACHOI_FIRST_AGGREGATION);
    copy->struct_size = sizeof *copy;
    copy->boundaries = NULL;
    if (has_bounds) {
        if (size > 0) {
            memcpy(copy + 1, aggregation->boundaries, size);
        }
        copy->boundaries = (const double *)(const void *)(copy + 1); /* not NULL if empty, too */
    } else {
        copy->boundary_count = 0;
    }
    return copy;
}

/* --- temporality --- */

tacho_temporality tacho_temporality_of(tacho_temporality_preference preference,
                                       tacho_instrument_kind kind) {
    switch (kind) {
    case TACHO_INSTRUMENT_COUNTER:
    case TACHO_INSTRUMENT_HISTOGRAM:
        return preference == TACHO_TEMPORALITY_PREFER_DELTA ||
                       preference == TACHO_TEMPORALITY_PREFER_LOW_MEMORY
                   ? TACHO_TEMPORALITY_DELTA
                   : TACHO_TEMPORALITY_CUMULATIVE;
    case TACHO_INSTRUMENT_OBSERVABLE_COUNTER:
    case TACHO_INSTRUMENT_GAUGE:
    case TACHO_INSTRUMENT_OBSERVABLE_GAUGE:
        return preference == TACHO_TEMPORALITY_PREFER_DELTA ? TACHO_TEMPORALITY_DELTA
                                                            : TACHO_TEMPORALITY_CUMULATIVE;
    case TACHO_INSTRUMENT_UP_DOWN_COUNTER:
    case TACHO_INSTRUMENT_OBSERVABLE_UP_DOWN_COUNTER:
        break;
    }
    return TACHO_TEMPORALITY_CUMULATIVE;
}
