/* SPDX-License-Identifier: Apache-2.0 */
/* What a view must not say: each rule with the words that help. (VIEW-08, VIEW-13, AGG-08) */
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "pipeline/view_parts.h"

#define ALL_INSTRUMENT_TYPES ((UINT32_C(1) << TACHO_INSTRUMENT_KINDS) - 1)

static int check_selector(const struct tachoi_setup *setup, const tacho_view_options *options) {
    if (options->instrument_name != NULL && options->instrument_name[0] == '\0') {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "instrument_name",
                                 "it is empty, which no instrument's name is; leave it NULL to "
                                 "select any");
    }
    if ((options->instrument_types & ~ALL_INSTRUMENT_TYPES) != 0) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "instrument_types",
                                 "it is 0x%x, with bits that stand for no kind; combine values "
                                 "such as TACHO_INSTRUMENT_TYPE(TACHO_INSTRUMENT_COUNTER)",
                                 (unsigned)options->instrument_types);
    }
    return TACHO_OK;
}

/* VIEW-08: several instruments must not become one by accident. */
static int check_name(const struct tachoi_setup *setup, const tacho_view_options *options) {
    const char *selects = options->instrument_name;
    if (options->name == NULL) {
        return TACHO_OK;
    }
    if (options->name[0] == '\0') {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "name",
                                 "it is empty; leave it NULL to keep the instrument's name");
    }
    if (selects == NULL) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "name",
                                 "it is `%.64s`, but instrument_name is NULL: all instruments "
                                 "would get this name; set instrument_name to the one that is to "
                                 "have it",
                                 options->name);
    }
    if (tachoi_glob_has_wildcards(selects)) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, "name",
                                 "it is `%.64s`, but instrument_name `%.64s` has wildcards: "
                                 "several instruments could get this name; make a view without "
                                 "wildcards for each that is to be renamed",
                                 options->name, selects);
    }
    return TACHO_OK;
}

static int check_keys(const struct tachoi_setup *setup, const char *field, const char *const *keys,
                      size_t count) {
    if (keys == NULL && count > 0) {
        return tachoi_setup_fail(setup, TACHO_E_INVALID, field,
                                 "it is NULL, but its count is %zu; give the keys, or set the "
                                 "count to 0",
                                 count);
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == NULL || keys[i][0] == '\0') {
            return tachoi_setup_fail(setup, TACHO_E_INVALID, field,
                                     "number %zu of %zu is %s, which no attribute's key is; take "
                                     "it out",
                                     i + 1, count, keys[i] == NULL ? "NULL" : "empty");
        }
    }
    return TACHO_OK;
}

static bool has_key(const char *const *keys, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static int check_both_lists(const struct tachoi_setup *setup, const tacho_view_options *options) {
    for (size_t i = 0; i < options->excluded_key_count; i++) {
        const char *key = options->excluded_keys[i];
        if (has_key(options->included_keys, options->included_key_count, key)) {
            return tachoi_setup_fail(setup, TACHO_E_INVALID, "excluded_keys",
                                     "`%.64s` is among the included_keys, too; take it out of one "
                                     "of the lists",
                                     key);
        }
    }
    return TACHO_OK;
}

static int check_aggregation(const struct tachoi_setup *setup,
                             const tacho_aggregation *aggregation) {
    char why[TACHOI_AGGREGATION_TEXT_BYTES];
    int status = tachoi_aggregation_check(aggregation, why, sizeof why);
    return status == TACHO_OK ? TACHO_OK
                              : tachoi_setup_fail(setup, status, "aggregation", "%s", why);
}

static const char *missing_function(const tacho_exemplar_reservoir_ops *ops) {
    if (ops->create == NULL) {
        return "create";
    }
    if (ops->offer == NULL) {
        return "offer";
    }
    return ops->collect == NULL ? "collect" : NULL;
}

static int check_reservoir(const struct tachoi_setup *setup,
                           const tacho_exemplar_reservoir_ops *given) {
    tacho_exemplar_reservoir_ops known = {0};
    if (given == NULL) {
        return TACHO_OK;
    }
    int status = tachoi_options_copy(given, &known, sizeof known, TACHOI_FIRST_RESERVOIR_OPS);
    if (status != TACHO_OK) {
        char why[TACHOI_SIZE_TEXT_BYTES];
        tachoi_setup_describe_size(why, sizeof why, status, given, sizeof known,
                                   "tacho_exemplar_reservoir_ops");
        return tachoi_setup_fail(setup, status, "exemplar_reservoir", "its struct_size: %s", why);
    }
    const char *missing = missing_function(&known);
    return missing == NULL
               ? TACHO_OK
               : tachoi_setup_fail(setup, TACHO_E_INVALID, "exemplar_reservoir",
                                   "its function `%s` is NULL; a reservoir needs create, offer "
                                   "and collect",
                                   missing);
}

int tachoi_view_check(const struct tachoi_setup *setup, const tacho_view_options *options) {
    int status = check_selector(setup, options);
    if (status == TACHO_OK) {
        status = check_name(setup, options);
    }
    if (status == TACHO_OK) {
        status =
            check_keys(setup, "included_keys", options->included_keys, options->included_key_count);
    }
    if (status == TACHO_OK) {
        status =
            check_keys(setup, "excluded_keys", options->excluded_keys, options->excluded_key_count);
    }
    if (status == TACHO_OK) {
        status = check_both_lists(setup, options);
    }
    if (status == TACHO_OK) {
        status = check_aggregation(setup, options->aggregation);
    }
    return status == TACHO_OK ? check_reservoir(setup, options->exemplar_reservoir) : status;
}
